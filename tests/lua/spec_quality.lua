-- Data and model quality, drift of bias and attributions, and the service's files.
local t = require "harness"
local wf = require "wf"

local check, frame, json = wf.check, wf.frame, wf.json

-- ---- tables -------------------------------------------------------------------------------------

local function draw(seed)
  local state = seed
  return function()
    state = (state * 6364136223846793005 + 1442695040888963407)
    return ((state >> 33) & 0xffffff) / 0x1000000
  end
end

local function rows(n, seed, more)
  local unit, columns = draw(seed), { {}, {}, {}, {} }
  more = more or {}
  for i = 1, n do
    columns[1][i] = unit() * 10 * (more.scale or 1) + (more.shift or 0)
    columns[2][i] = math.floor(unit() * 50)
    columns[3][i] = (more.letters or { "a", "b", "c" })[1 + math.floor(unit() * #(more.letters or { 1, 2, 3 }))]
    columns[4][i] = unit() < (more.missing or 0.1) and frame.missing or unit()
  end
  return frame.new { names = { "amount", "count", "kind", "gap" }, columns = columns }
end

local function quality(data, baseline, more)
  local o = { data = data, baseline = baseline, fail_on_violation = false }
  for key, value in pairs(more or {}) do o[key] = value end
  return check.data_quality(o)
end

local function checks_of(report)
  local list = {}
  for i, v in ipairs(report.violations) do list[i] = v.check .. " " .. (v.column or v.metric) end
  return table.concat(list, "; ")
end

-- ---- data quality -------------------------------------------------------------------------------

t.test("a table like the baseline has no violation", function()
  local first = quality(rows(2000, 1))
  t.equal(first.checked, false)
  local again = quality(rows(2000, 2, { missing = 0.05 }), first)
  t.equal(again.checked, true)
  t.equal(checks_of(again), "")
  t.equal(#again.drift, 4)
  for i = 1, 4 do t.ok(again.drift.linf[i] < 0.06 and again.drift.linf_robust[i] < 0.01) end
end)

t.test("statistics and constraints have Model Monitor's layout", function()
  local report = quality(rows(1000, 1))
  local features = report:analysis().statistics.features
  t.equal(report:analysis().statistics.dataset.item_count, 1000)
  t.equal(features[1].inferred_type, "Fractional")
  t.equal(features[2].inferred_type, "Integral")
  t.equal(features[3].inferred_type, "String")
  t.equal(features[3].string_statistics.distinct_count, 3)
  local numbers = features[4].numerical_statistics
  t.equal(numbers.common.num_present + numbers.common.num_missing, 1000)
  local in_buckets = 0
  for _, bucket in ipairs(numbers.distribution.kll.buckets) do in_buckets = in_buckets + bucket.count end
  t.equal(in_buckets, numbers.common.num_present + 0.0)
  local constraints = report:analysis().constraints
  t.equal(constraints.features[1].num_constraints.is_non_negative, true)
  t.equal(#constraints.features[3].string_constraints.domains, 3)
  t.near(constraints.features[4].completeness, numbers.common.num_present / 1000, 1e-15)
  t.equal(constraints.monitoring_config.distribution_constraints.comparison_method, "Robust")
end)

t.test("each kind of violation, with its numbers", function()
  local first = quality(rows(2000, 1))
  local function only(data, more) return quality(data, first, more) end
  t.equal(checks_of(only(rows(2000, 3, { missing = 0.05 }):drop { "count" })), "missing_column_check count")
  t.equal(checks_of(only(rows(2000, 3, { missing = 0.05 }):with("extra", 1))), "extra_column_check extra")
  local emptier = only(rows(2000, 3, { missing = 0.4 }))
  t.equal(checks_of(emptier), "completeness_check gap")
  t.ok(emptier.violations[1].observed < emptier.violations[1].baseline)
  t.equal(emptier.violations[1].n, 2000)
  local stranger = only(rows(2000, 3, { letters = { "a", "b", "z" }, missing = 0.05 }))
  t.contains(checks_of(stranger), "categorical_values_check kind", "baseline_drift_check kind")
  t.near(stranger.violations[1].observed, 1 / 3, 0.05)
  local moved = only(rows(2000, 3, { shift = 3, missing = 0.05 }))
  t.equal(checks_of(moved), "baseline_drift_check amount")
  t.near(moved.violations[1].observed, 0.3 - 1.8 * math.sqrt(4000 / 4000000), 0.05)
  t.equal(moved.violations[1].metric, "linf_robust")
end)

t.test("values of another type are told by their share", function()
  local first = quality(rows(1000, 1))
  local texts = {}
  for i = 1, 1000 do texts[i] = i % 5 == 0 and "n/a!" or tostring(i % 50) end
  local report = quality(rows(1000, 1):with("count", frame.new({ names = { "x" }, columns = { texts } }).x),
    first)
  local v = report.violations[1]
  t.equal(v.check, "data_type_check")
  t.near(v.observed, 0.8, 1e-12)
  t.contains(v.description, "Expected data type: Integral")
  t.equal(#quality(rows(1000, 1):with("count", rows(1000, 1).count:cast("f64")), first).violations, 0)
  local fractions = quality(rows(1000, 1):with("count", rows(1000, 1).count / 3), first)
  t.contains(checks_of(fractions), "data_type_check count")
end)

t.test("every distance can be the rule", function()
  local first = quality(rows(2000, 1))
  local moved = rows(2000, 3, { shift = 3, missing = 0.05 })
  for _, method in ipairs { "linf_robust", "linf_simple", "psi", "js", "p_value" } do
    t.contains(checks_of(quality(moved, first, { drift = method })), "baseline_drift_check amount")
    t.equal(checks_of(quality(rows(2000, 9, { missing = 0.05 }), first,
      { drift = method, drift_threshold = method == "p_value" and 1e-6 or 0.2 })), "")
  end
  t.contains(checks_of(quality(moved, first, { drift = "wasserstein", drift_threshold = 1 })), "amount")
  t.raises("invalid", "give drift_threshold", quality, moved, first, { drift = "wasserstein" })
  t.raises("invalid", "did you mean 'psi'?", quality, moved, first, { drift = "ps" })
end)

t.test("the files are written, and are a baseline", function()
  local first = quality(rows(5000, 1))
  local moved = quality(rows(3000, 3, { shift = 3, missing = 0.05 }), first)
  local paths = moved:files(t.directory() .. "/quality")
  local violations = json.decode(t.read(paths["constraint_violations.json"])).violations
  t.equal(violations[1].feature_name, "amount")
  t.equal(violations[1].constraint_check_type, "baseline_drift_check")
  local from_files = first:files(t.directory() .. "/first")
  local again = quality(rows(3000, 3, { shift = 3, missing = 0.05 }), {
    statistics = json.decode(t.read(from_files["statistics.json"])),
    constraints = json.decode(t.read(from_files["constraints.json"])) })
  t.equal(again.violations, moved.violations)
  t.raises("invalid", "has statistics and constraints", quality, rows(10, 1), { statistics = {} })
end)

t.test("a violation fails the check unless it is asked not to", function()
  local first = quality(rows(500, 1))
  local e = t.raises("violation", "missing columns", check.data_quality,
    { data = rows(500, 1):drop { "kind" }, baseline = first })
  t.equal(e.report.kind, "data_quality")
end)

-- ---- model quality ------------------------------------------------------------------------------

local function learnable(n, seed, noise)
  local unit, x, z, y = draw(seed), {}, {}, {}
  for i = 1, n do
    x[i], z[i] = unit(), unit()
    y[i] = x[i] + noise * (unit() - 0.5) > 0.4 and 1 or 0
  end
  return frame.new { names = { "x", "z", "y" }, columns = { x, z, y } }
end

local function trained(data, objective)
  return wf.xgboost.train { data = data, label = "y", rounds = 5,
    params = { objective = objective or "binary:logistic", max_depth = 2, seed = 1 } }
end

local function model_quality(model, data, more)
  local o = { model = model, data = data, fail_on_violation = false }
  for key, value in pairs(more or {}) do o[key] = value end
  return check.model_quality(o)
end

t.test("metrics with deviations and the best constant", function()
  local train, test = learnable(2000, 1, 0.5), learnable(1000, 2, 0.5)
  local model = trained(train)
  local report = model_quality(model, test)
  local evaluation = wf.metrics.evaluate(model, test)
  t.equal(report.metrics.auc.value, evaluation.roc_auc)
  t.equal(report.metrics.f1.value, evaluation.f1)
  t.near(report.metrics.false_positive_rate.value, 1 - evaluation.specificity, 1e-15)
  t.ok(report.metrics.auc.standard_deviation > 0 and report.metrics.auc.standard_deviation < 0.02)
  local positives = test.y:mean()
  t.near(report.best_constant.accuracy, math.max(positives, 1 - positives), 1e-15)
  t.equal(report.best_constant.recall, 1.0)
  t.equal(report.best_constant.auc, 0.5)
  t.equal(model_quality(model, test:head(199)).metrics.auc.standard_deviation, nil)
  t.equal(model_quality(model, test).metrics, report.metrics)
end)

t.test("f-scores are their formula", function()
  local report = model_quality(trained(learnable(500, 1, 0.5)), learnable(500, 2, 0.5))
  local p, r = report.metrics.precision.value, report.metrics.recall.value
  t.near(report.metrics.f2.value, 5 * p * r / (4 * p + r), 1e-12)
  t.near(report.metrics.f0_5.value, 1.25 * p * r / (0.25 * p + r), 1e-12)
end)

t.test("thresholds of one's own hold without a baseline", function()
  local model, test = trained(learnable(1000, 1, 0.5)), learnable(500, 2, 0.5)
  t.equal(#model_quality(model, test, { thresholds = { auc = 0.7, log_loss = 0.9 } }).violations, 0)
  local report = model_quality(model, test, { thresholds = { auc = 0.999, log_loss = 0.001 } })
  t.equal(checks_of(report), "LessThanThreshold auc; GreaterThanThreshold log_loss")
  t.equal(report.violations[1].threshold, 0.999)
  t.contains(report.violations[1].description, "Metric auc with ", " +/- ", "was LessThanThreshold")
  t.raises("invalid", "did you mean 'auc'?", model_quality, model, test, { thresholds = { aucc = 1 } })
end)

t.test("a model that became worse is beyond its baseline, with slack or without", function()
  local model = trained(learnable(2000, 1, 0.2))
  local first = model_quality(model, learnable(1000, 2, 0.2))
  local worse = model_quality(model, learnable(1000, 3, 1.5), { baseline = first })
  t.contains(checks_of(worse), "LessThanThreshold accuracy", "LessThanThreshold auc",
    "GreaterThanThreshold log_loss")
  local v = worse.violations[1]
  t.equal(v.baseline, first.metrics.accuracy.value)
  t.equal(#model_quality(model, learnable(1000, 3, 1.5), { baseline = first, slack = 1e6 }).violations, 0)
  local paths = worse:files(t.directory() .. "/mq")
  local constraints = json.decode(t.read(paths["constraints.json"]))
  t.equal(constraints.binary_classification_constraints.auc.comparison_operator, "LessThanThreshold")
  t.equal(json.decode(t.read(paths["constraint_violations.json"])).violations[1].metric_name, "accuracy")
  t.ok(json.decode(t.read(paths["statistics.json"])).binary_classification_metrics
    .recall_best_constant_classifier.value)
end)

t.test("regression and several classes", function()
  local data = learnable(1000, 1, 0.5)
  local regression = model_quality(wf.xgboost.train { data = data:with("y", data.x * 3), label = "y",
    rounds = 5, params = { seed = 1 } }, data:with("y", data.x * 3))
  t.ok(regression.metrics.rmse.value < regression.best_constant.rmse)
  t.near(regression.best_constant.r2, 0, 1e-9)
  local three = data:with("y", data.y:cast("i64") + data.z:gt(0.5):cast("i64"))
  local multi = model_quality(wf.xgboost.train { data = three, label = "y", rounds = 3,
    params = { objective = "multi:softprob", seed = 1, max_depth = 3 } }, three)
  t.ok(multi.metrics.accuracy.value > multi.best_constant.accuracy)
  t.ok(multi:analysis().multiclass_classification_metrics.confusion_matrix["0"]["0"])
end)

-- ---- bias and attributions ----------------------------------------------------------------------

local function biased(n, gap)
  local unit, s, y, p = draw(5), {}, {}, {}
  for i = 1, n do
    s[i] = i % 2 == 0 and "F" or "M"
    y[i] = unit() < 0.5 and 1 or 0
    p[i] = unit() < (s[i] == "F" and 0.5 - gap or 0.5) and 1 or 0
  end
  return frame.new { names = { "s", "y", "p" }, columns = { s, y, p } }
end

local function bias_check(data, more)
  local o = { data = data, label = "y", favourable = 1, prediction = "p", facet = { s = "F" },
    fail_on_violation = false }
  for key, value in pairs(more or {}) do o[key] = value end
  return check.model_bias(o)
end

t.test("a ratio that falls is a worse one: the service's own run missed it", function()
  local published = { pre_training_bias_metrics = { facets = {} }, post_training_bias_metrics = {
    facets = { s = { { value_or_threshold = "F", metrics = { { name = "DI", value = 0.95 } } } } } } }
  local report = bias_check(biased(2000, 0.3), { baseline = published, metrics = { "DI" } })
  t.equal(#report.violations, 1)
  t.equal(report.violations[1].baseline, 0.95)
end)

t.test("a significant violation needs its whole interval beyond", function()
  local baseline = { values = { { facet = "s", facet_value = "F", metric = "DPPL", value = 0.05 } } }
  local function count(n, gap)
    return #bias_check(biased(n, gap), { baseline = baseline, metrics = { "DPPL" }, significant = true,
      intervals = { resamples = 300 } }).violations
  end
  t.equal(count(200, 0.06), 0)
  t.equal(count(4000, 0.3), 1)
  local v = bias_check(biased(4000, 0.3), { baseline = baseline, metrics = { "DPPL" },
    intervals = true }).violations[1]
  t.ok(v.interval[1] < v.observed and v.observed < v.interval[2])
end)

t.test("files of bias and attribution checks", function()
  local baseline = { values = { { facet = "s", facet_value = "F", metric = "DPPL", value = 0.0 } } }
  local paths = bias_check(biased(1000, 0.3), { baseline = baseline }):files(t.directory() .. "/bias")
  local v = json.decode(t.read(paths["constraint_violations.json"]))
  t.equal(v.version, "1.0")
  t.equal(v.violations[1].constraint_check_type, "bias_drift_check")
  t.equal(v.violations[1].facet_value, "F")
  t.contains(v.violations[1].description, "doesn't meet the baseline constraint requirement 0.0")
  local analysis = json.decode(t.read(paths["analysis.json"]))
  local again = bias_check(biased(1000, 0.3), { baseline = analysis })
  t.equal(again.checked, true)
  t.equal(#again.violations, 0)
  local data = learnable(500, 1, 0.3)
  local why = check.explainability { model = trained(data), data = data }
  t.ok(t.read(why:files(t.directory() .. "/why")["constraint_violations.json"]):find('"violations": []', 1, true))
end)

t.test("a version keeps the baselines of its quality checks", function()
  t.succeeds([[
    local wf = require "wf"
    local x, y = {}, {}
    for i = 1, 400 do x[i] = (i * 37 % 101) / 101; y[i] = x[i] > 0.5 and 1 or 0 end
    local data = wf.frame.new { names = { "x", "y" }, columns = { x, y } }
    local model = wf.xgboost.train { data = data, label = "y", rounds = 2,
      params = { objective = "binary:logistic", seed = 1 } }
    wf.registry.register { group = "g", model = model, approval = "Approved",
      data_quality = wf.check.data_quality { data = data },
      model_quality = wf.check.model_quality { model = model, data = data } }
    local later = wf.check.data_quality { data = data, model_group = "g", baseline = "auto" }
    assert(later.checked and #later.violations == 0)
    local moved = wf.check.data_quality { data = data:with("x", data.x * 9), model_group = "g",
      fail_on_violation = false }
    assert(moved.checked and moved.violations[1].check == "baseline_drift_check")
    assert(wf.check.model_quality({ model = model, data = data, model_group = "g" }).checked)
  ]])
end)

t.finish()
