/* read.c — lines to a table of (feature, row, value), and that to columns.
 *
 * Entries are gathered as they come; columns are made when the largest index is known. Whether an
 * index came twice is seen by the last line that named it. */
#include "wf/libsvm.h"

#include "base/array.h"
#include "base/number.h"
#include "base/packed.h"
#include "frame/column.h"

#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

typedef struct entry {
  uint32_t feature;
  float value;
  size_t row;
} entry;

typedef struct reading {
  const char *path; /* NULL: from memory */
  const wf_libsvm_options *options;
  const char *line; /* its first byte */
  size_t number;    /* of the line, from 1 */
  size_t n_rows, n_features;
  bool has_weight, has_group;
  WF_ARRAY(double) labels;
  WF_ARRAY(double) weights;
  WF_ARRAY(int64_t) groups;
  WF_ARRAY(entry) entries;
  WF_ARRAY(size_t) last; /* by feature: the row that named it last, plus 1 */
} reading;

static void dispose(reading *r) {
  wf_free(r->labels.items);
  wf_free(r->weights.items);
  wf_free(r->groups.items);
  wf_free(r->entries.items);
  wf_free(r->last.items);
}

static wf_status fail(const reading *r, const char *at, wf_error *err, const char *format, ...)
    WF_PRINTF(4, 5);
static wf_status fail(const reading *r, const char *at, wf_error *err, const char *format, ...) {
  char message[300];
  size_t byte = (size_t)(at - r->line) + 1;
  int line = r->number < INT_MAX ? (int)r->number : INT_MAX;
  int column = byte < INT_MAX ? (int)byte : INT_MAX;
  va_list args;
  va_start(args, format);
  vsnprintf(message, sizeof message, format, args);
  va_end(args);
  if (r->path) {
    return wf_fail_at(err, WF_PARSE, line, column, "%s:%zu:%zu: %s", r->path, r->number, byte,
                      message);
  }
  return wf_fail_at(err, WF_PARSE, line, column, "line %zu, byte %zu: %s", r->number, byte,
                    message);
}

/* ---- words ------------------------------------------------------------------------------------
 */

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

/* The next word of the line, empty at its end. */
static wf_view next_word(const char **p, const char *end) {
  while (*p < end && is_blank(**p)) (*p)++;
  const char *begin = *p;
  while (*p < end && !is_blank(**p)) (*p)++;
  return (wf_view){begin, (size_t)(*p - begin)};
}

/* Cuts "a:b"; false when there is no colon, `second` is empty then. */
static bool cut(wf_view word, wf_view *first, wf_view *second) {
  const char *colon = memchr(word.data, ':', word.size);
  *first = word;
  *second = (wf_view){word.data + word.size, 0};
  if (!colon) return false;
  first->size = (size_t)(colon - word.data);
  *second = (wf_view){colon + 1, word.size - first->size - 1};
  return true;
}

static wf_status read_number(double *out, const reading *r, wf_view text, const char *what,
                             wf_error *err) {
  if (wf_parse_f64(text, true, out)) return WF_OK;
  return fail(r, text.data, err, "%s '%.*s' is not a number", what,
              (int)(text.size < 60 ? text.size : 60), text.data);
}

/* ---- lines ------------------------------------------------------------------------------------
 */

/* Every line has it, or none. */
static wf_status check_all(const reading *r, bool has, bool *all, const char *what, wf_error *err) {
  if (r->n_rows == 0) *all = has;
  if (*all == has) return WF_OK;
  return fail(r, r->line, err, "this line has %s %s, the lines before have %s", has ? "a" : "no",
              what, *all ? "one" : "none");
}

static wf_status read_label(reading *r, wf_view word, wf_error *err) {
  wf_view label, weight;
  double value = 0;
  bool weighted = cut(word, &label, &weight);
  WF_TRY(read_number(&value, r, label, "the label", err));
  if (!wf_array_push(&r->labels, value)) return wf_fail_nomem(err);
  WF_TRY(check_all(r, weighted, &r->has_weight, "weight", err));
  if (!weighted) return WF_OK;
  WF_TRY(read_number(&value, r, weight, "the weight", err));
  return wf_array_push(&r->weights, value) ? WF_OK : wf_fail_nomem(err);
}

static wf_status read_group(reading *r, wf_view text, wf_error *err) {
  int64_t group;
  if (!wf_parse_i64(text, &group) || group < 0) {
    return fail(r, text.data, err, "qid '%.*s' is not a whole number from 0",
                (int)(text.size < 60 ? text.size : 60), text.data);
  }
  return wf_array_push(&r->groups, group) ? WF_OK : wf_fail_nomem(err);
}

