-- wf.cli.records: catalog records as plain tables for JSON, and tables for people.
--
--   records.print_json(records.run(record))
--   for step in records.each_step(run.id) do … end           -- however many there are
--   records.print_table({ "ID", "NAME" }, { { "1", "train" } })
--
-- Times are ISO 8601 in UTC, JSON texts become values, absent fields are left out.

local json = require "wf.json"
local pretty = require "wf.pretty"
local state = require "wf.state"

local records = {}

local function decoded(text)
  if not text or text == "" then return nil end
  return json.decode(text)
end

local function seconds(record)
  if not record.ended_us or record.ended_us == 0 then return nil end
  return (record.ended_us - record.started_us) / 1e6
end

function records.step(record)
  return { id = record.id, name = record.name, kind = record.kind, state = record.state,
    message = record.message, outcome = decoded(record.outcome_json), log = record.log_path,
    key = record.key, why = record.why, result = record.result, started_at = pretty.time(record.started_us),
    ended_at = pretty.time(record.ended_us), seconds = seconds(record) }
end

-- State and message of a run as they are now: one that has waited for an approval shows the decision.
function records.standing(record)
  if record.state == "AwaitingApproval" then
    local now, message = require("wf.approval").outcome(record)
    if now then return now, message end
  end
  return record.state, record.message
end

function records.run(record)
  local now, message = records.standing(record)
  return { id = record.id, name = record.name, script = record.script, state = now,
    message = message, params = decoded(record.params_json),
    outcome = decoded(record.outcome_json), pid = record.pid,
    started_at = pretty.time(record.started_us), ended_at = pretty.time(record.ended_us),
    seconds = seconds(record) }
end

function records.version(version)
  return { group = version.group, version = version.number, digest = version.digest,
    approval = version.approval, approved_by = version.approved_by,
    approval_reason = version.approval_reason, approved_at = version.approved_at,
    description = version.description, metrics = next(version.metrics) and version.metrics or nil,
    run = version.run ~= 0 and version.run or nil, step = version.step ~= 0 and version.step or nil,
    created_at = version.created_at, history = version:history() }
end

function records.endpoint(record, server)
  local url = server
    and ("http://127.0.0.1:%d/endpoints/%s/invocations"):format(server.port, record.name)
  return { name = record.name, state = record.state, message = record.message,
    group = record.group, version = record.version ~= 0 and record.version or nil,
    digest = record.digest, live_digest = record.live_digest, generation = record.generation,
    created_at = pretty.time(record.created_us), updated_at = pretty.time(record.updated_us),
    url = url or nil }
end

-- ---- printing -----------------------------------------------------------------------------------

function records.print_json(value)
  print(json.encode(value, { indent = 2 }))
end

-- Prints the items that the iterator gives as the inside of a list, one at a time. What is printed before
-- it must end with the list's bracket.
local function print_items(each, convert, indent)
  local before
  for item in each do
    if before then print(before .. ",") end
    before = indent .. json.encode(convert(item), { indent = 2 }):gsub("\n", "\n" .. indent)
  end
  if before then print(before) end
end

-- A list of what an iterator gives, which need not fit into memory.
function records.print_json_list(each, convert)
  print("[")
  print_items(each, convert, "  ")
  print("]")
end

-- An object whose field `name` is such a list.
function records.print_json_with_list(object, name, each, convert)
  object[name] = json.array {}
  local text, field = json.encode(object, { indent = 2 }), ("\n  \"%s\": ["):format(name)
  local _, at = text:find(field, 1, true)
  print(text:sub(1, at))
  print_items(each, convert, "    ")
  print("  " .. text:sub(at + 1))
end

-- A list for JSON, empty or not.
function records.list(items, convert, ...)
  local list = json.array {}
  for i, item in ipairs(items) do list[i] = convert(item, ...) end
  return list
end

function records.print_table(header, rows, none)
  if #rows == 0 then return print(none) end
  print(pretty.columns { header, table.unpack(rows) })
end

