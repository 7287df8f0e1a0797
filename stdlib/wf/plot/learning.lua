-- wf.plot.learning: metrics by training round, from xgboost.train's history or xgboost.cv.
--
-- A panel for each metric; of a cross-validation the mean over the folds with a band of one standard
-- deviation on both sides.

local errors = require "wf.errors"
local input = require "wf.plot.input"
local letters = require "wf.plot.letters"
local number = require "wf.plot.number"
local options = require "wf.options"
local scale = require "wf.plot.scale"
local theme = require "wf.plot.theme"

local learning = {}

local most_panels = 4

-- { metric = { set = {value by round} } }; what is not finite is a gap.
local function by_metric(history)
  local found = {}
  for round, sets in ipairs(history) do
    for _, set in ipairs(options.sorted_keys(sets)) do
      for _, metric in ipairs(options.sorted_keys(sets[set])) do
        local value = sets[set][metric]
        found[metric] = found[metric] or {}
        local values = found[metric][set] or {}
        found[metric][set] = values
        values[round] = input.is_finite(value) and value or false
      end
    end
  end
  return found
end

local function chosen_metrics(where, known, wanted)
  local names = options.sorted_keys(known)
  if #names == 0 then errors.invalid("%s: the history is empty", where) end
  if wanted then
    if not known[wanted] then errors.invalid("%s: %s", where, options.unknown("metric", wanted, names)) end
    return { wanted }
  end
  if #names > most_panels then
    errors.invalid("%s: %d metrics are too many panels; choose one with option 'metric'", where, #names)
  end
  return names
end

local function rounds_of(values)
  local rounds = {}
  for i = 1, #values do rounds[i] = i end
  return rounds
end

-- A little room above and below, so that no line runs on the frame.
local function y_axis(metric, low, high)
  if not low then low, high = 0, 1 end
  local room = (high - low) * 0.06
  return { label = metric, low = low - room, high = high + room }
end

-- A training of one round has room on both sides of its point.
local function x_axis(rounds)
  return { label = "Round", low = rounds == 1 and 0 or 1, high = math.max(2, rounds) }
end

local function add_set(plot, panel, i, name, values)
  local colour = theme.colour(i)
  panel.layers[#panel.layers + 1] = { kind = "line", name = name, x = rounds_of(values), y = values, colour = colour }
  if #plot.legend < i then plot.legend[i] = { name = name, colour = colour } end
end

-- The training set first, as people compare the others with it.
local function sets_of(values)
  local names = options.sorted_keys(values)
  for i, name in ipairs(names) do
    if name == "train" then table.insert(names, 1, table.remove(names, i)) end
  end
  return names
end

local function train_panels(where, plot, training, o)
  local known = by_metric(training.history)
  for _, metric in ipairs(chosen_metrics(where, known, o.metric)) do
    local lists, panel = {}, { layers = {}, x = x_axis(training.rounds) }
    for i, set in ipairs(sets_of(known[metric])) do
      lists[i] = known[metric][set]
      add_set(plot, panel, i, letters.clean(set), lists[i])
    end
    panel.y = y_axis(metric, scale.range(table.unpack(lists)))
    if training.best_round < training.rounds then
      table.insert(panel.layers, 1, { kind = "rule", x = training.best_round,
        label = "best " .. training.best_round })
    end
    plot.panels[#plot.panels + 1] = panel
  end
end

local function banded(parts, rounds)
  local low, high = {}, {}
  for i = 1, rounds do low[i], high[i] = parts.mean[i] - parts.std[i], parts.mean[i] + parts.std[i] end
  return low, high
end

local function cv_panels(where, plot, cv, o)
  for _, metric in ipairs(chosen_metrics(where, cv.test, o.metric)) do
    local lists, panel = {}, { layers = {}, x = x_axis(cv.rounds) }
    for i, set in ipairs { "train", "test" } do
      local parts = cv[set][metric]
      local low, high = banded(parts, cv.rounds)
      lists[#lists + 1], lists[#lists + 2] = low, high
      panel.layers[#panel.layers + 1] = { kind = "band", x = rounds_of(low), low = low, high = high,
        colour = theme.colour(i) }
      add_set(plot, panel, i, set, table.move(parts.mean, 1, cv.rounds, 1, {}))
    end
    panel.y = y_axis(metric, scale.range(table.unpack(lists)))
    plot.panels[#plot.panels + 1] = panel
  end
  plot.notes[1] = "Bands are one standard deviation over the folds on both sides of the mean."
end

function learning.learning(source, given)
  local where = "plot.learning"
  local o = options.check(where, given, input.rules { metric = { "string" } })
  local plot = input.fields("chart", o, "Learning curve")
  plot.panels = {}
  if options.is(source, "wf.training") then
    train_panels(where, plot, source, o)
    if not o.subtitle then plot.subtitle = ("%s rounds"):format(number.count(source.rounds)) end
  elseif options.is(source, "wf.cross_validation") then
    cv_panels(where, plot, source, o)
    if not o.subtitle then
      plot.subtitle = ("%d folds, %s rounds"):format(source.folds, number.count(source.rounds))
    end
  else
    input.type_error(where, "what xgboost.train returns second, or xgboost.cv", source)
  end
  plot.width = ({ 620, 840, 1080, 1320 })[#plot.panels]
  plot.area_height = 300
  return plot
end

return learning
