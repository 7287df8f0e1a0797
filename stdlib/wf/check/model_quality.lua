-- wf.check.model_quality: does a model still predict well enough?
--
--   local first = wf.check.model_quality { model = model, data = test }
--   local later = wf.check.model_quality { model = model, data = labelled, baseline = first,
--     thresholds = { auc = 0.7, log_loss = 0.6 }, fail_on_violation = false }
--   print(later)      -- every metric with its deviation, the best constant's, its limit
--
-- Deviations come from random parts of the rows, 5 of 80 % by default, when there are at least 200 rows.
-- The best constant is what a model without features would reach: the commonest class, the mean (the
-- median for mae). A limit is the user's threshold, else the baseline's value moved by `slack` deviations
-- to the lenient side. Names and files are Model Monitor's.

local core = require "wf.core.metrics"
local errors = require "wf.errors"
local frame = require "wf.frame"
local json = require "wf.json"
local labels = require "wf.labels"
local options = require "wf.options"
local report = require "wf.check.report"

local check = {}

local least_rows_for_deviation = 200

-- ---- metrics ------------------------------------------------------------------------------------

-- Metrics by kind of problem, in order; true: larger is better.
local known = {
  binary = { { "accuracy", true }, { "auc", true }, { "f0_5", true }, { "f1", true }, { "f2", true },
    { "false_negative_rate", false }, { "false_positive_rate", false }, { "log_loss", false },
    { "pr_auc", true }, { "precision", true }, { "recall", true }, { "true_negative_rate", true },
    { "true_positive_rate", true } },
  multi = { { "accuracy", true }, { "log_loss", false }, { "macro_f1", true }, { "weighted_f1", true },
    { "weighted_precision", true }, { "weighted_recall", true } },
  regression = { { "mae", false }, { "mse", false }, { "r2", true }, { "rmse", false } },
}

local section = { binary = "binary_classification", multi = "multiclass_classification",
  regression = "regression" }

local function share(part, whole)
  return whole > 0 and part / whole or 0.0
end

local function f_beta(m, beta)
  local b = beta * beta
  return share((1 + b) * m.tp, (1 + b) * m.tp + b * m.fn + m.fp)
end

local function binary_metrics(m)
  return { accuracy = m.accuracy, auc = m.roc_auc, pr_auc = m.pr_auc, log_loss = m.log_loss,
    precision = m.precision, recall = m.recall, true_positive_rate = m.recall,
    true_negative_rate = share(m.tn, m.tn + m.fp), false_positive_rate = share(m.fp, m.tn + m.fp),
    false_negative_rate = share(m.fn, m.tp + m.fn), f0_5 = f_beta(m, 0.5), f1 = m.f1, f2 = f_beta(m, 2) }
end

