-- wf.frame, wf.csv and columns: the binding of every verb.
local t = require "harness"
local wf = require "wf"
local frame, csv = wf.frame, wf.csv

local text = [[
id,city,age,paid,active
1,Rome,31,10.5,true
2,Oslo,,20,false
3,Rome,45,,true
4,Bern,28,7.25,
5,Oslo,31,3,false
]]

local function people() return (csv.parse(text)) end

local function list(column) return column:to_table(frame.missing) end

t.test("new takes pairs, or names and columns", function()
  local f = frame.new { { "a", { 1, 2 } }, { "b", { "x", frame.missing } } }
  t.equal(f:columns(), { "a", "b" })
  t.equal(f.a.type, "i64")
  t.equal(f.b[2], nil)
  t.equal(f:to_table().columns[1], { 1, 2 })
  t.equal(frame.new(f:to_table()):digest(), f:digest())
  t.equal(frame.new({ { "a", { 1, 2.5 } } }).a.type, "f64")
  t.equal(frame.new({ { "a", { true, frame.missing } } }).a.type, "bool")
  t.equal(frame.new({ { "a", { n = 3 } } }).a:missing_count(), 3)
  t.equal(#frame.new {}, 0)
  t.equal(frame.new({ { "again", f.a } }).again[2], 2)
end)

t.test("new refuses what no column can hold", function()
  t.raises("type", { "column 'a'", "item 2 is a string" }, frame.new, { { "a", { 1, "x" } } })
  t.raises("type", { "column 'a'", "item 1 is a table" }, frame.new, { { "a", { {} } } })
  t.raises("type", { "column 'a'", "key x" }, frame.new, { { "a", { x = 1 } } })
  t.raises("invalid", { "'b'", "2", "1" }, frame.new, { { "a", { 1 } }, { "b", { 1, 2 } } })
  t.raises("type", "item 1 must be", frame.new, { "a" })
  t.raises("invalid", "2 names for 1 columns", frame.new, { names = { "a", "b" }, columns = { {} } })
  t.raises("invalid", "did you mean 'names'", frame.new, { name = {}, columns = {} })
end)

t.test("columns by name, rows by number", function()
  local f = people()
  t.equal(#f, 5)
  t.equal(f.city[1], "Rome")
  t.equal(f.age[2], nil)
  t.equal(f.age[6], nil)
  t.equal(f:row(3), { id = 3, city = "Rome", age = 45, active = true })
  local seen = {}
  for row, i in f:rows() do seen[i] = row.id end
  t.equal(seen, { 1, 2, 3, 4, 5 })
  t.ok(f:has "city" and not f:has "cty")
  t.raises("not_found", { "cty", "did you mean 'city'" }, function() return f.cty end)
  t.raises("invalid", "there is no row 6", f.row, f, 6)
  t.raises("not_found", "no method 'meen'", function() return f.age:meen() end)
end)

t.test("picking columns and rows", function()
  local f = people()
  t.equal(f:select({ "age", "id" }):columns(), { "age", "id" })
  t.equal(f:select("age", "id"):columns(), { "age", "id" })
  t.equal(f:drop("city", "paid"):columns(), { "id", "age", "active" })
  t.equal(f:rename({ city = "town" }):columns()[2], "town")
  t.equal(list(f:head(2).id), { 1, 2 })
  t.equal(list(f:tail(2).id), { 4, 5 })
  t.equal(list(f:slice(2, 3).id), { 2, 3 })
  t.equal(#f:slice(4), 2)
  t.equal(#f:slice(9, 10), 0)
  t.equal(list(f:filter(f.age:gt(30) & f.active).id), { 1, 3 })
  t.equal(list(f:filter(f.city:eq("Oslo") | ~f.active).id), { 2, 5 })
  t.equal(list(f:filter(f.age:is_missing()).id), { 2 })
end)

t.test("with adds a column, a list or a constant", function()
  local f = people():head(2)
  t.equal(list(f:with("x", { 7, 8 }).x), { 7, 8 })
  t.equal(list(f:with("x", "same").x), { "same", "same" })
  t.equal(f:with("x", frame.missing).x:missing_count(), 2)
  t.equal(f:with("age", f.age * 2).age[1], 62)
  t.equal(f:with("age", 1):columns(), f:columns())
  t.raises("invalid", "x", f.with, f, "x", { 1, 2, 3 })
end)

t.test("arithmetic and comparison", function()
  local c = frame.new({ { "a", { 1, 2, frame.missing } } }).a
  t.equal(list(c + 1), { 2, 3, frame.missing })
  t.equal(list(10 - c), { 9, 8, frame.missing })
  t.equal(list(c * c), { 1, 4, frame.missing })
  t.equal(list(c / 2), { 0.5, 1.0, frame.missing })
  t.equal(list(-c), { -1, -2, frame.missing })
  t.equal(list(c:ge(2)), { false, true, frame.missing })
  t.equal(list(c:ne(c)), { false, false, frame.missing })
  t.equal(tostring(c), "i64[3] { 1, 2, missing }")
end)

t.test("summaries", function()
  local f = people()
  t.equal(f.age:sum(), 135)
  t.equal(f.age:mean(), 33.75)
  t.equal(f.age:min(), 28)
  t.equal(f.age:max(), 45)
  t.equal(f.age:median(), 31.0)
  t.near(f.age:std(), 7.632, 1e-3)
  t.equal(f.age:quantile(0), 28.0)
  t.equal(f.age:missing_count(), 1)
  t.equal(list(f:value_counts("city").count), { 2, 2, 1 })
  t.equal(list(f:unique("city")), { "Rome", "Oslo", "Bern" })
  t.equal(#f:describe(), 5)
  local big = frame.new({ { "a", { math.maxinteger, math.maxinteger - 1 } } }).a
  t.equal(big:max(), math.maxinteger)
  t.equal(big:min(), math.maxinteger - 1)
  local none = frame.new({ { "a", { n = 2 } } }).a
  t.equal(none:mean(), nil)
  t.equal(none:sum(), 0.0)
  t.raises("type", "mean", f.city.mean, f.city)
end)

t.test("sort, join, concat, group", function()
  local f = people()
  t.equal(list(f:sort("age").id), { 4, 1, 5, 3, 2 })
  t.equal(list(f:sort({ "city", "id" }, { descending = { false, true } }).id), { 4, 5, 2, 3, 1 })
  local towns = frame.new { { "city", { "Rome", "Oslo" } }, { "country", { "IT", "NO" } } }
  t.equal(#f:join(towns, { on = "city" }), 4)
  t.equal(f:join(towns, { on = { "city" }, how = "left" }).country[4], nil)
  t.equal(#f:concat(f, f), 15)
  local g = f:group_by("city"):agg { { "n", "count" }, { "mean_age", "age", "mean" } }
  t.equal(g:columns(), { "city", "n", "mean_age" })
  t.equal(list(g.n), { 2, 2, 1 })
  t.equal(list(g.mean_age), { 38.0, 31.0, 28.0 })
  t.equal(f:group_by("city"):agg({ b = "count", a = { "age", "max" } }):columns(), { "city", "a", "b" })
  t.raises("invalid", "'outward'", f.join, f, towns, { on = "city", how = "outward" })
  t.raises("invalid", "'on' is missing", f.join, f, towns)
  t.raises("invalid", "did you mean 'mean'", function() f:group_by("city"):agg { x = { "age", "men" } } end)
  t.raises("invalid", "needs a column", function() f:group_by("city"):agg { x = "mean" } end)
end)

t.test("split, folds, sample and shuffle keep to their seed", function()
  local ids = {}
  for i = 1, 100 do ids[i] = i end
  local f = frame.new { { "id", ids }, { "g", frame.new({ { "x", ids } }).x:gt(80) } }
  local parts = f:split { train = 0.8, test = 0.2, seed = 7 }
  t.equal(#parts.train, 80)
  t.equal(parts.test:digest(), f:split({ { "train", 0.8 }, { "test", 0.2 }, seed = 7 }).test:digest())
  t.ok(parts.test:digest() ~= f:split({ train = 0.8, test = 0.2, seed = 8 }).test:digest())
  t.equal(list(f:split({ { "a", 0.02 }, { "b", 0.98 }, shuffle = false }).a.id), { 1, 2 })
  local strata = f:split { train = 0.5, test = 0.5, stratify = "g" }
  t.equal(strata.test.g:sum(), 10)
  t.equal(f:folds(5, { seed = 1 }):max(), 4)
  t.equal(#f:sample(10, { seed = 1 }), 10)
  t.equal(f:shuffle({ seed = 3 }).id:sum(), 5050)
  t.raises("invalid", { "'sed'", "did you mean the option 'seed'" }, f.split, f, { train = 0.8, sed = 42 })
  t.raises("invalid", "two parts 'a'", f.split, f, { { "a", 0.5 }, { "a", 0.5 } })
  t.raises("invalid", "101", f.sample, f, 101)
end)

t.test("cast and formats", function()
  local f = people()
  t.equal(f:cast({ id = "string", paid = "f32" }).id[1], "1")
  t.raises("invalid", "no type 'int'", f.cast, f, { id = "int" })
  t.raises("type", { "city", "Rome" }, f.cast, f, { city = "i64" })
  t.contains(tostring(f), "city", "Rome", "5 rows")
  t.ok(#f:format { rows = 2 } < #f:format {})
end)

-- Text that another file happens to hold digits of only: 007 must not become 7.
t.test("csv read like a frame, a model or a recipe", function()
  local lines = {}
  for i = 1, 60 do lines[i] = ("%s,%d,%d"):format(i % 3 == 0 and "A1" or ("%03d"):format(i % 5), i, i % 2) end
  local train = csv.parse("zip,n,y\n" .. table.concat(lines, "\n"))
  local recipe = wf.recipe.new():one_hot("zip")
  local model = wf.xgboost.train { data = train, label = "y", recipe = recipe, rounds = 1,
    params = { objective = "binary:logistic" } }
  for _, like in ipairs { train, model, model:recipe() } do
    local other = csv.parse("zip,n\n001,1\n002,2\n", { like = like })
    t.ok(other.zip.type == "string" or other.zip.type == "category")
    t.equal({ other.zip[1], other.n[2] }, { "001", 2 })
  end
  t.equal(csv.parse("zip\n001\n").zip[1], 1)
  t.raises("invalid", { "column 'a': there is no type 'float'", "did you mean 'f64'" }, csv.parse, "a\n1\n",
    { types = { a = "float" } })
  t.raises("type", { "'like'", "a frame, a model or a fitted recipe" }, csv.parse, "a\n", { like = 1 })
  t.raises("invalid", { "no options but the report", "parentheses" }, model.predict, model, csv.parse("zip,n\n1,2\n"))
  t.raises("invalid", "no options but the report", wf.metrics.evaluate, model, csv.parse("zip,n,y\n1,2,1\n"))
end)

t.test("arrow: some columns, streams, and other programs' output by a pipe", function()
  local f = people()
  local path = t.write("x.arrow", wf.arrow.format(f))
  t.equal(wf.arrow.read(path, { columns = { "age", "id" } }):columns(), { "age", "id" })
  t.equal(wf.arrow.parse(wf.arrow.format(f), { columns = { "city" } }):columns(), { "city" })
  t.raises("not_found", { path, "did you mean 'city'" }, wf.arrow.read, path, { columns = { "cty" } })
  local bytes = wf.arrow.format(f)
  local stream = t.write("x.arrows", bytes:sub(9, #bytes - 10 - string.unpack("<i4", bytes, #bytes - 9)))
  t.equal(wf.arrow.read(stream):digest(), f:digest())
  local function piped(file, module)
    local result = t.shell(("cat '%s' | '%s' -e \"print((wf.%s.read('-')):digest())\""):format(file,
      require("wf.core.sys").executable(), module))
    return result.out:match "%x+"
  end
  t.equal(piped(stream, "arrow"), f:digest())
  t.equal(piped(path, "arrow"), f:digest())
  local lines = t.write("x.jsonl", wf.jsonl.format(f))
  t.equal(piped(lines, "jsonl"), wf.jsonl.read(lines):digest())
end)

t.test("csv options", function()
  local f, report = csv.parse("a;b\n1;'x;y'\n2\n", { delimiter = ";", quote = "'", on_error = "skip" })
  t.equal(report.rejected:rows()(), { line = 3, error = "1 field where the header has 2", text = "2" })
  report.rejected = nil
  t.equal(report, { rows = 1, skipped = 1, repaired = 0, first_skipped_line = 3 })
  local some
  some, report = csv.parse("a,b\n1,2\nx,3\n", { types = { a = "i64" }, on_error = "skip" })
  t.equal({ #some, report.skipped, report.rejected.text[1] }, { 1, 1, "x,3" })
  t.equal(f.b[1], "x;y")
  t.equal(csv.parse("1,2\n", { header = false }):columns()[2], "column_2")
  t.equal(csv.parse(text, { columns = { "age", "id" }, max_rows = 2 }):columns(), { "age", "id" })
  t.equal(csv.parse("z\n007\n", { types = { z = "string" } }).z[1], "007")
  t.equal(csv.parse("a\n-\n1\n", { missing = { "-" } }).a[1], nil)
  t.equal(csv.parse("a, b\n1, x\n", { trim = true }).b[1], "x")
  local path = t.write("x.csv", "")
  csv.write(people(), path)
  t.equal(csv.read(path):digest(), people():digest())
  local e = t.raises("parse", "field", csv.parse, "a,b\n1,2\n3\n")
  t.equal(e.line, 3)
  t.equal(t.raises("not_found", "/none.csv", csv.read, "/none.csv").path, "/none.csv")
  t.raises("invalid", "one character", csv.parse, text, { delimiter = "ab" })
  t.raises("invalid", "no type 'int'", csv.parse, text, { types = { id = "int" } })
  t.raises("type", "'header' must be a boolean, not string", csv.parse, text, { header = "yes" })
end)

t.test("a zero byte in a name is refused, not cut", function()
  local f = people()
  t.raises("invalid", "zero byte", f.select, f, { "id\0x" })
  t.raises("invalid", "zero byte", f.rename, f, { id = "a\0b" })
  t.raises("invalid", "zero byte", frame.new, { { "a\0b", { 1 } } })
  t.raises("invalid", "zero byte", frame.new, { { "a", { "x\0y" } } })
  t.raises("invalid", "'a': row 2: the text is not UTF-8 from byte 1", frame.new, { { "a", { "x", "\xff" } } })
  t.raises("invalid", "zero byte", csv.parse, text, { missing = { "a\0" } })
  t.ok(not pcall(f.column, f, "id\0"))
  t.ok(not pcall(csv.read, "a\0b"))
end)

t.test("objects cannot be taken for others", function()
  local f = people()
  t.ok(not pcall(f.filter, f, f))
  t.ok(not pcall(f.age.mean, f))
  t.ok(not pcall(f.join, f, f.age, { on = "id" }))
  getmetatable(f).__gc(f)
  local ok, e = pcall(function() return #f end)
  t.ok(not ok and tostring(e):find "already closed")
end)

t.finish()
