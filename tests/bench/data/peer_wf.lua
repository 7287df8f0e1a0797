-- The data benchmark in wf: `wf peer_wf.lua TASK MIXED.csv RIGHT.csv OUT.csv` prints {task = seconds}.
local wf = require "wf"
local csv, json, sys = wf.csv, wf.json, require "wf.core.sys"
local task, mixed, right, out = ...
local times = {}

local function timed(name, fn)
  local begin = sys.monotonic()
  local result = fn()
  times[name] = sys.monotonic() - begin
  return result
end

if task == "read" then
  local frame = timed("read", function() return (csv.read(mixed)) end)
  times.rows = #frame
else
  local frame, other = csv.read(mixed), csv.read(right)
  collectgarbage()
  local floats = {}
  for i = 0, 8 do floats[#floats + 1] = { "f" .. i, "f" .. i, "mean" } end
  timed("join", function() return frame:join(other, { on = "id", how = "left" }) end)
  timed("one_hot", function() return frame:select("c4"):one_hot("c4") end)
  timed("group_10", function() return frame:group_by("i1"):agg(floats) end)
  timed("group_90k", function() return frame:group_by("i3"):agg(floats) end)
  timed("impute", function() return frame:fill_missing { f0 = "median", f3 = "median", f6 = "median" } end)
  timed("split", function() return frame:split { train = 0.8, validation = 0.1, test = 0.1, seed = 42 } end)
  timed("write", function() csv.write(frame, out) end)
end
print(json.encode(times))
