/* test_runs.c — runs and steps from their start to their one end. */
#include "support.h"

#include <signal.h>
#include <sys/wait.h>

typedef struct seen_run {
  int64_t id, pid;
  wf_state state;
  char name[32], script[32], params[64], message[64], outcome[64];
  bool has_message, ended;
} seen_run;

static void copy(char *to, size_t size, const char *from) {
  snprintf(to, size, "%s", from ? from : "(null)");
}

static bool see_run(void *context, const wf_run_record *run) {
  seen_run *seen = context;
  seen->id = run->id;
  seen->pid = run->pid;
  seen->state = run->state;
  copy(seen->name, sizeof seen->name, run->name);
  copy(seen->script, sizeof seen->script, run->script);
  copy(seen->params, sizeof seen->params, run->params_json);
  copy(seen->message, sizeof seen->message, run->message);
  copy(seen->outcome, sizeof seen->outcome, run->outcome_json);
  seen->ended = run->ended_us != 0;
  return true;
}

static seen_run get_run(wf_catalog *catalog, int64_t id) {
  seen_run seen = {0};
  wf_error err = WF_ERROR_INIT;
  if (wf_catalog_get_run(catalog, id, see_run, &seen, &err) != WF_OK)
    test_fail(__FILE__, __LINE__, "%s", err.message);
  return seen;
}

TEST(run_from_start_to_end) {
  wf_catalog *catalog = open_catalog();
  wf_error err = WF_ERROR_INIT;
  int64_t run = 0;
  REQUIRE_OK(wf_catalog_start_run(&run, catalog, "Fraud", "fraud.lua", "{\"min_auc\":0.7}", &err),
             err);
  CHECK_EQ_INT(run, 1);
  seen_run seen = get_run(catalog, run);
  CHECK_EQ_INT(seen.state, WF_STATE_EXECUTING);
  CHECK_EQ_INT(seen.pid, getpid());
  CHECK_EQ_STR(seen.name, "Fraud");
  CHECK_EQ_STR(seen.script, "fraud.lua");
  CHECK_EQ_STR(seen.params, "{\"min_auc\":0.7}");
  CHECK(!seen.ended);
  REQUIRE_OK(wf_catalog_end_run(catalog, run, WF_STATE_REJECTED, "AUC 0.6 is below 0.7",
                                "{\"auc\":0.6}", &err),
             err);
  seen = get_run(catalog, run);
  CHECK_EQ_INT(seen.state, WF_STATE_REJECTED);
  CHECK_EQ_STR(seen.message, "AUC 0.6 is below 0.7");
  CHECK_EQ_STR(seen.outcome, "{\"auc\":0.6}");
  CHECK(seen.ended);
  CHECK_EQ_INT(count_events(catalog, "run.started"), 1);
  CHECK_EQ_INT(count_events(catalog, "run.rejected"), 1);
  wf_catalog_close(catalog);
}

TEST(run_refuses) {
  wf_catalog *catalog = open_catalog();
  wf_error err = WF_ERROR_INIT;
  int64_t run = 77, step = 77;
  CHECK_FAILS(wf_catalog_start_run(&run, catalog, "", NULL, NULL, &err), err, WF_INVALID, "empty");
  CHECK_FAILS(wf_catalog_start_run(&run, catalog, "r", NULL, "{a}", &err), err, WF_INVALID,
              "params_json");
  CHECK_FAILS(wf_catalog_end_run(catalog, 5, WF_STATE_FAILED, NULL, NULL, &err), err, WF_NOTFOUND,
              "run 5");
  CHECK_FAILS(wf_catalog_get_run(catalog, 5, see_run, NULL, &err), err, WF_NOTFOUND, "run 5");
  CHECK_FAILS(wf_catalog_start_step(&step, catalog, 5, "s", "step", NULL, &err), err, WF_NOTFOUND,
              "run 5");
  CHECK_FAILS(wf_catalog_end_step(catalog, 5, WF_STATE_FAILED, NULL, NULL, &err), err, WF_NOTFOUND,
              "step 5");
  CHECK(run == 77 && step == 77);
  REQUIRE_OK(wf_catalog_start_run(&run, catalog, "r", NULL, NULL, &err), err);
  static const wf_state no_end[] = {WF_STATE_STARTING, WF_STATE_EXECUTING, WF_STATE_CACHED,
                                    WF_STATE_SKIPPED};
  for (int i = 0; i < 4; i++)
    CHECK_FAILS(wf_catalog_end_run(catalog, run, no_end[i], NULL, NULL, &err), err, WF_INVALID,
                wf_state_name(no_end[i]));
  CHECK_FAILS(wf_catalog_end_run(catalog, run, WF_STATE_FAILED, NULL, "nope", &err), err,
              WF_INVALID, "outcome_json");
  REQUIRE_OK(wf_catalog_end_run(catalog, run, WF_STATE_FAILED, "x", NULL, &err), err);
  CHECK_FAILS(wf_catalog_end_run(catalog, run, WF_STATE_SUCCEEDED, NULL, NULL, &err), err,
              WF_INVALID, "ended already (Failed)");
  CHECK_FAILS(wf_catalog_start_step(&step, catalog, run, "s", "step", NULL, &err), err, WF_INVALID,
              "ended already");
  CHECK_EQ_INT(count_events(catalog, "run.succeeded"), 0);
  wf_catalog_close(catalog);
}

