-- wf.explain.baseline: a few rows that stand for a frame.

local core = require "wf.core.explain"
local options = require "wf.options"

local baseline = {}

-- Centres of k-means (k-prototypes when there is text), the largest cluster first, and a column of how
-- many rows each stands for. `clusters` 1 is the typical row: mean and mode; nil: 1 to 12, as fits.
function baseline.rows(data, given)
  options.argument("explain.baseline", 1, data, "wf.frame")
  local o = options.check("explain.baseline", given, { clusters = { "integer", min = 1 },
    seed = { "integer", default = 0 }, threads = { "integer", min = 0 } })
  return core.baseline(data, { clusters = o.clusters, seed = o.seed, threads = o.threads })
end

return baseline
