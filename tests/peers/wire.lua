-- Frames as the peers' Python writes them in JSON; numbers that JSON cannot carry are text ("nan", "-0").
local wf = require "wf"
local frame = wf.frame

local SPECIAL = { nan = 0 / 0, inf = 1 / 0, ["-inf"] = -1 / 0, ["-0"] = -0.0 }

local function column_of(spec)
  local values = {}
  for i, value in ipairs(spec.values) do
    values[i] = value == wf.json.null and frame.missing or spec.type ~= "string" and SPECIAL[value] or value
  end
  local kind = spec.type == "f64" and 1.5 or spec.type == "bool" and true or
    (spec.type == "string" or spec.type == "category") and "" or 1
  values[#values + 1] = kind -- types an empty or all-missing list; cut off below
  local column = frame.new { { "x", values } }:head(#values - 1).x
  return column.type == spec.type and column or column:cast(spec.type)
end

local function frame_of(specs)
  local list = {}
  for i, spec in ipairs(specs) do list[i] = { spec.name, column_of(spec) } end
  return frame.new(list)
end

return { frame = frame_of }
