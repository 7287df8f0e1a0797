-- wf.origin: how a run was started, for doing the same again.
--
--   origin.record(run_id, { source =, values =, arguments =, place = })
--   local o = origin.find(run_id)        -- { script = digest, values, arguments, directory, place } | nil
--
-- The script's text is a stored object. Values are the parameters as they were given, arguments the
-- script's, directory where it was started, place tells the runs of one process apart.

local json = require "wf.json"
local state = require "wf.state"
local sys = require "wf.core.sys"

local origin = {}

local function subject_of(run_id)
  return "origin of run " .. run_id
end

local function list_of(items)
  return json.array(table.move(items, 1, #items, 1, {}))
end

function origin.record(run_id, o)
  local values = {}
  for i, pair in ipairs(o.values) do values[i] = list_of(pair) end
  state.catalog():add_event("run.origin", subject_of(run_id), nil, json.encode {
    script = state.store():put(o.source), values = json.array(values),
    arguments = list_of(o.arguments), directory = sys.working_directory(), place = o.place,
  })
end

-- nil for a run that was no script's. `catalog` is this state directory's when it is not given.
function origin.find(run_id, catalog)
  local event = (catalog or state.catalog()):list_events(subject_of(run_id))[1]
  return event and json.decode(event.detail_json)
end

return origin
