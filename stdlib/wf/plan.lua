-- wf.plan: values that nobody knows yet, for `wf plan`.
--
--   local value = plan.unknown("Train")     -- what the step would return
--   plan.is_unknown(value)
--
-- A plan goes through the script without executing a step. A step whose result is kept gives its
-- value, any other an unknown one: passing it on is fine, looking into it ends the plan with an error
-- of code "planned" that names the step.

local errors = require "wf.errors"

local plan = {}

local names = setmetatable({}, { __mode = "k" })

local function depend(value, other)
  errors.raise { code = "planned", step = names[value] or names[other],
    message = "the rest depends on " .. (names[value] or names[other]) }
end

local Unknown = { __name = "wf.unknown", __key = depend }
for _, event in ipairs { "add", "sub", "mul", "div", "mod", "pow", "unm", "idiv", "band", "bor",
  "bxor", "bnot", "shl", "shr", "concat", "len", "eq", "lt", "le", "index", "newindex", "call",
  "pairs", "tostring", "close" } do
  Unknown["__" .. event] = depend
end

function plan.unknown(step_name)
  local value = setmetatable({}, Unknown)
  names[value] = step_name
  return value
end

function plan.is_unknown(value)
  return names[value] ~= nil
end

return plan
