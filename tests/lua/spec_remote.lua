-- Readers given a web address, against a small server of Python's.
local t = require "harness"
local wf = require "wf"
local sys = require "wf.core.sys"

local server = [=[
import hashlib, hmac, http.server, os, re, sys, time
class Handler(http.server.SimpleHTTPRequestHandler):
    def signature_is_good(self):
        found = re.fullmatch(r"AWS4-HMAC-SHA256 Credential=KEY/(\d{8})/moon-1/s3/aws4_request,"
                             r"SignedHeaders=([a-z0-9;-]+),Signature=([0-9a-f]{64})",
                             self.headers.get("Authorization", ""))
        if not found:
            return False
        day, names, signature = found.groups()
        values = "".join(f"{name}:{self.headers[name]}\n" for name in names.split(";"))
        request = "\n".join(["GET", self.path, "", values, names, self.headers["x-amz-content-sha256"]])
        text = "\n".join(["AWS4-HMAC-SHA256", self.headers["x-amz-date"], f"{day}/moon-1/s3/aws4_request",
                          hashlib.sha256(request.encode()).hexdigest()])
        key = b"AWS4SECRET"
        for word in (day, "moon-1", "s3", "aws4_request", text):
            key = hmac.new(key, word.encode(), hashlib.sha256).digest()
        return key.hex() == signature
    def do_GET(self):
        if self.path.startswith("/bucket/") and not self.signature_is_good():
            return self.send_error(403)
        if self.path == "/cut":
            self.send_response(200)
            self.send_header("Content-Length", "100")
            self.end_headers()
            self.wfile.write(b"a,b\n1,2\n")
            return
        if self.path == "/slow":
            return time.sleep(2)
        target = {"/moved": "/moved2", "/moved2": "/t.csv", "/round": "/round", "/ftp": "ftp://127.0.0.1/t.csv"}
        if self.path not in target:
            return super().do_GET()
        self.send_response(302)
        self.send_header("Location", target[self.path])
        self.end_headers()
        self.wfile.write(b"moved,elsewhere\n1,2\n")
    def log_message(self, *rest):
        pass
os.chdir(sys.argv[1])
listening = http.server.HTTPServer(("127.0.0.1", 0), Handler)
with open("port.part", "w") as file:
    file.write(f"{listening.server_port} {os.getpid()}")
os.rename("port.part", "port")
listening.serve_forever()
]=]

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
    t.equal(wf.csv.read(url .. "moved"):digest(), f:digest())
    t.raises("external", "redirects", wf.csv.read, url .. "round")
    t.raises("invalid", "ftp", wf.csv.read, url .. "ftp")
    t.raises("io", url .. "cut", wf.csv.read, url .. "cut")
    t.raises("io", { url .. "slow", "timed out" }, wf.csv.read, url .. "slow", { timeout = 0.3 })
    wf.jsonl.write(f, folder .. "/t.jsonl.gz")
    wf.arrow.write(f, folder .. "/t.arrow")
    save(folder .. "/t.svm", "1 0:2 2:0.5\n0 1:3\n")
    t.equal(wf.jsonl.read(url .. "t.jsonl.gz"):digest(), f:digest())
    t.equal(wf.arrow.read(url .. "t.arrow"):digest(), f:digest())
    t.equal(wf.libsvm.read(url .. "t.svm"):digest(), wf.libsvm.read(folder .. "/t.svm"):digest())
    t.raises("parse", url .. "t.csv: line 1", wf.libsvm.read, url .. "t.csv")
    t.raises("parse", url .. "t.csv: ", wf.arrow.read, url .. "t.csv")
    t.raises("limit", { "max_bytes", "larger than 5 bytes" }, wf.csv.read, url .. "t.csv", { max_bytes = 5 })
    local e = t.raises("type", { url .. "t.csv: line 2", "'x'" }, wf.csv.read, url .. "t.csv",
      { types = { b = "i64" } })
    t.equal(e.path, url .. "t.csv")
    t.raises("parse", url .. "t.csv: line 1", wf.jsonl.read, url .. "t.csv")
    t.raises("invalid", "timeout", wf.csv.read, url .. "t.csv", { timeout = 0 })
  end)
end)

t.test("a step that has read an address is executed again when what is there has changed", function()
  serving(function(url, folder)
    save(folder .. "/t.csv", "a\n1\n2\n")
    local body = ([[
      local wf = require "wf"
      local run <close> = wf.run { name = "Remote" }
      print(run:step("Read", function() return #wf.csv.read("%st.csv") end))
    ]]):format(url)
    t.equal(t.succeeds(body).out, "2\n")
    t.equal(t.succeeds(body).out, "2\n")
    t.equal(t.json({ "show", "last", "--json" }).steps[1].state, "Cached")
    save(folder .. "/t.csv", "a\n1\n2\n3\n")
    t.equal(t.succeeds(body).out, "3\n")
    local step = t.json({ "show", "last", "--json" }).steps[1]
    t.equal(step.why, url .. "t.csv changed")
    os.remove(folder .. "/t.csv")
    local result = t.script(body)
    t.equal(result.status, 1)
    t.contains(result.err, "404")
  end)
end)

t.test("objects of a store that checks signatures", function()
  serving(function(url, folder)
    os.execute(("mkdir '%s/bucket'"):format(folder))
    save(folder .. "/bucket/a+b (1)=é.csv", "a,b\n1,x\n2,y\n")
    local script = folder .. "/read.lua"
    save(script, "print(#require('wf').csv.read(arg[1]))")
    local function run(address, variables)
      local command = ("AWS_ENDPOINT_URL='%s' AWS_REGION=moon-1 AWS_ACCESS_KEY_ID=KEY %s '%s' '%s' '%s' 2>&1"):format(
        url, variables, sys.executable(), script, address)
      local pipe = assert(io.popen(command))
      return pipe:read "a", pipe:close()
    end
    local key = "s3://bucket/a+b (1)=é.csv"
    t.equal(run(key, "AWS_SECRET_ACCESS_KEY=SECRET"), "2\n")
    t.equal(run(key, "AWS_SECRET_ACCESS_KEY=SECRET AWS_SESSION_TOKEN=T0"), "2\n")
    t.ok(run(key, "AWS_SECRET_ACCESS_KEY=WRONG"):find("status 403", 1, true))
    t.ok(run(key, ""):find("AWS_SECRET_ACCESS_KEY is not", 1, true))
    t.ok(run("s3://bucket/none.csv", "AWS_SECRET_ACCESS_KEY=SECRET"):find("status 404", 1, true))
    t.ok(run("s3://bucket", "AWS_SECRET_ACCESS_KEY=SECRET"):find("s3://bucket/key", 1, true))
  end)
end)

t.test("an address nobody answers at is an error that names it", function()
  local ok, e = pcall(wf.csv.read, "http://127.0.0.1:1/t.csv")
  t.ok(not ok and tostring(e):find("http://127.0.0.1:1/t.csv", 1, true), e)
end)

t.finish()
