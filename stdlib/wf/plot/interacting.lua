-- wf.plot.interacting: which other feature the effect of one feature depends on most.
--
--   local name = interacting.strongest(xs, values, { { name = "income", list = { 1.5, false, … } }, … })
--
-- Chosen as the shap package does for interaction_index = "auto": rows in the order of the feature's value
-- are cut into bins in which that value hardly differs; what still moves its SHAP values there comes from
-- others. The strength of another feature is the sum over the bins of the absolute correlation with its
-- value, or with its being missing, whichever is more. This is a guess from what is drawn and needs no
-- model; shap.interactions has the exact amounts.

local interacting = {}

local most_rows, most_in_bin = 10000, 50

-- Rows with a value by that value, ties in their order; evenly thinned out when there are many.
local function ordered(xs)
  local rows = {}
  for row, x in ipairs(xs) do
    if x then rows[#rows + 1] = row end
  end
  table.sort(rows, function(a, b)
    if xs[a] ~= xs[b] then return xs[a] < xs[b] end
    return a < b
  end)
  if #rows <= most_rows then return rows end
  local kept = {}
  for i = 1, most_rows do kept[i] = rows[(i - 1) * #rows // most_rows + 1] end
  return kept
end

-- |Pearson's coefficient| of the rows at places first … last where both have numbers; 0 when one is constant.
local function correlation(rows, first, last, values, others)
  local n, mean_a, mean_b, aa, bb, ab = 0, 0.0, 0.0, 0.0, 0.0, 0.0
  for place = first, last do
    local a, b = values[rows[place]], others[rows[place]]
    if b then
      n = n + 1
      local da, db = a - mean_a, b - mean_b
      mean_a, mean_b = mean_a + da / n, mean_b + db / n
      aa, bb, ab = aa + da * (a - mean_a), bb + db * (b - mean_b), ab + da * (b - mean_b)
    end
  end
  return aa > 0 and bb > 0 and math.abs(ab) / math.sqrt(aa * bb) or 0
end

local function strength(rows, values, others)
  local size, sum = math.max(math.min(#rows // 10, most_in_bin), 1), 0
  for first = 1, #rows, size do
    sum = sum + correlation(rows, first, math.min(first + size - 1, #rows), values, others)
  end
  return sum
end

local function presence(list)
  local here, some_absent = {}, false
  for row, value in ipairs(list) do
    here[row] = value and 1 or 0
    some_absent = some_absent or not value
  end
  return some_absent and here
end

-- The name of the candidate whose value matters most to `values` beside `xs`, the first of equal ones; nil
-- when none matters. A missing number is false.
function interacting.strongest(xs, values, candidates)
  local rows, most, name = ordered(xs), 0, nil
  for _, candidate in ipairs(candidates) do
    local here = presence(candidate.list)
    local found = math.max(strength(rows, values, candidate.list), here and strength(rows, values, here) or 0)
    if found > most then most, name = found, candidate.name end
  end
  return name
end

return interacting
