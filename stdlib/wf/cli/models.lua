-- wf.cli.models: the model registry, and what people decide.
--
--   wf models [GROUP] [--json]
--   wf approve GROUP VERSION [--reason TEXT]      wf reject …        of a model version
--   wf approve RUN | TOKEN [--reason TEXT]        wf reject …        of a run that waits (run:approve)

local approval = require "wf.approval"
local errors = require "wf.errors"
local json = require "wf.json"
local records = require "wf.cli.records"
local registry = require "wf.registry"

local commands = {}

local json_option = { "json", help = "print JSON" }

-- The one number that says most about a version.
local function headline(version)
  local evaluation = version.metrics.evaluation or {}
  for _, name in ipairs { "roc_auc", "accuracy", "rmse" } do
    if type(evaluation[name]) == "number" then return ("%s %.4f"):format(name, evaluation[name]) end
  end
  return ""
end

local function list_models(given)
  local versions = registry.list(given.group)
  if given.json then return records.print_json(records.list(versions, records.version)) end
  local rows = {}
  for i, version in ipairs(versions) do
    rows[i] = { version.group, tostring(version.number), version.approval, headline(version),
      (version.created_at or ""):sub(1, 19):gsub("T", " "), version.digest:sub(1, 12),
      version.description or "" }
  end
  records.print_table({ "GROUP", "VERSION", "APPROVAL", "METRIC", "CREATED (UTC)", "DIGEST",
    "DESCRIPTION" }, rows, "there are no model versions" .. (given.group and " in this group" or ""))
end

commands.models = {
  spec = { about = "Lists model versions, newest first within a group.", options = { json_option },
    words = { { "group", "GROUP", optional = true } } },
  run = list_models,
}

-- ---- approve, reject ----------------------------------------------------------------------------

local function change_version(given, verb)
  local version = registry[verb](given.subject, given.version, { by = given.by, reason = given.reason })
  if given.json then return records.print_json(records.version(version)) end
  print(tostring(version))
end

-- The token of what a run waits for, and its request.
local function request_of_run(text)
  local run = records.find_run(text)
  if run.state == "AwaitingApproval" then
    local token = json.decode(run.outcome_json).data.approval
    local request = approval.request(token)
    request.run = run.id -- another run may have asked since
    return token, request
  end
  errors.invalid("run %d does not wait for an approval: it is %s", run.id, run.state)
end

local function find_request(text)
  local request = approval.request(text)
  if request then return text, request end
  if text == "last" or text:match("^%d+$") then
    return request_of_run(text)
  end
  errors.raise { code = "usage", message = ("VERSION is missing: '%s' is no run and no token that "
    .. "waits for an approval"):format(text) }
end

local function decide(given, approved)
  local token, request = find_request(given.subject)
  local decision = approval.decide(token, approved, given.by, given.reason)
  local again = require("wf.cli.run").command_again(request.run)
  if given.json then
    decision.name, decision.run, decision.command = request.name, request.run, again
    return records.print_json(decision)
  end
  print(("%s of run %d (%s): %s by %s"):format(request.name, request.run, request.run_name,
    approved and "approved" or "rejected", decision.by))
  if again and approved then print("go on with: " .. again) end
end

local function changer(verb)
  return function(given)
    if given.version then return change_version(given, verb) end
    return decide(given, verb == "approve")
  end
end

local function approval_spec(about)
  return { about = about, options = {
    { "reason", value = "TEXT", help = "kept with the decision" },
    { "by", value = "NAME", help = "who decides (the login name)" }, json_option },
    words = { { "subject", "GROUP|RUN|TOKEN" },
      { "version", "VERSION", kind = "integer", optional = true } } }
end

commands.approve = { run = changer("approve"), spec = approval_spec("Approves a model version (GROUP "
  .. "VERSION), or what a run waits for (its number or the token).") }
commands.reject = { run = changer("reject"), spec = approval_spec("Rejects a model version (GROUP "
  .. "VERSION), or what a run waits for (its number or the token).") }

return commands
