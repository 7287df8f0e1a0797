-- wf.plot.number: numbers as text, the same under every locale.
--
--   number.fixed(-1234.5, 2)       -- "-1234.50"
--   number.coordinate(12.30)       -- "12.3": what SVG files hold
--   number.short(0.000123456)      -- "0.000123": what people read; "−" is the minus sign
--   number.count(12345)            -- "12,345"
--
-- Only formats without a decimal point reach string.format, because C's printf asks the host's
-- locale what a decimal point is.

local number = {}

local powers = { [0] = 1.0 }
for i = 1, 20 do powers[i] = 10.0 ^ i end

-- `decimals` digits after the point, rounded; x is finite.
function number.fixed(x, decimals)
  local digits = ("%.0f"):format(math.abs(x) * powers[decimals])
  if decimals > 0 then
    digits = ("0"):rep(decimals + 1 - #digits) .. digits
    digits = digits:sub(1, -decimals - 1) .. "." .. digits:sub(-decimals)
  end
  return x < 0 and digits:find("[1-9]") and "-" .. digits or digits
end

local function without_zeros(text)
  if not text:find(".", 1, true) then return text end
  return (text:gsub("0+$", ""):gsub("%.$", ""))
end
number.without_zeros = without_zeros

-- At most two decimals: finer than any screen.
function number.coordinate(x)
  if x % 1 == 0 then return ("%d"):format(x) end
  return without_zeros(number.fixed(x, 2))
end

-- The power of ten of the leading digit; x is finite and not 0.
function number.exponent(x)
  x = math.abs(x)
  local e = math.floor(math.log(x, 10))
  if 10.0 ^ e > x then return e - 1 end
  return 10.0 ^ (e + 1) <= x and e + 1 or e
end

-- Commas between thousands, from 10,000 on: 2015 is more often a year than a quantity.
local function grouped(text)
  local whole, rest = text:match("^(%d+)(.*)$")
  if not whole or #whole < 5 then return text end
  local first = #whole % 3
  local parts = first > 0 and { whole:sub(1, first) } or {}
  for i = first + 1, #whole, 3 do parts[#parts + 1] = whole:sub(i, i + 2) end
  return table.concat(parts, ",") .. rest
end

-- The text of |x| with its sign before it.
local function signed(x, text)
  return x < 0 and text:find("[1-9]") and "−" .. text or text
end

function number.count(x)
  return signed(x, grouped(without_zeros(number.fixed(math.abs(x), 2))))
end

-- `decimals` digits, with the sign and commas that people read.
function number.decimal(x, decimals)
  return signed(x, grouped(number.fixed(math.abs(x), decimals)))
end

-- One digit before the point, `decimals` after it, and the power of ten.
function number.scientific(x, decimals)
  local e = number.exponent(x)
  local scaled = e < -300 and math.abs(x) * 1e300 / 10.0 ^ (e + 300) or math.abs(x) / 10.0 ^ e
  local mantissa = number.fixed(scaled, decimals)
  if mantissa:match("^10") then mantissa, e = number.fixed(1, decimals), e + 1 end
  return signed(x, without_zeros(mantissa) .. "e" .. (e < 0 and "−" or "") .. math.abs(e))
end

-- What large numbers are told in, here and on axes.
number.units = { { 1e12, "T" }, { 1e9, "B" }, { 1e6, "M" } }

-- So many significant digits (3), whatever x is.
function number.short(x, significant)
  significant = significant or 3
  if x ~= x then return "NaN" end
  if x == math.huge then return "∞" elseif x == -math.huge then return "−∞" end
  if x == 0 then return "0" end
  local e = number.exponent(x)
  if e < -4 or e > 14 then return number.scientific(x, significant - 1) end
  for _, unit in ipairs(number.units) do
    if math.abs(x) >= unit[1] then
      local decimals = math.max(0, significant - 1 - e % 3)
      return signed(x, without_zeros(number.fixed(math.abs(x) / unit[1], decimals)) .. unit[2])
    end
  end
  local decimals = math.max(0, significant - 1 - e)
  return signed(x, grouped(without_zeros(number.fixed(math.abs(x), decimals))))
end

-- The same with "+" before what is positive.
function number.change(x, significant)
  local text = number.short(x, significant)
  return x > 0 and "+" .. text or text
end

function number.percent(share, decimals)
  return number.fixed(100 * share, decimals or 0) .. "%"
end

return number
