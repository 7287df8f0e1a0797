-- wf.explain.dependence: partial dependence and individual curves.
--
-- What is predicted when one column, or two, are set to the same value in every row: on average with a
-- band around it (partial), and for each row (curves).

local core = require "wf.core.explain"
local errors = require "wf.errors"
local frame = require "wf.frame"
local options = require "wf.options"
local predictor = require "wf.explain.predictor"

local dependence = {}

local rules = {
  grid = { "table" }, points = { "integer", default = 15, min = 2 },
  spacing = { "string", default = "quantile", choices = { "quantile", "even" } },
  range = { "table" }, band = { "number", default = 0.8, min = 0, max = 1 },
  weights = { "wf.column|table|string" }, output = { "string|integer" },
  kind = { "string", choices = predictor.kinds }, threads = { "integer", min = 0 },
  batch = { "integer", min = 1 }, rows = { "integer", min = 1 }, seed = { "integer", default = 0 },
}

-- ---- grids --------------------------------------------------------------------------------------

-- An even grid leaves out the outer twentieths, as scikit-learn's does.
local function range_of(where, o)
  if not o.range then return o.spacing == "even" and 0.05 or 0, o.spacing == "even" and 0.95 or 1 end
  local low, high = o.range[1], o.range[2]
  if not (type(low) == "number" and type(high) == "number" and 0 <= low and low < high and high <= 1) then
    errors.invalid("%s: option 'range' must be two quantiles, such as { 0.05, 0.95 }", where)
  end
  return low, high
end

-- The values of one column that were given: a list, or a column.
local function given_grid(where, name, grid)
  if options.is(grid, "wf.column") then return grid end
  if type(grid) ~= "table" or #grid == 0 then
    errors.invalid("%s: grid: '%s' needs a list of values", where, name)
  end
  return frame.new({ { name, grid } }):column(name)
end

-- `grid` is { values } of the only column, or { column = { values }, … }.
local function grid_for(where, name, names, o, column)
  local grid = o.grid
  if grid and #names == 1 and (grid[1] ~= nil or options.is(grid, "wf.column")) then
    return given_grid(where, name, grid)
  end
  if grid and grid[name] ~= nil then return given_grid(where, name, grid[name]) end
  local low, high = range_of(where, o)
  return core.grid(column, { n = o.points, how = o.spacing, low = low, high = high })
end

local function check_grid(where, names, grid)
  if not grid or grid[1] ~= nil then
    if grid and #names > 1 then
      errors.invalid("%s: the grid of two columns is { %s = {…}, %s = {…} }", where, names[1], names[2])
    end
    return
  end
  for _, key in ipairs(options.sorted_keys(grid)) do
    if key ~= names[1] and key ~= names[2] then
      errors.invalid("%s: grid: %s", where, options.unknown("column", tostring(key), names))
    end
  end
end

-- Every combination of the columns' values, the first column's changing slowest.
local function points_of(where, p, names, o)
  check_grid(where, names, o.grid)
  local points
  for _, name in ipairs(names) do
    local ok, values = pcall(grid_for, where, name, names, o, p.data:column(name))
    if not ok then
      if type(values) == "table" and values.message and not values.message:find(where, 1, true) then
        errors.raise { code = values.code, message = ("%s: column '%s': %s"):format(where, name,
          values.message) }
      end
      error(values, 0)
    end
    local one = frame.new { names = { name }, columns = { values } }
    points = points and points:join(one, { how = "cross" }) or one
  end
  return points
end

-- Whole rows for a model to encode: those of the points, completed by the first row of the data.
local function complete(p, points, names)
  if not p.sources or #p.columns == #names then return points end
  return p.data:head(1):drop(names):join(points, { how = "cross" })
end

-- ---- running ------------------------------------------------------------------------------------

local function check_names(p, names)
  names = p:check_columns("columns", names)
  if #names < 1 or #names > 2 or names[1] == names[2] then
    errors.invalid("%s: one column, or two different ones, not %d", p.where, #names)
  end
  return names
end

local function run(where, given, data, names, how, with_curves)
  options.argument(where, 3, names, "string|table")
  local o = options.check(where, how, rules)
  options.argument(where, 2, data, "wf.frame")
  if o.rows and o.rows < #data then data = data:sample(o.rows, { seed = o.seed }) end
  local p = predictor.new(where, given, data, o)
  names = check_names(p, names)
  local points = points_of(where, p, names, o)
  local found, curves = core.dependence(p.given, p.data, complete(p, points, names), {
    columns = p:features_of(names), curves = with_curves, kind = p.kind,
    output = p:output_of(o.output), outputs = #p.outputs, threads = o.threads,
    low = (1 - o.band) / 2, high = (1 + o.band) / 2, weights = predictor.weights(where, o.weights, data) })
  return points, names, found, curves, #data
end

-- frame(value, mean, low, high, n), of two columns frame(value, value_2, mean, …). `low` to `high` holds
-- the middle `band` of the rows' predictions; n is the number of rows.
function dependence.partial(given, data, names, how)
  local points, columns, found, _, n = run("explain.partial_dependence", given, data, names, how, false)
  local result = frame.new { names = { "value" }, columns = { points:column(columns[1]) } }
  if columns[2] then result = result:with("value_2", points:column(columns[2])) end
  for _, name in ipairs { "mean", "low", "high" } do result = result:with(name, found:column(name)) end
  return result:with("n", n)
end

-- frame(row, value, prediction), of two columns frame(row, value, value_2, prediction): the curve of
-- row 1, then that of row 2, …
function dependence.curves(given, data, names, how)
  local points, columns, _, curves, n = run("explain.ice", given, data, names, how, true)
  local rows, order = {}, { "row", "value", "prediction" }
  for i = 1, n do rows[i] = i end
  local result = frame.new { names = { "value" }, columns = { points:column(columns[1]) } }
  if columns[2] then
    result = result:with("value_2", points:column(columns[2]))
    table.insert(order, 3, "value_2")
  end
  result = result:join(frame.new { { "row", rows } }, { how = "cross" }):with("prediction", curves)
  return result:select(order):sort("row")
end

return dependence
