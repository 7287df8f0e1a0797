-- wf.launch: steps as they are asked for, from the kept result to retries.
--
--   local handle = launch(run, "async", "Explain", fn, …)     -- "step", "action" or "async"
--   local values = handle:await()
--
-- A step whose key and reads are as they were takes the kept result; any other is executed here or in
-- a worker. What the command line asked for (a plan, --from, --until, --refresh) is decided here.

local cache = require "wf.cache"
local core = require "wf.core.step"
local errors = require "wf.errors"
local executor = require "wf.executor"
local once = require "wf.once"
local options = require "wf.options"
local original = require "wf.original"
local plan = require "wf.plan"
local progress = require "wf.progress"
local record = require "wf.record"
local retry = require "wf.retry"
local steplog = require "wf.steplog"
local steprules = require "wf.steprules"
local sys = require "wf.core.sys"
local trace = require "wf.trace"
local undo = require "wf.undo"
local work = require "wf.work"

local Handle = { __name = "wf.handle" }
Handle.__index = Handle

-- ---- the kept result ----------------------------------------------------------------------------

-- The step's key; what cannot be keyed is the step's error.
local function key_of(step)
  local ok, keyed = pcall(cache.key, step.fn, step.arguments)
  if ok then return keyed end
  local e = errors.wrap(keyed)
  errors.raise { code = e.code, where = errors.user_position(2), traceback = debug.traceback(nil, 2),
    step = step.name, message = ("step '%s': %s; give { name = \"%s\", cache = false } to run it "
      .. "without a key"):format(step.name, e.message, step.name) }
end

-- The outcome that is kept for the step, or nil and why there is none to use.
local function recall(run, step, o)
  if run.no_cache then return nil, run.replay and "replay" or "--no-cache" end
  if run.refresh[step.name] then return nil, "refresh asked" end
  local result, others, expired = cache.find(step.keyed, run, o.max_age)
  if not result then return nil, cache.why(run, step.name, step.nth, step.keyed, others, expired) end
  local values, problem = cache.load(result)
  if not values then
    progress.line(("%s: %s; it is computed again"):format(step.name, problem))
    return nil, "its stored result is damaged"
  end
  record.cached(run, step, result, values)
  return { ok = true, values = values }
end

local function release(step)
  if step.claimed then once.release(step.claimed) end
  step.claimed = nil
end

-- Lets go of the step's key when the body raises.
local function guarded(step, body, ...)
  local ok, outcome = pcall(body, ...)
  if ok then return outcome end
  release(step)
  error(outcome, 0)
end

-- The outcome that is kept for the step; nil when it is to be computed. It is claimed before it is
-- looked for: who claims it last finds what others have computed meanwhile.
local function recall_claimed(run, step, claim)
  step.claimed = claim(step.keyed.key, run) and step.keyed.key or nil
  local outcome
  outcome, step.why = recall(run, step, step.options)
  if outcome then release(step) end
  return outcome
end

-- Whether somebody else computes the step, whose result is to be waited for.
local function is_computed_elsewhere(run, step)
  return not step.claimed and not run.no_cache and not run.refresh[step.name]
end

-- Waits for whoever computes the step; the outcome that is then kept, or nil.
local function recall_after_others(run, step)
  progress.line(("  "):rep(step.depth + 1) .. step.name .. " is being computed already: waiting")
  return guarded(step, recall_claimed, run, step, once.wait)
end

-- What is kept last of a step is taken whatever has changed since.
local function take_latest(run, step)
  step.keyed = { key = "" }
  local result = cache.latest(run.name, step.name, step.nth)
  local values, problem
  if result then values, problem = cache.load(result) end
  if not values then
    errors.raise { code = "not_found", step = step.name, message = ("there is no kept result of "
      .. "step '%s' to begin after%s"):format(step.name, problem and ": " .. problem or "") }
  end
  step.keyed.key = result.key
  record.cached(run, step, result, values)
  return { ok = true, values = values }
end

-- ---- replaying ----------------------------------------------------------------------------------

-- The recorded outcome of an action: a replay has no side effects.
local function recorded_outcome(step, recorded)
  if recorded and recorded.state == "Failed" then
    return { ok = false, error = errors.new { code = "failed", message = recorded.message or "failed",
      step = step.name } }
  end
  local ok, values = pcall(function()
    return cache.unpack(core.get_result(original.catalog(), recorded.result), original.store())
  end)
  if not ok then return nil end
  return { ok = true, values = values }
end

