-- wf.explain.predictor: a model and a function on frames as one thing.
--
--   local p = predictor.new("explain.kernel", model, data, { kind = "value" })
--   p.columns               -- what is explained: raw columns, features, or the data's columns
--   p.data                  -- the data with these columns alone
--   p:features_of { "age" } -- places of the model's features that are made of these columns

local errors = require "wf.errors"
local frame = require "wf.frame"
local labels = require "wf.labels"
local options = require "wf.options"

local predictor = {}

local Predictor = { __name = "wf.explain.predictor" }
Predictor.__index = Predictor

predictor.kinds = { "value", "margin" }

local function has_all(data, names)
  for _, name in ipairs(names) do
    if not data:has(name) then return false, name end
  end
  return true
end

-- Raw columns when all are there, else features, as prediction has it.
local function columns_of(where, model, data)
  local recipe, inputs = model:recipe(), {}
  for i, input in ipairs(recipe:inputs()) do inputs[i] = input.name end
  local raw, missing = has_all(data, inputs)
  if raw then return inputs, recipe:sources() end
  if has_all(data, recipe:features()) then return recipe:features(), recipe:features() end
  errors.raise { code = "not_found", message = ("%s: column '%s' is missing: neither all raw columns of "
    .. "the model nor all its features are there"):format(where, missing) }
end

local function output_names(where, given)
  if options.is(given, "wf.frame") then return given:columns() end
  if not options.is(given, "wf.column|table") then
    errors.raise { code = "type", message = ("%s: the function must give a column, a list or a frame, "
      .. "not %s"):format(where, options.type_of(given)) }
  end
  return { "prediction" }
end

-- A frame or column of what a function gave; frames of it can be put below each other.
local function as_frame(where, given)
  if options.is(given, "wf.frame") then return given end
  output_names(where, given)
  return frame.new { names = { "prediction" }, columns = { given } }
end

-- The function, given at most `most` rows at a time.
local function in_batches(where, fn, most)
  return function(data)
    if #data <= most then return fn(data) end
    local parts = {}
    for first = 1, #data, most do
      local rows = data:slice(first, math.min(first + most - 1, #data))
      local part = as_frame(where, fn(rows))
      if #part ~= #rows then
        errors.invalid("the predictions of the function are %d for %d rows", #part, #rows)
      end
      parts[#parts + 1] = part
    end
    local all = parts[1]:concat(table.unpack(parts, 2))
    return #all:columns() == 1 and all:column(all:columns()[1]) or all
  end
end

-- `o`: kind, batch (rows a call of a function).
function predictor.new(where, given, data, o)
  options.argument(where, 1, given, "wf.model|function")
  options.argument(where, 2, data, "wf.frame")
  if #data == 0 then errors.invalid("%s: the data has no rows", where) end
  local self = setmetatable({ where = where, given = given, kind = o.kind or "value" }, Predictor)
  if type(given) == "function" then
    if o.kind then errors.invalid("%s: option 'kind' is for models", where) end
    if o.batch then self.given = in_batches(where, given, o.batch) end
    self.columns, self.data = data:columns(), data
    self.outputs = output_names(where, given(data:head(1)))
  else
    if o.batch then errors.invalid("%s: option 'batch' is for functions", where) end
    self.columns, self.sources = columns_of(where, given, data)
    self.data = data:select(self.columns)
    self.outputs = output_names(where, given:predict(self.data:head(1), { kind = self.kind }))
  end
  return self
end

-- In what unit it predicts.
function Predictor:scale()
  if type(self.given) == "function" then return "prediction" end
  if self.kind == "margin" then return "margin" end
  return labels.kind_of(self.given:objective()) == "regression" and "prediction" or "probability"
end

-- The names, which must be columns that are explained, as a list.
function Predictor:check_columns(what, names)
  if type(names) == "string" then names = { names } end
  local known = {}
  for _, name in ipairs(self.columns) do known[name] = true end
  for _, name in ipairs(names) do
    if not known[name] then
      errors.raise { code = "not_found", message = ("%s: %s: %s"):format(self.where, what,
        options.unknown("column", tostring(name), self.columns)) }
    end
  end
  return names
end

-- Places of the model's features made of these columns; nil of a function.
function Predictor:features_of(names)
  if not self.sources then return nil end
  local wanted, places = {}, {}
  for _, name in ipairs(names) do wanted[name] = true end
  for i, source in ipairs(self.sources) do
    if wanted[source] then places[#places + 1] = i end
  end
  return places
end

-- The place of an output by name or number; of several one must be named.
function Predictor:output_of(output)
  if output == nil then
    if #self.outputs == 1 then return 1 end
    errors.invalid("%s: there are %d outputs (%s); name one with option 'output'", self.where,
      #self.outputs, table.concat(self.outputs, ", "))
  end
  for i, name in ipairs(self.outputs) do
    if output == name or output == i then return i end
  end
  errors.invalid("%s: %s", self.where, options.unknown("output", tostring(output), self.outputs))
end

-- Columns that are looked at together: { { name, columns }, … }, in the order of the columns, from
-- { name = { columns } }; a column that no group has is one of its own.
function Predictor:grouped(groups)
  local group_of, list, place = {}, {}, {}
  for _, name in ipairs(options.sorted_keys(groups or {})) do
    if type(name) ~= "string" then
      errors.invalid("%s: groups: the key %s is no name", self.where, tostring(name))
    end
    for _, column in ipairs(self:check_columns("groups: " .. name, groups[name])) do
      if group_of[column] then
        errors.invalid("%s: groups: column '%s' is in '%s' and in '%s'", self.where, column,
          group_of[column], name)
      end
      group_of[column] = name
    end
  end
  for _, column in ipairs(self.columns) do
    local name = group_of[column] or column
    if not place[name] then
      list[#list + 1] = { name = name, columns = {} }
      place[name] = list[#list]
    end
    table.insert(place[name].columns, column)
  end
  return list
end

-- A column of weights, one a row of `data`, from a column, a list, or (of the data as it was given) the
-- name of a column.
function predictor.weights(where, given, data)
  if given == nil or options.is(given, "wf.column") then return given end
  if type(given) == "string" then return data:column(given) end
  if #given ~= #data then
    errors.invalid("%s: %d weights for %d rows", where, #given, #data)
  end
  return frame.new({ { "weight", given } }):column("weight")
end

return predictor
