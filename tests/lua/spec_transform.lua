-- The verbs that fill, reshape and look along the rows, and the methods of columns that go with them.
local t = require "harness"
local wf = require "wf"
local frame = wf.frame
local NA = frame.missing

local function list(column) return column:to_table("-") end

t.test("fill_missing: ways, values, lists", function()
  local f = frame.new { { "x", { 1, NA, 4, NA } }, { "s", { "a", NA, "b", "b" } }, { "b", { true, NA, NA, false } } }
  local g = f:fill_missing { x = "mean", s = "mode", b = false }
  t.equal(list(g.x), { 1, 2.5, 4, 2.5 })
  t.equal(list(g.s), { "a", "b", "b", "b" })
  t.equal(list(g.b), { true, false, false, false })
  t.equal(g:columns(), { "x", "s", "b" })
  t.equal(list(f.x:fill_missing("forward")), { 1, 1, 4, 4 })
  t.equal(list(f.x:fill_missing("backward")), { 1, 4, 4, "-" })
  t.equal(list(f.x:fill_missing(0)), { 1, 0, 4, 0 })
  t.equal(list(f.s:fill_missing { "none" }), { "a", "none", "b", "b" })
  t.raises("invalid", "did you mean 'median'", function() return f.x:fill_missing("medain") end)
  t.raises("invalid", { "column 's'", '{"unknown"}' }, function() return f:fill_missing { s = "unknown" } end)
  t.raises("type", "column 's'", function() return f:fill_missing { s = "mean" } end)
  t.raises("type", { "column 's'", "value" }, function() return f:fill_missing { s = 1 } end)
  t.raises("not_found", "y", function() return f:fill_missing { y = 1 } end)
end)

t.test("when", function()
  local f = frame.new { { "x", { 1, 5, NA } } }
  t.equal(list(frame.when(f.x:gt(2), "high", "low")), { "low", "high", "-" })
  t.equal(list(frame.when(f.x:gt(2), f.x, 0)), { 0, 5, "-" })
  t.equal(list(frame.when(f.x:is_missing(), -1, f.x)), { 1, 5, -1 })
  t.equal(list(frame.when(f.x:gt(2), NA, f.x)), { 1, "-", "-" })
end)

t.test("text and dates", function()
  local f = frame.new { { "s", { " Ab-C ", NA } }, { "d", { "2024-02-29", "2023-01-01T10:30:00Z" } } }
  t.equal(list(f.s:trim():lower()), { "ab-c", "-" })
  t.equal(list(f.s:upper()), { " AB-C ", "-" })
  t.equal(list(f.s:trim():part("-", 2)), { "C", "-" })
  t.equal(list(f.s:replace("-", "+"):trim()), { "Ab+C", "-" })
  t.equal(list(f.s:length()), { 6, "-" })
  t.equal(list(f.s:contains("b-")), { true, "-" })
  t.equal(list(f.s:starts_with(" A")), { true, "-" })
  t.equal(list(f.s:ends_with("C")), { false, "-" })
  t.equal(list(f.s:sub(2, 3)), { "Ab", "-" })
  local time = f.d:cast("timestamp")
  t.equal(list(time:date("year")), { 2024, 2023 })
  t.equal(list(time:date("weekday")), { 4, 7 })
  t.equal(list(f.d:date("hour")), { 0, 10 })
  t.raises("invalid", "did you mean 'month'", function() return time:date("monht") end)
  t.raises("type", "not text", function() return time:lower() end)
end)

t.test("map", function()
  local f = frame.new { { "a", { 1, 2, NA } }, { "b", { 10, 20, 30 } } }
  t.equal(list(f.a:map(function(v) return v * 2 end)), { 2, 4, "-" })
  t.equal(list(f.a:map(function(v) if v > 1 then return "big" end end)), { "-", "big", "-" })
  t.equal(list(f:map(function(row, i) return (row.a or 0) + row.b + i end)), { 12, 24, 33 })
end)

