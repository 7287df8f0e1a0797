-- wf.cli.serve: the HTTP server in the foreground.
--
--   wf serve [--port PORT] [--state-dir DIR]           every endpoint of the state directory
--   wf serve --model model.tar.gz [--host HOST]        one model: POST /invocations, GET /ping
--   wf serve --stop                                    end the one that serves the state directory
--
-- It ends on SIGTERM or SIGINT after the requests in flight. endpoint.deploy starts it in the
-- background with --ready-fd, on which it tells that it serves or why it cannot.

local errors = require "wf.errors"
local sys = require "wf.core.sys"

local commands = {}

local function log(line)
  io.stderr:write(line, "\n")
end

local function stop()
  if require("wf.endpoint").stop_server() then
    print "the server has stopped"
    return 0
  end
  io.stderr:write("wf: no server runs for ", sys.state_dir(), "\n")
  return 1
end

-- What SageMaker's containers listen on.
local container_port = 8080

local function serve(given)
  if given.stop then return stop() end
  if given.model and given["state-dir"] then
    errors.raise { code = "usage", command = "serve",
      message = "serve: --model and --state-dir exclude each other" }
  end
  require("wf.core.endpoint").serve {
    model_path = given.model, host = given.host,
    port = given.port or given.model and container_port or nil, threads = given.threads,
    state_dir = not given.model and (given["state-dir"] or sys.state_dir()) or nil,
    ready_fd = given["ready-fd"], log = log,
  }
end

commands.serve = {
  spec = { about = "Serves endpoints until it is told to stop.", options = {
    { "model", value = "FILE", help = "serve this one model.tar.gz" },
    { "stop", help = "stop the server of the state directory instead" },
    { "host", value = "HOST", help = "address to bind (127.0.0.1; others only with --model)" },
    { "port", value = "PORT", kind = "integer", help = "port to bind (8080 with --model, else any)" },
    { "state-dir", value = "DIR", help = "the state directory (.wf, found upward)" },
    { "threads", value = "N", kind = "integer", help = "threads (one per processor)" },
    { "ready-fd", value = "FD", kind = "integer", help = "tell on this descriptor when ready" } } },
  run = serve,
}

return commands
