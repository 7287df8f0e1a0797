-- Random numbers for made-up tables, from a seed.
--
--   local numbers = require "random_numbers"       -- from a script in this folder
--   local random = numbers.from(7)
--   print(random(), numbers.pick(random, { "yes", 0.2, "no", 0.8 }))

local numbers = {}

-- A function that gives numbers from 0 on, below 1: SplitMix64, so that a script's math.random is left alone.
function numbers.from(seed)
  local state = seed
  return function()
    state = state + 0x9E3779B97F4A7C15
    local z = state
    z = (z ~ (z >> 30)) * 0xBF58476D1CE4E5B9
    z = (z ~ (z >> 27)) * 0x94D049BB133111EB
    return ((z ~ (z >> 31)) >> 11) * 0x1p-53
  end
end

-- One of the values of a list { value, weight, value, weight, … } whose weights sum to 1.
function numbers.pick(random, weighted)
  local u = random()
  for i = 1, #weighted - 2, 2 do
    u = u - weighted[i + 1]
    if u < 0 then return weighted[i] end
  end
  return weighted[#weighted - 1]
end

return numbers
