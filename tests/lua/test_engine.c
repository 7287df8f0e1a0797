/* wf/engine.h: running, values, errors, cancelling, and what a host may rely on. */
#include "check.h"

#include "wf.h"

#include <dirent.h>
#include <fcntl.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static wf_engine *new_engine(void) {
  wf_error err = WF_ERROR_INIT;
  wf_engine *engine = NULL;
  REQUIRE_OK(wf_engine_new(&engine, NULL, &err), err);
  return engine;
}

static wf_status run(wf_engine *engine, const char *code, wf_error *err) {
  return wf_engine_run_string(engine, code, "=test", err);
}

/* ---- values -------------------------------------------------------------------------------------
 */

TEST(values_go_in_and_come_out) {
  wf_engine *engine = new_engine();
  wf_error err = WF_ERROR_INIT;
  wf_value v, text = {.kind = WF_VALUE_STRING, .string = "a\0b", .size = 3};
  REQUIRE_OK(run(engine, "report = {auc = 0.75, n = 3, ok = true, name = 'x', rows = {}}", &err),
             err);
  REQUIRE_OK(wf_engine_get(engine, "report.auc", &v, &err), err);
  CHECK_EQ_INT(v.kind, WF_VALUE_NUMBER);
  CHECK_SAME(v.number, 0.75);
  REQUIRE_OK(wf_engine_get(engine, "report.n", &v, &err), err);
  CHECK_EQ_INT(v.kind, WF_VALUE_INTEGER);
  CHECK_EQ_INT(v.integer, 3);
  CHECK_SAME(v.number, 3);
  REQUIRE_OK(wf_engine_get(engine, "report.ok", &v, &err), err);
  CHECK(v.kind == WF_VALUE_BOOLEAN && v.boolean);
  REQUIRE_OK(wf_engine_get(engine, "report.name", &v, &err), err);
  CHECK_EQ_STR(v.string, "x");
  REQUIRE_OK(wf_engine_get(engine, "report.rows", &v, &err), err);
  CHECK_EQ_INT(v.kind, WF_VALUE_OTHER);
  REQUIRE_OK(wf_engine_set(engine, "report.name", &text, &err), err);
  REQUIRE_OK(wf_engine_get(engine, "report.name", &v, &err), err);
  CHECK(v.size == 3 && memcmp(v.string, "a\0b", 4) == 0);
  CHECK_FAILS(wf_engine_get(engine, "report.none", &v, &err), err, WF_NOTFOUND, "report.none");
  CHECK_FAILS(wf_engine_get(engine, "no.such.thing", &v, &err), err, WF_NOTFOUND, "no.such.thing");
  CHECK_FAILS(wf_engine_set(engine, "no.such", &text, &err), err, WF_NOTFOUND, "no.such");
  wf_engine_free(engine);
}

TEST(functions_are_called_with_arguments) {
  wf_engine *engine = new_engine();
  wf_error err = WF_ERROR_INIT;
  wf_value result, args[] = {{.kind = WF_VALUE_INTEGER, .integer = 2},
                             {.kind = WF_VALUE_NUMBER, .number = 0.5},
                             {.kind = WF_VALUE_STRING, .string = "s", .size = 1},
                             {.kind = WF_VALUE_BOOLEAN, .boolean = true},
                             {.kind = WF_VALUE_NIL}};
  REQUIRE_OK(run(engine,
                 "m = {f = function(...) return select('#', ...) .. ':' .. "
                 "table.concat({...}, ',', 1, math.min(3, select('#', ...))) end}",
                 &err),
             err);
  REQUIRE_OK(wf_engine_call(engine, "m.f", args, 5, &result, &err), err);
  CHECK_EQ_STR(result.string, "5:2,0.5,s");
  REQUIRE_OK(wf_engine_call(engine, "m.f", NULL, 0, NULL, &err), err);
  CHECK_FAILS(wf_engine_call(engine, "m", NULL, 0, &result, &err), err, WF_INVALID, "call");
  CHECK_FAILS(wf_engine_call(engine, "m.g", NULL, 0, &result, &err), err, WF_NOTFOUND, "m.g");
  wf_engine_free(engine);
}

/* ---- errors -------------------------------------------------------------------------------------
 */

TEST(an_error_names_file_and_line_and_has_a_stack) {
  wf_engine *engine = new_engine();
  wf_error err = WF_ERROR_INIT;
  static const char script[] =
      "local function inner()\n  local t = nil\n  return t.x\nend\ninner()\n";
  const char *path = test_write("broken.lua", script, sizeof script - 1);
  CHECK_FAILS(wf_engine_run_file(engine, path, 0, NULL, &err), err, WF_INVALID,
              "broken.lua:3: attempt to index a nil value");
  CHECK_HAS(wf_engine_traceback(engine), "stack traceback");
  CHECK_HAS(wf_engine_traceback(engine), "broken.lua:5");
  REQUIRE_OK(run(engine, "x = 1", &err), err);
  CHECK_EQ_STR(wf_engine_traceback(engine), "");
  wf_engine_free(engine);
}

