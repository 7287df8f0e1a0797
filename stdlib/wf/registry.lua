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
local key = require "wf.core.key"
local model = require "wf.model"
local options = require "wf.options"
local original = require "wf.original"
local pretty = require "wf.pretty"
local run = require "wf.run"
local state = require "wf.state"
local trace = require "wf.trace"

local registry = {}

local approvals = { "PendingManualApproval", "Approved", "Rejected" }

local Version = { __name = "wf.version", __module = "wf.registry", __class = "Version" }
registry.classes = { Version = Version }
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
  return (original.is_open() and original.store() or state.store()):get(self.digest)
end

function Version:model()
  return model.unpack(self:package())
end

-- The transitions of a version's approval; in a replay those that had been made then.
local function list_approvals(group, number)
  if not original.is_open() then return state.catalog():list_approvals(group, number) end
  local list = {}
  for _, record in ipairs(original.catalog():list_approvals(group, number)) do
    if record.at_us <= original.as_of() then list[#list + 1] = record end
  end
  return list
end

-- The versions of a group, newest first, or of all; in a replay those that there were then, with the
-- approval that they had.
local function list_versions(group)
  if not original.is_open() then return state.catalog():list_versions(group) end
  local list = {}
  for _, record in ipairs(original.catalog():list_versions(group)) do
    if record.created_us <= original.as_of() then
      local transitions = list_approvals(record.group, record.version)
      local last = transitions[#transitions]
      record.approval, record.approved_by = last.after, last.by
      record.approval_reason, record.approval_us = last.reason, last.at_us
      list[#list + 1] = record
    end
  end
  return list
end

-- Every transition of its approval, oldest first: { {before, after, by, reason, at}, … }.
function Version:history()
  local transitions = {}
  for i, record in ipairs(list_approvals(self.group, self.number)) do
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
    return from_record(state.catalog():get_version(o.group, number, false))
  end
  return registry.get(o.group, number)
end

-- ---- finding ------------------------------------------------------------------------------------

local function find_as_of(group, number, approved)
  for _, record in ipairs(list_versions(group)) do
    local wanted = number == 0 or record.version == number
    if wanted and not (approved and record.approval ~= "Approved") then return from_record(record) end
  end
end

-- The version, 0 for the latest; nil when there is none.
local function find(group, number, approved)
  if original.is_open() then return find_as_of(group, number, approved) end
  local catalog = state.catalog()
  local ok, record = pcall(catalog.get_version, catalog, group, number, approved)
  if ok then return from_record(record) end
  if errors.is(record) and record.code == "not_found" then return nil end
  error(record, 0)
end

-- What a step may have read of the registry, by the name it is recorded under.
local readers = {
  version = function(group, number) return find(group, math.tointeger(number), false) end,
  approved = function(group) return find(group, 0, true) end,
  baseline = function(group, kind)
    local version = find(group, 0, true)
    return version and version.baselines[kind]
  end,
  list = function(group)
    local versions = {}
    for i, record in ipairs(list_versions(group ~= "" and group or nil)) do
      versions[i] = from_record(record)
    end
    return versions
  end,
}

-- The digest of what is there now under a recorded name.
function registry.traced(name)
  local reader, group, detail = name:match("^(%a+) (%S*) ?(.*)$")
  return key.value(readers[reader](group, detail))
end

-- Reads, and records it for the step that runs.
local function read(reader, group, detail)
  local found = readers[reader](group, detail)
  if trace.is_active() then
    local name = detail and ("%s %s %s"):format(reader, group, detail)
      or ("%s %s"):format(reader, group)
    trace.note("registry", name, key.value(found))
  end
  return found
end

-- Version `number` of the group, or its latest; raises not_found.
function registry.get(group, number)
  options.argument("registry.get", 1, group, "string")
  options.argument("registry.get", 2, number, "integer|nil")
  return read("version", group, number or 0)
    or from_record(state.catalog():get_version(group, number or 0, false))
end

-- The latest version, with { approved = true } the latest Approved one; nil when there is none.
function registry.latest(group, given)
  options.argument("registry.latest", 1, group, "string")
  local o = options.check("registry.latest", given, { approved = { "boolean", default = false } })
  if o.approved then return read("approved", group) end
  return read("version", group, 0)
end

-- The baseline of that kind of check in the latest Approved version, or nil.
function registry.approved_baseline(group, kind)
  return read("baseline", group, kind)
end

-- All versions of a group (of all groups without one), newest first within a group.
function registry.list(group)
  options.argument("registry.list", 1, group, "string|nil")
  return read("list", group or "")
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
