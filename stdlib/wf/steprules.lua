-- wf.steprules: the options of a step, checked.
--
--   local o = steprules.step "Train"                             -- o.name, o.cache
--   local o = steprules.step { name = "Fetch", cache = "12h", retry = 3, timeout = "5m" }
--   steprules.duration("gc: --older", "30d")                     -- seconds

local errors = require "wf.errors"
local options = require "wf.options"
local retry = require "wf.retry"

local steprules = {}

function steprules.name(name)
  if type(name) ~= "string" then options.argument("run:step", 1, name, "string") end
  if name == "" or #name > 64 or name:find("[%c/]") then
    errors.invalid("run:step: '%s' is not a usable step name (1 to 64 characters, no '/')", name)
  end
  return name
end

local units = { s = 1, m = 60, h = 3600, d = 86400 }

-- Seconds from 90, "90s", "15m", "12h" or "30d".
function steprules.duration(what, given)
  local number, unit = tostring(given):match("^(%d+%.?%d*)([smhd]?)$")
  if not number then
    errors.invalid("%s: '%s' is not a duration (90, \"15m\", \"12h\", \"30d\")", what, tostring(given))
  end
  return tonumber(number) * (units[unit] or 1)
end

local step_rules = { name = { "string", required = true },
  cache = { "boolean|string|number", default = true }, retry = { "integer|table" },
  timeout = { "string|number" }, memory = { "string|number" },
  cores = { "integer", min = 1 } }

-- Of actions alone.
local action_rules = { on_failure = { "function" }, rollback = { "function" } }
for option, rule in pairs(step_rules) do action_rules[option] = rule end

local sizes = { K = 1 << 10, M = 1 << 20, G = 1 << 30 }

-- Bytes from 1000000, "512M" or "2G".
local function size_of(given)
  if given == nil then return nil end
  local number, unit = tostring(given):match("^(%d+)([KMG]?)B?$")
  if not number then
    errors.invalid("run:step: memory: '%s' is not a size (1000000, \"512M\", \"2G\")", tostring(given))
  end
  return math.tointeger(tonumber(number)) * (sizes[unit] or 1)
end

-- "Name" or { name = "Name", cache = false | "30d" } as { name, cache, max_age }; `kind` is "step",
-- "action" or "async".
function steprules.step(given, kind)
  if type(given) ~= "table" then return { name = steprules.name(given), cache = true } end
  local o = options.check("run:" .. kind, given, kind == "action" and action_rules or step_rules)
  steprules.name(o.name)
  o.given_retry = o.retry
  o.retry, o.memory = retry.rules(o.retry, steprules.duration), size_of(o.memory)
  o.timeout = o.timeout and steprules.duration("run:step: timeout", o.timeout)
  if o.cache ~= true and o.cache then
    o.max_age, o.cache = steprules.duration("run:step: cache", o.cache), true
  end
  return o
end

local map_rules = { workers = { "integer", min = 1 }, cache = step_rules.cache,
  retry = step_rules.retry, timeout = step_rules.timeout, memory = step_rules.memory,
  cores = step_rules.cores }

-- The options of run:map: { workers, cache, retry, timeout, memory, cores }.
function steprules.map(given)
  return options.check("run:map", given, map_rules)
end

return steprules
