-- Auto-insurance claims and their customers, made up from a seed: same seed, same tables.
--
--   wf examples/generate_claims.lua -p rows=5000 -p seed=7 -p directory=data
--
--   local generator = require "generate_claims"                    -- from a script in this folder
--   local claims, customers = generator.frames { rows = 5000, seed = 7 }
--
-- The tables have the schema, the value sets and the oddities of real ones: 'N/A' where a question
-- does not apply, 'None' as a value of its own, a misspelt 'Unkown', zip codes that belong to states.
-- About 3.3 % of the claims are fraudulent, more often those of short customers with many insurers,
-- few witnesses, no police report and few injuries.

local numbers = require "random_numbers"
local wf = require "wf"

local pick = numbers.pick

local generator = {}

-- ---- random numbers -----------------------------------------------------------------------------

local function normal(random)
  return math.sqrt(-2 * math.log(1 - random())) * math.cos(2 * math.pi * random())
end

local function between(random, low, high)
  return low + math.floor(random() * (high - low + 1))
end

local function clamp(x, low, high)
  return math.max(low, math.min(high, x))
end

-- ---- value sets ---------------------------------------------------------------------------------

local incident_types = { "Collision", 0.855, "Break-in", 0.097, "Theft", 0.048 }
local drivers = { "Self", 0.80, "Spouse", 0.10, "Child", 0.053, "Other", 0.047 }
local collisions = { "Front", 0.494, "Rear", 0.258, "Side", 0.248 }
local severities = {
  Collision = { "Minor", 0.39, "Major", 0.33, "Totaled", 0.28 },
  ["Break-in"] = { "Minor", 0.90, "Major", 0.10 },
  Theft = { "Major", 1.0 },
}
local authorities = {
  Minor = { "None", 0.58, "Police", 0.42 },
  Major = { "Police", 0.96, "Ambulance", 0.04 },
  Totaled = { "Police", 0.82, "Fire", 0.11, "Ambulance", 0.07 },
}
local vehicles = { 2, 0.54, 3, 0.284, 1, 0.114, 4, 0.056, 5, 0.006 }
local injuries = {
  Minor = { 0, 0.953, 1, 0.045, 2, 0.002 },
  Major = { 0, 0.647, 1, 0.217, 2, 0.07, 3, 0.048, 4, 0.018 },
  Totaled = { 0, 0.226, 1, 0.445, 2, 0.107, 3, 0.105, 4, 0.117 },
}
local witnesses = { 0, 0.449, 1, 0.251, 2, 0.19, 3, 0.077, 4, 0.025, 5, 0.008 }
local vehicle_claims = { Minor = { 10500, 4500 }, Major = { 15600, 5000 }, Totaled = { 31500, 8100 } }
local months = { 1, 0.102, 2, 0.074, 3, 0.082, 4, 0.069, 5, 0.072, 6, 0.066, 7, 0.073, 8, 0.082,
  9, 0.07, 10, 0.104, 11, 0.11, 12, 0.096 }

local states = { "CA", 0.627, "WA", 0.121, "AZ", 0.108, "OR", 0.073, "NV", 0.044, "ID", 0.027 }
local zips = { CA = { 90001, 96150 }, WA = { 98001, 99362 }, AZ = { 85003, 86538 },
  OR = { 97004, 97914 }, NV = { 89002, 89883 }, ID = { 83201, 83869 } }
local genders = { "Male", 0.456, "Female", 0.442, "Unkown", 0.084, "Other", 0.018 }
local educations = { "Bachelor", 0.442, "High School", 0.253, "Advanced Degree", 0.19,
  "Associate", 0.095, "Below High School", 0.02 }
local liabilities = { "25/50", 0.339, "15/30", 0.326, "30/60", 0.227, "100/200", 0.108 }
local past_claims = { 0, 0.933, 1, 0.0536, 2, 0.0086, 3, 0.0034, 4, 0.0014 }
local deductibles = { 750, 0.99, 800, 0.006, 850, 0.002, 900, 0.002 }

-- ---- rows ---------------------------------------------------------------------------------------

local function new_customer(random, id)
  local age = math.floor(clamp(44 + 13.5 * normal(random), 18, 70))
  local tenure = math.floor(math.exp(4.25 + 0.75 * normal(random)) * (0.5 + age / 88)) + 1
  local insurers = 1
  while insurers < 5 and random() < (tenure < 48 and 0.42 or 0.12) do insurers = insurers + 1 end
  local state = pick(random, states)
  local zip = zips[state]
  return {
    policy_id = id, customer_age = age, months_as_customer = math.min(tenure, 495),
    num_claims_past_year = pick(random, past_claims), num_insurers_past_5_years = insurers,
    policy_state = state, policy_deductable = pick(random, deductibles),
    policy_annual_premium = random() < 0.716 and 3000 or 50 * between(random, 46, 59),
    policy_liability = pick(random, liabilities), customer_zip = between(random, zip[1], zip[2]),
    customer_gender = pick(random, genders), customer_education = pick(random, educations),
    auto_year = math.floor(clamp(2021 - math.abs(4.8 * normal(random)), 2001, 2020)),
  }
end

