-- wf.shap: exact explanations of a model's predictions.
--
--   local explained = wf.shap.explain(model, frame)      -- path-dependent TreeSHAP, additivity checked
--   print(explained:global())                            -- features by mean |SHAP|, largest first
--   print(explained:base(), explained:values():head(3))  -- base value; one column per feature
--
-- A row's SHAP values and the base value add up to the model's margin for that row.

local core = require "wf.core.shap"
local options = require "wf.options"

local shap = {}

function shap.explain(model, data, given)
  options.argument("shap.explain", 1, model, "wf.model")
  options.argument("shap.explain", 2, data, "wf.frame")
  local o = options.check("shap.explain", given, { threads = { "integer", min = 0 } })
  return core.values(model, data, { threads = o.threads })
end

shap.values = shap.explain

-- Global importance in one call: a frame (feature, importance).
function shap.global(model, data, aggregate)
  return shap.explain(model, data):global(aggregate or "mean_abs")
end

return shap
