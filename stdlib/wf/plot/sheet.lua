-- wf.plot.sheet: what every plot has: background, title, subtitle, legend, notes, value axis.
--
--   local page, area = sheet.new(plot, 720, 400)      -- area {left, top, right, bottom} is left to fill
--   sheet.value_axis(page, x, area.top, area.bottom - sheet.axis_height, "gain")
--   return page:finish()

local letters = require "wf.plot.letters"
local scale = require "wf.plot.scale"
local svg = require "wf.plot.svg"
local theme = require "wf.plot.theme"

local sheet = {}

-- Lines of the texts below a plot, as wide as it is.
local function note_lines(plot, width)
  local lines = {}
  for _, note in ipairs(plot.notes or {}) do
    for _, line in ipairs(letters.wrap(note, width - 2 * theme.margin, theme.tick_size)) do
      lines[#lines + 1] = line
    end
  end
  return lines
end

local swatch, swatch_gap, entry_gap, legend_line = 18, 6, 18, 18

-- Legend entries {name, colour, mark} in rows that are not wider than `room`.
local function legend_rows(entries, room)
  local rows, x = {}, math.huge
  for _, entry in ipairs(entries) do
    local name = letters.fit(entry.name, room - swatch - swatch_gap, theme.tick_size)
    local extent = swatch + swatch_gap + letters.width(name, theme.tick_size)
    if x + extent > room then
      rows[#rows + 1], x = {}, 0
    end
    table.insert(rows[#rows], { x = x, name = name, entry = entry })
    x = x + extent + entry_gap
  end
  return rows
end

local marks = {}

function marks.line(page, x, y, entry)
  page:line(x, y, x + swatch, y, { stroke = entry.colour, stroke_width = 2.5,
    stroke_dasharray = entry.dash })
end

function marks.dot(page, x, y, entry)
  page:circle(x + swatch / 2, y, 4, { fill = entry.colour })
end

local function draw_legend(page, entries, y, room)
  for _, row in ipairs(legend_rows(entries, room)) do
    for _, item in ipairs(row) do
      local x = theme.margin + item.x
      marks[item.entry.mark or "line"](page, x, y - 4, item.entry)
      page:text(x + swatch + swatch_gap, y, item.name,
        { font_size = theme.tick_size, fill = theme.text })
    end
    y = y + legend_line
  end
  return y
end

local function title_lines(plot, width)
  return letters.wrap(plot.title, width - 2 * theme.margin, theme.title_size, function(text, size)
    return letters.width(text, size, true)
  end)
end

-- How far the title, subtitle and legend of a plot reach down.
function sheet.head_height(plot, width)
  local height = theme.margin - 2 + 20 * #title_lines(plot, width)
  for _ in ipairs(letters.wrap(plot.subtitle or "", width - 2 * theme.margin, theme.subtitle_size)) do
    height = height + 16
  end
  local rows = #legend_rows(plot.legend or {}, width - 2 * theme.margin)
  return height + (rows > 0 and rows * legend_line + 4 or 0) + 10
end

function sheet.foot_height(plot, width)
  local lines = #note_lines(plot, width)
  return theme.margin + (lines > 0 and lines * 14 + 4 or 0)
end

local function draw_head(page, plot, width)
  local room = width - 2 * theme.margin
  local y = theme.margin + 12
  for _, line in ipairs(title_lines(plot, width)) do
    local shown = letters.fit(line, room, theme.title_size, true)
    page:text(theme.margin, y, shown, { font_size = theme.title_size, font_weight = "bold",
      fill = theme.ink }, shown ~= line and plot.title or nil)
    y = y + 20
  end
  y = y - 2
  for _, line in ipairs(letters.wrap(plot.subtitle or "", room, theme.subtitle_size)) do
    page:text(theme.margin, y, line, { font_size = theme.subtitle_size, fill = theme.muted })
    y = y + 16
  end
  draw_legend(page, plot.legend or {}, y + 4, room)
end

function sheet.new(plot, width, height)
  local page = svg.new(width, height, plot.title)
  page:rect(0, 0, width, height, { fill = theme.background })
  draw_head(page, plot, width)
  local lines = note_lines(plot, width)
  for i, line in ipairs(lines) do
    page:text(theme.margin, height - theme.margin - 14 * (#lines - i) + 2, line,
      { font_size = theme.tick_size, fill = theme.muted })
  end
  return page, { left = theme.margin, right = width - theme.margin,
    top = sheet.head_height(plot, width), bottom = height - sheet.foot_height(plot, width) }
end

-- ---- axes ---------------------------------------------------------------------------------------

local function tick_width(label)
  return letters.width(label, theme.tick_size)
end

-- The room that value_axis takes below the plot area.
sheet.axis_height = 42

-- Grid lines, tick labels below y = bottom, and the axis' name.
function sheet.value_axis(page, x, top, bottom, label)
  local from, to = math.min(x.from, x.to), math.max(x.from, x.to)
  local ticks = scale.fitted(x, math.max(2, (to - from) // 70), tick_width, 14)
  page:open("g", { stroke = theme.grid })
  for _, tick in ipairs(ticks) do page:line(tick.at, top, tick.at, bottom) end
  page:close("g")
  page:open("g", { fill = theme.text, font_size = theme.tick_size, text_anchor = "middle" })
  for _, tick in ipairs(ticks) do page:text(tick.at, bottom + 16, tick.label) end
  page:close("g")
  page:text((from + to) / 2, bottom + 35,
    letters.fit(label, to - from + 60, theme.label_size),
    { fill = theme.text, font_size = theme.label_size, text_anchor = "middle" })
end

-- The names of rows, right-aligned at x; what is shortened says it in full to a pointer.
function sheet.row_names(page, names, x, room, y_of)
  page:open("g", { fill = theme.ink, font_size = theme.label_size, text_anchor = "end" })
  for i, shown in ipairs(letters.fit_all(names, room, theme.label_size)) do
    page:text(x, y_of(i) + 4, shown, nil, shown ~= names[i] and names[i] or nil)
  end
  page:close("g")
end

-- The room that names take, at most `most`.
function sheet.name_room(names, most)
  local widest = 0
  for _, name in ipairs(names) do
    widest = math.max(widest, letters.width(name, theme.label_size))
  end
  return math.ceil(math.min(widest, most))
end

-- A vertical bar of the map's colours with texts at its ends and beside it.
function sheet.colour_bar(page, map, x, top, bottom, high, low, label)
  local step = (bottom - top) / #map
  for i, colour in ipairs(map) do
    page:rect(x, bottom - i * step, 10, step + 0.5, { fill = colour })
  end
  local style = { fill = theme.text, font_size = theme.tick_size }
  page:text(x + 15, top + 8, high, style)
  page:text(x + 15, bottom, low, style)
  local middle = (top + bottom) / 2
  local room = bottom - top - 30
  if letters.width(label, theme.tick_size) > room then label = label:match("%S+$") end
  label = letters.fit(label, room, theme.tick_size)
  page:text(x + 24, middle, label, { fill = theme.text, font_size = theme.tick_size,
    text_anchor = "middle",
    transform = ("rotate(-90 %s %s)"):format(svg.coordinate(x + 24), svg.coordinate(middle)) })
end

return sheet
