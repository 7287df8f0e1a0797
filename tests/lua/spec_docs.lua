-- The Lua in the documents works as it is printed: the blocks of a page are run one after another, as one
-- program, in a process of their own.
local t = require "harness"

-- The blocks of a page with their lines, { {line, text}, … }.
local function blocks_of(page)
  local blocks, number = {}, 0
  for line in io.lines(t.root .. "/" .. page) do
    number = number + 1
    local open = blocks[#blocks]
    if line:find "^```lua" then
      blocks[#blocks + 1] = { line = number + 1, text = "", open = true }
    elseif line:find "^```" and open then
      open.open = false
    elseif open and open.open then
      open.text = open.text .. line .. "\n"
    end
  end
  t.ok(#blocks > 0, page .. " has no Lua")
  return blocks
end

local function program_of(page)
  local texts = {}
  for i, block in ipairs(blocks_of(page)) do texts[i] = block.text end
  return table.concat(texts)
end

-- ---- pages that are one program -----------------------------------------------------------------

local function with_tables(page)
  local made = t.wf { t.root .. "/examples/generate_claims.lua", "-p", "directory=." }
  t.equal(made.status, 0, made.err)
  return t.succeeds(program_of(page), { "-p", "claims=claims.csv", "-p", "customers=customers.csv",
    "-p", "min_auc=0.3" })
end

t.test("the pipeline of the README", function()
  local result = with_tables "README.md"
  t.contains(result.err, "deploy", "Succeeded")
  t.contains(result.out, "f32[5]")
end)

for _, page in ipairs { "docs/tutorial.md", "docs/tutorial.ja.md" } do
  t.test("the pipeline of " .. page, function()
    local result = with_tables(page)
    t.contains(result.err, "DeployRealTime", "Succeeded in")
    t.contains(result.out, program_of(page):match "%-%- ([^\n]* %(margin%))", "f32[5]")
  end)
end

t.test("the tutorials differ in words, not in code", function()
  local function code(page) return (program_of(page):gsub("%-%-[^\n]*", "")) end
  t.equal(code "docs/tutorial.ja.md", code "docs/tutorial.md")
end)

-- ---- pages of pieces ----------------------------------------------------------------------------

-- Each block is a chunk of its own, so that one that ends the run does not end the page; what it declares
-- as local is there for the next. Errors name the page's line.
local function pieces_of(page)
  local out = {}
  for i, block in ipairs(blocks_of(page)) do
    local text = ("\n"):rep(block.line - 1) .. ("\n" .. block.text):gsub("\nlocal function ", "\nfunction ")
      :gsub("\nlocal ([%w_]+) <close> =", "\n%1 ="):gsub("\nlocal ", "\n"):sub(2)
    out[i] = ("piece(%q)\n"):format(text)
  end
  return table.concat(out)
end

-- What pieces take as given.
local given = t.with_examples .. [[
wf = require "wf"
local page = %q
local function fresh() return wf.run { name = "docs", params = {} } end
local ended = { rejected = true, awaiting = true }
function piece(text)
  run = fresh()
  local ok, e = xpcall(assert(load(text, "=" .. page, "t")), function(e)
    return type(e) == "table" and ended[e.code] and e or debug.traceback(tostring(e)) .. tostring(e.code)
  end)
  if not ok and type(e) ~= "table" then error(e, 0) end
  if ok then run:close() end
end
]]

-- A run that a piece rejects, or that awaits an approval, is the exit status of the whole.
local function run_pieces(page, prelude)
  local result = t.script(given:format(page) .. (prelude or "") .. pieces_of(page) .. "print 'the end'")
  if not result.out:find "the end\n$" then error(result.out .. result.err, 2) end
  return result
end

local a_model = [[
local columns = { {}, {}, {}, {} }
for i = 1, 240 do
  columns[1][i], columns[2][i] = 20 + i * 7 % 50, ({ "Minor", "Major", "Totaled" })[i * 5 % 3 + 1]
  columns[3][i], columns[4][i] = i * 11 % 17, (i * 7 % 50 > 20) == (i * 11 % 17 > 8) and 1 or 0
end
local all = wf.frame.new { names = { "age", "severity", "amount", "label" }, columns = columns }
train, test = all:head(160), all:tail(80)
rows = test:head(4)
model = wf.xgboost.train { data = train, label = "label", rounds = 3,
  recipe = wf.recipe.new():one_hot(wf.recipe.strings(), { missing = "na" }),
  params = { objective = "binary:logistic", max_depth = 3, seed = 1 } }
]]

t.test("the pieces of docs/api/lua.md", function()
  t.contains(run_pieces("docs/api/lua.md", a_model).out, "lowered it by")
end)

t.test("the pieces of docs/api/plot.md", function()
  t.contains(run_pieces("docs/api/plot.md", a_model).out, "age")
end)

t.test("the pieces of docs/bias.md", function()
  local result = run_pieces "docs/bias.md"
  t.contains(result.out, "the rest is predicted favourably 13.5 percentage points more often than Female",
    "reweighed")
end)

t.test("the pieces of docs/steps.md", function()
  run_pieces("docs/steps.md", [[
    function write(path) local f = assert(io.open(path, "w")) f:write "<p>" f:close() end
    function restore() end
    function clean_up() end
    function mail() end
    function deploy() return "live" end
    function fetch(from) return from end
    url, version = "http://127.0.0.1/", { 1 }
  ]])
end)

t.finish()
