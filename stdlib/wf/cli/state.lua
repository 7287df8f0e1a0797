-- wf.cli.state: what the state directory holds.
--
--   wf verify [--json]        wf gc [--older 30d] [--dry-run] [--json]        wf du [--json]
--   wf pin [RUN | GROUP/N] [--remove] [--json]
--
-- gc keeps every object that a kept result, a registered version or an endpoint needs. With --older
-- it forgets results that were made before then first, and the scripts of older runs: they cannot be
-- replayed any more. Objects younger than an hour stay: a run of
-- this moment may be about to refer to them.

local core = require "wf.core.step"
local errors = require "wf.errors"
local json = require "wf.json"
local origin = require "wf.origin"
local pretty = require "wf.pretty"
local records = require "wf.cli.records"
local state = require "wf.state"
local steprules = require "wf.steprules"
local sys = require "wf.core.sys"

local commands = {}

local json_option = { "json", help = "print JSON" }

local young_seconds = 3600

-- Calls visit(digest, path) for every stored object in the order of their names.
local function each_object(visit)
  local root = state.directory() .. "/objects"
  if not sys.exists(root) then return end
  for _, shard in ipairs(sys.list_directory(root)) do
    if shard:match("^%x%x$") then
      for _, file in ipairs(sys.list_directory(root .. "/" .. shard)) do
        visit(shard .. file, ("%s/%s/%s"):format(root, shard, file))
      end
    end
  end
end

-- Size and seconds since the last change of a file.
local function measure(path)
  local identity = core.identity(path)
  if not identity then return 0, 0 end
  local size, changed = identity:match("^%x+%.%x+%.(%x+)%.(%x+)")
  return tonumber(size, 16), sys.now_us() / 1e6 - tonumber(changed, 16) / 1e9
end

-- Runs that are pinned, by number.
local function pinned_runs()
  local pinned = {}
  for _, event in ipairs(state.catalog():list_events("pins")) do
    pinned[json.decode(event.detail_json).run] = event.kind == "pin.added" and event or nil
  end
  return pinned
end

-- The scripts of runs since that moment: what `wf replay` needs.
local function add_scripts(needed, since_us)
  local pinned = pinned_runs()
  for _, run in ipairs(state.catalog():list_runs(0)) do
    if run.started_us >= since_us or pinned[run.id] then
      local start = origin.find(run.id)
      if start then needed[start.script] = "run " .. run.id end
    end
  end
end

-- { digest = what needs it } of everything that must stay, or must since that moment.
local function needed_objects(since_us)
  local needed = {}
  add_scripts(needed, since_us or 0)
  for _, result in ipairs(core.list_results(state.catalog())) do
    for _, digest in ipairs(json.decode(result.objects_json or "[]")) do
      needed[digest] = "result " .. result.id
    end
  end
  for _, version in ipairs(state.catalog():list_versions()) do
    needed[version.digest] = ("version %s/%d"):format(version.group, version.version)
  end
  for _, endpoint in ipairs(state.catalog():list_endpoints()) do
    needed[endpoint.digest] = "endpoint " .. endpoint.name
    if endpoint.live_digest then needed[endpoint.live_digest] = "endpoint " .. endpoint.name end
  end
  return needed
end

-- ---- verify -------------------------------------------------------------------------------------

