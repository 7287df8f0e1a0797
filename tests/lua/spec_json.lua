-- wf.json.
local t = require "harness"
local json = require("wf").json

t.test("values survive a round trip", function()
  for _, text in ipairs { "null", "true", "1", "-9007199254740993", "1.5", "1e+300", "2.0", [["é\n\"\u0001"]],
    "[]", "{}", "[1,[2,{}]]", [[{"a":{"b":[null,false]},"c":""}]] } do
    t.equal(json.encode(json.decode(text)), text)
  end
  t.equal(json.decode("[1,null]")[2], json.null)
  t.equal(math.type(json.decode("3")), "integer")
  t.equal(math.type(json.decode("3.0")), "float")
  t.equal(tostring(json.null), "null")
end)

t.test("keys are sorted and lists are arrays", function()
  t.equal(json.encode { b = 1, a = { 1, 2 }, ["é"] = 3 }, [[{"a":[1,2],"b":1,"é":3}]])
  t.equal(json.encode(json.array {}), "[]")
  t.equal(json.encode {}, "{}")
  t.equal(json.encode({ a = { 1 } }, { indent = 2 }), '{\n  "a": [\n    1\n  ]\n}')
  local lazy = setmetatable({}, { __pairs = function() return next, { x = 1 } end })
  t.equal(json.encode(lazy), [[{"x":1}]])
  t.equal(json.encode("a\xffb"), '"a\u{FFFD}b"')
end)

t.test("what has no text is named with its path", function()
  t.raises("invalid", { "a.b[2]", "function" }, json.encode, { a = { b = { 1, print } } })
  t.raises("invalid", { "a", "not finite" }, json.encode, { a = 0 / 0 })
  t.raises("type", "every key must be a string", json.encode, { [1] = 1, [3] = 1 })
  t.raises("invalid", "keys are not 1 to n", json.encode, json.array { x = 1 })
  local loop = {}
  loop.loop = loop
  t.raises("invalid", "deeper than 512", json.encode, loop)
end)

t.test("documents are strict", function()
  local e = t.raises("parse", { "params.json", "line 2" }, json.decode, '{"a":1,\n}', "params.json")
  t.equal(e.line, 2)
  for _, text in ipairs { "", "1 2", "{'a':1}", '{"a":1,"a":2}', "[1,]", "nan", '"\xff"' } do
    t.ok(not pcall(json.decode, text), text)
  end
  t.raises("limit", "512", json.decode, ("["):rep(600) .. ("]"):rep(600))
end)

t.finish()
