-- wf.progress: what a person sees while a run works.
--
--   FraudDetectXGBPipeline  run 12  examples/fraud_pipeline.lua
--     DataProcessing            Succeeded   0.021 s
--     XGBModelTraining          Executing   [########------] 80/140  ETA 3.1 s  validation auc 0.7312
--
-- On a terminal the running step is a live status line that its final line replaces; elsewhere a
-- line is printed when a step starts and one when it ends. After its first hundred steps a run shows
-- only those that took a second or did not succeed, and once a second how many there were. Colours
-- only on a terminal, and not with NO_COLOR or CI set. All of it goes to standard error, or to the
-- print callback of a host program.

local pretty = require "wf.pretty"
local sys = require "wf.core.sys"

local progress = {}

local colours = { Succeeded = "32", Cached = "36", Failed = "31", Rejected = "33", Stopped = "33",
  AwaitingApproval = "33", Skipped = "2", Planned = "33", Executing = "34", bold = "1", dim = "2" }

-- Redrawing more often than this many seconds only costs time.
local redraw_interval = 0.05

-- Steps of a run that are shown one by one; how often the others are counted, and how long one takes
-- that is shown all the same, in seconds.
local most_shown, count_interval, long = 100, 1, 1

local screen = { live = nil, coloured = nil }
local seen = { steps = 0, counted = 0 }
local current = { name = nil, started = 0, depth = 0, drawn = 0, shown = false }

local function look_at_terminal()
  if screen.live ~= nil then return end
  screen.live = sys.is_terminal(2) and sys.env("TERM") ~= "dumb"
  screen.coloured = screen.live and (sys.env("NO_COLOR") or "") == "" and (sys.env("CI") or "") == ""
end

function progress.paint(text, colour)
  look_at_terminal()
  local code = screen.coloured and colours[colour]
  return code and ("\27[%sm%s\27[0m"):format(code, text) or text
end

local function clear_status()
  if current.shown then
    sys.status_line("")
    current.shown = false
  end
end

-- A line of its own, above the status line.
function progress.line(text)
  clear_status()
  sys.print_line(text)
end

local function step_line(name, depth, state, rest)
  local label = ("%-" .. math.max(1, 28 - 2 * depth) .. "s"):format(name)
  return ("  "):rep(depth + 1) .. label .. "  "
    .. progress.paint(("%-9s"):format(state), state) .. (rest and rest ~= "" and "  " .. rest or "")
end

local function draw(rest)
  sys.status_line(step_line(current.name, current.depth, "Executing", rest))
  current.shown, current.drawn = true, sys.monotonic()
end

function progress.run_started(name, id, script)
  look_at_terminal()
  seen.steps, seen.counted = 0, sys.monotonic()
  progress.line(("%s  %s"):format(progress.paint(name, "bold"),
    progress.paint((id == 0 and "plan" or "run " .. id) .. (script and "  " .. script or ""), "dim")))
end

-- `started` is the sys.monotonic() of its beginning.
function progress.step_started(name, depth, started)
  look_at_terminal()
  current.name, current.depth, current.started = name, depth, started
  seen.steps = seen.steps + 1
  if seen.steps > most_shown and not (screen.live and started - current.drawn >= redraw_interval) then
    return
  end
  if screen.live then draw("") else progress.line(step_line(name, depth, "Executing")) end
end

local usual = { Succeeded = true, Cached = true, Skipped = true }

-- True when the step need not be shown: there are too many.
local function is_counted_only(state, seconds, note)
  if state == "Cached" then seen.steps = seen.steps + 1 end
  if seen.steps <= most_shown or seconds >= long or not usual[state]
    or (note and note:find("not kept", 1, true)) then
    return false
  end
  local now = sys.monotonic()
  if now - seen.counted >= count_interval then
    seen.counted = now
    progress.line(("  … %d steps"):format(seen.steps))
  end
  return true
end

-- `outer` is the name of the step around it, which is the running one again.
function progress.step_ended(name, depth, state, seconds, note, outer)
  if not is_counted_only(state, seconds, note) then
    local rest = state == "Skipped" and "" or pretty.duration(seconds)
    if note then rest = rest .. (rest ~= "" and "  " or "") .. note end
    progress.line(step_line(name, depth, state, rest))
  end
  current.name, current.depth = outer, depth > 0 and depth - 1 or 0
end

local function bar(done, total)
  local width = 16
  local filled = math.floor(width * done / total)
  return "[" .. ("#"):rep(filled) .. ("-"):rep(width - filled) .. "]"
end

-- The watched metric, or the last of the watched set by name.
local function metric_text(metrics, watched)
  local values = metrics[watched.set]
  if not values then return "" end
  local name = watched.metric
  if not name or not values[name] then
    for other in pairs(values) do
      if not name or not values[name] or other > name then name = other end
    end
  end
  return name and ("%s %s %.4f"):format(watched.set, name, values[name]) or ""
end

-- Called after every training round; `started` is the sys.monotonic() of the first, `watched` the
-- {set, metric} to show.
function progress.round(round, total, metrics, watched, started)
  look_at_terminal()
  if not screen.live then return end
  local now = sys.monotonic()
  if now - current.drawn < redraw_interval then return end
  local left = (now - started) / round * (total - round)
  local rest = ("%s %d/%d  ETA %s  %s"):format(bar(round, total), round, total,
    pretty.duration(left), metric_text(metrics, watched))
  if current.name then return draw(rest) end
  sys.status_line("  " .. rest)
  current.shown, current.drawn = true, now
end

-- Training outside a step leaves no status line behind.
function progress.rounds_ended()
  if current.name == nil then clear_status() end
end

-- Before anything else writes to the terminal.
function progress.pause()
  clear_status()
end

return progress
