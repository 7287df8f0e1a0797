-- wf.cli.models: the model registry.
--
--   wf models [GROUP] [--json]      wf approve GROUP VERSION [--reason TEXT]      wf reject …

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

local function changer(verb)
  return function(given)
    local version = registry[verb](given.group, given.version,
      { by = given.by, reason = given.reason })
    if given.json then return records.print_json(records.version(version)) end
    print(tostring(version))
  end
end

local function approval_spec(about)
  return { about = about, options = {
    { "reason", value = "TEXT", help = "kept with the transition" },
    { "by", value = "NAME", help = "who decides (the login name)" }, json_option },
    words = { { "group", "GROUP" }, { "version", "VERSION", kind = "integer" } } }
end

commands.approve = { spec = approval_spec("Approves a model version."), run = changer("approve") }
commands.reject = { spec = approval_spec("Rejects a model version."), run = changer("reject") }

return commands
