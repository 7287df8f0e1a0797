#!/usr/bin/env wf
-- From two raw CSV tables to a live HTTP endpoint, gated on quality.
--
--   wf examples/fraud_pipeline.lua
--   wf examples/fraud_pipeline.lua -p claims=claims.csv -p customers=customers.csv -p min_auc=0.75
--   wf examples/fraud_pipeline.lua --help
--
-- Nine steps: process the data, train (with cross-validation), evaluate, gate, package the model,
-- check it for bias, explain it, register it, deploy it. Without tables of your own it makes some.

local wf = require "wf"
local csv, recipe, xgboost, metrics = wf.csv, wf.recipe, wf.xgboost, wf.metrics
local check, registry, endpoint = wf.check, wf.registry, wf.endpoint

local group_name = "fraud-detect-xgb-model-group"

local run <close> = wf.run {
  name = "FraudDetectXGBPipeline",
  params = {
    claims    = wf.param.file    { default = "", help = "raw claims table; made up when empty" },
    customers = wf.param.file    { default = "", help = "raw customers table; made up when empty" },
    seed      = wf.param.integer { default = 1, min = 0, help = "of the split and the training" },
    min_auc   = wf.param.number  { default = 0.7, min = 0, max = 1,
                                   help = "the model is rejected below this ROC-AUC" },
    approval  = wf.param.choice  { "Approved", "PendingManualApproval", "Rejected",
                                   help = "of the registered version; only Approved is deployed" },
    tree_method = wf.param.choice  { "auto", "hist", "approx", "exact",
                                     help = "how XGBoost finds splits" },
    skip_model_bias_check     = wf.param.boolean { default = false, help = "no bias check" },
    skip_explainability_check = wf.param.boolean { default = false, help = "no explanation" },
  },
}
local p = run.params

-- Tables of your own, or made-up ones that are kept in the state directory.
local function raw_tables()
  if p.claims ~= "" and p.customers ~= "" then return csv.read(p.claims), csv.read(p.customers) end
  if p.claims ~= "" or p.customers ~= "" then
    run:fail("give both claims and customers, or neither")
  end
  run:log("no tables are given: making up 5000 claims")
  return require("generate_claims").frames { rows = 5000, seed = 7 }
end

local data = run:step("DataProcessing", function()
  local claims, customers = raw_tables()
  return claims:join(customers, { on = "policy_id", how = "left" })
    :drop { "policy_id", "customer_zip" }
    :split { train = 0.8, validation = 0.1, test = 0.1, seed = p.seed }
end)

local model = run:step("XGBModelTraining", function()
  local options = {
    data = data.train, label = "fraud",
    recipe = recipe.new()                  -- travels inside the model: the endpoint takes raw rows
      :ordinal("police_report_available", { "No", "Yes" })
      :ordinal("policy_liability", { "15/30", "25/50", "30/60", "100/200" })
      :ordinal("incident_severity", { "Minor", "Major", "Totaled" })
      :ordinal("customer_education",
        { "Below High School", "High School", "Associate", "Bachelor", "Advanced Degree" })
      :one_hot(recipe.strings(), { missing = "na" }),
    params = { objective = "binary:logistic", eval_metric = "auc", max_depth = 5, eta = 0.5,
               subsample = 0.75, colsample_bytree = 0.75, tree_method = p.tree_method,
               seed = p.seed },
    rounds = 5,
  }
  options.folds, options.early_stopping_rounds = 3, 3
  local cv = xgboost.cv(options)
  run:metric("cross-validated auc", cv.test.auc.mean[cv.rounds])

  options.folds, options.early_stopping_rounds = nil, nil
  options.rounds, options.evals = cv.rounds, { validation = data.validation }
  return (xgboost.train(options))
end)

local evaluation = run:step("XGBModelEvaluate", function()
  return metrics.evaluate(model, data.test)
end)

-- The condition step is an `if`.
if evaluation.roc_auc < p.min_auc then
  return run:reject("AUC %.4f is below %.2f", evaluation.roc_auc, p.min_auc)
end

-- The package is what the registry keeps and the endpoint loads: it must predict as the model does.
run:step("XGBCreateModel", function()
  local package = model:pack()
  local loaded = wf.model.unpack(package)
  assert(loaded:predict(data.test):digest() == model:predict(data.test):digest())
  return { digest = model:digest(), bytes = #package, features = #model:features() }
end)

local bias, explanation
if p.skip_model_bias_check then
  run:skip("ModelBiasCheck", "skip_model_bias_check is set")
else
  bias = run:async("ModelBiasCheck", function()
    return check.model_bias { model = model, data = data.train, favourable = 0,
                              facet = { customer_gender = "Female" },
                              model_group = group_name, baseline = "auto",
                              fail_on_violation = false }
  end)
end
if p.skip_explainability_check then
  run:skip("ModelExplainabilityCheck", "skip_explainability_check is set")
else
  explanation = run:async("ModelExplainabilityCheck", function()
    return check.explainability { model = model, data = data.train, aggregate = "mean_abs",
                                  model_group = group_name, baseline = "auto",
                                  fail_on_violation = false }
  end)
end

local version = run:action("XGBRegisterModel", function()
  return registry.register { group = group_name, model = model, approval = p.approval,
                             evaluation = evaluation, bias = bias and bias:await(),
                             explainability = explanation and explanation:await(),
                             description = "fraud_pipeline.lua" }
end)

if version.approval ~= "Approved" then
  return run:skip("DeployRealTime", "the version is " .. version.approval)
end

local live = run:action("DeployRealTime", function()
  return endpoint.deploy { name = "fraud-detect-xgb-pipeline-endpoint", version = version,
                           wait = true }
end)
print(live:invoke(data.test:head(5)))
