-- wf.explain: explanations that need nothing of a model but its predictions.
--
--   local explained, errors = wf.explain.kernel(model, rows, { background = train:sample(100) })
--   print(explained:global())                                     -- as wf.shap's explanations
--   print(wf.explain.partial_dependence(model, test, "age"))      -- frame(value, mean, low, high, n)
--   print(wf.explain.ice(model, test, "age"))                     -- frame(row, value, prediction)
--   print(wf.explain.permutation(model, test))                    -- frame(feature, importance, std, …)
--   wf.explain.kernel(function(frame) return endpoint:invoke(frame).prediction end, rows, …)
--
-- A predictor is a wf.model, whose raw columns are explained when the data has them (else its features),
-- or a function that takes a frame and gives a column, a list, or a frame with a column for each output.
-- For the margin of a model wf.shap is exact and faster.

local baseline = require "wf.explain.baseline"
local dependence = require "wf.explain.dependence"
local kernel = require "wf.explain.kernel"
local permutation = require "wf.explain.permutation"

return {
  baseline = baseline.rows,
  kernel = kernel.explain,
  partial_dependence = dependence.partial,
  ice = dependence.curves,
  permutation = permutation.importance,
}
