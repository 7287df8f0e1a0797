-- wf.plot.page: several plots in one HTML file that needs nothing else.
--
--   wf.plot.page { title = "Fraud", "Explanation", beeswarm, waterfall, "Quality", roc, pr }
--     :write "fraud.html"
--
-- Texts among the plots are headings. No scripts, no fonts, no addresses: the file may be mailed,
-- kept for years and printed.

local errors = require "wf.errors"
local letters = require "wf.plot.letters"
local options = require "wf.options"
local output = require "wf.plot.output"
local svg = require "wf.plot.svg"

local page = {}

local Page = { __name = "wf.plot_page", __module = "wf.plot", __class = "Page" }
page.Page = Page

local methods = {}
Page.__index = methods

local head = [[
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>%s</title>
<style>
body { margin: 0 auto; max-width: 1520px; padding: 24px; background: #f1f1f4; color: #1b1b1f;
  font: 15px/1.5 Helvetica, Arial, 'Liberation Sans', sans-serif; }
h1 { font-size: 26px; margin: 0 0 4px; }
h2 { font-size: 18px; margin: 28px 0 8px; }
p { margin: 0 0 16px; color: #55555f; }
section { display: flex; flex-wrap: wrap; gap: 16px; align-items: flex-start; }
figure { margin: 0; background: #fff; border: 1px solid #dcdce1; border-radius: 6px; overflow: hidden;
  max-width: 100%%; break-inside: avoid; }
svg { display: block; max-width: 100%%; height: auto; }
@media print { body { background: #fff; padding: 0; } figure { border: 0; } }
</style>
</head>
<body>
]]

-- { title =, subtitle =, plot | heading, … }
function page.page(given)
  options.argument("plot.page", 1, given, "table")
  local self, rest = { title = "Plots", subtitle = "", items = {} }, {}
  for _, key in ipairs(options.sorted_keys(given)) do
    if math.type(key) ~= "integer" then rest[key] = given[key] end
  end
  local o = options.check("plot.page", rest, { title = { "string", default = "Plots" }, subtitle = { "string" } })
  for i, item in ipairs(given) do
    if not options.is(item, "wf.plot|string") then
      errors.raise { code = "type", message = ("plot.page: item %d must be a plot or a heading, not %s"):format(i,
        options.type_of(item)) }
    end
    self.items[i] = type(item) == "string" and letters.clean(item) or item
  end
  if #self.items == 0 then errors.invalid("plot.page: there are no plots") end
  self.title, self.subtitle = letters.clean(o.title), letters.clean(o.subtitle or "")
  return setmetatable(self, Page)
end

-- The file's text.
function methods:html()
  local parts = { head:format((svg.escape(self.title))), "<h1>", svg.escape(self.title), "</h1>\n" }
  local function put(text) parts[#parts + 1] = text end
  if self.subtitle ~= "" then put("<p>" .. svg.escape(self.subtitle) .. "</p>\n") end
  put "<section>\n"
  for _, item in ipairs(self.items) do
    if type(item) == "string" then
      put("</section>\n<h2>" .. svg.escape(item) .. "</h2>\n<section>\n")
    else
      put("<figure>\n" .. item:svg() .. "</figure>\n")
    end
  end
  put "</section>\n</body>\n</html>\n"
  return table.concat(parts)
end

-- Writes the file, whole or not at all, and its directory if there is none.
function methods:write(path)
  output.write("page:write", path, { ".html", ".htm" }, self:html())
  return self
end

function Page:__tostring()
  local parts = { self.title }
  for i, item in ipairs(self.items) do parts[i + 1] = tostring(item) end
  return table.concat(parts, "\n\n")
end

function Page:__summary()
  local titles = {}
  for i, item in ipairs(self.items) do titles[i] = type(item) == "string" and item or item.title end
  return { type = "wf.plot_page", title = self.title, items = titles }
end

return page
