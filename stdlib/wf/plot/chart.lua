-- wf.plot.chart: panels with an x and a y axis; curves, dependence, learning and calibration are charts.
--
-- A chart's plot has `panels`, each { x = axis, y = axis, layers = {…}, weight = 1 }, side by side or,
-- with `stacked`, under each other. An axis is { label, low, high, nice, percent, log, names }; what
-- layers there are says wf.plot.layers. `square` makes the first panel as high as wide, `colour_bar`
-- = { label, high, low, map } explains the colours.

local layers = require "wf.plot.layers"
local letters = require "wf.plot.letters"
local scale = require "wf.plot.scale"
local sheet = require "wf.plot.sheet"
local svg = require "wf.plot.svg"
local terminal_chart = require "wf.plot.chart_text"
local theme = require "wf.plot.theme"

local chart = { text = terminal_chart.text }

local bar_room, panel_gap, name_angle, longest_name = 62, 34, 35, 120

-- ---- axes ---------------------------------------------------------------------------------------

local function label_width(label)
  return letters.width(label, theme.tick_size)
end

local function label_height()
  return theme.tick_size
end

local function y_count(height)
  return math.max(2, math.min(7, height // 45))
end

-- Left of the area: the tick labels and the axis' name.
local function left_room(axis, height)
  local y, widest = scale.new(axis, height, 0), 0
  for _, tick in ipairs(scale.fitted(y, y_count(height), label_height, 8)) do
    widest = math.max(widest, label_width(tick.label))
  end
  return math.min(widest, longest_name) + 8 + (axis.label and 22 or 0)
end

-- Below the area: tick labels, slanted when their band is too narrow, and the axis' name.
local function names_fit(axis, width)
  for _, name in ipairs(axis.names) do
    if label_width(name) > width / #axis.names - 6 then return false end
  end
  return true
end

local function bottom_room(axis, width)
  local room = axis.label and 40 or 22
  if not axis.names or names_fit(axis, width) then return room end
  local widest = 0
  for _, name in ipairs(axis.names) do widest = math.max(widest, label_width(name)) end
  return room + math.min(widest, longest_name) * math.sin(math.rad(name_angle)) - 2
end

local function draw_x_labels(page, x, axis, ticks, bottom, width)
  local slanted = axis.names and not names_fit(axis, width)
  page:open("g", { fill = theme.text, font_size = theme.tick_size,
    text_anchor = slanted and "end" or "middle" })
  local last = -math.huge
  for _, tick in ipairs(ticks) do
    if slanted and math.abs(tick.at - last) >= theme.tick_size + 2 then
      local name = letters.fit(tick.label, longest_name, theme.tick_size)
      local at = ("%s %s"):format(svg.coordinate(tick.at + 3), svg.coordinate(bottom + 15))
      page:text(tick.at + 3, bottom + 15, name, { transform = ("rotate(-%d %s)"):format(name_angle, at) },
        name ~= tick.label and tick.label or nil)
      last = tick.at
    elseif not slanted then
      page:text(tick.at, bottom + 16, tick.label)
    end
  end
  page:close("g")
  if axis.label then
    page:text((x.from + x.to) / 2, bottom + bottom_room(axis, width) - 4,
      letters.fit(axis.label, width + 40, theme.label_size),
      { fill = theme.text, font_size = theme.label_size, text_anchor = "middle" })
  end
end

local function draw_y_labels(page, axis, ticks, area, room)
  page:open("g", { fill = theme.text, font_size = theme.tick_size, text_anchor = "end" })
  for _, tick in ipairs(ticks) do
    page:text(area.left - 7, tick.at + 4, letters.fit(tick.label, longest_name, theme.tick_size))
  end
  page:close("g")
  if not axis.label then return end
  local at, middle = area.left - room + 12, (area.top + area.bottom) / 2
  page:text(at, middle, letters.fit(axis.label, area.bottom - area.top + 30, theme.label_size),
    { fill = theme.text, font_size = theme.label_size, text_anchor = "middle",
      transform = ("rotate(-90 %s %s)"):format(svg.coordinate(at), svg.coordinate(middle)) })
end

local function draw_grid(page, area, x_ticks, y_ticks, has_columns)
  page:open("g", { stroke = theme.grid })
  for _, tick in ipairs(has_columns and x_ticks or {}) do page:line(tick.at, area.top, tick.at, area.bottom) end
  for _, tick in ipairs(y_ticks) do page:line(area.left, tick.at, area.right, tick.at) end
  page:close("g")
end

-- ---- panels -------------------------------------------------------------------------------------

-- A panel in the area that is left for its data; `room` is that of the y labels.
local function draw_panel(page, panel, area, room)
  local width, height = area.right - area.left, area.bottom - area.top
  local x = scale.new(panel.x, area.left, area.right)
  local y = scale.new(panel.y, area.bottom, area.top)
  local x_ticks = panel.x.bare and x.ticks(6)
    or scale.fitted(x, math.max(2, math.min(8, width // 75)), label_width, 14)
  local y_ticks = scale.fitted(y, y_count(height), label_height, 8)
  draw_grid(page, area, x_ticks, y_ticks, not panel.x.names)
  page:line(area.left, area.bottom, area.right, area.bottom, { stroke = theme.axis })
  for _, layer in ipairs(panel.layers) do layers.draw(page, layer, x, y, area) end
  if not panel.x.bare then draw_x_labels(page, x, panel.x, x_ticks, area.bottom, width) end
  draw_y_labels(page, panel.y, y_ticks, area, room)
end

-- Panels under each other share the room of the y labels, so that their x axes agree.
local function draw_stacked(page, plot, area)
  local weights, fixed, room = 0, 0, 0
  for _, panel in ipairs(plot.panels) do
    weights = weights + (panel.weight or 1)
    fixed = fixed + (panel.x.bare and 14 or bottom_room(panel.x, area.right - area.left - 50))
  end
  local unit = (area.bottom - area.top - fixed) / weights
  for _, panel in ipairs(plot.panels) do
    room = math.max(room, left_room(panel.y, unit * (panel.weight or 1)))
  end
  local top = area.top
  for _, panel in ipairs(plot.panels) do
    local bottom = top + unit * (panel.weight or 1)
    draw_panel(page, panel, { left = area.left + room, right = area.right, top = top, bottom = bottom }, room)
    top = bottom + (panel.x.bare and 14 or bottom_room(panel.x, area.right - area.left - room))
  end
end

local function draw_beside(page, plot, area)
  local width = (area.right - area.left - (#plot.panels - 1) * panel_gap) / #plot.panels
  for i, panel in ipairs(plot.panels) do
    local left = area.left + (i - 1) * (width + panel_gap)
    local bottom = area.bottom - bottom_room(panel.x, width - 60)
    local room = left_room(panel.y, bottom - area.top)
    draw_panel(page, panel, { left = left + room, right = left + width, top = area.top, bottom = bottom }, room)
  end
end

-- The last x label may reach beyond the area by half its width.
local right_room = 14

function chart.size(plot, given)
  local width = given or plot.width or 680
  local height = plot.area_height or 320
  if plot.square then
    local inner = width - 2 * theme.margin - right_room
    height = inner - left_room(plot.panels[1].y, inner) + 40
    if plot.stacked then height = height + 110 end
  end
  local around = sheet.head_height(plot, width) + sheet.foot_height(plot, width)
  return width, around + height, around + (plot.stacked and 260 or 180)
end

function chart.svg(plot, width, height)
  local page, area = sheet.new(plot, width, height)
  area.right = area.right - right_room
  if plot.colour_bar then
    area.right = area.right - bar_room
    local bottom = area.bottom - 40
    sheet.colour_bar(page, theme.maps[plot.colour_bar.map or "value"], area.right + 22, area.top + 4,
      math.min(bottom, area.top + 220), plot.colour_bar.high, plot.colour_bar.low, plot.colour_bar.label)
  end
  if plot.stacked then draw_stacked(page, plot, area) else draw_beside(page, plot, area) end
  return page:finish()
end

return chart
