-- wf.clarify: SageMaker Clarify's analyses, from their configuration to their analysis.json.
--
--   local analysis = wf.clarify.run("analysis_config.json", { data = "dataset.csv", model = model })
--   analysis:write("output")             -- output/analysis.json, explanations_shap/out.csv
--   print(analysis)                      -- what every configured value was taken to mean, and warnings
--
-- A drop-in for the processing job: names, order, inference of types, texts of errors and the layout of
-- the file are those of smclarify 0.5 (see wf.clarify.series for the inference). For new work use
-- wf.bias, where nothing is inferred.

local dataset = require "wf.clarify.dataset"
local errors = require "wf.errors"
local explain = require "wf.clarify.explain"
local layout = require "wf.clarify.layout"
local measure = require "wf.clarify.measure"
local options = require "wf.options"
local series = require "wf.clarify.series"

local clarify = {}

-- ---- the whole analysis -------------------------------------------------------------------------

local Analysis = { __name = "wf.clarify.analysis", __module = "wf.clarify", __class = "Analysis" }
clarify.classes = { Analysis = Analysis }
Analysis.__index = Analysis

local function explain_values(name, column, values, text)
  if not values or #values == 0 then
    return ("%s: each of its values against the rest"):format(name)
  end
  local kind, why = column:kind(values)
  if kind == "CONTINUOUS" then
    return ("%s: the values in %s: it was read as continuous, since %s"):format(name,
      text == "" and "an empty interval" or text, why)
  end
  return ("%s: equal to %s: it was read as categorical, since %s"):format(name, text, why)
end

local function looks_binary(column)
  local low, high = column:numbers():min(), column:numbers():max()
  return low == 0 and high == 1 and #column:distinct() <= 3
end

local function add_decisions(self, o)
  local lines, warnings = {}, {}
  lines[1] = "favourable: " .. explain_values(o.label.name, o.label, o.values, o.label_text)
  if o.label:kind(o.values) == "CONTINUOUS" and looks_binary(o.label) then
    warnings[1] = ("%s holds 0 and 1 but was read as continuous: %s means %s, not equal to it")
      :format(o.label.name, series.str(o.values[1]),
        o.label_text == "" and "nothing" or "the values in " .. o.label_text)
  end
  for _, facet in ipairs(o.facets) do
    local _, text = nil, nil
    if facet.values and #facet.values > 0 then _, text = facet.column:index(facet.values) end
    lines[#lines + 1] = "facet: " .. explain_values(facet.name, facet.column, facet.values, text)
  end
  self.decisions, self.warnings = lines, warnings
end

local stage_names = { pre_training_bias = false, post_training_bias = true }

-- A stage that fails as a whole is an error, with Clarify's text, as its job fails.
local function run_stage(o, method, settings)
  o.metrics = settings.methods
  return measure.bias(o, stage_names[method])
end

-- Computes what a configuration asks for. `config` is a path or a decoded table; options: data (a frame
-- or a path, instead of the configured one), model (a wf.model that predicts), js_2020, shap ("tree", or
-- "kernel": see wf.clarify.explain).
function clarify.run(config, given)
  local o = options.check("clarify.run", given, { data = { "string|wf.frame" }, model = { "wf.model" },
    js_2020 = { "boolean" }, shap = { "string", choices = { "tree", "kernel" } } })
  local loaded = dataset.load(config, o)
  loaded.js_2020 = o.js_2020
  local self = setmetatable({ label = loaded.label and loaded.label.name, notes = loaded.notes }, Analysis)
  local methods = loaded.methods
  if methods.post_training_bias then
    self.post = run_stage(loaded, "post_training_bias", methods.post_training_bias)
    self.performance = measure.performance(loaded)
  end
  if methods.pre_training_bias then
    self.pre = run_stage(loaded, "pre_training_bias", methods.pre_training_bias)
  end
  if methods.shap then
    self.shap = explain.run(loaded, methods.shap, o.model, o.shap)
    self.notes[#self.notes + 1] = self.shap.note
  end
  if not self.pre and not self.post and not self.shap then
    errors.invalid("clarify: methods asks for none of pre_training_bias, post_training_bias and shap")
  end
  self.label_text, self.decisions, self.warnings = loaded.label_text, {}, {}
  if self.pre or self.post then add_decisions(self, loaded) end
  return self
end

-- The text of analysis.json.
function Analysis:json()
  return layout.analysis(self)
end

-- Every contribution, and the rows they are relative to, as the service leaves them.
local function write_explanations(result, directory)
  local csv, sys = require "wf.csv", require "wf.core.sys"
  sys.make_directories(directory)
  csv.write(result.explained:local_values { label_headers = result.label_headers },
    directory .. "/out.csv")
  if result.background then csv.write(result.background, directory .. "/baseline.csv") end
end

-- Writes analysis.json, report.txt for people, and explanations_shap/ into the directory.
function Analysis:write(directory)
  local sys = require "wf.core.sys"
  sys.make_directories(directory)
  sys.write_file(directory .. "/analysis.json", self:json())
  sys.write_file(directory .. "/report.txt", tostring(self) .. "\n")
  if self.shap and self.shap.save then
    write_explanations(self.shap, directory .. "/explanations_shap")
  end
end

local function value_text(metric)
  if metric.value == nil then return metric.error end
  local text = series.str(metric.value)
  if metric.n_ambiguous and metric.n_ambiguous > 0 then
    return ("%s  (%d rows are as far from several neighbours: %s to %s is possible)"):format(text,
      metric.n_ambiguous, series.str(metric.least), series.str(metric.most))
  end
  return text
end

-- The features of each label, the most important first.
local function explanation_text(result)
  local lines, shown = {}, 20
  for i, label in ipairs(layout.labels(result)) do
    local features = result.explained:global(result.aggregate, i)
    local names, values = features.feature:to_table(), features.importance:to_table()
    lines[#lines + 1] = ("  %s: expected value %s, %s of"):format(label,
      series.str(result.explained:base(i)), result.aggregate)
    for k = 1, math.min(shown, #names) do
      lines[#lines + 1] = ("    %-32s %.6g"):format(names[k], values[k])
    end
    if #names > shown then lines[#lines + 1] = ("    … %d more"):format(#names - shown) end
  end
  return table.concat(lines, "\n")
end

function Analysis:__tostring()
  local lines = table.move(self.decisions, 1, #self.decisions, 1, {})
  for _, warning in ipairs(self.warnings) do lines[#lines + 1] = "warning: " .. warning end
  for _, note in ipairs(self.notes) do lines[#lines + 1] = "note: " .. note end
  for _, part in ipairs { self.pre or {}, self.post or {} } do
    for _, facet in ipairs(part) do
      for _, entry in ipairs(facet.entries) do
        for _, metric in ipairs(entry.metrics) do
          lines[#lines + 1] = ("  %s = %s  %-5s  %s"):format(facet.facet, entry.value_or_threshold,
            metric.name, value_text(metric))
        end
      end
    end
  end
  if self.shap then lines[#lines + 1] = explanation_text(self.shap) end
  return table.concat(lines, "\n")
end

return clarify
