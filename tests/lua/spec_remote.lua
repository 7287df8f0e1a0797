-- Readers given a web address, against a small server of Python's.
local t = require "harness"
local wf = require "wf"
local sys = require "wf.core.sys"

local server = [[
import http.server, os, sys
class Handler(http.server.SimpleHTTPRequestHandler):
    def do_GET(self):
        if self.path != "/moved":
            return super().do_GET()
        self.send_response(302)
        self.send_header("Location", "/t.csv")
        self.end_headers()
    def log_message(self, *rest):
        pass
os.chdir(sys.argv[1])
listening = http.server.HTTPServer(("127.0.0.1", 0), Handler)
with open("port.part", "w") as file:
    file.write(f"{listening.server_port} {os.getpid()}")
os.rename("port.part", "port")
listening.serve_forever()
]]

local function save(path, text)
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
end

-- Serves the directory of the test while `body` runs with its address.
local function serving(body)
  if not os.execute "command -v python3 >/dev/null" then t.skip "python3 is not installed" end
  local folder = t.directory()
  save(folder .. "/server.py", server)
  os.execute(("python3 '%s/server.py' '%s' >/dev/null 2>&1 &"):format(folder, folder))
  for _ = 1, 200 do
    if sys.exists(folder .. "/port") then break end
    os.execute "sleep 0.05"
  end
  local port, pid = sys.read_file(folder .. "/port"):match "(%d+) (%d+)"
  local ok, e = pcall(body, ("http://127.0.0.1:%s/"):format(port), folder)
  os.execute("kill " .. pid)
  if not ok then error(e, 0) end
end

t.test("tables are read from web addresses", function()
  serving(function(url, folder)
    local f = wf.frame.new { { "a", { 1, 2, 3 } }, { "b", { "x", "y", "z" } } }
    wf.csv.write(f, folder .. "/t.csv")
    wf.csv.write(f, folder .. "/t.csv.gz")
    wf.jsonl.write(f, folder .. "/t.jsonl")
    t.equal(wf.csv.read(url .. "t.csv"):digest(), f:digest())
    t.equal(wf.csv.read(url .. "t.csv.gz?x=[1]", { columns = { "b" } }).b[3], "z")
    t.equal(wf.jsonl.read(url .. "t.jsonl", { timeout = 20 }):digest(), f:digest())
    t.raises("not_found", { url .. "none.csv", "404" }, wf.csv.read, url .. "none.csv")
    t.raises("external", { "302", "redirects are not followed" }, wf.csv.read, url .. "moved")
    t.raises("limit", "larger than 5 bytes", wf.csv.read, url .. "t.csv", { max_bytes = 5 })
    local e = t.raises("type", { url .. "t.csv: line 2", "'x'" }, wf.csv.read, url .. "t.csv",
      { types = { b = "i64" } })
    t.equal(e.path, url .. "t.csv")
    t.raises("parse", url .. "t.csv: line 1", wf.jsonl.read, url .. "t.csv")
    t.raises("invalid", "timeout", wf.csv.read, url .. "t.csv", { timeout = 0 })
  end)
end)

t.test("an address nobody answers at is an error that names it", function()
  local ok, e = pcall(wf.csv.read, "http://127.0.0.1:1/t.csv")
  t.ok(not ok and tostring(e):find("http://127.0.0.1:1/t.csv", 1, true), e)
end)

t.finish()
