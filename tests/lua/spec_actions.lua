-- Retries, rollbacks, hooks of failing runs, and approvals.
local t = require "harness"
local retry = require "wf.retry"
local steprules = require "wf.steprules"

local head = [[
local wf = require "wf"
local run <close> = wf.run { name = "Actions", params = { x = wf.param.integer { default = 1 } } }
local p = run.params
local function note(text)
  local file <close> = io.open("notes", "a")
  file:write(text, "\n")
end
]]

local function notes()
  local text = t.read(t.directory() .. "/notes"):gsub("\n$", "")
  t.shell("rm notes")
  return (text:gsub("\n", " | "))
end

local function last_run()
  return t.json { "show", "last", "--json" }
end

local function steps()
  local list = {}
  for i, step in ipairs(last_run().steps) do list[i] = step.name .. " " .. step.state end
  return table.concat(list, ", ")
end

-- ---- retries ------------------------------------------------------------------------------------

local function rules(given)
  return retry.rules(given, steprules.duration)
end

t.test("delays grow by the factor up to the limit, within the jitter", function()
  local e = { code = "io", message = "no" }
  local r = rules { count = 9, delay = 1, factor = 3, max_delay = "20s", jitter = 0.5 }
  for n, middle in ipairs { 1, 3, 9, 20, 20 } do
    t.near(retry.delay(r, n, 0, e, 0.5), middle, 1e-9)
    t.near(retry.delay(r, n, 0, e, 0), middle * 0.5, 1e-9)
    t.near(retry.delay(r, n, 0, e, 1), middle * 1.5, 1e-9)
  end
  t.equal(retry.delay(rules { count = 1, delay = 1, jitter = 0 }, 1, 0, e, 0.9), 1.0)
end)

t.test("attempts end with the count, or with the deadline", function()
  local e = { code = "io", message = "no" }
  t.equal(retry.delay(rules(2), 3, 0, e, 0.5), nil)
  t.ok(retry.delay(rules(2), 2, 0, e, 0.5))
  local timed = rules { deadline = "10s", delay = 1, factor = 1, jitter = 0 }
  t.ok(retry.delay(timed, 500, 8.9, e, 0.5))
  t.equal(retry.delay(timed, 1, 9.1, e, 0.5), nil)
  t.equal(retry.delay(nil, 1, 0, e, 0.5), nil)
  for _, code in ipairs { "canceled", "rejected", "awaiting", "exit" } do
    t.equal(retry.delay(rules(5), 1, 0, { code = code }, 0.5), nil)
  end
  t.equal(retry.delay(rules { on = { "io" } }, 1, 0, { code = "parse" }, 0.5), nil)
  t.raises("invalid", "retry: unknown option 'dead'", rules, { dead = 1 })
  t.raises("invalid", "deadline: 'x' is not a duration", rules, { deadline = "x" })
end)

