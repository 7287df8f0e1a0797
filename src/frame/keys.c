/* keys.c — numbering rows by value.
 *
 * Everything becomes 64-bit words first: integers as they are, floats as their bits (-0 as 0, every
 * NaN as one), text as its number in a dictionary of strings, and several columns by pairing: the
 * number so far times a column's count of keys plus the column's number fits a word, since both are
 * below 2^32. Words are numbered through a direct table when they lie close together (most keys in
 * practice: identifiers, codes, pairs of small numbers), else through an open-addressed hash table.
 *
 * Numbers are dense after each pairing, so nothing grows with the product of distinct values, only
 * with the rows there are. Which rows have no word is kept beside the words, as every 64-bit
 * integer is a possible one. */
#include "frame/keys.h"

#include "base/alloc.h"
#include "base/map.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define EMPTY UINT32_MAX

typedef struct word_slot {
  int64_t word;
  uint32_t id; /* EMPTY: free */
} word_slot;

/* Words to numbers, by direct[word - base] or by hashing. */
typedef struct word_table {
  uint32_t *direct; /* NULL: hashing */
  int64_t base;
  size_t range;
  word_slot *slots;
  size_t n_slots;
  uint32_t missing; /* the number of the missing value, EMPTY while it has none */
  size_t count;
} word_table;

/* The words of some rows; absent[i] != 0 where there is none (absent may be NULL). */
typedef struct word_list {
  const int64_t *words;
  int64_t *owned; /* the words, unless they are a column's own values */
  uint8_t *absent;
  size_t n;
} word_list;

struct wf_keys {
  size_t n_columns;
  bool missing_counts;
  wf_map **texts;    /* by column: the dictionary of a text column, else NULL */
  word_table *own;   /* by column: its words */
  word_table *pairs; /* by column, from the second on: the number so far paired with its own */
};

/* ---- words to numbers ------------------------------------------------------------------------ */

static void dispose_table(word_table *table) {
  wf_free(table->direct);
  wf_free(table->slots);
}

enum { FIRST_SLOTS = 1024, BATCH = 16 };

static size_t first_slot(const word_table *table, int64_t word) {
  uint64_t hash = (uint64_t)word * 0x9e3779b97f4a7c15u;
  return (size_t)(hash ^ hash >> 32) & (table->n_slots - 1);
}

static size_t find_slot(const word_table *table, int64_t word) {
  size_t mask = table->n_slots - 1, slot = first_slot(table, word);
  while (table->slots[slot].id != EMPTY && table->slots[slot].word != word) {
    slot = (slot + 1) & mask;
  }
  return slot;
}

/* Many slots are far apart in memory: they are asked for before they are needed. */
static void prefetch_slots(const word_table *table, const int64_t *words, size_t n) {
  for (size_t i = 0; i < n; i++) __builtin_prefetch(&table->slots[first_slot(table, words[i])]);
}

static wf_status resize(word_table *table, size_t n_slots, wf_error *err) {
  word_slot *slots = wf_alloc_filled(n_slots, sizeof *slots);
  if (!slots) return wf_fail_nomem(err);
  for (size_t i = 0; i < n_slots; i++) slots[i] = (word_slot){0, EMPTY};
  word_slot *before = table->slots;
  size_t n_before = table->n_slots;
  table->slots = slots;
  table->n_slots = n_slots;
  for (size_t i = 0; i < n_before; i++) {
    if (i + BATCH < n_before) {
      __builtin_prefetch(&slots[first_slot(table, before[i + BATCH].word)]);
    }
    if (before[i].id != EMPTY) slots[find_slot(table, before[i].word)] = before[i];
  }
  wf_free(before);
  return WF_OK;
}

/* Makes room for `more` words. Of n rows, `done` gave the words there are: when as many come again
 * and again, the table grows in large steps, as each moves every word. */
static wf_status reserve(word_table *table, size_t more, size_t done, size_t n, wf_error *err) {
  enum { LARGEST_STEP = 8 };
  size_t n_slots = table->n_slots, most = n_slots * LARGEST_STEP;
  if ((table->count + more) * 2 <= n_slots) return WF_OK;
  double expected = done ? (double)table->count / (double)done * (double)n : 0;
  do n_slots *= 2;
  while (n_slots < most && (double)n_slots < 2 * expected);
  return resize(table, n_slots, err);
}

static bool is_absent(const word_list *list, size_t i) { return list->absent && list->absent[i]; }

