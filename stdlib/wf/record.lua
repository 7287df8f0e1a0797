-- wf.record: how steps begin and end, as the catalog and the person in front of it see them.
--
--   record.begin(run, step)                       -- it is being executed
--   record.settle(run, step, outcome)             -- it was: { ok, values | error, … } of wf.executor
--   record.cached(run, step, result, values)      -- it was not: its kept result is used
--
-- A step that fails, is rejected or interrupted is recorded with that; its values, numbers and the
-- result that is to be kept otherwise. The end of a step becomes durable in one transaction with its
-- result.

local cache = require "wf.cache"
local core = require "wf.core.step"
local errors = require "wf.errors"
local json = require "wf.json"
local pretty = require "wf.pretty"
local progress = require "wf.progress"
local state = require "wf.state"
local steplog = require "wf.steplog"
local sys = require "wf.core.sys"
local trace = require "wf.trace"

local record = {}

-- A step of a run that need not survive a power cut is recorded when it is over, in one go.
function record.begin(run, step)
  step.at_once = run.durability == "process" and step.kind == "step"
  step.started_us = sys.now_us()
  if step.at_once then return progress.step_started(step.name, step.depth, step.started) end
  step.log_path = steplog.path(run, step)
  step.id = state.catalog():start_step(run.id, step.name, step.kind, step.log_path)
  progress.step_started(step.name, step.depth, step.started)
end

local states = { rejected = "Rejected", canceled = "Stopped", awaiting = "AwaitingApproval" }

function record.state_after(e)
  if e == nil then return "Succeeded" end
  local code = errors.is(e) and e.code
  if code == "exit" and e.status == 0 then return "Succeeded" end
  return states[code] or "Failed"
end

local function outcome_json(step, outcome)
  local out = { metrics = step.metrics }
  if outcome.ok and outcome.values.n > 0 then
    out.value = outcome.summary or pretty.summarise_all(outcome.values)
  end
  if step.attempts and #step.attempts > 1 or step.attempts and outcome.ok then
    out.failed_attempts = json.array(step.attempts)
  end
  if not outcome.ok and outcome.error.data ~= nil then
    out.data = pretty.summarise(outcome.error.data)
  end
  return next(out) and json.encode(out) or nil
end

-- What a value says of itself in the closing summary.
local function collect_facts(run, values)
  for i = 1, values.n do
    local metatable = type(values[i]) == "table" and getmetatable(values[i])
    local facts = type(metatable) == "table" and metatable.__report
    if facts then
      for _, fact in ipairs(facts(values[i])) do run.facts[#run.facts + 1] = fact end
    end
  end
end

local effects = {
  metric = function(run, name, value) run:add_metric(name, value) end,
  summary = function(run, label, value) run:add_fact(label, value) end,
}

-- Says again what the step said when it was executed.
local function repeat_effects(run, step, list)
  if #list == 0 then return end
  run.stack[#run.stack + 1] = step
  for _, effect in ipairs(list) do effects[effect[1]](run, effect[2], effect[3]) end
  run.stack[#run.stack] = nil
end

-- How often steps of the run ended so; a run may have too many steps to keep them all.
function record.count(run, state_name)
  run.ended[state_name] = (run.ended[state_name] or 0) + 1
end

-- The step as it ended, with what it made or nothing.
local function write(run, step, outcome)
  local catalog, e = state.catalog(), outcome.error
  local key, made = step.keyed and step.keyed.key, step.result
  if made then
    made.log_path = step.log and step.log_path
    made.took_us = math.floor(step.seconds * 1e6)
  end
  local text, message = outcome_json(step, outcome), e and e.message
  if not step.at_once then return core.finish(catalog, step.id, step, key, made, text, message) end
  step.id = core.add(catalog, run.id, step, key, made, text, message)
end

local function note_of(step, e)
  if step.state == "Failed" then return e.message end
  local note = step.why and step.state ~= "Cached" and "why: " .. step.why or nil
  if step.unkept then note = (note and note .. "; " or "") .. "not kept: " .. step.unkept end
  return note
end

-- What an action returned is kept for replays, which take it instead of executing the action. One
-- that cannot be stored is not kept.
local function keep_action(run, step, outcome)
  local key = core.digest(("action\0%d\0%s\0%d"):format(run.id, step.name, step.nth))
  local ok, result = pcall(cache.pack, key, outcome.values)
  if ok then step.result = result end
end

-- Makes the result that is to be kept; a store that cannot keep it is the step's failure.
local function keep(run, step, outcome)
  if step.kind == "action" and outcome.ok then keep_action(run, step, outcome) end
  if outcome.remote then
    step.result, step.unkept = outcome.result, outcome.problem
    return
  end
  if not step.keyed or not outcome.ok then return end
  local ok, result, problem = pcall(cache.make, step.keyed, step, outcome.values, step.recorder)
  if ok then
    step.result, step.unkept = result, problem
  else
    outcome.ok, outcome.error = false, errors.wrap(result)
  end
end

-- What a step that was executed in a worker has read and reported.
local function take_over(run, step, outcome)
  if outcome.reads then trace.adopt(outcome.reads) end
  if outcome.problem then trace.spoil(outcome.problem) end
  repeat_effects(run, step, outcome.effects or {})
  local e = outcome.error
  if e and e.code == "rejected" then run:end_with("Rejected", e.message) end
  if e and e.code == "failed" then run:end_with("Failed", e.message, e.data) end
end

-- Records how a step ended.
function record.settle(run, step, outcome)
  keep(run, step, outcome)
  if outcome.remote then take_over(run, step, outcome) end
  local e = outcome.error
  step.state, step.seconds = record.state_after(e), sys.monotonic() - step.started
  record.count(run, step.state)
  if e then
    if not e.step then e.step, e.run = step.name, run.id end
    if step.state == "Failed" then steplog.failure(step, e) end
  else
    collect_facts(run, outcome.values)
  end
  if step.log then step.log:close() end
  if e then pcall(write, run, step, outcome) else write(run, step, outcome) end
  local outer = run.stack[#run.stack] -- nobody is told of a step before it is recorded
  progress.step_ended(step.name, step.depth, step.state, step.seconds, note_of(step, e),
    outer and outer.name)
  step.fn, step.arguments, step.options, step.keyed = nil, nil, nil, nil
  step.recorder, step.result = nil, nil
  if run.ending and #run.stack == 0 then
    run:conclude(run.ending.state, run.ending.message, run.ending.data)
  end
end

function record.cached(run, step, result, values)
  local recorded = cache.trace(result)
  trace.adopt(recorded.reads)
  repeat_effects(run, step, recorded.effects)
  collect_facts(run, values)
  step.state, step.seconds = "Cached", sys.monotonic() - step.started
  record.count(run, step.state)
  local outer = run.stack[#run.stack]
  progress.step_ended(step.name, step.depth, step.state, step.seconds, nil, outer and outer.name)
  if run.plan then return end
  step.log_path = result.log_path
  step.id = core.add(state.catalog(), run.id, step, step.keyed.key, result.id,
    outcome_json(step, { ok = true, values = values, summary = recorded.summary }))
end

return record
