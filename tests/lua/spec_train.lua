-- Training and evaluation from frames: labels, weights, recipes, cross-validation.
local t = require "harness"
local wf = require "wf"

local binary = { objective = "binary:logistic", max_depth = 3, seed = 1 }

-- 200 rows: x decides y, c is text.
local function rows(n)
  local names = { "x", "z", "c", "y", "text", "kind", "w" }
  local columns = { {}, {}, {}, {}, {}, {}, {} }
  for i = 1, n or 200 do
    local x = (i * 37) % 101
    columns[1][i], columns[2][i] = x + 0.0, ((i * 53) % 17) + 0.0
    columns[3][i] = ({ "red", "green", "blue" })[i % 3 + 1]
    columns[4][i] = x > 60 and 1 or 0
    columns[5][i] = x > 60 and "yes" or "no"
    columns[6][i] = x > 70 and "c" or x > 30 and "b" or "a"
    columns[7][i] = (i % 4) + 0.5
  end
  return wf.frame.new { names = names, columns = columns }
end

local data = rows()
local numbers = data:select { "x", "z", "y" }

t.test("a model learns, predicts and evaluates", function()
  local model, training = wf.xgboost.train { data = numbers, label = "y", params = binary,
    rounds = 5, evals = { test = numbers } }
  t.equal(training.rounds, 5)
  t.equal(#training.history, 5)
  t.ok(training.history[5].test, "the evaluation set is in the history")
  t.equal(training:table():columns()[1], "round")
  t.equal(model:label(), "y")
  local e = wf.metrics.evaluate(model, numbers)
  t.equal(e.roc_auc, 1.0)
  t.equal(e.n, 200)
  t.equal(e.confusion.tp + e.confusion.fn, e.positives)
  t.ok(#e.curve > 1)
  t.contains(tostring(e), "roc_auc", "binary:logistic")
end)

t.test("an undefined metric cannot be read by accident, and an unknown one is named", function()
  local model = wf.xgboost.train { data = numbers, label = "y", params = binary, rounds = 1 }
  local e = wf.metrics.evaluate(model, numbers:filter(numbers.y:eq(1)))
  t.raises("invalid", "'roc_auc' is undefined", function() return e.roc_auc < 0.7 end)
  t.equal(e:get("roc_auc"), nil)
  t.raises("invalid", "did you mean 'accuracy'?", function() return e.acuracy end)
end)

t.test("the same training gives the same package, whatever the number of threads", function()
  local function digest(threads)
    return wf.xgboost.train({ data = numbers, label = "y", params = binary, rounds = 3,
      threads = threads }):digest()
  end
  t.equal(digest(1), digest(2))
end)

t.test("provenance keeps parameters, data and history", function()
  local model = wf.xgboost.train { data = numbers, label = "y", params = binary, rounds = 2,
    provenance = { author = "me" } }
  local p = model:provenance()
  t.equal(p.author, "me")
  t.equal(p.training.data.rows, 200)
  t.equal(p.training.data.digest, numbers:digest())
  t.equal(p.training.params.max_depth, 3)
  t.equal(p.training.rounds, 2)
end)

t.test("two classes of text are mapped in byte order", function()
  local model = wf.xgboost.train { data = data:select { "x", "z", "text" }, label = "text",
    params = binary, rounds = 5 }
  t.equal(model:classes(), { "no", "yes" })
  t.equal(wf.metrics.evaluate(model, data).roc_auc, 1.0)
end)

t.test("several classes of text, evaluated with their scores", function()
  local params = { objective = "multi:softprob", max_depth = 3, seed = 1 }
  local model = wf.xgboost.train { data = data:select { "x", "z", "kind" }, label = "kind",
    params = params, rounds = 5 }
  t.equal(model:classes(), { "a", "b", "c" })
  t.equal(#model:predict(data:head(4)), 4)
  t.equal(wf.metrics.evaluate(model, data).accuracy, 1.0)
end)

t.test("regression", function()
  local model = wf.xgboost.train { data = numbers, label = "z", rounds = 20,
    params = { objective = "reg:squarederror", seed = 1 } }
  local e = wf.metrics.evaluate(model, numbers)
  t.ok(e.rmse > 0 and e.r2 < 1)
end)

t.test("labels that cannot be used are refused by name", function()
  local function fails(code, fragments, label, values, objective)
    local frame = numbers:drop { "y" }:head(4)
    frame = frame:with(label, wf.frame.new({ names = { label }, columns = { values } }):column(label))
    t.raises(code, fragments, wf.xgboost.train, { data = frame, label = label, rounds = 1,
      params = { objective = objective or "binary:logistic" } })
  end
  fails("invalid", { "label column 'y' is constant", "0" }, "y", { 0, 0, 0, 0 })
  fails("invalid", { "label column 'y' has 1 missing value", "row 2" }, "y",
    { 0, wf.frame.missing, 1, 1 })
  fails("invalid", { "binary:logistic needs labels 0 and 1", "'y'" }, "y", { 0, 1, 2, 1 })
  fails("invalid", { "'y' has 3 classes", "multi:softprob" }, "y", { "a", "b", "c", "a" })
  fails("type", { "'y' is text", "reg:squarederror" }, "y", { "a", "b", "a", "b" },
    "reg:squarederror")
  fails("invalid", { "needs labels 0, 1, 2", "'y' has 3" }, "y", { 0, 1, 3, 1 }, "multi:softprob")
  t.raises("not_found", { "fraudd" }, wf.xgboost.train, { data = numbers, label = "fraudd" })
  t.raises("invalid", "no rows", wf.xgboost.train, { data = numbers:head(0), label = "y" })
end)

t.test("text without an encoding names the column", function()
  local ok, e = pcall(wf.xgboost.train, { data = data:select { "x", "c", "y" }, label = "y",
    params = binary })
  t.ok(not ok)
  t.contains(e.message, "'c'")
end)

t.test("a recipe that names an absent column says so", function()
  local ok, e = pcall(wf.xgboost.train, { data = numbers, label = "y", params = binary,
    recipe = wf.recipe.new():ordinal("colour", { "red" }) })
  t.ok(not ok)
  t.contains(e.message, "colour")
end)

t.test("unknown options and unknown xgboost parameters are named", function()
  t.raises("invalid", "did you mean 'rounds'?", wf.xgboost.train, { data = numbers, label = "y",
    round = 3 })
  t.raises("invalid", "max_dept", wf.xgboost.train, { data = numbers, label = "y",
    params = { objective = "binary:logistic", max_dept = 3 } })
  t.raises("invalid", "early_stopping_rounds needs an evaluation set", wf.xgboost.train,
    { data = numbers, label = "y", params = binary, early_stopping_rounds = 2 })
  t.raises("type", "evals needs frames by name", wf.xgboost.train, { data = numbers, label = "y",
    params = binary, evals = { test = 3 } })
end)

t.test("early stopping keeps the best round", function()
  local parts = numbers:split { train = 0.5, validation = 0.5, seed = 1 }
  local _, training = wf.xgboost.train { data = parts.train, label = "y", params = binary,
    rounds = 200, early_stopping_rounds = 3, evals = { validation = parts.validation } }
  t.ok(training.rounds < 200)
  t.ok(training.best_round <= training.rounds)
end)

t.test("weights by column name are left out of the features", function()
  local weighted = data:select { "x", "z", "y", "w" }
  local model = wf.xgboost.train { data = weighted, label = "y", weight = "w", params = binary,
    rounds = 2 }
  t.equal(model:features(), { "x", "z" })
  local plain = wf.xgboost.train { data = numbers, label = "y", params = binary, rounds = 2 }
  t.ok(model:predict(numbers)[1] ~= plain:predict(numbers)[1], "weights matter")
  t.raises("invalid", "weight has 3 values for 200 rows", wf.xgboost.train, { data = numbers,
    label = "y", params = binary, weight = data.w:cast("f64") and data:head(3).w })
end)

t.test("cross-validation reports means over the folds and is the same for a seed", function()
  local options = { data = numbers, label = "y", rounds = 4, folds = 3, seed = 5,
    params = { objective = "binary:logistic", eval_metric = "auc", max_depth = 2, seed = 1 } }
  local a, b = wf.xgboost.cv(options), wf.xgboost.cv(options)
  t.equal(a.rounds, 4)
  t.equal(#a.test.auc.mean, 4)
  t.equal(a.test.auc.mean, b.test.auc.mean)
  t.ok(a.test.auc.mean[4] > 0.9)
  t.equal(#a:table(), 4)
  t.raises("invalid", "folds must be at least 2", wf.xgboost.cv, { data = numbers, label = "y",
    folds = 1 })
end)

t.test("a label of another type than the model's is refused at evaluation", function()
  local model = wf.xgboost.train { data = numbers, label = "y", params = binary, rounds = 1 }
  t.raises("type", "'y' is text", wf.metrics.evaluate, model,
    data:drop { "y" }:rename { text = "y" })
  t.raises("invalid", "no rows", wf.metrics.evaluate, model, numbers:head(0))
end)

t.finish()
