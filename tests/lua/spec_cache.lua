-- Kept results of steps: what counts for a key, what is recorded, what is reported.
local t = require "harness"

local function script(body)
  return [[
local wf = require "wf"
local run <close> = wf.run { name = "Test", params = {
  k = wf.param.integer { default = 1 }, other = wf.param.integer { default = 1 },
} }
local p = run.params
]] .. body
end

local function last_run()
  return t.json { "show", "last", "--json" }
end

-- "A Cached, B Succeeded (captured k 1 → 2)" of the latest run.
local function outcome()
  local list = {}
  for i, step in ipairs(last_run().steps) do
    list[i] = ("%s %s%s"):format(step.name, step.state, step.why and " (" .. step.why .. ")" or "")
  end
  return table.concat(list, ", ")
end

local function runs(body, expected, words, options)
  local result = t.succeeds(script(body), words, options)
  t.equal(outcome(), expected)
  return result
end

t.test("the same script takes the kept values", function()
  local body = [[
    local a = run:step("A", function() return { n = 1, x = 1.5, list = { "a", true } }, nil, "z" end)
    local b = run:async("B", function(v) return v.n + 1 end, a)
    print(a.n, a.x, a.list[2], b:await(), math.type(a.n))
  ]]
  local first = runs(body, "A Succeeded (first run), B Succeeded (first run)")
  local second = runs(body, "A Cached, B Cached")
  t.equal(first.out, second.out)
  t.contains(second.err, "Cached", "2 cached")
end)

t.test("comments, blank lines, names of locals and places of functions do not count", function()
  local expected = "A Cached"
  runs([[ local n = 5 run:step("A", function() local x = n return { b = x, a = 1 } end) ]],
    "A Succeeded (first run)")
  runs([[

    -- a comment
    local before, more = 1, 2
    local n = 5
    local unused = 1
    run:step("A", function()
      local y = n -- renamed

      return { b = y, a = 1 }
    end)
  ]], expected)
end)

t.test("what counts: code, captured values, globals, arguments, nested and in helpers", function()
  local function body(constant, captured, nested, global, argument, deep)
    return ([[
      local k, config = %s, { list = { %s } }
      G = %s
      local function helper() return %s end
      run:step("A", function(x) return %s, k, config, G, x, helper() end, %s)
    ]]):format(captured, nested, global, deep, constant, argument)
  end
  runs(body(1, 2, 3, 4, 5, 6), "A Succeeded (first run)")
  runs(body(1, 2, 3, 4, 5, 6), "A Cached")
  runs(body(9, 2, 3, 4, 5, 6), "A Succeeded (code changed)")
  runs(body(9, 8, 3, 4, 5, 6), "A Succeeded (captured k 2 → 8)")
  runs(body(9, 8, 7, 4, 5, 6), "A Succeeded (captured config changed)")
  runs(body(9, 8, 7, 6, 5, 6), "A Succeeded (global G 4 → 6)")
  runs(body(9, 8, 7, 6, 1, 6), "A Succeeded (argument 1 5 → 1)")
  runs(body(9, 8, 7, 6, 1, 1), "A Succeeded (captured helper changed)")
  runs(body(1, 2, 3, 4, 5, 6), "A Cached") -- the first result is still there
end)

t.test("integers, floats and texts are different values", function()
  local function body(x) return ([[ local x = %s run:step("A", function() return x end) ]]):format(x) end
  runs(body("1"), "A Succeeded (first run)")
  runs(body("1.0"), "A Succeeded (captured x 1 → 1.0)")
  runs(body("'1'"), 'A Succeeded (captured x 1.0 → "1")')
  runs(body("0.0"), 'A Succeeded (captured x "1" → 0.0)')
  runs(body("-0.0"), "A Succeeded (captured x 0.0 → -0.0)")
  runs(body("0/0"), "A Succeeded (captured x -0.0 → -nan)")
  runs(body("-(0/0)"), "A Cached")
end)

t.test("a step depends on the parameters that it reads only", function()
  local body = [[ run:step("A", function() return p.k end) ]]
  runs(body, "A Succeeded (first run)")
  runs(body, "A Cached", { "-p", "other=2" })
  runs(body, "A Succeeded (parameter k 1 → 2)", { "-p", "k=2" })
  runs(body, "A Cached", { "-p", "k=1" })
end)

