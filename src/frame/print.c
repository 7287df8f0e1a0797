/* print.c — values as text, column by column.
 *
 * A group of rows is printed at a time. Each of its lines has its own place in scratch memory with
 * all the room that it could need, and one column after the other is written to the ends of the
 * lines: the loop of a type is entered once for many rows, and its lines do not wait for each
 * other. The lines are then moved together.
 *
 * Because of the room, values are written without looking, in steps of whole words, past their end:
 * what is behind a value is overwritten by the next one, and behind the last one there is slack.
 *
 * Entries of dictionaries and words of bools are rendered once, with what stands before them. */
#include "frame/print.h"

#include "base/alloc.h"
#include "base/digits.h"
#include "frame/timestamp.h"
#include "frame/value.h"

enum {
  GROUP = 64,           /* lines at a time, when they are short … */
  LINES_ROOM = 1 << 18, /* … and not more than have this room, but for a single one */
  NUMBER_ROOM = WF_NUMBER_TEXT + 2,
  CELLS = 1 << 15,
};

/* Texts that are copied in steps of WF_PRINT_SLACK, with so many bytes behind the last. */
typedef struct texts {
  wf_bytes bytes;
  size_t *ends; /* text i lies between ends[i] and ends[i + 1] */
} texts;

struct wf_print_column {
  const wf_column *column;
  bool as_text;
  texts around;   /* what stands before a value; what stands for a missing one */
  texts rendered; /* category: the dictionary; bool: both words */
};

enum { BEFORE, MISSING, N_AROUND };

/* ---- rendered once ----------------------------------------------------------------------------
 */

static inline char *copy_text(char *to, const char *from, size_t size) {
  memcpy(to, from, WF_PRINT_SLACK); /* of a fixed size: no call */
  for (size_t i = WF_PRINT_SLACK; i < size; i += WF_PRINT_SLACK) {
    memcpy(to + i, from + i, WF_PRINT_SLACK);
  }
  return to + size;
}

static inline char *put_rendered(const texts *all, char *to, size_t i) {
  size_t begin = all->ends[i];
  return copy_text(to, all->bytes.data + begin, all->ends[i + 1] - begin);
}

static size_t longest_of(const texts *all, size_t n) {
  size_t longest = 0;
  for (size_t i = 0; i < n; i++) {
    size_t size = all->ends[i + 1] - all->ends[i];
    if (size > longest) longest = size;
  }
  return longest;
}

static bool begin_texts(texts *all, size_t n) {
  if (n < SIZE_MAX) all->ends = wf_alloc_array(n + 1, sizeof *all->ends);
  if (all->ends) all->ends[0] = 0;
  return all->ends != NULL;
}

static bool end_text(texts *all, size_t i) {
  all->ends[i + 1] = all->bytes.size;
  return wf_bytes_reserve(&all->bytes, WF_PRINT_SLACK);
}

static wf_status render_around(texts *all, wf_view before, wf_view missing, wf_error *err) {
  if (!begin_texts(all, N_AROUND)) return wf_fail_nomem(err);
  wf_bytes_add(&all->bytes, before.data, before.size);
  bool complete = end_text(all, BEFORE);
  wf_bytes_add(&all->bytes, missing.data, missing.size);
  return end_text(all, MISSING) && complete ? WF_OK : wf_fail_nomem(err);
}

static wf_status render_dictionary(const wf_print_rules *rules, wf_print_column *c, wf_view before,
                                   wf_error *err) {
  const wf_column *dictionary = c->column->dictionary;
  texts *all = &c->rendered;
  if (!begin_texts(all, dictionary->n_rows)) return wf_fail_nomem(err);
  for (size_t i = 0; i < dictionary->n_rows; i++) {
    wf_view text = wf_column_view(dictionary, i);
    wf_bytes_add(&all->bytes, before.data, before.size);
    size_t room = rules->growth * text.size + 2 + WF_PRINT_SLACK;
    if (!wf_bytes_reserve(&all->bytes, room)) return wf_fail_nomem(err);
    char *to = all->bytes.data + all->bytes.size;
    char *end = rules->put_text(rules->context, to, text, text.data + text.size);
    all->bytes.size += (size_t)(end - to);
    if (!end_text(all, i)) return wf_fail_nomem(err);
  }
  return WF_OK;
}

