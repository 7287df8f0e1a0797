-- wf.shap: exact explanations of a model's predictions.
--
--   local explained = wf.shap.explain(model, frame)      -- path-dependent TreeSHAP, additivity checked
--   print(explained:by_source():global())                -- raw columns by mean |SHAP|, largest first
--   for _, reason in ipairs(explained:reasons(1, 3)) do print(reason.text) end
--   explained:write("output")                            -- Clarify's files
--   wf.shap.explain(model, frame, { background = rows })  -- relative to those rows (interventional)
--   wf.shap.explain(model, frame, { output = "probability" })   -- of the probability instead of the margin
--   wf.shap.interactions(model, frame):global()          -- pairs of features, the strongest first
--
-- A row's SHAP values and the base value add up to the model's margin for that row, or to its probability.
-- Exact values of a probability are enumerated: beyond 24 features that matter to a row that is an error.
-- What explain gives is an explanation (wf.shap.explanation); it and interactions are plain data, which
-- steps can return.

local core = require "wf.core.shap"
local explanation = require "wf.shap.explanation"
local interactions = require "wf.shap.interactions"
local options = require "wf.options"

local shap = { new = explanation.new, classes = { Explanation = explanation.classes.Explanation,
  Interactions = interactions.classes.Interactions } }

-- The columns of the data that the model could be asked about: raw ones and features.
local function inputs_of(recipe, data)
  local wanted, names = {}, {}
  for _, name in ipairs(recipe:sources()) do wanted[name] = true end
  for _, name in ipairs(recipe:features()) do wanted[name] = true end
  for _, name in ipairs(data:columns()) do
    if wanted[name] then names[#names + 1] = name end
  end
  return data:select(names)
end

local function outputs_of(found)
  local outputs, bases = {}, {}
  for i = 1, found:outputs() do outputs[i], bases[i] = found:values(i), found:base(i) end
  return outputs, bases
end

-- What is not known of a row is averaged over the training data as the trees have seen it, or over the
-- rows of `background`.
local function contributions(model, data, o)
  local of = o.output == "probability" and "exact Shapley values of the probability"
  if not o.background then
    local compute = of and core.probability or core.values
    return compute(model, data, { threads = o.threads }), of or "exact path-dependent TreeSHAP"
  end
  return core.interventional(model, data, o.background, { threads = o.threads, output = o.output }),
    ("%s against %d row%s"):format(of or "exact interventional TreeSHAP", #o.background,
      #o.background == 1 and "" or "s")
end

function shap.explain(model, data, given)
  options.argument("shap.explain", 1, model, "wf.model")
  options.argument("shap.explain", 2, data, "wf.frame")
  local o = options.check("shap.explain", given, { threads = { "integer", min = 0 },
    background = { "wf.frame" },
    output = { "string", default = "margin", choices = { "margin", "probability" } } })
  local found, method = contributions(model, data, o)
  local outputs, bases = outputs_of(found)
  local recipe = model:recipe()
  return explanation.new { values = outputs, base = bases, sources = recipe:sources(),
    data = inputs_of(recipe, data), scale = o.output, classes = model:classes(), method = method }
end

-- What features give together beyond what each gives alone (wf.shap.interactions).
function shap.interactions(model, data, given)
  options.argument("shap.interactions", 1, model, "wf.model")
  options.argument("shap.interactions", 2, data, "wf.frame")
  local o = options.check("shap.interactions", given, { threads = { "integer", min = 0 } })
  return interactions.of(core.interactions(model, data, { threads = o.threads }), model:features())
end

-- Global importance in one call: a frame (feature, importance).
function shap.global(model, data, aggregate)
  return shap.explain(model, data):global(aggregate or "mean_abs")
end

return shap
