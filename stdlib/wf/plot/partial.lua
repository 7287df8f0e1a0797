-- wf.plot.partial: partial dependence, the mean prediction over the values of one feature, and
-- individual conditional expectations, a line for each row.
--
-- Frames are what wf.explain gives: (value, mean), with low and high a band, of two features (value,
-- value_2, mean), and (row, value, prediction). Values are numbers or texts.

local errors = require "wf.errors"
local input = require "wf.plot.input"
local letters = require "wf.plot.letters"
local number = require "wf.plot.number"
local options = require "wf.options"
local scale = require "wf.plot.scale"
local theme = require "wf.plot.theme"

local partial = {}

-- Lines of more rows only hide each other.
local most_lines = 150

local function column_of(where, data, name)
  if not data:has(name) then
    errors.invalid("%s: the frame has no column '%s'; it has %s", where, name, table.concat(data:columns(), ", "))
  end
  return data:column(name)
end

-- Values as positions on an axis: numbers as they are, texts as the numbers of their categories.
local function positions(where, column, o)
  if not input.is_text(column) then
    local list, absent = input.numbers(where, column)
    if absent > 0 then errors.invalid("%s: %d values are missing or not finite", where, absent) end
    local low, high = scale.range(list)
    return list, { label = letters.clean(o.feature), low = low, high = high, log = o.log or nil }
  end
  if o.log then errors.invalid("%s: '%s' is text, which has no logarithm", where, o.feature) end
  if column:missing_count() > 0 then errors.invalid("%s: %d values are missing", where, column:missing_count()) end
  local names, place, list = {}, {}, {}
  for i, text in ipairs(column:to_table()) do
    text = tostring(text)
    if not place[text] then
      names[#names + 1] = letters.clean(text)
      place[text] = #names
    end
    list[i] = place[text]
  end
  return list, { label = letters.clean(o.feature), names = names }
end

local function predictions(where, data, name)
  local list, absent = input.numbers(where, column_of(where, data, name))
  if absent > 0 then errors.invalid("%s: %d of '%s' are missing or not finite", where, absent, name) end
  return list
end

local function y_axis(o, ...)
  local low, high = scale.range(...)
  local room = (high - low) * 0.05
  return { label = letters.clean(o.y_label or "Prediction"), low = low - room, high = high + room }
end

-- x and y in the order of x, which need not be the frame's.
local function ordered(x, y)
  local order, xs, ys = {}, {}, {}
  for i = 1, #x do order[i] = i end
  table.sort(order, function(a, b)
    if x[a] ~= x[b] then return x[a] < x[b] end
    return a < b
  end)
  for k, i in ipairs(order) do xs[k], ys[k] = x[i], y[i] end
  return xs, ys
end

local function check_rows(where, data)
  if #data == 0 then errors.invalid("%s: the frame has no rows", where) end
end

local function rules(more)
  more.feature, more.y_label = more.feature or { "string", default = "value" }, { "string" }
  more.log = { "boolean", default = false }
  return input.rules(more)
end

-- ---- individual rows ----------------------------------------------------------------------------

-- { {x, y} … } by row in the order of first appearance.
local function by_row(where, data, xs, name)
  local rows, ys, known, lines = column_of(where, data, "row"):to_table(), predictions(where, data, name), {}, {}
  for i = 1, #data do
    local row = rows[i]
    if row == nil then errors.invalid("%s: row %d has no value in 'row'", where, i) end
    local line = known[row]
    if not line then
      line = { x = {}, y = {} }
      known[row], lines[#lines + 1] = line, line
    end
    line.x[#line.x + 1], line.y[#line.y + 1] = xs[i], ys[i]
  end
  return lines, ys
end

-- At most 150 of the lines, evenly chosen.
local function chosen_lines(lines)
  if #lines <= most_lines then return lines end
  local chosen = {}
  for k = 1, most_lines do chosen[k] = lines[1 + (k - 1) * #lines // most_lines] end
  return chosen
end

local function line_layers(lines)
  local layers = {}
  for i, line in ipairs(chosen_lines(lines)) do
    local x, y = ordered(line.x, line.y)
    layers[i] = { kind = "line", x = x, y = y, colour = theme.axis, width = 0.8,
      opacity = #lines > 40 and 0.35 or 0.6, is_background = true }
  end
  return layers
end

local function add_lines(plot, layers, lines)
  for i, layer in ipairs(line_layers(lines)) do table.insert(layers, i, layer) end
  local shown = math.min(#lines, most_lines)
  local name = shown < #lines and ("rows (%s of %s)"):format(number.count(shown), number.count(#lines)) or "rows"
  plot.legend[#plot.legend + 1] = { name = name, colour = theme.axis, is_background = true }
end

-- The mean over the lines at each value.
local function mean_of(lines)
  local sums, counts = {}, {}
  for _, line in ipairs(lines) do
    for i, x in ipairs(line.x) do
      sums[x], counts[x] = (sums[x] or 0) + line.y[i], (counts[x] or 0) + 1
    end
  end
  local xs, ys = options.sorted_keys(sums), {}
  for i, x in ipairs(xs) do ys[i] = sums[x] / counts[x] end
  return xs, ys
end

-- ---- making -------------------------------------------------------------------------------------

-- The mean's line, and its points when they are few; categories have no order that a line could follow.
local function add_mean(plot, layers, x, y, axis)
  local colour = theme.series[1]
  if not axis.names then
    layers[#layers + 1] = { kind = "line", name = "mean", x = x, y = y, colour = colour, width = 2.5 }
  end
  if axis.names or #x <= 30 then layers[#layers + 1] = { kind = "marks", x = x, y = y, colour = colour } end
  table.insert(plot.legend, 1, { name = "mean", colour = colour, mark = axis.names and "dot" or nil })
end

local function new_plot(o, title, axis)
  local plot = input.fields("chart", o, title:format(letters.clean(o.feature)))
  plot.panels = { { x = axis, layers = {} } }
  plot.width, plot.area_height = 640, 340
  return plot, plot.panels[1].layers
end

-- The middle of the rows' predictions: a band along numbers, whiskers at categories.
local function add_range(where, data, plot, layers, xs, axis)
  if not (data:has("low") and data:has("high")) then return {}, {} end
  local low, high = predictions(where, data, "low"), predictions(where, data, "high")
  if axis.names then
    for _, layer in ipairs(layers) do layer.low, layer.high = low, high end
  else
    local x, lows = ordered(xs, low)
    local _, highs = ordered(xs, high)
    table.insert(layers, 1, { kind = "band", x = x, low = lows, high = highs, colour = theme.series[1] })
  end
  plot.notes[1] = axis.names and "Whiskers span the middle of the rows' predictions."
    or "The band spans the middle of the rows' predictions."
  return low, high
end

local function one_feature(where, data, o)
  local xs, axis = positions(where, column_of(where, data, "value"), o)
  local plot, layers = new_plot(o, "Partial dependence on %s", axis)
  local means = predictions(where, data, "mean")
  local x, y = ordered(xs, means)
  add_mean(plot, layers, x, y, axis)
  local low, high, others = {}, {}, {}
  if not o.ice then low, high = add_range(where, data, plot, layers, xs, axis) end
  if o.ice then
    local lines
    lines, others = by_row(where, o.ice, (positions(where, column_of(where, o.ice, "value"), o)), "prediction")
    add_lines(plot, layers, lines)
  else
    plot.legend = {}
  end
  plot.panels[1].y = y_axis(o, means, others, low, high)
  return plot
end

-- ---- two features -------------------------------------------------------------------------------

-- From the middle of a grid value and the one before to that of it and the next; { [value] = {from, to} }.
local function cell_edges(list)
  local seen, values, edges = {}, {}, {}
  for _, x in ipairs(list) do
    if not seen[x] then seen[x], values[#values + 1] = true, x end
  end
  table.sort(values)
  for i, x in ipairs(values) do
    local before, after = values[i - 1], values[i + 1]
    local left = before and (x - before) / 2 or after and (after - x) / 2 or 0.5
    local right = after and (after - x) / 2 or before and (x - before) / 2 or 0.5
    edges[x] = { x - left, x + right }
  end
  return edges, values
end

-- An axis that ends with its outermost cells.
local function spanned(axis, edges, values)
  if not axis.names then axis.low, axis.high = edges[values[1]][1], edges[values[#values]][2] end
  return axis
end

local function two_features(where, data, o)
  if o.log or o.ice then
    errors.invalid("%s: of two features there is neither log nor ice", where)
  end
  local names = type(o.feature) == "table" and o.feature or { "value", "value_2" }
  local first, second = { feature = names[1] }, { feature = names[2] }
  local xs, x_axis = positions(where, column_of(where, data, "value"), first)
  local ys, y_axis_of = positions(where, column_of(where, data, "value_2"), second)
  local means = predictions(where, data, "mean")
  local low, high = scale.range(means)
  local x_edges, x_values = cell_edges(xs)
  local y_edges, y_values = cell_edges(ys)
  local layer = { kind = "tiles", map = "share", x0 = {}, x1 = {}, y0 = {}, y1 = {}, levels = {}, tips = {} }
  for i, mean in ipairs(means) do
    layer.x0[i], layer.x1[i] = table.unpack(x_edges[xs[i]])
    layer.y0[i], layer.y1[i] = table.unpack(y_edges[ys[i]])
    layer.levels[i], layer.tips[i] = theme.level(mean, low, high), number.short(mean, 4)
  end
  local plot = input.fields("chart", o, ("Partial dependence on %s and %s"):format(names[1], names[2]))
  plot.panels = { { x = spanned(x_axis, x_edges, x_values), y = spanned(y_axis_of, y_edges, y_values),
    layers = { layer } } }
  plot.colour_bar = { label = letters.clean(o.y_label or "Prediction"), map = "share",
    low = number.short(low), high = number.short(high) }
  plot.width, plot.area_height = 680, 400
  return plot
end

-- `feature` names the axis; of two features it is a list of both names.
function partial.partial_dependence(data, given)
  local where = "plot.partial_dependence"
  options.argument(where, 1, data, "wf.frame")
  local more = { ice = { "wf.frame" }, feature = { "string|table" } }
  local o = options.check(where, given, rules(more))
  check_rows(where, data)
  if data:has("value_2") then return two_features(where, data, o) end
  if type(o.feature) == "table" then errors.invalid("%s: the frame has one feature, not two", where) end
  o.feature = o.feature or "value"
  return one_feature(where, data, o)
end

function partial.ice(data, given)
  local where = "plot.ice"
  options.argument(where, 1, data, "wf.frame")
  local o = options.check(where, given, rules {})
  check_rows(where, data)
  local xs, axis = positions(where, column_of(where, data, "value"), o)
  local plot, layers = new_plot(o, "Predictions of each row over %s", axis)
  local lines, all = by_row(where, data, xs, "prediction")
  local x, y = mean_of(lines)
  add_mean(plot, layers, x, y, axis)
  add_lines(plot, layers, lines)
  plot.panels[1].y = y_axis(o, all)
  return plot
end

return partial
