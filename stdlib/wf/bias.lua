-- wf.bias: how differently groups are treated, by data and by predictions; what can be done about it.
--
--   local report = wf.bias.report {
--     data = frame, label = "fraud", favourable = 0, model = model,     -- or prediction = "predicted"
--     facet = { customer_gender = "Female", customer_age = { above = 60 } },
--     group = "policy_state", intervals = true,
--   }
--   print(report:value("customer_gender", "DPPL"))
--   print(report)                                   -- the rules that were used, a table, sentences
--   print(wf.bias.by_group { data = frame, label = "fraud", favourable = 0, model = model,
--     by = { "customer_gender", "policy_state" }, min_group = 30 })
--   local weight = wf.bias.reweigh { data = train, label = "fraud", favourable = 0, by = "sex" }
--   local rules = wf.bias.thresholds { data = train, label = "fraud", favourable = 0, by = "sex",
--     model = model, constraint = "equalized_odds" }
--   print(wf.bias.compare { { "plain", before }, { "thresholds", after } })
--
-- Names, signs and error texts of the metrics are those of SageMaker Clarify. Which rows are meant is
-- said by values or ranges (wf.bias.sets), never guessed from a column's type.

local core = require "wf.core.bias"
local errors = require "wf.errors"
local facets = require "wf.bias.facets"
local frame = require "wf.frame"
local options = require "wf.options"
local outcome = require "wf.bias.outcome"

local bias = {}

local pre_training = { CDDL = true, CI = true, DPL = true, JS = true, KL = true, KS = true,
  LP = true, TVD = true }

-- How far a metric's value is from fair: from 1 for DI, a ratio, and from 0 for all others.
function bias.unfairness(name, value)
  return math.abs(value - (name == "DI" and 1 or 0))
end

-- ---- the flip test ------------------------------------------------------------------------------

local flip_name, flip_description = "FT", "Flip Test (FT)"

local function is_number(column)
  return column.type ~= "string" and column.type ~= "category" and column.type ~= "timestamp"
end

