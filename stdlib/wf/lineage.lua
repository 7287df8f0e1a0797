-- wf.lineage: what things were made from, and what was made from them.
--
--   local subject = lineage.find "fraud/3"       -- a version, run, file or digest
--   lineage.made_from(subject)                   -- trees: { {kind =, name =, …, children = { … }}, … }
--   lineage.made_of(subject)
--
-- Nothing is kept for this: keys, reads, results and versions say it all. A step was made from another
-- one when a wf object, table or long text that the other returned is in its key. Where several steps
-- of a run return the same, the first is where it comes from. A thing that is met again in a tree is
-- named again without its children.

local cache = require "wf.cache"
local core = require "wf.core.step"
local errors = require "wf.errors"
local json = require "wf.json"
local key = require "wf.core.key"
local origin = require "wf.origin"
local state = require "wf.state"
local sys = require "wf.core.sys"

local lineage = {}

-- Digests of parts of keys are kept so long.
local digits = 16

-- Shorter texts than this are equal by chance.
local telling_length = 32

-- ---- what a step made and needs -----------------------------------------------------------------

local function collect_outputs(value, out, seen)
  local kind = type(value)
  if kind == "userdata" then
    local met = {}
    local ok, digest = pcall(key.value, value, "value", met)
    if ok then out[digest:sub(1, digits)] = true end
    for object in pairs(met) do out[object] = true end
  elseif kind == "table" and not seen[value] then
    seen[value] = true
    local ok, digest = pcall(key.value, value)
    if ok and next(value) ~= nil then out[digest:sub(1, digits)] = true end
    for _, member in pairs(value) do collect_outputs(member, out, seen) end
  elseif kind == "string" and #value >= telling_length then
    out[key.value(value):sub(1, digits)] = true
  end
end

-- Digests by which other steps may know what the result holds.
local function outputs_of(result)
  local out = {}
  for _, digest in ipairs(json.decode(result.objects_json or "[]")) do out[digest] = true end
  local ok, values = pcall(cache.unpack, result, state.store())
  for i = 1, ok and values.n or 0 do collect_outputs(values[i], out, {}) end
  return out
end

