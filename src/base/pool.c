/* pool.c — fork-join parallelism: threads live for one call.
 *
 * Starting a thread costs about 20 µs, so callers give blocks worth much more than that, and one
 * block (or one thread) runs on the caller's own. Nothing stays behind: no mutable globals, nothing
 * for a host program to shut down, nothing lost across fork. Threads take block numbers from one
 * atomic counter; when a thread cannot be started, the others simply do more. */
#include "base/pool.h"

#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { MAX_THREADS = 64 };

typedef struct job {
  size_t n, block, n_blocks;
  wf_block_fn *fn;
  void *context;
  atomic_size_t next;
  pthread_mutex_t lock; /* guards the four below */
  bool failed;
  size_t failed_block;
  wf_status status;
  wf_error error;
} job;

typedef struct seat {
  job *job;
  size_t worker;
} seat;

static void note_failure(job *work, size_t index, wf_status status, const wf_error *error) {
  pthread_mutex_lock(&work->lock);
  if (!work->failed || index < work->failed_block) {
    work->failed = true;
    work->failed_block = index;
    work->status = status;
    work->error = *error;
  }
  pthread_mutex_unlock(&work->lock);
  atomic_store(&work->next, work->n_blocks);
}

static void *run_blocks(void *argument) {
  seat *mine = argument;
  job *work = mine->job;
  for (;;) {
    size_t index = atomic_fetch_add(&work->next, 1);
    if (index >= work->n_blocks) return NULL;
    size_t begin = index * work->block;
    size_t end = work->n - begin < work->block ? work->n : begin + work->block;
    wf_error error = WF_ERROR_INIT;
    wf_status status = work->fn(work->context, index, begin, end, mine->worker, &error);
    if (status != WF_OK) note_failure(work, index, status, &error);
  }
}

/* Worker threads must not take the host's signals. */
static bool start_thread(pthread_t *thread, seat *mine) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int failed = pthread_create(thread, NULL, run_blocks, mine);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return failed == 0;
}

wf_status wf_parallel_for(size_t n, size_t block, size_t n_threads, wf_block_fn *fn, void *context,
                          wf_error *err) {
  if (n == 0) return WF_OK;
  job work = {.n = n,
              .block = block,
              .n_blocks = (n - 1) / block + 1,
              .fn = fn,
              .context = context,
              .lock = PTHREAD_MUTEX_INITIALIZER};
  if (n_threads == 0) n_threads = wf_thread_count();
  if (n_threads > work.n_blocks) n_threads = work.n_blocks;
  if (n_threads > MAX_THREADS) n_threads = MAX_THREADS;
  pthread_t threads[MAX_THREADS];
  seat seats[MAX_THREADS];
  size_t started = 0;
  for (size_t i = 1; i < n_threads; i++) {
    seats[started] = (seat){&work, i};
    if (!start_thread(&threads[started], &seats[started])) break;
    started++;
  }
  run_blocks(&(seat){&work, 0});
  for (size_t i = 0; i < started; i++) pthread_join(threads[i], NULL);
  if (!work.failed) return WF_OK;
  if (err) *err = work.error;
  return work.status;
}

bool wf_turns_wait(wf_turns *turns, size_t index) {
  pthread_mutex_lock(&turns->lock);
  while (!turns->closed && turns->next != index) pthread_cond_wait(&turns->moved, &turns->lock);
  bool mine = !turns->closed;
  pthread_mutex_unlock(&turns->lock);
  return mine;
}

void wf_turns_pass(wf_turns *turns) {
  pthread_mutex_lock(&turns->lock);
  turns->next++;
  pthread_cond_broadcast(&turns->moved);
  pthread_mutex_unlock(&turns->lock);
}

void wf_turns_close(wf_turns *turns) {
  pthread_mutex_lock(&turns->lock);
  turns->closed = true;
  pthread_cond_broadcast(&turns->moved);
  pthread_mutex_unlock(&turns->lock);
}

/* WF_THREADS is how a worker process is told its share of the processors. */
size_t wf_thread_count(void) {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  int count = CPU_COUNT(&set);
  const char *given = getenv("WF_THREADS");
  long limit = given ? strtol(given, NULL, 10) : 0;
  if (limit > 0 && limit < count) count = (int)limit;
  return count > 0 ? (size_t)count : 1;
}
