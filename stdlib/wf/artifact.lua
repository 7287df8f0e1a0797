-- wf.artifact: the values of steps as bytes and stored objects, and back.
--
--   local bytes, digests = artifact.encode(value, "the step's value")
--   local value = artifact.decode(bytes)
--
-- Plain values are in the bytes; every wf object is a stored object of its own, named by its
-- content: frames, columns and matrices as Arrow files, models as packages, recipes as JSON. An object
-- that is met again in this process is neither written nor read again, and one of a stored value is
-- not read before it is used: its name in the bytes ends with the digest that stands for it in keys.

local arrow = require "wf.arrow"
local core = require "wf.core.step"
local errors = require "wf.errors"
local frame = require "wf.frame"
local key = require "wf.core.key"
local matrix = require "wf.core.matrix"
local model = require "wf.model"
local options = require "wf.options"
local recipe = require "wf.recipe"
local state = require "wf.state"
local value = require "wf.core.value"

local artifact = {}

-- A kind is written as bytes, or as the frame that it is in Arrow form.
local kinds = {
  ["wf.frame"] = { name = "frame", frame = function(f) return f end, read = arrow.parse, frozen = true },
  ["wf.column"] = {
    name = "column", frozen = true,
    frame = function(column) return frame.new { names = { "column" }, columns = { column } } end,
    read = function(bytes) return arrow.parse(bytes):column("column") end,
  },
  ["wf.matrix"] = {
    name = "matrix", frozen = true,
    frame = function(m) return m:frame() end,
    read = function(bytes) return matrix.new(arrow.parse(bytes)) end,
  },
  ["wf.model"] = { name = "model", write = function(m) return m:pack() end, read = model.unpack,
    frozen = true },
  ["wf.recipe"] = { name = "recipe", write = function(r) return r:json() end, read = recipe.parse },
}

local by_name = {}
for type_name, kind in pairs(kinds) do
  kind.type = type_name
  by_name[kind.name] = kind
end

-- Objects of this process and their digests; only of kinds that never change.
local digests = setmetatable({}, { __mode = "k" })
local objects = setmetatable({}, { __mode = "v" })

-- What is being encoded: the digests of stored objects met so far, nil for none; whether there are
-- files among them; and whether it is kept, or only sent to another process.
local met, restoring, storing = nil, false, false

local function save(object)
  local kind = kinds[options.type_of(object)]
  if not kind then return nil end
  local digest = digests[object]
  if not digest or not state.store():has(digest) then
    local store = state.store()
    digest = kind.frame and store:put_frame(kind.frame(object)) or store:put(kind.write(object))
    if kind.frozen then digests[object] = digest end
  end
  artifact.needs(digest)
  return kind.frozen and kind.name .. ":" .. key.digest(object) or kind.name, digest
end

-- Reads the object when it is needed. One that is damaged all the same is remembered as that, so that
-- the next run computes it again.
local function read_late(kind, digest, store)
  local ok, object = pcall(function() return kind.read(store:get(digest)) end)
  if ok then return object end
  pcall(core.file_digest, state.catalog(), store:path(digest), true)
  local e = errors.wrap(object)
  errors.raise { code = e.code, message = ("%s; run it again: it is computed again"):format(e.message) }
end

-- Whether the object's file is what it was when it was last found to be whole: that is seen without
-- reading it. What is changed behind the file system's back is found when it is read.
local function seems_whole(digest, store)
  local ok, found = pcall(core.file_digest, state.catalog(), store:path(digest))
  return ok and found == digest
end

local function load(name, digest, store)
  local kind_name, content = name:match("^(%a+):?(%x*)$")
  local kind = by_name[kind_name]
  if not kind then
    errors.raise { code = "corrupt", message = ("a stored value holds an unknown '%s'"):format(name) }
  end
  local object = kind.frozen and objects[kind_name .. digest]
  if object then return object end
  store = store or state.store()
  if content ~= "" and seems_whole(digest, store) then
    object = value.lazy(kind.type, function() return read_late(kind, digest, store) end)
    key.digest(object, content)
  else
    object = kind.read(store:get(digest))
  end
  if kind.frozen then
    objects[kind_name .. digest] = object
    digests[object] = digest
  end
  return object
end

-- For values that keep contents of their own (wf.file): whether they are being stored, that an object
-- is needed, and that something is to be put back when the stored value is used.
function artifact.is_storing()
  return storing
end

function artifact.needs(digest)
  met = met or {}
  met[digest] = true
end

function artifact.needs_restoring()
  restoring = true
end

-- The bytes of a value, the sorted list of the stored objects that they need, and whether files are
-- restored with it. An error of code "type" names what cannot be stored.
function artifact.encode(given, name, with_functions)
  local met_before, restoring_before, storing_before = met, restoring, storing
  met, restoring, storing = nil, false, not with_functions
  local ok, bytes = pcall(value.encode, given, save, name, with_functions)
  local mine, restored = met, restoring
  met, restoring, storing = met_before, restoring_before, storing_before
  if not ok then error(bytes, 0) end
  return bytes, mine and options.sorted_keys(mine) or {}, restored
end

-- An error of code "corrupt" or "not_found" when the bytes or an object are damaged or gone. Objects
-- are read from `store`, from this process's when there is none.
function artifact.decode(bytes, with_functions, store)
  local loader = store and function(name, digest) return load(name, digest, store) end or load
  return value.decode(bytes, loader, with_functions)
end

return artifact
