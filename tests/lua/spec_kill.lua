-- kill -9 while a run works, then the same command again: nothing committed is lost or repeated.
local t = require "harness"
local sys = require "wf.core.sys"

-- Ten steps, each of which writes one line to a file outside of wf when it is executed.
local script = [[
local wf = require "wf"
local run <close> = wf.run { name = "Kill", durability = arg[1] }
local sum = wf.frame.new { names = { "x" }, columns = { { 0 } } }
for i = 1, 10 do
  sum = run:step("S" .. i, function()
    local file <close> = io.open("executed", "a")
    file:write(i, "\n")
    return sum:with("x", sum.x + i)
  end)
end
print(sum.x[1])
]]

local function executed()
  local counts, file = {}, io.open(t.directory() .. "/executed")
  if not file then return counts end
  for line in file:lines() do counts[line] = (counts[line] or 0) + 1 end
  file:close()
  return counts
end

-- Steps that the catalog holds as Succeeded, by name.
local function committed()
  local names, n = {}, 0
  for _, run in ipairs(t.json { "runs", "--limit", "0", "--json" }) do
    for _, step in ipairs(t.json({ "show", tostring(run.id), "--json" }).steps) do
      if step.state == "Succeeded" then
        names[step.name] = (names[step.name] or 0) + 1
        n = n + 1
      end
    end
  end
  return names, n
end

for _, durability in ipairs { "power", "process" } do
  t.test("killed at many moments, " .. durability .. " durability", function()
    t.write("script.lua", script)
    local wf, killed = sys.executable(), 0
    for milliseconds = 14, 50, 3 do
      local delay = ("%.3f"):format(milliseconds / 1000)
      local result = t.shell(("timeout -s KILL %s %s script.lua %s"):format(delay, wf, durability))
      if result.status ~= 0 then killed = killed + 1 end
      local _, before = committed()
      if before >= 10 then break end
    end
    t.ok(killed > 0, "no run was killed")
    local names = committed()
    local result = t.wf { "script.lua", durability }
    t.equal(result.status, 0)
    t.equal(result.out, "55\n")
    for name in pairs(names) do
      t.contains(result.err, ("%-28s  Cached"):format(name)) -- what was committed is not repeated
    end
    for _, n in pairs((committed())) do t.equal(n, 1) end
    for i = 1, 10 do t.ok((executed()[tostring(i)] or 0) >= 1, i) end
    for _, run in ipairs(t.json { "runs", "--json" }) do t.ok(run.state ~= "Executing", run.state) end
    t.equal(t.wf({ "verify" }).status, 0)
  end)
end

t.finish()
