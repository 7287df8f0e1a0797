-- What a bias report costs from a script: wf tests/bench/bench_bias.lua [ROWS]
--
-- Medians and minima of 15 reports of all metrics over a seeded table, in milliseconds of processor
-- time, which other programs on the machine disturb less than the clock on the wall.
local wf = require "wf"

local n_rows = math.tointeger(tonumber(arg[1] or "")) or 1000000
local n_facets = 10

local function seeded_table()
  math.randomseed(1)
  local names, columns = { "label", "prediction", "sex", "age", "group" }, { {}, {}, {}, {}, {} }
  for k = 1, n_facets do names[5 + k], columns[5 + k] = "facet" .. k, {} end
  for i = 1, n_rows do
    local label = math.random() < 0.3
    columns[1][i], columns[2][i] = label, (math.random() < 0.8) == label
    columns[3][i] = math.random() < 0.4 and "Female" or "Male"
    columns[4][i], columns[5][i] = 18 + math.random(0, 60), math.random(0, 9)
    for k = 1, n_facets do columns[5 + k][i] = math.random() < 0.4 end
  end
  return wf.frame.new { names = names, columns = columns }:cast { sex = "category" }
end

local function timed(what, report)
  local times = {}
  for i = 1, 15 do
    local started = os.clock()
    report()
    times[i] = (os.clock() - started) * 1e3
  end
  table.sort(times)
  print(("%-44s median %6.2f  minimum %6.2f"):format(what, times[8], times[1]))
end

local data = seeded_table()
collectgarbage()

local function report(facet, group, more)
  local options = { data = data, label = "label", favourable = true, prediction = "prediction",
    facet = facet, group = group }
  for name, value in pairs(more or {}) do options[name] = value end
  return function() return wf.bias.report(options) end
end

local ten = {}
for k = 1, n_facets do ten["facet" .. k] = true end
print(("%d rows"):format(n_rows))
timed("one facet, 10 groups", report({ sex = "Female" }, "group"))
timed("one facet, no groups", report({ sex = "Female" }))
timed("continuous facet, 10 groups", report({ age = { above = 40 } }, "group"))
timed("one bool facet, 10 groups", report({ facet1 = true }, "group"))
timed("ten bool facets, 10 groups", report(ten, "group"))
timed("one facet, 10 groups, 1000 resamples", report({ sex = "Female" }, "group", { intervals = true }))
