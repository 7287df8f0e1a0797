-- The C modules that Lua modules wrap: training, models, metrics, bias, SHAP, store, catalog, sys.
local t = require "harness"
local wf = require "wf"
local frame = wf.frame

local xgboost, metrics = require "wf.core.xgboost", require "wf.core.metrics"
local bias, shap = require "wf.core.bias", require "wf.core.shap"
local matrix = require "wf.core.matrix"
local sys, store, catalog = require "wf.core.sys", require "wf.core.store", require "wf.core.catalog"

local function data()
  local x, c, y = {}, {}, {}
  for i = 1, 120 do
    x[i], c[i], y[i] = (i * 37) % 101 + 0.0, ({ "a", "b", "c" })[i % 3 + 1], (i * 37) % 101 > 50 and 1 or 0
  end
  return frame.new { { "x", x }, { "c", c }, { "y", y } }
end

local function fitted(f)
  return wf.recipe.new():one_hot(wf.recipe.strings()):fit(f, { exclude = { "y" } })
end

local params = { objective = "binary:logistic", eval_metric = { "auc", "logloss" }, max_depth = 3, seed = 1 }

local function trained(f, recipe, more)
  local given = { matrix = recipe:apply(f), labels = f.y, params = params, rounds = 4 }
  for key, value in pairs(more or {}) do given[key] = value end
  return xgboost.train(given)
end

local function model_of(f)
  local recipe = fitted(f)
  local booster = trained(f, recipe).model
  return wf.model.new { booster = booster, recipe = recipe, label = "y", provenance = { made = "here" } }
end

