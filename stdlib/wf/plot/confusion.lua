-- wf.plot.confusion: how often each class is taken for each, the truth in rows.
--
-- From an evaluation, a square list of rows of counts, or { labels =, predictions = }. Cells are
-- coloured by their share of the row.

local errors = require "wf.errors"
local input = require "wf.plot.input"
local letters = require "wf.plot.letters"
local number = require "wf.plot.number"
local options = require "wf.options"
local sheet = require "wf.plot.sheet"
local svg = require "wf.plot.svg"
local terminal = require "wf.plot.terminal"
local theme = require "wf.plot.theme"

local confusion = {}

local most_classes = 60

-- ---- making -------------------------------------------------------------------------------------

local function binary_counts(c)
  return { { c.tn, c.fp }, { c.fn, c.tp } }
end

local function text_of(value)
  return letters.clean(type(value) == "number" and number.without_zeros(number.count(value)) or tostring(value))
end

-- Numbers before texts, each in their order.
local function sorted_values(seen)
  local values = {}
  for _, value in pairs(seen) do values[#values + 1] = value end
  table.sort(values, function(a, b)
    if type(a) == "number" and type(b) == "number" then return a < b end
    return tostring(a) < tostring(b)
  end)
  return values
end

local function counted(where, source)
  local o = options.check(where, source, { labels = { "wf.column", required = true },
    predictions = { "wf.column", required = true } })
  if #o.labels ~= #o.predictions then
    errors.invalid("%s: %d predictions for %d labels", where, #o.predictions, #o.labels)
  end
  local truth, guess, seen = o.labels:to_table(), o.predictions:to_table(), {}
  for row = 1, #o.labels do
    if truth[row] == nil or guess[row] == nil then errors.invalid("%s: row %d is missing", where, row) end
    seen[tostring(truth[row])], seen[tostring(guess[row])] = truth[row], guess[row]
  end
  local values, place, counts = sorted_values(seen), {}, {}
  for i, value in ipairs(values) do
    place[tostring(value)], counts[i] = i, {}
    for j = 1, #values do counts[i][j] = 0 end
  end
  for row = 1, #o.labels do
    local i, j = place[tostring(truth[row])], place[tostring(guess[row])]
    counts[i][j] = counts[i][j] + 1
  end
  for i, value in ipairs(values) do values[i] = text_of(value) end
  return counts, values
end

local function counts_of(where, source)
  if options.is(source, "wf.evaluation") then
    local counts = source:get("confusion")
    if not counts then
      errors.invalid("%s: the evaluation of %s has no confusion matrix", where, tostring(source:get("objective")))
    end
    return counts.tp and binary_counts(counts) or counts
  elseif options.type_of(source) ~= "table" then
    input.type_error(where, "an evaluation, rows of counts, or { labels =, predictions = }", source)
  elseif source.labels or source.predictions then
    return counted(where, source)
  end
  return source
end

local function check_square(where, counts)
  if #counts == 0 then errors.invalid("%s: there are no classes", where) end
  if #counts > most_classes then
    errors.invalid("%s: %d classes are too many to draw; at most %d", where, #counts, most_classes)
  end
  for i, row in ipairs(counts) do
    for j = 1, #counts do
      local count = type(row) == "table" and row[j]
      if type(count) ~= "number" or not input.is_finite(count) or count < 0 or #row ~= #counts then
        errors.invalid("%s: row %d is not a list of %d counts", where, i, #counts)
      end
    end
  end
end

local function check_names(where, names, n)
  if #names ~= n then errors.invalid("%s: %d names for %d classes", where, #names, n) end
  local clean = {}
  for i, name in ipairs(names) do clean[i] = letters.clean(name) end
  return clean
end

local function default_names(n)
  local names = {}
  for i = 1, n do names[i] = tostring(i - 1) end
  return names
end

-- Totals by row, the grand total and what is on the diagonal.
local function totals_of(counts)
  local rows, total, right = {}, 0, 0
  for i, row in ipairs(counts) do
    rows[i] = 0
    for _, count in ipairs(row) do rows[i] = rows[i] + count end
    total, right = total + rows[i], right + row[i]
  end
  return rows, total, right
end

function confusion.confusion(source, given)
  local where = "plot.confusion"
  local o = options.check(where, given, input.rules { classes = { "table" } })
  local counts, names = counts_of(where, source)
  check_square(where, counts)
  names = check_names(where, o.classes or names or default_names(#counts), #counts)
  local rows, total, right = totals_of(counts)
  local plot = input.fields("confusion", o, "Confusion matrix", total > 0 and
    ("%s rows, %s right"):format(number.count(total), number.percent(right / total, 1)) or "no rows")
  plot.counts, plot.names, plot.totals = counts, names, rows
  return plot
end

local function share_of(plot, i, j)
  return plot.totals[i] > 0 and plot.counts[i][j] / plot.totals[i] or 0
end

-- ---- SVG ----------------------------------------------------------------------------------------

local least_cell, most_cell, longest_name, name_angle = 22, 110, 130, 40

-- Whether the names of the columns are slanted, and the room they take below the cells.
local function names_below(plot, cell)
  local widest = sheet.name_room(plot.names, longest_name)
  if widest <= cell - 4 then return false, 24 end
  return true, 16 + widest * math.sin(math.rad(name_angle))
end

function confusion.size(plot, width)
  local n = #plot.names
  local room = sheet.name_room(plot.names, longest_name) + 40
  if not width then
    local cell = math.max(least_cell, math.min(most_cell, 440 / n))
    width = math.max(360, math.floor(2 * theme.margin + room + cell * n + 0.5))
  end
  local cell = math.min(most_cell, (width - 2 * theme.margin - room) / n)
  local _, below = names_below(plot, cell)
  local around = sheet.head_height(plot, width) + below + 22 + sheet.foot_height(plot, width)
  return width, math.ceil(around + cell * n), around + n * 4
end

-- Count and share in a cell, as far as they fit.
local function draw_cell_text(page, plot, i, j, x, y, cell, fill)
  local text, ink = number.count(plot.counts[i][j]), theme.ink_on(fill)
  local size = cell >= 60 and 14 or theme.tick_size
  if letters.width(text, size, true) > cell - 4 or cell < 16 then return end
  local two = cell >= 48
  page:text(x + cell / 2, y + cell / 2 + (two and -1 or 4), text, { fill = ink, font_size = size,
    font_weight = i == j and "bold" or nil, text_anchor = "middle" })
  if two then
    page:text(x + cell / 2, y + cell / 2 + 14, number.percent(share_of(plot, i, j), 1),
      { fill = ink, font_size = theme.tick_size, text_anchor = "middle" })
  end
end

local function draw_cells(page, plot, left, top, cell)
  for i, row in ipairs(plot.counts) do
    for j, count in ipairs(row) do
      local share = share_of(plot, i, j)
      local fill = theme.share_map[theme.level(share, 0, 1)]
      local x, y = left + (j - 1) * cell, top + (i - 1) * cell
      page:rect(x, y, cell, cell, { fill = fill, stroke = theme.background },
        ("true %s, predicted %s: %s (%s)"):format(plot.names[i], plot.names[j], number.count(count),
          number.percent(share, 1)))
      draw_cell_text(page, plot, i, j, x, y, cell, fill)
    end
  end
end

local function draw_column_names(page, plot, left, bottom, cell, slanted)
  local every = math.max(1, math.ceil((theme.label_size + 2) / cell))
  local shown = letters.fit_all(plot.names, slanted and longest_name or cell - 4, theme.label_size)
  for j = 1, #plot.names, every do
    local x, name = left + (j - 0.5) * cell, shown[j]
    local style = { fill = theme.ink, font_size = theme.label_size, text_anchor = slanted and "end" or "middle" }
    local y = bottom + (slanted and 14 or 17)
    if slanted then
      style.transform = ("rotate(-%d %s %s)"):format(name_angle, svg.coordinate(x + 4), svg.coordinate(y))
      x = x + 4
    end
    page:text(x, y, name, style, name ~= plot.names[j] and plot.names[j] or nil)
  end
end

local function draw_row_names(page, plot, x, top, cell, room)
  local every = math.max(1, math.ceil((theme.label_size + 2) / cell))
  local shown = letters.fit_all(plot.names, room, theme.label_size)
  for i = 1, #plot.names, every do
    local name = shown[i]
    page:text(x, top + (i - 0.5) * cell + 4, name, { fill = theme.ink, font_size = theme.label_size,
      text_anchor = "end" }, name ~= plot.names[i] and plot.names[i] or nil)
  end
end

function confusion.svg(plot, width, height)
  local page, area = sheet.new(plot, width, height)
  local n, room = #plot.names, sheet.name_room(plot.names, longest_name)
  local left = area.left + room + 40
  local cell = math.min((area.right - left) / n, (area.bottom - area.top - 46) / n)
  local slanted, below = names_below(plot, cell)
  cell = math.max(2, math.min(cell, (area.bottom - area.top - below - 22) / n))
  local bottom = area.top + n * cell
  draw_cells(page, plot, left, area.top, cell)
  draw_row_names(page, plot, left - 8, area.top, cell, room)
  draw_column_names(page, plot, left, bottom, cell, slanted)
  local style = { fill = theme.muted, font_size = theme.label_size, text_anchor = "middle" }
  page:text(left + n * cell / 2, bottom + below + 10, "Predicted", style)
  local x, y = area.left + 10, area.top + n * cell / 2
  style.transform = ("rotate(-90 %s %s)"):format(svg.coordinate(x), svg.coordinate(y))
  page:text(x, y, "True", style)
  return page:finish()
end

-- ---- text ---------------------------------------------------------------------------------------

local shades = { " ", "░", "▒", "▓", "█" }

-- A row of the table: name, then cells right-aligned.
local function table_line(name, cells, names, cell)
  local parts = { letters.pad(name, names) }
  for i, text in ipairs(cells) do parts[i + 1] = letters.pad(text, cell, true) end
  return (table.concat(parts, " "):gsub("%s+$", ""))
end

-- With too many classes for numbers, a character of shade for each cell.
local function shaded(plot, o, names)
  local lines = {}
  for i, name in ipairs(plot.names) do
    local parts = {}
    for j = 1, math.min(#plot.names, o.width - names - 1) do
      local share = share_of(plot, i, j)
      parts[j] = shades[share == 0 and 1 or math.min(5, 2 + math.floor(share * 4))]
    end
    lines[i] = letters.pad(name, names) .. " " .. table.concat(parts)
  end
  return terminal.with_remark(table.concat(lines, "\n"),
    "truth in rows, predictions in columns, in the same order", o.width)
end

function confusion.text(plot, o)
  local names, widest = math.max(4, (terminal.name_columns(plot.names, o.width))), 4
  for _, row in ipairs(plot.counts) do
    for _, count in ipairs(row) do widest = math.max(widest, letters.columns(number.count(count))) end
  end
  local room = (o.width - names) // #plot.names - 1
  if widest > room then return shaded(plot, o, names) end
  widest = math.min(room, math.max(6, widest, math.min(14, names)))
  local lines = { table_line("true", letters.fit_all_columns(plot.names, widest), names, widest) }
  for i, row in ipairs(plot.counts) do
    local cells, shares = {}, {}
    for j, count in ipairs(row) do
      cells[j], shares[j] = number.count(count), number.percent(share_of(plot, i, j), 1)
    end
    lines[#lines + 1] = table_line(plot.names[i], cells, names, widest)
    if widest >= 6 then lines[#lines + 1] = table_line("", shares, names, widest) end
  end
  local remark = "predicted classes in columns" .. (widest >= 6 and ", shares of the true class" or "")
  return terminal.with_remark(table.concat(lines, "\n"), remark, o.width)
end

return confusion
