-- Recipes as scripts declare them: columns by list and by selector, texts in expressions, what errors say, that
-- nothing leaks from rows the recipe was not fitted on, that names reach explanations, that rows and frames agree.
local t = require "harness"
local wf = require "wf"
local frame, recipe = wf.frame, wf.recipe
local NA = frame.missing

local function people()
  return frame.new {
    { "city", { "Kyoto", "osaka", "Kyoto", NA, "Nara", "kyoto" } },
    { "kind", { "a", "b", "a", "c", "d", NA } },
    { "x", { 1, 2, NA, 4, 5, 6 } },
    { "y", { 10, 20, 30, NA, 50, 60 } },
    { "label", { 0, 1, 0, 1, 0, 1 } },
  }
end

local function values(matrix, name)
  local list = {}
  for i = 1, #matrix:column(name) do list[i] = matrix:column(name)[i] or "-" end
  return list
end

t.test("texts in expressions", function()
  local r = recipe.new():expression("home", [[lower(city) == "kyoto"]]):expression("both", "city .. '/' .. kind")
    :one_hot(recipe.strings(), { missing = "none" }):drop "x":fit(people(), { exclude = "label" })
  local m = r:apply(people())
  t.equal(values(m, "home"), { 1.0, 0.0, 1.0, "-", 0.0, 1.0 })
  t.equal(values(m, "both_Kyoto/a"), { 1.0, 0.0, 1.0, 0.0, 0.0, 0.0 })
  t.equal(values(m, "both_none"), { 0.0, 0.0, 0.0, 1.0, 0.0, 1.0 })
  t.raises("type", { "expression of 'e'", "'+' is given a text, not a number" }, function()
    recipe.new():one_hot(recipe.strings()):expression("e", "city + 1"):fit(people())
  end)
  t.raises("not_found", "did you mean 'city'", function()
    recipe.new():one_hot(recipe.strings()):expression("e", "citi == ''"):fit(people())
  end)
  t.raises("parse", "did you mean 'lower'", function() recipe.new():expression("e", "lowr(city)") end)
end)

t.test("lists, selectors, flags, rare values", function()
  local r = recipe.new():impute(recipe.strings(), { "none" }):rare(recipe.strings(), { least = 2 })
    :one_hot(recipe.strings()):impute({ "x", "y" }, "median"):flag_missing { "x", "city" }
    :scale(recipe.numbers(), "minmax")
  r:fit(people(), { exclude = "label" })
  t.equal(r:features(), { "city_Kyoto", "city_other", "kind_a", "kind_other", "x", "y", "x_missing", "city_missing" })
  t.equal(r:sources(), { "city", "city", "kind", "kind", "x", "y", "x", "city" })
  local m = r:apply(people())
  t.equal(values(m, "city_other"), { 0.0, 1.0, 0.0, 1.0, 1.0, 1.0 })
  t.equal(values(m, "x_missing"), { 0.0, 0.0, 1.0, 0.0, 0.0, 0.0 })
  t.equal(recipe.parse(r:json()):json(), r:json())
  t.raises("invalid", "recipe.strings()", function() recipe.new():one_hot(recipe.numbers()) end)
  t.raises("invalid", "did you mean 'standard'", function() recipe.new():scale("x", "standart") end)
  t.raises("not_found", "did you mean 'one_hot'", function() return recipe.new().one_hott end)
  t.raises("invalid", "did you mean 'year'", function() recipe.new():date("d", { "yeer" }) end)
end)

t.test("nothing is learned from other rows", function()
  local train = people():head(4)
  local function fitted(f)
    return recipe.new():impute("city", "mode"):rare("city", { least = 2 }):target("city", "label"):ordinal "kind"
      :impute("x", "mean"):scale "x":bin("y", { n = 2 }):fit(f, { exclude = "label" })
  end
  local r = fitted(train)
  local before, digest = r:json(), r:digest()
  r:apply(people())                                            -- the other rows are only encoded
  t.equal(r:json(), before)
  t.equal(r:digest(), digest)
  t.ok(fitted(people()):json() ~= before, "more rows teach more")
  t.equal(fitted(people():slice(1, 4)):json(), before)
end)

t.test("names reach explanations; rows and frames predict the same", function()
  local f = people():concat(people()):concat(people())
  local model = wf.xgboost.train {
    data = f, label = "label", rounds = 3, params = { objective = "binary:logistic", min_child_weight = 0 },
    recipe = recipe.new():expression("home", "lower(city) == 'kyoto'"):flag_missing "x"
      :expression("both", "city .. kind"):hash("both", { n = 3 })
      :rare("city", { least = 4 }):one_hot { "city", "kind" },
  }
  local names = table.concat(model:features(), " ")
  for _, name in ipairs { "city_other", "home", "both_2", "x_missing" } do t.ok(names:find(name, 1, true), name) end
  local importance = model:importance "gain"
  t.ok(#importance > 0)
  for row in importance:rows() do t.ok(names:find(row.feature, 1, true), row.feature) end
  local all, again = model:predict(f), wf.model.unpack(model:pack()):predict(f)
  for i = 1, #f do
    t.equal(model:predict(f:slice(i, i))[1], all[i])
    t.equal(again[i], all[i])
  end
  local explained = wf.shap.explain(model, f:head(2))
  t.ok(explained:reasons(1, 3)[1].text:find "= ", "a reason in words")
end)

t.finish()