-- The columns neighbours are told by: those given, or every numeric one but facet, label, prediction.
local function flip_features(o, seen, facet)
  local given = options.type_of(o.flip) == "table" and o.flip.features
  if given then return given end
  local left_out, names = { [seen.label] = true }, {}
  if seen.prediction_column then left_out[seen.prediction_column] = true end
  for _, name in ipairs(facet.columns) do left_out[name] = true end
  for _, name in ipairs(o.data:columns()) do
    if not left_out[name] and is_number(o.data:column(name)) then names[#names + 1] = name end
  end
  return names
end

local function flip_entry(o, seen, facet)
  local names = flip_features(o, seen, facet)
  local entry = { name = flip_name, description = flip_description, features = names }
  if #names == 0 then
    entry.error = "there is no numeric column to find neighbours by"
    return entry
  end
  local settings = options.type_of(o.flip) == "table" and o.flip or {}
  options.check("bias.report: flip", settings, { features = { "table" }, k = { "integer", min = 1 } })
  local ok, result = pcall(core.flip, { features = o.data:select(names), facet = facet.mask,
    predictions = seen.decisions, k = settings.k })
  if ok then
    for key, value in pairs(result) do entry[key] = value end
  else
    entry.error = result.message or tostring(result)
  end
  return entry
end

-- Metrics stay in alphabetical order within their stage.
local function insert_flip(metrics, entry)
  local at = #metrics + 1
  for i, metric in ipairs(metrics) do
    if not pre_training[metric.name] and metric.name > entry.name then
      at = i
      break
    end
  end
  table.insert(metrics, at, entry)
end

-- ---- the report ---------------------------------------------------------------------------------

local Report = { __name = "wf.bias", __module = "wf.bias", __class = "Report" }
bias.classes = { Report = Report }
Report.__index = Report

local function sentence_of(metric, people)
  if metric.value == nil then return nil end
  if metric.name == flip_name then
    return ("%s: of 100 rows of %s, %.1f more are judged better than their nearest neighbours of the "
      .. "rest than are judged worse"):format(flip_name, people, 100 * metric.value)
  end
  return core.describe(metric.name, metric.value, people, "the rest")
end

local function finish_facet(facet, computed, o, seen)
  local entry = { name = facet.name, rule = facet.rule, people = facet.people,
    value_or_threshold = facet.text, metrics = computed.metrics, cells = computed.cells,
    basics = computed.basics }
  if o.flip and seen.decisions then
    insert_flip(entry.metrics, flip_entry(o, seen, facet))
  end
  for _, metric in ipairs(entry.metrics) do metric.sentence = sentence_of(metric, facet.people) end
  return entry
end

local function resampling(given, weighted)
  if given == nil or given == false then return nil, nil end
  local o = options.check("bias.report: intervals", given ~= true and given or {}, {
    resamples = { "integer", default = 1000, min = 1 }, level = { "number", default = 0.95, min = 0.5,
    max = 0.9999 }, seed = { "integer", default = 0, min = 0 }, threads = { "integer", min = 0 },
    closed_forms = { "boolean", default = false } })
  local rule = ("%g %% of %d resampled tables of %s (percentiles, seed %d)"):format(100 * o.level,
    o.resamples, weighted and "weights" or "counts", o.seed)
  if o.closed_forms and not weighted then
    rule = rule .. "; CI by Clopper-Pearson, differences of two shares by Newcombe, DI by Katz"
  end
  return o, rule
end

local report_rules = outcome.rules { facet = { "table", required = true }, group = { "string" },
  metrics = { "table" }, intervals = { "boolean|table" }, min_group = { "integer", default = 1, min = 1 },
  flip = { "boolean|table" } }

function bias.report(given)
  local o = options.check("bias.report", given, report_rules)
  local seen = outcome.read("bias.report", o)
  local list, notes = facets.read("bias.report", o.data, o.facet, { min_group = o.min_group })
  local groups = o.group and core.groups { o.data:column(o.group) } or {}
  local masks = {}
  for i, facet in ipairs(list) do masks[i] = facet.mask end
  local intervals, intervals_rule = resampling(o.intervals, seen.weights ~= nil)
  local computed, performance = core.report { labels = seen.labels, predictions = seen.decisions,
    facets = masks, groups = groups.codes, n_groups = groups.n, weights = seen.weights,
    metrics = o.metrics, intervals = intervals }
  local report = { label = seen.label, favourable = seen.text, rows = seen.rows,
    predicted = seen.decisions ~= nil, rule = seen.rule, decision_rule = seen.decision_rule,
    intervals_rule = intervals_rule, weighted = seen.weights ~= nil, performance = performance,
    facets = {}, notes = table.move(notes, 1, #notes, #seen.notes + 1, seen.notes) }
  for i, facet in ipairs(list) do report.facets[i] = finish_facet(facet, computed[i], o, seen) end
  return setmetatable(report, Report)
end

-- The entry { value, error, low, high, sentence } of a facet's metric. `set` is the text of the
-- facet's values, needed when a column has several facets.
function Report:metric(facet, name, set)
  local known = {}
  for _, entry in ipairs(self.facets) do
    known[#known + 1] = entry.name
    if entry.name == facet and (set == nil or entry.value_or_threshold == set) then
      for _, metric in ipairs(entry.metrics) do
        if metric.name == name then return metric end
      end
      errors.invalid("bias: there is no metric '%s' in this report", tostring(name))
    end
  end
  errors.invalid("bias: %s%s", options.unknown("facet", tostring(facet), known),
    set and " with the values " .. set or "")
end

-- The metric's value, or nil and why there is none.
function Report:value(facet, name, set)
  local metric = self:metric(facet, name, set)
  return metric.value, metric.error
end

-- One row per facet and metric.
function Report:table()
  local names = { "facet", "value", "metric", "observed", "low", "high", "error" }
  local columns = { {}, {}, {}, {}, {}, {}, {} }
  for _, facet in ipairs(self.facets) do
    for _, metric in ipairs(facet.metrics) do
      local row = #columns[1] + 1
      for i, value in ipairs { facet.name, facet.value_or_threshold, metric.name,
        metric.value or frame.missing, metric.low or metric.least or frame.missing,
        metric.high or metric.most or frame.missing, metric.error or frame.missing } do
        columns[i][row] = value
      end
    end
  end
  local result = frame.new { names = names, columns = columns }
  if result.low:missing_count() < #result then return result end
  return result:drop { "low", "high" }
end

-- What the values mean, one sentence a metric.
function Report:sentences()
  local list = {}
  for _, facet in ipairs(self.facets) do
    for _, metric in ipairs(facet.metrics) do
      if metric.sentence then
        list[#list + 1] = ("%s (%s): %s"):format(metric.name, facet.rule, metric.sentence)
      end
    end
  end
  return list
end

-- How the model does on all rows: a frame (metric, value).
function Report:performance_table()
  if not self.performance then errors.invalid("bias: the report has no predictions") end
  local names, values = {}, {}
  for i, metric in ipairs(self.performance.metrics) do names[i], values[i] = metric.name, metric.value end
  return frame.new { names = { "metric", "value" }, columns = { names, values } }
end

function Report:rules()
  local lines = { ("favourable: %s"):format(self.rule) }
  if self.decision_rule then lines[#lines + 1] = "predicted favourably: " .. self.decision_rule end
  for _, facet in ipairs(self.facets) do
    local d, a = facet.cells.d, facet.cells.a
    lines[#lines + 1] = ("facet: %s (%.6g against %.6g %s)"):format(facet.rule, d.tp + d.fp + d.fn + d.tn,
      a.tp + a.fp + a.fn + a.tn, self.weighted and "of weight" or "rows")
  end
  if self.intervals_rule then lines[#lines + 1] = "intervals: " .. self.intervals_rule end
  for _, note in ipairs(self.notes) do lines[#lines + 1] = "note: " .. note end
  return lines
end

function Report:__tostring()
  return ("bias on %d rows\n%s\n%s"):format(self.rows, table.concat(self:rules(), "\n"),
    tostring(self:table()))
end

function Report:__summary()
  return { rows = self.rows, rules = self:rules(), values = self:values() }
end

-- Every value that there is: { {facet, facet_value, metric, value, low, high}, … }; infinite ones as
-- the texts "Infinity" and "-Infinity", so that the list can be written as JSON.
function Report:values()
  local list = {}
  for _, facet in ipairs(self.facets) do
    for _, metric in ipairs(facet.metrics) do
      local value = metric.value
      if value == math.huge then value = "Infinity" elseif value == -math.huge then value = "-Infinity" end
      if value then
        list[#list + 1] = { facet = facet.name, facet_value = facet.value_or_threshold,
          metric = metric.name, value = value }
      end
    end
  end
  return list
end

local function json_number(x)
  if x == math.huge then return "Infinity" elseif x == -math.huge then return "-Infinity" end
  return x
end

local function stage(self, pre)
  local null, by_name = require("wf.json").null, {}
  for _, facet in ipairs(self.facets) do
    local metrics = {}
    for _, metric in ipairs(facet.metrics) do
      if (pre_training[metric.name] == true) == pre then
        local missing = metric.value == nil
        metrics[#metrics + 1] = { name = metric.name, description = metric.description,
          value = missing and null or json_number(metric.value), error = missing and metric.error or nil }
      end
    end
    by_name[facet.name] = by_name[facet.name] or {}
    table.insert(by_name[facet.name], { value_or_threshold = facet.value_or_threshold,
      metrics = metrics })
  end
  return { label = self.label, facets = by_name, label_value_or_threshold = self.favourable }
end

-- A table in the layout of Clarify's analysis.json, for json.encode.
function Report:analysis()
  return {
    version = "1.0", pre_training_bias_metrics = stage(self, true),
    post_training_bias_metrics = self.predicted and stage(self, false) or nil,
  }
end

-- ---- side by side -------------------------------------------------------------------------------

local Comparison = { __name = "wf.bias.comparison", __module = "wf.bias", __class = "Comparison" }
bias.classes.Comparison = Comparison
Comparison.__index = Comparison

local function find_entry(report, facet, metric)
  for _, entry in ipairs(report.facets) do
    if entry.name == facet.name and entry.value_or_threshold == facet.value_or_threshold then
      for _, found in ipairs(entry.metrics) do
        if found.name == metric then return found end
      end
    end
  end
end

local function named_reports(first, second)
  if options.is(first, "wf.bias") then
    options.argument("bias.compare", 2, second, "wf.bias")
    return { { "plain", first }, { "mitigated", second } }
  end
  options.argument("bias.compare", 1, first, "table")
  for i, entry in ipairs(first) do
    if type(entry[1]) ~= "string" or not options.is(entry[2], "wf.bias") then
      errors.invalid("bias.compare: item %d is not { name, report }", i)
    end
  end
  if #first < 2 then errors.invalid("bias.compare: give at least two reports") end
  return first
end

-- compare(plain, mitigated), or compare { { "plain", report }, { "reweighed", report }, … }: one row
-- per facet and metric, one column per report, and which of them is nearest to fair.
function bias.compare(first, second)
  local reports = named_reports(first, second)
  local self = { reports = reports, rows = {} }
  for _, facet in ipairs(reports[1][2].facets) do
    for _, metric in ipairs(facet.metrics) do
      local row = { facet = facet.name, value = facet.value_or_threshold, metric = metric.name }
      local best, distance, farthest
      for i, entry in ipairs(reports) do
        local found = find_entry(entry[2], facet, metric.name)
        row[i] = found and found.value
        local away = row[i] and bias.unfairness(metric.name, row[i])
        if away and (not distance or away < distance) then best, distance = entry[1], away end
        if away then farthest = math.max(farthest or away, away) end
      end
      row.fairest = farthest ~= distance and best or nil -- as fair as each other: none
      self.rows[#self.rows + 1] = row
    end
  end
  return setmetatable(self, Comparison)
end

function Comparison:table()
  local names, columns = { "facet", "value", "metric" }, { {}, {}, {}, }
  for i, entry in ipairs(self.reports) do names[3 + i], columns[3 + i] = entry[1], {} end
  names[#names + 1], columns[#columns + 1] = "fairest", {}
  for r, row in ipairs(self.rows) do
    columns[1][r], columns[2][r], columns[3][r] = row.facet, row.value, row.metric
    for i = 1, #self.reports do columns[3 + i][r] = row[i] or frame.missing end
    columns[#columns][r] = row.fairest or frame.missing
  end
  return frame.new { names = names, columns = columns }
end

-- What it costs: Clarify's performance metrics of each report.
function Comparison:performance()
  local names, columns = { "metric" }, { {} }
  for i, entry in ipairs(self.reports) do
    names[i + 1], columns[i + 1] = entry[1], {}
    for k, metric in ipairs(entry[2].performance and entry[2].performance.metrics or {}) do
      columns[1][k], columns[i + 1][k] = metric.name, metric.value
    end
  end
  return frame.new { names = names, columns = columns }
end

function Comparison:__tostring()
  local text = tostring(self:table())
  for _, entry in ipairs(self.reports) do
    if not entry[2].performance then return text end
  end
  return text .. "\n" .. tostring(self:performance())
end

-- ---- groups and mitigation ----------------------------------------------------------------------

for _, name in ipairs { "wf.bias.groups", "wf.bias.odds", "wf.bias.reduction", "wf.bias.repair",
  "wf.bias.thresholds" } do
  local module = require(name)
  for key, value in pairs(module.functions) do bias[key] = value end
  for key, value in pairs(module.classes) do bias.classes[key] = value end
end

return bias
