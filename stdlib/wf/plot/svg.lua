-- wf.plot.svg: writes SVG text.
--
--   local drawing = svg.new(640, 400, "A title for screen readers")
--   drawing:open("g", { stroke = "#000" })
--   drawing:line(0, 0, 10, 10)
--   drawing:close("g")
--   drawing:text(20, 20, "x < 3 & y", { text_anchor = "middle" })     -- escaped
--   local text = drawing:finish()
--
-- Attributes are written in byte order of their names, "_" for "-", numbers with two decimals, so
-- that the same calls give the same bytes. Only presentation attributes are used and no ids, so
-- that files can be put into one page together and read by programs without style sheets.

local letters = require "wf.plot.letters"
local number = require "wf.plot.number"
local options = require "wf.options"

local svg = {}

local Drawing = {}
Drawing.__index = Drawing

local coordinate = number.coordinate

local entities = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;" }

svg.coordinate = coordinate

function svg.escape(text)
  return (letters.clean(text):gsub('[&<>"]', entities))
end

local function attribute_text(attributes)
  if not attributes then return "" end
  local parts = {}
  for i, name in ipairs(options.sorted_keys(attributes)) do
    local value = attributes[name]
    value = type(value) == "number" and coordinate(value) or svg.escape(value)
    parts[i] = (' %s="%s"'):format(name:gsub("_", "-"), value)
  end
  return table.concat(parts)
end

function Drawing:put(text)
  self.parts[#self.parts + 1] = text
end

-- `inside` is written between the tags as it is.
function Drawing:element(name, attributes, inside)
  local tag = "<" .. name .. attribute_text(attributes)
  self:put(inside and ("%s>%s</%s>\n"):format(tag, inside, name) or tag .. "/>\n")
end

function Drawing:open(name, attributes)
  self:put("<" .. name .. attribute_text(attributes) .. ">\n")
end

function Drawing:close(name)
  self:put("</" .. name .. ">\n")
end

-- The options with what places the shape added.
local function placed(attributes, place)
  for name, value in pairs(attributes or {}) do place[name] = value end
  return place
end

-- What a pointer resting on the shape is told.
local function tip(text)
  return text and "<title>" .. svg.escape(text) .. "</title>"
end

function Drawing:rect(x, y, width, height, attributes, tooltip)
  self:element("rect", placed(attributes, { x = x, y = y, width = width, height = height }),
    tip(tooltip))
end

function Drawing:line(x1, y1, x2, y2, attributes)
  self:element("line", placed(attributes, { x1 = x1, y1 = y1, x2 = x2, y2 = y2 }))
end

function Drawing:circle(x, y, radius, attributes, tooltip)
  self:element("circle", placed(attributes, { cx = x, cy = y, r = radius }), tip(tooltip))
end

function Drawing:path(data, attributes, tooltip)
  self:element("path", placed(attributes, { d = data }), tip(tooltip))
end

function Drawing:text(x, y, text, attributes, tooltip)
  local inside = svg.escape(text)
  self:element("text", placed(attributes, { x = x, y = y }), inside .. (tip(tooltip) or ""))
end

-- The points x1, y1, x2, y2, … joined by straight lines.
function svg.polyline(points)
  local parts = {}
  for i = 1, #points, 2 do
    parts[#parts + 1] = (i == 1 and "M" or "L") .. coordinate(points[i]) .. " " .. coordinate(points[i + 1])
  end
  return table.concat(parts)
end

function svg.polygon(points)
  return svg.polyline(points) .. "Z"
end

-- Many dots as one path: with round line ends a line of no length is a dot.
function svg.dots(points)
  local parts = {}
  for i = 1, #points, 2 do
    parts[#parts + 1] = "M" .. number.without_zeros(number.fixed(points[i], 1)) .. " "
      .. number.without_zeros(number.fixed(points[i + 1], 1)) .. "h0"
  end
  return table.concat(parts)
end

function svg.new(width, height, title)
  local drawing = setmetatable({ parts = {}, width = width, height = height }, Drawing)
  drawing:open("svg", { xmlns = "http://www.w3.org/2000/svg", width = width, height = height,
    viewBox = ("0 0 %s %s"):format(coordinate(width), coordinate(height)), role = "img",
    font_family = "Helvetica, Arial, 'Liberation Sans', sans-serif" })
  drawing:element("title", nil, svg.escape(title))
  return drawing
end

function Drawing:finish()
  self:close("svg")
  return table.concat(self.parts)
end

return svg
