-- wf.explain.kernel: Kernel SHAP of any predictor.
--
-- Contributions of columns are relative to a background: given rows, or else centres of clusters of the
-- data, weighted by their sizes. They add up, with the base value, to the prediction of the row.

local baseline = require "wf.explain.baseline"
local core = require "wf.core.explain"
local errors = require "wf.errors"
local explanation = require "wf.shap.explanation"
local options = require "wf.options"
local predictor = require "wf.explain.predictor"

local kernel = {}

local where = "explain.kernel"

local rules = {
  background = { "wf.frame" }, clusters = { "integer", min = 1 }, weights = { "wf.column|table|string" },
  samples = { "integer", min = 2 }, seed = { "integer", default = 0 }, threads = { "integer", min = 0 },
  link = { "string", default = "identity", choices = { "identity", "logit" } },
  kind = { "string", choices = predictor.kinds }, batch = { "integer", min = 1 }, groups = { "table" },
}

local function background_of(p, o)
  if not o.background then
    if o.weights then errors.invalid("%s: option 'weights' is of the rows of 'background'", where) end
    return baseline.rows(p.data, { clusters = o.clusters, seed = o.seed, threads = o.threads })
  end
  if o.clusters then
    errors.invalid("%s: 'background' is there, so 'clusters' has nothing to make", where)
  end
  for _, name in ipairs(p.columns) do
    if not o.background:has(name) then
      errors.raise { code = "not_found",
        message = ("%s: the background has no column '%s'"):format(where, name) }
    end
  end
  return o.background:select(p.columns), predictor.weights(where, o.weights, o.background)
end

-- Names of the players, and the player of every feature of a model or column of a function's data.
local function players_of(p, groups)
  local names, player, places = {}, {}, {}
  for i, group in ipairs(p:grouped(groups)) do
    names[i] = group.name
    for _, column in ipairs(group.columns) do player[column] = i end
  end
  for i, column in ipairs(p.sources or p.columns) do places[i] = player[column] end
  return names, places
end

local function finish(p, o, names, found, n_background)
  local values, bases, deviations = {}, {}, {}
  for i, output in ipairs(found) do
    values[i], bases[i], deviations[i] = output.values, output.base, output.errors
  end
  local scale = o.link == "logit" and "log-odds" or p:scale()
  local explained = explanation.new { values = values, base = bases, sources = names, data = p.data,
    scale = scale, classes = #found > 1 and p.outputs or nil,
    method = ("Kernel SHAP against %d rows"):format(n_background) }
  return explained, #deviations == 1 and deviations[1] or deviations
end

-- An explanation, and the standard errors of its values: a frame, or a list of one for each output.
function kernel.explain(given, data, how)
  local o = options.check(where, how, rules)
  local p = predictor.new(where, given, data, o)
  local background, weights = background_of(p, o)
  local names, players = players_of(p, o.groups)
  local found = core.kernel(p.given, p.data, background, { features = names, players = players,
    kind = p.kind, link = o.link, outputs = #p.outputs, samples = o.samples, seed = o.seed,
    threads = o.threads, weights = weights })
  return finish(p, o, names, found, #background)
end

return kernel
