-- Specs: small tests of the Lua library and of the program, run by the program itself.
--
--   local t = require "harness"
--   t.test("adds", function() t.equal(1 + 1, 2) end)
--   t.finish()
--
-- `wf spec_x.lua [PATTERN]` runs the tests whose name has PATTERN. A test gets a directory of its own
-- (t.directory()), which is also where the programs that t.wf starts keep their state.

local sys = require "wf.core.sys"

local t = {}

local here = arg[0]:match("^(.*)/[^/]*$") or "."
if here:sub(1, 1) ~= "/" then here = os.getenv("PWD") .. "/" .. here end
local pattern = arg[1]
local counts = { passed = 0, failed = 0, skipped = 0 }
local current = {}

t.root = here .. "/../.."
package.path = t.root .. "/examples/?.lua;" .. package.path

-- ---- tests --------------------------------------------------------------------------------------

local function quoted(word)
  return "'" .. tostring(word):gsub("'", "'\\''") .. "'"
end

local skip_mark = {}

function t.skip(reason)
  error(setmetatable({ reason = reason }, skip_mark), 0)
end

local function handler(e)
  if getmetatable(e) == skip_mark then return e end
  return debug.traceback(tostring(e), 2)
end

local function remove_directory()
  if not current.directory then return end
  -- A server that a test deployed ends with the test.
  local path = current.directory .. "/state/serve.json"
  if sys.exists(path) then
    local pid = sys.read_file(path):match('"pid"%s*:%s*(%d+)')
    os.execute(("kill %s 2>/dev/null; i=0; while kill -0 %s 2>/dev/null && [ $i -lt 100 ]; do "
      .. "sleep 0.02; i=$((i+1)); done"):format(pid, pid))
  end
  os.execute("chmod -R u+w " .. quoted(current.directory) .. "; rm -rf " .. quoted(current.directory))
end

function t.test(name, body)
  if pattern and not name:find(pattern, 1, true) then return end
  current = {}
  local ok, e = xpcall(body, handler)
  pcall(remove_directory)
  if ok then
    counts.passed = counts.passed + 1
  elseif getmetatable(e) == skip_mark then
    counts.skipped = counts.skipped + 1
    print(("skipped %s: %s"):format(name, e.reason))
  else
    counts.failed = counts.failed + 1
    print(("FAILED %s\n%s"):format(name, e))
  end
end

function t.finish()
  print(("%d passed, %d failed%s"):format(counts.passed, counts.failed,
    counts.skipped > 0 and (", %d skipped"):format(counts.skipped) or ""))
  os.exit(counts.failed == 0 and 0 or 1, true)
end

-- ---- checks -------------------------------------------------------------------------------------

local function show(value)
  return require("wf.pretty").format(value)
end

local function same(a, b)
  if type(a) ~= "table" or type(b) ~= "table" then return a == b end
  for key, value in pairs(a) do
    if not same(value, b[key]) then return false end
  end
  for key in pairs(b) do
    if a[key] == nil then return false end
  end
  return true
end

function t.equal(actual, expected, what)
  if same(actual, expected) then return end
  error(("%sgot %s, expected %s"):format(what and what .. ": " or "", show(actual), show(expected)), 2)
end

function t.near(actual, expected, tolerance, what)
  if math.abs(actual - expected) <= tolerance then return end
  error(("%sgot %.17g, expected %.17g"):format(what and what .. ": " or "", actual, expected), 2)
end

function t.ok(value, what)
  if not value then error(what or "expected something true", 2) end
end

-- `text` contains every one of the plain fragments.
function t.contains(text, ...)
  for _, fragment in ipairs { ... } do
    if not text:find(fragment, 1, true) then
      error(("'%s' is not in:\n%s"):format(fragment, text), 2)
    end
  end
end

-- `body` raises an error object of that code whose message has the fragments.
function t.raises(code, fragments, body, ...)
  local ok, e = pcall(body, ...)
  if ok then error("no error was raised", 2) end
  if type(e) ~= "table" or e.code ~= code then
    error(("raised %s (%s), expected code %s"):format(tostring(e),
      type(e) == "table" and tostring(e.code) or type(e), code), 2)
  end
  if type(fragments) == "string" then fragments = { fragments } end
  for _, fragment in ipairs(fragments) do
    if not e.message:find(fragment, 1, true) then
      error(("'%s' is not in the message: %s"):format(fragment, e.message), 2)
    end
  end
  return e
end

-- ---- files and programs -------------------------------------------------------------------------

-- This test's own directory, empty at its start.
function t.directory()
  if not current.directory then
    current.directory = os.tmpname()
    os.remove(current.directory)
    sys.make_directories(current.directory)
  end
  return current.directory
end

function t.write(name, text)
  local path = t.directory() .. "/" .. name
  sys.write_file(path, text)
  return path
end

function t.read(path)
  return sys.read_file(path)
end

-- A file or folder of the real data, or the test is skipped (as the C harness has it).
function t.test_data(name)
  local path = (os.getenv("WF_TEST_DATA") or t.root .. "/../shared/data") .. "/" .. name
  if not sys.exists(path) then t.skip(path .. " is not there (set WF_TEST_DATA)") end
  return path
end

-- A reference value's file, or the test is skipped.
function t.test_oracle(name)
  return t.test_data("../oracle/" .. name)
end

-- Runs a shell command in the test's directory: {status, out, err}.
function t.shell(command, options)
  options = options or {}
  local directory = t.directory()
  local script = ("cd %s && export WF_HOME=%s %s && ( %s\n) >%s 2>%s <%s"):format(
    quoted(directory), quoted(options.home or directory .. "/state"), options.env or "", command,
    quoted(directory .. "/.out"), quoted(directory .. "/.err"), options.stdin or "/dev/null")
  local _, _, status = os.execute(script)
  return { status = status, out = t.read(directory .. "/.out"), err = t.read(directory .. "/.err") }
end

-- Runs the program with these words.
function t.wf(words, options)
  local parts = { quoted(sys.executable()) }
  for i, word in ipairs(words) do parts[i + 1] = quoted(word) end
  return t.shell(table.concat(parts, " "), options)
end

-- A line's beginning that lets a script require what is in examples/.
t.with_examples = ("package.path = %q .. package.path "):format(t.root .. "/examples/?.lua;")

-- Runs Lua text as a script; words come after the script's name.
function t.script(text, words, options)
  t.write("script.lua", text)
  return t.wf({ "script.lua", table.unpack(words or {}) }, options)
end

-- The same, and it must succeed.
function t.succeeds(text, words, options)
  local result = t.script(text, words, options)
  if result.status ~= 0 then
    error(("exit status %d\n%s%s"):format(result.status, result.out, result.err), 2)
  end
  return result
end

-- The JSON that the program printed.
function t.json(words, options)
  local result = t.wf(words, options)
  if result.status ~= 0 then error(("exit status %d: %s"):format(result.status, result.err), 2) end
  return require("wf.json").decode(result.out)
end

return t
