-- wf.cache: results of steps, found again by what the steps depend on.
--
--   local keyed = cache.key(fn, table.pack(...))      -- keyed.key, keyed.parts
--   local hit, others, expired = cache.find(keyed, run)   -- a result whose reads still hold, or nil
--   local values, problem = cache.load(hit)
--   cache.why(run, name, nth, keyed, others, expired)     -- "captured k 5 → 6"
--   local result, note = cache.make(keyed, step, values, recorder)
--
-- The key is a digest of the function's code, what it captures, the globals it reads, its arguments
-- and wf's version: see wf.core.key for what of a value counts. What it reads while it runs is not
-- known beforehand: results of one key are told apart by that, and the newest that holds is used.

local artifact = require "wf.artifact"
local core = require "wf.core.step"
local errors = require "wf.errors"
local json = require "wf.json"
local key = require "wf.core.key"
local state = require "wf.state"
local pretty = require "wf.pretty"
local sys = require "wf.core.sys"
local trace = require "wf.trace"

local cache = {}

-- Part of every key: a change of what keys or stored values mean makes all of them new.
local format = "wf step 1"

-- Encoded values up to this size are kept in the catalog, larger ones in the store.
local most_inline = 16384

local version = sys.version()

-- ---- keys ---------------------------------------------------------------------------------------

-- {key, parts, objects, mutable}; parts are JSON: [kind, name, digest, text] of each, what is named
-- first comes first; objects are the digests of the wf objects that it depends on; mutable: the step
-- could change something of it.
function cache.key(fn, arguments)
  local digest, parts, objects, mutable = key.step(fn, arguments, format, version)
  return { key = digest, parts = parts, objects = objects, mutable = mutable }
end

-- ---- finding ------------------------------------------------------------------------------------

local untraced = { reads = {}, effects = {} }

local function trace_of(result)
  if not result.trace then
    result.trace = result.trace_json and json.decode(result.trace_json) or untraced
  end
  return result.trace
end

local function first_changed(result, run)
  for _, read in ipairs(trace_of(result).reads) do
    local holds, text = trace.holds(read, run)
    if not holds then return read, text end
  end
end

-- Clocks are set back; by how much a result from a time to come is too old, nobody knows.
local largest_skew_us = 60 * 1000000

local function is_young(result, max_age)
  if not max_age then return true end
  local age = sys.now_us() - result.created_us
  return age < max_age * 1e6 and age > -largest_skew_us
end

-- The newest result of that key whose reads hold and that is not older than `max_age` seconds; or nil,
-- the other ones, and whether one of them is too old.
function cache.find(keyed, run, max_age)
  local results = core.find_results(state.catalog(), keyed.key)
  local expired = false
  for i = 1, #results do
    if not is_young(results[i], max_age) then
      expired = true
    elseif not first_changed(results[i], run) then
      return results[i]
    end
  end
  return nil, results, expired
end

-- The latest result of a step of that name, whatever its key.
function cache.latest(run_name, step_name, nth)
  return core.latest_result(state.catalog(), run_name, step_name, nth)
end

-- The values of a result whose objects are in that store.
function cache.unpack(result, store)
  local bytes = result.stored and store:get(result.value) or result.value
  return artifact.decode(bytes, false, store)
end

-- The values, packed, and what is reported besides; or nil and why they cannot be had.
function cache.load(result)
  local ok, values = pcall(function()
    local unpacked = cache.unpack(result, state.store())
    if trace_of(result).files then require("wf.files").restore(unpacked) end
    return unpacked
  end)
  if ok then return values end
  local e = errors.wrap(values)
  if e.code ~= "corrupt" and e.code ~= "not_found" then error(e, 0) end
  core.forget_result(state.catalog(), result.id)
  return nil, e.message
end

-- { reads, effects, objects, files, summary } of a result; objects: the wf objects that its key was
-- made of; files: its value has some that are put back when it is used; summary: of a value with wf
-- objects, which need not be read for it.
function cache.trace(result)
  return trace_of(result)
end

-- ---- why ----------------------------------------------------------------------------------------

local labels = { wf = "wf", captured = "captured %s", global = "global %s",
  argument = "argument %s" }

