-- wf.trace: what a step reads from outside while it runs, and what it reports.
--
--   local recorder = trace.begin(run)       -- until trace.finish(recorder), nested ones inside it
--   trace.note("param", "seed", digest, "1")
--   recorder.reads                          -- { { kind, name, digest, text, identity }, … }
--   trace.holds(read, run)                  -- whether it would be read so again; else what is there now
--
-- Files read through wf, io.open, io.lines, loadfile, dofile and require, web addresses, environment
-- variables, parameters of the run, registered baselines and the training library are recorded with a
-- digest. What is at an address is fetched again to compare.
-- The clock is recorded without one: a cached step keeps the time it has seen. What cannot be
-- recorded (a pipe, a file that changes while it is read, an action inside a step) makes the step's
-- result one that is not kept: recorder.problem says why.

local core = require "wf.core.step"
local key = require "wf.core.key"
local state = require "wf.state"
local sys = require "wf.core.sys"

local trace = {}

local recorders = {}

-- Files are read again whatever is remembered of them.
trace.verify = false

-- ---- recording ----------------------------------------------------------------------------------

-- What a recorder has that has seen nothing: most steps read and report nothing.
local nothing = {}

-- Records a read once, in every open recorder.
function trace.note(kind, name, digest, text, identity)
  for _, recorder in ipairs(recorders) do
    local id = kind .. "\0" .. name
    if recorder.reads == nothing then recorder.reads, recorder.known = {}, {} end
    if not recorder.known[id] then
      recorder.known[id] = true
      recorder.reads[#recorder.reads + 1] = { kind, name, digest, text or "", identity or "" }
    end
  end
end

function trace.is_active()
  return #recorders > 0
end

-- The result of the steps that are running must not be kept.
function trace.spoil(problem)
  for _, recorder in ipairs(recorders) do recorder.problem = recorder.problem or problem end
end

-- A number or line that the step reports and a cached step repeats.
function trace.effect(kind, name, value)
  for _, recorder in ipairs(recorders) do
    if recorder.effects == nothing then recorder.effects = {} end
    recorder.effects[#recorder.effects + 1] = { kind, name, value }
  end
end

local function note_file(path)
  local digest, identity = core.file_digest(state.catalog(), path, trace.verify)
  if not digest then return trace.spoil(("it reads %s, which is no regular file"):format(path)) end
  trace.note("file", path, digest, nil, identity)
end

local function value_digest(value)
  return value == nil and "unset" or core.digest(value)
end

local getenv = sys.env

local observers = {
  file = note_file,
  env = function(name) trace.note("env", name, value_digest(getenv(name))) end,
  clock = function(name) trace.note("clock", name, "") end,
  remote = function(url, digest) trace.note("remote", url, digest) end,
  require = function(name)
    if name:find("^wf$") or name:find("^wf%.") then return end
    local files = core.module_files(name)
    table.sort(files)
    for _, path in ipairs(files) do note_file(path) end
  end,
}

-- An observer reads nothing that is to be observed.
local observing = false

local function observe(kind, name, digest)
  if observing then return end
  observing = true
  local ok, e = pcall(observers[kind], name, digest)
  observing = false
  if not ok then error(e, 0) end
end

function trace.begin(run)
  local recorder = { run = run, reads = nothing, effects = nothing, known = nil, problem = nil }
  recorders[#recorders + 1] = recorder
  if #recorders == 1 then core.observe(observe) end
  return recorder
end

-- Ends the innermost recorder.
function trace.finish(recorder)
  assert(recorders[#recorders] == recorder, "recorders end in reverse order")
  recorders[#recorders] = nil
  if #recorders == 0 then core.observe(nil) end
end

-- Runs `body` without recording what it reads.
function trace.silently(body, ...)
  local before = recorders
  recorders = {}
  local results = table.pack(pcall(body, ...))
  recorders = before
  if not results[1] then error(results[2], 0) end
  return table.unpack(results, 2, results.n)
end

-- The reads of a result that is used count for the step around it.
function trace.adopt(reads)
  if #recorders == 0 then return end
  for _, read in ipairs(reads) do trace.note(table.unpack(read, 1, 5)) end
end

-- The first file that is not what it was when it was read; nil when there is none.
function trace.changed_file(recorder)
  for _, read in ipairs(recorder.reads) do
    if read[1] == "file" then
      local identity = core.identity(read[2])
      local same = identity and identity == read[5]
      if not same and core.file_digest(state.catalog(), read[2]) ~= read[3] then return read[2] end
    end
  end
end

-- ---- libraries ----------------------------------------------------------------------------------

-- What tells which file the loader would take for a library that it took from `path`: loading it
-- only to ask for its version would cost milliseconds. Nil when the file is not there.
local function library_identity(path)
  local file = core.identity(path)
  return file and table.concat({ path, file, getenv("LD_LIBRARY_PATH") or "",
    core.identity("/etc/ld.so.cache") or "" }, "\n")
end

-- Records the version of a library that has been loaded.
function trace.note_library(name, version)
  local path = sys.read_file("/proc/self/maps"):match("(/[^\n]*/lib" .. name .. "%.so[^\n]*)")
  trace.note("library", name, core.digest(version), version, path and library_identity(path))
end

-- ---- comparing ----------------------------------------------------------------------------------

-- A value as it is shown in reasons.
function trace.preview(value)
  if type(value) == "string" then return #value > 60 and ("%q"):format(value:sub(1, 57) .. "…")
    or ("%q"):format(value) end
  return type(value) == "table" and "table" or tostring(value)
end

local now = {
  file = function(name, read)
    if not trace.verify and read[5] ~= "" and core.identity(name) == read[5] then return read[3] end
    return core.file_digest(state.catalog(), name, trace.verify)
  end,
  env = function(name) return value_digest(getenv(name)) end,
  clock = function() return "" end,
  remote = function(url) -- an address that cannot be read now is read, and fails, in the step
    local ok, digest
    trace.silently(function() ok, digest = pcall(core.remote_digest, url) end)
    return ok and digest or "unreadable"
  end,
  param = function(name, _, run)
    local value = run.values[name]
    return key.value(value), trace.preview(value)
  end,
  library = function(name, read)
    local path = not trace.verify and read[5]:match("^[^\n]+")
    if path and library_identity(path) == read[5] then return read[3], read[4] end
    local version = require("wf.core." .. name).version()
    return core.digest(version), version
  end,
  registry = function(name) return require("wf.registry.versions").traced(name) end,
}

-- True when the read would give the same now; else false and a text of what there is now.
function trace.holds(read, run)
  local current = now[read[1]]
  if not current then return false end
  local digest, text = current(read[2], read, run)
  return digest == read[3], text
end

local words = { file = "file %s", remote = "%s", env = "environment variable %s", param = "parameter %s",
  library = "library %s", registry = "registry %s" }

-- What changed, in words.
function trace.describe(read, text)
  local what = (words[read[1]] or read[1] .. " %s"):format(read[2])
  if read[3] == "absent" then return what .. " is there now" end
  if text and read[4] ~= "" and text ~= read[4] then
    return ("%s %s → %s"):format(what, read[4], text)
  end
  return what .. " changed"
end

return trace
