-- wf replay: the same again, bit for bit, or the first thing that differs.
local t = require "harness"

local head = [[
local wf = require "wf"
local run <close> = wf.run { name = "Replay", params = {
  x = wf.param.number { default = 1 }, list = wf.param.list { of = "number", default = { 1, 2 } },
} }
local p = run.params
]]

local function replay(words, options)
  local result = t.wf({ "replay", table.unpack(words or {}) }, options)
  return result
end

-- The first difference of the latest run's replay.
local function first_difference(options)
  local result = replay({ "--json" }, options)
  t.equal(result.status, 1, result.out .. result.err)
  local found = require("wf.json").decode(result.out).differences[1]
  return ("%s: %s"):format(found.step or "run", found.difference)
end

local function is_same(words, options)
  local result = replay(words, options)
  t.equal(result.status, 0, result.out .. result.err)
  return result.out
end

for name, actions in pairs { fraud_pipeline = 2, credit_bias = 0 } do
  t.test(name .. " is replayed bit for bit, with one thread and with two", function()
    local script = t.root .. "/examples/" .. name .. ".lua"
    local result = t.wf { script }
    t.equal(result.status, 0, result.err)
    for _, threads in ipairs { "1", "2" } do
      local found = t.json { "replay", "--threads", threads, "--json" }
      t.equal(found.differences, {})
      t.equal(found.actions, actions)
      t.equal(found.unkept, 0)
      t.ok(found.same >= 3, found.same)
    end
  end)
end

t.test("a run that read the registry is replayed as the registry was then", function()
  local script = t.root .. "/examples/fraud_pipeline.lua"
  t.equal(t.wf({ script }).status, 0)
  t.equal(t.wf({ script, "-p", "seed=2" }).status, 0)
  t.equal(t.wf({ "reject", "fraud-detect-xgb-model-group", "1" }).status, 0)
  for _, run in ipairs { "1", "2" } do is_same { run } end
end)

local everything = head .. [[
  local helper = require "helper"
  local a = run:step("A", function() return wf.csv.read("data.csv"), os.getenv("WF_SPEC"), p.x, #p.list end)
  local b = run:step("B", function() run:metric("m", 0.1 + 0.2) return helper.f(a.n:sum()) end)
  run:step("Random", function() return math.random(1000000) end)
  run:step("Function", function() return function() end end)
  local handles = run:map("Map", { 1, 2, 3 }, function(item) return item * b end)
  print(arg[1], handles[3])
]]

local function write_inputs()
  t.write("helper.lua", "return { f = function(x) return x + 1 end }")
  t.write("data.csv", "n\n1\n2\n")
end

t.test("parameters, arguments, environment, files and modules are what they were", function()
  write_inputs()
  local one = { env = "WF_SPEC=1" }
  t.succeeds(everything, { "-p", "x=2.0", "-p", "list=0.5,1,2", "word" }, one)
  t.contains(is_same(nil, one), "same: 7 steps are the same (1 without a kept result)")
  t.equal(first_difference(), "A: environment variable WF_SPEC changed")
  t.write("data.csv", "n\n1\n3\n")
  t.equal(first_difference(one), "A: file data.csv changed")
  t.write("data.csv", "n\n1\n2\n")
  t.write("helper.lua", "return { f = function(x) return x + 2 end }")
  t.equal(first_difference(one), "B: captured helper changed")
end)

t.test("the recorded script is run, whatever has become of its file, from anywhere", function()
  write_inputs()
  t.succeeds(everything)
  t.write("script.lua", "error 'another script'")
  is_same()
  t.shell("rm script.lua")
  is_same()
  local wf = require("wf.core.sys").executable()
  t.equal(t.shell("cd / && " .. wf .. " replay 2>/dev/null").status, 0)
end)

t.test("what is not the same each time is named", function()
  local function differs(body, expected)
    t.succeeds(head .. body)
    t.contains(first_difference(), expected)
  end
  differs([[ run:step("Address", function() return tostring({}) end) ]], "Address: its value ")
  differs([[ run:step("Clock", function() return os.clock() end) ]], "(it reads the clock)")
  differs([[ run:step("Metric", function() run:metric("m", os.clock()) return function() end end) ]],
    "Metric: metric m ")
  differs([[ if not require("wf.core.sys").exists("once") then
    require("wf.core.sys").write_file("once", "")
    run:step("Once", function() end)
  end ]], "Once: it was not reached")
  differs([[ run:step("Failing", function()
    if require("wf.core.sys").exists("again") then error("no") end
    require("wf.core.sys").write_file("again", "")
  end) ]], "Failing: Succeeded → Failed: no")
end)

t.test("only the first difference is a cause, the others are counted", function()
  t.succeeds(head .. [[
    local a = run:step("A", function() return os.clock() end)
    run:step("B", function() return a end)
  ]])
  t.contains(replay().out, "step A: its value", "1 more difference after it", "differs: 0 steps")
end)

t.test("actions are not repeated and give what they gave", function()
  t.succeeds(head .. [[
    local got = run:action("Send", function()
      local file <close> = io.open("sent", "a")
      file:write("x")
      return { ticket = 17 }
    end)
    run:step("After", function() return got.ticket end)
  ]])
  t.contains(is_same(), "1 steps are the same (1 actions not repeated)")
  t.equal(t.read(t.directory() .. "/sent"), "x")
end)

t.test("a failed run fails again in the same way", function()
  t.equal(t.script(head .. [[ run:step("A", function() error("broken") end) ]]).status, 1)
  t.contains(is_same(), "1 steps are the same")
end)

t.test("nothing of a replay is left, and nothing is recorded", function()
  t.succeeds(head .. [[ run:step("A", function() return 1 end) ]])
  t.shell("mkdir -p state/replay/1-99999999/objects")
  is_same()
  t.equal(t.shell("ls state/replay").out, "")
  t.equal(#t.json { "runs", "--json" }, 1)
  local kept = t.wf { "replay", "--keep" }
  t.contains(kept.out, "kept: WF_HOME=")
  t.equal(t.shell("ls state/replay | wc -l").out, "1\n")
end)

t.test("a run that was no script's cannot be replayed", function()
  t.shell(("echo %q | %s -"):format("require('wf').run { name = 'x' }:close()",
    require("wf.core.sys").executable()))
  local result = replay()
  t.equal(result.status, 1)
  t.contains(result.err, "run 1 cannot be replayed")
  t.contains(replay({ "7" }).err, "there is no run 7")
  t.equal(replay({ "--thread", "1" }).status, 2)
end)

t.finish()
