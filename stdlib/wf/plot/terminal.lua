-- wf.plot.terminal: a grid of characters to draw on, with dots eight to a character.
--
--   local canvas = terminal.new(80, 20, { ascii = false, colour = false })
--   canvas:text(0, 0, "a title", "#d55e00")     -- column and row count from 0
--   canvas:dot(17, 33)                          -- 2 x 4 dots a character, in braille
--   canvas:segment(0, 0, 159, 79)
--   local text = canvas:finish()                -- lines without trailing spaces
--
-- ascii draws dots as . : and ' and replaces what is not ASCII. Colours are those of a 256-colour
-- terminal.

local letters = require "wf.plot.letters"
local scale = require "wf.plot.scale"
local theme = require "wf.plot.theme"

local terminal = {}

local Canvas = {}
Canvas.__index = Canvas

function terminal.new(width, height, given)
  return setmetatable({ width = width, height = height, ascii = given.ascii, colour = given.colour,
    cells = {}, inks = {}, dots = {} }, Canvas)
end

-- One column for one column, so that a replaced text is as wide.
local plain = { ["−"] = "-", ["…"] = "~", ["×"] = "x", ["·"] = ".", ["∞"] = "8", ["●"] = "o", ["○"] = "o",
  ["│"] = "|", ["─"] = "-", ["└"] = "+", ["┤"] = "+", ["┴"] = "+", ["┊"] = ":", ["┄"] = "-",
  ["█"] = "#", ["▓"] = "#", ["▒"] = "+", ["░"] = ".", ["▶"] = ">", ["◀"] = "<", ["↑"] = "^", ["↓"] = "v",
  ["▏"] = "|", ["▎"] = "|", ["▍"] = "|", ["▌"] = "|", ["▋"] = "#", ["▊"] = "#", ["▉"] = "#",
  ["▁"] = ".", ["▂"] = ".", ["▃"] = ":", ["▄"] = ":", ["▅"] = "+", ["▆"] = "+", ["▇"] = "#" }

function terminal.to_ascii(text)
  return (text:gsub(utf8.charpattern, function(character)
    if #character == 1 then return character end
    return plain[character] or "?"
  end))
end

local function place(self, column, row)
  if column < 0 or row < 0 or column >= self.width or row >= self.height then return nil end
  return row * self.width + column
end

-- A wide character takes its own cell and the next, which is then empty.
function Canvas:text(column, row, text, ink)
  text = self.ascii and terminal.to_ascii(text) or text
  for _, code in utf8.codes(text) do
    local character = utf8.char(code)
    local columns = letters.columns(character)
    local at = place(self, column, row)
    if at and columns > 0 then
      self.cells[at], self.inks[at] = character, ink
      if columns == 2 and place(self, column + 1, row) then self.cells[at + 1] = "" end
    end
    column = column + columns
  end
end

-- Ends at `column`.
function Canvas:text_before(column, row, text, ink)
  text = self.ascii and terminal.to_ascii(text) or text
  self:text(column - letters.columns(text) + 1, row, text, ink)
end

