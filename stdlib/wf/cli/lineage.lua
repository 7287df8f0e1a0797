-- wf.cli.lineage: what something was made from, and what was made of it.
--
--   wf lineage GROUP[/N] | RUN | FILE | DIGEST [--from | --of] [--json]

local lineage = require "wf.lineage"
local pretty = require "wf.pretty"
local progress = require "wf.progress"
local records = require "wf.cli.records"

local commands = {}

local words = { env = "environment variable", param = "parameter" }

local notes = { same = "", changed = "  changed since", gone = "  gone" }

local function describe(node)
  local text = ("%s %s"):format(words[node.kind] or node.kind, progress.paint(node.name, "bold"))
  if node.value then text = text .. " " .. node.value end
  if node.run then text = text .. ("  run %d"):format(node.run) end
  if node.state then text = text .. "  " .. node.state end
  if node.digest and node.kind ~= "param" then text = text .. "  " .. node.digest:sub(1, 12) end
  if node.now then text = text .. notes[node.now] end
  return node.again and text .. "  (see above)" or text
end

local function print_trees(nodes, indent)
  for i, node in ipairs(nodes) do
    local last = i == #nodes
    print(indent .. (last and "└ " or "├ ") .. describe(node))
    print_trees(node.children or {}, indent .. (last and "  " or "│ "))
  end
end

local function print_part(title, nodes, none)
  print(title)
  if #nodes == 0 then print("  " .. none) else print_trees(nodes, "  ") end
end

-- Times as people read them.
local function with_times(nodes)
  for _, node in ipairs(nodes) do
    node.at, node.at_us = pretty.time(node.at_us), nil
    with_times(node.children or {})
  end
  return nodes
end

local function show(given)
  local subject = lineage.find(given.subject)
  local both = given.from == given.of
  local from = (both or given.from) and with_times(lineage.made_from(subject))
  local of = (both or given.of) and with_times(lineage.made_of(subject))
  if given.json then
    return records.print_json { subject = subject.text, made_from = from or nil, made_of = of or nil }
  end
  print(subject.text)
  if from then print_part("made from", from, "nothing that is recorded") end
  if of then print_part("made of it", of, "nothing yet") end
end

commands.lineage = {
  spec = { about = "Says what a model version, a file, a stored object or a run was made from, and what "
      .. "was made\nof it. WHAT is GROUP/N, GROUP (its latest version), a run's number, a file, or a "
      .. "digest's first\n8 or more digits.",
    options = { { "from", help = "only what it was made from" },
      { "of", help = "only what was made of it" }, { "json", help = "print JSON" } },
    words = { { "subject", "WHAT" } } },
  run = show,
}

return commands
