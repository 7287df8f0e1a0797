-- Runs and steps: records, states, exit statuses, logs, parameters on the command line.
local t = require "harness"

local function script(body)
  return [[
local wf = require "wf"
local run <close> = wf.run { name = "Test", params = {
  limit = wf.param.number { default = 0.5, min = 0, max = 1, help = "the limit" },
  mode = wf.param.choice { "fast", "slow" },
} }
]] .. body
end

local function last_run()
  return t.json { "show", "last", "--json" }
end

local function states(run)
  local list = {}
  for i, step in ipairs(run.steps) do list[i] = step.name .. " " .. step.state end
  return list
end

t.test("a run that ends well is Succeeded with status 0 and its steps recorded", function()
  local result = t.succeeds(script [[
    local a = run:step("Load", function() return 20 end)
    local b = run:action("Save", function(x, y) return x + y end, a, 22)
    local c = run:async("Later", function() return b, "two" end)
    print(c:await())
  ]])
  t.equal(result.out, "42\ttwo\n")
  local run = last_run()
  t.equal(run.state, "Succeeded")
  t.equal(run.name, "Test")
  t.equal(run.script, "script.lua")
  t.equal(run.params, { limit = 0.5, mode = "fast" })
  t.equal(states(run), { "Load Succeeded", "Save Succeeded", "Later Succeeded" })
  t.equal(run.steps[1].kind, "step")
  t.equal(run.steps[2].kind, "action")
  t.equal(run.steps[3].kind, "async")
  t.equal(run.steps[1].outcome.value, 20)
  t.equal(run.steps[3].outcome.value, { 42, "two" })
  t.ok(run.started_at:match("^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%d%.%d+Z$"), run.started_at)
  t.ok(run.seconds >= 0)
end)

t.test("every step has a line with its state, and the summary closes the run", function()
  local result = t.succeeds(script [[
    run:step("Load", function() return 1 end)
    run:metric("roc_auc", 0.75)
    run:summary { { "rows", 12 } }
  ]])
  t.contains(result.err, "Test", "run 1", "Load", "Executing", "Succeeded", "roc_auc", "0.75", "rows")
  t.ok(not result.err:find("\27"), "no colours when it is no terminal")
end)

