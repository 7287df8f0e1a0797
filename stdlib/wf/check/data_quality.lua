-- wf.check.data_quality: does a table look like the one a model was trained on?
--
--   local first = wf.check.data_quality { data = train }
--   local week = wf.check.data_quality { data = this_week, baseline = first, fail_on_violation = false }
--   print(week.drift, week:violation_table())
--   week:files("quality")      -- statistics.json, constraints.json, constraint_violations.json
--
-- A baseline is what Model Monitor keeps: { statistics =, constraints = } in the layout of its two files,
-- so that its own baselines can be given (decoded). Checked are: columns that are missing or new, the
-- share of values of the expected type, completeness, categories that were never seen, and the distance
-- of every column's distribution.

local core = require "wf.core.monitor"
local errors = require "wf.errors"
local frame = require "wf.frame"
local json = require "wf.json"
local options = require "wf.options"
local report = require "wf.check.report"

local check = {}

-- More categories than this are no domain; counts of the rarest are left out of a baseline.
local most_categories = 100
local n_buckets = 10

-- ---- statistics ---------------------------------------------------------------------------------

local inferred_types = { i64 = "Integral", i32 = "Integral", f64 = "Fractional", f32 = "Fractional" }

local function inferred_type(column)
  if #column > 0 and column:missing_count() == #column then return "Unknown" end
  return inferred_types[column.type] or "String"
end

local function buckets_of(sketch, low, high)
  local list, before = {}, 0
  if low == high then
    return { { lower_bound = low, upper_bound = high, count = sketch:count() } }
  end
  for i = 1, n_buckets do
    local upper = i == n_buckets and high or low + (high - low) * i / n_buckets
    local at_most = sketch:at_most(upper)
    list[i] = { lower_bound = low + (high - low) * (i - 1) / n_buckets, upper_bound = upper,
      count = at_most - before }
    before = at_most
  end
  return list
end

-- Levels as JSON has them: empty ones are arrays too.
local function levels_of(sketch)
  local levels = sketch:levels()
  for i, level in ipairs(levels) do levels[i] = json.array(level) end
  return levels
end

local function numerical(column, o)
  local sketch = core.sketch(column, { k = o.sketch_size })
  local present = #column - column:missing_count()
  local found = core.moments(column)
  local low, high = found.min or 0.0, found.max or 0.0
  return { common = { num_present = present, num_missing = column:missing_count() },
    mean = found.mean, sum = column:sum() + 0.0, std_dev = found.std, min = low, max = high,
    distribution = { kll = { buckets = buckets_of(sketch, low, high), sketch = {
      parameters = { c = 2 / 3, k = o.sketch_size }, data = levels_of(sketch) } } } }
end

