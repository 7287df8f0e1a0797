-- wf.shap.layout: explanations in the layout of SageMaker Clarify's files.
--
-- analysis.json: { version, explanations = { kernel_shap = { label0 = { global_shap_values,
-- expected_value }, … } } }. The block is called kernel_shap whatever computed it: that is the name
-- its readers look for. explanations_shap/out.csv: a column <feature>_label0 for each feature and label.

local errors = require "wf.errors"
local frame = require "wf.frame"
local json = require "wf.json"

local layout = {}

local aggregates = { "mean_abs", "median", "mean_sq" }

layout.analysis_rules = {
  aggregate = { "string", default = "mean_abs", choices = aggregates },
  label_headers = { "table" },
}

layout.write_rules = {
  aggregate = { "string", default = "mean_abs", choices = aggregates },
  label_headers = { "table" }, local_values = { "boolean", default = true },
  format = { "string", default = "csv", choices = { "csv", "arrow" } },
}

-- The names of n outputs. Headers of a model of one output may name both of its classes: the values
-- are then those of the second.
function layout.labels(n, headers)
  local names = {}
  if headers and #headers ~= n and not (n == 1 and #headers == 2) then
    errors.invalid("there are %d label_headers for %d outputs", #headers, n)
  end
  for i = 1, n do
    names[i] = headers and tostring(headers[#headers - n + i]) or "label" .. i - 1
  end
  return names
end

-- `outputs`: { {base, features = frame (feature, importance)}, … }
function layout.analysis(outputs, headers)
  local labels, blocks = layout.labels(#outputs, headers), {}
  for i, output in ipairs(outputs) do
    local names, importances = output.features.feature:to_table(), output.features.importance:to_table()
    local values = {}
    for k, name in ipairs(names) do values[name] = importances[k] end
    blocks[labels[i]] = { global_shap_values = values, expected_value = output.base }
  end
  return { version = "1.0", explanations = { kernel_shap = blocks } }
end

function layout.encode(analysis)
  return json.encode(analysis, { indent = 4 })
end

function layout.local_values(explained, headers)
  local labels, names, columns = layout.labels(explained:output_count(), headers), {}, {}
  for i, label in ipairs(labels) do
    local values = explained:values(i)
    for _, feature in ipairs(values:columns()) do
      names[#names + 1], columns[#columns + 1] = feature .. "_" .. label, values:column(feature)
    end
  end
  return frame.new { names = names, columns = columns }
end

local writers = { csv = function(...) return require("wf.csv").write(...) end,
  arrow = function(...) return require("wf.arrow").write(...) end }

-- Paths by what they hold.
function layout.write(explained, directory, o)
  local sys = require "wf.core.sys"
  local paths = { analysis = directory .. "/analysis.json" }
  sys.make_directories(directory)
  sys.write_file(paths.analysis, explained:json { aggregate = o.aggregate,
    label_headers = o.label_headers } .. "\n")
  if o.local_values then
    sys.make_directories(directory .. "/explanations_shap")
    paths.values = ("%s/explanations_shap/out.%s"):format(directory, o.format)
    writers[o.format](layout.local_values(explained, o.label_headers), paths.values)
  end
  return paths
end

return layout
