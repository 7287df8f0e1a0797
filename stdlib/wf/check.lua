-- wf.check: checks of data and models that compare themselves with an earlier baseline.
--
--   local bias = wf.check.model_bias {
--     model = model, data = train, favourable = 0, threshold = 0.5,
--     facet = { customer_gender = "Female" }, model_group = "fraud", baseline = "auto",
--   }
--   print(bias, bias:value("customer_gender", "DPPL"), #bias.violations)
--   local why = wf.check.explainability { model = model, data = train, aggregate = "mean_abs" }
--   print(why.features:head(10), why:analysis())
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

local bias = require "wf.bias"
local errors = require "wf.errors"
local frame = require "wf.frame"
local json = require "wf.json"
local labels = require "wf.labels"
local options = require "wf.options"
local shap = require "wf.shap"

local check = {}

local Report = { __name = "wf.check", __module = "wf.check", __class = "Report" }
check.classes = { Report = Report }

local shared_rules = {
  baseline = { "string|table|wf.check|wf.version" }, model_group = { "string" },
  skip_check = { "boolean" }, register_new_baseline = { "boolean" },
  fail_on_violation = { "boolean", default = true },
}

local function rules_with(more)
  for key, rule in pairs(shared_rules) do more[key] = rule end
  return more
end

-- ---- baselines ----------------------------------------------------------------------------------

-- The baseline of one kind in what was given as `baseline`.
local function baseline_in(kind, given)
  local type_name = options.type_of(given)
  if type_name == "wf.check" then
    if given.kind ~= kind then
      errors.invalid("check.%s: the baseline is a report of check.%s", kind, given.kind)
    end
    return given:new_baseline()
  elseif type_name == "wf.version" then
    return given.baselines[kind]
  end
  return given
end

local function previous_baseline(kind, o)
  if o.baseline ~= nil and o.baseline ~= "auto" then
    if type(o.baseline) == "string" then
      errors.invalid("check.%s: baseline is a report, a version or \"auto\", not '%s'", kind,
        o.baseline)
    end
    local found = baseline_in(kind, o.baseline)
    if not found then errors.invalid("check.%s: the given version has no such baseline", kind) end
    return found
  end
  return o.model_group and require("wf.registry").approved_baseline(o.model_group, kind)
end

local function require_baseline(kind, o)
  local flags_need_one = o.skip_check == false or o.register_new_baseline == false
  if o.baseline == "auto" or not flags_need_one then return end
  errors.raise { code = "not_found", message = ("check.%s: there is no previous baseline%s; "
    .. "skip_check = false and register_new_baseline = false need one (baseline = \"auto\" uses one "
    .. "if there is one)"):format(kind, o.model_group
      and (" in an Approved version of '" .. o.model_group .. "'") or "") }
end

-- Drift against the previous baseline, by the rules above.
local function compare(report, o, violations_of)
  local previous = previous_baseline(report.kind, o)
  if not previous then require_baseline(report.kind, o) end
  report.violations, report.checked = {}, previous ~= nil and not o.skip_check
  report.drift_baseline = previous and not o.register_new_baseline and previous
    or report:new_baseline()
  if report.checked then report.violations = violations_of(report, previous) end
  if #report.violations > 0 and o.fail_on_violation then
    errors.raise { code = "violation", report = report, data = report.violations,
      message = ("check.%s: %d violation%s: %s"):format(report.kind, #report.violations,
        #report.violations == 1 and "" or "s", report.violations[1].description) }
  end
  return report
end

-- ---- bias ---------------------------------------------------------------------------------------

local function unfairness(metric, value)
  if value == "Infinity" or value == "-Infinity" then return math.huge end
  return bias.unfairness(metric, value)
end

local function find_value(values, wanted)
  for _, entry in ipairs(values) do
    if entry.facet == wanted.facet and entry.facet_value == wanted.facet_value
      and entry.metric == wanted.metric then
      return entry.value
    end
  end
end

-- A metric drifts when it is farther from fair than it was.
local function bias_violations(report, previous)
  local violations = {}
  for _, now in ipairs(report.computed:values()) do
    local before = find_value(previous.values or {}, now)
    if before and unfairness(now.metric, now.value) > unfairness(now.metric, before) then
      violations[#violations + 1] = { check = "bias_drift_check", facet = now.facet,
        facet_value = now.facet_value, metric = now.metric, observed = now.value, baseline = before,
        threshold = unfairness(now.metric, before), n = report.rows,
        description = ("%s of %s = %s is %s, farther from fair than the baseline %s"):format(
          now.metric, now.facet, now.facet_value, now.value, before) }
    end
  end
  return violations
end

local bias_rules = rules_with {
  model = { "wf.model", required = true }, data = { "wf.frame", required = true },
  favourable = { "any", required = true }, facet = { "table", required = true },
  group = { "string" }, metrics = { "table" }, threshold = { "number", default = 0.5 },
  min_group = { "integer", min = 1 }, intervals = { "boolean|table" }, flip = { "boolean|table" },
  weight = { "string|wf.column" },
}

local function bias_options(o)
  local out = {}
  for _, key in ipairs { "model", "data", "label", "favourable", "facet", "group", "metrics",
    "threshold", "min_group", "intervals", "flip", "weight" } do
    out[key] = o[key]
  end
  return out
end

local function bias_report(kind, o)
  local computed = bias.report(bias_options(o))
  return compare(setmetatable({ kind = kind, facets = computed.facets, label = computed.label,
    favourable = computed.favourable, rows = computed.rows, threshold = o.threshold,
    computed = computed }, Report), o, bias_violations)
end

function check.model_bias(given)
  return bias_report("model_bias", options.check("check.model_bias", given, bias_rules))
end

local data_bias_rules = rules_with {
  data = { "wf.frame", required = true }, label = { "string", required = true },
  favourable = { "any", required = true }, facet = { "table", required = true },
  group = { "string" }, metrics = { "table" }, min_group = { "integer", min = 1 },
  intervals = { "boolean|table" }, weight = { "string|wf.column" },
}

function check.data_bias(given)
  return bias_report("data_bias", options.check("check.data_bias", given, data_bias_rules))
end

-- ---- explainability -----------------------------------------------------------------------------

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

local function attribution_violations(report, previous)
  local score = ndcg(ranking(report.features), previous.ranking or {})
  report.ndcg = score
  if score >= report.ndcg_threshold then return {} end
  return { { check = "feature_attribution_drift_check", metric = "nDCG", label = "label0",
    observed = score, baseline = 1.0, threshold = report.ndcg_threshold, n = report.rows,
    description = ("the order of the features has nDCG %.4f with the baseline's, below %g"):format(
      score, report.ndcg_threshold) } }
end

local explainability_rules = rules_with {
  model = { "wf.model", required = true }, data = { "wf.frame", required = true },
  aggregate = { "string", default = "mean_abs", choices = { "mean_abs", "median", "mean_sq" } },
  threads = { "integer", min = 0 },
  ndcg_threshold = { "number", default = 0.9, min = 0, max = 1 },
}

local function output_count(model, data)
  if labels.kind_of(model:objective()) ~= "multi" then return 1 end
  return #model:predict(data:head(1), { kind = "margin" }):columns()
end

-- {base, features} of every output: one, or one per class.
local function explain_outputs(o)
  local explained, outputs = shap.explain(o.model, o.data, { threads = o.threads }), {}
  for i = 1, output_count(o.model, o.data) do
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

function check.explainability(given)
  local o = options.check("check.explainability", given, explainability_rules)
  if #o.data == 0 then errors.invalid("check.explainability: the data has no rows") end
  local outputs = explain_outputs(o)
  return compare(setmetatable({ kind = "explainability", aggregate = o.aggregate, rows = #o.data,
    features = mean_importance(outputs), base = outputs[1].base, outputs = outputs,
    ndcg_threshold = o.ndcg_threshold }, Report), o, attribution_violations)
end

-- ---- reports ------------------------------------------------------------------------------------

local methods = {}
Report.__index = methods

-- What a later check compares itself with; plain data.
function methods:new_baseline()
  if self.kind == "explainability" then
    return { aggregate = self.aggregate, ranking = ranking(self.features) }
  end
  return { values = self.computed:values() }
end

-- A bias metric of a facet: its value, or nil and why there is none.
function methods:value(facet, name, set)
  if not self.computed then errors.invalid("check.%s: there are no bias metrics", self.kind) end
  return self.computed:value(facet, name, set)
end

function methods:table()
  return self.computed and self.computed:table() or self.features
end

-- Clarify's name for the block is kernel_shap, whatever computed it; `method` says what did.
local function explanations(self)
  local by_label = {}
  for i, output in ipairs(self.outputs) do
    local values = {}
    for _, entry in ipairs(ranking(output.features)) do values[entry.feature] = entry.importance end
    by_label["label" .. i - 1] = { global_shap_values = values, expected_value = output.base }
  end
  return { version = "1.0", method = "exact path-dependent TreeSHAP, " .. self.aggregate,
    explanations = { kernel_shap = by_label } }
end

-- A table in the layout of Clarify's analysis.json.
function methods:analysis()
  return self.computed and self.computed:analysis() or explanations(self)
end

-- The same as text, ready to be written.
function methods:analysis_json()
  return json.encode(self:analysis(), { indent = 4 })
end

-- Violations as a frame, one row each.
function methods:violation_table()
  local columns = { {}, {}, {}, {}, {} }
  for row, v in ipairs(self.violations) do
    columns[1][row], columns[2][row] = v.check, v.metric
    columns[3][row], columns[4][row] = tostring(v.observed), tostring(v.baseline)
    columns[5][row] = v.description
  end
  return frame.new { names = { "check", "metric", "observed", "baseline", "description" },
    columns = columns }
end

local function verdict(self)
  if not self.checked then return "no drift check" end
  return #self.violations == 0 and "no drift" or #self.violations .. " violations"
end

function Report:__tostring()
  local body = self.computed and tostring(self.computed)
    or ("explanation of %d rows by %s\n%s"):format(self.rows, self.aggregate, tostring(self.features))
  return ("check.%s: %s\n%s"):format(self.kind, verdict(self), body)
end

function Report:__summary()
  return { kind = self.kind, rows = self.rows, violations = self.violations, checked = self.checked,
    values = self.computed and self.computed:values() or nil,
    features = self.features and ranking(self.features:head(10)) or nil }
end

function Report:__report()
  if not self.computed then
    local top = {}
    for i, entry in ipairs(ranking(self.features:head(3))) do
      top[i] = ("%s %.3g"):format(entry.feature, entry.importance)
    end
    return { { "top features", table.concat(top, ", ") .. "  (" .. verdict(self) .. ")" } }
  end
  local facts = {}
  local wanted = self.computed.predicted and "DPPL" or "DPL"
  for _, facet in ipairs(self.facets) do
    for _, metric in ipairs(facet.metrics) do
      if metric.name == wanted then
        facts[#facts + 1] = { "bias " .. facet.name, ("%s %s  (%s)"):format(wanted,
          metric.value and ("%.4f"):format(metric.value) or metric.error, verdict(self)) }
      end
    end
  end
  return facts
end

return check
