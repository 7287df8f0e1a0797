-- wf.undo: what is done when a run fails.
--
--   undo.push(run, "rollback Deploy", fn)     -- fn(e) of the error that ended the run
--   message = undo.all(run, "Failed", message)
--
-- Hooks are actions of the run, the last one first, each recorded like any other with its attempts. One
-- that fails is named in the run's message and does not keep the others from being executed. They are
-- for runs that fail or are rejected; an interrupted run is gone on with, and a killed one has nobody
-- to undo anything.

local errors = require "wf.errors"

local undo = {}

-- Step names have so many characters at most.
local longest_name = 64

function undo.push(run, name, fn, retry)
  run.hooks[#run.hooks + 1] = { name = name:sub(1, longest_name), fn = fn, retry = retry }
end

-- Executes a hook as an action; what went wrong, or nil.
function undo.execute(run, hook, e)
  local ok, problem = pcall(run.action, run, { name = hook.name, retry = hook.retry }, hook.fn, e)
  if not ok then return ("%s failed: %s"):format(hook.name, errors.wrap(problem).message) end
end

local codes = { Failed = "failed", Rejected = "rejected" }

-- Executes the hooks of a run that ends so; the message to record.
function undo.all(run, outcome, message)
  if not codes[outcome] or #run.hooks == 0 or run.plan or run.replay then return message end
  run.undoing = true
  local e = errors.new { code = codes[outcome], message = message or outcome, run = run.id }
  local texts = { message }
  while #run.hooks > 0 do
    texts[#texts + 1] = undo.execute(run, table.remove(run.hooks), e)
  end
  run.undoing = false
  return table.concat(texts, "; ")
end

return undo
