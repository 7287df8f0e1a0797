-- wf.cli.steps: why steps were executed, and what is different between two runs.
--
--   wf explain [RUN] [STEP] [--all] [--json]       wf diff RUN RUN [--json]
--
-- Of a run with many steps explain prints the first, those that did not succeed, and the last.

local cache = require "wf.cache"
local core = require "wf.core.step"
local json = require "wf.json"
local options = require "wf.options"
local pretty = require "wf.pretty"
local progress = require "wf.progress"
local records = require "wf.cli.records"
local state = require "wf.state"

local commands = {}

local json_option = { "json", help = "print JSON" }

-- The result that a step made or used; nil when it has none or it is not kept any more.
local function result_of(step)
  if not step.result then return nil end
  local ok, result = pcall(core.get_result, state.catalog(), step.result)
  return ok and result or nil
end

local function parts_of(result)
  return json.decode(result.parts_json or "[]")
end

-- ---- explain ------------------------------------------------------------------------------------

local function reason(step)
  if step.state == "Cached" then return "its key and all that it read were the same" end
  if step.kind == "action" then return "actions are always executed" end
  return step.why or step.message or ""
end

local function explained(step)
  local out = { step = step.name, state = step.state, kind = step.kind, why = reason(step),
    key = step.key }
  local result = result_of(step)
  if not result then return out end
  out.parts, out.reads = json.array {}, json.array {}
  for i, part in ipairs(parts_of(result)) do
    out.parts[i] = { kind = part[1], name = part[2], digest = part[3],
      value = part[4] ~= "" and part[4] or nil }
  end
  for i, read in ipairs(cache.trace(result).reads) do
    out.reads[i] = { kind = read[1], name = read[2], digest = read[3]:sub(1, 16),
      value = read[4] ~= "" and read[4] or nil }
  end
  return out
end

local function print_rows(title, list)
  if not list or #list == 0 then return end
  local rows = {}
  for i, entry in ipairs(list) do
    rows[i] = { entry.kind, entry.name, entry.digest, entry.value or "" }
  end
  print("  " .. title)
  print(pretty.columns(rows, "    "))
end

local function print_explained(entry)
  print(("%s  %s  %s"):format(progress.paint(entry.step, "bold"), entry.state, entry.why))
  if entry.key then print("  key " .. entry.key) end
  print_rows("made of", entry.parts)
  print_rows("read while it ran", entry.reads)
end

local function explain(given)
  local run = records.find_run(given.run)
  if given.json then
    return records.print_json_list(records.chosen_steps(run.id, given.step), explained)
  end
  if given.step then
    for step in records.chosen_steps(run.id, given.step) do print_explained(explained(step)) end
    return
  end
  records.print_steps(run, given.all, { "STEP", "STATE", "WHY" }, function(step)
    return { step.name, step.state, reason(step) }
  end)
end

commands.explain = {
  spec = { about = "Says why the steps of a run were executed; of one step, what its key is made of.",
    options = { { "all", help = "every step, however many there are" }, json_option },
    words = { { "run", "RUN", optional = true }, { "step", "STEP", optional = true } } },
  run = explain,
}

-- ---- diff ---------------------------------------------------------------------------------------

local function add(list, what, name, before, after)
  if before == after then return end
  list[#list + 1] = { what = what, name = name, before = before, after = after }
end

-- Every name of either table, sorted.
local function all_names(a, b)
  local names = {}
  for name in pairs(a) do names[name] = true end
  for name in pairs(b) do names[name] = true end
  return options.sorted_keys(names)
end

local function text_of(value)
  return value ~= nil and pretty.format(value) or nil
end

local function compare_tables(list, what, a, b)
  for _, name in ipairs(all_names(a or {}, b or {})) do
    add(list, what, name, text_of((a or {})[name]), text_of((b or {})[name]))
  end
end

local function steps_by_place(run)
  local steps = {}
  for _, step in ipairs(state.catalog():list_steps(run.id)) do
    steps[step.nth > 1 and ("%s #%d"):format(step.name, step.nth) or step.name] = step
  end
  return steps
end

-- Why the step of the second run is another one, in words.
local function compare_steps(list, name, a, b)
  if not a or not b then return add(list, "step", name, a and a.state, b and b.state) end
  local before, after = result_of(a), result_of(b)
  if not before or not after or before.id == after.id then return end
  local old, new = cache.trace(before).reads, {}
  for _, read in ipairs(cache.trace(after).reads) do new[read[1] .. " " .. read[2]] = read end
  local why = cache.compare(parts_of(before), parts_of(after))
  for _, read in ipairs(old) do
    local other = new[read[1] .. " " .. read[2]]
    if not why and other and other[3] ~= read[3] then why = ("%s %s changed"):format(read[1], read[2]) end
  end
  if why then list[#list + 1] = { what = "step", name = name, why = why } end
  if before.value ~= after.value then
    add(list, "value", name, core.digest(before.value):sub(1, 12), core.digest(after.value):sub(1, 12))
  end
end

local function diff(given)
  local a, b = records.find_run(given.before), records.find_run(given.after)
  local old, new = records.run(a), records.run(b)
  local list = json.array {}
  add(list, "state", "run", a.state, b.state)
  compare_tables(list, "parameter", old.params, new.params)
  compare_tables(list, "metric", old.outcome and old.outcome.metrics, new.outcome and new.outcome.metrics)
  local before, after = steps_by_place(a), steps_by_place(b)
  for _, name in ipairs(all_names(before, after)) do
    compare_steps(list, name, before[name], after[name])
  end
  if given.json then return records.print_json(list) end
  local rows = {}
  for i, entry in ipairs(list) do
    rows[i] = { entry.what, entry.name,
      entry.why or ("%s → %s"):format(entry.before or "none", entry.after or "none") }
  end
  records.print_table({ "WHAT", "NAME", "DIFFERENCE" }, rows, "the runs are the same")
end

commands.diff = {
  spec = { about = "Says what is different between two runs: parameters, metrics, steps, values.",
    options = { json_option }, words = { { "before", "RUN" }, { "after", "RUN" } } },
  run = diff,
}

return commands
