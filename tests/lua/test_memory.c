/* Bindings with the n-th and all later allocations failing: nothing leaks, nothing crashes, and the
 * engine works afterwards. Lua's own memory comes from the same allocator, so the loop also fails
 * every Lua allocation between a C call and the box that owns its result. */
#include "check.h"

#include "wf/engine.h"

#include <stdio.h>
#include <stdlib.h>

/* Runs `code` in a new engine with allocations failing after n; true when it ran through. */
static bool run_failing(const char *setup, const char *code, long n, long before) {
  wf_error err = WF_ERROR_INIT;
  wf_engine *engine;
  REQUIRE_OK(wf_engine_new(&engine, NULL, &err), err);
  REQUIRE_OK(wf_engine_run_string(engine, setup, "=setup", &err), err);
  /* A finalizer that Lua calls while memory is out may not get the stack it needs, and Lua calls it
   * only once: what set-up left behind goes now. */
  REQUIRE_OK(wf_engine_run_string(engine, "collectgarbage()", "=collect", &err), err);
  wf_alloc_fail_after(n);
  wf_status status = wf_engine_run_string(engine, code, "=code", &err);
  wf_alloc_fail_after(-1);
  if (status != WF_OK && status != WF_NOMEM)
    test_fail(__FILE__, __LINE__, "allocation %ld failing gives %s: %s", n, wf_status_name(status),
              err.message);
  wf_error again = WF_ERROR_INIT;
  CHECK_EQ_INT(
      wf_engine_run_string(engine, "local x = {} for i = 1, 10 do x[i] = {} end", "=after", &again),
      WF_OK);
  wf_engine_free(engine);
  if (wf_alloc_live() != before)
    test_fail(__FILE__, __LINE__, "allocation %ld failing leaks %ld blocks", n,
              wf_alloc_live() - before);
  return status == WF_OK;
}

static void check_survives(const char *setup, const char *code) {
  long before = wf_alloc_live();
  for (long n = 0; n < 20000; n++)
    if (run_failing(setup, code, n, before)) return;
  test_fail(__FILE__, __LINE__, "never runs through");
}

#define DATA                                                                                       \
  "csv, frame, recipe, json = require 'wf.csv', require 'wf.frame', require 'wf.recipe', require " \
  "'wf.json'\n"                                                                                    \
  "data = csv.parse('x,y,l\\n1,a,0\\n2,b,1\\n3,,0\\n4,b,1\\n5,a,0\\n')\n"

TEST(csv_survives) {
  check_survives(DATA,
                 "local f, r = csv.parse('a,b\\n1,x\\n2,y\\n', {missing = {'y'}, types = {a = "
                 "'f64'}})\nassert(r.rows == 2 and csv.format(f))");
  check_survives(DATA, "assert(not pcall(csv.parse, 'a\\n1\\n', {headr = true}))");
}

TEST(frames_survive) {
  check_survives(DATA, "local f = frame.new{{'a', {1, 2}}, {'b', {'x', frame.missing}}}\n"
                       "assert(f:row(1).a == 1 and #f:to_table().columns == 2)");
  check_survives(DATA, "local f = data:with('z', 1):rename{y = 'w'}:select{'x', 'w', 'z'}:head(3)\n"
                       "assert(f:cast{x = 'f64'}.x.type == 'f64')");
  check_survives(DATA, "local p = data:split{train = 0.6, test = 0.4, seed = 1}\n"
                       "assert(#p.train + #p.test == 5)");
  check_survives(DATA, "local g = data:group_by('y'):agg{n = 'count', m = {'x', 'mean'}}\n"
                       "assert(#g == 3 and #g:sort('n', {descending = true}) == 3)");
  check_survives(DATA, "assert(#data:filter(data.x:gt(2) & ~data.l:eq(1)) == 2)\n"
                       "assert(tostring(data) and tostring(data.x) and data:digest())");
}

