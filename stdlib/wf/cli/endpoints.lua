-- wf.cli.endpoints: models behind HTTP.
--
--   wf deploy NAME GROUP[/VERSION]      wf deploy NAME --model model.tar.gz
--   wf endpoints [--json]      wf invoke NAME --csv FILE [--reasons 3]      wf delete-endpoint NAME

local endpoint = require "wf.endpoint"
local errors = require "wf.errors"
local records = require "wf.cli.records"
local sys = require "wf.core.sys"

local commands = {}

local json_option = { "json", help = "print JSON" }

local function usage(format, ...)
  errors.raise { code = "usage", message = format:format(...) }
end

-- ---- deploy -------------------------------------------------------------------------------------

-- "GROUP/3", or "GROUP" for its latest Approved version.
local function find_version(text)
  local registry = require "wf.registry"
  local group, number = text:match("^(.*)/(%d+)$")
  if group then return registry.get(group, math.tointeger(tonumber(number))) end
  return registry.latest(text, { approved = true })
    or errors.raise { code = "not_found",
      message = ("group '%s' has no Approved version"):format(text) }
end

local function print_endpoint(name, as_json)
  local record = endpoint.get(name):describe()
  local out = records.endpoint(record, endpoint.server())
  if as_json then return records.print_json(out) end
  print(("%s  %s  %s"):format(out.name, out.state, out.url or ""))
end

local function deploy(given)
  if (given.source and 1 or 0) + (given.model and 1 or 0) ~= 1 then
    usage("deploy: give either GROUP[/VERSION] or --model FILE")
  end
  endpoint.deploy { name = given.name, path = given.model,
    version = given.source and find_version(given.source) or nil, port = given.port,
    timeout = given.timeout, wait = not given["no-wait"], unapproved = given.unapproved }
  print_endpoint(given.name, given.json)
end

commands.deploy = {
  spec = { about = "Puts a model behind an endpoint, creating or updating it.",
    options = {
      { "model", value = "FILE", help = "a model.tar.gz instead of a registered version" },
      { "port", value = "PORT", kind = "integer", help = "of the server, when it must be started" },
      { "timeout", value = "SECONDS", kind = "number", help = "wait so long for InService (30)" },
      { "no-wait", help = "do not wait" },
      { "unapproved", help = "deploy a version that is not Approved" }, json_option },
    words = { { "name", "NAME" }, { "source", "GROUP[/VERSION]", optional = true } } },
  run = deploy,
}

-- ---- endpoints, delete-endpoint -----------------------------------------------------------------

local function model_text(record)
  if record.group then return ("%s/%d"):format(record.group, record.version) end
  return record.digest:sub(1, 12)
end

local function list_endpoints(given)
  local found, server = {}, endpoint.server()
  for i, one in ipairs(endpoint.list()) do found[i] = one:describe() end
  if given.json then return records.print_json(records.list(found, records.endpoint, server)) end
  local rows = {}
  for i, record in ipairs(found) do
    rows[i] = { record.name, record.state, model_text(record),
      records.local_time(record.updated_us),
      record.message or records.endpoint(record, server).url or "" }
  end
  records.print_table({ "NAME", "STATE", "MODEL", "UPDATED", "URL OR REASON" }, rows,
    "there are no endpoints")
end

commands.endpoints = {
  spec = { about = "Lists endpoints.", options = { json_option } }, run = list_endpoints,
}

commands["delete-endpoint"] = {
  spec = { about = "Deletes an endpoint; registered versions stay.", options = { json_option },
    words = { { "name", "NAME" } } },
  run = function(given)
    endpoint.delete(given.name)
    if given.json then return records.print_json { deleted = given.name } end
    print(("endpoint %s is deleted"):format(given.name))
  end,
}

-- ---- invoke -------------------------------------------------------------------------------------

local function read_body(path)
  if path == "-" then return io.stdin:read("a") end
  return sys.read_file(path)
end

local function invoke(given)
  local path = given.csv or given.data
  if not path or given.csv and given.data then usage("invoke: give --csv FILE or --data FILE --type TYPE") end
  if given.data and not given.type then usage("invoke: --data needs --type, the media type") end
  local response = endpoint.get(given.name):send(read_body(path), given.type or "text/csv",
    { reasons = given.reasons, accept = given.accept })
  local text = response.body:gsub("\n$", "")
  if given.json then
    records.print_json { status = response.status, content_type = response.content_type,
      body = response.body }
  elseif response.status == 200 then
    print(text)
  end
  if response.status == 200 then return 0 end
  if not given.json then
    io.stderr:write(("wf: endpoint '%s' answered %d: %s\n"):format(given.name, response.status,
      response.message))
  end
  return 1
end

commands.invoke = {
  spec = { about = "Sends rows to an endpoint and prints its answer. '-' reads standard input.",
    options = {
      { "csv", value = "FILE", help = "rows as CSV, with or without a header" },
      { "data", value = "FILE", help = "a body of any type that the endpoint takes" },
      { "type", value = "TYPE", help = "its media type, such as application/json" },
      { "accept", value = "TYPE", help = "the media type to answer in (that of the request)" },
      { "reasons", value = "N", kind = "integer",
        help = "say why: the N columns that moved each score most" }, json_option },
    words = { { "name", "NAME" } } },
  run = invoke,
}

return commands
