-- Explanations: values, columns, reasons in words, Clarify's files, and as values of steps.
local t = require "harness"
local wf = require "wf"

local claims = require("generate_claims").frames { rows = 300, seed = 5 }
local data = claims:select { "num_witnesses", "num_injuries", "incident_severity", "vehicle_claim",
  "police_report_available", "fraud" }
local function train(params, label, given)
  params.max_depth, params.seed = 3, 1
  return (wf.xgboost.train { data = given or data, label = label or "fraud", rounds = 4, params = params,
    recipe = wf.recipe.new():ordinal("police_report_available", { "No", "Yes" })
      :one_hot(wf.recipe.strings()) })
end
local model = train { objective = "binary:logistic" }
local explained = wf.shap.explain(model, data)

local function sum_of(e, row, output)
  local sum = e:base(output)
  for _, name in ipairs(e:features()) do sum = sum + e:values(output):column(name)[row] end
  return sum
end

t.test("contributions add up, by feature and by raw column", function()
  local margin, grouped = model:predict(data, { kind = "margin" }), explained:by_source()
  t.equal(explained:features(), model:features())
  t.equal(grouped:features(), { "num_witnesses", "num_injuries", "incident_severity", "vehicle_claim",
    "police_report_available" })
  for row = 1, #data, 17 do
    t.near(sum_of(explained, row), margin[row], 1e-6)
    t.near(sum_of(grouped, row), margin[row], 1e-6)
  end
  t.equal({ #explained, explained:rows(), explained:output_count() }, { 300, 300, 1 })
  t.raises("invalid", "there is no output 2; the model has 1", explained.values, explained, 2)
end)

t.test("a one-hot column is the sum of its indicators", function()
  local sources, features = explained:sources(), explained:features()
  local expected, n = 0.0, 0
  for i, source in ipairs(sources) do
    if source == "incident_severity" then
      expected, n = expected + explained:values():column(features[i])[7], n + 1
    end
  end
  t.ok(n >= 3)
  t.equal(explained:by_source():values().incident_severity[7], expected)
end)

t.test("global importance in three ways", function()
  local values, name = explained:values(), explained:features()[1]
  local absolute, squares = 0.0, 0.0
  for _, value in ipairs(values:column(name):to_table()) do
    absolute, squares = absolute + math.abs(value), squares + value * value
  end
  local function importance(how)
    local ranking = explained:global(how)
    local order = ranking.importance:to_table()
    for i = 2, #order do t.ok(order[i] <= order[i - 1], "sorted") end
    for i, feature in ipairs(ranking.feature:to_table()) do
      if feature == name then return order[i] end
    end
  end
  t.near(importance("mean_abs"), absolute / #data, 1e-12)
  t.near(importance("mean_sq"), squares / #data, 1e-12)
  t.ok(importance("median"))
  t.raises("invalid", "did you mean 'median'?", explained.global, explained, "medain")
end)

t.test("of the probability, alone and against a background", function()
  local probability, rows = model:predict(data), data:slice(200, 240)
  local alone = wf.shap.explain(model, data, { output = "probability" })
  local against = wf.shap.explain(model, data, { output = "probability", background = rows })
  t.near(against:base(), model:predict(rows):mean(), 1e-6)
  for row = 1, #data, 29 do
    t.near(sum_of(alone, row), probability[row], 1e-6)
    t.near(sum_of(against, row), probability[row], 1e-6)
  end
  t.contains(tostring(alone), "exact Shapley values of the probability", "(probability)")
  t.contains(against:reasons(1, 1)[1].text, "(probability)")
  t.raises("invalid", "did you mean 'probability'?", wf.shap.explain, model, data, { output = "probabilty" })
end)

t.test("interactions add up to the values", function()
  local few = data:head(10)
  local s, i = wf.shap.explain(model, few), wf.shap.interactions(model, few, { threads = 1 })
  t.equal({ i:rows(), #i, i:output_count(), i:base(), i:features() }, { 10, 10, 1, s:base(), model:features() })
  local square, names, row = i:matrix(3), i:features(), s:values():row(3)
  for k, a in ipairs(names) do
    local sum = 0
    for _, b in ipairs(names) do sum = sum + square:column(b)[k] end
    t.near(sum, row[a], 1e-12)
  end
  t.equal(i:pair(names[1], names[2])[3], 2 * square:column(names[1])[2])
  t.equal(i:pair(names[2], names[1]):to_table(), i:pair(names[1], names[2]):to_table())
  t.equal(i:pair(names[1], names[1])[3], square:column(names[1])[1])
  local ranking = i:global()
  t.equal(#ranking, #names * (#names - 1) // 2)
  t.equal(ranking:columns(), { "feature_a", "feature_b", "interaction" })
  local mean = 0
  for k = 1, 10 do mean = mean + math.abs(i:pair(ranking.feature_a[1], ranking.feature_b[1])[k]) / 10 end
  t.near(ranking.interaction[1], mean, 1e-12)
  t.ok(ranking.interaction[1] >= ranking.interaction[2])
  t.contains(tostring(i), "SHAP interactions of 10 rows", ranking.feature_a[1])
  t.equal(wf.shap.interactions(model, data:head(0)):base(), nil)
  t.raises("invalid", "no row 11", i.matrix, i, 11)
  t.raises("invalid", "no output 2", i.matrix, i, 1, 2)
  t.raises("not_found", "unknown feature 'nobody'", i.pair, i, "nobody", names[1])
  t.raises("invalid", "did you mean 'threads'?", wf.shap.interactions, model, few, { thread = 1 })
end)

t.test("a step keeps interactions", function()
  local script = t.with_examples .. [[
    local wf = require "wf"
    local data = require("generate_claims").frames { rows = 60, seed = 3 }
      :select { "num_witnesses", "num_injuries", "vehicle_claim", "fraud" }
    local model = wf.xgboost.train { data = data, label = "fraud", rounds = 3,
      params = { objective = "binary:logistic", max_depth = 3, seed = 1 } }
    local run <close> = wf.run { name = "keep" }
    local i = run:step("interactions", function() return wf.shap.interactions(model, data) end)
    print(i, i:pair("num_injuries", "vehicle_claim")[5], i:matrix(60), i:base())]]
  local first, again = t.succeeds(script), t.succeeds(script)
  t.contains(again.err, "Cached")
  t.equal(again.out, first.out)
  t.contains(first.out, "SHAP interactions of 60 rows")
end)

t.test("relative to a background", function()
  local background = data:slice(200, 240)
  local e, margin = wf.shap.explain(model, data, { background = background }), model:predict(data, { kind = "margin" })
  t.near(e:base(), model:predict(background, { kind = "margin" }):mean(), 1e-6)
  for row = 1, #data, 31 do t.near(sum_of(e, row), margin[row], 1e-6) end
  t.contains(tostring(e), "exact interventional TreeSHAP against 41 rows")
  t.raises("invalid", "did you mean 'background'?", wf.shap.explain, model, data, { backgrund = background })
end)

t.test("reasons are the largest contributions, in words", function()
  local grouped, row = explained:by_source(), 3
  local reasons, before = explained:reasons(row, 10), math.huge
  local seen = 0.0
  for _, reason in ipairs(reasons) do
    t.ok(math.abs(reason.contribution) <= before and reason.contribution ~= 0)
    before = math.abs(reason.contribution)
    t.near(reason.contribution, grouped:values():column(reason.column)[row], 1e-15)
    t.equal(reason.value, data:column(reason.column)[row])
    local way = reason.contribution > 0 and "raised" or "lowered"
    t.contains(reason.text, reason.column .. " = ", (" %s it by %.3g (margin)"):format(way, before))
    seen = seen + reason.contribution
  end
  t.near(seen, sum_of(explained, row) - explained:base(), 1e-9)
  t.equal(#explained:reasons(row), math.min(3, #reasons))
  t.equal(#explained:reasons(row, 1), 1)
  local feature = explained:reasons(row, 1, { by = "feature" })[1]
  t.ok(feature.feature and feature.column)
  t.raises("invalid", "there is no row 301; there are 300", explained.reasons, explained, 301)
  t.raises("invalid", "did you mean 'by'?", explained.reasons, explained, 1, 3, { bye = "column" })
end)

t.test("reasons say what is missing and write numbers plainly", function()
  local values = wf.frame.new { { "a", { 0.5, -0.5 } }, { "b", { -2.0, 0.0 } }, { "c", { 0.25, 0.0 } } }
  local e = wf.shap.new { values = values, base = 1.0, method = "hand", sources = { "age", "size", "c" },
    data = wf.frame.new { { "age", { 5.0, 0.1 } }, { "size", { "a b", wf.frame.missing } } } }
  local function texts(row)
    local list = {}
    for i, reason in ipairs(e:reasons(row)) do list[i] = reason.text end
    return list
  end
  t.equal(texts(1), { "size = a b lowered it by 2 (margin)", "age = 5 raised it by 0.5 (margin)",
    "c raised it by 0.25 (margin)" })
  t.equal(texts(2), { "age = 0.1 lowered it by 0.5 (margin)" })
  t.equal(e:reasons(1, 1, { by = "feature" })[1].text, "b (size = a b) lowered it by 2 (margin)")
  local listed = e:reason_table(2)
  t.equal(listed:column("row"):to_table(), { 1, 1, 2 })
  t.equal(listed.value:to_table(), { "a b", "5", "0.1" })
end)

t.test("reasons write times as times", function()
  local when = wf.csv.parse("when\n2024-05-14 10:00:00\n", { types = { when = "timestamp" } })
  local e = wf.shap.new { values = wf.frame.new { { "when_month", { 0.5 } } }, base = 0.0,
    method = "hand", sources = { "when" }, data = when }
  t.equal(e:reasons(1)[1].text, "when = 2024-05-14T10:00:00Z raised it by 0.5 (margin)")
end)

t.test("of several classes the predicted one is explained", function()
  local levels = data:with("level", data.num_injuries:gt(0):cast("i64") + data.num_injuries:gt(1):cast("i64"))
    :drop { "num_injuries", "fraud" }
  local m = train({ objective = "multi:softprob" }, "level", levels)
  local e, scores = wf.shap.explain(m, levels), m:predict(levels)
  t.equal(e:output_count(), 3)
  for row = 1, 30 do
    local best, name = 0, nil
    for i, class in ipairs(scores:columns()) do
      if scores:column(class)[row] > best then best, name = scores:column(class)[row], i end
    end
    local reason = e:reasons(row, 1)[1]
    t.contains(reason.text, ("class %d by"):format(name - 1))
    t.equal(reason.contribution, e:reasons(row, 1, { output = name })[1].contribution)
  end
  t.equal(#e:local_values():columns(), 3 * #m:features())
  t.ok(e:analysis().explanations.kernel_shap.label2.expected_value)
end)

t.test("Clarify's files", function()
  local directory = t.directory() .. "/out"
  local paths = explained:write(directory, { aggregate = "mean_sq" })
  local block = wf.json.decode(t.read(paths.analysis)).explanations.kernel_shap.label0
  t.equal(block.expected_value, explained:base())
  local ranking = explained:global("mean_sq")
  t.equal(block.global_shap_values[ranking.feature[1]], ranking.importance[1])
  t.equal(paths.values, directory .. "/explanations_shap/out.csv")
  local back = wf.csv.read(paths.values)
  local first = explained:features()[1]
  t.equal(back:columns()[1], first .. "_label0")
  t.equal(back:column(first .. "_label0"):to_table(), explained:values():column(first):to_table())
  local arrow = explained:write(directory, { format = "arrow", label_headers = { "fraud" } })
  t.equal(require("wf.arrow").read(arrow.values):columns()[1], first .. "_fraud")
  t.ok(wf.json.decode(t.read(arrow.analysis)).explanations.kernel_shap.fraud)
  t.raises("invalid", "did you mean 'format'?", explained.write, explained, directory, { fromat = "csv" })
  t.raises("invalid", "3 label_headers for 1 outputs", explained.analysis, explained,
    { label_headers = { "a", "b", "c" } })
end)

t.test("the real service's file has the same shape", function()
  local theirs = wf.json.decode(t.read(t.test_oracle("clarify/explainability/analysis.json")))
  local ours = explained:analysis()
  local function shape(value)
    local keys = {}
    for key in pairs(value) do keys[#keys + 1] = key end
    table.sort(keys)
    return table.concat(keys, " ")
  end
  t.equal(shape(ours), shape(theirs))
  t.equal(ours.version, theirs.version)
  t.equal(shape(ours.explanations.kernel_shap.label0), shape(theirs.explanations.kernel_shap.label0))
end)

t.test("what cannot be an explanation is refused", function()
  local f = wf.frame.new { { "a", { 1.0 } } }
  t.raises("invalid", "2 sources for 1 features", wf.shap.new, { values = f, base = 0.0, method = "m",
    sources = { "x", "y" } })
  t.raises("invalid", "the values of output 2 have other rows", wf.shap.new, { values = { f, f:head(0) },
    base = { 0.0, 1.0 }, method = "m" })
  t.raises("invalid", "1 base values for 2 outputs", wf.shap.new, { values = { f, f }, base = 0.0, method = "m" })
  t.raises("invalid", "the data has 0 rows, the values 1", wf.shap.new, { values = f, base = 0.0,
    method = "m", data = f:head(0) })
  local none = wf.shap.explain(model, data:head(0))
  t.equal({ #none, none:base() }, { 0 })
  t.contains(tostring(none), "explanation of 0 rows")
  t.contains(tostring(explained), "explanation of 300 rows by exact path-dependent TreeSHAP")
end)

t.test("steps keep explanations and matrices", function()
  local body = t.with_examples .. [[
    local wf = require "wf"
    local data = require("generate_claims").frames { rows = 300, seed = 5 }
      :select { "num_witnesses", "incident_severity", "vehicle_claim", "fraud" }
    local run <close> = wf.run { name = "E" }
    local model = run:step("Train", function()
      return (wf.xgboost.train { data = data, label = "fraud", rounds = 4,
        recipe = wf.recipe.new():one_hot(wf.recipe.strings()),
        params = { objective = "binary:logistic", max_depth = 3, seed = 1 } })
    end)
    local e, matrix = run:step("Explain", function()
      return wf.shap.explain(model, data), model:matrix(data)
    end)
    local later = run:async("Count", function() return #e, matrix:rows(), wf.shap.explain(model, data) end)
    local n, rows, again = later:await()
    print(n, rows, e:reasons(1, 1)[1].text, e:base(), again:base() == e:base(), matrix:digest())
  ]]
  local first = t.succeeds(body)
  t.contains(first.out, "300\t300\t", "(margin)")
  t.ok(not first.err:find("not kept"), first.err)
  local second = t.succeeds(body)
  t.equal(second.out, first.out)
  for _, name in ipairs { "Train", "Explain", "Count" } do
    t.ok(second.err:find(name .. "%s+Cached"), second.err)
  end
end)

t.finish()
