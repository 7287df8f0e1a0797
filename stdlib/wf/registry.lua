-- wf.registry: groups of model versions 1, 2, 3 … with an approval state and its history.
--
--   local version = wf.registry.register {
--     group = "fraud", model = model, approval = "Approved", evaluation = evaluation,
--     bias = bias_report, explainability = shap_report, description = "weekly retrain",
--   }
--   print(version.number, version.digest, version.approval, version.metrics.evaluation.roc_auc)
--   local champion = wf.registry.latest("fraud", { approved = true })    -- nil when there is none
--   champion:model():predict(frame)
--   wf.registry.reject("fraud", 3, { reason = "drifted" })
--
-- Approvals are "PendingManualApproval", "Approved" and "Rejected"; who changed one, when and why is
-- kept. What this version measured (`metrics`) and what later checks compare with (`baselines`) are
-- kept apart. The package is stored by content before the version exists.

local errors = require "wf.errors"
local json = require "wf.json"
local model = require "wf.model"
local options = require "wf.options"
local pretty = require "wf.pretty"
local run = require "wf.run"
local state = require "wf.state"

local registry = {}

local approvals = { "PendingManualApproval", "Approved", "Rejected" }

local Version = { __name = "wf.version" }
Version.__index = Version

-- ---- versions -----------------------------------------------------------------------------------

local function decoded(text)
  return text and json.decode(text) or {}
end

local function from_record(record)
  return setmetatable({
    group = record.group, number = record.version, digest = record.digest,
    approval = record.approval, approved_by = record.approved_by,
    approval_reason = record.approval_reason, approved_at = pretty.time(record.approval_us),
    description = record.description, metrics = decoded(record.metrics_json),
    baselines = decoded(record.baselines_json), run = record.run, step = record.step,
    created_at = pretty.time(record.created_us),
  }, Version)
end

-- The model package's bytes, checked against the digest.
function Version:package()
  return state.store():get(self.digest)
end

function Version:model()
  return model.unpack(self:package())
end

-- Every transition of its approval, oldest first: { {before, after, by, reason, at}, … }.
function Version:history()
  local transitions = {}
  for i, record in ipairs(state.catalog():list_approvals(self.group, self.number)) do
    transitions[i] = { before = record.before, after = record.after, by = record.by,
      reason = record.reason, at = pretty.time(record.at_us) }
  end
  return transitions
end

function Version:approve(given)
  return registry.approve(self.group, self.number, given)
end

function Version:reject(given)
  return registry.reject(self.group, self.number, given)
end

function Version:__tostring()
  return ("%s/%d  %s  %s"):format(self.group, self.number, self.approval, self.digest:sub(1, 12))
end

function Version:__summary()
  return { type = "wf.version", group = self.group, number = self.number, digest = self.digest,
    approval = self.approval }
end

function Version:__report()
  return { { "version", ("%s/%d  %s"):format(self.group, self.number, self.approval) } }
end

-- ---- registering --------------------------------------------------------------------------------

local check_kinds = { bias = "model_bias", data_bias = "data_bias",
  explainability = "explainability" }

local function collect_checks(o, metrics)
  local baselines = {}
  for option, kind in pairs(check_kinds) do
    local report = o[option]
    if report then
      if report.kind ~= kind then
        errors.invalid("registry.register: %s is a report of check.%s", option, report.kind)
      end
      metrics[option] = report:analysis()
      baselines[kind] = report.drift_baseline
    end
  end
  return baselines
end

local function encoded(t)
  return next(t) and json.encode(t) or nil
end

function registry.register(given)
  local o = options.check("registry.register", given, {
    group = { "string", required = true }, model = { "wf.model", required = true },
    approval = { "string", default = "PendingManualApproval", choices = approvals },
    evaluation = { "wf.evaluation|table" }, bias = { "wf.check" }, data_bias = { "wf.check" },
    explainability = { "wf.check" }, description = { "string" }, by = { "string" },
    reason = { "string" },
  })
  if o.group == "" then errors.invalid("registry.register: the group's name is empty") end
  local metrics = {}
  if o.evaluation then metrics.evaluation = pretty.summarise(o.evaluation) end
  local baselines = collect_checks(o, metrics)
  local digest = state.store():put(o.model:pack())
  local run_id, step_id = run.current()
  local number = state.catalog():register({
    group = o.group, digest = digest, approval = o.approval, description = o.description,
    metrics_json = encoded(metrics), baselines_json = encoded(baselines), run = run_id,
    step = step_id,
  }, o.by or state.user(), o.reason)
  return registry.get(o.group, number)
end

-- ---- finding ------------------------------------------------------------------------------------

-- Version `number` of the group, or its latest; raises not_found.
function registry.get(group, number)
  options.argument("registry.get", 1, group, "string")
  options.argument("registry.get", 2, number, "integer|nil")
  return from_record(state.catalog():get_version(group, number or 0, false))
end

-- The latest version, with { approved = true } the latest Approved one; nil when there is none.
function registry.latest(group, given)
  options.argument("registry.latest", 1, group, "string")
  local o = options.check("registry.latest", given, { approved = { "boolean", default = false } })
  local catalog = state.catalog()
  local ok, record = pcall(catalog.get_version, catalog, group, 0, o.approved)
  if ok then return from_record(record) end
  if errors.is(record) and record.code == "not_found" then return nil end
  error(record, 0)
end

-- All versions of a group (of all groups without one), newest first within a group.
function registry.list(group)
  options.argument("registry.list", 1, group, "string|nil")
  local versions = {}
  for i, record in ipairs(state.catalog():list_versions(group)) do
    versions[i] = from_record(record)
  end
  return versions
end

-- ---- approving ----------------------------------------------------------------------------------

local function set_approval(where, approval, group, number, given)
  options.argument(where, 1, group, "string")
  options.argument(where, 2, number, "integer")
  local o = options.check(where, given, { by = { "string" }, reason = { "string" } })
  state.catalog():set_approval(group, number, approval, o.by or state.user(), o.reason)
  return registry.get(group, number)
end

function registry.approve(group, number, given)
  return set_approval("registry.approve", "Approved", group, number, given)
end

function registry.reject(group, number, given)
  return set_approval("registry.reject", "Rejected", group, number, given)
end

return registry
