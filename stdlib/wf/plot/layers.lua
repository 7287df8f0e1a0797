-- wf.plot.layers: the marks of a chart in SVG, drawn in their order.
--
--   { kind = "line", x = {…}, y = {…}, colour, width = 2, dash, opacity }     -- y false: a gap
--   { kind = "band", x, low, high, colour }
--   { kind = "dots", x, y, colour, levels }              -- levels: 0 … of theme.value_map, by dot
--   { kind = "marks", x, y, low, high, colour }          -- big dots with whiskers
--   { kind = "bars", from, to, y, colour }               -- from 0 up; values of x or category numbers
--   { kind = "rug", x }                                  -- short strokes on the x axis
--   { kind = "rule", x or y, label, colour }             -- a dashed line across with its name
--   { kind = "tiles", x0, x1, y0, y1, levels, map }      -- rectangles of theme.maps[map]

local letters = require "wf.plot.letters"
local svg = require "wf.plot.svg"
local theme = require "wf.plot.theme"

local layers = {}

local draw = {}

-- ---- lines --------------------------------------------------------------------------------------

-- Without the points that lie nearer than half a pixel to the one before; the last stays.
local function thinned(points)
  local kept, n = { points[1], points[2] }, #points
  for i = 3, n, 2 do
    local dx, dy = points[i] - kept[#kept - 1], points[i + 1] - kept[#kept]
    if i + 1 == n or dx * dx + dy * dy >= 0.25 then
      kept[#kept + 1], kept[#kept + 2] = points[i], points[i + 1]
    end
  end
  return kept
end

-- The line's parts between gaps, in pixels.
local function pieces(layer, x, y)
  local list, piece = {}, nil
  for i, value in ipairs(layer.x) do
    if layer.y[i] then
      if not piece then
        piece = {}
        list[#list + 1] = piece
      end
      piece[#piece + 1], piece[#piece + 2] = x.at(value), y.at(layer.y[i])
    else
      piece = nil
    end
  end
  return list
end

function draw.line(page, layer, x, y)
  for _, piece in ipairs(pieces(layer, x, y)) do
    local style = { fill = "none", stroke = layer.colour, stroke_width = layer.width or 2,
      stroke_dasharray = layer.dash, stroke_opacity = layer.opacity, stroke_linejoin = "round",
      stroke_linecap = not layer.dash and "round" or nil }
    if #piece == 2 then piece[3], piece[4] = piece[1], piece[2] end
    page:path(svg.polyline(thinned(piece)), style)
  end
end

function draw.band(page, layer, x, y)
  local points = {}
  for i, value in ipairs(layer.x) do
    points[#points + 1], points[#points + 2] = x.at(value), y.at(layer.high[i])
  end
  for i = #layer.x, 1, -1 do
    points[#points + 1], points[#points + 2] = x.at(layer.x[i]), y.at(layer.low[i])
  end
  page:path(svg.polygon(points), { fill = layer.colour, fill_opacity = 0.18 })
end

-- ---- dots ---------------------------------------------------------------------------------------

-- More dots than this are put together on a grid of so many pixels, with their mean level.
local most_exact, cell = 1500, 2

local function on_grid(layer, x, y)
  local cells, order = {}, {}
  for i, value in ipairs(layer.x) do
    local column, row = math.floor(x.at(value) / cell), math.floor(y.at(layer.y[i]) / cell)
    local key = row * 16384 + column
    local found = cells[key]
    if not found then
      found = { x = (column + 0.5) * cell, y = (row + 0.5) * cell, sum = 0, known = 0 }
      cells[key], order[#order + 1] = found, found
    end
    local level = layer.levels and layer.levels[i] or 0
    if level > 0 then found.sum, found.known = found.sum + level, found.known + 1 end
  end
  return order
end

local function exactly(layer, x, y)
  local list = {}
  for i, value in ipairs(layer.x) do
    local level = layer.levels and layer.levels[i] or 0
    list[i] = { x = x.at(value), y = y.at(layer.y[i]), sum = level, known = level > 0 and 1 or 0 }
  end
  return list
end

function draw.dots(page, layer, x, y)
  local by_level = {}
  for _, point in ipairs((#layer.x <= most_exact and exactly or on_grid)(layer, x, y)) do
    local level = point.known > 0 and math.floor(point.sum / point.known + 0.5) or 0
    local list = by_level[level] or {}
    by_level[level] = list
    list[#list + 1], list[#list + 2] = point.x, point.y
  end
  page:open("g", { fill = "none", stroke_linecap = "round", stroke_width = layer.size or 4,
    stroke_opacity = layer.opacity })
  for level = 0, theme.levels do
    if by_level[level] then
      local missing = layer.levels and theme.missing or layer.colour
      page:path(svg.dots(by_level[level]), { stroke = theme.value_map[level] or missing })
    end
  end
  page:close("g")
end

function draw.marks(page, layer, x, y)
  for i, value in ipairs(layer.x) do
    local at = x.at(value)
    if layer.low then
      page:line(at, y.at(layer.low[i]), at, y.at(layer.high[i]), { stroke = layer.colour, stroke_width = 1.5 })
    end
    page:circle(at, y.at(layer.y[i]), 4, { fill = layer.colour, stroke = theme.background },
      layer.tips and layer.tips[i] or nil)
  end
end

-- ---- areas --------------------------------------------------------------------------------------

function draw.bars(page, layer, x, y)
  local floor = y.at(0)
  page:open("g", { fill = layer.colour })
  for i, from in ipairs(layer.from) do
    local left, right, top = x.at(from), x.at(layer.to[i]), y.at(layer.y[i])
    if layer.y[i] ~= 0 then
      page:rect(left + 0.5, math.min(top, floor), math.max(0.5, right - left - 1), math.abs(floor - top), nil,
        layer.tips and layer.tips[i] or nil)
    end
  end
  page:close("g")
end

function draw.tiles(page, layer, x, y)
  page:open("g", { shape_rendering = "crispEdges" })
  for i, level in ipairs(layer.levels) do
    local left, right = x.at(layer.x0[i]), x.at(layer.x1[i])
    local top, bottom = y.at(layer.y1[i]), y.at(layer.y0[i])
    page:rect(left, top, right - left, bottom - top, { fill = theme.maps[layer.map][level] },
      layer.tips and layer.tips[i] or nil)
  end
  page:close("g")
end

function draw.rug(page, layer, x, _, area)
  local last, parts = -math.huge, {}
  for _, value in ipairs(layer.x) do
    local at = math.floor(x.at(value)) + 0.5
    if at > last then
      parts[#parts + 1] = ("M%s %sv-7"):format(svg.coordinate(at), svg.coordinate(area.bottom))
      last = at
    end
  end
  page:path(table.concat(parts), { stroke = theme.muted, stroke_opacity = 0.6, fill = "none" })
end

-- ---- rules --------------------------------------------------------------------------------------

function draw.rule(page, layer, x, y, area)
  local style = { stroke = layer.colour or theme.muted, stroke_dasharray = "5 4" }
  if layer.x then
    local at = x.at(layer.x)
    page:line(at, area.top, at, area.bottom, style)
    if layer.label then
      local extent = letters.width(layer.label, theme.tick_size) + 6
      local before = at + extent > area.right
      page:text(at + (before and -5 or 5), area.top + 11, layer.label, { font_size = theme.tick_size,
        fill = theme.muted, text_anchor = before and "end" or nil, stroke = theme.background, stroke_width = 3,
        paint_order = "stroke" })
    end
  else
    page:line(area.left, y.at(layer.y), area.right, y.at(layer.y), style)
  end
end

function layers.draw(page, layer, x, y, area)
  draw[layer.kind](page, layer, x, y, area)
end

return layers
