-- Parameters: parsing, ranges, defaults, help.
local t = require "harness"
local param = require "wf.param"
local params = require "wf.params"

local function resolve(declared, given)
  return params.resolve(params.in_order(declared), given or {})
end

t.test("values are parsed by kind", function()
  local declared = {
    s = param.string { default = "x" }, n = param.number { default = 1 },
    i = param.integer { default = 2 }, b = param.boolean { default = false },
    c = param.choice { "one", "two" }, l = param.list { of = "integer", default = { 1 } },
  }
  t.equal(resolve(declared), { s = "x", n = 1, i = 2, b = false, c = "one", l = { 1 } })
  t.equal(resolve(declared, { { "s", "a=b" }, { "n", "-1.5e3" }, { "i", "-7" }, { "b", "yes" },
    { "c", "two" }, { "l", "3,4,5" } }),
    { s = "a=b", n = -1500.0, i = -7, b = true, c = "two", l = { 3, 4, 5 } })
end)

t.test("text of the wrong kind is a usage error that names the parameter", function()
  local declared = { n = param.number { default = 1, min = 0, max = 2 },
    i = param.integer { default = 1 }, b = param.boolean { default = true },
    c = param.choice { "Approved", "Rejected" } }
  local cases = {
    { "n", "abc", "parameter 'n': 'abc' is not a number" }, { "n", "", "is not a number" },
    { "n", "nan", "is not a number" }, { "n", "0x10", "is not a number" },
    { "n", "1e999", "not a finite number" }, { "n", "-1", "below the minimum 0" },
    { "n", "3", "above the maximum 2" }, { "i", "1.5", "'1.5' is not an integer" },
    { "i", "99999999999999999999", "is not an integer" }, { "b", "maybe", "not true or false" },
    { "c", "Aproved", "did you mean 'Approved'?" }, { "d", "1", "unknown parameter 'd'" },
  }
  for _, case in ipairs(cases) do
    t.raises("usage", case[3], resolve, declared, { { case[1], case[2] } })
  end
end)

t.test("a parameter without a default is required", function()
  t.raises("usage", "parameter 'x' is required: give -p x=NUMBER", resolve,
    { x = param.number {} })
  t.equal(resolve { x = param.number { required = false } }, {})
end)

t.test("a file must exist unless it is empty or exists = false", function()
  local declared = { f = param.file { default = "" }, g = param.file { default = "", exists = false } }
  t.raises("usage", "parameter 'f': there is no file '/nowhere/x.csv'", resolve, declared,
    { { "f", "/nowhere/x.csv" } })
  t.equal(resolve(declared, { { "g", "/nowhere/x.csv" } }), { f = "", g = "/nowhere/x.csv" })
end)

t.test("declarations are checked", function()
  t.raises("type", "the default must be number", param.number, { default = "x" })
  t.raises("invalid", "the default 3 is outside 0 to 2", param.number, { default = 3, min = 0, max = 2 })
  t.raises("invalid", "unknown option 'defualt'; did you mean 'default'?", param.string,
    { defualt = "x" })
  t.raises("invalid", "nothing to choose from", param.choice, {})
  t.raises("invalid", "'c' is not one of a, b", param.choice, { "a", "b", default = "c" })
  t.raises("type", "parameter 'x' must be made with wf.param", resolve, { x = 3 })
end)

t.test("a list's default is not shared", function()
  local declared = { l = param.list { of = "integer", default = { 1, 2 } } }
  local first = resolve(declared)
  first.l[1] = 99
  t.equal(resolve(declared).l, { 1, 2 })
end)

t.test("the description keeps the order of declaration", function()
  local text = params.describe(params.in_order {
    zeta = param.number { default = 0.7, min = 0, max = 1, help = "first" },
    alpha = param.choice { "a", "b", help = "second" },
  })
  local zeta, alpha = text:find("zeta", 1, true), text:find("alpha", 1, true)
  t.ok(zeta < alpha)
  t.contains(text, "default 0.7", "first; from 0 to 1", "second; one of a, b")
end)

t.finish()