t.test("lag and rolling", function()
  local f = frame.new { { "k", { "a", "b", "a", "a" } }, { "x", { 1, 2, 3, 5 } } }
  t.equal(list(f:lag("x")), { "-", 1, 2, 3 })
  t.equal(list(f:lag("x", -1, { by = "k" })), { 3, "-", 5, "-" })
  t.equal(list(f:rolling("x", 2, "sum", { by = "k", least = 1 })), { 1, 2, 4, 8 })
  t.equal(list(f:rolling("x", 3, "mean")), { "-", "-", 2, 10 / 3 })
  t.raises("invalid", "aggregate", function() return f:rolling("x", 3, "first") end)
end)

t.test("pivot, melt, one_hot", function()
  local f = frame.new { { "id", { 1, 1, 2 } }, { "what", { "a", "b", "a" } }, { "x", { 10, 20, 30 } } }
  local wide = f:pivot { index = "id", names = "what", values = "x" }
  t.equal(wide:columns(), { "id", "a", "b" })
  t.equal(list(wide.b), { 20, "-" })
  local long = wide:melt { keep = "id", name = "what", value = "x" }
  t.equal(list(long.what), { "a", "a", "b", "b" })
  t.equal(list(long.x), { 10, 30, 20, "-" })
  t.equal(f:one_hot("what"):columns(), { "id", "what_a", "what_b", "x" })
  t.equal(f:one_hot({ "what" }, { drop_first = true }):columns(), { "id", "what_b", "x" })
  t.raises("invalid", "'index' is missing", function() return f:pivot { names = "what", values = "x" } end)
end)