-- Every column of the table but the label and the weight, as the library wants predictions.
local function predictions_of(rows, kind)
  local names = {}
  for _, name in ipairs(rows:columns()) do
    if name ~= "label" and name ~= "weight" then names[#names + 1] = name end
  end
  return kind == "multi" and rows:select(names) or rows:column(names[1])
end

local function has_weight(rows)
  local names = rows:columns()
  return names[#names] == "weight"
end

local function measure(rows, kind, threshold)
  local given = { weights = has_weight(rows) and rows:column("weight") or nil }
  local truth, predicted = rows:column("label"), predictions_of(rows, kind)
  if kind == "binary" then
    given.threshold = threshold
    local m = core.binary(truth, predicted, given)
    return binary_metrics(m), { { m.tn, m.fp }, { m.fn, m.tp } }
  elseif kind == "multi" then
    local m = core.multiclass(truth, predicted, given)
    return m, m.confusion
  end
  return core.regression(truth, predicted, given)
end

-- ---- the best constant --------------------------------------------------------------------------

local function constant(rows, value)
  local list = {}
  for i = 1, #rows do list[i] = value + 0.0 end
  return frame.new({ names = { "p" }, columns = { list } }).p
end

local function commonest(column)
  local counts, best, most = column:value_counts(), nil, -1
  for i = 1, #counts do
    local value, n = counts.value[i], counts.count[i]
    if n > most or n == most and value > best then best, most = value, n end
  end
  return best
end

local function best_constant(rows, kind, threshold)
  local truth = rows:column("label")
  if kind == "binary" then
    return (measure(rows:with("score", constant(rows, commonest(truth))), kind, threshold))
  elseif kind == "multi" then
    local class, changed = commonest(truth), rows
    for k, name in ipairs(predictions_of(rows, kind):columns()) do
      changed = changed:with(name, constant(rows, k - 1 == class and 1 or 0))
    end
    return (measure(changed, kind))
  end
  local by_mean = measure(rows:with("score", constant(rows, truth:mean())), kind)
  by_mean.mae = measure(rows:with("score", constant(rows, truth:median())), kind).mae
  return by_mean
end

-- ---- deviations ---------------------------------------------------------------------------------

local function deviation(values)
  local n, mean, sum = #values, 0, 0
  if n < 2 then return nil end
  for _, value in ipairs(values) do mean = mean + value / n end
  for _, value in ipairs(values) do sum = sum + (value - mean) ^ 2 end
  return math.sqrt(sum / (n - 1))
end

local function deviations(rows, kind, o)
  local by_metric = {}
  if #rows < least_rows_for_deviation then return by_metric end
  local size = math.max(1, math.floor(#rows * o.resample_share))
  for i = 1, o.resamples do
    local ok, values = pcall(measure, rows:sample(size, { seed = o.seed + i }), kind, o.threshold)
    if not ok then values = {} end
    for _, entry in ipairs(known[kind]) do
      local list = by_metric[entry[1]] or {}
      by_metric[entry[1]] = list
      list[#list + 1] = values[entry[1]]
    end
  end
  for name, list in pairs(by_metric) do by_metric[name] = deviation(list) end
  return by_metric
end

-- ---- limits -------------------------------------------------------------------------------------

local operators = { [true] = "LessThanThreshold", [false] = "GreaterThanThreshold" }

local function larger_is_better(kind, where, name)
  local names = {}
  for i, entry in ipairs(known[kind]) do
    if entry[1] == name then return entry[2] end
    names[i] = entry[1]
  end
  errors.invalid("%s: thresholds: %s", where, options.unknown("metric", tostring(name), names))
end

local function read_limits(where, kind, thresholds)
  if not thresholds then return nil end
  local limits = {}
  for _, name in ipairs(options.sorted_keys(thresholds)) do
    if type(thresholds[name]) ~= "number" then
      errors.invalid("%s: thresholds: %s must be a number", where, tostring(name))
    end
    limits[name] = { threshold = thresholds[name],
      comparison_operator = operators[larger_is_better(kind, where, name)] }
  end
  return limits
end

-- What a later run must reach: the user's limits, else what was reached now.
local function constraints_of(self)
  local list = {}
  for _, entry in ipairs(known[self.problem]) do
    local name = entry[1]
    local own = self.limits and self.limits[name]
    if own or self.metrics[name] then
      list[name] = own or { threshold = self.metrics[name].value, comparison_operator = operators[entry[2]] }
    end
  end
  return { version = 0.0, [section[self.problem] .. "_constraints"] = list }
end

local function is_beyond(value, limit)
  if limit.comparison_operator == "LessThanThreshold" then return value < limit.threshold end
  return value > limit.threshold
end

local function limit_of(self, name, before, slack)
  if self.limits and self.limits[name] then return self.limits[name] end
  if not before then return nil end
  local spread = slack * (self.metrics[name].standard_deviation or 0)
  local sign = before.comparison_operator == "LessThanThreshold" and -1 or 1
  return { threshold = before.threshold + sign * spread, comparison_operator = before.comparison_operator,
    baseline = before.threshold }
end

local function describe(name, metric, limit)
  return ("Metric %s with %.17g%s was %s '%.17g'"):format(name, metric.value, metric.standard_deviation
    and (" +/- %.17g"):format(metric.standard_deviation) or "", limit.comparison_operator, limit.threshold)
end

local function violations(self, previous, o)
  local list = {}
  local before = previous and previous.constraints[section[self.problem] .. "_constraints"] or {}
  self.checked_limits = {}
  for _, entry in ipairs(known[self.problem]) do
    local name, metric = entry[1], self.metrics[entry[1]]
    local limit = metric and limit_of(self, name, before[name], o.slack)
    if limit then
      self.checked_limits[name] = limit.threshold
      if is_beyond(metric.value, limit) then
        list[#list + 1] = { check = limit.comparison_operator, metric = name, observed = metric.value,
          baseline = limit.baseline, threshold = limit.threshold, n = self.rows,
          standard_deviation = metric.standard_deviation, description = describe(name, metric, limit) }
      end
    end
  end
  return list
end

-- ---- the check ----------------------------------------------------------------------------------

local function overview(self)
  local columns = { {}, {}, {}, {}, {} }
  for _, entry in ipairs(known[self.problem]) do
    local name, metric = entry[1], self.metrics[entry[1]]
    if metric then
      local row = #columns[1] + 1
      for i, value in ipairs { name, metric.value, metric.standard_deviation or frame.missing,
        self.best_constant[name] or frame.missing,
        self.checked_limits and self.checked_limits[name] or frame.missing } do
        columns[i][row] = value
      end
    end
  end
  return frame.new { names = { "metric", "value", "deviation", "best_constant", "limit" },
    columns = columns }
end

local function confusion_json(confusion)
  local out = {}
  for i, row in ipairs(confusion) do
    local cells = {}
    for k, n in ipairs(row) do cells[tostring(k - 1)] = n end
    out[tostring(i - 1)] = cells
  end
  return out
end

local function statistics_of(self)
  local metrics = {}
  for _, entry in ipairs(known[self.problem]) do
    local name = entry[1]
    if self.metrics[name] then
      metrics[name] = { value = self.metrics[name].value,
        standard_deviation = self.metrics[name].standard_deviation or "NaN" }
      if self.best_constant[name] then
        metrics[name .. "_best_constant_" .. (self.problem == "regression" and "predictor" or "classifier")]
          = { value = self.best_constant[name], standard_deviation = "NaN" }
      end
    end
  end
  if self.confusion then metrics.confusion_matrix = confusion_json(self.confusion) end
  return { version = 0.0, dataset = { item_count = self.rows },
    [section[self.problem] .. "_metrics"] = metrics }
end

report.kinds.model_quality = {
  baseline = function(self)
    return { statistics = statistics_of(self), constraints = constraints_of(self) }
  end,
  read_baseline = function(given)
    if given.constraints then return given end
    errors.invalid("check.model_quality: a baseline has constraints")
  end,
  violations = violations,
  table = overview,
  analysis = statistics_of,
  body = function(self) return ("%s on %d rows\n%s"):format(self.problem, self.rows, tostring(overview(self))) end,
  summary = function(self) return { metrics = self.metrics } end,
  facts = function(self) return { { "model quality", self:verdict() } } end,
  files = function(self)
    return { ["statistics.json"] = json.encode(statistics_of(self), { indent = 2 }),
      ["constraints.json"] = json.encode(constraints_of(self), { indent = 2 }) }
  end,
  violation = function(v)
    return { metric_name = v.metric, constraint_check_type = v.check, description = v.description }
  end,
}

-- Labels, predictions and weights of the rows as one table.
local function rows_of(where, o, plan)
  local predicted = o.model:predict(o.data)
  local names, columns = { "label" }, { plan:numbers(o.data) }
  if plan.kind == "multi" then
    if not options.is(predicted, "wf.frame") then
      errors.raise { code = "unsupported", message = where .. ": train with multi:softprob to have "
        .. "probabilities" }
    end
    for i, name in ipairs(predicted:columns()) do
      names[i + 1], columns[i + 1] = "score " .. name, predicted:column(name)
    end
  else
    names[2], columns[2] = "score", predicted
  end
  local weights = labels.weights(o.data, o.weight)
  if weights then names[#names + 1], columns[#columns + 1] = "weight", weights end
  return frame.new { names = names, columns = columns }
end

function check.model_quality(given)
  local where = "check.model_quality"
  local o = options.check(where, given, report.rules {
    model = { "wf.model", required = true }, data = { "wf.frame", required = true },
    threshold = { "number", default = 0.5 }, weight = { "string|wf.column" }, thresholds = { "table" },
    slack = { "number", default = 0, min = 0 }, resamples = { "integer", default = 5, min = 2 },
    resample_share = { "number", default = 0.8, min = 0.01, max = 1 }, seed = { "integer", default = 0 } })
  if #o.data == 0 then errors.invalid("%s: the data has no rows", where) end
  local plan = labels.plan_for(o.model)
  local rows = rows_of(where, o, plan)
  local values, confusion = measure(rows, plan.kind, o.threshold)
  local spread, metrics, constants = deviations(rows, plan.kind, o), {}, {}
  local best = best_constant(rows, plan.kind, o.threshold)
  for _, entry in ipairs(known[plan.kind]) do
    local name = entry[1]
    if values[name] then
      metrics[name] = { value = values[name], standard_deviation = spread[name] }
      constants[name] = best[name]
    end
  end
  return report.finish("model_quality", { rows = #o.data, problem = plan.kind, metrics = metrics,
    best_constant = constants, confusion = confusion, threshold = o.threshold,
    limits = read_limits(where, plan.kind, o.thresholds) }, o)
end

return check