t.test("train reports rounds from 1", function()
  local f = data()
  local recipe, rounds = fitted(f), {}
  local m = recipe:apply(f)
  local result = trained(f, recipe, {
    evals = { { name = "check", matrix = m, labels = f.y } },
    on_round = function(round, n, sets) rounds[round] = sets.check.auc; t.equal(n, 4) end,
  })
  t.equal(result.n_rounds, 4)
  t.equal(result.best_round, 4)
  t.equal(#rounds, 4)
  t.equal(result.history[4].check.auc, rounds[4])
  t.ok(result.history[1].check.logloss > result.history[4].check.logloss)
end)

t.test("on_round's error and its false end the training", function()
  local f = data()
  local recipe = fitted(f)
  local ok, e = pcall(trained, f, recipe, { on_round = function() error({ mine = 1 }) end })
  t.ok(not ok and e.mine == 1)
  t.raises("canceled", "on_round", trained, f, recipe, { on_round = function(r) return r < 2 end })
end)

t.test("training options are checked", function()
  local f = data()
  local recipe = fitted(f)
  t.raises("invalid", "did you mean 'rounds'", trained, f, recipe, { round = 1 })
  t.raises("invalid", "labels: 3 values for 120 rows", trained, f, recipe, { labels = f:head(3).y })
  t.raises("type", { "labels", "string" }, trained, f, recipe, { labels = f.c })
  t.raises("invalid", "'rounds' must be from 1", trained, f, recipe, { rounds = math.mininteger })
  t.raises("type", "parameter 'eta'", trained, f, recipe, { params = { eta = {{}} } })
  t.raises("invalid", "max_dept", trained, f, recipe, { params = { max_dept = 1 } })
  t.raises("invalid", "evals[1]: 'name' is missing", trained, f, recipe,
    { evals = { { matrix = recipe:apply(f), labels = f.y } } })
end)

t.test("cross-validation", function()
  local f = data()
  local recipe = fitted(f)
  local r = xgboost.cv { matrix = recipe:apply(f), labels = f.y, params = params, rounds = 3,
    folds = f:folds(3, { seed = 1 }), k = 3 }
  t.equal(r.rounds, 3)
  t.equal(#r.test.auc.mean, 3)
  t.ok(r.train.logloss.std[1] >= 0)
  t.raises("invalid", "not from 0 to 1", xgboost.cv, { matrix = recipe:apply(f), labels = f.y,
    folds = f:folds(3), k = 2 })
end)

t.test("models are packed, read and asked", function()
  local f = data()
  local m = model_of(f)
  t.equal(m:label(), "y")
  t.equal(m:provenance(), { made = "here" })
  t.equal(m:features(), { "x", "c_a", "c_b", "c_c" })
  t.equal(m:objective(), "binary:logistic")
  t.equal(m:tree_count(), 4)
  local again = wf.model.unpack(m:pack())
  t.equal(again:digest(), m:digest())
  local path = t.directory() .. "/model.tar.gz"
  m:write(path)
  local p = wf.model.read(path):predict(f)
  t.equal(p.type, "f32")
  t.equal(p:digest(), m:predict(f, { threads = 1 }):digest())
  t.equal(#m:predict(f, { kind = "leaf" }):columns(), 4)
  t.ok(m:predict(f, { kind = "margin" }):min() < 0)
  t.equal(m:importance("gain").feature[1], "x")
  t.ok(m:importance("total_gain").importance[1] >= m:importance("gain").importance[1])
  t.equal(m:matrix(f):names()[1], "x")
  t.equal(m:recipe():inputs()[2], { name = "c", text = true })
  t.raises("not_found", "c", m.predict, m, f:drop("c"))
  t.raises("invalid", "not fitted", wf.model.new, { booster = m:booster(), recipe = wf.recipe.new(), label = "y" })
  t.raises("parse", "", wf.model.unpack, "not a package")
end)

t.test("matrices show what models see", function()
  local f = frame.new { { "x", { 1, frame.missing } } }
  local m = wf.recipe.new():fit(f):apply(f)
  t.equal(m:rows(), 2)
  t.equal(m:columns(), 1)
  t.equal(m:column("x")[1], 1.0)
  t.equal(m:column(1)[2], nil)
  t.raises("not_found", "'z'", m.column, m, "z")
  t.raises("invalid", "no column 2", m.column, m, 2)
end)

t.test("metrics", function()
  local f = frame.new { { "y", { 0, 0, 1, 1 } }, { "s", { 0.1, 0.4, 0.35, 0.8 } } }
  local m = metrics.binary(f.y, f.s)
  t.equal(m.roc_auc, 0.75)
  t.near(m.pr_auc, 0.8333333333333333, 1e-12)
  t.equal({ m.tp, m.fp, m.fn, m.tn }, { 1.0, 0.0, 1.0, 2.0 })
  t.equal(metrics.binary(f.y:eq(2), f.s).roc_auc, nil)
  t.equal(#metrics.curve(f.y, f.s), 4)
  t.equal(metrics.regression(f.s, f.s).r2, 1.0)
  local scores = frame.new { { "a", { 0.9, 0.2, 0.1, 0.3 } }, { "b", { 0.1, 0.8, 0.9, 0.7 } } }
  t.equal(metrics.multiclass(f.y, scores).confusion, { { 1.0, 1.0 }, { 0.0, 2.0 } })
  t.raises("invalid", "3 values for 4 labels", metrics.binary, f.y, f.s:cast("f64") and f:head(3).s)
  t.raises("invalid", "row 2 is missing", metrics.binary, f.y,
    frame.new({ { "s", { 1, frame.missing, 1, 1 } } }).s)
end)

t.test("bias metrics come in order, with values or reasons", function()
  local f = frame.new { { "y", { 1, 0, 1, 0 } }, { "p", { 1, 1, 0, 0 } }, { "d", { 1, 1, 0, 0 } } }
  local list, cells = bias.compute { labels = f.y, predictions = f.p, facet = f.d }
  t.equal(#list, 20)
  t.equal(list[1].name, "CDDL")
  t.ok(list[1].error and not list[1].value)
  t.equal(cells.d, { tp = 1.0, fp = 1.0, fn = 0.0, tn = 0.0 })
  t.equal(#bias.compute { labels = f.y, facet = f.d }, 8)
  local named = bias.compute { labels = f.y, predictions = f.p, facet = f.d, metrics = { "DPPL", "CI" } }
  t.equal({ named[1].name, named[1].value, named[2].value }, { "DPPL", -1.0, 0.0 })
  t.raises("invalid", "needs predictions", bias.compute, { labels = f.y, facet = f.d, metrics = { "DPPL" } })
  t.raises("invalid", "'XYZ'", bias.compute, { labels = f.y, facet = f.d, metrics = { "XYZ" } })
end)

t.test("SHAP values add up", function()
  local f = data()
  local m = model_of(f)
  local s, features = shap.values(m, f:head(10)), m:features()
  t.equal(s:outputs(), 1)
  local values, margin = s:values(), m:predict(f:head(10), { kind = "margin" })
  t.equal(values:columns(), features)
  for i = 1, 10 do
    local sum = s:base()
    for _, name in ipairs(features) do sum = sum + values:column(name)[i] end
    t.near(sum, margin[i], 1e-5)
  end
  t.equal(shap.importance(values, "mean_abs").feature[1], "x")
  t.raises("invalid", "no output 2", s.base, s, 2)
  getmetatable(m).__gc(m)
  t.equal(#s:values():columns(), 4)
end)

t.test("a matrix becomes a frame and comes back", function()
  local f = frame.new { { "a", { 0.1, frame.missing, 3 } }, { "b", { 1, 2, 3 } } }
  local m = matrix.new(f)
  t.equal({ m:rows(), m:columns(), m:names() }, { 3, 2, { "a", "b" } })
  local again = matrix.new(m:frame())
  t.equal(again:digest(), m:digest())
  t.equal(m:frame().a:missing_count(), 1)
  t.raises("type", "column 't' is text", matrix.new, frame.new { { "t", { "x" } } })
end)

t.test("SHAP values against a background", function()
  local f = data()
  local m = model_of(f)
  local rows, background = f:head(10), f:tail(25)
  local s = shap.interventional(m, rows, background, { threads = 1 })
  local mean, values, margin = 0, s:values(), m:predict(rows, { kind = "margin" })
  local expected = m:predict(background, { kind = "margin" })
  for i = 1, 25 do mean = mean + expected[i] / 25 end
  t.near(s:base(), mean, 1e-5)
  for i = 1, 10 do
    local sum = s:base()
    for _, name in ipairs(m:features()) do sum = sum + values:column(name)[i] end
    t.near(sum, margin[i], 1e-5)
  end
  local itself = shap.interventional(m, f:head(1), f:head(1))
  t.equal(itself:values():column(m:features()[1])[1], 0.0)
  t.raises("invalid", "the background has no rows", shap.interventional, m, rows, f:head(0))
  t.raises("invalid", "unknown option 'links'", shap.interventional, m, rows, background, { links = 1 })
  t.raises("invalid", "margin", shap.interventional, m, rows, background, { output = "odds" })
end)

t.test("SHAP values of probabilities add up to them", function()
  local f = data()
  local m = model_of(f)
  local rows, background = f:head(5), f:tail(7)
  local predicted, expected, mean = m:predict(rows), m:predict(background), 0
  for i = 1, 7 do mean = mean + expected[i] / 7 end
  local against = shap.interventional(m, rows, background, { output = "probability" })
  t.near(against:base(), mean, 1e-7)
  for _, s in ipairs { against, shap.probability(m, rows, { threads = 1 }) } do
    local values = s:values()
    for i = 1, 5 do
      local sum = s:base()
      for _, name in ipairs(m:features()) do sum = sum + values:column(name)[i] end
      t.near(sum, predicted[i], 1e-6)
    end
  end
end)

t.test("the store keeps bytes by their digest", function()
  local s <close> = store.open(t.directory() .. "/objects")
  local digest = s:put "bytes\0more"
  t.equal(#digest, 64)
  t.equal(s:get(digest), "bytes\0more")
  t.ok(s:has(digest) and not s:has(("0"):rep(64)))
  t.equal(s:put_file(t.write("x", "bytes\0more")), digest)
  t.contains(s:path(digest), digest:sub(3))
  t.ok(not pcall(s.get, s, "short"))
  s:close()
  s:close()
  local ok, e = pcall(s.has, s, digest)
  t.ok(not ok and tostring(e):find "already closed")
end)

t.test("the catalog's records are tables", function()
  local c <close> = catalog.open(t.directory() .. "/catalog.db")
  local run = c:start_run("name", "script.lua", '{"a":1}')
  local step = c:start_step(run, "Load", "step")
  c:end_step(step, "Succeeded", nil, '{"value":1}')
  c:end_run(run, "Rejected", "too low")
  local record = c:get_run(run)
  t.equal({ record.name, record.state, record.message, record.params_json },
    { "name", "Rejected", "too low", '{"a":1}' })
  t.equal(c:list_steps(run)[1].outcome_json, '{"value":1}')
  local digest = ("ab"):rep(32)
  t.equal(c:register({ group = "g", digest = digest, approval = "Approved", run = run }, "me", "good"), 1)
  c:set_approval("g", 1, "Rejected", "you", "bad")
  t.equal(c:get_version("g").approval, "Rejected")
  t.equal(#c:list_approvals("g", 1), 2)
  t.equal(c:deploy("e", "g", 1, digest), 1)
  t.equal(c:get_endpoint("e").state, "Creating")
  t.equal(#c:list_endpoints(), 1)
  c:add_event("test.kind", "e", "me", "{}")
  t.ok(#c:list_events("e") >= 2)
  t.raises("not_found", "", c.get_run, c, 99)
  t.raises("invalid", "no state 'Done'", c.end_run, c, run, "Done")
  t.raises("invalid", "did you mean 'group'", c.register, c, { grup = "g" })
  c:verify()
end)

t.test("files and directories", function()
  local path = t.directory() .. "/a/b/c.txt"
  sys.make_directories(t.directory() .. "/a/b")
  sys.write_file(path, "x\0y")
  t.equal(sys.read_file(path), "x\0y")
  t.equal(sys.list_directory(t.directory() .. "/a"), { "b" })
  t.ok(sys.exists(path) and not sys.exists(path .. "x"))
  t.raises("limit", "", sys.read_file, path, 2)
  t.equal(t.raises("not_found", "/none", sys.read_file, "/none").path, "/none")
  t.raises("io", "directory", sys.read_file, t.directory())
  t.raises("not_found", "", sys.list_directory, "/none")
end)

t.test("the state directory is private and absolute", function()
  local out = t.shell(("unset WF_HOME; mkdir -p sub/deep && cd sub/deep && %s -e "
    .. "'print(require(\"wf.core.sys\").state_dir())'; mkdir ../.wf; %s -e "
    .. "'print(require(\"wf.core.sys\").state_dir())'; stat -c %%a .wf")
    :format(sys.executable(), sys.executable())).out
  local first, second, mode = out:match "^(.-)\n(.-)\n(.-)\n$"
  t.contains(first, "/sub/deep/.wf")
  t.equal(second, first)
  t.equal(mode, "700")
end)

t.test("a server starts once, and the second says why it cannot", function()
  local state = t.directory() .. "/state"
  sys.make_directories(state)
  local server = sys.spawn_server { state_dir = state }
  t.ok(sys.process_alive(server.pid) and server.port > 0)
  t.raises("external", { "wf serve", tostring(server.pid) }, sys.spawn_server, { state_dir = state })
  t.raises("invalid", "'state_dir' is missing", sys.spawn_server, {})
end)

t.finish()
