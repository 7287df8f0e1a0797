-- wf.cli: the command line.
--
--   local status = require("wf.cli").main { "fraud_pipeline.lua", "-p", "min_auc=0.8" }
--
-- The first word is a command or a script. Exit status: 0 success, 1 failed, 2 usage, 3 rejected by a
-- gate, 4 awaiting approval, 130 interrupted. Results go to standard output, progress and errors to standard error.

local arguments = require "wf.cli.arguments"
local errors = require "wf.errors"
local options = require "wf.options"

local cli = {}

-- Command names in the order of the help text, with the module that has them.
local commands = {
  { "run", "run", "run a script (the word may be left out: wf SCRIPT)" },
  { "plan", "run", "say which steps of a script would be executed, and why" },
  { "runs", "runs", "list runs, newest first" },
  { "show", "runs", "show a run and its steps" },
  { "explain", "steps", "say why the steps of a run were executed" },
  { "diff", "steps", "say what is different between two runs" },
  { "lineage", "lineage", "say what something was made from, and what of it" },
  { "replay", "replay", "execute a run again and compare every step" },
  { "log", "runs", "print what a step printed" },
  { "models", "models", "list model versions" },
  { "approve", "models", "approve a model version, or what a run waits for" },
  { "reject", "models", "reject a model version, or what a run waits for" },
  { "deploy", "endpoints", "put a model behind an endpoint" },
  { "endpoints", "endpoints", "list endpoints" },
  { "invoke", "endpoints", "send rows to an endpoint" },
  { "delete-endpoint", "endpoints", "delete an endpoint" },
  { "serve", "serve", "serve endpoints, or one model, in the foreground" },
  { "clarify", "clarify", "compute a SageMaker Clarify bias configuration" },
  { "worker", "worker" }, -- without a text: started by wf itself
  { "replaying", "replay" },
  { "verify", "state", "read everything that is stored and tell what is damaged" },
  { "gc", "state", "remove stored objects that nothing needs" },
  { "pin", "state", "keep what a run made, whatever gc removes" },
  { "du", "state", "say how much is stored" },
  { "doctor", "doctor", "check the installation and the state directory" },
  { "version", "doctor", "print the version" },
  { "help", "help", "print help for a command" },
}

local by_name = {}
for _, entry in ipairs(commands) do by_name[entry[1]] = entry end

function cli.overview()
  local lines = { "usage: wf SCRIPT [-p NAME=VALUE]... [ARGUMENTS]", "       wf COMMAND [OPTIONS]",
    "       wf                     (interactive, on a terminal)", "", "commands:" }
  for _, entry in ipairs(commands) do
    if entry[3] then lines[#lines + 1] = ("  %-16s %s"):format(entry[1], entry[3]) end
  end
  lines[#lines + 1] = ""
  lines[#lines + 1] = "wf COMMAND --help and wf SCRIPT --help tell more; --json prints records as JSON."
  return table.concat(lines, "\n")
end

-- A command's {spec, run}; nil for a name that is none.
function cli.command(name)
  local entry = by_name[name]
  return entry and require("wf.cli." .. entry[2])[name]
end

local function command_names()
  return options.sorted_keys(by_name)
end

function cli.unknown_command(name)
  errors.raise { code = "usage", message = options.unknown("command", name, command_names())
    .. " (a script needs a name that ends in .lua or has a '/')" }
end

local function looks_like_script(word)
  return word == "-" or word:find("%.lua$") or word:find("/", 1, true)
    or require("wf.core.sys").exists(word)
end

-- The command's name and what follows it.
local function dispatch(words)
  local first = words[1]
  if first == nil or first == "--help" or first == "-h" then return "help", {} end
  if first == "--version" or first == "-v" then return "version", {} end
  if by_name[first] then return first, table.move(words, 2, #words, 1, {}) end
  if first:sub(1, 1) == "-" and first ~= "-" or looks_like_script(first) then return "run", words end
  cli.unknown_command(first)
end

local function execute(words)
  local name, rest = dispatch(words)
  local command = cli.command(name)
  local given = arguments.parse(name, command.spec, rest)
  if given.help and not command.spec.keeps_help then
    print(arguments.usage(name, command.spec))
    return 0
  end
  return command.run(given) or 0
end

function cli.main(words)
  local ok, result = xpcall(execute, errors.handler, words)
  if ok then return result end
  return require("wf.cli.failure").report(result)
end

return cli