local function people_involved(random, claim)
  if claim.incident_type == "Collision" then
    claim.num_vehicles_involved = pick(random, vehicles)
    claim.num_injuries = pick(random, injuries[claim.incident_severity])
    claim.num_witnesses = pick(random, witnesses)
  else
    claim.num_vehicles_involved = 1
    claim.num_injuries = random() < 0.07 and 1 or 0
    claim.num_witnesses = random() < 0.05 and 1 or 0
  end
end

local function amounts(random, claim, customer)
  local expected = vehicle_claims[claim.incident_severity]
  local worth = 0.6 + 0.4 * (customer.auto_year - 2001) / 15
  claim.injury_claim = 100 * math.floor(clamp(math.exp(9.58 + normal(random)), 300, 576300) / 100)
  claim.vehicle_claim = math.max(1000.0, (expected[1] + expected[2] * normal(random)) * worth)
  claim.total_claim_amount = claim.injury_claim + claim.vehicle_claim
end

local function new_claim(random, id, customer)
  local kind = pick(random, incident_types)
  local is_collision = kind == "Collision"
  local claim = {
    policy_id = id, incident_type = kind,
    driver_relationship = is_collision and pick(random, drivers) or "N/A",
    collision_type = is_collision and pick(random, collisions) or "N/A",
    incident_severity = pick(random, severities[kind]), incident_month = pick(random, months),
    incident_day = between(random, 1, 31), incident_dow = between(random, 0, 6),
    incident_hour = math.floor(13.5 + 5 * normal(random)) % 24,
  }
  claim.authorities_contacted = pick(random, authorities[claim.incident_severity])
  claim.police_report_available = claim.authorities_contacted == "Police" and random() < 0.6
    and "Yes" or "No"
  people_involved(random, claim)
  amounts(random, claim, customer)
  return claim
end

-- How suspicious a claim is; the most suspicious ones are the frauds.
local function suspicion(random, claim, customer)
  local score = -1.3 * math.log(customer.months_as_customer / 80)
    + 1.2 * (customer.num_insurers_past_5_years - 1) + 1.1 * customer.num_claims_past_year
    - 1.2 * math.min(claim.num_witnesses, 2) - 1.1 * math.min(claim.num_injuries, 2)
    - 0.7 * (claim.num_vehicles_involved - 2) - 0.02 * (customer.customer_age - 44)
  if claim.police_report_available == "No" then score = score + 0.8 end
  if claim.incident_severity == "Totaled" then score = score - 1.0 end
  if claim.driver_relationship == "Other" then score = score + 0.9 end
  if customer.customer_gender == "Male" then score = score + 0.8 end
  return score + 1.6 * normal(random)
end

local fraud_share = 0.033

local function mark_frauds(claims, scores)
  local order = {}
  for i = 1, #claims do order[i] = i end
  table.sort(order, function(a, b)
    if scores[a] ~= scores[b] then return scores[a] > scores[b] end
    return a < b
  end)
  local n = math.max(1, math.floor(#claims * fraud_share + 0.5))
  for place, i in ipairs(order) do claims[i].fraud = place <= n and 1 or 0 end
end

-- ---- tables -------------------------------------------------------------------------------------

local claim_columns = { "policy_id", "driver_relationship", "incident_type", "collision_type",
  "incident_severity", "authorities_contacted", "num_vehicles_involved", "num_injuries",
  "num_witnesses", "police_report_available", "injury_claim", "vehicle_claim", "total_claim_amount",
  "incident_month", "incident_day", "incident_dow", "incident_hour", "fraud" }
local customer_columns = { "policy_id", "customer_age", "months_as_customer",
  "num_claims_past_year", "num_insurers_past_5_years", "policy_state", "policy_deductable",
  "policy_annual_premium", "policy_liability", "customer_zip", "customer_gender",
  "customer_education", "auto_year" }

local function to_frame(names, rows)
  local columns = {}
  for c, name in ipairs(names) do
    local values = {}
    for i, row in ipairs(rows) do values[i] = row[name] end
    columns[c] = values
  end
  return wf.frame.new { names = names, columns = columns }
end

-- Two frames, claims and customers, one row per policy each.
function generator.frames(options)
  local random = numbers.from(options.seed)
  local claims, customers, scores = {}, {}, {}
  for id = 1, options.rows do
    customers[id] = new_customer(random, id)
    claims[id] = new_claim(random, id, customers[id])
    scores[id] = suspicion(random, claims[id], customers[id])
  end
  mark_frauds(claims, scores)
  return to_frame(claim_columns, claims), to_frame(customer_columns, customers)
end

-- Writes claims.csv and customers.csv; returns their paths.
function generator.write(options)
  local claims, customers = generator.frames(options)
  local paths = { options.directory .. "/claims.csv", options.directory .. "/customers.csv" }
  wf.csv.write(claims, paths[1])
  wf.csv.write(customers, paths[2])
  return paths[1], paths[2]
end

-- Required by another script: the functions alone.
if not (arg and arg[0] and arg[0]:match("generate_claims%.lua$")) then return generator end

local run <close> = wf.run {
  name = "GenerateClaims",
  params = {
    rows = wf.param.integer { default = 5000, min = 1, help = "rows of each table" },
    seed = wf.param.integer { default = 42, min = 0, help = "of the random numbers" },
    directory = wf.param.file { default = ".", help = "where claims.csv and customers.csv go" },
  },
}
run:action("Generate", function()
  print(generator.write(run.params))
end)
