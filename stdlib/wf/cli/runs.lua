-- wf.cli.runs: what happened.
--
--   wf runs [-n N] [--json]       wf show [RUN] [--all] [--json]       wf log [RUN] [STEP]
--
-- RUN is a run's number or "last". STEP is a step's name or its place (1, 2, …). Of a run with many
-- steps show prints the first, those that did not succeed, and the last.

local options = require "wf.options"
local pretty = require "wf.pretty"
local progress = require "wf.progress"
local records = require "wf.cli.records"
local state = require "wf.state"
local steplog = require "wf.steplog"
local sys = require "wf.core.sys"

local commands = {}

local json_option = { "json", help = "print JSON" }

local function list_runs(given)
  local catalog = state.catalog()
  catalog:reap_runs()
  local found = catalog:list_runs(given.limit or 20)
  if given.json then return records.print_json(records.list(found, records.run)) end
  local rows = {}
  for i, run in ipairs(found) do
    local now, message = records.standing(run)
    rows[i] = { tostring(run.id), run.name, now, records.local_time(run.started_us),
      records.duration(run), message or "" }
  end
  records.print_table({ "RUN", "NAME", "STATE", "STARTED", "TIME", "MESSAGE" }, rows,
    "there are no runs yet")
end

commands.runs = {
  spec = { about = "Lists runs, newest first.",
    options = { { "limit", "-n", value = "N", kind = "integer",
      help = "at most so many (20; 0 for all)" }, json_option } },
  run = list_runs,
}

-- ---- show ---------------------------------------------------------------------------------------

local function print_pairs(title, values)
  local rows = {}
  for _, name in ipairs(options.sorted_keys(values)) do
    rows[#rows + 1] = { name, values[name] == "" and '""' or pretty.format(values[name]) }
  end
  if #rows == 0 then return end
  print(title)
  print(pretty.columns(rows, "  "))
end

local function step_row(step)
  return { step.place and tostring(step.place) or "", step.name, step.kind, step.state,
    records.duration(step), step.message or "" }
end

local function print_run(run, all)
  local record = records.run(run)
  print(("run %d  %s  %s"):format(run.id, progress.paint(run.name, "bold"), record.state))
  local rows = { { "script", run.script or "" }, { "started", records.local_time(run.started_us) },
    { "time", records.duration(run) } }
  if record.message then rows[#rows + 1] = { "message", record.message } end
  print(pretty.columns(rows, "  "))
  print_pairs("parameters", record.params or {})
  local outcome = record.outcome or {}
  if outcome.summary then
    local lines = {}
    for i, line in ipairs(outcome.summary) do lines[i] = { line.label, line.value } end
    print("summary")
    print(pretty.columns(lines, "  "))
  end
  records.print_steps(run, all, { "#", "STEP", "KIND", "STATE", "TIME", "MESSAGE" }, step_row, "steps")
end

local function show_run(given)
  local catalog = state.catalog()
  catalog:reap_runs()
  local run = records.find_run(given.run)
  if given.json then
    return records.print_json_with_list(records.run(run), "steps", records.each_step(run.id), records.step)
  end
  print_run(run, given.all)
end

commands.show = {
  spec = { about = "Shows a run: parameters, outcome, steps. RUN is a number or 'last'.",
    options = { { "all", help = "every step, however many there are" }, json_option },
    words = { { "run", "RUN", optional = true } } },
  run = show_run,
}

-- ---- log ----------------------------------------------------------------------------------------

local function log_of(step)
  local path = steplog.find(step.log_path)
  return path and sys.read_file(path) or ""
end

local function print_log(step, with_title)
  local text = log_of(step)
  if with_title and text ~= "" then print(progress.paint("== " .. step.name, "bold")) end
  if text ~= "" then io.stdout:write(text) end
end

local function show_log(given)
  local run = records.find_run(given.run)
  local steps = records.chosen_steps(run.id, given.step)
  if given.json then
    return records.print_json_list(steps, function(step)
      return { step = step.name, log = log_of(step) }
    end)
  end
  local first = steps()
  local second = first and steps()
  if first then print_log(first, second ~= nil) end
  if second then print_log(second, true) end
  for step in steps do print_log(step, true) end
end

commands.log = {
  spec = { about = "Prints what a step, or every step of a run, printed.", options = { json_option },
    words = { { "run", "RUN", optional = true }, { "step", "STEP", optional = true } } },
  run = show_log,
}

return commands
