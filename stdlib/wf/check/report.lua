-- wf.check.report: what all checks share: baselines, the drift check, violations, files.
--
-- A kind of check is a table { baseline(report), violations(report, previous | nil, o), table(report),
-- analysis(report), body(report), facts(report), files(report) } in report.kinds. Reports themselves
-- hold data only, so that a step can keep them.

local errors = require "wf.errors"
local frame = require "wf.frame"
local json = require "wf.json"
local options = require "wf.options"

local report = { kinds = {} }

local Report = { __name = "wf.check", __module = "wf.check", __class = "Report" }
report.Report = Report

local methods = {}
Report.__index = methods

local function kind_of(self)
  return report.kinds[self.kind]
end

-- ---- options ------------------------------------------------------------------------------------

local shared_rules = {
  baseline = { "string|table|wf.check|wf.version" }, model_group = { "string" },
  skip_check = { "boolean" }, register_new_baseline = { "boolean" },
  fail_on_violation = { "boolean", default = true },
}

function report.rules(more)
  for key, rule in pairs(shared_rules) do more[key] = rule end
  return more
end

-- ---- baselines ----------------------------------------------------------------------------------

-- The baseline of one kind in what was given as `baseline`.
local function baseline_in(kind, given)
  local type_name = options.type_of(given)
  if type_name == "wf.check" then
    if given.kind ~= kind then
      errors.invalid("check.%s: the baseline is a report of check.%s", kind, given.kind)
    end
    return given:new_baseline()
  elseif type_name == "wf.version" then
    return given.baselines[kind]
  end
  local read = report.kinds[kind].read_baseline
  return read and read(given) or given
end

local function previous_baseline(kind, o)
  if o.baseline ~= nil and o.baseline ~= "auto" then
    if type(o.baseline) == "string" then
      errors.invalid("check.%s: baseline is a report, a version or \"auto\", not '%s'", kind,
        o.baseline)
    end
    local found = baseline_in(kind, o.baseline)
    if not found then errors.invalid("check.%s: the given version has no such baseline", kind) end
    return found
  end
  return o.model_group and require("wf.registry.versions").read("baseline", o.model_group, kind)
end

local function require_baseline(kind, o)
  local flags_need_one = o.skip_check == false or o.register_new_baseline == false
  if o.baseline == "auto" or not flags_need_one then return end
  errors.raise { code = "not_found", message = ("check.%s: there is no previous baseline%s; "
    .. "skip_check = false and register_new_baseline = false need one (baseline = \"auto\" uses one "
    .. "if there is one)"):format(kind, o.model_group
      and (" in an Approved version of '" .. o.model_group .. "'") or "") }
end

local function raise_violations(self)
  errors.raise { code = "violation", report = self, data = self.violations,
    message = ("check.%s: %d violation%s: %s"):format(self.kind, #self.violations,
      #self.violations == 1 and "" or "s", self.violations[1].description) }
end

-- Makes a report of `fields` and compares it with the previous baseline, by the flags' meanings.
function report.finish(kind, fields, o)
  fields.kind = kind
  local self = setmetatable(fields, Report)
  local previous = previous_baseline(kind, o)
  if not previous then require_baseline(kind, o) end
  self.violations, self.checked = {}, (previous ~= nil or self.limits ~= nil) and not o.skip_check
  self.drift_baseline = previous and not o.register_new_baseline and previous or self:new_baseline()
  if self.checked then self.violations = kind_of(self).violations(self, previous, o) end
  if #self.violations > 0 and o.fail_on_violation then raise_violations(self) end
  return self
end

-- ---- reading a report ---------------------------------------------------------------------------

-- What a later check compares itself with; plain data.
function methods:new_baseline()
  return kind_of(self).baseline(self)
end

-- A bias metric of a facet: its value, or nil and why there is none.
function methods:value(facet, name, set)
  if not self.computed then errors.invalid("check.%s: there are no bias metrics", self.kind) end
  return self.computed:value(facet, name, set)
end

function methods:table()
  return kind_of(self).table(self)
end

-- A table in the layout of the service's file for this kind.
function methods:analysis()
  return kind_of(self).analysis(self)
end

-- The same as text, ready to be written.
function methods:analysis_json()
  return json.encode(self:analysis(), { indent = 4 })
end

-- Violations as a frame, one row each.
function methods:violation_table()
  local columns = { {}, {}, {}, {}, {}, {} }
  for row, v in ipairs(self.violations) do
    columns[1][row], columns[2][row] = v.check, v.column or v.facet or ""
    columns[3][row], columns[4][row] = v.metric or "", tostring(v.observed)
    columns[5][row], columns[6][row] = tostring(v.baseline), v.description
  end
  return frame.new { names = { "check", "subject", "metric", "observed", "baseline", "description" },
    columns = columns }
end

-- The text of constraint_violations.json.
local function violations_json(self)
  local list = json.array {}
  for i, v in ipairs(self.violations) do list[i] = kind_of(self).violation(v) end
  return json.encode({ version = kind_of(self).violations_version, violations = list }, { indent = 2 })
end

-- Writes the service's files of this kind into the directory; returns their paths by name.
function methods:files(directory)
  local sys = require "wf.core.sys"
  sys.make_directories(directory)
  local paths, contents = {}, kind_of(self).files(self)
  contents["constraint_violations.json"] = violations_json(self)
  for _, name in ipairs(options.sorted_keys(contents)) do
    paths[name] = directory .. "/" .. name
    sys.write_file(paths[name], contents[name] .. "\n")
  end
  return paths
end

function methods:verdict()
  if not self.checked then return "no drift check" end
  if #self.violations == 0 then return "no drift" end
  return #self.violations == 1 and "1 violation" or #self.violations .. " violations"
end

function Report:__tostring()
  local lines = { ("check.%s: %s"):format(self.kind, self:verdict()) }
  for _, v in ipairs(self.violations) do lines[#lines + 1] = "violation: " .. v.description end
  lines[#lines + 1] = kind_of(self).body(self)
  return table.concat(lines, "\n")
end

function Report:__summary()
  local summary = kind_of(self).summary(self)
  summary.kind, summary.rows = self.kind, self.rows
  summary.violations, summary.checked = self.violations, self.checked
  return summary
end

function Report:__report()
  return kind_of(self).facts(self)
end

return report
