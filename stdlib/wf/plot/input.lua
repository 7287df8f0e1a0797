-- wf.plot.input: what plots are made of, checked: explanations, features, columns, curves.
--
-- An explanation is whatever has the methods of shap.explain's result: features(), rows(),
-- base(output), values(output) (a frame with a column per feature), global(aggregate, output).

local errors = require "wf.errors"
local letters = require "wf.plot.letters"
local number = require "wf.plot.number"
local options = require "wf.options"
local scale = require "wf.plot.scale"

local input = {}

local function is_explanation(value)
  if type(value) ~= "userdata" and type(value) ~= "table" then return false end
  local known = { ["wf.frame"] = true, ["wf.column"] = true, ["wf.model"] = true }
  if known[options.type_of(value)] then return false end
  local ok, found = pcall(function() return value.values and value.features and value.global end)
  return ok and type(found) == "function"
end
input.is_explanation = is_explanation

-- The options every plot takes, and more.
function input.rules(more)
  more.title, more.subtitle = more.title or { "string" }, { "string" }
  return more
end

-- The fields every plot has.
function input.fields(kind, o, title, subtitle)
  return { kind = kind, title = letters.clean(o.title or title),
    subtitle = letters.clean(o.subtitle or subtitle or ""), legend = {}, notes = {} }
end

local function type_error(where, what, value)
  errors.raise { code = "type",
    message = ("%s: needs %s, not %s"):format(where, what, options.type_of(value)) }
end
input.type_error = type_error

-- The explanation, which has rows.
function input.explanation(where, value)
  if not is_explanation(value) then
    type_error(where, "an explanation, as shap.explain(model, frame) gives it", value)
  end
  if value:rows() == 0 then errors.invalid("%s: the explanation has no rows", where) end
  if #value:features() == 0 then errors.invalid("%s: the explanation has no features", where) end
  return value
end

-- ---- numbers ------------------------------------------------------------------------------------

local function is_finite(x)
  return x == x and x ~= math.huge and x ~= -math.huge
end
input.is_finite = is_finite

-- A column's values as a list of numbers, false where they are missing or not finite; how many are.
function input.numbers(where, column)
  if column.type == "string" or column.type == "category" then
    errors.raise { code = "type", message = ("%s: needs numbers, not a column of %s"):format(where, column.type) }
  end
  if column.type == "bool" then column = column:cast("f64") end
  local values, list, absent = column:to_table(), {}, 0
  for i = 1, #column do
    local x = values[i]
    local good = x ~= nil and is_finite(x)
    list[i] = good and x or false
    if not good then absent = absent + 1 end
  end
  return list, absent
end

-- SHAP values of one feature; all of them are numbers.
function input.attributions(where, values, feature)
  local list, absent = input.numbers(where, values:column(feature))
  if absent > 0 then
    errors.invalid("%s: %d SHAP value%s of '%s' %s not finite", where, absent,
      absent == 1 and "" or "s", feature, absent == 1 and "is" or "are")
  end
  return list
end

-- The ends of the colours of a column whose numbers are `list`: outliers must not take them all.
function input.colour_ends(column, list)
  if column.type == "bool" then return 0, 1 end
  for _, tail in ipairs { 0.05, 0.01 } do
    local low, high = column:quantile(tail), column:quantile(1 - tail)
    if low and high and is_finite(low) and is_finite(high) and low < high then return low, high end
  end
  return scale.range(list)
end

-- ---- features -----------------------------------------------------------------------------------

-- The rules of plots that show feature values.
input.data_rules = { data = { "wf.frame|wf.matrix" }, model = { "wf.model" } }

-- What was explained, when the explanation holds it.
local function own_data(explained)
  local ok, data = pcall(function() return explained.data end)
  return ok and options.is(data, "wf.frame") and data or nil
end

-- What the explained values are amounts of: "margin" unless the explanation says so.
function input.scale_name(explained)
  local ok, name = pcall(function() return explained.scale end)
  return ok and type(name) == "string" and letters.clean(name) or "margin"
end

local function encoded(where, explained, o)
  local data = o.data or own_data(explained)
  if o.model and options.is(data, "wf.frame") then return o.model:matrix(data) end
  if o.model and not data then errors.invalid("%s: option 'model' encodes 'data', which is not given", where) end
  return data
end

-- The raw column of each feature by the feature's name, when the explanation tells.
local function origins_of(explained)
  local ok, sources = pcall(function() return explained:sources() end)
  local origins = {}
  for i, name in ipairs(ok and type(sources) == "table" and explained:features() or {}) do
    origins[name] = sources[i]
  end
  return origins
end

-- Features are named as recipes do it: what XGBoost refuses in names is "_".
local function feature_name(origin, text)
  return ((origin .. "_" .. text):gsub("[%[%]<]", "_"))
end

-- The indicator "sex_Female" of the raw text column "sex": 1 where it is that text; nil when no text of
-- the column, or more than one, makes that name.
local function indicator(data, origin, name)
  if not origin or not data:has(origin) then return nil end
  local column, found = data:column(origin), nil
  if column.type ~= "string" and column.type ~= "category" then return nil end
  for _, text in ipairs(column:value_counts().value:to_table()) do
    if feature_name(origin, text) == name then
      if found then return nil end
      found = text
    end
  end
  return found and column:eq(found):cast("f64")
end

