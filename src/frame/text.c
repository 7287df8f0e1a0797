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
#include "frame/builder.h"
#include "frame/column.h"
#include "frame/text_piece.h"
#include "frame/utf8.h"

#include <string.h>

/* ---- one text -------------------------------------------------------------------------------- */

static void add_case(wf_bytes *out, wf_view text, char first, char last) {
  if (!wf_bytes_reserve(out, text.size)) return;
  for (size_t i = 0; i < text.size; i++) {
    char c = text.data[i];
    wf_bytes_char(out, c >= first && c <= last ? (char)(c ^ 0x20) : c);
  }
}

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
  case WF_TEXT_LOWER: add_case(room, text, 'A', 'Z'); break;
  case WF_TEXT_UPPER: add_case(room, text, 'a', 'z'); break;
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

/* Rows of `by_code` by the codes of the category. */
static wf_status spread(wf_column **out, const wf_column *category, const wf_column *by_code,
                        wf_error *err) {
  size_t *rows = wf_alloc_array(category->n_rows, sizeof *rows);
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
  if (call->function == WF_TEXT_CONTAINS)
    return memmem(text.data, text.size, argument.data, argument.size);
  return argument.size <= text.size && wf_text_begins(text, text.size - argument.size, argument);
}

static wf_status measure_strings(wf_column **out, const wf_column *column, const wf_text_call *call,
                                 wf_error *err) {
  bool counts = call->function == WF_TEXT_LENGTH;
  wf_column *result;
  WF_TRY(wf_column_blank(&result, counts ? WF_I64 : WF_BOOL, column->n_rows,
                         wf_buffer_retain(column->validity), column->n_missing, err));
  uint8_t *bits = wf_column_memory(result);
  int64_t *lengths = wf_column_memory(result);
  for (size_t i = 0; i < column->n_rows; i++) {
    bool present = wf_column_present(column, i);
    wf_view text = wf_column_view(column, i);
    if (counts)
      lengths[i] = present ? (int64_t)wf_text_length(text) : 0;
    else if (present && holds(text, call))
      wf_bit_set(bits, i);
  }
  *out = result;
  return WF_OK;
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
    return text ? map_strings(out, column, WF_STRING, call, err)
                : measure_strings(out, column, call, err);
  }
  wf_column *by_code = NULL;
  wf_status status = text ? map_strings(&by_code, column->dictionary, WF_CATEGORY, call, err)
                          : measure_strings(&by_code, column->dictionary, call, err);
  if (status == WF_OK) status = spread(out, column, by_code, err);
  wf_column_release(by_code);
  return status;
}
