-- wf.plot.chart_text: charts drawn with characters.
--
-- The first line of a panel is drawn with braille dots; further ones, which only colour would tell
-- apart, with a letter each when there is no colour.

local letters = require "wf.plot.letters"
local scale = require "wf.plot.scale"
local terminal = require "wf.plot.terminal"
local theme = require "wf.plot.theme"

local chart_text = {}

local stand_ins = { "×", "o", "+", "#", "%", "@", "&" }

-- A panel's canvas, its scales in dots, and where its area lies in characters.
local function new_panel(panel, o, rows, labels)
  local left, width = labels + 2, o.width - labels - 4
  local view = { canvas = terminal.new(o.width, rows + 3, o), left = left, width = width, rows = rows,
    colour = o.colour }
  view.x = scale.new(panel.x, left * 2, (left + width) * 2 - 1)
  view.y = scale.new(panel.y, rows * 4 - 1, 0)
  return view
end

-- ---- layers -------------------------------------------------------------------------------------

local draw = {}

-- A line of characters, one a column, from a to b in dots.
local function draw_marks(view, ax, ay, bx, by, mark)
  local steps = math.max(1, math.ceil(math.abs(bx - ax) / 2))
  for k = 0, steps do
    local x, y = ax + (bx - ax) * k / steps, ay + (by - ay) * k / steps
    view.canvas:text(math.floor(x / 2), math.floor(y / 4), mark)
  end
end

local function draw_pieces(view, layer, mark)
  for i = 2, #layer.x do
    local y1, y2 = layer.y[i - 1], layer.y[i]
    if y1 and y2 then
      local ax, bx = view.x.at(layer.x[i - 1]), view.x.at(layer.x[i])
      if mark then
        draw_marks(view, ax, view.y.at(y1), bx, view.y.at(y2), mark)
      else
        view.canvas:segment(ax, view.y.at(y1), bx, view.y.at(y2), layer.colour)
      end
    end
  end
end

-- From its first to its last point, sparsely.
local function draw_reference(view, layer)
  local x1, y1, x2, y2 = layer.x[1], layer.y[1], layer.x[2], layer.y[2]
  for k = 0, 40 do
    view.canvas:dot(view.x.at(x1 + (x2 - x1) * k / 40), view.y.at(y1 + (y2 - y1) * k / 40), theme.muted)
  end
end

-- Of many thin lines only some, sparsely: characters are coarse.
local most_background = 12

local function draw_background(view, layer)
  view.seen = (view.seen or 0) + 1
  if (view.seen - 1) % view.background_every ~= 0 then return end
  for i = 2, #layer.x do
    local from, to = view.x.at(layer.x[i - 1]), view.x.at(layer.x[i])
    for at = math.ceil(from), math.floor(to) do
      local share = (at - from) / math.max(1e-9, to - from)
      local y = layer.y[i - 1] + (layer.y[i] - layer.y[i - 1]) * share
      if at % 4 == 0 then view.canvas:dot(at, view.y.at(y), layer.colour) end
    end
  end
end

function draw.line(view, layer)
  if layer.is_reference then return draw_reference(view, layer) end
  if layer.is_background then return draw_background(view, layer) end
  view.lines = (view.lines or 0) + (layer.name and 1 or 0)
  local mark = layer.name and not view.colour and view.lines > 1 and stand_ins[view.lines - 1] or nil
  draw_pieces(view, layer, mark)
  if #layer.x == 1 and layer.y[1] then
    view.canvas:dot(view.x.at(layer.x[1]), view.y.at(layer.y[1]), layer.colour)
  end
end

-- Its edges, dotted.
function draw.band(view, layer)
  for _, edge in ipairs { layer.low, layer.high } do
    for i = 2, #layer.x do
      local from, to = view.x.at(layer.x[i - 1]), view.x.at(layer.x[i])
      for at = math.ceil(from), math.floor(to) do
        if at % 3 == 0 then
          local share = (at - from) / math.max(1e-9, to - from)
          view.canvas:dot(at, view.y.at(edge[i - 1] + (edge[i] - edge[i - 1]) * share), layer.colour)
        end
      end
    end
  end
end

function draw.dots(view, layer)
  for i, value in ipairs(layer.x) do
    local level = layer.levels and layer.levels[i] or 0
    view.canvas:dot(view.x.at(value), view.y.at(layer.y[i]), theme.value_map[level] or layer.colour)
  end
end

function draw.marks(view, layer)
  for i, value in ipairs(layer.x) do
    local column = math.floor(view.x.at(value) / 2)
    if layer.low then
      local first, last = math.floor(view.y.at(layer.high[i]) / 4), math.floor(view.y.at(layer.low[i]) / 4)
      for row = first, last do view.canvas:text(column, row, "│", layer.colour) end
    end
    view.canvas:text(column, math.floor(view.y.at(layer.y[i]) / 4), "●", layer.colour)
  end
end

function draw.bars(view, layer)
  local floor = view.y.at(0)
  for i, from in ipairs(layer.from) do
    local first = math.floor(view.x.at(from) / 2 + 0.5)
    local last = math.max(first, math.floor(view.x.at(layer.to[i]) / 2 + 0.5) - 1)
    local filled = (floor - view.y.at(layer.y[i])) / 4
    local bottom = math.floor(floor / 4)
    for row = 0, math.max(0, math.ceil(filled) - 1) do
      local share = math.min(1, filled - row)
      local mark = terminal.heights[math.max(1, math.ceil(share * 8))]
      if share > 0 then view.canvas:text(first, bottom - row, mark:rep(last - first + 1), layer.colour) end
    end
  end
