-- wf.plot.waterfall: how one row's prediction comes about, feature by feature, from the base value
-- at the bottom to the prediction at the top.

local letters = require "wf.plot.letters"
local number = require "wf.plot.number"
local scale = require "wf.plot.scale"
local sheet = require "wf.plot.sheet"
local single = require "wf.plot.single"
local svg = require "wf.plot.svg"
local terminal = require "wf.plot.terminal"
local theme = require "wf.plot.theme"

local waterfall = {}

function waterfall.waterfall(explained, given)
  return single.fields("waterfall", "plot.waterfall", explained, given, 10)
end

local pitch, end_room = 30, 22

function waterfall.size(plot, width)
  width = width or 720
  local height = sheet.head_height(plot, width) + 2 * end_room + #plot.values * pitch
    + sheet.axis_height + sheet.foot_height(plot, width)
  return width, height, height - #plot.values * (pitch - theme.least_pitch)
end

local function span_scale(plot, spans, from, to)
  local low, high = math.min(plot.base, plot.total), math.max(plot.base, plot.total)
  for _, span in ipairs(spans) do
    low, high = math.min(low, span.from, span.to), math.max(high, span.from, span.to)
  end
  return scale.linear { low = low, high = high, from = from, to = to }
end

-- A bar that points where it pushes.
local function arrow(from, to, y, height)
  local tip = math.min(7, math.abs(to - from))
  local neck = to > from and to - tip or to + tip
  return svg.polygon { from, y - height / 2, neck, y - height / 2, to, y, neck, y + height / 2,
    from, y + height / 2 }
end

-- What an amount behind the tip of a bar at either end needs.
local function amount_room(values)
  local room = 0
  for _, value in ipairs(values) do
    room = math.max(room, letters.width(number.change(value), theme.tick_size, true))
  end
  return room + 8
end

-- The amount stands in its bar when it fits, else behind its tip.
local function draw_amount(page, value, from, to, y)
  local text = number.change(value)
  local extent = letters.width(text, theme.tick_size, true)
  local inside = math.abs(to - from) > extent + 16
  local rises = to >= from
  local x, anchor = to + (rises and 5 or -5), rises and "start" or "end"
  if inside then x, anchor = (from + to) / 2 + (rises and -2 or 2), "middle" end
  page:text(x, y + 4, text, { font_size = theme.tick_size, font_weight = "bold", text_anchor = anchor,
    fill = inside and "#ffffff" or rises and theme.raises or theme.lowers })
end

local function draw_end(page, area, x, y, text)
  local half = letters.width(text, theme.tick_size, true) / 2
  page:text(math.max(area.left + half, math.min(area.right - half, x)), y, text,
    { font_size = theme.tick_size, font_weight = "bold", text_anchor = "middle", fill = theme.ink })
end

local function draw_bars(page, plot, spans, x, y_of, strip)
  for i, span in ipairs(spans) do
    local from, to, y = x.at(span.from), x.at(span.to), y_of(i)
    local colour = plot.values[i] < 0 and theme.lowers or theme.raises
    if i > 1 then
      page:line(to, y, to, y - strip, { stroke = theme.axis, stroke_dasharray = "2 2" })
    end
    if plot.values[i] == 0 then
      page:line(to, y - 8, to, y + 8, { stroke = theme.axis, stroke_width = 1.5 })
    else
      page:path(arrow(from, to, y, math.min(20, strip * 0.7)), { fill = colour },
        single.label(plot, i) .. ": " .. number.change(plot.values[i], 6))
    end
    draw_amount(page, plot.values[i], from, to, y)
  end
end

function waterfall.svg(plot, width, height)
  local page, area = sheet.new(plot, width, height)
  local labels = {}
  for i in ipairs(plot.values) do labels[i] = single.label(plot, i) end
  local room = sheet.name_room(labels, 0.42 * (area.right - area.left))
  local bottom, left = area.bottom - sheet.axis_height, area.left + room + 14
  local top, floor = area.top + end_room, bottom - end_room
  local spans = single.spans(plot)
  local aside = amount_room(plot.values)
  local x = span_scale(plot, spans, left + aside, area.right - aside)
  local strip = (floor - top) / #spans
  local y_of = function(i) return top + (i - 0.5) * strip end
  sheet.value_axis(page, x, top, bottom, plot.x_label)
  local dotted = { stroke = theme.axis, stroke_dasharray = "2 2" }
  page:line(x.at(plot.base), floor - strip, x.at(plot.base), floor + 4, dotted)
  page:line(x.at(plot.total), top - 4, x.at(plot.total), top + strip, dotted)
  draw_bars(page, plot, spans, x, y_of, strip)
  draw_end(page, area, x.at(plot.total), top - 8, "prediction " .. single.amount(plot, plot.total))
  draw_end(page, area, x.at(plot.base), floor + 17, "base value " .. single.amount(plot, plot.base))
  sheet.row_names(page, labels, left - 8, room, y_of)
  return page:finish()
end

-- ---- text ---------------------------------------------------------------------------------------

-- The amount stands outside the bar, where there is room for it.
local function draw_line(canvas, plot, span, i, left, x)
  local value, low, high = plot.values[i], x.at(math.min(span.from, span.to)), x.at(math.max(span.from, span.to))
  local from, cells = math.floor(low), math.floor(high - low + 0.5)
  local ink, bar = value < 0 and theme.lowers or theme.raises, ("█"):rep(cells)
  bar = value == 0 and "│" or value < 0 and "◀" .. bar or bar .. "▶"
  canvas:text(left + from, i, bar, ink)
  if value < 0 then canvas:text_before(left + from - 2, i, number.change(value), ink)
  else canvas:text(left + from + cells + 2, i, number.change(value), ink) end
end

function waterfall.text(plot, o)
  local labels = {}
  for i in ipairs(plot.values) do labels[i] = single.label(plot, i) end
  local names, shown = terminal.name_columns(labels, o.width)
  local left, spans = names + 2, single.spans(plot)
  local width = o.width - left
  local x = span_scale(plot, spans, 10, width - 12)
  local canvas = terminal.new(o.width, #spans + 5, o)
  canvas:text_around(left + math.floor(x.at(plot.total)), 0, "prediction " .. single.amount(plot, plot.total))
  for i, span in ipairs(spans) do
    canvas:text(0, i, shown[i])
    draw_line(canvas, plot, span, i, left, x)
  end
  canvas:text_around(left + math.floor(x.at(plot.base)), #spans + 1, "base value " .. single.amount(plot, plot.base))
  terminal.value_axis(canvas, x, left, #spans + 2, plot.x_label)
  return canvas:finish()
end

return waterfall
