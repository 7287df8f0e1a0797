/* endpoint/stats.h — what an endpoint has answered: counts and latencies, without locks.
 *
 * Each worker writes a lane of its own, so counting costs no shared cache line; readers add the
 * lanes up. Latencies go to buckets an eighth of a doubling wide: a quantile is right to 12 %. */
#ifndef WF_ENDPOINT_STATS_H
#define WF_ENDPOINT_STATS_H

#include "base/error.h"

#include <stdatomic.h>

enum { WF_STATS_BUCKETS = 216 };

typedef struct wf_stats_lane {
  _Alignas(64) _Atomic uint64_t n_requests; /* answered with predictions */
  _Atomic uint64_t n_rows, n_refused, n_failed, total_ns;
  _Atomic uint64_t buckets[WF_STATS_BUCKETS];
} wf_stats_lane;

typedef struct wf_stats {
  size_t n_holders; /* counted by the one thread that builds snapshots */
  size_t n_lanes;
  wf_stats_lane *lanes;
} wf_stats;

wf_status wf_stats_new(wf_stats **out, size_t n_lanes, wf_error *err);
wf_stats *wf_stats_retain(wf_stats *stats);
void wf_stats_release(wf_stats *stats);

/* From the lane's worker only. `status` is the response's: 200, 4xx or 5xx. */
void wf_stats_add(wf_stats *stats, size_t lane, int status, size_t n_rows, int64_t elapsed_ns);

typedef struct wf_stats_sum {
  uint64_t n_requests, n_rows, n_refused, n_failed, total_ns, buckets[WF_STATS_BUCKETS];
} wf_stats_sum;

void wf_stats_read(wf_stats_sum *out, const wf_stats *stats);
/* Nanoseconds that the fraction `q` of the answers did not exceed; 0 without answers. */
double wf_stats_quantile(const wf_stats_sum *sum, double q);

#endif
