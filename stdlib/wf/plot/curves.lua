-- wf.plot.curves: ROC, precision and recall, calibration: how well scores tell two classes apart.
--
-- Each takes an evaluation, a frame of metrics.curve, { labels =, scores = }, or a list of
-- { {"name", one of these}, … } to compare.

local errors = require "wf.errors"
local input = require "wf.plot.input"
local number = require "wf.plot.number"
local options = require "wf.options"
local theme = require "wf.plot.theme"

local curves = {}

local function check_classes(where, item, needs_negatives)
  local curve, of = item.curve, item.name and (" '%s'"):format(item.name) or ""
  if curve.positives <= 0 then
    errors.invalid("%s:%s there is no positive label, so that the curve is undefined", where, of)
  elseif needs_negatives and curve.negatives <= 0 then
    errors.invalid("%s:%s there is no negative label, so that the curve is undefined", where, of)
  end
end

local function add_curve(plot, layers, i, item, x, y, figure)
  local name = item.name and ("%s (%s)"):format(item.name, figure) or figure
  local colour = theme.colour(i)
  layers[#layers + 1] = { kind = "line", name = name, x = x, y = y, colour = colour }
  plot.legend[#plot.legend + 1] = { name = name, colour = colour }
end

local function add_reference(plot, layers, x, y, name)
  layers[#layers + 1] = { kind = "line", x = x, y = y, colour = theme.muted, width = 1.2, dash = "5 4",
    is_reference = true }
  plot.legend[#plot.legend + 1] = { name = name, colour = theme.muted, dash = "5 4" }
end

local function unit_axis(label)
  return { label = label, low = 0, high = 1 }
end

local function rows_of(items)
  local curve = items[1].curve
  return ("%s rows, %s positive"):format(number.count(curve.positives + curve.negatives),
    number.percent(curve.positives / (curve.positives + curve.negatives), 1))
end

-- A square picture with a curve for each item; `kind` says how it is called and what its points and
-- its area are. Returns the plot, its layers, and the first item's curve.
local function draw(where, source, given, kind)
  local o = options.check(where, given, input.rules {})
  local items, layers = input.curves(where, source), {}
  local plot = input.fields("chart", o, kind.title, rows_of(items))
  plot.square, plot.width = true, 520
  plot.panels = { { x = unit_axis(kind.x), y = unit_axis(kind.y), layers = layers } }
  for i, item in ipairs(items) do
    check_classes(where, item, kind.needs_negatives)
    local x, y, area = kind.points(item.curve)
    add_curve(plot, layers, i, item, x, y, kind.area .. " " .. number.decimal(area, 4))
  end
  return plot, layers, items[1].curve
end

-- ---- ROC ----------------------------------------------------------------------------------------

local function roc_points(curve)
  local x, y, area = { 0 }, { 0 }, 0
  for i = 1, #curve.tp do
    x[i + 1], y[i + 1] = curve.fp[i] / curve.negatives, curve.tp[i] / curve.positives
    area = area + (x[i + 1] - x[i]) * (y[i + 1] + y[i]) / 2
  end
  return x, y, area
end

function curves.roc(source, given)
  local plot, layers = draw("plot.roc", source, given, { title = "ROC curve", area = "area",
    x = "False positive rate", y = "True positive rate", points = roc_points, needs_negatives = true })
  add_reference(plot, layers, { 0, 1 }, { 0, 1 }, "chance")
  return plot
end

-- ---- precision and recall -----------------------------------------------------------------------

-- Steps: at the recall of each threshold the precision of that threshold, which the area sums.
local function pr_points(curve)
  local x, y, area, recall = {}, {}, 0, 0
  for i = 1, #curve.tp do
    local next_recall, precision = curve.tp[i] / curve.positives, curve.tp[i] / (curve.tp[i] + curve.fp[i])
    area = area + (next_recall - recall) * precision
    x[#x + 1], y[#y + 1] = recall, precision
    x[#x + 1], y[#y + 1] = next_recall, precision
    recall = next_recall
  end
  return x, y, area
end

function curves.pr(source, given)
  local plot, layers, curve = draw("plot.pr", source, given, { title = "Precision and recall",
    area = "average precision", x = "Recall", y = "Precision", points = pr_points })
  local share = curve.positives / (curve.positives + curve.negatives)
  add_reference(plot, layers, { 0, 1 }, { share, share }, ("chance (%s)"):format(number.short(share)))
  return plot
end

-- ---- calibration --------------------------------------------------------------------------------

-- Each score with how many rows have it and how many of those are positive, rising.
local function score_groups(where, curve)
  local groups, tp, fp = {}, 0, 0
  for i = 1, #curve.tp do
    local score = curve.threshold[i]
    if score < 0 or score > 1 then
      errors.invalid("%s: scores must be probabilities; there is a %s", where, number.short(score))
    end
    groups[i] = { score = score, positives = curve.tp[i] - tp, count = curve.tp[i] - tp + curve.fp[i] - fp }
    tp, fp = curve.tp[i], curve.fp[i]
  end
  table.sort(groups, function(a, b) return a.score < b.score end)
  return groups
end

local function add_group(bin, group)
  bin.count = bin.count + group.count
  bin.positives = bin.positives + group.positives
  bin.sum = bin.sum + group.score * group.count
end

-- Bins of equal width, or of about equal counts; empty ones are left out.
local function bins_of(groups, n, how, total)
  local bins, seen = {}, 0
  for i = 1, n do bins[i] = { count = 0, positives = 0, sum = 0 } end
  for _, group in ipairs(groups) do
    local place = how == "width" and group.score or (seen + group.count / 2) / total
    add_group(bins[math.max(1, math.min(n, 1 + math.floor(place * n)))], group)
    seen = seen + group.count
  end
  local filled = {}
  for _, bin in ipairs(bins) do
    if bin.count > 0 then filled[#filled + 1] = bin end
  end
  return filled
end

-- Wilson's interval of 95 % for a share.
local function wilson(positives, count)
  local z, p = 1.959963984540054, positives / count
  local middle, scaled = p + z * z / (2 * count), 1 + z * z / count
  local half = z * math.sqrt(p * (1 - p) / count + z * z / (4 * count * count))
  return math.max(0, (middle - half) / scaled), math.min(1, (middle + half) / scaled)
end

-- The layer of a curve's bins, and its expected calibration error.
local function calibration_layer(bins, total, colour)
  local layer, gap = { kind = "marks", x = {}, y = {}, low = {}, high = {}, tips = {}, colour = colour }, 0
  for i, bin in ipairs(bins) do
    layer.x[i], layer.y[i] = bin.sum / bin.count, bin.positives / bin.count
    layer.low[i], layer.high[i] = wilson(bin.positives, bin.count)
    layer.tips[i] = ("%s rows: predicted %s, observed %s"):format(number.count(bin.count),
      number.short(layer.x[i]), number.short(layer.y[i]))
    gap = gap + math.abs(layer.x[i] - layer.y[i]) * bin.count / total
  end
  return layer, gap
end

local function histogram(groups)
  local layer, most = { kind = "bars", from = {}, to = {}, y = {}, colour = theme.axis }, 0
  for i = 1, 20 do layer.from[i], layer.to[i], layer.y[i] = (i - 1) / 20, i / 20, 0 end
  for _, group in ipairs(groups) do
    local i = math.min(20, 1 + math.floor(group.score * 20))
    layer.y[i] = layer.y[i] + group.count
    most = math.max(most, layer.y[i])
  end
  return layer, most
end

local function add_histogram(plot, groups)
  local layer, most = histogram(groups)
  plot.stacked = true
  plot.panels[1].x.bare = true
  plot.panels[1].weight = 1
  plot.panels[2] = { x = unit_axis "Predicted probability", weight = 0.2, layers = { layer },
    y = { label = "Rows", low = 0, high = most, nice = true } }
end

function curves.calibration(source, given)
  local where = "plot.calibration"
  local o = options.check(where, given, input.rules { bins = { "integer", default = 10, min = 2, max = 100 },
    by = { "string", default = "width", choices = { "width", "count" } } })
  local items, layers = input.curves(where, source), {}
  local plot = input.fields("chart", o, "Calibration", rows_of(items))
  plot.square, plot.width = true, 520
  plot.panels = { { x = unit_axis "Predicted probability", y = unit_axis "Observed share of positives",
    layers = layers } }
  local groups
  for i, item in ipairs(items) do
    groups = score_groups(where, item.curve)
    local total = item.curve.positives + item.curve.negatives
    local layer, gap = calibration_layer(bins_of(groups, o.bins, o.by, total), total, theme.colour(i))
    add_curve(plot, layers, i, item, layer.x, layer.y, "expected calibration error " .. number.decimal(gap, 4))
    layers[#layers + 1] = layer
  end
  add_reference(plot, layers, { 0, 1 }, { 0, 1 }, "perfectly calibrated")
  if #items == 1 then add_histogram(plot, groups) end
  plot.notes[1] = "Whiskers are 95 % intervals of the observed share."
  return plot
end

return curves
