-- wf.cli.records: catalog records as plain tables for JSON, and tables for people.
--
--   records.print_json(records.run(record, steps))
--   records.print_table({ "ID", "NAME" }, { { "1", "train" } })
--
-- Times are ISO 8601 in UTC, JSON texts become values, absent fields are left out.

local json = require "wf.json"
local pretty = require "wf.pretty"
local state = require "wf.state"

local records = {}

local function decoded(text)
  if not text or text == "" then return nil end
  return json.decode(text)
end

local function seconds(record)
  if not record.ended_us or record.ended_us == 0 then return nil end
  return (record.ended_us - record.started_us) / 1e6
end

function records.step(record)
  return { id = record.id, name = record.name, kind = record.kind, state = record.state,
    message = record.message, outcome = decoded(record.outcome_json), log = record.log_path,
    key = record.key, why = record.why, result = record.result, started_at = pretty.time(record.started_us),
    ended_at = pretty.time(record.ended_us), seconds = seconds(record) }
end

-- State and message of a run as they are now: one that has waited for an approval shows the decision.
function records.standing(record)
  if record.state == "AwaitingApproval" then
    local now, message = require("wf.approval").outcome(record)
    if now then return now, message end
  end
  return record.state, record.message
end

-- `steps` may be nil: then the record has none.
function records.run(record, steps)
  local now, message = records.standing(record)
  local out = { id = record.id, name = record.name, script = record.script, state = now,
    message = message, params = decoded(record.params_json),
    outcome = decoded(record.outcome_json), pid = record.pid,
    started_at = pretty.time(record.started_us), ended_at = pretty.time(record.ended_us),
    seconds = seconds(record) }
  if steps then
    out.steps = json.array {}
    for i, step in ipairs(steps) do out.steps[i] = records.step(step) end
  end
  return out
end

function records.version(version)
  return { group = version.group, version = version.number, digest = version.digest,
    approval = version.approval, approved_by = version.approved_by,
    approval_reason = version.approval_reason, approved_at = version.approved_at,
    description = version.description, metrics = next(version.metrics) and version.metrics or nil,
    run = version.run ~= 0 and version.run or nil, step = version.step ~= 0 and version.step or nil,
    created_at = version.created_at, history = version:history() }
end

function records.endpoint(record, server)
  local url = server
    and ("http://127.0.0.1:%d/endpoints/%s/invocations"):format(server.port, record.name)
  return { name = record.name, state = record.state, message = record.message,
    group = record.group, version = record.version ~= 0 and record.version or nil,
    digest = record.digest, live_digest = record.live_digest, generation = record.generation,
    created_at = pretty.time(record.created_us), updated_at = pretty.time(record.updated_us),
    url = url or nil }
end

-- ---- printing -----------------------------------------------------------------------------------

function records.print_json(value)
  print(json.encode(value, { indent = 2 }))
end

-- A list for JSON, empty or not.
function records.list(items, convert, ...)
  local list = json.array {}
  for i, item in ipairs(items) do list[i] = convert(item, ...) end
  return list
end

function records.print_table(header, rows, none)
  if #rows == 0 then return print(none) end
  print(pretty.columns { header, table.unpack(rows) })
end

-- "2026-01-31 12:00:00" in local time.
function records.local_time(us)
  if not us or us == 0 then return "" end
  return os.date("%Y-%m-%d %H:%M:%S", us // 1000000)
end

function records.duration(record)
  local taken = seconds(record)
  return taken and pretty.duration(taken) or ""
end

-- A run by its number or "last".
function records.find_run(text)
  local errors = require "wf.errors"
  local catalog = state.catalog()
  if text == nil or text == "last" then
    local latest = catalog:list_runs(1)[1]
    return latest or errors.raise { code = "not_found", message = "there are no runs yet" }
  end
  local id = text:match("^%d+$") and math.tointeger(tonumber(text))
  if not id then
    errors.raise { code = "usage", message = ("'%s' is not a run's number or 'last'"):format(text) }
  end
  return catalog:get_run(id)
end

return records
