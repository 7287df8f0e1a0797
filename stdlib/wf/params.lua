-- wf.params: the parameters of a run as a script reads them.
--
--   local p = params.new({ seed = 1 }, { "seed", "claims" })      -- values, and all names
--   print(p.seed, p.claims)                                       -- nil when it was not given
--
-- They cannot be changed, an unknown name is an error, and what a step reads of them is recorded.

local errors = require "wf.errors"
local key = require "wf.core.key"
local options = require "wf.options"
local pretty = require "wf.pretty"
local trace = require "wf.trace"

local module = {}

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

function module.new(values, names)
  table.sort(names)
  return setmetatable({ [VALUES] = values, [NAMES] = names }, Params)
end

module.classes = { Params = Params }

return module