-- ---- executing ----------------------------------------------------------------------------------

local function remote_line(step)
  return function(kind, text)
    steplog.write(step, text)
    if kind == "P" then print(text) else progress.line(("  "):rep(step.depth + 2) .. text) end
  end
end

-- The step's bytes for a worker; nil when it is to be executed here.
local function bytes_for_worker(run, step)
  local o = step.options
  local limited = o.timeout or o.memory
  if run.in_worker or not (limited or step.kind == "async") then return nil end
  local ok, bytes = pcall(work.pack, run, step, o.memory)
  if ok then return bytes end
  if not limited then return nil end
  errors.raise { code = "type", step = step.name, where = errors.user_position(2),
    message = ("step '%s': a limit needs a worker process: %s"):format(step.name,
      (errors.wrap(bytes).message:gsub("'%.fn%.<(.-)>", "'%1"))) }
end

-- Has the step's function executed: its outcome, or the job of a worker.
local function attempt(handle)
  local run, step = handle.run, handle.step
  local bytes = bytes_for_worker(run, step)
  if not bytes then return work.execute(run, step) end
  return nil, executor.dispatch(bytes, { timeout = step.options.timeout, memory = step.options.memory,
    cores = step.options.cores,
    on_line = remote_line(step), on_done = function()
      if not handle.settling then handle:settle() end
    end })
end

-- Whether the failed step is tried again; waits before it is. What workers say is heard meanwhile.
local function try_again(step, e)
  step.attempts = step.attempts or {}
  local now = sys.monotonic()
  local n = #step.attempts + 1
  step.attempts[n] = { error = e.message, code = e.code, seconds = now - (step.attempted or step.started) }
  local delay = retry.delay(step.options.retry, n, now - step.started, e, sys.now_us() % 1000 / 999)
  if not delay then return false end
  local text = ("attempt %d failed: %s; again in %.2f s"):format(n, e.message, delay)
  steplog.write(step, text)
  progress.line(("  "):rep(step.depth + 2) .. text)
  while sys.monotonic() < now + delay do executor.turn(now + delay - sys.monotonic()) end
  step.attempted = sys.monotonic()
  return true
end

-- ---- what was asked for -------------------------------------------------------------------------

-- Whether the step comes before the first one that the command line asked for.
local function comes_before(run, step)
  if not run.from then return false end
  if step.name == run.from then run.from = nil end
  return run.from ~= nil
end

-- The script has done what was asked for when its last wanted step is over.
local function end_after(run, step)
  if run.last ~= step.name or #run.stack > 0 then return end
  run:conclude("Succeeded", ("ended after %s, as asked"):format(step.name))
  errors.raise { code = "exit", status = 0, message = "ended after " .. step.name }
end

local function unknown_outcome(step, why)
  progress.step_ended(step.name, step.depth, "Planned", 0, why and "why: " .. why, nil)
  local values = { n = 4 }
  for i = 1, values.n do values[i] = plan.unknown(step.name) end
  step.state, step.seconds, step.why = "Planned", 0, why
  return { ok = true, values = values }
end

-- What an action of a replay gives: what it gave then, as far as that is known.
local function replayed_action(step, recorded)
  local outcome = recorded_outcome(step, recorded)
  if not outcome then return unknown_outcome(step, "actions are not repeated; its value was not kept") end
  step.state, step.seconds = "Recorded", 0
  progress.step_ended(step.name, step.depth, "Recorded", 0, "actions are not repeated", nil)
  return outcome
end

-- What would happen to the step: its kept value, or nothing that is known.
local function planned(run, step, o)
  if step.kind == "action" then return unknown_outcome(step, "actions are always executed") end
  if not o.cache then return unknown_outcome(step, "cache = false") end
  local ok, keyed = pcall(key_of, step)
  if not ok then
    local e = errors.wrap(keyed)
    if e.code ~= "planned" then error(e, 0) end
    return unknown_outcome(step, (e.message:match("the rest (depends on .-);") or e.message))
  end
  step.keyed = keyed
  local outcome, why = recall(run, step, o)
  return outcome or unknown_outcome(step, why)
end

-- ---- launching ----------------------------------------------------------------------------------

-- A step that has not begun: its place among those of its name, nothing recorded yet.
local function new_step(run, kind, o, fn, ...)
  local nth = (run.step_counts[o.name] or 0) + 1
  run.step_counts[o.name] = nth
  return { run = run, name = o.name, kind = kind, nth = nth, depth = #run.stack, options = o, fn = fn,
    arguments = table.pack(...), started = sys.monotonic(), state = "Executing",
    keyed = nil, claimed = nil, why = nil, at_once = nil, started_us = nil, recorder = nil,
    result = nil, seconds = nil, id = nil }
