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
local options = require "wf.options"
local original = require "wf.original"
local pretty = require "wf.pretty"
local run = require "wf.run"
local state = require "wf.state"
local versions = require "wf.registry.versions"

local registry = {}

registry.classes = versions.classes

local approvals = { "PendingManualApproval", "Approved", "Rejected" }

-- ---- registering --------------------------------------------------------------------------------

local check_kinds = { bias = "model_bias", data_bias = "data_bias",
  explainability = "explainability", data_quality = "data_quality",
  model_quality = "model_quality" }

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

-- An action that is executed again with nothing changed asks for what is registered already: the
-- group's latest version, when package, measurements, baselines, description and the approval it
-- was registered with are the same. What became of its approval since then stays.
local function registered_already(record)
  if not run.in_action() then return nil end
  local latest = registry.latest(record.group)
  if not latest or latest.digest ~= record.digest or latest.description ~= record.description then
    return nil
  end
  local stored = state.catalog():get_version(record.group, latest.number, false)
  local first = state.catalog():list_approvals(record.group, latest.number)[1]
  local same = stored.metrics_json == record.metrics_json
    and stored.baselines_json == record.baselines_json and first.after == record.approval
  return same and latest or nil
end

function registry.register(given)
  local o = options.check("registry.register", given, {
    group = { "string", required = true }, model = { "wf.model", required = true },
    approval = { "string", default = "PendingManualApproval", choices = approvals },
    evaluation = { "wf.evaluation|table" }, bias = { "wf.check" }, data_bias = { "wf.check" },
    explainability = { "wf.check" }, data_quality = { "wf.check" }, model_quality = { "wf.check" },
    description = { "string" }, by = { "string" },
    reason = { "string" }, again = { "boolean", default = false },
  })
  if o.group == "" then errors.invalid("registry.register: the group's name is empty") end
  local metrics = {}
  if o.evaluation then metrics.evaluation = pretty.summarise(o.evaluation) end
  local baselines = collect_checks(o, metrics)
  local digest = state.store():put(o.model:pack())
  local run_id, step_id = run.current()
  local record = { group = o.group, digest = digest, approval = o.approval,
    description = o.description, metrics_json = encoded(metrics),
    baselines_json = encoded(baselines), run = run_id, step = step_id }
  local already = not o.again and registered_already(record)
  if already then return already end
  local number = state.catalog():register(record, o.by or state.user(), o.reason)
  if original.is_open() then
    return versions.from_record(state.catalog():get_version(o.group, number, false))
  end
  return registry.get(o.group, number)
end

-- ---- finding ------------------------------------------------------------------------------------

-- Version `number` of the group, or its latest; raises not_found.
function registry.get(group, number)
  options.argument("registry.get", 1, group, "string")
  options.argument("registry.get", 2, number, "integer|nil")
  return versions.read("version", group, number or 0)
    or versions.from_record(state.catalog():get_version(group, number or 0, false))
end

-- The latest version, with { approved = true } the latest Approved one; nil when there is none.
function registry.latest(group, given)
  options.argument("registry.latest", 1, group, "string")
  local o = options.check("registry.latest", given, { approved = { "boolean", default = false } })
  if o.approved then return versions.read("approved", group) end
  return versions.read("version", group, 0)
end

-- All versions of a group (of all groups without one), newest first within a group.
function registry.list(group)
  options.argument("registry.list", 1, group, "string|nil")
  return versions.read("list", group or "")
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