-- A function from a feature's name to its column, or to nil when the data has none of that name.
function input.feature_columns(where, explained, o)
  local data, known, rows = encoded(where, explained, o), {}, explained:rows()
  if not data then return function() return nil end end
  local is_matrix = options.is(data, "wf.matrix")
  local origins = is_matrix and {} or origins_of(explained)
  local n = is_matrix and data:rows() or #data
  if n ~= rows then
    errors.invalid("%s: the data has %d rows, the explanation %d", where, n, rows)
  end
  for i, name in ipairs(is_matrix and data:names() or data:columns()) do known[name] = known[name] or i end
  return function(name)
    if not known[name] then return not is_matrix and indicator(data, origins[name], name) or nil end
    return is_matrix and data:column(known[name]) or data:column(name)
  end
end

function input.is_text(column)
  return column.type == "string" or column.type == "category" or column.type == "timestamp"
end

-- The names and importances of a frame (feature, number), largest first.
function input.ranking(where, ranking)
  local names = ranking:columns()
  if #names < 2 or not ranking:has("feature") then
    type_error(where, "a frame with the columns feature and importance", ranking)
  end
  local column = names[1] == "feature" and names[2] or names[1]
  local values, list = input.numbers(where, ranking:column(column)), {}
  local spreads = ranking:has("std") and input.numbers(where, ranking:column("std")) or {}
  for i, feature in ipairs(ranking:column("feature"):to_table()) do
    if not values[i] then errors.invalid("%s: the %s of '%s' is not a finite number", where, column, feature) end
    list[i] = { name = tostring(feature), value = values[i], spread = spreads[i] or nil, at = i }
  end
  table.sort(list, function(a, b)
    local x, y = math.abs(a.value), math.abs(b.value)
    if x ~= y then return x > y end
    return a.at < b.at
  end)
  return list
end

-- How many of n items are shown by name when at most `top` are: a rest of one is shown itself.
function input.shown(n, top)
  return n <= top + 1 and n or top
end

function input.rest_name(n)
  return ("%s other features, summed"):format(number.count(n))
end

-- The sum of the features from the first-th on of a ranking, as a column.
function input.rest_of(values, ranking, first)
  local sum = values:column(ranking[first].name)
  for i = first + 1, #ranking do sum = sum + values:column(ranking[i].name) end
  return sum
end

-- ---- curves -------------------------------------------------------------------------------------

local function counts_of(where, labels, scores, o)
  local metrics = require "wf.metrics"
  if #labels == 0 then errors.invalid("%s: there are no labels", where) end
  if labels.type == "string" or labels.type == "category" then
    if o.positive == nil then
      errors.invalid("%s: labels are text; name the positive one with option 'positive'", where)
    end
    labels = labels:eq(tostring(o.positive)):cast("f64")
  elseif labels.type == "bool" then
    labels = labels:cast("f64")
  end
  return metrics.curve(labels, scores, { weights = o.weights })
end

-- The lists threshold, tp, fp and the totals of a curve frame.
local function lists_of(where, curve)
  local lists = {}
  for _, name in ipairs { "threshold", "tp", "fp", "fn", "tn" } do
    if not curve:has(name) then
      errors.invalid("%s: a curve has the columns threshold, tp, fp, fn, tn; there is no '%s'", where, name)
    end
    local absent
    lists[name], absent = input.numbers(where, curve:column(name))
    if absent > 0 then errors.invalid("%s: the curve's '%s' has values that are not finite", where, name) end
  end
  if #curve == 0 then errors.invalid("%s: the curve has no points", where) end
  lists.positives = lists.tp[#curve] + lists.fn[#curve]
  lists.negatives = lists.fp[#curve] + lists.tn[#curve]
  return lists
end

-- A curve by threshold from an evaluation, a frame of metrics.curve, or { labels =, scores =, … }.
function input.curve(where, source)
  local kind = options.type_of(source)
  if kind == "wf.frame" then return lists_of(where, source) end
  if kind == "wf.evaluation" then
    local curve = source:get_curve()
    if not curve then
      errors.invalid("%s: the evaluation of %s has no curve; it needs two classes", where,
        tostring(source:get("objective")))
    end
    return lists_of(where, curve)
  end
  if kind ~= "table" then
    type_error(where, "an evaluation, a curve, or { labels =, scores = }", source)
  end
  local o = options.check(where, source, { labels = { "wf.column", required = true },
    scores = { "wf.column", required = true }, weights = { "wf.column" },
    positive = { "string" } })
  return lists_of(where, counts_of(where, o.labels, o.scores, o))
end

-- Several curves: a single source, or a list { {"name", source}, … }; { {name, curve}, … }.
function input.curves(where, source)
  if options.type_of(source) ~= "table" or source.labels or source.scores then
    return { { curve = input.curve(where, source) } }
  end
  local list = {}
  for i, pair in ipairs(source) do
    if type(pair) ~= "table" or type(pair[1]) ~= "string" or pair[2] == nil then
      errors.invalid("%s: item %d is not {\"name\", evaluation}", where, i)
    end
    list[i] = { name = letters.clean(pair[1]), curve = input.curve(where .. ": " .. pair[1], pair[2]) }
  end
  if #list == 0 then
    errors.invalid("%s: needs an evaluation, a curve, { labels =, scores = } or a list of {\"name\", evaluation}",
      where)
  end
  if #list > 8 then errors.invalid("%s: %d curves are too many to tell apart; at most 8", where, #list) end
  return list
end

return input