static wf_status render_bools(const wf_print_rules *rules, wf_print_column *c, wf_view before,
                              wf_error *err) {
  texts *all = &c->rendered;
  bool complete = begin_texts(all, 2);
  for (size_t i = 0; complete && i < 2; i++) {
    wf_bytes_add(&all->bytes, before.data, before.size);
    wf_bytes_text(&all->bytes, rules->words[WF_PRINT_FALSE + i]);
    complete = end_text(all, i);
  }
  return complete ? WF_OK : wf_fail_nomem(err);
}

/* ---- making ---------------------------------------------------------------------------------- */

wf_status wf_printer_init(wf_printer *out, size_t n_columns, const wf_print_rules *rules,
                          wf_error *err) {
  size_t end = strlen(rules->row_end);
  *out = (wf_printer){.rules = *rules, .room = WF_NUMBER_TEXT + end};
  out->columns = wf_alloc_zero(n_columns, sizeof *out->columns);
  if (!out->columns) return wf_fail_nomem(err);
  out->capacity = n_columns;
  return WF_OK;
}

static void dispose_texts(texts *all) {
  wf_bytes_dispose(&all->bytes);
  wf_free(all->ends);
}

void wf_printer_dispose(wf_printer *printer) {
  for (size_t i = 0; i < printer->n_columns; i++) {
    dispose_texts(&printer->columns[i].around);
    dispose_texts(&printer->columns[i].rendered);
  }
  wf_free(printer->columns);
  *printer = (wf_printer){0};
}

/* The longest that a value can be, with what stands before it; of a string without the text. */
static size_t room_of(const wf_printer *p, const wf_print_column *c) {
  size_t missing = c->around.ends[MISSING + 1] - c->around.ends[MISSING], room = 0;
  if (c->column->type == WF_CATEGORY) {
    room = longest_of(&c->rendered, c->column->dictionary->n_rows);
  } else if (c->column->type == WF_BOOL) {
    room = longest_of(&c->rendered, 2);
  } else {
    size_t number = NUMBER_ROOM * (c->as_text ? p->rules.growth : 1);
    room = c->around.ends[BEFORE + 1] + number;
  }
  return (room > missing ? room : missing) + WF_PRINT_SLACK;
}

wf_status wf_printer_add(wf_printer *p, const wf_column *column, wf_view before, wf_view missing,
                         bool as_text, wf_error *err) {
  wf_print_column *c = &p->columns[p->n_columns++];
  *c = (wf_print_column){.column = column, .as_text = as_text};
  WF_TRY(render_around(&c->around, before, missing, err));
  if (column->type == WF_CATEGORY) WF_TRY(render_dictionary(&p->rules, c, before, err));
  if (column->type == WF_BOOL) WF_TRY(render_bools(&p->rules, c, before, err));
  p->room += room_of(p, c);
  return WF_OK;
}

/* ---- one column of a group --------------------------------------------------------------------
 */

/* Rows [begin, begin + n), and where the line of each has got to. */
typedef struct group {
  size_t begin, n;
  char *at[GROUP];
  wf_print_refusal refusal; /* row WF_NO_ROW: none */
} group;

/* Puts what stands before the value, or all of it when it is missing. */
static inline bool put_before(const wf_print_column *c, const uint8_t *validity, char **to,
                              size_t row) {
  bool present = !validity || wf_bit_get(validity, row);
  *to = put_rendered(&c->around, *to, present ? BEFORE : MISSING);
  return present;
}

static inline const uint8_t *validity_of(const wf_column *column) {
  return column->validity ? column->validity->data : NULL;
}

static char *put_not_finite(const wf_printer *p, const wf_print_column *c, group *g, size_t i,
                            char *to, double value) {
  wf_print_word kind = isnan(value) ? WF_PRINT_NAN : value > 0 ? WF_PRINT_INF : WF_PRINT_MINUS_INF;
  const char *word = p->rules.words[kind];
  if (!word && g->begin + i < g->refusal.row) {
    g->refusal = (wf_print_refusal){g->begin + i, (size_t)(c - p->columns)};
  }
  size_t size = word ? strlen(word) : 0;
  if (size) memcpy(to, word, size);
  return to + size;
}

