/* distinct.c — how many values a column has.
 *
 * A count needs no numbers, so nothing is kept by row. Integers that lie close together are bits of
 * a map, codes of a category too. Else values are dealt to 256 parts by their hash first, so that
 * the hash table of each part stays in the cache. A text is a hash and its row; equal hashes are
 * compared as texts. */
#include "frame/distinct.h"

#include "base/alloc.h"
#include "base/map.h"

#include <math.h>
#include <string.h>

enum { PARTS = 256, BLOCK = 512 };

/* A value, or the hash of a text and its row. */
typedef struct item {
  uint64_t word;
  size_t row;
} item;

static uint64_t mix(uint64_t word) {
  uint64_t hash = word * 0x9e3779b97f4a7c15u;
  return hash ^ hash >> 32;
}

static size_t part_of(uint64_t word) { return (size_t)(mix(word) & (PARTS - 1)); }

/* ---- words ----------------------------------------------------------------------------------- */

static uint64_t float_word(double value) {
  uint64_t word;
  if (isnan(value)) return INT64_MAX;
  value += 0.0; /* -0 becomes 0 */
  memcpy(&word, &value, sizeof word);
  return word;
}

/* Words of the present ones of rows [begin, begin + n); how many. */
static size_t load_words(uint64_t words[BLOCK], const wf_column *column, size_t begin, size_t n) {
  if (wf_type_is_integer(column->type)) {
    int64_t integers[BLOCK];
    wf_column_load_i64(column, begin, n, integers);
    memcpy(words, integers, n * sizeof *words);
  } else {
    double numbers[BLOCK];
    wf_column_load_f64(column, begin, n, numbers);
    for (size_t i = 0; i < n; i++) words[i] = float_word(numbers[i]);
  }
  if (!column->validity) return n;
  size_t k = 0;
  for (size_t i = 0; i < n; i++) {
    words[k] = words[i];
    k += wf_column_present(column, begin + i);
  }
  return k;
}

/* Clears *fits when the values span more than a few bits a row. */
static wf_status count_bits(size_t *out, bool *fits, const wf_column *column, wf_error *err) {
  uint64_t words[BLOCK];
  int64_t low = INT64_MAX, high = INT64_MIN;
  for (size_t begin = 0; begin < column->n_rows; begin += BLOCK) {
    size_t n = load_words(words, column, begin, wf_column_rows_from(column, begin, BLOCK));
    for (size_t i = 0; i < n; i++) {
      int64_t value = (int64_t)words[i];
      low = value < low ? value : low;
      high = value > high ? value : high;
    }
  }
  uint64_t span = low > high ? 0 : (uint64_t)high - (uint64_t)low;
  *fits = span / 64 <= column->n_rows;
  if (!*fits) return WF_OK;
  uint8_t *bits = wf_alloc_zero(span / 8 + 1, 1);
  if (!bits) return wf_fail_nomem(err);
  for (size_t begin = 0; begin < column->n_rows; begin += BLOCK) {
    size_t n = load_words(words, column, begin, wf_column_rows_from(column, begin, BLOCK));
    for (size_t i = 0; i < n; i++) wf_bit_set(bits, words[i] - (uint64_t)low);
  }
  *out = wf_bitmap_count(bits, span + 1);
  wf_free(bits);
  return WF_OK;
}

/* Where each part begins, from the counts of parts; the last is their sum. */
static void find_starts(size_t starts[PARTS + 1]) {
  size_t next = 0;
  for (size_t p = 0; p <= PARTS; p++) {
    size_t count = p < PARTS ? starts[p] : 0;
    starts[p] = next;
    next += count;
  }
}

static size_t slots_for(size_t n) {
  size_t n_slots = 16;
  while (n_slots < 2 * n) n_slots *= 2;
  return n_slots;
}

static size_t largest_part(const size_t starts[PARTS + 1]) {
  size_t most = 0;
  for (size_t p = 0; p < PARTS; p++) {
    if (starts[p + 1] - starts[p] > most) most = starts[p + 1] - starts[p];
  }
  return most;
}

/* 0 marks a free slot, so the word 0 is counted by itself. */
static size_t count_words(const uint64_t *words, size_t n, uint64_t *slots) {
  size_t mask = slots_for(n) - 1, count = 0;
  bool zero = false;
  memset(slots, 0, (mask + 1) * sizeof *slots);
  for (size_t i = 0; i < n; i++) {
    size_t slot = (size_t)(mix(words[i]) >> 8) & mask;
    while (slots[slot] && slots[slot] != words[i]) slot = (slot + 1) & mask;
    zero |= words[i] == 0;
    count += words[i] != 0 && slots[slot] == 0;
    slots[slot] = words[i];
  }
  return count + zero;
}

