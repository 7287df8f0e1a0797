-- wf.endpoint: registered models behind HTTP on this machine.
--
--   local live = wf.endpoint.deploy { name = "fraud", version = version, wait = true }
--   print(live:url(), live:state())                      -- http://127.0.0.1:PORT/endpoints/fraud/invocations
--   print(live:invoke(rows))                             -- a column, bit-identical to model:predict
--   local scores, why = live:invoke(rows, { reasons = 3 })  -- why[1][1].text: "age = 19 raised it by …"
--   wf.endpoint.get("fraud"):delete()
--
-- One server per state directory serves all its endpoints; deploy starts it when none runs and it
-- stays when the script ends. Deploying to an existing endpoint replaces its model in place: requests
-- are answered by the old model until the new one is loaded. A version must be Approved to be
-- deployed, unless `unapproved = true`.

local csv = require "wf.csv"
local errors = require "wf.errors"
local json = require "wf.json"
local model = require "wf.model"
local options = require "wf.options"
local original = require "wf.original"
local state = require "wf.state"
local sys = require "wf.core.sys"

local endpoint = {}

local Endpoint = { __name = "wf.endpoint", __module = "wf.endpoint", __class = "Endpoint" }
endpoint.classes = { Endpoint = Endpoint }
local methods = {}
Endpoint.__index = methods

-- libcurl is loaded by the first request only.
local function send(request)
  return require("wf.core.http").send(request)
end

-- ---- the server ---------------------------------------------------------------------------------

-- {pid, port, token} of the server that was started last, or nil.
local function server_file(directory)
  local path = directory .. "/serve.json"
  if not sys.exists(path) then return nil end
  local ok, server = pcall(json.decode, sys.read_file(path))
  return ok and type(server) == "table" and server.port and server or nil
end

-- The running server's description, or nil.
local function running_server()
  local directory = original.is_open() and original.directory() or state.directory()
  return require("wf.core.endpoint").is_served(directory) and server_file(directory) or nil
end

-- A request that only the owner of the state directory can make; false when nobody answers it.
local function command(server, path)
  local ok, response = pcall(send, { method = "POST",
    url = ("http://127.0.0.1:%d%s"):format(server.port, path),
    headers = { Authorization = "Bearer " .. server.token }, body = "", timeout_ms = 60000 })
  return ok and response.status // 100 == 2
end

-- Makes the server look at the catalog now.
local function reload(server)
  return command(server, "/reload")
end

-- Starts a server. When somebody else's came first ours ends at once, and theirs will do as well.
local function start_server(port)
  local ok, e = pcall(sys.spawn_server, { state_dir = state.directory(), port = port })
  if not ok and not running_server() then error(e, 0) end
  return ok
end

local function check_port(server, port)
  if port and server.port ~= port then
    errors.raise { code = "busy", message = ("endpoint.deploy: this state directory's server "
      .. "already runs on port %d (process %d), not %d"):format(server.port, server.pid, port) }
  end
end

-- A server that has seen the catalog as it is now.
local function ensure_server(port)
  for _ = 1, 3 do
    local server = running_server()
    if server then
      check_port(server, port)
      if reload(server) then return end
      sys.sleep(0.05)
    elseif start_server(port) then
      return
    end
  end
  errors.raise { code = "external", message = ("endpoint.deploy: the server of %s does not answer")
    :format(state.directory()) }
end

-- ---- endpoints ----------------------------------------------------------------------------------

-- A server that was killed could not record that its endpoints are out of service.
local function record_of(name)
  local record = (original.is_open() and original.catalog() or state.catalog()):get_endpoint(name)
  if record.state == "InService" and not running_server() then
    record.state, record.message = "OutOfService", "no server is running; start it with: wf serve"
  end
  return record
end

function methods:state()
  return record_of(self.name).state
end

-- The catalog's record: state, message, group, version, digest, live_digest, generation, times.
function methods:describe()
  return record_of(self.name)
end

function methods:url()
  local server = running_server()
  if not server then
    errors.raise { code = "not_found", message = ("endpoint '%s': no server is running for %s; "
      .. "start it with: wf serve"):format(self.name, state.directory()) }
  end
  return ("http://127.0.0.1:%d/endpoints/%s/invocations"):format(server.port, self.name)
end

