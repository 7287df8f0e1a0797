-- wf.plot.heatmap: all rows side by side, a strip for each feature coloured by its SHAP values, and
-- the predictions above.
--
-- Rows are ordered by their prediction. When there are more rows than the picture has room for,
-- neighbours share a column and show their mean.

local errors = require "wf.errors"
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

local heatmap = {}

local rules = input.rules { top = { "integer", default = 12, min = 1, max = 200 },
  output = { "integer", default = 1, min = 1 },
  order = { "string", default = "prediction", choices = { "prediction", "rows" } } }

-- ---- making -------------------------------------------------------------------------------------

-- Base value and SHAP values added up, row by row.
local function predictions(where, explained, values, output)
  local sums, base = {}, explained:base(output)
  for row = 1, explained:rows() do sums[row] = base end
  for _, name in ipairs(values:columns()) do
    for row, value in ipairs(input.attributions(where, values, name)) do sums[row] = sums[row] + value end
  end
  return sums
end

local function row_order(sums, how)
  local order = {}
  for row = 1, #sums do order[row] = row end
  if how == "prediction" then
    table.sort(order, function(a, b)
      if sums[a] ~= sums[b] then return sums[a] < sums[b] end
      return a < b
    end)
  end
  return order
end

local function in_order(list, order)
  local out = {}
  for i, row in ipairs(order) do out[i] = list[row] end
  return out
end

