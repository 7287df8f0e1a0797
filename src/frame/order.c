/* order.c — sorting and selecting on words.
 *
 * Sorting is least-significant-digit radix, a byte a pass, on (word, row) pairs; a pass whose byte
 * is the same in every word is skipped, so ranks and small integers take two or three passes. It is
 * stable, so that sorting by several columns is sorting by the last one first. Distinct texts are
 * ranked by a merge sort: there are few of them, as a rule. */
#include "frame/order.h"

#include "base/alloc.h"
#include "frame/keys.h"

#include <string.h>

/* ---- text ranks ------------------------------------------------------------------------------ */

static int compare_views(wf_view a, wf_view b) {
  size_t n = a.size < b.size ? a.size : b.size;
  int order = n ? memcmp(a.data, b.data, n) : 0;
  return order ? order : (a.size > b.size) - (a.size < b.size);
}

/* Sorts items by the texts they are the index of; `spare` is as long. */
static void merge_sort(size_t *items, size_t *spare, size_t n, const wf_view *texts) {
  if (n < 2) return;
  size_t half = n / 2, a = 0, b = half, k = 0;
  merge_sort(items, spare, half, texts);
  merge_sort(items + half, spare, n - half, texts);
  memcpy(spare, items, n * sizeof *items);
  while (a < half || b < n) {
    bool left = b == n || (a < half && compare_views(texts[spare[a]], texts[spare[b]]) <= 0);
    items[k++] = left ? spare[a++] : spare[b++];
  }
}

/* ranks[i] = how many of the texts are smaller than text i. */
static wf_status rank_texts(uint64_t *ranks, const wf_view *texts, size_t n, wf_error *err) {
  size_t *items = wf_alloc_array(n, sizeof *items);
  size_t *spare = wf_alloc_filled(n, sizeof *spare);
  wf_status status = items && spare ? WF_OK : wf_fail_nomem(err);
  if (status == WF_OK) {
    for (size_t i = 0; i < n; i++) items[i] = i;
    merge_sort(items, spare, n, texts);
    for (size_t i = 0; i < n; i++) ranks[items[i]] = i;
  }
  wf_free(items);
  wf_free(spare);
  return status;
}

/* Ranks the column's distinct texts through their key numbers. */
static wf_status order_texts(uint64_t *orders, const wf_column *column, wf_error *err) {
  size_t n = column->n_rows, n_keys = 0;
  size_t *ids = wf_alloc_filled(n, sizeof *ids);
  if (!ids) return wf_fail_nomem(err);
  wf_status status = wf_keys_number(ids, &n_keys, &column, 1, err);
  wf_view *texts = wf_alloc_zero(n_keys, sizeof *texts);
  uint64_t *ranks = wf_alloc_array(n_keys, sizeof *ranks);
  if (status == WF_OK && (!texts || !ranks)) status = wf_fail_nomem(err);
  if (status == WF_OK) {
    for (size_t i = 0; i < n; i++) {
      if (wf_column_present(column, i)) texts[ids[i]] = wf_column_text(column, i);
    }
    status = rank_texts(ranks, texts, n_keys, err);
  }
  for (size_t i = 0; status == WF_OK && i < n; i++) orders[i] = ranks[ids[i]];
  wf_free(ids);
  wf_free(texts);
  wf_free(ranks);
  return status;
}

wf_status wf_column_order(uint64_t *orders, const wf_column *column, wf_error *err) {
  enum { BLOCK = 256 };
  if (wf_type_is_text(column->type)) return order_texts(orders, column, err);
  for (size_t begin = 0; begin < column->n_rows; begin += BLOCK) {
    size_t n = column->n_rows - begin < BLOCK ? column->n_rows - begin : BLOCK;
    int64_t integers[BLOCK];
    double numbers[BLOCK];
    if (wf_type_is_integer(column->type)) {
      wf_column_load_i64(column, begin, n, integers);
      for (size_t i = 0; i < n; i++) orders[begin + i] = wf_order_i64(integers[i]);
    } else {
      wf_column_load_f64(column, begin, n, numbers);
      for (size_t i = 0; i < n; i++) orders[begin + i] = wf_order_f64(numbers[i]);
    }
  }
  return WF_OK;
}

/* ---- sorting --------------------------------------------------------------------------------- */

typedef struct pair {
  uint64_t order;
  size_t row;
} pair;

enum { DIGITS = sizeof(uint64_t), RADIX = 256 };

static void count_digits(size_t counts[DIGITS][RADIX], const pair *pairs, size_t n) {
  memset(counts, 0, DIGITS * sizeof *counts);
  for (size_t i = 0; i < n; i++) {
    for (unsigned d = 0; d < DIGITS; d++) counts[d][pairs[i].order >> (8 * d) & 0xff]++;
  }
}