end

-- A handle whose outcome is known without any work.
local function settled_handle(run, step, outcome)
  return setmetatable({ run = run, step = step, outcome = outcome, settled = true }, Handle)
end

-- Starts the work of a step and records it, or takes the result that is kept; returns a handle.
local function launch(run, kind, given, fn, ...)
  local o = steprules.step(given, kind)
  if type(fn) ~= "function" then options.argument("run:" .. kind, 2, fn, "function") end
  run:check_open()
  local step = new_step(run, kind, o, fn, ...)
  if run.plan then
    local outcome = planned(run, step, o)
    table.insert(run.planned, { step = step.name, kind = kind, state = step.state, why = step.why })
    return settled_handle(run, step, outcome)
  end
  if comes_before(run, step) then
    if kind == "action" then
      return settled_handle(run, step, unknown_outcome(step, "left out"))
    end
    return settled_handle(run, step, take_latest(run, step))
  end
  local recorded = run.replay and original.at_step(step.name, step.nth)
  if run.replay and kind == "action" then
    return settled_handle(run, step, replayed_action(step, recorded))
  end
  local handle = setmetatable({ run = run, step = step, outcome = nil, settled = nil }, Handle)
  if kind == "action" then
    trace.spoil(("it contains the action %s"):format(step.name))
  elseif o.cache then
    step.keyed = key_of(step)
    local outcome = guarded(step, recall_claimed, run, step, once.take)
    if outcome then return settled_handle(run, step, outcome) end
    handle.elsewhere = is_computed_elsewhere(run, step)
  else
    step.why = "cache = false"
  end
  -- A step of a worker is waited for when its value is needed: others can begin meanwhile.
  if not (handle.elsewhere and kind == "async") then handle:start() end
  return handle
end

-- ---- handles ------------------------------------------------------------------------------------

-- What an action says about its undoing: right away when it failed half-way, later when it did not.
local function take_hooks(run, step, o, outcome)
  if outcome.ok and o.rollback then
    local values = outcome.values
    undo.push(run, "rollback " .. step.name, function()
      return o.rollback(table.unpack(values, 1, values.n))
    end, o.given_retry)
  elseif not outcome.ok and o.on_failure then
    undo.execute(run, { name = step.name .. " on_failure", fn = o.on_failure }, outcome.error)
  end
end

-- Begins the work, unless somebody else has done it meanwhile.
function Handle:start()
  local run, step = self.run, self.step
  if self.elsewhere then
    self.elsewhere = false
    self.outcome = recall_after_others(run, step)
    self.settled = self.outcome ~= nil
    if self.settled then return end
  end
  guarded(step, Handle.begin, self)
  if self.outcome or self.job:is_finished() then self:settle() end
end

function Handle:begin()
  record.begin(self.run, self.step)
  self.outcome, self.job = attempt(self)
end

-- The outcome of the last attempt; in between, those that failed are tried again.
local function outcome_after_attempts(self)
  local outcome = self.outcome or self.job:wait()
  while not outcome.ok and not self.settled and try_again(self.step, outcome.error) do
    outcome, self.job = attempt(self)
    outcome = outcome or self.job:wait()
  end
  return outcome
end

function Handle:settle()
  if self.elsewhere then self:start() end
  if self.settled and self.outcome then return self.outcome end
  self.settling = true -- whoever hears of the end of an attempt leaves what follows to this loop
  local outcome = outcome_after_attempts(self)
  self.outcome = self.settled and self.outcome or outcome
  if not self.settled then
    self.settled = true
    local hooks = self.step.options
    guarded(self.step, record.settle, self.run, self.step, outcome)
    release(self.step)
    take_hooks(self.run, self.step, hooks, outcome)
  end
  return self.outcome
end

-- The step's values, or its error.
function Handle:await()
  self.awaited = true
  local outcome = self:settle()
  if not outcome.ok then error(outcome.error, 0) end
  end_after(self.run, self.step)
  return table.unpack(outcome.values, 1, outcome.values.n)
end

-- What a handle stands for in keys is the step's values.
function Handle.__key(handle)
  return table.pack(handle:await())
end

function Handle:__tostring()
  return ("step %s: %s"):format(self.step.name, self.step.state)
end

return launch