local function needs_of(result)
  local needs = {}
  for _, object in ipairs(cache.trace(result).objects or {}) do needs[#needs + 1] = object end
  for _, read in ipairs(cache.trace(result).reads) do
    if read[1] == "file" then needs[#needs + 1] = read[3] end -- another step may have made it
  end
  for _, part in ipairs(json.decode(result.parts_json or "[]")) do
    if part[1] ~= "wf" and part[1] ~= "code" then needs[#needs + 1] = part[3] end
  end
  return needs
end

local loaded = {}

-- A run's steps that have a kept result, in their order: { step, result, sources = {entries},
-- uses = {entries} }.
local function load_run(run_id)
  if loaded[run_id] then return loaded[run_id] end
  local entries, makers = { directory = (origin.find(run_id) or {}).directory }, {}
  for _, step in ipairs(state.catalog():list_steps(run_id)) do
    local ok, result = pcall(core.get_result, state.catalog(), step.result or 0)
    local entry = { step = step, result = ok and result or nil, sources = {}, uses = {}, run = run_id }
    entries[#entries + 1] = entry
    if ok then
      local known = {}
      for _, need in ipairs(needs_of(result)) do
        local maker = makers[need]
        if maker and not known[maker] then
          known[maker] = true
          table.insert(entry.sources, maker)
          table.insert(maker.uses, entry)
        end
      end
      for output in pairs(outputs_of(result)) do makers[output] = makers[output] or entry end
    end
  end
  loaded[run_id] = entries
  return entries
end

local function entry_of(step)
  for _, entry in ipairs(load_run(step.run)) do
    if entry.step.id == step.id then return entry end
  end
end

-- ---- trees --------------------------------------------------------------------------------------

local function absolute(path, directory)
  return path:sub(1, 1) == "/" and path or (directory or ".") .. "/" .. path
end

-- What has become of a file since it was read: "same", "changed" or "gone".
local function file_now(path, digest)
  local ok, now = pcall(core.file_digest, state.catalog(), path)
  if digest == "absent" then return ok and now == "absent" and "same" or "changed" end
  if not ok or not now or now == "absent" then return "gone" end
  return now == digest and "same" or "changed"
end

local version_read, version_up

-- A file says whether it is still what was read; a read of the registry leads to the version.
local function read_node(read, entry, seen)
  local node = { kind = read[1], name = read[2], digest = read[3] ~= "" and read[3] or nil,
    value = read[4] ~= "" and read[4] or nil }
  if read[1] == "file" then
    node.now = file_now(absolute(read[2], load_run(entry.run).directory), read[3])
  end
  local version = read[1] == "registry" and version_read(read[2], entry.step.started_us)
  if version then node.children = json.array { version_up(version, seen) } end
  return node
end

local function step_node(entry)
  local made = entry.result and json.decode(entry.result.objects_json or "[]") or {}
  return { kind = entry.step.kind == "action" and "action" or "step", name = entry.step.name,
    run = entry.run, state = entry.step.state, at_us = entry.step.started_us,
    objects = #made > 0 and json.array(made) or nil }
end

-- The node with its children, or a mark that they have been given before.
local function grow(seen, identity, node, add_children)
  if seen[identity] then
    node.again = true
    return node
  end
  seen[identity] = true
  local children = json.array {}
  add_children(children)
  if #children > 0 then node.children = children end
  return node
end

local function entry_up(entry, seen)
  return grow(seen, "step " .. entry.step.id, step_node(entry), function(children)
    for _, source in ipairs(entry.sources) do children[#children + 1] = entry_up(source, seen) end
    for _, read in ipairs(entry.result and cache.trace(entry.result).reads or {}) do
      if read[1] ~= "clock" then children[#children + 1] = read_node(read, entry, seen) end
    end
  end)
end

local function version_name(version)
  return ("%s/%d"):format(version.group, version.version)
end

local function version_node(version)
  return { kind = "version", name = version_name(version), digest = version.digest,
    state = version.approval, run = version.run, at_us = version.created_us }
end

-- The action that registered the version, and the steps of its run that made its model.
function version_up(version, seen)
  return grow(seen, "version " .. version_name(version), version_node(version), function(children)
    if not version.run then return end
    for _, entry in ipairs(load_run(version.run)) do
      local objects = entry.result and entry.result.objects_json or ""
      if entry.step.kind ~= "action" and objects:find(version.digest, 1, true) then
        children[#children + 1] = entry_up(entry, seen)
        return
      end
    end
  end)
end

local entry_down

-- Versions with that package, except the one that is asked about.
local function add_versions(children, digests, seen, down)
  for _, version in ipairs(state.catalog():list_versions()) do
    if digests[version.digest] then children[#children + 1] = down(version, seen) end
  end
end

local function add_endpoints(children, version)
  for _, endpoint in ipairs(state.catalog():list_endpoints()) do
    if endpoint.digest == version.digest or endpoint.live_digest == version.digest then
      children[#children + 1] = { kind = "endpoint", name = endpoint.name, state = endpoint.state,
        digest = endpoint.digest }
    end
  end
end

-- The version that a step read of the registry under that name.
function version_read(name, at_us)
  local reader, group, detail = name:match("^(%a+) (%S*) ?(.*)$")
  if reader ~= "version" and reader ~= "approved" and reader ~= "baseline" then return nil end
  local number = reader == "version" and math.tointeger(tonumber(detail)) or 0
  for _, version in ipairs(state.catalog():list_versions(group)) do
    local approval
    for _, record in ipairs(state.catalog():list_approvals(group, version.version)) do
      if record.at_us <= at_us then approval = record.after end
    end
    local fits = number == 0 or version.version == number
    if approval and fits and (reader == "version" or approval == "Approved") then return version end
  end
end

-- The latest step that made or used the result.
local function latest_step(result)
  local steps = state.catalog():list_steps_with(result.id)
  return steps[#steps]
end

-- Steps that read the version from the registry.
local function add_readers(children, version, seen)
  for _, result in ipairs(core.search_results(state.catalog(), version.group)) do
    local step = latest_step(result)
    for _, read in ipairs(step and cache.trace(result).reads or {}) do
      local found = read[1] == "registry" and version_read(read[2], step.started_us)
      if found and found.group == version.group and found.version == version.version then
        children[#children + 1] = entry_down(entry_of(step), seen)
        break
      end
    end
  end
end

local function version_down(version, seen)
  return grow(seen, "version " .. version_name(version), version_node(version), function(children)
    add_endpoints(children, version)
    add_readers(children, version, seen)
  end)
end

function entry_down(entry, seen)
  return grow(seen, "step " .. entry.step.id, step_node(entry), function(children)
    for _, use in ipairs(entry.uses) do children[#children + 1] = entry_down(use, seen) end
    local digests = {}
    local made = entry.result and json.decode(entry.result.objects_json or "[]") or {}
    for _, digest in ipairs(made) do digests[digest] = true end
    if entry.step.kind ~= "action" then add_versions(children, digests, seen, version_down) end
  end)
end

-- ---- subjects -----------------------------------------------------------------------------------

local function find_version(text)
  local group, number = text:match("^(.-)/(%d+)$")
  local ok, version = pcall(function()
    return state.catalog():get_version(group or text, math.tointeger(tonumber(number or 0)), false)
  end)
  if ok then return { kind = "version", version = version, text = version_name(version) } end
end

local function find_run(text)
  if text ~= "last" and not text:match("^%d+$") then return nil end
  local run = require("wf.cli.records").find_run(text)
  return { kind = "run", run = run, text = ("run %d  %s"):format(run.id, run.name) }
end

-- Reads of that file, by its name or by what it holds now.
local function find_file(text)
  local wanted = absolute(text, sys.working_directory())
  local digest = sys.exists(text) and core.file_digest(state.catalog(), text) or nil
  local name, uses, known = text:match("[^/]*$"), {}, {}
  for _, needle in ipairs { name, digest } do
    for _, result in ipairs(#needle > 0 and core.search_results(state.catalog(), needle) or {}) do
      local step = not known[result.id] and latest_step(result)
      for _, read in ipairs(step and cache.trace(result).reads or {}) do
        local same = read[2] == text
          or absolute(read[2]:gsub("^%./", ""), load_run(step.run).directory) == wanted
        if read[1] == "file" and (same or read[3] == digest) then
          known[result.id] = true
          uses[#uses + 1] = { step = step, digest = read[3] }
          break
        end
      end
    end
  end
  if #uses == 0 and not digest then return nil end
  return { kind = "file", uses = uses, digest = digest, text = "file " .. text }
end

-- Whether one of the digests in the list begins so.
local function one_begins(list, text)
  for _, digest in ipairs(list) do
    if digest:sub(1, #text) == text then return true end
  end
  return false
end

-- A digest, or the beginning of one: of an object, a version's package, or a file that was read.
local function find_digest(text)
  if not text:match("^%x+$") or #text < 8 then return nil end
  for _, version in ipairs(state.catalog():list_versions()) do
    if one_begins({ version.digest }, text) then
      return { kind = "version", version = version, text = version_name(version) }
    end
  end
  local makers, uses = {}, {}
  for _, result in ipairs(core.search_results(state.catalog(), text)) do
    local step = latest_step(result)
    local needs = cache.trace(result).objects or {}
    if step and one_begins(json.decode(result.objects_json or "[]"), text) then makers[#makers + 1] = step end
    for _, read in ipairs(step and cache.trace(result).reads or {}) do
      if read[1] == "file" then needs[#needs + 1] = read[3] end
    end
    if step and one_begins(needs, text) then uses[#uses + 1] = { step = step } end
  end
  if #makers + #uses == 0 then return nil end
  return { kind = "object", makers = makers, uses = uses, text = "object " .. text }
end

-- What the text names: RUN, GROUP[/N], FILE or DIGEST.
function lineage.find(text)
  loaded = {}
  local subject = find_run(text) or find_version(text) or find_digest(text) or find_file(text)
  if subject then return subject end
  errors.raise { code = "not_found", message = ("'%s' is no run, version, file or digest that "
    .. "anything was made from or made of"):format(text) }
end

local function trees(list, make)
  local out, seen = json.array {}, {}
  for i, item in ipairs(list) do out[i] = make(item, seen) end
  return out
end

-- Steps whose value no other step of the run needs.
local function last_entries(run_id)
  local list = {}
  for _, entry in ipairs(load_run(run_id)) do
    if #entry.uses == 0 and (entry.result or entry.step.kind == "action") then list[#list + 1] = entry end
  end
  return list
end

local function step_entries(steps)
  local list = {}
  for i, step in ipairs(steps) do list[i] = entry_of(step) end
  return list
end

function lineage.made_from(subject)
  if subject.kind == "version" then return version_up(subject.version, {}).children or json.array {} end
  if subject.kind == "run" then return trees(last_entries(subject.run.id), entry_up) end
  if subject.kind == "object" then return trees(step_entries(subject.makers), entry_up) end
  return json.array {}
end

local function using_steps(uses)
  local steps = {}
  for i, use in ipairs(uses) do steps[i] = use.step end
  return step_entries(steps)
end

-- Versions that the run registered.
local function versions_of(run_id)
  local list = {}
  for _, version in ipairs(state.catalog():list_versions()) do
    if version.run == run_id then list[#list + 1] = version end
  end
  return list
end

function lineage.made_of(subject)
  if subject.kind == "version" then return version_down(subject.version, {}).children or json.array {} end
  if subject.kind == "run" then return trees(versions_of(subject.run.id), version_down) end
  return trees(using_steps(subject.uses), entry_down)
end

return lineage
