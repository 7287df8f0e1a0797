-- Floors: a file in src/X includes its own folder, lower floors, and public headers of lower floors
-- or its own. lua/ includes public headers, base helpers, frame/column.h (whole columns, no copy) and
-- its own; only src/xgboost names libxgboost's header; nothing in src/ sees lua.h.
-- Run: lua5.4 tests/lint/floors.lua [ROOT]
local root = (arg[1] or ".") .. "/"

local floor = {
  base = 0,
  frame = 1, matrix = 1, store = 1, catalog = 1, http = 1,
  arrow = 2, csv = 2, jsonl = 2, libsvm = 2, forest = 2, metrics = 2, bias = 2, recipe = 2,
  xgboost = 3, shap = 3, explain = 3, model = 3, monitor = 3,
  endpoint = 4,
  engine = 5,
}
local home = { matrix = "frame", explain = "shap" } -- public headers that live in a folder of another name

local failures, files = 0, 0
local function fail(file, line, text)
  failures = failures + 1
  print(("%s:%d: %s"):format(file, line, text))
end

local function may(from, to)
  to = home[to] or to
  return from == to or (floor[to] and floor[to] < floor[from])
end

local function check_source(file, folder, line, path)
  local public = path:match "^wf/(%w+)%.h$"
  local target = public or path:match "^(%w+)/"
  if path:find("^lua[a-z]*%.h$") or path == "lauxlib.h" then
    fail(file, line, "src/ may not include " .. path)
  elseif path:find "xgboost/c_api" and folder ~= "xgboost" then
    fail(file, line, "only src/xgboost may include " .. path)
  elseif target and floor[target] and not may(folder, target) then
    fail(file, line, ("%s (floor %d) may not include %s"):format(folder, floor[folder], path))
  elseif path == "wf.h" then
    fail(file, line, "the umbrella header is for users")
  end
end

local function check_lua(file, line, path)
  local folder = path:match "^(%w+)/"
  if path ~= "frame/column.h" and folder and folder ~= "wf" and folder ~= "base" and floor[folder] then
    fail(file, line, "lua/ may include only wf/*.h, base/ and frame/column.h, not " .. path)
  end
end

local function lines_of(path)
  local list, n = {}, 0
  for text in io.lines(path) do n = n + 1; list[n] = text end
  return list
end

local find = "cd '%s' && find src lua -name '*.[ch]' -o -name '*.cc' | LC_ALL=C sort"
local listing = assert(io.popen(find:format(root)))
for file in listing:lines() do
  files = files + 1
  local folder = file:match "^src/(%w+)/"
  for number, text in ipairs(lines_of(root .. file)) do
    local path = text:match '^%s*#%s*include%s*[<"]([^>"]+)[>"]'
    if path then
      if file:find "^lua/" then check_lua(file, number, path)
      elseif folder and folder ~= "include" then check_source(file, folder, number, path) end
    end
  end
end
listing:close()

print(("floors: %d files"):format(files))
if files == 0 then fail(root, 0, "no source files found") end
print(("%d passed, %d failed"):format(failures == 0 and 1 or 0, failures))
os.exit(failures == 0)
