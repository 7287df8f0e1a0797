-- Registering, finding, approving; the command line's view of it.
local t = require "harness"

-- A small trained model, and what a test does with it.
local function with_model(body)
  return t.with_examples .. [[
local wf = require "wf"
local claims = require("generate_claims").frames { rows = 300, seed = 3 }
local data = claims:select { "num_witnesses", "num_injuries", "vehicle_claim", "fraud" }
local model = wf.xgboost.train { data = data, label = "fraud", rounds = 2,
  params = { objective = "binary:logistic", max_depth = 2, seed = 1 } }
]] .. body
end

local function run(body)
  return t.succeeds(with_model(body))
end

t.test("versions count from 1 within their group and keep what they were given", function()
  run [[
    local evaluation = wf.metrics.evaluate(model, data)
    local v1 = wf.registry.register { group = "a", model = model, evaluation = evaluation,
      description = "first", by = "me", reason = "tried" }
    local v2 = wf.registry.register { group = "a", model = model, approval = "Approved" }
    local other = wf.registry.register { group = "b", model = model }
    assert(v1.number == 1 and v2.number == 2 and other.number == 1)
    assert(v1.digest == v2.digest and #v1.digest == 64 and v1.digest == model:digest())
    assert(v1.approval == "PendingManualApproval" and v1.description == "first")
    assert(v1.approved_by == "me" and v1.approval_reason == "tried")
    assert(v1.metrics.evaluation.roc_auc == evaluation.roc_auc)
    assert(wf.registry.latest("a").number == 2)
    assert(wf.registry.latest("a", { approved = true }).number == 2)
    assert(wf.registry.latest("b", { approved = true }) == nil)
    assert(wf.registry.latest("none") == nil)
    assert(#wf.registry.list() == 3 and wf.registry.list("a")[1].number == 2)
    assert(v1:model():predict(data):to_table()[1] == model:predict(data):to_table()[1])
  ]]
end)

t.test("approving and rejecting keep who and why; the same state twice is refused", function()
  run [[
    wf.registry.register { group = "a", model = model }
    local v = wf.registry.approve("a", 1, { by = "boss", reason = "good" })
    assert(v.approval == "Approved" and v.approved_by == "boss" and v.approval_reason == "good")
    local ok, e = pcall(v.approve, v)
    assert(not ok and e.code == "invalid", tostring(e))
    assert(v:reject({ reason = "drift" }).approval == "Rejected")
    assert(wf.registry.latest("a", { approved = true }) == nil)
    local history = v:history()
    assert(#history == 3 and history[1].after == "PendingManualApproval")
    assert(history[2].after == "Approved" and history[2].by == "boss" and history[2].at)
    assert(history[3].before == "Approved" and history[3].reason == "drift")
  ]]
end)

t.test("a version knows the run and step that registered it", function()
  run [[
    local run <close> = wf.run { name = "R" }
    local v = run:action("Register", function()
      return wf.registry.register { group = "a", model = model }
    end)
    assert(v.run == run.id and v.step ~= 0)
  ]]
  local models = t.json { "models", "--json" }
  t.equal(models[1].run, 1)
  t.contains(t.wf({ "show", "last" }).out, "a/1  PendingManualApproval")
end)

t.test("a step that reads the registry is kept until it changes", function()
  local read = [[
    local wf = require "wf"
    local run <close> = wf.run { name = "reader" }
    run:step("read", function()
      return wf.registry.latest "none", #wf.registry.list "weekly",
        wf.registry.latest("weekly", { approved = true }) ~= nil
    end)]]
  t.succeeds(read)
  t.contains(t.succeeds(read).err, "Cached")
  run [[wf.registry.register { group = "weekly", model = model }]]
  t.contains(t.succeeds(read).err, "registry list weekly changed")
end)

t.test("wrong options are named", function()
  run [[
    local function fails(fragment, o)
      local ok, e = pcall(wf.registry.register, o)
      assert(not ok and tostring(e):find(fragment, 1, true), tostring(e))
    end
    fails("did you mean 'approval'?", { group = "a", model = model, aproval = "Approved" })
    fails("did you mean 'Approved'?", { group = "a", model = model, approval = "approved" })
    fails("option 'model' is required", { group = "a" })
    fails("must be a wf.model, not string", { group = "a", model = "x" })
    fails("the group's name is empty", { group = "", model = model })
    assert(#wf.registry.list() == 0)
  ]]
end)

t.test("the command line lists and approves", function()
  run [[ wf.registry.register { group = "g", model = model, description = "nightly",
    evaluation = wf.metrics.evaluate(model, data) } ]]
  t.contains(t.wf({ "models" }).out, "GROUP", "g", "PendingManualApproval", "roc_auc", "nightly")
  t.contains(t.wf({ "approve", "g", "1", "--reason", "looks good", "--by", "ann" }).out,
    "g/1  Approved")
  local model = t.json({ "models", "g", "--json" })[1]
  t.equal(model.approval, "Approved")
  t.equal(model.approved_by, "ann")
  t.equal(model.approval_reason, "looks good")
  t.equal(model.history[2].by, "ann")
  t.equal(t.wf({ "approve", "g", "1" }).status, 1)
  t.contains(t.wf({ "reject", "g", "1" }).out, "g/1  Rejected")
end)

t.test("the package is a tar.gz with the files it should have", function()
  local path = t.directory() .. "/model.tar.gz"
  run(("model:write(%q)"):format(path))
  local listed = t.shell("tar -tzf model.tar.gz | sort | tr '\\n' ' '").out
  t.equal(listed, "manifest.json recipe.json schema.json xgboost-model ")
end)

t.finish()
