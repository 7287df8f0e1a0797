-- wf.bias.groups: any number of groups at once: rates by group, parity, calibration, training weights.
--
--   local by = wf.bias.by_group { data = f, label = "hired", favourable = 1, prediction = "said",
--     by = { "sex", "race" }, metrics = { "selection_rate", "accuracy" }, min_group = 30 }
--   by.groups    -- frame: one row per group, with counts beside the rates
--   by.spread    -- frame: per metric overall, min, max, difference, ratio, and who attains them
--   by.overall   -- { n =, rates = { accuracy = …, … } }
--   wf.bias.parity { …, by = "sex" }.equalized_odds_difference
--
-- Groups with fewer than min_group rows stay in the table, marked, but do not decide differences. A
-- rate whose denominator is 0 is 0 (as in Fairlearn); a group without rows has none.

local core = require "wf.core.bias"
local core_metrics = require "wf.core.metrics"
local errors = require "wf.errors"
local facets = require "wf.bias.facets"
local frame = require "wf.frame"
local options = require "wf.options"
local outcome = require "wf.bias.outcome"

local groups = {}

local function label_of(names, group)
  return table.concat(group, names[2] and ", " or "")
end

local rate_names = { "count", "selection_rate", "base_rate", "accuracy", "balanced_accuracy",
  "true_positive_rate", "false_positive_rate", "true_negative_rate", "false_negative_rate",
  "precision", "negative_predictive_value", "false_discovery_rate", "false_omission_rate", "f1",
  "zero_one_loss" }
local score_names = { "roc_auc", "log_loss", "brier" }

