-- Runs cases that frames.py made: a line of JSON each, { frames, code } in, { columns } or { error } out. Answers
-- are text throughout, exact to the bit.
local wf = require "wf"
local frame = wf.frame

local frame_of = dofile(arg[0]:gsub("frames%.lua$", "wire.lua")).frame

local function text_of(value)
  if value == nil then return wf.json.null end
  if math.type(value) == "float" then return ("%.17g"):format(value) end
  return tostring(value)
end

local function columns_of(result)
  local list = {}
  for i, name in ipairs(result:columns()) do
    local column, values = result:column(name), {}
    for row = 1, #column do values[row] = text_of(column[row]) end
    list[i] = { name = name, type = column.type, values = wf.json.array(values) }
  end
  return wf.json.array(list)
end

local function run(case)
  local frames = {}
  for i, specs in ipairs(case.frames) do frames[i] = frame_of(specs) end
  local env = { wf = wf, frame = frame, a = frames[1], b = frames[2], NA = frame.missing }
  setmetatable(env, { __index = _G })
  local result = assert(load(case.code, "=case", "t", env))()
  local ok, columns = pcall(function() return result:columns() end)
  if not ok or type(columns) ~= "table" then result = frame.new { { "x", result } } end
  return columns_of(result)
end

for line in io.lines(arg[1]) do
  local ok, result = pcall(run, wf.json.decode(line))
  local answer = ok and { columns = result } or { error = tostring(result) }
  io.write(wf.json.encode(answer), "\n")
end
