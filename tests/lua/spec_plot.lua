-- Plots: what is in their SVG and text, goldens, damaged and degenerate input.
--
-- Goldens are in tests/lua/plot; WF_UPDATE_GOLDEN=1 writes them anew.
local t = require "harness"
local letters = require "wf.plot.letters"
local number = require "wf.plot.number"
local scale = require "wf.plot.scale"
local svg = require "wf.plot.svg"
local sys = require "wf.core.sys"
local theme = require "wf.plot.theme"
local wf = require "wf"
local frame, plot = wf.frame, wf.plot

-- ---- helpers ------------------------------------------------------------------------------------

-- A strict reader of the XML that svg.lua may write: { {name, attributes, text, children}, … }.
local function parse_xml(text)
  local at, root, open = 1, nil, {}
  local function fail(what) error(("%s at byte %d: %s"):format(what, at, text:sub(at, at + 60)), 0) end
  local function check_text(value)
    if value:find("[<>]") then fail("unescaped text") end
    if value:gsub("&%a+;", function(e)
      return (e == "&amp;" or e == "&lt;" or e == "&gt;" or e == "&quot;") and "" or nil
    end):find("&") then fail("a bare &") end
    if value:find("[\0-\8\11\12\14-\31]") or not utf8.len(value) then fail("a character XML forbids") end
  end
  while at <= #text do
    local content = text:match("^[^<]+", at)
    if content then
      check_text(content)
      if #open == 0 and content:find("%S") then fail("text outside") end
      if #open > 0 then open[#open].text = open[#open].text .. content end
      at = at + #content
    else
      local closing = text:match("^</([%a][%w]*)>", at)
      if closing then
        if #open == 0 or open[#open].name ~= closing then fail("a wrong end") end
        open[#open] = nil
        at = at + #closing + 3
      else
        local name, rest, slash, next_at = text:match("^<([%a][%w]*)([^<>]-)(/?)>()", at)
        if not name then fail("no tag") end
        local node = { name = name, attributes = {}, children = {}, text = "" }
        local left = rest:gsub('%s+([%a][%w%-]*)="([^"]*)"', function(key, value)
          check_text(value)
          if node.attributes[key] then fail("an attribute twice") end
          node.attributes[key] = value
          return ""
        end)
        if left:find("%S") then fail("a bad attribute") end
        if #open > 0 then table.insert(open[#open].children, node)
        elseif root then fail("a second root") else root = node end
        if slash == "" then open[#open + 1] = node end
        at = next_at
      end
    end
  end
  if #open > 0 or not root then fail("an end is missing") end
  return root
end

local function each(node, visit)
  visit(node)
  for _, child in ipairs(node.children) do each(child, visit) end
end

-- The boxes of the texts that are not turned: { left, right, top, bottom, text }, by the letters' widths.
local function text_boxes(node, inherited, boxes)
  local style = setmetatable(node.attributes, { __index = inherited })
  if node.name == "text" and not style.transform then
    local size, x, y = tonumber(style["font-size"]), tonumber(style.x), tonumber(style.y)
    local text = node.text:gsub("&lt;", "<"):gsub("&gt;", ">"):gsub("&quot;", '"'):gsub("&amp;", "&")
    local width = letters.width(text, size, style["font-weight"] == "bold")
    local share = ({ ["end"] = 1, middle = 0.5 })[style["text-anchor"]] or 0
    local left = x - width * share
    boxes[#boxes + 1] = { left = left, right = left + width, top = y - size * 0.72, bottom = y + size * 0.2,
      text = text }
  end
  for _, child in ipairs(node.children) do text_boxes(child, style, boxes) end
  return boxes
end

-- No text lies on another, and none leaves the picture.
local function check_texts_apart(root, width, height)
  local boxes = text_boxes(root, {}, {})
  for i, a in ipairs(boxes) do
    t.ok(a.left >= -1 and a.right <= width + 1 and a.top >= 0 and a.bottom <= height,
      ("'%s' leaves the picture: %.0f to %.0f, %.0f to %.0f"):format(a.text, a.left, a.right, a.top, a.bottom))
    for k = i + 1, #boxes do
      local b = boxes[k]
      t.ok(a.right <= b.left + 0.5 or b.right <= a.left + 0.5 or a.bottom <= b.top + 0.5 or b.bottom <= a.top + 0.5,
        ("'%s' and '%s' lie on each other at %.0f, %.0f"):format(a.text, b.text, a.left, a.top))
    end
  end
end

-- Well-formed, with no number that is none, nothing outside the picture and no text on another;
-- returns the root.
local function check_svg(text)
  local root = parse_xml(text)
  t.equal(root.name, "svg")
  local width, height = tonumber(root.attributes.width), tonumber(root.attributes.height)
  each(root, function(node)
    for key, value in pairs(node.attributes) do
      local name = value:lower()
      if key ~= "font-family" and value:sub(1, 1) ~= "#" then
        t.ok(not name:find("nan") and not name:find("inf") and not name:find("%de[+-]?%d"), key .. "=" .. value)
      end
    end
    if node.name == "path" then
      for x, y in node.attributes.d:gmatch("[ML](-?[%d.]+) (-?[%d.]+)") do
        x, y = tonumber(x), tonumber(y)
        t.ok(x >= 0 and x <= width and y >= 0 and y <= height, ("a point at %s, %s"):format(x, y))
      end
    elseif node.name == "rect" or node.name == "text" then
      local x, y = tonumber(node.attributes.x), tonumber(node.attributes.y)
      t.ok(x >= 0 and x <= width and y >= 0 and y <= height, ("%s at %s, %s"):format(node.name, x, y))
    end
  end)
  check_texts_apart(root, width, height)
  return root
end

local function texts_of(root)
  local list = {}
  each(root, function(node) if node.name == "text" then list[#list + 1] = node.text end end)
  return table.concat(list, "\n")
end

-- Text that fits its width, of valid UTF-8 and without escape sequences.
local function check_text(p, given)
  local text = p:text(given)
  for line in (text .. "\n"):gmatch("(.-)\n") do
    t.ok(letters.columns(line) <= (given and given.width or 80), "a wide line: " .. line)
    t.ok(not line:find("\27"), line)
    if given and given.ascii then t.ok(not line:find("[\128-\255]"), line) end
  end
  return text
end

local function check_plot(p)
  local root = check_svg(p:svg())
  check_svg(p:svg { width = 320 })
  check_svg(p:svg { width = 1400, height = 900 })
  check_text(p)
  check_text(p, { width = 40 })
  check_text(p, { width = 120, ascii = true })
  t.equal(p:svg(), p:svg())
  return root
end

local function golden(name, text)
  local path = t.root .. "/tests/lua/plot/" .. name
  if os.getenv "WF_UPDATE_GOLDEN" then sys.write_file(path, text) end
  t.equal(text, sys.read_file(path), name)
end

-- An explanation with given values: what shap.explain's result can do.
local function explanation(names, columns, base)
  local values = frame.new { names = names, columns = columns }
  local e = {}
  function e:features() return names end
  function e:rows() return #values end
  function e:base() return base or 0 end
  function e:values() return values end
  function e:global()
    local importance = {}
    for i, name in ipairs(names) do
      local sum = 0
      for _, x in ipairs(values:column(name):to_table()) do sum = sum + math.abs(x) end
      importance[i] = sum / math.max(1, #values)
    end
    return frame.new { names = { "feature", "importance" }, columns = { names, importance } }
      :sort("importance", { descending = true })
  end
  return e
end

-- Numbers in [0, 1), the same everywhere.
local function new_random(seed)
  return function()
    seed = (seed * 1103515245 + 12345) % 2147483648
    return seed / 2147483648
  end
end

-- Scores that are the chance of label 1.
local function scored(n, seed)
  local random, labels, scores = new_random(seed), {}, {}
  for i = 1, n do
    scores[i] = random()
    labels[i] = random() < scores[i] and 1 or 0
  end
  local f = frame.new { names = { "label", "score" }, columns = { labels, scores } }
  return { labels = f.label, scores = f.score }
end

local function labelled(n, seed)
  local s = scored(n, seed)
  return frame.new { names = { "x", "y" }, columns = { s.scores, s.labels } }
end

-- ---- numbers, letters, scales -------------------------------------------------------------------

t.test("numbers", function()
  for _, case in ipairs { { 0, "0" }, { 1234.6, "1235" }, { 12345, "12,345" }, { 0.000123456, "0.000123" },
    { -0.5, "−0.5" }, { 1e-7, "1e−7" }, { 123456789, "123M" }, { -1.5e10, "−15B" }, { 1234567, "1.23M" },
    { 2e15, "2e15" }, { 9.999, "10" },
    { 5e-324, "4.94e−324" }, { 1e308, "1e308" }, { 0 / 0, "NaN" }, { -math.huge, "−∞" } } do
    t.equal(number.short(case[1]), case[2])
  end
  t.equal(number.fixed(-0.001, 2), "0.00")
  t.equal(number.fixed(2.5, 0), "2")
  t.equal(number.coordinate(1.005), "1")
  t.equal(number.coordinate(-1.25), "-1.25")
  t.equal(number.change(0.5), "+0.5")
  t.equal(number.percent(0.1234, 1), "12.3%")
end)

t.test("ticks rise, lie in the range, and are round", function()
  local random = new_random(1)
  for _ = 1, 2000 do
    local magnitude = 10.0 ^ (random() * 40 - 20)
    local low = (random() - 0.5) * magnitude
    local high = low + random() * magnitude + magnitude * 1e-6
    local x = scale.linear { low = low, high = high, from = 0, to = 500, nice = random() < 0.5 }
    t.ok(x.low <= low + magnitude * 1e-12 and x.high >= high - magnitude * 1e-12)
    local last, labels = -math.huge, {}
    for _, tick in ipairs(x.ticks(6)) do
      t.ok(tick.value > last and tick.value >= x.low - magnitude * 1e-9 and tick.value <= x.high + magnitude * 1e-9)
      t.ok(not labels[tick.label], "the label twice: " .. tick.label)
      t.ok(tick.at >= -1e-6 and tick.at <= 500 + 1e-6)
      last, labels[tick.label] = tick.value, true
    end
  end
end)

t.test("a single value, logarithms, percentages", function()
  local x = scale.linear { low = 3, high = 3, from = 0, to = 100 }
  t.equal(x.at(3), 50.0)
  t.equal(scale.linear { low = 0, high = 0, from = 0, to = 100 }.at(0), 50.0)
  local labels = {}
  for i, tick in ipairs(scale.log { low = 1, high = 1e6, from = 0, to = 600 }.ticks(3)) do labels[i] = tick.label end
  t.equal(labels, { "1", "100", "10,000", "1M" })
  labels = {}
  for i, tick in ipairs(scale.linear { low = 0, high = 1, from = 0, to = 1, percent = true }.ticks(4)) do
    labels[i] = tick.label
  end
  t.equal(labels, { "0%", "20%", "40%", "60%", "80%", "100%" })
  t.raises("invalid", "above 0", scale.log, { low = 0, high = 1, from = 0, to = 1 })
  t.raises("invalid", "beyond", scale.linear, { low = -1.7e308, high = 1.7e308, from = 0, to = 1 })
end)

t.test("text is cleaned, measured and shortened in its middle", function()
  t.equal(letters.clean "a\0b\27[31mc", "a b [31mc")
  t.equal(letters.clean "\xff\xc3\xa9", "\u{fffd}é")
  t.equal(letters.clean "x\u{202e}y\u{9b}z", "x\u{fffd}y\u{fffd}z")
  t.equal(letters.columns "年齢é", 5)
  t.equal(letters.fit("short", 100, 12), "short")
  local fitted = letters.fit("customer_education_Below High School", 120, 12)
  t.ok(letters.width(fitted, 12) <= 120)
  t.ok(fitted:find "^customer" and fitted:find "School$", fitted)
  for columns = 1, 12 do t.equal(letters.columns(letters.pad("年齢年齢年齢年齢", columns)), columns) end
end)

t.test("names that are cut stay apart", function()
  local names = {}
  for i = 1, 30 do names[i] = ("a_long_common_beginning_%d_and_a_long_common_end"):format(i) end
  names[31] = "short"
  for _, fitted in ipairs { letters.fit_all_columns(names, 18), letters.fit_all(names, 110, 12) } do
    local seen = {}
    for _, name in ipairs(fitted) do
      t.ok(letters.columns(name) <= 18 or letters.width(name, 12) <= 110, name)
      t.ok(not seen[name], name)
      seen[name] = true
    end
    t.equal(fitted[31], "short")
  end
  t.equal(letters.fit_all_columns({ "same_long_name_here", "same_long_name_here" }, 8)[1], "sa…re")
end)

t.test("the writer escapes, sorts attributes and knows no exponents", function()
  local page = svg.new(100, 50, 'a "title" <&>')
  page:text(1 / 3, 1e-9, "<&>\"'\0\xff", { fill = "#000", font_size = 12 })
  local text = page:finish()
  parse_xml(text)
  t.contains(text, '<text fill="#000" font-size="12" x="0.33" y="0">&lt;&amp;&gt;&quot;\' \u{fffd}</text>',
    "<title>a &quot;title&quot; &lt;&amp;&gt;</title>")
end)

t.test("maps of colours have an order in grey too, or mirror it", function()
  local function light(hex)
    local r, g, b = theme.channels(hex)
    return 0.299 * r + 0.587 * g + 0.114 * b
  end
  for i = 2, theme.levels do t.ok(light(theme.share_map[i]) < light(theme.share_map[i - 1])) end
  local middle = (theme.levels + 1) // 2
  for i = 2, middle do t.ok(light(theme.signed_map[i]) > light(theme.signed_map[i - 1])) end
  for i = middle + 1, theme.levels do t.ok(light(theme.signed_map[i]) < light(theme.signed_map[i - 1])) end
  t.equal({ theme.level(0, 0, 1), theme.level(1, 0, 1), theme.level(5, 5, 5) }, { 1, theme.levels, middle })
end)

-- ---- explanations -------------------------------------------------------------------------------

local function small()
  return explanation({ "age", "a <long> name of a feature & more of it than fits", "income" },
    { { 0.5, -0.25, 0.1, 0.0 }, { 0.0, 0.3, -0.4, 0.2 }, { -1.0, 0.75, 0.5, 1.25 } }, -0.5)
end

local function small_data()
  return frame.new { names = { "age", "income" },
    columns = { { 44, 21, 35, frame.missing }, { 1000.5, 2000, 3000, 12000 } } }
end

-- Many rows whose values follow their features, a quarter of which is missing.
local function large(rows, features)
  local random, names, columns, data = new_random(7), {}, {}, {}
  for f = 1, features do
    names[f], columns[f], data[f] = ("feature_%02d"):format(f), {}, {}
    for i = 1, rows do
      local x = random() + random() - 1
      data[f][i] = random() < 0.25 and frame.missing or x
      columns[f][i] = (x + 0.2 * random()) / f
    end
  end
  return explanation(names, columns), frame.new { names = names, columns = data }
end

t.test("importance: bars, the rest, one feature, negative values", function()
  local root = check_plot(plot.importance(small()))
  t.contains(texts_of(root), "Mean |SHAP value|", "income", "0.875")
  local many = large(3, 50)
  t.contains(texts_of(check_plot(plot.importance(many, { top = 10 }))), "40 other features, summed")
  t.ok(not plot.importance(many, { top = 49 }):svg():find "other features")
  check_plot(plot.importance(frame.new { names = { "feature", "gain" }, columns = { { "a", "b" }, { -2.5, 1 } } }))
  check_plot(plot.importance(frame.new { names = { "feature", "gain" }, columns = { { "a" }, { 0.0 } } }))
  golden("importance.svg", plot.importance(small()):svg())
  golden("importance.txt", plot.importance(small()):text())
end)

t.test("beeswarm: golden, colours only where values are known", function()
  local p = plot.beeswarm(small(), { data = small_data() })
  check_plot(p)
  golden("beeswarm.svg", p:svg())
  golden("beeswarm.txt", p:text { width = 60 })
  local root = check_plot(plot.beeswarm(small()))
  t.ok(not texts_of(root):find "Feature value")
end)

t.test("beeswarm: one row; values that are infinite, all missing, all alike, true and false", function()
  check_plot(plot.beeswarm((large(1, 3))))
  check_plot(plot.beeswarm(explanation({ "a" }, { { 0.0, 0.0 } })))
  local x = frame.new { names = { "x" }, columns = { { 1.0, 2, 3, 4 } } }
  local income = { inf = x.x / 0, alike = x:with("x", 5).x, bool = x.x:gt(2),
    missing = frame.new { names = { "x" }, columns = { { frame.missing, frame.missing, frame.missing,
      frame.missing } } }.x }
  local has_key = { inf = false, alike = true, bool = true, missing = false }
  for name, column in pairs(income) do
    local p = plot.beeswarm(small(), { data = frame.new { names = { "income" }, columns = { column } } })
    t.equal(texts_of(check_plot(p)):find("value\nincome", 1, true) ~= nil, has_key[name], name)
  end
end)

t.test("beeswarm: every row of a small explanation is a dot", function()
  local dots = 0
  each(check_svg(plot.beeswarm(small()):svg()), function(node)
    if node.name == "path" then dots = dots + select(2, node.attributes.d:gsub("h0", "")) end
  end)
  t.equal(dots, 12)
end)

t.test("beeswarm: 4,050 rows of 30 features stay small", function()
  local e, data = large(4050, 30)
  local p = plot.beeswarm(e, { data = data, top = 30 })
  check_plot(p)
  t.ok(#p:svg() < 200000, #p:svg())
  t.contains(texts_of(check_svg(plot.beeswarm(e, { data = data }):svg())), "missing", "10 other features, summed")
end)

t.test("waterfall: golden, the bars end where the prediction is", function()
  local p = plot.waterfall(small(), { row = 4, data = small_data(), link = "logit" })
  check_plot(p)
  golden("waterfall.svg", p:svg())
  golden("waterfall.txt", p:text { width = 70 })
  t.contains(p:svg(), "income = 12,000", "age = missing", "prediction 0.95 (probability 0.721)")
  check_plot(plot.waterfall((large(5, 50)), { row = 5 }))
  check_plot(plot.waterfall(explanation({ "a" }, { { 0.0 } }), { row = 1 }))
end)

t.test("long names, tiny and huge values: no text on another in any plot of an explanation", function()
  local random = new_random(13)
  for _, magnitude in ipairs { 1e-9, 1, 3e7, 1e20 } do
    local names, columns, data = {}, {}, {}
    for f = 1, 40 do
      local name = f % 4 == 0 and "保険契約者の年齢と居住地域の詳細な説明 %d" or "a_really_long_name_of_feature_%d_that_goes_on"
      names[f] = name:format(f)
      columns[f], data[f] = {}, {}
      for i = 1, 60 do
        data[f][i] = (random() - 0.5) * magnitude
        columns[f][i] = data[f][i] / f
      end
    end
    local e, d = explanation(names, columns, magnitude), frame.new { names = names, columns = data }
    check_plot(plot.importance(e, { top = 30 }))
    check_plot(plot.beeswarm(e, { data = d }))
    check_plot(plot.heatmap(e))
    check_plot(plot.dependence(e, { feature = names[3], data = d, by = names[4] }))
    for row = 1, 5 do
      check_plot(plot.waterfall(e, { row = row, data = d, link = "logit" }))
      check_plot(plot.force(e, { row = row, data = d, link = "logit" }))
    end
  end
end)

t.test("explanations: what is refused", function()
  local needed = { waterfall = { row = 1 }, force = { row = 1 }, dependence = { feature = "age" } }
  for _, name in ipairs { "importance", "beeswarm", "waterfall", "force", "dependence", "heatmap" } do
    local make, o = plot[name], needed[name] or {}
    t.raises("type", { "plot." .. name, "an explanation" }, make, 3, o)
    t.raises("invalid", "did you mean 'title'", make, small(), { titel = "x" })
  end
  t.raises("invalid", "has no rows", plot.beeswarm, explanation({ "a" }, { {} }))
  t.raises("invalid", "2 rows, the explanation 4", plot.beeswarm, small(), { data = small_data():head(2) })
  t.raises("invalid", "the importance of 'a' is not a finite number", plot.beeswarm,
    explanation({ "a" }, { { 0 / 0, 1.0 } }))
  t.raises("invalid", "the SHAP value of 'a' in row 1 is not finite", plot.waterfall,
    explanation({ "a" }, { { 0 / 0, 1.0 } }), { row = 1 })
  t.raises("invalid", "no row 9; the explanation has 4", plot.waterfall, small(), { row = 9 })
  t.raises("invalid", "'row' is required", plot.waterfall, small())
end)

t.test("force: golden, pushes meet at the prediction", function()
  local p = plot.force(small(), { row = 4, data = small_data() })
  check_plot(p)
  golden("force.svg", p:svg())
  golden("force.txt", p:text { width = 70 })
  check_plot(plot.force((large(5, 50)), { row = 2, link = "logit" }))
  check_plot(plot.force(explanation({ "a" }, { { 0.0 } }), { row = 1 }))
  check_plot(plot.force(explanation({ "a", "b" }, { { -1.0 }, { -2.0 } }), { row = 1 }))
end)

t.test("heatmap: golden, many rows, a single row, all zero", function()
  local p = plot.heatmap(small())
  check_plot(p)
  golden("heatmap.svg", p:svg())
  golden("heatmap.txt", p:text { width = 60 })
  local many = plot.heatmap((large(4050, 30)))
  check_plot(many)
  t.ok(#many:svg() < 100000, #many:svg())
  check_plot(plot.heatmap((large(1, 3)), { order = "rows" }))
  check_plot(plot.heatmap(explanation({ "a" }, { { 0.0, 0.0 } })))
end)

t.test("dependence: numbers, few values, text, missing values", function()
  local e, data = large(300, 3)
  local p = plot.dependence(e, { feature = "feature_01", data = data, by = "feature_02" })
  check_plot(p)
  t.contains(p.notes[1], "rows without a value are not drawn; their mean SHAP value is")
  t.contains(texts_of(check_svg(p:svg())), "SHAP value of feature_01", "feature_02")
  local x = frame.new { names = { "age", "income" }, columns = { { "a", "b", "b", frame.missing }, { 0, 1, 0, 1 } } }
  p = plot.dependence(small(), { feature = "age", data = x })
  check_plot(p)
  t.contains(p:text(), "1 rows without a value")
  golden("dependence.svg", plot.dependence(small(), { feature = "income", data = x }):svg())
  check_plot(plot.dependence(small(), { feature = "income", data = x:with("income", 5) }))
  t.raises("invalid", "unknown feature 'agee'; did you mean 'age'?", plot.dependence, small(), { feature = "agee" })
  t.raises("invalid", "give the values of 'age' with option 'data'", plot.dependence, small(), { feature = "age" })
  t.raises("invalid", "no column 'nope'", plot.dependence, small(), { feature = "age", data = x, by = "nope" })
  t.raises("type", "'age' is string; only numbers", plot.dependence, small(),
    { feature = "income", data = x, by = "age" })
  t.raises("invalid", "0 and less", plot.dependence, small(), { feature = "income", data = x, log = true })
  local none = x:with("income", frame.new { names = { "x" }, columns = { { 1.5, 2, 3, 4 } } }.x / 0)
  t.raises("invalid", "'income' has no values", plot.dependence, small(), { feature = "income", data = none })
  local text = {}
  for i = 1, 300 do text[i] = "value " .. i % 40 end
  p = plot.dependence(e, { feature = "feature_03", data = data:with("feature_03",
    frame.new { names = { "x" }, columns = { text } }.x) })
  t.contains(texts_of(check_plot(p)), "(other)")
end)

t.test("dependence: the colour that is asked for is the feature that interacts most", function()
  local random, columns = new_random(5), { {}, {}, {}, {}, {}, {} }
  for i = 1, 600 do
    for k = 1, 5 do columns[k][i] = random() end
    columns[6][i] = (columns[1][i] > 0.5) == (columns[2][i] > 0.4) and 1 or 0
  end
  local data = frame.new { names = { "a", "b", "c", "d", "e", "y" }, columns = columns }
  local model = wf.xgboost.train { data = data, label = "y", rounds = 20,
    params = { objective = "binary:logistic", max_depth = 3, seed = 1 } }
  local e = wf.shap.explain(model, data)
  local function chosen(given)
    given.feature, given.by = given.feature or "a", "auto"
    return plot.dependence(e, given).colour_bar.label
  end
  t.equal({ chosen {}, chosen { feature = "b" }, chosen { data = model:matrix(data) } }, { "b", "a", "b" })
  local strongest = wf.shap.interactions(model, data):global():row(1)
  t.equal({ strongest.feature_a, strongest.feature_b }, { "a", "b" })
  local gone = {}                               -- what matters may be that there is no value
  for i, value in ipairs(columns[2]) do gone[i] = value > 0.4 and 7 or frame.missing end
  t.equal(chosen { data = data:with("b", frame.new { names = { "b" }, columns = { gone } }.b) }, "b")
  local others = data:with("b", 1):with("c", 1):with("d", 1):with("e", 1)
  t.equal(plot.dependence(e, { feature = "a", by = "auto", data = others }).colour_bar, nil)
  check_plot(plot.dependence(e, { feature = "a", by = "auto" }))
end)

-- ---- partial dependence -------------------------------------------------------------------------

-- The predictions of `rows` rows at each value, and their mean.
local function grid(values, rows)
  local row, value, prediction, means, random = {}, {}, {}, {}, new_random(11)
  for i, v in ipairs(values) do
    means[i] = 0
    for r = 1, rows do
      local p = random() * 0.2 + i / #values / 2
      row[#row + 1], value[#value + 1], prediction[#prediction + 1] = r, v, p
      means[i] = means[i] + p / rows
    end
  end
  return frame.new { names = { "value", "mean" }, columns = { values, means } },
    frame.new { names = { "row", "value", "prediction" }, columns = { row, value, prediction } }
end

t.test("partial dependence and individual lines", function()
  local pd, ice = grid({ 1.5, 2, 3, 10 }, 6)
  check_plot(plot.partial_dependence(pd, { feature = "age" }))
  local both = plot.partial_dependence(pd, { feature = "age", ice = ice, y_label = "Probability", log = true })
  check_plot(both)
  check_plot(plot.ice(ice, { feature = "age" }))
  golden("partial.svg", plot.partial_dependence(pd, { feature = "age" }):svg())
  golden("ice.txt", plot.ice(ice, { feature = "age" }):text { width = 60 })
  local names, lines = grid({ "a <b>", "c", "a rather long name of a category that is long" }, 400)
  check_plot(plot.partial_dependence(names))
  t.contains(plot.ice(lines):svg(), "rows (150 of 400)")
  check_plot(plot.partial_dependence((grid({ 7 }, 1))))
  t.raises("invalid", "no column 'mean'; it has row, value, prediction", plot.partial_dependence, ice)
  t.raises("invalid", "no column 'row'", plot.ice, pd:rename { mean = "prediction" })
  t.raises("invalid", "has no rows", plot.ice, ice:head(0))
  t.raises("type", "must be a wf.frame", plot.ice, 3)
  t.raises("invalid", "1 of 'mean' are missing", plot.partial_dependence,
    frame.new { names = { "value", "mean" }, columns = { { 1, 2 }, { 0.5, frame.missing } } })
end)

t.test("partial dependence: bands, whiskers, two features", function()
  local numbers = frame.new { names = { "value", "mean", "low", "high", "n" },
    columns = { { 3, 1, 2 }, { 0.3, 0.1, 0.2 }, { 0.2, 0.0, 0.1 }, { 0.5, 0.2, 0.4 }, { 9, 9, 9 } } }
  local p = plot.partial_dependence(numbers, { feature = "x" })
  check_plot(p)
  t.equal(p.panels[1].layers[1], { kind = "band", x = { 1, 2, 3 }, low = { 0.0, 0.1, 0.2 }, high = { 0.2, 0.4, 0.5 },
    colour = theme.series[1] })
  local texts = frame.new { names = { "value", "mean", "low", "high" },
    columns = { { "b", "a" }, { 0.3, 0.1 }, { 0.2, 0.0 }, { 0.5, 0.2 } } }
  t.contains(check_plot(plot.partial_dependence(texts)) and plot.partial_dependence(texts):text(), "Whiskers")
  local both = frame.new { names = { "value", "value_2", "mean" },
    columns = { { 1, 1, 4, 4 }, { "a", "b", "a", "b" }, { 0.0, 0.25, 0.5, 1.0 } } }
  p = plot.partial_dependence(both, { feature = { "x", "y" } })
  check_plot(p)
  t.equal(p.panels[1].layers[1].levels, { 1, 4, 8, theme.levels })
  t.equal({ p.panels[1].x.low, p.panels[1].x.high }, { -0.5, 5.5 })
  golden("two.txt", p:text { width = 50 })
  check_plot(plot.partial_dependence(both:head(1), { feature = { "x", "y" } }))
  t.raises("invalid", "neither log nor ice", plot.partial_dependence, both, { log = true })
  t.raises("invalid", "has one feature, not two", plot.partial_dependence, numbers, { feature = { "x", "y" } })
end)

t.test("what wf.explain and wf.shap give is drawn as it is", function()
  local data = labelled(300, 23):with("kind", frame.new { names = { "k" }, columns = { (function()
    local list = {}
    for i = 1, 300 do list[i] = i % 3 == 0 and "<a" or i % 3 == 1 and "b" or "c" end
    return list
  end)() } }.k)
  local model = wf.xgboost.train { data = data, label = "y", rounds = 5, params = { objective = "binary:logistic" },
    recipe = wf.recipe.new():one_hot { "kind" } }
  check_plot(plot.partial_dependence(wf.explain.partial_dependence(model, data, "x"), { feature = "x" }))
  check_plot(plot.partial_dependence(wf.explain.partial_dependence(model, data, { "x", "kind" })))
  check_plot(plot.ice(wf.explain.ice(model, data, "kind")))
  local p = plot.importance(wf.explain.permutation(model, data))
  check_plot(p)
  t.contains(p:svg(), "Whiskers are one standard deviation")
  local explained = wf.shap.explain(model, data)
  check_plot(plot.beeswarm(explained))
  t.equal(plot.beeswarm(explained):svg(), plot.beeswarm(explained, { data = model:matrix(data) }):svg())
  t.equal(plot.beeswarm(explained):svg(), plot.beeswarm(explained, { data = data, model = model }):svg())
  t.contains(plot.waterfall(explained:by_source(), { row = 1 }):text(), "kind = b")
  t.contains(plot.waterfall(explained, { row = 3, top = 3 }):text(), "kind__a = 1", "kind_b = 0")
end)

-- ---- confusion ----------------------------------------------------------------------------------

t.test("confusion: counts, shares, names, many classes", function()
  local p = plot.confusion({ { 50, 2 }, { 10, 38 } }, { classes = { "<=50K", ">50K" } })
  local root = check_plot(p)
  t.contains(texts_of(root), "100 rows, 88.0% right", "&lt;=50K", "38", "79.2%")
  golden("confusion.svg", p:svg())
  golden("confusion.txt", p:text())
  local f = frame.new { names = { "y", "z" }, columns = { { "b", "a", "b" }, { "b", "b", "b" } } }
  p = plot.confusion { labels = f.y, predictions = f.z }
  t.equal(p.counts, { { 0, 1 }, { 0, 2 } })
  t.equal(p.names, { "a", "b" })
  local many = {}
  for i = 1, 60 do
    many[i] = {}
    for j = 1, 60 do many[i][j] = i == j and 1000000 or (i * j) % 7 end
  end
  check_plot(plot.confusion(many))
  check_plot(plot.confusion { { 0, 0 }, { 0, 0 } })
  check_plot(plot.confusion { { 3 } })
  many[61] = {}
  t.raises("invalid", "61 classes are too many", plot.confusion, many)
  t.raises("invalid", "row 2 is not a list of 2 counts", plot.confusion, { { 1, 2 }, { 3 } })
  t.raises("invalid", "row 1 is not", plot.confusion, { { 0 / 0 } })
  t.raises("invalid", "1 names for 2 classes", plot.confusion, { { 1, 2 }, { 3, 4 } }, { classes = { "a" } })
  t.raises("invalid", "2 predictions for 3 labels", plot.confusion, { labels = f.y, predictions = f:head(2).z })
end)

t.test("confusion: names of columns stay apart", function()
  local names = { "Self-emp-inc", "Self-emp-not-inc", "Private", "Local-gov", "State-gov", "Federal-gov", "none" }
  local counts = {}
  for i = 1, 7 do counts[i] = { 1, 2, 3, 4, 5, 6, 1000 } end
  local p = plot.confusion(counts, { classes = names })
  check_plot(p)
  local seen = {}
  for name in p:text():match("true[^\n]*"):gmatch("%S+") do
    t.ok(not seen[name], name)
    seen[name] = true
  end
end)

t.test("confusion: of evaluations", function()
  local data = labelled(200, 21)
  local model = wf.xgboost.train { data = data, label = "y", rounds = 3, params = { objective = "binary:logistic" } }
  local evaluation = wf.metrics.evaluate(model, data)
  local c = evaluation.confusion
  t.equal(plot.confusion(evaluation).counts, { { c.tn, c.fp }, { c.fn, c.tp } })
  check_plot(plot.roc(evaluation))
  local regression = wf.xgboost.train { data = data, label = "y", rounds = 3,
    params = { objective = "reg:squarederror" } }
  local wrong = wf.metrics.evaluate(regression, data)
  t.raises("invalid", "has no confusion matrix", plot.confusion, wrong)
  t.raises("invalid", "has no curve; it needs two classes", plot.roc, wrong)
end)

-- ---- curves -------------------------------------------------------------------------------------

t.test("ROC and precision-recall: areas are those of metrics.binary", function()
  local s = scored(500, 3)
  local m = wf.metrics.binary(s.labels, s.scores)
  t.contains(plot.roc(s):text(), "area " .. number.decimal(m.roc_auc, 4))
  t.contains(plot.pr(s):text(), "average precision " .. number.decimal(m.pr_auc, 4))
  check_plot(plot.roc { { "a", s }, { "b & <c>", scored(40, 4) } })
  check_plot(plot.pr(wf.metrics.curve(s.labels, s.scores)))
  local tiny = frame.new { names = { "y", "s" }, columns = { { true, false, true, false }, { 0.9, 0.6, 0.6, 0.1 } } }
  golden("roc.svg", plot.roc({ labels = tiny.y, scores = tiny.s }):svg())
  golden("pr.txt", plot.pr({ labels = tiny.y, scores = tiny.s }):text { width = 60 })
end)

t.test("curves of many rows stay small", function()
  local s = scored(50000, 5)
  for _, p in ipairs { plot.roc(s), plot.pr(s), plot.calibration(s) } do
    check_plot(p)
    t.ok(#p:svg() < 40000, p.title .. " " .. #p:svg())
  end
end)

t.test("calibration: bins hold the mean score and the share of positives", function()
  local f = frame.new { names = { "y", "s" }, columns = { { 0, 1, 1, 1 }, { 0.25, 0.27, 0.85, 1.0 } } }
  local p = plot.calibration({ labels = f.y, scores = f.s }, { bins = 2 })
  t.contains(p:svg(), "2 rows: predicted 0.26, observed 0.5", "2 rows: predicted 0.925, observed 1")
  t.contains(p:text(), "expected calibration error 0.1575")
  check_plot(p)
  check_plot(plot.calibration({ labels = f.y, scores = f.s }, { by = "count" }))
  t.raises("invalid", "scores must be probabilities; there is a 3", plot.calibration,
    { labels = f.y, scores = f.s * 3 })
end)

t.test("curves: one class, text labels, wrong sources", function()
  local f = frame.new { names = { "one", "text", "s" },
    columns = { { 1, 1, 1 }, { "y", "n", "y" }, { 0.2, 0.5, 0.6 } } }
  local one = { labels = f.one, scores = f.s }
  t.raises("invalid", "plot.roc: there is no negative label", plot.roc, one)
  t.raises("invalid", "plot.roc: 'b' there is no negative label", plot.roc, { { "b", one } })
  check_plot(plot.pr(one))
  check_plot(plot.calibration(one))
  t.raises("invalid", "there is no positive label", plot.pr, { labels = f.one - 1, scores = f.s })
  t.raises("invalid", "option 'positive'", plot.roc, { labels = f.text, scores = f.s })
  check_plot(plot.roc { labels = f.text, scores = f.s, positive = "y" })
  t.raises("type", "plot.roc: needs an evaluation", plot.roc, 7)
  t.raises("invalid", "plot.roc: needs an evaluation", plot.roc, {})
  t.raises("invalid", "there is no 'threshold'", plot.roc, f)
  t.raises("type", "option 'scores' must be a wf.column", plot.roc, { labels = f.one, scores = { 1 } })
end)

-- ---- learning curves ----------------------------------------------------------------------------

local function trained(rounds, stop)
  local data = labelled(200, 9)
  local _, training = wf.xgboost.train { data = data, label = "y", evals = { validation = labelled(60, 10) },
    rounds = rounds, early_stopping_rounds = stop,
    params = { objective = "binary:logistic", eval_metric = { "auc", "logloss" } } }
  return training, data
end

t.test("learning curves: a panel for each metric, one round, cross-validation", function()
  local training, data = trained(12)
  local p = plot.learning(training)
  check_plot(p)
  t.contains(p:svg(), "auc", "logloss", "validation", "train")
  t.ok(not plot.learning(training, { metric = "auc" }):svg():find "logloss")
  t.raises("invalid", "unknown metric 'aucc'; did you mean 'auc'?", plot.learning, training, { metric = "aucc" })
  check_plot(plot.learning((trained(1))))
  t.contains(plot.learning((trained(40, 3))):svg(), "best ")
  check_plot(plot.learning(wf.xgboost.cv { data = data, label = "y", rounds = 5,
    params = { objective = "binary:logistic" } }))
  t.raises("type", "what xgboost.train returns", plot.learning, {})
end)

t.test("long names and many of them: no text on another in any chart", function()
  local long = "a name that is as long as names are when nobody stops people from giving them %d"
  local items, names, means, counts = {}, {}, {}, {}
  for i = 1, 8 do items[i] = { long:format(i), scored(50, i) } end
  for i = 1, 40 do names[i], means[i] = long:format(i), i * 1e6 end
  for i = 1, 12 do
    counts[i] = {}
    for j = 1, 12 do counts[i][j] = i * j * 1000 end
  end
  check_plot(plot.roc(items, { title = long, subtitle = long:rep(3, " ") }))
  check_plot(plot.pr(items))
  check_plot(plot.calibration(items))
  check_plot(plot.partial_dependence(frame.new { names = { "value", "mean" }, columns = { names, means } },
    { feature = long, y_label = long }))
  check_plot(plot.confusion(counts, { classes = table.move(names, 1, 12, 1, {}) }))
  local classes = {}
  for i = 1, 12 do classes[i] = ("class %d"):format(i) end
  check_plot(plot.confusion(counts, { classes = classes }))
  check_plot(plot.importance(frame.new { names = { "feature", long }, columns = { names, means } }))
  local _, data = trained(2)
  local _, training = wf.xgboost.train { data = data, label = "y", evals = { [long] = data }, rounds = 30,
    params = { objective = "binary:logistic", eval_metric = { "auc", "logloss", "error", "aucpr" } } }
  check_plot(plot.learning(training))
end)

-- ---- plots as values ----------------------------------------------------------------------------

t.test("write is atomic, checks the name, and gives the plot back", function()
  local path = t.directory() .. "/x.svg"
  local p = plot.importance(small())
  t.equal(p:write(path), p)
  t.equal(t.read(path), p:svg())
  t.raises("invalid", "does not end in .svg", p.write, p, t.directory() .. "/x.png")
  t.raises("type", "argument 1 must be a string", p.write, p)
  p:write(t.directory() .. "/made/here/x.svg")
  t.equal(t.read(t.directory() .. "/made/here/x.svg"), p:svg())
  t.raises("io", "x.svg", p.write, p, path .. "/x.svg")
  t.raises("invalid", "width must be at least 320", p.svg, p, { width = 3 })
  t.raises("invalid", "width must be at least 40", p.text, p, { width = 3 })
end)

t.test("a height that is too small gives way to the contents", function()
  local p = plot.importance((large(3, 50)), { top = 50 })
  local root = check_svg(p:svg { height = 160 })
  t.ok(tonumber(root.attributes.height) >= 50 * 14)
  t.equal(check_svg(p:svg { height = 2000 }).attributes.height, "2000")
end)

t.test("a page holds its plots and nothing from elsewhere", function()
  local p = plot.importance(small())
  local page = plot.page { title = "a <b> & c", subtitle = "of \"it\"", "Part <one>", p, "Part two", p }
  local html = page:html()
  t.contains(html, "<title>a &lt;b&gt; &amp; c</title>", "<h2>Part &lt;one&gt;</h2>", p:svg())
  t.ok(not html:find "<script" and not html:gsub("http://www.w3.org/2000/svg", ""):find "https?://")
  local path = t.directory() .. "/x.html"
  t.equal(page:write(path), page)
  t.equal(t.read(path), html)
  t.contains(tostring(page), "Part two", "Mean |SHAP value|")
  t.raises("invalid", "does not end in .html", page.write, page, t.directory() .. "/x.svg")
  t.raises("type", "item 2 must be a plot or a heading, not integer", plot.page, { p, 3 })
  t.raises("invalid", "there are no plots", plot.page, {})
  t.raises("invalid", "unknown option 'titel'; did you mean 'title'?", plot.page, { titel = "x", p })
end)

t.test("the example draws every kind of plot, and again the same", function()
  local script = t.root .. "/examples/explain_plots.lua"
  for _, folder in ipairs { "a", "b" } do
    local result = t.wf({ script, "-p", "output=" .. folder, "-p", "rows=600", "-p", "rounds=5" },
      { home = t.directory() .. "/state-" .. folder })
    t.equal(result.status, 0, result.err)
    t.contains(result.out, "SHAP values by feature", "ROC curve", "prediction ")
  end
  local names = sys.list_directory(t.directory() .. "/a")
  t.equal(#names, 15)
  for _, name in ipairs(names) do
    local text = t.read(t.directory() .. "/a/" .. name)
    t.equal(t.read(t.directory() .. "/b/" .. name), text, name)
    if name:find "svg$" then check_svg(text) end
  end
end)

t.test("printing a plot draws it; colours only when asked", function()
  local p = plot.beeswarm(small(), { data = small_data() })
  t.equal(tostring(p), p:text { width = 80 })
  t.contains(p:text { colour = true }, "\27[38;5;", "\27[0m")
end)

t.test("no format asks the locale what a decimal point is", function()
  local folder = t.root .. "/stdlib/wf/plot/"
  for _, name in ipairs(sys.list_directory(folder)) do
    local found = t.read(folder .. name):gsub("%%%.0f", ""):match("%%[%d.+ -]*[aefgAEFG]%f[%W]")
    t.ok(not found, name .. ": " .. tostring(found))
  end
end)

t.test("a step can keep a plot", function()
  local directory = t.directory()
  local script = [[
    local wf = require "wf"
    local run <close> = wf.run { name = "p" }
    local p = run:step("plot", function()
      local f = wf.frame.new { names = { "feature", "gain" }, columns = { { "a", "b" }, { 2.0, 1.0 } } }
      return wf.plot.importance(f)
    end)
    p:write "kept.svg"
  ]]
  t.succeeds(script)
  local first = t.read(directory .. "/kept.svg")
  t.contains(t.succeeds(script).err, "Cached")
  t.equal(t.read(directory .. "/kept.svg"), first)
end)

t.finish()
