-- wf.check: checks of data and models that compare themselves with an earlier baseline.
--
--   local bias = wf.check.model_bias {
--     model = model, data = train, favourable = 0, threshold = 0.5,
--     facet = { customer_gender = "Female" }, model_group = "fraud", baseline = "auto",
--   }
--   print(bias, bias:value("customer_gender", "DPPL"), #bias.violations)
--   local why = wf.check.explainability { model = model, data = train, aggregate = "mean_abs" }
--   print(why.features:head(10), why:analysis())
--   local data = wf.check.data_quality { data = week, baseline = trained_on }
--   local quality = wf.check.model_quality { model = model, data = test, thresholds = { auc = 0.7 } }
--   bias:files("baselines/bias")      -- analysis.json, constraint_violations.json
--
-- Every check computes a new baseline. It looks for drift when there is a previous one: `baseline` is
-- a report, a registered version, or "auto" (that of the latest Approved version of `model_group`, if
-- there is one). `skip_check` and `register_new_baseline` have SageMaker's four meanings:
--
--   skip_check  register_new_baseline   drift check   the report's drift_baseline
--   false       false                   yes           the previous one
--   false       true                    yes           the new one
--   true        false                   no            the previous one
--   true        true                    no            the new one
--
-- Giving either flag false requires a previous baseline, except with baseline = "auto". A violation
-- is {check, metric, observed, baseline, threshold, n, …} in report.violations; it raises an error of
-- code "violation" unless fail_on_violation is false.

local report = require "wf.check.report"

local check = { classes = { Report = report.Report } }

for _, name in ipairs { "bias", "data_quality", "explainability", "model_quality" } do
  for key, value in pairs(require("wf.check." .. name)) do check[key] = value end
end

return check
