-- wf.shap.interactions: what features give together beyond what each gives alone, for a set of rows.
--
--   local found = wf.shap.interactions(model, frame)
--   print(found:global():head(5))                 -- the strongest pairs
--   print(found:pair("age", "income"))            -- one pair in each row; a feature and itself: its own effect
--   print(found:matrix(3))                        -- all of a row; its rows add up to the SHAP values
--
-- Plain data made of frames, as an explanation is: steps return it. Outputs count from 1; a model of
-- several classes has one each.

local core = require "wf.core.shap"
local errors = require "wf.errors"
local explanation = require "wf.shap.explanation"
local frame = require "wf.frame"
local options = require "wf.options"

local interactions = {}

-- outputs: of each a frame with a column "a:b" for every two features, a ≤ b, both halves together.
local Interactions = { __name = "wf.interactions", __module = "wf.shap", __class = "Interactions" }
interactions.classes = { Interactions = Interactions }
local methods = {}
Interactions.__index = methods

-- Of what wf.core.shap computed.
function interactions.of(found, features)
  local self = { outputs = {}, bases = {}, names = features }
  for i = 1, found:outputs() do self.outputs[i], self.bases[i] = found:pairs(i), found:base(i) end
  return setmetatable(self, Interactions)
end

local output_of = explanation.output_of

local function number_of(self, name)
  options.argument("interactions:pair", 1, name, "string")
  for i, feature in ipairs(self.names) do
    if feature == name then return i end
  end
  errors.raise { code = "not_found", message = options.unknown("feature", name, self.names) }
end

local function key_of(a, b)
  return ("%d:%d"):format(math.min(a, b), math.max(a, b))
end

function methods:rows()
  return #self.outputs[1]
end

function Interactions:__len()
  return #self.outputs[1]
end

function methods:features()
  return table.move(self.names, 1, #self.names, 1, {})
end

function methods:output_count()
  return #self.outputs
end

-- What is predicted before any feature is known; nil without rows.
function methods:base(output)
  return self.bases[output_of(self, output)]
end

-- A column: what the two give together in each row; of a feature and itself what it gives alone.
function methods:pair(a, b, output)
  return self.outputs[output_of(self, output)]:column(key_of(number_of(self, a), number_of(self, b)))
end

-- The square of one row: a column per feature, line i is the feature that column i is. What two give
-- together is shared by both halves.
function methods:matrix(row, output)
  options.argument("interactions:matrix", 1, row, "integer")
  if row < 1 or row > #self then errors.invalid("there is no row %d; there are %d", row, #self) end
  local cells, columns = self.outputs[output_of(self, output)]:row(row), {}
  for b = 1, #self.names do
    columns[b] = {}
    for a = 1, #self.names do columns[b][a] = cells[key_of(a, b)] / (a == b and 1 or 2) end
  end
  return frame.new { names = self.names, columns = columns }
end

-- The mean absolute interaction of every two features, the strongest first: frame (feature_a, feature_b,
-- interaction).
function methods:global(output)
  local values, two = self.outputs[output_of(self, output)], {}
  for _, name in ipairs(values:columns()) do
    local a, b = name:match "(%d+):(%d+)"
    if a ~= b then two[#two + 1] = name end
  end
  local ranking = core.importance(values:select(two), "mean_abs")
  local first, second = {}, {}
  for i, name in ipairs(ranking.feature:to_table()) do
    local a, b = name:match "(%d+):(%d+)"
    first[i], second[i] = self.names[tonumber(a)], self.names[tonumber(b)]
  end
  return frame.new { names = { "feature_a", "feature_b", "interaction" },
    columns = { first, second, ranking.importance } }
end

function Interactions:__tostring()
  local head = ("SHAP interactions of %d row%s: %d features of %d output%s"):format(#self,
    #self == 1 and "" or "s", #self.names, #self.outputs, #self.outputs == 1 and "" or "s")
  if #self == 0 or #self.names < 2 then return head end
  return head .. "\n" .. tostring(self:global():head(5))
end

function Interactions:__summary()
  return { type = "wf.interactions", rows = #self, features = #self.names }
end

return interactions
