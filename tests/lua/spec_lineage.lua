-- wf lineage: what was made from what, from records alone.
local t = require "harness"

local script = [[
local wf = require "wf"
local run <close> = wf.run { name = "Lineage", params = { seed = wf.param.integer { default = 1 } } }
local p = run.params
local data = run:step("Load", function()
  return wf.csv.read("data.csv"):split { train = 0.5, test = 0.5, seed = p.seed }
end)
local other = run:step("Unrelated", function() return { note = "nothing of this is used anywhere" } end)
local model = run:step("Train", function()
  return wf.xgboost.train { data = data.train, label = "y", rounds = 2,
    params = { objective = "binary:logistic", max_depth = 2, seed = p.seed } }
end)
local function score() return model:predict(data.test) end
local scored = run:step("Score", function() return wf.frame.new { names = { "p" }, columns = { score() } } end)
local sums = run:map("Sum", { scored }, function(frame) return frame.p:sum() end)
run:step("Number", function() return sums[1] end)
run:action("Register", function()
  return wf.registry.register { group = "g", model = model, approval = "Approved" }
end)
]]

local function write_data(extra)
  local rows = { "x,y" }
  for i = 1, 60 do rows[#rows + 1] = ("%d,%d"):format(i * 7 % 31, i * 7 % 31 > 15 and 1 or 0) end
  t.write("data.csv", table.concat(rows, "\n") .. "\n" .. (extra or ""))
end

local function run()
  write_data()
  t.succeeds(script)
end

-- "step Train(step Load(file data.csv same), …)" of nested nodes, names alone.
local function text_of(nodes)
  local list = {}
  for i, node in ipairs(nodes) do
    local inner = node.children and text_of(node.children) or ""
    list[i] = node.name .. (node.now and ":" .. node.now or "") .. (node.again and "^" or "")
      .. (inner ~= "" and "(" .. inner .. ")" or "")
  end
  return table.concat(list, " ")
end

local function lineage(what)
  local found = t.json { "lineage", what, "--json" }
  return text_of(found.made_from), text_of(found.made_of), found
end

t.test("a version was made from steps, files, parameters and a library", function()
  run()
  local from, of = lineage "g/1"
  t.equal(from, "Train(Load(data.csv:same seed) seed xgboost)")
  t.equal(of, "")
  t.equal(lineage "g", from)
  write_data "1,1\n"
  t.equal((lineage "g"), "Train(Load(data.csv:changed seed) seed xgboost)")
  t.shell("rm data.csv")
  t.equal((lineage "g"), "Train(Load(data.csv:gone seed) seed xgboost)")
end)

t.test("a file leads to everything that was made from it, through closures and arguments", function()
  run()
  local expected = "Load(Train(Score(Sum) g/1) Score^)"
  local _, of = lineage "data.csv"
  t.equal(of, expected)
  _, of = lineage(t.directory() .. "/data.csv")
  t.equal(of, expected)
  t.shell("mv data.csv moved.csv")
  _, of = lineage "data.csv"
  t.equal(of, expected)
  _, of = lineage "moved.csv" -- by what it holds
  t.equal(of, expected)
  t.write("strange.csv", "a\n1\n")
  _, of = lineage "strange.csv"
  t.equal(of, "")
end)

t.test("a run, and the digest of an object", function()
  run()
  local from, of, found = lineage "last"
  t.equal(from, "Unrelated Sum(Score(Load(data.csv:same seed) Train(Load^ seed xgboost))) Number Register")
  t.equal(of, "g/1")
  t.contains(found.subject, "run 1", "Lineage")
  local digest = t.json({ "lineage", "data.csv", "--json" }).made_of[1].objects[1]
  from, of = lineage(digest:sub(1, 12))
  t.equal(from, "Load(data.csv:same seed)")
  t.equal(of, "")
  t.contains(t.wf({ "lineage", digest, "--from" }).out, "made from", "step Load", "file data.csv")
end)

t.test("a step that was cached leads back to where its result was made", function()
  run()
  t.succeeds(script, { "-p", "seed=2" })
  t.succeeds(script)
  local from = lineage "3"
  t.equal(from, "Unrelated Sum(Score(Load(data.csv:same seed) Train(Load^ seed xgboost))) Number Register")
end)

t.test("what read the registry is made of the version", function()
  run()
  t.succeeds([[
    local wf = require "wf"
    local run <close> = wf.run { name = "Reader" }
    local version = run:step("Use", function() return wf.registry.latest("g", { approved = true }).number end)
  ]])
  local _, of = lineage "g/1"
  t.equal(of, "Use")
  t.equal((lineage "last"), "Use(approved g(g/1(Train(Load(data.csv:same seed) seed xgboost))))")
end)

t.test("text, options and what is not there", function()
  run()
  local result = t.wf { "lineage", "g/1", "--from" }
  t.contains(result.out, "g/1\nmade from\n  └ step Train  run 1  Succeeded\n    ├ step Load",
    "file data.csv", "library xgboost")
  t.ok(not result.out:find("made of it"))
  t.contains(t.wf({ "lineage", "g/1", "--of" }).out, "made of it\n  nothing yet")
  t.contains(t.wf({ "lineage", "g/9" }).err, "'g/9' is no run, version, file or digest")
  t.contains(t.wf({ "lineage", "77" }).err, "there is no run 77")
  t.equal(t.wf({ "lineage" }).status, 2)
end)

t.finish()