t.test("joins of every kind", function()
  local a = frame.new { { "k", { 1, 2, 2 } }, { "x", { 1, 2, 3 } } }
  local b = frame.new { { "k", { 2, 3 } }, { "x", { 20, 30 } } }
  local function keys(how) return list(a:join(b, { on = "k", how = how }).k) end
  t.equal(keys("inner"), { 2, 2 })
  t.equal(keys("left"), { 1, 2, 2 })
  t.equal(keys("right"), { 2, 2, 3 })
  t.equal(keys("outer"), { 1, 2, 2, 3 })
  t.equal(keys("semi"), { 2, 2 })
  t.equal(keys("anti"), { 1 })
  t.equal(#a:join(b, { how = "cross" }), 6)
  t.equal(a:join(b, { on = "k", suffix = ".b" }):columns(), { "k", "x", "x.b" })
  t.equal(#a:join(b, { on = "k", validate = "many_to_one" }), 2)
  t.raises("invalid", "rows 2 and 3 of the left frame", function()
    return a:join(b, { on = "k", validate = "one_to_one" })
  end)
end)

t.test("aggregates, outliers, correlation, samples, splits", function()
  local f = frame.new { { "g", { 1, 1, 2, 2, 3, 3 } }, { "x", { 1, 2, 3, 4, 5, 600 } }, { "w", { 0, 0, 0, 0, 0, 1 } } }
  local g = f:group_by("g"):agg { { "first", "x", "first" }, { "last", "x", "last" }, { "var", "x", "var" },
    { "q", "x", "quantile", 0.25 }, { "n", "x", "nunique" } }
  t.equal(list(g.q), { 1.25, 3.25, 153.75 })
  t.equal(list(g.n), { 2, 2, 2 })
  t.equal(list(f.x:outliers()), { false, false, false, false, false, true })
  t.equal(list(f.x:outliers { method = "z", k = 2 }), { false, false, false, false, false, true })
  t.equal(f:correlation():columns(), { "column", "g", "x", "w" })
  t.equal(list(f:sample(1, { weights = "w" }).x), { 600 })
  t.equal(#f:sample(20, { replace = true }), 20)
  local parts = f:split { train = 0.5, test = 0.5, order = "x" }
  t.equal(parts.test.x:max(), 3)
  parts = f:split { { "train", 0.5 }, { "test", 0.5 }, group = "g" }
  t.equal(#parts.train % 2, 0)
  local folds = f:folds(3, { group = "g" })
  t.equal(folds[1], folds[2])
  t.raises("invalid", "not both", function() return f:folds(3, { group = "g", stratify = "g" }) end)
end)

t.test("recipe: numbers, rates, dates, explain", function()
  local dates = wf.frame.new { { "d", { "2024-02-29", "2023-01-01", "2020-01-01", "2020-01-01", NA } } }
  local f = frame.new { { "x", { 1, 2, 3, 4, 10 } }, { "z", { 1, 2, 3, 4, 10 } }, { "w", { 1, 2, 3, 4, 10 } },
    { "b", { 1, 2, 3, 4, 10 } }, { "city", { "a", "b", "a", "a", "b" } }, { "town", { "a", "b", "a", "a", "b" } },
    { "y", { 0, 1, 1, 0, 1 } }, { "d", dates.d:cast("timestamp") } }
  local r = wf.recipe.new():scale("x", "minmax"):clip("z", { high = 3 }):log("w"):bin("b", { edges = { 2, 4 } })
    :target("city", "y", { smoothing = 1 }):frequency("town"):date("d", { "month" })
  r:fit(f, { exclude = { "y" } })
  local m = r:apply(f)
  t.equal(r:features(), { "x", "z", "w", "b", "city", "town", "d_month" })
  t.equal(list(m:column("z")), { 1, 2, 3, 3, 3 })
  t.equal(list(m:column("b")), { 0, 1, 1, 2, 2 })
  t.equal(list(m:column("d_month"))[1], 2)
  t.equal(wf.recipe.parse(r:json()):json(), r:json())
  t.equal(r:explain():find("x (number): scale(how: minmax, center: 1, spread: 9) -> x\n", 1, true), 1)
  t.raises("invalid", "neither", function() return wf.recipe.new():clip("x") end)
end)

t.test("recipe: expressions", function()
  local a, b, y = {}, {}, {}
  for i = 1, 300 do a[i], b[i], y[i] = i % 37, i % 11, i % 37 > 4 * (i % 11) and 1 or 0 end
  local f = frame.new { { "a", a }, { "b", b }, { "y", y } }
  local r = wf.recipe.new():expression("ratio", "a / b"):clip("ratio", { high = 5 })
  local model = wf.xgboost.train { data = f, label = "y", recipe = r, params = { objective = "binary:logistic" } }
  t.equal(model:features(), { "a", "b", "ratio" })
  local m = r:apply(f)
  t.equal(m:column("ratio")[1], 1.0)
  t.equal(m:column("ratio")[11], nil) -- 11 / 0
  t.equal(m:column("ratio")[34], 5.0)
  t.equal(r:explain():find("ratio = a / b (number): clip(high: 5) -> ratio", 1, true) ~= nil, true)
  local again = wf.model.unpack(model:pack())
  t.equal(list(again:predict(f)), list(model:predict(f)))
  local e = t.raises("parse", { "'x'", "column 4" }, r.expression, wf.recipe.new(), "x", "a +* b")
  t.equal(e.column, 4)
end)

t.test("csv: lists, patterns, repairs", function()
  local csv = wf.csv
  local dir = os.tmpname()
  os.remove(dir)
  csv.write(frame.new { { "id", { 1, 2 } }, { "s", { "a", "b" } } }, dir .. "-1.csv")
  csv.write(frame.new { { "id", { 3 } }, { "s", { 7 } } }, dir .. "-2.csv")
  local f, report = csv.read { dir .. "-1.csv", dir .. "-2.csv" }
  t.equal(list(f.id), { 1, 2, 3 })
  t.equal(list(f.s), { "a", "b", "7" })
  t.equal(report.rows, 3)
  t.equal(#csv.read(dir .. "-*.csv"), 3)
  t.raises("not_found", "no file matches", csv.read, dir .. "-x*.csv")
  os.remove(dir .. "-1.csv")
  os.remove(dir .. "-2.csv")
  f, report = csv.parse("a,b\n1,2\n3\n4,x\n", { on_error = "null", types = { b = "i64" } })
  t.equal(list(f.b), { 2, "-", "-" })
  t.equal(report.repaired, 2)
end)

t.finish()