TEST(json_survives) {
  check_survives(DATA, "local t = json.decode('{\"a\":[1,2,{\"b\":null}],\"c\":\"é\"}')\n"
                       "assert(json.encode(t, {indent = 2}))");
}

TEST(recipes_survive) {
  check_survives(DATA,
                 "local r = recipe.new():one_hot(recipe.strings(), {missing = 'na'}):impute('x', "
                 "'mean')\nr:fit(data, {exclude = {'l'}})\nlocal m = r:apply(data)\n"
                 "assert(m:column('x')[1] == 1 and recipe.parse(r:json()):features()[1])");
}

TEST(metrics_and_bias_survive) {
  check_survives(DATA "m, b = require 'wf.core.metrics', require 'wf.core.bias'\n"
                      "s = frame.new{{'s', {0.1, 0.9, 0.2, 0.8, 0.3}}}.s\n",
                 "assert(m.binary(data.l, s).roc_auc == 1 and #m.curve(data.l, s) == 5)\n"
                 "local r, c = b.compute{labels = data.l, predictions = s:gt(0.5), facet = "
                 "data.x:gt(2)}\nassert(#r > 10 and c.d)");
}

TEST(bias_groups_survive) {
  check_survives(
      DATA "b = require 'wf.core.bias'\n"
           "s = frame.new{{'s', {0.1, 0.9, 0.2, 0.8, 0.3}}}.s\n",
      "local f, g = b.member(data.x, {above = 2}), b.groups{data.l}\n"
      "local y = b.member(data.l, {values = {1}})\n"
      "local r = b.report{labels = y, predictions = f, facets = {f, y}, groups = g.codes, "
      "n_groups = g.n, intervals = {resamples = 10}}\n"
      "assert(#r == 2 and b.many{labels = y, predictions = f, groups = g.codes, n_groups = g.n})\n"
      "assert(b.reweigh{labels = y, groups = g.codes, n_groups = g.n})\n"
      "assert(b.remove_impact{values = s, groups = g.codes, n_groups = g.n})");
}

TEST(explanations_survive) {
  check_survives(
      DATA "e = require 'wf.core.explain'\n"
           "f = data:select{'x', 'y'}\n",
      "local rows, sizes = e.baseline(f, {clusters = 2, threads = 1})\n"
      "local function predict(g) return g.x end\n"
      "local k = e.kernel(predict, f, rows, {features = {'x', 'y'}, players = {1, 2}, weights = "
      "sizes, threads = 1})\nassert(k[1].values.x[1] and k[1].errors.y[1] == 0)\n"
      "local d, c = e.dependence(predict, f, f:select{'x'}, {curves = true, threads = 1})\n"
      "assert(#d == 5 and #c == 25 and #e.grid(f.x, {n = 3}) == 3)\n"
      "assert(#e.shuffled(f, {'x'}, {seed = 1}) == 5)");
}

TEST(shap_survives) {
  char setup[1000];
  snprintf(setup, sizeof setup,
           DATA "s, matrix = require 'wf.core.shap', require 'wf.core.matrix'\n"
                "model = require 'wf.model'.read('%s')\n"
                "rows = frame.new{{'size', {'S', 'M'}}, {'colour', {'red', frame.missing}}, "
                "{'weight', {1.5, 4}}}\n",
           test_source("tests/fuzz/corpus/package/three.tar.gz"));
  check_survives(setup,
                 "local v = s.values(model, rows, {threads = 1}):values(2)\n"
                 "assert(#s.importance(v, 'median') == 4 and matrix.new(v):frame().weight[2])\n"
                 "assert(s.interventional(model, rows, rows, {threads = 1}):base(3))\n"
                 "assert(s.interactions(model, rows, {threads = 1}):pairs(3))\n"
                 "assert(#model:recipe():sources() == 4 and model:matrix(rows):frame())");
}

TEST(sketches_survive) {
  check_survives(DATA "m = require 'wf.core.monitor'\n",
                 "local a = m.sketch(data.x, {k = 8})\n"
                 "local c = m.restore(a:levels(), {k = 8}):merge(a)\n"
                 "assert(c:count() == 2 * a:count() and m.numbers(a, c).linf == 0)\n"
                 "assert(m.counts({1, 2}, {2, 1}).linf)");
}

