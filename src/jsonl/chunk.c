/* chunk.c — lines to stored values.
 *
 * Lines of one file nearly always have the same keys in the same order, so the n-th key is first
 * compared with the n-th of the line before; only when they differ is it looked up.
 *
 * Where bad rows are skipped each line is scanned twice: the first time nothing is stored, so that
 * a line that breaks off in its middle leaves no trace. A column that is integers so far and meets
 * another number is widened on the spot; one that meets a different kind of value is broken and
 * will be read again as text, which needs the bytes as they stand. */
#include "jsonl/chunk.h"

#include "base/number.h"
#include "frame/column.h"
#include "frame/timestamp.h"
#include "frame/utf8.h"
#include "frame/value.h"

#include <math.h>
#include <string.h>

enum { MAX_COLUMNS = 1 << 16 };

typedef struct reading {
  wf_jsonl_chunk *chunk;
  const wf_jsonl_plan *plan;
  wf_jsonl_fault *fault;
  bool store;
} reading;

static const char *fail_nomem(wf_jsonl_fault *fault) {
  return wf_jsonl_fail(fault, WF_NOMEM, NULL, "out of memory");
}

/* ---- columns ----------------------------------------------------------------------------------
 */

static bool is_plain(wf_view name) {
  for (size_t i = 0; i < name.size; i++) {
    unsigned char c = (unsigned char)name.data[i];
    if (c < 0x20 || c == '"' || c == '\\') return false;
  }
  return true;
}

static void plan_column(wf_jsonl_column *column, wf_view name, const wf_jsonl_plan *plan) {
  column->plain = is_plain(name);
  if (plan->wanted && wf_map_find(plan->wanted, name) < 0) column->store = WF_JSONL_UNWANTED;
  ptrdiff_t typed = plan->typed ? wf_map_find(plan->typed, name) : -1;
  bool text = plan->texts && wf_map_find(plan->texts, name) >= 0;
  if (typed < 0 && !text) return;
  column->given = true;
  column->type = typed < 0 ? WF_STRING : plan->options->types[typed];
}

/* The column of that name, made when it is new; SIZE_MAX with a fault. */
static size_t find_column(reading *r, wf_view name, const char *at) {
  wf_jsonl_chunk *chunk = r->chunk;
  if (name.size == 0) {
    wf_jsonl_fail(r->fault, WF_PARSE, at, "a key is empty");
    return SIZE_MAX;
  }
  if (memchr(name.data, '\0', name.size)) {
    wf_jsonl_fail(r->fault, WF_PARSE, at, "a key holds a NUL");
    return SIZE_MAX;
  }
  size_t index;
  bool added;
  if (wf_map_add(chunk->names, name, &index, &added, NULL) != WF_OK) {
    fail_nomem(r->fault);
    return SIZE_MAX;
  }
  if (!added && index < chunk->columns.count) return index;
  if (index >= MAX_COLUMNS) {
    wf_jsonl_fail(r->fault, WF_LIMIT, at, "more than %d different keys", MAX_COLUMNS);
    return SIZE_MAX;
  }
  wf_jsonl_column column = {0};
  plan_column(&column, name, r->plan);
  if (!wf_array_push(&chunk->columns, column)) {
    fail_nomem(r->fault);
    return SIZE_MAX;
  }
  return index;
}

/* Whether the quoted name at `p` is that of the column. */
static bool is_key(const wf_jsonl_chunk *chunk, size_t index, const char *p, const char *limit) {
  if (!chunk->columns.items[index].plain) return false;
  wf_view name = wf_map_key(chunk->names, index);
  return (size_t)(limit - p) > name.size + 2 && p[name.size + 1] == '"' &&
         memcmp(p + 1, name.data, name.size) == 0;
}

/* The key at `p`, the n-th of its line: its column and what is behind it. */
static const char *scan_key(reading *r, const char *p, size_t n, size_t *index) {
  wf_jsonl_chunk *chunk = r->chunk;
  if (*p == '"' && n < chunk->sequence.count) {
    *index = chunk->sequence.items[n];
    if (is_key(chunk, *index, p, r->plan->limit)) {
      return p + wf_map_key(chunk->names, *index).size + 2;
    }
  }
  wf_jsonl_value key;
  const char *begin = p;
  if (!(p = wf_jsonl_scan_string(&key, p, r->plan->limit, "a key", r->fault))) return NULL;
  if (key.escaped) {
    wf_bytes_clear(&chunk->scratch);
    wf_jsonl_unescape(&chunk->scratch, key.text);
    if (chunk->scratch.failed) return fail_nomem(r->fault);
    key.text = (wf_view){chunk->scratch.data, chunk->scratch.size};
  }
  *index = find_column(r, key.text, begin);
  if (*index == SIZE_MAX) return NULL;
  if (n < chunk->sequence.count)
    chunk->sequence.items[n] = *index;
  else if (!wf_array_push(&chunk->sequence, *index))
    return fail_nomem(r->fault);
  return p;
}

