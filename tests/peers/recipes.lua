-- Fits and applies recipes that recipes.py made: a line of JSON each, { train, test, code, exclude } in, the features
-- or an error out. Single rows must give the bits of the whole table, and so must the recipe that was written and
-- read again.
local wf = require "wf"
local read_frame = dofile(arg[0]:gsub("recipes%.lua$", "wire.lua")).frame

local function text_of(value)
  return value == nil and wf.json.null or ("%.9g"):format(value)
end

local function same_bits(a, b, row)
  for _, name in ipairs(a:names()) do
    local x, y = a:column(name)[row], b:column(name)[1]
    assert(x == y or (x ~= x and y ~= y), ("row %d of %s: %s in the table, %s alone"):format(row, name, x, y))
  end
end

local function run(case)
  local train, test = read_frame(case.train), read_frame(case.test)
  local recipe = assert(load("local recipe = ... return " .. case.code, "=case"))(wf.recipe)
  recipe:fit(train, { exclude = case.exclude })
  local matrix, copy = recipe:apply(test), wf.recipe.parse(recipe:json())
  assert(copy:json() == recipe:json(), "the document changed")
  for row = 1, #test do same_bits(matrix, copy:apply(test:slice(row, row)), row) end
  local features = {}
  for i, name in ipairs(matrix:names()) do
    local column, values = matrix:column(name), {}
    for row = 1, #column do values[row] = text_of(column[row]) end
    features[i] = { name = name, type = "f32", values = wf.json.array(values) }
  end
  return wf.json.array(features)
end

for line in io.lines(arg[1]) do
  local ok, result = pcall(run, wf.json.decode(line))
  io.write(wf.json.encode(ok and { columns = result } or { error = tostring(result) }), "\n")
end
