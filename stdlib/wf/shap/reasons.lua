-- wf.shap.reasons: the largest contributions to one row's prediction, in words.
--
-- Contributions of features that are made of one raw column are added up, since a column is what people
-- know; that sum is as exact as its terms. A contribution of 0 is no reason. Ties are in the order of
-- the features.

local pretty = require "wf.pretty"

local reasons = {}

-- ---- reading ------------------------------------------------------------------------------------

-- Slot numbers of things by name: { slot of the i-th name, … }, { name of each slot, … }.
local function slots_of(names)
  local slots, known, place = {}, {}, {}
  for i, name in ipairs(names) do
    if not place[name] then known[#known + 1], place[name] = name, #known + 1 end
    slots[i] = place[name]
  end
  return { slots = slots, names = known }
end

-- An explanation ready to be asked for reasons: of a row or two (columns are read where needed), or of
-- many (`whole`: columns become lists once).
function reasons.reader(explained, whole)
  local function read(column) return whole and column:to_table() or column end
  local reader = { explained = explained, outputs = {}, raw = {}, kinds = {}, features = explained:features(),
    column = slots_of(explained.origins), feature = slots_of(explained:features()) }
  for i, values in ipairs(explained.outputs) do
    reader.outputs[i] = {}
    for k, name in ipairs(reader.features) do reader.outputs[i][k] = read(values:column(name)) end
  end
  for _, name in ipairs(reader.column.names) do
    if explained.data and explained.data:has(name) then
      local column = explained.data:column(name)
      reader.raw[name], reader.kinds[name] = read(column), column.type
    end
  end
  return reader
end

-- The output with the largest prediction of that row.
local function predicted(reader, row)
  if #reader.outputs == 1 then return 1 end
  local best, most
  for i, lists in ipairs(reader.outputs) do
    local sum = reader.explained.bases[i]
    for k = 1, #lists do sum = sum + lists[k][row] end
    if not most or sum > most then best, most = i, sum end
  end
  return best
end

-- The contributions by slot, and the slots of the n largest.
local function largest(lists, row, n, by)
  local sums, order, slots = {}, {}, by.slots
  for slot = 1, #by.names do sums[slot] = 0.0 end
  for k = 1, #lists do sums[slots[k]] = sums[slots[k]] + lists[k][row] end
  for slot, sum in ipairs(sums) do
    local at = #order
    while at > 0 and math.abs(sums[order[at]]) < math.abs(sum) do at = at - 1 end
    if at < n and sum ~= 0 then
      table.insert(order, at + 1, slot)
      order[n + 1] = nil
    end
  end
  return sums, order
end

-- ---- words --------------------------------------------------------------------------------------

-- A raw value of a column of that type as people write it: six digits of a fraction say enough.
function reasons.value_text(value, kind)
  if kind == "timestamp" then return (pretty.time(value):gsub("%.000000", "")) end
  if math.type(value) ~= "float" then return tostring(value) end
  local whole = math.tointeger(value)
  return whole and tostring(whole) or ("%.6g"):format(value)
end

-- "incident_severity = Major", "age is missing", or the name alone where the data does not show it.
local function subject(entry, kind)
  local name = entry.column
  if not kind then return entry.feature or name end
  local text = entry.value == nil and name .. " is missing"
    or ("%s = %s"):format(name, reasons.value_text(entry.value, kind))
  if entry.feature and entry.feature ~= name then text = ("%s (%s)"):format(entry.feature, text) end
  return text
end

-- "incident_severity = Major raised it by 0.84 (margin)"; `kind` is the type of the raw column (nil: its
-- value is not known), `what` (a class) and `scale` have these defaults.
function reasons.sentence(entry, kind, what, scale)
  return ("%s %s %s by %.3g (%s)"):format(subject(entry, kind),
    entry.contribution > 0 and "raised" or "lowered", what or "it", math.abs(entry.contribution),
    scale or "margin")
end

-- What the contributions to an output move, where there are several.
local function class_name(explained, output)
  if #explained.outputs == 1 then return nil end
  return tostring(explained.classes and explained.classes[output] or "class " .. output - 1)
end

-- The n largest contributions to one output (nil: the one that is predicted), `by` "column" or "feature".
function reasons.of(reader, row, n, output, by)
  output = output or predicted(reader, row)
  local explained, list = reader.explained, {}
  local class = class_name(explained, output)
  local sums, order = largest(reader.outputs[output], row, n, reader[by])
  for i, slot in ipairs(order) do
    local column = by == "column" and reader.column.names[slot] or explained.origins[slot]
    local values = reader.raw[column]
    local entry = { column = column, feature = by == "feature" and reader.features[slot] or nil,
      contribution = sums[slot] }
    if values then entry.value = values[row] end
    entry.text = reasons.sentence(entry, reader.kinds[column], class, explained.scale)
    list[i] = entry
  end
  return list
end

return reasons
