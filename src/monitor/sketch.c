/* sketch.c — KLL quantile sketches.
 *
 * Items of level l weigh 2^l; the weights always sum to the number of values. A level that is full
 * is sorted and every second item moves up, doubling its weight; with an odd number of items one
 * stays behind. The capacity of levels falls by 2/3 from the top down, so that a sketch of n values
 * holds O(k) items on O(log(n / k)) levels. Whether the odd or the even items move alternates from
 * one compaction of a level to the next, which keeps the error of two neighbouring compactions from
 * adding up and makes the result a function of the input alone. */
#include "wf/monitor.h"

#include "base/alloc.h"
#include "base/error.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LEAST_K = 8, MOST_K = 65535, MOST_LEVELS = 50, LEAST_CAPACITY = 8 };

typedef struct level {
  double *items;
  size_t n, size;
  bool odd; /* which items move up next */
} level;

struct wf_sketch {
  size_t k, n_levels;
  double count;
  level levels[MOST_LEVELS];
};

wf_status wf_sketch_new(wf_sketch **out, size_t k, wf_error *err) {
  if (k < LEAST_K || k > MOST_K) {
    return wf_fail(err, WF_INVALID, "a sketch of size %zu; sizes are %d to %d", k, LEAST_K, MOST_K);
  }
  wf_sketch *sketch = wf_alloc_zero(1, sizeof *sketch);
  if (!sketch) return wf_fail_nomem(err);
  sketch->k = k;
  sketch->n_levels = 1;
  *out = sketch;
  return WF_OK;
}

void wf_sketch_free(wf_sketch *sketch) {
  if (!sketch) return;
  for (size_t l = 0; l < MOST_LEVELS; l++) wf_free(sketch->levels[l].items);
  wf_free(sketch);
}

static size_t capacity_of(const wf_sketch *s, size_t at) {
  double capacity = (double)s->k;
  for (size_t l = at + 1; l < s->n_levels; l++) capacity *= 2.0 / 3.0;
  return capacity < LEAST_CAPACITY ? LEAST_CAPACITY : (size_t)capacity;
}

static wf_status reserve(level *l, size_t more, wf_error *err) {
  if (l->size - l->n >= more) return WF_OK;
  size_t size = l->n + more + l->size / 2;
  double *items = wf_realloc_array(l->items, size, sizeof *items);
  if (!items) return wf_fail_nomem(err);
  l->items = items;
  l->size = size;
  return WF_OK;
}

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Half of the items of a level move up. Nothing changes when memory is out. */
static wf_status compact(wf_sketch *s, size_t at, wf_error *err) {
  if (at + 1 == MOST_LEVELS) return wf_fail(err, WF_LIMIT, "a sketch of more than 2^50 values");
  level *from = &s->levels[at], *to = &s->levels[at + 1];
  WF_TRY(reserve(to, from->n / 2, err));
  if (at + 1 == s->n_levels) s->n_levels++;
  qsort(from->items, from->n, sizeof *from->items, by_value);
  size_t left = from->n % 2;
  for (size_t i = left + from->odd; i < from->n; i += 2) to->items[to->n++] = from->items[i];
  from->odd = !from->odd;
  from->n = left;
  return WF_OK;
}

/* Every level within its capacity; a level added by a compaction shrinks those below. */
static wf_status compact_all(wf_sketch *s, wf_error *err) {
  for (size_t l = 0; l < s->n_levels; l++) {
    if (s->levels[l].n > capacity_of(s, l)) {
      size_t levels = s->n_levels;
      WF_TRY(compact(s, l, err));
      if (s->n_levels > levels) l = (size_t)-1;
    }
  }
  return WF_OK;
}

static wf_status check_finite(const double *values, size_t n, wf_error *err) {
  for (size_t i = 0; i < n; i++) {
    if (!isfinite(values[i])) {
      return wf_fail(err, WF_INVALID, "row %zu: %g is not a finite number", i + 1, values[i]);
    }
  }
  return WF_OK;
}

