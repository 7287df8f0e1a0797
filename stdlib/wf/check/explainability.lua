-- wf.check.explainability: which features drive a model, and whether their order drifted.
--
-- Attributions drift when the nDCG of the live order against the baseline's importances is below
-- ndcg_threshold.

local core = require "wf.core.shap"
local errors = require "wf.errors"
local frame = require "wf.frame"
local layout = require "wf.shap.layout"
local options = require "wf.options"
local report = require "wf.check.report"
local shap = require "wf.shap"

local check = {}

-- nDCG of the live ranking against the baseline's attributions: 1 when the order is the same.
local function ndcg(live, baseline)
  local attribution = {}
  for _, entry in ipairs(baseline) do attribution[entry.feature] = entry.importance end
  local gained, ideal = 0.0, 0.0
  for i, entry in ipairs(live) do
    gained = gained + (attribution[entry.feature] or 0) / math.log(i + 1, 2)
  end
  for i, entry in ipairs(baseline) do ideal = ideal + entry.importance / math.log(i + 1, 2) end
  return ideal == 0 and 1.0 or gained / ideal
end
check.ndcg = ndcg

local function ranking(features)
  local names, values, list = features.feature:to_table(), features.importance:to_table(), {}
  for i, name in ipairs(names) do list[i] = { feature = name, importance = values[i] } end
  return list
end

local function attribution_violations(self, previous)
  local score = ndcg(ranking(self.features), previous.ranking or {})
  self.ndcg = score
  if score >= self.ndcg_threshold then return {} end
  return { { check = "feature_attribution_drift_check", metric = "nDCG", label = "label0",
    observed = score, baseline = 1.0, threshold = self.ndcg_threshold, n = self.rows,
    description = ("the order of the features has nDCG %.4f with the baseline's, below %g"):format(
      score, self.ndcg_threshold) } }
end

local explainability_rules = report.rules {
  model = { "wf.model", required = true }, data = { "wf.frame", required = true },
  aggregate = { "string", default = "mean_abs", choices = { "mean_abs", "median", "mean_sq" } },
  threads = { "integer", min = 0 },
  ndcg_threshold = { "number", default = 0.9, min = 0, max = 1 },
}

-- {base, features} of every output: one, or one per class. Only a median needs the values of all rows
-- at a time.
local function explain_outputs(o)
  if o.aggregate ~= "median" then return core.means(o.model, o.data, o.aggregate, { threads = o.threads }) end
  local explained, outputs = shap.explain(o.model, o.data, { threads = o.threads }), {}
  for i = 1, explained:output_count() do
    outputs[i] = { base = explained:base(i), features = explained:global(o.aggregate, i) }
  end
  return outputs
end

-- The importance of a feature is its mean over the outputs.
local function mean_importance(outputs)
  if #outputs == 1 then return outputs[1].features end
  local sums = {}
  for _, output in ipairs(outputs) do
    for _, entry in ipairs(ranking(output.features)) do
      sums[entry.feature] = (sums[entry.feature] or 0) + entry.importance / #outputs
    end
  end
  local names, values = options.sorted_keys(sums), {}
  for i, name in ipairs(names) do values[i] = sums[name] end
  return frame.new({ names = { "feature", "importance" }, columns = { names, values } })
    :sort("importance", { descending = true })
end

-- The service's layout, and what computed it.
local function explanations(self)
  local analysis = layout.analysis(self.outputs)
  analysis.method = "exact path-dependent TreeSHAP, " .. self.aggregate
  return analysis
end

local function facts(self)
  local top = {}
  for i, entry in ipairs(ranking(self.features:head(3))) do
    top[i] = ("%s %.3g"):format(entry.feature, entry.importance)
  end
  return { { "top features", table.concat(top, ", ") .. "  (" .. self:verdict() .. ")" } }
end

report.kinds.explainability = {
  baseline = function(self) return { aggregate = self.aggregate, ranking = ranking(self.features) } end,
  violations = attribution_violations,
  table = function(self) return self.features end,
  analysis = explanations,
  body = function(self)
    return ("explanation of %d rows by %s\n%s"):format(self.rows, self.aggregate, tostring(self.features))
  end,
  summary = function(self) return { features = ranking(self.features:head(10)) } end,
  facts = facts,
  files = function(self) return { ["analysis.json"] = self:analysis_json() } end,
  violations_version = "1.0",
  violation = function(v)
    return { label = v.label, metric_name = "shap", constraint_check_type = v.check,
      description = ("Feature attribution drift metric value %s doesn't meet the constraint "
        .. "requirement %s"):format(v.observed, v.threshold) }
  end,
}

function check.explainability(given)
  local o = options.check("check.explainability", given, explainability_rules)
  if #o.data == 0 then errors.invalid("check.explainability: the data has no rows") end
  local outputs = explain_outputs(o)
  return report.finish("explainability", { aggregate = o.aggregate, rows = #o.data,
    features = mean_importance(outputs), base = outputs[1].base, outputs = outputs,
    ndcg_threshold = o.ndcg_threshold }, o)
end

return check
