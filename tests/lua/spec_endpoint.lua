-- Deploying, invoking, updating in place, deleting; through the API, the command line and curl.
local t = require "harness"

local prelude = t.with_examples .. [[
local wf = require "wf"
local claims = require("generate_claims").frames { rows = 1200, seed = 11 }
local data = claims:select { "num_witnesses", "num_injuries", "incident_severity", "vehicle_claim", "fraud" }
local function train(rounds)
  return (wf.xgboost.train { data = data, label = "fraud", rounds = rounds or 2,
    recipe = wf.recipe.new():one_hot(wf.recipe.strings()),
    params = { objective = "binary:logistic", max_depth = 3, seed = 1 } })
end
local function same(a, b)
  assert(#a == #b, "lengths differ")
  for i = 1, #a do assert(a[i] == b[i], ("row %d: %.17g and %.17g"):format(i, a[i], b[i])) end
end
]]

local function run(body, options)
  return t.succeeds(prelude .. body, {}, options)
end

t.test("deploy, invoke, update in place, delete", function()
  run [[
    local first, second = train(2), train(4)
    local live = wf.endpoint.deploy { name = "claims", model = first }
    assert(live:state() == "InService")
    assert(live:url():match("^http://127%.0%.0%.1:%d+/endpoints/claims/invocations$"), live:url())
    same(live:invoke(data:head(50)), first:predict(data:head(50)))
    local server = wf.endpoint.server()
    wf.endpoint.deploy { name = "claims", model = second }
    same(live:invoke(data:head(50)), second:predict(data:head(50)))
    assert(wf.endpoint.server().pid == server.pid, "the same server")
    assert(live:describe().generation == 2)
    live:delete()
    assert(#wf.endpoint.list() == 0)
    local ok, e = pcall(live.invoke, live, data:head(1))
    assert(not ok and e.status == 404, tostring(e))
    same(wf.endpoint.deploy { name = "claims", model = first }:invoke(data:head(5)),
      first:predict(data:head(5)))
  ]]
end)

t.test("reasons come with the scores and are the explanation's", function()
  run [[
    local m, rows = train(3), data:head(40)
    local live = wf.endpoint.deploy { name = "claims", model = m }
    local scores, why = live:invoke(rows, { reasons = 2 })
    same(scores, m:predict(rows))
    local e, n = wf.shap.explain(m, rows), 0
    for row = 1, #rows do
      local expected = e:reasons(row, 2)
      assert(#why[row] == #expected, "row " .. row)
      local sum = why[row].base + why[row].rest
      for k, reason in ipairs(why[row]) do
        assert(reason.column == expected[k].column and reason.text == expected[k].text,
          reason.text .. " / " .. expected[k].text)
        assert(math.abs(reason.contribution - expected[k].contribution) < 1e-7)
        sum, n = sum + reason.contribution, n + 1
      end
      assert(math.abs(sum - m:predict(rows, { kind = "margin" })[row]) < 1e-5)
    end
    assert(n > #rows, n)
    assert(select("#", live:invoke(rows)) == 1)
    local ok, e2 = pcall(live.invoke, live, rows, { reason = 2 })
    assert(not ok and e2.message:find("did you mean 'reasons'?", 1, true), tostring(e2))
    ok, e2 = pcall(live.invoke, live, rows, { reasons = 101 })
    assert(not ok and e2.message:find("at most 100", 1, true), tostring(e2))
  ]]
end)

t.test("reasons of the class that is predicted", function()
  run [[
    local levels = data:with("level", data.num_injuries:gt(0):cast("i64") + data.num_injuries:gt(1):cast("i64"))
      :drop { "num_injuries", "fraud" }
    local m = wf.xgboost.train { data = levels, label = "level", rounds = 3,
      recipe = wf.recipe.new():one_hot(wf.recipe.strings()),
      params = { objective = "multi:softprob", max_depth = 3, seed = 1 } }
    local rows = levels:head(20)
    local scores, why = wf.endpoint.deploy({ name = "m", model = m }):invoke(rows, { reasons = 1 })
    local predicted, e = m:predict(rows), wf.shap.explain(m, rows)
    for i, name in ipairs(predicted:columns()) do same(scores:column(scores:columns()[i]), predicted:column(name)) end
    for row = 1, #rows do assert(why[row][1].text == e:reasons(row, 1)[1].text, why[row][1].text) end
  ]]
end)

t.test("the server outlives the script and a later script finds it", function()
  run [[ wf.endpoint.deploy { name = "claims", model = train() } ]]
  run [[ same(wf.endpoint.get("claims"):invoke(data:head(7)), train():predict(data:head(7))) ]]
  local listed = t.json { "endpoints", "--json" }
  t.equal(listed[1].state, "InService")
  t.ok(listed[1].url)
end)

t.test("only Approved versions are deployed, unless told otherwise", function()
  run [[
    local v = wf.registry.register { group = "g", model = train() }
    local ok, e = pcall(wf.endpoint.deploy, { name = "claims", version = v })
    assert(not ok and e.message:find("wf approve g 1", 1, true), tostring(e))
    assert(#wf.endpoint.list() == 0)
    wf.endpoint.deploy { name = "early", version = v, unapproved = true }
    wf.endpoint.deploy { name = "claims", version = v:approve() }
    assert(wf.endpoint.get("claims"):describe().version == 1)
  ]]
  t.contains(t.wf({ "endpoints" }).out, "claims", "g/1", "InService")
end)

t.test("the command line deploys, invokes and deletes", function()
  run [[
    wf.registry.register { group = "g", model = train(), approval = "Approved" }
    wf.csv.write(data:head(3), "rows.csv")
    wf.csv.write(data:head(3):drop { "fraud" }, "features.csv")
    train():write("model.tar.gz")
    print(wf.csv.format(wf.frame.new { names = { "p" }, columns = { train():predict(data:head(3)):to_table() } },
      { header = false }))
  ]]
  t.contains(t.wf({ "deploy", "one", "g" }).out, "one  InService  http://127.0.0.1:")
  t.contains(t.wf({ "deploy", "two", "--model", "model.tar.gz" }).out, "two  InService")
  local answer = t.wf { "invoke", "one", "--csv", "rows.csv" }
  t.equal(answer.status, 0, answer.err)
  local _, lines = answer.out:gsub("\n", "")
  t.equal(lines, 3)
  t.equal(t.wf({ "invoke", "two", "--csv", "features.csv" }).out, answer.out)
  local why = t.wf({ "invoke", "one", "--csv", "rows.csv", "--reasons", "1", "--accept", "application/json" })
  t.contains(why.out, '{"predictions":[{"score":', '"reasons":[')
  t.contains(t.wf({ "invoke", "one", "--csv", "rows.csv", "--reasons", "500" }).err, "at most 100")
  t.equal(t.wf({ "invoke", "two", "--csv", "-" }, { stdin = t.directory() .. "/rows.csv" }).out,
    answer.out)
  local url = t.json({ "endpoints", "--json" })[1].url
  t.equal(t.shell("curl -s -H 'Content-Type: text/csv' --data-binary @rows.csv " .. url).out,
    answer.out)
  t.contains(t.wf({ "delete-endpoint", "one" }).out, "deleted")
  t.equal(t.wf({ "invoke", "one", "--csv", "rows.csv" }).status, 1)
end)

t.test("bad bodies are answered with 4xx that names row and column", function()
  run [[
    wf.endpoint.deploy { name = "claims", model = train() }
    wf.csv.write(data:head(2), "rows.csv")
  ]]
  local function answers(body, ...)
    t.write("body", body)
    local result = t.wf { "invoke", "claims", "--csv", "body" }
    t.equal(result.status, 1, body)
    t.contains(result.err, "answered 4", ...)
  end
  answers("", "400")
  answers("num_witnesses,num_injuries,incident_severity,vehicle_claim\n1,2,Minor\n", "400")
  answers("num_witnesses,num_injuries,incident_severity,vehicle_claim\n1,2,Minor,1e3\n1,many,Minor,5\n",
    "num_injuries", "many")
  answers("1,2\n", "400")
  answers("num_witnesses,num_injuries\n1,2\n", "incident_severity")
  answers("num_witnesses,num_injuries,incident_severity,vehicle_claim\n1,2,\"Minor,3\n", "400")
  answers(("x"):rep(7 * 1024 * 1024), "413")
  t.equal(t.wf({ "invoke", "claims", "--csv", "rows.csv" }).status, 0)
end)

t.test("a port in use is named and leaves nothing behind", function()
  local result = run [[
    wf.endpoint.deploy { name = "a", model = train() }
    print(wf.endpoint.server().port)
  ]]
  local port = result.out:match("%d+")
  result = t.script(prelude .. ("wf.endpoint.deploy { name = 'b', model = train(), port = %s }")
    :format(port), {}, { home = t.directory() .. "/other" })
  t.equal(result.status, 1)
  t.contains(result.err, port)
  result = t.wf({ "serve", "--port", port }, { home = t.directory() .. "/third" })
  t.equal(result.status, 1)
  t.contains(result.err, port)
end)

t.test("a second server for the same state directory is refused", function()
  run [[ wf.endpoint.deploy { name = "a", model = train() } ]]
  local result = t.wf { "serve" }
  t.equal(result.status, 1)
  t.ok(result.err:find("%d+"), result.err)
end)

t.test("wrong options and names are named", function()
  run [[
    local function fails(fragment, o)
      local ok, e = pcall(wf.endpoint.deploy, o)
      assert(not ok and tostring(e):find(fragment, 1, true), tostring(e))
    end
    local model = train()
    fails("exactly one of version, model and path", { name = "a" })
    fails("exactly one of", { name = "a", model = model, path = "x" })
    fails("did you mean 'version'?", { name = "a", verison = 1 })
    fails("not a usable name", { name = "a/b", model = model })
    fails("nowhere.tar.gz", { name = "a", path = "nowhere.tar.gz" })
    assert(#wf.endpoint.list() == 0)
    assert(not pcall(wf.endpoint.get, "none"))
  ]]
end)

t.test("a server that died is started again, with its endpoints", function()
  run [[
    wf.endpoint.deploy { name = "a", model = train() }
    os.execute("kill -9 " .. wf.endpoint.server().pid .. "; sleep 0.1")
    assert(wf.endpoint.server() == nil)
    wf.endpoint.deploy { name = "b", model = train() }
    same(wf.endpoint.get("a"):invoke(data:head(3)), train():predict(data:head(3)))
  ]]
end)

t.test("a copied state directory gets a server of its own", function()
  run [[
    wf.endpoint.deploy { name = "a", model = train() }
    local port = wf.endpoint.server().port
    local home = require("wf.core.sys").state_dir()
    os.execute(("rm -rf '%s.copy' && cp -r '%s' '%s.copy'"):format(home, home, home))
    local check = io.popen(("WF_HOME='%s.copy' '%s' endpoints --json"):format(home,
      require("wf.core.sys").executable()))
    local listed = check:read("a")
    check:close()
    assert(listed:find("OutOfService", 1, true) and listed:find("no server is running", 1, true), listed)
    assert(wf.endpoint.server().port == port)
  ]]
end)

t.test("the server can be stopped and its endpoints come back with the next", function()
  run [[
    wf.endpoint.deploy { name = "a", model = train() }
    assert(wf.endpoint.stop_server())
    assert(wf.endpoint.server() == nil and not wf.endpoint.stop_server())
    assert(wf.endpoint.get("a"):state() == "OutOfService")
    local ok, e = pcall(wf.endpoint.get("a").url, wf.endpoint.get("a"))
    assert(not ok and e.message:find("no server is running", 1, true))
    wf.endpoint.deploy { name = "b", model = train() }
    same(wf.endpoint.get("a"):invoke(data:head(3)), train():predict(data:head(3)))
  ]]
  t.contains(t.wf({ "serve", "--stop" }).out, "stopped")
  t.equal(t.wf({ "serve", "--stop" }).status, 1)
end)

t.test("container mode answers /ping and /invocations", function()
  run [[ train():write("model.tar.gz") wf.csv.write(data:head(2), "rows.csv") ]]
  local wf = require("wf.core.sys").executable()
  local result = t.shell(([[sh -c '"%s" serve --model model.tar.gz --port 18473 & p=$!
    i=0; while ! curl -sf http://127.0.0.1:18473/ping >/dev/null && [ $i -lt 100 ]; do sleep 0.05; i=$((i+1)); done
    curl -s -H "Content-Type: text/csv" --data-binary @rows.csv http://127.0.0.1:18473/invocations
    kill $p; wait $p']]):format(wf))
  local _, lines = result.out:gsub("[%d.]+\n", "")
  t.equal(lines, 2, result.out .. result.err)
end)

t.finish()
