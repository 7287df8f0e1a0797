-- wf.bias.chances: the coin that decides where a fair rule needs one.
--
--   local chances = require "wf.bias.chances"
--   chances(#data, seed)      -- a column of numbers from 0 to 1, the same for the same seed and row

local frame = require "wf.frame"

return function(n, seed)
  local state, list = seed & 0xffffffff, {}
  for i = 1, n do
    state = (state * 6364136223846793005 + 1442695040888963407)
    local mixed = state ~ (state >> 33)
    mixed = mixed * 0xff51afd7ed558ccd
    mixed = mixed ~ (mixed >> 33)
    list[i] = (mixed >> 11) * (1.0 / (1 << 53))
  end
  return frame.new({ names = { "chance" }, columns = { list } }).chance
end
