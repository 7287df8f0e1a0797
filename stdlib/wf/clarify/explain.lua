-- wf.clarify.explain: the part methods.shap of an analysis configuration.
--
-- The service estimates contributions to the prediction by Kernel SHAP. A model of wf is explained exactly
-- instead (way "tree", the default): TreeSHAP of its margin, relative to the baseline when there is one.
-- num_clusters, num_samples and seed mean nothing then; the report says so. Way "kernel" does what the
-- configuration says:
-- Kernel SHAP of the prediction (of its log-odds with use_logit) against the configured baseline, else
-- against centres of clusters of the dataset.
--
-- Columns are the dataset's: with raw columns the features that a recipe makes of one are added up.

local csv = require "wf.csv"
local errors = require "wf.errors"
local frame = require "wf.frame"
local json = require "wf.json"
local options = require "wf.options"
local shap = require "wf.shap"

local explain = {}

local known_keys = { "agg_method", "baseline", "features_to_explain", "num_clusters", "num_samples",
  "save_local_shap_values", "seed", "use_logit" }

local aggregates = { mean_abs = true, mean_sq = true, median = true }

local function given(value)
  if value == json.null then return nil end
  return value
end

local function fail_type(key, expected, value)
  errors.raise { code = "type", message = ("clarify: methods.shap.%s must be %s, not %s"):format(key,
    expected, options.type_of(value)) }
end

local function option(settings, key, kind, expected)
  local value = given(settings[key])
  if value ~= nil and not options.is(value, kind) then fail_type(key, expected, value) end
  return value
end

-- The settings, checked. What changes results and is not done here is refused by name.
local function read_settings(settings)
  local known = {}
  for _, key in ipairs(known_keys) do known[key] = true end
  for _, key in ipairs(options.sorted_keys(settings)) do
    if not known[key] and given(settings[key]) ~= nil then
      errors.raise { code = "unsupported", message = "clarify: methods.shap: "
        .. options.unknown("key", tostring(key), known_keys) }
    end
  end
  local o = { aggregate = option(settings, "agg_method", "string", "a text") or "mean_abs",
    samples = option(settings, "num_samples", "integer", "a number"),
    clusters = option(settings, "num_clusters", "integer", "a number"),
    seed = option(settings, "seed", "integer", "a number"),
    use_logit = option(settings, "use_logit", "boolean", "true or false") or false,
    baseline = option(settings, "baseline", "string|table", "a path or a list of rows"),
    features = option(settings, "features_to_explain", "table", "a list") }
  o.save = option(settings, "save_local_shap_values", "boolean", "true or false") ~= false
  if not aggregates[o.aggregate] then
    errors.invalid("clarify: methods.shap.agg_method: %s", options.unknown("method", o.aggregate,
      options.sorted_keys(aggregates)))
  end
  if o.baseline and o.clusters then
    errors.invalid("clarify: methods.shap has both a baseline and num_clusters")
  end
  return o
end

-- ---- baseline -----------------------------------------------------------------------------------

local function is_text(column)
  return column.type == "string" or column.type == "category"
end

-- Rows written into the configuration: lists in the order of the columns, or objects by name.
local function frame_of(rows, names, like)
  local columns = {}
  for i in ipairs(names) do columns[i] = { n = #rows } end
  for r, row in ipairs(rows) do
    if type(row) ~= "table" then fail_type("baseline", "a list of rows", row) end
    if row[1] ~= nil and #row ~= #names then
      errors.invalid("clarify: methods.shap.baseline: row %d has %d values for the %d columns %s", r, #row,
        #names, table.concat(names, ", "))
    end
    for i, name in ipairs(names) do
      local value
      if row[1] ~= nil then value = row[i] else value = row[name] end
      if value == nil or value == json.null then value = frame.missing end
      if is_text(like:column(name)) and value ~= frame.missing then value = tostring(value) end
      columns[i][r] = value
    end
  end
  return frame.new { names = names, columns = columns }
end

local function read_baseline(baseline, names, loaded)
  if type(baseline) == "table" then
    if #baseline == 0 then errors.invalid("clarify: methods.shap.baseline has no rows") end
    return frame_of(baseline, names, loaded.frame)
  end
  local path = loaded.path_of(baseline)
  local found = csv.read(path)
  for _, name in ipairs(names) do
    if not found:has(name) then return loaded.read_headless(path, names) end
  end
  return found:select(names)
end

-- ---- explaining ---------------------------------------------------------------------------------

local function by_tree(o, model, rows, loaded)
  local background = o.baseline and read_baseline(o.baseline, loaded.feature_names, loaded)
  local explained = shap.explain(model, rows, { background = background })
  local has_raw = true
  for _, name in ipairs(model:recipe():sources()) do has_raw = has_raw and rows:has(name) end
  local unused = {}
  for _, key in ipairs { "clusters", "samples", "seed" } do
    if o[key] ~= nil then unused[#unused + 1] = key == "samples" and "num_samples"
      or key == "clusters" and "num_clusters" or key end
  end
  local note = ("shap: %s, of the model's margin, instead of Kernel SHAP of its prediction"):format(
    explained.method)
  if #unused > 0 then note = note .. ": " .. table.concat(unused, ", ") .. " not used" end
  return has_raw and explained:by_source() or explained, note, background
end

local function by_kernel(o, model, rows, loaded)
  local kernel = require "wf.explain"
  local background = o.baseline and read_baseline(o.baseline, loaded.feature_names, loaded)
  local explained = kernel.kernel(model, rows, { background = background, clusters = o.clusters,
    samples = o.samples, seed = o.seed, link = o.use_logit and "logit" or "identity" })
  return explained, "shap: " .. explained.method
    .. (o.use_logit and ", of the log-odds of the prediction" or ", of the prediction"), background
end

-- The explanation of some of its features.
local function only(explained, wanted, names)
  if not wanted then return explained end
  local chosen, known = {}, {}
  for _, name in ipairs(explained:features()) do known[name] = true end
  for i, name in ipairs(wanted) do
    if math.type(name) == "integer" then name = names[name + 1] or tostring(name) end
    if not known[name] then
      errors.raise { code = "not_found", message = ("clarify: methods.shap.features_to_explain: %s")
        :format(options.unknown("feature", tostring(name), explained:features())) }
    end
    chosen[i] = name
  end
  local outputs, bases = {}, {}
  for i = 1, explained:output_count() do
    outputs[i], bases[i] = explained:values(i):select(chosen), explained:base(i)
  end
  return shap.new { values = outputs, base = bases, sources = chosen, data = explained.data,
    scale = explained.scale, method = explained.method, classes = explained.classes }
end

local ways = { tree = by_tree, kernel = by_kernel }

-- { explained, aggregate, label_headers, save, background, note }
function explain.run(loaded, settings, model, way)
  local o = read_settings(settings)
  if not model then
    errors.invalid("clarify: methods.shap explains a model: give it (--model)")
  end
  local explained, note, background = ways[way or "tree"](o, model, loaded.frame, loaded)
  return { explained = only(explained, o.features, loaded.frame:columns()), aggregate = o.aggregate,
    label_headers = loaded.label_headers, save = o.save, background = background, note = note }
end

return explain
