/* sketch.c — quantile summaries with XGBoost's rounding.
 *
 * XGBoost cuts bins at quantiles that it finds with a streaming summary (a weighted variant of
 * Greenwald & Khanna 2001, described in the appendix of Chen & Guestrin 2016): rows go into a
 * buffer; a full buffer is sorted into a summary of at most `limit` entries; summaries are merged
 * in pairs, level by level, and pruned again. It does so for every column, however few values it
 * has, and that takes most of the time before the first tree. What is cut off where decides the
 * bins, so here are the same steps on the same numbers, but for two things:
 *
 * - A column with no more different values than `limit` is never pruned on the way, so its summary
 *   is known by counting the values. Most columns are of that kind, and one look at each row does.
 * - Buffers are sorted by radix.
 *
 * Ranks are floats, as there. They are whole numbers below 2^24 without weights, so that sums of
 * them are exact in any order; with weights the order would matter, and with more values than bins
 * the caller is told so. */
#include "xgboost/sketch.h"

#include "base/alloc.h"
#include "xgboost/radix.h"

#include <math.h>
#include <string.h>

enum { FACTOR = 8 }; /* a summary has so many entries a bin before the last pruning */

/* Below it every whole number is a float. */
enum { EXACT = 1 << 24 };

/* A value, and between which ranks its rows lie. */
typedef struct entry {
  float low, high; /* weight of what is less for sure; of what may be less or equal */
  float weight;    /* of the value itself, for sure */
  float value;
} entry;

static float below_next(const entry *e) { return e->low + e->weight; }
static float above_last(const entry *e) { return e->high - e->weight; }

/* ---- summaries ----------------------------------------------------------------------------------
 */

/* At most `limit` of the entries: the first, the last, and those nearest to evenly spaced ranks. */
static size_t prune(entry *to, const entry *from, size_t n, size_t limit) {
  if (n <= limit) {
    memcpy(to, from, n * sizeof *to);
    return n;
  }
  float begin = from[0].high, range = from[n - 1].low - from[0].high;
  size_t size = 0, i = 1, last = 0, steps = limit - 1;
  to[size++] = from[0];
  for (size_t k = 1; k < steps; k++) {
    float twice = 2 * ((float)k * range / (float)steps + begin);
    while (i < n - 1 && twice >= from[i + 1].high + from[i + 1].low) i++;
    if (i == n - 1) break;
    size_t chosen = twice < below_next(&from[i]) + above_last(&from[i + 1]) ? i : i + 1;
    if (chosen == last) continue;
    to[size++] = from[chosen];
    last = chosen;
  }
  if (last != n - 1) to[size++] = from[n - 1];
  return size;
}

/* An entry of one summary where the other has no such value: `less` comes from before it there. */
static entry between(const entry *e, float less, const entry *next, const entry *end) {
  float most = next == end ? end[-1].high : above_last(next);
  return (entry){e->low + less, e->high + most, e->weight, e->value};
}

/* Of exact ranks the merged ones are in order; nothing needs to be mended. */
static size_t merge(entry *to, const entry *a, size_t n_a, const entry *b, size_t n_b) {
  const entry *a_end = a + n_a, *b_end = b + n_b;
  entry *at = to;
  float a_less = 0, b_less = 0;
  while (a != a_end || b != b_end) {
    bool use_a = b == b_end || (a != a_end && a->value <= b->value);
    bool use_b = a == a_end || (b != b_end && b->value <= a->value);
    if (use_a && use_b) {
      *at++ = (entry){a->low + b->low, a->high + b->high, a->weight + b->weight, a->value};
    } else {
      *at++ = use_a ? between(a, b_less, b, b_end) : between(b, a_less, a, a_end);
    }
    if (use_a) a_less = below_next(a++);
    if (use_b) b_less = below_next(b++);
  }
  return (size_t)(at - to);
}

/* How many entries XGBoost keeps on the way, for a column of n values. */
static size_t limit_of(size_t n, size_t max_bin) {
  size_t bins = max_bin < n ? max_bin : n, limit;
  double error = 1.0 / (double)((float)bins * (float)FACTOR);
  for (size_t level = 1;; level++) {
    limit = (size_t)ceil((double)level / error) + 1;
    if (limit > n) limit = n;
    if (limit << level >= n) return limit;
  }
}

