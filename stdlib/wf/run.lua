-- wf.run: a run is one execution of a script; its steps are recorded as they start and end.
--
--   local run <close> = wf.run { name = "train", params = { rounds = wf.param.integer { default = 5 } } }
--   local data  = run:step("Load", function() return wf.csv.read("claims.csv") end)
--   local shap  = run:async("Explain", function() return explain(data) end)   -- shap:await()
--   local saved = run:action("Register", function() return register(data) end)
--   if bad then return run:reject("AUC %.3f is below %.2f", auc, limit) end   -- exit status 3
--
-- A step returns whatever its function returns. The result of a step is kept under a key made of
-- its code, what it captures and its arguments; when nothing of that, and nothing it has read, is
-- different, a later run takes the kept result (Cached) instead of executing it. Actions are always
-- executed. docs/steps.md has the rules. A step that raises is recorded as Failed and the
-- error goes on, with the step's name, position and stack. reject and fail end the run and the
-- script, from wherever they are called. What is print()ed inside a step also goes to its log,
-- <state>/logs/RUN/STEP.log. Leaving the run's scope (or run:close()) records its outcome.
--
-- States: Starting, Executing, Succeeded, Failed, Stopped (interrupted), Rejected (a gate said no),
-- Cached and Skipped.

local errors = require "wf.errors"
local cache = require "wf.cache"
local core = require "wf.core.step"
local executor = require "wf.executor"
local json = require "wf.json"
local options = require "wf.options"
local param = require "wf.param"
local params = require "wf.params"
local plan = require "wf.plan"
local pretty = require "wf.pretty"
local progress = require "wf.progress"
local report = require "wf.report"
local state = require "wf.state"
local steprules = require "wf.steprules"
local sys = require "wf.core.sys"
local trace = require "wf.trace"
local work = require "wf.work"

local module = {}

-- A step that captures a run does not depend on it: __key is what stands for it in keys.
local Run = { __name = "wf.run", __module = "wf.run", __class = "Run",
  __key = function() return "wf.run" end }
Run.__index = Run

local Handle = { __name = "wf.handle" }
Handle.__index = Handle

-- What the command line said; the first run of the script takes it.
local command = { values = {}, script = nil, help = false, taken = false, refresh = {} }
-- Every run of this process in order of start.
local runs = {}

-- ---- starting -----------------------------------------------------------------------------------

-- Set by the command line before the script starts: values = {{name, text}}, script, help,
-- refresh = {step names to execute whatever is kept}, no_cache, verify, plan (execute nothing), and
-- the first and last step to execute: before the first, what is kept last is taken as it is.
function module.configure(settings)
  command = { values = settings.values or {}, script = settings.script, help = settings.help,
    taken = false, refresh = {}, no_cache = settings.no_cache, plan = settings.plan,
    from = settings.from, last = settings.last }
  for _, name in ipairs(settings.refresh or {}) do command.refresh[name] = true end
  trace.verify = settings.verify or false
  runs = {}
end