/* ---- values -----------------------------------------------------------------------------------
 */

static bool make_room(wf_jsonl_column *column) {
  size_t capacity = column->capacity ? column->capacity * 2 : 256;
  uint32_t *rows = wf_realloc_array(column->rows, capacity, sizeof *rows);
  if (rows) column->rows = rows;
  wf_jsonl_slot *slots = wf_realloc_array(column->slots, capacity, sizeof *slots);
  if (slots) column->slots = slots;
  if (!rows || !slots) return false;
  column->capacity = capacity;
  return true;
}

static inline bool put(wf_jsonl_column *column, size_t row, wf_jsonl_slot slot) {
  if (column->n == column->capacity && !make_room(column)) return false;
  column->rows[column->n] = (uint32_t)row;
  column->slots[column->n++] = slot;
  return true;
}

static bool put_text(wf_jsonl_column *column, size_t row, const wf_jsonl_value *value) {
  if (value->escaped)
    wf_jsonl_unescape(&column->text, value->text);
  else
    wf_bytes_add(&column->text, value->text.data, value->text.size);
  return !column->text.failed && put(column, row, (wf_jsonl_slot){.end = column->text.size});
}

static void widen(wf_jsonl_column *column) {
  for (size_t i = 0; i < column->n; i++) {
    column->slots[i].number = (double)column->slots[i].integer;
  }
  column->store = WF_JSONL_NUMBERS;
}

/* A value of a column whose type is inferred. */
static bool store_value(wf_jsonl_column *column, size_t row, const wf_jsonl_value *value) {
  static const wf_jsonl_store stores[] = {
      [WF_JSONL_TRUTH] = WF_JSONL_INTEGERS, [WF_JSONL_INTEGER] = WF_JSONL_INTEGERS,
      [WF_JSONL_NUMBER] = WF_JSONL_NUMBERS, [WF_JSONL_STRING] = WF_JSONL_TEXTS,
      [WF_JSONL_NESTED] = WF_JSONL_TEXTS,
  };
  unsigned before = column->kinds;
  column->kinds |= 1u << value->kind;
  if (column->store == WF_JSONL_BROKEN) return true;
  if (column->store == WF_JSONL_EMPTY) column->store = stores[value->kind];
  if (column->store == WF_JSONL_TEXTS) return put_text(column, row, value);
  bool was_truths = before == 1u << WF_JSONL_TRUTH, truth = value->kind == WF_JSONL_TRUTH;
  if (stores[value->kind] == WF_JSONL_TEXTS || (before && was_truths != truth)) {
    column->store = WF_JSONL_BROKEN;
    return true;
  }
  if (value->kind == WF_JSONL_NUMBER && column->store == WF_JSONL_INTEGERS) widen(column);
  if (column->store == WF_JSONL_INTEGERS) {
    return put(column, row, (wf_jsonl_slot){.integer = value->integer});
  }
  double number = value->kind == WF_JSONL_NUMBER ? value->number : (double)value->integer;
  return put(column, row, (wf_jsonl_slot){.number = number});
}

/* ---- values of a given type -------------------------------------------------------------------
 */

static bool as_number(const wf_jsonl_value *value, wf_view text, wf_type type, double *out) {
  if (value->kind == WF_JSONL_INTEGER)
    *out = (double)value->integer;
  else if (value->kind == WF_JSONL_NUMBER)
    *out = value->number;
  else if (value->kind != WF_JSONL_STRING || !wf_parse_f64(text, true, out))
    return false;
  return type == WF_F64 || isinf(*out) || !isinf((float)*out);
}

static bool as_integer(const wf_jsonl_value *value, wf_view text, wf_type type, int64_t *out) {
  if (value->kind == WF_JSONL_INTEGER)
    *out = value->integer;
  else if (value->kind == WF_JSONL_NUMBER && fabs(value->number) < 0x1p63 &&
           trunc(value->number) == value->number)
    *out = (int64_t)value->number;
  else if (value->kind != WF_JSONL_STRING || !wf_parse_i64(text, out))
    return false;
  return type == WF_I64 || *out == (int32_t)*out;
}

