-- wf.cli.runs: what happened.
--
--   wf runs [-n N] [--json]       wf show [RUN] [--all] [--json]       wf log [RUN] [STEP]
--
-- RUN is a run's number or "last". STEP is a step's name or its place (1, 2, …). Of a run with many
-- steps show prints the first, those that did not succeed, and the last.

local errors = require "wf.errors"
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

-- So many steps are shown all; of more, so many from each part.
local most_steps, part = 60, 10

local function print_steps(steps)
  local rows = { { "#", "STEP", "KIND", "STATE", "TIME", "MESSAGE" } }
  for _, step in ipairs(steps) do
    rows[#rows + 1] = { step.place and tostring(step.place) or "", step.name, step.kind, step.state,
      records.duration(step), step.message or "" }
  end
  print(pretty.columns(rows, "  "))
end

-- The steps with their places in the run; one without was not counted up to.
local function numbered(steps, first)
  for i, step in ipairs(steps) do step.place = first + i - 1 end
  return steps
end

local function reversed(list)
  local out = {}
  for i = #list, 1, -1 do out[#out + 1] = list[i] end
  return out
end

local function counted(counts)
  local texts = {}
  for _, name in ipairs(options.sorted_keys(counts)) do
    texts[#texts + 1] = counts[name] .. " " .. name:lower()
  end
  return table.concat(texts, ", ")
end

-- The first, the last, and between them those that did not succeed.
local function print_some_steps(run, counts, total)
  local catalog = state.catalog()
  local first = numbered(catalog:list_steps(run.id, { limit = part }), 1)
  local last = reversed(catalog:list_steps(run.id, { limit = part, newest_first = true }))
  numbered(last, total - #last + 1)
  local rows, after, before = first, first[#first].id, last[1].id
  for _, step in ipairs(catalog:list_steps(run.id, { limit = 3 * part, unusual = true })) do
    if step.id > after and step.id < before and #rows < 3 * part then rows[#rows + 1] = step end
  end
  table.move(last, 1, #last, #rows + 1, rows)
  print(("steps: %s; these are the first, the last, and any that did not succeed (--all: all %d)")
    :format(counted(counts), total))
  print_steps(rows)
end

local function print_all_steps(run)
  print("steps")
  print_steps(numbered(state.catalog():list_steps(run.id), 1))
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
  local counts, total = state.catalog():count_steps(run.id)
  if all or total <= most_steps then print_all_steps(run) else print_some_steps(run, counts, total) end
end

local function show_run(given)
  local catalog = state.catalog()
  catalog:reap_runs()
  local run = records.find_run(given.run)
  if given.json then return records.print_json(records.run(run, catalog:list_steps(run.id))) end
  print_run(run, given.all)
end

commands.show = {
  spec = { about = "Shows a run: parameters, outcome, steps. RUN is a number or 'last'.",
    options = { { "all", help = "every step, however many there are" }, json_option },
    words = { { "run", "RUN", optional = true } } },
  run = show_run,
}

-- ---- log ----------------------------------------------------------------------------------------

local function steps_of_name(steps, wanted)
  local at = math.tointeger(tonumber(wanted) or -1)
  if steps[at] then return { steps[at] } end
  local found, names = {}, {}
  for _, step in ipairs(steps) do
    names[#names + 1] = step.name
    if step.name == wanted then found[#found + 1] = step end
  end
  if #found > 0 then return found end
  table.sort(names)
  errors.raise { code = "not_found", message = options.unknown("step", wanted, names) }
end

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
  local steps = state.catalog():list_steps(run.id)
  local chosen = given.step and steps_of_name(steps, given.step) or steps
  if given.json then
    return records.print_json(records.list(chosen, function(step)
      return { step = step.name, log = log_of(step) }
    end))
  end
  for _, step in ipairs(chosen) do print_log(step, #chosen > 1) end
end

commands.log = {
  spec = { about = "Prints what a step, or every step of a run, printed.", options = { json_option },
    words = { { "run", "RUN", optional = true }, { "step", "STEP", optional = true } } },
  run = show_log,
}

return commands
