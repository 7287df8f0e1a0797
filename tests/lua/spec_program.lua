-- The program `wf`: options, standard input, exit statuses, interrupts, the prompt.
local t = require "harness"
local sys = require "wf.core.sys"

local function e(code, options) return t.wf({ "-e", code }, options) end

t.test("one-liners, standard input, shebangs", function()
  t.equal(e("print(1, wf.version)").out, "1\t" .. sys.version() .. "\n")
  t.equal(t.wf({ "-e", "x = 1", "-e", "print(x)" }).out, "1\n")
  t.write("in.lua", "#!/usr/bin/env wf\nprint('in', ...)\n")
  t.equal(t.wf({ "-", "a", "b" }, { stdin = "in.lua" }).out, "in\ta\tb\n")
  t.equal(t.wf({}, { stdin = "in.lua" }).out, "in\n")
  t.equal(t.wf({ "in.lua", "a" }).out, "in\ta\n")
  t.contains(t.wf({ "-v" }).out, "wf " .. sys.version())
end)

t.test("exit statuses", function()
  for code, status in pairs {
    [""] = 0, ["error 'x'"] = 1, ["os.exit(7)"] = 7, ["os.exit(false)"] = 1, ["os.exit(true)"] = 0,
    ["wf.error{code='usage',message='u'}"] = 2, ["wf.error{code='rejected',message='r'}"] = 3,
    ["x = ="] = 1,
  } do
    t.equal(e(code).status, status, code)
  end
  t.equal(t.wf({ "-q" }).status, 2)
  t.equal(t.wf({ "-e" }).status, 2)
end)

t.test("failures show place, message and stack", function()
  local result = t.script "local function f() error('broken') end\nf()\n"
  t.equal(result.status, 1)
  t.contains(result.err, "script.lua:1: broken", "stack traceback", "script.lua:2")
  result = e "wf.csv.read '/none.csv'"
  t.contains(result.err, "(command line):1: /none.csv: No such file")
  t.ok(not e("wf.error{code='usage',message='only this'}").err:find "traceback")
end)

t.test("a full disk is no success", function()
  local result = t.shell(sys.executable() .. " -e 'print(1)' >/dev/full")
  t.equal(result.status, 1)
  t.contains(result.err, "No space left")
end)

t.test("an interrupt stops, cleans up and says so", function()
  local result = t.shell("timeout --preserve-status -s INT 0.5 " .. sys.executable() .. [[ -e '
    local c <close> = setmetatable({}, {__close = function(_, e) print(e.code) end})
    while true do end']])
  t.equal(result.status, 130)
  t.equal(result.out, "canceled\n")
  t.contains(result.err, "interrupted")
  result = t.shell("timeout --preserve-status -s INT 0.5 " .. sys.executable()
    .. [[ -e 'while true do pcall(function() while true do end end) end']])
  t.equal(result.status, 130)
  result = t.shell("timeout --preserve-status -s TERM 0.5 " .. sys.executable()
    .. [[ -e 'coroutine.wrap(function() while true do end end)()']])
  t.equal(result.status, 143)
  result = t.shell("timeout --preserve-status -s INT 0.5 " .. sys.executable()
    .. [[ -e 'require("wf.core.sys").sleep(60)']])
  t.equal(result.status, 130)
end)

t.test("the second interrupt kills", function()
  -- In the foreground: a shell's background jobs ignore SIGINT.
  local result = t.shell("(sleep 0.4; kill -INT $(cat pid); sleep 0.2; kill -INT $(cat pid)) & sh -c '"
    .. "echo $$ >pid; exec " .. sys.executable()
    .. [[ -e "print((\"a\"):rep(30000):find((\".-\"):rep(30) .. \"b\"))"']])
  t.equal(result.status, 130)
end)

t.test("an ignored interrupt stays ignored", function()
  local result = t.shell(sys.executable() .. " -e 'require(\"wf.core.sys\").sleep(0.6) print \"done\"' & "
    .. "sleep 0.2; kill -INT $!; wait $!")
  t.equal(result.out, "done\n")
end)

t.test("print and progress go to their streams", function()
  local result = e [[local s = require "wf.core.sys" print "out" s.print_line "line" s.status_line "bar"]]
  t.equal(result.out, "out\n")
  t.equal(result.err, "line\n")
end)

t.test("random numbers begin the same", function()
  t.equal(e("print(math.random(1000000))").out, e("print(math.random(1000000))").out)
end)

t.test("the prompt reads a pipe", function()
  t.write("in", "1 + 1\nx = 3\nfor i = 1, 2 do\nprint(i)\nend\nx, nil\nerror 'oops'\n'still here'\n")
  local result = t.wf({ "-i" }, { stdin = "in", env = "HOME=$PWD" })
  t.equal(result.status, 0)
  t.contains(result.out, "2\n1\n2\n3\nnil\nstill here\n")
  t.contains(result.err, "input:1: oops")
  t.contains(t.read(t.directory() .. "/.local/state/wf/history"), "for i = 1, 2 do\\nprint(i)\\nend")
  t.write("in", "os.exit(5)\n")
  t.equal(t.wf({ "-i" }, { stdin = "in", env = "HOME=$PWD" }).status, 5)
end)

t.test("the library on disk takes the embedded one's place", function()
  sys.make_directories(t.directory() .. "/lib/wf")
  t.write("lib/wf/init.lua", "return {version = 'mine'}")
  t.equal(e("print(wf.version)", { env = "WF_STDLIB=$PWD/lib" }).out, "mine\n")
end)

t.test("a program embeds it with pkg-config alone", function()
  local build = sys.executable():match "^(.*)/lua/wf$"
  if not build or not sys.exists(build .. "/lua/libwf.so") then
    t.skip "the program under test is not in a build directory with its library"
  end
  if t.shell(("grep -qE '__(a|t)san_init' %s/lua/libwf.so"):format(build)).status == 0 then
    t.skip "the library is built with a sanitizer"
  end
  local result = t.shell(("cp %s/examples/embed/* . && PKG_CONFIG_PATH=%s/meson-uninstalled "
    .. "make -s check LDFLAGS=-Wl,-rpath,%s/lua"):format(t.root, build, build))
  t.equal(result.err, "")
  t.equal(result.out, "script: 2 of 4 payments are above 100\n"
    .. "describe: amount: mean 136.83, 1 missing\nmean: 136.83\n")
end)

t.finish()
