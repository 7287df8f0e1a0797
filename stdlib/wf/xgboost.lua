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
local keys = require "wf.core.key"
local labels = require "wf.labels"
local model = require "wf.model"
local options = require "wf.options"
local progress = require "wf.progress"
local recipe = require "wf.recipe"
local step = require "wf.core.step"
local sys = require "wf.core.sys"
local stream = require "wf.stream"
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

local train_rules = rules_with { data = { "wf.frame|wf.stream|table", required = true },
  cache = { "string" }, evals = { "table", default = {} }, provenance = { "table" } }
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

local function check(where, given, rules)
  local o = options.check(where, given, rules)
  trace.note_library("xgboost", core.version())
  if o.early_stopping_rounds and where == "xgboost.train" and next(o.evals) == nil then
    errors.invalid("%s: early_stopping_rounds needs an evaluation set in evals", where)
  end
  return o
end

local function prepare(o)
  local plan = labels.plan(o.data, o.label, o.params.objective)
  local weights = labels.weights(o.data, o.weight)
  local fitted = fitted_recipe(o)
  return plan, {
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

-- ---- data in parts --------------------------------------------------------------------------------

-- A recipe fitted elsewhere, or one that passes numbers through, fitted on the first part.
local function recipe_for_parts(o)
  if o.recipe and not o.recipe:is_fitted() then
    errors.invalid("xgboost.train: a recipe must be fitted before it is used on data in parts; fit it on a "
      .. "sample, as in recipe:fit(stream:head(100000), { exclude = { '%s' } })", o.label)
  end
  return o.recipe or recipe.new():fit(o.data:parts()(), { exclude = excluded(o) })
end

-- The stream with the columns training reads, text where the recipe reads text.
local function stream_for(o, plan, fitted)
  local columns, types = { o.label, o.weight }, {}
  for _, input in ipairs(fitted:inputs()) do
    columns[#columns + 1] = input.name
    if input.text then types[input.name] = "string" end
  end
  if plan.classes then types[o.label] = "string" end
  return o.data:with { columns = columns, types = types }
end

local function next_with_rows(parts)
  for part in parts do
    if #part > 0 then return part end
    stream.close(part)
  end
end

-- What core.train reads: parts encoded as they are asked for. `made` counts rows and digests.
local function parts_of(o, plan, fitted, made)
  local parts, pass, last = nil, 0, nil
  return {
    cache = o.cache,
    rewind = function()
      parts, pass = stream_for(o, plan, fitted):parts(), pass + 1
    end,
    next = function()
      if last then stream.close(last) end
      local part <close> = next_with_rows(parts)
      if not part then return nil end
      if pass == 1 then
        made.rows = made.rows + #part
        made.digests[#made.digests + 1] = part:digest()
      end
      last = fitted:apply(part)
      return { matrix = last, labels = plan:numbers(part), weights = labels.weights(part, o.weight) }
    end,
  }
end

local function prepare_parts(o)
  if o.weight and type(o.weight) ~= "string" then
    errors.invalid("xgboost.train: with data in parts, give weight as a column's name")
  end
  if options.type_of(o.data) == "table" then o.data = stream.open(o.data) end
  local plan = labels.plan(o.data:select { o.label }:frame(), o.label, o.params.objective)
  local fitted, made = recipe_for_parts(o), { rows = 0, digests = {} }
  return plan, {
    parts = parts_of(o, plan, fitted, made), params = params_for(o, plan), rounds = o.rounds,
    early_stopping_rounds = o.early_stopping_rounds, threads = o.threads,
  }, fitted, made
end

-- What the package remembers of its making; nothing that differs between equal trainings. Of data in
-- parts the digest is that of the parts' digests.
local function provenance_of(o, input, trained, made)
  local provenance = {}
  for key, value in pairs(o.provenance or {}) do provenance[key] = value end
  provenance.training = {
    library = "xgboost " .. core.version(), engine = "wf " .. sys.version(),
    params = input.params, rounds = trained.n_rounds, best_round = trained.best_round,
    data = made and { rows = made.rows, digest = step.digest(table.concat(made.digests)) }
      or { rows = #o.data, digest = keys.digest(o.data) },
    history = trained.history,
  }
  return provenance
end

function xgboost.train(given)
  local o = check("xgboost.train", given, train_rules)
  local in_parts = not options.is(o.data, "wf.frame")
  local plan, input, fitted, made = (in_parts and prepare_parts or prepare)(o)
  input.evals = encoded_evals(o, plan, fitted)
  input.on_round = round_reporter(o, #input.evals > 0 and input.evals[#input.evals].name or "train")
  local trained = core.train(input)
  progress.rounds_ended()
  local result = model.new { booster = trained.model, recipe = fitted, label = o.label,
    classes = plan.classes, provenance = provenance_of(o, input, trained, made) }
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
  local data = type(given) == "table" and given.data
  if options.type_of(data) == "wf.stream" or options.type_of(data) == "table" then
    errors.raise { code = "unsupported", message = "xgboost.cv: data in parts cannot be divided into folds; "
      .. "give a frame (a stream's is stream:frame() or stream:head(n)), or train on some files with the "
      .. "others in evals" }
  end
  local o = check("xgboost.cv", given, cv_rules)
  local plan, input = prepare(o)
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