function module.was_configured_for_nothing()
  return not command.taken and (#command.values > 0 or command.help)
end

local function json_values(values)
  local out = {}
  for name, value in pairs(values) do
    out[name] = type(value) == "table" and json.array(table.move(value, 1, #value, 1, {})) or value
  end
  return json.encode(out)
end

local function help_text(name, description, declared)
  return ("usage: wf %s [-p NAME=VALUE]...\n\n%s%s\n\nparameters:\n%s"):format(
    command.script or "SCRIPT", name, description and "\n" .. description or "",
    param.describe(declared))
end

function module.start(given)
  local o = options.check("run", given, {
    name = { "string", required = true }, params = { "table", default = {} },
    description = { "string" },
    durability = { "string", default = "power", choices = { "power", "process" } },
  })
  if o.name == "" then errors.invalid("run: the name is empty") end
  local declared = param.in_order(o.params)
  local line = command.taken and {} or command
  if line.help then
    command.taken = true
    errors.raise { code = "help", message = help_text(o.name, o.description, declared) }
  end
  local values = param.resolve(declared, line.values or {})
  command.taken = true
  work.remember_globals()
  local names = {}
  for i, entry in ipairs(declared) do names[i] = entry.name end

  local self = setmetatable({
    name = o.name, values = values, params = params.new(values, names), script = command.script,
    state = "Executing", started = sys.monotonic(), arguments = line.values or {},
    stack = {}, steps = {}, handles = {}, metrics = {}, facts = {}, log_names = {},
    step_counts = {}, refresh = command.refresh, no_cache = command.no_cache,
    durability = o.durability, plan = command.plan, from = command.from, last = command.last,
  }, Run)
  self.id = self.plan and 0
    or state.catalog():start_run(o.name, command.script, json_values(values))
  core.set_durable(state.catalog(), o.durability == "power")
  runs[#runs + 1] = self
  progress.run_started(self.name, self.id, self.script)
  return self
end

-- ---- one step -----------------------------------------------------------------------------------

local function check_open(self)
  if self.state ~= "Executing" or self.ending then
    errors.invalid("run %d has ended (%s)", self.id, self.ending and self.ending.state or self.state)
  end
end

-- Two steps of one name get two logs.
local function log_path(self, name)
  local file = name:gsub("[^%w._-]", "_")
  local n = (self.log_names[file] or 0) + 1
  self.log_names[file] = n
  return ("%s/logs/%d/%s%s.log"):format(state.directory(), self.id, file, n > 1 and "-" .. n or "")
end

-- A step that has not begun: its place among those of its name, nothing recorded yet.
local function new_step(self, kind, o)
  local nth = (self.step_counts[o.name] or 0) + 1
  self.step_counts[o.name] = nth
  local step = { name = o.name, kind = kind, nth = nth, depth = #self.stack,
    started = sys.monotonic(), metrics = {}, state = "Executing" }
  self.steps[#self.steps + 1] = step
  return step
end

-- A step of a run that need not survive a power cut is recorded when it is over, in one go.
local function begin(self, step)
  step.log_path = log_path(self, step.name)
  step.started_us = sys.now_us()
  step.at_once = self.durability == "process" and step.kind == "step"
  if step.at_once then return progress.step_started(step.name, step.depth) end
  step.id = state.catalog():start_step(self.id, step.name, step.kind, step.log_path)
  progress.step_started(step.name, step.depth)
end

local function write_log(step, text)
  if not step.log then
    sys.make_directories((step.log_path:match("^(.*)/")))
    local file, message = io.open(step.log_path, "a")
    if not file then errors.raise { code = "io", message = message, path = step.log_path } end
    file:setvbuf("line")
    step.log = file
  end
  step.log:write(text, "\n")
end

-- What is print()ed goes to the logs of the steps that run, innermost first.
local function log_print(self, text)
  for i = #self.stack, 1, -1 do write_log(self.stack[i], text) end
  progress.pause()
end

local printers = {}

-- Runs `body` while print also writes to the logs of the run's steps.
local function with_log(self, body)
  printers[#printers + 1] = self
  core.on_print(module.on_print)
  local ok, result = pcall(body)
  printers[#printers] = nil
  if not ok then error(result, 0) end
  return result
end

-- Where printed lines go; the command line may send them elsewhere.
local elsewhere

function module.on_print(text)
  local self = printers[#printers]
  if self then log_print(self, text) end
  if not elsewhere then return false end
  elsewhere(text)
  return true
end

-- Gives every printed line to the function instead (nil: no more).
function module.print_to(receive)
  elsewhere = receive
  core.on_print(receive and module.on_print)
end

local function state_after(e)
  if e == nil then return "Succeeded" end
  local code = errors.is(e) and e.code
  if code == "exit" and e.status == 0 then return "Succeeded" end
  return code == "rejected" and "Rejected" or code == "canceled" and "Stopped" or "Failed"
end

local function values_summary(values)
  if values.n == 1 then return pretty.summarise(values[1]) end
  local list = {}
  for i = 1, values.n do
    local summary = pretty.summarise(values[i])
    list[i] = summary == nil and json.null or summary
  end
  return list
end

local function outcome_json(step, outcome)
  local out = {}
  if outcome.ok and outcome.values.n > 0 then out.value = values_summary(outcome.values) end
  if next(step.metrics) then out.metrics = step.metrics end
  if not outcome.ok and outcome.error.data ~= nil then
    out.data = pretty.summarise(outcome.error.data)
  end
  return next(out) and json.encode(out) or nil
end

local function log_failure(step, e)
  pcall(write_log, step, ("%s%s\n%s"):format(e.where and e.where .. ": " or "", e.message,
    e.traceback or ""))
end

-- What a value says of itself in the closing summary.
local function collect_facts(self, values)
  for i = 1, values.n do
    local metatable = type(values[i]) == "table" and getmetatable(values[i])
    local facts = type(metatable) == "table" and metatable.__report
    if facts then
      for _, fact in ipairs(facts(values[i])) do self.facts[#self.facts + 1] = fact end
    end
  end
end

local effects = {
  metric = function(self, name, value) self:add_metric(name, value) end,
  summary = function(self, label, value) self:add_fact(label, value) end,
}

-- Says again what the step said when it was executed.
local function repeat_effects(self, step, list)
  self.stack[#self.stack + 1] = step
  for _, effect in ipairs(list) do effects[effect[1]](self, effect[2], effect[3]) end
  self.stack[#self.stack] = nil
end

-- What wf.core.step.finish records.
local function ending_of(step, outcome)
  local e = outcome.error
  local ending = { state = step.state, message = e and e.message, nth = step.nth,
    outcome_json = outcome_json(step, outcome), key = step.keyed and step.keyed.key,
    why = step.why, result = step.result }
  if step.result then
    step.result.log_path = step.log and step.log_path
    step.result.took_us = math.floor(step.seconds * 1e6)
  end
  return ending
end

local function note_of(step, e)
  if step.state == "Failed" then return e.message end
  local note = step.why and step.state ~= "Cached" and "why: " .. step.why or nil
  if step.unkept then note = (note and note .. "; " or "") .. "not kept: " .. step.unkept end
  return note
end

-- Makes the result that is to be kept; a store that cannot keep it is the step's failure.
local function keep(step, outcome)
  if outcome.remote then
    step.result, step.unkept = outcome.result, outcome.problem
    return
  end
  if not step.keyed or not outcome.ok then return end
  local ok, result, problem = pcall(cache.make, step.keyed, step.work, outcome.values, step.recorder)
  if ok then
    step.result, step.unkept = result, problem
  else
    outcome.ok, outcome.error = false, errors.wrap(result)
  end
end

-- What a step that was executed in a worker has read and reported.
local function take_over(self, step, outcome)
  if outcome.reads then trace.adopt(outcome.reads) end
  if outcome.problem then trace.spoil(outcome.problem) end
  repeat_effects(self, step, outcome.effects or {})
  local e = outcome.error
  if e and e.code == "rejected" then self:end_with("Rejected", e.message) end
  if e and e.code == "failed" then self:end_with("Failed", e.message, e.data) end
end

-- Records how a step ended.
local function settle(self, step, outcome)
  keep(step, outcome)
  if outcome.remote then take_over(self, step, outcome) end
  local e = outcome.error
  step.state, step.seconds = state_after(e), sys.monotonic() - step.started
  if e then
    if not e.step then e.step, e.run = step.name, self.id end
    if step.state == "Failed" then log_failure(step, e) end
  else
    collect_facts(self, outcome.values)
  end
  if step.log then step.log:close() end
  local outer = self.stack[#self.stack]
  progress.step_ended(step.name, step.depth, step.state, step.seconds, note_of(step, e),
    outer and outer.name)
  local record = function()
    local ending = ending_of(step, outcome)
    if not step.at_once then return core.finish(state.catalog(), step.id, ending) end
    ending.run, ending.name, ending.kind = self.id, step.name, step.kind
    ending.started_us, ending.log_path = step.started_us, step.log_path
    ending.made, ending.result = ending.result, nil
    step.id = core.add(state.catalog(), ending)
  end
  if e then pcall(record) else record() end
  step.work, step.recorder, step.result, step.options, step.keyed = nil, nil, nil, nil, nil
  if self.ending and #self.stack == 0 then
    self:conclude(self.ending.state, self.ending.message, self.ending.data)
  end
end

-- ---- the kept result ----------------------------------------------------------------------------

-- The step's key; what cannot be keyed is the step's error.
local function key_of(step, job)
  local ok, keyed = pcall(cache.key, job.fn, job.arguments)
  if ok then return keyed end
  local e = errors.wrap(keyed)
  errors.raise { code = e.code, where = errors.user_position(2), traceback = debug.traceback(nil, 2),
    step = step.name, message = ("step '%s': %s; give { name = \"%s\", cache = false } to run it "
      .. "without a key"):format(step.name, e.message, step.name) }
end

local function record_cached(self, step, result, values)
  local recorded = cache.trace(result)
  trace.adopt(recorded.reads)
  repeat_effects(self, step, recorded.effects)
  collect_facts(self, values)
  step.state, step.seconds = "Cached", sys.monotonic() - step.started
  local outer = self.stack[#self.stack]
  progress.step_ended(step.name, step.depth, step.state, step.seconds, nil, outer and outer.name)
  if self.plan then return end
  step.id = core.add(state.catalog(), { run = self.id, name = step.name, kind = step.kind,
    state = "Cached", key = step.keyed.key, result = result.id, nth = step.nth,
    log_path = result.log_path, outcome_json = outcome_json(step, { ok = true, values = values }) })
end

-- The outcome that is kept for the step, or nil and why there is none to use.
local function recall(self, step, o)
  if self.no_cache then return nil, "--no-cache" end
  if self.refresh[step.name] then return nil, "refresh asked" end
  local result = cache.find(step.keyed, self, o.max_age)
  if not result then return nil, cache.why(self, step.name, step.nth, step.keyed) end
  local values, problem = cache.load(result)
  if not values then
    progress.line(("%s: %s; it is computed again"):format(step.name, problem))
    return nil, "its stored result is damaged"
  end
  record_cached(self, step, result, values)
  return { ok = true, values = values }
end

-- ---- executing ----------------------------------------------------------------------------------

local function remote_line(step)
  return function(kind, text)
    write_log(step, text)
    if kind == "P" then print(text) else progress.line(("  "):rep(step.depth + 2) .. text) end
  end
end

-- The step's bytes for a worker; nil when it is to be executed here.
local function bytes_for_worker(self, step)
  local o = step.options
  local limited = o.timeout or o.memory
  if self.in_worker or not (limited or step.kind == "async") then return nil end
  local ok, bytes = pcall(work.pack, self, step, o.memory)
  if ok then return bytes end
  if not limited then return nil end
  errors.raise { code = "type", step = step.name, where = errors.user_position(2),
    message = ("step '%s': a limit needs a worker process: %s"):format(step.name,
      (errors.wrap(bytes).message:gsub("'%.fn%.<(.-)>", "'%1"))) }
end

-- Has the step's function executed, here or in a worker; returns the job.
local function attempt(handle)
  local self, step = handle.run, handle.step
  local bytes = bytes_for_worker(self, step)
  if not bytes then
    return work.execute(self, step, function(body) return with_log(self, body) end)
  end
  return executor.dispatch(bytes, { timeout = step.options.timeout, memory = step.options.memory,
    on_line = remote_line(step), on_done = function() handle:settle() end })
end

local function is_retried(retry, e)
  if e.code == "canceled" or e.code == "exit" or e.code == "rejected" then return false end
  if retry.on == nil then return true end
  if type(retry.on) == "function" then return retry.on(e) end
  for _, code in ipairs(retry.on) do
    if code == e.code then return true end
  end
  return false
end

-- Whether the failed step is tried again; waits a little longer each time, not all at once.
local function try_again(step, e)
  local retry = step.options.retry
  step.attempts = (step.attempts or 1) + 1
  if not retry or step.attempts > retry.count + 1 or not is_retried(retry, e) then return false end
  local delay = retry.delay * retry.factor ^ (step.attempts - 2)
  delay = delay * (0.75 + 0.5 * (sys.now_us() % 1000) / 1000)
  local text = ("attempt %d failed: %s; again in %.2f s"):format(step.attempts - 1, e.message, delay)
  write_log(step, text)
  progress.line(("  "):rep(step.depth + 2) .. text)
  sys.sleep(delay)
  return true
end

-- A handle whose outcome is known without any work.
local function settled_handle(self, step, outcome)
  local job = { is_finished = function() return true end, wait = function() return outcome end }
  return setmetatable({ run = self, step = step, job = job, settled = true }, Handle)
end

-- Whether the step comes before the first one that the command line asked for.
local function comes_before(self, step)
  if not self.from then return false end
  if step.name == self.from then self.from = nil end
  return self.from ~= nil
end

-- What is kept last of a step is taken whatever has changed since.
local function take_latest(self, step)
  step.keyed = { key = "" }
  local result = cache.latest(self.name, step.name, step.nth)
  local values, problem
  if result then values, problem = cache.load(result) end
  if not values then
    errors.raise { code = "not_found", step = step.name, message = ("there is no kept result of "
      .. "step '%s' to begin after%s"):format(step.name, problem and ": " .. problem or "") }
  end
  step.keyed.key = result.key
  record_cached(self, step, result, values)
  return { ok = true, values = values }
end

-- The script has done what was asked for when its last wanted step is over.
local function end_after(self, step)
  if self.last ~= step.name or #self.stack > 0 then return end
  self:conclude("Succeeded", ("ended after %s, as asked"):format(step.name))
  errors.raise { code = "exit", status = 0, message = "ended after " .. step.name }
end

local function unknown_outcome(step, why)
  progress.step_ended(step.name, step.depth, "Planned", 0, why and "why: " .. why, nil)
  local values = { n = 4 }
  for i = 1, values.n do values[i] = plan.unknown(step.name) end
  step.state, step.seconds = "Planned", 0
  return { ok = true, values = values }
end

-- What would happen to the step: its kept value, or nothing that is known.
local function planned(self, step, o)
  if step.kind == "action" then return unknown_outcome(step, "actions are always executed") end
  if not o.cache then return unknown_outcome(step, "cache = false") end
  local ok, keyed = pcall(key_of, step, step.work)
  if not ok then
    local e = errors.wrap(keyed)
    if e.code ~= "planned" then error(e, 0) end
    return unknown_outcome(step, (e.message:match("the rest (depends on .-);") or e.message))
  end
  step.keyed = keyed
  local outcome, why = recall(self, step, o)
  return outcome or unknown_outcome(step, why)
end

-- Starts the work of a step and records it, or takes the result that is kept; returns a handle.
local function launch(self, kind, given, fn, ...)
  local o = steprules.step(given)
  options.argument("run:" .. kind, 2, fn, "function")
  check_open(self)
  local step = new_step(self, kind, o)
  step.work, step.options = { fn = fn, arguments = table.pack(...) }, o
  if self.plan then return settled_handle(self, step, planned(self, step, o)) end
  if comes_before(self, step) then
    if kind == "action" then
      return settled_handle(self, step, unknown_outcome(step, "left out"))
    end
    return settled_handle(self, step, take_latest(self, step))
  end
  if kind == "action" then
    trace.spoil(("it contains the action %s"):format(step.name))
  elseif o.cache then
    step.keyed = key_of(step, step.work)
    local outcome
    outcome, step.why = recall(self, step, o)
    if outcome then return settled_handle(self, step, outcome) end
  else
    step.why = "cache = false"
  end
  begin(self, step)
  local handle = setmetatable({ run = self, step = step }, Handle)
  handle.job = attempt(handle)
  if handle.job:is_finished() then handle:settle() end
  return handle
end

function Handle:settle()
  if self.outcome then return self.outcome end
  local outcome = self.job:wait()
  while not outcome.ok and not self.settled and try_again(self.step, outcome.error) do
    self.job = attempt(self)
    outcome = self.job:wait()
  end
  self.outcome = self.outcome or outcome
  if not self.settled then
    self.settled = true
    settle(self.run, self.step, outcome)
  end
  return outcome
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

-- ---- what scripts call --------------------------------------------------------------------------

function Run:step(name, fn, ...)
  return launch(self, "step", name, fn, ...):await()
end

-- A step with side effects: register, deploy, send.
function Run:action(name, fn, ...)
  return launch(self, "action", name, fn, ...):await()
end

-- A step whose value is needed later.
function Run:async(name, fn, ...)
  local handle = launch(self, "async", name, fn, ...)
  self.handles[#self.handles + 1] = handle
  return handle
end

-- fn(item, place) of every item of a list, side by side, each a step of that name; the list of what
-- they return, in the order of the items. The first failure, in that order, is raised when all have
-- ended.
function Run:map(name, list, fn, given)
  options.argument("run:map", 2, list, "table")
  local o = steprules.map(given)
  if o.workers then executor.set_workers(o.workers) end
  o.workers, o.name = nil, name
  local handles, values = {}, {}
  for i = 1, #list do handles[i] = launch(self, "async", o, fn, list[i], i) end
  for _, handle in ipairs(handles) do
    handle.awaited = true
    handle:settle()
  end
  for i, handle in ipairs(handles) do values[i] = handle:await() end
  return values
end

-- Records that a step was left out, and why.
function Run:skip(name, reason)
  name = steprules.name(name)
  check_open(self)
  if self.plan then return progress.step_ended(name, #self.stack, "Skipped", 0, reason, nil) end
  local catalog = state.catalog()
  local id = catalog:start_step(self.id, name, "step", nil)
  catalog:end_step(id, "Skipped", reason, nil)
  self.steps[#self.steps + 1] = { id = id, name = name, kind = "step", state = "Skipped", seconds = 0 }
  progress.step_ended(name, #self.stack, "Skipped", 0, reason, nil)
end

local function formatted(format, ...)
  if select("#", ...) == 0 then return format end
  return format:format(...)
end

-- A line for people and, inside a step, for its log.
function Run:log(format, ...)
  local text = formatted(format, ...)
  if self.in_worker then return module.say("L", text) end
  local step = self.stack[#self.stack]
  if step then write_log(step, text) end
  progress.line(("  "):rep(#self.stack + 1) .. text)
end

-- A number of the run, shown at its end and kept with the run and the step.
function Run:metric(name, value)
  options.argument("run:metric", 1, name, "string")
  options.argument("run:metric", 2, value, "number")
  self:add_metric(name, pretty.summarise(value))
end

function Run:add_metric(name, value)
  trace.effect("metric", name, value)
  local step = self.stack[#self.stack]
  if step then step.metrics[name] = value end
  self.metrics[name] = value
  self:add_fact(name, value)
end

function Run:add_fact(label, value)
  if type(value) == "number" and math.type(value) == "float" then value = ("%.6g"):format(value) end
  self.facts[#self.facts + 1] = { tostring(label), tostring(value) }
end

-- Lines for the closing summary: { {label, value}, … }.
function Run:summary(lines)
  options.argument("run:summary", 1, lines, "table")
  for _, line in ipairs(lines) do
    local value = type(line[2]) == "number" and pretty.summarise(line[2]) or tostring(line[2])
    trace.effect("summary", tostring(line[1]), value)
    self:add_fact(line[1], value)
  end
end

-- Ends the run as soon as its open steps have ended, so that each keeps its own outcome.
function Run:end_with(outcome, message, data)
  if self.in_worker then return end -- the process that sent the step ends the run
  if #self.stack == 0 then return self:conclude(outcome, message, data) end
  self.ending = { state = outcome, message = message, data = data }
end

-- A gate said no: the run ends here with the outcome Rejected and exit status 3.
function Run:reject(format, ...)
  check_open(self)
  local message = formatted(format or "rejected", ...)
  local e = errors.new { code = "rejected", message = message, run = self.id,
    where = errors.user_position(2) }
  self:end_with("Rejected", message)
  error(e, 0)
end

-- The run has failed: exit status 1. `data` is kept with the run.
function Run:fail(message, data)
  check_open(self)
  local e = errors.new { code = "failed", message = message or "failed", data = data, run = self.id,
    where = errors.user_position(2), traceback = debug.traceback(nil, 2) }
  self:end_with("Failed", e.message, data)
  error(e, 0)
end

-- ---- ending -------------------------------------------------------------------------------------

local function run_outcome(self, data)
  local out = {}
  if next(self.metrics) then out.metrics = self.metrics end
  if #self.facts > 0 then
    out.summary = {}
    for i, fact in ipairs(self.facts) do out.summary[i] = { label = fact[1], value = fact[2] } end
  end
  if data ~= nil then out.data = pretty.summarise(data) end
  return next(out) and json.encode(out) or nil
end

-- Records the end; used by all ways out.
function Run:conclude(outcome, message, data)
  if self.state ~= "Executing" then return end
  self.state, self.message, self.seconds = outcome, message, sys.monotonic() - self.started
  if self.plan then return end
  state.catalog():end_run(self.id, outcome, message, run_outcome(self, data))
  report.closing(self)
end

-- The failure of an async step that nobody awaited is the run's.
local function unawaited_failure(self)
  for _, handle in ipairs(self.handles) do
    if not handle.awaited then
      handle.awaited = true
      local outcome = handle:settle()
      if not outcome.ok then return outcome.error end
    end
  end
end

function Run:close(e)
  if self.state ~= "Executing" then return end
  local pending = unawaited_failure(self)
  local cause = e == nil and pending or e
  if cause == nil then return self:conclude("Succeeded") end
  pcall(self.conclude, self, state_after(cause), errors.wrap(cause).message)
  if e == nil then error(cause, 0) end
end

Run.__close = Run.close

function Run:__tostring()
  return ("run %d %s: %s"):format(self.id, self.name, self.state)
end

-- ---- for the command line and the registry ------------------------------------------------------

-- Ids of the innermost open run and step; 0 where there is none.
function module.current()
  for i = #runs, 1, -1 do
    local run = runs[i]
    if run.state == "Executing" then
      local step = run.stack[#run.stack]
      return run.id, step and step.id or 0
    end
  end
  return 0, 0
end

-- Whether an action is being executed.
function module.in_action()
  for _, run in ipairs(runs) do
    local step = run.stack[#run.stack]
    if run.state == "Executing" and step and step.kind == "action" then return true end
  end
  return false
end

-- Ends the runs that the script left open.
function module.close_all(e)
  for i = #runs, 1, -1 do runs[i]:close(e) end
end

-- ---- in a worker --------------------------------------------------------------------------------

module.classes = { Run = Run }

-- What a worker needs to know of a run.
function Run:__worker()
  return { id = self.id, name = self.name, script = self.script, values = self.values,
    params = self.params, state = "Executing", in_worker = true, started = 0, stack = {}, steps = {},
    handles = {}, metrics = {}, facts = {}, log_names = {}, step_counts = {}, refresh = {} }
end

-- This process executes steps for another one; `say(kind, text)` reaches it.
function module.become_worker(directory, say)
  state.set_directory(directory)
  module.say = say
end

-- The step that was sent belongs to this run, which is the one that goes on.
function module.adopt(run, step)
  runs = { run }
  run.current_step = step
end

-- Every run of the process in order of start.
function module.all()
  return table.move(runs, 1, #runs, 1, {})
end

return module
