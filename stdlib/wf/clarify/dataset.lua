-- wf.clarify.dataset: what an analysis configuration names, as columns.
--
--   local loaded = dataset.load("analysis_config.json", { data = "dataset.csv" })
--   loaded.columns, loaded.facets, loaded.label, loaded.values, loaded.prediction, loaded.group
--
-- Understood: dataset_type text/csv and application/jsonlines, headers, label, label_values_or_threshold,
-- facet, group_variable, predicted_label, predicted_label_dataset_uri and _headers, facet_dataset_uri
-- and facet_headers, joinsource_name_or_index, excluded_columns, probability_threshold, methods. Paths
-- are local; anything else that changes results is refused by name.

local csv = require "wf.csv"
local errors = require "wf.errors"
local frame = require "wf.frame"
local json = require "wf.json"
local labels = require "wf.labels"
local options = require "wf.options"
local series = require "wf.clarify.series"
local sys = require "wf.core.sys"

local dataset = {}

-- What pandas takes for a missing value.
local missing_texts = { "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND",
  "1.#QNAN", "<NA>", "N/A", "NA", "NULL", "NaN", "n/a", "nan", "null" }

-- ---- files --------------------------------------------------------------------------------------

local function local_path(uri, base)
  local path = uri:gsub("^file://", "")
  if path:find("^%a[%w+.-]*://") then
    errors.raise { code = "unsupported", message = ("clarify: '%s' is not a local path; give the data "
      .. "with --data"):format(uri) }
  end
  if path:sub(1, 1) ~= "/" and base and not sys.exists(path) then return base .. "/" .. path end
  return path
end

local function first_record(path)
  return csv.read(path, { header = false, max_rows = 1, missing = { "" } })
end

local function same_names(record, headers)
  local names = record:columns()
  if #names ~= #headers then return false end
  for i, name in ipairs(names) do
    if tostring(record:column(name)[1]) ~= headers[i] then return false end
  end
  return true
end