-- "2026-01-31 12:00:00" in local time.
function records.local_time(us)
  if not us or us == 0 then return "" end
  return os.date("%Y-%m-%d %H:%M:%S", us // 1000000)
end

function records.duration(record)
  local taken = seconds(record)
  return taken and pretty.duration(taken) or ""
end

-- A run by its number or "last".
function records.find_run(text)
  local errors = require "wf.errors"
  local catalog = state.catalog()
  if text == nil or text == "last" then
    local latest = catalog:list_runs(1)[1]
    return latest or errors.raise { code = "not_found", message = "there are no runs yet" }
  end
  local id = text:match("^%d+$") and math.tointeger(tonumber(text))
  if not id then
    errors.raise { code = "usage", message = ("'%s' is not a run's number or 'last'"):format(text) }
  end
  return catalog:get_run(id)
end

-- ---- steps --------------------------------------------------------------------------------------

-- So many are read at once.
local page = 500

-- The steps of a run in order, with their places; `name` (may be nil): only those of that name, without.
function records.each_step(run, name)
  local steps, i, place, last = {}, 0, 0, 0
  return function()
    i = i + 1
    if i > #steps then
      steps, i = state.catalog():list_steps(run, { name = name, after = last, limit = page }), 1
      if #steps == 0 then return nil end
      last = steps[#steps].id
    end
    place = place + 1
    if not name then steps[i].place = place end
    return steps[i]
  end
end

local function refuse_step(run, wanted)
  local errors, options = require "wf.errors", require "wf.options"
  local names, met = {}, {}
  for _, step in ipairs(state.catalog():list_steps(run, { limit = page })) do
    if not met[step.name] then names[#names + 1], met[step.name] = step.name, true end
  end
  table.sort(names)
  errors.raise { code = "not_found", message = options.unknown("step", wanted, names) }
end

-- The steps that a person means: those of that name, else the one at that place; nil: all.
function records.chosen_steps(run, wanted)
  if not wanted then return records.each_step(run) end
  local named = state.catalog():list_steps(run, { name = wanted, limit = 1 })
  if #named > 0 then return records.each_step(run, wanted) end
  local place = wanted:match("^%d+$") and math.tointeger(tonumber(wanted))
  local one = place and place > 0 and state.catalog():list_steps(run, { skip = place - 1, limit = 1 })[1]
  if not one then refuse_step(run, wanted) end
  return function()
    local step = one
    one = nil
    return step
  end
end

-- ---- steps for people ---------------------------------------------------------------------------

-- So many steps are printed all; of more, so many from each part.
local most_steps, part = 60, 10

-- The steps with their places in the run; one without was not counted up to.
local function numbered(steps, first)
  for i, step in ipairs(steps) do step.place = first + i - 1 end
  return steps
end

local function reversed(list)
  local out = {}
  for i = #list, 1, -1 do out[#out + 1] = list[i] end
  return out
end

local function counted(counts)
  local texts = {}
  for _, name in ipairs(require("wf.options").sorted_keys(counts)) do
    texts[#texts + 1] = counts[name] .. " " .. name:lower()
  end
  return table.concat(texts, ", ")
end

-- The first, the last, and between them those that did not succeed.
local function some_steps(run, total)
  local catalog = state.catalog()
  local first = numbered(catalog:list_steps(run, { limit = part }), 1)
  local last = reversed(catalog:list_steps(run, { limit = part, newest_first = true }))
  numbered(last, total - #last + 1)
  local steps, after, before = first, first[#first].id, last[1].id
  for _, step in ipairs(catalog:list_steps(run, { limit = 3 * part, unusual = true, after = after })) do
    if step.id < before then steps[#steps + 1] = step end
  end
  return table.move(last, 1, #last, #steps + 1, steps)
end

-- Prints a row for each step, or for some of many unless `all`; `title` (may be nil) is printed before
-- all of them. Columns are as wide as the texts of the rows that are printed together.
function records.print_steps(run, all, header, row_of, title)
  local counts, total = state.catalog():count_steps(run.id)
  if total == 0 then return print(title or "the run has no steps") end
  local rows = { header }
  if all or total <= most_steps then
    if title then print(title) end
    for step in records.each_step(run.id) do
      rows[#rows + 1] = row_of(step)
      if #rows > 2 * page then
        print(pretty.columns(rows, title and "  "))
        rows = {}
      end
    end
  else
    print(("steps: %s; these are the first, the last, and any that did not succeed (--all: all %d)")
      :format(counted(counts), total))
    for _, step in ipairs(some_steps(run.id, total)) do rows[#rows + 1] = row_of(step) end
  end
  if #rows > 0 then print(pretty.columns(rows, title and "  ")) end
end

return records