-- The server's own {code, message, row or line, column}; whatever else answered, as it is.
local function fault_of(response)
  local ok, body = pcall(json.decode, response.body)
  if ok and type(body) == "table" and type(body.error) == "table" then return body.error end
  return { message = response.body }
end

local function raise_response(self, response)
  local fault = fault_of(response)
  errors.raise { code = fault.code or "external", status = response.status,
    message = ("endpoint '%s' answered %d: %s"):format(self.name, response.status, fault.message),
    row = fault.row, line = fault.line, column = fault.column }
end

-- A float32 prediction is sent as text that reads back to the same float32.
local function read_predictions(text)
  local wide = csv.parse(text:match("^[^\n]*") .. "\n", { header = false })
  local types = {}
  for _, name in ipairs(wide:columns()) do types[name] = "f32" end
  local all = csv.parse(text, { header = false, types = types })
  local names = all:columns()
  return #names == 1 and all:column(names[1]) or all
end

-- Scores of JSON as the lines of CSV that they would have been.
local function csv_of(predictions)
  local lines = {}
  for i, one in ipairs(predictions) do
    local scores = {}
    for k, score in ipairs(one.scores or { one.score }) do scores[k] = ("%.9g"):format(score) end
    lines[i] = table.concat(scores, ",") .. "\n"
  end
  return table.concat(lines)
end

-- { base, rest, { column, value, contribution, text }, … } of each row.
local function read_reasons(predictions, rows)
  local words, list = require "wf.shap.reasons", {}
  for i, one in ipairs(predictions) do
    list[i] = { base = one.base, rest = one.rest }
    for k, reason in ipairs(one.reasons) do
      local column = rows:has(reason.column) and rows:column(reason.column)
      if column then reason.value = column[i] end
      reason.text = words.sentence(reason, column and column.type,
        one.predicted_label and "class " .. one.predicted_label)
      list[i][k] = reason
    end
  end
  return list
end

local send_rules = { accept = { "string" }, reasons = { "integer", min = 0, max = 100 } }

-- Sends text as it is; returns the response {status, body, content_type} whatever its status, with
-- `message` (what went wrong, in words) when it is not 200.
function methods:send(body, content_type, given)
  local o = options.check("endpoint:send", given, send_rules)
  local query = o.reasons and "?reasons=" .. o.reasons or ""
  local response = send { method = "POST", url = self:url() .. query, body = body,
    headers = { ["Content-Type"] = content_type or "text/csv", Accept = o.accept } }
  if response.status ~= 200 then
    response.message = tostring(fault_of(response).message):gsub("%s+$", "")
  end
  return response
end

-- Predictions for a frame of raw (or encoded) columns: a column, or a frame with one per class. With
-- reasons = n also why: the n raw columns that moved each row's score most.
function methods:invoke(rows, given)
  options.argument("endpoint:invoke", 1, rows, "wf.frame")
  local o = options.check("endpoint:invoke", given, { reasons = send_rules.reasons })
  if #rows == 0 then errors.invalid("endpoint:invoke: there are no rows to predict") end
  local response = self:send(csv.format(rows, { header = true }), "text/csv",
    { reasons = o.reasons, accept = o.reasons and "application/json" })
  if response.status ~= 200 then raise_response(self, response) end
  if not o.reasons then return read_predictions(response.body) end
  local predictions = json.decode(response.body).predictions
  return read_predictions(csv_of(predictions)), o.reasons > 0 and read_reasons(predictions, rows) or {}
end

function methods:delete()
  endpoint.delete(self.name)
end

function Endpoint:__tostring()
  local ok, url = pcall(self.url, self)
  return ("endpoint %s  %s%s"):format(self.name, self:state(), ok and "  " .. url or "")
end

function Endpoint:__summary()
  local record = record_of(self.name)
  return { type = "wf.endpoint", name = self.name, state = record.state, group = record.group,
    version = record.version, digest = record.digest }
end

function Endpoint:__report()
  return { { "endpoint", ("%s  %s"):format(self:url(), self:state()) } }
end

-- ---- deploying ----------------------------------------------------------------------------------

