-- wf.clarify.measure: bias metrics, performance and confusion of typed columns, as smclarify 0.5 has them.
--
--   local facets = measure.bias(loaded, true)         -- one stage: false before training, true after it
--   print(facets[1].facet, facets[1].entries[1].metrics[1].value)
--   print(measure.performance(loaded).metrics)
--
-- `loaded` is what wf.clarify.dataset makes of a configuration. Texts, order and every odd zero are Clarify's.

local core = require "wf.core.bias"
local errors = require "wf.errors"
local frame = require "wf.frame"
local options = require "wf.options"
local series = require "wf.clarify.series"

local measure = {}

local pre_names = { "CDDL", "CI", "DPL", "JS", "KL", "KS", "LP", "TVD" }
local post_names = { "AD", "CDDPL", "DAR", "DCA", "DCR", "DI", "DPPL", "DRR", "FT", "GE", "RD", "SD",
  "TE" }

local function fail(format, ...)
  errors.raise { code = "invalid", message = format:format(...) }
end

-- ---- one facet ----------------------------------------------------------------------------------

-- The sets of rows a facet stands for: { {mask, text}, … }.
local function facet_sets(column, values)
  if values and #values > 0 then
    local mask, text = column:index(values)
    return { { mask = mask, text = text } }
  end
  if column:kind() == "CONTINUOUS" then
    fail("Threshold values must be provided for continuous features")
  end
  local sets = {}
  for i, entry in ipairs(column:distinct()) do
    if entry.is_missing then
      sets[i] = { mask = core.member(column.column, { values = {} }), text = "nan" }
    else
      sets[i] = { mask = core.member(column.column, { values = { entry.value } }),
        text = series.str(entry.value) }
    end
  end
  return sets
end

-- Why no group can be told: numpy cannot sort text together with a missing value.
local function group_error(group)
  if not group or group.dtype ~= "object" or group.column:missing_count() == 0 then return nil end
  return ("'<' not supported between instances of '%s' and 'str'"):format(group.missing_type or "float")
end

-- ---- FT -----------------------------------------------------------------------------------------

local nan_text = "Input X contains NaN.\nKNeighborsClassifier does not accept missing values encoded "
  .. "as NaN natively. For supervised learning, you might want to consider "
  .. "sklearn.ensemble.HistGradientBoostingClassifier and Regressor which accept missing values "
  .. "encoded as NaNs natively. Alternatively, it is possible to preprocess the data, for instance by "
  .. "using an imputer transformer in a pipeline or drop samples with missing values. See "
  .. "https://scikit-learn.org/stable/modules/impute.html You can find a list of all estimators that "
  .. "handle NaN values at the following page: "
  .. "https://scikit-learn.org/stable/modules/impute.html#estimators-that-handle-nan-values"

