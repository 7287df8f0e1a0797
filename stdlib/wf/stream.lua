-- wf.stream: tables larger than memory, a part at a time.
--
--   local stream = wf.stream { "2024.csv", "2025.csv.gz", "2026.arrow", types = { zip = "string" } }
--   for part in stream:parts() do print(#part) end        -- frames, the same ones every time
--   local sample = stream:head(100000)
--   local recipe = wf.recipe.new():one_hot("zip"):fit(sample, { exclude = { "label" } })
--   wf.xgboost.train { data = stream, label = "label", recipe = recipe }
--
-- Arrow files (.arrow .ipc .feather) are mapped and cut by rows, JSON lines (.jsonl .ndjson) and CSV
-- (everything else) are read in pieces that end with a record; compressed text is read whole, a file
-- at a time. Types are inferred for each piece of text, so that text columns that may look like numbers
-- should be given theirs, or be taken `like` those of a frame or a model.

local arrow = require "wf.arrow"
local csv = require "wf.csv"
local errors = require "wf.errors"
local jsonl = require "wf.jsonl"
local options = require "wf.options"

local stream = {}

local Stream = { __name = "wf.stream", __module = "wf.stream", __class = "Stream" }
Stream.__index = Stream
stream.classes = { Stream = Stream }

local rules = {
  rows = { "integer", default = 131072, min = 1 }, megabytes = { "number", default = 16, min = 0.001 },
  columns = { "table" }, types = { "table" }, delimiter = { "string" }, quote = { "string" },
  header = { "boolean" }, missing = { "table|string" }, like = { "wf.frame|wf.model|wf.recipe" },
  names = { "table|string" }, decimal = { "string" }, thousands = { "string" },
}

-- ---- pieces of text -----------------------------------------------------------------------------

local function count(text, pattern)
  return select(2, text:gsub(pattern, "%0"))
end

-- The end of the last record of a text that begins with one: its last line end outside of quotes.
local function last_end(text, quote)
  local limit, inside = #text, count(text, quote) % 2 == 1
  while true do
    local at = limit
    while at > 0 and text:byte(at) ~= 10 do at = at - 1 end
    if at == 0 then return nil end
    if count(text:sub(at + 1, limit), quote) % 2 == 1 then inside = not inside end
    if not inside then return at end
    limit = at - 1
  end
end

local function first_end(text, quote)
  local at, inside = 0, false
  while true do
    local stop = text:find("\n", at + 1, true)
    if not stop then return nil end
    if count(text:sub(at + 1, stop), quote) % 2 == 1 then inside = not inside end
    if not inside then return stop end
    at = stop
  end
end

-- Pieces of the file that end with a record, and where each begins.
local function pieces(path, size, quote)
  local file, problem = io.open(path, "rb")
  if not file then
    errors.raise { code = "not_found", path = path, message = problem }
  end
  local rest, offset = "", 0
  return function()
    while true do
      local block = file and file:read(size)
      if not block then
        if file then file:close() end
        file = nil
        if rest == "" then return nil end
        local text = rest
        rest = ""
        return text, offset
      end
      local text = rest .. block
      local cut = last_end(text, quote)
      rest = cut and text:sub(cut + 1) or text
      if cut then
        offset = offset + cut
        return text:sub(1, cut), offset - cut
      end
    end
  end
end

-- ---- files --------------------------------------------------------------------------------------

-- Raises the error of a piece with its line in the file.
local function raise_within(e, path, offset, shift)
  if not errors.is(e) or not e.line then error(e, 0) end
  local file = assert(io.open(path, "rb"))
  local before = offset > 0 and count(file:read(offset), "\n") or 0
  file:close()
  e.line = e.line + before - (offset > 0 and shift or 0)
  e.path = path
  e.message = ("%s:%d: %s"):format(path, e.line, (e.message:gsub("^line %d+[:,] ", "")))
  error(e, 0)
end

-- Parts of one text file of the format.
local function text_parts(self, path, quote, header, format_options, format)
  if path:find "%.gz$" or path:find "%.zst$" then
    local done = false
    return function()
      if done then return nil end
      done = true
      return (format.read(path, format_options))
    end
  end
  local next_piece, head = pieces(path, self.megabytes * 1048576 // 1 | 0, quote), nil
  return function()
    local text, offset = next_piece()
    if not text then return nil end
    local shift = 0
    if head then
      text, shift = head .. text, count(head, "\n")
    elseif header then
      head = text:sub(1, first_end(text, quote) or #text)
    end
    local ok, part = pcall(format.parse, text, format_options)
    if not ok then raise_within(part, path, offset, shift) end
    return part
  end
end

-- Ends a frame, and with it the mapping of its file, now and not when the collector finds it.
function stream.close(frame)
  local closing <close> = frame -- luacheck: ignore
end

local function open_arrow(self, path)
  local all = arrow.read(path)
  if not self.columns_wanted then return all end
  local closing <close> = all -- luacheck: ignore
  return all:select(self.columns_wanted)
end

local function arrow_parts(self, path)
  local whole, row = open_arrow(self, path), 0
  return function()
    if not whole then return nil end
    if row > 0 and row >= #whole then
      stream.close(whole)
      whole = nil
      return nil
    end
    local part = whole:slice(row + 1, math.min(row + self.rows, #whole))
    row = row + self.rows
    return part
  end
end

local function open_file(self, path)
  local bare = path:gsub("%.gz$", ""):gsub("%.zst$", "")
  local ending = bare:match "%.(%w+)$"
  if ending == "arrow" or ending == "ipc" or ending == "feather" then return arrow_parts(self, path) end
  if ending == "jsonl" or ending == "ndjson" then
    local lines = { columns = self.text_options.columns, types = self.text_options.types, absent = "missing" }
    return text_parts(self, path, "\0", false, lines, jsonl)
  end
  local quote, header = self.text_options.quote or '"', self.text_options.header
  if header == nil then header = self.text_options.names == nil end
  quote = quote == "" and "\0" or quote:gsub("%p", "%%%0")
  return text_parts(self, path, quote, header, self.text_options, csv)
end

-- ---- streams ------------------------------------------------------------------------------------

-- Iterates over the parts, from the first file on.
function Stream:parts()
  local index, next_part = 0, nil
  return function()
    while true do
      local part = next_part and next_part()
      if part then return part end
      index = index + 1
      if not self.files[index] then return nil end
      next_part = open_file(self, self.files[index])
    end
  end
end

local function join(parts)
  return parts[1]:concat(table.unpack(parts, 2))
end

-- All parts as one frame. Some parts at a time are joined, which copies them: a part that is a whole
-- Arrow file holds on to its mapping.
function Stream:frame()
  local joined, parts = {}, {}
  for part in self:parts() do
    parts[#parts + 1] = part
    if #parts == 8 then
      joined[#joined + 1] = join(parts)
      for _, done in ipairs(parts) do stream.close(done) end
      parts = {}
    end
  end
  return join(table.move(parts, 1, #parts, #joined + 1, joined))
end

-- The first n rows as a frame.
function Stream:head(n)
  options.argument("stream:head", 1, n, "integer")
  local parts, rows = {}, 0
  for part in self:parts() do
    parts[#parts + 1] = part:head(n - rows)
    rows = rows + #parts[#parts]
    if rows >= n then break end
  end
  return join(parts)
end

-- The stream with other options beside its own: columns, types.
function Stream:with(more)
  local given = { table.unpack(self.files) }
  for key, value in pairs(self.given) do given[key] = value end
  for key, value in pairs(more) do
    if key == "types" then
      local types = {}
      for column, kind in pairs(value) do types[column] = kind end
      for column, kind in pairs(self.given.types or {}) do types[column] = kind end
      value = types
    end
    given[key] = value
  end
  return stream.open(given)
end

function Stream:select(columns)
  return self:with { columns = columns }
end

function Stream:__tostring()
  return ("stream of %d file%s"):format(#self.files, #self.files == 1 and "" or "s")
end

function stream.open(given)
  options.argument("stream", 1, given, "table")
  local files, named = {}, {}
  for key, value in pairs(given) do
    if math.type(key) == "integer" then files[key] = value else named[key] = value end
  end
  if #files == 0 then errors.invalid("stream: there are no files") end
  for i, path in ipairs(files) do options.argument("stream", i, path, "string") end
  local o = options.check("stream", named, rules)
  local text_options = {}
  for _, key in ipairs { "columns", "types", "delimiter", "quote", "header", "missing", "like", "names",
    "decimal", "thousands" } do
    text_options[key] = o[key]
  end
  return setmetatable({ files = files, given = named, rows = o.rows, megabytes = o.megabytes,
    columns_wanted = o.columns, text_options = text_options }, Stream)
end

return stream