static void put_f64s(const wf_printer *p, const wf_print_column *c, group *g) {
  const double *values = wf_column_f64(c->column) + g->begin;
  const uint8_t *validity = validity_of(c->column);
  bool point = p->rules.point;
  for (size_t i = 0; i < g->n; i++) {
    char *to = g->at[i];
    double value = values[i];
    if (put_before(c, validity, &to, g->begin + i)) {
      to = isfinite(value) ? wf_put_f64(to, value, point) : put_not_finite(p, c, g, i, to, value);
    }
    g->at[i] = to;
  }
}

static void put_f32s(const wf_printer *p, const wf_print_column *c, group *g) {
  const float *values = wf_column_f32(c->column) + g->begin;
  const uint8_t *validity = validity_of(c->column);
  for (size_t i = 0; i < g->n; i++) {
    float value = values[i];
    if (!put_before(c, validity, &g->at[i], g->begin + i)) continue;
    g->at[i] = isfinite(value) ? wf_put_f32(g->at[i], value, p->rules.point)
                               : put_not_finite(p, c, g, i, g->at[i], (double)value);
  }
}

static void put_i64s(const wf_print_column *c, group *g) {
  const int64_t *values = wf_column_i64(c->column) + g->begin;
  const uint8_t *validity = validity_of(c->column);
  for (size_t i = 0; i < g->n; i++) {
    char *to = g->at[i];
    if (put_before(c, validity, &to, g->begin + i)) to = wf_put_i64(to, values[i]);
    g->at[i] = to;
  }
}

static void put_i32s(const wf_print_column *c, group *g) {
  const int32_t *values = wf_column_i32(c->column) + g->begin;
  const uint8_t *validity = validity_of(c->column);
  for (size_t i = 0; i < g->n; i++) {
    char *to = g->at[i];
    if (put_before(c, validity, &to, g->begin + i)) to = wf_put_i64(to, values[i]);
    g->at[i] = to;
  }
}

static void put_times(const wf_printer *p, const wf_print_column *c, group *g) {
  const int64_t *values = wf_column_i64(c->column) + g->begin;
  const uint8_t *validity = validity_of(c->column);
  bool quoted = p->rules.times_quoted;
  for (size_t i = 0; i < g->n; i++) {
    char *to = g->at[i];
    if (put_before(c, validity, &to, g->begin + i)) {
      *to = '"';
      to += quoted;
      to += wf_timestamp_format(to, values[i]);
      *to = '"';
      to += quoted;
    }
    g->at[i] = to;
  }
}

static void put_categories(const wf_print_column *c, group *g) {
  const int32_t *codes = wf_column_i32(c->column) + g->begin;
  const uint8_t *validity = validity_of(c->column);
  for (size_t i = 0; i < g->n; i++) {
    bool present = !validity || wf_bit_get(validity, g->begin + i);
    g->at[i] = put_rendered(present ? &c->rendered : &c->around, g->at[i],
                            present ? (size_t)codes[i] : MISSING);
  }
}

static void put_bools(const wf_print_column *c, group *g) {
  const uint8_t *validity = validity_of(c->column), *bits = c->column->data->data;
  for (size_t i = 0; i < g->n; i++) {
    size_t row = g->begin + i;
    bool present = !validity || wf_bit_get(validity, row);
    g->at[i] = put_rendered(present ? &c->rendered : &c->around, g->at[i],
                            present ? wf_bit_get(bits, row) : MISSING);
  }
}

static void put_strings(const wf_printer *p, const wf_print_column *c, group *g) {
  const wf_column *column = c->column;
  const uint8_t *validity = validity_of(column);
  const char *limit = (const char *)column->data->data + column->data->size;
  for (size_t i = 0; i < g->n; i++) {
    char *to = g->at[i];
    size_t row = g->begin + i;
    if (put_before(c, validity, &to, row)) {
      to = p->rules.put_text(p->rules.context, to, wf_column_view(column, row), limit);
    }
    g->at[i] = to;
  }
}

