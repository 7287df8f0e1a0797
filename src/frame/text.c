/* text.c — functions of text columns.
 *
 * Of a category the dictionary is worked on instead of the rows: new texts get a dictionary of
 * their own (two values may have become one), and numbers are gathered by code. Positions count
 * code points; case is ASCII's, since Unicode's depends on language. Text is valid UTF-8 by the
 * invariant of columns, and every function keeps it so: it cuts between code points only, and a
 * valid text occurs in another only at their borders. */
#include "wf/transform.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/pool.h"
#include "frame/builder.h"
#include "frame/column.h"
#include "frame/text_piece.h"
#include "frame/utf8.h"

#include <string.h>

/* ---- one text -------------------------------------------------------------------------------- */

static void add_replaced(wf_bytes *out, wf_view text, wf_view part, wf_view by) {
  for (size_t at = 0;;) {
    size_t next = wf_text_find(text, at, part);
    wf_bytes_add(out, text.data + at, next - at);
    if (next == text.size) return;
    wf_bytes_add(out, by.data, by.size);
    at = next + part.size;
  }
}

/* ---- text to text ---------------------------------------------------------------------------- */

static wf_status add_result(wf_builder *to, wf_view text, const wf_text_call *call, wf_bytes *room,
                            wf_error *err) {
  wf_view argument = call->argument ? wf_view_of(call->argument) : WF_VIEW("");
  wf_view piece = text;
  wf_bytes_clear(room);
  switch (call->function) {
  case WF_TEXT_REPLACE:
    add_replaced(room, text, argument, wf_view_of(call->other ? call->other : ""));
    break;
  case WF_TEXT_TRIM: return wf_builder_add_text(to, wf_text_trim(text), err);
  case WF_TEXT_SLICE:
    return wf_builder_add_text(to, wf_text_slice(text, call->number, call->last), err);
  case WF_TEXT_PART:
    if (!wf_text_part(&piece, text, argument, call->number)) return wf_builder_add_missing(to, err);
    return wf_builder_add_text(to, piece, err);
  default: break;
  }
  if (room->failed) return wf_fail_nomem(err);
  return wf_builder_add_text(to, (wf_view){room->data ? room->data : "", room->size}, err);
}

typedef struct casing {
  const uint8_t *from;
  uint8_t *to;
  unsigned first; /* of the 26 letters that change */
} casing;

static wf_status change_case(void *context, size_t index, size_t begin, size_t end, size_t worker,
                             wf_error *err) {
  const casing *c = context;
  (void)index, (void)worker, (void)err;
  for (size_t i = begin; i < end; i++) {
    bool letter = (uint8_t)(c->from[i] - c->first) < 26;
    c->to[i] = (uint8_t)(c->from[i] ^ (letter ? 0x20 : 0));
  }
  return WF_OK;
}

/* Letters of the other case: as many bytes, at the same places. */
static wf_status map_case(wf_column **out, const wf_column *column, bool upper, wf_error *err) {
  enum { BYTES = 1 << 20 };
  wf_buffer *data = NULL;
  size_t size = (size_t)wf_column_offsets(column)[column->n_rows];
  WF_TRY(wf_buffer_new(&data, size, err));
  casing job = {column->data->data, data->data, upper ? 'a' : 'A'};
  wf_status status = wf_parallel_for(size, BYTES, 0, change_case, &job, err);
  if (status != WF_OK) {
    wf_buffer_release(data);
    return status;
  }
  return wf_column_make(out, WF_STRING, column->n_rows, column->n_missing,
                        wf_buffer_retain(column->validity), data, wf_buffer_retain(column->offsets),
                        NULL, err);
}

/* Every present text of a string column, in that type. */
static wf_status map_strings(wf_column **out, const wf_column *column, wf_type type,
                             const wf_text_call *call, wf_error *err) {
  wf_builder *builder;
  wf_bytes room = {0};
  WF_TRY(wf_builder_new(&builder, type, err));
  wf_status status = WF_OK;
  for (size_t i = 0; status == WF_OK && i < column->n_rows; i++) {
    status = wf_column_present(column, i)
                 ? add_result(builder, wf_column_view(column, i), call, &room, err)
                 : wf_builder_add_missing(builder, err);
  }
  wf_bytes_dispose(&room);
  if (status == WF_OK) return wf_builder_finish(builder, out, err);
  wf_builder_free(builder);
  return status;
}

/* Of a string column, in type string or category. */
static wf_status map_texts(wf_column **out, const wf_column *column, wf_type type,
                           const wf_text_call *call, wf_error *err) {
  bool upper = call->function == WF_TEXT_UPPER;
  if (!upper && call->function != WF_TEXT_LOWER) return map_strings(out, column, type, call, err);
  wf_column *texts = NULL;
  WF_TRY(map_case(&texts, column, upper, err));
  wf_status status = wf_column_cast(out, texts, type, err);
  wf_column_release(texts);
  return status;
}

/* Rows of `by_code` by the codes of the category. */
static wf_status spread(wf_column **out, const wf_column *category, const wf_column *by_code,
                        wf_error *err) {
  size_t *rows = wf_alloc_filled(category->n_rows, sizeof *rows);
  if (!rows) return wf_fail_nomem(err);
  const int32_t *codes = wf_column_i32(category);
  for (size_t i = 0; i < category->n_rows; i++) {
    rows[i] = wf_column_present(category, i) ? (size_t)codes[i] : WF_NO_ROW;
  }
  wf_status status = wf_column_take(out, by_code, rows, category->n_rows, err);
  wf_free(rows);
  return status;
}

