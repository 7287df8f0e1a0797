-- wf.bias.sets: which rows are meant, said as values or as a range.
--
--   sets.read("bias: favourable", 0)                      -- a value
--   sets.read("bias: facet race", { "Hispanic", "Other" })     -- any of several
--   sets.read("bias: facet age", { min = 18, max = 30 })    -- a range: above and below are exclusive,
--                                                        -- min and max inclusive bounds
--   sets.mask(where, column, set)     -- bool column; a missing value is in no set
--   sets.rule("age", set)             -- "18 <= age <= 30": what was understood, for people
--   sets.text(set, column)            -- "(60, 97]", "0": as Clarify writes it
--
-- What a set means follows from how it is written and never from the values of the column: 30 is
-- "equal to 30" and { above = 30 } is "more than 30", whatever type the column has.

local core = require "wf.core.bias"
local errors = require "wf.errors"
local options = require "wf.options"
local pretty = require "wf.pretty"

local sets = {}

local bounds = { "above", "below", "min", "max" }

local function has_bound(given)
  for _, name in ipairs(bounds) do
    if given[name] ~= nil then return true end
  end
  return false
end

local function read_range(where, given)
  local set = options.check(where, given, { above = { "number" }, below = { "number" },
    min = { "number" }, max = { "number" } })
  if set.above and set.min then errors.invalid("%s: above and min are both given", where) end
  if set.below and set.max then errors.invalid("%s: below and max are both given", where) end
  return set
end

function sets.read(where, given)
  if options.type_of(given) ~= "table" then given = { given } end
  if has_bound(given) then return read_range(where, given) end
  local values = {}
  for i, value in ipairs(given.values or given) do values[i] = value end
  for key in pairs(given.values or given) do
    if math.type(key) ~= "integer" and key ~= "values" then
      errors.invalid("%s: %s", where, options.unknown("option", key,
        { "above", "below", "max", "min", "values" }))
    end
  end
  if #values == 0 then
    errors.invalid("%s: give a value, a list of values, or a range such as { above = number }", where)
  end
  return { values = values }
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

function sets.mask(where, column, set)
  for _, value in ipairs(set.values or {}) do check_kind(where, column, value) end
  for _, name in ipairs(bounds) do
    if set[name] then check_kind(where, column, set[name]) end
  end
  return core.member(column, set)
end

-- ---- in words -----------------------------------------------------------------------------------

local function plain(value)
  return type(value) == "number" and pretty.number(value) or tostring(value)
end

local function range_rule(name, set)
  local low = set.above and plain(set.above) .. " < " or set.min and plain(set.min) .. " <= "
  local high = set.below and " < " .. plain(set.below) or set.max and " <= " .. plain(set.max)
  if low and high then return low .. name .. high end
  if low then return name .. (set.above and " > " .. plain(set.above) or " >= " .. plain(set.min)) end
  return name .. high
end

function sets.rule(name, set)
  if not set.values then return range_rule(name, set) end
  local texts = {}
  for i, value in ipairs(set.values) do texts[i] = plain(value) end
  if #texts == 1 then return name .. " is " .. texts[1] end
  return name .. " is one of " .. table.concat(texts, ", ")
end

-- How the rows of the set are called in a sentence.
function sets.people(name, set)
  if set.values and type(set.values[1]) == "string" then return table.concat(set.values, " or ") end
  return sets.rule(name, set)
end

local function bound_text(x)
  return math.type(x) == "float" and x == math.floor(x) and math.abs(x) < 1e15
    and ("%.1f"):format(x) or pretty.number(x)
end

-- A range without an upper bound ends at the column's largest value, as Clarify writes it.
function sets.text(set, column)
  if set.values then
    local texts = {}
    for i, value in ipairs(set.values) do texts[i] = plain(value) end
    return table.concat(texts, ",")
  end
  local least, most = core.extremes(column)
  local low, high = set.above or set.min or least, set.below or set.max or most
  return ("%s%s, %s%s"):format(set.above and "(" or "[", low and bound_text(low) or "",
    high and bound_text(high) or "", set.below and ")" or "]")
end

return sets
