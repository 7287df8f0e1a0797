-- wf.explain.permutation: how much worse predictions get when a column is shuffled among the rows.

local core = require "wf.core.explain"
local errors = require "wf.errors"
local frame = require "wf.frame"
local labels = require "wf.labels"
local metrics = require "wf.metrics"
local options = require "wf.options"
local predictor = require "wf.explain.predictor"

local permutation = {}

local where = "explain.permutation"

-- Metrics that grow when predictions get worse.
local lower_is_better = { brier = true, log_loss = true, mae = true, mse = true, rmse = true }

local defaults = { binary = "roc_auc", multi = "log_loss", regression = "rmse" }
local compute = { binary = metrics.binary, multi = metrics.multiclass, regression = metrics.regression }

local rules = {
  label = { "string|wf.column" }, metric = { "string|function" }, task = { "string",
    choices = { "binary", "multi", "regression" } }, lower_is_better = { "boolean" },
  repeats = { "integer", default = 5, min = 1 }, seed = { "integer", default = 0 },
  columns = { "string|table" }, groups = { "table" }, weights = { "wf.column|table|string" },
  kind = { "string", choices = predictor.kinds }, batch = { "integer", min = 1 }, threads = { "integer", min = 0 },
}

-- ---- scoring ------------------------------------------------------------------------------------

local function number_names(t)
  local names = {}
  for _, name in ipairs(options.sorted_keys(t)) do
    if type(t[name]) == "number" then names[#names + 1] = name end
  end
  return names
end

-- A function of predictions that gives a number, and whether less of it is better.
local function scorer(o, task, truth, weights)
  if type(o.metric) == "function" then
    return function(predictions)
      local score = o.metric(truth, predictions)
      if type(score) ~= "number" then
        errors.raise { code = "type", message = ("%s: the metric gave a %s, not a number"):format(where,
          type(score)) }
      end
      return score
    end, o.lower_is_better or false
  end
  local name = o.metric or defaults[task]
  local function score(predictions)
    local result = compute[task](truth, predictions, { weights = weights })
    if type(result[name]) == "number" then return result[name] end
    errors.invalid("%s: %s", where, options.unknown("metric", name, number_names(result)))
  end
  if o.lower_is_better ~= nil then return score, o.lower_is_better end
  return score, lower_is_better[name] or false
end

-- The label's numbers and the kind of task.
local function truth_of(given, data, o)
  if type(given) ~= "function" then
    if o.label or o.task then errors.invalid("%s: a model knows its label and task", where) end
    local plan = labels.plan_for(given)
    return plan:numbers(data), plan.kind
  end
  if not o.label then errors.invalid("%s: a function needs the option 'label'", where) end
  if not o.task and type(o.metric) ~= "function" then
    errors.invalid("%s: a function needs the option 'task' (binary, multi or regression), or a function "
      .. "as metric", where)
  end
  return options.is(o.label, "wf.column") and o.label or data:column(o.label), o.task
end

-- A function is not given the label it is to predict.
local function without_label(given, data, o)
  if type(given) == "function" and type(o.label) == "string" then return data:drop { o.label } end
  return data
end

-- ---- running ------------------------------------------------------------------------------------

-- Predictions with the columns shuffled, for each repeat in turn.
local function shuffled_predictions(p, columns, group, o)
  if p.sources then
    local list = core.permuted(p.given, p.data, { columns = p:features_of(columns), kind = p.kind,
      seed = o.seed, group = group, repeats = o.repeats, threads = o.threads })
    return function(i) return list[i] end
  end
  return function(i)
    return p.given(core.shuffled(p.data, columns, { seed = o.seed, group = group, repetition = i - 1 }))
  end
end

-- Whether any tree looks at these columns; shuffling others changes no prediction.
local function has_effect(p, columns)
  if not p.sources or p.given:tree_count() == 0 then return true end
  if not p.splits then
    local ranking = p.given:importance("weight")
    local names, counts = ranking.feature:to_table(), ranking.importance:to_table()
    p.splits = {}
    for i, name in ipairs(names) do p.splits[name] = counts[i] end
  end
  local features = p.given:features()
  for _, place in ipairs(p:features_of(columns)) do
    if p.splits[features[place]] > 0 then return true end
  end
  return false
end

-- A function may give a list.
local function as_column(predictions)
  if not options.is(predictions, "table") then return predictions end
  return frame.new({ { "prediction", predictions } }):column("prediction")
end

-- How much worse the metric gets in each repeat.
local function losses(p, entry, o, score, base, lower)
  local list = {}
  local predictions = has_effect(p, entry.columns)
    and shuffled_predictions(p, entry.columns, entry.number, o)
  for r = 1, o.repeats do
    local change = predictions and base - score(as_column(predictions(r))) or 0.0
    list[r] = lower and 0 - change or change
  end
  return list
end

local function mean_and_deviation(list)
  local sum, squares = 0.0, 0.0
  for _, value in ipairs(list) do sum = sum + value end
  local mean = sum / #list
  for _, value in ipairs(list) do squares = squares + (value - mean) ^ 2 end
  return mean, math.sqrt(squares / #list)
end

-- The groups asked for. One's number, and so its shuffles, does not depend on the others.
local function chosen(p, o)
  local list = p:grouped(o.groups)
  for i, entry in ipairs(list) do entry.number = i end
  if not o.columns then return list end
  local wanted, kept, names = {}, {}, {}
  for i, entry in ipairs(list) do names[i] = entry.name end
  for _, name in ipairs(type(o.columns) == "table" and o.columns or { o.columns }) do wanted[name] = true end
  for _, entry in ipairs(list) do
    kept[#kept + 1] = wanted[entry.name] and entry or nil
    wanted[entry.name] = nil
  end
  local unknown = options.sorted_keys(wanted)[1]
  if unknown then
    errors.invalid("%s: columns: %s", where, options.unknown("column", tostring(unknown), names))
  end
  return kept
end

local function check_task(p, task)
  if task ~= "multi" and #p.outputs > 1 then
    errors.invalid("%s: %d outputs, but the task '%s' has one", where, #p.outputs, tostring(task))
  end
end

-- frame(feature, importance, std, baseline), the most important first. The importance is how much worse
-- the metric gets on average over the repeats (negative: better), std their deviation, baseline the
-- metric of the data as it is.
function permutation.importance(given, data, how)
  local o = options.check(where, how, rules)
  options.argument(where, 1, given, "wf.model|function")
  options.argument(where, 2, data, "wf.frame")
  local truth, task = truth_of(given, data, o)
  local p = predictor.new(where, given, without_label(given, data, o), o)
  if type(o.metric) ~= "function" then check_task(p, task) end
  local score, lower = scorer(o, task, truth, predictor.weights(where, o.weights, data))
  local whole = type(given) == "function" and p.given(p.data) or given:predict(p.data, { kind = p.kind })
  local base = score(as_column(whole))
  local names, means, deviations, bases = {}, {}, {}, {}
  for i, entry in ipairs(chosen(p, o)) do
    names[i], bases[i] = entry.name, base
    means[i], deviations[i] = mean_and_deviation(losses(p, entry, o, score, base, lower))
  end
  return frame.new({ names = { "feature", "importance", "std", "baseline" },
    columns = { names, means, deviations, bases } }):sort("importance", { descending = true })
end

return permutation
