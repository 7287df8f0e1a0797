-- wf.plot.dependence: a feature's SHAP values over its values, a dot for each row, coloured by
-- another feature when one is named, or when the one that it interacts with most is asked for.

local errors = require "wf.errors"
local input = require "wf.plot.input"
local interacting = require "wf.plot.interacting"
local letters = require "wf.plot.letters"
local number = require "wf.plot.number"
local options = require "wf.options"
local scale = require "wf.plot.scale"
local theme = require "wf.plot.theme"

local dependence = {}

local rules = input.rules { feature = { "string", required = true }, by = { "string" },
  output = { "integer", default = 1, min = 1 }, log = { "boolean", default = false },
  data = input.data_rules.data, model = input.data_rules.model }

local most_categories, few_values = 20, 12

-- A number in [-0.5, 0.5) for each row: multiples of the golden ratio are spread evenly.
local function spread(row)
  return row * 0.6180339887498949 % 1 - 0.5
end

-- ---- positions on the x axis --------------------------------------------------------------------

-- Texts as the numbers of their categories, the most frequent 20 and the others.
local function category_positions(column)
  local counts, names, place = column:value_counts(), {}, {}
  local texts = counts.value:to_table()
  for i = 1, math.min(#counts, most_categories) do names[i] = tostring(texts[i]) end
  table.sort(names)
  for i, name in ipairs(names) do place[name] = i end
  if #counts > most_categories then names[#names + 1] = "(other)" end
  local list, absent, values = {}, 0, column:to_table()
  for row = 1, #column do
    local value = values[row]
    list[row] = value ~= nil and (place[tostring(value)] or #names)
    if not list[row] then absent = absent + 1 end
  end
  for i, name in ipairs(names) do names[i] = letters.clean(name) end
  return list, absent, names
end

-- The different values when there are few of them, evenly apart.
local function few_steps(list)
  local seen, values = {}, {}
  for _, x in ipairs(list) do
    if x and not seen[x] then
      seen[x], values[#values + 1] = true, x
      if #values > few_values then return nil end
    end
  end
  table.sort(values)
  for i = 3, #values do
    local gap = values[2] - values[1]
    if math.abs(values[i] - values[i - 1] - gap) > gap * 1e-6 then return nil end
  end
  return values
end

-- Few numbers are shown as categories: 0 and 1 of an indicator, years, counts.
local function stepped(list, values)
  local place, names = {}, {}
  for i, value in ipairs(values) do
    place[value], names[i] = i, number.short(value, 6)
  end
  for row, x in ipairs(list) do list[row] = x and place[x] end
  return names
end

local function x_positions(where, column, o)
  if input.is_text(column) then
    if o.log then errors.invalid("%s: '%s' is text, which has no logarithm", where, o.feature) end
    local list, absent, names = category_positions(column)
    return list, absent, { label = letters.clean(o.feature), names = names }, 1
  end
  local list, absent = input.numbers(where, column)
  local low, high = scale.range(list)
  if o.log and low and low <= 0 then
    errors.invalid("%s: '%s' has values of 0 and less, which have no logarithm", where, o.feature)
  end
  local values = not o.log and few_steps(list) or nil
  if values then return list, absent, { label = letters.clean(o.feature), names = stepped(list, values) }, 1 end
  local room = low and not o.log and (high - low) * 0.02 or 0
  return list, absent, { label = letters.clean(o.feature), low = (low or 0) - room, high = (high or 1) + room,
    log = o.log or nil }
end

-- ---- colours ------------------------------------------------------------------------------------

local function column_named(where, column_of, name)
  local column = column_of(name)
  if not column then errors.invalid("%s: the data has no column '%s'", where, name) end
  return column
end

-- The other features that colours can show: { {name, list}, … }.
local function candidates_of(where, features, column_of, feature)
  local list = {}
  for _, name in ipairs(features) do
    local column = name ~= feature and column_of(name)
    if column and not input.is_text(column) then
      list[#list + 1] = { name = name, list = input.numbers(where, column) }
    end
  end
  return list
end

local function colour_levels(where, plot, column_of, by)
  if not by then return nil end
  local column = column_named(where, column_of, by)
  if input.is_text(column) then
    errors.raise { code = "type",
      message = ("%s: '%s' is %s; only numbers give colours"):format(where, by, column.type) }
  end
  local list, absent = input.numbers(where, column)
  if absent == #list then errors.invalid("%s: '%s' has no values to colour by", where, by) end
  local low, high = input.colour_ends(column, list)
  for row, x in ipairs(list) do list[row] = x and theme.level(x, low, high) or 0 end
  plot.colour_bar = { label = letters.clean(by), low = number.short(low), high = number.short(high) }
  return list
end

-- ---- making -------------------------------------------------------------------------------------

-- The dots, without the rows that have no value; the mean SHAP value of those.
local function dots(xs, values, levels, gap)
  local layer, sum = { kind = "dots", x = {}, y = {}, levels = levels and {}, colour = theme.series[1],
    opacity = levels and 0.85 or 0.55, size = 4.4 }, 0
  for row, x in ipairs(xs) do
    if x then
      local n = #layer.x + 1
      layer.x[n], layer.y[n] = x + (gap and spread(row) * gap * 0.5 or 0), values[row]
      if levels then layer.levels[n] = levels[row] end
    else
      sum = sum + values[row]
    end
  end
  return layer, sum
end

local function y_axis(values, name)
  local low, high = scale.range(values)
  local room = low < high and (high - low) * 0.04 or math.max(1e-9, math.abs(low) * 0.1)
  return { label = ("SHAP value of %s"):format(name), low = math.min(0, low - room), high = math.max(0, high + room) }
end

function dependence.dependence(explained, given)
  local where = "plot.dependence"
  local o = options.check(where, given, rules)
  input.explanation(where, explained)
  local values_frame = explained:values(o.output)
  if not values_frame:has(o.feature) then
    errors.invalid("%s: %s", where, options.unknown("feature", o.feature, values_frame:columns()))
  end
  local column_of = input.feature_columns(where, explained, o)
  local name = letters.clean(o.feature)
  local plot = input.fields("chart", o, "Effect of " .. name, ("%s rows"):format(number.count(explained:rows())))
  local column = column_of(o.feature)
  if not column then
    errors.invalid("%s: give the values of '%s' with option 'data'", where, o.feature)
  end
  local values = input.attributions(where, values_frame, o.feature)
  local xs, absent, x_axis, gap = x_positions(where, column, o)
  if absent == #xs then errors.invalid("%s: '%s' has no values", where, o.feature) end
  local by = o.by
  if by == "auto" and not column_of "auto" then
    by = interacting.strongest(xs, values, candidates_of(where, values_frame:columns(), column_of, o.feature))
  end
  local layer, sum = dots(xs, values, colour_levels(where, plot, column_of, by), gap)
  plot.panels = { { x = x_axis, y = y_axis(values, name), layers = { { kind = "rule", y = 0 }, layer } } }
  plot.width, plot.area_height = 640, 360
  if absent > 0 then
    plot.notes[1] = ("%s rows without a value are not drawn; their mean SHAP value is %s."):format(
      number.count(absent), number.change(sum / absent))
  end
  return plot
end

return dependence
