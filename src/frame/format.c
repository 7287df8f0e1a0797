/* format.c — frames as text for people.
 *
 *    policy_id  incident_type  amount
 *          i64  category          f64
 *            1  Collision      8913.67
 *            2  NA                12.5
 *    … 4996 more rows
 *         5000  Theft               NA
 *    5000 rows × 18 columns
 *
 * Numbers are shortened to six significant digits and stand right, text stands left and is cut at
 * 40 columns. Control characters are shown as escapes: a frame must not be able to drive the
 * terminal it is printed on. When columns do not fit the width, those in the middle are left out.
 */
#include "wf/frame.h"

#include "base/alloc.h"
#include "base/number.h"
#include "frame/column.h"
#include "frame/utf8.h"
#include "frame/value.h"

#include <math.h>
#include <stdio.h>

enum { WIDEST = 40, GAP = 2 };

/* Which rows are shown: the first `head` and the last `tail`. */
typedef struct window {
  size_t n_rows, head, tail;
} window;

static size_t shown_rows(const window *w) { return w->head + w->tail; }

static size_t row_at(const window *w, size_t i) {
  return i < w->head ? i : w->n_rows - w->tail + (i - w->head);
}

/* ---- one cell -------------------------------------------------------------------------------- */

/* Appends text of at most WIDEST terminal columns, made harmless; returns its width. */
static size_t add_clean(wf_bytes *out, wf_view text) {
  size_t width = 0;
  for (size_t at = 0; at < text.size;) {
    size_t begin = at;
    uint32_t c = wf_utf8_next(text, &at);
    char escape[16] = "";
    if (c == '\n' || c == '\r' || c == '\t')
      snprintf(escape, sizeof escape, "\\%c", c == '\n' ? 'n' : c == '\r' ? 'r' : 't');
    else if (c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x202a && c <= 0x202e) ||
             (c >= 0x2066 && c <= 0x2069))
      snprintf(escape, sizeof escape, "\\u{%x}", (unsigned)c);
    wf_view piece = escape[0] ? wf_view_of(escape) : (wf_view){text.data + begin, at - begin};
    size_t piece_width = wf_utf8_text_width(piece);
    if (width + piece_width > WIDEST - (at < text.size)) {
      wf_bytes_text(out, "…");
      return width + 1;
    }
    wf_bytes_add(out, piece.data, piece.size);
    width += piece_width;
  }
  return width;
}

/* The double nearest to the six digits, by way of their text: a power of ten to divide by would not
 * be exact, and %g would follow the host's locale. */
static double round_to_six(double value) {
  char text[WF_NUMBER_TEXT];
  int exponent = 5 - (int)floor(log10(fabs(value)));
  double scaled = value * pow(10, exponent);
  if (!isfinite(scaled) || fabs(scaled) < 1) return value;
  int size = snprintf(text, sizeof text, "%llde%d", llround(scaled), -exponent);
  double rounded = value;
  wf_parse_f64((wf_view){text, (size_t)size}, false, &rounded);
  return rounded;
}

static size_t add_number(wf_bytes *out, double value) {
  char text[WF_NUMBER_TEXT];
  if (!isfinite(value) || (value == trunc(value) && fabs(value) < 1e15)) {
    wf_format_f64(text, value);
  } else {
    wf_format_f64(text, round_to_six(value));
  }
  wf_bytes_text(out, text);
  return wf_view_of(text).size;
}

static size_t add_cell(wf_bytes *out, const wf_column *column, size_t row) {
  char scratch[WF_VALUE_TEXT];
  if (!wf_column_present(column, row)) {
    wf_bytes_text(out, "NA");
    return 2;
  }
  if (column->type == WF_F64 || column->type == WF_F32) {
    double value;
    wf_column_load_f64(column, row, 1, &value);
    return add_number(out, value);
  }
  return add_clean(out, wf_value_text(column, row, scratch));
}

/* ---- the table ------------------------------------------------------------------------------- */

/* All cells of one column: its name, its type, then the rows. */
typedef struct text_column {
  size_t width;
  bool right;
  size_t *ends;   /* in the arena */
  size_t *widths; /* of each cell */
} text_column;

typedef struct table {
  const wf_frame *frame;
  window rows;
  size_t n_columns, n_cells; /* cells a column */
  wf_bytes cells;
  text_column *columns;
  size_t left, right; /* how many columns are shown from either end */
} table;