-- A version, a model or a file, as the digest of a stored package.
local function source_of(o)
  local given = (o.version and 1 or 0) + (o.model and 1 or 0) + (o.path and 1 or 0)
  if given ~= 1 then
    errors.invalid("endpoint.deploy: give exactly one of version, model and path")
  end
  if o.version then
    if o.version.approval ~= "Approved" and not o.unapproved then
      errors.invalid("endpoint.deploy: %s/%d is %s; approve it first (wf approve %s %d) or give "
        .. "unapproved = true", o.version.group, o.version.number, o.version.approval,
        o.version.group, o.version.number)
    end
    return { group = o.version.group, version = o.version.number, digest = o.version.digest }
  end
  local package = o.model or model.read(o.path)
  return { digest = state.store():put(package:pack()) }
end

local function wait_until_live(name, generation, timeout)
  local deadline = sys.monotonic() + timeout
  while true do
    local record = record_of(name)
    if record.generation > generation then return end -- somebody deployed after us
    if record.state == "InService" then return end
    if record.state == "Failed" then
      errors.raise { code = "external",
        message = ("endpoint '%s' failed: %s"):format(name, record.message or "no reason given") }
    end
    if sys.monotonic() > deadline then
      errors.raise { code = "busy", message = ("endpoint '%s' is still %s after %g s"):format(name,
        record.state, timeout) }
    end
    sys.sleep(0.005)
  end
end

local function check_name(where, name)
  if not name:match("^[%w][%w._-]*$") or #name > 63 then
    errors.invalid("%s: '%s' is not a usable name (1 to 63 letters, digits, '.', '_', '-')", where,
      name)
  end
end

-- Whether the endpoint answers with that very version already and its server runs: then there is
-- nothing to do.
local function serves_already(o, source)
  local ok, record = pcall(record_of, o.name)
  local server = ok and running_server()
  if not server or (o.port and server.port ~= o.port) then return false end
  return record.state == "InService" and record.live_digest == source.digest
    and record.digest == source.digest and record.group == source.group
    and record.version == source.version
end

function endpoint.deploy(given)
  local o = options.check("endpoint.deploy", given, {
    name = { "string", required = true }, version = { "wf.version" }, model = { "wf.model" },
    path = { "string" }, wait = { "boolean", default = true },
    timeout = { "number", default = 30, min = 0 }, port = { "integer", min = 1, max = 65535 },
    unapproved = { "boolean", default = false },
  })
  if original.is_open() then
    errors.invalid("endpoint.deploy: a replay deploys nothing; deploy inside of run:action")
  end
  check_name("endpoint.deploy", o.name)
  local source = source_of(o)
  if serves_already(o, source) then return setmetatable({ name = o.name }, Endpoint) end
  local generation = state.catalog():deploy(o.name, source.group, source.version or 0, source.digest)
  ensure_server(o.port)
  if o.wait then wait_until_live(o.name, generation, o.timeout) end
  return setmetatable({ name = o.name }, Endpoint)
end

-- ---- finding and deleting -----------------------------------------------------------------------

-- The endpoint of that name; raises not_found.
function endpoint.get(name)
  options.argument("endpoint.get", 1, name, "string")
  record_of(name)
  return setmetatable({ name = name }, Endpoint)
end

-- All endpoints in order of their names.
function endpoint.list()
  local list = {}
  for i, record in ipairs(state.catalog():list_endpoints()) do
    list[i] = setmetatable({ name = record.name }, Endpoint)
  end
  return list
end

function endpoint.delete(name)
  options.argument("endpoint.delete", 1, name, "string")
  state.catalog():delete_endpoint(name)
  local server = running_server()
  if server then reload(server) end
end

-- {pid, port} of the server of this state directory, or nil when none runs.
function endpoint.server()
  local server = running_server()
  return server and { pid = server.pid, port = server.port }
end

-- Ends the server of this state directory after the requests in flight; endpoints are kept for the
-- next one. False when none ran.
function endpoint.stop_server(given)
  local o = options.check("endpoint.stop_server", given, { timeout = { "number", default = 30, min = 0 } })
  local server = running_server()
  if not server or not command(server, "/shutdown") then return false end
  local deadline = sys.monotonic() + o.timeout
  while sys.process_alive(server.pid) do
    if sys.monotonic() > deadline then
      errors.raise { code = "busy",
        message = ("the server (process %d) still runs after %g s"):format(server.pid, o.timeout) }
    end
    sys.sleep(0.005)
  end
  return true
end

return endpoint
