-- wf.once: processes that share a state directory compute a key once.
--
--   local mine = once.take(key)       -- false: another process computes it, or another step of this one
--   mine = once.wait(key, run)        -- until it is ours; false: waiting could be for ever
--   once.release(key)
--
-- Who computes a step holds its key until the step is recorded; whoever needs the same key meanwhile
-- waits and then finds the result. A process that ends lets go of its keys (wf.core.claim).
--
-- No circle of processes waits: the keys of the steps around a nested one are marked before it waits,
-- and a nested step does not wait for a marked key, it computes it too. Of the members of a circle the
-- one that looks last would find every other's mark. A step that is in no other holds nothing that
-- anybody waits for, and always waits; steps in workers go on meanwhile.

local claim = require "wf.core.claim"
local executor = require "wf.executor"
local state = require "wf.state"

local once = {}

local opened

-- Keys that this process holds, with what they are held for; and those that are marked, counted.
local held, marked = {}, {}

-- Keys of the steps that the process which sent this one's work is in.
local inherited = {}

local function claims()
  opened = opened or claim.open(state.directory() .. "/claims")
  return opened
end

function once.take(key)
  if held[key] or not claims():take(key) then return false end
  held[key] = true
  return true
end

function once.release(key)
  if not held[key] then return end
  held[key] = nil
  claims():release(key)
end

-- ---- waiting ------------------------------------------------------------------------------------

-- The keys of the steps around what the run executes now, those in other processes included.
function once.chain(run)
  local keys = table.move(inherited, 1, #inherited, 1, {})
  for _, step in ipairs(run.stack) do
    if step.keyed then keys[#keys + 1] = step.keyed.key end
  end
  return keys
end

-- The work of this process is a part of the steps with these keys.
function once.inherit(keys)
  inherited = keys
end

local function mark(keys)
  for _, key in ipairs(keys) do
    marked[key] = (marked[key] or 0) + 1
    if marked[key] == 1 then claims():mark(key) end
  end
end

local function unmark(keys)
  for _, key in ipairs(keys) do
    marked[key] = marked[key] - 1
    if marked[key] == 0 then
      marked[key] = nil
      claims():unmark(key)
    end
  end
end

-- Waits longer each time, as the computing may take long; what workers say is heard meanwhile.
local function poll(key)
  local seconds = 0.001
  while not once.take(key) do
    executor.turn(seconds)
    seconds = math.min(2 * seconds, 0.05)
  end
end

local function contains(keys, wanted)
  for _, key in ipairs(keys) do
    if key == wanted then return true end
  end
  return false
end

function once.wait(key, run)
  local around = once.chain(run)
  if contains(around, key) then return false end
  mark(around)
  local ok, e = true, nil
  local free = #around == 0 or not (marked[key] or claims():is_marked(key))
  if free then ok, e = pcall(poll, key) end
  unmark(around)
  if not ok then error(e, 0) end
  return free
end

return once
