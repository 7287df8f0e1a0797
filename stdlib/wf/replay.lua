-- wf.replay: two executions of one run, compared step by step.
--
--   local found = replay.compare(catalog, run, other_catalog, again)
--   found.differences            -- { { step =, nth =, difference = "file claims.csv changed" }, … }
--   found.same, found.unkept, found.actions
--
-- Steps are matched by name and place. What is compared is what a step depends on (the parts of its
-- key), what it read, the numbers it reported, how it ended, and the value it made, in this order:
-- the first difference is the cause.

local cache = require "wf.cache"
local core = require "wf.core.step"
local json = require "wf.json"
local options = require "wf.options"
local trace = require "wf.trace"

local replay = {}

local function result_of(catalog, step)
  if not step.result then return nil end
  local ok, result = pcall(core.get_result, catalog, step.result)
  return ok and result or nil
end

local function index_reads(result)
  local index = {}
  for _, read in ipairs(cache.trace(result).reads) do index[read[1] .. "\0" .. read[2]] = read end
  return index
end

local function compare_reads(before, after)
  local now = index_reads(after)
  for _, read in ipairs(cache.trace(before).reads) do
    local other = now[read[1] .. "\0" .. read[2]]
    if not other then return ("it does not read %s %s any more"):format(read[1], read[2]) end
    if other[3] ~= read[3] then return trace.describe(read, other[4] ~= "" and other[4] or nil) end
  end
  local then_read = index_reads(before)
  for _, read in ipairs(cache.trace(after).reads) do
    if not then_read[read[1] .. "\0" .. read[2]] then
      return ("it reads %s %s, which it did not"):format(read[1], read[2])
    end
  end
end

local function metrics_of(record)
  local outcome = record.outcome_json and json.decode(record.outcome_json) or {}
  return outcome.metrics or {}
end

local function compare_metrics(before, after)
  local old, new = metrics_of(before), metrics_of(after)
  for _, name in ipairs(options.sorted_keys(old)) do
    if new[name] ~= old[name] then
      return ("metric %s %s → %s"):format(name, tostring(old[name]), tostring(new[name]))
    end
  end
end

local function reads_clock(result)
  for _, read in ipairs(cache.trace(result).reads) do
    if read[1] == "clock" then return true end
  end
  return false
end

local function digest_of(result)
  return result.stored and result.value or core.digest(result.value)
end

local function compare_values(before, after)
  if before.stored == after.stored and before.value == after.value then return nil end
  return ("its value %s → %s%s"):format(digest_of(before):sub(1, 12), digest_of(after):sub(1, 12),
    reads_clock(before) and " (it reads the clock)" or "")
end

local function compare_results(before, after)
  return cache.compare(json.decode(before.parts_json or "[]"), json.decode(after.parts_json or "[]"))
    or compare_reads(before, after) or compare_values(before, after)
end

local function made(step)
  return step.state == "Cached" and "Succeeded" or step.state
end

-- The difference of two executions of a step in words, and whether their values could be compared.
local function compare_step(catalog, step, other_catalog, other)
  if not other then return "it was not reached" end
  local before, after = result_of(catalog, step), result_of(other_catalog, other)
  local difference = before and after and compare_results(before, after)
  if not difference and made(step) ~= made(other) then
    difference = ("%s → %s: %s"):format(made(step), made(other), other.message or "")
  end
  if not difference and before and not after then difference = "it made nothing that can be kept" end
  return difference or compare_metrics(step, other), before ~= nil
end

-- Steps by name and place, in lists: steps inside of steps in workers are not numbered apart.
local function by_place(steps)
  local index = {}
  for _, step in ipairs(steps) do
    local place = step.name .. "\0" .. step.nth
    index[place] = index[place] or {}
    table.insert(index[place], step)
  end
  return index
end

-- The execution of the step in the other run, of several the one with the same key.
local function take_match(index, step)
  local list = index[step.name .. "\0" .. step.nth] or {}
  for i, other in ipairs(list) do
    if other.key == step.key then return table.remove(list, i) end
  end
  return table.remove(list, 1)
end

local function compare_runs(found, run, again)
  if not again then
    table.insert(found.differences, { difference = "the script did not start it again" })
  elseif again.params_json ~= run.params_json then
    table.insert(found.differences, { difference = ("its parameters were %s, are %s"):format(
      run.params_json, again.params_json) })
  end
end

function replay.compare(catalog, run, other_catalog, again)
  local found = { differences = {}, same = 0, unkept = 0, actions = 0 }
  compare_runs(found, run, again)
  local others = by_place(again and other_catalog:list_steps(again.id) or {})
  for _, step in ipairs(catalog:list_steps(run.id)) do
    if step.kind == "action" then
      found.actions = found.actions + 1
    elseif step.state ~= "Stopped" then
      local difference, compared = compare_step(catalog, step, other_catalog, take_match(others, step))
      if difference then
        table.insert(found.differences, { step = step.name, nth = step.nth, difference = difference })
      else
        found.same = found.same + 1
        if not compared and step.state ~= "Skipped" and step.kind ~= "approval" then found.unkept = found.unkept + 1 end
      end
    end
  end
  return found
end

return replay
