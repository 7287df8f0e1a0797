/* quantile.c — values of given rank, without sorting or copying the column.
 *
 * Values become words that compare as they do (frame/order.h). One pass counts the words by their
 * upper 16 bits, sign, exponent and four digits of a double: the counts say in which of these
 * buckets a rank falls and the how-manieth of it is wanted. A second pass collects the words of
 * just those buckets, in which the rank is selected. Each thread counts and collects its own range
 * of rows; selection does not depend on the order of what was collected.
 *
 * Quantiles are type 7 of Hyndman and Fan, "Sample quantiles in statistical packages", 1996:
 * position (n - 1) q between the sorted values. */
#include "frame/quantile.h"

#include "base/alloc.h"
#include "base/pool.h"
#include "frame/order.h"

#include <string.h>

enum { BUCKETS = 1 << 16, SHIFT = 48, BLOCK = 512, MOST_RANGES = 8, LEAST_RANGE = 1 << 16 };

/* A bucket of which words are collected. */
typedef struct wanted {
  size_t bucket;
  uint64_t *words;
  size_t n;
} wanted;

typedef struct selection {
  const wf_column *column;
  size_t n_ranges, range;      /* rows of a range, a multiple of BLOCK */
  uint32_t (*counts)[BUCKETS]; /* by range; then how many words precede it in its bucket */
  uint8_t *marks;              /* by bucket: 1 + its place in `list`, 0 when not wanted */
  wanted *list;
  size_t n_wanted;
} selection;

/* Orders of the present ones of rows [begin, begin + n), n <= BLOCK; how many. */
static size_t load_orders(uint64_t *orders, const wf_column *column, size_t begin, size_t n) {
  double room[BLOCK];
  const double *values = room;
  size_t k = 0;
  if (column->type == WF_F64)
    values = wf_column_f64(column) + begin;
  else
    wf_column_load_f64(column, begin, n, room);
  for (size_t i = 0; i < n; i++) orders[i] = wf_order_f64(values[i]);
  if (!column->validity) return n;
  const uint8_t *bits = column->validity->data + begin / 8;
  for (size_t i = 0; i < n; i++) {
    orders[k] = orders[i];
    k += bits[i >> 3] >> (i & 7) & 1;
  }
  return k;
}

static size_t end_of(const selection *s, size_t range) {
  size_t n = s->column->n_rows;
  return n - range * s->range < s->range ? n : (range + 1) * s->range;
}

static wf_status count_range(void *context, size_t index, size_t begin, size_t end, size_t worker,
                             wf_error *err) {
  selection *s = context;
  uint64_t orders[BLOCK];
  uint32_t *counts = s->counts[index];
  (void)begin, (void)worker, (void)err, (void)end;
  size_t last = end_of(s, index);
  for (size_t at = index * s->range; at < last; at += BLOCK) {
    size_t n = load_orders(orders, s->column, at, last - at < BLOCK ? last - at : BLOCK);
    for (size_t i = 0; i < n; i++) counts[orders[i] >> SHIFT]++;
  }
  return WF_OK;
}

static wf_status collect_range(void *context, size_t index, size_t begin, size_t end, size_t worker,
                               wf_error *err) {
  selection *s = context;
  uint64_t orders[BLOCK];
  uint32_t *next = s->counts[index];
  (void)begin, (void)worker, (void)err, (void)end;
  size_t last = end_of(s, index);
  for (size_t at = index * s->range; at < last; at += BLOCK) {
    size_t n = load_orders(orders, s->column, at, last - at < BLOCK ? last - at : BLOCK);
    for (size_t i = 0; i < n; i++) {
      size_t bucket = (size_t)(orders[i] >> SHIFT);
      if (!s->marks[bucket]) continue;
      s->list[s->marks[bucket] - 1].words[next[bucket]++] = orders[i];
    }
  }
  return WF_OK;
}

/* The bucket of a rank, which becomes the rank within it. */
static size_t bucket_of(const selection *s, size_t *rank) {
  for (size_t b = 0; b < BUCKETS; b++) {
    size_t n = 0;
    for (size_t r = 0; r < s->n_ranges; r++) n += s->counts[r][b];
    if (*rank < n) return b;
    *rank -= n;
  }
  return BUCKETS - 1;
}

static void want(selection *s, size_t bucket) {
  if (s->marks[bucket]) return;
  s->list[s->n_wanted] = (wanted){.bucket = bucket};
  s->marks[bucket] = (uint8_t)++s->n_wanted;
}

/* Room for the words of a bucket; its counts become the places where each range goes on. */
static wf_status make_room(selection *s, wanted *w, wf_error *err) {
  for (size_t r = 0; r < s->n_ranges; r++) {
    uint32_t count = s->counts[r][w->bucket];
    s->counts[r][w->bucket] = (uint32_t)w->n;
    w->n += count;
  }
  w->words = wf_alloc_filled(w->n, sizeof *w->words);
  return w->words ? WF_OK : wf_fail_nomem(err);
}