end

function draw.tiles(view, layer)
  local shades = { "·", "░", "▒", "▓", "█" }
  for i, level in ipairs(layer.levels) do
    local first, last = math.floor(view.x.at(layer.x0[i]) / 2), math.ceil(view.x.at(layer.x1[i]) / 2) - 1
    local shade = view.colour and "█" or shades[1 + (level - 1) * #shades // theme.levels]
    for row = math.floor(view.y.at(layer.y1[i]) / 4), math.ceil(view.y.at(layer.y0[i]) / 4) - 1 do
      view.canvas:text(first, row, shade:rep(last - first + 1), theme.maps[layer.map][level])
    end
  end
end

function draw.rug() end

function draw.rule(view, layer)
  if layer.y then
    local row = math.floor(view.y.at(layer.y) / 4)
    for column = view.left, view.left + view.width - 1, 2 do
      view.canvas:text(column, row, "┄", theme.muted)
    end
    return
  end
  local column = math.floor(view.x.at(layer.x) / 2)
  for row = 0, view.rows - 1 do view.canvas:text(column, row, "┊", theme.muted) end
  if layer.label then
    local extent = letters.columns(layer.label)
    local before = column + 2 + extent > view.left + view.width
    view.canvas:text(before and column - extent - 1 or column + 2, 0, layer.label, theme.muted)
  end
end

-- ---- axes ---------------------------------------------------------------------------------------

local function one_row()
  return 4
end

local function y_ticks(panel, rows)
  return scale.fitted(scale.new(panel.y, rows * 4 - 1, 0), math.max(2, rows // 3), one_row, 2)
end

-- Rows of characters for the data of a panel.
local function rows_for(plot, panel)
  if panel.weight and panel.weight < 1 then return 5 end
  return #plot.panels > 1 and not plot.stacked and 11 or 16
end

local function label_room(plot)
  local room = 0
  for _, panel in ipairs(plot.panels) do
    for _, tick in ipairs(y_ticks(panel, rows_for(plot, panel))) do
      room = math.max(room, letters.columns(tick.label))
    end
  end
  return math.min(room, 24)
end

local function draw_y_axis(view, panel, labels)
  for row = 0, view.rows - 1 do view.canvas:text(view.left - 1, row, "│", theme.axis) end
  for _, tick in ipairs(y_ticks(panel, view.rows)) do
    local row = math.floor(tick.at / 4)
    view.canvas:text(0, row, letters.pad(tick.label, labels, true))
    view.canvas:text(view.left - 1, row, "┤", theme.axis)
  end
end

-- Category names are cut to their band.
local function x_tick_text(view, tick)
  if not view.x.is_category then return tick.label end
  return letters.fit_columns(tick.label, math.max(1, math.floor(view.x.band / 2) - 1))
end

local function draw_x_axis(view, panel)
  local canvas, row = view.canvas, view.rows
  canvas:text(view.left - 1, row, "└" .. ("─"):rep(view.width), theme.axis)
  local extent = function(label) return 2 * letters.columns(label) end
  for _, tick in ipairs(scale.fitted(view.x, math.max(2, view.width // 12), extent, 4)) do
    local column = math.floor(tick.at / 2)
    canvas:text(column, row, "┴", theme.axis)
    canvas:text_around(column, row + 1, x_tick_text(view, tick))
  end
  if panel.x.label then
    canvas:text_around(view.left + view.width // 2, row + 2,
      letters.fit_columns(panel.x.label, view.width))
  end
end

local function panel_text(panel, o, rows, labels)
  local view = new_panel(panel, o, rows, labels)
  draw_y_axis(view, panel, labels)
  draw_x_axis(view, panel)
  local background = 0
  for _, layer in ipairs(panel.layers) do background = background + (layer.is_background and 1 or 0) end
  view.background_every = math.max(1, math.ceil(background / most_background))
  for _, layer in ipairs(panel.layers) do draw[layer.kind](view, layer) end
  local head = panel.y.label and letters.fit_columns(panel.y.label, o.width - labels - 2)
  return (head and (" "):rep(labels + 1) .. head .. "\n" or "") .. view.canvas:finish()
end

-- Names of lines, each after the mark that draws it.
local function legend_text(plot, o)
  local parts, lines = {}, 0
  for _, entry in ipairs(plot.legend) do
    local mark = "──"
    if entry.mark == "dot" then mark = "● "
    elseif entry.dash or entry.is_background then mark = "··"
    else
      lines = lines + 1
      if not o.colour and lines > 1 then mark = (stand_ins[lines - 1] or "─"):rep(2) end
    end
    if o.colour then mark = ("\27[38;5;%dm%s\27[0m"):format(theme.terminal(entry.colour), mark) end
    parts[#parts + 1] = mark .. " " .. letters.fit_columns(entry.name, o.width - 4)
  end
  return #parts > 0 and table.concat(parts, "\n") .. "\n\n" or ""
end

function chart_text.text(plot, o)
  local labels, parts = label_room(plot), {}
  for i, panel in ipairs(plot.panels) do
    parts[i] = panel_text(panel, o, rows_for(plot, panel), labels)
  end
  local key = plot.colour_bar and ("\ncolour: %s, from %s to %s"):format(plot.colour_bar.label,
    plot.colour_bar.low, plot.colour_bar.high) or ""
  return legend_text(plot, o) .. table.concat(parts, "\n\n") .. (o.colour and key or "")
end

return chart_text