/* ---- runs -------------------------------------------------------------------------------------
 */

/* A run has many allocations, and each round needs an engine: the suite takes a sample of
 * the points, WF_TEST_EVERY_POINT=1 all of them. */
static long points_between(void) { return getenv("WF_TEST_EVERY_POINT") ? 1 : 7; }

/* The wf library with its state in the test's directory, everything loaded that a run needs. */
static const char *run_setup(void) {
  static char text[1024];
  snprintf(text, sizeof text,
           "wf, state = require 'wf', require 'wf.state'\n"
           "require('wf.core.sys').make_directories('%s')\n"
           "state.set_directory('%s')\n"
           "require('wf.progress').line = function() end\n"
           "function go(durability, salt)\n"
           "  local run <close> = wf.run { name = 'M', durability = durability }\n"
           "  local f = run:step('A', function(s) return wf.frame.new{{'a', {s, 2}}} end, salt)\n"
           "  run:metric('auc', 0.5)\n"
           "  local t = run:step('B', function() return { f.a[1], 'text', { 1.5 } } end)\n"
           "  run:action('C', function() return t[1] end)\n"
           "  assert(t[1] == salt)\n"
           "end\n"
           "go('process', 1) go('power', 1)",
           test_path("state"), test_path("state"));
  return text;
}

/* `salt` 1 is what the set-up has run already; 0: another one in each round, so that no round finds
 * what the one before has committed. */
static void check_run_survives(const char *durability, long salt) {
  const char *setup = run_setup();
  char code[64];
  long before = wf_alloc_live(), n = 0;
  for (bool done = false; !done && n < 200000; n += points_between()) {
    snprintf(code, sizeof code, "go('%s', %ld)", durability, salt ? salt : n + 2);
    done = run_failing(setup, code, n, before);
  }
  printf("  up to allocation %ld\n", n);
  CHECK(n > 100 && n < 200000);
}

TEST(run_of_cached_steps_survives) { check_run_survives("process", 1); }
TEST(run_of_executed_steps_survives) { check_run_survives("process", 0); }
TEST(run_of_durable_steps_survives) { check_run_survives("power", 0); }

/* What a worker does with a step that it was sent, in this process: its answer is the value, or an
 * error that says that memory is out. */
static const char *worker_setup(void) {
  static char text[2048];
  snprintf(text, sizeof text,
           "%s\n"
           "artifact, work = require 'wf.artifact', require 'wf.work'\n"
           "cache = require 'wf.cache'\n"
           "run = wf.run { name = 'W' }\n"
           "k = 3\n"
           "local fn = function(s, f) return f:with('b', f.a * s + k), { s, 'text' } end\n"
           "local arguments = table.pack(2, wf.frame.new{{'a', {1, 2}}})\n"
           "job = work.pack(run, { name = 'S', id = 1, fn = fn, arguments = arguments,\n"
           "  keyed = cache.key(fn, arguments) })\n"
           "require('wf.run').become_worker(state.directory(), function() end)\n"
           "function perform()\n"
           "  local answer = artifact.decode((work.perform(job, require('wf.run').adopt)))\n"
           "  if not answer.ok then error(answer.error.message, 0) end\n"
           "  local f, t = table.unpack(artifact.decode(answer.bytes))\n"
           "  assert(f.b[2] == 7 and t[2] == 'text' and answer.result.key)\n"
           "end\n"
           "perform()",
           run_setup());
  return text;
}

TEST(step_in_a_worker_survives) {
  const char *setup = worker_setup();
  long before = wf_alloc_live(), n = 0;
  for (bool done = false; !done && n < 200000; n += points_between())
    done = run_failing(setup, "perform()", n, before);
  printf("  up to allocation %ld\n", n);
  CHECK(n > 100 && n < 200000);
}
