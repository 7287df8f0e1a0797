-- Bad input: a clear error that names the thing, status 1, and a state that is valid afterwards.
local t = require "harness"

local header = "policy_id,driver_relationship,incident_type,fraud\n"
local good = header .. "1,Self,Collision,0\n2,Self,Theft,1\n3,Child,Collision,0\n4,Self,Theft,1\n"

-- Reads and trains in steps, as a user's script does.
local pipeline = [[
local wf = require "wf"
local run <close> = wf.run { name = "Bad" }
local data = run:step("Read", function() return wf.csv.read("claims.csv") end)
local model = run:step("Train", function()
  return (wf.xgboost.train { data = data:drop { "policy_id" }, label = "fraud", rounds = 1,
    recipe = wf.recipe.new():one_hot(wf.recipe.strings()), params = { objective = "binary:logistic" } })
end)
run:action("Register", function() return wf.registry.register { group = "g", model = model } end)
]]

-- The pipeline over that file must fail with these fragments and leave a valid state.
local function fails_with(text, ...)
  if text then t.write("claims.csv", text) end
  local result = t.script(pipeline)
  t.equal(result.status, 1, result.out .. result.err)
  t.contains(result.err, "stack traceback", "wf script.lua", ...)
  t.equal(t.json({ "show", "last", "--json" }).state, "Failed")
  t.equal(t.wf({ "models", "--json" }).out, "[]\n")
  t.equal(t.wf({ "doctor" }).status, 0)
end

