/* A host whose locale has a decimal comma: scripts and the C functions give the same bytes, and the
 * host keeps its locale, in its callback too. */
#include "check.h"

#include "base/bytes.h"
#include "base/error.h"
#include "wf.h"

#include <locale.h>
#include <stdlib.h>

/* Enters a locale with a decimal comma; skips the test where the machine has none. */
static void enter_comma_locale(void) {
  static const char *const names[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "it_IT.UTF-8", "es_ES.UTF-8",
                                      "nl_NL.UTF-8", "pl_PL.UTF-8", "ru_RU.UTF-8"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (setlocale(LC_ALL, names[i]) && *localeconv()->decimal_point == ',') return;
  }
  setlocale(LC_ALL, "C");
  SKIP("no locale with a decimal comma: install de_DE.UTF-8, or name a folder that holds it in "
       "LOCPATH");
}

/* What reaches results, files, keys and messages, from one end to the other; the text is left in
 * the global `said`. */
static const char script[] =
    "local wf = require 'wf'\n"
    "local param, params = require 'wf.param', require 'wf.params'\n"
    "local lines = {}\n"
    "local function show(...)\n"
    "  for _, value in ipairs { ... } do lines[#lines + 1] = tostring(value) end\n"
    "end\n"
    "local p = params.resolve(params.in_order { eta = param.number { default = 1 },\n"
    "  cuts = param.list { of = 'number', default = { 1 } } }, { { 'eta', '0.25' }, { 'cuts', "
    "'0.5,2.75' } })\n"
    "local run = wf.run { name = 'locale' }\n"
    "show(p.eta, p.cuts[2], 1.5 .. '', ('%.2f %g %q'):format(0.25, 1e-7, 0.5))\n"
    "show(tonumber '2.5', tonumber '2,5' or 'none', math.pi, -1.25e300)\n"
    "local text = { 'amount,sex,approved' }\n"
    "for i = 1, 60 do\n"
    "  text[#text + 1] = ('%.2f,%s,%d'):format(i * 1.37 % 7, i % 3 == 0 and 'f' or 'm', (i * 1.37 "
    "% 7 + i % 3 > 3.1 or i % 5 == 0) and 1 or 0)\n"
    "end\n"
    "local f = run:step('read', function() return wf.csv.parse(table.concat(text, '\\n') .. '\\n') "
    "end)\n"
    "show(f, f:describe(), wf.csv.format(f), wf.json.encode(f:to_table()))\n"
    "local encoded = wf.recipe.new():bin('amount', { n = 3 }):one_hot('sex')\n"
    "local model, history = wf.xgboost.train { data = f, label = 'approved', rounds = 3, recipe = "
    "encoded,\n"
    "  evals = { check = f }, params = { objective = 'binary:logistic', max_depth = 2, eta = "
    "p.eta,\n"
    "  eval_metric = { 'logloss', 'error@0.3' } } }\n"
    "show(history:table(), model:predict(f), model:importance())\n"
    "show(wf.metrics.evaluate(model, f))\n"
    "local report = wf.bias.report { data = f, label = 'approved', favourable = 1, facet = { 'sex' "
    "},\n"
    "  model = model, metrics = { 'CI', 'DPL', 'DPPL', 'DI' }, min_group = 1 }\n"
    "show(report, report:table(), report:metric('sex', 'DPL', 'f').sentence, "
    "wf.json.encode(report:analysis()))\n"
    "show(wf.plot.importance(model:importance()):svg())\n"
    "run:metric('auc', 0.75)\n"
    "for _, bad in ipairs { 1.5, -0.25 } do\n"
    "  show(select(2, pcall(f.split, f, { train = bad })))\n"
    "  show(select(2, pcall(function() return f:column('amount'):quantile(bad) end)))\n"
    "end\n"
    "local words = { 'b', 'B', 'a', 'A' }\n"
    "table.sort(words)\n"
    "show(table.concat(words, ' '))\n"
    "run:close()\n"
    "said = table.concat(lines, '\\n')\n";

/* Where a line arrived: the locale of the callback's thread. */
static void listen(void *context, const char *line) {
  (void)line;
  *(locale_t *)context = uselocale((locale_t)0);
}

/* What the script said, or why it failed; wf_text_free it. */
static char *run_script(const char *state, locale_t *seen) {
  wf_engine_options options = {.print = listen, .context = seen, .state_dir = state};
  wf_engine *engine = NULL;
  wf_error err = WF_ERROR_INIT;
  wf_value said = {0};
  bool ran = wf_engine_new(&engine, &options, &err) == WF_OK &&
             wf_engine_run_string(engine, script, "=pipeline", &err) == WF_OK &&
             wf_engine_get(engine, "said", &said, &err) == WF_OK;
  if (!ran) test_fail(__FILE__, __LINE__, "%s", err.message);
  char *kept = wf_strdup(ran ? said.string : err.message);
  wf_engine_free(engine);
  return kept;
}

TEST(scripts_give_the_same_bytes_under_a_decimal_comma) {
  enter_comma_locale();
  locale_t own = uselocale((locale_t)0), seen = (locale_t)0;
  char *comma = run_script(test_path("comma"), &seen);
  CHECK(uselocale((locale_t)0) == own);
  CHECK(seen == own);
  CHECK_EQ_STR(localeconv()->decimal_point, ",");
  setlocale(LC_ALL, "C");
  char *plain = run_script(test_path("plain"), &seen);
  CHECK_EQ_STR(comma, plain);
  CHECK_HAS(plain, "percentage points more often");
  wf_free(comma);
  wf_free(plain);
}

/* A callback calls the engine back, in its own locale, and finds it again. */
static void call_back(void *context, const char *line) {
  (void)line;
  wf_engine **engine = context;
  wf_error err = WF_ERROR_INIT;
  wf_value text = {0};
  CHECK_EQ_INT(wf_engine_call(*engine, "half", NULL, 0, &text, &err), WF_OK);
  CHECK_EQ_STR(text.string, "0.5");
  CHECK_EQ_STR(localeconv()->decimal_point, ",");
}

TEST(a_callback_that_calls_back_keeps_its_locale) {
  enter_comma_locale();
  wf_engine *engine = NULL;
  wf_engine_options options = {.print = call_back, .context = &engine};
  wf_error err = WF_ERROR_INIT;
  wf_status status = wf_engine_new(&engine, &options, &err);
  if (status == WF_OK)
    status = wf_engine_run_string(engine,
                                  "function half() return tostring(0.5) end "
                                  "print 'x' assert(tostring(1.5) == '1.5')",
                                  "=test", &err);
  wf_engine_free(engine);
  CHECK_EQ_STR(localeconv()->decimal_point, ",");
  setlocale(LC_ALL, "C");
  REQUIRE_OK(status, err);
}

TEST(c_functions_write_points_under_a_decimal_comma) {
  enter_comma_locale();
  char sentence[200];
  wf_error err = WF_ERROR_INIT;
  wf_bytes bytes = {0};
  wf_bias_describe(sentence, sizeof sentence, WF_BIAS_DPPL, 0.1234, "d", "a");
  wf_fail(&err, WF_INVALID, "%g of %.1f", 0.5, 2.25);
  wf_fail_within(&err, WF_INVALID, "at %g", 1.5);
  wf_bytes_format(&bytes, "%g", 0.125);
  setlocale(LC_ALL, "C");
  CHECK_HAS(sentence, "12.3 percentage points");
  CHECK_EQ_STR(err.message, "at 1.5: 0.5 of 2.2");
  CHECK_EQ_STR(bytes.data, "0.125");
  wf_bytes_dispose(&bytes);
}
