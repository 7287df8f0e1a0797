-- Compute once: processes, and steps of one process, that need the same key at the same time.
local t = require "harness"
local sys = require "wf.core.sys"

local head = [[
local wf = require "wf"
local sys = require "wf.core.sys"
local run <close> = wf.run { name = "Once", params = { x = wf.param.integer { default = 1 } } }
local p = run.params
local function note(name)
  local file <close> = io.open("executed", "a")
  file:write(name, "\n")
end
local function meet(mine, other)          -- until both processes are here; not a recorded read
  sys.write_file(mine, "")
  for _ = 1, 500 do
    if sys.exists(other) then return end
    sys.sleep(0.01)
  end
  error("nobody came")
end
]]

-- Lines of the file that executed steps write to, counted.
local function executed()
  local counts, path = {}, t.directory() .. "/executed"
  if not sys.exists(path) then return counts end
  for line in t.read(path):gmatch("[^\n]+") do counts[line] = (counts[line] or 0) + 1 end
  return counts
end

local wf = sys.executable()

-- Runs shell lines with $WF as the program; each wf is started in the background, then all are awaited.
local function together(...)
  local commands = {}
  for i, words in ipairs { ... } do
    commands[i] = ("%s %s >out%d 2>err%d & p%d=$!"):format(wf, words, i, i, i)
  end
  for i = 1, select("#", ...) do
    commands[#commands + 1] = ("wait $p%d; echo status%d $?"):format(i, i)
  end
  return t.shell(table.concat(commands, "\n"))
end

t.test("two processes that need the same key: one computes, one waits", function()
  t.write("script.lua", head .. [[
    print(run:step("Slow", function() note "Slow" sys.sleep(0.5) return 42 end))
  ]])
  local result = together("script.lua", "script.lua")
  t.contains(result.out, "status1 0", "status2 0")
  t.equal(executed(), { Slow = 1 })
  local directory = t.directory()
  t.equal(t.read(directory .. "/out1"), "42\n")
  t.equal(t.read(directory .. "/out2"), "42\n")
  local both = t.read(directory .. "/err1") .. t.read(directory .. "/err2")
  t.contains(both, "Slow is being computed already: waiting", "Cached", "Succeeded")
end)

t.test("a killed computer hands over", function()
  t.write("script.lua", head .. [[
    run:step("Slow", function()
      note "Slow"
      if sys.exists("second") then return 1 end
      sys.write_file("second", "")
      sys.sleep(60)
    end)
  ]])
  local result = t.shell(([[
    %s script.lua >/dev/null 2>&1 & first=$!
    while [ ! -e second ]; do sleep 0.01; done
    %s script.lua 2>err & second=$!
    sleep 0.3; kill -9 $first; wait $second; echo status $?; cat err]]):format(wf, wf))
  t.contains(result.out, "status 0", "waiting", "Succeeded")
  t.equal(executed(), { Slow = 2 })
end)

t.test("--no-cache and --refresh do not wait", function()
  t.write("script.lua", head .. [[
    run:step("Slow", function() note "Slow" meet("a" .. sys.env("WHO"), "a" .. sys.env("OTHER")) end)
  ]])
  for _, words in ipairs { "--no-cache", "--refresh Slow" } do
    t.shell("rm -rf a1 a2 executed state")
    local result = t.shell(("WHO=1 OTHER=2 %s script.lua & while [ ! -e a1 ]; do sleep 0.01; done; "
      .. "WHO=2 OTHER=1 %s script.lua %s; echo $?; wait"):format(wf, wf, words))
    t.equal(result.out, "0\n")
    t.equal(executed(), { Slow = 2 })
  end
end)

t.test("equal steps of one process are computed once", function()
  local result = t.succeeds(head .. [[
    local function work() note "Same" sys.sleep(0.2) return 1 end
    local handles = {}
    for i = 1, 3 do handles[i] = run:async("Same", work) end
    print(run:step("Same", work), handles[1]:await(), handles[2]:await(), handles[3]:await())
  ]])
  t.equal(result.out, "1\t1\t1\t1\n")
  t.equal(executed(), { Same = 1 })
end)

t.test("steps inside of each other's do not wait for ever", function()
  t.write("script.lua", head .. [[
    local inner, outer
    function outer()
      note "A"
      if p.x == 1 then meet("in1", "in2") return 1 + run:step("B", inner) end
      return 1
    end
    function inner()
      note "B"
      if p.x == 2 then meet("in2", "in1") return 1 + run:step("A", outer) end
      return 1
    end
    print(p.x == 1 and run:step("A", outer) or run:step("B", inner))
  ]])
  local result = t.shell(("timeout 20 %s script.lua -p x=1 >out1 2>err1 & p=$!; "
    .. "timeout 20 %s script.lua -p x=2 >out2 2>err2; echo $?; wait $p; echo $?; cat out1 out2"):format(wf, wf))
  t.equal(result.out, "0\n0\n2\n2\n")
end)

t.test("a nested step waits too", function()
  t.write("script.lua", head .. [[
    local function shared() note "shared" sys.sleep(0.4) return 5 end
    local me = sys.env("WHO")
    print(run:step("Outer" .. me, function() return me .. run:step("Shared", shared) end))
  ]])
  local result = t.shell(("WHO=1 %s script.lua & p=$!; WHO=2 %s script.lua; wait $p"):format(wf, wf))
  t.contains(result.out, "15", "25")
  t.equal(executed(), { shared = 1 })
end)

t.test("many processes, many steps, any order: each is computed once", function()
  t.write("script.lua", head .. [[
    local order, seed = {}, p.x
    for i = 1, 12 do order[i] = i end
    for i = 12, 2, -1 do
      seed = (seed * 1103515245 + 12345) % 2147483648
      local k = seed % i + 1
      order[i], order[k] = order[k], order[i]
    end
    local sum = 0
    for _, i in ipairs(order) do
      sum = sum + run:step("S" .. i, function() note("S" .. i) sys.sleep(0.01) return i end)
    end
    print(sum)
  ]])
  local words = {}
  for i = 1, 6 do words[i] = "script.lua -p x=" .. i end
  local result = together(table.unpack(words))
  for i = 1, 6 do
    t.contains(result.out, ("status%d 0"):format(i))
    t.equal(t.read(t.directory() .. "/out" .. i), "78\n")
  end
  local counts, n = executed(), 0
  for name, count in pairs(counts) do
    t.equal(count, 1, name)
    n = n + 1
  end
  t.equal(n, 12)
end)

t.finish()