-- The rates asked for; those of scores are told apart.
local function split_metrics(where, given, scores)
  if not given then return rate_names, scores and score_names or {} end
  local known, rates, of_scores = {}, {}, {}
  for _, name in ipairs(rate_names) do known[name] = rates end
  for _, name in ipairs(score_names) do known[name] = of_scores end
  for _, name in ipairs(given) do
    local list = known[name]
    if not list then
      errors.invalid("%s: %s", where, options.unknown("metric", tostring(name), options.sorted_keys(known)))
    end
    if list == of_scores and not scores then
      errors.invalid("%s: metric '%s' needs a score or a model", where, name)
    end
    list[#list + 1] = name
  end
  return rates, of_scores
end

-- ---- the table by group -------------------------------------------------------------------------

local ByGroup = { __name = "wf.bias.by_group", __module = "wf.bias", __class = "ByGroup" }
ByGroup.__index = ByGroup

local function groups_frame(self, names, result, metrics, control)
  local columns, titles = {}, {}
  local function column(title)
    titles[#titles + 1], columns[#columns + 1] = title, {}
    return columns[#columns]
  end
  local key = {}
  local control_column = control and column(control.name)
  for i, name in ipairs(names) do key[i] = column(name) end
  local n, small, rates = column "n", column "small", {}
  for i, metric in ipairs(metrics) do rates[i] = column(metric) end
  for row, group in ipairs(result.groups) do
    if control then control_column[row] = control.value end
    for i = 1, #names do key[i][row] = self.names[row][i] end
    n[row], small[row] = group.n, group.n < self.min_group
    for i, metric in ipairs(metrics) do rates[i][row] = group.rates[metric] or frame.missing end
  end
  return frame.new { names = titles, columns = columns }
end

local spread_fields = { "overall", "min", "max", "difference", "ratio", "difference_to_overall",
  "ratio_to_overall" }

-- Score metrics have no spread in C: the extremes of the groups that are large enough.
local function spread_of_scores(self, result, metric, overall)
  local entry = { rate = metric, n_groups = 0, overall = overall[metric] }
  for number, group in ipairs(result.groups) do
    local value = group.rates[metric]
    if value and group.n >= self.min_group then
      entry.n_groups = entry.n_groups + 1
      if not entry.min or value < entry.min then entry.min, entry.lowest = value, number end
      if not entry.max or value > entry.max then entry.max, entry.highest = value, number end
    end
  end
  if entry.min then
    entry.difference = entry.max - entry.min
    entry.ratio = entry.max == entry.min and 1.0 or entry.min / entry.max
  end
  return entry
end

local function spread_frame(self, spreads, names, control)
  local titles, columns = { "metric" }, { {} }
  if control then titles, columns = { control.name, "metric" }, { {}, {} } end
  local first = #titles
  for i, field in ipairs(spread_fields) do titles[first + i], columns[first + i] = field, {} end
  local low, high = #titles + 1, #titles + 2
  titles[low], titles[high], columns[low], columns[high] = "lowest", "highest", {}, {}
  for row, entry in ipairs(spreads) do
    if control then columns[1][row] = control.value end
    columns[first][row] = entry.rate
    for i, field in ipairs(spread_fields) do
      columns[first + i][row] = entry[field] or frame.missing
    end
    columns[low][row] = entry.lowest and self.names[entry.lowest]
      and label_of(names, self.names[entry.lowest]) or frame.missing
    columns[high][row] = entry.highest and self.names[entry.highest]
      and label_of(names, self.names[entry.highest]) or frame.missing
  end
  return frame.new { names = titles, columns = columns }
end

local function compute(where, o, seen, numbers)
  local rates, of_scores = split_metrics(where, o.metrics, seen.scores)
  local result = core.many { labels = seen.labels, predictions = seen.decisions,
    groups = numbers.codes, n_groups = numbers.n, weights = seen.weights,
    scores = #of_scores > 0 and seen.scores or nil, rates = rates, least_size = o.min_group,
    to_overall = o.to_overall, alpha = o.alpha, concentration = o.concentration }
  return result, rates, of_scores
end

local function group_rules(more)
  more.by, more.min_group = { "string|table", required = true }, { "number", default = 0, min = 0 }
  more.to_overall = { "boolean", default = false }
  return outcome.rules(more)
end

local function require_decisions(where, seen)
  if not seen.decisions then
    errors.invalid("%s: give the predictions: prediction, decision or model", where)
  end
end

local function one_table(where, o, seen, names, numbers, control)
  local self = { names = numbers.names, min_group = o.min_group }
  local result, rates, of_scores = compute(where, o, seen, numbers)
  local metrics = table.move(of_scores, 1, #of_scores, #rates + 1, { table.unpack(rates) })
  local overall = #of_scores > 0
    and core_metrics.binary(seen.labels, seen.scores, { weights = seen.weights }) or {}
  for _, name in ipairs(of_scores) do
    table.insert(result.spreads, spread_of_scores(self, result, name, overall))
  end
  return groups_frame(self, names, result, metrics, control),
    spread_frame(self, result.spreads, names, control), result
end

-- What was seen, of the rows of one value of the control column.
local function part_of(seen, mask)
  local columns, names = {}, {}
  for _, key in ipairs { "labels", "decisions", "scores", "weights" } do
    if seen[key] then names[#names + 1], columns[#columns + 1] = key, seen[key] end
  end
  local kept = frame.new { names = names, columns = columns }:filter(mask)
  local part = {}
  for _, name in ipairs(names) do part[name] = kept:column(name) end
  return part
end

local function controlled(where, o, seen, names)
  local strata = core.groups { o.data:column(o.control) }
  local tables, spreads = {}, {}
  for number = 1, strata.n do
    local mask = core.member(strata.codes, { values = { number - 1 } })
    local rows = o.data:select(names):filter(mask)
    tables[number], spreads[number] = one_table(where, o, part_of(seen, mask), names,
      facets.groups(rows, names), { name = o.control, value = strata.names[number][1] })
  end
  return tables[1]:concat(table.unpack(tables, 2)), spreads[1]:concat(table.unpack(spreads, 2))
end

-- Rates of every group, and with `control` separately for every value of that column.
function groups.by_group(given)
  local where = "bias.by_group"
  local o = options.check(where, given, group_rules { metrics = { "table" }, control = { "string" } })
  local seen = outcome.read(where, o)
  require_decisions(where, seen)
  local names = facets.names(where, "by", o.by)
  local self = { by = names, rows = seen.rows, rule = seen.rule, decision_rule = seen.decision_rule,
    min_group = o.min_group, control = o.control, notes = seen.notes }
  local result
  if o.control then
    self.groups, self.spread = controlled(where, o, seen, names)
  else
    self.groups, self.spread, result = one_table(where, o, seen, names, facets.groups(o.data, names))
    self.overall = result.overall
  end
  return setmetatable(self, ByGroup)
end

-- A metric's row of the spread, as a table.
function ByGroup:metric(name)
  for _, row in ipairs(facets.rows_of(self.spread)) do
    if row.metric == name then return row end
  end
  errors.invalid("bias.by_group: %s", options.unknown("metric", tostring(name),
    self.spread.metric:to_table()))
end

function ByGroup:__tostring()
  return ("by %s on %d rows\nfavourable: %s\npredicted favourably: %s\n%s\n%s"):format(
    table.concat(self.by, " × "), self.rows, self.rule, self.decision_rule, tostring(self.groups),
    tostring(self.spread))
end

-- ---- parity -------------------------------------------------------------------------------------

local Parity = { __name = "wf.bias.parity", __module = "wf.bias", __class = "Parity" }
Parity.__index = Parity

local parity_order = { "demographic_parity_difference", "demographic_parity_ratio",
  "equal_opportunity_difference", "equal_opportunity_ratio", "equalized_odds_difference",
  "equalized_odds_ratio", "mean_odds_difference", "mean_odds_ratio", "generalized_entropy",
  "generalized_entropy_between", "theil_index", "theil_index_between", "smoothed_edf_labels",
  "smoothed_edf" }

-- Fairness between all groups as numbers: differences and inequality are fair at 0, ratios at 1.
function groups.parity(given)
  local where = "bias.parity"
  local o = options.check(where, given, group_rules { alpha = { "number", default = 2 },
    concentration = { "number", default = 1 } })
  local seen = outcome.read(where, o)
  require_decisions(where, seen)
  local names = facets.names(where, "by", o.by)
  local numbers = facets.groups(o.data, names)
  o.metrics = { "selection_rate" }
  local result = compute(where, o, seen, numbers)
  o.alpha = 1
  local theil = compute(where, o, seen, numbers)
  local self = { names = numbers.names, edf_groups = {} }
  for key, value in pairs(result.parity) do self[key] = value end
  self.generalized_entropy, self.generalized_entropy_between = result.entropy.total,
    result.entropy.between_groups
  self.theil_index, self.theil_index_between = theil.entropy.total, theil.entropy.between_groups
  self.smoothed_edf, self.smoothed_edf_labels = result.predictions_edf.value, result.labels_edf.value
  for i, key in ipairs { "lowest", "highest" } do
    local number = result.predictions_edf[key]
    self.edf_groups[i] = number and label_of(names, numbers.names[number])
  end
  return setmetatable(self, Parity)
end

function Parity:table()
  local names, values = {}, {}
  for i, name in ipairs(parity_order) do names[i], values[i] = name, self[name] or frame.missing end
  return frame.new { names = { "measure", "value" }, columns = { names, values } }
end

function Parity:__tostring()
  return tostring(self:table())
end

-- ---- calibration and weights --------------------------------------------------------------------

-- How well a score is a probability within each group: a frame (by…, error, bins), and the bins.
function groups.calibration(given)
  local where = "bias.calibration"
  local o = options.check(where, given, outcome.rules { by = { "string|table", required = true },
    bins = { "integer", default = 10, min = 1 } })
  local seen = outcome.read(where, o)
  if not seen.scores then errors.invalid("%s: give a score or a model", where) end
  local names = facets.names(where, "by", o.by)
  local numbers = facets.groups(o.data, names)
  local result = core.calibrate { labels = seen.labels, scores = seen.scores, groups = numbers.codes,
    n_groups = numbers.n, bins = o.bins }
  local columns = { {}, {}, {}, {}, {}, {} }
  local errors_by_group = {}
  for g, group in ipairs(result) do
    local label = label_of(names, numbers.names[g])
    errors_by_group[label] = group.error
    for b, bin in ipairs(group.bins) do
      if bin.n > 0 then
        local row = #columns[1] + 1
        for i, value in ipairs { label, (b - 1) / o.bins, b / o.bins, bin.n, bin.score_sum / bin.n,
          bin.favourable / bin.n } do
          columns[i][row] = value
        end
      end
    end
  end
  return { error = errors_by_group, bins = frame.new { names = { table.concat(names, " × "), "from",
    "to", "n", "mean_score", "favourable" }, columns = columns } }
end

-- Training weights under which label and group are independent, times `weight`: a column.
function groups.reweigh(given)
  local where = "bias.reweigh"
  local o = options.check(where, given, { data = { "wf.frame", required = true },
    label = { "string", required = true }, favourable = { "any", required = true },
    by = { "string|table", required = true }, weight = { "string|wf.column" } })
  local seen = outcome.read(where, o)
  local numbers = facets.groups(o.data, facets.names(where, "by", o.by))
  return core.reweigh { labels = seen.labels, groups = numbers.codes, n_groups = numbers.n,
    weights = seen.weights }
end

return { functions = groups, classes = { ByGroup = ByGroup, Parity = Parity } }
