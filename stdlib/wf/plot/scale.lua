-- wf.plot.scale: values to positions, and the ticks between.
--
--   local x = scale.linear { low = 0.13, high = 9.7, from = 50, to = 600, nice = true }
--   x.at(5)                       -- position; from may be greater than to
--   x.ticks(6)                    -- { {value, position, label}, … }, rising, at most about 6
--   scale.log { low = 1, high = 1e4, … }, scale.category { names = {…}, … }
--
-- A linear scale's steps are 1, 2, 2.5 or 5 times a power of ten; `nice` moves its ends to steps. A
-- range of a single value is widened around it.

local errors = require "wf.errors"
local number = require "wf.plot.number"

local scale = {}

-- ---- linear -------------------------------------------------------------------------------------

-- A step {mantissa, exponent} so that about `count` of them span the range.
local function nice_step(span, count)
  local raw = span / count
  local exponent = number.exponent(raw)
  local share = raw / 10.0 ^ exponent
  for _, mantissa in ipairs { 1, 2, 2.5, 5 } do
    if share <= mantissa * 1.25 then return mantissa, exponent end
  end
  return 1, exponent + 1
end

-- k steps; divided rather than multiplied by what is no binary fraction, so that 3 steps of 0.1 are 0.3.
local function multiple(k, mantissa, exponent)
  if exponent < 0 then return k * mantissa / 10.0 ^ -exponent end
  return k * mantissa * 10.0 ^ exponent
end

-- One way to write all ticks of a scale.
local function labeller(largest, mantissa, exponent, percent)
  local digits = mantissa == 2.5 and 1 or 0
  if percent then
    local decimals = math.max(0, digits - exponent - 2)
    return function(x) return number.decimal(100 * x, decimals) .. "%" end
  end
  if largest >= 1e15 or largest < 1e-3 or exponent < -6 then
    local decimals = math.max(0, number.exponent(largest) - exponent + digits)
    return function(x) return x == 0 and "0" or number.scientific(x, math.min(decimals, 14)) end
  end
  for _, unit in ipairs(number.units) do
    if largest >= unit[1] then
      local decimals = math.max(0, digits + number.exponent(unit[1]) - exponent)
      return function(x)
        return x == 0 and "0" or number.without_zeros(number.decimal(x / unit[1], decimals)) .. unit[2]
      end
    end
  end
  local decimals = math.max(0, digits - exponent)
  return function(x) return number.decimal(x, decimals) end
end

-- A single value gets room on both sides.
local function widened(low, high)
  if low < high then return low, high end
  local room = low == 0 and 1 or math.abs(low) * 0.1
  return low - room, high + room
end

local function check_range(low, high)
  if not (low == low and high == high and high - low < math.huge) then
    errors.invalid("plot: values from %s to %s are beyond what an axis can show", low, high)
  end
end

-- {low, high, from, to, nice = false, count = 6, percent = false}
function scale.linear(given)
  local low, high = widened(given.low + 0.0, given.high + 0.0)
  check_range(low, high)
  local count = given.count or 6
  local mantissa, exponent = nice_step(high - low, count)
  if given.nice then
    local step = multiple(1, mantissa, exponent)
    low = multiple(math.floor(low / step + 1e-9), mantissa, exponent)
    high = multiple(math.ceil(high / step - 1e-9), mantissa, exponent)
  end
  local from, per_unit = given.from, (given.to - given.from) / (high - low)
  local self = { low = low, high = high, from = given.from, to = given.to }
  function self.at(value) return from + (value - low) * per_unit end
  function self.ticks(wanted)
    local m, e = nice_step(high - low, wanted or count)
    local step, list = multiple(1, m, e), {}
    local label = labeller(math.max(math.abs(low), math.abs(high)), m, e, given.percent)
    for k = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) do
      local value = multiple(k, m, e)
      list[#list + 1] = { value = value, at = self.at(value), label = label(value) }
    end
    return list
  end
  return self
end

-- ---- logarithmic --------------------------------------------------------------------------------

-- Powers of ten, and 2 and 5 times them when there are few, every n-th when there are many.
local function log_values(low, high, wanted)
  local first, last = math.floor(math.log(low, 10) + 1e-9), math.ceil(math.log(high, 10) - 1e-9)
  local mantissas = last - first <= 2 and { 1, 2, 5 } or { 1 }
  local every, values = math.max(1, math.ceil((last - first) / wanted)), {}
  for e = first, last, every do
    for _, mantissa in ipairs(mantissas) do
      local value = multiple(1, mantissa, e)
      if value >= low * (1 - 1e-9) and value <= high * (1 + 1e-9) then values[#values + 1] = value end
    end
  end
  return values
end

-- {low > 0, high, from, to}
function scale.log(given)
  if given.low <= 0 then
    errors.invalid("plot: a logarithmic axis needs values above 0, not %s", given.low)
  end
  local low, high = given.low, given.high
  if low == high then low, high = low / 2, high * 2 end
  check_range(low, high)
  local first, per_unit = math.log(low), (given.to - given.from) / (math.log(high) - math.log(low))
  local self = { low = low, high = high, from = given.from, to = given.to, is_log = true }
  function self.at(value) return given.from + (math.log(value) - first) * per_unit end
  function self.ticks(wanted)
    local list = {}
    for i, value in ipairs(log_values(low, high, wanted or 6)) do
      list[i] = { value = value, at = self.at(value), label = number.short(value) }
    end
    return list
  end
  return self
end

-- ---- categories ---------------------------------------------------------------------------------

-- {names, from, to}: the value i, from 1, lies in the middle of the i-th of equal bands
function scale.category(given)
  local names = given.names
  local band = (given.to - given.from) / math.max(1, #names)
  local self = { low = 0.5, high = #names + 0.5, from = given.from, to = given.to,
    band = math.abs(band), is_category = true }
  function self.at(value) return given.from + (value - 0.5) * band end
  function self.ticks()
    local list = {}
    for i, name in ipairs(names) do list[i] = { value = i, at = self.at(i), label = name } end
    return list
  end
  return self
end

function scale.new(axis, from, to, count)
  if axis.names then return scale.category { names = axis.names, from = from, to = to } end
  if axis.log then return scale.log { low = axis.low, high = axis.high, from = from, to = to } end
  return scale.linear { low = axis.low, high = axis.high, from = from, to = to, nice = axis.nice,
    percent = axis.percent, count = count }
end

-- ---- fitting ticks ------------------------------------------------------------------------------

local function is_crowded(ticks, extent, gap)
  for i = 2, #ticks do
    local between = math.abs(ticks[i].at - ticks[i - 1].at)
    if between < (extent(ticks[i].label) + extent(ticks[i - 1].label)) / 2 + gap then return true end
  end
  return false
end

-- As many ticks, at most `most`, as leave `gap` between labels that take extent(label) each.
function scale.fitted(self, most, extent, gap)
  local ticks
  for wanted = most, 1, -1 do
    ticks = self.ticks(wanted)
    if self.is_category or not is_crowded(ticks, extent, gap) then return ticks end
  end
  return ticks
end

-- The least and the greatest finite number of the lists; nil without any.
function scale.range(...)
  local low, high
  for _, list in ipairs { ... } do
    for i = 1, #list do
      local x = list[i]
      if x and x == x and x ~= math.huge and x ~= -math.huge then
        if not low or x < low then low = x end
        if not high or x > high then high = x end
      end
    end
  end
  return low, high
end

return scale
