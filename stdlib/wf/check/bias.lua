-- wf.check.bias: check.data_bias and check.model_bias.
--
-- A metric drifts when it is farther from fair than its baseline: from 1 for DI, from 0 for all others.
-- (Clarify measures DI from 0 too, and so takes a ratio that fell for an improvement.) With
-- `significant` and intervals, only if the whole interval is farther.

local bias = require "wf.bias"
local json = require "wf.json"
local options = require "wf.options"
local report = require "wf.check.report"

local check = {}

local function number_of(value)
  if value == "Infinity" then return math.huge elseif value == "-Infinity" then return -math.huge end
  return value
end

local function unfairness(metric, value)
  return bias.unfairness(metric, number_of(value))
end

local function find_value(values, wanted)
  for _, entry in ipairs(values) do
    if entry.facet == wanted.facet and entry.facet_value == wanted.facet_value
      and entry.metric == wanted.metric then
      return entry.value
    end
  end
end

-- The end of the interval that is nearest to fair.
local function least_unfair(name, metric)
  local fair = name == "DI" and 1 or 0
  if metric.low <= fair and fair <= metric.high then return 0 end
  return math.min(unfairness(name, metric.low), unfairness(name, metric.high))
end

local function is_farther(self, now, before, o)
  local distance = unfairness(now.metric, before)
  if unfairness(now.metric, now.value) <= distance then return false end
  local metric = self.computed:metric(now.facet, now.metric, now.facet_value)
  if not (o.significant and metric.low) then return true end
  return least_unfair(now.metric, metric) > distance
end

local function violation_of(self, now, before)
  local metric = self.computed:metric(now.facet, now.metric, now.facet_value)
  return { check = "bias_drift_check", facet = now.facet, facet_value = now.facet_value,
    metric = now.metric, observed = now.value, baseline = before,
    threshold = unfairness(now.metric, before), n = self.rows,
    interval = metric.low and { metric.low, metric.high } or nil,
    description = ("%s of %s = %s is %s, farther from fair than the baseline %s"):format(now.metric,
      now.facet, now.facet_value, now.value, before) }
end

local function violations(self, previous, o)
  local list = {}
  for _, now in ipairs(self.computed:values()) do
    local before = find_value(previous.values or {}, now)
    if before and is_farther(self, now, before, o) then
      list[#list + 1] = violation_of(self, now, before)
    end
  end
  return list
end

-- A baseline may be a decoded analysis.json.
local function read_baseline(given)
  if not (given.pre_training_bias_metrics or given.post_training_bias_metrics) then return given end
  local values = {}
  for _, stage in ipairs { "pre_training_bias_metrics", "post_training_bias_metrics" } do
    local facets = (given[stage] or {}).facets or {}
    for _, name in ipairs(options.sorted_keys(facets)) do
      for _, entry in ipairs(facets[name]) do
        for _, metric in ipairs(entry.metrics) do
          if metric.value ~= json.null then
            values[#values + 1] = { facet = name, facet_value = entry.value_or_threshold,
              metric = metric.name, value = metric.value }
          end
        end
      end
    end
  end
  return { values = values }
end

local function facts(self)
  local list, wanted = {}, self.computed.predicted and "DPPL" or "DPL"
  for _, facet in ipairs(self.facets) do
    for _, metric in ipairs(facet.metrics) do
      if metric.name == wanted then
        list[#list + 1] = { "bias " .. facet.name, ("%s %s  (%s)"):format(wanted,
          metric.value and ("%.4f"):format(metric.value) or metric.error, self:verdict()) }
      end
    end
  end
  return list
end

local kind = {
  baseline = function(self) return { values = self.computed:values() } end,
  read_baseline = read_baseline,
  violations = violations,
  table = function(self) return self.computed:table() end,
  analysis = function(self) return self.computed:analysis() end,
  body = function(self) return tostring(self.computed) end,
  summary = function(self) return { values = self.computed:values() } end,
  facts = facts,
  files = function(self) return { ["analysis.json"] = self:analysis_json() } end,
  violations_version = "1.0",
  violation = function(v)
    return { facet = v.facet, facet_value = v.facet_value, metric_name = v.metric,
      constraint_check_type = v.check, description = ("Metric value %s doesn't meet the baseline "
        .. "constraint requirement %s"):format(v.observed, v.baseline) }
  end,
}
report.kinds.data_bias, report.kinds.model_bias = kind, kind

local passed_on = { "data", "label", "favourable", "facet", "group", "metrics", "min_group",
  "intervals", "weight", "model", "prediction", "decision", "threshold", "flip" }

local function run(name, o)
  local asked = {}
  for _, key in ipairs(passed_on) do asked[key] = o[key] end
  local computed = bias.report(asked)
  return report.finish(name, { facets = computed.facets, label = computed.label,
    favourable = computed.favourable, rows = computed.rows, threshold = o.threshold,
    computed = computed }, o)
end

local function rules(more)
  more.data, more.favourable = { "wf.frame", required = true }, { "any", required = true }
  more.facet, more.group, more.metrics = { "table", required = true }, { "string" }, { "table" }
  more.min_group, more.intervals = { "integer", min = 1 }, { "boolean|table" }
  more.weight, more.significant = { "string|wf.column" }, { "boolean" }
  return report.rules(more)
end

local data_rules = rules { label = { "string", required = true } }
local model_rules = rules { model = { "wf.model" }, label = { "string" },
  prediction = { "string|wf.column" }, decision = { "string|wf.column" },
  threshold = { "number", default = 0.5 }, flip = { "boolean|table" } }

function check.data_bias(given)
  return run("data_bias", options.check("check.data_bias", given, data_rules))
end

function check.model_bias(given)
  local o = options.check("check.model_bias", given, model_rules)
  if not (o.model or o.prediction or o.decision) then
    require("wf.errors").invalid("check.model_bias: give a model, or its prediction or decision")
  end
  return run("model_bias", o)
end

return check
