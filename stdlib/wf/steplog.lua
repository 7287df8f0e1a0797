-- wf.steplog: what a step prints and logs goes to its file, <state>/logs/RUN/STEP.log.
--
--   steplog.write(step, "a line")                    -- the file is made with the first line
--   steplog.begin(run) … steplog.finish()            -- print()ed lines go to the running steps' logs
--   steplog.print_to(function(text) … end)           -- and from there to the function, not to standard output

local core = require "wf.core.step"
local errors = require "wf.errors"
local progress = require "wf.progress"
local state = require "wf.state"
local sys = require "wf.core.sys"

local steplog = {}

-- A step's log: those of one name are told apart by their places, names that make one file's name by
-- more.
function steplog.path(run, step)
  local file = step.name:gsub("[^%w._-]", "_") .. (step.nth > 1 and "-" .. step.nth or "")
  while run.log_names[file] do file = file .. "_" end
  run.log_names[file] = true
  return ("%s/logs/%d/%s.log"):format(state.directory(), run.id, file)
end

-- Where a recorded log is now: a state directory may have been moved or copied. nil: there is none.
function steplog.find(recorded)
  local place = recorded and recorded:match("/(logs/%d+/[^/]+)$")
  local here = place and state.directory() .. "/" .. place
  if here and sys.exists(here) then return here end
  return recorded and sys.exists(recorded) and recorded or nil
end

function steplog.write(step, text)
  if not step.log then
    step.log_path = step.log_path or steplog.path(step.run, step)
    sys.make_directories((step.log_path:match("^(.*)/")))
    local file, message = io.open(step.log_path, "a")
    if not file then errors.raise { code = "io", message = message, path = step.log_path } end
    file:setvbuf("line")
    step.log = file
  end
  step.log:write(text, "\n")
end

function steplog.failure(step, e)
  pcall(steplog.write, step, ("%s%s\n%s"):format(e.where and e.where .. ": " or "", e.message,
    e.traceback or ""))
end

-- What is print()ed goes to the logs of the steps that run, innermost first.
local function log_print(run, text)
  for i = #run.stack, 1, -1 do steplog.write(run.stack[i], text) end
  progress.pause()
end

-- Runs whose steps are being executed, innermost last.
local printers = {}

-- Where printed lines go; the command line may send them elsewhere.
local elsewhere

local function on_print(text)
  local run = printers[#printers]
  if run then log_print(run, text) end
  if not elsewhere then return false end
  elsewhere(text)
  return true
end

-- From here to steplog.finish, print also writes to the logs of the run's steps.
function steplog.begin(run)
  printers[#printers + 1] = run
  if #printers == 1 then core.on_print(on_print) end
end

function steplog.finish()
  printers[#printers] = nil
end

-- Gives every printed line to the function instead (nil: no more).
function steplog.print_to(receive)
  elsewhere = receive
  core.on_print(receive and on_print)
end

return steplog
