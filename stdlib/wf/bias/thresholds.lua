-- wf.bias.thresholds: a threshold for each group, so that groups meet a constraint at the best
-- objective (Hardt, Price, Srebro 2016).
--
--   local fit = wf.bias.thresholds { data = train, label = "income", favourable = ">50K", by = "sex",
--     model = model, constraint = "demographic_parity", objective = "accuracy" }
--   print(fit, fit:trade_off())
--   local said = fit:predict(test, { model = model })          -- labels, the same every time
--   local fair = fit:predict(test, { model = model, seed = 7 })    -- exactly fair on average
--
-- Exact parity may need a coin at a threshold. Without a seed the likelier side is always taken: the
-- same row gets the same answer, at nearly the same rates; with one, the rates are met on average.

local chances = require "wf.bias.chances"
local core = require "wf.core.bias"
local errors = require "wf.errors"
local facets = require "wf.bias.facets"
local frame = require "wf.frame"
local options = require "wf.options"
local outcome = require "wf.bias.outcome"

local thresholds = {}

local Fit = { __name = "wf.bias.thresholds", __module = "wf.bias", __class = "Fit" }
Fit.__index = Fit

local constraints = { "demographic_parity", "equalized_odds", "true_positive_rate_parity",
  "false_positive_rate_parity", "true_negative_rate_parity", "false_negative_rate_parity" }

-- The values that stand for the two outcomes: the first of each in the label column.
local function outcome_values(seen)
  local values = seen.column:value_counts().value
  local inside = require("wf.bias.sets").mask("bias.thresholds", values, seen.set)
  local found = {}
  for i = 1, #values do
    local value = values[i]
    local side = inside[i] and "favourable" or "other"
    if value ~= nil and found[side] == nil then found[side] = value end
  end
  return found
end

local function key_of(group)
  return table.concat(group, "\0")
end

-- Options of core.thresholds, kept so that a trade-off can be computed later.
local inputs = setmetatable({}, { __mode = "k" })

function thresholds.thresholds(given)
  local where = "bias.thresholds"
  local o = options.check(where, given, outcome.rules { by = { "string|table", required = true },
    constraint = { "string", default = "demographic_parity", choices = constraints },
    objective = { "string", default = "accuracy", choices = { "accuracy", "balanced_accuracy" } },
    tolerance = { "number", default = 0, min = 0, max = 1 }, flip = { "boolean", default = false },
    grid = { "integer", default = 1000, min = 1, max = 1000000 } })
  local seen = outcome.read(where, o)
  if not seen.scores then errors.invalid("%s: give a score or a model", where) end
  local names = facets.names(where, "by", o.by)
  local numbers = facets.groups(o.data, names)
  local input = { labels = seen.labels, scores = seen.scores, groups = numbers.codes,
    n_groups = numbers.n, constraint = o.constraint, objective = o.objective,
    tolerance = o.tolerance, flip = o.flip, grid = o.grid }
  local fit = core.thresholds(input)
  local self = setmetatable({ by = names, groups = numbers.names, rules = fit.rules, x = fit.x,
    y = fit.y, constraint = o.constraint, objective = o.objective, tolerance = o.tolerance,
    rule = seen.rule, favourable = seen.set, values = outcome_values(seen) }, Fit)
  inputs[self] = input
  return self
end

-- The fitted rules in the order of the groups of other data.
local function rules_for(self, numbers)
  local by_group, rules = {}, {}
  for i, group in ipairs(self.groups) do by_group[key_of(group)] = self.rules[i] end
  for i, group in ipairs(numbers.names) do
    rules[i] = by_group[key_of(group)]
    if not rules[i] then
      errors.invalid("thresholds: the group %s was not there when they were fitted",
        table.concat(group, ", "))
    end
  end
  return rules
end

-- A bool column, true where the row is decided favourably, and the probability of that. Rows without a
-- group are missing in both.
function Fit:decide(data, given)
  options.argument("thresholds:decide", 1, data, "wf.frame")
  local o = options.check("thresholds:decide", given, { score = { "string|wf.column" },
    model = { "wf.model" }, seed = { "integer" } })
  local scores = outcome.scores_of("thresholds:decide", data, o, self.favourable)
  local numbers = facets.groups(data, self.by)
  return core.decide { rules = rules_for(self, numbers), scores = scores, groups = numbers.codes,
    n_groups = numbers.n, chances = o.seed and chances(#data, o.seed) or nil }
end

local function filled(value, n)
  local list = {}
  for i = 1, n do list[i] = value end
  return list
end

-- Predicted labels, as the label column has them: the favourable value or the other one.
function Fit:predict(data, given)
  local decided = self:decide(data, given):to_table(frame.missing)
  local yes, no = self.values.favourable, self.values.other
  if yes == nil or no == nil then
    errors.invalid("thresholds: the data they were fitted on had one outcome only")
  end
  local list = filled(frame.missing, #decided)
  for i, value in ipairs(decided) do
    if value ~= frame.missing then list[i] = value and yes or no end
  end
  return frame.new({ names = { "prediction" }, columns = { list } }).prediction
end

-- One row per group: with which probability which threshold is used.
function Fit:table()
  local titles = { table.concat(self.by, " × "), "p_1", "favourable_1", "p_2", "favourable_2",
    "p_ignore", "constant" }
  local columns = { {}, {}, {}, {}, {}, {}, {} }
  local function side(rule, i)
    return ("score %s %.6g"):format(rule.below[i] and "<" or ">", rule.threshold[i])
  end
  for row, rule in ipairs(self.rules) do
    for i, value in ipairs { table.concat(self.groups[row], ", "), rule.p[1], side(rule, 1), rule.p[2],
      side(rule, 2), rule.p_ignore, rule.constant } do
      columns[i][row] = value
    end
  end
  return frame.new { names = titles, columns = columns }
end

-- What fairness costs: the objective at several tolerances, a frame (tolerance, objective).
function Fit:trade_off(tolerances)
  local input = inputs[self]
  if not input then errors.invalid("thresholds: a trade-off needs the data they were fitted on") end
  if self.constraint == "equalized_odds" then
    errors.invalid("thresholds: equalized odds take no tolerance")
  end
  tolerances = tolerances or { 0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0 }
  local values = {}
  for i, tolerance in ipairs(tolerances) do
    local again = {}
    for key, value in pairs(input) do again[key] = value end
    again.tolerance = tolerance + 0.0
    values[i] = core.thresholds(again).y
  end
  return frame.new { names = { "tolerance", self.objective }, columns = { tolerances, values } }
end

function Fit:__tostring()
  return ("thresholds for %s by %s, best %s %.6g\n%s"):format(self.constraint,
    table.concat(self.by, " × "), self.objective, self.y, tostring(self:table()))
end

return { functions = thresholds, classes = { Fit = Fit } }
