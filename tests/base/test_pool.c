#include "base/pool.h"

#include "check.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

typedef struct sums {
  double partial[200];
  size_t n, block, n_threads;
  atomic_int calls, wrong;
} sums;

static wf_status sum_block(void *context, size_t index, size_t begin, size_t end, size_t worker,
                           wf_error *err) {
  sums *s = context;
  (void)err;
  size_t expected_end = begin + s->block < s->n ? begin + s->block : s->n;
  if (begin != index * s->block || end != expected_end || worker >= s->n_threads) s->wrong++;
  double sum = 0;
  for (size_t i = begin; i < end; i++) sum += 1.0 / (double)(i + 1);
  s->partial[index] = sum;
  s->calls++;
  return WF_OK;
}

static double total(size_t n, size_t block, size_t n_threads) {
  sums s = {.n = n, .block = block, .n_threads = n_threads};
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_parallel_for(n, block, n_threads, sum_block, &s, &err), err);
  size_t n_blocks = n ? (n - 1) / block + 1 : 0;
  CHECK_EQ_INT(s.calls, n_blocks);
  CHECK_EQ_INT(s.wrong, 0);
  double sum = 0;
  for (size_t i = 0; i < n_blocks; i++) sum += s.partial[i];
  return sum;
}

TEST(any_number_of_threads_gives_the_same_bits) {
  static const size_t sizes[] = {0, 1, 99, 100, 101, 12345};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    double one = total(sizes[i], 100, 1);
    CHECK_SAME(total(sizes[i], 100, 2), one);
    CHECK_SAME(total(sizes[i], 100, 8), one);
    CHECK_SAME(total(sizes[i], 100, 1000), one);
  }
  CHECK_SAME(total(5, SIZE_MAX, 4), total(5, SIZE_MAX, 1));
}

typedef struct failures {
  atomic_size_t started;
  size_t first_bad;
} failures;

static wf_status fail_from(void *context, size_t index, size_t begin, size_t end, size_t worker,
                           wf_error *err) {
  failures *f = context;
  (void)begin, (void)end, (void)worker;
  f->started++;
  if (index < f->first_bad) return WF_OK;
  return wf_fail(err, WF_LIMIT, "block %zu", index);
}

TEST(the_first_failure_is_reported) {
  for (size_t n_threads = 1; n_threads <= 8; n_threads++) {
    failures f = {.first_bad = 37};
    wf_error err = WF_ERROR_INIT;
    CHECK_FAILS(wf_parallel_for(100000, 1, n_threads, fail_from, &f, &err), err, WF_LIMIT,
                "block 37");
    CHECK_EQ_STR(err.message, "block 37");
    CHECK(f.started < 100000); /* the rest was not started */
    CHECK_EQ_INT(wf_parallel_for(100, 1, n_threads, fail_from, &f, NULL), WF_LIMIT);
  }
}

/* Two blocks that wait for each other can only end on two threads. */
static wf_status meet(void *context, size_t index, size_t begin, size_t end, size_t worker,
                      wf_error *err) {
  atomic_int *arrived = context;
  (void)index, (void)begin, (void)end, (void)worker;
  ++*arrived;
  for (long spins = 0; *arrived < 2; spins++) {
    if (spins > 20000000) return wf_fail(err, WF_BUSY, "nobody came");
    sched_yield();
  }
  return WF_OK;
}

TEST(blocks_run_at_the_same_time) {
  atomic_int arrived = 0;
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_parallel_for(2, 1, 2, meet, &arrived, &err), err);
  CHECK(wf_thread_count() >= 1);
  size_t all = wf_thread_count();
  setenv("WF_THREADS", "1", 1);
  CHECK_EQ_INT(wf_thread_count(), 1);
  setenv("WF_THREADS", "100000", 1);
  CHECK_EQ_INT(wf_thread_count(), all);
  setenv("WF_THREADS", "none", 1);
  CHECK_EQ_INT(wf_thread_count(), all);
  unsetenv("WF_THREADS");
}

typedef struct line {
  wf_turns turns;
  size_t order[1000], n;
  size_t fails; /* this block fails before its turn */
} line;

static wf_status stand_in_line(void *context, size_t index, size_t begin, size_t end, size_t worker,
                               wf_error *err) {
  line *l = context;
  (void)begin, (void)end, (void)worker;
  if (index == l->fails) {
    wf_turns_close(&l->turns);
    return wf_fail(err, WF_LIMIT, "left the line");
  }
  if (!wf_turns_wait(&l->turns, index)) return WF_OK;
  l->order[l->n++] = index; /* without a lock: it is this block's turn */
  wf_turns_pass(&l->turns);
  return WF_OK;
}

TEST(turns_come_in_block_order) {
  for (size_t n_threads = 1; n_threads <= 8; n_threads++) {
    line l = {.turns = WF_TURNS_INIT, .fails = SIZE_MAX};
    wf_error err = WF_ERROR_INIT;
    REQUIRE_OK(wf_parallel_for(1000, 1, n_threads, stand_in_line, &l, &err), err);
    CHECK_EQ_INT(l.n, 1000);
    for (size_t i = 0; i < l.n; i++) CHECK(l.order[i] == i);
  }
}

TEST(nobody_waits_for_a_turn_that_will_not_come) {
  for (size_t n_threads = 1; n_threads <= 8; n_threads++) {
    line l = {.turns = WF_TURNS_INIT, .fails = 500};
    wf_error err = WF_ERROR_INIT;
    CHECK_FAILS(wf_parallel_for(1000, 1, n_threads, stand_in_line, &l, &err), err, WF_LIMIT,
                "line");
    CHECK(l.n <= 500);
  }
}

static wf_status look_at_signals(void *context, size_t index, size_t begin, size_t end,
                                 size_t worker, wf_error *err) {
  atomic_int *open = context;
  sigset_t mask;
  (void)index, (void)begin, (void)end, (void)err;
  pthread_sigmask(SIG_SETMASK, NULL, &mask);
  if (worker > 0 && !sigismember(&mask, SIGINT)) ++*open;
  return WF_OK;
}

TEST(workers_leave_signals_to_the_host) {
  atomic_int open = 0;
  sigset_t mask;
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_parallel_for(1000, 1, 4, look_at_signals, &open, &err), err);
  CHECK_EQ_INT(open, 0);
  pthread_sigmask(SIG_SETMASK, NULL, &mask);
  CHECK(!sigismember(&mask, SIGINT));
}
