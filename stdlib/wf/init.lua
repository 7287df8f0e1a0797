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

local function load(_, name)
  local value
  if special[name] then
    value = special[name]()
  elseif is_module[name] then
    value = require("wf." .. name)
  else
    local known = { "error", "file", "version", table.unpack(modules) }
    table.sort(known)
    errors.invalid("wf: %s", require("wf.options").unknown("name", tostring(name), known))
  end
  rawset(wf, name, value)
  return value
end

-- __names is what the prompt completes.
return setmetatable(wf, { __index = load, __name = "wf", __names = modules })
