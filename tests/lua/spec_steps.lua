-- plan, explain, diff and partial runs.
local t = require "harness"

local function script(k)
  return ([[
local wf = require "wf"
local run <close> = wf.run { name = "Test", params = { p = wf.param.integer { default = 1 } } }
local k = %d
local a = run:step("A", function() run:metric("m", k) return { n = k, p = run.params.p } end)
local b = run:step("B", function() return a.n // 10 end)
local c = run:step("C", function() print("executed") return b + 1 end)
if c > 100 then run:step("D", function() end) end
run:action("Send", function() return c end)
]]):format(k)
end

local function run(k, words)
  return t.succeeds(script(k), words)
end

local function plan(k, words)
  t.write("script.lua", script(k))
  return t.wf { "plan", "script.lua", table.unpack(words or {}) }
end

t.test("plan says what would be executed and executes nothing", function()
  local result = plan(5)
  t.equal(result.status, 0)
  t.contains(result.err, "A", "Planned", "why: first run", "depends on A", "depends on B")
  t.contains(result.out, "the rest depends on C")
  t.ok(not result.out:find("executed"))
  t.equal(t.json { "runs", "--json" }, {})
  run(5)
  result = plan(5)
  t.contains(result.err, "Cached", "actions are always executed")
  t.contains(plan(6).err, "why: captured k 5 → 6")
  t.contains(plan(5, { "-p", "p=3" }).err, "why: parameter p 1 → 3")
  t.equal(#t.json { "runs", "--json" }, 1)
end)

t.test("plan --json has the same", function()
  run(5)
  t.write("script.lua", script(60))
  local found = t.json { "plan", "script.lua", "--json" }
  t.equal(found.steps[1], { step = "A", kind = "step", state = "Planned", why = "captured k 5 → 60" })
  t.equal(found.steps[2].why, "depends on A")
  t.contains(found.ends, "the rest depends on C")
  t.write("script.lua", script(5))
  found = t.json { "plan", "script.lua", "--json" }
  t.equal(found.steps[3].state, "Cached")
  t.equal(#found.steps, 4)
  t.equal(found.ends, nil)
end)

t.test("explain says why, and what a key is made of", function()
  run(5)
  run(6)
  local list = t.json { "explain", "last", "--json" }
  t.equal(list[1].why, "captured k 5 → 6")
  t.equal(list[2].why, "captured a changed")
  t.contains(list[3].why, "were the same")
  t.contains(list[4].why, "always executed")
  local text = t.wf({ "explain", "last", "A" }).out
  t.contains(text, "captured k 5 → 6", "made of", "code", "captured  k", "6", "read while it ran",
    "param  p")
  t.contains(t.wf({ "explain", "last", "Z" }).err, "unknown step 'Z'")
end)

t.test("diff names parameters, metrics, steps and values", function()
  run(5)
  run(6, { "-p", "p=2" })
  local found = {}
  for _, entry in ipairs(t.json { "diff", "1", "2", "--json" }) do
    found[entry.what .. " " .. entry.name] = entry.why or entry.before .. " " .. entry.after
  end
  t.equal(found["parameter p"], "1 2")
  t.equal(found["metric m"], "5 6")
  t.equal(found["step A"], "captured k 5 → 6")
  t.ok(found["value A"])
  t.equal(found["step C"], nil)
  t.contains(t.wf({ "diff", "1", "1" }).out, "the runs are the same")
end)

t.test("--from takes what is kept of the steps before it, --until ends after a step", function()
  run(50)
  run(70, { "--from", "B" })
  local steps = t.json({ "show", "last", "--json" }).steps
  t.equal(steps[1].state, "Cached")
  t.equal(steps[2].state, "Cached") -- of the kept A, B is what it was
  local result = run(90, { "--until", "B" })
  t.ok(not result.out:find("executed"))
  local last = t.json { "show", "last", "--json" }
  t.equal(last.state, "Succeeded")
  t.equal(#last.steps, 2)
  result = t.script(script(50):gsub('"A"', '"New"'), { "--from", "B" })
  t.equal(result.status, 1)
  t.contains(result.err, "no kept result of step 'New'")
end)

t.test("--until an async step waits for what was begun, and begins nothing more", function()
  local result = t.script([[
    local wf = require "wf"
    local run <close> = wf.run { name = "Side by side" }
    local a = run:async("A", function() return 1 end)
    local b = run:async("B", function() return 2 end)
    local c = run:async("C", function() return 3 end)
    run:action("D", function() return a:await() + b:await() + c:await() end)
    print("the end")
  ]], { "--until", "B" })
  t.equal(result.status, 0)
  t.ok(not result.out:find("the end"))
  local last = t.json { "show", "last", "--json" }
  t.equal(last.state, "Succeeded")
  t.equal(#last.steps, 2)
  for _, step in ipairs(last.steps) do t.equal(step.state, "Succeeded") end
end)

t.test("--only executes one step", function()
  run(50)
  run(50, { "--only", "B", "--refresh", "B" })
  local steps = t.json({ "show", "last", "--json" }).steps
  t.equal(#steps, 2)
  t.equal(steps[1].state, "Cached")
  t.equal(steps[2].why, "refresh asked")
end)

t.test("verify, gc and du", function()
  run(50)
  t.succeeds(script(50) .. [[
    run:step("Big", function() return ("x"):rep(20000) end) ]])
  t.contains(t.wf({ "verify" }).out, "3 objects, 0 problems")
  t.equal(t.json({ "gc", "--json" }), { bytes = 0, objects = 0, results = 0 })
  t.equal(t.json({ "du", "--json" }).objects, 3)
  t.shell("touch -d '3 hours ago' state/objects/*/*; sleep 0.1")
  t.equal(t.json({ "gc", "--older", "1h", "--json" }).results, 0)
  t.equal(t.json({ "gc", "--older", "0s", "--dry-run", "--json" }).results, 6) -- four of steps, two of actions
  t.equal(t.json({ "gc", "--older", "0s", "--json" }).objects, 3)
  t.equal(t.json({ "du", "--json" }).objects, 0)
  run(50)
  t.equal(t.json({ "explain", "last", "--json" })[3].why, "first run")
end)

t.test("gc keeps what pinned runs made, and their scripts", function()
  local big = [[ run:step("Big", function() return ("x"):rep(20000 + k) end) ]]
  t.succeeds(script(50) .. big)
  t.succeeds(script(60) .. big)
  t.contains(t.wf({ "pin" }).out, "no run is pinned")
  t.contains(t.wf({ "pin", "1" }).out, "run 1  Test  is pinned")
  t.equal(t.json({ "pin", "--json" })[1].run, 1)
  t.shell("touch -d '3 hours ago' state/objects/*/*; sleep 0.1")
  t.equal(t.json({ "gc", "--older", "0s", "--json" }).objects, 2) -- a value and a script of the other run
  t.succeeds(script(50) .. big)
  t.ok(not t.read(t.directory() .. "/.err"):find("first run"))
  t.equal(t.wf({ "replay", "1" }).status, 0)
  t.contains(t.wf({ "pin", "1", "--remove" }).out, "not pinned any more")
  t.equal(t.json { "pin", "--json" }, {})
  t.equal(t.wf({ "pin", "9" }).status, 1)
  t.contains(t.wf({ "pin", "g/1" }).err, "g")
end)

t.test("verify names a damaged object and who needs it", function()
  t.succeeds(script(50) .. [[ run:step("Big", function() return ("x"):rep(20000) end) ]])
  t.shell("for f in state/objects/*/*; do chmod 600 $f; printf x >$f; done")
  local result = t.wf { "verify" }
  t.equal(result.status, 1)
  t.contains(result.out, "result", "needs it", "4 problems")
end)

t.finish()
