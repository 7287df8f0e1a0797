-- wf.plot.letters: how much room text takes, on paper and in a terminal, and how to make it fit.
--
--   letters.clean(bytes)            -- valid UTF-8 without control characters
--   letters.width("age", 12)        -- in pixels at 12 px
--   letters.fit("a_long_name", 60, 12)     -- "a_l…name": the middle goes, both ends tell
--   letters.columns("年齢")          -- 4, the columns of a terminal
--   letters.pad(text, 10)           -- fitted and filled to 10 columns
--
-- Pixel widths are those of Helvetica, which Arial, Liberation Sans and Nimbus Sans share.

local letters = {}

-- Thousandths of the font size, for the characters from space to "~".
local widths = { 278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278,
  556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556,
  1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778,
  667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556,
  333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556,
  556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584 }

-- Bold letters are about this much wider.
local bold_share = 1.08

-- First and last character of the ranges that take no column, and of those that take two.
local marks = { 0x300, 0x36f, 0x483, 0x489, 0x591, 0x5bd, 0x610, 0x61a, 0x64b, 0x65f, 0x6d6, 0x6dc,
  0x900, 0x902, 0xe34, 0xe3a, 0xe47, 0xe4e, 0x1ab0, 0x1aff, 0x1dc0, 0x1dff, 0x200b, 0x200f,
  0x2028, 0x202e, 0x2060, 0x206f, 0x20d0, 0x20ff, 0x3099, 0x309a, 0xfe00, 0xfe0f, 0xfe20, 0xfe2f,
  0xfeff, 0xfeff, 0xe0100, 0xe01ef }
local wide = { 0x1100, 0x115f, 0x2e80, 0x303e, 0x3041, 0x33ff, 0x3400, 0x4dbf, 0x4e00, 0xa4cf,
  0xa960, 0xa97c, 0xac00, 0xd7a3, 0xf900, 0xfaff, 0xfe30, 0xfe6f, 0xff00, 0xff60, 0xffe0, 0xffe6,
  0x1f300, 0x1f64f, 0x1f680, 0x1f6ff, 0x1f900, 0x1faff, 0x20000, 0x3fffd }

local function is_in(code, ranges)
  for i = 1, #ranges, 2 do
    if code < ranges[i] then return false end
    if code <= ranges[i + 1] then return true end
  end
  return false
end

-- Columns of a terminal that a character takes: 0, 1 or 2.
local function columns_of(code)
  if code < 0x300 then return 1 end
  if is_in(code, marks) then return 0 end
  return is_in(code, wide) and 2 or 1
end

local function thousandths(code)
  if code >= 32 and code <= 126 then return widths[code - 31] end
  if code == 0x2026 then return 1000 elseif code == 0x2212 or code == 0xd7 then return 584 end
  local columns = columns_of(code)
  return columns == 1 and 600 or columns * 500
end

-- ---- cleaning -----------------------------------------------------------------------------------