static bool as_truth(const wf_jsonl_value *value, wf_view text, int64_t *out) {
  bool truth = false;
  *out = value->integer;
  if (value->kind == WF_JSONL_TRUTH) return true;
  if (value->kind == WF_JSONL_INTEGER) return *out == 0 || *out == 1;
  if (value->kind != WF_JSONL_STRING || !wf_value_parse_bool(text, true, &truth)) return false;
  *out = truth;
  return true;
}

/* What the given type makes of the value; false: nothing. */
static bool convert(const wf_jsonl_value *value, wf_view text, wf_type type, wf_jsonl_slot *out) {
  switch (type) {
  case WF_F64:
  case WF_F32: return as_number(value, text, type, &out->number);
  case WF_I64:
  case WF_I32: return as_integer(value, text, type, &out->integer);
  case WF_BOOL: return as_truth(value, text, &out->integer);
  case WF_TIMESTAMP:
    return value->kind == WF_JSONL_STRING && wf_timestamp_parse(text, &out->integer);
  default: return true;
  }
}

static bool store_given(reading *r, size_t index, const wf_jsonl_value *value) {
  wf_jsonl_column *column = &r->chunk->columns.items[index];
  column->kinds |= 1u << value->kind;
  if (wf_type_is_text(column->type)) {
    if (!r->store) return true;
    column->store = WF_JSONL_TEXTS;
    return put_text(column, r->chunk->n_rows, value) || fail_nomem(r->fault);
  }
  wf_view text = value->text;
  if (value->escaped) {
    wf_bytes_clear(&r->chunk->scratch);
    wf_jsonl_unescape(&r->chunk->scratch, text);
    if (r->chunk->scratch.failed) return fail_nomem(r->fault);
    text = (wf_view){r->chunk->scratch.data, r->chunk->scratch.size};
  }
  wf_jsonl_slot slot = {0};
  if (!convert(value, text, column->type, &slot)) {
    char complaint[WF_VALUE_COMPLAINT];
    wf_value_complain(complaint, text, column->type);
    wf_view name = wf_map_key(r->chunk->names, index);
    return wf_jsonl_fail(r->fault, WF_TYPE, value->text.data, "column '%.*s': %s",
                         (int)(name.size < 60 ? name.size : 60), name.data, complaint);
  }
  if (!r->store) return true;
  bool number = column->type == WF_F64 || column->type == WF_F32;
  column->store = number ? WF_JSONL_NUMBERS : WF_JSONL_INTEGERS;
  return put(column, r->chunk->n_rows, slot) || fail_nomem(r->fault);
}

/* ---- lines ------------------------------------------------------------------------------------
 */

static bool take_value(reading *r, size_t index, const wf_jsonl_value *value) {
  wf_jsonl_chunk *chunk = r->chunk;
  wf_jsonl_column *column = &chunk->columns.items[index];
  if (r->store && !column->real) {
    column->real = true;
    if (!wf_array_push(&chunk->real, index)) return fail_nomem(r->fault);
  }
  if (value->kind == WF_JSONL_NULL || column->store == WF_JSONL_UNWANTED) return true;
  if (value->kind == WF_JSONL_NESTED && r->plan->options->nested == WF_JSONL_NESTED_ERROR) {
    wf_view name = wf_map_key(chunk->names, index);
    return wf_jsonl_fail(
        r->fault, WF_TYPE, value->text.data,
        "column '%.*s' holds an array or object; nested = \"text\" takes it as text",
        (int)(name.size < 60 ? name.size : 60), name.data);
  }
  if (column->given) return store_given(r, index, value);
  return !r->store || store_value(column, chunk->n_rows, value) || fail_nomem(r->fault);
}

/* One key and its value: what is behind them. */
static const char *scan_member(reading *r, const char *p, size_t n) {
  wf_jsonl_chunk *chunk = r->chunk;
  size_t index = 0;
  const char *key = p;
  if (!(p = scan_key(r, p, n, &index))) return NULL;
  wf_jsonl_column *column = &chunk->columns.items[index];
  if (column->mark == chunk->mark) {
    wf_view name = wf_map_key(chunk->names, index);
    return wf_jsonl_fail(r->fault, WF_PARSE, key, "the key '%.*s' appears twice",
                         (int)(name.size < 60 ? name.size : 60), name.data);
  }
  column->mark = chunk->mark;
  p = wf_jsonl_skip_blanks(p);
  if (*p != ':') return wf_jsonl_fail(r->fault, WF_PARSE, p, "no ':' behind a key");
  wf_jsonl_value value = {0};
  p = wf_jsonl_scan_value(&value, wf_jsonl_skip_blanks(p + 1), r->plan->limit, r->fault);
  if (!p || !take_value(r, index, &value)) return NULL;
  return wf_jsonl_skip_blanks(p);
}

