-- wf.bias.repair: two more ways to mitigate: near the threshold, and in the features.
--
--   local fit = wf.bias.reject_option { data = train, label = "income", favourable = ">50K",
--     facet = { sex = "Female" }, model = model, gap = "selection_rate", bound = 0.05 }
--   local decision = fit:decide(test, { model = model })       -- a bool column: true = favourable
--
--   local repaired = wf.bias.remove_impact { data = train, columns = { "hours" }, by = "sex", amount = 0.8 }
--
-- The reject option decides scores near the threshold for the facet and against the rest; threshold and
-- margin are the most accurate ones whose gap is within the bound. remove_impact moves values so that
-- every group has the same distribution, keeping the order within a group.

local core = require "wf.core.bias"
local errors = require "wf.errors"
local facets = require "wf.bias.facets"
local options = require "wf.options"
local outcome = require "wf.bias.outcome"
local sets = require "wf.bias.sets"

local repair = {}

local Fit = { __name = "wf.bias.reject_option", __module = "wf.bias", __class = "RejectOption" }
Fit.__index = Fit

function repair.reject_option(given)
  local where = "bias.reject_option"
  local o = options.check(where, given, outcome.rules { facet = { "table", required = true },
    gap = { "string", default = "selection_rate", choices = { "selection_rate", "mean_odds",
      "equal_opportunity" } }, bound = { "number", default = 0.05, min = 0, max = 1 } })
  local seen = outcome.read(where, o)
  if not seen.scores then errors.invalid("%s: give a score or a model", where) end
  local mask, name, set = facets.one(where, o.data, o.facet)
  local self = core.reject { labels = seen.labels, scores = seen.scores, facet = mask, gap = o.gap,
    bound = o.bound }
  self.measure, self.column, self.set = o.gap, name, set
  self.label, self.favourable = seen.label, seen.set
  return setmetatable(self, Fit)
end

-- A bool column, true where the row is decided favourably.
function Fit:decide(data, given)
  local where = "reject_option:decide"
  options.argument(where, 1, data, "wf.frame")
  local o = options.check(where, given, { score = { "string|wf.column" }, model = { "wf.model" } })
  return core.reject_decide { threshold = self.threshold, margin = self.margin,
    scores = outcome.scores_of(where, data, o, self.favourable),
    facet = sets.mask(where, data:column(self.column), self.set) }
end

function Fit:__tostring()
  return ("reject option for %s: favourable above %.6g, above %.6g for them; balanced accuracy %.6g, "
    .. "gap of %s %.6g%s"):format(sets.rule(self.column, self.set), self.threshold + self.margin,
    self.threshold - self.margin, self.balanced_accuracy, self.measure, self.gap,
    self.within and "" or " (the bound cannot be met)")
end

-- The table with the columns repaired.
function repair.remove_impact(given)
  local where = "bias.remove_impact"
  local o = options.check(where, given, { data = { "wf.frame", required = true },
    columns = { "table", required = true }, by = { "string|table", required = true },
    amount = { "number", default = 1, min = 0, max = 1 } })
  local groups, data = facets.groups(o.data, facets.names(where, "by", o.by)), o.data
  for _, name in ipairs(o.columns) do
    data = data:with(name, core.remove_impact { values = data:column(name), groups = groups.codes,
      n_groups = groups.n, amount = o.amount })
  end
  return data
end

return { functions = repair, classes = { RejectOption = Fit } }