/* Numbers and times that could be taken for something else. */
static void put_as_texts(const wf_printer *p, const wf_print_column *c, group *g) {
  const uint8_t *validity = validity_of(c->column);
  for (size_t i = 0; i < g->n; i++) {
    char scratch[WF_VALUE_TEXT + WF_PRINT_SLACK];
    size_t row = g->begin + i;
    if (!put_before(c, validity, &g->at[i], row)) continue;
    wf_view text = wf_value_text(c->column, row, scratch);
    g->at[i] = p->rules.put_text(p->rules.context, g->at[i], text, text.data + text.size);
  }
}

static void put_column(const wf_printer *p, const wf_print_column *c, group *g) {
  wf_type type = c->column->type;
  if (type == WF_TIMESTAMP && p->rules.times_counted) type = WF_I64;
  switch (type) {
  case WF_CATEGORY: put_categories(c, g); return;
  case WF_BOOL: put_bools(c, g); return;
  case WF_STRING: put_strings(p, c, g); return;
  default:
    if (c->as_text) {
      put_as_texts(p, c, g);
      return;
    }
  }
  switch (type) {
  case WF_F64: put_f64s(p, c, g); return;
  case WF_F32: put_f32s(p, c, g); return;
  case WF_I32: put_i32s(c, g); return;
  case WF_TIMESTAMP: put_times(p, c, g); return;
  default: put_i64s(c, g);
  }
}

/* ---- groups ---------------------------------------------------------------------------------- */

/* How many of the rows fit, at least one, and the room of each. Texts are in memory already: a few
 * times their size overflows nothing. */
static size_t measure(const wf_printer *p, size_t begin, size_t n, size_t rooms[GROUP]) {
  size_t total = 0, fitting = 0;
  for (size_t i = 0; i < n; i++) rooms[i] = p->room;
  for (size_t j = 0; j < p->n_columns; j++) {
    const wf_column *column = p->columns[j].column;
    if (column->type != WF_STRING) continue;
    const int64_t *offsets = wf_column_offsets(column) + begin;
    for (size_t i = 0; i < n; i++) {
      rooms[i] += p->rules.growth * (size_t)(offsets[i + 1] - offsets[i]);
    }
  }
  while (fitting < n && (fitting == 0 || total + rooms[fitting] <= LINES_ROOM)) {
    total += rooms[fitting++];
  }
  return fitting;
}

/* Puts the first rows from `begin` to `end` on; how many, 0 when memory is out. */
static size_t print_group(const wf_printer *p, wf_bytes *out, wf_bytes *lines, group *g,
                          size_t end) {
  size_t rooms[GROUP], sizes = 0, n = end - g->begin < GROUP ? end - g->begin : GROUP;
  size_t row_end = strlen(p->rules.row_end);
  g->n = measure(p, g->begin, n, rooms);
  for (size_t i = 0; i < g->n; i++) sizes += rooms[i];
  if (!wf_bytes_reserve(lines, sizes)) return out->failed = true, 0;
  char *line = lines->data;
  for (size_t i = 0; i < g->n; line += rooms[i++]) g->at[i] = line;
  for (size_t j = 0; j < p->n_columns; j++) put_column(p, &p->columns[j], g);
  if (!wf_bytes_reserve(out, sizes)) return 0;
  char *to = out->data + out->size;
  line = lines->data;
  for (size_t i = 0; i < g->n; line += rooms[i++]) {
    memcpy(g->at[i], p->rules.row_end, row_end);
    size_t size = (size_t)(g->at[i] - line) + row_end;
    memcpy(to, line, size);
    to += size;
  }
  out->size = (size_t)(to - out->data);
  out->data[out->size] = '\0';
  return g->n;
}

bool wf_print_rows(const wf_printer *printer, wf_bytes *out, wf_bytes *lines, size_t begin,
                   size_t end, wf_print_refusal *refusal) {
  group g = {.begin = begin, .refusal = {WF_NO_ROW, 0}};
  while (g.begin < end) {
    size_t n = print_group(printer, out, lines, &g, end);
    if (n == 0) return true;
    if (g.refusal.row != WF_NO_ROW) {
      *refusal = g.refusal;
      return false;
    }
    g.begin += n;
  }
  return true;
}

size_t wf_print_block(size_t n_columns) {
  return n_columns < CELLS ? CELLS / (n_columns ? n_columns : 1) : 1;
}
