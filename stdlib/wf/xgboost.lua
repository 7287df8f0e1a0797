-- wf.xgboost: gradient-boosted trees from frames.
--
--   local model, training = wf.xgboost.train {
--     data = train, label = "fraud", evals = { validation = validation },
--     recipe = wf.recipe.new():one_hot(wf.recipe.strings()),
--     params = { objective = "binary:logistic", eval_metric = "auc", max_depth = 5, seed = 42 },
--     rounds = 100, early_stopping_rounds = 10,
--   }
--   print(training.best_round, training.history[5].validation.auc, training:table())
--   local cv = wf.xgboost.cv { data = train, label = "fraud", params = {…}, rounds = 50, folds = 3 }
--   print(cv.rounds, cv.test.auc.mean[cv.rounds])
--
-- params are XGBoost's own, by name. The recipe is fitted on `data` unless it is fitted already and
-- travels inside the model. Early stopping watches the last metric of the last evaluation set.

local errors = require "wf.errors"
local frame = require "wf.frame"
local labels = require "wf.labels"
local model = require "wf.model"
local options = require "wf.options"
local progress = require "wf.progress"
local recipe = require "wf.recipe"
local step = require "wf.core.step"
local sys = require "wf.core.sys"
local trace = require "wf.trace"
local core = require "wf.core.xgboost"

local xgboost = {}

local shared_rules = {
  data = { "wf.frame", required = true }, label = { "string", required = true },
  weight = { "string|wf.column" }, recipe = { "wf.recipe" }, params = { "table", default = {} },
  rounds = { "integer", default = 10, min = 1 }, early_stopping_rounds = { "integer", min = 1 },
  threads = { "integer", min = 0 },
}

local function rules_with(more)
  for key, rule in pairs(shared_rules) do more[key] = more[key] or rule end
  return more
end

local train_rules = rules_with { evals = { "table", default = {} }, provenance = { "table" } }
local cv_rules = rules_with { folds = { "integer|wf.column", default = 3 },
  stratified = { "boolean" }, seed = { "integer", default = 0, min = 0 } }

-- ---- preparing ----------------------------------------------------------------------------------

local function excluded(o)
  return type(o.weight) == "string" and { o.label, o.weight } or { o.label }
end

local function fitted_recipe(o)
  local r = o.recipe or recipe.new()
  return r:is_fitted() and r or r:fit(o.data, { exclude = excluded(o) })
end

local function params_for(o, plan)
  local params = {}
  for key, value in pairs(o.params) do params[key] = value end
  if plan.kind == "multi" and params.num_class == nil then params.num_class = plan.n_classes end
  return params
end