t.test("a step that only gets an equal value is not executed again", function()
  local function body(x)
    return ([[
      local x = %d
      local a = run:step("A", function() return x // 2 end)
      run:step("B", function() return a end)
    ]]):format(x)
  end
  runs(body(4), "A Succeeded (first run), B Succeeded (first run)")
  runs(body(5), "A Succeeded (captured x 4 → 5), B Cached")
end)

t.test("files count by their contents", function()
  t.write("data.csv", "a,b\n1,x\n2,y\n")
  local body = [[
    local data = run:step("Load", function() return wf.csv.read("data.csv") end)
    run:step("Lines", function() for line in io.lines("text") do return line end end)
    print(#data, data:digest())
  ]]
  t.write("text", "one\n")
  local first = runs(body, "Load Succeeded (first run), Lines Succeeded (first run)")
  t.equal(runs(body, "Load Cached, Lines Cached").out, first.out)
  t.write("data.csv", "a,b\n1,x\n2,y\n") -- new times, same bytes
  runs(body, "Load Cached, Lines Cached")
  t.write("data.csv", "a,b\n1,x\n2,z\n")
  runs(body, "Load Succeeded (file data.csv changed), Lines Cached")
  t.write("text", "two\n")
  runs(body, "Load Cached, Lines Succeeded (file text changed)")
end)

t.test("so does a file that is not there, and the environment", function()
  local body = [[ run:step("A", function()
    local file = io.open("late.txt")
    return file and file:read("a") or "none", os.getenv("WF_SPEC")
  end) ]]
  runs(body, "A Succeeded (first run)")
  runs(body, "A Cached")
  t.write("late.txt", "here")
  runs(body, "A Succeeded (file late.txt is there now)")
  runs(body, "A Succeeded (environment variable WF_SPEC changed)", nil, { env = "WF_SPEC=1" })
  runs(body, "A Cached", nil, { env = "WF_SPEC=1" })
end)

t.test("a required module counts by its files, those that it requires included", function()
  local body = [[ run:step("A", function() return require("outer").f() end) ]]
  t.write("outer.lua", "local inner = require 'inner' return { f = function() return inner.n end }")
  t.write("inner.lua", "return { n = 1 }")
  runs(body, "A Succeeded (first run)")
  runs(body, "A Cached")
  runs("require 'outer' " .. body, "A Cached")
  t.write("inner.lua", "return { n = 2 }")
  runs("require 'outer' " .. body, "A Succeeded (file ./inner.lua changed)")
  runs(body, "A Cached")
end)

t.test("what a module that is captured holds counts by content", function()
  local body = [[ local m = require "m" run:step("A", function() return m.f() end) ]]
  t.write("m.lua", "local n = 1 return { f = function() return n end }")
  runs(body, "A Succeeded (first run)")
  t.write("m.lua", "-- moved\nlocal n = 1\nreturn { f = function() return n end }")
  runs(body, "A Cached")
  t.write("m.lua", "local n = 2 return { f = function() return n end }")
  runs(body, "A Succeeded (captured m changed)")
end)

t.test("wf's objects come back as they were", function()
  local body = [[
    local f = run:step("Frame", function()
      return wf.frame.new { names = { "x", "s", "b" },
        columns = { { 1, 2.5, wf.frame.missing }, { "a", "b", "a" }, { true, false, true } } }
    end)
    local parts = run:step("Parts", function()
      return { column = f.x, recipe = wf.recipe.new():one_hot("s"):fit(f, { exclude = { "b" } }), f = f }
    end)
    print(f, f:digest(), parts.column:sum(), parts.recipe:json(), parts.f:digest() == f:digest())
  ]]
  local first = runs(body, "Frame Succeeded (first run), Parts Succeeded (first run)")
  t.equal(runs(body, "Frame Cached, Parts Cached").out, first.out)
end)

t.test("an object of a cached step is not read before it is used", function()
  local body = [[
    local f = run:step("Make", function()
      return { wf.frame.new { names = { "x" }, columns = { { 1, 2, 3 } } }, "unused" }
    end)
    local n = run:step("Sum", function() return f[1].x:sum() end)
    local file = io.open("damage")
    if file then os.execute(file:read("a")) end
    if arg[1] then print(#f[1], f[1]:columns()[1], f[1]:head(1)) end
    print(n)
  ]]
  runs(body, "Make Succeeded (first run), Sum Succeeded (first run)")
  local used = runs(body, "Make Cached, Sum Cached", { "use" })
  t.shell("sleep 0.1")
  runs(body, "Make Cached, Sum Cached")
  t.contains(used.out, "3\tx")
  -- Damaged after the step was found in order: who uses it gets an error, the next run computes it.
  t.write("damage", "for f in state/objects/*/*; do chmod 600 $f; printf x >$f; done")
  t.equal(runs(body, "Make Cached, Sum Cached").out, "6\n")
  t.shell("rm damage")
  local result = runs(body, "Make Succeeded (its stored result is damaged), Sum Cached", { "use" })
  t.contains(result.err, "Make: ", "it is computed again")
  t.write("damage", "for f in state/objects/*/*; do chmod 600 $f; printf x >$f; done")
  result = t.script(script(body), { "use" })
  t.equal(result.status, 1)
  t.contains(result.err, "run it again: it is computed again")
  t.shell("rm damage")
  runs(body, "Make Succeeded (its stored result is damaged), Sum Cached", { "use" })
end)

t.test("models, evaluations and reports come back as they were", function()
  local body = t.with_examples .. script [[
    local claims = require("generate_claims").frames { rows = 400, seed = 3 }
    local data = claims:select { "num_witnesses", "num_injuries", "vehicle_claim", "fraud" }
    local model, training = run:step("Train", function()
      return wf.xgboost.train { data = data, label = "fraud", rounds = 2,
        params = { objective = "binary:logistic", max_depth = 2, seed = 1 } }
    end)
    local evaluation = run:step("Evaluate", function() return wf.metrics.evaluate(model, data) end)
    local why = run:step("Explain", function()
      return wf.check.explainability { model = model, data = data }
    end)
    print(model:digest(), training:table(), evaluation, evaluation.curve, why)
  ]]
  local first = t.succeeds(body)
  local second = t.succeeds(body)
  t.equal(first.out, second.out)
  t.equal(outcome(), "Train Cached, Evaluate Cached, Explain Cached")
end)

t.test("numbers that a step reports are reported by the cached step too", function()
  local body = [[ run:step("A", function() run:metric("auc", 0.75) run:summary { { "rows", 3 } } end) ]]
  runs(body, "A Succeeded (first run)")
  local result = runs(body, "A Cached")
  t.contains(result.err, "auc", "0.75", "rows")
  t.equal(last_run().outcome.metrics.auc, 0.75)
  t.equal(last_run().steps[1].outcome.metrics.auc, 0.75)
end)

t.test("actions are executed every time, and a step around one is not kept", function()
  local body = [[
    run:action("Do", function() end)
    run:step("Outer", function() run:action("Inner", function() end) end)
  ]]
  runs(body, "Do Succeeded, Outer Succeeded (first run), Inner Succeeded")
  local result = runs(body, "Do Succeeded, Outer Succeeded (first run), Inner Succeeded")
  t.contains(result.err, "not kept: it contains the action Inner")
end)

t.test("a failed step is executed again", function()
  local body = [[ run:step("A", function() error("no") end) ]]
  t.equal(t.script(script(body)).status, 1)
  t.equal(t.script(script(body)).status, 1)
  t.equal(outcome(), "A Failed (first run)")
end)

t.test("a step that changes what it captures is not kept", function()
  local body = [[ local n = 0 run:step("A", function() n = n + 1 end) print(n) ]]
  for _ = 1, 2 do
    local result = runs(body, "A Succeeded (first run)")
    t.equal(result.out, "1\n")
    t.contains(result.err, "not kept: it changes captured n")
  end
end)

t.test("a value that cannot be stored is returned but not kept", function()
  local result = runs([[ print(run:step("A", function() return { f = print, g = function() end } end).f == print) ]],
    "A Succeeded (first run)")
  t.equal(result.out, "true\n")
  t.contains(result.err, "not kept:", "g")
end)

t.test("a capture without content is an error that names step and variable", function()
  local result = t.script(script [[ local co = coroutine.create(print)
    run:step("A", function() return co end) ]])
  t.equal(result.status, 1)
  t.contains(result.err, "step 'A'", "'co' is a coroutine", "cache = false")
  t.succeeds(script [[ local co = coroutine.create(print)
    run:step({ name = "A", cache = false }, function() return type(co) end) ]])
  t.equal(outcome(), "A Succeeded (cache = false)")
end)

t.test("random numbers in a step come from its key and leave the script's alone", function()
  local body = [[
    local r = run:step("A", function() return math.random(), math.random(1 << 40) end)
    print(r, math.random())
  ]]
  local first = runs(body, "A Succeeded (first run)")
  t.equal(runs(body, "A Cached").out, first.out)
  t.equal(runs(body, "A Succeeded (refresh asked)", { "--refresh", "A" }).out, first.out)
end)

t.test("--refresh, --no-cache and ages", function()
  local body = [[
    run:step({ name = "A", cache = "30d" }, function() return 1 end)
    run:step({ name = "B", cache = 0 }, function() return 2 end)
  ]]
  runs(body, "A Succeeded (first run), B Succeeded (first run)")
  runs(body, "A Cached, B Succeeded (its result is too old)")
  runs(body, "A Succeeded (refresh asked), B Succeeded (its result is too old)", { "--refresh", "A" })
  runs(body, "A Succeeded (--no-cache), B Succeeded (--no-cache)", { "--no-cache" })
  t.contains(t.script(script [[ run:step({ name = "A", cache = "soon" }, print) ]]).err,
    "'soon' is not a duration")
  t.contains(t.script(script [[ run:step({ name = "A", cahe = 1 }, print) ]]).err,
    "did you mean 'cache'?")
end)

t.test("a damaged or missing object is reported and computed again", function()
  local body = [[ print(#run:step("A", function() return ("x"):rep(20000) .. "end" end)) ]]
  runs(body, "A Succeeded (first run)")
  local object = t.shell("find state/objects -type f").out:match("%S+")
  for _, harm in ipairs { "chmod 600 %s; printf damaged >%s", "rm -f %s %s" } do
    t.shell(harm:format(object, object))
    local result = runs(body, "A Succeeded (its stored result is damaged)")
    t.equal(result.out, "20003\n")
    t.contains(result.err, "computed again")
    runs(body, "A Cached")
  end
end)

t.test("an edited file is found though its size and time are the same", function()
  t.write("f", "one")
  local body = [[ run:step("A", function() return io.open("f"):read("a") end) ]]
  runs(body, "A Succeeded (first run)")
  t.shell("touch -d '2020-01-01' f")
  runs(body, "A Cached")
  t.shell("printf two >f; touch -d '2020-01-01' f") -- the time of change tells
  runs(body, "A Succeeded (file f changed)")
  runs(body, "A Cached", { "--verify" })
end)

t.test("nested steps: what the inner one reads counts for the outer one", function()
  t.write("f", "one")
  local body = [[
    run:step("Outer", function()
      return run:step("Inner", function() return io.open("f"):read("a") end)
    end)
  ]]
  runs(body, "Outer Succeeded (first run), Inner Succeeded (first run)")
  runs(body, "Outer Cached")
  t.write("f", "two")
  runs(body, "Outer Succeeded (file f changed), Inner Succeeded (file f changed)")
end)

t.test("several steps of one name are told apart by their place", function()
  local function body(third)
    return ([[ for i, x in ipairs { 1, 2, %d } do run:step("A", function() return x end) end ]]):format(third)
  end
  runs(body(3), "A Succeeded (first run), A Succeeded (first run), A Succeeded (first run)")
  runs(body(4), "A Cached, A Cached, A Succeeded (captured x 3 → 4)")
end)

t.test("the log of a cached step is that of its execution", function()
  local body = [[ run:step("A", function() print("said") end) ]]
  runs(body, "A Succeeded (first run)")
  t.equal(runs(body, "A Cached").out, "")
  t.equal(t.wf({ "log", "last", "A" }).out, "said\n")
end)

t.test("the training library is not loaded to see that it is the same", function()
  t.write("train.lua", [[
local wf = require "wf"
local run <close> = wf.run { name = "Train" }
run:step("T", function()
  local data = wf.frame.new { names = { "x", "y" }, columns = { { 1.0, 2.0, 3.0, 4.0 }, { 0, 0, 1, 1 } } }
  return wf.xgboost.train { data = data, label = "y", rounds = 1, params = { objective = "binary:logistic" } }
end)
print(require("wf.core.sys").read_file("/proc/self/maps"):find("libxgboost", 1, true) and "loaded" or "not loaded")
]])
  t.equal(t.wf({ "train.lua" }).out, "loaded\n")
  local again = t.wf { "train.lua" }
  t.equal(again.out, "not loaded\n")
  t.contains(again.err, "Cached")
  -- Told to look, or when the loader would look elsewhere, it is asked.
  t.equal(t.wf({ "train.lua", "--verify" }).out, "loaded\n")
  local elsewhere = t.shell(("LD_LIBRARY_PATH=/nowhere '%s' train.lua"):format(require("wf.core.sys").executable()))
  t.equal(elsewhere.out, "loaded\n")
  t.contains(elsewhere.err, "Cached")
end)

t.finish()
