/* lanes.c — a timetable, its mutex, and workers that wait for their turn asleep.
 *
 * Everything in the timetable is read and written under its mutex; steps and conclusions run
 * without it. A lane is busy while a worker runs its step, so what belongs to a lane needs no lock
 * of its own, whichever threads it visits. Every change that could give somebody work is broadcast.
 *
 * A step that fails may lie past one whose conclusion will say stop, and then never happened. So a
 * failure only closes the road: lanes behind it still come up to it, the steps before it are
 * concluded, and what remains is the failure nobody can overtake. */
#include "xgboost/lanes.h"

#include "base/alloc.h"
#include "base/pool.h"

#include <pthread.h>

typedef struct lane {
  size_t next;   /* its next step: all before it are done */
  size_t worker; /* of its latest step, when there was one */
  bool busy, failed;
} lane;

typedef struct timetable {
  const wf_lanes *lanes;
  pthread_mutex_t lock; /* guards what follows */
  pthread_cond_t change;
  lane *each;
  size_t n_concluded;
  size_t road;        /* steps to do: up to the first failure, included */
  size_t failed_lane; /* and what happened there */
  wf_status failure;
  wf_error failure_error;
  bool ended; /* by a conclusion or an enter; nothing new is begun */
  wf_status status;
  wf_error error;
} timetable;

/* ---- under the lock -----------------------------------------------------------------------------
 */

/* The lane to advance: idle, furthest behind, and not too far ahead; n_lanes: none. */
static size_t pick(const timetable *t, size_t worker) {
  size_t best = t->lanes->n_lanes, limit = t->road;
  if (limit - t->n_concluded > t->lanes->lead) limit = t->n_concluded + t->lanes->lead;
  for (size_t i = 0; i < t->lanes->n_lanes; i++) {
    const lane *l = &t->each[i];
    if (l->busy || l->failed || l->next >= limit) continue;
    if (t->lanes->settled && l->next > 0 && l->worker != worker) continue;
    if (best == t->lanes->n_lanes || l->next < t->each[best].next) best = i;
  }
  return best;
}

static bool can_conclude(const timetable *t) {
  if (t->ended || t->n_concluded == t->lanes->n_steps) return false;
  for (size_t i = 0; i < t->lanes->n_lanes; i++) {
    if (t->each[i].next <= t->n_concluded) return false;
  }
  return true;
}

/* Whether no step is left to do. */
static bool is_over(const timetable *t) {
  for (size_t i = 0; i < t->lanes->n_lanes && !t->ended; i++) {
    if (!t->each[i].failed && t->each[i].next < t->road) return false;
  }
  return true;
}

static void end(timetable *t, wf_status status, const wf_error *error) {
  if (t->ended) return;
  t->ended = true;
  t->status = status;
  t->error = *error;
}

static void note_failure(timetable *t, size_t number, wf_status status, const wf_error *error) {
  size_t step = t->each[number].next;
  t->each[number].failed = true;
  bool first = t->failure == WF_OK || step + 1 < t->road;
  if (!first && (step + 1 > t->road || number > t->failed_lane)) return;
  t->road = step + 1;
  t->failed_lane = number;
  t->failure = status;
  t->failure_error = *error;
}

/* ---- without it, in between ---------------------------------------------------------------------
 */

static void run_step(timetable *t, size_t number, size_t worker) {
  wf_error error = WF_ERROR_INIT;
  lane *mine = &t->each[number];
  size_t step = mine->next;
  mine->busy = true;
  mine->worker = worker;
  pthread_mutex_unlock(&t->lock);
  wf_status status = t->lanes->step(t->lanes->context, number, step, worker, &error);
  pthread_mutex_lock(&t->lock);
  mine->busy = false;
  if (status == WF_OK) {
    mine->next++;
  } else {
    note_failure(t, number, status, &error);
  }
}

static void run_conclusion(timetable *t) {
  wf_error error = WF_ERROR_INIT;
  bool stop = false;
  size_t step = t->n_concluded;
  pthread_mutex_unlock(&t->lock);
  wf_status status = t->lanes->conclude(t->lanes->context, step, &stop, &error);
  pthread_mutex_lock(&t->lock);
  t->n_concluded++;
  if (stop || status != WF_OK) end(t, status, &error);
}

/* The caller's work comes before steps: others may be waiting for it. */
static void work(timetable *t, size_t worker) {
  pthread_mutex_lock(&t->lock);
  for (;;) {
    size_t number = pick(t, worker);
    if (worker == 0 && can_conclude(t)) {
      run_conclusion(t);
    } else if (is_over(t)) {
      break;
    } else if (number < t->lanes->n_lanes) {
      run_step(t, number, worker);
    } else {
      pthread_cond_wait(&t->change, &t->lock);
      continue;
    }
    pthread_cond_broadcast(&t->change);
  }
  pthread_mutex_unlock(&t->lock);
}

/* ---- all together -----------------------------------------------------------------------------
 */

/* One block is one worker's whole life; failures are kept in the timetable. */
static wf_status live(void *context, size_t index, size_t begin, size_t finish, size_t worker,
                      wf_error *err) {
  (void)index, (void)begin, (void)finish, (void)err;
  timetable *t = context;
  wf_error error = WF_ERROR_INIT;
  wf_status status = t->lanes->enter(t->lanes->context, worker, &error);
  if (status == WF_OK) {
    work(t, worker);
    t->lanes->leave(t->lanes->context, worker);
    return WF_OK;
  }
  pthread_mutex_lock(&t->lock);
  end(t, status, &error);
  pthread_cond_broadcast(&t->change);
  pthread_mutex_unlock(&t->lock);
  return WF_OK;
}

/* Workers end when no step is left, and they may have taken the caller's seat before it came. */
static void conclude_rest(timetable *t) {
  pthread_mutex_lock(&t->lock);
  while (can_conclude(t)) run_conclusion(t);
  pthread_mutex_unlock(&t->lock);
}

wf_status wf_lanes_run(const wf_lanes *lanes, wf_error *err) {
  timetable t = {.lanes = lanes,
                 .lock = PTHREAD_MUTEX_INITIALIZER,
                 .change = PTHREAD_COND_INITIALIZER,
                 .each = wf_alloc_zero(lanes->n_lanes, sizeof(lane)),
                 .road = lanes->n_steps};
  if (!t.each) return wf_fail_nomem(err);
  wf_status status = wf_parallel_for(lanes->n_workers, 1, lanes->n_workers, live, &t, err);
  conclude_rest(&t);
  wf_free(t.each);
  if (!t.ended && status == WF_OK) {
    t.status = t.failure;
    t.error = t.failure_error;
  }
  if (err && t.status != WF_OK) *err = t.error;
  return status != WF_OK ? status : t.status;
}
