-- wf.approval: runs that wait for a person.
--
--   local decision = approval.ask(run, "deploy v7", { about = version })     -- parks the run, or returns
--   approval.decide(token, true, "alice", "looks good")
--   approval.outcome(run_record)                      -- of a parked run: what became of its request
--
-- What is approved is not a name but what the run has made so far: the token is a digest of the run's
-- name and parameters, of every value that its steps have made, and of `about`. When the script is run
-- again from what is kept, it asks for the same token and goes on; after any change it asks anew. Requests
-- and decisions are events of the catalog: append-only, with who, when and why.

local core = require "wf.core.step"
local errors = require "wf.errors"
local json = require "wf.json"
local key = require "wf.core.key"
local options = require "wf.options"
local original = require "wf.original"
local plan = require "wf.plan"
local pretty = require "wf.pretty"
local progress = require "wf.progress"
local state = require "wf.state"
local steprules = require "wf.steprules"
local sys = require "wf.core.sys"

local approval = {}

local token_digits = 12

local function subject_of(token)
  return "approval " .. token
end

-- ---- what is approved ---------------------------------------------------------------------------

-- What the run's steps have made, whatever order they ended in.
local function made_so_far(run)
  for _, handle in ipairs(run.handles) do handle:settle() end
  local lines = {}
  for _, step in ipairs(state.catalog():list_steps(run.id)) do
    if step.result and step.kind ~= "action" then
      local result = core.get_result(state.catalog(), step.result)
      lines[#lines + 1] = ("%s %d %s %s"):format(step.name, step.nth, step.key or "", core.digest(result.value))
    end
  end
  table.sort(lines)
  return table.concat(lines, "\n")
end

local function token_of(run, name, about)
  return core.digest(table.concat({ run.name, name, key.value(run.values), key.value(about),
    made_so_far(run) }, "\0")):sub(1, token_digits)
end

-- ---- decisions ----------------------------------------------------------------------------------

local function events_of(token)
  local catalog = original.is_open() and original.catalog() or state.catalog()
  return catalog:list_events(subject_of(token))
end

local verdicts = { ["approval.approved"] = true, ["approval.rejected"] = false }

-- The latest decision about the token since that time (microseconds); nil: none.
local function decision_of(token, since)
  local decision
  for _, event in ipairs(events_of(token)) do
    if verdicts[event.kind] ~= nil and event.at_us > since then
      decision = { approved = verdicts[event.kind], by = event.who, at = pretty.time(event.at_us),
        reason = json.decode(event.detail_json).reason, token = token }
    end
  end
  return decision
end

local function by_whom(decision)
  return "by " .. decision.by .. (decision.reason and ": " .. decision.reason or "")
end

-- The first run since that time that has gone by a decision about the token; nil: none.
local function follower_of(token, since)
  for _, event in ipairs(events_of(token)) do
    if event.kind == "approval.used" and event.at_us > since then
      return json.decode(event.detail_json).run
    end
  end
end

-- Since when decisions count that expire after so many seconds (nil: never), in microseconds.
local function oldest(max_age)
  return max_age and sys.now_us() - max_age * 1e6 or 0
end

-- The latest request of that token; nil when nothing ever asked for it.
function approval.request(token)
  local latest
  for _, event in ipairs(events_of(token)) do
    if event.kind == "approval.requested" then latest = json.decode(event.detail_json) end
  end
  return latest
end

-- What became of the request of a run that ended as AwaitingApproval: the state to show, "Approved" or
-- "Rejected", and a message; nil while nobody has decided, or when that has expired before it was used.
function approval.outcome(run)
  local asked = json.decode(run.outcome_json).data
  local follower = follower_of(asked.approval, run.started_us)
  local since = follower and run.started_us or math.max(run.started_us, oldest(asked.expires))
  local decision = decision_of(asked.approval, since)
  if not decision then return nil end
  return decision.approved and "Approved" or "Rejected", ("%s: %s %s%s"):format(asked.name,
    decision.approved and "approved" or "rejected", by_whom(decision),
    follower and ("; run %d went on"):format(follower) or "")
end

-- Records what somebody has decided.
function approval.decide(token, approved, by, reason)
  state.catalog():add_event(approved and "approval.approved" or "approval.rejected", subject_of(token),
    by or state.user(), json.encode { reason = reason })
  return decision_of(token, 0)
end

-- ---- asking -------------------------------------------------------------------------------------

local function record(run, name, outcome, note)
  progress.step_ended(name, 0, outcome, 0, note, nil)
  core.add(state.catalog(), run.id, { name = name, kind = "approval", state = outcome, nth = 1 }, nil,
    nil, nil, note)
end

-- Ends the run until somebody has decided.
local function park(run, name, token, o, max_age)
  if not original.is_open() then
    state.catalog():add_event("approval.requested", subject_of(token), state.user(), json.encode {
      run = run.id, run_name = run.name, name = name, message = o.message,
      about = pretty.summarise(o.about) })
  end
  local message = ("%s: waits for wf approve %d (or %s)"):format(name, run.id, token)
  run:conclude("AwaitingApproval", message, { approval = token, name = name, expires = max_age })
  errors.raise { code = "awaiting", message = message, run = run.id, token = token }
end

function approval.ask(run, name, given)
  steprules.name(name)
  local o = options.check("run:approve", given, { about = { "any" }, message = { "string" },
    expires = { "string|number" } })
  if run.in_worker or #run.stack > 0 then
    errors.invalid("run:approve: '%s' is asked for inside of a step; ask between steps", name)
  end
  if run.plan then
    local why = "waits for wf approve unless it is approved"
    table.insert(run.planned, { step = name, kind = "approval", state = "Planned", why = why })
    progress.step_ended(name, 0, "Planned", 0, why, nil)
    return plan.unknown(name)
  end
  local token = token_of(run, name, o.about)
  local max_age = o.expires and steprules.duration("run:approve: expires", o.expires)
  local decision = decision_of(token, oldest(max_age))
  if not decision then park(run, name, token, o, max_age) end
  if not (original.is_open() or follower_of(token, oldest(max_age))) then
    state.catalog():add_event("approval.used", subject_of(token), state.user(),
      json.encode { run = run.id })
  end
  record(run, name, decision.approved and "Succeeded" or "Rejected",
    (decision.approved and "approved " or "rejected ") .. by_whom(decision))
  if not decision.approved then run:reject("%s: rejected %s", name, by_whom(decision)) end
  return decision
end

return approval
