-- kill -9 at changes of files, and power cuts; then the same command again: nothing committed is lost or
-- repeated. A sample of the points of tests/bench/kill_points.lua, spread over all.
local t = require "harness"
local crash = require "crash"
local sys = require "wf.core.sys"

local shim = sys.executable():match("^(.*)/[^/]*$") .. "/../tests/lua/crash_shim.so"

local script = [[
local wf = require "wf"
local run <close> = wf.run { name = "Kill", durability = arg[1] }
local sum = wf.frame.new { names = { "x" }, columns = { { 0 } } }
for i = 1, 10 do
  sum = run:step("S" .. i, function() return sum:with("x", sum.x + i) end)
end
print(sum.x[1])
]]

local function new(durability, break_by)
  if not sys.exists(shim) then t.skip("no " .. shim) end
  if t.shell(("LD_PRELOAD='%s' '%s' version"):format(shim, sys.executable())).status ~= 0 then
    t.skip("this build takes no preloaded library")
  end
  t.write("script.lua", script)
  local c = crash.new { root = t.directory(), shim = shim, script = t.directory() .. "/script.lua",
    words = { durability }, power = durability == "power", break_by = break_by }
  if not break_by then c.trouble = print end
  return c
end

-- About `wanted` points, spread over all that there are.
local function sample(c, point, wanted)
  local n = c:count()
  local stride = math.max(1, n // wanted)
  if point.again then point.again = n end
  point.first = #sys.version() % stride
  c:points(point, stride)
  return c
end

local function holds(durability, point, wanted)
  local c = sample(new(durability), point, wanted)
  t.ok(c.counts.points >= 5, "only " .. c.counts.points .. " points")
  t.equal(c:faults(), 0)
end

for _, durability in ipairs { "power", "process" } do
  t.test("killed before a change, " .. durability, function() holds(durability, {}, 9) end)
  t.test("killed half-way through a write, " .. durability, function() holds(durability, { half = true }, 10) end)
  t.test("killed again while it goes on, " .. durability, function() holds(durability, { again = 0 }, 5) end)
  t.test("the power goes, " .. durability, function() holds(durability, { cut = true }, 8) end)
end

t.test("a sync less is noticed", function()
  t.ok(sample(new("power", "sync"), { cut = true }, 4):faults() > 0)
end)

-- Seen at few points: where the commit is done and the rename is not.
t.test("a commit before the rename that it relies on is noticed", function()
  t.ok(sample(new("power", "order"), { cut = true }, 4):faults() > 0)
end)

t.finish()
