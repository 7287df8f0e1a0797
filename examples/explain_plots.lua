#!/usr/bin/env wf
-- What does a model rely on, and how good is it? Train, explain, draw, and put it on one page.
--
--   wf examples/explain_plots.lua
--   wf examples/explain_plots.lua -p output=plots -p rows=20000 -p person=17
--   wf examples/explain_plots.lua --help
--
-- On people made up from a seed, of the shape of the UCI Adult census table. Every plot is written as
-- an SVG file; all of them together as plots.html; the most telling ones are printed as well.

local wf = require "wf"
local plot, recipe, xgboost = wf.plot, wf.recipe, wf.xgboost

local run <close> = wf.run {
  name = "ExplainPlots",
  params = {
    output = wf.param.string  { default = "plots", help = "directory to write to" },
    rows   = wf.param.integer { default = 4000, min = 500, help = "of the made-up table" },
    seed   = wf.param.integer { default = 1, min = 0, help = "of table, split and training" },
    rounds = wf.param.integer { default = 40, min = 2, help = "of training" },
    person = wf.param.integer { default = 3, min = 1, help = "row of the test set to look at" },
  },
}
local p = run.params

local data = run:step("People", function()
  return require("generate_people").frame { rows = p.rows, seed = p.seed }
    :split { train = 0.6, validation = 0.1, test = 0.3, seed = p.seed }
end)

local trained = run:step("Training", function()
  local model, training = xgboost.train {
    data = data.train, label = "income", evals = { validation = data.validation }, rounds = p.rounds,
    recipe = recipe.new():one_hot(recipe.strings(), { missing = "na" }),
    params = { objective = "binary:logistic", eval_metric = { "auc", "logloss" }, max_depth = 4,
      eta = 0.2, seed = p.seed },
  }
  return { model = model, training = training, evaluation = wf.metrics.evaluate(model, data.test) }
end)
local model, evaluation = trained.model, trained.evaluation

local plots = run:step("Plots", function()
  local explained = wf.shap.explain(model, data.test)
  local by_column = explained:by_source()           -- one-hot features summed up to their column
  local mean = wf.explain.partial_dependence(model, data.test, "age")
  local lines = wf.explain.ice(model, data.test:head(100), "age")
  return {
    beeswarm = plot.beeswarm(explained, { top = 12 }),
    importance = plot.importance(by_column),
    heatmap = plot.heatmap(by_column, { top = 8 }),
    dependence = plot.dependence(explained, { feature = "age", by = "education_num" }),
    partial = plot.partial_dependence(mean, { feature = "age", ice = lines, y_label = "Probability of > 50K" }),
    waterfall = plot.waterfall(by_column, { row = p.person, link = "logit", top = 8 }),
    force = plot.force(by_column, { row = p.person, link = "logit" }),
    both = plot.partial_dependence(
      wf.explain.partial_dependence(model, data.test, { "age", "education_num" }, { rows = 300 }),
      { feature = { "age", "education_num" }, y_label = "Probability of > 50K" }),
    permutation = plot.importance(wf.explain.permutation(model, data.test),
      { title = "What shuffling a column costs", x_label = "Loss of ROC-AUC" }),
    roc = plot.roc(evaluation), pr = plot.pr(evaluation),
    calibration = plot.calibration(evaluation),
    confusion = plot.confusion(evaluation, { classes = model:classes() }),
    learning = plot.learning(trained.training),
  }
end)

print(plots.beeswarm)
print()
print(plots.waterfall)
print()
print(plots.roc)

run:action("Write", function()
  local directory = p.output:gsub("/+$", "")
  for name, picture in pairs(plots) do picture:write(directory .. "/" .. name .. ".svg") end
  plot.page { title = "Who earns more than 50K?",
    subtitle = ("%d people, ROC-AUC %.3f"):format(#data.test, evaluation.roc_auc),
    "What the model relies on", plots.beeswarm, plots.importance, plots.heatmap, plots.dependence,
    plots.partial, plots.both, plots.permutation,
    "One person", plots.waterfall, plots.force,
    "How good it is", plots.roc, plots.pr, plots.calibration, plots.confusion, plots.learning,
  }:write(directory .. "/plots.html")
end)
run:summary { { "page", p.output .. "/plots.html" } }