typedef struct seen_steps {
  int n;
  wf_state states[8];
  char text[400];
} seen_steps;

static bool see_step(void *context, const wf_step_record *step) {
  seen_steps *seen = context;
  seen->states[seen->n++] = step->state;
  size_t used = strlen(seen->text);
  snprintf(seen->text + used, sizeof seen->text - used, "%s/%s/%s/%s/%s/%s;", step->name,
           step->kind, step->log_path ? step->log_path : "-", step->message ? step->message : "-",
           step->outcome_json ? step->outcome_json : "-", step->key ? step->key : "-");
  return true;
}

TEST(steps_of_a_run) {
  wf_catalog *catalog = open_catalog();
  wf_error err = WF_ERROR_INIT;
  int64_t run, a, b, c;
  REQUIRE_OK(wf_catalog_start_run(&run, catalog, "r", NULL, NULL, &err), err);
  REQUIRE_OK(wf_catalog_start_step(&a, catalog, run, "A", "step", "logs/1", &err), err);
  REQUIRE_OK(wf_catalog_start_step(&b, catalog, run, "B", "action", NULL, &err), err);
  REQUIRE_OK(wf_catalog_start_step(&c, catalog, run, "C", "async", NULL, &err), err);
  REQUIRE_OK(wf_catalog_end_step(catalog, b, WF_STATE_FAILED, "no", NULL, &err), err);
  REQUIRE_OK(wf_catalog_end_step(catalog, a, WF_STATE_CACHED, NULL, "[1]", &err), err);
  CHECK_FAILS(wf_catalog_end_step(catalog, a, WF_STATE_SUCCEEDED, NULL, NULL, &err), err,
              WF_INVALID, "ended already (Cached)");
  CHECK_FAILS(wf_catalog_end_step(catalog, c, WF_STATE_EXECUTING, NULL, NULL, &err), err,
              WF_INVALID, "Executing");
  REQUIRE_OK(wf_catalog_end_run(catalog, run, WF_STATE_FAILED, NULL, NULL, &err), err);
  seen_steps seen = {0};
  REQUIRE_OK(wf_catalog_list_steps(catalog, run, see_step, &seen, &err), err);
  CHECK_EQ_INT(seen.n, 3);
  CHECK_EQ_INT(seen.states[0], WF_STATE_CACHED);
  CHECK_EQ_INT(seen.states[1], WF_STATE_FAILED);
  CHECK_EQ_INT(seen.states[2], WF_STATE_STOPPED); /* with its run */
  CHECK_EQ_STR(seen.text, "A/step/logs/1/-/[1]/-;B/action/-/no/-/-;C/async/-/the run ended/-/-;");
  CHECK_EQ_INT(count_events(catalog, "step.started"), 3);
  CHECK_EQ_INT(count_events(catalog, "step.cached"), 1);
  wf_catalog_close(catalog);
}

typedef struct id_list {
  int64_t ids[8];
  int n, stop_after;
} id_list;

static bool collect(void *context, const wf_run_record *run) {
  id_list *list = context;
  list->ids[list->n++] = run->id;
  return list->n != list->stop_after;
}

TEST(runs_are_listed_newest_first) {
  wf_catalog *catalog = open_catalog();
  wf_error err = WF_ERROR_INIT;
  int64_t run;
  for (int i = 0; i < 5; i++)
    REQUIRE_OK(wf_catalog_start_run(&run, catalog, "r", NULL, NULL, &err), err);
  id_list all = {0}, two = {0}, stopped = {.stop_after = 3};
  REQUIRE_OK(wf_catalog_list_runs(catalog, 0, collect, &all, &err), err);
  REQUIRE_OK(wf_catalog_list_runs(catalog, 2, collect, &two, &err), err);
  REQUIRE_OK(wf_catalog_list_runs(catalog, SIZE_MAX, collect, &stopped, &err), err);
  CHECK_EQ_INT(all.n, 5);
  CHECK(all.ids[0] == 5 && all.ids[4] == 1);
  CHECK(two.n == 2 && two.ids[1] == 4);
  CHECK_EQ_INT(stopped.n, 3);
  wf_catalog_close(catalog);
}

