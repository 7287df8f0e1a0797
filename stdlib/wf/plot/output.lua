-- wf.plot.output: writes a plot's or a page's file, whole or not at all, into a directory that is
-- made when it is missing.

local errors = require "wf.errors"
local options = require "wf.options"
local sys = require "wf.core.sys"

local output = {}

-- `endings` are the allowed ends of the path, such as { ".svg" }.
function output.write(where, path, endings, text)
  options.argument(where, 1, path, "string")
  local known = false
  for _, ending in ipairs(endings) do known = known or path:lower():sub(-#ending) == ending end
  if not known then
    errors.invalid("%s: '%s' does not end in %s, the format that is written", where, path,
      table.concat(endings, " or "))
  end
  local directory = path:match("^(.+)/[^/]*$")
  if directory then sys.make_directories(directory) end
  sys.write_file(path, text)
end

return output