/* The two prunings at the end, and what is left of the entries. */
static size_t conclude(float *out, entry *entries, entry *spare, size_t n, size_t n_values,
                       size_t max_bin) {
  size_t many = max_bin * FACTOR < n_values ? max_bin * FACTOR : n_values;
  size_t bins = many < max_bin ? many : max_bin;
  n = prune(spare, entries, n, many);
  n = prune(entries, spare, n, bins + 1);
  for (size_t i = 0; i < n; i++) out[i] = entries[i].value;
  return n;
}

/* ---- sorting ------------------------------------------------------------------------------------
 */

/* Values by their ascending keys, and how many rows have each. */
typedef struct sorter {
  wf_xgb_ranked *items, *spare;
  uint32_t *counts;
} sorter;

static void dispose_sorter(sorter *s) {
  wf_free(s->items);
  wf_free(s->counts);
}

static wf_status make_sorter(sorter *s, size_t room, wf_error *err) {
  s->items = wf_alloc_array(room, 2 * sizeof *s->items);
  s->spare = s->items ? s->items + room : NULL;
  s->counts = wf_alloc_array(WF_XGB_RADIX_COUNTS, sizeof *s->counts);
  if (s->items && s->counts) return WF_OK;
  dispose_sorter(s);
  return wf_fail_nomem(err);
}

static wf_xgb_ranked item_of(float value, uint32_t count) {
  return (wf_xgb_ranked)(uint32_t)~wf_xgb_key(value) << 32 | count;
}