-- Evaluation sets in a defined order: a list of {name, frame}, or a table by name in byte order.
local function eval_list(where, evals)
  local list = {}
  if #evals > 0 then
    for i, pair in ipairs(evals) do
      if type(pair) ~= "table" then errors.invalid("%s: evals[%d] is not {name, frame}", where, i) end
      list[i] = { name = pair[1], data = pair[2] }
    end
  else
    for _, name in ipairs(options.sorted_keys(evals)) do
      list[#list + 1] = { name = name, data = evals[name] }
    end
  end
  for _, entry in ipairs(list) do
    if type(entry.name) ~= "string" or not options.is(entry.data, "wf.frame") then
      errors.raise { code = "type", message = ("%s: evals needs frames by name, as in evals = { "
        .. "validation = frame }"):format(where) }
    end
  end
  return list
end

local function encoded_evals(o, plan, fitted)
  local list = eval_list("xgboost.train", o.evals)
  for i, entry in ipairs(list) do
    if type(o.weight) == "userdata" then
      errors.invalid("xgboost.train: with evals, give weight as a column's name, not as a column")
    end
    list[i] = { name = entry.name, matrix = fitted:apply(entry.data),
      labels = plan:numbers(entry.data), weights = labels.weights(entry.data, o.weight) }
  end
  return list
end

-- Shows the metric that early stopping watches: the last of the set `set`.
local function round_reporter(o, set)
  local metric, started = o.params.eval_metric, sys.monotonic()
  if type(metric) == "table" then metric = metric[#metric] end
  local watched = { set = set, metric = metric }
  return function(round, n_rounds, metrics)
    progress.round(round, n_rounds, metrics, watched, started)
  end
end

local function prepare(where, given, rules)
  local o = options.check(where, given, rules)
  trace.note("library", "xgboost", step.digest(core.version()), core.version())
  if o.early_stopping_rounds and where == "xgboost.train" and next(o.evals) == nil then
    errors.invalid("%s: early_stopping_rounds needs an evaluation set in evals", where)
  end
  local plan = labels.plan(o.data, o.label, o.params.objective)
  local weights = labels.weights(o.data, o.weight)
  local fitted = fitted_recipe(o)
  return o, plan, {
    matrix = fitted:apply(o.data), labels = plan:numbers(o.data), weights = weights,
    params = params_for(o, plan), rounds = o.rounds,
    early_stopping_rounds = o.early_stopping_rounds, threads = o.threads,
  }, fitted
end

-- ---- training -----------------------------------------------------------------------------------

local Training = { __name = "wf.training", __module = "wf.xgboost", __class = "Training" }
Training.__index = Training

-- A frame of rounds and metrics: columns round, then "set metric".
function Training:table()
  local names, columns = { "round" }, { {} }
  for r, sets in ipairs(self.history) do
    columns[1][r] = r
    for _, set in ipairs(options.sorted_keys(sets)) do
      for _, metric in ipairs(options.sorted_keys(sets[set])) do
        local name = set .. " " .. metric
        if r == 1 then
          names[#names + 1] = name
          columns[name] = {}
          columns[#columns + 1] = columns[name]
        end
        columns[name][r] = sets[set][metric]
      end
    end
  end
  return frame.new { names = names, columns = table.move(columns, 1, #names, 1, {}) }
end

function Training:__tostring()
  return ("trained %d rounds, best %d\n%s"):format(self.rounds, self.best_round,
    tostring(self:table()))
end

function Training:__summary()
  return { rounds = self.rounds, best_round = self.best_round,
    metrics = self.history[self.best_round] }
end

-- What the package remembers of its making; nothing that differs between equal trainings.
local function provenance_of(o, input, trained)
  local provenance = {}
  for key, value in pairs(o.provenance or {}) do provenance[key] = value end
  provenance.training = {
    library = "xgboost " .. core.version(), engine = "wf " .. sys.version(),
    params = input.params, rounds = trained.n_rounds, best_round = trained.best_round,
    data = { rows = #o.data, digest = o.data:digest() }, history = trained.history,
  }
  return provenance
end

function xgboost.train(given)
  local o, plan, input, fitted = prepare("xgboost.train", given, train_rules)
  input.evals = encoded_evals(o, plan, fitted)
  input.on_round = round_reporter(o, #input.evals > 0 and input.evals[#input.evals].name or "train")
  local trained = core.train(input)
  progress.rounds_ended()
  local result = model.new { booster = trained.model, recipe = fitted, label = o.label,
    classes = plan.classes, provenance = provenance_of(o, input, trained) }
  local training = setmetatable({ rounds = trained.n_rounds, best_round = trained.best_round,
    history = trained.history }, Training)
  return result, training
end

-- ---- cross-validation ---------------------------------------------------------------------------

local CrossValidation = { __name = "wf.cross_validation", __module = "wf.xgboost",
  __class = "CrossValidation" }
xgboost.classes = { Training = Training, CrossValidation = CrossValidation }
CrossValidation.__index = CrossValidation

-- Columns round and, per metric, the mean and standard deviation over the folds.
function CrossValidation:table()
  local names, columns = { "round" }, { {} }
  for r = 1, self.rounds do columns[1][r] = r end
  for _, set in ipairs { "train", "test" } do
    for _, metric in ipairs(options.sorted_keys(self[set])) do
      for _, part in ipairs { "mean", "std" } do
        names[#names + 1] = ("%s %s %s"):format(set, metric, part)
        columns[#columns + 1] = self[set][metric][part]
      end
    end
  end
  return frame.new { names = names, columns = columns }
end

function CrossValidation:__tostring()
  return ("%d-fold cross-validation, %d rounds\n%s"):format(self.folds, self.rounds,
    tostring(self:table()))
end

function CrossValidation:__summary()
  local best = {}
  for metric, parts in pairs(self.test) do
    best[metric] = { mean = parts.mean[self.rounds], std = parts.std[self.rounds] }
  end
  return { rounds = self.rounds, folds = self.folds, test = best }
end

local function fold_column(o, plan)
  if type(o.folds) == "userdata" then return o.folds, math.tointeger(o.folds:max()) + 1 end
  if o.folds < 2 then errors.invalid("xgboost.cv: folds must be at least 2, not %d", o.folds) end
  local stratified = o.stratified
  if stratified == nil then stratified = plan.kind ~= "regression" end
  return o.data:folds(o.folds, { seed = o.seed, stratify = stratified and o.label or nil }), o.folds
end

function xgboost.cv(given)
  local o, plan, input = prepare("xgboost.cv", given, cv_rules)
  input.folds, input.k = fold_column(o, plan)
  input.on_round = round_reporter(o, "test")
  local result = core.cv(input)
  progress.rounds_ended()
  return setmetatable({ rounds = result.rounds, folds = input.k, train = result.train,
    test = result.test }, CrossValidation)
end

-- The version of the library that trains, "1.7.4".
xgboost.version = core.version

return xgboost
