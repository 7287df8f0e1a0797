-- Verbs that clean, count along the rows and compare with sets, and what errors of frames say.
local t = require "harness"
local wf = require "wf"
local frame = wf.frame
local NA = frame.missing

local function list(column) return column:to_table("-") end
local function sample() return frame.new { { "k", { "a", "b", "a", NA } }, { "x", { 3, NA, 1, 2 } } } end

t.test("sort puts missing values where asked", function()
  local f = sample()
  t.equal(list(f:sort("x").x), { 1, 2, 3, "-" })
  t.equal(list(f:sort("x", { missing = "first", descending = true }).x), { "-", 3, 2, 1 })
  t.raises("invalid", { "last", "first" }, function() return f:sort("x", { missing = "top" }) end)
end)

t.test("unique rows, of some columns or all", function()
  local f = sample():concat(sample())
  t.equal(#f:unique(), 4)
  t.equal(list(f:unique({ "k" }, { keep = "last" }).x), { "-", 1, 2 })
  t.equal(#f:unique({ "k", "x" }, { keep = "none" }), 0)
  t.equal(list(f:unique("k")), { "a", "b", "-" })
end)

t.test("drop_missing, is_in, functions of rows", function()
  local f = sample()
  t.equal(list(f:drop_missing().x), { 3, 1 })
  t.equal(list(f:drop_missing("x").x), { 3, 1, 2 })
  t.equal(list(f.x:is_in { 1, 3, 7.5 }), { true, "-", true, false })
  t.equal(list(f.k:is_in { "b" }), { false, true, false, "-" })
  t.equal(list(f:filter(function(row) return row.k == "a" end).x), { 3, 1 })
  t.equal(list(f:with("y", function(row, i) return (row.x or 0) + i end).y), { 4, 2, 4, 6 })
end)

t.test("cumulative, rank, the group's aggregates beside its rows", function()
  local f = sample()
  t.equal(list(f:cumulative("x", "sum")), { 3, "-", 4, 6 })
  t.equal(list(f:cumulative("x", "sum", { by = "k" })), { 3, "-", 4, 2 })
  t.equal(list(f:rank("x")), { 3.0, "-", 1.0, 2.0 })
  t.equal(list(f:rank("x", { descending = true, ties = "min", by = "k" })), { 1.0, "-", 2.0, 1.0 })
  local g = f:group_by("k"):with { { "n", "count" }, { "mean", "x", "mean" } }
  t.equal(g:columns(), { "k", "x", "n", "mean" })
  t.equal(list(g.mean), { 2.0, "-", 2.0, 2.0 })
  t.equal(list(g.n), { 2, 1, 2, 1 })
end)

t.test("join on columns of different names", function()
  local left = frame.new { { "id", { 1, 2 } }, { "x", { 5, 6 } } }
  local right = frame.new { { "key", { 2, 3 } }, { "y", { "p", "q" } } }
  local f = left:join(right, { on = { id = "key" }, how = "outer" })
  t.equal(f:columns(), { "id", "x", "y" })
  t.equal(list(f.id), { 1, 2, 3 })
  t.raises("not_found", { "the right frame", "'keyy'; did you mean 'key'" }, function()
    return left:join(right, { on = { id = "keyy" } })
  end)
end)

t.test("operators and functions of columns", function()
  local f = frame.new { { "n", { 7, -7, NA } }, { "s", { "a", NA, "c" } } }
  t.equal(list(f.n % 3), { 1, 2, "-" })
  t.equal(list(f.n // 2), { 3, -4, "-" })
  t.equal(list(f.n ^ 2), { 49.0, 49.0, "-" })
  t.equal(list(f.s .. "-" .. f.n), { "a-7", "-", "-" })
  t.equal(list(f.n:abs()), { 7, 7, "-" })
  t.equal(list((f.n / 3):round(1)), { 2.3, -2.3, "-" })
  t.equal(list((f.n - f.n):log():is_nan()), { false, false, "-" })
  t.equal(f.n:var(), 98.0)
  t.raises("type", "column:lt", function() return f.n < 3 end)
end)

t.test("correlation of ranks", function()
  local f = frame.new { { "x", { 1, 2, 3, 4 } }, { "y", { 1, 8, 27, 1000 } } }
  t.equal(list(f:correlation { method = "spearman" }.y), { 1.0, 1.0 })
  t.raises("invalid", "known are", function() return f:correlation { wrong = 1 } end)
end)

t.test("errors name what was meant", function()
  local f = sample()
  t.raises("not_found", "did you mean 'head'", function() return f:hed(3) end)
  t.raises("not_found", "did you mean 'mean'", function() return f.x:meen() end)
  t.raises("invalid", "did you mean 'i64'", function() return f.x:cast("int64") end)
  t.raises("invalid", "timestamp", function() return f:cast { x = "complex" } end)
  t.raises("type", "i64 value does not go with a string column", function() return f:fill_missing { k = 1 } end)
  t.raises("type", "column:eq", function() return f:filter(f.x == 3) end)
  t.raises("invalid", "known are", function() return f:sort("x", { order = "up" }) end)
  t.raises("invalid", { "sum to 2", "did you mean the option 'seed'" }, function()
    return f:split { train = 0.8, test = 0.2, sed = 1 }
  end)
end)

t.finish()
