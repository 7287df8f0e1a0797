-- wf.report: the closing summary of a run.
--
--   FraudDetectXGBPipeline  Succeeded in 0.312 s
--     roc_auc     0.7413
--     version     fraud-detect-xgb-model-group/3  Approved
--     endpoint    http://127.0.0.1:40001/endpoints/fraud/invocations  InService
--
-- Lines come from run:summary, run:metric, and from step values whose metatable has a `__report`
-- function that returns { {label, text}, … } (evaluations, versions, endpoints, check reports).

local pretty = require "wf.pretty"
local progress = require "wf.progress"

local report = {}

local function counted_states(run)
  local texts = {}
  for _, name in ipairs { "Succeeded", "Cached", "Skipped", "Rejected", "Failed", "Stopped" } do
    if run.ended[name] then texts[#texts + 1] = run.ended[name] .. " " .. name:lower() end
  end
  return table.concat(texts, ", ")
end

-- The last fact of a label wins, in the place of the first.
local function unique(facts)
  local at, list = {}, {}
  for _, fact in ipairs(facts) do
    if not at[fact[1]] then
      at[fact[1]] = #list + 1
    end
    list[at[fact[1]]] = fact
  end
  return list
end

function report.lines(run)
  local rows = {}
  for _, fact in ipairs(unique(run.facts)) do rows[#rows + 1] = { fact[1], fact[2] } end
  if next(run.ended) then rows[#rows + 1] = { "steps", counted_states(run) } end
  return rows
end

function report.closing(run)
  progress.line(("%s  %s in %s%s"):format(progress.paint(run.name, "bold"),
    progress.paint(run.state, run.state), pretty.duration(run.seconds),
    run.message and ": " .. run.message or ""))
  local rows = report.lines(run)
  if #rows > 0 then progress.line(pretty.columns(rows, "  ")) end
end

return report
