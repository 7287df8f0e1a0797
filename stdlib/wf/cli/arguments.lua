-- wf.cli.arguments: options and positional words of a command.
--
--   local spec = {
--     about = "list runs, newest first",
--     options = { { "limit", "-n", value = "N", kind = "integer", help = "at most so many" },
--                 { "json", help = "print JSON" } },
--     words = { { "run", "RUN" }, { "step", "STEP", optional = true } },
--   }
--   local given = arguments.parse("log", spec, { "12", "--json" })     -- { run = "12", json = true }
--
-- Both --name=value and --name value are understood; "--" ends the options. Whatever does not fit is
-- a usage error that names it; spec.hint is added to the one about an unknown option.

local errors = require "wf.errors"
local options = require "wf.options"

local arguments = {}

local function usage_error(command, format, ...)
  errors.raise { code = "usage", command = command,
    message = ("%s: %s"):format(command, format:format(...)) }
end

local help_option = { "help", "-h", help = "print this help" }

local function all_options(spec)
  local list = {}
  for i, option in ipairs(spec.options or {}) do list[i] = option end
  list[#list + 1] = help_option
  return list
end

local function find_option(command, spec, list, word)
  for _, option in ipairs(list) do
    if word == "--" .. option[1] or word == option[2] then return option end
  end
  local names = {}
  for i, option in ipairs(list) do names[i] = "--" .. option[1] end
  table.sort(names)
  usage_error(command, "%s%s", options.unknown("option", word, names), spec.hint or "")
end

local function converted(command, name, kind, text)
  if kind == "integer" then
    local value = text:match("^%d+$") and math.tointeger(tonumber(text))
    if not value then usage_error(command, "%s: '%s' is not a whole number", name, text) end
    return value
  elseif kind == "number" then
    local value = tonumber(text)
    if not value or value ~= value then usage_error(command, "%s: '%s' is not a number", name, text) end
    return value
  end
  return text
end

local function store(given, option, value)
  if option.many then
    given[option[1]] = given[option[1]] or {}
    table.insert(given[option[1]], value)
  else
    given[option[1]] = value
  end
end

-- Takes the option at words[at]; returns the place of the next word.
local function take_option(command, spec, list, words, at, given)
  local name, value = words[at]:match("^(%-%-[^=]+)=(.*)$")
  name = name or words[at]
  local option = find_option(command, spec, list, name)
  if not option.value then
    if value then usage_error(command, "option %s takes no value", name) end
    store(given, option, true)
    return at + 1
  end
  if not value then
    at = at + 1
    value = words[at]
    if not value then usage_error(command, "option %s needs a value (%s)", name, option.value) end
  end
  store(given, option, converted(command, name, option.kind, value))
  return at + 1
end

local function place_words(command, spec, plain, given)
  local n = #(spec.words or {})
  for i, word in ipairs(spec.words or {}) do
    if plain[i] == nil and not word.optional and not given.help then
      usage_error(command, "%s is missing", word[2])
    end
    if plain[i] ~= nil then given[word[1]] = converted(command, word[2], word.kind, plain[i]) end
  end
  if spec.rest then
    given[spec.rest] = table.move(plain, n + 1, #plain, 1, {})
  elseif #plain > n then
    usage_error(command, "there is no use for '%s'", plain[n + 1])
  end
end

function arguments.parse(command, spec, words)
  local list, given, plain, at = all_options(spec), {}, {}, 1
  while at <= #words do
    local word = words[at]
    if word == "--" then
      table.move(words, at + 1, #words, #plain + 1, plain)
      break
    elseif #word > 1 and word:sub(1, 1) == "-" then
      at = take_option(command, spec, list, words, at, given)
    else
      plain[#plain + 1] = word
      at = at + 1
    end
  end
  place_words(command, spec, plain, given)
  return given
end

local function option_text(option)
  local text = "--" .. option[1]
  if option[2] then text = option[2] .. ", " .. text end
  return option.value and text .. " " .. option.value or text
end

function arguments.usage(command, spec)
  local words = {}
  for i, word in ipairs(spec.words or {}) do
    words[i] = word.optional and "[" .. word[2] .. "]" or word[2]
  end
  if spec.rest then words[#words + 1] = "[ARGUMENTS]" end
  local lines = { ("usage: wf %s [OPTIONS] %s"):format(command, table.concat(words, " ")), "",
    spec.about, "", "options:" }
  for _, option in ipairs(all_options(spec)) do
    lines[#lines + 1] = ("  %-24s %s"):format(option_text(option), option.help)
  end
  return table.concat(lines, "\n")
end

return arguments
