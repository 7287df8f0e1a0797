-- wf.retry: whether and when a failed step is tried again.
--
--   local rules = retry.rules { count = 5, deadline = "10m", on = "io" }     -- checked options
--   local seconds = retry.delay(rules, attempts, elapsed, e, chance)         -- nil: no more
--
-- After the n-th attempt it waits delay * factor^(n - 1) seconds, max_delay at most, varied by ± jitter
-- so that many do not come back at once. There is no further attempt after `count` more ones, or when
-- it would begin later than `deadline` after the first one began.

local options = require "wf.options"

local retry = {}

-- Without a count but with a deadline, only time ends it.
local usual_count = 3

local step_rules = { count = { "integer", min = 1 }, deadline = { "string|number" },
  delay = { "number", default = 0.1, min = 0 }, factor = { "number", default = 2, min = 1 },
  max_delay = { "string|number" }, jitter = { "number", default = 0.25, min = 0, max = 1 },
  on = { "string|table|function" } }

-- `duration` turns "10m" into seconds.
function retry.rules(given, duration)
  if given == nil then return nil end
  if options.type_of(given) == "integer" then given = { count = given } end
  local o = options.check("run:step: retry", given, step_rules)
  if type(o.on) == "string" then o.on = { o.on } end
  o.deadline = o.deadline and duration("run:step: retry: deadline", o.deadline)
  o.max_delay = o.max_delay and duration("run:step: retry: max_delay", o.max_delay) or math.huge
  o.count = o.count or (o.deadline and math.maxinteger or usual_count)
  return o
end

-- Errors that end a step for good whatever the rules say.
local final = { awaiting = true, canceled = true, exit = true, rejected = true }

local function is_retried(rules, e)
  if final[e.code] then return false end
  if rules.on == nil then return true end
  if type(rules.on) == "function" then return rules.on(e) end
  for _, code in ipairs(rules.on) do
    if code == e.code then return true end
  end
  return false
end

-- Seconds until the next attempt, after so many; nil when there is none. `chance` is from 0 to 1.
function retry.delay(rules, attempts, elapsed, e, chance)
  if not rules or attempts > rules.count or not is_retried(rules, e) then return nil end
  local delay = math.min(rules.delay * rules.factor ^ (attempts - 1), rules.max_delay)
  delay = delay * (1 + rules.jitter * (2 * chance - 1))
  if rules.deadline and elapsed + delay > rules.deadline then return nil end
  return delay
end

return retry
