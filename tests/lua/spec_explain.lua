-- wf.explain: Kernel SHAP, baselines, partial dependence, permutation importance of models and functions.
local t = require "harness"
local wf = require "wf"

local explain, frame = wf.explain, wf.frame

-- ---- data and predictors ------------------------------------------------------------------------

local function rows_of(n, shift)
  local age, plan, used, label = {}, {}, {}, {}
  for i = 1, n do
    local k = i + (shift or 0)
    age[i] = 20 + (k * 7) % 50
    plan[i] = ({ "basic", "plus", "pro" })[k % 3 + 1]
    used[i] = (k * 13) % 17 / 4
    label[i] = (age[i] + (plan[i] == "pro" and 30 or 0) + (k % 5) * 4 > 65) and 1 or 0
  end
  return frame.new { { "age", age }, { "plan", plan }, { "used", used }, { "label", label } }
end

local trained
local function model()
  trained = trained or wf.xgboost.train { data = rows_of(400), label = "label", rounds = 8,
    recipe = wf.recipe.new():one_hot(wf.recipe.strings()),
    params = { objective = "binary:logistic", max_depth = 3, seed = 1 } }
  return trained
end

local function formula(data)
  local out = {}
  for row in data:rows() do
    out[#out + 1] = row.age * 0.1 + (row.plan == "pro" and 2 or 0) * row.used
  end
  return out
end

local function inputs(n, shift)
  return rows_of(n, shift):drop { "label" }
end

-- Shapley's formula for one row and the background, by enumerating all coalitions of three columns.
local function shapley(fn, row, background)
  local names, worth = background:columns(), {}
  for set = 0, 7 do
    local mixed = background
    for i, name in ipairs(names) do
      if set >> (i - 1) & 1 == 1 then mixed = mixed:with(name, row:column(name)[1]) end
    end
    local predicted, sum = fn(mixed), 0
    for i = 1, #mixed do sum = sum + predicted[i] end
    worth[set] = sum / #mixed
  end
  local weight, values = { [0] = 1 / 3, 1 / 6, 1 / 3 }, {}
  for i, name in ipairs(names) do
    values[name] = 0
    for set = 0, 7 do
      if set >> (i - 1) & 1 == 0 then
        local size = (set & 1) + (set >> 1 & 1) + (set >> 2 & 1)
        values[name] = values[name] + weight[size] * (worth[set | 1 << (i - 1)] - worth[set])
      end
    end
  end
  return values, worth[0]
end

local function check_exact(fn, given, data, background)
  local explained, deviations = explain.kernel(given, data, { background = background })
  for i = 1, #data do
    local expected, base = shapley(fn, data:slice(i, i), background)
    t.near(explained:base(), base, 1e-12)
    for name, value in pairs(expected) do
      t.near(explained:values():column(name)[i], value, 1e-12, name .. " of row " .. i)
      t.equal(deviations:column(name)[i], 0.0)
    end
  end
  return explained
end

-- ---- Kernel SHAP --------------------------------------------------------------------------------

t.test("a function's values are Shapley's", function()
  local explained = check_exact(formula, formula, inputs(6), inputs(9, 50))
  t.equal(explained:features(), { "age", "plan", "used" })
  t.contains(tostring(explained), "Kernel SHAP against 9 rows", "(prediction)")
end)

t.test("a model's values are those of its raw columns, and of it as a function", function()
  local m = model()
  local function predict(data) return m:predict(data) end
  local explained = check_exact(predict, m, inputs(6), inputs(9, 50))
  t.contains(tostring(explained), "(probability)")
  t.contains(explained:reasons(1, 1)[1].text, " = ")
  local as_function = explain.kernel(predict, inputs(6), { background = inputs(9, 50) })
  for _, name in ipairs(explained:features()) do
    local a, b = explained:values():column(name), as_function:values():column(name)
    for i = 1, 6 do t.near(a[i], b[i], 1e-12) end
  end
end)

t.test("other columns of a model's data do not matter", function()
  local a = explain.kernel(model(), rows_of(4), { background = rows_of(5, 9) })
  local b = explain.kernel(model(), inputs(4), { background = inputs(5, 9) })
  t.equal(a:values():digest(), b:values():digest())
end)

t.test("margin, logit and base add up", function()
  local m, data = model(), inputs(5)
  local background = inputs(20, 50)
  local function check(options, expected)
    options.background = background
    local explained = explain.kernel(m, data, options)
    for i = 1, #data do
      local sum = explained:base()
      for _, name in ipairs(explained:features()) do sum = sum + explained:values():column(name)[i] end
      t.near(sum, expected[i], 1e-6)
    end
  end
  local margin = m:predict(data, { kind = "margin" })
  check({}, m:predict(data))
  check({ kind = "margin" }, margin)
  check({ link = "logit" }, margin)
end)

t.test("groups are one player", function()
  local explained = explain.kernel(formula, inputs(4), { background = inputs(9, 50),
    groups = { contract = { "plan", "used" } } })
  t.equal(explained:features(), { "age", "contract" })
  local apart = explain.kernel(formula, inputs(4), { background = inputs(9, 50) })
  for i = 1, 4 do t.near(explained:values().age[i], apart:values().age[i], 1e-12) end
end)

t.test("weights are as good as repeated rows", function()
  local background = inputs(3, 50)
  local repeated = background:concat(background:slice(2, 2), background:slice(2, 2))
  local a = explain.kernel(formula, inputs(4), { background = background, weights = { 1, 3, 1 } })
  local b = explain.kernel(formula, inputs(4), { background = repeated })
  local c = explain.kernel(model(), inputs(4), { background = background, weights = { 1, 3, 1 } })
  local d = explain.kernel(model(), inputs(4), { background = repeated })
  for _, name in ipairs(a:features()) do
    for i = 1, 4 do
      t.near(a:values():column(name)[i], b:values():column(name)[i], 1e-12)
      t.near(c:values():column(name)[i], d:values():column(name)[i], 1e-12)
    end
  end
end)

t.test("several outputs are several explanations in one", function()
  local function two(data)
    local sum = frame.new({ { "x", formula(data) } }).x
    return frame.new { names = { "up", "down" }, columns = { sum, sum * -2 } }
  end
  local explained, deviations = explain.kernel(two, inputs(3), { background = inputs(4, 9) })
  t.equal(explained:output_count(), 2)
  t.equal(#deviations, 2)
  t.near(explained:base(2), -2 * explained:base(1), 1e-12)
  t.near(explained:values(2).age[2], -2 * explained:values(1).age[2], 1e-12)
end)

t.test("without a background, clusters of the data", function()
  local data = inputs(60)
  local rows, sizes = explain.baseline(data)
  local a = explain.kernel(formula, data, { clusters = 2, seed = 3 })
  t.contains(tostring(a), "against 2 rows")
  t.contains(tostring(explain.kernel(formula, data)), ("against %d row"):format(#rows))
  t.equal(sizes:sum(), 60)
  local typical = explain.baseline(data, { clusters = 1 })
  t.near(typical.age[1], data.age:mean(), 1e-12)
  t.equal(#typical, 1)
end)

t.test("the seed decides, the number of threads does not", function()
  local wide = {}
  for k = 1, 14 do
    local values = {}
    for i = 1, 12 do values[i] = math.sin(i * k) end
    wide[k] = { "c" .. k, values }
  end
  local data = frame.new(wide)
  local function bent(f)
    local out = f.c1 * f.c2
    for k = 3, 14 do out = out + f:column("c" .. k) * f:column("c" .. k - 1) end
    return out
  end
  local function run(o)
    o.background, o.samples = data:slice(7, 12), 100
    local explained, deviations = explain.kernel(bent, data:head(3), o)
    return explained:values(), deviations
  end
  local first, deviations = run { seed = 1 }
  t.equal(first:digest(), run({ seed = 1, threads = 1 }):digest())
  local other = run { seed = 2 }
  t.ok(other:digest() ~= first:digest())
  t.ok(deviations.c3[1] > 0)
  t.ok(math.abs(other.c3[1] - first.c3[1]) < 6 * deviations.c3[1])
end)

t.test("what Kernel SHAP refuses", function()
  local m, data = model(), inputs(4)
  local far = inputs(30, 77)
  t.raises("invalid", "did you mean 'samples'", explain.kernel, m, data, { sample = 3 })
  t.raises("type", "argument 1 must be a wf.model or a function", explain.kernel, 3, data)
  t.raises("type", "argument 2", explain.kernel, m, 3)
  t.raises("invalid", "no rows", explain.kernel, m, data:head(0))
  t.raises("not_found", "'plan' is missing", explain.kernel, m, data:drop { "plan" })
  t.raises("not_found", "background has no column 'used'", explain.kernel, m, data,
    { background = data:drop { "used" } })
  t.raises("invalid", "'clusters' has nothing to make", explain.kernel, m, data,
    { background = data, clusters = 2 })
  t.raises("invalid", "of the rows of 'background'", explain.kernel, m, data, { weights = { 1 } })
  t.raises("invalid", "2 weights for 4 rows", explain.kernel, m, data,
    { background = data, weights = { 1, 2 } })
  t.raises("invalid", "for models", explain.kernel, formula, data, { kind = "margin" })
  t.raises("invalid", "more samples", explain.kernel, formula, data, { background = far, samples = 2 })
  t.raises("invalid", "the logit of", explain.kernel, formula, data, { background = far, link = "logit" })
  t.raises("not_found", "did you mean 'plan'", explain.kernel, m, data, { groups = { a = { "plam" } } })
  t.raises("invalid", "'plan' is in 'a' and in 'b'", explain.kernel, m, data,
    { groups = { a = "plan", b = { "plan", "age" } } })
end)

t.test("a function gets its rows in batches", function()
  local most, data, background = 0, inputs(5), inputs(9, 50)
  local function counted(f)
    most = math.max(most, #f)
    return formula(f)
  end
  local o = { background = background, batch = 4 }
  local whole = explain.kernel(formula, data, { background = background })
  t.equal(explain.kernel(counted, data, o):values():digest(), whole:values():digest())
  t.equal(most, 4)
  t.equal(explain.partial_dependence(counted, data, "age", { batch = 3 }):digest(),
    explain.partial_dependence(formula, data, "age"):digest())
  local labelled = rows_of(30)
  local task = { label = "label", task = "regression", metric = "mae", batch = 4 }
  local found = explain.permutation(counted, labelled, task)
  task.batch = nil
  t.equal(found:digest(), explain.permutation(formula, labelled, task):digest())
  t.equal(most, 4)
  t.raises("invalid", "are 2 for 4 rows", explain.kernel, function(f)
    return #f > 1 and { 1, 2 } or { 1 }
  end, data, o)
  t.raises("invalid", "'batch' is for functions", explain.kernel, model(), data, { batch = 4 })
end)

t.test("what is wrong with a function is said", function()
  local data = inputs(4)
  t.raises("type", "not string", explain.kernel, function() return "x" end, data)
  t.raises("invalid", "are 1 for", explain.kernel, function(f) return f:head(1).age end, data)
  t.raises("type", "numbers were expected", explain.kernel, function(f) return f.plan end, data)
  t.raises("invalid", "2 outputs, and before 1", explain.kernel, function(f)
    return #f == 1 and f.age or f:select { "age", "used" }
  end, data)
  local ok, e = pcall(explain.kernel, function(f) if #f > 1 then error({ mine = true }) end return f.age end,
    data)
  t.ok(not ok and e.value and e.value.mine or not ok and e.mine, "the function's own error arrives")
end)

-- ---- partial dependence -------------------------------------------------------------------------

local function mean_with(fn, data, name, value)
  local predicted, sum = fn(data:with(name, value)), 0
  for i = 1, #data do sum = sum + predicted[i] end
  return sum / #data
end

t.test("partial dependence is the mean with the column set", function()
  local m, data = model(), rows_of(60, 7)
  local function predict(f) return m:predict(f) end
  for _, given in ipairs { m, predict } do
    for _, name in ipairs { "age", "plan", "used" } do
      local found = explain.partial_dependence(given, given == m and data or data:drop { "label" }, name,
        { points = 6 })
      t.equal(found:columns(), { "value", "mean", "low", "high", "n" })
      t.ok(#found >= 3 and #found <= 6)
      for i = 1, #found do
        t.near(found.mean[i], mean_with(predict, data, name, found.value[i]), 1e-7)
        t.ok(found.low[i] <= found.high[i])
        t.equal(found.n[i], 60)
      end
    end
  end
end)

t.test("two columns, given grids, several outputs", function()
  local m, data = model(), rows_of(30, 7)
  local found = explain.partial_dependence(m, data, { "plan", "age" },
    { grid = { plan = { "pro", "basic" }, age = { 30, 60 } } })
  t.equal(found:columns(), { "value", "value_2", "mean", "low", "high", "n" })
  t.equal(found.value:to_table(), { "pro", "pro", "basic", "basic" })
  t.equal(found.value_2:to_table(), { 30, 60, 30, 60 })
  local function predict(f) return m:predict(f:with("plan", "basic")) end
  t.near(found.mean[4], mean_with(predict, data, "age", 60), 1e-7)
  t.equal(explain.partial_dependence(m, data, "age", { grid = { 25, 35 } }).value:to_table(), { 25, 35 })
  local function two(f) return frame.new { names = { "a", "b" }, columns = { f.age, f.used } } end
  local inner = data:drop { "label" }
  t.raises("invalid", "2 outputs (a, b)", explain.partial_dependence, two, inner, "age")
  local b = explain.partial_dependence(two, inner, "age", { output = "b", grid = { 1 } })
  t.near(b.mean[1], inner.used:mean(), 1e-12)
  local a = explain.partial_dependence(two, inner, "age", { output = 1, grid = { 1, 2 } })
  t.equal(a.mean:to_table(), { 1.0, 2.0 })
end)

t.test("individual curves", function()
  local m, data = model(), rows_of(5)
  local curves = explain.ice(m, data, "age", { grid = { 25, 45, 65 } })
  t.equal(curves:columns(), { "row", "value", "prediction" })
  local numbers = curves:column("row")
  t.equal(numbers:to_table(), { 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 5, 5, 5 })
  t.equal(curves:head(4).value:to_table(), { 25, 45, 65, 25 })
  for k = 1, #curves do
    local row = data:slice(numbers[k], numbers[k]):with("age", curves.value[k])
    t.equal(curves.prediction[k], m:predict(row)[1])
  end
  local partial = explain.partial_dependence(m, data, "age", { grid = { 25, 45, 65 } })
  local sum = 0
  for i = 0, 4 do sum = sum + curves.prediction[3 * i + 2] end
  t.near(partial.mean[2], sum / 5, 1e-12)
  local two = explain.ice(m, data, { "age", "plan" }, { rows = 2,
    grid = { age = { 25, 45 }, plan = { "pro" } } })
  t.equal(two:columns(), { "row", "value", "value_2", "prediction" })
  t.equal(two.value:to_table(), { 25, 45, 25, 45 })
end)

t.test("what partial dependence refuses", function()
  local m, data = model(), rows_of(9)
  local pd = explain.partial_dependence
  t.raises("not_found", "did you mean 'age'", pd, m, data, "agee")
  t.raises("not_found", "label", pd, m, data, "label")
  t.raises("invalid", "one column, or two", pd, m, data, { "age", "plan", "used" })
  t.raises("invalid", "one column, or two", pd, m, data, { "age", "age" })
  t.raises("invalid", "unknown column 'x'", pd, m, data, "age", { grid = { x = { 1 } } })
  t.raises("invalid", "{ age = {…}, plan = {…} }", pd, m, data, { "age", "plan" }, { grid = { 1, 2 } })
  t.raises("invalid", "two quantiles", pd, m, data, "age", { range = { 0.9, 0.1 } })
  t.raises("invalid", "did you mean 'points'", pd, m, data, "age", { point = 3 })
  t.raises("invalid", "unknown output", pd, m, data, "age", { output = "x" })
  t.raises("invalid", "column 'age': the column has no values", pd, m,
    data:with("age", frame.new({ { "x", { n = 9 } } }).x), "age")
end)

-- ---- permutation importance ---------------------------------------------------------------------

t.test("permutation importance of a model and of it as a function", function()
  local m, data = model(), rows_of(200, 11)
  local found = explain.permutation(m, data, { repeats = 3, seed = 4 })
  t.equal(found:columns(), { "feature", "importance", "std", "baseline" })
  t.equal(found.feature[1], "plan")
  t.equal(found.feature[3], "used")
  t.near(found.baseline[1], wf.metrics.evaluate(m, data).roc_auc, 1e-12)
  t.ok(found.importance[1] > 0.05 and found.std[1] > 0)
  local function predict(f) return m:predict(f) end
  local same = explain.permutation(predict, data, { repeats = 3, seed = 4, label = "label", task = "binary" })
  t.equal(same:digest(), found:digest())
  local few = explain.permutation(m, data, { repeats = 3, seed = 4, columns = "used" })
  t.equal(#few, 1)
  for i = 1, 3 do
    if found.feature[i] == "used" then t.equal(few.importance[1], found.importance[i]) end
  end
end)

t.test("metrics that should be low, functions as metrics, groups, weights", function()
  local m, data = model(), rows_of(150, 11)
  local loss = explain.permutation(m, data, { metric = "log_loss" })
  t.ok(loss.feature[1] == "plan" and loss.importance[1] > 0.1)
  local own = explain.permutation(m, data, { lower_is_better = true, metric = function(truth, predicted)
    return wf.metrics.binary(truth, predicted).log_loss
  end })
  t.equal(own:digest(), loss:digest())
  local grouped = explain.permutation(m, data, { groups = { all = { "age", "plan", "used" } } })
  t.equal(grouped.feature:to_table(), { "all" })
  t.ok(grouped.importance[1] > 0.2)
  local ones = explain.permutation(m, data, { metric = "log_loss", weights = frame.new({ { "w",
    explain.ice(m, data, "age", { grid = { 30 } }).value:map(function() return 1.0 end):to_table() } }).w })
  t.near(ones.importance[1], loss.importance[1], 1e-12)
end)

t.test("regression and classes", function()
  local data = rows_of(200)
  local numbers = data:with("y", data.age * 2 + data.used):drop { "label" }
  local m = wf.xgboost.train { data = numbers, label = "y", rounds = 5,
    recipe = wf.recipe.new():one_hot(wf.recipe.strings()), params = { max_depth = 3 } }
  local found = explain.permutation(m, numbers)
  t.equal(found.feature[1], "age")
  t.near(found.baseline[1], wf.metrics.evaluate(m, numbers).rmse, 1e-12)
  local classes = wf.xgboost.train { data = data:drop { "label" }, label = "plan", rounds = 3,
    params = { objective = "multi:softprob" } }
  local multi = explain.permutation(classes, data, { metric = "accuracy" })
  t.equal(#multi, 2)
  local explained = explain.kernel(classes, data:head(3), { background = data:slice(20, 30) })
  t.equal(explained:output_count(), 3)
  t.equal(#explain.partial_dependence(classes, data, "age", { output = "pro", points = 4 }), 4)
end)

t.test("what permutation importance refuses", function()
  local m, data = model(), rows_of(20)
  local pi = explain.permutation
  t.raises("invalid", "did you mean 'roc_auc'", pi, m, data, { metric = "roc_acu" })
  t.raises("invalid", "needs the option 'label'", pi, formula, data)
  t.raises("invalid", "needs the option 'task'", pi, formula, data, { label = "label" })
  t.raises("invalid", "knows its label", pi, m, data, { label = "label" })
  t.raises("invalid", "did you mean 'age'", pi, m, data, { columns = { "agge" } })
  t.raises("type", "the metric gave a nil", pi, m, data, { metric = function() end })
  t.raises("not_found", "label", pi, m, data:drop { "label" })
end)

t.finish()