t.test("attempts are kept, with what each of them printed", function()
  t.succeeds(head .. [[
    local n = 0
    run:action({ name = "Flaky", retry = { count = 5, delay = 0.01 } }, function()
      n = n + 1
      print("try " .. n)
      if n < 3 then wf.error { code = "busy", message = "not yet " .. n } end
    end)
  ]])
  local step = last_run().steps[1]
  t.equal(#step.outcome.failed_attempts, 2)
  t.equal(step.outcome.failed_attempts[2].error, "not yet 2")
  t.equal(step.outcome.failed_attempts[2].code, "busy")
  t.contains(t.wf({ "log", "last" }).out, "try 1\nattempt 1 failed: not yet 1", "try 2", "try 3")
end)

t.test("a worker's step is tried many times, until its deadline", function()
  local result = t.script(head .. [[
    local handle = run:async({ name = "Never", retry = { deadline = 1.5, delay = 0.001, factor = 1 } },
      function() error("no") end)
    print(pcall(handle.await, handle))
  ]])
  t.contains(result.out, "false\tno")
  t.ok(#last_run().steps[1].outcome.failed_attempts > 30)
end)

-- ---- rollbacks and hooks ------------------------------------------------------------------------

local deploy = head .. [[
  run:on_failure("Tell", function(e) note("tell " .. e.code .. " " .. e.message) end)
  run:action({ name = "One", rollback = function(v) note("undo " .. v) end }, function() return "one" end)
  run:action({ name = "Two", rollback = function(v) note("undo " .. v) end }, function() return "two" end)
]]

t.test("a failing run undoes what it has done, the last thing first", function()
  local result = t.script(deploy .. [[
    run:action({ name = "Three", rollback = function() note("never") end,
      on_failure = function(e) note("half " .. e.message) end }, function() error("broken") end)
  ]])
  t.equal(result.status, 1)
  t.equal(notes(), "half broken | undo two | undo one | tell failed broken")
  t.equal(steps(), "One Succeeded, Two Succeeded, Three Failed, Three on_failure Succeeded, "
    .. "rollback Two Succeeded, rollback One Succeeded, Tell Succeeded")
end)

t.test("so does a rejected one, and one that fails outside of steps", function()
  t.equal(t.script(deploy .. [[ run:reject("too bad") ]]).status, 3)
  t.equal(notes(), "undo two | undo one | tell rejected too bad")
  t.equal(last_run().state, "Rejected")
  t.equal(t.script(deploy .. [[ run:fail("gone") ]]).status, 1)
  t.equal(notes(), "undo two | undo one | tell failed gone")
  t.equal(t.script(deploy .. [[ error("outside") ]]).status, 1)
  t.equal(notes(), "undo two | undo one | tell failed outside")
  t.equal(t.script(deploy .. [[ run:step("Inner", function() run:reject("inside") end) ]]).status, 3)
  t.equal(notes(), "undo two | undo one | tell rejected inside")
end)

t.test("a run that succeeds, is interrupted or planned undoes nothing", function()
  t.succeeds(deploy .. [[ note "end" ]])
  t.equal(notes(), "end")
  t.script(deploy .. [[ note "end" wf.error { code = "canceled", message = "interrupted" } ]])
  t.equal(notes(), "end")
  t.write("script.lua", deploy .. [[ note "end" error("planned") ]])
  t.wf { "plan", "script.lua" }
  t.equal(notes(), "end")
end)

t.test("a rollback that fails is tried again as its action is, and named", function()
  local result = t.script(head .. [[
    run:on_failure("First", function() note "first" end)
    run:action({ name = "Bad", retry = { count = 2, delay = 0 }, rollback = function()
      note "try"
      error("cannot")
    end }, function() end)
    error("broken")
  ]])
  t.equal(result.status, 1)
  t.equal(notes(), "try | try | try | first")
  t.equal(last_run().message, "broken; rollback Bad failed: cannot")
  t.equal(steps(), "Bad Succeeded, rollback Bad Failed, First Succeeded")
end)

t.test("hooks are for actions", function()
  t.contains(t.script(head .. [[ run:step({ name = "A", rollback = print }, function() end) ]]).err,
    "run:step: unknown option 'rollback'")
  t.contains(t.script(head .. [[ run:on_failure("A") ]]).err, "run:on_failure")
end)

-- ---- approvals ----------------------------------------------------------------------------------

local gated = head .. [[
  local made = run:step("Make", function() return p.x * 2 end)
  run:async("Side", function() return made end)
  local decision = run:approve("deploy v7", { about = made, message = "please look" })
  print(decision.by, decision.reason)
  run:action("Deploy", function() note("deployed " .. made) end)
]]

t.test("a run parks until somebody approves, and goes on from what is kept", function()
  local result = t.script(gated)
  t.equal(result.status, 4)
  t.contains(result.err, "AwaitingApproval", "deploy v7: waits for wf approve 1 (or ")
  t.equal(last_run().state, "AwaitingApproval")
  t.equal(t.script(gated).status, 4) -- it asks again
  local told = t.wf { "approve", "1", "--by", "alice", "--reason", "looks good" }
  t.contains(told.out, "deploy v7 of run 1 (Actions): approved by alice", "go on with: wf script.lua")
  result = t.succeeds(gated)
  t.equal(result.out, "alice\tlooks good\n")
  t.equal(notes(), "deployed 2")
  t.equal(steps(), "Make Cached, Side Cached, deploy v7 Succeeded, Deploy Succeeded")
  t.equal(last_run().steps[3].message, "approved by alice: looks good")
end)

t.test("a run that has waited shows what was decided, and who went on", function()
  local function standing()
    local texts = {}
    for i, run in ipairs(t.json { "runs", "--json" }) do texts[i] = ("%d %s"):format(run.id, run.state) end
    return table.concat(texts, ", ")
  end
  t.script(gated)
  t.script(gated)
  t.equal(standing(), "2 AwaitingApproval, 1 AwaitingApproval")
  t.wf { "approve", "1", "--by", "alice" }
  t.equal(standing(), "2 Approved, 1 Approved")
  t.contains(t.wf({ "show", "1" }).out, "Approved", "deploy v7: approved by alice\n")
  t.succeeds(gated)
  t.succeeds(gated)
  t.equal(standing(), "4 Succeeded, 3 Succeeded, 2 Approved, 1 Approved")
  t.contains(t.wf({ "runs" }).out, "deploy v7: approved by alice; run 3 went on")
  t.script(gated, { "-p", "x=2" })
  t.wf { "reject", "5" }
  t.equal(t.json({ "show", "5", "--json" }).state, "Rejected")
end)

t.test("another value, parameter or subject is another question", function()
  t.equal(t.script(gated).status, 4)
  t.equal(t.wf({ "approve", "last" }).status, 0)
  t.equal(t.script(gated).status, 0)
  t.equal(t.script(gated, { "-p", "x=2" }).status, 4)
  t.equal(t.script((gated:gsub("p%.x %* 2", "p.x * 3 - p.x"))).status, 4) -- the same value by other code
  t.equal(t.script((gated:gsub("deploy v7", "deploy v8"))).status, 4)
  t.equal(t.script("-- a comment\n" .. gated).status, 0)
end)

t.test("a rejection is one, with who and why; the last word counts", function()
  t.script(gated)
  local token = last_run().outcome.data.approval
  t.contains(t.wf({ "reject", token, "--by", "bob", "--reason", "too early" }).out, "rejected by bob")
  local result = t.script(gated)
  t.equal(result.status, 3)
  t.contains(result.err, "deploy v7: rejected by bob: too early")
  t.equal(t.json({ "approve", token, "--by", "eve", "--json" }).approved, true)
  t.equal(t.script(gated).status, 0)
end)

t.test("an approval may expire", function()
  local short = gated:gsub("about = made,", "about = made, expires = 0.05,")
  t.script(short)
  t.wf { "approve", "last" }
  t.shell("sleep 0.1")
  t.equal(last_run().state, "AwaitingApproval")
  t.equal(t.script(short).status, 4)
  t.equal(t.script((gated:gsub("about = made,", "about = made, expires = '1h',"))).status, 0)
end)

t.test("approvals are asked for between steps, and of runs that wait", function()
  t.contains(t.script(head .. [[ run:step("A", function() run:approve("x") end) ]]).err, "ask between steps")
  t.contains(t.script(head .. [[ run:approve("x", { abuot = 1 }) ]]).err, "did you mean 'about'")
  t.contains(t.wf({ "approve", "1" }).err, "run 1 does not wait for an approval: it is Failed")
  t.contains(t.wf({ "approve", "nobody" }).err, "'nobody' is no run and no token")
  t.write("script.lua", gated)
  local plan = t.wf { "plan", "script.lua" }
  t.contains(plan.err, "deploy v7", "Planned")
  t.contains(plan.out, "the rest depends on deploy v7")
end)

t.test("a parked run undoes nothing, and replays as it was", function()
  t.equal(t.script(deploy .. [[ run:approve("go") ]]).status, 4)
  t.ok(not require("wf.core.sys").exists(t.directory() .. "/notes"))
  t.equal(t.wf({ "replay" }).status, 0)
  t.script(gated)
  t.wf { "approve", "last" }
  t.succeeds(gated)
  t.equal(t.wf({ "replay" }).status, 0)
end)

t.finish()
