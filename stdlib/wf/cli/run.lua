-- wf.cli.run: runs a script and turns its outcome into an exit status.
--
--   wf run [--json] fraud_pipeline.lua [-p NAME=VALUE]... [ARGUMENTS]
--
-- Words after the script are its arguments (the global `arg` and `...`); "--" lets them start with a
-- dash. With --json the script's own prints go to standard error and one JSON document, a list of the
-- runs that it made, to standard output.

local errors = require "wf.errors"
local failure = require "wf.cli.failure"
local origin = require "wf.origin"
local run = require "wf.run"
local state = require "wf.state"
local steplog = require "wf.steplog"
local sys = require "wf.core.sys"

local commands = {}

local function quoted(word)
  if word:find("^[%w_%-%./=:,@+%%]+$") then return word end
  return "'" .. word:gsub("'", "'\\''") .. "'"
end

-- The command that does the same again.
local function command_line(script, given)
  local words = { "wf", quoted(script) }
  for _, pair in ipairs(given.values) do
    words[#words + 1] = "-p"
    words[#words + 1] = quoted(pair[1] .. "=" .. pair[2])
  end
  for i, word in ipairs(given.arguments) do
    if i == 1 and word:sub(1, 1) == "-" then words[#words + 1] = "--" end
    words[#words + 1] = quoted(word)
  end
  return table.concat(words, " ")
end

-- The command that does the recorded run again; nil for one that was no script's.
function commands.command_again(run_id)
  local start = origin.find(run_id)
  return start and command_line(state.catalog():get_run(run_id).script, start)
end

local function param_values(texts)
  local values = {}
  for i, text in ipairs(texts or {}) do
    local name, value = text:match("^([^=]+)=(.*)$")
    if not name then
      errors.raise { code = "usage", command = "run",
        message = ("run: -p %s: write it as -p NAME=VALUE"):format(text) }
    end
    values[i] = { name, value }
  end
  return values
end

-- The script as a function, and its text.
local function load_script(path)
  if path == "-" then return sys.load_script(nil) end
  if not sys.exists(path) then
    errors.raise { code = "usage", message = ("there is no script '%s'"):format(path) }
  end
  local text = sys.read_file(path)
  return sys.load_script(path, text), text
end

local function outcome_status(runs)
  local status = 0
  for _, one in ipairs(runs) do
    if one.state == "Failed" or one.state == "Stopped" then return 1 end
    if one.state == "AwaitingApproval" then status = 4 end
    if one.state == "Rejected" and status == 0 then status = 3 end
  end
  return status
end

local function print_runs(runs, e)
  local records = require "wf.cli.records"
  local catalog = state.catalog
  local list = records.list(runs, function(one)
    local record = records.run(catalog():get_run(one.id))
    record.steps = records.list(catalog():list_steps(one.id), records.step)
    return record
  end)
  local document = { runs = list }
  if e and e.code ~= "rejected" and e.code ~= "awaiting" then
    document.error = { code = e.code, message = e.message, where = e.where, step = e.step,
      traceback = e.traceback }
  end
  print(require("wf.json").encode(document, { indent = 2 }))
end

-- What the plan says of every step, and where it ends before the script does.
local function print_plans(runs, e)
  local json = require "wf.json"
  local steps = json.array {}
  for _, one in ipairs(runs) do table.move(one.planned, 1, #one.planned, #steps + 1, steps) end
  require("wf.cli.records").print_json { steps = steps, ends = e and e.message }
end

-- Under --json, print writes to standard error while the script runs.
local function print_to_stderr(text)
  io.stderr:write(text, "\n")
end

-- Words for a run that the script never started.
local function unused_words(given)
  if not run.was_configured_for_nothing() then return nil end
  if given.help then
    return errors.new { code = "help", message = ("usage: wf %s [ARGUMENTS]\n\nThe script declares no "
      .. "parameters (it never called wf.run)."):format(given.script) }
  end
  return errors.new { code = "usage",
    message = "the script declares no parameters (it never called wf.run)" }
end

-- Runs the script and ends its runs; returns the error, if any.
local function protected(chunk, words)
  local ok, e = xpcall(chunk, errors.handler, table.unpack(words))
  local closed, later = xpcall(run.close_all, errors.handler, not ok and e or nil)
  if ok and not closed then return later end
  return not ok and e or nil
end

-- Runs a loaded script with its arguments under wf.run's settings; returns the error, if any.
function commands.execute(chunk, settings)
  run.configure(settings)
  local words = settings.arguments
  rawset(_G, "arg", table.move(words, 1, #words, 1, { [0] = settings.script }))
  return protected(chunk, words)
end

local function run_script(given)
  if not given.script then
    if given.help then
      print(require("wf.cli.arguments").usage("run", commands.run.spec))
      return 0
    end
    errors.raise { code = "usage", command = "run", message = "run: SCRIPT is missing" }
  end
  local values = param_values(given.param)
  local chunk, source = load_script(given.script)
  if given.json then steplog.print_to(print_to_stderr) end
  local e = commands.execute(chunk, { values = values, script = given.script, help = given.help,
    refresh = given.refresh, no_cache = given["no-cache"], verify = given.verify,
    plan = given.plan, from = given.from or given.only, last = given["until"] or given.only,
    source = source, arguments = given.arguments }) or unused_words(given)
  steplog.print_to(nil)
  local runs = run.all()
  if given.plan and (not e or e.code == "planned") then
    if given.json then print_plans(runs, e) elseif e then print("  " .. e.message) end
    return 0
  end
  if given.json and not (e and e.code == "help") then print_runs(runs, e) end
  if e then
    return failure.report(e, command_line(given.script, { values = values,
      arguments = given.arguments }))
  end
  return outcome_status(runs)
end

commands.run = {
  spec = {
    about = "Runs a script. wf SCRIPT --help lists the parameters that it declares.",
    options = {
      { "param", "-p", value = "NAME=VALUE", many = true, help = "set a parameter of the run" },
      { "refresh", value = "STEP", many = true, help = "execute this step whatever is kept of it" },
      { "no-cache", help = "execute every step; the results are kept" },
      { "from", value = "STEP", help = "take what is kept last of the steps before it" },
      { "until", value = "STEP", help = "end after this step" },
      { "only", value = "STEP", help = "as --from STEP --until STEP" },
      { "verify", help = "read every file again instead of trusting its time and size" },
      { "json", help = "print the runs as JSON at the end" },
    },
    hint = " (a script's parameters are given as -p NAME=VALUE)",
    words = { { "script", "SCRIPT", optional = true } }, rest = "arguments", keeps_help = true,
  },
  run = run_script,
}

-- The same without executing a step.
local function plan_script(given)
  given.plan = true
  return run_script(given)
end

commands.plan = {
  spec = {
    about = "Says which steps of a script would be executed, and why, without executing any.",
    options = {
      { "param", "-p", value = "NAME=VALUE", many = true, help = "set a parameter of the run" },
      { "json", help = "print JSON" },
    },
    words = { { "script", "SCRIPT" } }, rest = "arguments", keeps_help = true,
  },
  run = plan_script,
}

return commands
