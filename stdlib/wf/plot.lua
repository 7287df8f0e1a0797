-- wf.plot: pictures of data, models and explanations: SVG files, and text in the terminal.
--
--   local explained = wf.shap.explain(model, test)
--   local p = wf.plot.beeswarm(explained, { data = test, model = model, top = 15 })
--   print(p)                                   -- drawn with characters
--   p:write "beeswarm.svg"
--   wf.plot.roc(evaluation):write "roc.svg"
--   wf.plot.page { title = "Fraud", p, wf.plot.pr(evaluation) }:write "fraud.html"
--
-- A plot holds what it shows, checked when it is made, and is drawn when it is asked for. The same
-- plot gives the same bytes, whatever the clock, the locale and the machine.

local letters = require "wf.plot.letters"
local options = require "wf.options"
local output = require "wf.plot.output"
local page = require "wf.plot.page"
local sys = require "wf.core.sys"
local terminal = require "wf.plot.terminal"

local plot = {}

local Plot = { __name = "wf.plot", __module = "wf.plot", __class = "Plot" }
plot.classes, plot.page = { Plot = Plot, Page = page.Page }, page.page

local methods = {}
Plot.__index = methods

-- Which module makes a plot. What it makes is drawn by the module of its kind.
local makers = {
  beeswarm = "beeswarm", calibration = "curves", confusion = "confusion", dependence = "dependence",
  force = "force", heatmap = "heatmap", ice = "partial", importance = "importance",
  learning = "learning", partial_dependence = "partial", pr = "curves", roc = "curves",
  waterfall = "waterfall",
}

local function drawer(self)
  return require("wf.plot." .. self.kind)
end

-- ---- text ---------------------------------------------------------------------------------------

local text_rules = { width = { "integer", min = 40, max = 500 }, ascii = { "boolean", default = false },
  colour = { "boolean", default = false } }

-- Title and subtitle above, notes below.
local function framed(self, body, o)
  local parts = { letters.fit_columns(self.title, o.width) }
  local subtitle = letters.wrap(self.subtitle, o.width, 1, letters.columns)
  table.move(subtitle, 1, #subtitle, 2, parts)
  parts[#parts + 1] = ""
  parts[#parts + 1] = body
  local text = terminal.with_remark(table.concat(parts, "\n"), table.concat(self.notes, " "), o.width)
  return o.ascii and terminal.to_ascii(text) or text
end

-- Drawn with characters: at most `width` columns (80), with braille and blocks unless `ascii`.
function methods:text(given)
  local o = options.check("plot:text", given, text_rules)
  o.width = o.width or 80
  return framed(self, drawer(self).text(self, o), o)
end

-- As wide as the terminal, and in colour there.
function Plot:__tostring()
  local live = sys.is_terminal(1) and sys.env("TERM") ~= "dumb"
  local width = live and math.max(40, math.min(120, sys.terminal_width())) or 80
  local coloured = live and (sys.env("NO_COLOR") or "") == ""
  return methods.text(self, { width = width, colour = coloured })
end

-- ---- SVG ----------------------------------------------------------------------------------------

local size_rules = { width = { "integer", min = 320, max = 4000 },
  height = { "integer", min = 160, max = 8000 } }

-- The picture as SVG text. Its height is what its contents need, or the one given if they fit.
function methods:svg(given)
  local o = options.check("plot:svg", given, size_rules)
  local width, height, least = drawer(self).size(self, o.width)
  return drawer(self).svg(self, width, math.ceil(math.max(o.height or height, least)))
end

-- Writes the file, whole or not at all, and its directory if there is none.
function methods:write(path, given)
  output.write("plot:write", path, { ".svg" }, self:svg(given))
  return self
end

function Plot:__summary()
  return { type = "wf.plot", kind = self.kind, title = self.title }
end

-- ---- making -------------------------------------------------------------------------------------

for name, module in pairs(makers) do
  plot[name] = function(...)
    return setmetatable(require("wf.plot." .. module)[name](...), Plot)
  end
end

return plot