-- Values with their counts, the most frequent first; missing ones are left out.
local function categories(column)
  local counts, list = column:value_counts(), {}
  for i = 1, #counts do
    local value = counts.value[i]
    if value ~= nil then list[#list + 1] = { value = value, count = counts.count[i] } end
  end
  return list
end

local function as_text(column)
  if column.type == "string" or column.type == "category" then return column end
  return column:cast("string")
end

local function textual(column)
  local found = categories(as_text(column))
  return { common = { num_present = #column - column:missing_count(), num_missing = column:missing_count() },
    distinct_count = #found, distribution = { categorical = {
      buckets = json.array(table.move(found, 1, math.min(#found, most_categories), 1, {})) } } }
end

local function statistics_of(name, column, o)
  local entry = { name = name, inferred_type = inferred_type(column) }
  if entry.inferred_type == "Unknown" then
    entry.string_statistics = { common = { num_present = 0, num_missing = #column }, distinct_count = 0,
      distribution = { categorical = { buckets = json.array {} } } }
  elseif entry.inferred_type == "String" then
    entry.string_statistics = textual(column)
  else
    entry.numerical_statistics = numerical(column, o)
  end
  return entry
end

local function common_of(entry)
  return (entry.numerical_statistics or entry.string_statistics).common
end

local function completeness_of(entry)
  local common = common_of(entry)
  local n = common.num_present + common.num_missing
  return n == 0 and 1.0 or common.num_present / n
end

-- ---- constraints --------------------------------------------------------------------------------

local function constraint_of(entry)
  local constraint = { name = entry.name, inferred_type = entry.inferred_type,
    completeness = completeness_of(entry) }
  if entry.numerical_statistics then
    constraint.num_constraints = { is_non_negative = entry.numerical_statistics.min >= 0 }
  elseif entry.string_statistics.distinct_count <= most_categories
    and entry.string_statistics.distinct_count > 0 then
    local domain = {}
    for i, bucket in ipairs(entry.string_statistics.distribution.categorical.buckets) do
      domain[i] = bucket.value
    end
    constraint.string_constraints = { domains = domain }
  end
  return constraint
end

local method_names = { linf_robust = "Robust", linf_simple = "Simple" }

local function constraints_of(features, o)
  local list = {}
  for i, entry in ipairs(features) do list[i] = constraint_of(entry) end
  return { version = 0.0, features = list, monitoring_config = {
    evaluate_constraints = "Enabled", emit_metrics = "Enabled",
    datatype_check_threshold = o.type_threshold, domain_content_threshold = o.domain_threshold,
    distribution_constraints = { perform_comparison = "Enabled", comparison_threshold = o.drift_threshold,
      comparison_method = method_names[o.drift] or o.drift,
      categorical_comparison_threshold = o.categorical_threshold,
      categorical_drift_method = o.categorical_drift == "p_value" and "ChiSquared" or "LInfinity" } } }
end

-- ---- distances ----------------------------------------------------------------------------------

local function restored(numbers)
  local kll = numbers.distribution.kll
  local k = kll.sketch.parameters.k
  return core.restore(kll.sketch.data, { k = math.tointeger(k) or math.tointeger(math.floor(k)) })
end

-- Counts of both sides over the baseline's categories, and of everything else together.
local function aligned(before, column)
  local buckets, counts, a, b = before.distribution.categorical.buckets, {}, {}, {}
  local rest_a, rest_b = before.common.num_present, 0
  for _, entry in ipairs(categories(as_text(column))) do
    counts[entry.value] = entry.count
    rest_b = rest_b + entry.count
  end
  for i, bucket in ipairs(buckets) do
    a[i], b[i] = bucket.count, counts[bucket.value] or 0
    rest_a, rest_b = rest_a - a[i], rest_b - b[i]
  end
  a[#buckets + 1], b[#buckets + 1] = rest_a, rest_b
  return a, b
end

local function distance(before, now, column)
  if before.numerical_statistics and now.numerical_statistics then
    return core.numbers(restored(before.numerical_statistics), restored(now.numerical_statistics))
  elseif before.string_statistics and now.string_statistics then
    return core.counts(aligned(before.string_statistics, column))
  end
end

local function by_name(features)
  local found = {}
  for _, entry in ipairs(features) do found[entry.name] = entry end
  return found
end

local drift_fields = { "linf", "linf_robust", "psi", "js", "wasserstein", "chi_squared", "p_value" }

-- One row per column that both tables have: how far apart its distributions are.
local function drift_frame(self, previous, data)
  local before, columns, names = by_name(previous.statistics.features), {}, { "column", "n", "baseline_n" }
  for i = 1, 3 + #drift_fields do columns[i] = {} end
  self.distances = {}
  for _, now in ipairs(self.statistics.features) do
    local d = before[now.name] and distance(before[now.name], now, data:column(now.name))
    if d and d.linf then
      self.distances[now.name] = d
      local row = #columns[1] + 1
      columns[1][row], columns[2][row], columns[3][row] = now.name, d.m, d.n
      for i, field in ipairs(drift_fields) do columns[3 + i][row] = d[field] or frame.missing end
    end
  end
  table.move(drift_fields, 1, #drift_fields, 4, names)
  return frame.new { names = names, columns = columns }
end

-- ---- violations ---------------------------------------------------------------------------------

local function is_number_text(text)
  return tonumber(text) ~= nil and not text:find("[xXpP]")
end

-- The share of the present values that fit the expected type.
local function share_of_type(column, expected)
  local present = #column - column:missing_count()
  local actual = inferred_type(column)
  if present == 0 or actual == expected or expected == "String" or expected == "Unknown" then return 1.0 end
  if expected == "Fractional" and actual == "Integral" then return 1.0 end
  local fitting = 0
  for _, entry in ipairs(categories(actual == "String" and as_text(column) or column)) do
    local value = entry.value
    local number = type(value) == "number" and value
      or type(value) == "string" and is_number_text(value) and tonumber(value)
    if number and (expected == "Fractional" or number == math.floor(number)) then
      fitting = fitting + entry.count
    end
  end
  return fitting / present
end

local function percent(share)
  return ("%.17g%%"):format(100 * share)
end

local function add(self, list, violation)
  violation.n = violation.n or self.rows
  list[#list + 1] = violation
end

local function check_columns(self, list, constraints, columns)
  local known, present = by_name(constraints.features), {}
  for _, name in ipairs(columns) do present[name] = true end
  local texts = { missing = "There are missing columns in current dataset", extra =
    "There are extra columns in current dataset" }
  local function report_column(name, what)
    add(self, list, { check = what .. "_column_check", column = name, metric = what .. "_column",
      observed = #columns, baseline = #constraints.features, threshold = #constraints.features,
      description = ("%s: '%s'. Number of columns in current dataset: %d, Number of columns in baseline "
        .. "constraints: %d"):format(texts[what], name, #columns, #constraints.features) })
  end
  for _, entry in ipairs(constraints.features) do
    if not present[entry.name] then report_column(entry.name, "missing") end
  end
  for _, name in ipairs(columns) do
    if not known[name] then report_column(name, "extra") end
  end
end

local function check_type(self, list, constraint, column, o)
  local share = share_of_type(column, constraint.inferred_type)
  if 1 - share <= o.type_threshold then return end
  add(self, list, { check = "data_type_check", column = constraint.name, metric = "type_share",
    observed = share, baseline = 1.0, threshold = 1 - o.type_threshold,
    description = ("Data type match requirement is not met for '%s'. Expected data type: %s, Expected "
      .. "match: %s. Observed: Only %s of data is %s."):format(constraint.name, constraint.inferred_type,
        percent(1 - o.type_threshold), percent(share), constraint.inferred_type) })
end

local function check_completeness(self, list, constraint, entry)
  local share = completeness_of(entry)
  if share >= (constraint.completeness or 0) then return end
  add(self, list, { check = "completeness_check", column = entry.name, metric = "completeness",
    observed = share, baseline = constraint.completeness, threshold = constraint.completeness,
    description = ("Completeness of '%s': value: %.17g does not meet the constraint requirement: %.17g")
      :format(entry.name, share, constraint.completeness) })
end

local function check_domain(self, list, constraint, column, o)
  local domain = constraint.string_constraints and constraint.string_constraints.domains
  if not domain or inferred_type(column) ~= "String" then return end
  local known, unknown, worst = {}, 0, nil
  for _, value in ipairs(domain) do known[value] = true end
  for _, entry in ipairs(categories(as_text(column))) do
    if not known[entry.value] then
      unknown, worst = unknown + entry.count, worst or entry.value
    end
  end
  local present = #column - column:missing_count()
  local share = present > 0 and unknown / present or 0
  if share <= o.domain_threshold then return end
  add(self, list, { check = "categorical_values_check", column = constraint.name,
    metric = "unknown_share", observed = share, baseline = 0.0, threshold = o.domain_threshold,
    description = ("Value domain requirement is not met for '%s': %s of values are not in the baseline's "
      .. "%d, the most frequent is '%s'"):format(constraint.name, percent(share), #domain, worst) })
end

-- A small p-value is far, a large distance is far.
local function check_distance(self, list, entry, o)
  local d = self.distances[entry.name]
  if not d then return end
  local numeric = entry.numerical_statistics ~= nil
  local method = numeric and o.drift or o.categorical_drift
  local field = method == "linf_simple" and "linf" or method
  local threshold = numeric and o.drift_threshold or o.categorical_threshold
  local value = d[field]
  if not value then return end
  local far = method == "p_value" and value < threshold or method ~= "p_value" and value > threshold
  if not far then return end
  add(self, list, { check = "baseline_drift_check", column = entry.name, metric = method,
    observed = value, baseline = 0.0, threshold = threshold, n = d.m,
    description = ("Baseline drift distance of '%s' (%s): %.17g exceeds threshold: %g"):format(
      entry.name, method, value, threshold) })
end

local function violations(self, previous, o)
  local list, entries = {}, by_name(self.statistics.features)
  check_columns(self, list, previous.constraints, self.columns)
  for _, constraint in ipairs(previous.constraints.features) do
    local entry = entries[constraint.name]
    if entry then
      local column = o.data:column(constraint.name)
      check_type(self, list, constraint, column, o)
      check_completeness(self, list, constraint, entry)
      check_domain(self, list, constraint, column, o)
    end
  end
  self.drift = drift_frame(self, previous, o.data)
  for _, entry in ipairs(self.statistics.features) do check_distance(self, list, entry, o) end
  return list
end

-- ---- the check ----------------------------------------------------------------------------------

local function overview(self)
  local columns = { {}, {}, {}, {}, {}, {}, {} }
  for row, entry in ipairs(self.statistics.features) do
    local numbers = entry.numerical_statistics or {}
    for i, value in ipairs { entry.name, entry.inferred_type, completeness_of(entry),
      numbers.mean or frame.missing, numbers.std_dev or frame.missing, numbers.min or frame.missing,
      numbers.max or frame.missing } do
      columns[i][row] = value
    end
  end
  return frame.new { names = { "column", "type", "completeness", "mean", "std_dev", "min", "max" },
    columns = columns }
end

report.kinds.data_quality = {
  baseline = function(self) return { statistics = self.statistics, constraints = self.constraints } end,
  read_baseline = function(given)
    if given.statistics and given.constraints then return given end
    errors.invalid("check.data_quality: a baseline has statistics and constraints")
  end,
  violations = violations,
  table = overview,
  analysis = function(self) return { statistics = self.statistics, constraints = self.constraints } end,
  body = function(self)
    return ("%d rows, %d columns\n%s"):format(self.rows, #self.columns, tostring(self.drift or overview(self)))
  end,
  summary = function(self) return { columns = #self.columns } end,
  facts = function(self) return { { "data quality", self:verdict() } } end,
  files = function(self)
    return { ["statistics.json"] = json.encode(self.statistics, { indent = 2 }),
      ["constraints.json"] = json.encode(self.constraints, { indent = 2 }) }
  end,
  violation = function(v)
    return { feature_name = v.column, constraint_check_type = v.check, description = v.description }
  end,
}

local default_thresholds = { linf_robust = 0.1, linf_simple = 0.1, psi = 0.2, js = 0.1, p_value = 0.05 }

local function default_threshold(where, method)
  if default_thresholds[method] then return default_thresholds[method] end
  errors.invalid("%s: drift = \"%s\" is in the unit of the column: give drift_threshold", where, method)
end

local numeric_methods = { "linf_robust", "linf_simple", "psi", "js", "wasserstein", "p_value" }
local categorical_methods = { "linf_robust", "linf_simple", "psi", "js", "p_value" }

function check.data_quality(given)
  local where = "check.data_quality"
  local o = options.check(where, given, report.rules {
    data = { "wf.frame", required = true }, columns = { "table" },
    type_threshold = { "number", default = 0.1, min = 0, max = 1 },
    domain_threshold = { "number", default = 0.1, min = 0, max = 1 },
    drift = { "string", default = "linf_robust", choices = numeric_methods },
    drift_threshold = { "number", min = 0 },
    categorical_drift = { "string", default = "linf_robust", choices = categorical_methods },
    categorical_threshold = { "number", min = 0 },
    sketch_size = { "integer", default = 512, min = 8, max = 65535 } })
  o.drift_threshold = o.drift_threshold or default_threshold(where, o.drift)
  o.categorical_threshold = o.categorical_threshold or default_threshold(where, o.categorical_drift)
  if o.columns then o.data = o.data:select(o.columns) end
  if #o.data == 0 then errors.invalid("%s: the data has no rows", where) end
  local features, names = {}, o.data:columns()
  for i, name in ipairs(names) do features[i] = statistics_of(name, o.data:column(name), o) end
  return report.finish("data_quality", { rows = #o.data, columns = names,
    statistics = { version = 0.0, dataset = { item_count = #o.data }, features = features },
    constraints = constraints_of(features, o) }, o)
end

return check
