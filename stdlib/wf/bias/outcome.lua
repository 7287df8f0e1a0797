-- wf.bias.outcome: observed and predicted outcomes of a table's rows as favourable or not.
--
--   local outcome = require "wf.bias.outcome"
--   local seen = outcome.read("bias.report", { data = frame, label = "fraud", favourable = 0,
--     model = model, threshold = 0.5 })
--   seen.labels, seen.decisions     -- bool columns; decisions is nil without predictions
--   seen.rule, seen.decision_rule   -- "fraud is 0", "fraud is 0: its probability is at least 0.5"
--
-- Predictions are one of: `prediction`, labels as in the label column; `decision`, a bool column, true
-- where the decision is favourable; `model`, asked for the table's rows. `score` (or the model) gives
-- seen.scores: larger is more favourable.

local errors = require "wf.errors"
local labels = require "wf.labels"
local options = require "wf.options"
local sets = require "wf.bias.sets"

local outcome = {}

-- Options that every function here takes; `more` is added to them.
function outcome.rules(more)
  local rules = {
    data = { "wf.frame", required = true }, label = { "string" },
    favourable = { "any", required = true }, prediction = { "string|wf.column" },
    decision = { "string|wf.column" }, score = { "string|wf.column" }, model = { "wf.model" },
    threshold = { "number", default = 0.5 }, weight = { "string|wf.column" },
  }
  for key, rule in pairs(more or {}) do rules[key] = rule end
  return rules
end

-- A column given itself or by its name.
local function column_of(where, data, given, name)
  if type(given) == "string" then return data:column(given) end
  if #given ~= #data then
    errors.invalid("%s: %s has %d values for %d rows", where, name, #given, #data)
  end
  return given
end
outcome.column_of = column_of

-- ---- what a model says --------------------------------------------------------------------------

-- The numbers of the classes in the set: themselves, or the places of the model's class texts.
local function class_numbers(where, plan, set)
  if not set.values then
    errors.invalid("%s: favourable: a classifier's classes have no range; list them", where)
  end
  if not plan.classes then return set.values end
  local place, numbers = {}, {}
  for k, class in ipairs(plan.classes) do place[class] = k - 1 end
  for i, class in ipairs(set.values) do
    numbers[i] = place[class]
    if not numbers[i] then
      errors.invalid("%s: favourable: %s", where, options.unknown("class", tostring(class),
        plan.classes))
    end
  end
  return numbers
end

-- The class of the largest probability, the first one where several are equal.
local function likeliest(scores)
  local names = scores:columns()
  local best, class = scores:column(names[1]), nil
  for k = 2, #names do
    local column = scores:column(names[k])
    local wins = column:gt(best):cast("f64")
    class = class and class * (1 - wins) + wins * (k - 1) or wins * (k - 1)
    best = best * (1 - wins) + column * wins
  end
  return class:cast("i64")
end

local function model_classes(where, o, plan, set)
  local numbers, scores = class_numbers(where, plan, set), o.model:predict(o.data)
  local rule = sets.rule("the predicted " .. plan.name, set)
  if plan.kind ~= "binary" then
    local classes = options.is(scores, "wf.frame") and likeliest(scores) or scores
    return sets.mask(where, classes, { values = numbers }), rule .. " (the likeliest class)"
  end
  local favoured, other = false, false
  for _, number in ipairs(numbers) do
    if number == 1 then favoured = true end
    if number == 0 then other = true end
  end
  local positive, all = scores:gt(o.threshold), scores:eq(scores)
  if not favoured then positive = ~positive end
  if favoured and other then positive = all end
  local oriented = favoured and scores or 1 - scores
  local at = favoured and "p > %g" or "p <= %g"
  return positive, ("%s (%s for the model's probability p of class 1)"):format(rule,
    at:format(o.threshold)), oriented
end

-- A classifier's probability of the favourable outcome, for scores of other rows.
function outcome.oriented_scores(where, model, data, set)
  local plan = labels.plan_for(model)
  if plan.kind ~= "binary" then errors.invalid("%s: a binary classifier is needed", where) end
  local _, _, scores = model_classes(where, { model = model, data = data, threshold = 0.5 }, plan, set)
  return scores
end

-- Scores of other rows, larger being more favourable: the option `score`, or what `model` says.
function outcome.scores_of(where, data, o, set)
  if o.score then return column_of(where, data, o.score, "score") end
  if o.model then return outcome.oriented_scores(where, o.model, data, set) end
  errors.invalid("%s: give a score or a model", where)
end

local function ask_model(where, o, plan, set)
  if plan.kind == "regression" then
    local predicted = o.model:predict(o.data)
    return sets.mask(where, predicted, set), sets.rule("the predicted " .. plan.name, set), predicted
  end
  return model_classes(where, o, plan, set)
end

-- ---- all together -------------------------------------------------------------------------------

local function add_decisions(where, o, seen)
  local n = (o.prediction and 1 or 0) + (o.decision and 1 or 0) + (o.model and 1 or 0)
  if n > 1 then errors.invalid("%s: give one of prediction, decision and model", where) end
  if o.prediction then
    local name = type(o.prediction) == "string" and o.prediction or "the prediction"
    seen.decisions = sets.mask(where .. ": prediction",
      column_of(where, o.data, o.prediction, "prediction"), seen.set)
    seen.decision_rule = sets.rule(name, seen.set)
    seen.prediction_column = type(o.prediction) == "string" and o.prediction or nil
  elseif o.decision then
    seen.decisions = sets.mask(where .. ": decision",
      column_of(where, o.data, o.decision, "decision"), { values = { true } })
    seen.decision_rule = "the given decision"
    seen.prediction_column = type(o.decision) == "string" and o.decision or nil
  elseif o.model then
    seen.decisions, seen.decision_rule, seen.scores = ask_model(where, o,
      labels.plan_for(o.model), seen.set)
  end
end

-- Decisions for rows of other data, whose labels need not be known.
function outcome.decisions(where, o, set)
  local seen = { set = set }
  add_decisions(where, o, seen)
  if not seen.decisions then errors.invalid("%s: give a prediction, a decision or a model", where) end
  return seen.decisions
end

-- `o` is a checked table of options.
function outcome.read(where, o)
  if #o.data == 0 then errors.invalid("%s: the data has no rows", where) end
  local name = o.label or o.model and o.model:label()
  if not name then errors.invalid("%s: option 'label' is required", where) end
  local label = o.data:column(name)
  local seen = { label = name, column = label, rows = #o.data,
    set = sets.read(where .. ": favourable", o.favourable) }
  seen.labels = sets.mask(("%s: label %s"):format(where, name), label, seen.set)
  seen.rule, seen.text = sets.rule(name, seen.set), sets.text(seen.set, label)
  add_decisions(where, o, seen)
  if o.score then seen.scores = column_of(where, o.data, o.score, "score") end
  seen.weights = labels.weights(o.data, o.weight)
  seen.notes = {}
  if label:missing_count() > 0 then
    seen.notes[1] = ("%d rows have no %s and count as not favourable"):format(label:missing_count(),
      name)
  end
  return seen
end

return outcome
