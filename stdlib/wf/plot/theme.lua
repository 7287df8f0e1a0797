-- wf.plot.theme: colours and sizes of all plots.
--
-- Series take Okabe and Ito's colours, which people with any kind of colour blindness tell apart.
-- Signed amounts run from blue over grey to vermillion, shares from white to blue; both keep their
-- order in grey print. Maps have a fixed number of levels, so that marks of a level share one path.

local theme = {}

theme.series = { "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000",
  "#8c6d00" }
theme.raises, theme.lowers = "#d1480b", "#0868ac"
theme.background, theme.ink, theme.text = "#ffffff", "#1b1b1f", "#3f3f46"
theme.muted, theme.grid, theme.axis = "#6b6b76", "#e7e7ea", "#9a9aa3"
-- Of what has no value, and of what values are not known of.
theme.missing, theme.unknown = "#6a6a74", "#b9b9c0"

theme.title_size, theme.subtitle_size, theme.label_size, theme.tick_size = 16, 12, 12, 11
theme.margin = 16
theme.least_pitch = 14 -- rows closer than that have names on each other

function theme.colour(i)
  return theme.series[(i - 1) % #theme.series + 1]
end

-- ---- maps ---------------------------------------------------------------------------------------

local function channels(hex)
  return tonumber(hex:sub(2, 3), 16), tonumber(hex:sub(4, 5), 16), tonumber(hex:sub(6, 7), 16)
end
theme.channels = channels

-- Mixed where light adds up, so that no step between two colours is darker than both.
local function mixed(from, to, share)
  local out, a, b = {}, { channels(from) }, { channels(to) }
  for i = 1, 3 do
    local light = (a[i] / 255) ^ 2.2 * (1 - share) + (b[i] / 255) ^ 2.2 * share
    out[i] = math.floor(255 * light ^ (1 / 2.2) + 0.5)
  end
  return ("#%02x%02x%02x"):format(out[1], out[2], out[3])
end

-- `levels` colours along the stops, which are evenly apart.
local function ramp(stops, levels)
  local colours = {}
  for i = 1, levels do
    local place = (i - 1) / (levels - 1) * (#stops - 1)
    local stop = math.min(math.floor(place), #stops - 2)
    colours[i] = mixed(stops[stop + 1], stops[stop + 2], place - stop)
  end
  return colours
end

theme.levels = 15
-- Low to high feature values: the middle is dark enough to be seen as a dot on white.
theme.value_map = ramp({ "#0868ac", "#5b9fd0", "#b7afb6", "#ee8a4f", "#c93a06" }, theme.levels)
-- Negative to positive amounts: nothing is nearly white.
theme.signed_map = ramp({ "#084081", "#2b7fbf", "#9cc9e3", "#f4f4f2", "#fbb88c", "#e0621f", "#8f2803" },
  theme.levels)
theme.share_map = ramp({ "#f5f8fb", "#c3d9ec", "#74aed6", "#2a7ab9", "#08407f" }, theme.levels)

theme.maps = { value = theme.value_map, signed = theme.signed_map, share = theme.share_map }

-- The level of x in low … high; both ends belong to the outer levels.
function theme.level(x, low, high)
  if high <= low then return (theme.levels + 1) // 2 end
  local place = (x - low) / (high - low)
  return math.max(1, math.min(theme.levels, 1 + math.floor(place * theme.levels)))
end

-- Black or white, whichever is read better on the colour.
function theme.ink_on(hex)
  local r, g, b = channels(hex)
  return 0.299 * r + 0.587 * g + 0.114 * b > 140 and theme.ink or "#ffffff"
end

-- What the maps and the strongest colours are among a terminal's 256: chosen by eye, as the nearest
-- ones change hue along a map and blue is hardly seen on black.
local chosen = { [theme.series[1]] = 32, [theme.raises] = 166, [theme.lowers] = 32 }
for i, colour in ipairs { 32, 32, 32, 68, 74, 110, 146, 248, 181, 216, 215, 209, 208, 202, 166 } do
  chosen[theme.value_map[i]] = colour
end
for i, colour in ipairs { 24, 25, 31, 32, 74, 110, 153, 254, 223, 216, 209, 202, 166, 130, 94 } do
  chosen[theme.signed_map[i]] = colour
end
for i, colour in ipairs { 255, 195, 189, 153, 117, 111, 75, 74, 68, 32, 31, 26, 25, 24, 18 } do
  chosen[theme.share_map[i]] = colour
end

-- The number of a colour among the 256 of a terminal.
function theme.terminal(hex)
  if chosen[hex] then return chosen[hex] end
  local function step(channel)
    return channel < 48 and 0 or channel < 115 and 1 or (channel - 35) // 40
  end
  local r, g, b = channels(hex)
  return 16 + 36 * step(r) + 6 * step(g) + step(b)
end

return theme
