-- wf.state: the state directory of this process, opened when first needed.
--
--   local state = require "wf.state"
--   state.directory()          -- "/home/me/project/.wf", created 0700 when absent
--   state.catalog():list_runs(10)
--   state.store():put(bytes)

local sys = require "wf.core.sys"

local state = {}

local opened = {}

function state.directory()
  opened.directory = opened.directory or sys.state_dir()
  return opened.directory
end

-- Before anything is opened: a worker uses the directory of the process that started it.
function state.set_directory(path)
  opened.directory = path
end

function state.catalog()
  opened.catalog = opened.catalog
    or require("wf.core.catalog").open(state.directory() .. "/catalog.db")
  return opened.catalog
end

function state.store()
  opened.store = opened.store or require("wf.core.store").open(state.directory() .. "/objects")
  return opened.store
end

-- Who is recorded as the author of registrations and approvals.
function state.user()
  return sys.env("USER") or sys.env("LOGNAME") or "unknown"
end

return state