TEST(errors_keep_their_status) {
  wf_engine *engine = new_engine();
  wf_error err = WF_ERROR_INIT;
  CHECK_FAILS(run(engine, "require('wf').csv.read('/no/such.csv')", &err), err, WF_NOTFOUND,
              "test:1: /no/such.csv");
  CHECK_FAILS(run(engine, "require('wf').csv.parse('a,b\\n1,2\\n3\\n')", &err), err, WF_PARSE, "");
  CHECK_EQ_INT(err.line, 3);
  CHECK_FAILS(run(engine, "x = = 1", &err), err, WF_PARSE, "test:1: unexpected symbol");
  CHECK_FAILS(run(engine, "error{}", &err), err, WF_INVALID, "error object is a table");
  CHECK_FAILS(run(engine, "error()", &err), err, WF_INVALID, "error object is a nil");
  CHECK_FAILS(wf_engine_run_file(engine, "/no/such.lua", 0, NULL, &err), err, WF_NOTFOUND,
              "/no/such.lua");
  CHECK_FAILS(wf_engine_run_file(engine, test_dir(), 0, NULL, &err), err, WF_IO, "");
  wf_engine_free(engine);
}

TEST(only_text_is_loaded) {
  wf_engine *engine = new_engine();
  wf_error err = WF_ERROR_INIT;
  CHECK_FAILS(run(engine, "\x1bLua", &err), err, WF_PARSE, "binary");
  REQUIRE_OK(run(engine,
                 "local f, e = load(string.dump(function() end), 'x', 'b')\n"
                 "assert(f == nil and e:find 'binary')\n"
                 "assert(load('return ...', 'x', nil, {})(7) == 7)",
                 &err),
             err);
  wf_engine_free(engine);
}

TEST(os_exit_ends_the_script_and_not_the_host) {
  wf_engine *engine = new_engine();
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(run(engine,
                 "local c <close> = setmetatable({}, {__close = function() closed = true end})"
                 " os.exit(0)",
                 &err),
             err);
  wf_value closed;
  REQUIRE_OK(wf_engine_get(engine, "closed", &closed, &err), err);
  CHECK_FAILS(run(engine, "os.exit(4)", &err), err, WF_INVALID, "exit status 4");
  wf_engine_free(engine);
}

TEST(scripts_get_arguments_and_their_directory) {
  wf_engine *engine = new_engine();
  wf_error err = WF_ERROR_INIT;
  static const char helper[] = "return {answer = 42}";
  static const char script[] = "got = table.concat({...}, ',') .. arg[2] .. #arg\n"
                               "answer = require('helper').answer\n";
  test_write("helper.lua", helper, sizeof helper - 1);
  const char *path = test_write("main.lua", script, sizeof script - 1);
  const char *const args[] = {"a", "b"};
  wf_value v;
  REQUIRE_OK(wf_engine_run_file(engine, path, 2, args, &err), err);
  REQUIRE_OK(wf_engine_get(engine, "got", &v, &err), err);
  CHECK_EQ_STR(v.string, "a,bb2");
  REQUIRE_OK(wf_engine_get(engine, "answer", &v, &err), err);
  CHECK_EQ_INT(v.integer, 42);
  wf_engine_free(engine);
}

/* ---- output -------------------------------------------------------------------------------------
 */

static void keep_line(void *context, const char *line) {
  char *kept = context;
  strcat(strcat(kept, line), "|");
}

TEST(print_and_progress_go_to_the_callback) {
  char kept[200] = "";
  wf_error err = WF_ERROR_INIT;
  wf_engine *engine;
  wf_engine_options options = {.print = keep_line, .context = kept};
  REQUIRE_OK(wf_engine_new(&engine, &options, &err), err);
  REQUIRE_OK(run(engine,
                 "print('a', 1) print() require('wf.core.sys').print_line('step') warn('w')", &err),
             err);
  CHECK_EQ_STR(kept, "a\t1||step|warning: w|");
  *kept = '\0';
  REQUIRE_OK(run(engine, "print('a\\n\\nb\\n') print('\\n')", &err), err);
  CHECK_EQ_STR(kept, "a||b||||");
  wf_engine_free(engine);
}

/* The callback may use the engine itself. */
static void call_back(void *context, const char *line) {
  wf_engine *engine = *(wf_engine **)context;
  wf_error err = WF_ERROR_INIT;
  wf_value seen = {.kind = WF_VALUE_STRING, .string = line, .size = strlen(line)};
  REQUIRE_OK(wf_engine_set(engine, "seen", &seen, &err), err);
}

