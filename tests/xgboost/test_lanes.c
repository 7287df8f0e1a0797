/* Lanes: every step once and in order, conclusions on the caller's thread, and an outcome that does
 * not depend on how many workers there are. */
#include "check.h"
#include "xgboost/lanes.h"

#include "base/error.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

enum { MOST_LANES = 7, MOST_STEPS = 40 };

typedef struct race {
  size_t n_lanes, lead;
  atomic_size_t done[MOST_LANES]; /* steps of each lane */
  atomic_size_t n_concluded, running[MOST_LANES], inside;
  atomic_bool broken; /* a rule was: checks belong to the test's own thread */
  size_t stop_at, cancel_at;
  size_t fail_step[MOST_LANES]; /* 0: never */
  size_t bad_worker;            /* that cannot enter; 0: none */
  size_t wait_at;               /* this conclusion waits for a failure; 0: none does */
  atomic_bool failed;
  pthread_t caller;
  bool settled;
  atomic_size_t homes[MOST_LANES]; /* the worker of the first step */
} race;

static void rule(race *r, bool kept) {
  if (!kept) atomic_store(&r->broken, true);
}

static wf_status enter(void *context, size_t worker, wf_error *err) {
  race *r = context;
  if (r->bad_worker && worker == r->bad_worker) return wf_fail(err, WF_IO, "worker %zu", worker);
  atomic_fetch_add(&r->inside, 1);
  return WF_OK;
}

static void leave(void *context, size_t worker) {
  race *r = context;
  (void)worker;
  atomic_fetch_sub(&r->inside, 1);
}

static void pause_for(long microseconds) {
  nanosleep(&(struct timespec){.tv_nsec = microseconds * 1000}, NULL);
}

static wf_status step(void *context, size_t lane, size_t number, size_t worker, wf_error *err) {
  race *r = context;
  rule(r, atomic_fetch_add(&r->running[lane], 1) == 0);
  if (number == 0) atomic_store(&r->homes[lane], worker);
  rule(r, !r->settled || atomic_load(&r->homes[lane]) == worker);
  rule(r, atomic_load(&r->done[lane]) == number);
  rule(r, number < atomic_load(&r->n_concluded) + r->lead);
  if ((lane + number) % 3 == 0) pause_for(50 * (long)lane);
  atomic_fetch_sub(&r->running[lane], 1);
  if (r->fail_step[lane] && number == r->fail_step[lane]) {
    atomic_store(&r->failed, true);
    return wf_fail(err, WF_CORRUPT, "lane %zu step %zu", lane, number);
  }
  atomic_store(&r->done[lane], number + 1);
  return WF_OK;
}

static wf_status conclude(void *context, size_t number, bool *stop, wf_error *err) {
  race *r = context;
  rule(r, pthread_equal(pthread_self(), r->caller));
  rule(r, atomic_load(&r->n_concluded) == number);
  for (size_t i = 0; i < r->n_lanes; i++) rule(r, atomic_load(&r->done[i]) > number);
  bool wait = r->wait_at && number == r->wait_at;
  for (int i = 0; wait && !atomic_load(&r->failed) && i < 20000; i++) pause_for(500);
  atomic_store(&r->n_concluded, number + 1);
  *stop = r->stop_at && number == r->stop_at;
  if (r->cancel_at && number == r->cancel_at) return wf_fail(err, WF_CANCELED, "at %zu", number);
  return WF_OK;
}

static wf_status run(race *r, size_t n_lanes, size_t n_steps, size_t n_workers, wf_error *err) {
  r->n_lanes = n_lanes;
  r->lead = 4;
  r->caller = pthread_self();
  wf_lanes lanes = {.n_lanes = n_lanes,
                    .n_steps = n_steps,
                    .n_workers = n_workers,
                    .lead = r->lead,
                    .settled = r->settled,
                    .context = r,
                    .enter = enter,
                    .leave = leave,
                    .step = step,
                    .conclude = conclude};
  wf_status status = wf_lanes_run(&lanes, err);
  CHECK(!atomic_load(&r->broken));
  CHECK_EQ_INT(atomic_load(&r->inside), 0);
  return status;
}

TEST(lanes_do_every_step_in_order) {
  wf_error err = WF_ERROR_INIT;
  for (size_t n_lanes = 1; n_lanes <= MOST_LANES; n_lanes += 3) {
    for (size_t n_workers = 1; n_workers <= 10; n_workers++) {
      race r = {.settled = n_workers > 5};
      REQUIRE_OK(run(&r, n_lanes, MOST_STEPS, n_workers - 5 * r.settled, &err), err);
      CHECK_EQ_INT(r.n_concluded, MOST_STEPS);
      for (size_t i = 0; i < n_lanes; i++) CHECK_EQ_INT(r.done[i], MOST_STEPS);
    }
  }
  race once = {0};
  REQUIRE_OK(run(&once, 3, 1, 3, &err), err);
  CHECK_EQ_INT(once.n_concluded, 1);
}

TEST(lanes_stop_and_cancel) {
  wf_error err = WF_ERROR_INIT;
  for (size_t n_workers = 1; n_workers <= 3; n_workers++) {
    race stopped = {.stop_at = 9};
    REQUIRE_OK(run(&stopped, 3, MOST_STEPS, n_workers, &err), err);
    CHECK_EQ_INT(stopped.n_concluded, 10);
    race canceled = {.cancel_at = 7};
    CHECK_FAILS(run(&canceled, 3, MOST_STEPS, n_workers, &err), err, WF_CANCELED, "at 7");
    CHECK_EQ_INT(canceled.n_concluded, 8);
    for (size_t i = 0; i < 3; i++) CHECK(canceled.done[i] <= 7 + 4);
  }
}

/* Whoever is ahead, the failure reported is the one that comes first. */
TEST(lanes_report_the_earliest_failure) {
  wf_error err = WF_ERROR_INIT;
  for (size_t n_workers = 1; n_workers <= 4; n_workers++) {
    for (int i = 0; i < 5; i++) {
      race r = {.fail_step = {8, 6, 5, 5}, .settled = i % 2};
      CHECK_FAILS(run(&r, 4, MOST_STEPS, n_workers, &err), err, WF_CORRUPT, "lane 2 step 5");
      CHECK_EQ_INT(r.n_concluded, 5); /* what came before it was heard of */
    }
  }
  race last = {.fail_step = {0, MOST_STEPS - 1}};
  CHECK_FAILS(run(&last, 2, MOST_STEPS, 2, &err), err, WF_CORRUPT, "lane 1 step 39");
  CHECK_EQ_INT(last.n_concluded, MOST_STEPS - 1);
}

/* A step that fails ahead of the conclusion that stops would never have been taken. */
TEST(lanes_stop_before_a_failure_ahead) {
  wf_error err = WF_ERROR_INIT;
  race r = {.fail_step = {0, 5}, .wait_at = 2, .stop_at = 3};
  REQUIRE_OK(run(&r, 2, MOST_STEPS, 2, &err), err);
  CHECK(r.failed); /* the other worker did get there while the caller waited */
  CHECK_EQ_INT(r.n_concluded, 4);
}

TEST(lanes_need_their_workers) {
  wf_error err = WF_ERROR_INIT;
  race r = {.bad_worker = 1};
  CHECK_FAILS(run(&r, 3, MOST_STEPS, 2, &err), err, WF_IO, "worker 1");
}

static bool run_many(void) {
  wf_error err = WF_ERROR_INIT;
  race r = {0};
  return run(&r, 3, 5, 2, &err) == WF_OK;
}

TEST(lanes_survive_allocation_failure) { CHECK_OOM_SAFE(run_many()); }
