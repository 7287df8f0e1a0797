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
elseif task == "verbs" then
  local frame = csv.read(mixed)
  local keys = frame:group_by("c6", "c7"):agg { { "target", "f0", "mean" } }
  local several = { { "n", "count" }, { "a", "f0", "mean" }, { "b", "f1", "sum" }, { "c", "f2", "min" },
    { "d", "f3", "max" } }
  local numbers = { "f0", "f1", "f2", "f3", "f4", "f5", "f6", "f7" }
  collectgarbage()
  timed("sort", function() return frame:sort("i5") end)
  timed("sort_3", function() return frame:sort { "c4", "i2", "f7" } end)
  timed("filter", function() return frame:filter(frame.f0:gt(0) & frame.i4:lt(60)) end)
  timed("group_texts", function() return frame:group_by("c4", "c6"):agg(several) end)
  timed("join_texts", function() return frame:join(keys, { on = { "c6", "c7" }, how = "left" }) end)
  timed("value_counts", function() return frame:value_counts("c7") end)
  timed("unique", function() return frame:unique("i7") end)
  timed("describe", function() return frame:describe() end)
  timed("correlation", function() return frame:select(numbers):correlation() end)
  timed("concat", function() return frame:concat(frame) end)
  timed("arithmetic", function() return frame:with("z", (frame.f0 * frame.f1 - frame.f2) / (frame.f3 + 1.0)) end)
  timed("contains", function() return frame.note:contains("lemon") end)
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