static wf_status measure(table *t, wf_error *err) {
  t->columns = wf_alloc_zero(t->n_columns, sizeof *t->columns);
  if (!t->columns) return wf_fail_nomem(err);
  for (size_t j = 0; j < t->n_columns; j++) {
    text_column *column = &t->columns[j];
    const wf_column *from = wf_frame_column_at(t->frame, j);
    column->ends = wf_alloc_array(t->n_cells, 2 * sizeof *column->ends);
    if (!column->ends) return wf_fail_nomem(err);
    column->widths = column->ends + t->n_cells;
    column->right = !wf_type_is_text(from->type) && from->type != WF_BOOL;
    for (size_t i = 0; i < t->n_cells; i++) {
      if (i == 0)
        column->widths[i] = add_clean(&t->cells, wf_view_of(wf_frame_name_at(t->frame, j)));
      else if (i == 1)
        column->widths[i] = add_clean(&t->cells, wf_view_of(wf_type_name(from->type)));
      else
        column->widths[i] = add_cell(&t->cells, from, row_at(&t->rows, i - 2));
      column->ends[i] = t->cells.size;
      if (column->widths[i] > column->width) column->width = column->widths[i];
    }
  }
  return t->cells.failed ? wf_fail_nomem(err) : WF_OK;
}

/* Takes columns from both ends while they fit beside the "…" that stands for the rest. */
static void fit(table *t, size_t width) {
  size_t total = 0;
  for (size_t j = 0; j < t->n_columns; j++) total += t->columns[j].width + (j ? GAP : 0);
  t->left = t->n_columns;
  t->right = 0;
  if (width == 0 || total <= width) return;
  size_t used = 1 + GAP;
  t->left = 0;
  for (size_t taken = 0; taken < t->n_columns; taken++) {
    bool from_left = taken % 2 == 0;
    size_t j = from_left ? t->left : t->n_columns - 1 - t->right;
    used += t->columns[j].width + GAP;
    if (used > width + GAP && taken > 0) return;
    if (from_left)
      t->left++;
    else
      t->right++;
  }
}

static void pad(wf_bytes *out, size_t n) {
  for (size_t i = 0; i < n; i++) wf_bytes_char(out, ' ');
}

static void add_table_cell(wf_bytes *out, const table *t, size_t j, size_t i, bool last) {
  const text_column *column = &t->columns[j];
  size_t begin = i ? column->ends[i - 1] : j ? t->columns[j - 1].ends[t->n_cells - 1] : 0;
  size_t space = column->width - column->widths[i];
  if (column->right) pad(out, space);
  wf_bytes_add(out, t->cells.data + begin, column->ends[i] - begin);
  if (!column->right && !last) pad(out, space);
}

static void add_line(wf_bytes *out, const table *t, size_t i) {
  bool elided = t->left + t->right < t->n_columns;
  for (size_t j = 0; j < t->left; j++) {
    if (j) pad(out, GAP);
    add_table_cell(out, t, j, i, !elided && j + 1 == t->left);
  }
  if (elided) {
    pad(out, GAP);
    wf_bytes_text(out, "…");
  }
  for (size_t j = t->n_columns - t->right; j < t->n_columns; j++) {
    pad(out, GAP);
    add_table_cell(out, t, j, i, j + 1 == t->n_columns);
  }
  wf_bytes_char(out, '\n');
}

static void add_footer(wf_bytes *out, const table *t) {
  wf_bytes_format(out, "%zu row%s × %zu column%s", t->rows.n_rows, t->rows.n_rows == 1 ? "" : "s",
                  t->n_columns, t->n_columns == 1 ? "" : "s");
  size_t hidden = t->n_columns - t->left - t->right;
  if (hidden) wf_bytes_format(out, " (%zu not shown)", hidden);
  wf_bytes_char(out, '\n');
}

static window choose_rows(size_t n_rows, size_t max_rows) {
  if (max_rows == 0 || n_rows <= max_rows) return (window){n_rows, n_rows, 0};
  return (window){n_rows, (max_rows + 1) / 2, max_rows / 2};
}

static void write_table(wf_bytes *out, const table *t) {
  for (size_t i = 0; i < t->n_cells && t->n_columns > 0; i++) {
    size_t hidden = t->rows.n_rows - shown_rows(&t->rows);
    if (hidden && i == t->rows.head + 2) wf_bytes_format(out, "… %zu more rows\n", hidden);
    add_line(out, t, i);
  }
  size_t hidden = t->rows.n_rows - shown_rows(&t->rows);
  if (hidden && t->rows.tail == 0) wf_bytes_format(out, "… %zu more rows\n", hidden);
  add_footer(out, t);
}

wf_status wf_frame_format(char **out, const wf_frame *frame, size_t max_rows, size_t width,
                          wf_error *err) {
  table t = {.frame = frame,
             .rows = choose_rows(wf_frame_row_count(frame), max_rows),
             .n_columns = wf_frame_column_count(frame)};
  t.n_cells = shown_rows(&t.rows) + 2;
  wf_bytes text = {0};
  wf_status status = measure(&t, err);
  if (status == WF_OK) {
    fit(&t, width);
    write_table(&text, &t);
    status = wf_bytes_take(&text, out, NULL, err);
  }
  for (size_t j = 0; t.columns && j < t.n_columns; j++) wf_free(t.columns[j].ends);
  wf_free(t.columns);
  wf_bytes_dispose(&t.cells);
  return status;
}
