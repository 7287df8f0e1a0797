-- Full disks, failing syncs, copied and moved state directories, clocks that are set back: a run ends
-- with the cause named, what is stored stays valid, and the same command goes on afterwards.
local t = require "harness"
local sys = require "wf.core.sys"

local script = [[
local wf = require "wf"
local run <close> = wf.run { name = "Faults", durability = arg[1] }
local total = 0
for i = 1, 6 do
  local column = run:step("S" .. i, function()
    print("step " .. i)
    local values = {}
    for k = 1, 20000 do values[k] = k * i + math.random() end
    return wf.frame.new { names = { "x" }, columns = { values } }
  end)
  total = total + #column
end
print(total)
]]

local wf = sys.executable()

-- The state directory is sound and what the catalog says is there.
local function is_sound(options)
  local result = t.wf({ "verify" }, options)
  t.equal(result.status, 0, result.out .. result.err)
  for _, run in ipairs(t.json({ "runs", "--json" }, options)) do
    t.ok(run.state ~= "Executing", run.state)
  end
end

for _, durability in ipairs { "power", "process" } do
  t.test("the disk is full, " .. durability .. " durability", function()
    t.write("script.lua", script)
    local mounted = t.shell("mkdir full && mount -t tmpfs -o size=600k tmpfs full")
    if mounted.status ~= 0 then t.skip("no permission to mount a small disk") end
    local ok, e = pcall(function()
      local small = { home = t.directory() .. "/full/state" }
      local result = t.wf({ "script.lua", durability }, small)
      t.equal(result.status, 1)
      t.ok(result.err:find("No space left on device") or result.err:find("the disk is full"), result.err)
      t.shell("mount -o remount,size=16m full")
      is_sound(small)
      local kept = 0
      for _, step in ipairs(t.json({ "show", "last", "--json" }, small).steps) do
        if step.state == "Succeeded" then kept = kept + 1 end
      end
      t.ok(kept > 0 and kept < 6, kept)
      result = t.wf({ "script.lua", durability }, small)
      t.equal(result.status, 0, result.err)
      t.equal(select(2, result.err:gsub("  Cached", "")), kept)
      is_sound(small)
    end)
    t.shell("umount full")
    if not ok then error(e, 0) end
  end)
end

t.test("a sync fails: the step that needed it fails, nothing is lost", function()
  if t.shell("strace -o /dev/null true").status ~= 0 then t.skip("strace cannot trace here") end
  t.write("script.lua", script)
  local failed, n = 0, 0
  repeat
    n = n + 3
    local result = t.shell(("ASAN_OPTIONS=detect_leaks=0 strace -f -o /dev/null -e trace=fsync,fdatasync "
      .. "-e inject=fsync,fdatasync:error=EIO:when=%d %s script.lua power"):format(n, wf))
    if result.status ~= 0 then
      failed = failed + 1
      t.contains(result.err, "Input/output error")
      is_sound()
    end
  until result.status == 0
  t.ok(failed >= 3, failed)
  local again = t.wf { "script.lua", "power" }
  t.equal(select(2, again.err:gsub("  Cached", "")), 6)
end)

t.test("a copied and a moved state directory are whole", function()
  t.write("script.lua", script)
  local first = t.wf { "script.lua", "power" }
  t.equal(first.status, 0)
  t.shell("cp -r state copy && mv state moved")
  for _, name in ipairs { "copy", "moved" } do
    local there = { home = t.directory() .. "/" .. name }
    is_sound(there)
    local result = t.wf({ "script.lua", "power" }, there)
    t.equal(result.out, "120000\n")
    t.equal(select(2, result.err:gsub("  Cached", "")), 6)
    t.contains(t.wf({ "log", "1", "S3" }, there).out, "step 3")
    t.contains(t.wf({ "log", "last", "S3" }, there).out, "step 3")
    t.equal(t.wf({ "replay", "1" }, there).status, 0)
  end
end)

t.test("runs at once in one state directory end as one after the other would", function()
  t.write("script.lua", script)
  local commands = {}
  for i = 1, 4 do
    commands[i] = ("%s script.lua %s >out%d 2>err%d & p%d=$!"):format(wf,
      i % 2 == 0 and "power" or "process", i, i, i)
  end
  for i = 1, 4 do commands[#commands + 1] = ("wait $p%d || echo failed %d"):format(i, i) end
  t.equal(t.shell(table.concat(commands, "\n")).out, "")
  local succeeded = 0
  for run = 1, 4 do
    t.contains(t.read(("%s/out%d"):format(t.directory(), run)), "120000\n")
    for _, step in ipairs(t.json({ "show", tostring(run), "--json" }).steps) do
      if step.state == "Succeeded" then succeeded = succeeded + 1 end
    end
  end
  t.equal(succeeded, 6) -- each step was computed once
  is_sound()
end)

t.test("a clock that is set back makes nothing young for ever, and loses nothing", function()
  local function timed(offset)
    local result = t.succeeds(([[
      local wf = require "wf"
      local sys = require "wf.core.sys"
      local now = sys.now_us
      sys.now_us = function() return now() + %d * 1000000 end
      local run <close> = wf.run { name = "Clock" }
      run:step({ name = "Timed", cache = "1h" }, function() return 1 end)
      run:step("Always", function() return 2 end)
    ]]):format(offset))
    local steps = {}
    for i, step in ipairs(t.json { "explain", "last", "--json" }) do steps[i] = step.state end
    return table.concat(steps, " "), result
  end
  t.equal((timed(0)), "Succeeded Succeeded")
  t.equal((timed(0)), "Cached Cached")
  t.equal((timed(1800)), "Cached Cached")
  t.equal((timed(3700)), "Succeeded Cached") -- too old
  t.equal((timed(-7200)), "Succeeded Cached") -- from a time to come: nobody knows how old it is
  t.equal((timed(0)), "Cached Cached")
end)

t.finish()
