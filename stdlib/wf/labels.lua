-- wf.labels: label and weight columns as training and evaluation need them.
--
--   local labels = require "wf.labels"
--   local plan = labels.plan(frame, "fraud", "binary:logistic")   -- looks at the training data
--   local y = plan:numbers(frame)                                 -- 0/1, class numbers or values
--   plan.classes                                                  -- { "no", "yes" } or nil
--
-- Text labels are classes in byte order: the first is class 0. Labels that are missing, constant or
-- unfit for the objective are refused with the column's name.

local errors = require "wf.errors"
local options = require "wf.options"
local recipe = require "wf.recipe"

local labels = {}

local Plan = { __name = "wf.labels" }
Plan.__index = Plan

-- More distinct texts than this are no classes but free text.
local max_classes = 1000

local function is_text(column)
  return column.type == "string" or column.type == "category"
end

-- "binary", "multi", or "regression" for everything else.
function labels.kind_of(objective)
  objective = objective or "reg:squarederror"
  if objective:match("^binary:") then return "binary" end
  if objective:match("^multi:") then return "multi" end
  return "regression"
end

local function first_missing_row(column)
  local mask = column:is_missing():to_table()
  for row = 1, #mask do
    if mask[row] then return row end
  end
end

-- The column, which must have no missing values.
function labels.complete(frame, name, role)
  options.argument("label", 1, name, "string")
  local column = frame:column(name)
  local missing = column:missing_count()
  if missing > 0 then
    errors.invalid("%s column '%s' has %d missing value%s, the first in row %d", role, name, missing,
      missing == 1 and "" or "s", first_missing_row(column))
  end
  return column
end

local function distinct_values(column)
  local values = column:value_counts().value:to_table()
  table.sort(values, function(a, b)
    if type(a) == "boolean" then return not a and b end
    return a < b
  end)
  return values
end

local function text_classes(name, column)
  local classes = distinct_values(column)
  if #classes > max_classes then
    errors.invalid("label column '%s' is text with %d distinct values, which are no classes", name,
      #classes)
  end
  return classes
end

local function plan_text(name, column, kind, objective)
  if kind == "regression" then
    errors.raise { code = "type", message = ("label column '%s' is text, but %s needs numbers; for "
      .. "classes use objective 'binary:logistic' or 'multi:softprob'"):format(name,
      objective or "the default objective reg:squarederror") }
  end
  local classes = text_classes(name, column)
  if kind == "binary" and #classes > 2 then
    errors.invalid("label column '%s' has %d classes (%s…), but %s needs two; use 'multi:softprob'",
      name, #classes, table.concat(classes, ", ", 1, 3), objective)
  end
  return classes
end

local function check_binary(name, column, objective)
  local low, high = column:min(), column:max()
  local distinct = #column:value_counts()
  if low ~= 0 or high ~= 1 or distinct ~= 2 then
    errors.invalid("%s needs labels 0 and 1, but '%s' has %d distinct values from %s to %s",
      objective, name, distinct, low, high)
  end
end

local function count_classes(name, column, objective)
  local values = distinct_values(column)
  for index, value in ipairs(values) do
    if value ~= index - 1 then
      errors.invalid("%s needs labels 0, 1, 2, …, but '%s' has %s at place %d", objective, name,
        value, index)
    end
  end
  return #values
end

local function check_not_constant(name, column)
  local counts = column:value_counts()
  if #counts == 0 then errors.invalid("label column '%s' has no rows", name) end
  if #counts == 1 then
    errors.invalid("label column '%s' is constant (every value is %s): there is nothing to learn",
      name, tostring(counts.value[1]))
  end
end

function labels.plan(frame, name, objective)
  local column = labels.complete(frame, name, "label")
  local kind = labels.kind_of(objective)
  if #column == 0 then errors.invalid("the training data has no rows") end
  -- A regression label may have as many values as rows: looking at its range is enough.
  if kind ~= "regression" or is_text(column) then check_not_constant(name, column)
  elseif column:min() == column:max() then check_not_constant(name, column) end
  local self = setmetatable({ name = name, kind = kind }, Plan)
  if is_text(column) then
    self.classes = plan_text(name, column, kind, objective)
    self.n_classes = #self.classes
  elseif kind == "binary" then
    check_binary(name, column, objective)
    self.n_classes = 2
  elseif kind == "multi" then
    self.n_classes = count_classes(name, column, objective)
  end
  return self
end

-- A plan for a model that is trained already.
function labels.plan_for(model)
  local classes = model:classes()
  return setmetatable({ name = model:label(), kind = labels.kind_of(model:objective()),
    classes = classes, n_classes = classes and #classes or nil }, Plan)
end

-- Text to its position in the classes; an unknown class is an error that names row and value.
local function class_numbers(self, frame)
  local encoder = recipe.new():ordinal(self.name, self.classes, { unseen = "error" })
  local only = frame:select { self.name }
  return encoder:fit(only):apply(only):column(1)
end

function Plan:numbers(frame)
  local column = labels.complete(frame, self.name, "label")
  if self.classes then
    if not is_text(column) then
      errors.raise { code = "type", message = ("label column '%s' is %s, but the model's classes are "
        .. "text (%s)"):format(self.name, column.type, table.concat(self.classes, ", ")) }
    end
    return class_numbers(self, frame)
  end
  if is_text(column) then
    errors.raise { code = "type",
      message = ("label column '%s' is text, but the model's labels are numbers"):format(self.name) }
  end
  return column.type == "bool" and column:cast("f64") or column
end

-- A weight given as a column's name or as a column of the same length.
function labels.weights(frame, weight)
  if weight == nil then return nil end
  if type(weight) == "string" then return labels.complete(frame, weight, "weight") end
  options.argument("weight", 1, weight, "wf.column")
  if #weight ~= #frame then
    errors.invalid("weight has %d values for %d rows", #weight, #frame)
  end
  return weight
end

return labels
