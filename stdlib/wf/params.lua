-- wf.params: the parameters of a run, as they are declared, given and read.
--
--   local declared = params.in_order { seed = wf.param.integer { default = 1 }, … }
--   local values = params.resolve(declared, { { "seed", "7" } })  -- as the command line has them
--   local p = params.new(values, { "seed", "claims" })            -- values, and all names
--   print(p.seed, p.claims)                                       -- nil when it was not given
--
-- What a script reads cannot be changed, an unknown name is an error, and what a step reads is recorded.

local errors = require "wf.errors"
local key = require "wf.core.key"
local options = require "wf.options"
local pretty = require "wf.pretty"
local trace = require "wf.trace"

local params = {}

-- ---- declared and given --------------------------------------------------------------------------

-- Declared parameters as a list of {name, parameter} in order of declaration.
function params.in_order(declared)
  local list = {}
  for name, p in pairs(declared) do
    if type(name) ~= "string" or not name:match("^[%a_][%w_]*$") then
      errors.invalid("run: '%s' is not a usable parameter name", tostring(name))
    end
    if options.type_of(p) ~= "wf.param" then
      errors.raise { code = "type", message = ("run: parameter '%s' must be made with wf.param, "
        .. "for instance wf.param.number { default = 1 }"):format(name) }
    end
    list[#list + 1] = { name = name, param = p }
  end
  table.sort(list, function(a, b)
    if a.param.serial ~= b.param.serial then return a.param.serial < b.param.serial end
    return a.name < b.name
  end)
  return list
end

local function names_of(list)
  local names = {}
  for i, entry in ipairs(list) do names[i] = entry.name end
  table.sort(names)
  return names
end

-- A list's default is copied, so that no script changes it.
local function default_of(p)
  if p.kind ~= "list" or p.default == nil then return p.default end
  return table.move(p.default, 1, #p.default, 1, {})
end

-- Values by name from `given`, a list of {name, text} as the command line has them.
function params.resolve(list, given)
  local known, values = {}, {}
  for _, entry in ipairs(list) do known[entry.name] = entry.param end
  for _, pair in ipairs(given) do
    local name, text = pair[1], pair[2]
    if not known[name] then
      errors.raise { code = "usage", message = options.unknown("parameter", name, names_of(list)) }
    end
    values[name] = known[name].parse(known[name], name, text)
  end
  for _, entry in ipairs(list) do
    if values[entry.name] == nil then
      if entry.param.required and entry.param.default == nil then
        errors.raise { code = "usage", message = ("parameter '%s' is required: give -p %s=%s")
          :format(entry.name, entry.name, entry.param.kind:upper()) }
      end
      values[entry.name] = default_of(entry.param)
    end
  end
  return values
end

local function default_text(p)
  if p.default == nil then return p.required and "required" or "" end
  if p.kind == "list" then
    local texts = {}
    for i, value in ipairs(p.default) do texts[i] = tostring(value) end
    return "default " .. table.concat(texts, p.separator)
  end
  if p.default == "" then return 'default ""' end
  return "default " .. tostring(p.default)
end

local function note_of(p)
  local notes = {}
  if p.help then notes[1] = p.help end
  if p.choices then notes[#notes + 1] = "one of " .. table.concat(p.choices, ", ") end
  if p.min and p.max then notes[#notes + 1] = ("from %s to %s"):format(p.min, p.max)
  elseif p.min then notes[#notes + 1] = "at least " .. p.min
  elseif p.max then notes[#notes + 1] = "at most " .. p.max end
  return table.concat(notes, "; ")
end

-- What `wf script.lua --help` prints about them.
function params.describe(list)
  if #list == 0 then return "  (none)" end
  local rows, widths = {}, { 0, 0, 0 }
  for i, entry in ipairs(list) do
    local p = entry.param
    local kind = p.kind == "list" and ("list of " .. p.of.kind) or p.kind
    rows[i] = { entry.name, kind, default_text(p), note_of(p) }
    for c = 1, 3 do widths[c] = math.max(widths[c], #rows[i][c]) end
  end
  local layout = ("  %%-%ds  %%-%ds  %%-%ds  %%s"):format(widths[1], widths[2], widths[3])
  for i, row in ipairs(rows) do
    rows[i] = layout:format(table.unpack(row)):gsub("%s+$", "")
  end
  return table.concat(rows, "\n")
end

-- ---- read ----------------------------------------------------------------------------------------

-- A step depends on the parameters that it reads, not on those it could read.
local function note_param(values, name)
  if trace.is_active() then
    trace.note("param", name, key.value(values[name]), trace.preview(values[name]))
  end
end

local VALUES, NAMES = "\0values", "\0names"

local Params = { __name = "wf.params", __module = "wf.params", __class = "Params",
  __key = function() return "wf.params" end }

function Params:__index(name)
  local values = rawget(self, VALUES)
  note_param(values, name)
  if values[name] ~= nil then return values[name] end
  for _, known in ipairs(rawget(self, NAMES)) do
    if known == name then return nil end
  end
  errors.invalid("run.params: %s", options.unknown("parameter", name, rawget(self, NAMES)))
end

function Params:__newindex(name)
  errors.invalid("run.params: '%s' cannot be changed", name)
end

function Params:__pairs()
  local i, values, names = 0, rawget(self, VALUES), rawget(self, NAMES)
  return function()
    i = i + 1
    if names[i] then note_param(values, names[i]) end
    return names[i], values[names[i]]
  end
end

function Params:__tostring()
  return pretty.format(rawget(self, VALUES))
end

function Params:__summary()
  return rawget(self, VALUES)
end

-- In a worker the same values are read.
function Params:__worker()
  return { [VALUES] = rawget(self, VALUES), [NAMES] = rawget(self, NAMES) }
end

function params.new(values, names)
  table.sort(names)
  return setmetatable({ [VALUES] = values, [NAMES] = names }, Params)
end

params.classes = { Params = Params }

return params
