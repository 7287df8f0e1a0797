-- crash: a script killed at one of its changes of files, run again, and what became of its steps.
--
--   local c = crash.new { root = directory, shim = path, script = "…/script.lua", words = { "power" } }
--   c:count()                                   -- how many changes a run makes
--   c:point { at = 17, half = true }            -- whether it was killed; counts in c.counts
--   c:point { at = 17, again = 5 }              -- and killed again while it goes on
--   c:point { at = 17, cut = true }             -- the power goes: what was not synced is gone
--
-- After each kill the same command must succeed and print the same; find every step Cached that it
-- had reported as Succeeded or that the catalog holds, hold none twice (actions are executed again, and
-- what they say must be the same), and leave the objects of a run that was never interrupted and nothing
-- damaged. crash_shim.c kills; WF_CRASH_BREAK is for
-- tests that must fail.

local json = require "wf.json"
local sys = require "wf.core.sys"

local crash = {}

local Crash = {}
Crash.__index = Crash

-- Runs the script; where it is to be checked, writes down what the state directory holds before and
-- after.
local wrapper = [[
local json, state, sys = require "wf.json", require "wf.state", require "wf.core.sys"
local script, report = arg[1], os.getenv "WF_CRASH_REPORT"
local function look(name)
  local seen = { steps = json.array {}, actions = json.array {}, open = 0 }
  state.catalog():reap_runs()
  for _, run in ipairs(state.catalog():list_runs(0)) do
    if run.state == "Executing" then seen.open = seen.open + 1 end
    for _, step in ipairs(state.catalog():list_steps(run.id)) do
      local list = step.kind == "action" and seen.actions or seen.steps
      if step.state == "Succeeded" then list[#list + 1] = step.name end
    end
  end
  sys.write_file(report .. "/" .. name, json.encode(seen))
end
if report then look "before" end
arg = table.move(arg, 2, #arg, 1, {})
package.path = (script:match("^(.*)/") or ".") .. "/?.lua;" .. package.path
local ok, e = pcall(dofile, script) -- --until ends it with an error of its own
if report then
  look "after"
  local lines, print_line = {}, print
  print = function(line) lines[#lines + 1] = line end
  require("wf.cli").main { "verify" }
  print = print_line
  sys.write_file(report .. "/verify", table.concat(lines, "\n"))
end
if not ok then error(e, 0) end
]]

local function quoted(word)
  return "'" .. tostring(word):gsub("'", "'\\''") .. "'"
end

-- options: root (an empty directory), shim, script, words (of the script), options (of wf),
-- power (false: the last steps before a power cut may be lost), break_by.
function crash.new(o)
  local self = setmetatable(o, Crash)
  self.state = o.root .. "/state"
  self.counts = { points = 0, lost = 0, repeated = 0, different = 0, damaged = 0, failed = 0 }
  sys.write_file(o.root .. "/wrapper.lua", wrapper)
  return self
end

-- Standard output and whether it succeeded; standard error is in the file "err".
function Crash:run(environment)
  local words = {}
  for name, value in pairs(environment) do words[#words + 1] = name .. "=" .. quoted(value) end
  words[#words + 1] = "WF_HOME=" .. quoted(self.state)
  words[#words + 1] = quoted(sys.executable()) .. " wrapper.lua"
  for _, word in ipairs(self.options or {}) do words[#words + 1] = quoted(word) end
  words[#words + 1] = quoted(self.script)
  for _, word in ipairs(self.words or {}) do words[#words + 1] = quoted(word) end
  local pipe = assert(io.popen(("cd %s && { env %s 2>err; } 2>/dev/null"):format(quoted(self.root),
    table.concat(words, " "))))
  local text = pipe:read("a")
  return text, (pipe:close())
end

local function read(path)
  return sys.exists(path) and sys.read_file(path) or ""
end

function Crash:clean()
  os.execute(("cd %s && chmod -R u+w . && rm -rf state state.lost state.left shadow before after "
    .. "verify && mkdir shadow"):format(quoted(self.root)))
end

function Crash:objects()
  local pipe = assert(io.popen(("cd %s && find objects -type f -not -path '*/tmp/*' | sort"):format(
    quoted(self.state))))
  local text = pipe:read("a")
  pipe:close()
  return text
end

function Crash:crash_environment(o)
  local environment = { LD_PRELOAD = self.shim, WF_CRASH_DIR = self.state,
    WF_CRASH_AT = o.at, WF_CRASH_HALF = o.half and 1 or 0 }
  if o.cut then environment.WF_CRASH_SHADOW = self.root .. "/shadow" end
  if self.break_by then environment.WF_CRASH_BREAK = self.break_by end
  return environment
end

-- How many changes an uninterrupted run makes; what it prints and stores is what is expected.
function Crash:count()
  self:clean()
  local environment = self:crash_environment { at = 0 }
  environment.WF_CRASH_COUNT, environment.WF_CRASH_BREAK = self.root .. "/count", nil
  local ok
  self.expected_out, ok = self:run(environment)
  assert(ok, read(self.root .. "/err"))
  self.expected_objects = self:objects()
  return math.tointeger(tonumber(read(self.root .. "/count")))
end

-- Adds the steps that the killed run has reported.
function Crash:collect_reported(reported)
  for name in read(self.root .. "/err"):gmatch("\n%s+(%S+)%s+Succeeded") do reported[name] = true end
end

function Crash:fault(kind, o, text)
  self.counts[kind] = self.counts[kind] + 1
  if self.trouble then self.trouble(("%s: %s"):format(json.encode(o), text)) end
end

local function set_of(list)
  local set, twice = {}, nil
  for _, name in ipairs(list) do
    if set[name] then twice = name end
    set[name] = true
  end
  return set, twice
end

-- The same command without interruption.
function Crash:check(o, reported)
  local out, ok = self:run { WF_CRASH_REPORT = self.root }
  local err = read(self.root .. "/err")
  if not ok then return self:fault("failed", o, err) end
  if out ~= self.expected_out then self:fault("different", o, out) end
  local recorded = json.decode(read(self.root .. "/before"))
  local before, actions = set_of(recorded.steps), set_of(recorded.actions)
  local after = json.decode(read(self.root .. "/after"))
  if self.power ~= false or not o.cut then
    for name in pairs(reported) do
      local found = before[name] or actions[name]
      if not found then self:fault("lost", o, name .. " was reported and is not recorded") end
    end
  end
  for name in pairs(before) do
    if not err:find(name .. "%s+Cached") then self:fault("lost", o, name .. " is executed again") end
  end
  local _, twice = set_of(after.steps)
  if twice then self:fault("repeated", o, twice .. " is recorded twice") end
  if after.open > 0 then self:fault("failed", o, "a run is still open") end
  if self:objects() ~= self.expected_objects then self:fault("different", o, "other objects") end
  local verified = read(self.root .. "/verify")
  if not verified:find(" 0 problems", 1, true) then self:fault("damaged", o, verified) end
end

function Crash:point(o)
  self:clean()
  local reported = {}
  local _, ended = self:run(self:crash_environment(o))
  if ended then return false end
  self:collect_reported(reported)
  if o.again then
    self:run(self:crash_environment { at = o.again, half = o.half, cut = o.cut })
    self:collect_reported(reported)
  end
  self.counts.points = self.counts.points + 1
  self:check(o, reported)
  return true
end

-- Every `stride`-th point; options as for point. How many there were.
function Crash:points(o, stride)
  local n = 0
  for at = 1 + (o.first or 0), math.maxinteger, stride do
    local again = o.again and 1 + (at * 7) % o.again
    if not self:point { at = at, half = o.half, cut = o.cut, again = again } then break end
    n = n + 1
  end
  return n
end

function Crash:faults()
  local c = self.counts
  return c.lost + c.repeated + c.different + c.damaged + c.failed
end

return crash
