-- kill -9 at every change of a file, then the same command again: wf tests/bench/kill_points.lua [STRIDE]
--
-- Runs of ten steps in both durabilities, of workers, of a model that is registered and deployed as far as
-- the catalog goes, and of the fraud pipeline up to its registration (without the checks, which rightly
-- depend on the version that is registered before) are killed before each of their changes of files
-- (write, sync, rename, unlink, truncation, creation) and half-way through each write; killed again
-- while they go on; and have their power cut, which takes back whatever was not synced.
-- tests/lua/crash.lua says what must hold afterwards. In the end wf is broken on purpose (a sync less;
-- a commit before the rename that it relies on), which must be noticed. STRIDE n takes every n-th
-- point. Needs build-*/tests/lua/crash_shim.so beside the binary. The state directories are in
-- /dev/shm where there is one: nothing waits for the disk.
local here = arg[0]:match("^(.*)/[^/]*$") or "."
package.path = here .. "/../lua/?.lua;" .. package.path
local crash = require "crash"
local sys = require "wf.core.sys"

local stride = math.tointeger(tonumber(arg[1] or "")) or 1
local only = arg[2]
local shim = sys.executable():match("^(.*)/[^/]*$") .. "/../tests/lua/crash_shim.so"
local examples = sys.executable():match("^(.*)/[^/]*$") .. "/../../examples"
local root = os.tmpname()
os.remove(root)
if sys.exists("/dev/shm") then root = "/dev/shm/" .. root:match("[^/]*$") end
sys.make_directories(root)

sys.write_file(root .. "/frames.lua", [[
local wf = require "wf"
local run <close> = wf.run { name = "Frames", durability = arg[1] }
local sum = wf.frame.new { names = { "x" }, columns = { { 0 } } }
for i = 1, 10 do
  sum = run:step("S" .. i, function() return sum:with("x", sum.x + i) end)
end
print(sum.x[1])
]])
sys.write_file(root .. "/workers.lua", [[
local wf = require "wf"
local run <close> = wf.run { name = "Workers" }
local handles = {}
for i = 1, 4 do
  handles[i] = run:async("W" .. i, function() return wf.frame.new { names = { "x" }, columns = { { i } } } end)
end
local sum = 0
for i = 1, 4 do sum = sum + handles[i]:await().x[1] end
print(sum)
]])

sys.write_file(root .. "/register.lua", [[
local wf, state = require "wf", require "wf.state"
local run <close> = wf.run { name = "Register" }
local data = run:step("Data", function()
  local x, y = {}, {}
  for i = 1, 60 do x[i], y[i] = i * 7 % 13, i % 3 == 0 and 1 or 0 end
  return wf.frame.new { names = { "x", "y" }, columns = { x, y } }
end)
local model = run:step("Train", function()
  return (wf.xgboost.train { data = data, label = "y", rounds = 3,
    params = { objective = "binary:logistic" } })
end)
local evaluation = run:step("Evaluate", function() return wf.metrics.evaluate(model, data) end)
local version = run:action("Register", function()
  return wf.registry.register { group = "group", model = model, evaluation = evaluation, approval = "Approved" }
end)
run:action("Deploy", function()
  state.catalog():deploy("endpoint", "group", version.number, version.digest)
end)
local live = state.catalog():get_endpoint "endpoint"
print(version.number, version.digest, version.approval, #wf.registry.list "group", #version:history())
print(live.version, live.digest)
]])

local all = { points = 0, lost = 0, repeated = 0, different = 0, damaged = 0, failed = 0 }
local order = { "points", "lost", "repeated", "different", "damaged", "failed" }

local function row(what, counts)
  local texts = {}
  for i, name in ipairs(order) do texts[i] = ("%10d"):format(counts[name]) end
  print(("%-34s %s"):format(what, table.concat(texts)))
end

local function sweep(what, o, point, step)
  if only and not what:find(only, 1, true) then return end
  o.root, o.shim = root, shim
  local c = crash.new(o)
  c.trouble = not o.break_by and function(text) io.stderr:write(what, " ", text, "\n") end
  local n = c:count()
  if point.again then point.again = n end
  c:points(point, step)
  row(what, c.counts)
  if o.break_by then return c:faults() end
  for name, value in pairs(c.counts) do all[name] = all[name] + value end
end

print(("%-34s %10s%10s%10s%10s%10s%10s"):format("", table.unpack(order)))
for _, durability in ipairs { "power", "process" } do
  local function frames()
    return { script = root .. "/frames.lua", words = { durability }, power = durability == "power" }
  end
  sweep(durability .. ", killed before", frames(), {}, stride)
  sweep(durability .. ", killed half-way", frames(), { half = true }, stride)
  sweep(durability .. ", killed twice", frames(), { again = 0 }, 5 * stride)
  sweep(durability .. ", power cut", frames(), { cut = true }, stride)
end
sweep("workers, killed before", { script = root .. "/workers.lua" }, {}, 3 * stride)
local function register() return { script = root .. "/register.lua" } end
sweep("register and deploy, killed before", register(), {}, 2 * stride)
sweep("register and deploy, half-way", register(), { half = true }, 2 * stride)
sweep("register and deploy, twice", register(), { again = 0 }, 7 * stride)
sweep("register and deploy, power cut", register(), { cut = true }, 2 * stride)
local function pipeline()
  return { script = examples .. "/fraud_pipeline.lua", options = { "--until", "XGBRegisterModel", "-p",
    "skip_model_bias_check=true", "-p", "skip_explainability_check=true" } }
end
sweep("fraud pipeline, killed before", pipeline(), {}, 5 * stride)
sweep("fraud pipeline, killed half-way", pipeline(), { half = true }, 7 * stride)
sweep("fraud pipeline, power cut", pipeline(), { cut = true }, 11 * stride)
row("all", all)

-- What a broken wf would do must be seen.
local unseen = 0
local function broken(what, break_by, point, step)
  local faults = sweep(what, { script = root .. "/frames.lua", words = { "power" }, break_by = break_by },
    point, step)
  if faults == 0 then unseen = unseen + 1 end
end
broken("a sync less, power cut", "sync", { cut = true }, 61)
broken("commit before rename, killed", "order", {}, 7)
os.execute("chmod -R u+w '" .. root .. "'; rm -rf '" .. root .. "'")
local faults = all.lost + all.repeated + all.different + all.damaged + all.failed
if unseen > 0 then print("a broken wf was not noticed") end
os.exit(faults == 0 and unseen == 0)
