-- Steps in worker processes: what they get, what comes back, how they fail; retries and limits.
local t = require "harness"

local function script(body)
  return [[
local wf = require "wf"
local run <close> = wf.run { name = "Test", params = { k = wf.param.integer { default = 3 } } }
]] .. body
end

local function last_run()
  return t.json { "show", "last", "--json" }
end

t.test("async steps are executed in other processes, with all that they capture", function()
  local result = t.succeeds(script [[
    function twice(x) return 2 * x end
    local shared = { n = 1 }
    local function bump() shared.n = shared.n + 1 return shared.n end
    local f = wf.frame.new { names = { "a" }, columns = { { 1, 2, 3 } } }
    local p = run.params
    local h = run:async({ name = "A", cache = false }, function(argument)
      bump()
      run:metric("rows", #f)
      run:log("logged %d", 1)
      print("printed")
      return twice(p.k), shared.n, argument.x, f
    end, { x = "given" })
    local a, n, x, g = h:await()
    print(a, n, x, g:digest() == f:digest(), shared.n)
  ]])
  t.contains(result.out, "printed\n", "6\t2\tgiven\ttrue\t1\n")
  t.contains(result.err, "logged 1", "rows")
  t.equal(last_run().outcome.metrics.rows, 3)
  t.equal(t.wf({ "log", "last", "A" }).out, "logged 1\nprinted\n")
end)

-- Each waits for all to have begun and for its successor to have ended: only four at once get there.
t.test("they are side by side, and results come in order", function()
  local result = t.succeeds(script [[
    local r = run:map("M", { "a", "b", "c", "d" }, function(x, i)
      local sys = require "wf.core.sys"
      local function await(name)
        for _ = 1, 6000 do
          if sys.exists(name) then return end
          sys.sleep(0.01)
        end
        error(name .. " never came")
      end
      sys.write_file("begun" .. i, "")
      for k = 1, 4 do await("begun" .. k) end
      if i < 4 then await("ended" .. i + 1) end
      sys.write_file("ended" .. i, "")
      return i .. ":" .. x
    end, { workers = 4, cache = false })
    print(table.concat(r, " "))
    print(#run:map("None", {}, print))
  ]])
  t.equal(result.out, "1:a 2:b 3:c 4:d\n0\n")
end)

t.test("what a worker computed is kept, with what it read", function()
  t.write("f", "one")
  local body = script [[
    local r = run:map("M", { "f", "g" }, function(name)
      local file = io.open(name)
      return file and file:read("a") or "none", math.random()
    end)
    print(table.concat(r, " "), run:async("R", function() return math.random() end):await())
  ]]
  local first = t.succeeds(body)
  t.equal(t.succeeds(body).out, first.out)
  for _, step in ipairs(last_run().steps) do t.equal(step.state, "Cached") end
  t.write("f", "two")
  t.contains(t.succeeds(body).out, "two none")
  t.equal(last_run().steps[1].why, "file f changed")
  t.equal(last_run().steps[2].state, "Cached")
end)

t.test("the result of a worker is that of this process", function()
  local function body(way)
    return script([[ local x = run:]] .. way .. [[ print(x, math.random()) ]])
  end
  local here = t.succeeds(body [[step("A", function() return math.random() end)]])
  local there = t.succeeds(body [[async("A", function() return math.random() end):await()]])
  t.equal(here.out, there.out)
  t.equal(last_run().steps[1].state, "Cached")
end)

t.test("a crash is the failure of its step alone", function()
  local result = t.script(script [[
    local bad = run:async("Bad", function() os.execute("kill -KILL $PPID") end)
    local good = run:async("Good", function() return 7 end)
    print(good:await())
    bad:await()
  ]])
  t.equal(result.status, 1)
  t.equal(result.out, "7\n")
  t.contains(result.err, "step Bad failed", "killed by signal 9")
  local steps = last_run().steps
  t.equal(steps[1].state, "Failed")
  t.equal(steps[2].state, "Succeeded")
end)

t.test("an error in a worker has its place and stack", function()
  local result = t.script(script [[ run:async("Bad", function()
    error("broken") end):await() ]])
  t.equal(result.status, 1)
  t.contains(result.err, "step Bad failed", "script.lua:4", "broken", "stack traceback")
end)

t.test("a gate inside a worker rejects the run", function()
  local result = t.script(script [[ run:async("Gate", function() run:reject("no") end):await() ]])
  t.equal(result.status, 3)
  t.equal(last_run().state, "Rejected")
  t.equal(last_run().message, "no")
end)

t.test("timeout and memory are limits of one step", function()
  -- A sanitizer reserves terabytes of address space, which is what the limit counts.
  if os.getenv "ASAN_OPTIONS" then t.skip "memory limits cannot be set under a sanitizer" end
  local result = t.script(script [[
    print(pcall(run.step, run, { name = "Slow", timeout = 0.2 }, function() while true do end end))
    print(pcall(run.step, run, { name = "Big", memory = "300M" }, function()
      return #("x"):rep(1 << 30)
    end))
    print(run:step({ name = "Fine", timeout = "1m", memory = "4G" }, function() return 1 end))
  ]])
  t.contains(result.out, "false\tit took longer than 0.2 s\nfalse\tnot enough memory", "\n1\n")
  t.contains(t.script(script [[ run:step({ name = "A", memory = "lots" }, print) ]]).err,
    "'lots' is not a size")
  t.contains(t.script(script [[ local c = coroutine.create(print)
    run:step({ name = "A", timeout = 1, cache = false }, function() return c end) ]]).err,
    "step 'A'", "'c' is")
end)

t.test("retry: counts, codes and predicates", function()
  local result = t.script(script [[
    local n = 0
    print(run:step({ name = "A", retry = { count = 3, delay = 0.01 }, cache = false }, function()
      n = n + 1
      if n < 3 then wf.error { code = "busy", message = "not yet" } end
      return n
    end))
    n = 0
    print(pcall(run.step, run, { name = "B", cache = false, retry = { delay = 0, on = "io" } },
      function() n = n + 1 wf.error { code = "busy", message = "no" } end), n)
    print(pcall(run.action, run, { name = "C", retry = { count = 2, delay = 0,
      on = function(e) return e.code == "busy" end } },
      function() n = n + 1 wf.error { code = "busy", message = "no" } end), n)
    print(pcall(run.step, run, { name = "D", retry = { count = 1, delay = 0 }, timeout = 0.1 },
      function() while true do end end))
  ]])
  t.equal(result.out, "3\nfalse\t1\nfalse\t4\nfalse\tit took longer than 0.1 s\n")
  t.contains(t.wf({ "log", "last", "A" }).out, "attempt 1 failed: not yet", "attempt 2 failed")
  t.contains(t.wf({ "log", "last", "D" }).out, "attempt 1 failed: it took longer")
end)

t.test("no worker and no job file is left", function()
  t.succeeds(script [[ run:map("M", { 1, 2, 3 }, function(x) return x end) ]])
  t.script(script [[ run:async("Bad", function() os.execute("kill -9 $PPID") end) ]])
  t.equal(t.shell("ls state/jobs").out, "")
end)

t.test("cores: a step takes as many places, and threads", function()
  local result = t.succeeds(script [[
    local function work(name)
      local sys = require "wf.core.sys"
      local file <close> = io.open("times", "a")
      file:setvbuf("line")
      file:write("begin ", name, "\n")
      sys.sleep(0.1)
      file:write("end ", name, "\n")
      return tonumber(sys.env("WF_THREADS"))
    end
    local function add(name, cores)
      return run:async({ name = name, cores = cores, cache = false }, function() return work(name) end)
    end
    local handles = { add("a", 1), add("b"), add("BIG", 3), add("c", 1), add("HUGE", 99) }
    for i, handle in ipairs(handles) do handles[i] = handle:await() end
    print(table.concat(handles, " "))
  ]], nil, { env = "WF_WORKERS=3" })
  local threads = {}
  for number in result.out:gmatch("%d+") do threads[#threads + 1] = tonumber(number) end
  t.equal(threads[3], 3 * threads[1])
  t.equal(threads[5], threads[3])
  local times = t.read(t.directory() .. "/times")
  t.contains(times, "begin BIG\nend BIG\n", "begin HUGE\nend HUGE\n") -- nobody beside them
  t.contains(t.script(script [[ run:async({ name = "A", cores = 0 }, print) ]]).err, "cores must be at least 1")
end)

t.test("ctrl-C ends the workers and leaves a run that can be resumed", function()
  t.write("script.lua", script [[
    run:step("First", function() return 1 end)
    run:async("Long", function() require("wf.core.sys").sleep(30) end):await()
  ]])
  local wf = require("wf.core.sys").executable()
  local result = t.shell(("timeout -s INT 1 %s script.lua; echo status $?; sleep 0.2; "
    .. "ps ax -o args | grep -c '[w]orker '$PWD/state"):format(wf))
  t.contains(result.out, "status 1", "\n0\n")
  t.equal(last_run().state, "Stopped")
end)

t.finish()
