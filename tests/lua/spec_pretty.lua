-- Values as text and as plain summaries; error objects.
local t = require "harness"
local errors = require "wf.errors"
local pretty = require "wf.pretty"

t.test("numbers are the shortest text that reads back", function()
  for _, case in ipairs { { 1, "1" }, { 1.0, "1.0" }, { 0.1, "0.1" }, { 1 / 3, "0.3333333333333333" },
    { 1e300, "1e+300" }, { 0 / 0, "nan" }, { math.huge, "inf" }, { -math.huge, "-inf" },
    { 0.1 + 0.2, "0.30000000000000004" } } do
    t.equal(pretty.number(case[1]), case[2])
  end
end)

t.test("tables show their contents in a fixed order", function()
  t.equal(pretty.format { b = 2, a = { 1, "x" }, [3] = true }, '{ [3] = true, a = { 1, "x" }, b = 2 }')
  t.equal(pretty.format "text", "text")
  t.equal(pretty.format {}, "{}")
  local cycle = {}
  cycle.self = cycle
  t.equal(pretty.format(cycle), "{ self = <cycle> }")
  t.contains(pretty.format { ("x"):rep(60), ("y"):rep(60) }, "{\n  ")
end)

t.test("long and deep tables are cut", function()
  local long = {}
  for i = 1, 1000 do long[i] = i end
  t.contains(pretty.format(long), "800 more")
  t.contains(pretty.format { { { { { { {} } } } } } }, "{…}")
end)

t.test("summaries are plain and bounded", function()
  t.equal(pretty.summarise { f = print, n = 0 / 0, s = "x" }, { f = "<function>", n = "nan", s = "x" })
  t.ok(#pretty.summarise(("x"):rep(5000)) < 500)
  local frame = require("wf").frame.new { names = { "a" }, columns = { { 1, 2, 3 } } }
  t.equal(pretty.summarise { frame }, { { type = "wf.frame", rows = 3, columns = 1 } })
  t.equal(pretty.summarise(frame.a).rows, 3)
end)

t.test("times and durations", function()
  t.equal(pretty.time(1700000000000001), "2023-11-14T22:13:20.000001Z")
  t.equal(pretty.time(0), nil)
  t.equal(pretty.duration(0.0123), "0.012 s")
  t.equal(pretty.duration(12.34), "12.3 s")
  t.equal(pretty.duration(125), "2 min 05 s")
  t.equal(pretty.duration(3725), "1 h 02 min")
end)

t.test("columns are aligned by characters", function()
  t.equal(pretty.columns { { "ä", "1" }, { "bcd", "2" } }, "ä    1\nbcd  2")
end)

t.test("errors keep code and position, and text becomes an object", function()
  local ok, e = xpcall(function() error("plain") end, errors.handler)
  t.ok(not ok and errors.is(e))
  t.equal(e.message, "plain")
  t.equal(e.code, "script")
  t.ok(e.where:find("spec_pretty.lua:%d+$"), e.where)
  t.contains(e.traceback, "spec_pretty.lua")
  t.equal(tostring(e), "plain")
  t.raises("corrupt", "odd", require("wf").error, { code = "corrupt", message = "odd" })
  ok, e = xpcall(error, errors.handler, nil)
  t.ok(not ok and errors.is(e))
end)

t.test("errors of the C modules are of the same kind", function()
  local ok, e = pcall(require("wf.core.sys").read_file, "/nowhere/at/all")
  t.ok(not ok and errors.is(e))
  t.contains(e.message, "/nowhere/at/all")
end)

t.finish()
