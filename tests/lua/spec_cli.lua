-- The command line: words, options, usage errors, JSON.
local t = require "harness"

t.test("help and version", function()
  local result = t.wf { "--help" }
  t.equal(result.status, 0)
  t.contains(result.out, "usage: wf SCRIPT", "endpoints", "approve")
  t.contains(t.wf({ "version" }).out, "wf ")
  t.ok(t.json({ "version", "--json" }).version:match("^%d+%.%d+%.%d+$"))
  for _, name in ipairs { "run", "runs", "show", "log", "models", "approve", "reject", "deploy",
    "endpoints", "invoke", "delete-endpoint", "serve", "doctor", "version" } do
    result = t.wf { name, "--help" }
    t.equal(result.status, 0, name)
    t.contains(result.out, "usage: wf " .. name)
    t.equal(t.wf({ "help", name }).out, result.out)
  end
end)

t.test("usage errors have status 2 and name the word", function()
  for _, case in ipairs {
    { { "runz" }, "unknown command 'runz'" }, { { "endpoint" }, "did you mean 'endpoints'?" },
    { { "nothing.lua" }, "there is no script 'nothing.lua'" },
    { { "runs", "--lmit", "3" }, "unknown option '--lmit'; did you mean '--limit'?" },
    { { "runs", "--limit", "x" }, "'x' is not a whole number" },
    { { "runs", "--limit" }, "needs a value" }, { { "runs", "--json=1" }, "takes no value" },
    { { "runs", "extra" }, "no use for 'extra'" }, { { "approve", "group" }, "VERSION is missing" },
    { { "approve", "group", "one" }, "'one' is not a whole number" },
    { { "show", "first" }, "'first' is not a run's number" },
    { { "invoke", "name" }, "give --csv FILE" }, { { "deploy", "name" }, "GROUP[/VERSION]" },
    { { "help", "rnu" }, "did you mean 'run'?" },
  } do
    local result = t.wf(case[1])
    t.equal(result.status, 2, table.concat(case[1], " "))
    t.contains(result.err, case[2])
    t.equal(result.out, "")
  end
end)

t.test("empty lists say so, and are [] in JSON", function()
  t.contains(t.wf({ "runs" }).out, "there are no runs yet")
  t.contains(t.wf({ "models" }).out, "there are no model versions")
  t.contains(t.wf({ "endpoints" }).out, "there are no endpoints")
  for _, name in ipairs { "runs", "models", "endpoints" } do
    t.equal(t.wf({ name, "--json" }).out, "[]\n")
  end
end)

t.test("absent things are errors that name them, with status 1", function()
  for _, case in ipairs { { { "show", "7" }, "7" }, { { "show" }, "there are no runs yet" },
    { { "approve", "group", "1" }, "group" }, { { "invoke", "none", "--csv", "-" }, "none" },
    { { "delete-endpoint", "none" }, "none" },
    { { "deploy", "e", "group" }, "group 'group' has no Approved version" } } do
    local result = t.wf(case[1])
    t.equal(result.status, 1, table.concat(case[1], " "))
    t.contains(result.err, case[2])
    t.ok(not result.err:find("traceback"), "no stack for the command line's own errors")
  end
end)

