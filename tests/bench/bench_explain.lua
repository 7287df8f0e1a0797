-- bench_explain.lua: partial dependence, permutation importance and Kernel SHAP of the fraud model against
-- scikit-learn's inspection and the shap package (skipped where Python has none):
--   wf tests/bench/bench_explain.lua DIRECTORY-OF-CLAIMS-AND-CUSTOMERS
-- CPU seconds of one thread. Both sides get encoded features and the same model; the partial dependences must
-- agree. Permutations differ in their random orders alone.
local json = require "wf.json"
local sys = require "wf.core.sys"
local wf = require "wf"

local here = arg[0]:match("^(.*)/[^/]*$") or "."
local directory = arg[1] or error "usage: bench_explain.lua DIRECTORY"
local raw = wf.csv.read(directory .. "/claims.csv"):join(wf.csv.read(directory .. "/customers.csv"),
  { on = "policy_id" }):drop { "policy_id", "customer_zip" }
local data = raw:split { train = 0.8, test = 0.2, seed = 42 }
local model = wf.xgboost.train { data = data.train, label = "fraud", rounds = 5,
  recipe = wf.recipe.new():one_hot(wf.recipe.strings(), { missing = "na" }),
  params = { objective = "binary:logistic", max_depth = 5, eta = 0.5, seed = 42 } }

-- The features as a frame, without and with the label.
local function encoded(rows)
  local matrix, columns = model:matrix(rows), {}
  for i, name in ipairs(matrix:names()) do columns[i] = matrix:column(name) end
  return wf.frame.new { names = matrix:names(), columns = columns }
end
local test, train = encoded(data.test), encoded(data.train:sample(100, { seed = 1 }))
local labelled = test:with("fraud", data.test.fraud)
local name = "months_as_customer"
local place
for i, column in ipairs(test:columns()) do place = column == name and i - 1 or place end

local function median_seconds(fn)
  fn()
  local times = {}
  for i = 1, 7 do
    local start, n = os.clock(), 0
    repeat
      fn()
      n = n + 1
    until os.clock() - start > 0.05
    times[i] = (os.clock() - start) / n
  end
  table.sort(times)
  return times[4]
end

local scratch = os.tmpname()
local function write(suffix, text)
  sys.write_file(scratch .. suffix, text)
  return scratch .. suffix
end
local words = { here .. "/peer_explain.py", write(".json", model:booster()), write("-x.csv", wf.csv.format(test)),
  write("-y.csv", wf.csv.format(data.test:select { "fraud" })), tostring(place), write("-b.csv", wf.csv.format(train)) }
local pipe = assert(io.popen("/usr/bin/python3 '" .. table.concat(words, "' '") .. "'"))
local peer = json.decode(pipe:read "a")
pipe:close()
for _, suffix in ipairs { "", ".json", "-x.csv", "-y.csv", "-b.csv" } do os.remove(scratch .. suffix) end

local found = wf.explain.partial_dependence(model, test, name, { grid = peer.values, threads = 1 })
for i = 1, #found do
  assert(math.abs(found.mean[i] - peer.averages[i]) < 1e-6, "partial dependences differ")
end
local ours = {
  dependence = median_seconds(function()
    return wf.explain.partial_dependence(model, test, name, { grid = peer.values, threads = 1 })
  end),
  permutation = median_seconds(function()
    return wf.explain.permutation(model, labelled, { threads = 1 })
  end),
  kernel = median_seconds(function()
    return wf.explain.kernel(model, test:head(20), { background = train, samples = 2048, threads = 1 })
  end) / 20,
}
print(("%d rows, %d features, CPU ms of one thread"):format(#test, #test:columns()))
print(("%-34s %10s %10s %8s"):format("", "peer", "wf", "ratio"))
for _, job in ipairs { { "dependence", "partial dependence, 15 points" },
  { "permutation", "permutation, all columns, 5 repeats" }, { "kernel", "Kernel SHAP a row, 2048 x 100" } } do
  local theirs, mine = peer[job[1]], ours[job[1]]
  local known = type(theirs) == "number"
  print(("%-34s %10s %10.2f %8s"):format(job[2], known and ("%.2f"):format(theirs * 1e3) or "-", mine * 1e3,
    known and ("%.0fx"):format(theirs / mine) or "-"))
end
