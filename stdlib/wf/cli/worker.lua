-- wf.cli.worker: a process that executes steps for another one.
--
--   wf worker STATE_DIRECTORY PARENT
--
-- Started by wf itself. Every line of standard input is the path of a job; the answer is written
-- beside it, and descriptor 3 says "D" when it is there. What the step prints and logs goes to
-- descriptor 3 as it comes ("P" and "L" lines).

local core = require "wf.core.worker"
local errors = require "wf.errors"
local run = require "wf.run"
local step = require "wf.core.step"
local sys = require "wf.core.sys"
local work = require "wf.work"

local commands = {}

local function escape(text)
  return (text:gsub("[\\\n]", { ["\\"] = "\\\\", ["\n"] = "\\n" }))
end

local function open_lines()
  local file = io.open("/dev/fd/3", "w")
  if not file then
    errors.raise { code = "usage", message = "worker: it is started by wf, not by hand" }
  end
  file:setvbuf("line")
  return function(kind, text) file:write(kind, " ", escape(text), "\n") end
end

local function write_answer(path, bytes)
  local file = assert(io.open(path .. ".out", "wb"))
  assert(file:write(bytes))
  assert(file:close())
end

local function serve(given)
  local say = open_lines()
  core.follow(given.parent)
  run.become_worker(given.state, say)
  step.on_print(function(text)
    say("P", text)
    return true
  end)
  for path in io.stdin:lines() do
    write_answer(path, work.perform(sys.read_file(path), run.adopt))
    say("D", "")
  end
end

commands.worker = {
  spec = { about = "Executes steps for another wf process, which starts it.",
    words = { { "state", "STATE_DIRECTORY" }, { "parent", "PARENT", kind = "integer" } } },
  run = serve,
}

return commands
