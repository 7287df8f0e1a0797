-- wf.options: option tables are checked key by key, unknown names are refused with a suggestion.
--
--   local options = require "wf.options"
--   local o = options.check("xgboost.train", given, {
--     data   = { "wf.frame", required = true },
--     rounds = { "integer", default = 10, min = 1 },
--     evals  = { "table|nil" },
--   })
--
-- A type is a Lua type, "integer", "column", or the name of a wf type ("wf.frame"); alternatives
-- are separated by "|". The result is a new table with the defaults filled in.

local errors = require "wf.errors"
local sys = require "wf.core.sys"

local options = {}

-- The name a value goes by: its metatable's __name, "integer" apart from "number".
function options.type_of(value)
  local kind = type(value)
  if kind == "table" or kind == "userdata" then
    local metatable = getmetatable(value)
    local name = type(metatable) == "table" and metatable.__name
    return type(name) == "string" and name or kind
  end
  return math.type(value) == "integer" and "integer" or kind
end

local function fits(value, kind)
  local actual = options.type_of(value)
  if kind == "any" or actual == kind then return true end
  if kind == "number" then return type(value) == "number" end
  if kind == "integer" then
    return type(value) == "number" and math.tointeger(value) ~= nil
  end
  return type(value) == kind and (kind ~= "table" or actual == "table")
end

function options.is(value, kinds)
  if fits(value, kinds) then return true end -- one kind, as usual
  if not kinds:find("|", 1, true) then return false end
  for kind in kinds:gmatch("[^|]+") do
    if fits(value, kind) then return true end
  end
  return false
end

-- The nearest of the sorted names, or nil when none is near.
options.nearest = sys.nearest

local function comes_before(a, b)
  if type(a) == type(b) and type(a) ~= "boolean" then return a < b end
  return tostring(a) < tostring(b)
end

function options.sorted_keys(t)
  local keys = {}
  for key in pairs(t) do keys[#keys + 1] = key end
  if keys[2] ~= nil then table.sort(keys, comes_before) end
  return keys
end

-- "unknown option 'headr'; did you mean 'header'?"
function options.unknown(kind, name, names)
  local near = options.nearest(tostring(name), names)
  if near then return ("unknown %s '%s'; did you mean '%s'?"):format(kind, name, near) end
  if #names == 0 then return ("unknown %s '%s'; there are none"):format(kind, name) end
  if #names > 20 then return ("unknown %s '%s'"):format(kind, name) end
  return ("unknown %s '%s'; known are %s"):format(kind, name, table.concat(names, ", "))
end

-- "string|wf.frame" as it is read: "a string or a wf.frame".
local function kinds_text(kinds)
  return (kinds:gsub("[^|]+", function(kind)
    if kind == "nil" then return kind end
    return (kind:find "^[aeiou]" and "an " or "a ") .. kind
  end):gsub("|", " or "))
end

local function check_range(where, key, value, rule)
  if value ~= value then errors.invalid("%s: %s is not a number", where, key) end
  if rule.min and value < rule.min then
    errors.invalid("%s: %s must be at least %s, not %s", where, key, rule.min, value)
  end
  if rule.max and value > rule.max then
    errors.invalid("%s: %s must be at most %s, not %s", where, key, rule.max, value)
  end
end

local function check_value(where, key, value, rule)
  if value == nil then
    if rule.required then errors.invalid("%s: option '%s' is required", where, key) end
    return rule.default
  end
  if not options.is(value, rule[1]) then
    errors.raise { code = "type", message = ("%s: option '%s' must be %s, not %s")
      :format(where, key, kinds_text(rule[1]), options.type_of(value)) }
  end
  if rule[1] == "integer" then value = math.tointeger(value) end
  if rule.min or rule.max then check_range(where, key, value, rule) end
  if rule.choices then options.choice(where .. ": " .. key, value, rule.choices) end
  return value
end

-- `value` must be one of the names.
function options.choice(what, value, names)
  for _, name in ipairs(names) do
    if name == value then return value end
  end
  local near = options.nearest(tostring(value), names)
  errors.invalid("%s: '%s' is not one of %s%s", what, value, table.concat(names, ", "),
    near and ("; did you mean '" .. near .. "'?") or "")
end

function options.check(where, given, rules)
  if given == nil then given = {} end
  if options.type_of(given) ~= "table" then
    errors.raise { code = "type",
      message = ("%s: options must be a table, not %s"):format(where, options.type_of(given)) }
  end
  for _, key in ipairs(options.sorted_keys(given)) do
    if not rules[key] and given.rows and given.skipped then
      errors.invalid("%s: these are no options but the report that a reader gives beside its frame; put the "
        .. "call in parentheses to leave it out: (csv.read(path))", where)
    end
    if not rules[key] then
      errors.invalid("%s: %s", where, options.unknown("option", key, options.sorted_keys(rules)))
    end
  end
  local checked = {}
  for _, key in ipairs(options.sorted_keys(rules)) do
    checked[key] = check_value(where, key, given[key], rules[key])
  end
  return checked
end

-- A single positional argument.
function options.argument(where, position, value, kinds)
  if options.is(value, kinds) then return value end
  errors.raise { code = "type", message = ("%s: argument %d must be %s, not %s")
    :format(where, position, kinds_text(kinds), options.type_of(value)) }
end

return options