static float value_of(wf_xgb_ranked item) {
  const uint32_t sign = (uint32_t)1 << 31;
  uint32_t key = ~(uint32_t)(item >> 32), bits = key & sign ? key : key ^ (sign - 1);
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/* The summary of the sorter's n items, equal ones as one. */
static size_t summarise(entry *to, const sorter *s, size_t n) {
  uint32_t differ = 0;
  for (size_t i = 1; i < n; i++) differ |= (uint32_t)((s->items[i] ^ s->items[0]) >> 32);
  const wf_xgb_ranked *sorted = wf_xgb_radix_sort(s->items, s->spare, n, differ, s->counts);
  size_t size = 0;
  float less = 0;
  for (size_t i = 0; i < n;) {
    uint32_t count = 0;
    size_t first = i;
    for (; i < n && sorted[i] >> 32 == sorted[first] >> 32; i++) count += (uint32_t)sorted[i];
    to[size++] = (entry){less, less + (float)count, (float)count, value_of(sorted[first])};
    less += (float)count;
  }
  return size;
}

/* ---- few values: counting -----------------------------------------------------------------------
 */

/* Open addressing; a NaN marks what is empty. */
enum { TABLE_BITS = 14, TABLE = 1 << TABLE_BITS, FEW = TABLE / 2 };

#define EMPTY UINT32_MAX

typedef struct counted {
  uint32_t *keys, *counts; /* TABLE each */
  size_t n;                /* different values, at most FEW */
  size_t n_values;         /* not missing, weight or not */
  bool complete;           /* there are no more than FEW */
} counted;

static float value_at(const wf_xgb_column *column, size_t i) {
  return column->values[column->rows ? (size_t)column->rows[i] : i];
}

static size_t find_slot(const counted *c, uint32_t bits) {
  size_t slot = (size_t)(bits * 2654435769u) >> (32 - TABLE_BITS);
  while (c->keys[slot] != bits && c->keys[slot] != EMPTY) slot = (slot + 1) % TABLE;
  return slot;
}

/* Zeros of both signs are two values here. XGBoost passes over rows without weight. */
static void count_values(counted *c, const wf_xgb_column *column) {
  memset(c->keys, 0xff, TABLE * sizeof *c->keys);
  memset(c->counts, 0, TABLE * sizeof *c->counts);
  for (size_t i = 0; i < column->n_rows; i++) {
    float value = value_at(column, i);
    uint32_t bits;
    if (isnan(value)) continue;
    c->n_values++;
    if (column->weights && column->weights[i] == 0) continue;
    memcpy(&bits, &value, sizeof bits);
    size_t slot = find_slot(c, bits);
    if (c->counts[slot]++ > 0) continue;
    if (c->n == FEW) return;
    c->keys[slot] = bits;
    c->n++;
  }
  c->complete = true;
}

static bool has_value(const counted *c, float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return c->keys[find_slot(c, bits)] == bits;
}

/* The only zeros of a column may be negative, which a key does not tell. */
static void keep_zero(float *values, size_t n, const counted *c) {
  for (size_t i = 0; i < n; i++) {
    if (values[i] == 0 && has_value(c, -0.0f)) values[i] = -0.0f;
  }
}

static wf_status sketch_counted(float *out, size_t *n, const counted *c, size_t max_bin,
                                wf_error *err) {
  sorter s;
  size_t used = 0;
  WF_TRY(make_sorter(&s, c->n, err));
  entry *entries = wf_alloc_array(c->n, 2 * sizeof *entries);
  if (!entries) {
    dispose_sorter(&s);
    return wf_fail_nomem(err);
  }
  for (size_t slot = 0; slot < TABLE; slot++) {
    float value;
    if (c->keys[slot] == EMPTY) continue;
    memcpy(&value, &c->keys[slot], sizeof value);
    s.items[used++] = item_of(value, c->counts[slot]);
  }
  size_t size = summarise(entries, &s, c->n);
  *n = conclude(out, entries, entries + c->n, size, c->n_values, max_bin);
  keep_zero(out, *n, c);
  wf_free(entries);
  dispose_sorter(&s);
  return WF_OK;
}

/* ---- many values: a buffer and levels -----------------------------------------------------------
 */

/* 2^24 rows need fewer. */
enum { MOST_LEVELS = 26 };

typedef struct stream {
  size_t limit;
  sorter buffer; /* 2 x limit */
  size_t n_buffer;
  float last;          /* in the buffer, when there is anything */
  entry *temp, *other; /* 2 x limit each */
  entry *levels;       /* limit each; level 0 is scratch */
  size_t sizes[MOST_LEVELS], n_levels;
} stream;

static entry *level_at(const stream *s, size_t level) { return s->levels + level * s->limit; }

static void dispose_stream(stream *s) {
  dispose_sorter(&s->buffer);
  wf_free(s->temp);
  wf_free(s->levels);
}

static wf_status add_level(stream *s, wf_error *err) {
  entry *levels = wf_realloc_array(s->levels, (s->n_levels + 1) * s->limit, sizeof *levels);
  if (!levels) return wf_fail_nomem(err);
  s->levels = levels;
  s->sizes[s->n_levels++] = 0;
  return WF_OK;
}

static wf_status make_stream(stream *s, size_t limit, wf_error *err) {
  s->limit = limit;
  WF_TRY(make_sorter(&s->buffer, 2 * limit, err));
  s->temp = wf_alloc_array(4 * limit, sizeof *s->temp);
  s->other = s->temp ? s->temp + 2 * limit : NULL;
  wf_status status = s->temp ? add_level(s, err) : wf_fail_nomem(err);
  if (status != WF_OK) dispose_stream(s);
  return status;
}

/* The buffer becomes a summary on the lowest level that is free, together with those below. */
static wf_status push_up(stream *s, wf_error *err) {
  size_t n = summarise(s->temp, &s->buffer, s->n_buffer);
  s->n_buffer = 0;
  for (size_t level = 1;; level++) {
    while (s->n_levels <= level) WF_TRY(add_level(s, err));
    entry *mine = level_at(s, level);
    if (s->sizes[level] == 0) {
      s->sizes[level] = prune(mine, s->temp, n, s->limit);
      return WF_OK;
    }
    size_t size = prune(level_at(s, 0), s->temp, n, s->limit);
    n = merge(s->temp, level_at(s, 0), size, mine, s->sizes[level]);
    s->sizes[level] = 0;
    if (n > s->limit) continue;
    memcpy(mine, s->temp, n * sizeof *mine);
    s->sizes[level] = n;
    return WF_OK;
  }
}

/* Equal values in a row share a place in the buffer. */
static wf_status push_rows(stream *s, const wf_xgb_column *column, wf_error *err) {
  for (size_t i = 0; i < column->n_rows; i++) {
    float value = value_at(column, i);
    if (isnan(value)) continue;
    if (s->n_buffer > 0 && value == s->last) {
      s->buffer.items[s->n_buffer - 1]++;
      continue;
    }
    if (s->n_buffer == 2 * s->limit) WF_TRY(push_up(s, err));
    s->buffer.items[s->n_buffer++] = item_of(value, 1);
    s->last = value;
  }
  return WF_OK;
}

/* Everything in one summary; in temp. */
static size_t collapse(stream *s) {
  size_t n = summarise(s->temp, &s->buffer, s->n_buffer);
  if (s->n_levels == 1) {
    n = prune(s->other, s->temp, n, s->limit);
    memcpy(s->temp, s->other, n * sizeof *s->temp);
    return n;
  }
  entry *all = level_at(s, 0);
  n = prune(all, s->temp, n, s->limit);
  for (size_t level = 1; level < s->n_levels; level++) {
    if (s->sizes[level] == 0) continue;
    size_t merged = merge(s->temp, all, n, level_at(s, level), s->sizes[level]);
    n = prune(all, s->temp, merged, s->limit);
  }
  memcpy(s->temp, all, n * sizeof *s->temp);
  return n;
}

static wf_status sketch_stream(float *out, size_t *n, const wf_xgb_column *column, size_t n_values,
                               size_t max_bin, wf_error *err) {
  stream s = {0};
  WF_TRY(make_stream(&s, limit_of(n_values, max_bin), err));
  wf_status status = push_rows(&s, column, err);
  if (status == WF_OK) {
    size_t size = collapse(&s);
    *n = conclude(out, s.temp, s.other, size, n_values, max_bin);
  }
  dispose_stream(&s);
  return status;
}

/* ---- both ---------------------------------------------------------------------------------------
 */

/* Whether any are negative zeros and any are positive ones, and how many there are. */
static size_t look_at_all(const wf_xgb_column *column, bool zeros[2]) {
  size_t n = 0;
  for (size_t i = 0; i < column->n_rows; i++) {
    float value = value_at(column, i);
    if (isnan(value)) continue;
    if (value == 0) zeros[signbit(value) != 0] = true;
    n++;
  }
  return n;
}

static wf_status sketch_many(float *out, size_t *n, bool *known, const wf_xgb_column *column,
                             size_t max_bin, wf_error *err) {
  bool zeros[2] = {false, false};
  size_t n_values = look_at_all(column, zeros);
  *known = !column->weights && n_values < EXACT && !zeros[1];
  return *known ? sketch_stream(out, n, column, n_values, max_bin, err) : WF_OK;
}

static wf_status sketch_few(float *out, size_t *n, bool *known, const counted *c,
                            const wf_xgb_column *column, size_t max_bin, wf_error *err) {
  *known = !(has_value(c, -0.0f) && has_value(c, 0.0f));
  if (c->n > max_bin + 1) *known &= !column->weights && c->n_values < EXACT;
  if (c->n == 0) *known &= c->n_values == 0; /* all of it weighs nothing */
  *n = 0;
  return *known && c->n > 0 ? sketch_counted(out, n, c, max_bin, err) : WF_OK;
}

wf_status wf_xgb_sketch(float *out, size_t *n, bool *known, const wf_xgb_column *column,
                        size_t max_bin, wf_error *err) {
  counted c = {.keys = wf_alloc_array(TABLE, sizeof *c.keys),
               .counts = wf_alloc_array(TABLE, sizeof *c.counts)};
  wf_status status = WF_OK;
  if (c.keys && c.counts) {
    count_values(&c, column);
    status = c.complete && (c.n <= max_bin + 1 || c.n <= limit_of(c.n_values, max_bin))
                 ? sketch_few(out, n, known, &c, column, max_bin, err)
                 : sketch_many(out, n, known, column, max_bin, err);
  } else {
    status = wf_fail_nomem(err);
  }
  wf_free(c.keys);
  wf_free(c.counts);
  return status;
}
