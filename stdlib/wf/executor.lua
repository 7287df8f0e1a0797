-- wf.executor: how the work of a step is done. The one place that knows.
--
--   local outcome = executor.execute(fn, table.pack(...))     -- here and now
--   local job = executor.dispatch(bytes, { timeout = 5 })     -- in a worker process
--   job:is_finished()
--   outcome = job:wait()            -- { ok = true, values = packed } or { ok = false, error = e }
--
-- Worker processes are started when they are needed, as many at once as there are processors, and
-- used again. A job that asks for several cores takes as many places. A job whose worker crashes, is
-- killed, or takes too long has failed with that; the next one gets a new worker. Jobs are given to
-- workers in the order in which they are dispatched; what they return does not depend on which worker
-- took them.

local artifact = require "wf.artifact"
local core = require "wf.core.worker"
local errors = require "wf.errors"
local state = require "wf.state"
local sys = require "wf.core.sys"

local executor = {}

-- ---- in this process ----------------------------------------------------------------------------

local function outcome_of(ok, ...)
  if ok then return { ok = true, values = table.pack(...) } end
  return { ok = false, error = errors.wrap((...)) } -- out of memory is raised without a handler
end

function executor.execute(fn, arguments)
  return outcome_of(xpcall(fn, errors.handler, table.unpack(arguments, 1, arguments.n)))
end

-- ---- workers ------------------------------------------------------------------------------------

local Job = { __name = "wf.job" }
Job.__index = Job

function Job:is_finished()
  return self.outcome ~= nil
end

function Job:wait()
  while not self.outcome do executor.turn(0.5) end
  return self.outcome
end

-- Idle workers by the number of threads that they were started with.
local queue, busy, idle = {}, {}, {}
local most, serial

-- At most so many workers at once; 0: as many as there are processors.
function executor.set_workers(count)
  most = count > 0 and count or core.cores()
end

local function all_places()
  if not most then executor.set_workers(math.tointeger(tonumber(sys.env("WF_WORKERS") or "")) or 0) end
  return most
end

-- How many of the workers' places the job takes.
local function places_of(job)
  return math.min(job.cores or 1, all_places())
end

local function free_places()
  local free = all_places()
  for _, job in ipairs(busy) do free = free - places_of(job) end
  return free
end

