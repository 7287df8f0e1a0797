-- kill -9 at system calls, then the same command again: wf tests/bench/kill_points.lua [STRIDE]
--
-- Needs strace. For every write, sync, rename, unlink and truncation that a run of ten steps makes, one
-- run is killed there (before the call takes effect); STRIDE n takes every n-th only. Then `wf verify`
-- must find nothing, the same command must succeed with every committed step Cached, none committed
-- twice, and the objects must be those of a run that was never interrupted. Prints the counts.
local sys = require "wf.core.sys"
local json = require "wf.json"

local stride = math.tointeger(tonumber(arg[1] or "")) or 1
local calls = { "pwrite64", "write", "fsync", "fdatasync", "renameat", "unlinkat", "unlink",
  "ftruncate", "mkdir", "mkdirat", "openat" }

local script = [[
local wf = require "wf"
local run <close> = wf.run { name = "Kill", durability = arg[1] }
local sum = wf.frame.new { names = { "x" }, columns = { { 0 } } }
for i = 1, 10 do
  sum = run:step("S" .. i, function() return sum:with("x", sum.x + i) end)
end
print(sum.x[1])
]]

local root = os.tmpname()
os.remove(root)
sys.make_directories(root)
sys.write_file(root .. "/script.lua", script)

local function shell(command)
  local pipe = assert(io.popen(("cd %s && export WF_HOME=%s/state && { %s; } 2>/dev/null"):format(root,
    root, command)))
  local text = pipe:read("a")
  return text, pipe:close()
end

local wf = sys.executable()

local function clean() shell("rm -rf state") end

local function objects()
  return (shell("cd state/objects && find . -type f -not -path './tmp/*' | sort"))
end

-- Names of steps that the catalog holds as Succeeded, with how often.
local function committed()
  local names = {}
  for _, run in ipairs(json.decode((shell(wf .. " runs --limit 0 --json")))) do
    local text = shell(("%s show %d --json"):format(wf, run.id))
    for _, step in ipairs(json.decode(text).steps) do
      if step.state == "Succeeded" then names[step.name] = (names[step.name] or 0) + 1 end
    end
  end
  return names
end

local counts = { points = 0, lost = 0, repeated = 0, different = 0, damaged = 0 }

local function check(expected)
  local before = committed()
  if not select(2, shell(wf .. " verify")) then counts.damaged = counts.damaged + 1 end
  local out, ok = shell(wf .. " script.lua power 2>err; r=$?; cat err >&2; exit $r")
  if not ok or not out:find("55") then counts.lost = counts.lost + 1 end
  local progress = sys.read_file(root .. "/err")
  for name in pairs(before) do
    if not progress:find(name .. " +Cached") then counts.lost = counts.lost + 1 end
  end
  for _, n in pairs(committed()) do
    if n > 1 then counts.repeated = counts.repeated + 1 end
  end
  if objects() ~= expected then counts.different = counts.different + 1 end
end

clean()
shell(wf .. " script.lua power")
local expected = objects()

for _, call in ipairs(calls) do
  for at = 1, 400, stride do
    clean()
    local _, ok = shell(("strace -f -o /dev/null -e trace=%s -e inject=%s:signal=KILL:when=%d %s "
      .. "script.lua power"):format(call, call, at, wf))
    if ok then break end -- fewer such calls than that
    counts.points = counts.points + 1
    check(expected)
  end
end
for _, name in ipairs { "points", "lost", "repeated", "different", "damaged" } do
  print(("%-10s %d"):format(name, counts[name]))
end
shell("rm -rf " .. root)
os.exit(counts.lost + counts.repeated + counts.different + counts.damaged == 0)