/* ---- reaping ----------------------------------------------------------------------------------
 */

/* A child that begins a run with a step, tells its number, and waits to be killed. */
static pid_t abandon_run(int64_t *run) {
  int ends[2];
  if (pipe(ends) != 0) return -1;
  fflush(stdout);
  const char *path = test_path("catalog.db");
  pid_t child = fork();
  if (child == 0) {
    wf_catalog *catalog;
    int64_t id, step;
    if (wf_catalog_open(&catalog, path, NULL) != WF_OK ||
        wf_catalog_start_run(&id, catalog, "child", NULL, NULL, NULL) != WF_OK ||
        wf_catalog_start_step(&step, catalog, id, "s", "step", NULL, NULL) != WF_OK ||
        write(ends[1], &id, sizeof id) != sizeof id)
      _exit(1);
    for (;;) pause();
  }
  close(ends[1]);
  ssize_t n = read(ends[0], run, sizeof *run);
  close(ends[0]);
  return n == sizeof *run ? child : -1;
}

TEST(other_runs_of_a_name) {
  wf_catalog *catalog = open_catalog();
  wf_error err = WF_ERROR_INIT;
  int64_t first, second, third;
  bool other = true;
  REQUIRE_OK(wf_catalog_start_run(&first, catalog, "a", NULL, NULL, &err), err);
  REQUIRE_OK(wf_catalog_start_run(&second, catalog, "b", NULL, NULL, &err), err);
  REQUIRE_OK(wf_catalog_has_other_run(&other, catalog, first, "a", &err), err);
  CHECK(!other);
  REQUIRE_OK(wf_catalog_has_other_run(&other, catalog, first, "b", &err), err);
  CHECK(other);
  REQUIRE_OK(wf_catalog_start_run(&third, catalog, "a", NULL, NULL, &err), err);
  REQUIRE_OK(wf_catalog_has_other_run(&other, catalog, first, "a", &err), err);
  CHECK(other);
  wf_catalog_close(catalog);
}

TEST(reap_stops_the_runs_of_the_dead_only) {
  wf_catalog *catalog = open_catalog();
  wf_error err = WF_ERROR_INIT;
  int64_t mine, theirs = 0;
  REQUIRE_OK(wf_catalog_start_run(&mine, catalog, "mine", NULL, NULL, &err), err);
  pid_t child = abandon_run(&theirs);
  REQUIRE(child > 0);
  REQUIRE_OK(wf_catalog_reap_runs(catalog, &err), err);
  CHECK_EQ_INT(get_run(catalog, theirs).state, WF_STATE_EXECUTING);
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
  REQUIRE_OK(wf_catalog_reap_runs(catalog, &err), err);
  seen_run seen = get_run(catalog, theirs);
  CHECK_EQ_INT(seen.state, WF_STATE_STOPPED);
  CHECK(seen.ended);
  CHECK_HAS(seen.message, "process");
  CHECK_EQ_INT(get_run(catalog, mine).state, WF_STATE_EXECUTING);
  seen_steps steps = {0};
  REQUIRE_OK(wf_catalog_list_steps(catalog, theirs, see_step, &steps, &err), err);
  CHECK_EQ_INT(steps.states[0], WF_STATE_STOPPED);
  CHECK_EQ_INT(count_events(catalog, "run.stopped"), 1);
  REQUIRE_OK(wf_catalog_reap_runs(catalog, &err), err);
  CHECK_EQ_INT(count_events(catalog, "run.stopped"), 1);
  wf_catalog_close(catalog);
}

TEST(reap_is_not_fooled_by_a_number_used_again) {
  wf_catalog *catalog = open_catalog();
  wf_error err = WF_ERROR_INIT;
  int64_t run;
  REQUIRE_OK(wf_catalog_start_run(&run, catalog, "r", NULL, NULL, &err), err);
  /* the same number, begun at another time */
  REQUIRE(run_sql(test_path("catalog.db"), "UPDATE run SET process = process || '0'", NULL, 0) ==
          SQLITE_OK);
  REQUIRE_OK(wf_catalog_reap_runs(catalog, &err), err);
  CHECK_EQ_INT(get_run(catalog, run).state, WF_STATE_STOPPED);
  wf_catalog_close(catalog);
}