-- Bytes that are no UTF-8 become U+FFFD one by one.
local function valid(text)
  local parts, at = {}, 1
  while at <= #text do
    local length, bad = utf8.len(text, at)
    if length then
      parts[#parts + 1] = text:sub(at)
      break
    end
    parts[#parts + 1] = text:sub(at, bad - 1) .. "\u{fffd}"
    at = bad + 1
  end
  return table.concat(parts)
end

-- What neither XML nor a terminal should be given: control characters, and those that turn the
-- direction of what follows.
function letters.clean(text)
  text = tostring(text)
  if not text:find("[^\32-\126]") then return text end
  if not utf8.len(text) then text = valid(text) end
  return (text:gsub("[\0-\31\127]", " "):gsub("\xC2[\x80-\x9F]", "\u{fffd}")
    :gsub("\xE2\x80[\xAA-\xAE]", "\u{fffd}"):gsub("\xE2\x81[\xA6-\xA9]", "\u{fffd}")
    :gsub("\xEF\xBF[\xBE\xBF]", "\u{fffd}"))
end

-- ---- measuring ----------------------------------------------------------------------------------

function letters.width(text, size, bold)
  local sum = 0
  for _, code in utf8.codes(text) do sum = sum + thousandths(code) end
  return sum * size / 1000 * (bold and bold_share or 1)
end

function letters.columns(text)
  local sum = 0
  for _, code in utf8.codes(text) do sum = sum + columns_of(code) end
  return sum
end

local function characters_of(text)
  local characters = {}
  for _, code in utf8.codes(text) do characters[#characters + 1] = utf8.char(code) end
  return characters
end

-- The longest beginning and end that together measure at most `room`, most of it at the front.
local function shortened(text, room, measure, dots)
  local characters, front, back = characters_of(text), {}, {}
  local first, last = 1, #characters
  local left = room - measure(dots)
  local front_left = left * 0.6
  while first <= last and measure(characters[first]) <= front_left do
    front_left, left = front_left - measure(characters[first]), left - measure(characters[first])
    front[#front + 1] = characters[first]
    first = first + 1
  end
  while last >= first and measure(characters[last]) <= left do
    left = left - measure(characters[last])
    table.insert(back, 1, characters[last])
    last = last - 1
  end
  return table.concat(front) .. dots .. table.concat(back)
end

-- The text, its middle left out when it is wider than `room` pixels.
function letters.fit(text, room, size, bold)
  if letters.width(text, size, bold) <= room then return text end
  return shortened(text, room, function(part) return letters.width(part, size, bold) end, "…")
end

function letters.fit_columns(text, room, dots)
  if letters.columns(text) <= room then return text end
  if room < 2 then return ("·"):rep(math.max(0, room)) end
  return shortened(text, room, letters.columns, dots or "…")
end

-- How many characters all of the texts begin with alike.
local function common_length(texts)
  local first, n = characters_of(texts[1]), nil
  for _, text in ipairs(texts) do
    local characters, same = characters_of(text), 0
    while same < #first and first[same + 1] == characters[same + 1] do same = same + 1 end
    n = math.min(n or same, same)
  end
  return n
end

-- A short beginning, and the text from shortly before its character n on.
local function around(text, n, room, measure, dots)
  local characters, parts, left = characters_of(text), {}, room * 0.35
  local first = 1
  while measure(characters[first]) <= left do
    left, parts[first] = left - measure(characters[first]), characters[first]
    first = first + 1
  end
  if n - 2 <= first then return shortened(text, room, measure, dots) end
  local rest = table.concat(characters, "", n - 2)
  local head = table.concat(parts) .. dots
  left = room - measure(head)
  if measure(rest) <= left then return head .. rest end
  local tail = {}
  left = left - measure(dots)
  for _, character in ipairs(characters_of(rest)) do
    left = left - measure(character)
    if left < 0 then break end
    tail[#tail + 1] = character
  end
  return head .. table.concat(tail) .. dots
end

-- Texts fitted so that what is cut away is not what tells them apart.
local function fitted_apart(texts, room, measure, dots)
  local shown, alike, order = {}, {}, {}
  for i, text in ipairs(texts) do
    shown[i] = measure(text) <= room and text or shortened(text, room, measure, dots)
    if not alike[shown[i]] then
      alike[shown[i]] = {}
      order[#order + 1] = alike[shown[i]]
    end
    table.insert(alike[shown[i]], i)
  end
  for _, group in ipairs(order) do
    local full = {}
    for k, i in ipairs(group) do full[k] = texts[i] end
    local n = #group > 1 and common_length(full)
    for _, i in ipairs(n and group or {}) do
      if measure(texts[i]) > room then shown[i] = around(texts[i], n + 1, room, measure, dots) end
    end
  end
  return shown
end

function letters.fit_all(texts, room, size)
  return fitted_apart(texts, room, function(part) return letters.width(part, size) end, "…")
end

function letters.fit_all_columns(texts, room)
  return fitted_apart(texts, room, letters.columns, "…")
end

-- The same, filled with spaces; on the left when `right`.
function letters.pad(text, room, right)
  text = letters.fit_columns(text, room)
  local space = (" "):rep(room - letters.columns(text))
  return right and space .. text or text .. space
end

-- Words broken into lines of at most `room` pixels, or of what else `measure` measures.
function letters.wrap(text, room, size, measure)
  measure = measure or letters.width
  local lines, line = {}, nil
  for word in text:gmatch("%S+") do
    local longer = line and line .. " " .. word or word
    if line and measure(longer, size) > room then
      lines[#lines + 1] = line
      line = word
    else
      line = longer
    end
  end
  lines[#lines + 1] = line
  return lines
end

return letters
