-- wf.clarify.layout: analysis.json as Python's json.dumps(…, indent=4) writes it.
--
-- Keys keep their order, floats are the shortest text that reads back, infinite values are the texts
-- "Infinity" and "-Infinity", a failed metric has the value null and its error, and what is not ASCII is
-- escaped.

local series = require "wf.clarify.series"
local shap_layout = require "wf.shap.layout"

local layout = {}

local null = {}
layout.null = null

local short = { ['"'] = '\\"', ["\\"] = "\\\\", ["\b"] = "\\b", ["\f"] = "\\f", ["\n"] = "\\n",
  ["\r"] = "\\r", ["\t"] = "\\t" }

local function escaped(code)
  if code < 0x10000 then return ("\\u%04x"):format(code) end
  code = code - 0x10000
  return ("\\u%04x\\u%04x"):format(0xd800 + (code >> 10), 0xdc00 + (code & 0x3ff))
end

local function quoted(text)
  local out = {}
  for _, code in utf8.codes(text) do
    local letter = code < 128 and string.char(code)
    if letter and short[letter] then
      out[#out + 1] = short[letter]
    elseif letter and code >= 32 then
      out[#out + 1] = letter
    else
      out[#out + 1] = escaped(code)
    end
  end
  return '"' .. table.concat(out) .. '"'
end

local encode

-- { {key, value}, …, object = true } is an object, any other table a list.
local function encode_table(value, indent)
  local open, close = value.object and "{" or "[", value.object and "}" or "]"
  if #value == 0 then return open .. close end
  local inner, parts = indent .. "    ", {}
  for i, item in ipairs(value) do
    parts[i] = inner .. (value.object and quoted(item[1]) .. ": " .. encode(item[2], inner)
      or encode(item, inner))
  end
  return open .. "\n" .. table.concat(parts, ",\n") .. "\n" .. indent .. close
end

function encode(value, indent)
  if value == null then return "null" end
  if type(value) == "table" then return encode_table(value, indent) end
  if type(value) == "string" then return quoted(value) end
  if value == math.huge then return '"Infinity"' elseif value == -math.huge then return '"-Infinity"' end
  if type(value) == "boolean" then return tostring(value) end
  return series.str(value)
end

local function object(list)
  list.object = true
  return list
end
layout.object = object

-- The text of a value made of objects, lists, texts, numbers and layout.null.
function layout.encode(value)
  return encode(value, "")
end

local function metric_object(metric)
  local list = { { "name", metric.name }, { "description", metric.description },
    { "value", metric.value == nil and null or metric.value } }
  if metric.value == nil then list[4] = { "error", metric.error } end
  return object(list)
end

local function entry_object(entry)
  local metrics = {}
  for i, metric in ipairs(entry.metrics) do metrics[i] = metric_object(metric) end
  return object { { "value_or_threshold", entry.value_or_threshold }, { "metrics", metrics } }
end

-- One facet may be configured several times: its entries come together.
local function facets_object(facets)
  local list, place = {}, {}
  for _, facet in ipairs(facets) do
    if not place[facet.facet] then
      list[#list + 1] = { facet.facet, {} }
      place[facet.facet] = list[#list][2]
    end
    for _, entry in ipairs(facet.entries) do table.insert(place[facet.facet], entry_object(entry)) end
  end
  return object(list)
end

local function stage_object(analysis, facets)
  return object { { "label", analysis.label }, { "facets", facets_object(facets) },
    { "label_value_or_threshold", analysis.label_text } }
end

-- What the outputs of an explanation are called.
function layout.labels(result)
  return shap_layout.labels(result.explained:output_count(), result.label_headers)
end

-- Features in the dataset's order.
local function explanations_object(result)
  local explained, blocks = result.explained, {}
  for i, label in ipairs(layout.labels(result)) do
    local ranking, importance, values = explained:global(result.aggregate, i), {}, {}
    local names, numbers = ranking.feature:to_table(), ranking.importance:to_table()
    for k, name in ipairs(names) do importance[name] = numbers[k] end
    for k, name in ipairs(explained:features()) do values[k] = { name, importance[name] } end
    blocks[i] = { label, object { { "global_shap_values", object(values) },
      { "expected_value", explained:base(i) } } }
  end
  return object { { "kernel_shap", object(blocks) } }
end

function layout.analysis(analysis)
  local parts = { { "version", "1.0" } }
  if analysis.post then
    parts[#parts + 1] = { "post_training_bias_metrics", stage_object(analysis, analysis.post) }
  end
  if analysis.pre then
    parts[#parts + 1] = { "pre_training_bias_metrics", stage_object(analysis, analysis.pre) }
  end
  if analysis.shap then
    parts[#parts + 1] = { "explanations", explanations_object(analysis.shap) }
  end
  return layout.encode(object(parts))
end

return layout
