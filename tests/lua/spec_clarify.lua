-- Clarify's configuration and its analysis.json: inference of types, error texts, layout.
local t = require "harness"
local wf = require "wf"

local clarify = require "wf.clarify"
local layout = require "wf.clarify.layout"
local measure = require "wf.clarify.measure"
local series = require "wf.clarify.series"
local frame, json = wf.frame, wf.json

local function oracle(name)
  return json.decode(t.read(t.test_oracle("bias/oracle/" .. name .. ".json")))
end

-- ---- comparing ----------------------------------------------------------------------------------

local function plain(value)
  if value == "Infinity" then return math.huge elseif value == "-Infinity" then return -math.huge end
  if value == json.null then return nil end
  return value
end

local compared = 0

local function same_value(actual, expected, what)
  compared = compared + 1
  expected = plain(expected)
  if type(expected) == "table" then
    for i, value in ipairs(expected) do same_value(actual[i], value, what) end
  elseif type(expected) == "number" and math.abs(expected) < math.huge then
    t.ok(actual, what .. ": there is no value")
    t.near(actual, expected, 1e-12 * math.max(1, math.abs(expected)), what)
  else
    t.equal(actual, expected, what)
  end
end

-- FT is exact where no row has equally distant neighbours that matter, else the legal interval holds it.
local function same_metric(actual, expected, what)
  t.equal(actual.name, expected.name, what)
  what = what .. " " .. expected.name
  t.equal(actual.description, expected.description, what)
  t.equal(actual.error, expected.error, what)
  if expected.name == "FT" and actual.n_ambiguous and actual.n_ambiguous > 0 then
    t.ok(actual.least <= expected.value and expected.value <= actual.most, what)
    compared = compared + 1
  else
    same_value(actual.value, expected.value, what)
  end
end

