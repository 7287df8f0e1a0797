-- wf.pretty: values as people want to see them, and as the catalog keeps them.
--
--   local pretty = require "wf.pretty"
--   print(pretty.format { roc_auc = 0.7412, classes = { "no", "yes" } })
--   pretty.summarise(value)     -- plain tables, strings, numbers: what outcome_json holds
--   pretty.time(1700000000000000)   -- "2023-11-14T22:13:20.000000Z"

local options = require "wf.options"

local pretty = {}

local max_depth, max_items, max_text = 4, 200, 400

-- ---- text ---------------------------------------------------------------------------------------

-- The shortest text that reads back to the same number.
function pretty.number(x)
  if math.type(x) == "integer" then return tostring(x) end
  if x ~= x then return "nan" end
  if x == math.huge then return "inf" elseif x == -math.huge then return "-inf" end
  for digits = 15, 17 do
    local text = ("%." .. digits .. "g"):format(x)
    if tonumber(text) == x then
      return text:find("[.e]") and text or text .. ".0"
    end
  end
end

local function has_tostring(value)
  local metatable = getmetatable(value)
  return type(metatable) == "table" and metatable.__tostring ~= nil
end

local function is_identifier(key)
  return type(key) == "string" and key:match("^[%a_][%w_]*$") ~= nil
end

local format_value

local function format_table(value, depth, seen)
  if seen[value] then return "<cycle>" end
  if depth > max_depth then return "{…}" end
  seen[value] = true
  local parts, n = {}, #value
  for i = 1, math.min(n, max_items) do parts[i] = format_value(value[i], depth + 1, seen) end
  for _, key in ipairs(options.sorted_keys(value)) do
    local in_sequence = math.type(key) == "integer" and key >= 1 and key <= n
    if not in_sequence and #parts < max_items then
      local name = is_identifier(key) and key or ("[%s]"):format(format_value(key, depth + 1, seen))
      parts[#parts + 1] = name .. " = " .. format_value(value[key], depth + 1, seen)
    end
  end
  if n > max_items then parts[#parts + 1] = ("… %d more"):format(n - max_items) end
  seen[value] = nil
  if #parts == 0 then return "{}" end
  local line = "{ " .. table.concat(parts, ", ") .. " }"
  if #line <= 88 and not line:find("\n") then return line end
  local indent = ("  "):rep(depth)
  return "{\n" .. indent .. "  " .. table.concat(parts, ",\n" .. indent .. "  ")
    .. "\n" .. indent .. "}"
end

function format_value(value, depth, seen)
  local kind = type(value)
  if kind == "string" then return depth == 0 and value or ("%q"):format(value):gsub("\\\n", "\\n") end
  if kind == "number" then return pretty.number(value) end
  if kind == "table" and not has_tostring(value) then return format_table(value, depth, seen) end
  return tostring(value)
end

-- One value as text: strings as they are, tables with their contents, frames as tables.
function pretty.format(value)
  return (format_value(value, 0, {}))
end

-- ---- summaries ----------------------------------------------------------------------------------

local summarise

local function summarise_table(value, depth, seen)
  if seen[value] or depth > max_depth then return "<table>" end
  seen[value] = true
  local out, n = {}, #value
  if n > max_items then
    out = ("<%d values>"):format(n)
  elseif n > 0 then
    for i = 1, n do out[i] = summarise(value[i], depth + 1, seen) end
  else
    local keys = options.sorted_keys(value)
    for i = 1, math.min(#keys, max_items) do
      out[tostring(keys[i])] = summarise(value[keys[i]], depth + 1, seen)
    end
  end
  seen[value] = nil
  return out
end

local function summarise_userdata(value, kind)
  if kind == "wf.frame" then
    return { type = kind, rows = #value, columns = #value:columns() }
  elseif kind == "wf.column" then
    return { type = kind, rows = #value, column_type = value.type }
  elseif kind == "wf.model" then
    return { type = kind, objective = value:objective(), trees = value:tree_count(),
      features = #value:features() }
  end
  return { type = kind }
end

function summarise(value, depth, seen)
  local kind = options.type_of(value)
  if kind == "nil" or kind == "boolean" or kind == "integer" then return value end
  if type(value) == "number" then
    local finite = value == value and value ~= math.huge and value ~= -math.huge
    return finite and value or pretty.number(value)
  elseif kind == "string" then
    return #value <= max_text and value or value:sub(1, max_text) .. "…"
  elseif type(value) == "userdata" then
    return summarise_userdata(value, kind)
  elseif type(value) == "table" then
    local metatable = getmetatable(value)
    local own = type(metatable) == "table" and metatable.__summary
    if own then return summarise_table(own(value), depth, seen) end
    return summarise_table(value, depth, seen)
  end
  return "<" .. kind .. ">"
end

-- A bounded plain copy for JSON: wf objects become {type = …, …}, functions their type's name.
function pretty.summarise(value)
  return summarise(value, 0, {})
end

-- Of packed values: one as it is, several as a list.
function pretty.summarise_all(values)
  if values.n == 1 then return pretty.summarise(values[1]) end
  local list = {}
  for i = 1, values.n do
    local summary = pretty.summarise(values[i])
    list[i] = summary == nil and require("wf.json").null or summary
  end
  return list
end

-- ---- times and durations ------------------------------------------------------------------------

-- Microseconds since 1970 as ISO 8601 in UTC; nil for 0 and nil.
function pretty.time(us)
  if not us or us == 0 then return nil end
  return ("%s.%06dZ"):format(os.date("!%Y-%m-%dT%H:%M:%S", us // 1000000), us % 1000000)
end

function pretty.duration(seconds)
  if seconds < 0 then seconds = 0 end
  if seconds < 10 then return ("%.3f s"):format(seconds) end
  if seconds < 100 then return ("%.1f s"):format(seconds) end
  local whole = math.floor(seconds + 0.5)
  if whole < 3600 then return ("%d min %02d s"):format(whole // 60, whole % 60) end
  return ("%d h %02d min"):format(whole // 3600, whole % 3600 // 60)
end

-- Rows of texts as aligned lines, the first row underlined by nothing: a header in capitals.
function pretty.columns(rows, indent)
  local widths, lines = {}, {}
  for _, row in ipairs(rows) do
    for c, text in ipairs(row) do
      widths[c] = math.max(widths[c] or 0, utf8.len(text) or #text)
    end
  end
  for i, row in ipairs(rows) do
    local cells = {}
    for c, text in ipairs(row) do
      cells[c] = c == #row and text or text .. (" "):rep(widths[c] - (utf8.len(text) or #text))
    end
    lines[i] = ((indent or "") .. table.concat(cells, "  ")):gsub("%s+$", "")
  end
  return table.concat(lines, "\n")
end

return pretty
