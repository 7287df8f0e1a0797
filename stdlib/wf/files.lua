-- wf.files: wf.file, files and directories as values of steps.
--
--   local report = run:step("Report", function()
--     write("report.html")
--     return wf.file "report.html"                 -- a directory as well: all the files in it
--   end)
--   report.path, report.digest, report.size, report:read()
--   for _, entry in ipairs(report.files) do print(entry.path, entry.digest) end
--
-- The value stands for what the file held when wf.file was called. A step that returns it keeps the
-- contents; when the step is Cached, a file that is gone or holds something else is restored. Only
-- regular files are kept, and whether they can be executed. Files that a directory holds besides are
-- left alone, for nobody knows whose they are, and named.

local artifact = require "wf.artifact"
local core = require "wf.core.step"
local errors = require "wf.errors"
local options = require "wf.options"
local progress = require "wf.progress"
local state = require "wf.state"
local sys = require "wf.core.sys"

local module = {}

local File = { __name = "wf.file", __module = "wf.files", __class = "File" }
module.classes = { File = File }
local methods = {}
File.__index = methods

-- ---- looking at files ---------------------------------------------------------------------------

local function refuse(path, kind)
  errors.raise { code = kind and "invalid" or "not_found", path = path, message = ("wf.file: %s: %s"):format(
    path, kind and "is " .. (kind == "link" and "a symbolic link" or "no file or directory") or "is not there") }
end

-- Appends { path, digest, size, executable } of every file at or below the path, in order.
local function collect(path, list)
  local kind, size, executable = sys.file_kind(path)
  if kind == "file" then
    list[#list + 1] = { path = path, digest = core.file_digest(state.catalog(), path), size = size,
      executable = executable or nil }
  elseif kind == "directory" then
    for _, name in ipairs(sys.list_directory(path)) do collect(path .. "/" .. name, list) end
  else
    refuse(path, kind)
  end
end

-- A directory's digest is one of the names and contents in it.
local function digest_of(root, list)
  if #list == 1 and list[1].path == root then return list[1].digest end
  local lines = {}
  for i, entry in ipairs(list) do
    lines[i] = ("%s %s%s"):format(entry.digest, entry.executable and "x " or "", entry.path:sub(#root + 1))
  end
  return core.digest(table.concat(lines, "\n"))
end

function module.of(path)
  options.argument("wf.file", 1, path, "string")
  if #path > 1 then path = path:gsub("/+$", "") end
  local list, size = {}, 0
  collect(path, list)
  for _, entry in ipairs(list) do size = size + entry.size end
  return setmetatable({ path = path, digest = digest_of(path, list), size = size, files = list,
    directory = sys.file_kind(path) == "directory" or nil }, File)
end

-- ---- keeping and restoring ----------------------------------------------------------------------

-- Called before the value is stored: its contents are then, too.
function File:__complete()
  if not artifact.is_storing() then return end
  for _, entry in ipairs(self.files) do
    if not state.store():has(entry.digest) and state.store():put_file(entry.path) ~= entry.digest then
      errors.raise { code = "busy", message = ("%s changed after wf.file"):format(entry.path) }
    end
    artifact.needs(entry.digest)
  end
  artifact.needs_restoring()
end

local function restore_entry(entry)
  local ok, now = pcall(core.file_digest, state.catalog(), entry.path)
  if ok and now == entry.digest then return end
  if now ~= "absent" then
    progress.line(("%s is not what the step made; it is restored"):format(entry.path))
  end
  local directory = entry.path:match("^(.+)/[^/]*$")
  if directory then sys.make_directories(directory, 511) end -- 0777, less the umask
  state.store():restore(entry.digest, entry.path, entry.executable)
end

-- Names of at most so many files are given.
local most_named = 5

-- Paths at or below the path of what is not in the set, in order.
local function collect_others(path, known, list)
  if known[path] then return end
  if sys.file_kind(path) ~= "directory" then
    list[#list + 1] = path
    return
  end
  for _, name in ipairs(sys.list_directory(path)) do collect_others(path .. "/" .. name, known, list) end
end

-- Says what a restored directory holds besides.
local function name_others(value)
  local known, others = {}, {}
  for _, entry in ipairs(value.files) do known[entry.path] = true end
  collect_others(value.path, known, others)
  if #others == 0 then return end
  local names = table.concat(others, ", ", 1, math.min(#others, most_named))
  progress.line(("%s holds what the step did not make: %s%s"):format(value.path, names,
    #others > most_named and (" and %d more"):format(#others - most_named) or ""))
end

local function restore_within(value, seen)
  if type(value) ~= "table" or seen[value] then return end
  seen[value] = true
  if getmetatable(value) == File then
    if value.directory then sys.make_directories(value.path, 511) end
    for _, entry in ipairs(value.files) do restore_entry(entry) end
    if value.directory then name_others(value) end
    return
  end
  for _, member in next, value do restore_within(member, seen) end
end

-- Puts back the files of all wf.file values in the packed list.
function module.restore(values)
  for i = 1, values.n do restore_within(values[i], {}) end
end

-- ---- what scripts call --------------------------------------------------------------------------

-- What the file held, whatever it holds now; of a directory the file of that name in it.
function methods:read(name)
  local wanted = name and self.path .. "/" .. name or self.path
  for _, entry in ipairs(self.files) do
    if entry.path == wanted then
      if state.store():has(entry.digest) then return state.store():get(entry.digest) end
      local bytes = sys.read_file(entry.path)
      if core.digest(bytes) == entry.digest then return bytes end
      errors.raise { code = "corrupt", path = entry.path,
        message = ("%s: is not what it was at wf.file, and its contents were not kept"):format(entry.path) }
    end
  end
  errors.raise { code = "not_found", message = ("wf.file: %s is %s"):format(wanted,
    name and "not in it" or "a directory: give the name of a file in it") }
end

function File:__tostring()
  return ("%s  %s  %d bytes%s"):format(self.path, self.digest:sub(1, 12), self.size,
    self.directory and (" in %d files"):format(#self.files) or "")
end

function File:__summary()
  return { type = "wf.file", path = self.path, digest = self.digest, size = self.size }
end

return module