/* Chooses the direct table when it takes at most a few numbers a row. */
static wf_status plan_table(word_table *table, const word_list *list, wf_error *err) {
  int64_t low = INT64_MAX, high = INT64_MIN;
  for (size_t i = 0; i < list->n; i++) {
    if (is_absent(list, i)) continue;
    if (list->words[i] < low) low = list->words[i];
    if (list->words[i] > high) high = list->words[i];
  }
  uint64_t span = low > high ? 0 : (uint64_t)high - (uint64_t)low;
  if (span > 4 * (uint64_t)list->n + FIRST_SLOTS) return resize(table, FIRST_SLOTS, err);
  table->base = low > high ? 0 : low;
  table->range = (size_t)span + 1;
  table->direct = wf_alloc_filled(table->range, sizeof *table->direct);
  if (!table->direct) return wf_fail_nomem(err);
  memset(table->direct, 0xff, table->range * sizeof *table->direct);
  return WF_OK;
}

/* The number at a place of the table, a new one where there is none. */
static size_t number_place(word_table *table, uint32_t *place) {
  if (*place == EMPTY) *place = (uint32_t)table->count++;
  return *place;
}

static size_t number_missing(word_table *table, bool counts) {
  return counts ? number_place(table, &table->missing) : WF_NO_ROW;
}

static void number_direct(word_table *table, const word_list *list, size_t *ids,
                          bool missing_counts) {
  for (size_t i = 0; i < list->n; i++) {
    if (is_absent(list, i))
      ids[i] = number_missing(table, missing_counts);
    else
      ids[i] =
          number_place(table, &table->direct[(uint64_t)list->words[i] - (uint64_t)table->base]);
  }
}

static wf_status number_hashed(word_table *table, const word_list *list, size_t *ids,
                               bool missing_counts, wf_error *err) {
  for (size_t begin = 0; begin < list->n; begin += BATCH) {
    size_t end = list->n - begin < BATCH ? list->n : begin + BATCH;
    WF_TRY(reserve(table, BATCH, begin, list->n, err));
    prefetch_slots(table, list->words + begin, end - begin);
    for (size_t i = begin; i < end; i++) {
      if (is_absent(list, i)) {
        ids[i] = number_missing(table, missing_counts);
        continue;
      }
      word_slot *slot = &table->slots[find_slot(table, list->words[i])];
      slot->word = list->words[i];
      ids[i] = number_place(table, &slot->id);
    }
  }
  return WF_OK;
}

static wf_status number_words(word_table *table, const word_list *list, size_t *ids,
                              bool missing_counts, wf_error *err) {
  WF_TRY(plan_table(table, list, err));
  if (!table->direct) return number_hashed(table, list, ids, missing_counts, err);
  number_direct(table, list, ids, missing_counts);
  return WF_OK;
}

static uint32_t find_word(const word_table *table, int64_t word) {
  if (!table->direct) return table->slots[find_slot(table, word)].id;
  uint64_t place = (uint64_t)word - (uint64_t)table->base;
  return place < table->range ? table->direct[place] : EMPTY;
}

static void find_words(const word_table *table, const word_list *list, size_t *ids) {
  for (size_t begin = 0; begin < list->n; begin += BATCH) {
    size_t end = list->n - begin < BATCH ? list->n : begin + BATCH;
    if (!table->direct) prefetch_slots(table, list->words + begin, end - begin);
    for (size_t i = begin; i < end; i++) {
      uint32_t id = is_absent(list, i) ? table->missing : find_word(table, list->words[i]);
      ids[i] = id == EMPTY ? WF_NO_ROW : id;
    }
  }
}

/* ---- columns to words ------------------------------------------------------------------------ */

static int64_t float_word(double value) {
  int64_t word;
  if (isnan(value)) return INT64_MAX;
  if (value == 0) return 0; /* also -0 */
  memcpy(&word, &value, sizeof word);
  return word;
}

static void float_words(const wf_column *column, int64_t *words) {
  enum { BLOCK = 256 };
  double values[BLOCK];
  for (size_t begin = 0; begin < column->n_rows; begin += BLOCK) {
    size_t n = column->n_rows - begin < BLOCK ? column->n_rows - begin : BLOCK;
    wf_column_load_f64(column, begin, n, values);
    for (size_t i = 0; i < n; i++) words[begin + i] = float_word(values[i]);
  }
}

/* The text's number; -1, which no text has, when it is unknown and not to be added. */
static wf_status text_word(wf_map *texts, wf_view text, bool add, int64_t *word, wf_error *err) {
  if (!add) {
    *word = wf_map_find(texts, text);
    return WF_OK;
  }
  size_t index = 0;
  WF_TRY(wf_map_add(texts, text, &index, NULL, err));
  *word = (int64_t)index;
  return WF_OK;
}

