-- People and their incomes, made up from a seed, of the shape of the UCI Adult census table.
--
--   wf examples/generate_people.lua -p rows=20000 -p seed=7 -p output=people.csv
--
--   local people = require("generate_people").frame { rows = 20000, seed = 7 }
--
-- Columns, value sets and shares are near Adult's: 24 % earn more than 50K, men far more often than women
-- of the same education and hours. "?" stands for what is unknown.

local numbers = require "random_numbers"
local wf = require "wf"

local pick = numbers.pick

local generator = {}

local workclasses = { "Private", 0.70, "Self-emp-not-inc", 0.08, "Local-gov", 0.06, "State-gov", 0.04,
  "Self-emp-inc", 0.035, "Federal-gov", 0.03, "?", 0.055 }
local educations = { "HS-grad", 0.32, "Some-college", 0.22, "Bachelors", 0.17, "Masters", 0.06,
  "Assoc-voc", 0.08, "11th", 0.06, "10th", 0.04, "Doctorate", 0.02, "Prof-school", 0.03 }
local education_years = { ["HS-grad"] = 9, ["Some-college"] = 10, Bachelors = 13, Masters = 14,
  ["Assoc-voc"] = 11, ["11th"] = 7, ["10th"] = 6, Doctorate = 16, ["Prof-school"] = 15 }
local occupations = { "Prof-specialty", 0.13, "Craft-repair", 0.13, "Exec-managerial", 0.13,
  "Adm-clerical", 0.12, "Sales", 0.11, "Other-service", 0.10, "Machine-op-inspct", 0.06,
  "Transport-moving", 0.05, "Handlers-cleaners", 0.04, "Tech-support", 0.03, "?", 0.10 }
local races = { "White", 0.854, "Black", 0.096, "Asian-Pac-Islander", 0.032, "Amer-Indian-Eskimo", 0.01,
  "Other", 0.008 }
local countries = { "United-States", 0.90, "Mexico", 0.04, "Philippines", 0.02, "Germany", 0.02, "?", 0.02 }

local married_shares = { Male = 0.60, Female = 0.15 }

local function hours_of(random, sex)
  local u = random()
  if u < 0.47 then return 40 end
  if u < (sex == "Female" and 0.80 or 0.65) then return 10 + math.floor(random() * 29) end
  return 41 + math.floor(random() * 25)
end

-- The chance of more than 50K, by the things Adult's depends on.
local function chance(person)
  local z = -5.0 + 0.32 * (person.education_num - 9) + 0.045 * (math.min(person.age, 60) - 25)
    + 0.03 * (person.hours_per_week - 40) + (person.marital_status == "Married-civ-spouse" and 2.3 or 0)
    + (person.occupation == "Exec-managerial" and 0.9 or 0)
    + (person.occupation == "Prof-specialty" and 0.6 or 0) + (person.sex == "Male" and 0.75 or 0)
    + (person.race == "Black" and -0.35 or 0) + (person.capital_gain > 5000 and 4 or 0)
  return 1 / (1 + math.exp(-z))
end

local function person_of(random)
  local person = { sex = random() < 0.669 and "Male" or "Female", race = pick(random, races),
    age = 17 + math.floor(random() ^ 1.3 * 63), workclass = pick(random, workclasses),
    education = pick(random, educations), occupation = pick(random, occupations),
    native_country = pick(random, countries), capital_loss = random() < 0.05 and 1900 or 0 }
  person.education_num = education_years[person.education]
  person.marital_status = random() < married_shares[person.sex] and "Married-civ-spouse"
    or random() < 0.6 and "Never-married" or "Divorced"
  person.hours_per_week = hours_of(random, person.sex)
  person.capital_gain = random() < 0.08 and math.floor(random() * 15000) or 0
  person.income = random() < chance(person) and ">50K" or "<=50K"
  return person
end

local names = { "age", "workclass", "education", "education_num", "marital_status", "occupation", "race",
  "sex", "capital_gain", "capital_loss", "hours_per_week", "native_country", "income" }

function generator.frame(options)
  local random, columns = numbers.from(options.seed or 1), {}
  for k = 1, #names do columns[k] = {} end
  for i = 1, options.rows do
    local person = person_of(random)
    for k, name in ipairs(names) do columns[k][i] = person[name] end
  end
  return wf.frame.new { names = names, columns = columns }
end

-- Required by another script: the functions alone.
if not (arg and arg[0] and arg[0]:match("generate_people%.lua$")) then return generator end

local run <close> = wf.run {
  name = "GeneratePeople",
  params = {
    rows = wf.param.integer { default = 20000, min = 1, help = "how many people" },
    seed = wf.param.integer { default = 7, min = 0, help = "of the random numbers" },
    output = wf.param.string { default = "people.csv", help = "the file that is written" },
  },
}
run:action("Generate", function()
  wf.csv.write(generator.frame { rows = run.params.rows, seed = run.params.seed }, run.params.output)
  print(run.params.output)
end)