function heatmap.heatmap(explained, given)
  local where = "plot.heatmap"
  local o = options.check(where, given, rules)
  input.explanation(where, explained)
  local values = explained:values(o.output)
  local ranking = input.ranking(where, explained:global("mean_abs", o.output))
  local sums = predictions(where, explained, values, o.output)
  local order, shown = row_order(sums, o.order), input.shown(#ranking, o.top)
  local plot = input.fields("heatmap", o, "SHAP values row by row",
    ("%s rows%s; features by mean |SHAP value|"):format(number.count(#sums),
      o.order == "prediction" and " in the order of their prediction" or ""))
  plot.names, plot.base, plot.scale_name = {}, explained:base(o.output), input.scale_name(explained)
  local columns = { in_order(sums, order) }
  for i = 1, shown do
    plot.names[i] = ranking[i].name
    columns[i + 1] = in_order(input.attributions(where, values, ranking[i].name), order)
  end
  if #ranking > shown then
    plot.names[shown + 1] = input.rest_name(#ranking - shown)
    local rest = input.rest_of(values, ranking, shown + 1):to_table()
    columns[shown + 2] = in_order(rest, order)
  end
  local names = { "prediction" }
  for i = 1, #plot.names do names[i + 1] = ("strip %d"):format(i) end
  if #columns[1] == 0 then errors.invalid("%s: there are no rows", where) end
  plot.cells = frame.new { names = names, columns = columns }
  return plot
end

-- ---- columns ------------------------------------------------------------------------------------

-- The list as the means of n parts of about equal length.
local function averaged(list, n)
  if #list <= n then return list end
  local out = {}
  for k = 1, n do
    local first, last, sum = (k - 1) * #list // n + 1, k * #list // n, 0
    for i = first, last do sum = sum + list[i] end
    out[k] = sum / (last - first + 1)
  end
  return out
end

-- Predictions and strips with at most n values, and where colours end: the largest of all but 1 %.
local function cells_of(plot, n)
  local strips, amounts = {}, {}
  for i = 1, #plot.names do
    strips[i] = averaged(plot.cells:column(("strip %d"):format(i)):to_table(), n)
    for _, value in ipairs(strips[i]) do amounts[#amounts + 1] = math.abs(value) end
  end
  table.sort(amounts)
  local limit = amounts[math.max(1, math.ceil(#amounts * 0.99))]
  if limit == 0 then limit = amounts[#amounts] end
  return averaged(plot.cells:column("prediction"):to_table(), n), strips, limit > 0 and limit or 1
end

-- ---- SVG ----------------------------------------------------------------------------------------

local pitch, line_height, line_gap, bar_room = 22, 64, 12, 62

function heatmap.size(plot, width)
  width = width or 820
  local height = sheet.head_height(plot, width) + line_height + line_gap + #plot.names * pitch + 24
    + sheet.foot_height(plot, width)
  return width, height, height - #plot.names * (pitch - theme.least_pitch)
end

-- A strip as one path for each level; neighbours of a level are one rectangle.
local function draw_strip(page, strip, x, width, y, height, limit)
  local by_level, first = {}, 1
  for i = 1, #strip do
    local level = theme.level(strip[i], -limit, limit)
    if i == #strip or theme.level(strip[i + 1], -limit, limit) ~= level then
      local list = by_level[level] or {}
      by_level[level] = list
      local at, extent = svg.coordinate(x + (first - 1) * width), svg.coordinate((i - first + 1) * width)
      list[#list + 1] = ("M%s %sh%sv%sh-%sz"):format(at, svg.coordinate(y), extent,
        svg.coordinate(height), extent)
      first = i + 1
    end
  end
  for level = 1, theme.levels do
    if by_level[level] then page:path(table.concat(by_level[level]), { fill = theme.signed_map[level] }) end
  end
end

local function draw_predictions(page, plot, values, left, width, top)
  local low, high = scale.range(values, { plot.base })
  local y = scale.linear { low = low, high = high, from = top + line_height, to = top + 6 }
  local points, right = {}, left + #values * width
  page:line(left, y.at(plot.base), right, y.at(plot.base), { stroke = theme.axis, stroke_dasharray = "3 3" })
  for i, value in ipairs(values) do
    points[#points + 1], points[#points + 2] = left + (i - 0.5) * width, y.at(value)
  end
  if #values == 1 then points = { left, points[2], right, points[2] } end
  page:path(svg.polyline(points), { fill = "none", stroke = theme.ink, stroke_width = 1.5, stroke_linejoin = "round" })
  local style = { fill = theme.text, font_size = theme.tick_size, text_anchor = "end" }
  page:text(left - 8, top + 14, "Prediction", { fill = theme.ink, font_size = theme.label_size, text_anchor = "end" })
  page:text(left - 8, top + 29, ("(%s)"):format(plot.scale_name), style)
  local aside = { fill = theme.muted, font_size = theme.tick_size }
  page:text(right + 6, y.at(high) + 4, number.short(high), aside)
  if math.abs(y.at(high) - y.at(low)) > 14 then page:text(right + 6, y.at(low) + 2, number.short(low), aside) end
end

function heatmap.svg(plot, width, height)
  local page, area = sheet.new(plot, width, height)
  local room = math.max(70, sheet.name_room(plot.names, 0.32 * (area.right - area.left)))
  local left, right = area.left + room + 10, area.right - bar_room
  local values, strips, limit = cells_of(plot, (right - left) // 2)
  local column = (right - left) / #values
  local top = area.top + line_height + line_gap
  local strip = (area.bottom - 24 - top) / #strips
  draw_predictions(page, plot, values, left, column, area.top)
  page:open("g", { shape_rendering = "crispEdges" })
  for i, list in ipairs(strips) do
    draw_strip(page, list, left, column, top + (i - 1) * strip, math.max(1, strip - 2), limit)
  end
  page:close("g")
  sheet.row_names(page, plot.names, left - 8, room, function(i) return top + (i - 0.5) * strip - 1 end)
  sheet.colour_bar(page, theme.signed_map, right + 16, top, math.min(area.bottom - 26, top + 200),
    number.change(limit, 2), number.change(-limit, 2), "SHAP value")
  page:text((left + right) / 2, area.bottom - 6, "Rows", { fill = theme.text, font_size = theme.label_size,
    text_anchor = "middle" })
  return page:finish()
end

-- ---- text ---------------------------------------------------------------------------------------

local lowering, raising = { ".", "-", "=" }, { ":", "+", "#" }

local function mark_of(value, limit, coloured)
  if coloured then return "█" end
  local strength = math.min(3, math.floor(math.abs(value) / limit * 4))
  if strength == 0 then return " " end
  return (value < 0 and lowering or raising)[strength]
end

function heatmap.text(plot, o)
  local names, shown = terminal.name_columns(plot.names, o.width)
  local width = o.width - names - 2
  local values, strips, limit = cells_of(plot, width)
  local low, high = scale.range(values, { plot.base })
  local y = scale.linear { low = low, high = high, from = 15, to = 0 }
  local wide = width // #values
  local canvas = terminal.new(o.width, #strips + 4, o)
  canvas:text(0, 0, letters.pad("Prediction " .. number.short(high), names))
  canvas:text(0, 3, letters.pad(number.short(low), names, true))
  for i, value in ipairs(values) do
    for k = 0, wide * 2 - 1 do canvas:dot((names + 2 + (i - 1) * wide) * 2 + k, y.at(value)) end
  end
  for i, strip in ipairs(strips) do
    canvas:text(0, i + 3, shown[i])
    for k, value in ipairs(strip) do
      canvas:text(names + 2 + (k - 1) * wide, i + 3, mark_of(value, limit, o.colour):rep(wide),
        theme.signed_map[theme.level(value, -limit, limit)])
    end
  end
  local key = o.colour and "blue lowers the prediction, vermillion raises it"
    or ". - = lowers the prediction, : + # raises it"
  return terminal.with_remark(canvas:finish(), key, o.width)
end

return heatmap
