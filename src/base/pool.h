/* base/pool.h — data parallelism over fixed blocks.
 *
 * The partition depends on `n` and `block` alone, never on the number of threads: whoever keeps one
 * partial result per block and combines them in block order gets the same bits with 1 or 8 threads.
 */
#ifndef WF_BASE_POOL_H
#define WF_BASE_POOL_H

#include "base/error.h"

#include <pthread.h>

/* Works on items [begin, end) of block number `index`; `worker` < n_threads names the thread, for
 * scratch memory. A failure stops the blocks not yet started. */
typedef wf_status wf_block_fn(void *context, size_t index, size_t begin, size_t end, size_t worker,
                              wf_error *err);

/* Runs `fn` over ceil(n / block) blocks on up to `n_threads` threads (0: wf_thread_count()) and
 * waits. The error reported is that of the lowest-numbered failed block. */
wf_status wf_parallel_for(size_t n, size_t block, size_t n_threads, wf_block_fn *fn, void *context,
                          wf_error *err);

/* Lets blocks that run at the same time do a part of their work in block order. Every block of a
 * wf_parallel_for waits for its turn and passes it on once; one that fails before closes the turns,
 * so that nobody waits for it. wf_parallel_for starts blocks in order, hence no block waits for one
 * that has not been started. */
typedef struct wf_turns {
  pthread_mutex_t lock;
  pthread_cond_t moved;
  size_t next;
  bool closed;
} wf_turns;
#define WF_TURNS_INIT \
  { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, false }

bool wf_turns_wait(wf_turns *turns, size_t index); /* false: closed, the turn will not come */
void wf_turns_pass(wf_turns *turns);
void wf_turns_close(wf_turns *turns);

/* CPUs this process may run on, at least 1. */
size_t wf_thread_count(void);

#endif
