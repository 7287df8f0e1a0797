-- Bias reports, by-group tables, mitigation; against the reference libraries' results where those are.
local t = require "harness"
local wf = require "wf"

local bias, frame, json = wf.bias, wf.frame, wf.json

-- A table whose counts are known: n rows of { sex, race, y, p }.
local function counted(rows)
  local columns = { {}, {}, {}, {} }
  for _, row in ipairs(rows) do
    for _ = 1, row[5] do
      for i = 1, 4 do columns[i][#columns[i] + 1] = row[i] end
    end
  end
  return frame.new { names = { "sex", "race", "y", "p" }, columns = columns }
end

local data = counted {
  { "F", "a", 1, 1, 10 }, { "F", "a", 1, 0, 10 }, { "F", "b", 0, 1, 5 }, { "F", "b", 0, 0, 15 },
  { "M", "a", 1, 1, 30 }, { "M", "a", 1, 0, 10 }, { "M", "b", 0, 1, 10 }, { "M", "b", 0, 0, 30 },
  { "X", "a", 1, 1, 2 } }

local function report(more)
  local o = { data = data, label = "y", favourable = 1, prediction = "p", facet = { sex = "F" } }
  for key, value in pairs(more or {}) do o[key] = value end
  return bias.report(o)
end

-- ---- what is meant ------------------------------------------------------------------------------

t.test("values and ranges say which rows are meant, whatever the column's type", function()
  local ages = frame.new { names = { "age", "y", "p" },
    columns = { { 18, 30, 30, 31, 50, 65 }, { 1, 0, 1, 0, 1, 0 }, { 1, 1, 0, 0, 1, 0 } } }
  local function size(set)
    local facet = bias.report({ data = ages, label = "y", favourable = 1, prediction = "p",
      facet = { age = set } }).facets[1]
    local d = facet.cells.d
    return d.tp + d.fp + d.fn + d.tn, facet.rule
  end
  for _, case in ipairs { { 30, 2, "age is 30" }, { { 30, 31 }, 3, "age is one of 30, 31" },
    { { above = 30 }, 3, "age > 30" }, { { min = 30 }, 5, "age >= 30" }, { { below = 30 }, 1, "age < 30" },
    { { max = 30 }, 3, "age <= 30" }, { { min = 30, max = 50 }, 4, "30 <= age <= 50" },
    { { above = 30, below = 50 }, 1, "30 < age < 50" } } do
    local n, rule = size(case[1])
    t.equal(n, case[2] + 0.0, rule)
    t.equal(rule, case[3])
  end
  local floats = ages:cast { age = "f64", y = "f64", p = "f64" }
  t.equal(bias.report({ data = floats, label = "y", favourable = 0, prediction = "p",
    facet = { age = { above = 30 } } }):value("age", "DPL"),
    bias.report({ data = ages, label = "y", favourable = 0, prediction = "p",
    facet = { age = { above = 30 } } }):value("age", "DPL"))
end)

t.test("ranges of integers are exact at both ends of their type", function()
  local least, most, far = math.mininteger, math.maxinteger, 1 << 60
  local column = frame.new { names = { "n" },
    columns = { { least, -far - 1, -far, -1, 0, 1, 2, far, far + 1, most, frame.missing } } }:column "n"
  local member = require("wf.core.bias").member
  for _, case in ipairs {
    { { above = far + 0.0 }, "far+1 most" }, { { min = far + 0.0 }, "far far+1 most" },
    { { below = -far + 0.0 }, "least -far-1" }, { { max = -far + 0.0 }, "least -far-1 -far" },
    { { above = -0.5, below = 1.5 }, "0 1" }, { { min = -1.5, max = 1.5 }, "-1 0 1" },
    { { above = 0, below = 1 }, "" }, { { min = 0.2, max = 0.8 }, "" }, { { above = 1e300 }, "" },
    { { below = -1e300 }, "" }, { { above = math.huge }, "" }, { { min = 0x1p63 }, "" },
    { { above = -0x1p63 }, "-far-1 -far -1 0 1 2 far far+1 most" }, { { max = -0x1p63 }, "least" },
    { { below = -0x1p63 }, "" }, { { min = -1e300, max = -far - 0.0 }, "least -far-1 -far" },
    { { values = { far + 1, least } }, "least far+1" },
  } do
    local mask, names = member(column, case[1]), {}
    for i, name in ipairs { "least", "-far-1", "-far", "-1", "0", "1", "2", "far", "far+1", "most", "missing" } do
      if mask[i] then names[#names + 1] = name end
    end
    t.equal(table.concat(names, " "), case[2])
  end
end)

t.test("groups of integers, near each other or not, missing or not", function()
  local groups = require("wf.core.bias").groups
  for _, values in ipairs { { 3, 1, 3, 2, 1 }, { 3, 5000, 3, 9000, 5000 }, { -1, 70000, -1, 1 << 62, 70000 },
    { true, false, true, false, false }, { 7, math.mininteger, 7, math.maxinteger, 7 } } do
    for _, with_missing in ipairs { false, true } do
      local list = table.move(values, 1, #values, 1, {})
      if with_missing then table.insert(list, 2, frame.missing) end
      local made = groups { frame.new { names = { "g" }, columns = { list } }:column "g" }
      local number, n, names = {}, 0, {}
      for i, value in ipairs(list) do
        local missing = value == frame.missing
        if not missing and not number[value] then
          number[value], names[n + 1], n = n, { tostring(value) }, n + 1
        end
        t.equal(made.codes[i], missing and -1 or number[value])
      end
      t.equal(made.n, n)
      for i = 1, n do t.equal(made.names[i][1], names[i][1]) end
      t.equal(#made.names, n)
    end
  end
end)

t.test("many rows of many facets are counted as one by one", function()
  local n, columns, names = 40003, { {}, {} }, { "y", "p" }
  for k = 1, 7 do columns[2 + k], names[2 + k] = {}, "f" .. k end
  for i = 1, n do
    for k = 1, 9 do columns[k][i] = (i * 2654435761 >> (7 + 2 * k)) & 1 == 1 end
  end
  local facets = {}
  for k = 1, 7 do facets["f" .. k] = true end
  local made = bias.report { data = frame.new { names = names, columns = columns }, label = "y",
    favourable = true, prediction = "p", facet = facets }
  for k, facet in ipairs(made.facets) do
    local counts = { d = { tp = 0, fp = 0, fn = 0, tn = 0 }, a = { tp = 0, fp = 0, fn = 0, tn = 0 } }
    for i = 1, n do
      local side = counts[columns[2 + k][i] and "d" or "a"]
      local cell = (columns[1][i] == columns[2][i] and "t" or "f") .. (columns[2][i] and "p" or "n")
      side[cell] = side[cell] + 1
    end
    for side, cells in pairs(counts) do
      for cell, count in pairs(cells) do t.equal(facet.cells[side][cell], count + 0.0) end
    end
  end
end)

t.test("sets that make no sense are refused", function()
  t.raises("invalid", "above and min are both given", report, { facet = { y = { above = 1, min = 2 } } })
  t.raises("invalid", "give a value", report, { facet = { sex = {} } })
  t.raises("invalid", "did you mean 'above'?", report, { facet = { y = { abov = 1 } } })
  t.raises("type", "the value 'x' is text", report, { favourable = "x" })
  t.raises("type", "must be a number, not string", report, { facet = { y = { above = "high" } } })
  t.raises("invalid", "give one of prediction, decision and model", report,
    { decision = data.p:eq(1) })
end)

t.test("the report says which rules it used", function()
  local r = report { facet = { "sex" }, intervals = { resamples = 50, seed = 3 } }
  t.contains(tostring(r), "favourable: y is 1", "predicted favourably: p is 1",
    "facet: sex is F (40 against 82 rows)", "95 % of 50 resampled tables", "seed 3")
  t.equal(#r.facets, 3)
  local with_missing = frame.new { names = { "y", "s", "p" },
    columns = { { 1, 0, frame.missing, 1 }, { "a", frame.missing, "b", "b" }, { 1, 0, 1, 0 } } }
  local m = bias.report { data = with_missing, label = "y", favourable = 1, prediction = "p",
    facet = { "s" } }
  t.contains(table.concat(m.notes, "\n"), "1 rows have no y", "1 rows have no s")
end)

-- ---- metrics ------------------------------------------------------------------------------------

t.test("metrics of known counts", function()
  local r = report()
  local d_selected, a_selected = 15 / 40, 42 / 82
  t.near(r:value("sex", "DPPL"), a_selected - d_selected, 1e-15)
  t.near(r:value("sex", "DI"), d_selected / a_selected, 1e-15)
  t.near(r:value("sex", "RD"), 32 / 42 - 10 / 20, 1e-15)
  t.equal(r:metric("sex", "DPPL").sentence,
    "the rest is predicted favourably 13.7 percentage points more often than F")
  t.equal(select(2, r:value("sex", "CDDL")), "Group variable is empty or not provided")
  t.near(r:performance_table().value[1], 87 / 122, 1e-15)
end)

t.test("decisions are as good as predicted labels", function()
  local by_decision = report()
  local r = bias.report { data = data, label = "y", favourable = 1, decision = data.p:eq(1),
    facet = { sex = "F" } }
  t.equal(r:values(), by_decision:values())
end)

t.test("intersections, with a least size and nothing dropped silently", function()
  local r = report { facet = { { "sex", "race" } }, min_group = 5 }
  t.equal(#r.facets, 4)
  t.equal(r.facets[1].rule, "sex is F and race is a")
  t.contains(r.notes[1], "X, a has 2 rows, fewer than 5")
  local one = report { facet = { { columns = { "sex", "race" }, values = { "F", "b" } } } }
  t.equal(one:value("sex × race", "DPPL"), r:value("sex × race", "DPPL", "F,b"))
  t.raises("invalid", "no row has", report, { facet = { { columns = { "sex", "race" }, values = { "F", "z" } } } })
end)

t.test("several facets at once are the same as one after the other", function()
  local together = report { facet = { "sex", "race", { column = "sex", values = { "F", "X" } } },
    group = "race" }
  for _, facet in ipairs(together.facets) do
    for _, metric in ipairs(facet.metrics) do
      local values = {}
      for text in facet.value_or_threshold:gmatch("[^,]+") do values[#values + 1] = text end
      local alone = report { facet = { [facet.name] = values }, group = "race" }
      t.equal(alone:value(facet.name, metric.name), metric.value)
    end
  end
end)

t.test("weights of 2 change no metric, and a doubled row is a weight of 2", function()
  local two = data:with("w", 2.0)
  local plain, weighted = report(), report { data = two, weight = "w" }
  for i, metric in ipairs(plain.facets[1].metrics) do
    local other = weighted.facets[1].metrics[i]
    t.equal(other.error, metric.error)
    if metric.value then t.near(other.value, metric.value, 1e-12, metric.name) end
  end
end)

t.test("intervals of weighted rows are those of rows when the weights are equal", function()
  local two = data:with("w", 2.0)
  local settings = { resamples = 300, seed = 2 }
  local plain = report { intervals = settings, group = "race", facet = { sex = "F", race = "a" } }
  local weighted = report { intervals = settings, group = "race", facet = { sex = "F", race = "a" },
    data = two, weight = "w" }
  for i, facet in ipairs(plain.facets) do
    for k, metric in ipairs(facet.metrics) do
      local other = weighted.facets[i].metrics[k]
      if metric.low and math.abs(metric.low) < math.huge then
        t.near(other.low, metric.low, 1e-12, metric.name)
      end
    end
  end
  t.contains(table.concat(weighted:rules(), "\n"), "300 resampled tables of weights")
  local uneven = {}
  for i = 1, #data do uneven[i] = i % 5 == 0 and 20 or 1 end
  local wide = report { data = data:with("w", frame.new { names = { "w" }, columns = { uneven } }:column "w"),
    weight = "w", intervals = settings }:metric("sex", "DPPL")
  local narrow = plain:metric("sex", "DPPL")
  t.ok(wide.high - wide.low > 1.3 * (narrow.high - narrow.low))
end)

t.test("intervals in closed form, where a metric has one", function()
  local r = report { intervals = { closed_forms = true, level = 0.9 } }
  local rules = {}
  for _, metric in ipairs(r.facets[1].metrics) do
    rules[#rules + 1] = metric.interval and metric.name .. " " .. metric.interval
    if metric.interval then t.ok(metric.low <= metric.value and metric.value <= metric.high) end
  end
  t.contains(table.concat(rules, ", "), "CI Clopper-Pearson", "DI Katz", "RD Newcombe", "TE resampling")
  t.contains(table.concat(r:rules(), "\n"), "CI by Clopper-Pearson, differences of two shares by Newcombe")
  -- statsmodels 0.13.5: confint_proportions_2indep(42, 82, 15, 40, method = "newcomb", alpha = 0.1)
  local m = r:metric("sex", "DPPL")
  t.near(m.low, -0.0207866032558368, 1e-9)
  t.near(m.high, 0.281939549738381, 1e-9)
end)

t.test("intervals hold the value, shrink with more rows, and repeat", function()
  local r = report { intervals = { resamples = 400, seed = 1 } }
  local m = r:metric("sex", "DPPL")
  t.ok(m.low < m.value and m.value < m.high)
  t.equal(report({ intervals = { resamples = 400, seed = 1 } }):metric("sex", "DPPL").low, m.low)
  local ten = data:concat(data, data, data, data, data, data, data, data, data)
  local n = report({ data = ten, intervals = { resamples = 400, seed = 1 } }):metric("sex", "DPPL")
  t.near(n.value, m.value, 1e-15)
  t.ok((n.high - n.low) < 0.5 * (m.high - m.low))
end)

t.test("the order of rows changes nothing", function()
  local a, b = report { facet = { "sex", "race" }, group = "race" },
    report { data = data:shuffle { seed = 5 }, facet = { { column = "sex", values = "F" } }, group = "race" }
  for _, metric in ipairs(b.facets[1].metrics) do
    local other = a:value("sex", metric.name, "F")
    if metric.value then t.near(metric.value, other, 1e-13, metric.name) else t.equal(other, nil) end
  end
end)

t.test("the flip test is asked for, on stated features", function()
  local with_x = data:with("x", data.p:cast("f64") * 2 + data.y:cast("f64"))
  local r = report { data = with_x, flip = { features = { "x" } } }
  local names = {}
  for i, metric in ipairs(r.facets[1].metrics) do names[i] = metric.name end
  t.equal(names[17], "FT")
  t.equal(r:metric("sex", "FT").features, { "x" })
  t.equal(r:value("sex", "FT"), 0.0)
  t.equal(report({ flip = { features = {} } }):metric("sex", "FT").error,
    "there is no numeric column to find neighbours by")
end)

-- ---- groups -------------------------------------------------------------------------------------

local function compas()
  local folder = t.test_oracle "bias/oracle"
  return wf.csv.read(folder .. "/../csv/compas_scores.csv"), folder
end

local function by_names(groups, n)
  local rows = {}
  for i = 1, #groups do
    local row, key = groups:row(i), {}
    for k = 1, n do key[k] = row[groups:columns()[k]] end
    rows[table.concat(key, "|")] = row
  end
  return rows
end

t.test("by-group tables equal Fairlearn's MetricFrame", function()
  local f, folder = compas()
  local oracle = json.decode(t.read(folder .. "/fairlearn_metricframe_compas.json"))
  local compared = 0
  for name, expected in pairs(oracle.frames) do
    local by = expected.sensitive_features
    local control = expected.control_features ~= json.null and expected.control_features[1] or nil
    local got = bias.by_group { data = f, label = "two_year_recid", favourable = 1,
      prediction = "predicted_recid", by = by, control = control,
      weight = expected.sample_weight ~= json.null and expected.sample_weight or nil }
    local rows = by_names(got.groups, #by + (control and 1 or 0))
    for _, group in ipairs(expected.by_group) do
      local row = rows[table.concat(group.group, "|")]
      for metric, value in pairs(group) do
        if row and type(value) == "number" and row[metric] then
          t.near(row[metric], value, 1e-12 * math.max(1, math.abs(value)), name .. " " .. metric)
          compared = compared + 1
        end
      end
    end
    for i = 1, control and 0 or #got.spread do
      local row = got.spread:row(i)
      for field, place in pairs { min = "group_min", max = "group_max", overall = "overall",
        difference = "difference_between_groups", ratio = "ratio_between_groups",
        difference_to_overall = "difference_to_overall", ratio_to_overall = "ratio_to_overall" } do
        local value = expected[place][row.metric]
        if type(value) == "number" then
          t.near(row[field], value, 1e-12 * math.max(1, math.abs(value)),
            ("%s %s %s"):format(name, row.metric, field))
          compared = compared + 1
        end
      end
    end
  end
  t.ok(compared > 1000, compared)
end)

t.test("parity equals Fairlearn's, between groups and to the whole, weighted too", function()
  local f, folder = compas()
  local oracle = json.decode(t.read(folder .. "/fairlearn_metricframe_compas.json"))
  local compared = 0
  for by, values in pairs(oracle.fairness_metrics) do
    for key, expected in pairs(values) do
      local name, method, rest = key:match("^([%w_]+)/([%w_]+)(.*)$")
      local mean = rest:find("mean")
      local columns = by == "racexsex" and { "race", "sex" } or by
      if type(expected) == "number" and (rest == "" or rest == "/weighted") and not mean then
        local p = bias.parity { data = f, label = "two_year_recid", favourable = 1, by = columns,
          prediction = "predicted_recid", to_overall = method == "to_overall",
          weight = rest == "/weighted" and "weight" or nil }
        if p[name] then
          t.near(p[name], expected, 1e-12, by .. " " .. key)
          compared = compared + 1
        end
      end
    end
  end
  t.ok(compared >= 16, compared)
end)

t.test("small groups stay in the table but decide nothing", function()
  local all = bias.by_group { data = data, label = "y", favourable = 1, prediction = "p", by = "sex",
    metrics = { "selection_rate", "accuracy" } }
  local large = bias.by_group { data = data, label = "y", favourable = 1, prediction = "p", by = "sex",
    metrics = { "selection_rate", "accuracy" }, min_group = 10 }
  t.equal(all:metric("selection_rate").highest, "X")
  t.equal(large:metric("selection_rate").highest, "M")
  t.equal(#large.groups, 3)
  t.equal(large.groups.small:to_table(), { false, false, true })
  t.raises("invalid", "did you mean 'accuracy'?", bias.by_group, { data = data, label = "y",
    favourable = 1, prediction = "p", by = "sex", metrics = { "acuracy" } })
  t.raises("invalid", "needs a score", bias.by_group, { data = data, label = "y", favourable = 1,
    prediction = "p", by = "sex", metrics = { "roc_auc" } })
end)

t.test("areas under the curve by group", function()
  local f = compas()
  local got = bias.by_group { data = f, label = "two_year_recid", favourable = 1,
    prediction = "lr_pred", score = "lr_score", by = "sex", metrics = { "accuracy", "roc_auc" } }
  for i = 1, #got.groups do
    local rows = f:filter(f.sex:eq(got.groups.sex[i]))
    t.near(got.groups.roc_auc[i], wf.metrics.binary(rows.two_year_recid, rows.lr_score).roc_auc, 1e-15)
  end
  t.near(got:metric("roc_auc").overall,
    wf.metrics.binary(f.two_year_recid, f.lr_score).roc_auc, 1e-15)
end)

t.test("calibration within groups", function()
  local f = compas()
  local c = bias.calibration { data = f, label = "two_year_recid", favourable = 1, score = "lr_score",
    by = "sex", bins = 5 }
  t.ok(c.error.Male < 0.1 and c.error.Female < 0.1)
  local n = 0
  for i = 1, #c.bins do n = n + c.bins.n[i] end
  t.equal(n, 6172.0)
end)

-- ---- mitigation ---------------------------------------------------------------------------------

t.test("reweighing makes label and group independent, as AIF360 does", function()
  local _, folder = compas()
  local f = wf.csv.read(folder .. "/../csv/compas_numeric.csv")
  local expected = json.decode(t.read(folder .. "/aif360_reweighing_compas.json")).cases.race
  local w = bias.reweigh { data = f, label = "two_year_recid", favourable = 0, by = "race_aa" }
  for i, value in ipairs(expected.first_20_weights) do t.near(w[i], value, 1e-12) end
  t.near(w:sum(), expected.sum_weights, 1e-8)
  local after = bias.report { data = f:with("w", w), label = "two_year_recid", favourable = 0,
    facet = { race_aa = 1 }, weight = "w", metrics = { "DPL" } }
  t.near(after:value("race_aa", "DPL"), 0, 1e-12)
end)

t.test("reweighed training makes a model's predictions fairer", function()
  local rows = {}
  for i = 1, 1200 do
    local female = i % 3 == 0
    local skill = (i * 7919 % 1000) / 1000
    local y = skill + (female and 0 or 0.25) > 0.6 and 1 or 0
    rows[i] = { female and 1 or 0, skill, y }
  end
  local columns = { {}, {}, {} }
  for i, row in ipairs(rows) do
    for k = 1, 3 do columns[k][i] = row[k] end
  end
  local f = frame.new { names = { "female", "skill", "hired" }, columns = columns }
  local function dppl(weight)
    local model = wf.xgboost.train { data = f, label = "hired", rounds = 5, weight = weight,
      params = { objective = "binary:logistic", max_depth = 2, seed = 1 } }
    return bias.report({ data = f, favourable = 1, model = model, facet = { female = 1 } })
      :value("female", "DPPL")
  end
  local w = bias.reweigh { data = f, label = "hired", favourable = 1, by = "female" }
  t.ok(math.abs(dppl(w)) <= math.abs(dppl()))
end)

t.test("thresholds by group equal Fairlearn's optimizer", function()
  local f, folder = compas()
  local cases = json.decode(t.read(folder .. "/fairlearn_threshold_optimizer_compas.json")).cases
  local compared = 0
  for _, case in ipairs(cases) do
    local fit = bias.thresholds { data = f, label = "two_year_recid", favourable = 1,
      by = case.sensitive_feature, score = case.score, constraint = case.constraints,
      objective = case.objective == "accuracy_score" and "accuracy" or "balanced_accuracy",
      flip = case.flip, grid = case.grid_size, tolerance = case.tol ~= json.null and case.tol or nil }
    if type(case.y_best) == "number" then t.near(fit.y, case.y_best, 1e-12) end
    local _, probability = fit:decide(f, { score = case.score })
    for group, rate in pairs(case.expected.selection_rate) do
      local rows = frame.new({ names = { "p" }, columns = { probability } }):filter(
        f:column(case.sensitive_feature):eq(group))
      t.near(rows.p:mean(), rate, 1e-12, group)
      compared = compared + 1
    end
  end
  t.ok(#cases == 104 and compared >= 208, compared)
end)

t.test("fitted thresholds decide other data, and refuse unknown groups", function()
  local f = compas()
  local fit = bias.thresholds { data = f, label = "two_year_recid", favourable = 0, by = "sex",
    score = 1 - f.lr_score, constraint = "demographic_parity" }
  local part = f:filter(f.sex:eq("Female")):head(50)
  local said = fit:predict(part, { score = 1 - part.lr_score })
  t.equal(#said, 50)
  t.equal(said.type, "i64")
  t.equal(fit:predict(part, { score = 1 - part.lr_score }):digest(), said:digest())
  t.equal(fit:predict(part, { score = 1 - part.lr_score, seed = 4 }):digest(),
    fit:predict(part, { score = 1 - part.lr_score, seed = 4 }):digest())
  local both = bias.report { data = f, label = "two_year_recid", favourable = 0,
    prediction = fit:predict(f, { score = 1 - f.lr_score, seed = 1 }), facet = { sex = "Female" } }
  local plain = bias.report { data = f, label = "two_year_recid", favourable = 0, prediction = "lr_pred",
    facet = { sex = "Female" } }
  t.ok(math.abs(both:value("sex", "DPPL")) < 0.05)
  t.ok(math.abs(plain:value("sex", "DPPL")) > 0.1)
  local stranger = part:with("sex", "Other")
  t.raises("invalid", "the group Other was not there", fit.predict, fit, stranger,
    { score = 1 - stranger.lr_score })
  local cost = fit:trade_off()
  t.ok(cost.accuracy[#cost] >= cost.accuracy[1])
end)

t.test("the reject option is AIF360's where the bound can be met", function()
  local _, folder = compas()
  local f = wf.csv.read(folder .. "/../csv/compas_scores.csv")
  f = f:with("aa", f.race:eq("African-American"):cast("i64"))
  local cases = json.decode(t.read(folder .. "/aif360_postprocessing_compas.json")).cases
  for gap, name in pairs { selection_rate = "Statistical parity difference",
    mean_odds = "Average odds difference", equal_opportunity = "Equal opportunity difference" } do
    local expected = cases["reject_option/" .. name]
    local fit = bias.reject_option { data = f, label = "two_year_recid", favourable = 0,
      facet = { aa = 1 }, score = 1 - f.lr_score, gap = gap, bound = 0.05 }
    t.near(fit.threshold, expected.classification_threshold, 1e-12, name)
    t.near(fit.margin, expected.ROC_margin, 1e-12, name)
    t.near(fit.balanced_accuracy, expected.balanced_accuracy, 1e-12, name)
    local decision = fit:decide(f, { score = 1 - f.lr_score })
    local decided = bias.report { data = f, label = "two_year_recid", favourable = 0,
      decision = decision, facet = { aa = 1 } }
    t.near(-decided:value("aa", "DPPL"), expected.statistical_parity_difference, 1e-12)
  end
end)

t.test("equalized and calibrated odds are AIF360's", function()
  local _, folder = compas()
  local f = wf.csv.read(folder .. "/../csv/compas_scores.csv")
  f = f:with("aa", f.race:eq("African-American"):cast("i64")):with("lr", f.lr_score:gt(0.5):cast("i64"))
  local cases = json.decode(t.read(folder .. "/aif360_postprocessing_compas.json")).cases
  for name, prediction in pairs { eq_odds = "predicted_recid", eq_odds_lr = "lr" } do
    local fit = bias.equalized_odds { data = f, label = "two_year_recid", favourable = 0,
      prediction = prediction, facet = { aa = 1 } }
    local case = cases[name]
    t.near(fit.cost, case.objective, 1e-12)
    t.near(fit.keep[1], case.sp2p, 1e-9)
    t.near(fit.turn[1], case.sn2p, 1e-9)
    t.near(fit.keep[2], case.op2p, 1e-9)
    t.near(fit.turn[2], case.on2p, 1e-9)
  end
  for cost, name in pairs { false_negatives = "fnr", false_positives = "fpr", both = "weighted" } do
    local fit = bias.calibrated_odds { data = f, label = "two_year_recid", favourable = 0,
      score = 1 - f.lr_score, facet = { aa = 1 }, cost = cost }
    local case = cases["calibrated_eq_odds_" .. name]
    t.near(fit.mix[1], case.priv_mix_rate, 1e-9)
    t.near(fit.mix[2], case.unpriv_mix_rate, 1e-9)
    t.near(fit.base_rate[1], case.base_rate_priv, 1e-12)
    t.near(fit.base_rate[2], case.base_rate_unpriv, 1e-12)
  end
end)

t.test("mixed decisions have equal odds, mixed scores the other side's cost", function()
  local labels, scores, sexes = {}, {}, {}
  math.randomseed(4)
  for i = 1, 6000 do
    sexes[i] = i % 3 == 0 and "F" or "M"
    labels[i] = math.random() < (sexes[i] == "F" and 0.4 or 0.5)
    local noise = sexes[i] == "F" and 0.7 or 0.5
    scores[i] = (labels[i] and 1 or 0) * (1 - noise) + noise * math.random()
  end
  local f = frame.new { names = { "y", "s", "sex" }, columns = { labels, scores, sexes } }
  local function rates(decided, sex)
    local rows = f:with("d", decided):filter(f.sex:eq(sex))
    return rows:filter(rows.y).d:mean(), rows:filter(~rows.y).d:mean()
  end
  local fit = bias.equalized_odds { data = f, label = "y", favourable = true, decision = f.s:gt(0.5),
    facet = { sex = "F" } }
  local decided, probability = fit:decide(f, { decision = f.s:gt(0.5), seed = 3 })
  local t_f, f_f = rates(probability, "F")
  local t_m, f_m = rates(probability, "M")
  t.near(t_f, t_m, 1e-12)
  t.near(f_f, f_m, 1e-12)
  t.ok(t_f > f_f, "decisions still say something")
  t.equal(decided.type, "bool")
  t.near(decided:cast("f64"):mean(), probability:mean(), 0.02)
  t.equal(decided:digest(), (fit:decide(f, { decision = f.s:gt(0.5), seed = 3 })):digest())
  t.contains(tostring(fit), "sex is F")

  local calibrated = bias.calibrated_odds { data = f, label = "y", favourable = true, score = "s",
    facet = { sex = "F" } }
  local mixed = calibrated:scores(f, { score = "s", seed = 5 })
  local function cost(column, sex)
    local rows = f:with("c", 1 - column):filter(f.sex:eq(sex))
    return rows:filter(rows.y).c:mean()
  end
  t.ok(math.abs(cost(f.s, "F") - cost(f.s, "M")) > 0.02)
  t.near(cost(mixed, "F"), cost(mixed, "M"), 0.015)
  t.raises("invalid", "both are needed", bias.equalized_odds, { data = f:filter(f.y), label = "y",
    favourable = true, decision = f:filter(f.y).s:gt(0.5), facet = { sex = "F" } })
  t.raises("invalid", "score 1.5 is not a probability", bias.calibrated_odds, { data = f, label = "y",
    favourable = true, score = f.s * 0 + 1.5, facet = { sex = "F" } })
end)

t.test("gaps and signed weights of a constraint are Fairlearn's", function()
  local f, folder = compas()
  local core = require "wf.core.bias"
  local reference = json.decode(t.read(folder .. "/fairlearn_reductions_compas.json"))
  local groups = core.groups { f.sex }
  local labels = f.two_year_recid:cast("bool")
  local place = {}
  for i, name in ipairs(groups.names) do place[name[1]] = i end
  for name, constraint in pairs { DemographicParity = "demographic_parity", EqualizedOdds = "equalized_odds",
    TruePositiveRateParity = "true_positive_rate_parity", ErrorRateParity = "error_rate_parity" } do
    local case = reference.cases[name]
    local n_events = name == "EqualizedOdds" and 2 or 1
    local multipliers = {}
    for k = 1, n_events * groups.n do multipliers[k] = 0 end
    local gaps = core.constraint_gaps { labels = labels, decisions = f.lr_pred:cast("f64"),
      groups = groups.codes, n_groups = groups.n, constraint = constraint }
    for k, index in ipairs(case.index) do
      local event = n_events == 2 and index[2] == "label=1" and 1 or 0
      local at = event * groups.n + place[index[3]]
      local sign = index[1] == "+" and 1 or -1
      t.near(sign * gaps[at], case.gamma_of_lr_pred[k], 1e-12, name)
      multipliers[at] = multipliers[at] + sign * case.lambda_vec[k]
    end
    local weights = core.signed_weights { labels = labels, multipliers = multipliers,
      groups = groups.codes, n_groups = groups.n, constraint = constraint }
    local sum = 0
    for i = 1, #weights do sum = sum + math.abs(weights[i]) end
    for i, expected in ipairs(case.signed_weights_first_30) do t.near(weights[i], expected, 1e-12, name) end
    t.near(sum, case.signed_weights_abs_sum, 1e-9 * sum, name)
  end
end)

t.test("a grid search finds a fairer model and says what it costs", function()
  local names, columns = { "y", "x", "noise", "sex" }, { {}, {}, {}, {} }
  math.randomseed(11)
  for i = 1, 1500 do
    local female = i % 2 == 0
    local x = math.random() + (female and 0 or 0.3)
    columns[1][i], columns[2][i] = x + 0.4 * math.random() > 0.8, x
    columns[3][i], columns[4][i] = math.random(), female and "F" or "M"
  end
  local f = frame.new { names = names, columns = columns }
  local trained = 0
  local search = bias.grid_search { data = f, label = "y", favourable = true, by = "sex", grid = 9,
    train = function(rows, labels, weights)
      trained = trained + 1
      return wf.xgboost.train { data = rows:drop { "y" }:with("favoured", labels):with("w", weights),
        label = "favoured", weight = "w", rounds = 10,
        recipe = wf.recipe.new():one_hot("sex"),
        params = { objective = "binary:logistic", max_depth = 3 } }
    end }
  t.equal(trained, 9)
  local plain = search.models[5]
  t.equal(plain.multipliers[2], 0.0)
  t.ok(search.best.gap < plain.gap / 2, search.best.gap)
  t.ok(search.best.error >= plain.error)
  t.equal(#search:table(), 9)
  t.contains(tostring(search), "demographic_parity by sex")
  t.raises("invalid", "one group only", bias.grid_search, { data = f:filter(f.sex:eq("F")), label = "y",
    favourable = true, by = "sex", train = print })
  t.raises("invalid", "neither a model of two classes nor a function", bias.grid_search, { data = f,
    label = "y", favourable = true, by = "sex", train = function() return 1 end })
end)

t.test("repaired features do not tell the group", function()
  local f = compas()
  local repaired = bias.remove_impact { data = f, columns = { "lr_score" }, by = "sex" }
  local function gap(table_frame)
    local women = table_frame.sex:eq("Female")
    return math.abs(table_frame:filter(women).lr_score:median() - table_frame:filter(~women).lr_score:median())
  end
  t.ok(gap(f) > 0.03 and gap(repaired) < 0.002)
  t.equal(bias.remove_impact({ data = f, columns = { "lr_score" }, by = "sex", amount = 0 }):digest(),
    f:digest())
end)

t.test("a plain and a mitigated report side by side", function()
  local flipped = data:with("q", data.y)
  local c = bias.compare(report(), report { data = flipped, prediction = "q" })
  local rows = c:table()
  t.equal(rows:columns(), { "facet", "value", "metric", "plain", "mitigated", "fairest" })
  for i = 1, #rows do
    if rows.metric[i] == "AD" then t.equal(rows.fairest[i], "mitigated") end
    if rows.metric[i] == "DI" then t.near(rows.plain[i], (15 / 40) / (42 / 82), 1e-15) end
  end
  t.contains(tostring(c), "Accuracy")
  t.raises("invalid", "not { name, report }", bias.compare, { { "a", 1 } })
end)

t.test("the example measures, mitigates, compares and decides", function()
  local script = t.root .. "/examples/credit_bias.lua"
  local result = t.wf { script, "-p", "rows=3000", "-p", "max_cost=0.2", "-p", "max_gap=0.2" }
  t.equal(result.status, 0, result.err)
  t.contains(result.out, "predicted favourably", "thresholds for demographic_parity", "decided: ")
  local refused = t.wf { script, "-p", "rows=3000", "-p", "max_cost=0", "-p", "max_gap=0" }
  t.equal(refused.status, 3)
end)

t.test("groups by no column are refused", function()
  local small = wf.csv.parse "a,y\n1,0\n2,1\n"
  local function refuses(name, given)
    given.data, given.by = small, {}
    if name ~= "remove_impact" then given.label, given.favourable = "y", 1 end
    t.raises("invalid", "bias." .. name .. ": option 'by' names no column", wf.bias[name], given)
  end
  refuses("by_group", { prediction = "y" })
  refuses("parity", { prediction = "y" })
  refuses("thresholds", { score = small.a })
  refuses("reweigh", {})
  refuses("grid_search", { train = print })
  refuses("remove_impact", { columns = { "a" } })
end)

t.finish()