static wf_status count_numbers(size_t *out, const wf_column *column, wf_error *err) {
  size_t starts[PARTS + 1] = {0}, next[PARTS], count = 0;
  uint64_t block[BLOCK];
  for (size_t begin = 0; begin < column->n_rows; begin += BLOCK) {
    size_t n = load_words(block, column, begin, wf_column_rows_from(column, begin, BLOCK));
    for (size_t i = 0; i < n; i++) starts[part_of(block[i])]++;
  }
  find_starts(starts);
  uint64_t *words = wf_alloc_filled(starts[PARTS], sizeof *words);
  uint64_t *slots = wf_alloc_array(slots_for(largest_part(starts)), sizeof *slots);
  wf_status status = words && slots ? WF_OK : wf_fail_nomem(err);
  memcpy(next, starts, sizeof next);
  for (size_t begin = 0; status == WF_OK && begin < column->n_rows; begin += BLOCK) {
    size_t n = load_words(block, column, begin, wf_column_rows_from(column, begin, BLOCK));
    for (size_t i = 0; i < n; i++) words[next[part_of(block[i])]++] = block[i];
  }
  for (size_t p = 0; status == WF_OK && p < PARTS; p++) {
    count += count_words(words + starts[p], starts[p + 1] - starts[p], slots);
  }
  wf_free(words);
  wf_free(slots);
  if (status == WF_OK) *out = count;
  return status;
}

/* ---- texts ----------------------------------------------------------------------------------- */

static bool same_text(const wf_column *column, size_t a, size_t b) {
  wf_view x = wf_column_view(column, a), y = wf_column_view(column, b);
  return x.size == y.size && (x.size == 0 || memcmp(x.data, y.data, x.size) == 0);
}

/* Row WF_NO_ROW marks a free slot. */
static size_t count_items(const wf_column *column, const item *items, size_t n, item *slots) {
  size_t mask = slots_for(n) - 1, count = 0;
  for (size_t i = 0; i <= mask; i++) slots[i].row = WF_NO_ROW;
  for (size_t i = 0; i < n; i++) {
    size_t slot = (size_t)(mix(items[i].word) >> 8) & mask;
    while (slots[slot].row != WF_NO_ROW && !(slots[slot].word == items[i].word &&
                                             same_text(column, slots[slot].row, items[i].row))) {
      slot = (slot + 1) & mask;
    }
    if (slots[slot].row != WF_NO_ROW) continue;
    slots[slot] = items[i];
    count++;
  }
  return count;
}

static wf_status count_texts(size_t *out, const wf_column *column, wf_error *err) {
  size_t starts[PARTS + 1] = {0}, next[PARTS], count = 0, n = column->n_rows;
  uint64_t *hashes = wf_alloc_filled(n, sizeof *hashes);
  item *items = wf_alloc_filled(n, sizeof *items), *slots = NULL;
  wf_status status = hashes && items ? WF_OK : wf_fail_nomem(err);
  for (size_t i = 0; status == WF_OK && i < n; i++) {
    wf_view text = wf_column_view(column, i);
    hashes[i] = wf_hash_bytes(text.data, text.size, 0);
    starts[part_of(hashes[i])] += wf_column_present(column, i);
  }
  find_starts(starts);
  memcpy(next, starts, sizeof next);
  slots = wf_alloc_array(slots_for(largest_part(starts)), sizeof *slots);
  if (status == WF_OK && !slots) status = wf_fail_nomem(err);
  for (size_t i = 0; status == WF_OK && i < n; i++) {
    if (wf_column_present(column, i)) items[next[part_of(hashes[i])]++] = (item){hashes[i], i};
  }
  for (size_t p = 0; status == WF_OK && p < PARTS; p++) {
    count += count_items(column, items + starts[p], starts[p + 1] - starts[p], slots);
  }
  wf_free(hashes);
  wf_free(items);
  wf_free(slots);
  if (status == WF_OK) *out = count;
  return status;
}

static wf_status count_codes(size_t *out, const wf_column *column, wf_error *err) {
  size_t n_codes = column->dictionary->n_rows;
  uint8_t *used = wf_alloc_zero(n_codes, 1);
  if (!used) return wf_fail_nomem(err);
  size_t count = 0;
  for (size_t i = 0; i < column->n_rows; i++) {
    if (wf_column_present(column, i)) used[wf_column_i32(column)[i]] = 1;
  }
  for (size_t i = 0; i < n_codes; i++) count += used[i];
  wf_free(used);
  *out = count;
  return WF_OK;
}

wf_status wf_column_distinct(size_t *out, const wf_column *column, wf_error *err) {
  if (column->type == WF_CATEGORY) return count_codes(out, column, err);
  if (column->type == WF_STRING) return count_texts(out, column, err);
  bool fits = false;
  if (wf_type_is_integer(column->type)) WF_TRY(count_bits(out, &fits, column, err));
  return fits ? WF_OK : count_numbers(out, column, err);
}