-- Processors are shared out evenly over the places.
local function threads_of(job)
  return math.max(1, core.cores() // all_places()) * places_of(job)
end

local function start_worker(threads)
  return core.start({ sys.executable(), "worker", state.directory(), tostring(core.own_pid()) },
    { "OMP_NUM_THREADS=" .. threads, "WF_THREADS=" .. threads, "OMP_WAIT_POLICY=passive" })
end

-- An idle worker with so many threads; one with another number makes room for it.
local function take_worker(threads)
  for i = #idle, 1, -1 do
    if idle[i].threads == threads then return table.remove(idle, i) end
  end
  if #idle > 0 then table.remove(idle, 1).process:close() end
  return { threads = threads, process = start_worker(threads) }
end

local function job_path()
  serial = (serial or 0) + 1
  local directory = state.directory() .. "/jobs"
  if serial == 1 then sys.make_directories(directory) end
  return ("%s/%d-%d"):format(directory, core.own_pid(), serial)
end

-- The file is for another process of this moment: it need not survive anything.
local function write_job(path, bytes)
  local file = assert(io.open(path, "wb"))
  local ok, message = file:write(bytes)
  file:close()
  if not ok then errors.raise { code = "io", message = message, path = path } end
end

local function finish(job, outcome)
  os.remove(job.path)
  os.remove(job.path .. ".out")
  job.outcome = outcome
  if job.on_done then job.on_done() end
end

local function fail(job, code, message)
  finish(job, { ok = false, remote = true, error = errors.new { code = code, message = message } })
end

local function give(job)
  job.path = job_path()
  local threads = threads_of(job)
  job.worker = job.memory and { threads = threads, process = start_worker(threads) }
    or take_worker(threads)
  write_job(job.path, job.bytes)
  job.bytes = nil
  job.started = sys.monotonic()
  busy[#busy + 1] = job
  job.worker.process:send(job.path .. "\n") -- a worker that is gone is met at the next turn
end

local function pump()
  while #queue > 0 and (#busy == 0 or places_of(queue[1]) <= free_places()) do
    give(table.remove(queue, 1))
  end
end

local function drop(job)
  for i, other in ipairs(busy) do
    if other == job then return table.remove(busy, i) end
  end
end

-- The worker has written what came of the job.
local function collect(job)
  drop(job)
  if job.memory then job.worker.process:close() else idle[#idle + 1] = job.worker end
  local ok, outcome = pcall(function() return artifact.decode(sys.read_file(job.path .. ".out")) end)
  if not ok then return fail(job, "external", "the worker's answer cannot be read: " .. tostring(outcome)) end
  outcome.remote = true
  if outcome.bytes then outcome.values = artifact.decode(outcome.bytes) end
  if outcome.error then outcome.error = errors.new(outcome.error) end
  finish(job, outcome)
end

local function lost(job)
  drop(job)
  local how, number, name = job.worker.process:finish()
  if job.expired then
    return fail(job, "timeout", ("it took longer than %g s"):format(job.timeout))
  elseif how == "signal" then
    return fail(job, "external", ("its worker was killed by signal %d (%s)"):format(number, name))
  end
  fail(job, "external", ("its worker ended with status %d before it was done"):format(number))
end

local function unescape(text)
  return (text:gsub("\\(.)", { n = "\n", ["\\"] = "\\" }))
end

local function attend(job)
  local lines, open = job.worker.process:lines()
  for _, line in ipairs(lines) do
    local kind, text = line:match("^(%u) (.*)$")
    if kind == "D" then return collect(job) end
    if kind and job.on_line then job.on_line(kind, unescape(text)) end
  end
  if not open then lost(job) end
end

local function next_deadline(limit)
  local now = sys.monotonic()
  for _, job in ipairs(busy) do
    if job.timeout then limit = math.min(limit, math.max(0, job.started + job.timeout - now)) end
  end
  return limit
end

local function end_overdue()
  local now = sys.monotonic()
  for _, job in ipairs(busy) do
    if job.timeout and not job.expired and now >= job.started + job.timeout then
      job.expired = true
      job.worker.process:kill()
    end
  end
end

-- Lets workers speak for up to so many seconds.
function executor.turn(seconds)
  pump()
  local workers, jobs = {}, table.move(busy, 1, #busy, 1, {})
  for i, job in ipairs(jobs) do workers[i] = job.worker.process end
  local ok, e = pcall(core.poll, workers, next_deadline(seconds))
  if not ok then
    executor.stop_all()
    error(e, 0)
  end
  end_overdue()
  for _, job in ipairs(jobs) do
    if not job.outcome then attend(job) end
  end
  pump()
end

-- Ends every worker; jobs that are not done have failed as interrupted.
function executor.stop_all()
  local unfinished = table.move(queue, 1, #queue, #busy + 1, table.move(busy, 1, #busy, 1, {}))
  for _, job in ipairs(busy) do job.worker.process:close() end
  for _, worker in ipairs(idle) do worker.process:close() end
  queue, busy, idle = {}, {}, {}
  for _, job in ipairs(unfinished) do
    job.outcome = { ok = false, remote = true,
      error = errors.new { code = "canceled", message = "interrupted" } }
    if job.path then os.remove(job.path) end
  end
end

-- A job for a worker: `bytes` is what wf.worker reads. Options: timeout in seconds, memory in bytes,
-- cores (places among the workers, and threads in proportion; 1),
-- on_line(kind, text) for what it prints ("P") and logs ("L"), on_done() when it is finished.
function executor.dispatch(bytes, o)
  local job = setmetatable({ bytes = bytes, timeout = o.timeout, memory = o.memory, cores = o.cores,
    on_line = o.on_line, on_done = o.on_done }, Job)
  queue[#queue + 1] = job
  pump()
  return job
end

return executor
