-- wf.jsonl.
local t = require "harness"
local wf = require "wf"
local jsonl = wf.jsonl

t.test("lines become a frame and back", function()
  local text = '{"a":1,"b":"x"}\n{"b":"y","a":2.5,"c":true}\n'
  local f, report = jsonl.parse(text)
  t.equal(#f, 2)
  t.equal(table.concat(f:columns(), " "), "a b c")
  t.equal(f.a.type, "f64")
  t.equal(f.c[1], nil)
  t.equal(report.rows, 2)
  t.equal(report.skipped, 0)
  t.equal(jsonl.format(f), '{"a":1.0,"b":"x","c":null}\n{"a":2.5,"b":"y","c":true}\n')
end)

t.test("files, plain and compressed", function()
  local f = wf.frame.new { { "n", { 1, 2, 3 } } }
  for _, name in ipairs { "x.jsonl", "x.jsonl.gz" } do
    local path = os.tmpname() .. name
    jsonl.write(f, path)
    t.equal(jsonl.read(path):digest(), f:digest())
    os.remove(path)
  end
end)

t.test("options", function()
  local text = '{"a":"1","b":[1],"c":2}\nbad\n{"a":"2","c":3}\n'
  local f, report = jsonl.parse(text, { columns = { "c", "a" }, types = { a = "i64" }, on_error = "skip" })
  t.equal(table.concat(f:columns(), " "), "c a")
  t.equal(f.a[2], 2)
  t.equal(report.first_skipped_line, 2)
  t.equal(report.rejected.text[1], "bad")
  t.equal(report.rejected.line[1], 2)
  t.raises("type", "array", jsonl.parse, text, { nested = "error" })
  t.raises("invalid", "did you mean 'nested'", jsonl.parse, text, { nestd = "error" })
  t.raises("invalid", "there is no type 'int'", jsonl.parse, text, { types = { a = "int" } })
  t.equal(jsonl.format(wf.frame.new { { "x", { 0 / 0 } } }, { non_finite = "null" }), '{"x":null}\n')
  t.raises("invalid", { "row 1", "'x'" }, jsonl.format, wf.frame.new { { "x", { 1 / 0 } } })
end)

t.test("errors name line and byte", function()
  local e = t.raises("parse", { "line 2", "byte 6" }, jsonl.parse, '{"a":1}\n{"a":}\n')
  t.equal(e.line, 2)
  t.equal(e.column, 6)
  local path = os.tmpname()
  local file = assert(io.open(path, "w"))
  file:write('{"a":1}\n{"a":1,"a":2}\n')
  file:close()
  e = t.raises("parse", { path, "2:8", "appears twice" }, jsonl.read, path)
  t.equal(e.path, path)
  os.remove(path)
end)

t.finish()
