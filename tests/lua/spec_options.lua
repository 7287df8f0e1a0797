-- Option tables: unknown keys, types, ranges, defaults, suggestions.
local t = require "harness"
local options = require "wf.options"

local rules = { header = { "boolean", default = true }, rounds = { "integer", min = 1, max = 10 },
  name = { "string", required = true } }

t.test("defaults are filled in and the given table is left alone", function()
  local given = { name = "a" }
  t.equal(options.check("f", given, rules), { name = "a", header = true })
  t.equal(given, { name = "a" })
end)

t.test("an unknown key is named, with a suggestion when one is near", function()
  t.raises("invalid", "f: unknown option 'headr'; did you mean 'header'?", options.check, "f",
    { name = "a", headr = 1 }, rules)
  t.raises("invalid", "unknown option 'zzzzzz'; known are header, name, rounds", options.check, "f",
    { name = "a", zzzzzz = 1 }, rules)
  t.raises("invalid", "unknown option '1'", options.check, "f", { "positional", name = "a" }, rules)
end)

t.test("types, ranges and required keys are checked", function()
  t.raises("type", "f: option 'header' must be a boolean, not string", options.check, "f",
    { name = "a", header = "yes" }, rules)
  t.raises("invalid", "rounds must be at least 1, not 0", options.check, "f",
    { name = "a", rounds = 0 }, rules)
  t.raises("invalid", "rounds must be at most 10, not 11", options.check, "f",
    { name = "a", rounds = 11 }, rules)
  t.raises("type", "option 'rounds' must be an integer, not number", options.check, "f",
    { name = "a", rounds = 1.5 }, rules)
  t.raises("invalid", "option 'name' is required", options.check, "f", nil, rules)
  t.raises("type", "options must be a table, not string", options.check, "f", "text", rules)
end)

t.test("a whole float is an integer", function()
  local o = options.check("f", { name = "a", rounds = 3.0 }, rules)
  t.equal(math.type(o.rounds), "integer")
end)

t.test("a NaN is in no range", function()
  t.raises("invalid", "x is not a number", options.check, "f", { x = 0 / 0 },
    { x = { "number", min = 0 } })
end)

t.test("nearest finds swaps, drops and additions, and nothing far away", function()
  local names = { "header", "missing", "threshold" }
  t.equal(options.nearest("haeder", names), "header")
  t.equal(options.nearest("heade", names), "header")
  t.equal(options.nearest("THRESHOLD", names), "threshold")
  t.equal(options.nearest("threshhold", names), "threshold")
  t.equal(options.nearest("colour", names), nil)
end)

t.test("wf itself names unknown modules", function()
  local wf = require "wf"
  t.raises("invalid", "unknown name 'xgbost'; did you mean 'xgboost'?", function()
    return wf.xgbost
  end)
end)

t.test("options that are read in C are refused in the same words", function()
  local csv, xgboost = require "wf.csv", require "wf.core.xgboost"
  t.raises("invalid", "csv.parse: unknown option 'zzzzzzzzzz'; known are ", csv.parse, "a\n1\n",
    { zzzzzzzzzz = 1 })
  t.raises("type", "csv.parse: option 'header' must be a boolean, not integer", csv.parse, "a\n1\n",
    { header = 1 })
  t.raises("type", "csv.parse: options must be a table, not string", csv.parse, "a\n1\n", "text")
  t.raises("invalid", "csv.parse: on_error: 'skp' is not one of ", csv.parse, "a\n1\n", { on_error = "skp" })
  t.raises("invalid", "did you mean 'skip'?", csv.parse, "a\n1\n", { on_error = "skp" })
  t.raises("type", "must be a wf.matrix, not wf.frame", xgboost.train, { matrix = csv.parse "a\n1\n" })
end)

t.finish()
