-- Bias, explainability, drift against baselines, reports in Clarify's layout.
local t = require "harness"
local wf = require "wf"

local claims, customers = require("generate_claims").frames { rows = 1200, seed = 11 }
local data = claims:join(customers, { on = "policy_id" }):select { "customer_gender",
  "customer_age", "policy_state", "num_witnesses", "num_injuries", "num_insurers_past_5_years",
  "months_as_customer", "fraud" }
local model = wf.xgboost.train { data = data, label = "fraud", rounds = 5,
  recipe = wf.recipe.new():one_hot(wf.recipe.strings()),
  params = { objective = "binary:logistic", max_depth = 4, seed = 3, eta = 0.5 } }

local function bias_check(more)
  local o = { model = model, data = data, favourable = 0, facet = { customer_gender = "Female" } }
  for key, value in pairs(more or {}) do o[key] = value end
  return wf.check.model_bias(o)
end

t.test("DPPL is the difference of the favourable shares", function()
  local report = bias_check()
  local good = ~model:predict(data):gt(0.5)
  local women = data.customer_gender:eq("Female")
  local function share(mask)
    return #data:filter(mask & good) / #data:filter(mask)
  end
  t.near(report:value("customer_gender", "DPPL"), share(~women) - share(women), 1e-15)
  t.equal(report.rows, 1200)
  t.equal(report.checked, false)
  t.equal(#report.violations, 0)
end)

t.test("metrics that need a group say so, and with one they have a value", function()
  local value, why = bias_check():value("customer_gender", "CDDPL")
  t.equal(value, nil)
  t.contains(why, "Group variable is empty or not provided")
  t.ok(bias_check({ group = "policy_state" }):value("customer_gender", "CDDPL"))
end)

t.test("several facets, lists and ranges, in a stated order", function()
  local report = bias_check { facet = {
    { column = "policy_state", values = { "CA", "WA" } }, { column = "customer_age", above = 60 } } }
  t.equal(report.facets[1].value_or_threshold, "CA,WA")
  t.equal(report.facets[2].value_or_threshold, "(60, 70]")
  local each = bias_check { facet = { "customer_gender" } }
  t.equal(#each.facets, 4)
  t.equal(each:value("customer_gender", "CI", "Female"), bias_check():value("customer_gender", "CI"))
  t.raises("invalid", "with the values Nobody", each.value, each, "customer_gender", "CI", "Nobody")
  t.raises("invalid", "unknown facet 'gender'", report.value, report, "gender", "CI")
  t.raises("type", "the column is text, the value 3 is not", bias_check,
    { facet = { policy_state = 3 } })
  t.raises("not_found", "customer_gendr", bias_check, { facet = { customer_gendr = "Female" } })
end)

t.test("analysis() has Clarify's layout", function()
  local analysis = bias_check():analysis()
  t.equal(analysis.version, "1.0")
  for _, stage in ipairs { "pre_training_bias_metrics", "post_training_bias_metrics" } do
    local part = analysis[stage]
    t.equal(part.label, "fraud")
    t.equal(part.label_value_or_threshold, "0")
    local entry = part.facets.customer_gender[1]
    t.equal(entry.value_or_threshold, "Female")
    t.ok(#entry.metrics >= 8)
    for _, metric in ipairs(entry.metrics) do
      t.ok(metric.name and metric.description and (metric.value ~= nil))
      t.ok(metric.value ~= wf.json.null or metric.error)
    end
  end
  t.contains(bias_check():analysis_json(), '"error": "Group variable is empty or not provided"',
    '"value": null')
end)

-- Bias of a reference case, with Clarify's configuration given as wf has it.
local function reference_report(case, folder)
  local config, facets = case.config, {}
  for i, facet in ipairs(config.facet) do
    local given = facet.value_or_threshold
    facets[i] = { column = facet.name_or_index }
    if given and math.type(given[1]) == "float" then
      facets[i].above = given[1]
    else
      facets[i].values = given
    end
  end
  local frame = wf.csv.read(folder .. "/" .. case.csv)
  local wanted = config.label_values_or_threshold
  return wf.bias.report { data = frame, label = config.label, facet = facets,
    favourable = math.type(wanted[1]) == "float" and { above = wanted[1] } or wanted,
    prediction = config.predicted_label, group = config.group_variable }
end

local function expect_same(name, actual, expected)
  for facet, entries in pairs(expected.facets) do
    for i, entry in ipairs(entries) do
      local mine = actual.facets[facet][i]
      t.equal(mine.value_or_threshold, entry.value_or_threshold, name)
      local by_name = {}
      for _, metric in ipairs(mine.metrics) do by_name[metric.name] = metric end
      for _, metric in ipairs(entry.metrics) do
        local got, what = by_name[metric.name], ("%s %s %s"):format(name, facet, metric.name)
        if metric.name ~= "FT" then
          t.equal(got.error, metric.error, what)
          t.equal(got.description, metric.description, what)
          if type(metric.value) == "number" then
            t.near(got.value, metric.value, 1e-12 * math.max(1, math.abs(metric.value)), what)
          else
            t.equal(got.value, metric.value, what)
          end
        end
      end
    end
  end
end

t.test("reports equal those of the reference implementation", function()
  local folder = t.test_oracle "bias/oracle"
  for _, name in ipairs { "clarify_real_fraud_bias_1", "clarify_real_fraud_bias_2",
    "compas_race_sex_pos0", "compas_race_sex_pos1", "compas_race_sex_7214_pos0",
    "compas_multivalue_facet", "compas_one_vs_all", "compas_continuous_label_threshold" } do
    local case = wf.json.decode(t.read(folder .. "/" .. name .. ".json"))
    local analysis = reference_report(case, folder):analysis()
    t.equal(analysis.pre_training_bias_metrics.label_value_or_threshold,
      case.expected.pre_training_bias_metrics.label_value_or_threshold)
    expect_same(name, analysis.pre_training_bias_metrics, case.expected.pre_training_bias_metrics)
    expect_same(name, analysis.post_training_bias_metrics, case.expected.post_training_bias_metrics)
  end
end)

t.test("data_bias computes the pre-training metrics alone", function()
  local report = wf.check.data_bias { data = data, label = "fraud", favourable = 0,
    facet = { customer_gender = "Female" } }
  t.ok(report:value("customer_gender", "DPL"))
  t.equal(report:analysis().post_training_bias_metrics, nil)
end)

t.test("a model with text classes takes the favourable class by its text", function()
  local words = data:with("fraud", data.fraud:eq(1):cast("string"))
  local classes = words.fraud:value_counts().value:to_table()
  table.sort(classes)
  local m = wf.xgboost.train { data = words, label = "fraud", rounds = 5,
    recipe = wf.recipe.new():one_hot(wf.recipe.strings()),
    params = { objective = "binary:logistic", max_depth = 4, seed = 3, eta = 0.5 } }
  local report = bias_check { model = m, data = words, favourable = classes[1] }
  t.near(report:value("customer_gender", "DPPL"), bias_check():value("customer_gender", "DPPL"), 0)
  t.equal(report.favourable, classes[1])
end)

t.test("the four meanings of skip_check and register_new_baseline", function()
  local first = bias_check { skip_check = true, register_new_baseline = true }
  t.equal(first.checked, false)
  local function combined(skip, new)
    return bias_check { baseline = first, skip_check = skip, register_new_baseline = new,
      threshold = 0.3, fail_on_violation = false }
  end
  for _, case in ipairs { { false, false }, { false, true }, { true, false }, { true, true } } do
    local report = combined(case[1], case[2])
    t.equal(report.checked, not case[1])
    local wanted = case[2] and report:new_baseline() or first:new_baseline()
    t.equal(report.drift_baseline, wanted)
  end
end)

t.test("a required baseline that is absent is an error; auto does without", function()
  t.raises("not_found", "there is no previous baseline", bias_check, { skip_check = false })
  t.raises("not_found", "there is no previous baseline", bias_check,
    { skip_check = true, register_new_baseline = false })
  t.equal(bias_check({ baseline = "auto", skip_check = false }).checked, false)
  t.raises("invalid", 'or "auto", not \'atuo\'', bias_check, { baseline = "atuo" })
end)

t.test("a metric that moved away from fair is a violation with its numbers", function()
  local fair = { values = { { facet = "customer_gender", facet_value = "Female", metric = "CI",
    value = 0.0001 }, { facet = "customer_gender", facet_value = "Female", metric = "DI",
    value = 1.0 } } }
  local e = t.raises("violation", "CI of customer_gender = Female", bias_check, { baseline = fair })
  t.ok(e.report.violations[1].observed ~= nil)
  local report = bias_check { baseline = fair, fail_on_violation = false }
  local v = report.violations[1]
  t.equal(v.metric, "CI")
  t.equal(v.baseline, 0.0001)
  t.equal(v.threshold, 0.0001)
  t.equal(v.n, 1200)
  t.equal(#report:violation_table(), #report.violations)
  t.contains(tostring(report), "violation")
end)

t.test("the disparate impact is measured from 1", function()
  local far = { values = { { facet = "customer_gender", facet_value = "Female", metric = "DI",
    value = 0.05 } } }
  t.equal(#bias_check({ baseline = far }).violations, 0)
end)

t.test("explainability ranks features and checks their order by nDCG", function()
  local report = wf.check.explainability { model = model, data = data }
  t.equal(#report.features, #model:features())
  local importance = report.features.importance:to_table()
  for i = 2, #importance do t.ok(importance[i] <= importance[i - 1], "sorted") end
  local same = wf.check.explainability { model = model, data = data, baseline = report }
  t.equal(same.ndcg, 1.0)
  t.equal(#same.violations, 0)
  local backwards = { ranking = {} }
  for i, entry in ipairs(report:new_baseline().ranking) do
    backwards.ranking[i] = { feature = report.features.feature[#importance + 1 - i],
      importance = entry.importance }
  end
  t.raises("violation", "nDCG", wf.check.explainability, { model = model, data = data,
    baseline = backwards, ndcg_threshold = 0.99 })
  local analysis = report:analysis().explanations.kernel_shap.label0
  t.equal(analysis.global_shap_values[report.features.feature[1]], importance[1])
  t.ok(type(analysis.expected_value) == "number")
end)

t.test("nDCG of the published example", function()
  local baseline = { { feature = "SAT", importance = 0.70 }, { feature = "GPA", importance = 0.50 },
    { feature = "Rank", importance = 0.05 } }
  local live = { { feature = "Rank" }, { feature = "GPA" }, { feature = "SAT" } }
  t.near(wf.check.ndcg(live, baseline), 0.6876, 5e-5)
end)

t.test("SHAP values add up to the margin", function()
  local explained = wf.shap.explain(model, data:head(20))
  local values, margin = explained:values(), model:predict(data:head(20), { kind = "margin" })
  for row = 1, 20 do
    local sum = explained:base()
    for _, value in pairs(values:row(row)) do sum = sum + value end
    t.near(sum, margin[row], 1e-5)
  end
  t.raises("invalid", "did you mean 'median'?", wf.check.explainability, { model = model,
    data = data, aggregate = "meidan" })
end)

t.test("models of several classes are checked and explained too", function()
  local severity = data:with("level", data.num_injuries:gt(0):cast("i64")
    + data.num_injuries:gt(1):cast("i64")):drop { "num_injuries" }
  local m = wf.xgboost.train { data = severity, label = "level", rounds = 3,
    recipe = wf.recipe.new():one_hot(wf.recipe.strings()),
    params = { objective = "multi:softprob", max_depth = 3, seed = 1 } }
  local report = bias_check { model = m, data = severity, favourable = { 1, 2 } }
  local scores, best = m:predict(severity), {}
  for row = 1, #severity do
    local values = {}
    for k, name in ipairs(scores:columns()) do values[k] = scores:column(name)[row] end
    best[row] = (values[2] > values[1] or values[3] > values[1]) and 1 or 0
  end
  local good = wf.frame.new({ names = { "p" }, columns = { best } }).p:eq(1)
  local women = severity.customer_gender:eq("Female")
  local function share(mask) return #severity:filter(mask & good) / #severity:filter(mask) end
  t.near(report:value("customer_gender", "DPPL"), share(~women) - share(women), 1e-15)
  local why = wf.check.explainability { model = m, data = severity }
  local blocks = why:analysis().explanations.kernel_shap
  t.ok(blocks.label0 and blocks.label1 and blocks.label2)
  t.equal(#why.features, #m:features())
end)

t.test("regression is checked with a threshold", function()
  local m = wf.xgboost.train { data = data, label = "months_as_customer", rounds = 3,
    recipe = wf.recipe.new():one_hot(wf.recipe.strings()), params = { seed = 1 } }
  local report = bias_check { model = m, data = data, favourable = { above = 60 } }
  t.ok(report:value("customer_gender", "DPPL"))
end)

t.test("the latest Approved version of a group is the automatic baseline", function()
  t.succeeds(t.with_examples .. [[
    local wf = require "wf"
    local data = require("generate_claims").frames { rows = 500, seed = 3 }
      :select { "num_witnesses", "num_injuries", "incident_severity", "fraud" }
    local model = wf.xgboost.train { data = data, label = "fraud", rounds = 3,
      recipe = wf.recipe.new():one_hot(wf.recipe.strings()),
      params = { objective = "binary:logistic", seed = 1 } }
    local function check(group)
      return wf.check.model_bias { model = model, data = data, favourable = 0, threshold = 0.2,
        facet = { incident_severity = "Minor" }, model_group = group, baseline = "auto" }
    end
    local first = check("g")
    assert(not first.checked)
    wf.registry.register { group = "g", model = model, bias = first }
    assert(not check("g").checked, "it is not approved yet")
    wf.registry.approve("g", 1)
    local second = check("g")
    assert(second.checked and #second.violations == 0)
    assert(wf.registry.get("g", 1).metrics.bias.version == "1.0")
    assert(not check("other").checked)
  ]])
end)

t.finish()