TEST(run_state_that_nobody_knows) {
  wf_catalog *catalog = open_catalog();
  wf_error err = WF_ERROR_INIT;
  int64_t run;
  REQUIRE_OK(wf_catalog_start_run(&run, catalog, "r", NULL, NULL, &err), err);
  REQUIRE(run_sql(test_path("catalog.db"), "UPDATE run SET state = 'Odd'", NULL, 0) == SQLITE_OK);
  seen_run seen = {0};
  CHECK_FAILS(wf_catalog_get_run(catalog, run, see_run, &seen, &err), err, WF_CORRUPT, "Odd");
  wf_catalog_close(catalog);
}

TEST(state_names) {
  wf_state state = WF_STATE_FAILED;
  CHECK_EQ_STR(wf_state_name(WF_STATE_SKIPPED), "Skipped");
  CHECK_EQ_STR(wf_state_name((wf_state)99), "unknown");
  CHECK(wf_state_find("Starting", &state) && state == WF_STATE_STARTING);
  CHECK(!wf_state_find("starting", &state));
  wf_approval approval;
  CHECK(wf_approval_find("PendingManualApproval", &approval) && approval == WF_APPROVAL_PENDING);
  CHECK_EQ_STR(wf_approval_name(WF_APPROVAL_REFUSED), "Rejected");
  wf_endpoint_state endpoint;
  CHECK(wf_endpoint_state_find("InService", &endpoint) && endpoint == WF_ENDPOINT_IN_SERVICE);
  CHECK_EQ_STR(wf_endpoint_state_name(WF_ENDPOINT_OUT_OF_SERVICE), "OutOfService");
}

/* ---- parts of a run's steps -------------------------------------------------------------------
 */

typedef struct names {
  char text[200];
} names;

static bool add_name(void *context, const wf_step_record *step) {
  names *seen = context;
  size_t length = strlen(seen->text);
  snprintf(seen->text + length, sizeof seen->text - length, "%s%lld ", step->name,
           (long long)step->nth);
  return true;
}

static const char *find_names(wf_catalog *catalog, int64_t run, wf_step_filter filter) {
  static names seen;
  wf_error err = WF_ERROR_INIT;
  seen.text[0] = '\0';
  REQUIRE_OK(wf_catalog_find_steps(catalog, run, &filter, add_name, &seen, &err), err);
  return seen.text;
}

TEST(steps_of_a_run_by_name_state_and_page) {
  wf_catalog *catalog = open_catalog();
  wf_error err = WF_ERROR_INIT;
  int64_t run = 0, other = 0, step;
  REQUIRE_OK(wf_catalog_start_run(&run, catalog, "r", NULL, NULL, &err), err);
  REQUIRE_OK(wf_catalog_start_run(&other, catalog, "o", NULL, NULL, &err), err);
  static const wf_state states[] = {WF_STATE_SUCCEEDED, WF_STATE_CACHED, WF_STATE_FAILED,
                                    WF_STATE_SKIPPED, WF_STATE_STOPPED};
  for (int i = 0; i < 10; i++) {
    wf_step_record record = {.run = run,
                             .name = i % 2 ? "B" : "A",
                             .kind = "step",
                             .state = states[i % 5],
                             .nth = i + 1};
    REQUIRE_OK(wf_catalog_add_step(&step, catalog, &record, NULL, &err), err);
    record.run = other;
    REQUIRE_OK(wf_catalog_add_step(&step, catalog, &record, NULL, &err), err);
  }
  CHECK_EQ_STR(find_names(catalog, run, (wf_step_filter){.limit = 3}), "A1 B2 A3 ");
  CHECK_EQ_STR(find_names(catalog, run, (wf_step_filter){.skip = 8}), "A9 B10 ");
  CHECK_EQ_STR(find_names(catalog, run, (wf_step_filter){.limit = 2, .newest_first = true}),
               "B10 A9 ");
  CHECK_EQ_STR(find_names(catalog, run, (wf_step_filter){.unusual = true}), "A3 A5 B8 B10 ");
  CHECK_EQ_STR(find_names(catalog, run,
                          (wf_step_filter){.unusual = true, .newest_first = true, .name = "B"}),
               "B10 B8 ");
  CHECK_EQ_STR(find_names(catalog, run, (wf_step_filter){.name = "C"}), "");
  size_t counts[WF_STATE_COUNT];
  REQUIRE_OK(wf_catalog_count_steps(counts, catalog, run, &err), err);
  for (int state = 0; state < WF_STATE_COUNT; state++) {
    size_t expected = 0;
    for (int i = 0; i < 10; i++) expected += states[i % 5] == (wf_state)state;
    CHECK_EQ_INT(counts[state], expected);
  }
  wf_catalog_close(catalog);
}