t.test("reject ends script and run: status 3, the message and numbers kept", function()
  local result = t.script(script [[
    run:metric("auc", 0.61)
    run:step("One", function() end)
    if true then return run:reject("AUC %.2f is below %.2f", 0.61, run.params.limit) end
    run:step("Two", function() end)
  ]], { "-p", "limit=0.9" })
  t.equal(result.status, 3)
  t.contains(result.err, "Rejected", "AUC 0.61 is below 0.90")
  t.ok(not result.err:find("traceback"))
  local run = last_run()
  t.equal(run.state, "Rejected")
  t.equal(run.message, "AUC 0.61 is below 0.90")
  t.equal(run.outcome.metrics.auc, 0.61)
  t.equal(#run.steps, 1)
end)

t.test("reject stops the script without return and inside a step", function()
  local result = t.script(script [[
    run:step("Gate", function() run:reject("no") end)
    print("never")
  ]])
  t.equal(result.status, 3)
  t.equal(result.out, "")
  t.equal(states(last_run()), { "Gate Rejected" })
end)

t.test("a rejected run stays rejected even when the script catches it", function()
  local result = t.script(script [[ pcall(run.reject, run, "no") print("goes on") ]])
  t.equal(result.status, 3)
  t.equal(result.out, "goes on\n")
end)

t.test("fail ends the run with status 1 and keeps its data", function()
  local result = t.script(script [[ run:fail("disk is full", { free = 0 }) ]])
  t.equal(result.status, 1)
  t.contains(result.err, "disk is full", "script.lua:6")
  local run = last_run()
  t.equal(run.state, "Failed")
  t.equal(run.outcome.data.free, 0)
end)

t.test("a failing step shows step, place, message, stack and how to run it again", function()
  local result = t.script(script [[
    local function deep() local x = nil; return x.field end
    run:step("Load", function() deep() end)
    run:step("After", function() end)
  ]], { "-p", "mode=slow" })
  t.equal(result.status, 1)
  t.contains(result.err, "step Load failed", "script.lua:6", "attempt to index a nil value",
    "stack traceback", "in upvalue 'deep'", "wf script.lua -p mode=slow")
  t.ok(not result.err:find("wf/run.lua"), "the library's own frames are left out")
  local run = last_run()
  t.equal(run.state, "Failed")
  t.equal(states(run), { "Load Failed" })
  t.contains(run.steps[1].message, "attempt to index a nil value")
end)

t.test("WF_TRACEBACK=full shows all frames", function()
  local result = t.script(script [[ run:step("Load", function() error("x") end) ]], {},
    { env = "WF_TRACEBACK=full" })
  t.contains(result.err, "wf/run.lua")
end)

t.test("an error outside of steps fails the run too", function()
  local result = t.script(script [[ error { code = 7 } ]])
  t.equal(result.status, 1)
  t.equal(last_run().state, "Failed")
end)

t.test("a failed async step raises at await, and at the end when nobody awaits it", function()
  local result = t.script(script [[
    local h = run:async("Bad", function() error("late") end)
    print("still here")
    print(pcall(h.await, h))
  ]])
  t.equal(result.status, 0)
  t.contains(result.out, "still here", "false\tlate")
  result = t.script(script [[ run:async("Bad", function() error("lost") end) ]])
  t.equal(result.status, 1)
  t.contains(result.err, "lost")
  t.equal(last_run().state, "Failed")
end)

t.test("a run that the script leaves open ends with it", function()
  t.succeeds [[ local run = require("wf").run { name = "Open" } run:step("A", function() end) ]]
  t.equal(last_run().state, "Succeeded")
end)

t.test("os.exit inside a run decides the status", function()
  t.equal(t.script(script [[ os.exit(7) ]]).status, 7)
  t.equal(last_run().state, "Failed")
  t.equal(t.script(script [[ os.exit(true) ]]).status, 0)
  t.equal(last_run().state, "Succeeded")
end)

t.test("what a step prints is in its log, and in nobody else's", function()
  t.succeeds(script [[
    run:step("Talk", function() print("one", 2) run:log("and %d", 3) end)
    run:step("Quiet", function() end)
    run:step("Talk", function() print("again") end)
    print("outside")
  ]])
  t.equal(t.wf({ "log", "last", "Talk" }).out, "== Talk\none\t2\nand 3\n== Talk\nagain\n")
  t.equal(t.wf({ "log", "last", "3" }).out, "again\n")
  t.equal(t.wf({ "log", "last", "Quiet" }).out, "")
  t.contains(t.wf({ "log", "last", "Tlak" }).err, "unknown step 'Tlak'; did you mean 'Talk'?")
end)

t.test("a failure is in the step's log", function()
  t.script(script [[ run:step("Bad", function() error("broken") end) ]])
  t.contains(t.wf({ "log", "last", "Bad" }).out, "broken", "stack traceback")
end)

t.test("skip records a step as Skipped with its reason", function()
  t.succeeds(script [[ run:skip("Check", "skip_check is set") ]])
  local run = last_run()
  t.equal(states(run), { "Check Skipped" })
  t.equal(run.steps[1].message, "skip_check is set")
end)

t.test("steps may be nested and print goes to both logs", function()
  t.succeeds(script [[
    run:step("Outer", function() run:step("Inner", function() print("hi") end) end)
  ]])
  t.equal(t.wf({ "log", "last", "Inner" }).out, "hi\n")
  t.equal(t.wf({ "log", "last", "Outer" }).out, "hi\n")
end)

t.test("parameters: unknown names and wrong types are usage errors before anything runs", function()
  for _, case in ipairs {
    { "limt=0.3", "unknown parameter 'limt'; did you mean 'limit'?" },
    { "limit=abc", "parameter 'limit': 'abc' is not a number" },
    { "limit=2", "above the maximum 1" }, { "mode=fats", "did you mean 'fast'?" },
    { "limit", "write it as -p NAME=VALUE" },
  } do
    local result = t.script(script [[ run:step("A", function() print("ran") end) ]],
      { "-p", case[1] })
    t.equal(result.status, 2, case[1])
    t.contains(result.err, case[2])
    t.equal(result.out, "")
  end
  t.equal(t.json { "runs", "--json" }, {})
end)

t.test("--help lists the parameters and runs nothing", function()
  local result = t.script(script [[ print("ran") ]], { "--help" })
  t.equal(result.status, 0)
  t.contains(result.out, "usage: wf script.lua", "limit", "number", "default 0.5", "the limit",
    "one of fast, slow")
  t.ok(not result.out:find("ran\n"))
  t.equal(t.json { "runs", "--json" }, {})
end)

t.test("-p for a script without parameters is a usage error", function()
  local result = t.script([[ print("no run") ]], { "-p", "a=1" })
  t.equal(result.status, 2)
  t.contains(result.err, "declares no parameters")
  result = t.script([[ print("no run") ]], { "--limit", "3" })
  t.equal(result.status, 2)
  t.contains(result.err, "unknown option '--limit'", "given as -p NAME=VALUE")
  result = t.script([[ local x = 1 ]], { "--help" })
  t.equal(result.status, 0)
  t.contains(result.out, "usage: wf script.lua", "declares no parameters")
end)

t.test("params cannot be changed, and unknown ones are named", function()
  t.succeeds(script [[
    local ok, e = pcall(function() run.params.limit = 3 end)
    assert(not ok and tostring(e):find("cannot be changed"))
    ok, e = pcall(function() return run.params.limitt end)
    assert(not ok and tostring(e):find("did you mean 'limit'"))
    local names = {}
    for name, value in pairs(run.params) do names[#names + 1] = name .. "=" .. tostring(value) end
    assert(table.concat(names, " ") == "limit=0.5 mode=fast", table.concat(names, " "))
  ]])
end)

t.test("script arguments come after the script and after --", function()
  local result = t.script([[ print(arg[0], ...) print(arg[1], arg[2]) ]], { "one", "--", "-x" })
  t.equal(result.out, "script.lua\tone\t-x\none\t-x\n")
end)

t.test("--json prints the runs as one document and the script's prints go elsewhere", function()
  local result = t.script(script [[ print("noise") run:step("A", function() return 5 end) ]],
    { "--json" })
  t.equal(result.status, 0)
  t.contains(result.err, "noise")
  local document = require("wf.json").decode(result.out)
  t.equal(document.runs[1].state, "Succeeded")
  t.equal(document.runs[1].steps[1].outcome.value, 5)
  result = t.script(script [[ run:step("A", function() error("bad") end) ]], { "--json" })
  t.equal(result.status, 1)
  document = require("wf.json").decode(result.out)
  t.equal(document.error.message, "bad")
  t.equal(document.error.step, "A")
end)

t.test("bad step calls are refused and named", function()
  local result = t.script(script [[ run:step("A") ]])
  t.contains(result.err, "run:step: argument 2 must be a function, not nil")
  result = t.script(script [[ run:step("a/b", print) ]])
  t.contains(result.err, "'a/b' is not a usable step name")
  result = t.script(script [[ run:step({ name = "A", retries = 3 }, print) ]])
  t.contains(result.err, "unknown option 'retries'")
  result = t.script [[ require("wf").run { nmae = "x" } ]]
  t.contains(result.err, "unknown option 'nmae'; did you mean 'name'?")
end)

t.test("an interrupt stops the run: status 130, state Stopped", function()
  t.write("script.lua", script [[ run:step("Wait", function()
    io.open("started", "w"):close()
    while true do end
  end) ]])
  local wf = require("wf.core.sys").executable()
  local result = t.shell(([[sh -c '"%s" script.lua & p=$!; i=0
    while [ ! -e started ] && [ $i -lt 200 ]; do sleep 0.02; i=$((i+1)); done
    kill -TERM $p; wait $p; exit $?']]):format(wf))
  t.ok(result.status == 130 or result.status == 143, "status " .. tostring(result.status))
  local run = last_run()
  t.equal(run.state, "Stopped")
  t.equal(states(run), { "Wait Stopped" })
end)

t.test("a run whose process was killed is Stopped in the list", function()
  t.write("script.lua", script [[ os.execute("kill -9 " .. io.open("/proc/self/stat"):read("n")) ]])
  t.wf { "script.lua" }
  t.equal(t.json({ "runs", "--json" })[1].state, "Stopped")
end)

t.finish()
