-- What examples/embed/main.c runs: it sets `threshold` before, and reads `summary` and calls
-- `describe` after.
-- luacheck: globals threshold summary describe

local wf = require "wf"

local payments = wf.csv.parse [[
customer,amount
ada,120.5
ben,80
cy,210
dee,
]]

local large = payments:filter(payments.amount:gt(threshold))
print(("%d of %d payments are above %g"):format(#large, #payments, threshold))

summary = { mean = payments.amount:mean(), large = #large }

function describe(column, digits)
  local c = payments:column(column)
  local mean = ("%." .. digits .. "f"):format(c:mean())
  return ("%s: mean %s, %d missing"):format(column, mean, c:missing_count())
end
