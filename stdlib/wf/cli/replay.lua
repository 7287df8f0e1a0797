-- wf.cli.replay: executes a run again, from its beginning, and compares.
--
--   wf replay [RUN] [--threads N] [--keep] [--json]
--
-- The recorded script is run with the recorded parameters and arguments by another process, which
-- keeps its state in a directory of its own and takes nothing that is kept. Actions are not repeated:
-- they give what they gave. Exit status 0: every step made the same; 1: one did not.

local errors = require "wf.errors"
local json = require "wf.json"
local origin = require "wf.origin"
local records = require "wf.cli.records"
local replay = require "wf.replay"
local state = require "wf.state"
local sys = require "wf.core.sys"
local worker = require "wf.core.worker"

local commands = {}

-- ---- the other process --------------------------------------------------------------------------

-- What is needed to do the run again.
local function origin_of(catalog, run_id)
  local found = origin.find(run_id, catalog)
  if found then return found end
  errors.raise { code = "not_found", message = ("run %d cannot be replayed: it was not started as "
    .. "wf SCRIPT, or by an older wf"):format(run_id) }
end

local function repeat_run(given)
  worker.follow(given.parent)
  local original = require "wf.original"
  original.open(given.state, given.run)
  local run = original.catalog():get_run(given.run)
  local start = origin_of(original.catalog(), given.run)
  local text = original.store():get(start.script)
  local e = require("wf.cli.run").execute(sys.load_script(run.script, text), {
    values = start.values, script = run.script, arguments = start.arguments, no_cache = true,
    replay = true })
  if not e or e.code == "planned" or e.code == "exit" or e.code == "awaiting" then return 0 end
  return require("wf.cli.failure").report(e)
end

commands.replaying = {
  spec = { about = "Executes a run again for wf replay, which starts it.",
    words = { { "state", "STATE_DIRECTORY" }, { "run", "RUN", kind = "integer" },
      { "parent", "PARENT", kind = "integer" } } },
  run = repeat_run,
}

-- ---- this one -----------------------------------------------------------------------------------

local function remove_tree(path)
  local ok, names = pcall(sys.list_directory, path)
  for _, name in ipairs(ok and names or {}) do remove_tree(path .. "/" .. name) end
  os.remove(path)
end

-- A directory for the repeated run; those of processes that are gone are removed.
local function scratch_directory(run_id)
  local parent = state.directory() .. "/replay"
  sys.make_directories(parent)
  for _, name in ipairs(sys.list_directory(parent)) do
    local pid = math.tointeger(tonumber(name:match("%-(%d+)$") or ""))
    if pid and not sys.process_alive(pid) then remove_tree(parent .. "/" .. name) end
  end
  local path = ("%s/%d-%d"):format(parent, run_id, worker.own_pid())
  sys.make_directories(path)
  return path
end

local function environment(scratch, threads)
  local list = { "WF_HOME=" .. scratch }
  if threads then
    list[2], list[3] = "WF_THREADS=" .. threads, "OMP_NUM_THREADS=" .. threads
  end
  return list
end

-- Executes the run again; its catalog, and how the process ended.
local function execute(run, directory, scratch, threads)
  local child = worker.start({ sys.executable(), "replaying", state.directory(), tostring(run.id),
    tostring(worker.own_pid()) }, environment(scratch, threads), directory)
  local how, number = child:finish()
  if how == "signal" then
    errors.raise { code = "external",
      message = ("the process that replays it was killed by signal %d"):format(number) }
  end
  return require("wf.core.catalog").open(scratch .. "/catalog.db")
end

-- The run that the script's process started as its n-th.
local function nth_run(catalog, place)
  local runs = catalog:list_runs(0)
  return runs[#runs + 1 - place]
end

local function show(comparison, run, again, scratch)
  local first = comparison.differences[1]
  local more = #comparison.differences - 1
  if first then
    print(("run %d: %s%s: %s"):format(run.id, first.step and "step " .. first.step or "the run",
      first.nth and first.nth > 1 and " #" .. first.nth or "", first.difference))
    if more > 0 then print(("%d more difference%s after it"):format(more, more == 1 and "" or "s")) end
  end
  local notes = {}
  if comparison.unkept > 0 then
    notes[1] = ("%d without a kept result"):format(comparison.unkept)
  end
  if comparison.actions > 0 then notes[#notes + 1] = ("%d actions not repeated"):format(comparison.actions) end
  print(("%s: %d steps are the same%s"):format(first and "differs" or "same",
    comparison.same, #notes > 0 and " (" .. table.concat(notes, ", ") .. ")" or ""))
  if scratch then print(("kept: WF_HOME=%s wf show %d"):format(scratch, again and again.id or 1)) end
end

local function replay_run(given)
  local run = records.find_run(given.run)
  local start = origin_of(state.catalog(), run.id)
  local scratch = scratch_directory(run.id)
  local ok, result = pcall(function()
    local catalog = execute(run, start.directory, scratch, given.threads)
    local again = nth_run(catalog, start.place)
    local comparison = replay.compare(state.catalog(), run, catalog, again)
    catalog:close()
    comparison.again = again
    return comparison
  end)
  if not given.keep then remove_tree(scratch) end
  if not ok then error(result, 0) end
  if given.json then
    records.print_json { run = run.id, same = result.same, unkept = result.unkept,
      actions = result.actions, differences = json.array(result.differences),
      directory = given.keep and scratch or nil }
  else
    show(result, run, result.again, given.keep and scratch)
  end
  return #result.differences == 0 and 0 or 1
end

commands.replay = {
  spec = { about = "Executes a run again in a state directory of its own and compares every step's key, "
      .. "reads,\nnumbers and value. Exit status 1: something differs; the first difference is named.",
    options = {
      { "threads", value = "N", kind = "integer", help = "use so many threads" },
      { "keep", help = "keep the state directory of the repeated run" },
      { "json", help = "print JSON" } },
    words = { { "run", "RUN", optional = true } } },
  run = replay_run,
}

return commands
