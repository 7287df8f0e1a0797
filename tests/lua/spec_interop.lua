-- Arrow files between wf and others: apache-arrow for JavaScript and Polars for Node read what wf
-- writes and write what wf reads, value by value, by the scripts in tests/interop. The peers come
-- from npm by scripts/install test; without them the tests are skipped.
local t = require "harness"
local wf = require "wf"
local arrow, json, frame = wf.arrow, wf.json, wf.frame
local sys = require "wf.core.sys"

local missing = frame.missing
local peers = os.getenv("WF_INTEROP") or t.root .. "/build-test/interop"

local function need_peers()
  if sys.exists(peers .. "/stamp") then return end
  local reason = "run scripts/install test"
  if sys.exists(peers .. "/reason") then reason = sys.read_file(peers .. "/reason"):gsub("%s+$", "") end
  t.skip(reason)
end

local function node(script, ...)
  local command = ("WF_INTEROP='%s' node '%s/tests/interop/%s'"):format(peers, t.root, script)
  for _, word in ipairs { ... } do command = command .. " '" .. word .. "'" end
  local pipe = assert(io.popen(command .. " 2>&1"))
  local text = pipe:read "a"
  t.ok(pipe:close(), text)
  return text
end

-- ---- what a frame holds, as values.cjs says it ----------------------------------------------------

local function bits(number)
  if number ~= number then return "nan" end
  return ("%016x"):format((string.unpack("<I8", string.pack("<d", number))))
end

local function values_of(column)
  local kind, values = column.type, json.array {}
  local exact = kind == "timestamp" and column:cast "i64" or column
  local gaps = column:is_missing()
  for i = 1, #column do
    if gaps[i] then values[i] = json.null
    elseif kind == "f64" or kind == "f32" then values[i] = bits(exact[i])
    else values[i] = tostring(exact[i]) end
  end
  return values
end

local function describe(f)
  local list = json.array {}
  for i, name in ipairs(f:columns()) do
    list[i] = { name = name, type = f:column(name).type, values = values_of(f:column(name)) }
  end
  return list
end

local function same(label, actual, expected)
  t.equal(#actual, #expected)
  for i, column in ipairs(expected) do
    t.equal(label .. json.encode(actual[i]), label .. json.encode(column))
  end
end

-- ---- files of wf's making -------------------------------------------------------------------------

local function every_type()
  local f = frame.new { { "f64", { 1.5, missing, -0.0, 5e-324, 1.7976931348623157e308, 0 / 0 } },
    { "i64", { 9007199254740993, missing, math.mininteger, 0, 7, -1 } },
    { "bool", { true, missing, false, true, true, false } },
    { "string", { "é", "", missing, "a\nb", "日本", ("x"):rep(40) } } }
  local function column(values, kind) return frame.new { { "x", values } }.x:cast(kind) end
  return f:with("f32", column({ 1.5, missing, -0.0, 0.5, -1024.0, 3.0 }, "f32"))
    :with("i32", column({ 1, missing, -7, 100, 0, 2 }, "i32"))
    :with("category", column({ "b", missing, "a", "b", "", "a" }, "category"))
    :with("timestamp", column({ "2020-01-02T03:04:05.678901Z", missing, "1969-12-31", "1970-01-01",
      "9999-12-31T23:59:59.999999Z", "0001-01-01" }, "timestamp"))
end

local function own_frames()
  local all = every_type()
  local long, flags = {}, {}
  for i = 1, 5000 do
    long[i] = "k" .. i % 7
    flags[i] = i % 3 == 0
  end
  return {
    all = all, empty = all:head(0), no_columns = all:select {},
    missing = all:slice(2, 2), whole = all:slice(4, 5), one = all:tail(1),
    unused = all:filter(all.category:eq "a"), -- its dictionary holds more than its rows
    long = frame.new { { "k", long }, { "flag", flags } }:cast { k = "category" },
  }
end

for _, peer in ipairs { "apache-arrow", "polars" } do
  t.test(peer .. " reads what wf writes", function()
    need_peers()
    local frames, names, paths = own_frames(), {}, {}
    for name in pairs(frames) do names[#names + 1] = name end
    table.sort(names)
    for i, name in ipairs(names) do
      paths[i] = t.directory() .. "/" .. name .. ".arrow"
      arrow.write(frames[name], paths[i])
    end
    local line = node("read.cjs", peer, table.unpack(paths)):gmatch "[^\n]+"
    for _, name in ipairs(names) do
      local result = json.decode(line())
      t.equal(result.problem, nil)
      same(name .. " ", result.columns, describe(frames[name]))
    end
  end)

  t.test("wf reads what " .. peer .. " writes", function()
    need_peers()
    local folder = t.directory()
    node("write.cjs", peer, folder)
    local pipe, count = assert(io.popen("ls '" .. folder .. "'")), 0
    for name in pipe:read("a"):gmatch "([%w_]+)%.arrow" do
      count = count + 1
      same(name .. " ", describe(arrow.read(("%s/%s.arrow"):format(folder, name))),
        json.decode(sys.read_file(("%s/%s.json"):format(folder, name))))
    end
    pipe:close()
    t.ok(count >= 4)
  end)
end

t.finish()