TEST(a_callback_may_call_the_engine) {
  wf_error err = WF_ERROR_INIT;
  wf_engine *engine;
  wf_engine_options options = {.print = call_back, .context = &engine};
  REQUIRE_OK(wf_engine_new(&engine, &options, &err), err);
  REQUIRE_OK(run(engine, "print 'hello' assert(seen == 'hello')", &err), err);
  wf_engine_free(engine);
}

/* ---- cancelling ---------------------------------------------------------------------------------
 */

static void *cancel_soon(void *engine) {
  nanosleep(&(struct timespec){0, 30000000}, NULL);
  wf_engine_cancel(engine);
  return NULL;
}

static void check_cancels(const char *code) {
  wf_engine *engine = new_engine();
  wf_error err = WF_ERROR_INIT;
  pthread_t thread;
  REQUIRE(pthread_create(&thread, NULL, cancel_soon, engine) == 0);
  CHECK_FAILS(run(engine, code, &err), err, WF_CANCELED, "interrupted");
  pthread_join(thread, NULL);
  REQUIRE_OK(run(engine, "for i = 1, 100000 do end", &err), err);
  wf_engine_free(engine);
}

TEST(cancel_ends_an_endless_loop) { check_cancels("while true do end"); }

TEST(cancel_ends_a_coroutine) {
  check_cancels("coroutine.wrap(function() while true do end end)()");
  check_cancels("local co = coroutine.create(function() while true do end end)\n"
                "while true do coroutine.resume(co) end");
}

TEST(cancel_ends_what_catches_errors) {
  check_cancels("while true do pcall(function() while true do end end) end");
}

TEST(cancel_ends_a_wait) { check_cancels("require('wf.core.sys').sleep(60)"); }

TEST(cancel_lets_the_script_clean_up) {
  wf_engine *engine = new_engine();
  wf_error err = WF_ERROR_INIT;
  pthread_t thread;
  wf_value cleaned;
  REQUIRE(pthread_create(&thread, NULL, cancel_soon, engine) == 0);
  CHECK_FAILS(run(engine,
                  "local c <close> = setmetatable({}, {__close = function(_, e)\n"
                  "  for i = 1, 1000000 do end cleaned = e.code end})\n"
                  "while true do end",
                  &err),
              err, WF_CANCELED, "");
  pthread_join(thread, NULL);
  REQUIRE_OK(wf_engine_get(engine, "cleaned", &cleaned, &err), err);
  CHECK_EQ_STR(cleaned.string, "canceled");
  wf_engine_free(engine);
}

TEST(a_cancellation_before_a_run_is_forgotten) {
  wf_engine *engine = new_engine();
  wf_error err = WF_ERROR_INIT;
  wf_engine_cancel(engine);
  REQUIRE_OK(run(engine, "for i = 1, 100000 do end", &err), err);
  wf_engine_free(engine);
}

/* ---- the host -----------------------------------------------------------------------------------
 */

/* What an engine does in a thread of its own: data, a run with steps, training, explanation. */
static const char whole_job[] =
    "local wf = require 'wf'\n"
    "local lines = {'x,y,l'}\n"
    "for i = 1, 200 do lines[i + 1] = ('%d,%d,%d'):format(i, i * 7 % 13, i * 7 % 13 > 5 and 1 or 0)"
    " end\n"
    "local run <close> = wf.run {name = 'job'}\n"
    "local f = run:step('read', function() return wf.csv.parse(table.concat(lines, '\\n')) end)\n"
    "local m = run:step('train', function()\n"
    "  return (wf.xgboost.train {data = f, label = 'l', rounds = 5,\n"
    "    params = {objective = 'binary:logistic', max_depth = 3, seed = 1}}) end)\n"
    "run:action('register', function()\n"
    "  return wf.registry.register {group = 'g', model = m} end)\n"
    "sum = m:predict(f):sum() + wf.shap.explain(m, f):global().importance[1]\n";

typedef struct job {
  char state_dir[500];
  double sum;
} job;

static void *work(void *context) {
  job *j = context;
  wf_error err = WF_ERROR_INIT;
  wf_engine *engine;
  wf_value sum;
  wf_engine_options options = {.state_dir = j->state_dir};
  if (wf_engine_new(&engine, &options, &err) != WF_OK) return NULL;
  if (run(engine, whole_job, &err) == WF_OK && wf_engine_get(engine, "sum", &sum, &err) == WF_OK)
    j->sum = sum.number;
  else
    fprintf(stderr, "%s\n", err.message);
  wf_engine_free(engine);
  return NULL;
}

static void start_job(job *j, const char *name) {
  snprintf(j->state_dir, sizeof j->state_dir, "%s", test_path(name));
  REQUIRE(mkdir(j->state_dir, 0700) == 0);
  j->sum = -1;
}

