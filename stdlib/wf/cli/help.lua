-- wf.cli.help: wf help [COMMAND]

local arguments = require "wf.cli.arguments"

local commands = {}

commands.help = {
  spec = { about = "Prints the commands, or the options of one.",
    words = { { "command", "COMMAND", optional = true } } },
  run = function(given)
    local cli = require "wf.cli"
    if not given.command then return print(cli.overview()) end
    local command = cli.command(given.command)
    if not command then cli.unknown_command(given.command) end
    print(arguments.usage(given.command, command.spec))
  end,
}

return commands