local function describe_part(old, new)
  local what = (labels[new[1]] or new[1]):format(new[2])
  if old[4] ~= "" and new[4] ~= "" and old[4] ~= new[4] then
    return ("%s %s → %s"):format(what, old[4], new[4])
  end
  return what .. " changed"
end

local function index_parts(parts)
  local index = {}
  for _, part in ipairs(parts) do index[part[1] .. "\0" .. part[2]] = part end
  return index
end

-- The first part that differs, in words; nil when none does.
function cache.compare(old_parts, new_parts)
  local old = index_parts(old_parts)
  for _, part in ipairs(new_parts) do
    local before = old[part[1] .. "\0" .. part[2]]
    if not before then return ("%s is new"):format((labels[part[1]] or part[1]):format(part[2])) end
    if before[3] ~= part[3] then return describe_part(before, part) end
  end
  local new = index_parts(new_parts)
  for _, part in ipairs(old_parts) do
    if not new[part[1] .. "\0" .. part[2]] then
      return ("%s is gone"):format((labels[part[1]] or part[1]):format(part[2]))
    end
  end
end

-- The latest result of the step in an earlier run; in the first run of a name there can be none.
local function earlier(run, name, nth)
  if run.has_earlier == nil then
    run.has_earlier = run.plan or state.catalog():has_other_run(run.id, run.name)
  end
  return run.has_earlier and cache.latest(run.name, name, nth)
end

-- Why there is no result to use; `others` and `expired` are cache.find's.
function cache.why(run, name, nth, keyed, others, expired)
  if expired then return "its result is too old" end
  local before = earlier(run, name, nth) or others[1]
  if not before then return "first run" end
  local difference = cache.compare(json.decode(before.parts_json or "[]"), json.decode(keyed.parts))
  if difference then return difference end
  local read, text = first_changed(before, run)
  if read then return trace.describe(read, text) end
  return "its result is gone"
end

-- ---- keeping ------------------------------------------------------------------------------------

-- What the step depends on and has changed, in words; nil when it has changed nothing.
local function changed_capture(keyed, step)
  if not keyed.mutable then return nil end
  local ok, after = pcall(cache.key, step.fn, step.arguments)
  if ok and after.key == keyed.key then return nil end
  local before = json.decode(keyed.parts)
  for i, part in ipairs(ok and json.decode(after.parts) or {}) do
    if not before[i] or before[i][3] ~= part[3] then
      return (labels[part[1]] or part[1]):format(part[2])
    end
  end
  return "what it captures"
end

-- Why a result must not be kept; nil when it may.
local function problem_of(keyed, step, recorder)
  if recorder.problem then return recorder.problem end
  local changed = changed_capture(keyed, step)
  if changed then return ("it changes %s"):format(changed) end
  local file = trace.changed_file(recorder)
  return file and ("%s changed while it ran"):format(file)
end

local function list_of(items)
  return json.array(table.move(items, 1, #items, 1, {}))
end

-- The values as a result of that key, and whether files are restored with them.
function cache.pack(result_key, values)
  local bytes, objects, restoring = artifact.encode(values, "")
  local result = { key = result_key, value = bytes, stored = #bytes > most_inline }
  if result.stored then
    result.value = state.store():put(bytes)
    objects[#objects + 1] = result.value
  end
  if #objects > 0 then result.objects_json = json.encode(objects) end
  return result, restoring
end

-- Errors that say that a value cannot be kept, not that keeping it failed.
local unkept = { busy = true, limit = true, type = true }

-- What wf.core.step.finish keeps of an executed step {fn, arguments}: its result; or nil and why there
-- is none.
function cache.make(keyed, step, values, recorder)
  local problem = problem_of(keyed, step, recorder)
  if problem then return nil, problem end
  local ok, result, restoring = pcall(cache.pack, keyed.key, values)
  if not ok then
    local e = errors.wrap(result)
    if unkept[e.code] then return nil, (e.message:gsub("^'%.?", "'")) end
    error(e, 0)
  end
  result.parts_json = keyed.parts
  if #recorder.reads > 0 or #recorder.effects > 0 or keyed.objects or result.objects_json then
    result.trace_json = json.encode { reads = list_of(recorder.reads),
      effects = list_of(recorder.effects), objects = keyed.objects and list_of(keyed.objects),
      files = restoring or nil,
      summary = result.objects_json and pretty.summarise_all(values) or nil }
  end
  return result
end

return cache
