-- wf.plot.force: one row's prediction as a balance: what raises it pushes from the left, what lowers
-- it from the right, and they meet at the prediction.

local letters = require "wf.plot.letters"
local number = require "wf.plot.number"
local scale = require "wf.plot.scale"
local sheet = require "wf.plot.sheet"
local single = require "wf.plot.single"
local svg = require "wf.plot.svg"
local terminal = require "wf.plot.terminal"
local theme = require "wf.plot.theme"

local force = {}

function force.force(explained, given)
  local plot = single.fields("force", "plot.force", explained, given, 12)
  if plot.subtitle == "" then
    plot.subtitle = ("base value %s, prediction %s"):format(single.amount(plot, plot.base),
      single.amount(plot, plot.total))
  end
  return plot
end

-- Each value's place: from the prediction outwards, the largest first.
local function segments(plot)
  local list, low, high = {}, plot.total, plot.total
  for i, value in ipairs(plot.values) do
    if value > 0 then
      list[i] = { from = low - value, to = low, value = value }
      low = low - value
    else
      list[i] = { from = high, to = high - value, value = value }
      high = high - value
    end
  end
  return list, low, high
end

-- ---- SVG ----------------------------------------------------------------------------------------

local bar_height, mark_room, tier_height, tiers = 34, 40, 18, 3

function force.size(plot, width)
  width = width or 860
  local height = sheet.head_height(plot, width) + mark_room + bar_height + tiers * tier_height + 26
    + sheet.axis_height + sheet.foot_height(plot, width)
  return width, height, height
end

-- A chevron that points at the prediction.
local function chevron(segment, x, y)
  local left, right = x.at(segment.from), x.at(segment.to)
  local nose, top, bottom = math.min(7, (right - left) / 2), y, y + bar_height
  local middle = y + bar_height / 2
  if segment.value > 0 then
    return svg.polygon { left, top, right - nose, top, right, middle, right - nose, bottom, left, bottom,
      left + nose, middle }
  end
  return svg.polygon { right, top, left + nose, top, left, middle, left + nose, bottom, right, bottom,
    right - nose, middle }
end

local function draw_segments(page, plot, list, x, y)
  for i, segment in ipairs(list) do
    local extent = x.at(segment.to) - x.at(segment.from)
    if extent > 0 then
      page:path(chevron(segment, x, y), { fill = segment.value > 0 and theme.raises or theme.lowers,
        stroke = theme.background }, single.label(plot, i) .. ": " .. number.change(segment.value, 6))
      local text = number.change(segment.value)
      if letters.width(text, theme.tick_size, true) < extent - 18 then
        page:text((x.at(segment.from) + x.at(segment.to)) / 2, y + bar_height / 2 + 4, text,
          { fill = "#ffffff", font_size = theme.tick_size, font_weight = "bold", text_anchor = "middle" })
      end
    end
  end
end

-- The first tier where left … right is free, and takes it; nil when none is.
local function free_tier(taken, left, right)
  for tier = 1, tiers do
    local is_free = true
    for _, span in ipairs(taken[tier]) do
      if left < span[2] + 8 and right > span[1] - 8 then is_free = false end
    end
    if is_free then
      table.insert(taken[tier], { left, right })
      return tier
    end
  end
end

-- A narrower segment keeps its name to itself, for who points at it.
local least_named = 9

-- Where names go under their segments, the largest first, as long as there is room for them.
local function placed_names(plot, list, x, area, y)
  local taken, names = {}, {}
  for tier = 1, tiers do taken[tier] = {} end
  for i, segment in ipairs(list) do
    local name = letters.fit(single.label(plot, i), 200, theme.tick_size)
    local half, middle = letters.width(name, theme.tick_size) / 2, (x.at(segment.from) + x.at(segment.to)) / 2
    local at = math.max(area.left + half, math.min(area.right - half, middle))
    local is_wide = x.at(segment.to) - x.at(segment.from) >= least_named
    local tier = is_wide and free_tier(taken, at - half, at + half)
    if tier then
      names[#names + 1] = { text = name, at = at, middle = middle, y = y + 10 + tier * tier_height,
        colour = segment.value > 0 and theme.raises or theme.lowers }
    end
  end
  return names