wf_status wf_sketch_restore(wf_sketch *s, size_t at, const double *items, size_t n, wf_error *err) {
  if (at >= MOST_LEVELS) return wf_fail(err, WF_LIMIT, "a sketch has no level %zu", at);
  WF_TRY(check_finite(items, n, err));
  WF_TRY(reserve(&s->levels[at], n, err));
  if (n) memcpy(s->levels[at].items + s->levels[at].n, items, n * sizeof *items);
  s->levels[at].n += n;
  s->count += ldexp((double)n, (int)at);
  if (at >= s->n_levels) s->n_levels = at + 1;
  return compact_all(s, err);
}

wf_status wf_sketch_add(wf_sketch *s, const double *values, size_t n, wf_error *err) {
  WF_TRY(check_finite(values, n, err));
  while (n) {
    level *bottom = &s->levels[0];
    size_t room = capacity_of(s, 0) + 1 - bottom->n, part = n < room ? n : room;
    WF_TRY(reserve(bottom, part, err));
    memcpy(bottom->items + bottom->n, values, part * sizeof *values);
    bottom->n += part;
    s->count += (double)part;
    values += part;
    n -= part;
    WF_TRY(compact_all(s, err));
  }
  return WF_OK;
}

wf_status wf_sketch_merge(wf_sketch *s, const wf_sketch *other, wf_error *err) {
  for (size_t l = 0; l < other->n_levels; l++) {
    WF_TRY(wf_sketch_restore(s, l, other->levels[l].items, other->levels[l].n, err));
  }
  return WF_OK;
}

size_t wf_sketch_k(const wf_sketch *s) { return s->k; }

double wf_sketch_count(const wf_sketch *s) { return s->count; }

size_t wf_sketch_level_count(const wf_sketch *s) { return s->n_levels; }

const double *wf_sketch_level(const wf_sketch *s, size_t at, size_t *n) {
  *n = at < s->n_levels ? s->levels[at].n : 0;
  return *n ? s->levels[at].items : NULL;
}

/* --- as a distribution ----------------------------------------------------------------------- */

typedef struct weighted {
  double value, weight;
} weighted;

static size_t gather(weighted *items, const wf_sketch *s) {
  size_t n = 0;
  for (size_t l = 0; l < s->n_levels; l++) {
    for (size_t i = 0; i < s->levels[l].n; i++) {
      items[n++] = (weighted){s->levels[l].items[i], ldexp(1, (int)l)};
    }
  }
  qsort(items, n, sizeof *items, by_value); /* the value comes first in a struct */
  return n;
}

wf_status wf_ranks_of(wf_ranks *out, const wf_sketch *s, wf_error *err) {
  size_t n = 0;
  for (size_t l = 0; l < s->n_levels; l++) n += s->levels[l].n;
  weighted *items = wf_alloc_array(n, sizeof *items);
  wf_ranks ranks = {wf_alloc_array(n, sizeof(double)), wf_alloc_array(n, sizeof(double)), 0};
  if (!items || !ranks.values || !ranks.at_most) {
    wf_free(items);
    wf_ranks_clear(&ranks);
    return wf_fail_nomem(err);
  }
  gather(items, s);
  double sum = 0;
  for (size_t i = 0; i < n; i++) {
    sum += items[i].weight;
    if (i + 1 < n && items[i + 1].value == items[i].value) continue;
    ranks.values[ranks.n] = items[i].value;
    ranks.at_most[ranks.n++] = sum;
  }
  wf_free(items);
  *out = ranks;
  return WF_OK;
}

void wf_ranks_clear(wf_ranks *ranks) {
  wf_free(ranks->values);
  wf_free(ranks->at_most);
  *ranks = (wf_ranks){NULL, NULL, 0};
}

double wf_ranks_at_most(const wf_ranks *r, double x) {
  size_t low = 0, high = r->n;
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (r->values[middle] <= x) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low ? r->at_most[low - 1] : 0;
}

double wf_ranks_quantile(const wf_ranks *r, double q) {
  if (r->n == 0) return (double)NAN;
  double wanted = q * r->at_most[r->n - 1];
  size_t at = 0;
  while (at + 1 < r->n && r->at_most[at] < wanted) at++;
  return r->values[at];
}
