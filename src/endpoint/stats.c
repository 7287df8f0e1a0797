/* stats.c — log-linear latency histogram.
 *
 * Bucket numbers are those of a float with three mantissa bits: values below 8 units have a bucket
 * each, every doubling above is cut into 8 equal parts. One unit is 256 ns; the last bucket begins
 * beyond a minute. */
#include "endpoint/stats.h"

#include "base/alloc.h"

#include <string.h>

enum { UNIT_BITS = 8, PART_BITS = 3 };

static size_t bucket_of(uint64_t ns) {
  uint64_t units = ns >> UNIT_BITS;
  if (units < 1u << PART_BITS) return (size_t)units;
  int exponent = 63 - __builtin_clzll(units);
  size_t part = (size_t)(units >> (exponent - PART_BITS)) & ((1u << PART_BITS) - 1);
  size_t bucket = ((size_t)(exponent - PART_BITS + 1) << PART_BITS) + part;
  return bucket < WF_STATS_BUCKETS ? bucket : WF_STATS_BUCKETS - 1;
}

/* The middle of a bucket. */
static double bucket_middle(size_t bucket) {
  double unit = (double)(1u << UNIT_BITS);
  if (bucket < 1u << PART_BITS) return ((double)bucket + 0.5) * unit;
  size_t exponent = (bucket >> PART_BITS) - 1, part = bucket & ((1u << PART_BITS) - 1);
  return ((double)((1u << PART_BITS) + part) + 0.5) * (double)(UINT64_C(1) << exponent) * unit;
}

wf_status wf_stats_new(wf_stats **out, size_t n_lanes, wf_error *err) {
  wf_stats *stats = wf_alloc_zero(1, sizeof *stats);
  size_t size;
  if (!stats || __builtin_mul_overflow(n_lanes, sizeof *stats->lanes, &size) ||
      !(stats->lanes = wf_alloc_aligned(size))) {
    wf_free(stats);
    return wf_fail_nomem(err);
  }
  memset(stats->lanes, 0, size); /* all-zero bits are zero counters */
  stats->n_holders = 1;
  stats->n_lanes = n_lanes;
  *out = stats;
  return WF_OK;
}

wf_stats *wf_stats_retain(wf_stats *stats) {
  stats->n_holders++;
  return stats;
}

void wf_stats_release(wf_stats *stats) {
  if (!stats || --stats->n_holders) return;
  wf_free(stats->lanes);
  wf_free(stats);
}

/* One writer per counter: a load and a store, no locked instruction. */
static void add(_Atomic uint64_t *counter, uint64_t n) {
  uint64_t before = atomic_load_explicit(counter, memory_order_relaxed);
  atomic_store_explicit(counter, before + n, memory_order_relaxed);
}

void wf_stats_add(wf_stats *stats, size_t lane, int status, size_t n_rows, int64_t elapsed_ns) {
  wf_stats_lane *l = &stats->lanes[lane];
  uint64_t ns = elapsed_ns > 0 ? (uint64_t)elapsed_ns : 0;
  if (status >= 500) {
    add(&l->n_failed, 1);
  } else if (status >= 400) {
    add(&l->n_refused, 1);
  } else {
    add(&l->n_requests, 1);
    add(&l->n_rows, n_rows);
    add(&l->total_ns, ns);
    add(&l->buckets[bucket_of(ns)], 1);
  }
}

static void sum_up(uint64_t *sum, const _Atomic uint64_t *counter) {
  *sum += atomic_load_explicit(counter, memory_order_relaxed);
}

void wf_stats_read(wf_stats_sum *out, const wf_stats *stats) {
  memset(out, 0, sizeof *out);
  for (size_t i = 0; i < stats->n_lanes; i++) {
    const wf_stats_lane *l = &stats->lanes[i];
    sum_up(&out->n_requests, &l->n_requests);
    sum_up(&out->n_rows, &l->n_rows);
    sum_up(&out->n_refused, &l->n_refused);
    sum_up(&out->n_failed, &l->n_failed);
    sum_up(&out->total_ns, &l->total_ns);
    for (size_t j = 0; j < WF_STATS_BUCKETS; j++) sum_up(&out->buckets[j], &l->buckets[j]);
  }
}

double wf_stats_quantile(const wf_stats_sum *sum, double q) {
  uint64_t total = 0, seen = 0;
  for (size_t i = 0; i < WF_STATS_BUCKETS; i++) total += sum->buckets[i];
  for (size_t i = 0; i < WF_STATS_BUCKETS; i++) {
    seen += sum->buckets[i];
    if (seen && (double)seen >= q * (double)total) return bucket_middle(i);
  }
  return 0;
}