t.test("runs, show and log agree", function()
  t.succeeds [[
    local run <close> = require("wf").run { name = "Demo" }
    run:step("A", function() print("text") return { x = 1 } end)
  ]]
  t.succeeds [[ local run <close> = require("wf").run { name = "Second" } ]]
  local listed = t.wf({ "runs" }).out
  t.contains(listed, "RUN", "Demo", "Second", "Succeeded")
  local runs = t.json { "runs", "--json", "-n", "1" }
  t.equal(#runs, 1)
  t.equal(runs[1].name, "Second")
  t.contains(t.wf({ "show", "1" }).out, "run 1", "Demo", "A", "Succeeded", "script.lua")
  t.equal(t.json({ "show", "1", "--json" }).steps[1].outcome.value.x, 1)
  t.equal(t.json({ "log", "1", "--json" }), { { step = "A", log = "text\n" } })
end)

t.test("doctor finds everything in working order", function()
  local result = t.wf { "doctor" }
  t.equal(result.status, 0, result.out .. result.err)
  t.contains(result.out, "xgboost", "catalog", "ok")
  for _, check in ipairs(t.json { "doctor", "--json" }) do t.ok(check.ok, check.check) end
end)

t.test("a syntax error names file and line", function()
  local result = t.script("local x = = 3\n")
  t.equal(result.status, 1)
  t.contains(result.err, "script.lua:1:", "unexpected symbol")
end)

t.test("scripts may come with a first line for the shell, from stdin and with -e", function()
  t.equal(t.script("#!/usr/bin/env wf\nprint 'ok'\n").out, "ok\n")
  t.equal(t.wf({ "-" }, { stdin = t.write("x.lua", "print(...)") }).out, "\n")
  t.equal(t.wf({ "-e", "print(wf.version)" }).status, 0)
end)

t.test("a table may come from standard input", function()
  local table_file = t.write("x.csv", "a,b\n1,x\n2,y\n")
  local script = "print(#wf.csv.read '-', wf.csv.read { 'x.csv', 'x.csv' }.a:sum())"
  t.equal(t.wf({ "-e", script }, { stdin = table_file }).out, "2\t6\n")
  t.contains(t.wf({ "-e", "wf.csv.read { 'x.csv', '-' }" }, { stdin = table_file }).err, "standard input cannot be one")
end)

t.test("show of a run with many steps", function()
  t.write("many.lua", [[
local wf = require "wf"
local run <close> = wf.run { name = "many", durability = "process" }
for i = 1, 200 do
  pcall(run.step, run, "S" .. i, function(n) if n == 77 then error("no 77") end return n end, i)
end
]])
  t.equal(t.wf({ "many.lua" }).status, 0)
  local some = t.wf { "show" }.out
  t.contains(some, "steps: 1 failed, 199 succeeded;")
  for _, name in ipairs { "1    S1 ", "10   S10 ", "S77 ", "191  S191 ", "200  S200 " } do t.contains(some, name) end
  t.ok(not some:find("S100 ", 1, true))
  t.contains(t.wf({ "show", "last", "--all" }).out, "100  S100 ")
  t.equal(#t.json({ "show", "last", "--json" }).steps, 200)
end)

local function n_lines(text)
  return select(2, text:gsub("\n", "\n"))
end

t.test("steps of a run that come page by page", function()
  t.write("pages.lua", [[
local wf = require "wf"
local run <close> = wf.run { name = "pages", durability = "process" }
for i = 1, 1203 do
  run:step("S" .. i % 3, function(n) if n % 400 == 7 then print("I am " .. n) end return n end, i)
end
]])
  t.equal(t.wf({ "pages.lua" }).status, 0)
  local steps = t.json({ "show", "last", "--json" }).steps
  t.equal(#steps, 1203)
  for i, step in ipairs(steps) do t.equal(step.outcome.value, i) end
  t.equal(t.json({ "show", "last", "--json" }).name, "pages")
  t.equal(n_lines((t.wf({ "show", "--all" }).out:gsub("^.-\nsteps\n", ""))), 1204)
  local explained = t.json { "explain", "last", "--json" }
  t.equal(#explained, 1203)
  t.equal(explained[1203].parts[#explained[1203].parts].value, "1203")
  t.equal(#t.json { "explain", "last", "S1", "--json" }, 401)
  local parts = t.json({ "explain", "last", "1007", "--json" })[1].parts
  t.equal(parts[#parts].value, "1007")
  t.contains(t.wf({ "explain" }).out, "steps: 1203 succeeded;", "S1    Succeeded  first run")
  t.equal(n_lines(t.wf({ "explain", "--all" }).out), 1204)
  t.equal(t.wf({ "log" }).out, "== S1\nI am 7\n== S2\nI am 407\n== S0\nI am 807\n")
  t.equal(t.wf({ "log", "last", "407" }).out, "I am 407\n")
  local logs = t.json { "log", "last", "S0", "--json" }
  t.equal(#logs, 401)
  t.equal(logs[269].log, "I am 807\n")
  t.contains(t.wf({ "log", "last", "1204" }).err, "unknown step '1204'")
  t.contains(t.wf({ "explain", "last", "S3" }).err, "did you mean 'S0'")
end)

t.finish()
