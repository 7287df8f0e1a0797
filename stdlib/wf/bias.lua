-- wf.bias: how differently groups are treated, by data and by predictions.
--
--   local report = wf.bias.compute {
--     data = frame, label = "fraud", favourable = 0, predictions = predicted,   -- a column
--     facet = { customer_gender = "Female", customer_age = { above = 60 } },
--     group = "policy_state",                                     -- for CDDL and CDDPL only
--   }
--   print(report:value("customer_gender", "DPPL"), report.facets[1].metrics[1].error)
--   print(report)                                                 -- a table of everything
--
-- What belongs to a facet, and which outcome is favourable, is given as a value, a list of values, or
-- a range { above = t } (value > t). Rows outside the facet, missing ones included, are the others.
-- `facet` is a table by column, or a list of { column = …, values = … | above = … } in that order; a
-- list entry without values, or just the column's name, stands for each of its values in turn.
-- Metric names, signs and error texts are those of SageMaker Clarify. Without predictions only the
-- pre-training metrics are computed.

local core = require "wf.core.bias"
local errors = require "wf.errors"
local frame = require "wf.frame"
local options = require "wf.options"
local pretty = require "wf.pretty"

local bias = {}

local pre_training = { CDDL = true, CI = true, DPL = true, JS = true, KL = true, KS = true,
  LP = true, TVD = true }

-- ---- from columns to yes and no -----------------------------------------------------------------

local function number_text(x)
  return math.type(x) == "float" and x == math.floor(x) and ("%.1f"):format(x) or pretty.number(x)
end

-- A value, a list or a range, as { values = {…} } or { above = t } with its text.
local function as_set(where, given)
  if options.type_of(given) ~= "table" then given = { given } end
  if given.above ~= nil then
    options.check(where, given, { above = { "number", required = true } })
    return { above = given.above }
  end
  local values = {}
  for i, value in ipairs(given.values or given) do values[i] = value end
  if #values == 0 then
    errors.invalid("%s: give a value, a list of values, or { above = number }", where)
  end
  return { values = values }
end

-- Clarify's text of it; a range ends at the column's largest value.
local function set_text(set, column)
  if set.above then
    return ("(%s, %s]"):format(number_text(set.above), number_text(column:max()))
  end
  local texts = {}
  for i, value in ipairs(set.values) do
    texts[i] = type(value) == "number" and pretty.number(value) or tostring(value)
  end
  return table.concat(texts, ",")
end

local function is_text(column)
  return column.type == "string" or column.type == "category"
end

local function check_kind(where, column, value)
  if is_text(column) and type(value) ~= "string" then
    errors.raise { code = "type", message = ("%s: the column is text, the value %s is not")
      :format(where, tostring(value)) }
  elseif not is_text(column) and type(value) == "string" then
    errors.raise { code = "type", message = ("%s: the column is %s, the value '%s' is text")
      :format(where, column.type, value) }
  end
end

-- A bool column without missing values: true where the row belongs to the set.
local function mask_of(where, column, set)
  local mask
  if set.above then
    check_kind(where, column, set.above)
    mask = column:gt(set.above)
  else
    for _, value in ipairs(set.values) do
      check_kind(where, column, value)
      if type(value) == "boolean" then value = value and 1 or 0 end
      local equal = column:eq(value)
      mask = mask and (mask | equal) or equal
    end
  end
  if column:missing_count() > 0 then mask = mask & ~column:is_missing() end
  return mask
end

-- ---- the report ---------------------------------------------------------------------------------

local Report = { __name = "wf.bias" }
Report.__index = Report

