-- wf.bias.odds: decisions or scores mixed with chance, until both sides of a facet err alike.
--
--   local fit = wf.bias.equalized_odds { data = train, label = "income", favourable = ">50K",
--     facet = { sex = "Female" }, model = model }
--   local decision = fit:decide(test, { model = model, seed = 7 })   -- a bool column
--
--   local fit = wf.bias.calibrated_odds { data = train, label = "income", favourable = ">50K",
--     facet = { sex = "Female" }, model = model, cost = "false_negatives" }
--   local scores = fit:scores(test, { model = model, seed = 7 })     -- still calibrated
--
-- Equalized odds: Hardt, Price, Srebro (2016), equal true and false positive rates. Calibrated odds:
-- Pleiss et al. (2017), equal cost. Both decide some rows by chance, the same for the same seed and row.

local chances = require "wf.bias.chances"
local core = require "wf.core.bias"
local errors = require "wf.errors"
local facets = require "wf.bias.facets"
local options = require "wf.options"
local outcome = require "wf.bias.outcome"
local sets = require "wf.bias.sets"

local odds = {}

-- The rows of other data that belong to the facet, as numbers 0 and 1.
local function in_facet(self, where, data)
  return sets.mask(where, data:column(self.column), self.set):cast("f64")
end

-- A number for each row: that of the facet, or that of the rest.
local function by_side(inside, pair)
  return inside * (pair[2] - pair[1]) + pair[1]
end

-- ---- equalized odds -----------------------------------------------------------------------------

local Odds = { __name = "wf.bias.equalized_odds", __module = "wf.bias", __class = "EqualizedOdds" }
Odds.__index = Odds

function odds.equalized_odds(given)
  local where = "bias.equalized_odds"
  local o = options.check(where, given, outcome.rules { facet = { "table", required = true } })
  local seen = outcome.read(where, o)
  if not seen.decisions then errors.invalid("%s: give a prediction, a decision or a model", where) end
  local mask, name, set = facets.one(where, o.data, o.facet)
  local self = core.odds { labels = seen.labels, predictions = seen.decisions, facet = mask }
  self.column, self.set, self.favourable = name, set, seen.set
  return setmetatable(self, Odds)
end

-- A bool column, and the probability with which each row is decided favourably.
function Odds:decide(data, given)
  local where = "equalized_odds:decide"
  options.argument(where, 1, data, "wf.frame")
  local o = options.check(where, given, { prediction = { "string|wf.column" },
    decision = { "string|wf.column" }, model = { "wf.model" }, threshold = { "number", default = 0.5 },
    seed = { "integer", default = 0 } })
  o.data = data
  local decided = outcome.decisions(where, o, self.favourable):cast("f64")
  local inside = in_facet(self, where, data)
  local probability = decided * by_side(inside, self.keep) + (1 - decided) * by_side(inside, self.turn)
  return chances(#data, o.seed):lt(probability), probability
end

function Odds:__tostring()
  local who = sets.rule(self.column, self.set)
  return ("equalized odds: favourable predictions stay with p = %.4g (%s) and %.4g (the rest), others turn with "
    .. "p = %.4g and %.4g"):format(self.keep[2], who, self.keep[1], self.turn[2], self.turn[1])
end

-- ---- calibrated odds ----------------------------------------------------------------------------

local Calibrated = { __name = "wf.bias.calibrated_odds", __module = "wf.bias", __class = "CalibratedOdds" }
Calibrated.__index = Calibrated

function odds.calibrated_odds(given)
  local where = "bias.calibrated_odds"
  local o = options.check(where, given, outcome.rules { facet = { "table", required = true },
    cost = { "string", default = "false_negatives",
      choices = { "false_negatives", "false_positives", "both" } } })
  local seen = outcome.read(where, o)
  if not seen.scores then errors.invalid("%s: give a score or a model", where) end
  local mask, name, set = facets.one(where, o.data, o.facet)
  local self = core.calibrated { labels = seen.labels, scores = seen.scores, facet = mask, cost = o.cost }
  self.column, self.set, self.favourable, self.cost = name, set, seen.set, o.cost
  return setmetatable(self, Calibrated)
end

-- A column of scores; a share of one side's rows has its base rate instead of its own score.
function Calibrated:scores(data, given)
  local where = "calibrated_odds:scores"
  options.argument(where, 1, data, "wf.frame")
  local o = options.check(where, given, { score = { "string|wf.column" }, model = { "wf.model" },
    seed = { "integer", default = 0 } })
  local scores = outcome.scores_of(where, data, o, self.favourable)
  local inside = in_facet(self, where, data)
  local mix = { math.min(self.mix[1], 1), math.min(self.mix[2], 1) }
  local mixed = chances(#data, o.seed):lt(by_side(inside, mix)):cast("f64")
  return mixed * by_side(inside, self.base_rate) + (1 - mixed) * scores
end

function Calibrated:__tostring()
  local side = self.mix[2] > 0 and 2 or 1
  local most = self.mix[side] > 1 and ", all that can be done: even base rates alone would cost them less" or ""
  return ("calibrated odds: %.4g of %s have the score %.4g%s"):format(math.min(self.mix[side], 1),
    side == 2 and sets.rule(self.column, self.set) or "the rest", self.base_rate[side], most)
end

return { functions = odds, classes = { EqualizedOdds = Odds, CalibratedOdds = Calibrated } }
