-- What a step costs: wf tests/bench/bench_steps.lua [STEPS]
--
-- Every figure is printed as it is measured here, in a state directory of its own under TMPDIR.
-- Progress lines go to standard error: send them to /dev/null.
local wf = require "wf"
local sys = require "wf.core.sys"

local n_steps = math.tointeger(tonumber(arg[1] or "")) or 2000

local function report(what, value, unit, goal)
  print(("%-52s %10.1f %-3s %s"):format(what, value, unit, goal and "goal " .. goal or ""))
end

local function median(list)
  table.sort(list)
  return list[#list // 2 + 1]
end

-- Microseconds of each of `n` calls.
local function timed(n, body)
  local times = {}
  for i = 1, n do
    local started = sys.monotonic()
    body(i)
    times[i] = (sys.monotonic() - started) * 1e6
  end
  return times
end

local function no_op_steps(durability, n, salt)
  local run <close> = wf.run { name = "Bench " .. durability, durability = durability }
  return timed(n, function(i) run:step("S", function(x) return x end, salt + i) end)
end

local function bench_no_op()
  report("no-op step, durable, median", median(no_op_steps("power", 300, 0)), "us", "1000")
  report("no-op step, process durability, median", median(no_op_steps("process", 1000, 1000)), "us", "50")
end

local function bench_hits()
  no_op_steps("process", 500, 100000)
  report("hit of a no-op step, median", median(no_op_steps("process", 500, 100000)), "us")
end

local function bench_files()
  local directory = os.tmpname()
  os.remove(directory)
  sys.make_directories(directory)
  for i = 1, 20 do sys.write_file(("%s/%d"):format(directory, i), ("row %d\n"):format(i)) end
  sys.sleep(0.1)
  local function read_all(n)
    local run <close> = wf.run { name = "Files" }
    return timed(n, function()
      run:step("Read", function()
        local total = 0
        for i = 1, 20 do
          for line in io.lines(("%s/%d"):format(directory, i)) do total = total + #line end
        end
        return total
      end)
    end)
  end
  read_all(1)
  report("hit with 20 unchanged files, median", median(read_all(200)), "us", "200")
end

local function bench_many()
  local started = sys.monotonic()
  no_op_steps("process", n_steps, 10000000)
  local seconds = sys.monotonic() - started
  report(("%d steps in one run, process durability"):format(n_steps), seconds, "s", "10 for 100000")
  report("  of which each", seconds / n_steps * 1e6, "us")
  local peak = sys.read_file("/proc/self/status"):match("VmHWM:%s+(%d+)")
  report("  peak memory of the process", tonumber(peak) / 1024, "MiB", "200")
end

bench_no_op()
bench_hits()
bench_files()
bench_many()
