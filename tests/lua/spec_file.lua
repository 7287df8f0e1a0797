-- wf.file: files and directories as results of steps.
local t = require "harness"

local head = [[
local wf = require "wf"
local run <close> = wf.run { name = "Files" }
local function write(path, text)
  local file <close> = assert(io.open(path, "w"))
  file:write(text)
end
]]

local script = head .. [[
local made = run:step("Make", function()
  print("executed")
  os.execute("mkdir -p out/deep")
  write("out/a.txt", "alpha")
  write("out/deep/b.txt", "beta")
  write("tool", "#!/bin/sh\necho run\n")
  os.execute("chmod +x tool")
  return { all = wf.file "out/", tool = wf.file "tool" }
end)
local text = run:step("Use", function() return made.all:read("a.txt") .. made.all:read("deep/b.txt") end)
print(text, made.all, made.tool.size, #made.all.files)
]]

local function states()
  local list = {}
  for i, step in ipairs(t.json({ "show", "last", "--json" }).steps) do list[i] = step.name .. " " .. step.state end
  return table.concat(list, ", ")
end

local function contents()
  return t.shell("cat out/a.txt out/deep/b.txt && ./tool").out
end

local function again()
  local result = t.succeeds(script)
  t.ok(not result.out:find("executed"), result.out)
  t.equal(states(), "Make Cached, Use Cached")
  t.equal(contents(), "alphabetarun\n")
  return result
end

t.test("files that are gone or changed are put back when the step is cached", function()
  local first = t.succeeds(script)
  t.contains(first.out, "alphabeta", "out  ", "9 bytes in 2 files", "\t19\t2")
  t.equal((again().out:gsub("executed\n", "")), (first.out:gsub("executed\n", "")))
  t.shell("rm -rf out tool")
  again()
  t.write("out/a.txt", "other")
  t.contains(again().err, "out/a.txt is not what the step made; it is restored")
end)

t.test("what a directory holds besides is left alone and named", function()
  t.ok(not t.succeeds(script).err:find("did not make"))
  t.ok(not again().err:find("did not make"))
  t.shell("touch out/more out/deep/less; rm tool")
  t.contains(again().err, "out holds what the step did not make: out/deep/less, out/more\n")
  t.equal(t.shell("ls out").out, "a.txt\ndeep\nmore\n")
  t.shell("touch out/0 out/1 out/2 out/3 out/4")
  t.contains(again().err, "out/0, out/1, out/2, out/3, out/4 and 2 more\n")
end)

t.test("a damaged or missing object is reported and the step executed again", function()
  t.succeeds(script)
  local digest = t.shell("printf alpha | sha256sum | cut -c1-64").out:gsub("\n", "")
  local object = ("state/objects/%s/%s"):format(digest:sub(1, 2), digest:sub(3))
  for _, command in ipairs { "chmod 600 %s && printf omega >%s", "rm -f %s %s" } do
    t.shell(command:format(object, object))
    t.shell("rm out/a.txt")
    local result = t.succeeds(script)
    t.contains(result.err, "Make: ", "it is computed again", "why: its stored result is damaged")
    t.equal(states(), "Make Succeeded, Use Cached")
    t.equal(contents(), "alphabetarun\n")
  end
  t.contains(t.wf({ "verify" }).out, " 0 problems")
end)

t.test("gc keeps the contents, lineage follows them", function()
  t.succeeds(head .. [[
    run:step("Write", function() write("x.csv", "n\n1\n2\n") return wf.file "x.csv" end)
    run:step("Read", function() return #wf.csv.read("x.csv") end)
  ]])
  t.shell("touch -d '3 hours ago' state/objects/*/*")
  t.equal(t.json({ "gc", "--json" }).objects, 0)
  local tree = t.json { "lineage", "x.csv", "--json" }
  t.equal(tree.made_of[1].name, "Read")
  t.contains(t.wf({ "lineage", "last" }).out, "step Read  run 1  Succeeded\n    ├ step Write")
  t.equal(t.wf({ "replay" }).status, 0)
end)

t.test("workers, nesting and later changes", function()
  local result = t.succeeds(head .. [[
    local list = run:map("Part", { "p1", "p2" }, function(name)
      local file <close> = io.open(name, "w")
      file:write(name:rep(3))
      file:close()
      return { { file = require("wf").file(name) } }
    end)
    write("p1", "changed since")
    print(list[1][1].file:read(), list[2][1].file:read())
  ]])
  t.equal(result.out, "p1p1p1\tp2p2p2\n")
  result = t.succeeds(head .. [[
    run:step("Late", function()
      write("late", "one")
      local value = wf.file "late"
      write("late", "two")
      return value
    end)
  ]])
  t.contains(result.err, "not kept: late changed after wf.file")
end)

t.test("an input file by content", function()
  t.write("in.txt", "one")
  local body = head .. [[
    local input = wf.file "in.txt"
    print(run:step("Read", function() return input:read() end))
  ]]
  t.equal(t.succeeds(body).out, "one\n")
  t.equal(t.succeeds(body).out, "one\n")
  t.equal(states(), "Read Cached")
  t.write("in.txt", "two")
  t.equal(t.succeeds(body).out, "two\n")
end)

t.test("what is no regular file is refused by name", function()
  t.shell("mkdir d; ln -s nowhere d/link; mkfifo pipe")
  for path, text in pairs { ["none"] = "wf.file: none: is not there", ["d"] = "d/link: is a symbolic link",
    ["pipe"] = "pipe: is no file or directory" } do
    t.contains(t.script(([[ require("wf").file(%q) ]]):format(path)).err, text)
  end
  t.contains(t.script([[ require("wf").file() ]]).err, "wf.file")
  t.contains(t.script([[ os.execute("mkdir e") require("wf").file("e"):read("x") ]]).err, "e/x is not in it")
end)

t.finish()
