-- wf.clarify.series: a column as pandas would have read it, and what Clarify makes of it.
--
-- Clarify (smclarify 0.5) decides from a column's values whether it is categorical or continuous, and so
-- what a configured value means: "equal to it" or "greater than it". These rules are reproduced here
-- exactly, surprising ones included, so that old configurations give their old numbers:
--
--   category dtype, or more than one value configured    categorical
--   text         categorical unless every value is an integer and distinct / present >= 0.05
--   float        continuous, also 0.0 and 1.0; an integer column with a missing value is one
--   integer      continuous if distinct / present >= 0.05
--   bool         categorical
--
-- Continuous: value in (threshold, max]; max is left out when abs(max) equals the threshold.
-- wf.bias does none of this: there { above = t } is a range and t is a value.

local core = require "wf.core.bias"
local errors = require "wf.errors"
local frame = require "wf.frame"

local series = {}

local Series = { __name = "wf.clarify.series" }
Series.__index = Series

local least_distinct = 0.05

-- ---- dtypes -------------------------------------------------------------------------------------

local function dtype_of(column)
  local missing = column:missing_count() > 0
  local kind = column.type
  if kind == "f64" or kind == "f32" then return "float64" end
  if kind == "i64" or kind == "i32" then return missing and "float64" or "int64" end
  if kind == "bool" then return missing and "object" or "bool" end
  if kind == "timestamp" then
    errors.raise { code = "type", message = "clarify: a time column must be read as text" }
  end
  return "object"
end

-- `dtype` when pandas' type is known; else it is what reading a CSV file would give.
function series.new(name, column, dtype)
  return setmetatable({ name = name, column = column, dtype = dtype or dtype_of(column) }, Series)
end

-- Distinct values in order of first appearance: { {value =} or {is_missing = true}, … }.
function Series:distinct()
  if self.known then return self.known end
  local whole, list = frame.new { names = { "v" }, columns = { self.column } }, {}
  local values = whole:unique("v")
  for i = 1, #values do
    list[i] = values[i] == nil and { is_missing = true } or { value = values[i] }
  end
  self.known = list
  return list
end

-- The rows of a frame as a list of tables.
function series.rows(table_frame)
  local list = {}
  for i = 1, #table_frame do list[i] = table_frame:row(i) end
  return list
end

local function is_integer_text(text)
  return text:match("^%s*[+-]?%d[%d_]*%s*$") ~= nil and not text:find("__", 1, true)
    and not text:find("_%s*$")
end

function Series:holds_integers()
  for _, entry in ipairs(self:distinct()) do
    if entry.is_missing or type(entry.value) ~= "string" or not is_integer_text(entry.value) then
      return false
    end
  end
  return true
end

function Series:varies()
  local present, distinct = #self.column - self.column:missing_count(), #self:distinct()
  if self.column:missing_count() > 0 then distinct = distinct - 1 end
  return present > 0 and distinct / present >= least_distinct
end

-- "CATEGORICAL" or "CONTINUOUS", and why.
function Series:kind(values)
  if self.dtype == "category" then return "CATEGORICAL", "its type is category" end
  if values and #values > 1 then return "CATEGORICAL", "several values are given" end
  if self.dtype == "bool" then return "CATEGORICAL", "it is boolean" end
  if self.dtype == "float64" then
    local whole = self.column.type == "i64" or self.column.type == "i32"
    return "CONTINUOUS", whole and "a missing value makes its integers floats" or "it holds floats"
  end
  if self.dtype == "object" and not self:holds_integers() then return "CATEGORICAL", "it is text" end
  if self:varies() then return "CONTINUOUS", "at least 5 % of its integers are distinct" end
  return "CATEGORICAL", "fewer than 5 % of its integers are distinct"
end

-- ---- numbers and texts as Python has them -------------------------------------------------------

-- The shortest digits that read back to x, as (sign, digits, exponent of the first digit).
local function shortest(x)
  for precision = 0, 16 do
    local text = ("%." .. precision .. "e"):format(x)
    if tonumber(text) == x then
      local sign, mantissa, exponent = text:match("^(-?)([%d.]+)e([+-]%d+)$")
      return sign, (mantissa:gsub("%.", "")), tonumber(exponent)
    end
  end
end

