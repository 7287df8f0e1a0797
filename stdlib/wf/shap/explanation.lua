-- wf.shap.explanation: contributions of features to the predictions of a set of rows.
--
--   explained:values()  explained:base()          -- a frame with a column per feature; a number
--   explained:global("median")                    -- frame (feature, importance), largest first
--   explained:by_source()                         -- one-hot columns added up to their raw column
--   explained:reasons(row, 3)                     -- { {column, value, contribution, text}, … }
--   explained:analysis()  explained:write("dir")  -- Clarify's layout
--
-- An explanation is plain data made of frames: it can be stored, and steps return it. Whatever explains
-- (TreeSHAP, Kernel SHAP of any predictor) gives one, through explanation.new. Outputs count from 1; a
-- model of several classes has one each.

local core = require "wf.core.shap"
local errors = require "wf.errors"
local frame = require "wf.frame"
local layout = require "wf.shap.layout"
local options = require "wf.options"
local reasons = require "wf.shap.reasons"

local explanation = {}

local Explanation = { __name = "wf.explanation", __module = "wf.shap", __class = "Explanation" }
explanation.classes = { Explanation = Explanation }
local methods = {}
Explanation.__index = methods

-- ---- making -------------------------------------------------------------------------------------

local function list_of(value, kind)
  return options.is(value, kind) and { value } or value
end

