-- wf.param: typed parameters of a run.
--
--   local run <close> = wf.run { name = "train", params = {
--     claims  = wf.param.file    { default = "claims.csv", help = "raw claims table" },
--     min_auc = wf.param.number  { default = 0.7, min = 0, max = 1 },
--     mode    = wf.param.choice  { "fast", "exact" },            -- the first is the default
--     seeds   = wf.param.list    { of = "integer", default = { 1, 2, 3 } },
--   } }
--
-- Constructors: string, number, integer, boolean, choice, file, list. Options: default, help,
-- required; min and max for numbers; exists for files; of and separator for lists. A parameter
-- without a default is required unless `required = false` (it is then nil when not given).
-- `wf script.lua -p min_auc=0.8 -p seeds=1,2` overrides; `wf script.lua --help` lists them.

local errors = require "wf.errors"
local options = require "wf.options"
local sys = require "wf.core.sys"

local param = {}

local metatable = { __name = "wf.param" }

-- Table constructors evaluate in order, so a serial number keeps the order of declaration.
local serial = 0

local common = { default = { "any" }, help = { "string" }, required = { "boolean" } }

local function bad(name, format, ...)
  errors.raise { code = "usage", message = ("parameter '%s': %s"):format(name, format:format(...)) }
end

local function in_range(p, name, value)
  if p.min and value < p.min then bad(name, "%s is below the minimum %s", value, p.min) end
  if p.max and value > p.max then bad(name, "%s is above the maximum %s", value, p.max) end
  return value
end

local function parse_number(p, name, text)
  local value = text:match("^[+-]?[%d.]+[eE]?[+-]?%d*$") and tonumber(text)
  if not value then bad(name, "'%s' is not a number", text) end
  if value ~= value or value == math.huge or value == -math.huge then
    bad(name, "%s is not a finite number", text)
  end
  return in_range(p, name, value)
end

local function parse_integer(p, name, text)
  local value = text:match("^[+-]?%d+$") and math.tointeger(tonumber(text))
  if not value then bad(name, "'%s' is not an integer", text) end
  return in_range(p, name, value)
end

local truths = { ["true"] = true, yes = true, on = true, ["1"] = true,
  ["false"] = false, no = false, off = false, ["0"] = false }

local function parse_boolean(_, name, text)
  local value = truths[text:lower()]
  if value == nil then bad(name, "'%s' is not true or false", text) end
  return value
end

local function parse_choice(p, name, text)
  for _, choice in ipairs(p.choices) do
    if choice == text then return text end
  end
  local near = options.nearest(text, p.choices)
  bad(name, "'%s' is not one of %s%s", text, table.concat(p.choices, ", "),
    near and ("; did you mean '" .. near .. "'?") or "")
end

-- An empty path means "none": the script decides what that stands for.
local function parse_file(p, name, text)
  if p.exists and text ~= "" and not sys.exists(text) then
    bad(name, "there is no file '%s'", text)
  end
  return text
end

local function parse_list(p, name, text)
  local values = {}
  if text == "" then return values end
  local from = 1
  repeat
    local at, last = text:find(p.separator, from, true)
    values[#values + 1] = p.of.parse(p.of, name, text:sub(from, at and at - 1))
    from = last and last + 1
  until not at
  return values
end

local function declare(kind, spec, rules, parse)
  local where = "param." .. kind
  local merged = {}
  for key, rule in pairs(common) do merged[key] = rule end
  for key, rule in pairs(rules) do merged[key] = rule end
  local p = options.check(where, spec, merged)
  serial = serial + 1
  p.kind, p.parse, p.serial = kind, parse, serial
  if p.required == nil then p.required = p.default == nil end
  return setmetatable(p, metatable)
end

-- A default obeys the rules of the parameter itself.
local function check_default(p, lua_type)
  local value = p.default
  if value == nil then return p end
  if not options.is(value, lua_type) then
    errors.raise { code = "type", message = ("param.%s: the default must be %s, not %s")
      :format(p.kind, lua_type, options.type_of(value)) }
  end
  if p.min and value < p.min or p.max and value > p.max then
    errors.invalid("param.%s: the default %s is outside %s to %s", p.kind, value,
      p.min or "-inf", p.max or "inf")
  end
  return p
end

function param.string(spec)
  return check_default(declare("string", spec, {}, function(_, _, text) return text end), "string")
end

function param.number(spec)
  local rules = { min = { "number" }, max = { "number" } }
  return check_default(declare("number", spec, rules, parse_number), "number")
end

function param.integer(spec)
  local rules = { min = { "integer" }, max = { "integer" } }
  return check_default(declare("integer", spec, rules, parse_integer), "integer")
end

function param.boolean(spec)
  return check_default(declare("boolean", spec, {}, parse_boolean), "boolean")
end

function param.file(spec)
  local rules = { exists = { "boolean", default = true } }
  return check_default(declare("file", spec, rules, parse_file), "string")
end

-- param.choice { "a", "b", default = "b" }
function param.choice(spec)
  local choices, named = {}, {}
  for key, value in pairs(spec or {}) do
    if math.type(key) == "integer" then choices[key] = value else named[key] = value end
  end
  if #choices == 0 then errors.invalid("param.choice: there is nothing to choose from") end
  for index, choice in ipairs(choices) do
    if type(choice) ~= "string" then
      errors.invalid("param.choice: choice %d is not a string", index)
    end
  end
  if named.default == nil and not named.required then named.default = choices[1] end
  local p = declare("choice", named, {}, parse_choice)
  p.choices = choices
  if p.default ~= nil then options.choice("param.choice: default", p.default, choices) end
  return p
end

local scalar = { string = param.string, number = param.number, integer = param.integer,
  boolean = param.boolean, file = param.file }

-- param.list { of = "integer" | a parameter, separator = "," }
function param.list(spec)
  local rules = { of = { "string|wf.param", default = "string" },
    separator = { "string", default = "," } }
  local p = check_default(declare("list", spec, rules, parse_list), "table")
  if p.separator == "" then errors.invalid("param.list: the separator is empty") end
  if type(p.of) == "string" then
    options.choice("param.list: of", p.of, options.sorted_keys(scalar))
    p.of = scalar[p.of] { required = false }
  end
  return p
end

return param
