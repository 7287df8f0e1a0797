-- wf.shap.reasons: the largest contributions to one row's prediction, in words.
--
-- Contributions of features that are made of one raw column are added up, since a column is what people
-- know; that sum is as exact as its terms. A contribution of 0 is no reason. Ties are in the order of
-- the features.

local pretty = require "wf.pretty"

local reasons = {}

-- The output with the largest prediction of that row.
function reasons.predicted(explained, row)
  if #explained.outputs == 1 then return 1 end
  local best, most
  for i, values in ipairs(explained.outputs) do
    local sum = explained.bases[i]
    for _, name in ipairs(values:columns()) do sum = sum + values:column(name)[row] end
    if not most or sum > most then best, most = i, sum end
  end
  return best
end

local function contributions(explained, row, output, by)
  local values, list, place = explained.outputs[output], {}, {}
  for i, feature in ipairs(values:columns()) do
    local column, contribution = explained.origins[i], values:column(feature)[row]
    local entry = by == "column" and place[column]
    if entry then
      entry.contribution = entry.contribution + contribution
    else
      entry = { column = column, contribution = contribution, order = #list + 1,
        feature = by == "feature" and feature or nil }
      list[#list + 1], place[column] = entry, entry
    end
  end
  return list
end

local function is_larger(a, b)
  local x, y = math.abs(a.contribution), math.abs(b.contribution)
  if x ~= y then return x > y end
  return a.order < b.order
end

-- A raw value of that column as people write it: six digits of a fraction say enough.
function reasons.value_text(value, column)
  if column.type == "timestamp" then return (pretty.time(value):gsub("%.000000", "")) end
  if math.type(value) ~= "float" then return tostring(value) end
  local whole = math.tointeger(value)
  return whole and tostring(whole) or ("%.6g"):format(value)
end

-- "incident_severity = Major", "age is missing", or the name alone where the data does not show it.
local function subject(entry, data)
  local name = entry.column
  if not data or not data:has(name) then return entry.feature or name end
  local text = entry.value == nil and name .. " is missing"
    or ("%s = %s"):format(name, reasons.value_text(entry.value, data:column(name)))
  if entry.feature and entry.feature ~= name then text = ("%s (%s)"):format(entry.feature, text) end
  return text
end

-- "incident_severity = Major raised it by 0.84 (margin)"; `what` (a class) and `scale` have these defaults.
function reasons.sentence(entry, data, what, scale)
  return ("%s %s %s by %.3g (%s)"):format(subject(entry, data),
    entry.contribution > 0 and "raised" or "lowered", what or "it", math.abs(entry.contribution),
    scale or "margin")
end

-- What the contributions to an output move, where there are several.
local function class_name(explained, output)
  if #explained.outputs == 1 then return nil end
  return tostring(explained.classes and explained.classes[output] or "class " .. output - 1)
end

function reasons.of(explained, row, n, output, by)
  local list, kept = contributions(explained, row, output, by), {}
  table.sort(list, is_larger)
  for i = 1, math.min(n, #list) do
    local entry = list[i]
    if entry.contribution == 0 then break end
    entry.order = nil
    if explained.data and explained.data:has(entry.column) then
      entry.value = explained.data:column(entry.column)[row]
    end
    entry.text = reasons.sentence(entry, explained.data, class_name(explained, output), explained.scale)
    kept[i] = entry
  end
  return kept
end

return reasons