end

local function draw_names(page, plot, list, x, area, y)
  local names = placed_names(plot, list, x, area, y)
  for _, name in ipairs(names) do
    page:path(svg.polyline { name.middle, y + 2, name.middle, y + 7, name.at, name.y - 10 },
      { fill = "none", stroke = name.colour, stroke_opacity = 0.45 })
  end
  for _, name in ipairs(names) do
    page:text(name.at, name.y, name.text, { fill = name.colour, font_size = theme.tick_size,
      text_anchor = "middle", stroke = theme.background, stroke_width = 4, paint_order = "stroke" })
  end
end

local function draw_mark(page, area, x, y, text, bold)
  local half = letters.width(text, theme.label_size, bold) / 2
  page:text(math.max(area.left + half, math.min(area.right - half, x)), y, text, { fill = theme.ink,
    font_size = theme.label_size, font_weight = bold and "bold" or nil, text_anchor = "middle" })
end

-- Prediction and base value above the bar, in two lines so that they never meet.
local function draw_marks(page, plot, x, area, y)
  local style = { stroke = theme.ink, stroke_width = 1.5 }
  page:line(x.at(plot.total), y - 8, x.at(plot.total), y + bar_height + 2, style)
  page:line(x.at(plot.base), y - 22, x.at(plot.base), y, { stroke = theme.axis, stroke_dasharray = "2 2" })
  draw_mark(page, area, x.at(plot.base), y - 26, "base value " .. number.short(plot.base, 4), false)
  draw_mark(page, area, x.at(plot.total), y - 11, "prediction " .. number.short(plot.total, 4), true)
end

function force.svg(plot, width, height)
  local page, area = sheet.new(plot, width, height)
  local list, low, high = segments(plot)
  low, high = math.min(low, plot.base), math.max(high, plot.base)
  local x = scale.linear { low = low, high = high, from = area.left + 12, to = area.right - 12 }
  local y, bottom = area.top + mark_room, area.bottom - sheet.axis_height
  sheet.value_axis(page, x, y + bar_height + 4, bottom, plot.x_label)
  draw_segments(page, plot, list, x, y)
  draw_names(page, plot, list, x, area, y + bar_height)
  draw_marks(page, plot, x, area, y)
  return page:finish()
end

-- ---- text ---------------------------------------------------------------------------------------

local function named(plot, i, room)
  return letters.fit_columns(single.label(plot, i), room - 9) .. "  " .. number.change(plot.values[i])
end

-- Two lists beside each other: what raises, what lowers.
local function lists(plot, o)
  local sides, half = { {}, {} }, (o.width - 2) // 2
  for i, value in ipairs(plot.values) do
    if value ~= 0 then
      local side = sides[value > 0 and 1 or 2]
      side[#side + 1] = named(plot, i, half)
    end
  end
  local canvas = terminal.new(o.width, math.max(#sides[1], #sides[2], 1) + 1, o)
  canvas:text(0, 0, "raised by", theme.raises)
  canvas:text(half + 2, 0, "lowered by", theme.lowers)
  for side, entries in ipairs(sides) do
    for row, text in ipairs(entries) do canvas:text(side == 1 and 0 or half + 2, row, text) end
  end
  return canvas:finish()
end

function force.text(plot, o)
  local _, low, high = segments(plot)
  local x = scale.linear { low = math.min(low, plot.base), high = math.max(high, plot.base), from = 1,
    to = o.width - 2 }
  local canvas = terminal.new(o.width, 5, o)
  local function cell(value) return math.floor(x.at(value)) end
  canvas:text_around(cell(plot.total), 0, "prediction " .. number.short(plot.total, 4))
  canvas:text(cell(low), 1, ("▶"):rep(cell(plot.total) - cell(low)), theme.raises)
  canvas:text(cell(plot.total) + 1, 1, ("◀"):rep(cell(high) - cell(plot.total)), theme.lowers)
  canvas:text(cell(plot.total), 1, "│")
  terminal.value_axis(canvas, x, 0, 2, plot.x_label)
  return canvas:finish() .. "\n\n" .. lists(plot, o)
end

return force
