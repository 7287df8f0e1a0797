#!/usr/bin/env wf
-- Who gets the good offer? Measure bias, mitigate it in two ways, compare, decide.
--
--   wf examples/credit_bias.lua
--   wf examples/credit_bias.lua -p adult=adult.data -p max_gap=0.08
--   wf examples/credit_bias.lua --help
--
-- A model predicts who earns more than 50K, which decides who is offered a credit line. Men are
-- predicted to far more often than women. Without the UCI Adult table it makes up one of its shape.

local wf = require "wf"
local bias, recipe, xgboost = wf.bias, wf.recipe, wf.xgboost

local run <close> = wf.run {
  name = "CreditBias",
  params = {
    adult   = wf.param.string  { default = "", help = "UCI adult.data; made up when empty" },
    rows    = wf.param.integer { default = 12000, min = 1000, help = "of the made-up table" },
    seed    = wf.param.integer { default = 1, min = 0, help = "of table, split, training, resampling" },
    max_gap = wf.param.number  { default = 0.10, min = 0, max = 1,
                                 help = "largest difference in offers between women and the rest" },
    max_cost = wf.param.number { default = 0.05, min = 0, max = 1,
                                 help = "accuracy that fairness may cost" },
  },
}
local p = run.params

local adult_columns = { "age", "workclass", "fnlwgt", "education", "education_num", "marital_status",
  "occupation", "relationship", "race", "sex", "capital_gain", "capital_loss", "hours_per_week",
  "native_country", "income" }

local function people()
  if p.adult == "" then return require("generate_people").frame { rows = p.rows, seed = p.seed } end
  local raw = wf.csv.read(p.adult, { header = false, trim = true, missing = { "?", "" } })
  local names = {}
  for i, name in ipairs(raw:columns()) do names[name] = adult_columns[i] end
  return raw:rename(names):drop { "fnlwgt", "relationship" }
end

local data = run:step("Data", function()
  return people():split { train = 0.6, test = 0.4, seed = p.seed }
end)

-- The attributes that are protected are no features; what goes with them still is.
local function trained(weight)
  return (xgboost.train {
    data = data.train:drop { "sex", "race" }, label = "income", weight = weight, rounds = 30,
    recipe = recipe.new():one_hot(recipe.strings(), { missing = "na" }),
    params = { objective = "binary:logistic", max_depth = 4, eta = 0.3, seed = p.seed },
  })
end

-- One report for each way to decide, on the same rows with the same facets.
local function report_of(decision)
  decision.data, decision.label, decision.favourable = data.test, "income", ">50K"
  decision.facet = { "sex", { "sex", "race" } }
  decision.min_group, decision.group = 100, "education"
  decision.metrics = { "CI", "DPL", "CDDL", "DPPL", "DI", "RD", "AD", "CDDPL" }
  decision.intervals = { resamples = 1000, seed = p.seed }
  return bias.report(decision)
end

-- 1. Measure: the data first, then what a model makes of it.
local plain = run:step("Plain", function()
  local model = trained()
  return { model = model, report = report_of { model = model } }
end)
print(plain.report)
for _, name in ipairs { "DPL", "DPPL", "RD" } do
  print("  " .. plain.report:metric("sex", name, "Female").sentence)
end
print(bias.by_group { data = data.test, label = "income", favourable = ">50K", model = plain.model,
  by = { "sex", "race" }, min_group = 100,
  metrics = { "selection_rate", "accuracy", "true_positive_rate", "false_positive_rate" } })

-- 2. Mitigate before training: weights under which sex and income are independent.
local reweighed = run:step("Reweighed", function()
  local weight = bias.reweigh { data = data.train, label = "income", favourable = ">50K", by = "sex" }
  local model = trained(weight)
  return { model = model, report = report_of { model = model } }
end)

-- 3. Mitigate after training: a threshold for each sex, fitted on the training rows.
local fitted = run:step("Thresholds", function()
  local rules = bias.thresholds { data = data.train, label = "income", favourable = ">50K", by = "sex",
    model = plain.model, constraint = "demographic_parity" }
  return { rules = rules, trade_off = rules:trade_off(), report = report_of {
    prediction = rules:predict(data.test, { model = plain.model }) } }
end)
print(fitted.rules)
print(fitted.trade_off)

-- 4. Compare, and decide: the most accurate way whose gap is small enough and whose price is not too high.
local ways = { { "plain", plain.report }, { "reweighed", reweighed.report },
  { "thresholds", fitted.report } }
print(bias.compare(ways))

local accuracy_of = function(report) return report:performance_table().value[1] end

local chosen
for _, way in ipairs(ways) do
  local gap = math.abs(way[2]:value("sex", "DPPL", "Female"))
  local cost = accuracy_of(plain.report) - accuracy_of(way[2])
  local fits = gap <= p.max_gap and cost <= p.max_cost
  run:metric("gap " .. way[1], gap)
  run:metric("accuracy " .. way[1], accuracy_of(way[2]))
  if fits and (not chosen or accuracy_of(way[2]) > accuracy_of(chosen[2])) then chosen = way end
end
if not chosen then
  return run:reject("no way to decide has a gap of at most %g for at most %g of accuracy", p.max_gap,
    p.max_cost)
end
print(("decided: %s"):format(chosen[1]))