static void radix_pass(pair *to, const pair *from, size_t n, unsigned digit,
                       const size_t counts[RADIX]) {
  size_t starts[RADIX], next = 0;
  for (size_t r = 0; r < RADIX; r++) {
    starts[r] = next;
    next += counts[r];
  }
  for (size_t i = 0; i < n; i++) to[starts[from[i].order >> (8 * digit) & 0xff]++] = from[i];
}

wf_status wf_sort_rows(size_t *rows, size_t n, const uint64_t *orders, wf_error *err) {
  if (n < 2) return WF_OK;
  size_t counts[DIGITS][RADIX];
  pair *pairs = wf_alloc_filled(n, sizeof *pairs), *spare = wf_alloc_filled(n, sizeof *spare);
  if (!pairs || !spare) {
    wf_free(pairs);
    wf_free(spare);
    return wf_fail_nomem(err);
  }
  for (size_t i = 0; i < n; i++) pairs[i] = (pair){orders[rows[i]], rows[i]};
  count_digits(counts, pairs, n);
  for (unsigned d = 0; d < DIGITS; d++) {
    if (counts[d][pairs[0].order >> (8 * d) & 0xff] == n) continue;
    radix_pass(spare, pairs, n, d, counts[d]);
    pair *sorted = spare;
    spare = pairs;
    pairs = sorted;
  }
  for (size_t i = 0; i < n; i++) rows[i] = pairs[i].row;
  wf_free(pairs);
  wf_free(spare);
  return WF_OK;
}

/* Numbers have no rows to take along, and mostly differ in all digits: fewer, wider ones. */
enum { WIDE_BITS = 11, WIDE_RADIX = 1 << WIDE_BITS, WIDE_DIGITS = 6 };

static size_t wide_digit(uint64_t word, unsigned digit) {
  return (size_t)(word >> (WIDE_BITS * digit)) & (WIDE_RADIX - 1);
}

/* Sorts by one digit, whose counts become where each goes on. */
static void wide_pass(uint64_t *to, const uint64_t *from, size_t n, unsigned digit,
                      size_t counts[WIDE_RADIX]) {
  size_t next = 0;
  for (size_t r = 0; r < WIDE_RADIX; r++) {
    size_t count = counts[r];
    counts[r] = next;
    next += count;
  }
  for (size_t i = 0; i < n; i++) to[counts[wide_digit(from[i], digit)]++] = from[i];
}

wf_status wf_sort_numbers(double *values, size_t n, wf_error *err) {
  if (n < 2) return WF_OK;
  size_t(*counts)[WIDE_RADIX] = wf_alloc_zero(WIDE_DIGITS, sizeof *counts);
  uint64_t *words = wf_alloc_filled(n, sizeof *words), *spare = wf_alloc_filled(n, sizeof *spare);
  wf_status status = counts && words && spare ? WF_OK : wf_fail_nomem(err);
  for (size_t i = 0; status == WF_OK && i < n; i++) {
    words[i] = wf_order_f64(values[i]);
    for (unsigned d = 0; d < WIDE_DIGITS; d++) counts[d][wide_digit(words[i], d)]++;
  }
  for (unsigned d = 0; status == WF_OK && d < WIDE_DIGITS; d++) {
    if (counts[d][wide_digit(words[0], d)] == n) continue;
    wide_pass(spare, words, n, d, counts[d]);
    uint64_t *sorted = spare;
    spare = words;
    words = sorted;
  }
  for (size_t i = 0; status == WF_OK && i < n; i++) values[i] = wf_order_to_f64(words[i]);
  wf_free(counts);
  wf_free(words);
  wf_free(spare);
  return status;
}

/* ---- selecting ------------------------------------------------------------------------------- */

static void swap(uint64_t *a, uint64_t *b) {
  uint64_t t = *a;
  *a = *b;
  *b = t;
}

static uint64_t middle_of(uint64_t a, uint64_t b, uint64_t c) {
  if (a > b) swap(&a, &b);
  return c <= a ? a : c >= b ? b : c;
}

/* Quickselect with three-way partition: many equal values are the rule, not the exception. */
void wf_select_order(uint64_t *orders, size_t n, size_t k) {
  size_t low = 0, high = n; /* [low, high) holds the k-th */
  while (high - low > 1) {
    size_t step = (high - low) / 4;
    uint64_t pivot = middle_of(orders[low + step], orders[low + 2 * step], orders[high - 1 - step]);
    size_t less = low, i = low, more = high;
    while (i < more) {
      if (orders[i] < pivot)
        swap(&orders[less++], &orders[i++]);
      else if (orders[i] > pivot)
        swap(&orders[i], &orders[--more]);
      else
        i++;
    }
    if (k < less)
      high = less;
    else if (k >= more)
      low = more;
    else
      return;
  }
}
