-- The reference lists what there is: docs/api/lua.md and the page of a module against the tables that
-- scripts see. A name counts as listed when it stands in code (`…` or a block).
local t = require "harness"
local wf = require "wf"

local modules = getmetatable(wf).__names
for _, name in ipairs(modules) do t.ok(wf[name], name) end -- loads them all

local function is_page(name)
  return require("wf.core.sys").exists(("%s/docs/api/%s.md"):format(t.root, name))
end

-- The code of a page: { {text, line}, … }. A span may go on in the next line of its paragraph.
local function code_of(name)
  local spans, fence, number, paragraph, first = {}, nil, 0, "", 1
  local function finish()
    for span in paragraph:gmatch "`([^`]+)`" do spans[#spans + 1] = { text = span, line = first } end
    paragraph = ""
  end
  for line in io.lines(("%s/docs/api/%s.md"):format(t.root, name)) do
    number = number + 1
    if fence == "lua" and not line:find "^```" then
      spans[#spans + 1] = { text = line:gsub("%-%-.*", ""), line = number }
    elseif line:find "^```" then
      finish()
      fence = not fence and (line:match "^```(%a*)" == "lua" and "lua" or "other") or nil
    elseif not fence then
      if line == "" or line:find "^|" then finish() end
      if paragraph == "" then first = number end
      paragraph = paragraph .. line .. "\n"
    end
  end
  finish()
  return spans
end

local reference = code_of "lua"

local function text_of(spans)
  local texts = {}
  for i, span in ipairs(spans) do texts[i] = span.text end
  return " " .. table.concat(texts, "\n") .. " "
end

local function is_listed(word, module)
  local pattern = "%f[%w_]" .. word .. "%f[^%w_]"
  return text_of(reference):find(pattern) ~= nil
    or module and is_page(module) and text_of(code_of(module)):find(pattern) ~= nil
end

-- What the parts of wf.run call of each other.
local internal = { Run = { add_fact = true, add_metric = true, check_open = true, conclude = true,
  end_with = true } }

-- Methods of one of C's classes; those of frames and columns are found beside the columns' names.
local function c_methods(class)
  local index = rawget(class, "__index")
  if type(index) ~= "function" then return index end
  local _, methods = debug.getupvalue(index, 1)
  return methods
end

-- { {module, class, methods}, … } of all objects that scripts are given.
local function classes()
  local list = {}
  for _, name in ipairs { "frame", "column", "matrix", "recipe", "model" } do
    local class = debug.getregistry()["wf." .. name]
    list[#list + 1] = { module = name, class = name, methods = c_methods(class) }
  end
  for name, module in pairs(package.loaded) do
    if name:find "^wf%.%a+$" and type(module) == "table" and rawget(module, "classes") then
      for class, meta in pairs(module.classes) do
        if type(meta.__index) == "table" then
          list[#list + 1] = { module = name:sub(4), class = class, methods = meta.__index }
        end
      end
    end
  end
  return list
end

local function sorted(set)
  return table.concat(require("wf.options").sorted_keys(set), " ")
end

t.test("every function of a module is listed", function()
  local absent = {}
  for _, name in ipairs(modules) do
    for key, value in pairs(type(wf[name]) == "table" and wf[name] or {}) do
      if type(value) ~= "table" and not is_listed(key, name) then absent[name .. "." .. key] = true end
    end
  end
  t.equal(sorted(absent), "")
end)

t.test("every method of an object is listed", function()
  local absent, n = {}, 0
  for _, entry in ipairs(classes()) do
    for key in pairs(entry.methods) do
      local hidden = key:find "^__" or internal[entry.class] and internal[entry.class][key]
      if not hidden and not is_listed(key, entry.module) then
        absent[entry.module .. " " .. entry.class .. ":" .. key] = true
      end
      n = n + 1
    end
  end
  t.ok(n > 200, "the classes were not found")
  t.equal(sorted(absent), "")
end)

-- All that may follow a colon or stand before a bracket in the reference.
local function callable()
  local names = { func = true, fn = true, ["function"] = true, require = true, print = true, pcall = true,
    tostring = true, assert = true, lines = true, finish = true }
  for _, entry in ipairs(classes()) do
    for key in pairs(entry.methods) do names[key] = true end
  end
  for _, name in ipairs(modules) do
    names[name] = true
    for key in pairs(type(wf[name]) == "table" and wf[name] or {}) do names[key] = true end
  end
  names.await, names.read, names.file, names.error = true, true, true, true -- of handles, files, wf
  names.get, names.table, names.agg = true, true, true                     -- of evaluations, groups
  return names
end

local endings = { json = true, tar = true, csv = true, md = true, svg = true, txt = true }

t.test("what is listed exists", function()
  local wrong, names, n = {}, callable(), 0
  for _, span in ipairs(reference) do
    local text = span.text:gsub('"[^"]*"', '""')
    for module, key in text:gmatch "%f[%w_.]([%a_]+)%.([%a_][%w_]*)" do
      local found = type(rawget(wf, module)) == "table" and rawget(wf, module)
      if found and not endings[key] then
        n = n + 1
        if rawget(found, key) == nil then wrong[("line %d: %s.%s"):format(span.line, module, key)] = true end
      end
    end
    for method in text:gmatch "[%w_%])]:([%l_]+)" do
      n = n + 1
      if not names[method] then wrong[("line %d: :%s"):format(span.line, method)] = true end
    end
    for word in text:gmatch "%f[%w_]([%a_][%w_]*)%(" do
      n = n + 1
      if not names[word] then wrong[("line %d: %s()"):format(span.line, word)] = true end
    end
  end
  t.ok(n > 250, "the reference was not read")
  t.equal(sorted(wrong), "")
end)

-- ---- options ------------------------------------------------------------------------------------

-- A call is made with every beginning of arguments until it gets to its options and refuses one: the
-- message then lists those that it knows. What takes none would do its work.
local odd = { zzzzzzzzzz = 1 }
local without_options = { ["arrow.write"] = true, ["wf.model:write"] = true }
for _, name in ipairs { "get", "list", "delete", "server", "stop_server" } do
  without_options["endpoint." .. name], without_options["registry." .. name] = true, true
end

local function beginnings()
  local data = require("generate_claims").frames { rows = 200, seed = 3 }
    :select { "num_witnesses", "num_injuries", "vehicle_claim", "fraud" }
  local model, training = wf.xgboost.train { data = data, label = "fraud", rounds = 2,
    params = { objective = "binary:logistic", max_depth = 2, seed = 1 } }
  local explained, text = wf.shap.explain(model, data), "num_injuries"
  local absent = t.directory() .. "/absent/path"
  return { data, data.fraud, model, explained, wf.plot.importance(explained), wf.recipe.new() }, { {},
    { data }, { model, data }, { model, data, text }, { data, absent }, { absent }, { explained },
    { wf.metrics.evaluate(model, data) }, { training }, { "a,b\n1,2\n" }, { data.fraud, data.vehicle_claim },
    { 3 }, { text }, { { text } }, { text, 3, "mean" }, { text, 3 }, { { 1, 2 } }, { "x", text } }
end

-- The names of a function's options, or nil.
local function options_of(f, object, starts)
  for _, start in ipairs(starts) do
    local arguments = table.move(start, 1, #start, 1, {})
    if object then table.insert(arguments, 1, object) end
    arguments[#arguments + 1] = odd
    local ok, e = pcall(f, table.unpack(arguments))
    local known = not ok and tostring(e):match "unknown option 'zzzzzzzzzz'; known are (.*)"
    if known then return known:gmatch "[%w_]+" end
  end
end

t.test("every option is listed", function()
  local objects, starts = beginnings()
  local absent, n = {}, 0
  local function look(where, f, object, module)
    if type(f) ~= "function" or without_options[where] then return end
    for option in options_of(f, object, starts) or function() end do
      n = n + 1
      if not is_listed(option, module) then absent[where .. " " .. option] = true end
    end
  end
  for _, name in ipairs(modules) do
    if type(wf[name]) ~= "table" then look(name, wf[name], nil, name) end
    -- The options of clarify.run are SageMaker's configuration; json.array marks what it is given.
    for key, f in pairs(type(wf[name]) == "table" and name ~= "clarify" and name ~= "json" and wf[name] or {}) do
      look(name .. "." .. key, f, nil, name)
    end
  end
  for _, object in ipairs(objects) do
    local class = getmetatable(object)
    local module = class.__name:match "^wf%.(%a+)"
    for key, f in pairs(c_methods(class)) do
      if key ~= "close" then look(class.__name .. ":" .. key, f, object, module) end
    end
  end
  t.ok(n > 300, ("%d options were found"):format(n))
  t.equal(sorted(absent), "")
end)

t.finish()