/* ---- text to numbers ------------------------------------------------------------------------- */

static bool holds(wf_view text, const wf_text_call *call) {
  wf_view argument = wf_view_of(call->argument);
  if (call->function == WF_TEXT_STARTS) return wf_text_begins(text, 0, argument);
  return argument.size <= text.size && wf_text_begins(text, text.size - argument.size, argument);
}

typedef struct measuring {
  const wf_column *column;
  const wf_text_call *call;
  uint8_t *bits;    /* of the result, or */
  int64_t *lengths; /* its values */
} measuring;

/* All rows of a block are searched as one text: a find counts when it lies within one of them. */
static void find_in_rows(const measuring *m, size_t begin, size_t end) {
  const int64_t *ends = wf_column_offsets(m->column);
  const char *bytes = (const char *)m->column->data->data;
  wf_view part = wf_view_of(m->call->argument);
  size_t row = begin, at = (size_t)ends[begin], last = (size_t)ends[end];
  while (at < last) {
    const char *found = memmem(bytes + at, last - at, part.data, part.size);
    if (!found) return;
    size_t place = (size_t)(found - bytes);
    while ((size_t)ends[row + 1] <= place) row++;
    at = place + 1;
    if (place + part.size > (size_t)ends[row + 1]) continue;
    wf_bit_set(m->bits, row++);
    at = (size_t)ends[row];
  }
}

/* Missing texts are empty, so they hold nothing and have length 0. */
static wf_status measure_rows(void *context, size_t index, size_t begin, size_t end, size_t worker,
                              wf_error *err) {
  const measuring *m = context;
  (void)index, (void)worker, (void)err;
  if (m->call->function == WF_TEXT_CONTAINS) {
    find_in_rows(m, begin, end);
    return WF_OK;
  }
  for (size_t i = begin; i < end; i++) {
    wf_view text = wf_column_view(m->column, i);
    if (m->call->function == WF_TEXT_LENGTH)
      m->lengths[i] = (int64_t)wf_text_length(text);
    else if (holds(text, m->call))
      wf_bit_set(m->bits, i);
  }
  return WF_OK;
}

static wf_status measure_strings(wf_column **out, const wf_column *column, const wf_text_call *call,
                                 wf_error *err) {
  enum { ROWS = 1 << 16 };
  bool counts = call->function == WF_TEXT_LENGTH;
  wf_column *result;
  WF_TRY(wf_column_blank(&result, counts ? WF_I64 : WF_BOOL, column->n_rows,
                         wf_buffer_retain(column->validity), column->n_missing, err));
  measuring m = {column, call, wf_column_memory(result), wf_column_memory(result)};
  wf_status status = wf_parallel_for(column->n_rows, ROWS, 0, measure_rows, &m, err);
  if (status == WF_OK)
    *out = result;
  else
    wf_column_release(result);
  return status;
}

/* ---- calls ----------------------------------------------------------------------------------- */

static wf_status check_call(const wf_column *column, const wf_text_call *call, wf_error *err) {
  static const char *const names[] = {
#define TEXT_NAME(name, text) text,
      WF_TEXT_MAP(TEXT_NAME)
#undef TEXT_NAME
  };
  const char *name = names[call->function];
  if (!wf_type_is_text(column->type)) {
    return wf_fail(err, WF_TYPE, "%s: the column is %s, not text", name,
                   wf_type_name(column->type));
  }
  switch (call->function) {
  case WF_TEXT_CONTAINS:
  case WF_TEXT_STARTS:
  case WF_TEXT_ENDS:
  case WF_TEXT_REPLACE:
  case WF_TEXT_PART:
    if (!call->argument || !*call->argument) {
      return wf_fail(err, WF_INVALID, "%s: the text to look for is empty", name);
    }
    if (!wf_utf8_valid(wf_view_of(call->argument)) ||
        (call->other && !wf_utf8_valid(wf_view_of(call->other)))) {
      return wf_fail(err, WF_INVALID, "%s: the text is not UTF-8", name);
    }
    break;
  default: break;
  }
  if ((call->function == WF_TEXT_PART || call->function == WF_TEXT_SLICE) && call->number == 0) {
    return wf_fail(err, WF_INVALID, "%s: positions count from 1", name);
  }
  return WF_OK;
}

static bool gives_text(wf_text_function function) {
  return function != WF_TEXT_LENGTH && function != WF_TEXT_CONTAINS && function != WF_TEXT_STARTS &&
         function != WF_TEXT_ENDS;
}

wf_status wf_column_text_call(wf_column **out, const wf_column *column, const wf_text_call *call,
                              wf_error *err) {
  WF_TRY(check_call(column, call, err));
  bool text = gives_text(call->function);
  if (column->type == WF_STRING) {
    return text ? map_texts(out, column, WF_STRING, call, err)
                : measure_strings(out, column, call, err);
  }
  wf_column *by_code = NULL;
  wf_status status = text ? map_texts(&by_code, column->dictionary, WF_CATEGORY, call, err)
                          : measure_strings(&by_code, column->dictionary, call, err);
  if (status == WF_OK) status = spread(out, column, by_code, err);
  wf_column_release(by_code);
  return status;
}
