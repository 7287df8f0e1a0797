-- wf.work: executing the function of a step, in this process or in a worker.
--
--   local outcome = work.execute(run, step)           -- step.fn, step.arguments, step.keyed
--   local bytes = work.pack(run, step)                -- for a worker; an error when it cannot be sent
--   work.perform(bytes)                               -- in the worker: the answer's bytes
--
-- A worker gets the function with all that it captures, its arguments, and the script's globals; wf
-- objects travel through the store. What it sends back has the values' bytes, the result that is to
-- be kept, and what was read and reported.

local artifact = require "wf.artifact"
local cache = require "wf.cache"
local core = require "wf.core.step"
local errors = require "wf.errors"
local executor = require "wf.executor"
local once = require "wf.once"
local original = require "wf.original"
local steplog = require "wf.steplog"
local trace = require "wf.trace"

local work = {}

-- ---- here ---------------------------------------------------------------------------------------

-- Runs the step's function with math.random seeded from its key and its reads recorded; what it
-- prints goes to its log as well, but for a worker, which passes it on.
function work.execute(run, step)
  local random = step.keyed and core.seed_random(step.keyed.key)
  step.recorder = trace.begin(run)
  run.stack[#run.stack + 1] = step
  if not run.in_worker then steplog.begin(run) end
  local ok, outcome = pcall(executor.execute, step.fn, step.arguments)
  if not run.in_worker then steplog.finish() end
  run.stack[#run.stack] = nil
  trace.finish(step.recorder)
  if random then core.restore_random(random) end
  if not ok then error(outcome, 0) end
  return outcome
end

-- ---- sending ------------------------------------------------------------------------------------

local standard_globals

-- Remembers what every state has, before the script adds to it.
function work.remember_globals()
  standard_globals = {}
  for name in pairs(_G) do standard_globals[name] = true end
end

-- The script's own globals that can be sent; a step that uses another one fails there.
local function own_globals()
  local own = {}
  for name, value in pairs(_G) do
    if type(name) == "string" and not (standard_globals and standard_globals[name])
      and pcall(artifact.encode, value, name, true) then
      own[name] = value
    end
  end
  return own
end

function work.pack(run, step, memory)
  local chain = once.chain(run)
  if step.keyed then chain[#chain + 1] = step.keyed.key end
  return (artifact.encode({ fn = step.fn, arguments = step.arguments, run = run,
    keyed = step.keyed, name = step.name, id = step.id, globals = own_globals(), memory = memory, chain = chain,
    original = original.describe(),
    path = package.path, verify = trace.verify }, "", true))
end

-- ---- in a worker --------------------------------------------------------------------------------

local installed = {}

local function install(job)
  for name in pairs(installed) do rawset(_G, name, nil) end
  installed = {}
  for name, value in pairs(job.globals) do
    rawset(_G, name, value)
    installed[name] = true
  end
  package.path, trace.verify = job.path, job.verify
end

local function sendable_error(e)
  local out = {}
  for _, field in ipairs { "code", "message", "where", "traceback", "path", "line", "column",
    "step", "run", "data", "value" } do
    if e[field] ~= nil and pcall(artifact.encode, e[field], field) then out[field] = e[field] end
  end
  return out
end

local function answer_of(step, outcome)
  local answer = { ok = outcome.ok, reads = step.recorder.reads, effects = step.recorder.effects,
    problem = step.recorder.problem }
  if outcome.ok then
    local ok, bytes = pcall(artifact.encode, outcome.values, "")
    if ok then
      answer.bytes = bytes
      if step.keyed then
        answer.result, answer.problem = cache.make(step.keyed, step, outcome.values, step.recorder)
      end
      return answer
    end
    outcome.error = errors.wrap(bytes)
    outcome.error.message = "it returns what cannot be passed on: " .. outcome.error.message
  end
  answer.ok, answer.error = false, sendable_error(outcome.error)
  return answer
end

-- Executes a sent step; `adopt(run)` makes its run this process's.
function work.perform(bytes, adopt)
  local ok, answer = pcall(function()
    local job = artifact.decode(bytes, true)
    install(job)
    once.inherit(job.chain)
    original.adopt(job.original)
    if job.memory then require("wf.core.worker").limit_memory(job.memory) end
    local step = { name = job.name, id = job.id, kind = "async", keyed = job.keyed, fn = job.fn,
      arguments = job.arguments }
    adopt(job.run)
    return artifact.encode(answer_of(step, work.execute(job.run, step)), "")
  end)
  if ok then return answer end
  return (artifact.encode({ ok = false, error = sendable_error(errors.wrap(answer)) }, ""))
end

return work