-- Each value of the column, in order of first appearance, as a set of its own.
local function add_each(list, data, name)
  local column = data:column(name)
  for _, value in ipairs(data:unique(name):to_table()) do
    list[#list + 1] = { column = name, set = { values = { value } } }
  end
  if column:missing_count() == #column then
    errors.invalid("bias: facet '%s' has no values", name)
  end
end

local function add_listed(list, data, place, facet)
  if type(facet) == "string" then return add_each(list, data, facet) end
  local o = options.check("bias: facet " .. place, facet, {
    column = { "string", required = true }, values = { "any" }, above = { "number" } })
  if o.values == nil and o.above == nil then return add_each(list, data, o.column) end
  list[#list + 1] = { column = o.column,
    set = as_set("bias: facet " .. o.column, o.above and { above = o.above } or o.values) }
end

local function facet_list(facets, data)
  local list = {}
  for place, facet in ipairs(facets) do add_listed(list, data, place, facet) end
  for _, name in ipairs(#facets == 0 and options.sorted_keys(facets) or {}) do
    list[#list + 1] = { column = name, set = as_set("bias: facet " .. tostring(name), facets[name]) }
  end
  if #list == 0 then errors.invalid("bias: no facet is given") end
  return list
end

local function one_facet(o, facet, labels, predictions)
  local where = "bias: facet " .. facet.column
  local column = o.data:column(facet.column)
  local metrics, cells = core.compute {
    labels = labels, predictions = predictions, facet = mask_of(where, column, facet.set),
    group = o.group and o.data:column(o.group) or nil, metrics = o.metrics,
  }
  return { name = facet.column, value_or_threshold = set_text(facet.set, column),
    metrics = metrics, cells = cells }
end

function bias.compute(given)
  local o = options.check("bias.compute", given, {
    data = { "wf.frame", required = true }, label = { "string", required = true },
    favourable = { "any", required = true }, predictions = { "wf.column" },
    facet = { "table", required = true }, group = { "string" }, metrics = { "table" },
  })
  if #o.data == 0 then errors.invalid("bias.compute: the data has no rows") end
  local set = as_set("bias.compute: favourable", o.favourable)
  local label = o.data:column(o.label)
  local labels = mask_of("bias.compute: label " .. o.label, label, set)
  local predictions = o.predictions
    and mask_of("bias.compute: predictions", o.predictions, set)
  local report = { label = o.label, favourable = set_text(set, label), rows = #o.data,
    predicted = predictions ~= nil, facets = {} }
  for i, facet in ipairs(facet_list(o.facet, o.data)) do
    report.facets[i] = one_facet(o, facet, labels, predictions)
  end
  return setmetatable(report, Report)
end

function bias.is_pre_training(name)
  return pre_training[name] == true
end

-- The metric of a facet: its value, or nil and why there is none. `set` is the text of the facet's
-- values, needed when a column has several facets.
function Report:value(facet, name, set)
  local known = {}
  for _, entry in ipairs(self.facets) do
    known[#known + 1] = entry.name
    if entry.name == facet and (set == nil or entry.value_or_threshold == set) then
      for _, metric in ipairs(entry.metrics) do
        if metric.name == name then return metric.value, metric.error end
      end
      errors.invalid("bias: there is no metric '%s' in this report", tostring(name))
    end
  end
  errors.invalid("bias: %s%s", options.unknown("facet", tostring(facet), known),
    set and " with the values " .. set or "")
end

-- One row per facet and metric.
function Report:table()
  local columns = { {}, {}, {}, {}, {} }
  for _, facet in ipairs(self.facets) do
    for _, metric in ipairs(facet.metrics) do
      local row = #columns[1] + 1
      columns[1][row], columns[2][row] = facet.name, facet.value_or_threshold
      columns[3][row], columns[4][row] = metric.name, metric.value or frame.missing
      columns[5][row] = metric.error or frame.missing
    end
  end
  return frame.new { names = { "facet", "value", "metric", "observed", "error" }, columns = columns }
end

function Report:__tostring()
  return ("bias on %d rows; favourable: %s = %s\n%s"):format(self.rows, self.label, self.favourable,
    tostring(self:table()))
end

local function json_number(x)
  if x == math.huge then return "Infinity" elseif x == -math.huge then return "-Infinity" end
  return x
end

local function metric_entry(metric, null)
  local entry = { name = metric.name, description = metric.description,
    value = json_number(metric.value) }
  if metric.value == nil then entry.value, entry.error = null, metric.error end
  return entry
end

local function stage(self, pre)
  local null = require("wf.json").null
  local facets = {}
  for _, facet in ipairs(self.facets) do
    local metrics = {}
    for _, metric in ipairs(facet.metrics) do
      if bias.is_pre_training(metric.name) == pre then
        metrics[#metrics + 1] = metric_entry(metric, null)
      end
    end
    facets[facet.name] = facets[facet.name] or {}
    table.insert(facets[facet.name], { value_or_threshold = facet.value_or_threshold,
      metrics = metrics })
  end
  return { label = self.label, facets = facets, label_value_or_threshold = self.favourable }
end

-- A table in the layout of Clarify's analysis.json, for json.encode.
function Report:analysis()
  return {
    version = "1.0", pre_training_bias_metrics = stage(self, true),
    post_training_bias_metrics = self.predicted and stage(self, false) or nil,
  }
end

return bias
