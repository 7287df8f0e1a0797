-- wf.plot.beeswarm: the SHAP values of all rows, a strip of dots for each feature, coloured by the
-- feature's value.
--
-- Dots that would lie on each other are stacked around the middle of their strip. Where more rows
-- meet than a stack has room for, a dot stands for several: stacks grow with the square root of
-- the number of rows, and a stack's colours are those of its rows in order, so that the file's size
-- depends on the width of the picture and not on the number of rows.

local frame = require "wf.frame"
local input = require "wf.plot.input"
local letters = require "wf.plot.letters"
local number = require "wf.plot.number"
local options = require "wf.options"
local scale = require "wf.plot.scale"
local sheet = require "wf.plot.sheet"
local svg = require "wf.plot.svg"
local terminal = require "wf.plot.terminal"
local theme = require "wf.plot.theme"

local beeswarm = {}

local rules = input.rules { top = { "integer", default = 20, min = 1, max = 200 },
  output = { "integer", default = 1, min = 1 }, x_label = { "string" },
  data = input.data_rules.data, model = input.data_rules.model }

-- ---- making -------------------------------------------------------------------------------------

local function strips(where, explained, o)
  local values = explained:values(o.output)
  local ranking = input.ranking(where, explained:global("mean_abs", o.output))
  local shown, names, columns = input.shown(#ranking, o.top), {}, {}
  for i = 1, shown do
    names[i], columns[i] = ranking[i].name, values:column(ranking[i].name)
    input.attributions(where, values, ranking[i].name)
  end
  if #ranking > shown then
    names[shown + 1] = input.rest_name(#ranking - shown)
    columns[shown + 1] = input.rest_of(values, ranking, shown + 1)
  end
  return names, columns, shown
end

local function known_values(where, explained, o, names, shown)
  local column_of, known = input.feature_columns(where, explained, o), { names = {}, columns = {} }
  for i = 1, shown do
    local column = column_of(names[i])
    if column and not input.is_text(column) then
      known.names[#known.names + 1], known.columns[#known.columns + 1] = names[i], column
    end
  end
  return #known.names > 0 and frame.new(known) or nil
end

function beeswarm.beeswarm(explained, given)
  local where = "plot.beeswarm"
  local o = options.check(where, given, rules)
  input.explanation(where, explained)
  local names, columns, shown = strips(where, explained, o)
  local plot = input.fields("beeswarm", o, "SHAP values by feature",
    ("%s rows; features by mean |SHAP value|"):format(number.count(explained:rows())))
  plot.x_label = letters.clean(o.x_label
    or ("SHAP value (effect on the model's %s)"):format(input.scale_name(explained)))
  plot.names, plot.rows = names, explained:rows()
  plot.values = frame.new { names = names, columns = columns }
  plot.data = known_values(where, explained, o, names, shown)
  return plot
end

-- ---- colours ------------------------------------------------------------------------------------

-- A colour level for each row, 0 where the value is missing; nil when nothing is known of it.
local function levels_of(plot, i)
  local name = plot.names[i]
  if not plot.data or not plot.data:has(name) then return nil end
  local column = plot.data:column(name)
  if column.type == "bool" then column = column:cast("f64") end
  local list, absent = input.numbers("plot", column)
  if absent == #list then return nil end
  local low, high = input.colour_ends(column, list)
  for row, x in ipairs(list) do list[row] = x and theme.level(x, low, high) or 0 end
  return list, absent
end

-- ---- stacking -----------------------------------------------------------------------------------

local dot, step, bin_width = 3.6, 2.5, 2.6

-- Row numbers by level, the lowest first.
local function by_level(levels, n)
  local buckets, order = {}, {}
  for level = 0, theme.levels do buckets[level] = {} end
  for row = 1, n do
    local bucket = buckets[levels and levels[row] or 0]
    bucket[#bucket + 1] = row
  end
  for level = 0, theme.levels do table.move(buckets[level], 1, #buckets[level], #order + 1, order) end
  return order
end

-- Rows by the bin their position falls in, { [bin] = {rows} }, and the fullest bin's count.
local function binned(positions, order)
  local bins, fullest = {}, 0
  for _, row in ipairs(order) do
    local bin = positions[row] // bin_width
    local rows = bins[bin]
    if not rows then
      rows = {}
      bins[bin] = rows
    end
    rows[#rows + 1] = row
    fullest = math.max(fullest, #rows)
  end
  return bins, fullest
end

-- How many dots stand for so many rows.
local function stack_height(count, fullest, room)
  if fullest <= room then return count end
  return math.max(1, math.min(count, math.floor(room * math.sqrt(count / fullest) + 0.5)))
end

-- The mean of the rows first … last: position and, of those with a value, level.
local function mean_of(rows, first, last, positions, levels)
  local at, sum, known = 0, 0, 0
  for i = first, last do
    at = at + positions[rows[i]]
    local level = levels and levels[rows[i]] or 0
    if level > 0 then sum, known = sum + level, known + 1 end
  end
  return at / (last - first + 1), known > 0 and math.floor(sum / known + 0.5) or 0
end

-- Points by level, { [level] = {x, y, x, y, …} }, level 0 being without a value.
local function stacked(positions, levels, room)
  local bins, fullest = binned(positions, by_level(levels, #positions))
  local points = {}
  for _, bin in ipairs(options.sorted_keys(bins)) do
    local rows = bins[bin]
    local height = stack_height(#rows, fullest, room)
    for k = 1, height do
      local first, last = (k - 1) * #rows // height + 1, k * #rows // height
      local x, level = mean_of(rows, first, last, positions, levels)
      local list = points[level] or {}
      points[level] = list
      list[#list + 1], list[#list + 2] = x, ((height - 1) / 2 - (k - 1)) * step
    end
  end
  return points
end

-- ---- SVG ----------------------------------------------------------------------------------------

local pitch, bar_room = 30, 56

function beeswarm.size(plot, width)
  width = width or 760
  local height = sheet.head_height(plot, width) + #plot.names * pitch + sheet.axis_height
    + sheet.foot_height(plot, width)
  return width, height, height - #plot.names * (pitch - theme.least_pitch)
end

local function draw_strip(page, plot, i, x, y, room)
  local list = input.attributions("plot", plot.values, plot.names[i])
  local levels, absent = levels_of(plot, i)
  for row, value in ipairs(list) do list[row] = x.at(value) end
  local points = stacked(list, levels, room)
  for level = 0, theme.levels do
    local at = points[level]
    if at then
      for k = 2, #at, 2 do at[k] = y + at[k] end
      page:path(svg.dots(at), { stroke = theme.value_map[level] or levels and theme.missing or theme.unknown })
    end
  end
  return levels ~= nil, absent or 0
end

local function value_range(plot)
  local low, high = 0, 0
  for _, name in ipairs(plot.names) do
    local least, most = plot.values:column(name):min(), plot.values:column(name):max()
    low, high = math.min(low, least), math.max(high, most)
  end
  return low, high
end

local function draw_strips(page, plot, x, y_of, room)
  local coloured, absent = false, 0
  page:open("g", { stroke_linecap = "round", stroke_width = dot, fill = "none" })
  for i in ipairs(plot.names) do
    local has_levels, missing = draw_strip(page, plot, i, x, y_of(i), room)
    coloured, absent = coloured or has_levels, absent + missing
  end
  page:close("g")
  return coloured, absent
end

-- Says what grey is, beside the map of colours.
local function draw_key(page, area, bottom, absent)
  local x = area.right - bar_room + 18
  local top = area.top + 4
  sheet.colour_bar(page, theme.value_map, x, top, math.min(bottom, top + 220), "High", "Low", "Feature value")
  if absent > 0 and bottom - area.top > 270 then
    page:circle(x + 5, top + 240, dot / 2 + 0.7, { fill = theme.missing })
    page:text(x - 3, top + 258, "missing", { font_size = theme.tick_size, fill = theme.text })
  end
end

function beeswarm.svg(plot, width, height)
  local page, area = sheet.new(plot, width, height)
  local room = sheet.name_room(plot.names, 0.36 * (area.right - area.left))
  local bottom, left = area.bottom - sheet.axis_height, area.left + room + 14
  local low, high = value_range(plot)
  local right = area.right - (plot.data and bar_room or 8)
  local x = scale.linear { low = low, high = high, from = left + 8, to = right - 8 }
  local strip = (bottom - area.top) / #plot.names
  local y_of = function(i) return area.top + (i - 0.5) * strip end
  sheet.value_axis(page, x, area.top, bottom, plot.x_label)
  page:line(x.at(0), area.top, x.at(0), bottom, { stroke = theme.axis })
  local coloured, absent = draw_strips(page, plot, x, y_of, math.max(1, strip * 0.86 // step))
  if coloured then draw_key(page, area, bottom, absent) end
  sheet.row_names(page, plot.names, left - 8, room, y_of)
  return page:finish()
end

-- ---- text ---------------------------------------------------------------------------------------

-- Per character of a strip: how many rows, and the sum and count of their levels.
local function counted(list, levels, at, width)
  local cells = {}
  for row, value in ipairs(list) do
    local column = math.max(0, math.min(width - 1, math.floor(at(value))))
    local cell = cells[column] or { rows = 0, sum = 0, known = 0 }
    cells[column] = cell
    cell.rows = cell.rows + 1
    local level = levels and levels[row] or 0
    if level > 0 then cell.sum, cell.known = cell.sum + level, cell.known + 1 end
  end
  return cells
end

local function draw_cells(canvas, left, row, cells, width, absent)
  local fullest = 1
  for column = 0, width - 1 do fullest = math.max(fullest, cells[column] and cells[column].rows or 0) end
  for column = 0, width - 1 do
    local cell = cells[column]
    if cell then
      local height = math.max(1, math.ceil(math.sqrt(cell.rows / fullest) * #terminal.heights))
      local ink = cell.known > 0 and theme.value_map[math.floor(cell.sum / cell.known + 0.5)]
      canvas:text(left + column, row, terminal.heights[height], ink or absent)
    end
  end
end

-- Which way a feature's high values push: the sign of the correlation of levels with SHAP values.
local function direction(list, levels)
  if not levels then return "" end
  local n, x, y, xx, yy, xy = 0, 0, 0, 0, 0, 0
  for row, value in ipairs(list) do
    local level = levels[row]
    if level > 0 then
      n, x, y = n + 1, x + level, y + value
      xx, yy, xy = xx + level * level, yy + value * value, xy + level * value
    end
  end
  local spread = (n * xx - x * x) * (n * yy - y * y)
  local r = spread > 0 and (n * xy - x * y) / math.sqrt(spread) or 0
  return math.abs(r) < 0.2 and "·" or r > 0 and "↑" or "↓"
end

function beeswarm.text(plot, o)
  local names, shown = terminal.name_columns(plot.names, o.width)
  local left, width = names + 3, o.width - names - 6
  local low, high = value_range(plot)
  local x = scale.linear { low = low, high = high, from = 0.5, to = width - 0.5 }
  local canvas = terminal.new(o.width, #plot.names + 3, o)
  local zero = left + math.floor(x.at(0))
  for i, name in ipairs(plot.names) do
    local list, levels = input.attributions("plot", plot.values, name), levels_of(plot, i)
    canvas:text(0, i - 1, shown[i])
    canvas:text(zero, i - 1, "┊", theme.axis)
    draw_cells(canvas, left, i - 1, counted(list, levels, x.at, width), width,
      levels and theme.missing or theme.unknown)
    canvas:text(left + width + 1, i - 1, direction(list, levels))
  end
  terminal.value_axis(canvas, x, left, #plot.names, plot.x_label)
  local key = plot.data and "↑ high feature values raise the prediction, ↓ they lower it" or ""
  return terminal.with_remark(canvas:finish(), key, o.width)
end

return beeswarm