static wf_status read_index(uint32_t *out, const reading *r, wf_view text, wf_error *err) {
  int64_t index;
  int shown = (int)(text.size < 60 ? text.size : 60);
  if (!wf_parse_i64(text, &index)) {
    return fail(r, text.data, err, "'%.*s' is not the index of a feature", shown, text.data);
  }
  if (index < (int64_t)r->options->base) {
    return fail(r, text.data, err, "index %.*s, but the first feature is %zu", shown, text.data,
                r->options->base);
  }
  uint64_t feature = (uint64_t)index - r->options->base;
  size_t most = r->options->n_features ? r->options->n_features : (size_t)WF_LIBSVM_MAX_FEATURES;
  if (feature >= most) {
    return fail(r, text.data, err, "index %.*s, but there are at most %zu features", shown,
                text.data, most);
  }
  *out = (uint32_t)feature;
  return WF_OK;
}

static wf_status read_entry(reading *r, wf_view word, wf_error *err) {
  wf_view index, text;
  entry e = {.row = r->n_rows};
  double value = 1;
  bool valued = cut(word, &index, &text);
  WF_TRY(read_index(&e.feature, r, index, err));
  if (valued) WF_TRY(read_number(&value, r, text, "the value", err));
  e.value = (float)value;
  if (isinf(e.value) && !isinf(value)) {
    return fail(r, text.data, err, "%.*s is further from 0 than a float32 may be",
                (int)(text.size < 60 ? text.size : 60), text.data);
  }
  if (e.feature >= r->n_features) r->n_features = (size_t)e.feature + 1;
  if (!wf_array_reserve(&r->last, r->n_features - r->last.count)) return wf_fail_nomem(err);
  while (r->last.count < r->n_features) r->last.items[r->last.count++] = 0;
  if (r->last.items[e.feature] == r->n_rows + 1) {
    return fail(r, word.data, err, "index %.*s appears twice", (int)index.size, index.data);
  }
  r->last.items[e.feature] = r->n_rows + 1;
  if (isnan(e.value)) return WF_OK;
  return wf_array_push(&r->entries, e) ? WF_OK : wf_fail_nomem(err);
}

static bool is_group(wf_view word) { return word.size > 4 && memcmp(word.data, "qid:", 4) == 0; }

static wf_status read_line(reading *r, const char *end, wf_error *err) {
  const char *comment = memchr(r->line, '#', (size_t)(end - r->line)), *p = r->line;
  if (comment) end = comment;
  wf_view word = next_word(&p, end);
  if (word.size == 0) return WF_OK;
  WF_TRY(read_label(r, word, err));
  word = next_word(&p, end);
  bool grouped = is_group(word);
  WF_TRY(check_all(r, grouped, &r->has_group, "qid", err));
  if (grouped) {
    WF_TRY(read_group(r, (wf_view){word.data + 4, word.size - 4}, err));
    word = next_word(&p, end);
  }
  for (; word.size > 0; word = next_word(&p, end)) WF_TRY(read_entry(r, word, err));
  r->n_rows++;
  return WF_OK;
}

static wf_status read_lines(reading *r, wf_view text, wf_error *err) {
  const char *end = text.data + text.size;
  for (r->line = text.data; r->line < end;) {
    const char *stop = memchr(r->line, '\n', (size_t)(end - r->line));
    r->number++;
    WF_TRY(read_line(r, stop ? stop : end, err));
    r->line = stop ? stop + 1 : end;
  }
  return WF_OK;
}

/* ---- columns ----------------------------------------------------------------------------------
 */

typedef struct table { /* of the frame to be */
  char **names;
  wf_column **columns;
  size_t n, capacity;
} table;

static wf_status add_column(table *t, const char *name, wf_status made, wf_column *column,
                            wf_error *err) {
  if (made != WF_OK) return made;
  t->columns[t->n] = column;
  t->names[t->n] = wf_strdup(name);
  return t->names[t->n++] ? WF_OK : wf_fail_nomem(err);
}

/* Entries in the order of their features, rows ascending within one: `places` holds where each
 * feature's begin. */
static wf_status sort_entries(entry **out, size_t *places, const reading *r, wf_error *err) {
  entry *sorted = wf_alloc_array(r->entries.count, sizeof *sorted);
  if (!sorted) return wf_fail_nomem(err);
  for (size_t i = 0; i < r->entries.count; i++) places[r->entries.items[i].feature + 1]++;
  for (size_t f = 0; f < r->n_features; f++) places[f + 1] += places[f];
  for (size_t i = 0; i < r->entries.count; i++) {
    sorted[places[r->entries.items[i].feature]++] = r->entries.items[i];
  }
  memmove(places + 1, places, r->n_features * sizeof *places);
  places[0] = 0;
  *out = sorted;
  return WF_OK;
}

