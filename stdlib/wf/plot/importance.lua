-- wf.plot.importance: a bar for each feature, the longest first.
--
-- From an explanation (its global importance) or a frame (feature, number), such as a model's
-- importance("gain").

local errors = require "wf.errors"
local input = require "wf.plot.input"
local letters = require "wf.plot.letters"
local number = require "wf.plot.number"
local options = require "wf.options"
local scale = require "wf.plot.scale"
local sheet = require "wf.plot.sheet"
local terminal = require "wf.plot.terminal"
local theme = require "wf.plot.theme"

local importance = {}

local labels = { mean_abs = "Mean |SHAP value|", median = "Median |SHAP value|",
  mean_sq = "Mean squared SHAP value" }

local rules = input.rules { top = { "integer", default = 20, min = 1, max = 200 },
  aggregate = { "string", default = "mean_abs", choices = { "mean_abs", "median", "mean_sq" } },
  output = { "integer", default = 1, min = 1 }, x_label = { "string" } }

local function ranked(where, source, o)
  if input.is_explanation(source) then
    source = input.explanation(where, source)
    return input.ranking(where, source:global(o.aggregate, o.output)), labels[o.aggregate],
      ("%s rows"):format(number.count(source:rows()))
  elseif options.is(source, "wf.frame") then
    return input.ranking(where, source), source:columns()[2], ""
  elseif options.is(source, "wf.check") and source.features then
    return input.ranking(where, source.features), labels[source.aggregate],
      ("%s rows"):format(number.count(source.rows))
  end
  input.type_error(where, "an explanation or a frame (feature, importance)", source)
end

function importance.importance(source, given)
  local where = "plot.importance"
  local o = options.check(where, given, rules)
  local list, label, subtitle = ranked(where, source, o)
  if #list == 0 then errors.invalid("%s: there are no features", where) end
  local plot = input.fields("importance", o, "Feature importance", subtitle)
  plot.x_label, plot.names, plot.values, plot.spreads = letters.clean(o.x_label or label), {}, {}, {}
  local rest, shown = 0, input.shown(#list, o.top)
  for i, entry in ipairs(list) do
    if i <= shown then
      plot.names[i], plot.values[i] = letters.clean(entry.name), entry.value
      plot.spreads[i] = entry.spread or 0
    else
      rest = rest + entry.value
    end
  end
  if #list > shown then
    plot.names[shown + 1], plot.values[shown + 1] = input.rest_name(#list - shown), rest
    plot.has_rest = true
  end
  if list[1].spread then plot.notes[1] = "Whiskers are one standard deviation on both sides." end
  return plot
end

-- ---- drawing ------------------------------------------------------------------------------------

local pitch = 24

function importance.size(plot, width)
  width = width or 720
  local height = sheet.head_height(plot, width) + #plot.values * pitch + 8 + sheet.axis_height
    + sheet.foot_height(plot, width)
  return width, height, height - #plot.values * (pitch - theme.least_pitch)
end

local function value_room(values)
  local room = 0
  for _, value in ipairs(values) do
    room = math.max(room, letters.width(number.short(value), theme.tick_size))
  end
  return room + 8
end

-- From the smallest to the largest value and 0, whiskers included.
local function value_scale(plot, from, to)
  local low, high = 0, 0
  for i, value in ipairs(plot.values) do
    local spread = plot.spreads[i] or 0
    low, high = math.min(low, value - (spread > 0 and spread or 0)), math.max(high, value + spread)
  end
  if low == high then high = 1 end
  return scale.linear { low = low, high = high, from = from, to = to }
end

local function colour_of(plot, i)
  if plot.has_rest and i == #plot.values then return theme.unknown end
  return plot.values[i] < 0 and theme.lowers or theme.series[1]
end

local function draw_bar(page, plot, i, x, y, height)
  local value, zero = plot.values[i], x.at(0)
  local from, to = math.min(zero, x.at(value)), math.max(zero, x.at(value))
  page:rect(from, y - height / 2, to - from, height, { fill = colour_of(plot, i) },
    plot.names[i] .. ": " .. number.short(value, 6))
  local spread = plot.spreads[i] or 0
  if spread > 0 then
    local least, most = x.at(value - spread), x.at(value + spread)
    page:line(least, y, most, y, { stroke = theme.ink, stroke_width = 1.5 })
    from, to = math.min(from, least), math.max(to, most)
  end
  page:text(value < 0 and from - 5 or to + 5, y + 4, number.short(value),
    { font_size = theme.tick_size, fill = theme.text, text_anchor = value < 0 and "end" or nil })
end

function importance.svg(plot, width, height)
  local page, area = sheet.new(plot, width, height)
  local room = sheet.name_room(plot.names, 0.4 * (area.right - area.left))
  local bottom, left = area.bottom - sheet.axis_height, area.left + room + 10
  local least = scale.range(plot.values)
  local x = value_scale(plot, left + (least < 0 and value_room(plot.values) or 0),
    area.right - value_room(plot.values))
  local step = (bottom - area.top) / #plot.values
  local y_of = function(i) return area.top + (i - 0.5) * step end
  sheet.value_axis(page, x, area.top, bottom, plot.x_label)
  for i in ipairs(plot.values) do draw_bar(page, plot, i, x, y_of(i), math.min(16, step * 0.7)) end
  page:line(x.at(0), area.top, x.at(0), bottom, { stroke = theme.axis })
  sheet.row_names(page, plot.names, left - 8, room, y_of)
  return page:finish()
end

function importance.text(plot, o)
  local largest = 0
  for _, value in ipairs(plot.values) do largest = math.max(largest, math.abs(value)) end
  local names, shown = terminal.name_columns(plot.names, o.width)
  local room = o.width - names - 14
  local canvas = terminal.new(o.width, #plot.names, o)
  for i, name in ipairs(shown) do
    local value = plot.values[i]
    local bar = largest > 0 and terminal.bar(math.abs(value) / largest * room) or ""
    canvas:text(0, i - 1, letters.pad(name, names))
    canvas:text(names + 2, i - 1, bar, colour_of(plot, i))
    canvas:text(names + 3 + letters.columns(bar), i - 1, number.short(value))
  end
  return canvas:finish() .. "\n" .. (" "):rep(names + 2) .. letters.fit_columns(plot.x_label, o.width - names - 2)
end

return importance