/* Looks every string of the dictionary up once, when a row first needs it. */
static wf_status category_words(wf_map *texts, const wf_column *column, bool add, int64_t *words,
                                wf_error *err) {
  enum { UNKNOWN = -2 };
  size_t n_codes = column->dictionary->n_rows;
  int64_t *known = wf_alloc_array(n_codes, sizeof *known);
  if (!known) return wf_fail_nomem(err);
  for (size_t i = 0; i < n_codes; i++) known[i] = UNKNOWN;
  wf_status status = WF_OK;
  for (size_t i = 0; status == WF_OK && i < column->n_rows; i++) {
    if (!wf_column_present(column, i)) continue;
    size_t code = (size_t)wf_column_i32(column)[i];
    if (known[code] == UNKNOWN) {
      status = text_word(texts, wf_column_view(column->dictionary, code), add, &known[code], err);
    }
    words[i] = known[code];
  }
  wf_free(known);
  return status;
}

static wf_status string_words(wf_map *texts, const wf_column *column, bool add, int64_t *words,
                              wf_error *err) {
  for (size_t i = 0; i < column->n_rows; i++) {
    if (!wf_column_present(column, i)) continue;
    WF_TRY(text_word(texts, wf_column_view(column, i), add, &words[i], err));
  }
  return WF_OK;
}

static wf_status column_words(wf_keys *keys, size_t index, const wf_column *column, bool add,
                              word_list *list, wf_error *err) {
  bool own = column->type == WF_I64 || column->type == WF_TIMESTAMP;
  *list = (word_list){.n = column->n_rows};
  if (!own) list->owned = wf_alloc_filled(list->n, sizeof *list->owned);
  list->words = own ? wf_column_i64(column) : list->owned;
  if (column->validity) list->absent = wf_alloc(list->n);
  if ((!own && !list->owned) || (column->validity && !list->absent)) return wf_fail_nomem(err);
  for (size_t i = 0; column->validity && i < list->n; i++) {
    list->absent[i] = !wf_bit_get(column->validity->data, i);
  }
  if (column->type == WF_CATEGORY) {
    return category_words(keys->texts[index], column, add, list->owned, err);
  }
  if (column->type == WF_STRING) {
    return string_words(keys->texts[index], column, add, list->owned, err);
  }
  if (!own && wf_type_is_integer(column->type))
    wf_column_load_i64(column, 0, list->n, list->owned);
  else if (!own)
    float_words(column, list->owned);
  return WF_OK;
}

static void dispose_list(word_list *list) {
  wf_free(list->owned);
  wf_free(list->absent);
}

/* ---- keys ------------------------------------------------------------------------------------ */

bool wf_keys_agree(wf_type a, wf_type b) {
  if (a == b || (wf_type_is_text(a) && wf_type_is_text(b))) return true;
  bool whole_a = a == WF_I64 || a == WF_I32, whole_b = b == WF_I64 || b == WF_I32;
  bool real_a = a == WF_F64 || a == WF_F32, real_b = b == WF_F64 || b == WF_F32;
  return (whole_a && whole_b) || (real_a && real_b);
}

wf_status wf_keys_new(wf_keys **out, const wf_column *const *columns, size_t n_columns,
                      bool missing_counts, wf_error *err) {
  assert(n_columns > 0);
  wf_keys *keys = wf_alloc_zero(1, sizeof *keys);
  if (!keys) return wf_fail_nomem(err);
  *keys = (wf_keys){.n_columns = n_columns, .missing_counts = missing_counts};
  keys->texts = wf_alloc_zero(n_columns, sizeof *keys->texts);
  keys->own = wf_alloc_zero(n_columns, sizeof *keys->own);
  keys->pairs = wf_alloc_zero(n_columns, sizeof *keys->pairs);
  wf_status status = keys->texts && keys->own && keys->pairs ? WF_OK : wf_fail_nomem(err);
  for (size_t i = 0; status == WF_OK && i < n_columns; i++) {
    keys->own[i].missing = keys->pairs[i].missing = EMPTY;
    if (wf_type_is_text(columns[i]->type)) status = wf_map_new(&keys->texts[i], err);
  }
  if (status == WF_OK)
    *out = keys;
  else
    wf_keys_free(keys);
  return status;
}

void wf_keys_free(wf_keys *keys) {
  if (!keys) return;
  for (size_t i = 0; i < keys->n_columns; i++) {
    if (keys->texts) wf_map_free(keys->texts[i]);
    if (keys->own) dispose_table(&keys->own[i]);
    if (keys->pairs) dispose_table(&keys->pairs[i]);
  }
  wf_free(keys->texts);
  wf_free(keys->own);
  wf_free(keys->pairs);
  wf_free(keys);
}

