-- wf.executor: how the work of a step is done. The one place that knows.
--
--   local job = executor.submit(fn, table.pack(...))
--   job:is_finished()
--   local outcome = job:wait()      -- { ok = true, values = packed } or { ok = false, error = e }
--
-- This executor runs the closure in this process as soon as it is submitted; `run:async` therefore
-- has the records and the await of concurrent work, but no concurrency: an async step has finished
-- when `run:async` returns, and its failure is raised by await.

local errors = require "wf.errors"

local executor = {}

local Job = { __name = "wf.job" }
Job.__index = Job

function Job:is_finished()
  return self.outcome ~= nil
end

function Job:wait()
  return self.outcome
end

function executor.submit(fn, arguments)
  local results = table.pack(xpcall(fn, errors.handler, table.unpack(arguments, 1, arguments.n)))
  local outcome = { ok = results[1] }
  if outcome.ok then
    outcome.values = table.pack(table.unpack(results, 2, results.n))
  else
    outcome.error = results[2]
  end
  return setmetatable({ outcome = outcome }, Job)
end

return executor