t.test("the pipeline works on good input", function()
  t.write("claims.csv", good)
  local result = t.script(pipeline)
  t.equal(result.status, 0, result.err)
  t.equal(#t.json { "models", "--json" }, 1)
end)

t.test("missing file", function() fails_with(nil, "step Read failed", "claims.csv") end)

t.test("a directory instead of a file", function()
  t.shell("mkdir claims.csv")
  fails_with(nil, "step Read failed", "claims.csv")
end)

t.test("empty file", function() fails_with("", "claims.csv") end)

t.test("header only", function() fails_with(header, "rows") end)

t.test("ragged row", function()
  fails_with(header .. "1,Self,Collision,0\n2,Self\n", "claims.csv", "3")
end)

t.test("unclosed quote", function()
  fails_with(header .. "1,\"Self,Collision,0\n2,Self,Theft,1\n", "claims.csv", "quote")
end)

t.test("invalid UTF-8", function()
  fails_with(header .. "1,Se\xfflf,Collision,0\n2,Self,Theft,1\n", "claims.csv", "UTF-8")
end)

t.test("a label that is free text", function()
  fails_with(header .. "1,Self,Theft,a\n2,Self,Theft,b\n3,Self,Theft,c\n", "step Train failed",
    "'fraud'", "classes")
end)

t.test("a constant label", function()
  fails_with(header .. "1,Self,Theft,0\n2,Child,Theft,0\n", "'fraud' is constant")
end)

t.test("a missing label", function()
  fails_with(header .. "1,Self,Theft,0\n2,Child,Theft,\n3,Child,Theft,1\n", "'fraud'", "missing",
    "row 2")
end)

t.test("no label column", function()
  fails_with("policy_id,x\n1,2\n2,3\n", "fraud")
end)

t.test("a column that the recipe names is absent", function()
  t.write("claims.csv", good)
  local result = t.script((pipeline:gsub("one_hot%(wf.recipe.strings%(%)%)",
    '%0:ordinal("police_report", { "No", "Yes" })')))
  t.equal(result.status, 1)
  t.contains(result.err, "police_report")
end)

t.test("unknown option names", function()
  t.write("claims.csv", good)
  for _, case in ipairs {
    { 'wf.csv.read("claims.csv", { headr = true })', "'headr'; did you mean 'header'?" },
    { 'wf.csv.read("claims.csv"):split { train = 0.8, sede = 1 }', "sum to 1.8" },
    { 'wf.csv.read("claims.csv"):join(wf.csv.read("claims.csv"), { onn = "policy_id" })', "onn" },
    { 'wf.xgboost.train { dta = 1 }', "did you mean 'data'?" },
    { 'wf.xgboost.cv { fold = 1 }', "did you mean 'folds'?" },
    { 'wf.check.model_bias { favorable = 0 }', "did you mean 'favourable'?" },
    { 'wf.check.explainability { agregate = 0 }', "did you mean 'aggregate'?" },
    { 'wf.bias.report { facets = {} }', "did you mean 'facet'?" },
    { 'wf.registry.register { groop = "g" }', "did you mean 'group'?" },
    { 'wf.registry.latest("g", { aproved = true })', "did you mean 'approved'?" },
    { 'wf.endpoint.deploy { nam = "e" }', "did you mean 'name'?" },
    { 'wf.json.encode({}, { indnt = 2 })', "indnt" },
    { 'wf.csv.reed("x")', "wf.csv: unknown name 'reed'; did you mean 'read'?" },
    { 'wf.plot.beswarm()', "wf.plot: unknown name 'beswarm'; did you mean 'beeswarm'?" },
    { 'wf.bias[1]()', "wf.bias: unknown name '1'; known are by_group, " },
    { 'wf.xgbost.train()', "wf: unknown name 'xgbost'; did you mean 'xgboost'?" },
  } do
    local result = t.script('local wf = require "wf"\n' .. case[1])
    t.equal(result.status, 1, case[1])
    t.contains(result.err, case[2])
  end
end)

t.test("a damaged model file", function()
  t.write("claims.csv", good)
  t.succeeds(pipeline .. 'model:write("model.tar.gz")')
  local bytes = t.read(t.directory() .. "/model.tar.gz")
  local function damaged(text)
    t.write("bad.tar.gz", text)
    local result = t.wf { "deploy", "e", "--model", "bad.tar.gz" }
    t.equal(result.status, 1)
    t.contains(result.err, "bad.tar.gz")
    t.equal(t.wf({ "endpoints", "--json" }).out, "[]\n")
  end
  damaged("")
  damaged("not a package at all")
  damaged(bytes:sub(1, #bytes // 2))
  local middle = #bytes // 2
  damaged(bytes:sub(1, middle - 1) .. string.char(bytes:byte(middle) ~ 0x40) .. bytes:sub(middle + 1))
end)

t.test("a damaged object in the store is not served", function()
  t.write("claims.csv", good)
  t.succeeds(pipeline)
  local digest = t.json({ "models", "--json" })[1].digest
  local found = t.shell("find state/objects -type f").out:match("[^\n]+")
  t.shell("chmod u+w " .. found .. "; printf X | dd of=" .. found .. " bs=1 seek=40 conv=notrunc")
  t.wf { "approve", "g", "1" }
  local result = t.wf { "deploy", "e", "g/1", "--timeout", "5" }
  t.equal(result.status, 1)
  t.contains(result.err, digest:sub(1, 8))
end)

t.test("a state directory that cannot be written", function()
  if os.getenv("USER") == "root" or t.shell("id -u").out == "0\n" then
    t.write("state", "a file, where the directory should be")
  else
    t.shell("mkdir state; chmod 500 state")
  end
  local result = t.script(pipeline)
  t.equal(result.status, 1)
  t.contains(result.err, "state")
end)

t.test("a full disk", function()
  t.write("claims.csv", good)
  local mounted = t.shell("mkdir full && mount -t tmpfs -o size=160k tmpfs full")
  if mounted.status ~= 0 then t.skip("no right to mount a small file system") end
  local home = t.directory() .. "/full"
  t.shell("dd if=/dev/zero of=full/filler bs=4k count=20")
  local result = t.script(pipeline, {}, { home = home })
  t.shell("rm -f full/filler")
  local listed = t.wf({ "models", "--json" }, { home = home })
  t.shell("umount full")
  t.equal(result.status, 1, result.err)
  t.equal(listed.status, 0, listed.err)
end)

t.finish()