static const char *scan_object(reading *r, const char *p) {
  if (*p != '{') return wf_jsonl_fail(r->fault, WF_PARSE, p, "a line must be one JSON object");
  p = wf_jsonl_skip_blanks(p + 1);
  if (*p == '}') return p + 1;
  for (size_t n = 0;; n++) {
    if (!(p = scan_member(r, p, n))) return NULL;
    if (*p == '}') return p + 1;
    if (*p != ',') return wf_jsonl_fail(r->fault, WF_PARSE, p, "no ',' or '}' behind a value");
    p = wf_jsonl_skip_blanks(p + 1);
  }
}

/* The line at `p`, which is not blank. */
static bool scan_line(reading *r, const char *p, bool store) {
  r->store = store;
  r->chunk->mark++;
  if (!(p = scan_object(r, p))) return false;
  p = wf_jsonl_skip_blanks(p);
  if (*p == '\n') return true;
  return wf_jsonl_fail(r->fault, WF_PARSE, p, "more behind the object");
}

static bool check_text(reading *r, const char *line, size_t size) {
  size_t good = wf_utf8_check((wf_view){line, size});
  if (good == size) return true;
  return wf_jsonl_fail(r->fault, WF_PARSE, line + good, "byte 0x%02x is not UTF-8",
                       (unsigned char)line[good]);
}

static wf_status reject(reading *r, const char *line, size_t size) {
  wf_jsonl_rejected rejected = {line, size, wf_strdup(r->fault->why)};
  if (rejected.why && wf_array_push(&r->chunk->rejected, rejected)) return WF_OK;
  wf_free(rejected.why);
  fail_nomem(r->fault);
  return WF_NOMEM;
}

static wf_status read_line(reading *r, const char *line, const char *end, bool checked) {
  const char *p = wf_jsonl_skip_blanks(line);
  if (p == end) return WF_OK;
  bool skip = r->plan->options->bad_row == WF_JSONL_SKIP;
  bool good =
      (checked || check_text(r, line, (size_t)(end - line))) && (!skip || scan_line(r, p, false));
  if (good && scan_line(r, p, true)) {
    r->chunk->n_rows++;
    return WF_OK;
  }
  if (!skip || r->fault->status == WF_NOMEM) return r->fault->status;
  return reject(r, line, (size_t)(end - line));
}

wf_status wf_jsonl_chunk_read(wf_jsonl_chunk *chunk, const wf_jsonl_plan *plan,
                              wf_jsonl_fault *fault) {
  reading r = {chunk, plan, fault, true};
  if (wf_map_new(&chunk->names, NULL) != WF_OK) {
    fail_nomem(fault);
    return WF_NOMEM;
  }
  bool checked = wf_utf8_valid((wf_view){chunk->begin, (size_t)(chunk->end - chunk->begin)});
  for (const char *line = chunk->begin; line < chunk->end;) {
    const char *end = memchr(line, '\n', (size_t)(chunk->end - line));
    WF_TRY(read_line(&r, line, end, checked));
    line = end + 1;
  }
  return WF_OK;
}

void wf_jsonl_column_dispose(wf_jsonl_column *column) {
  wf_free(column->rows);
  wf_free(column->slots);
  wf_bytes_dispose(&column->text);
  column->rows = NULL;
  column->slots = NULL;
  column->n = column->capacity = 0;
}

void wf_jsonl_chunk_dispose(wf_jsonl_chunk *chunk) {
  for (size_t i = 0; i < chunk->columns.count; i++) {
    wf_jsonl_column_dispose(&chunk->columns.items[i]);
  }
  for (size_t i = 0; i < chunk->rejected.count; i++) wf_free(chunk->rejected.items[i].why);
  wf_free(chunk->columns.items);
  wf_free(chunk->real.items);
  wf_free(chunk->sequence.items);
  wf_free(chunk->rejected.items);
  wf_map_free(chunk->names);
  wf_bytes_dispose(&chunk->scratch);
  *chunk = (wf_jsonl_chunk){.begin = chunk->begin, .end = chunk->end};
}
