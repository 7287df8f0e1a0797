-- wf.errors: one kind of error object for C and Lua.
--
--   local errors = require "wf.errors"
--   errors.raise { code = "invalid", message = "rounds must be at least 1" }
--   local ok, e = xpcall(f, errors.handler)      -- e.code, e.message, e.where, e.traceback
--
-- An error object is {code, message, path, line, column, traceback} with the metatable "wf.error",
-- the same that the C modules raise. Two further fields are added on the way up: `where`
-- ("file:line" of the innermost line that is not the standard library's) and `step` (the innermost
-- step that failed). The codes "rejected", "awaiting", "usage", "help" and "exit" are no failures of
-- the program: they end a script with exit status 3, 4, 2, 0 and whatever os.exit was given.

local errors = {}

-- The C side keeps the metatable in the registry; a plain Lua interpreter has none yet.
local registry = debug.getregistry()
local metatable = registry["wf.error"]
if not metatable then
  metatable = { __name = "wf.error", __tostring = function(e) return tostring(e.message) end }
  registry["wf.error"] = metatable
end

-- Chunk names of the standard library start so, embedded ("@stdlib/") as well as on disk.
local own_prefix = debug.getinfo(1, "S").source:match("^(.*)errors%.lua$") or "@stdlib/wf/"

function errors.is(value)
  return type(value) == "table" and getmetatable(value) == metatable
end

function errors.new(fields)
  assert(type(fields) == "table" and fields.message, "an error needs a message")
  fields.code = fields.code or "invalid"
  return setmetatable(fields, metatable)
end

function errors.raise(fields)
  error(errors.new(fields), 0)
end

-- errors.invalid("rounds must be at least %d", 1)
function errors.invalid(format, ...)
  return errors.raise { code = "invalid", message = format:format(...) }
end

local function is_own(source)
  return source:sub(1, #own_prefix) == own_prefix
end

-- Whether "file:line" lies in the standard library. A long path is shown with its beginning cut off.
local function is_own_place(place)
  return is_own("@" .. place) or place:sub(1, 3) == "..." and place:find("/wf/", 1, true) ~= nil
end

-- Whether a line of a traceback is a frame of the standard library.
function errors.is_own_frame(line)
  local place = line:match("^%s*(.-:%d+): in ")
  return place ~= nil and is_own_place(place)
end

-- "file:line" of the innermost frame from `level` on that belongs to the user.
local function user_position(level)
  while true do
    local info = debug.getinfo(level + 1, "Sl")
    if not info then return nil end
    if info.what ~= "C" and info.currentline > 0 and not is_own(info.source) then
      return info.short_src .. ":" .. info.currentline
    end
    level = level + 1
  end
end
errors.user_position = user_position

local function from_text(text)
  local place, message = text:match("^(.-:%d+): (.*)$")
  if not place then return errors.new { code = "script", message = text } end
  return errors.new { code = "script", message = message, where = place }
end

-- Turns whatever was raised into an error object.
function errors.wrap(value)
  if errors.is(value) then return value end
  if type(value) == "string" then return from_text(value) end
  local message = value == nil and "nil was raised as an error" or tostring(value)
  return errors.new { code = "script", message = message, value = value }
end

-- A message handler for xpcall: adds position and stack once, where the error was raised.
function errors.handler(value)
  local e = errors.wrap(value)
  if not e.where or is_own_place(e.where) then e.where = user_position(2) end
  if not e.traceback then e.traceback = debug.traceback(nil, 2) end
  return e
end

return errors
