-- wf: a scriptable machine-learning workflow engine.
--
--   local wf = require "wf"
--   local claims = wf.csv.read "claims.csv"
--   local run <close> = wf.run { name = "train", params = { eta = wf.param.number { default = 0.3 } } }
--
-- Modules load when first used. Data: csv, jsonl, libsvm, arrow, frame, recipe, json. Models: xgboost,
-- model, metrics, shap, bias, check, plot. Operation: run, param, registry, endpoint. Besides: wf.version,
-- wf.error {code, message} raises an error object, wf.pretty prints values.

local errors = require "wf.errors"

local wf = {}

local modules = { "arrow", "bias", "check", "clarify", "csv", "endpoint", "explain", "frame", "json", "jsonl",
  "libsvm", "metrics", "model", "param", "plot", "pretty", "recipe", "registry", "run", "shap", "stream",
  "xgboost" }

local is_module = {}
for _, name in ipairs(modules) do is_module[name] = true end

-- Names that are not modules of their own.
local special = {
  version = function() return require("wf.core.sys").version() end,
  file = function() return require("wf.files").of end,
  run = function() return require("wf.run").start end,
  stream = function() return require("wf.stream").open end,
  error = function() return errors.raise end,
}

-- Raises what a misspelt member deserves: a nil would only be met when it is called.
local function refuse(where, name, known)
  table.sort(known)
  errors.invalid("%s: %s", where, require("wf.options").unknown("name", tostring(name), known))
end

-- Only a name that is absent gets here, so that what is there is found as fast as ever.
local function guard(module, path)
  local function absent(_, name)
    local known = {}
    for key in pairs(module) do
      if type(key) == "string" and key ~= "classes" then known[#known + 1] = key end
    end
    refuse(path, name, known)
  end
  setmetatable(module, { __index = absent })
end

local function load(_, name)
  local value
  if special[name] then
    value = special[name]()
  elseif is_module[name] then
    value = require("wf." .. name)
    if type(value) == "table" and not getmetatable(value) then guard(value, "wf." .. name) end
  else
    refuse("wf", name, { "error", "file", "version", table.unpack(modules) })
  end
  rawset(wf, name, value)
  return value
end

-- __names is what the prompt completes.
return setmetatable(wf, { __index = load, __name = "wf", __names = modules })
