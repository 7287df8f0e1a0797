-- wf.cli.failure: what a person sees of an error, and the exit status it means.
--
--   local status = failure.report(e)              -- e from xpcall(…, errors.handler)
--   local status = failure.report(e, rerun)       -- with the command that runs it again
--
-- Usage errors are one line and status 2; help is printed to standard output; a rejection has been
-- shown by the run itself. Everything else shows the step, the place, the message and the Lua stack.
-- Frames of the standard library are left out unless WF_TRACEBACK=full.

local errors = require "wf.errors"
local progress = require "wf.progress"
local sys = require "wf.core.sys"

local failure = {}

-- Frames of C functions that only lead from one Lua function to the next.
local passage = { "^%s*%[C%]: in function 'xpcall'", "^%s*%[C%]: in function 'pcall'",
  "^%s*%[C%]: in function 'error'", "^%s*%[C%]: in %?$", "^%s*%(%.%.%.tail calls%.%.%.%)" }

local function is_own_frame(line)
  for _, pattern in ipairs(passage) do
    if line:find(pattern) then return true end
  end
  return errors.is_own_frame(line)
end

-- The stack with only the user's frames, as long as there are any.
function failure.stack(traceback)
  if not traceback or sys.env("WF_TRACEBACK") == "full" then return traceback end
  local kept, frames = {}, 0
  for line in traceback:gmatch("[^\n]+") do
    local heading = line:find("^stack traceback")
    if heading or not is_own_frame(line) then
      kept[#kept + 1] = line
      if not heading then frames = frames + 1 end
    end
  end
  return frames > 0 and table.concat(kept, "\n") or traceback
end

local exit_status = { help = 0, usage = 2, rejected = 3, awaiting = 4, canceled = 130 }

function failure.status(e)
  if e.code == "exit" then return math.tointeger(e.status) or 1 end
  return exit_status[e.code] or 1
end

local function show(e, rerun)
  local lines = {}
  if e.step then lines[1] = progress.paint(("step %s failed"):format(e.step), "Failed") end
  lines[#lines + 1] = (e.where and e.where .. ": " or "wf: ") .. tostring(e.message)
  local stack = failure.stack(e.traceback)
  if stack and stack ~= "" and e.where then lines[#lines + 1] = (stack:gsub("^\n+", "")) end
  if rerun then lines[#lines + 1] = "run it again: " .. rerun end
  io.stderr:write(table.concat(lines, "\n"), "\n")
end

function failure.report(e, rerun)
  progress.pause()
  if e.code == "help" then
    print(e.message)
  elseif e.code == "usage" then
    io.stderr:write("wf: ", e.message, "\n")
    if e.command then io.stderr:write("wf ", e.command, " --help shows its options\n") end
  elseif e.code == "canceled" then
    io.stderr:write("wf: interrupted\n")
  elseif e.code ~= "rejected" and e.code ~= "awaiting" and e.code ~= "exit" then
    show(e, rerun)
  end
  return failure.status(e)
end

return failure
