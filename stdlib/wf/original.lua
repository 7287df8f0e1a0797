-- wf.original: while a run is replayed, the state directory that it was recorded in.
--
--   original.open(directory, run_id)          -- this process replays that run
--   if original.is_open() then … end
--   original.at_step(name, nth)               -- the recorded step; from now on it is its moment
--   original.catalog(), original.store(), original.as_of()
--
-- A replay writes to a state directory of its own. What it reads of registry and endpoints is the
-- original's, as it was when the step that reads began.

local original = {}

local opened

function original.open(directory, run_id)
  opened = { directory = directory }
  opened.catalog = require("wf.core.catalog").open(directory .. "/catalog.db")
  opened.store = require("wf.core.store").open(directory .. "/objects")
  if not run_id then return end
  opened.run = opened.catalog:get_run(run_id)
  opened.as_of, opened.steps = opened.run.started_us, {}
  for _, step in ipairs(opened.catalog:list_steps(run_id)) do
    local place = step.name .. "\0" .. step.nth
    opened.steps[place] = opened.steps[place] or step
  end
end

function original.is_open()
  return opened ~= nil
end

function original.catalog()
  return opened.catalog
end

function original.store()
  return opened.store
end

function original.directory()
  return opened.directory
end

-- Microseconds: nothing that came later is to be seen.
function original.as_of()
  return opened.as_of
end

function original.at_step(name, nth)
  local step = opened.steps and opened.steps[name .. "\0" .. nth]
  if step then opened.as_of = step.kind == "action" and step.ended_us or step.started_us end
  return step
end

-- What a worker of this process needs to know; and taking it over there.
function original.describe()
  return opened and { directory = opened.directory, as_of = opened.as_of }
end

function original.adopt(description)
  if description then
    if not opened then original.open(description.directory) end
    opened.as_of = description.as_of
  end
end

return original