local function same_entries(actual, expected, what)
  t.equal(#actual, #expected, what)
  for i, entry in ipairs(expected) do
    local mine = actual[i]
    t.equal(mine.value_or_threshold, entry.value_or_threshold, what)
    t.equal(#mine.metrics, #entry.metrics, what)
    for k, metric in ipairs(entry.metrics) do
      same_metric(mine.metrics[k], metric, ("%s %s"):format(what, entry.value_or_threshold))
    end
  end
end

-- ---- type inference -----------------------------------------------------------------------------

local function list_of(values)
  local list = {}
  for i, value in ipairs(values) do list[i] = value == json.null and frame.missing or value end
  return list
end

local function column_of(name, given)
  local column = series.from_list(name, list_of(given.values), given.dtype)
  column.missing_type = "NoneType"
  return column
end

local function edge_case(case)
  local columns, by_name, config = {}, {}, case.config
  for _, name in ipairs { "y", "p", "g", "f" } do
    if case.columns[name] then
      by_name[name] = column_of(name, case.columns[name])
      columns[#columns + 1] = by_name[name]
    end
  end
  local function given(values) return values ~= json.null and values or nil end
  return { columns = columns, label = by_name[config.label], values = config.label_values_or_threshold,
    facets = { { name = config.facet, column = by_name[config.facet], values = given(config.facet_values) } },
    prediction = given(config.predicted_label) and by_name[config.predicted_label],
    group = given(config.group_variable) and by_name[config.group_variable] }
end

local function expect_stage(case, post, expected)
  if expected == nil or expected == json.null then return end
  if expected.raises then
    t.raises("invalid", expected.message, measure.bias, edge_case(case), post)
    compared = compared + 1
    return
  end
  local o = edge_case(case)
  local facets = measure.bias(o, post)
  t.equal(o.label_text, case.label_value_or_threshold, case.name)
  same_entries(facets[1].entries, expected, case.name)
end

t.test("the inference of types is Clarify's in every edge case", function()
  local cases = oracle("edge_types").cases
  t.equal(#cases, 37)
  compared = 0
  for _, case in ipairs(cases) do
    expect_stage(case, false, case.pre_training)
    expect_stage(case, true, case.post_training)
  end
  t.ok(compared > 600, compared)
end)

local function vector_series(given)
  return column_of(given.name or "x", given)
end

local function vector_report(input)
  local df, columns, by_name = input.df, {}, {}
  for i, name in ipairs(df.columns) do
    columns[i] = column_of(name, { values = df.data[i], dtype = df.dtypes[i] })
    by_name[name] = columns[i]
  end
  local function given(values) return values ~= json.null and values or nil end
  local label, predicted = input.label_column, input.predicted_label_column
  local facet = input.facet_column
  local function labelled(column)
    return column_of(column.name, column.series)
  end
  return { columns = columns, label = labelled(label), values = given(label.positive_label_values),
    facets = facet and { { name = facet.name, column = by_name[facet.name], values = given(facet.values) } },
    prediction = predicted and labelled(predicted),
    predicted_values = predicted and given(predicted.positive_label_values),
    group = input.group_variable and column_of("group", input.group_variable), metrics = input.metrics }
end

local checkers = {
  series_datatype = function(v)
    local values = v.input.values ~= json.null and v.input.values or nil
    t.equal((vector_series(v.input.series):kind(values)), v.output, v.test)
  end,
  label_value_or_threshold = function(v)
    local _, text = vector_series(v.input.label_series):index(v.input.positive_values)
    t.equal(text, v.output, v.test)
  end,
  convert_positive_label_values = function(v)
    local got = vector_series(v.input.series):converted(v.input.positive_label_values)
    for i, value in ipairs(v.output) do t.equal(got[i], value, v.test) end
  end,
  multicategory_confusion_matrix = function(v)
    local rows = measure.confusion(vector_series(v.input.label_series),
      vector_series(v.input.predicted_label_series))
    local got = {}
    for _, row in ipairs(rows) do
      got[row[1]] = {}
      for _, cell in ipairs(row[2]) do got[row[1]][cell[1]] = cell[2] end
    end
    t.equal(got, v.output, v.test)
  end,
  bias_report = function(v)
    local o = vector_report(v.input)
    local post = v.input.stage_type == "post_training"
    if v.raises then
      -- The one message about a Python enumeration has no counterpart.
      if v.message:find("StageType") then return end
      t.raises("invalid", v.message, measure.bias, o, post)
    else
      same_entries(measure.bias(o, post)[1].entries, v.output, v.test)
    end
  end,
  bias_basic_stats = function(v)
    local o = vector_report(v.input)
    local entries = {}
    for i, entry in ipairs(measure.bias(o, v.input.stage_type == "post_training")[1].entries) do
      entries[i] = { value_or_threshold = entry.value_or_threshold, metrics = entry.basics }
    end
    same_entries(entries, v.output, v.test)
  end,
  model_performance_report = function(v)
    local got = measure.performance(vector_report(v.input))
    t.equal(got.label, v.output.label)
    for i, metric in ipairs(v.output.model_performance_metrics) do
      same_metric(got.metrics[i], metric, v.test)
    end
    same_value(got.binary, v.output.binary_confusion_matrix, v.test)
  end,
}

-- ---- single functions: of flags, of counts ------------------------------------------------------

local core = require "wf.core.bias"

local function flags(given)
  return frame.new({ names = { "x" }, columns = { given } }).x
end

-- Rows of which so many are so.
local function counted(counts)
  local labels, predictions = {}, {}
  for cell, n in pairs(counts) do
    for _ = 1, n do
      labels[#labels + 1] = cell == "TP" or cell == "FN"
      predictions[#predictions + 1] = cell == "TP" or cell == "FP"
    end
  end
  return { labels = flags(labels), predictions = flags(predictions), facet = flags(labels) }
end

local function text_flags(values)
  local list = {}
  for i, value in ipairs(values) do list[i] = value == true or value == "1" or value == "True" end
  return flags(list)
end

local function metric_of(name)
  return function(v)
    local given = v.input
    local facet = given.sensitive_facet_index or given.positive_label_index
    local labels = given.positive_label_index or given.label or given.positive_predicted_label_index or facet
    local got = core.compute { labels = text_flags(labels.values), facet = flags(facet.values),
      predictions = given.positive_predicted_label_index
        and flags(given.positive_predicted_label_index.values), metrics = { name } }[1]
    if v.raises then
      t.contains(got.error, v.message)
    else
      same_value(got.value, v.output, v.test .. " " .. name)
    end
  end
end

local function performance_of(name)
  return function(v)
    local rows = counted(v.input)
    local _, performance = core.report { labels = rows.labels, predictions = rows.predictions,
      facets = { rows.facet } }
    for _, metric in ipairs(performance.metrics) do
      if metric.name == name then return same_value(metric.value, v.output, name) end
    end
    error("there is no performance metric " .. name)
  end
end

local function basics_of(v)
  local given = v.input
  local facet = flags(given.sensitive_facet_index.values)
  local labels = given.positive_label_index and flags(given.positive_label_index.values) or facet
  local predictions = given.positive_predicted_label_index
  return core.report { labels = labels, facets = { facet },
    predictions = predictions and flags(predictions.values) }[1].basics
end

local function same_list(got, expected, what)
  t.equal(#got, #expected)
  for i, value in ipairs(expected) do t.near(got[i], value, 1e-12, what) end
end

for _, name in ipairs { "CI", "KL", "JS", "LP", "DI", "DCA", "DCR", "RD", "SD", "DRR", "AD", "DAR", "TE", "GE" } do
  checkers[name] = metric_of(name)
end
for name, title in pairs { accuracy = "Accuracy", PPL = "Proportion of Positive Predictions in Labels",
  PNL = "Proportion of Negative Predictions in Labels", recall = "True Positive Rate / Recall",
  specificity = "True Negative Rate / Specificity",
  precision = "Acceptance Rate / Precision", rejection_rate = "Rejection Rate", f1_score = "F1 Score",
  conditional_acceptance = "Conditional Acceptance", conditional_rejection = "Conditional Rejection" } do
  checkers[name] = performance_of(title)
end
function checkers.KS(v)
  local classes = {}
  for _, value in ipairs(v.input.label.values) do classes[value] = true end
  if classes["2"] then return "skipped" end -- of three classes, which no report has
  metric_of "KS" (v)
end
function checkers.proportion(v) t.near(basics_of(v).proportion, v.output, 1e-12) end
function checkers.observed_label_distribution(v)
  same_list(basics_of(v).observed_label_distribution, v.output, v.test)
end
function checkers.confusion_matrix(v) same_list(basics_of(v).confusion_matrix, v.output, v.test) end
function checkers.calc_confusion_matrix_quadrants(v)
  local labels, predictions = v.input.positive_label_index.values, v.input.positive_predicted_label_index.values
  if #labels ~= #predictions then return "skipped" end -- rows that pandas aligns by index
  local _, cells = core.compute { labels = flags(labels), predictions = flags(predictions),
    facet = flags(labels) }
  for i, name in ipairs { "tp", "tn", "fp", "fn" } do
    t.equal(cells.d[name] + cells.a[name], v.output[i] + 0.0, v.test)
  end
end
function checkers.metric_one_vs_all(v)
  if v.input.metric == "CDDL" then return "skipped" end -- its groups are another series: in the reports
  local label = v.input.kwargs and v.input.kwargs.positive_label_index or { values = {} }
  for value, expected in pairs(v.output) do
    local facet = {}
    for i, given in ipairs(v.input.feature.values) do facet[i] = given == value end
    local labels = #label.values > 0 and flags(label.values) or flags(facet)
    same_value(core.compute({ labels = labels, facet = flags(facet), metrics = { v.input.metric } })[1].value,
      expected, v.test)
  end
end
function checkers.FT(v)
  if v.raises then return "skipped" end -- text columns: an edge case of the reports above
  local got = core.flip { features = frame.new { names = v.input.df.columns, columns = v.input.df.data },
    facet = flags(v.input.sensitive_facet_index.values),
    predictions = flags(v.input.positive_predicted_label_index.values) }
  t.ok(got.least <= v.output + 1e-12 and v.output <= got.most + 1e-12, v.test)
end

t.test("recorded calls of the library's own tests", function()
  local done = 0
  for _, vector in ipairs(oracle("smclarify_unit_vectors").vectors) do
    local check = checkers[vector["function"]]
    if check and check(vector) ~= "skipped" then done = done + 1 end
  end
  t.equal(done, 141)
end)

-- ---- whole analyses -----------------------------------------------------------------------------

local cases = { "clarify_real_fraud_bias_1", "clarify_real_fraud_bias_2", "compas_race_sex_pos0",
  "compas_race_sex_pos1", "compas_race_sex_7214_pos0", "compas_multivalue_facet", "compas_one_vs_all",
  "compas_continuous_label_threshold", "compas_integer_trap", "compas_multiclass_label",
  "compas_numeric_ft", "compas_numeric_ft_jitter", "fraud_train_16000" }

local function same_stage(facets, expected, what)
  for _, facet in ipairs(facets) do
    same_entries(facet.entries, expected.facets[facet.facet], what .. " " .. facet.facet)
  end
end

local function same_basics(facets, expected, what)
  for _, facet in ipairs(facets) do
    local entries = {}
    for i, entry in ipairs(facet.entries) do
      entries[i] = { value_or_threshold = entry.value_or_threshold, metrics = entry.basics }
    end
    same_entries(entries, expected.facets[facet.facet], what .. " " .. facet.facet)
  end
end

local function same_confusion(rows, expected, what)
  if not expected then return end
  for _, row in ipairs(rows) do
    for _, cell in ipairs(row[2]) do t.equal(cell[2], expected[row[1]][cell[1]], what) end
  end
end

t.test("analyses of real data equal the library's", function()
  compared = 0
  for _, name in ipairs(cases) do
    local case = oracle(name)
    local analysis = clarify.run(case.config, { data = t.test_oracle("bias/oracle/" .. case.csv) })
    local expected = case.expected
    t.equal(analysis.label_text, expected.pre_training_bias_metrics.label_value_or_threshold, name)
    same_stage(analysis.pre, expected.pre_training_bias_metrics, name)
    same_stage(analysis.post, expected.post_training_bias_metrics, name)
    same_basics(analysis.post, expected.bias_basic_stats, name)
    local report = expected.model_performance_report
    for i, metric in ipairs(report.model_performance_metrics) do
      same_metric(analysis.performance.metrics[i], metric, name)
    end
    same_value(analysis.performance.binary, report.binary_confusion_matrix, name)
    same_confusion(analysis.performance.confusion, report.confusion_matrix, name)
  end
  t.ok(compared > 1000, compared)
end)

-- The service's runs computed JS by its formula of the time, and fewer metrics.
local function service_run(number)
  local case = oracle("clarify_real_fraud_bias_" .. number)
  local config = {}
  for key, value in pairs(case.config) do config[key] = value end
  config.methods = { pre_training_bias = { methods = "all" }, post_training_bias = { methods = {} } }
  local published = t.read(t.test_oracle("clarify/bias_" .. number .. "/analysis.json"))
  local facets = json.decode(published).post_training_bias_metrics.facets
  for i, metric in ipairs(facets.customer_gender_female[1].metrics) do
    config.methods.post_training_bias.methods[i] = metric.name
  end
  return clarify.run(config, { data = t.test_oracle("bias/oracle/" .. case.csv), js_2020 = true }),
    published
end

t.test("the service's own output is reproduced, byte for byte but FT", function()
  for number = 1, 2 do
    local analysis, published = service_run(number)
    local text = analysis:json()
    -- The first run's features are lost, so that its FT cannot be known.
    local function without_flip(json_text)
      return (json_text:gsub('("name": "FT",%s+"description": "[^"]+",%s+"value": )[^\n]+', "%1FT"))
    end
    if number == 2 then
      t.equal(text, (published:gsub("%s+$", "")))
    else
      t.equal(without_flip(text), (without_flip(published):gsub("%s+$", "")))
    end
  end
end)

t.test("numbers are written as Python writes them", function()
  for text, value in pairs { ["0.1"] = 0.1, ["1e-05"] = 0.00001, ["0.0001"] = 0.0001, ["1e+16"] = 1e16,
    ["1000000000000000.0"] = 1e15, ["-72.0"] = -72.0, ["5e-324"] = 5e-324, ["1.7976931348623157e+308"] =
    1.7976931348623157e308, ["0.30000000000000004"] = 0.1 + 0.2, ["-0.0"] = -0.0, ["123456.789"] = 123456.789,
    ["1.5e-07"] = 1.5e-7, ["0"] = 0, ["12345678901234567"] = 12345678901234567 } do
    t.equal(series.str(value), text)
  end
  t.equal(layout.encode(layout.object { { "é\n", math.huge }, { "x", layout.null }, { "y", {} } }),
    '{\n    "\\u00e9\\n": "Infinity",\n    "x": null,\n    "y": []\n}')
  t.equal(layout.encode("😀"), '"\\ud83d\\ude00"')
end)

-- ---- the command --------------------------------------------------------------------------------

local config = [[{ "dataset_type": "text/csv", "dataset_uri": "data.csv", "label": "y",
  "label_values_or_threshold": [1], "predicted_label": "p", "facet": [{ "name_or_index": "s",
  "value_or_threshold": ["f"] }], "methods": { "pre_training_bias": { "methods": "all" },
  "post_training_bias": { "methods": ["DPPL", "DI"] }, "report": { "name": "report" } } }]]

local function rows(n, with_header)
  local lines = { with_header and "y,p,s" or nil }
  for i = 1, n do
    lines[#lines + 1] = ("%d,%d,%s"):format(i % 2, i % 3 == 0 and 1 or 0, i % 5 < 2 and "f" or "m")
  end
  return table.concat(lines, "\n") .. "\n"
end

t.test("wf clarify reads the configuration and writes analysis.json", function()
  require("wf.core.sys").make_directories(t.directory() .. "/job")
  t.write("job/analysis_config.json", config)
  t.write("job/data.csv", rows(100, true))
  local result = t.wf { "clarify", "job/analysis_config.json", "--output", "out" }
  t.equal(result.status, 0, result.err)
  t.contains(result.out, "favourable: y: equal to 1", "fewer than 5 %")
  local analysis = json.decode(t.read(t.directory() .. "/out/analysis.json"))
  t.equal(#analysis.post_training_bias_metrics.facets.s[1].metrics, 2)
  t.equal(analysis.pre_training_bias_metrics.facets.s[1].metrics[2].name, "CI")
  t.ok(t.read(t.directory() .. "/out/report.txt"))
end)

t.test("headers name the columns of a file without them", function()
  local path = t.write("plain.csv", rows(100, false))
  local decoded = json.decode(config)
  decoded.headers = { "y", "p", "s" }
  local bare = clarify.run(decoded, { data = path })
  local named = clarify.run(decoded, { data = t.write("named.csv", rows(100, true)) })
  t.equal(bare:json(), named:json())
  decoded.facet[1].name_or_index, decoded.label = 2, 0
  t.equal(clarify.run(decoded, { data = path }):json(), named:json())
  decoded.label = "0"
  t.equal(clarify.run(decoded, { data = path }):json(), named:json())
end)

t.test("what cannot be done is refused by name", function()
  local decoded = json.decode(config)
  decoded.dataset_uri = "s3://bucket/key"
  t.raises("unsupported", "is not a local path", clarify.run, decoded)
  decoded.segment_config = {}
  t.raises("unsupported", "unknown key 'segment_config'", clarify.run, decoded)
  decoded.segment_config, decoded.label = nil, "why"
  local asks = json.decode(config)
  asks.predictor, asks.predicted_label = { model_name = "m" }, nil
  t.raises("invalid", "asks a predictor", clarify.run, asks, { data = t.write("e.csv", rows(100, true)) })
  t.raises("not_found", "label: unknown column 'why'", clarify.run, decoded,
    { data = t.write("d.csv", rows(100, true)) })
  local result = t.wf { "clarify", "absent.json" }
  t.equal(result.status, 1)
  t.contains(result.err, "absent.json")
end)

t.test("a 0.0/1.0 label that is silently inverted is warned of", function()
  local decoded = json.decode(config)
  decoded.label_values_or_threshold = { 0 }
  decoded.methods.post_training_bias = nil
  local text = rows(100, true) .. ",0,m\n"     -- one missing label makes the integers floats
  local analysis = clarify.run(decoded, { data = t.write("d.csv", text) })
  t.contains(tostring(analysis), "warning: y holds 0 and 1 but was read as continuous",
    "a missing value makes its integers floats")
  t.equal(analysis.label_text, "(0.0, 1.0]")
end)

-- ---- methods.shap -------------------------------------------------------------------------------

local claims = require("generate_claims").frames { rows = 1200, seed = 11 }
local told = claims:select { "num_witnesses", "num_injuries", "incident_severity", "vehicle_claim", "fraud" }
local model = wf.xgboost.train { data = told, label = "fraud", rounds = 4,
  recipe = wf.recipe.new():one_hot(wf.recipe.strings()),
  params = { objective = "binary:logistic", max_depth = 3, seed = 1 } }

local function shap_config(more)
  local settings = { agg_method = "mean_sq" }
  for key, value in pairs(more or {}) do settings[key] = value end
  return { dataset_type = "text/csv", label = "fraud", methods = { shap = settings } }
end

t.test("methods.shap explains the model exactly, by the dataset's columns", function()
  wf.csv.write(told, t.directory() .. "/data.csv")
  model:write(t.directory() .. "/model.tar.gz")
  t.write("config.json", json.encode(shap_config { num_samples = 15, seed = 1 }))
  local result = t.wf { "clarify", "config.json", "--data", "data.csv", "--model", "model.tar.gz",
    "--output", "out" }
  t.equal(result.status, 0, result.err)
  t.contains(result.out, "shap: exact path-dependent TreeSHAP, of the model's margin",
    "num_samples, seed not used", "label0: expected value")
  local analysis = json.decode(t.read(t.directory() .. "/out/analysis.json"))
  local block = analysis.explanations.kernel_shap.label0
  local explained = wf.shap.explain(model, told)
  local ranking = explained:by_source():global("mean_sq")
  t.equal(block.expected_value, explained:base())
  for row = 1, #ranking do
    t.equal(block.global_shap_values[ranking.feature[row]], ranking.importance[row])
  end
  local values = wf.csv.read(t.directory() .. "/out/explanations_shap/out.csv")
  t.equal(values:columns()[1], "num_witnesses_label0")
  t.equal(values.incident_severity_label0[9], explained:by_source():values().incident_severity[9])
end)

t.test("methods.shap is relative to the baseline", function()
  local baseline = { { 1, 0, "Minor", 1000 } }
  local named = shap_config { baseline = baseline }
  named.predictor = { label_headers = { "fraud" } }
  local analysis = clarify.run(named, { data = told, model = model })
  t.contains(tostring(analysis), "  fraud: expected value")
  t.ok(json.decode(analysis:json()).explanations.kernel_shap.fraud)
  local background = wf.frame.new { names = { "num_witnesses", "num_injuries", "incident_severity",
    "vehicle_claim" }, columns = { { 1 }, { 0 }, { "Minor" }, { 1000.0 } } }
  t.near(analysis.shap.explained:base(), model:predict(background, { kind = "margin" })[1], 1e-6)
  t.contains(tostring(analysis), "exact interventional TreeSHAP against 1 row, of the model's margin")
  analysis:write(t.directory() .. "/out")
  t.equal(#wf.csv.read(t.directory() .. "/out/explanations_shap/baseline.csv"), 1)
end)

t.test("methods.shap beside bias, of chosen features, without local values", function()
  local path = t.directory() .. "/data.csv"
  wf.csv.write(told, path)
  local both = shap_config { features_to_explain = { "num_injuries", 2 }, save_local_shap_values = false }
  both.methods.pre_training_bias = { methods = { "CI" } }
  both.label_values_or_threshold, both.facet = { 1 }, { { name_or_index = "incident_severity",
    value_or_threshold = { "Major" } } }
  local analysis = clarify.run(both, { data = path, model = model })
  analysis:write(t.directory() .. "/out")
  local found = json.decode(t.read(t.directory() .. "/out/analysis.json"))
  t.ok(found.pre_training_bias_metrics)
  local values = found.explanations.kernel_shap.label0.global_shap_values
  t.ok(values.num_injuries and values.incident_severity and not values.num_witnesses)
  t.ok(not require("wf.core.sys").exists(t.directory() .. "/out/explanations_shap"))
end)

t.test("encoded datasets are explained by feature", function()
  local encoded = model:matrix(told):frame():with("fraud", told.fraud)
  local analysis = clarify.run(shap_config(), { data = encoded, model = model })
  t.equal(analysis.shap.explained:features(), model:features())
end)

t.test("settings of methods.shap are checked", function()
  local function run(more, given)
    return clarify.run(shap_config(more), given or { data = told, model = model })
  end
  t.raises("invalid", "did you mean 'mean_abs'?", run, { agg_method = "mean_abd" })
  t.raises("unsupported", "methods.shap: unknown key 'text_config'", run, { text_config = {} })
  t.raises("type", "num_samples must be a number, not string", run, { num_samples = "many" })
  t.raises("invalid", "both a baseline and num_clusters", run, { baseline = { { 1 } }, num_clusters = 2 })
  t.raises("not_found", "did you mean 'num_injuries'?", run, { features_to_explain = { "num_injurie" } })
  t.raises("invalid", "give it (--model)", run, {}, { data = told })
end)

t.test("methods.shap by Kernel SHAP takes baseline, samples and seed", function()
  local given = { data = told:head(40), model = model, shap = "kernel" }
  local config_of = shap_config { baseline = { { 1, 0, "Minor", 1000 }, { 0, 2, json.null, 25000.5 } },
    num_samples = 200, seed = 3 }
  local analysis = clarify.run(config_of, given)
  t.contains(tostring(analysis), "shap: Kernel SHAP against 2 rows, of the prediction")
  local explained, scores = analysis.shap.explained, model:predict(told:head(40))
  t.equal(#explained:features(), 4)
  for row = 1, 40 do
    local sum = explained:base()
    for _, name in ipairs(explained:features()) do sum = sum + explained:values():column(name)[row] end
    t.near(sum, scores[row], 1e-6)
  end
  analysis:write(t.directory() .. "/out")
  t.equal(#wf.csv.read(t.directory() .. "/out/explanations_shap/baseline.csv"), 2)
  t.write("baseline.csv", "1,0,Minor,1000\n0,2,,25000.5\n")
  config_of.methods.shap.baseline = t.directory() .. "/baseline.csv"
  t.equal(clarify.run(config_of, given):json(), analysis:json())
  config_of.methods.shap.use_logit = true
  t.contains(tostring(clarify.run(config_of, given)), "of the log-odds of the prediction")
  t.raises("invalid", "row 1 has 2 values for the 4 columns", clarify.run,
    shap_config { baseline = { { 1, 0 } } }, given)
end)

t.finish()