/* A rank as bucket and rank within. */
typedef struct place {
  size_t bucket, rank;
} place;

static double value_at(const selection *s, place p) {
  wanted *w = &s->list[s->marks[p.bucket] - 1];
  wf_select_order(w->words, w->n, p.rank);
  return wf_order_to_f64(w->words[p.rank]);
}

static double between(double low, double high, double share) {
  return high == low ? low : low + (high - low) * share;
}

/* The ranks of each share: places[2 i] and, where it lies between two, places[2 i + 1]. */
static wf_status select_all(double *out, selection *s, const double *shares, place *places,
                            size_t n, wf_error *err) {
  size_t n_present = s->column->n_rows - s->column->n_missing;
  for (size_t i = 0; i < 2 * n; i++) {
    size_t low = (size_t)((double)(n_present - 1) * shares[i / 2]);
    places[i].rank = low + i % 2 < n_present ? low + i % 2 : n_present - 1;
    places[i].bucket = bucket_of(s, &places[i].rank);
  }
  for (size_t i = 0; i < 2 * n; i++) want(s, places[i].bucket);
  for (size_t i = 0; i < s->n_wanted; i++) WF_TRY(make_room(s, &s->list[i], err));
  WF_TRY(wf_parallel_for(s->n_ranges, 1, s->n_ranges, collect_range, s, err));
  for (size_t i = 0; i < n; i++) {
    double position = (double)(n_present - 1) * shares[i];
    double share = position - (double)(size_t)position, low = value_at(s, places[2 * i]);
    out[i] = share > 0 ? between(low, value_at(s, places[2 * i + 1]), share) : low;
  }
  return WF_OK;
}

static wf_status select_in_column(double *out, const wf_column *column, const double *shares,
                                  size_t n, wf_error *err) {
  size_t n_ranges = column->n_rows / LEAST_RANGE, most = wf_thread_count();
  if (most > MOST_RANGES) most = MOST_RANGES;
  if (n_ranges > most) n_ranges = most;
  if (n_ranges == 0) n_ranges = 1;
  size_t blocks = (column->n_rows + BLOCK - 1) / BLOCK;
  selection s = {.column = column,
                 .n_ranges = n_ranges,
                 .range = (blocks + n_ranges - 1) / n_ranges * BLOCK,
                 .counts = wf_alloc_zero(n_ranges, sizeof *s.counts),
                 .marks = wf_alloc_zero(BUCKETS, 1),
                 .list = wf_alloc_zero(n, 2 * sizeof *s.list)};
  place *places = wf_alloc_array(n, 2 * sizeof *places);
  wf_status status = s.counts && s.marks && s.list && places ? WF_OK : wf_fail_nomem(err);
  if (status == WF_OK) status = wf_parallel_for(n_ranges, 1, n_ranges, count_range, &s, err);
  if (status == WF_OK) status = select_all(out, &s, shares, places, n, err);
  for (size_t i = 0; i < s.n_wanted; i++) wf_free(s.list[i].words);
  wf_free(s.counts);
  wf_free(s.marks);
  wf_free(s.list);
  wf_free(places);
  return status;
}

double wf_orders_quantile(uint64_t *orders, size_t n, double share) {
  double position = (double)(n - 1) * share;
  size_t at = (size_t)position;
  double rest = position - (double)at;
  wf_select_order(orders, n, at);
  double low = wf_order_to_f64(orders[at]);
  if (rest <= 0 || at + 1 >= n) return low;
  wf_select_order(orders + at + 1, n - at - 1, 0);
  return between(low, wf_order_to_f64(orders[at + 1]), rest);
}

/* Few values are copied: counting by 16 bits costs more than that. */
static wf_status select_in_copy(double *out, const wf_column *column, const double *shares,
                                size_t n, wf_error *err) {
  uint64_t *orders = wf_alloc_array(column->n_rows + BLOCK, sizeof *orders);
  if (!orders) return wf_fail_nomem(err);
  size_t k = 0;
  for (size_t at = 0; at < column->n_rows; at += BLOCK) {
    k += load_orders(orders + k, column, at,
                     column->n_rows - at < BLOCK ? column->n_rows - at : BLOCK);
  }
  for (size_t i = 0; i < n; i++) out[i] = wf_orders_quantile(orders, k, shares[i]);
  wf_free(orders);
  return WF_OK;
}

wf_status wf_column_quantiles(double *out, const wf_column *column, const double *shares, size_t n,
                              wf_error *err) {
  enum { FEW = 1 << 15, MOST_SHARES = 64, MOST_ROWS = UINT32_MAX };
  if (column->n_rows <= FEW || n > MOST_SHARES || column->n_rows > MOST_ROWS) {
    return select_in_copy(out, column, shares, n, err);
  }
  return select_in_column(out, column, shares, n, err);
}