TEST(engines_run_side_by_side) {
  pthread_t threads[3];
  job jobs[3];
  const char *const names[] = {"first", "second", "third"};
  for (int i = 0; i < 3; i++) start_job(&jobs[i], names[i]);
  for (int i = 0; i < 3; i++) REQUIRE(pthread_create(&threads[i], NULL, work, &jobs[i]) == 0);
  for (int i = 0; i < 3; i++) pthread_join(threads[i], NULL);
  CHECK(jobs[0].sum > 0);
  CHECK_SAME(jobs[1].sum, jobs[0].sum);
  CHECK_SAME(jobs[2].sum, jobs[0].sum);
}

typedef struct host {
  char locale[100], directory[500];
  struct sigaction actions[32];
  sigset_t mask;
  char environment[20000];
  mode_t umask;
  int descriptors;
} host;

static int open_descriptors(void) {
  int n = 0;
  DIR *directory = opendir("/proc/self/fd");
  while (directory && readdir(directory)) n++;
  if (directory) closedir(directory);
  return n;
}

static void look_at_host(host *h) {
  memset(h, 0, sizeof *h);
  snprintf(h->locale, sizeof h->locale, "%s", setlocale(LC_ALL, NULL));
  if (!getcwd(h->directory, sizeof h->directory)) test_leave();
  for (int i = 1; i < 32; i++) sigaction(i, NULL, &h->actions[i]);
  pthread_sigmask(SIG_SETMASK, NULL, &h->mask);
  size_t size = 0;
  for (char **e = environ; *e && size < sizeof h->environment; e++)
    size += (size_t)snprintf(h->environment + size, sizeof h->environment - size, "%s\n", *e);
  h->descriptors = open_descriptors();
  h->umask = umask(0);
  umask(h->umask);
}

static const char all_kinds[] =
    "local wf = require 'wf'\n"
    "local f = wf.csv.parse('x,y,l\\n1,a,0\\n2,b,1\\n3,a,0\\n4,b,1\\n5,a,0\\n6,b,1\\n')\n"
    "local r = wf.recipe.new():one_hot(wf.recipe.strings()):fit(f, {exclude = {'l'}})\n"
    "assert(#r:apply(f) == 6)\n"
    "print(f, f:describe(), wf.json.encode(f:to_table()))\n"
    "os.tmpname() io.stderr:write('')\n"
    "pcall(error, 'x') pcall(wf.csv.read, '/none')\n";

/* Descriptors 1 and 2 lead to a file while a script runs that prints; the file stays empty. */
TEST(the_host_stays_as_it_was) {
  host before, after;
  struct stat info;
  const char *path = test_path("output");
  wf_error err = WF_ERROR_INIT;
  fflush(stdout);
  job j;
  start_job(&j, "state");
  look_at_host(&before);
  int out = dup(1), error = dup(2), file = open(path, O_CREAT | O_WRONLY, 0600);
  dup2(file, 1);
  dup2(file, 2);
  wf_engine *engine = NULL;
  wf_status status = wf_engine_new(&engine, NULL, &err);
  if (status == WF_OK) status = run(engine, all_kinds, &err);
  wf_engine_free(engine);
  work(&j);
  fflush(stdout);
  dup2(out, 1);
  dup2(error, 2);
  close(out);
  close(error);
  close(file);
  look_at_host(&after);
  REQUIRE_OK(status, err);
  CHECK(j.sum > 0);
  CHECK_EQ_STR(after.locale, before.locale);
  CHECK_EQ_STR(after.directory, before.directory);
  for (int i = 1; i < 32; i++)
    CHECK(before.actions[i].sa_handler == after.actions[i].sa_handler &&
          before.actions[i].sa_flags == after.actions[i].sa_flags);
  CHECK(memcmp(&before.mask, &after.mask, sizeof before.mask) == 0);
  CHECK_EQ_STR(after.environment, before.environment);
  CHECK_EQ_INT(after.descriptors, before.descriptors);
  CHECK_EQ_INT(after.umask, before.umask);
  CHECK(stat(path, &info) == 0 && info.st_size == 0);
}

/* ---- memory -------------------------------------------------------------------------------------
 */

static bool make_engine(void) {
  wf_error err = WF_ERROR_INIT;
  wf_engine *engine;
  wf_status status = wf_engine_new(&engine, NULL, &err);
  if (status != WF_OK && status != WF_NOMEM) test_fail(__FILE__, __LINE__, "%s", err.message);
  if (status == WF_OK) wf_engine_free(engine);
  return status == WF_OK;
}

TEST(making_an_engine_survives_want_of_memory) { CHECK_OOM_SAFE(make_engine()); }
