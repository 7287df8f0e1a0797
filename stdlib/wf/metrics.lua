-- wf.metrics: how good a model's predictions are.
--
--   local evaluation = wf.metrics.evaluate(model, test)            -- by the model's objective
--   print(evaluation.roc_auc, evaluation.f1, evaluation.confusion.fp)
--   print(evaluation.curve)                                        -- a frame over all thresholds
--   wf.metrics.binary(labels, scores, { threshold = 0.3, weights = w })
--
-- Definitions are scikit-learn's. binary, regression, multiclass and curve take columns.

local core = require "wf.core.metrics"
local errors = require "wf.errors"
local frame = require "wf.frame"
local labels = require "wf.labels"
local options = require "wf.options"
local pretty = require "wf.pretty"

local metrics = {
  binary = core.binary, regression = core.regression, multiclass = core.multiclass,
  curve = core.curve,
}

local Evaluation = { __name = "wf.evaluation", __module = "wf.metrics", __class = "Evaluation" }
metrics.classes = { Evaluation = Evaluation }

-- What was predicted for what, kept apart so that an evaluation holds results only.
local inputs = setmetatable({}, { __mode = "k" })

local methods = {}

-- What each kind of evaluation may have; a metric that is undefined for the data is not there.
local known = {
  binary = { "accuracy", "balanced_accuracy", "brier", "confusion", "curve", "f1", "fn", "fp",
    "log_loss", "mcc", "n", "objective", "positives", "pr_auc", "precision", "recall", "roc_auc",
    "specificity", "threshold", "tn", "tp" },
  multi = { "accuracy", "confusion", "log_loss", "macro_f1", "macro_precision", "macro_recall", "n",
    "n_classes", "objective", "roc_auc_ovr", "weighted_f1", "weighted_precision",
    "weighted_recall" },
  regression = { "mae", "mse", "n", "objective", "r2", "rmse" },
}

-- Reading an undefined metric raises: a gate must not pass, or fail, for want of a number.
local function raise_absent(self, key)
  local names = known[labels.kind_of(rawget(self, "objective"))]
  for _, name in ipairs(names) do
    if name == key then
      errors.invalid("evaluation: '%s' is undefined for this data (a single class, or too few rows); "
        .. "e:get('%s') gives nil", key, key)
    end
  end
  errors.invalid("evaluation: %s", options.unknown("metric", tostring(key), names))
end

function Evaluation.__index(self, key)
  if methods[key] then return methods[key] end
  if key == "curve" and inputs[self] then return self:get_curve() end
  raise_absent(self, key)
end

-- The metric, or nil when it is undefined for the data.
function methods:get(name)
  return rawget(self, name)
end

-- Computed when it is asked for.
function methods:get_curve()
  local input = inputs[self]
  if input and not rawget(self, "curve") then
    rawset(self, "curve", core.curve(input.labels, input.scores, { weights = input.weights }))
  end
  return rawget(self, "curve")
end

-- The numbers by name, without the tables.
local function scalar_names(self)
  local names = {}
  for _, name in ipairs(options.sorted_keys(self)) do
    if type(self[name]) == "number" then names[#names + 1] = name end
  end
  return names
end

-- What is stored of an evaluation is all of it.
function Evaluation.__complete(self)
  if inputs[self] then self:get_curve() end
end

function methods:table()
  local names, values = scalar_names(self), {}
  for i, name in ipairs(names) do values[i] = self[name] + 0.0 end
  return frame.new { names = { "metric", "value" }, columns = { names, values } }
end

function Evaluation:__tostring()
  local rows = {}
  for i, name in ipairs(scalar_names(self)) do rows[i] = { name, ("%.6g"):format(self[name]) } end
  return ("evaluation of %s on %d rows\n%s"):format(self.objective, self.n,
    pretty.columns(rows, "  "))
end

function Evaluation:__summary()
  local out = {}
  for key, value in pairs(self) do
    if key ~= "curve" then out[key] = value end
  end
  return out
end

local shown = { binary = { "roc_auc", "pr_auc", "log_loss", "accuracy", "precision", "recall", "f1" },
  multi = { "accuracy", "log_loss", "macro_f1" }, regression = { "rmse", "mae", "r2" } }

function Evaluation:__report()
  local facts = {}
  for _, name in ipairs(shown[labels.kind_of(self.objective)]) do
    local value = self:get(name)
    facts[#facts + 1] = { name, value and ("%.4f"):format(value) or "undefined" }
  end
  return facts
end

local function confusion_of(result)
  return { tp = result.tp, fp = result.fp, fn = result.fn, tn = result.tn }
end

local function evaluate_binary(model, data, truth, weights, threshold)
  local scores = model:predict(data)
  local result = core.binary(truth, scores, { weights = weights, threshold = threshold })
  result.confusion = confusion_of(result)
  return result, { labels = truth, scores = scores, weights = weights }
end

local evaluators = {
  binary = evaluate_binary,
  multi = function(model, data, truth, weights)
    local scores = model:predict(data)
    if not options.is(scores, "wf.frame") then
      errors.raise { code = "unsupported", message = ("metrics.evaluate: %s predicts classes without "
        .. "probabilities; train with multi:softprob"):format(model:objective()) }
    end
    return core.multiclass(truth, scores, { weights = weights })
  end,
  regression = function(model, data, truth, weights)
    return core.regression(truth, model:predict(data), { weights = weights })
  end,
}

function metrics.evaluate(model, data, given)
  options.argument("metrics.evaluate", 1, model, "wf.model")
  options.argument("metrics.evaluate", 2, data, "wf.frame")
  local o = options.check("metrics.evaluate", given, {
    threshold = { "number", default = 0.5 }, weight = { "string|wf.column" },
  })
  if #data == 0 then errors.invalid("metrics.evaluate: the data has no rows") end
  local plan = labels.plan_for(model)
  local truth = plan:numbers(data)
  local weights = labels.weights(data, o.weight)
  local result, input = evaluators[plan.kind](model, data, truth, weights, o.threshold)
  result.objective = model:objective()
  if input then inputs[result] = input end
  return setmetatable(result, Evaluation)
end

return metrics
