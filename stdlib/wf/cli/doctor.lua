-- wf.cli.doctor: is everything there that scripts need?
--
--   wf doctor [--json]      wf version [--json]
--
-- doctor exits with 1 when something is missing or broken.

local records = require "wf.cli.records"
local state = require "wf.state"
local sys = require "wf.core.sys"

local commands = {}

-- Each check returns what it found; an error is what is wrong.
local checks = {
  { "wf", function() return sys.version() end },
  { "lua", function() return _VERSION end },
  { "xgboost", function() return require("wf.core.xgboost").version() end },
  { "state directory", function() return state.directory() end },
  { "catalog", function() return #state.catalog():list_runs(0) .. " runs" end },
  { "store", function()
    local store, bytes = state.store(), "wf doctor"
    return store:get(store:put(bytes)) == bytes and "writable" or error("bytes differ", 0)
  end },
  { "http client", function()
    require "wf.core.http"
    return "present"
  end },
  { "server", function()
    local server = require("wf.endpoint").server()
    return server and ("process %d, port %d"):format(server.pid, server.port) or "not running"
  end },
}

local function doctor(given)
  local results, rows, status = {}, {}, 0
  for i, entry in ipairs(checks) do
    local ok, found = pcall(entry[2])
    if not ok then status = 1 end
    results[i] = { check = entry[1], ok = ok, result = tostring(found) }
    rows[i] = { entry[1], ok and "ok" or "FAILED", tostring(found) }
  end
  if given.json then
    records.print_json(results)
  else
    records.print_table({ "CHECK", "STATE", "RESULT" }, rows, "")
  end
  return status
end

commands.doctor = {
  spec = { about = "Checks libraries and the state directory.",
    options = { { "json", help = "print JSON" } } },
  run = doctor,
}

commands.version = {
  spec = { about = "Prints the version.", options = { { "json", help = "print JSON" } } },
  run = function(given)
    if given.json then return records.print_json { version = sys.version(), lua = _VERSION } end
    print(("wf %s (%s)"):format(sys.version(), _VERSION))
  end,
}

return commands
