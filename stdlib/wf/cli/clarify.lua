-- wf.cli.clarify: a drop-in for a SageMaker Clarify job.
--
--   wf clarify analysis_config.json [--data FILE] [--output DIR] [--model FILE] [--shap WAY] [--js-2020]
--
-- Reads the job's configuration, computes its bias metrics and explanations and writes DIR/analysis.json in
-- the service's layout, with report.txt for people and explanations_shap/ beside it.

local commands = {}

local function run(given)
  local clarify = require "wf.clarify"
  local model = given.model and require("wf.model").read(given.model) or nil
  local analysis = clarify.run(given.config, { data = given.data, model = model,
    js_2020 = given["js-2020"], shap = given.shap })
  if given.output then analysis:write(given.output) end
  if given.json then
    print(analysis:json())
  else
    print(tostring(analysis))
  end
end

commands.clarify = {
  spec = { about = "Computes what a Clarify analysis_config.json asks for, as the service does.",
    options = {
      { "data", value = "FILE", help = "the dataset, instead of the configured one" },
      { "output", "-o", value = "DIR", help = "write analysis.json and report.txt there" },
      { "model", value = "FILE", help = "a model package that predicts the labels and is explained" },
      { "shap", value = "WAY", help = "tree: exact (the default); kernel: estimated, as the service does" },
      { "js-2020", help = "JS by the formula used until February 2021" },
      { "json", help = "print analysis.json" } },
    words = { { "config", "CONFIG" } } },
  run = run,
}

return commands