function Canvas:text_around(column, row, text, ink)
  text = self.ascii and terminal.to_ascii(text) or text
  local columns = letters.columns(text)
  local first = math.max(0, math.min(self.width - columns, column - columns // 2))
  self:text(first, row, text, ink)
end

-- ---- dots ---------------------------------------------------------------------------------------

-- The bits of braille's dots, by column and row.
local bits = { [0] = { [0] = 0x01, 0x02, 0x04, 0x40 }, { [0] = 0x08, 0x10, 0x20, 0x80 } }

-- A dot at x, y, counted in dots from the upper left corner.
function Canvas:dot(x, y, ink)
  x, y = math.floor(x), math.floor(y)
  local at = place(self, x // 2, y // 4)
  if not at then return end
  self.dots[at] = (self.dots[at] or 0) | bits[x % 2][y % 4]
  self.inks[at] = ink or self.inks[at]
end

function Canvas:segment(x1, y1, x2, y2, ink)
  local steps = math.max(1, math.ceil(math.max(math.abs(x2 - x1), math.abs(y2 - y1))))
  for i = 0, steps do
    self:dot(x1 + (x2 - x1) * i / steps, y1 + (y2 - y1) * i / steps, ink)
  end
end

local upper, lower = 0x01 | 0x08 | 0x02 | 0x10, 0x04 | 0x20 | 0x40 | 0x80

local function dots_as_ascii(pattern)
  if pattern & upper ~= 0 and pattern & lower ~= 0 then return ":" end
  return pattern & upper ~= 0 and "'" or "."
end

local function character_at(self, at)
  local pattern = self.dots[at]
  if self.cells[at] then return self.cells[at] end
  if not pattern then return " " end
  return self.ascii and dots_as_ascii(pattern) or utf8.char(0x2800 + pattern)
end

-- ---- text ---------------------------------------------------------------------------------------

local function last_used(self, row)
  for column = self.width - 1, 0, -1 do
    local at = row * self.width + column
    if self.dots[at] or (self.cells[at] and self.cells[at] ~= " ") then return column end
  end
  return -1
end

local function line_at(self, row)
  local parts, ink = {}, nil
  for column = 0, last_used(self, row) do
    local at = row * self.width + column
    local wanted = self.colour and self.inks[at] or nil
    if wanted ~= ink then
      parts[#parts + 1] = wanted and ("\27[38;5;%dm"):format(theme.terminal(wanted)) or "\27[0m"
      ink = wanted
    end
    parts[#parts + 1] = character_at(self, at)
  end
  if ink then parts[#parts + 1] = "\27[0m" end
  return table.concat(parts)
end

function Canvas:finish()
  local lines = {}
  for row = 0, self.height - 1 do lines[row + 1] = line_at(self, row) end
  while lines[#lines] == "" do lines[#lines] = nil end
  return table.concat(lines, "\n")
end

-- ---- bars ---------------------------------------------------------------------------------------

local eighths = { "▏", "▎", "▍", "▌", "▋", "▊", "▉" }

-- A bar to the right of `cells` characters and eighths of one.
function terminal.bar(cells)
  local whole = math.floor(cells)
  local part = math.floor((cells - whole) * 8 + 0.5)
  if part == 8 then whole, part = whole + 1, 0 end
  local bar = ("█"):rep(whole) .. (eighths[part] or "")
  return bar == "" and cells > 0 and "▏" or bar
end

terminal.heights = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" }

-- The lines of a drawing and, broken to `width` columns, a remark below.
function terminal.with_remark(drawing, remark, width)
  local lines = letters.wrap(remark, width, 1, letters.columns)
  return table.concat({ drawing, table.unpack(lines) }, "\n")
end

-- The columns that names take beside a drawing of `width` columns, and the names cut to them.
function terminal.name_columns(names, width)
  local widest = 0
  for _, name in ipairs(names) do widest = math.max(widest, letters.columns(name)) end
  local room = math.min(widest, math.max(8, width * 2 // 5))
  local shown = letters.fit_all_columns(names, room)
  for i, name in ipairs(shown) do shown[i] = letters.pad(name, room) end
  return room, shown
end

-- A value axis under a drawing whose x starts at `left`: ticks, their labels, its name; 3 rows.
function terminal.value_axis(canvas, x, left, row, label)
  local ticks = scale.fitted(x, math.max(2, math.floor((x.to - x.from) / 10)), letters.columns, 2)
  canvas:text(left, row, ("─"):rep(math.ceil(x.to)), theme.axis)
  for _, tick in ipairs(ticks) do
    local column = left + math.floor(tick.at)
    canvas:text(column, row, "┴", theme.axis)
    canvas:text_around(column, row + 1, tick.label)
  end
  canvas:text_around(left + math.floor((x.from + x.to) / 2), row + 2, letters.fit_columns(label, canvas.width))
end

return terminal
