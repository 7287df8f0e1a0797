-- wf.stream, and training on data that comes in parts.
local t = require "harness"
local wf = require "wf"
local sys = require "wf.core.sys"

local function write(name, text)
  local path = t.directory() .. "/" .. name
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
  return path
end

-- A table of few distinct numbers, so that training in parts has nothing to approximate.
local function make(rows, seed)
  local state = seed
  local function next_number(n)
    state = (state * 1103515245 + 12345) % 2147483648
    return state // 65536 % n
  end
  local a, b, zone, label = {}, {}, {}, {}
  for i = 1, rows do
    a[i], b[i], zone[i] = next_number(50), next_number(80) / 4, "z" .. next_number(4)
    if next_number(20) == 0 then b[i] = wf.frame.missing end
    label[i] = (a[i] + next_number(30) > 40 or zone[i] == "z2") and 1 or 0
  end
  return wf.frame.new { { "a", a }, { "b", b }, { "zone", zone }, { "label", label } }
end

local function save_parts(whole)
  local n = #whole
  local files = { t.directory() .. "/1.csv", t.directory() .. "/2.arrow", t.directory() .. "/3.jsonl",
    t.directory() .. "/4.csv.gz" }
  wf.csv.write(whole:slice(1, n // 4), files[1])
  wf.arrow.write(whole:slice(n // 4 + 1, n // 2), files[2])
  wf.jsonl.write(whole:slice(n // 2 + 1, n // 4 * 3), files[3])
  wf.csv.write(whole:slice(n // 4 * 3 + 1, n), files[4])
  return files
end

-- ---- streams --------------------------------------------------------------------------------------

t.test("files of every kind, in pieces", function()
  local whole = make(4000, 7)
  local files = save_parts(whole)
  files.megabytes, files.rows = 0.005, 300
  local stream = wf.stream(files)
  local count, rows = 0, 0
  for part in stream:parts() do count, rows = count + 1, rows + #part end
  t.equal(rows, 4000)
  t.ok(count > 10, count)
  t.equal(stream:frame():cast { zone = "category" }:digest(), whole:cast { zone = "category" }:digest())
  t.equal(#stream:head(1234), 1234)
  t.equal(stream:head(1234).a[1234], whole.a[1234])
  t.equal(table.concat(stream:select { "label", "a" }:head(3):columns(), " "), "label a")
  t.equal(tostring(stream), "stream of 4 files")
end)

t.test("pieces of CSV end with records, not with lines", function()
  local lines = { "id,text" }
  for i = 1, 3000 do lines[#lines + 1] = i .. ',"line one, ""quoted""\nline two of ' .. i .. '\n"' end
  local path = write("quoted.csv", table.concat(lines, "\n"))
  local whole = wf.csv.read(path, { types = { text = "string" } })
  local stream = wf.stream { path, megabytes = 0.003, types = { text = "string" } }
  t.equal(#whole, 3000)
  t.equal(stream:frame():digest(), whole:digest())
end)

t.test("pieces are read by all of csv's options that keep to a record", function()
  local lines = {}
  for i = 1, 4000 do lines[i] = ("%d;%d,5;00%d"):format(i, i, i % 5) end
  local path = write("other.csv", table.concat(lines, "\n"))
  local s = wf.stream { path, names = { "id", "x", "zip" }, delimiter = ";", decimal = ",", quote = "",
    megabytes = 0.01, like = wf.csv.parse("zip\nA\n") }
  local whole, parts = s:frame(), 0
  for part in s:parts() do parts = parts + #part > 0 and parts + 1 or parts end
  t.ok(parts > 3)
  t.equal({ #whole, whole.id:sum(), whole.x:sum(), whole.zip[4000] }, { 4000, 8002000, 8004000.0, "000" })
end)

t.test("errors of a piece name the line of the file", function()
  local lines = { "a,b" }
  for i = 1, 2000 do lines[#lines + 1] = i .. "," .. (i == 1500 and "x" or i) end
  local path = write("bad.csv", table.concat(lines, "\n"))
  local stream = wf.stream { path, megabytes = 0.002, types = { b = "i64" } }
  local e = t.raises("type", { path .. ":1501:", "'x'" }, stream.frame, stream)
  t.equal(e.line, 1501)
  path = write("bad.jsonl", ('{"a":1}\n'):rep(700) .. "{]\n")
  stream = wf.stream { path, megabytes = 0.002 }
  e = t.raises("parse", path .. ":701:", stream.frame, stream)
  t.equal(e.line, 701)
end)

t.test("what a stream refuses", function()
  t.raises("invalid", "no files", wf.stream, {})
  t.raises("invalid", "did you mean 'types'", wf.stream, { "a.csv", type = {} })
  t.raises("type", "argument 1", wf.stream, { 7 })
  local missing = wf.stream { t.directory() .. "/none.csv" }
  t.raises("not_found", "none.csv", missing.frame, missing)
end)

-- ---- training -------------------------------------------------------------------------------------

local params = { objective = "binary:logistic", tree_method = "hist", eval_metric = "auc", max_depth = 4 }

t.test("a model of parts is the model of the whole", function()
  local whole, other = make(6000, 3), make(800, 5)
  local recipe = wf.recipe.new():one_hot("zone"):fit(whole, { exclude = { "label" } })
  local function train(data, more)
    local o = { data = data, label = "label", recipe = recipe, params = params, rounds = 6,
      evals = { validation = other } }
    for key, value in pairs(more or {}) do o[key] = value end
    return wf.xgboost.train(o)
  end
  local expected, history = train(whole)
  local files = save_parts(whole)
  local in_parts, training = train(files)
  t.equal(tostring(in_parts:predict(other)), tostring(expected:predict(other)))
  t.equal(wf.json.encode(training.history), wf.json.encode(history.history))
  t.equal(in_parts:provenance().training.data.rows, 6000)
  files.megabytes, files.rows = 0.01, 500
  local again = train(wf.stream(files), { cache = t.directory() .. "/pages" })
  t.equal(tostring(again:predict(other)), tostring(expected:predict(other)))
end)

t.test("training in parts says what it needs", function()
  local files = save_parts(make(400, 1))
  local function train(more)
    local o = { data = files, label = "label", params = params }
    for key, value in pairs(more) do o[key] = value end
    return wf.xgboost.train(o)
  end
  t.raises("invalid", { "must be fitted", "stream:head" }, train, { recipe = wf.recipe.new():one_hot "zone" })
  t.raises("type", { "'zone'", "text" }, train, {})
  t.raises("unsupported", "data in parts", wf.xgboost.cv, { data = wf.stream(files), label = "label" })
  t.raises("unsupported", "stream:frame()", wf.xgboost.cv, { data = files, label = "label" })
  local numbers = wf.recipe.new():fit(make(50, 2):select { "a", "b" })
  t.raises("unsupported", "tree_method", train, { recipe = numbers, params = { tree_method = "exact" } })
  t.raises("invalid", "weight", train, { recipe = numbers, weight = make(400, 1).a })
  local other = write("other.csv", "a,label\n1,0\n2,1\n")
  t.raises("not_found", "'b'", train, { recipe = numbers, data = { files[1], other } })
end)

-- A process that may have three quarters of the memory that the table takes.
t.test("training within less memory than the data", function()
  local folder = t.directory()
  local script = write("train.lua", [[
    local wf = require "wf"
    local model = wf.xgboost.train { data = assert(load("return " .. arg[1]))(), label = "label",
      params = { objective = "reg:squarederror", tree_method = "hist", max_depth = 3 }, rounds = 2, threads = 1 }
    print("features " .. #model:features())
  ]])
  local columns, names, files = {}, {}, {}
  for j = 1, 64 do
    local values = {}
    for i = 1, 50000 do values[i] = (i * (j + 13)) % 97 + 0.5 end
    names[j], columns[j] = j == 64 and "label" or "c" .. j, values
  end
  local part = wf.frame.new { names = names, columns = columns }
  for i = 1, 24 do files[i] = folder .. "/" .. i .. ".arrow" end
  wf.arrow.write(part, files[1])
  for i = 2, 24 do assert(os.execute(("ln '%s' '%s'"):format(files[1], files[i]))) end
  local kilobytes = 24 * 50000 * 64 * 8 // 1024 // 4 * 3
  local list = '{"' .. table.concat(files, '","') .. '"}'
  local function run(data)
    local pipe = io.popen(("ulimit -v %d; OMP_NUM_THREADS=1 '%s' '%s' '%s' 2>&1"):format(kilobytes,
      sys.executable(), script, data))
    local text = pipe:read "a"
    return pipe:close(), text
  end
  if not os.execute(("ulimit -v %d; '%s' --version >/dev/null 2>&1"):format(kilobytes, sys.executable())) then
    t.skip "this build does not start within so little memory"
  end
  local ok, text = run(list)
  t.ok(ok and text:find("features 63", 1, true), text)
  ok, text = run(("wf.stream(%s):frame()"):format(list):gsub("wf%.", 'require("wf").', 1))
  t.ok(not ok, "the whole fits after all: " .. text)
end)

t.finish()