-- repr(x) of a Python float.
function series.repr(x)
  if x ~= x then return "nan" end
  if x == math.huge then return "inf" elseif x == -math.huge then return "-inf" end
  if x == 0 then return 1 / x < 0 and "-0.0" or "0.0" end
  local sign, digits, exponent = shortest(x)
  digits = digits:gsub("0+$", "")
  if exponent < -4 or exponent >= 16 then
    local rest = #digits > 1 and "." .. digits:sub(2) or ""
    return ("%s%s%se%s%02d"):format(sign, digits:sub(1, 1), rest, exponent < 0 and "-" or "+",
      math.abs(math.tointeger(exponent)))
  end
  if exponent < 0 then return sign .. "0." .. ("0"):rep(-exponent - 1) .. digits end
  if #digits <= exponent + 1 then
    return sign .. digits .. ("0"):rep(exponent + 1 - #digits) .. ".0"
  end
  return sign .. digits:sub(1, exponent + 1) .. "." .. digits:sub(exponent + 2)
end

-- str(value).
function series.str(value)
  if value == nil then return "nan" end
  if value == true then return "True" elseif value == false then return "False" end
  if math.type(value) == "float" then return series.repr(value) end
  return tostring(value)
end

-- float(text), or nil.
local function python_float(text)
  local trimmed = text:match("^%s*(.-)%s*$")
  local word = trimmed:lower():gsub("^[+-]", "")
  local sign = trimmed:sub(1, 1) == "-" and -1 or 1
  if word == "inf" or word == "infinity" then return sign * math.huge end
  local digits = trimmed:gsub("(%d)_(%d)", "%1%2")
  if not digits:match("^[+-]?%d*%.?%d*[eE]?[+-]?%d*$") or not digits:match("%d") then return nil end
  return tonumber((digits:gsub("^%+", ""))) and tonumber((digits:gsub("^%+", ""))) + 0.0
end

-- ---- categorical --------------------------------------------------------------------------------

local function number_of(value)
  if value == true then return 1 elseif value == false then return 0 end
  return value
end

-- a == b, as Python compares: True is 1 is 1.0, text is never a number.
local function same(a, b)
  if type(a) == "string" or type(b) == "string" then return a == b end
  return number_of(a) == number_of(b)
end

local function matching(self, values)
  local found = {}
  for _, entry in ipairs(self:distinct()) do
    for _, value in ipairs(values) do
      if not entry.is_missing and same(entry.value, value) then
        found[#found + 1] = entry.value
        break
      end
    end
  end
  return found
end

local function to_integer(value)
  if type(value) ~= "string" then
    value = number_of(value)
    return value >= 0 and math.tointeger(math.floor(value)) or math.tointeger(math.ceil(value))
  end
  if is_integer_text(value) then return math.tointeger(tonumber((value:gsub("[%s_+]", "")))) end
end

local converters = {
  text = series.str,
  bool = function(value) return value ~= false and value ~= 0 and value ~= "" end,
  float = function(value)
    if type(value) == "string" then return python_float(value) end
    return number_of(value) + 0.0
  end,
}
-- int(value) where that works for all of them, else float(value).
local function to_integers(values)
  local list = {}
  for i, value in ipairs(values) do list[i] = to_integer(value) end
  return #list == #values and list or nil
end

-- The values in the type of the column's first element.
function Series:converted(values)
  local first = self.column[1]
  local kind = self.dtype == "float64" and "float" or type(first)
  if kind == "nil" then kind = "float" end
  if kind == "number" then
    local whole = math.type(first) == "integer" and to_integers(values)
    if whole then return whole end
    kind = "float"
  end
  local convert = converters[kind == "string" and "text" or kind == "boolean" and "bool" or kind]
  local list = {}
  for _, value in ipairs(values) do
    local result = convert(value)
    if result ~= nil then list[#list + 1] = result end
  end
  return list
end

local function empty_mask(self)
  return core.member(self.column, { values = {} })
end

function Series:equal_to(values)
  local found = matching(self, values)
  if #found == 0 then found = matching(self, self:converted(values)) end
  if #found == 0 then return empty_mask(self) end
  return core.member(self.column, { values = found })
end

-- ---- continuous ---------------------------------------------------------------------------------

local function threshold_of(values)
  local value = #values == 1 and values[1] or nil
  if type(value) == "string" then value = python_float(value) end
  if value == nil then
    errors.invalid("Facet/label value provided must be a single numeric threshold for continuous data")
  end
  return number_of(value)
end

-- The column as numbers.
function Series:numbers()
  if self.dtype == "object" then return self.column:cast("i64") end
  return self.column
end

function Series:largest()
  local _, largest = core.extremes(self:numbers())
  if largest and self.dtype == "float64" then return largest + 0.0 end
  return largest
end

-- { low, high }, or nil when there is no interval: thresholds and the largest value, in order. `other`
-- is a second column whose values count for the largest too.
function Series:interval(values, other)
  local threshold, largest = threshold_of(values), self:largest()
  local second = other and other:largest()
  if second and (not largest or second > largest) then largest = second end
  if not largest or math.abs(largest) == threshold then return nil end
  local low, high = math.min(threshold, largest), math.max(threshold, largest)
  if math.type(low) == "float" or math.type(high) == "float" then low, high = low + 0.0, high + 0.0 end
  return { low, high }
end

function Series:within(interval)
  if not interval then return empty_mask(self) end
  return core.member(self:numbers(), { above = interval[1], max = interval[2] })
end

-- ---- both ---------------------------------------------------------------------------------------

-- The rows that are meant, and Clarify's text for them.
function Series:index(values, other)
  if self:kind(values) == "CATEGORICAL" then
    local texts = {}
    for i, value in ipairs(values) do texts[i] = series.str(value) end
    return self:equal_to(values), table.concat(texts, ",")
  end
  local interval = self:interval(values, other)
  return self:within(interval), self:interval_text(self:interval(values))
end

function Series:interval_text(interval)
  if not interval then return "" end
  return ("(%s, %s]"):format(series.str(interval[1]), series.str(interval[2]))
end

-- A list of values as pandas would hold it with that dtype; missing ones are frame.missing.
function series.from_list(name, values, dtype)
  local list = {}
  for i, value in ipairs(values) do
    if dtype == "float64" and type(value) == "number" then value = value + 0.0 end
    list[i] = value
  end
  return series.new(name, frame.new({ names = { name }, columns = { list } }):column(name), dtype)
end

return series
