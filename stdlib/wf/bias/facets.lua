-- wf.bias.facets: whose treatment is compared, as bool columns.
--
--   facets.read("bias.report", data, { sex = "Female", age = { above = 60 } })      -- by column name
--   facets.read("bias.report", data, { "race", { column = "age", min = 18, max = 30 },
--     { "sex", "race" } }, { min_group = 30 })                                       -- in this order
--
-- Entries of a list are: a column's name, for each of its values against the rest; { column =, and
-- values, above, below, min or max }; a list of columns, for each combination of their values that
-- occurs, in at least min_group rows; { columns = {…}, values = {…} }, for one combination.
-- The result is a list of { name, text, rule, people, mask }, and notes about what was left out.

local core = require "wf.core.bias"
local errors = require "wf.errors"
local options = require "wf.options"
local sets = require "wf.bias.sets"

local facets = {}

-- More values than this are no groups of people but a measurement.
local most_values = 1000

local function add(list, data, name, set)
  local where, column = "bias: facet " .. name, data:column(name)
  list[#list + 1] = { name = name, text = sets.text(set, column), rule = sets.rule(name, set),
    people = sets.people(name, set), mask = sets.mask(where, column, set), columns = { name } }
end

-- Each value of the column, in order of first appearance.
local function add_each(list, data, name)
  local column = data:column(name)
  if column:missing_count() == #column then
    errors.invalid("bias: facet '%s' has no values", name)
  end
  local values = data:unique(name)
  if #values > most_values then
    errors.invalid("bias: facet '%s' has %d values; give values or a range", name, #values)
  end
  for i = 1, #values do
    if values[i] ~= nil then add(list, data, name, { values = { values[i] } }) end
  end
end

-- The columns of an option that is a name or a list of names.
function facets.names(where, key, given)
  local names = type(given) == "string" and { given } or given
  if #names == 0 then errors.invalid("%s: option '%s' names no column", where, key) end
  return names
end

-- Rows by the combination of values that they have in these columns: { codes, n, names }.
function facets.groups(data, names)
  local columns = {}
  for i, name in ipairs(names) do columns[i] = data:column(name) end
  return core.groups(columns)
end

local function groups_of(data, columns)
  if #columns < 2 then errors.invalid("bias: a facet of several columns names at least two") end
  return facets.groups(data, columns)
end

local function add_combination(list, columns, groups, number)
  local rules = {}
  for i, name in ipairs(columns) do rules[i] = name .. " is " .. groups.names[number][i] end
  list[#list + 1] = { name = table.concat(columns, " × "), columns = columns,
    text = table.concat(groups.names[number], ","), rule = table.concat(rules, " and "),
    people = table.concat(groups.names[number], " "),
    mask = core.member(groups.codes, { values = { number - 1 } }) }
end

local function add_combinations(list, notes, data, columns, min_group)
  local groups = groups_of(data, columns)
  if groups.n > most_values then
    errors.invalid("bias: %s have %d combinations of values", table.concat(columns, " × "), groups.n)
  end
  local counts = {}
  for _, entry in ipairs(facets.rows_of(groups.codes:value_counts())) do
    if entry.value then counts[entry.value + 1] = entry.count end
  end
  for number = 1, groups.n do
    if counts[number] >= min_group then
      add_combination(list, columns, groups, number)
    else
      notes[#notes + 1] = ("%s: %s has %d rows, fewer than %d, and is no facet"):format(
        table.concat(columns, " × "), table.concat(groups.names[number], ", "), counts[number],
        min_group)
    end
  end
end

local function add_one_combination(list, data, columns, values)
  local groups = groups_of(data, columns)
  local wanted = {}
  for i, value in ipairs(values) do wanted[i] = tostring(value) end
  for number, names in ipairs(groups.names) do
    if table.concat(names, "\0") == table.concat(wanted, "\0") then
      return add_combination(list, columns, groups, number)
    end
  end
  errors.invalid("bias: no row has %s = %s", table.concat(columns, " × "), table.concat(wanted, ", "))
end

local function add_entry(list, notes, data, place, entry, min_group)
  if type(entry) == "string" then return add_each(list, data, entry) end
  if options.type_of(entry) == "table" and entry[1] ~= nil then
    return add_combinations(list, notes, data, entry, min_group)
  end
  local o = options.check("bias: facet " .. place, entry, { column = { "string" },
    columns = { "table" }, values = { "any" }, above = { "number" }, below = { "number" },
    min = { "number" }, max = { "number" } })
  if o.columns then return add_one_combination(list, data, o.columns, o.values or {}) end
  if not o.column then errors.invalid("bias: facet %s: option 'column' is required", place) end
  if o.values ~= nil then
    return add(list, data, o.column, sets.read("bias: facet " .. o.column, o.values))
  end
  if not (o.above or o.below or o.min or o.max) then return add_each(list, data, o.column) end
  add(list, data, o.column, sets.read("bias: facet " .. o.column,
    { above = o.above, below = o.below, min = o.min, max = o.max }))
end

local function missing_notes(list, notes, data)
  local told = {}
  for _, facet in ipairs(list) do
    for _, name in ipairs(facet.columns) do
      local missing = data:column(name):missing_count()
      if missing > 0 and not told[name] then
        notes[#notes + 1] = ("%d rows have no %s and count among the rest"):format(missing, name)
      end
      told[name] = true
    end
  end
end

-- The rows of a frame as a list of tables.
function facets.rows_of(frame)
  local list = {}
  for i = 1, #frame do list[i] = frame:row(i) end
  return list
end

function facets.read(where, data, given, o)
  local list, notes, min_group = {}, {}, o and o.min_group or 1
  for place, entry in ipairs(given) do
    add_entry(list, notes, data, place, entry, min_group)
  end
  for _, name in ipairs(#given == 0 and options.sorted_keys(given) or {}) do
    add(list, data, name, sets.read("bias: facet " .. tostring(name), given[name]))
  end
  if #list == 0 and #notes == 0 then errors.invalid("%s: no facet is given", where) end
  missing_notes(list, notes, data)
  return list, notes
end

-- One facet, for rules that are applied to other rows: its rows, its column and its set of values.
function facets.one(where, data, given)
  local list = facets.read(where, data, given)
  local name = options.sorted_keys(given)[1]
  if #list ~= 1 or type(name) ~= "string" then
    errors.invalid("%s: give one facet, { column = values }", where)
  end
  return list[1].mask, name, sets.read(where, given[name])
end

return facets