static wf_status make_feature(wf_column **out, const entry *entries, size_t n, size_t n_rows,
                              wf_error *err) {
  wf_buffer *bits = NULL;
  if (n < n_rows) {
    WF_TRY(wf_buffer_new_zero(&bits, wf_bitmap_size(n_rows), err));
    for (size_t i = 0; i < n; i++) wf_bit_set(bits->data, entries[i].row);
  }
  WF_TRY(wf_column_blank(out, WF_F32, n_rows, bits, n_rows - n, err));
  float *values = wf_column_memory(*out);
  if (n < n_rows) memset(values, 0, n_rows * sizeof *values);
  for (size_t i = 0; i < n; i++) values[entries[i].row] = entries[i].value;
  return WF_OK;
}

static wf_status make_features(table *t, const reading *r, wf_error *err) {
  size_t *places = wf_alloc_zero(r->n_features + 1, sizeof *places);
  entry *sorted = NULL;
  wf_status status = places ? sort_entries(&sorted, places, r, err) : wf_fail_nomem(err);
  for (size_t f = 0; status == WF_OK && f < r->n_features; f++) {
    char name[32];
    snprintf(name, sizeof name, "f%zu", f);
    wf_column *column = NULL;
    status = make_feature(&column, sorted + places[f], places[f + 1] - places[f], r->n_rows, err);
    status = add_column(t, name, status, column, err);
  }
  wf_free(sorted);
  wf_free(places);
  return status;
}

static wf_status make_columns(table *t, const reading *r, wf_error *err) {
  const wf_libsvm_options *o = r->options;
  wf_column *column = NULL;
  wf_status made = wf_column_from_f64(&column, r->labels.items, NULL, r->n_rows, err);
  WF_TRY(add_column(t, o->label ? o->label : "label", made, column, err));
  if (r->has_weight) {
    made = wf_column_from_f64(&column, r->weights.items, NULL, r->n_rows, err);
    WF_TRY(add_column(t, o->weight ? o->weight : "weight", made, column, err));
  }
  if (r->has_group) {
    made = wf_column_from_i64(&column, r->groups.items, NULL, r->n_rows, err);
    WF_TRY(add_column(t, o->qid ? o->qid : "qid", made, column, err));
  }
  return make_features(t, r, err);
}

static wf_status make_frame(wf_frame **out, reading *r, wf_error *err) {
  if (r->options->n_features) r->n_features = r->options->n_features;
  size_t most = r->n_features + 3;
  table t = {wf_alloc_zero(most, sizeof(char *)), wf_alloc_zero(most, sizeof(wf_column *)), 0,
             most};
  wf_status status = t.names && t.columns ? make_columns(&t, r, err) : wf_fail_nomem(err);
  if (status == WF_OK) {
    status = wf_frame_new(out, (const char *const *)t.names, t.columns, t.n, err);
  }
  for (size_t i = 0; i < t.n; i++) {
    wf_free(t.names[i]);
    wf_column_release(t.columns[i]);
  }
  wf_free(t.names);
  wf_free(t.columns);
  return status;
}

static wf_status read_text(wf_frame **out, const char *path, wf_view text,
                           const wf_libsvm_options *options, wf_error *err) {
  static const wf_libsvm_options defaults = {0};
  reading r = {.path = path, .options = options ? options : &defaults};
  if (r.options->base > 1) return wf_fail(err, WF_INVALID, "the first index is 0 or 1");
  if (r.options->n_features > WF_LIBSVM_MAX_FEATURES) {
    return wf_fail(err, WF_LIMIT, "more than %d features", WF_LIBSVM_MAX_FEATURES);
  }
  wf_status status = read_lines(&r, text, err);
  if (status == WF_OK) status = make_frame(out, &r, err);
  dispose(&r);
  return status;
}

wf_status wf_libsvm_read(wf_frame **out, const char *path, const wf_libsvm_options *options,
                         wf_error *err) {
  char *data;
  size_t size;
  WF_TRY(wf_packed_read(path, &data, &size, err));
  wf_status status = read_text(out, path, (wf_view){data, size}, options, err);
  wf_free(data);
  return status;
}

wf_status wf_libsvm_parse(wf_frame **out, const char *text, size_t size,
                          const wf_libsvm_options *options, wf_error *err) {
  return read_text(out, NULL, (wf_view){size ? text : "", size}, options, err);
}