local function renamed(table_frame, headers, path)
  local names, columns = table_frame:columns(), {}
  if #names ~= #headers then
    errors.invalid("clarify: %s has %d columns, but there are %d headers", path, #names, #headers)
  end
  for i, name in ipairs(names) do columns[i] = table_frame:column(name) end
  return frame.new { names = headers, columns = columns }
end

-- Headers name the columns of a file that has none; a file that begins with them has them.
local function read_csv(path, headers)
  local has_header = not headers or same_names(first_record(path), headers)
  local result = csv.read(path, { header = has_header, missing = missing_texts })
  return has_header and result or renamed(result, headers, path)
end

local function read_lines(path, headers)
  local names, rows = headers, {}
  for line in (sys.read_file(path) .. "\n"):gmatch("(.-)\r?\n") do
    if line:find("%S") then rows[#rows + 1] = json.decode(line) end
  end
  if #rows == 0 then errors.invalid("clarify: %s has no rows", path) end
  names = names or options.sorted_keys(rows[1])
  local columns = {}
  for i, name in ipairs(names) do
    columns[i] = {}
    for r, row in ipairs(rows) do
      local value = row[name]
      if value == nil or value == json.null then value = frame.missing end
      columns[i][r] = value
    end
  end
  return frame.new { names = names, columns = columns }
end

local readers = { ["text/csv"] = read_csv, ["application/jsonlines"] = read_lines }

local function read_table(config, uri, headers, base)
  local kind = config.dataset_type or "text/csv"
  local read = readers[kind]
  if not read then
    errors.raise { code = "unsupported", message = ("clarify: dataset_type '%s' is not read; known are "
      .. "text/csv and application/jsonlines"):format(kind) }
  end
  return read(local_path(uri, base), headers)
end

-- ---- names --------------------------------------------------------------------------------------

local function has_column(table_frame, name)
  for _, known in ipairs(table_frame:columns()) do
    if known == name then return true end
  end
  return false
end

-- A name, or a place counted from 0 (also as text, where no column has that name).
local function name_at(where, table_frame, given)
  if type(given) == "string" and given:find("^%d+$") and not has_column(table_frame, given) then
    given = math.tointeger(tonumber(given))
  end
  if math.type(given) == "integer" then
    local name = table_frame:columns()[given + 1]
    if not name then
      errors.invalid("clarify: %s: there is no column %d of %d", where, given, #table_frame:columns())
    end
    return name
  end
  return given
end

local function column_of(where, table_frame, given)
  local name = name_at(where, table_frame, given)
  if not has_column(table_frame, name) then
    errors.raise { code = "not_found", message = ("clarify: %s: %s"):format(where,
      options.unknown("column", tostring(name), table_frame:columns())) }
  end
  return series.new(name, table_frame:column(name))
end

local function list_of(value)
  if value == nil or value == json.null then return nil end
  return type(value) == "table" and value or { value }
end

-- ---- configurations -----------------------------------------------------------------------------

local known_keys = { "version", "dataset_type", "dataset_uri", "headers", "label", "predicted_label",
  "features", "label_values_or_threshold", "probability_threshold", "facet", "facet_dataset_uri",
  "facet_headers", "predicted_label_dataset_uri", "predicted_label_headers", "excluded_columns",
  "joinsource_name_or_index", "group_variable", "methods", "predictor" }

local function read_config(config)
  if type(config) ~= "string" then return config, nil end
  local decoded = json.decode(sys.read_file(config))
  if type(decoded) ~= "table" then errors.invalid("clarify: %s holds no object", config) end
  return decoded, config:match("^(.*)/[^/]*$") or "."
end

local function check_keys(config)
  local known = {}
  for _, key in ipairs(known_keys) do known[key] = true end
  table.sort(known_keys)
  for _, key in ipairs(options.sorted_keys(config)) do
    if not known[key] then
      errors.raise { code = "unsupported", message = "clarify: "
        .. options.unknown("key", tostring(key), known_keys) }
    end
  end
end

-- Rows of a second table beside those of the first: joined on a column, else in order.
local function beside(main, extra, config, what)
  local join = config.joinsource_name_or_index
  if join ~= nil then
    return main:join(extra, { on = name_at("joinsource_name_or_index", main, join), how = "inner" })
  end
  if #extra ~= #main then
    errors.invalid("clarify: the %s has %d rows, the dataset %d", what, #extra, #main)
  end
  for _, name in ipairs(extra:columns()) do main = main:with(name, extra:column(name)) end
  return main
end

local function load_frame(config, o, base)
  if options.is(o.data, "wf.frame") then return o.data end
  local uri = o.data or config.dataset_uri
  if not uri then errors.invalid("clarify: no dataset is given (--data, or dataset_uri)") end
  return read_table(config, uri, config.headers, o.data and nil or base)
end

local function load_all(config, o, base)
  local main = load_frame(config, o, base)
  local extra = {}
  for _, what in ipairs { "predicted_label", "facet" } do
    local uri = config[what .. "_dataset_uri"]
    if uri then
      local found = read_table(config, uri, config[what .. "_headers"], base)
      main = beside(main, found, config, what .. " dataset")
      for _, name in ipairs(found:columns()) do extra[name] = true end
    end
  end
  return main, extra
end

-- ---- predictions --------------------------------------------------------------------------------

-- A model's predicted labels as a column like the label's.
local function from_model(model, main, label, threshold)
  local plan, scores = labels.plan_for(model), model:predict(main)
  local column = scores
  if plan.kind == "binary" then
    column = scores:gt(threshold or 0.5):cast("i64")
    if plan.classes then
      local texts = {}
      for i = 1, #column do texts[i] = plan.classes[column[i] + 1] end
      column = frame.new({ names = { "p" }, columns = { texts } }).p
    elseif label.dtype == "float64" then
      column = column:cast("f64")
    end
  elseif options.is(scores, "wf.frame") then
    errors.raise { code = "unsupported",
      message = "clarify: a model of several classes; give predicted_label instead" }
  end
  return series.new("predicted_label", column)
end

local function read_prediction(config, o, main, label)
  local threshold = config.probability_threshold
  if o.model then return from_model(o.model, main, label, threshold) end
  if config.predicted_label == nil then return nil end
  local column = column_of("predicted_label", main, config.predicted_label)
  if threshold == nil or column.dtype ~= "float64" or label.dtype == "float64" then return column end
  local decided = column.column:gt(threshold)
  return series.new(column.name, label.dtype == "bool" and decided or decided:cast("i64"))
end

local function read_facets(config, main)
  local facets = {}
  for i, facet in ipairs(list_of(config.facet) or {}) do
    local name = name_at("facet", main, facet.name_or_index)
    facets[i] = { name = tostring(name), values = list_of(facet.value_or_threshold),
      column = has_column(main, name) and series.new(name, main:column(name)) or nil }
  end
  return facets
end

-- The columns that the flip test may look at.
local function visible_columns(config, main, extra)
  local hidden = {}
  for _, given in ipairs(list_of(config.excluded_columns) or {}) do
    hidden[name_at("excluded_columns", main, given)] = true
  end
  if config.joinsource_name_or_index ~= nil then
    hidden[name_at("joinsource_name_or_index", main, config.joinsource_name_or_index)] = true
  end
  local list = {}
  for _, name in ipairs(main:columns()) do
    if not hidden[name] and not extra[name] then
      list[#list + 1] = series.new(name, main:column(name))
    end
  end
  return list
end

local function method_notes(methods)
  local notes = {}
  for _, name in ipairs(options.sorted_keys(methods)) do
    if name == "pdp" or name == "asymmetric_shapley_value" then
      notes[#notes + 1] = ("%s is not part of this command"):format(name)
    end
  end
  return notes
end

-- What explanations need: the rows, the columns that are features, how to read a baseline.
local function add_explained(loaded, config, main, base)
  local hidden = { [loaded.label and loaded.label.name or false] = true }
  if config.predicted_label ~= nil then
    hidden[name_at("predicted_label", main, config.predicted_label)] = true
  end
  loaded.frame, loaded.feature_names = main, {}
  for _, column in ipairs(loaded.columns) do
    if not hidden[column.name] then table.insert(loaded.feature_names, column.name) end
  end
  loaded.label_headers = config.predictor and list_of(config.predictor.label_headers)
  loaded.path_of = function(uri) return local_path(uri, base) end
  loaded.read_headless = function(path, names)
    return renamed(csv.read(path, { header = false, missing = missing_texts }), names, path)
  end
end

local function check_bias_config(config, loaded)
  local methods = loaded.methods
  if not (methods.pre_training_bias or methods.post_training_bias) then return end
  if not loaded.label then errors.invalid("clarify: the configuration names no label") end
  if #loaded.facets == 0 then errors.invalid("clarify: the configuration names no facet") end
  if config.predictor and not loaded.prediction and methods.post_training_bias then
    errors.invalid("clarify: the configuration asks a predictor: give its predictions "
      .. "(predicted_label) or the model (--model)")
  end
end

function dataset.load(config, o)
  local base
  config, base = read_config(config)
  check_keys(config)
  local main, extra = load_all(config, o, base)
  if #main == 0 then errors.invalid("clarify: the dataset has no rows") end
  local label = config.label ~= nil and column_of("label", main, config.label) or nil
  local loaded = { label = label, values = list_of(config.label_values_or_threshold),
    facets = read_facets(config, main), columns = visible_columns(config, main, extra),
    methods = config.methods or { pre_training_bias = {}, post_training_bias = {} } }
  loaded.notes = method_notes(loaded.methods)
  add_explained(loaded, config, main, base)
  if label then loaded.prediction = read_prediction(config, o, main, label) end
  check_bias_config(config, loaded)
  if config.group_variable ~= nil then
    loaded.group = column_of("group_variable", main, config.group_variable)
  end
  if not config.methods and not loaded.prediction then loaded.methods.post_training_bias = nil end
  return loaded
end

return dataset
