-- wf.plot.single: what waterfall and force show: the SHAP values of one row.
--
--   local plot = single.fields("waterfall", "plot.waterfall", explained, given, 10)
--   plot.names, plot.values, plot.shown_values, plot.base, plot.total

local errors = require "wf.errors"
local input = require "wf.plot.input"
local letters = require "wf.plot.letters"
local number = require "wf.plot.number"
local options = require "wf.options"

local single = {}

local function rules(top)
  return input.rules { top = { "integer", default = top, min = 1, max = 200 },
    row = { "integer", required = true, min = 1 }, output = { "integer", default = 1, min = 1 },
    link = { "string", default = "identity", choices = { "identity", "logit" } },
    x_label = { "string" }, data = input.data_rules.data, model = input.data_rules.model }
end

local function shown_value(column, row)
  local value = column and column[row]
  if not column then return nil end
  if value == nil then return "missing" end
  if type(value) ~= "number" then return letters.clean(value) end
  return value % 1 == 0 and math.abs(value) < 1e9 and number.count(value) or number.short(value, 4)
end

-- {name, value, shown} of every feature, the largest |value| first; equal ones in the model's order.
local function attributions(where, explained, o)
  local values = explained:values(o.output)
  local column_of, list = input.feature_columns(where, explained, o), {}
  for i, name in ipairs(values:columns()) do
    local value = values:column(name)[o.row]
    if not value or not input.is_finite(value) then
      errors.invalid("%s: the SHAP value of '%s' in row %d is not finite", where, name, o.row)
    end
    list[i] = { name = letters.clean(name), value = value, at = i,
      shown = shown_value(column_of(name), o.row) }
  end
  table.sort(list, function(a, b)
    local x, y = math.abs(a.value), math.abs(b.value)
    if x ~= y then return x > y end
    return a.at < b.at
  end)
  return list
end

local function add_rest(plot, list, shown)
  if #list == shown then return end
  local rest = 0
  for i = shown + 1, #list do rest = rest + list[i].value end
  plot.names[shown + 1], plot.values[shown + 1] = input.rest_name(#list - shown), rest
  plot.shown_values[shown + 1] = false
end

local function check_row(where, explained, row)
  if row > explained:rows() then
    errors.invalid("%s: there is no row %d; the explanation has %d", where, row, explained:rows())
  end
end

-- A margin as people want to read it: with the probability it stands for when the link says so.
function single.amount(plot, margin)
  if plot.link ~= "logit" then return number.short(margin, 4) end
  return ("%s (probability %s)"):format(number.short(margin, 4),
    number.short(1 / (1 + math.exp(-margin)), 3))
end

function single.fields(kind, where, explained, given, top)
  local o = options.check(where, given, rules(top))
  input.explanation(where, explained)
  check_row(where, explained, o.row)
  local list = attributions(where, explained, o)
  local plot = input.fields(kind, o, ("Prediction of row %s, feature by feature"):format(number.count(o.row)))
  plot.x_label = letters.clean(o.x_label or (o.link == "logit" and "Prediction (log-odds)"
    or ("Prediction (%s)"):format(input.scale_name(explained))))
  plot.link, plot.base, plot.total = o.link, explained:base(o.output), explained:base(o.output)
  plot.names, plot.values, plot.shown_values = {}, {}, {}
  for _, entry in ipairs(list) do plot.total = plot.total + entry.value end
  local shown = input.shown(#list, o.top)
  for i = 1, shown do
    plot.names[i], plot.values[i] = list[i].name, list[i].value
    plot.shown_values[i] = list[i].shown or false
  end
  add_rest(plot, list, shown)
  return plot
end

-- "age = 44", or the name alone.
function single.label(plot, i)
  local value = plot.shown_values[i]
  return value and plot.names[i] .. " = " .. value or plot.names[i]
end

-- Where each value's bar begins and ends: from the base value with the least to the total with the largest.
function single.spans(plot)
  local spans, at = {}, plot.base
  for i = #plot.values, 1, -1 do
    spans[i] = { from = at, to = at + plot.values[i] }
    at = spans[i].to
  end
  return spans
end

return single
