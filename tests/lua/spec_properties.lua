-- Generated pipelines, changed in one way after the other: exactly those steps are executed whose
-- content, reads or inputs are new. An oracle knows the value of every step and what it depends on;
-- wf sees only the text. `wf spec_properties.lua "" 12` runs the pipeline of seed 12 alone.
local t = require "harness"

local seeds, variants = 16, 10

-- ---- chance -------------------------------------------------------------------------------------

local function generator(seed)
  local state = seed * 2654435761 % 4294967296
  return function(n)
    state = (state * 1664525 + 1013904223) % 4294967296
    return state // 65536 % n + 1
  end
end

local function shuffled(list, random)
  local out = table.move(list, 1, #list, 1, {})
  for i = #out, 2, -1 do
    local k = random(i)
    out[i], out[k] = out[k], out[i]
  end
  return out
end

-- ---- pipelines ----------------------------------------------------------------------------------

-- What a step may use; each has a number of its own.
local features = { "config", "helper", "inner", "module", "submodule", "required", "data", "env", "param" }

-- Some need others: an inner helper is called by the helper, a submodule by the module.
local needs = { inner = "helper", submodule = "module" }

local function new_step(random, i)
  local step = { constant = random(50), cut = random(4) == 1 and 1000000 or 1, inputs = {}, uses = {} }
  for _, feature in ipairs(features) do
    if random(3) == 1 then step.uses[feature] = random(50) end
  end
  for feature, other in pairs(needs) do
    if step.uses[feature] and not step.uses[other] then step.uses[feature] = nil end
  end
  for j = 1, i - 1 do
    if random(3) == 1 then step.inputs[#step.inputs + 1] = j end
  end
  return step
end

local function new_pipeline(random)
  local steps = {}
  for i = 1, 3 + random(4) do steps[i] = new_step(random, i) end
  return steps
end

local function copy_of(steps)
  local out = {}
  for i, step in ipairs(steps) do
    local uses = {}
    for name, value in pairs(step.uses) do uses[name] = value end
    out[i] = { constant = step.constant, cut = step.cut, inputs = step.inputs, uses = uses }
  end
  return out
end

-- ---- the oracle ---------------------------------------------------------------------------------

-- The values of all steps, and for each a text of everything that it depends on.
local function predict(steps)
  local values, contents = {}, {}
  for i, step in ipairs(steps) do
    local sum, content = step.constant, { step.constant, "/", step.cut }
    for _, name in ipairs(features) do
      local value = step.uses[name]
      if value then
        sum = sum + value
        -- Files and variables of a step have names of its own; those are part of it.
        local own = name == "required" or name == "data" or name == "env" or name == "param"
        content[#content + 1] = (" %s%s %d"):format(name, own and i or "", value)
      end
    end
    for _, j in ipairs(step.inputs) do
      sum = sum + values[j]
      content[#content + 1] = " input " .. values[j]
    end
    values[i], contents[i] = sum // step.cut, table.concat(content)
  end
  return values, contents
end

-- ---- the text -----------------------------------------------------------------------------------

local function name_maker(random)
  local n = 0
  return function()
    n = n + 1
    return ("%s%d_%d"):format(({ "a", "value", "thing", "x" })[random(4)], random(99), n)
  end
end

-- A table constructor whose content is the number, in any order.
local function config_text(value, random)
  local entries = shuffled({ "a = 1", 'b = "two"', "list = { 1, 2, 3 }",
    "deep = { " .. table.concat(shuffled({ "n = " .. value, "m = { true }" }, random), ", ") .. " }" }, random)
  return "{ " .. table.concat(entries, ", ") .. " }"
end

local function noise(random, lines)
  local kinds = { "-- a comment " .. random(1000), "", "", "-- another\n--[[ and a long\none ]]",
    ("local function unused%d() return %d end"):format(random(1000), random(1000)) }
  for _ = 1, random(4) - 1 do lines[#lines + 1] = kinds[random(#kinds)] end
end

local function write_modules(i, step)
  local uses = step.uses
  if uses.submodule then t.write("sub" .. i .. ".lua", ("return { n = %d }"):format(uses.submodule)) end
  if uses.module then
    t.write("module" .. i .. ".lua", ("local sub = %s\nreturn { f = function() return %d + sub.n end }"):format(
      uses.submodule and ("require 'sub%d'"):format(i) or "{ n = 0 }", uses.module))
  end
  if uses.required then t.write("required" .. i .. ".lua", ("return %d"):format(uses.required)) end
  if uses.data then t.write("data" .. i, tostring(uses.data)) end
end

-- What a step captures, in any order; the name of each thing and the lines that make it.
local function captures_of(i, step, random, name)
  local names, blocks, uses = {}, {}, step.uses
  local function add(what, text)
    names[what] = name()
    blocks[#blocks + 1] = text:gsub("NAME", names[what])
  end
  if uses.config then add("config", "local NAME = " .. config_text(uses.config, random)) end
  if uses.helper then
    local inner = uses.inner and name()
    add("helper", (inner and ("local function %s() return %d end\n"):format(inner, uses.inner) or "")
      .. ("local function NAME() return %d%s end"):format(uses.helper, inner and " + " .. inner .. "()" or ""))
  end
  if uses.module then add("module", ("local NAME = require 'module%d'"):format(i)) end
  return names, shuffled(blocks, random)
end

local function step_text(i, step, random, name, results)
  local names, lines = captures_of(i, step, random, name)
  noise(random, lines)
  local sum, uses = name(), step.uses
  results[i] = name()
  local body = { ("local %s = %d"):format(sum, step.constant) }
  local function add(text) body[#body + 1] = ("%s = %s + %s"):format(sum, sum, text) end
  if uses.config then add(names.config .. ".deep.n") end
  if uses.helper then add(names.helper .. "()") end
  if uses.module then add(names.module .. ".f()") end
  if uses.required then add(("require 'required%d'"):format(i)) end
  if uses.data then add(("read 'data%d'"):format(i)) end
  if uses.env then add(("tonumber(os.getenv 'WF_P%d')"):format(i)) end
  if uses.param then add(("run.params.p%d"):format(i)) end
  for _, j in ipairs(step.inputs) do add(results[j]) end
  body[#body + 1] = ("return %s // %d"):format(sum, step.cut)
  noise(random, lines)
  lines[#lines + 1] = ("local %s = run:step('S%d', function()"):format(results[i], i)
  for _, line in ipairs(body) do
    if random(4) == 1 then lines[#lines + 1] = random(2) == 1 and "" or "  -- why not" end
    lines[#lines + 1] = ("  "):rep(random(3)) .. line
  end
  lines[#lines + 1] = "end)"
  return table.concat(lines, "\n")
end

-- The script of the pipeline in a style that the generator picks, and its environment.
local function render(steps, random)
  local name, results = name_maker(random), {}
  local params, environment, parts = {}, {}, {}
  for i, step in ipairs(steps) do
    write_modules(i, step)
    if step.uses.param then
      params[#params + 1] = ("p%d = wf.param.integer { default = %d }"):format(i, step.uses.param)
    end
    if step.uses.env then environment[#environment + 1] = ("WF_P%d=%d"):format(i, step.uses.env) end
    parts[i] = step_text(i, step, random, name, results)
  end
  local head = ([[
local wf = require "wf"
local run <close> = wf.run { name = "Properties", durability = "process", params = { %s } }
local function read(path)
  local file <close> = io.open(path)
  return tonumber(file:read("a"))
end
]]):format(table.concat(shuffled(params, random), ", "))
  return head .. table.concat(parts, "\n") .. "\nprint(" .. table.concat(results, ", ") .. ")",
    table.concat(environment, " ")
end

-- ---- changes ------------------------------------------------------------------------------------

-- Changes one thing of one step; what it was, in words.
local function change(steps, random)
  local i = random(#steps)
  local step, names = steps[i], { "constant", "cut" }
  for _, feature in ipairs(features) do
    if step.uses[feature] then names[#names + 1] = feature end
  end
  local what = names[random(#names)]
  if what == "cut" then
    step.cut = step.cut == 1 and 1000000 or 1
  elseif what == "constant" then
    step.constant = step.constant + random(3)
  else
    step.uses[what] = step.uses[what] + random(3)
  end
  return ("%s of S%d"):format(what, i)
end

-- Runs the pipeline and compares with what is known.
local function check(steps, random, seen, what)
  local text, environment = render(steps, random)
  t.write("script.lua", text)
  local result = t.wf({ "script.lua", "--json" }, { env = environment })
  t.equal(result.status, 0, result.err .. "\n" .. text)
  local run = require("wf.json").decode(result.out).runs[1]
  local values, contents = predict(steps)
  for i, step in ipairs(run.steps) do
    local expected = seen[contents[i]] and "Cached" or "Succeeded"
    if step.state ~= expected or step.outcome.value ~= values[i] then
      error(("after %s: S%d is %s (%s) with %s, expected %s with %d\n%s"):format(what, i, step.state,
        step.why or "", tostring(step.outcome.value), expected, values[i], text), 0)
    end
    seen[contents[i]] = true
  end
  t.equal(#run.steps, #steps)
  return #steps
end

local only = tonumber(arg[2])
local cases = 0

for seed = only or 1, only or seeds do
  t.test("exactly the steps that are affected are executed again, pipeline " .. seed, function()
    local random, seen = generator(seed), {}
    local base = new_pipeline(random)
    cases = cases + check(base, random, seen, "nothing")
    local steps = base
    for i = 1, variants do
      local what = "a change of style"
      if i % 5 == 0 then
        steps, what = base, "going back"
      elseif i % 5 ~= 1 then
        steps = copy_of(steps)
        what = change(steps, random)
      end
      cases = cases + check(steps, random, seen, what)
    end
  end)
end

t.test("another version of the training library reruns what trains, and what gets another model", function()
  local function script(version)
    return ([[
      local wf = require "wf"
      local core = require "wf.core.xgboost"
      local real = core.version
      core.version = function() return %s or real() end
      local run <close> = wf.run { name = "Library" }
      local data = run:step("Data", function()
        return wf.frame.new { names = { "x", "y" }, columns = { { 1, 2, 3, 4 }, { 0, 0, 1, 1 } } }
      end)
      local model = run:step("Train", function()
        return wf.xgboost.train { data = data, label = "y", rounds = 1,
          params = { objective = "binary:logistic", max_depth = 1 } }
      end)
      run:step("Use", function() return model:predict(data):sum() end)
    ]]):format(version)
  end
  -- The version is asked for when the library's file is another one; --verify asks always.
  local function states(version)
    t.succeeds(script(version), { "--verify" })
    local list = {}
    for i, step in ipairs(t.json({ "show", "last", "--json" }).steps) do list[i] = step.state end
    return table.concat(list, " ")
  end
  t.equal(states("nil"), "Succeeded Succeeded Succeeded")
  t.equal(states("nil"), "Cached Cached Cached")
  t.contains(states("'9.9'"), "Cached Succeeded ")
  t.contains(t.json({ "explain", "last", "--json" })[2].why, "library xgboost")
  t.equal(states("nil"), "Cached Cached Cached")
end)

print(("%d steps compared with the oracle"):format(cases))
t.finish()
