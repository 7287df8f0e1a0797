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

local approval = require "wf.approval"
local core = require "wf.core.step"
local errors = require "wf.errors"
local executor = require "wf.executor"
local json = require "wf.json"
local launch = require "wf.launch"
local options = require "wf.options"
local origin = require "wf.origin"
local params = require "wf.params"
local pretty = require "wf.pretty"
local progress = require "wf.progress"
local record = require "wf.record"
local report = require "wf.report"
local state = require "wf.state"
local steplog = require "wf.steplog"
local steprules = require "wf.steprules"
local sys = require "wf.core.sys"
local trace = require "wf.trace"
local undo = require "wf.undo"
local work = require "wf.work"

local module = {}

-- A step that captures a run does not depend on it: __key is what stands for it in keys.
local Run = { __name = "wf.run", __module = "wf.run", __class = "Run",
  __key = function() return "wf.run" end }
Run.__index = Run

-- What the command line said; the first run of the script takes it.
local command = { values = {}, script = nil, help = false, taken = false, refresh = {},
  started = 0 }
-- Every run of this process in order of start.
local runs = {}

-- ---- starting -----------------------------------------------------------------------------------

-- Set by the command line before the script starts: values = {{name, text}}, script, help,
-- refresh = {step names to execute whatever is kept}, no_cache, verify, plan (execute nothing), and
-- the first and last step to execute: before the first, what is kept last is taken as it is. source
-- is the script's text, kept with its arguments so that the run can be replayed; replay: this is one.
function module.configure(settings)
  command = { values = settings.values or {}, script = settings.script, help = settings.help,
    taken = false, refresh = {}, no_cache = settings.no_cache, plan = settings.plan,
    from = settings.from, last = settings.last, source = settings.source,
    arguments = settings.arguments, replay = settings.replay, started = 0 }
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
    params.describe(declared))
end

-- Runs of one process are told apart by their place.
local function record_origin(run_id)
  command.started = command.started + 1
  origin.record(run_id, { source = command.source, values = command.values,
    arguments = command.arguments, place = command.started })
end

function module.start(given)
  local o = options.check("run", given, {
    name = { "string", required = true }, params = { "table", default = {} },
    description = { "string" },
    durability = { "string", default = "power", choices = { "power", "process" } },
  })
  if o.name == "" then errors.invalid("run: the name is empty") end
  local declared = params.in_order(o.params)
  local line = command.taken and {} or command
  if line.help then
    command.taken = true
    errors.raise { code = "help", message = help_text(o.name, o.description, declared) }
  end
  local values = params.resolve(declared, line.values or {})
  command.taken = true
  work.remember_globals()
  local names = {}
  for i, entry in ipairs(declared) do names[i] = entry.name end

  local self = setmetatable({
    name = o.name, values = values, params = params.new(values, names), script = command.script,
    state = "Executing", started = sys.monotonic(), arguments = line.values or {},
    stack = {}, ended = {}, handles = {}, hooks = {}, metrics = {}, facts = {}, log_names = {},
    step_counts = {}, refresh = command.refresh, no_cache = command.no_cache,
    durability = o.durability, plan = command.plan, from = command.from, last = command.last,
    replay = command.replay, planned = {},
  }, Run)
  self.id = self.plan and 0
    or state.catalog():start_run(o.name, command.script, json_values(values))
  if command.source and not self.plan then record_origin(self.id) end
  core.set_durable(state.catalog(), o.durability == "power")
  runs[#runs + 1] = self
  progress.run_started(self.name, self.id, self.script)
  return self
end

-- ---- what scripts call --------------------------------------------------------------------------

function Run:check_open()
  if self.state ~= "Executing" or (self.ending and not self.undoing) then
    errors.invalid("run %d has ended (%s)", self.id, self.ending and self.ending.state or self.state)
  end
end

function Run:step(name, fn, ...)
  return launch(self, "step", name, fn, ...):await()
end

-- A step with side effects: register, deploy, send.
function Run:action(name, fn, ...)
  return launch(self, "action", name, fn, ...):await()
end

-- A step whose value is needed later. The last one that the command line asked for ends the run, when
-- those that were begun before it have ended too.
function Run:async(name, fn, ...)
  local handle = launch(self, "async", name, fn, ...)
  self.handles[#self.handles + 1] = handle
  if self.last == handle.step.name and #self.stack == 0 then
    for _, begun in ipairs(self.handles) do begun:settle() end
    for _, begun in ipairs(self.handles) do begun:await() end
  end
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
  self:check_open()
  if self.plan then
    table.insert(self.planned, { step = name, kind = "step", state = "Skipped", why = reason })
    return progress.step_ended(name, #self.stack, "Skipped", 0, reason, nil)
  end
  local catalog = state.catalog()
  local id = catalog:start_step(self.id, name, "step", nil)
  catalog:end_step(id, "Skipped", reason, nil)
  record.count(self, "Skipped")
  progress.step_ended(name, #self.stack, "Skipped", 0, reason, nil)
end

local function formatted(format, ...)
  if select("#", ...) == 0 then return format end
  return format:format(...)
end

-- fn(e) is executed, as an action of that name, when the run fails or is rejected later; the hooks and
-- the rollbacks of actions in reverse order.
function Run:on_failure(name, fn)
  steprules.name(name)
  options.argument("run:on_failure", 2, fn, "function")
  self:check_open()
  undo.push(self, name, fn)
end

-- Goes on when somebody has approved what the run has made so far; otherwise the run ends here, as
-- AwaitingApproval with exit status 4, and the same command goes on after `wf approve`.
function Run:approve(name, given)
  self:check_open()
  return approval.ask(self, name, given)
end

-- A line for people and, inside a step, for its log.
function Run:log(format, ...)
  local text = formatted(format, ...)
  if self.in_worker then return module.say("L", text) end
  local step = self.stack[#self.stack]
  if step then steplog.write(step, text) end
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
  if step then
    step.metrics = step.metrics or {}
    step.metrics[name] = value
  end
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
  self:check_open()
  local message = formatted(format or "rejected", ...)
  local e = errors.new { code = "rejected", message = message, run = self.id,
    where = errors.user_position(2) }
  self:end_with("Rejected", message)
  error(e, 0)
end

-- The run has failed: exit status 1. `data` is kept with the run.
function Run:fail(message, data)
  self:check_open()
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
  if self.state ~= "Executing" or self.undoing then return end
  message = undo.all(self, outcome, message)
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
  pcall(self.conclude, self, record.state_after(cause), errors.wrap(cause).message)
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
    params = self.params, state = "Executing", in_worker = true, started = 0, stack = {}, ended = {},
    handles = {}, hooks = {}, metrics = {}, facts = {}, log_names = {}, step_counts = {}, refresh = {} }
end

-- This process executes steps for another one; `say(kind, text)` reaches it.
function module.become_worker(directory, say)
  state.set_directory(directory)
  module.say = say
end

-- The step that was sent belongs to this run, which is the one that goes on.
function module.adopt(run)
  runs = { run }
end

-- Every run of the process in order of start.
function module.all()
  return table.move(runs, 1, #runs, 1, {})
end

return module