local function verify(given)
  local problems, count = json.array {}, 0
  local function add(message) problems[#problems + 1] = message end
  local sound, e = pcall(function() state.catalog():verify() end)
  if not sound then add(tostring(e)) end
  local there = {}
  each_object(function(digest)
    count = count + 1
    local ok, problem = pcall(function() return #state.store():get(digest) end)
    if ok then there[digest] = true else add(tostring(problem)) end
  end)
  local needed = needed_objects()
  for _, digest in ipairs(require("wf.options").sorted_keys(needed)) do
    if not there[digest] then add(("object %s is missing or damaged; %s needs it"):format(digest, needed[digest])) end
  end
  if given.json then
    records.print_json { objects = count, problems = problems }
  else
    for _, problem in ipairs(problems) do print(problem) end
    print(("%d objects, %d problem%s"):format(count, #problems, #problems == 1 and "" or "s"))
  end
  return #problems == 0 and 0 or 1
end

commands.verify = {
  spec = { about = "Reads the whole state directory and tells what is damaged or missing.",
    options = { json_option } },
  run = verify,
}

-- ---- gc -----------------------------------------------------------------------------------------

-- Results that steps of pinned runs made or used.
local function pinned_results()
  local pinned = {}
  for run in pairs(pinned_runs()) do
    for _, step in ipairs(state.catalog():list_steps(run)) do pinned[step.result or 0] = true end
  end
  return pinned
end

local function forget_results(before, dry_run)
  local forgotten, pinned = 0, pinned_results()
  for _, result in ipairs(core.list_results(state.catalog())) do
    if result.created_us < before and not pinned[result.id] then
      forgotten = forgotten + 1
      if not dry_run then core.forget_result(state.catalog(), result.id) end
    end
  end
  return forgotten
end

local function gc(given)
  local before = given.older
    and sys.now_us() - math.floor(steprules.duration("gc: --older", given.older) * 1e6) or 0
  local forgotten = forget_results(before, given["dry-run"])
  local needed, removed, bytes = needed_objects(before), 0, 0
  each_object(function(digest, path)
    local size, age = measure(path)
    if needed[digest] or age < young_seconds then return end
    removed, bytes = removed + 1, bytes + size
    if not given["dry-run"] then os.remove(path) end
  end)
  if given.json then
    return records.print_json { results = forgotten, objects = removed, bytes = bytes }
  end
  print(("%s %d results, %d objects, %.1f MiB"):format(given["dry-run"] and "would remove"
    or "removed", forgotten, removed, bytes / 1048576))
end

commands.gc = {
  spec = { about = "Removes stored objects that nothing needs.",
    options = { { "older", value = "AGE", help = "forget results older than this first (30d, 12h)" },
      { "dry-run", help = "remove nothing, say what would be removed" }, json_option } },
  run = gc,
}

-- ---- pin ----------------------------------------------------------------------------------------

local function list_pins(as_json)
  local pinned, list, rows = pinned_runs(), json.array {}, {}
  for _, run in ipairs(state.catalog():list_runs(0)) do
    local event = pinned[run.id]
    if event then
      list[#list + 1] = { run = run.id, name = run.name, by = event.who, at = pretty.time(event.at_us) }
      rows[#rows + 1] = { tostring(run.id), run.name, event.who or "", records.local_time(event.at_us) }
    end
  end
  if as_json then return records.print_json(list) end
  records.print_table({ "RUN", "NAME", "BY", "SINCE" }, rows, "no run is pinned")
end

-- A run, or the one that registered GROUP/N.
local function run_of(text)
  local group, number = text:match("^(.+)/(%d+)$")
  if not group then return records.find_run(text) end
  local version = state.catalog():get_version(group, math.tointeger(tonumber(number)), false)
  if version.run then return state.catalog():get_run(version.run) end
  errors.raise { code = "not_found", message = ("%s was not registered by a run"):format(text) }
end

local function pin(given)
  if not given.subject then return list_pins(given.json) end
  local run = run_of(given.subject)
  state.catalog():add_event(given.remove and "pin.removed" or "pin.added", "pins", state.user(),
    json.encode { run = run.id })
  if given.json then return list_pins(true) end
  print(("run %d  %s  %s"):format(run.id, run.name, given.remove and "is not pinned any more" or "is pinned"))
end

commands.pin = {
  spec = { about = "Keeps all that a run's steps made, and its script, whatever wf gc removes. Lists the "
      .. "pinned runs\nwithout one; GROUP/N is the run that registered the version.",
    options = { { "remove", help = "keep it no longer" }, json_option },
    words = { { "subject", "RUN|GROUP/N", optional = true } } },
  run = pin,
}

-- ---- du -----------------------------------------------------------------------------------------

local function du(given)
  local needed, out = needed_objects(), { objects = 0, bytes = 0, unneeded = 0, unneeded_bytes = 0 }
  each_object(function(digest, path)
    local size = measure(path)
    out.objects, out.bytes = out.objects + 1, out.bytes + size
    if not needed[digest] then
      out.unneeded, out.unneeded_bytes = out.unneeded + 1, out.unneeded_bytes + size
    end
  end)
  out.catalog_bytes = measure(state.directory() .. "/catalog.db")
  out.results = #core.list_results(state.catalog())
  if given.json then return records.print_json(out) end
  records.print_table({ "WHAT", "COUNT", "MiB" }, {
    { "objects", tostring(out.objects), ("%.1f"):format(out.bytes / 1048576) },
    { "  nothing needs", tostring(out.unneeded), ("%.1f"):format(out.unneeded_bytes / 1048576) },
    { "catalog", tostring(out.results) .. " results", ("%.1f"):format(out.catalog_bytes / 1048576) },
  })
end

commands.du = {
  spec = { about = "Says how much the state directory holds.", options = { json_option } },
  run = du,
}

return commands