size_t wf_keys_count(const wf_keys *keys) {
  return keys->n_columns == 1 ? keys->own[0].count : keys->pairs[keys->n_columns - 1].count;
}

/* Numbers one column's rows into ids. */
static wf_status column_ids(wf_keys *keys, size_t index, const wf_column *column, bool add,
                            size_t *ids, wf_error *err) {
  if (column->n_rows >= EMPTY) return wf_fail(err, WF_LIMIT, "more than 2^32 rows to compare");
  word_list list;
  wf_status status = column_words(keys, index, column, add, &list, err);
  if (status == WF_OK && add) {
    status = number_words(&keys->own[index], &list, ids, keys->missing_counts, err);
  } else if (status == WF_OK) {
    find_words(&keys->own[index], &list, ids);
  }
  dispose_list(&list);
  return status;
}

/* ids = numbers of the pairs (ids, own), WF_NO_ROW where either is. */
static wf_status pair_ids(wf_keys *keys, size_t index, const size_t *own, bool add, size_t n,
                          size_t *ids, wf_error *err) {
  int64_t *words = wf_alloc_filled(n, sizeof *words);
  word_list list = {words, words, wf_alloc(n), n};
  wf_status status = words && list.absent ? WF_OK : wf_fail_nomem(err);
  if (status == WF_OK) {
    size_t n_own = keys->own[index].count;
    for (size_t i = 0; i < n; i++) {
      list.absent[i] = ids[i] == WF_NO_ROW || own[i] == WF_NO_ROW;
      words[i] = list.absent[i] ? 0 : (int64_t)(ids[i] * n_own + own[i]);
    }
    if (add)
      status = number_words(&keys->pairs[index], &list, ids, false, err);
    else
      find_words(&keys->pairs[index], &list, ids);
  }
  dispose_list(&list);
  return status;
}

static wf_status all_ids(wf_keys *keys, const wf_column *const *columns, bool add, size_t *ids,
                         wf_error *err) {
  WF_TRY(column_ids(keys, 0, columns[0], add, ids, err));
  if (keys->n_columns == 1) return WF_OK;
  size_t n = columns[0]->n_rows;
  size_t *own = wf_alloc_filled(n, sizeof *own);
  if (!own) return wf_fail_nomem(err);
  wf_status status = WF_OK;
  for (size_t i = 1; status == WF_OK && i < keys->n_columns; i++) {
    status = column_ids(keys, i, columns[i], add, own, err);
    if (status == WF_OK) status = pair_ids(keys, i, own, add, n, ids, err);
  }
  wf_free(own);
  return status;
}

wf_status wf_keys_add(wf_keys *keys, const wf_column *const *columns, size_t *ids, wf_error *err) {
  return all_ids(keys, columns, true, ids, err);
}

wf_status wf_keys_find(wf_keys *keys, const wf_column *const *columns, size_t *ids, wf_error *err) {
  return all_ids(keys, columns, false, ids, err);
}

wf_status wf_keys_number(size_t *ids, size_t *n_keys, const wf_column *const *columns,
                         size_t n_columns, wf_error *err) {
  wf_keys *keys = NULL;
  WF_TRY(wf_keys_new(&keys, columns, n_columns, true, err));
  wf_status status = wf_keys_add(keys, columns, ids, err);
  if (status == WF_OK && n_keys) *n_keys = wf_keys_count(keys);
  wf_keys_free(keys);
  return status;
}

/* ---- rows by key ----------------------------------------------------------------------------- */

wf_status wf_row_groups_new(wf_row_groups *out, const size_t *ids, size_t n_rows, size_t n_keys,
                            wf_error *err) {
  wf_row_groups groups = {wf_alloc_zero(n_keys + 2, sizeof(size_t)),
                          wf_alloc_filled(n_rows, sizeof(size_t))};
  if (!groups.starts || !groups.rows) {
    wf_row_groups_dispose(&groups);
    return wf_fail_nomem(err);
  }
  /* counting sort: starts[k + 2] counts, then starts[k + 1] is where key k goes on */
  for (size_t i = 0; i < n_rows; i++) {
    if (ids[i] != WF_NO_ROW) groups.starts[ids[i] + 2]++;
  }
  for (size_t k = 2; k < n_keys + 2; k++) groups.starts[k] += groups.starts[k - 1];
  for (size_t i = 0; i < n_rows; i++) {
    if (ids[i] != WF_NO_ROW) groups.rows[groups.starts[ids[i] + 1]++] = i;
  }
  *out = groups;
  return WF_OK;
}

void wf_row_groups_dispose(wf_row_groups *groups) {
  wf_free(groups->starts);
  wf_free(groups->rows);
  *groups = (wf_row_groups){0};
}
