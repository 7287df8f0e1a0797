-- wf.bias.reduction: training under a constraint, by weights (Agarwal et al. 2018).
--
--   local search = wf.bias.grid_search { data = train, label = "income", favourable = ">50K",
--     by = "sex", constraint = "demographic_parity",
--     train = function(data, labels, weights)
--       return wf.xgboost.train { data = data:with("favoured", labels):with("w", weights),
--         label = "favoured", weight = "w", … }
--     end }
--   print(search:table())            -- one row per trained model: multiplier, error, largest gap
--   search.best.model
--
-- For each point of a grid of multipliers, rows get the label and the weight under which plain learning
-- heeds the constraint as strongly as the multipliers say; `train` learns from them. The best model has
-- the least mean of its error and its largest gap. `train` returns a model of the favourable outcome, or
-- a function from a frame to a column of decisions or probabilities.

local core = require "wf.core.bias"
local errors = require "wf.errors"
local facets = require "wf.bias.facets"
local frame = require "wf.frame"
local options = require "wf.options"
local outcome = require "wf.bias.outcome"

local reduction = {}

local Search = { __name = "wf.bias.grid_search", __module = "wf.bias", __class = "GridSearch" }
Search.__index = Search

local constraints = { "demographic_parity", "equalized_odds", "true_positive_rate_parity",
  "false_positive_rate_parity", "true_negative_rate_parity", "false_negative_rate_parity",
  "error_rate_parity" }

-- All lists of `n` integers whose absolute values add up to at most `most`.
local function lattice(n, most)
  if n == 0 then return { {} } end
  local points = {}
  for first = -most, most do
    for _, rest in ipairs(lattice(n - 1, most - math.abs(first))) do
      points[#points + 1] = table.move(rest, 1, #rest, 2, { first })
    end
  end
  return points
end

-- Multipliers for every event and group: the first group's stay 0, as only differences matter.
local function grid_of(n_events, n_groups, size, limit)
  local n, most = n_events * (n_groups - 1), 1
  if n > 12 then errors.invalid("bias.grid_search: %d groups are too many for a grid", n_groups) end
  while #lattice(n, most + 1) <= size do most = most + 1 end
  local grid = {}
  for i, point in ipairs(lattice(n, most)) do
    local multipliers, at = {}, 0
    for _ = 1, n_events do
      multipliers[#multipliers + 1] = 0.0
      for _ = 2, n_groups do
        at = at + 1
        multipliers[#multipliers + 1] = point[at] * limit / most
      end
    end
    grid[i] = multipliers
  end
  return grid
end

local function decisions_of(model, data)
  local said = type(model) == "function" and model(data)
    or options.is(model, "wf.model") and model:predict(data)
  if not options.is(said, "wf.column") or #said ~= #data then
    errors.invalid("bias.grid_search: train returned neither a model of two classes nor a function that "
      .. "gives a column of %d decisions", #data)
  end
  return (said.type == "bool" and said or said:gt(0.5)):cast("f64")
end

local function largest(gaps)
  local most = 0
  for _, gap in ipairs(gaps) do most = math.max(most, gap and math.abs(gap) or 0) end
  return most
end

local function try(o, seen, groups, multipliers)
  local pressure = core.signed_weights { labels = seen.labels, multipliers = multipliers,
    groups = groups.codes, n_groups = groups.n, constraint = o.constraint }
  local truth = seen.labels:cast("f64")
  local signed = pressure + truth * 2 - 1
  local favoured = signed:gt(0)
  local weights = signed * (favoured:cast("f64") * 2 - 1)
  local model = o.train(o.data, favoured, weights)
  local decisions = decisions_of(model, o.data)
  local gaps = core.constraint_gaps { labels = seen.labels, decisions = decisions,
    groups = groups.codes, n_groups = groups.n, constraint = o.constraint }
  return { multipliers = multipliers, model = model, gaps = gaps, gap = largest(gaps),
    error = 1 - decisions:eq(truth):cast("f64"):mean(), selection_rate = decisions:mean() }
end

function reduction.grid_search(given)
  local where = "bias.grid_search"
  local o = options.check(where, given, { data = { "wf.frame", required = true },
    label = { "string", required = true }, favourable = { "any", required = true },
    by = { "string|table", required = true }, train = { "function", required = true },
    constraint = { "string", default = "demographic_parity", choices = constraints },
    grid = { "integer", default = 11, min = 3, max = 100000 },
    limit = { "number", default = 2, min = 0 } })
  local seen = outcome.read(where, o)
  local by = facets.names(where, "by", o.by)
  local groups = facets.groups(o.data, by)
  if groups.n < 2 then errors.invalid("%s: %s has one group only", where, table.concat(by, " × ")) end
  local self = { by = by, groups = groups.names, constraint = o.constraint, models = {} }
  local n_events = o.constraint == "equalized_odds" and 2 or 1
  for i, multipliers in ipairs(grid_of(n_events, groups.n, o.grid, o.limit)) do
    local tried = try(o, seen, groups, multipliers)
    self.models[i] = tried
    local worth = tried.error + tried.gap
    if not self.best or worth < self.best.error + self.best.gap then self.best = tried end
  end
  return setmetatable(self, Search)
end

-- One row per model.
function Search:table()
  local names, columns = { "error", "gap", "selection_rate", "best" }, { {}, {}, {}, {} }
  local n_groups = #self.groups
  for k in ipairs(self.best.multipliers) do
    local group = table.concat(self.groups[(k - 1) % n_groups + 1], ", ")
    local event = #self.best.multipliers > n_groups and ("label %d: "):format((k - 1) // n_groups) or ""
    names[4 + k], columns[4 + k] = "multiplier of " .. event .. group, {}
  end
  for i, tried in ipairs(self.models) do
    for k, value in ipairs { tried.error, tried.gap, tried.selection_rate, tried == self.best } do
      columns[k][i] = value
    end
    for k, value in ipairs(tried.multipliers) do columns[4 + k][i] = value end
  end
  return frame.new { names = names, columns = columns }
end

function Search:__tostring()
  return ("%s by %s: error %.4g and largest gap %.4g at best\n%s"):format(self.constraint,
    table.concat(self.by, " × "), self.best.error, self.best.gap, tostring(self:table()))
end

return { functions = reduction, classes = { GridSearch = Search } }