local function flip_features(o, facet)
  local left_out = { [facet] = true, [o.label.name] = true, [o.prediction.name] = true }
  local names, columns = {}, {}
  for _, column in ipairs(o.columns) do
    if not left_out[column.name] then
      names[#names + 1], columns[#columns + 1] = column.name, column
    end
  end
  return names, columns
end

local function flip_problem(columns)
  for _, column in ipairs(columns) do
    if column.dtype == "object" or column.dtype == "category" then
      return "FlipTest does not support non-numeric columns"
    end
  end
  for _, column in ipairs(columns) do
    if column.column:missing_count() > 0 then return nan_text end
  end
end

local function flip_entry(o, facet, cells, mask)
  local entry = { name = "FT", description = "Flip Test (FT)" }
  local names, columns = flip_features(o, facet)
  if cells.d.tp + cells.d.fp + cells.d.fn + cells.d.tn == 0 then
    entry.error = "Facet set is empty"
  elseif cells.a.tp + cells.a.fp + cells.a.fn + cells.a.tn == 0 then
    entry.error = "Negated Facet set is empty"
  else
    entry.error = flip_problem(columns)
  end
  if entry.error then return entry end
  local list = {}
  for i, column in ipairs(columns) do list[i] = column.column end
  local ok, found = pcall(core.flip, { features = frame.new { names = names, columns = list },
    facet = mask, predictions = o.prediction_index })
  if ok then
    entry.value, entry.least, entry.most, entry.n_ambiguous = found.value, found.least, found.most,
      found.n_ambiguous
  else
    entry.error = tostring(found)
  end
  return entry
end

-- ---- one stage ----------------------------------------------------------------------------------

-- Where INF - INF was made 0, Clarify prints an integer.
local function is_forced_zero(metric, cells)
  if metric.value ~= 0 then return false end
  local function endless(side)
    if metric.name == "DCA" then return side.tp + side.fp == 0 and side.tp + side.fn > 0 end
    if metric.name == "DCR" then return side.tn + side.fn == 0 and side.tn + side.fp > 0 end
    return false
  end
  return endless(cells.a) and endless(cells.d)
end

local function wanted(given, all)
  if given == nil or given == "all" then return all end
  local chosen, known = {}, {}
  for _, name in ipairs(given) do known[name] = true end
  for _, name in ipairs(all) do
    if known[name] then
      chosen[#chosen + 1], known[name] = name, nil
    end
  end
  local unknown = options.sorted_keys(known)[1]
  if unknown then fail("clarify: methods: %s", options.unknown("metric", unknown, all)) end
  return chosen
end

local function without_flip(names)
  local list = {}
  for _, name in ipairs(names) do
    if name ~= "FT" then list[#list + 1] = name end
  end
  return list
end

local function replace_groups(metrics, message)
  for _, metric in ipairs(metrics) do
    if metric.name == "CDDL" or metric.name == "CDDPL" then metric.value, metric.error = nil, message end
  end
end

local function old_js(metrics, labels, mask)
  for _, metric in ipairs(metrics) do
    if metric.name == "JS" then
      metric.value, metric.error = core.js_of_2020 { labels = labels, facet = mask }
    end
  end
end

local function finish_metrics(o, names, facet, set, computed)
  local by_name, list = {}, {}
  local problem = group_error(o.group)
  if problem then replace_groups(computed.metrics, problem) end
  if o.js_2020 then old_js(computed.metrics, o.label_index, set.mask) end
  for _, metric in ipairs(computed.metrics) do
    if is_forced_zero(metric, computed.cells) then metric.value = 0 end
    by_name[metric.name] = metric
  end
  for i, name in ipairs(names) do
    list[i] = name == "FT" and flip_entry(o, facet, computed.cells, set.mask) or by_name[name]
  end
  return list
end

local function basics_of(computed, predicted)
  local stats, list = computed.basics, {}
  local described = { { "proportion", "Proportion of examples in sensitive facet." },
    { "observed_label_distribution", "Distribution of observed label outcomes for sensitive facet" },
    { "confusion_matrix", "Fractions of TP, FP, FN, TN." } }
  for i = 1, predicted and 3 or 2 do
    list[i] = { name = described[i][1], description = described[i][2], value = stats[described[i][1]],
      error = stats.error }
  end
  return list
end

-- { {facet, entries = { {value_or_threshold, metrics, basics}, … }}, … }
local function stage(o, given_names, all, predicted)
  local names, facets = wanted(given_names, all), {}
  local groups = o.group and not group_error(o.group) and core.groups { o.group.column } or {}
  for i, facet in ipairs(o.facets) do
    local sets, masks = facet_sets(facet.column, facet.values), {}
    for k, set in ipairs(sets) do masks[k] = set.mask end
    local computed = core.report { labels = o.label_index,
      predictions = predicted and o.prediction_index or nil, facets = masks, groups = groups.codes,
      n_groups = groups.n, metrics = without_flip(names) }
    local entries = {}
    for k, set in ipairs(sets) do
      entries[k] = { value_or_threshold = set.text, cells = computed[k].cells,
        metrics = finish_metrics(o, names, facet.name, set, computed[k]),
        basics = basics_of(computed[k], predicted) }
    end
    facets[i] = { facet = facet.name, entries = entries }
  end
  return facets
end

-- ---- what is asked ------------------------------------------------------------------------------

local function same_values(a, b)
  if #a ~= #b then return false end
  for i, value in ipairs(a) do
    if value ~= b[i] then return false end
  end
  return true
end

local function check_columns(o)
  for _, facet in ipairs(o.facets) do
    if not facet.column then fail("Facet column %s is not present in the dataset", facet.name) end
  end
  if not o.values or #o.values == 0 then
    fail("Positive label values or thresholds are empty for Label column")
  end
  if o.predicted_values and not same_values(o.predicted_values, o.values) then
    fail("Positive predicted label values or threshold should be empty or same as label values or "
      .. "thresholds")
  end
end

local function has_true(mask)
  return mask:max() == true or mask:max() == 1
end

local function read_predictions(o)
  if not o.prediction then fail("predicted_label_column has to be provided for Post training metrics") end
  if o.prediction:kind(o.values) ~= o.label:kind(o.values) then
    fail("Predicted Label Column series datatype is not the same as Label Column series")
  end
  o.prediction_index = o.prediction:index(o.values, o.label)
  if not has_true(o.prediction_index) then
    fail("No Label values are present in the predicted Label Column,Positive Predicted Index Series "
      .. "contains all False values")
  end
end

-- One stage of smclarify's bias_report. `o`: { columns = { series… }, facets = { {name, column, values},
-- … }, label, values, prediction, predicted_values, group, metrics, js_2020 }. Raises Clarify's errors.
function measure.bias(o, post)
  check_columns(o)
  if post then read_predictions(o) end
  o.label_index, o.label_text = o.label:index(o.values)
  return stage(o, o.metrics, post and post_names or pre_names, post)
end

-- Classes in the order numpy sorts them: numbers by size, text by bytes.
local function sorted_classes(column)
  local list = {}
  for _, entry in ipairs(column:distinct()) do
    if not entry.is_missing then list[#list + 1] = entry.value end
  end
  table.sort(list, function(a, b)
    if type(a) == "boolean" then return not a and b end
    return a < b
  end)
  for i, value in ipairs(list) do list[i] = series.str(value) end
  return list
end

local python_text = { ["true"] = "True", ["false"] = "False" }

-- { {true class, { {predicted class, count}, … }}, … } over the classes seen in the label.
function measure.confusion(label, prediction)
  local classes, counts = sorted_classes(label), {}
  local pairs_seen = core.groups { label.column, prediction.column }
  for _, entry in ipairs(series.rows(pairs_seen.codes:value_counts())) do
    local names = entry.value and entry.value >= 0 and pairs_seen.names[entry.value + 1]
    if names then
      counts[(python_text[names[1]] or names[1]) .. "\0" .. (python_text[names[2]] or names[2])] =
        entry.count
    end
  end
  local rows = {}
  for i, class in ipairs(classes) do
    local row = {}
    for k, predicted in ipairs(classes) do
      row[k] = { predicted, (counts[class .. "\0" .. predicted] or 0) + 0.0 }
    end
    rows[i] = { class, row }
  end
  return rows
end

-- smclarify's model_performance_report.
function measure.performance(o)
  read_predictions(o)
  o.label_index, o.label_text = o.label:index(o.values)
  local _, performance = core.report { labels = o.label_index, predictions = o.prediction_index,
    facets = { o.label_index }, metrics = {} }
  local categorical = o.label:kind(o.values) == "CATEGORICAL"
  return { label = o.label.name, metrics = performance.metrics,
    binary = performance.confusion_matrix,
    confusion = categorical and measure.confusion(o.label, o.prediction) or nil }
end

return measure