local function check_outputs(outputs, bases)
  local names = table.concat(outputs[1]:columns(), "\0")
  for i, values in ipairs(outputs) do
    if #values ~= #outputs[1] or table.concat(values:columns(), "\0") ~= names then
      errors.invalid("shap.new: the values of output %d have other rows or columns", i)
    end
  end
  if #outputs[1] > 0 and #bases ~= #outputs then
    errors.invalid("shap.new: %d base values for %d outputs", #bases, #outputs)
  end
end

local function check_lengths(o, outputs)
  local n = #outputs[1]:columns()
  if o.sources and #o.sources ~= n then
    errors.invalid("shap.new: %d sources for %d features", #o.sources, n)
  end
  if o.classes and #outputs > 1 and #o.classes ~= #outputs then
    errors.invalid("shap.new: %d classes for %d outputs", #o.classes, #outputs)
  end
  if o.data and #o.data ~= #outputs[1] then
    errors.invalid("shap.new: the data has %d rows, the values %d", #o.data, #outputs[1])
  end
end

-- { values = frame or a list of one per output, base = number or list, sources = the raw column of each
-- feature, data = what was explained (for reasons), scale = "margin", method = "…", classes }
function explanation.new(given)
  local o = options.check("shap.new", given, { values = { "wf.frame|table", required = true },
    base = { "number|table", required = true }, sources = { "table" }, data = { "wf.frame" },
    scale = { "string", default = "margin" }, method = { "string", required = true },
    classes = { "table" } })
  local outputs, bases = list_of(o.values, "wf.frame"), list_of(o.base, "number")
  if #outputs == 0 then errors.invalid("shap.new: there are no values") end
  check_outputs(outputs, bases)
  check_lengths(o, outputs)
  return setmetatable({ outputs = outputs, bases = bases,
    origins = o.sources or outputs[1]:columns(), data = o.data, scale = o.scale, method = o.method,
    classes = o.classes }, Explanation)
end

-- ---- looking ------------------------------------------------------------------------------------

-- The number of an output (default 1) of whatever has `outputs`.
local function output_of(self, output)
  output = output or 1
  if not self.outputs[output] then
    errors.invalid("there is no output %s; the model has %d", tostring(output), #self.outputs)
  end
  return output
end
explanation.output_of = output_of

-- A column per feature.
function methods:values(output)
  return self.outputs[output_of(self, output)]
end

-- What is predicted before any feature is known; nil without rows.
function methods:base(output)
  return self.bases[output_of(self, output)]
end

function methods:output_count()
  return #self.outputs
end

function methods:features()
  return self.outputs[1]:columns()
end

-- The raw column that each feature is made from.
function methods:sources()
  return table.move(self.origins, 1, #self.origins, 1, {})
end

function methods:rows()
  return #self.outputs[1]
end

function Explanation:__len()
  return #self.outputs[1]
end

-- Importance over all rows: "mean_abs" (default), "median" (of absolute values) or "mean_sq".
function methods:global(aggregate, output)
  local known = { mean_abs = true, median = true, mean_sq = true }
  if aggregate ~= nil and not known[aggregate] then
    errors.invalid("explanation:global: %s", options.unknown("aggregate", tostring(aggregate),
      { "mean_abs", "mean_sq", "median" }))
  end
  return core.importance(self:values(output), aggregate or "mean_abs")
end

-- ---- by raw column ------------------------------------------------------------------------------

local function summed(values, origins)
  local names, columns, place = {}, {}, {}
  for i, feature in ipairs(values:columns()) do
    local origin, column = origins[i], values:column(feature)
    local at = place[origin]
    if at then
      columns[at] = columns[at] + column
    else
      names[#names + 1], columns[#columns + 1], place[origin] = origin, column, #names + 1
    end
  end
  return frame.new { names = names, columns = columns }
end

-- The same explanation with one contribution for each raw column: its features' are added up.
function methods:by_source()
  local grouped = {}
  for i, values in ipairs(self.outputs) do grouped[i] = summed(values, self.origins) end
  return setmetatable({ outputs = grouped, bases = self.bases, origins = grouped[1]:columns(),
    data = self.data, scale = self.scale, method = self.method, classes = self.classes }, Explanation)
end

-- ---- reasons ------------------------------------------------------------------------------------

local reason_rules = { output = { "integer", min = 1 },
  by = { "string", default = "column", choices = { "column", "feature" } } }

local function check_reasons(self, where, n, given)
  local o = options.check(where, given, reason_rules)
  if n ~= nil then options.argument(where, 1, n, "integer") end
  if o.output then output_of(self, o.output) end
  return n or 3, o
end

-- Why one row got its prediction: the `n` largest contributions, by raw column or by feature, as
-- { column, feature, value, contribution, text }. Of several classes the one that is predicted, or
-- `output`.
function methods:reasons(row, n, given)
  options.argument("explanation:reasons", 1, row, "integer")
  if row < 1 or row > #self then
    errors.invalid("explanation:reasons: there is no row %d; there are %d", row, #self)
  end
  local count, o = check_reasons(self, "explanation:reasons", n, given)
  return reasons.of(reasons.reader(self), row, count, o.output, o.by)
end

-- The reasons of every row as one frame: row, rank, column, value, contribution, text.
function methods:reason_table(n, given)
  local count, o = check_reasons(self, "explanation:reason_table", n, given)
  local reader, columns, at = reasons.reader(self, true), { {}, {}, {}, {}, {}, {} }, 0
  for row = 1, #self do
    for rank, reason in ipairs(reasons.of(reader, row, count, o.output, o.by)) do
      at = at + 1
      columns[1][at], columns[2][at], columns[3][at] = row, rank, reason.feature or reason.column
      columns[4][at] = reason.value == nil and frame.missing
        or reasons.value_text(reason.value, reader.kinds[reason.column])
      columns[5][at], columns[6][at] = reason.contribution, reason.text
    end
  end
  return frame.new { names = { "row", "rank", "column", "value", "contribution", "text" },
    columns = columns }
end

-- ---- files --------------------------------------------------------------------------------------

local function global_outputs(self, aggregate)
  local list = {}
  for i in ipairs(self.outputs) do
    list[i] = { base = self.bases[i], features = self:global(aggregate, i) }
  end
  return list
end

-- What Clarify's analysis.json holds of explanations, as a table. Labels are label0, label1, … or
-- `label_headers`.
function methods:analysis(given)
  local o = options.check("explanation:analysis", given, layout.analysis_rules)
  return layout.analysis(global_outputs(self, o.aggregate), o.label_headers)
end

-- The same as text.
function methods:json(given)
  return layout.encode(self:analysis(given))
end

-- Every value as Clarify's explanations_shap/out.csv has them: columns <feature>_label0, ….
function methods:local_values(given)
  local o = options.check("explanation:local_values", given, { label_headers = { "table" } })
  return layout.local_values(self, o.label_headers)
end

-- Writes analysis.json and explanations_shap/out.csv (or out.arrow) into the directory.
function methods:write(directory, given)
  options.argument("explanation:write", 1, directory, "string")
  local o = options.check("explanation:write", given, layout.write_rules)
  return layout.write(self, directory, o)
end

-- ---- printing -----------------------------------------------------------------------------------

local function top(self, n)
  local ranking, list = self:by_source():global():head(n), {}
  local names, values = ranking.feature:to_table(), ranking.importance:to_table()
  for i, name in ipairs(names) do list[i] = ("%s %.3g"):format(name, values[i]) end
  return table.concat(list, ", ")
end

function Explanation:__tostring()
  local head = ("explanation of %d row%s by %s: %d feature%s of %d output%s"):format(#self,
    #self == 1 and "" or "s", self.method, #self.origins, #self.origins == 1 and "" or "s",
    #self.outputs, #self.outputs == 1 and "" or "s")
  if #self == 0 then return head end
  return ("%s\nbase %.6g (%s); largest on average: %s"):format(head, self.bases[1], self.scale, top(self, 5))
end

function Explanation:__summary()
  return { type = "wf.explanation", rows = #self, features = #self.origins, method = self.method,
    base = self.bases[1], top = #self > 0 and top(self, 5) or nil }
end

return explanation
