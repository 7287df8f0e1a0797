-- wf.registry.versions: registered versions as scripts see them, and what a step has read of them.
--
--   local version = versions.read("version", "fraud", 3)          -- recorded for the step that runs
--   local baseline = versions.read("baseline", "fraud", "model_bias")
--   print(versions.traced "version fraud 3")                      -- the digest of what is there now
--
-- In a replay the registry is read as it was when the replayed step began.

local errors = require "wf.errors"
local json = require "wf.json"
local key = require "wf.core.key"
local model = require "wf.model"
local original = require "wf.original"
local pretty = require "wf.pretty"
local state = require "wf.state"
local trace = require "wf.trace"

local versions = {}

local Version = { __name = "wf.version", __module = "wf.registry", __class = "Version" }
versions.classes = { Version = Version }
Version.__index = Version

-- ---- versions -----------------------------------------------------------------------------------

local function decoded(text)
  return text and json.decode(text) or {}
end

function versions.from_record(record)
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
  return require("wf.registry").approve(self.group, self.number, given)
end

function Version:reject(given)
  return require("wf.registry").reject(self.group, self.number, given)
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

-- ---- finding ------------------------------------------------------------------------------------

local function find_as_of(group, number, approved)
  for _, record in ipairs(list_versions(group)) do
    local wanted = number == 0 or record.version == number
    if wanted and not (approved and record.approval ~= "Approved") then
      return versions.from_record(record)
    end
  end
end

-- The version, 0 for the latest; nil when there is none.
local function find(group, number, approved)
  if original.is_open() then return find_as_of(group, number, approved) end
  local catalog = state.catalog()
  local ok, record = pcall(catalog.get_version, catalog, group, number, approved)
  if ok then return versions.from_record(record) end
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
    local list = list_versions(group ~= "" and group or nil)
    for i, record in ipairs(list) do list[i] = versions.from_record(record) end
    return list
  end,
}

-- The digest of what is there now under a recorded name.
function versions.traced(name)
  local reader, group, detail = name:match("^(%a+) (%S*) ?(.*)$")
  return key.value(readers[reader](group, detail))
end

-- Reads, and records it for the step that runs: "version" (a number, 0 for the latest), "approved" (the
-- latest Approved one), "baseline" (of a kind of check, in the latest Approved one), "list" (all of a
-- group, of all groups when it is ""); nil when there is none.
function versions.read(reader, group, detail)
  local found = readers[reader](group, detail)
  if trace.is_active() then
    local name = detail and ("%s %s %s"):format(reader, group, detail)
      or ("%s %s"):format(reader, group)
    trace.note("registry", name, key.value(found))
  end
  return found
end

return versions
