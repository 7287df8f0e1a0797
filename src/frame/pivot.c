/* pivot.c — long to wide and wide to long.
 *
 * A pivot is one grouping by index and name together; what is left is to place each group's value
 * in the row of its index and the column of its name. Melting repeats the kept columns and puts the
 * others one below the other, which concat does. */
#include "wf/reshape.h"

#include "base/alloc.h"
#include "base/error.h"
#include "frame/column.h"
#include "frame/frame.h"
#include "frame/keys.h"
#include "frame/value.h"

#include <string.h>

/* ---- pivot ----------------------------------------------------------------------------------- */

typedef struct pivot {
  const wf_pivot_options *options;
  wf_frame *groups;  /* index columns, the names, and the aggregate "value" */
  wf_frame *rows;    /* index columns, once each */
  size_t *row_of;    /* by group */
  size_t *column_of; /* by group */
  size_t *first;     /* by name: its first group */
  size_t n_names;
  const char **names; /* of the result */
  char **made;        /* those of the name columns */
  wf_column **columns;
} pivot;

static void dispose(pivot *p) {
  size_t n_index = p->options->n_index;
  for (size_t i = 0; p->made && i < p->n_names; i++) wf_free(p->made[i]);
  for (size_t i = 0; p->columns && i < n_index + p->n_names; i++) wf_column_release(p->columns[i]);
  wf_frame_release(p->groups);
  wf_frame_release(p->rows);
  wf_free(p->row_of);
  wf_free(p->column_of);
  wf_free(p->first);
  wf_free(p->names);
  wf_free(p->made);
  wf_free(p->columns);
}

static wf_status group(pivot *p, const wf_frame *frame, wf_error *err) {
  const wf_pivot_options *o = p->options;
  const char **by = wf_alloc_array(o->n_index + 1, sizeof *by);
  if (!by) return wf_fail_nomem(err);
  for (size_t i = 0; i < o->n_index; i++) by[i] = o->index[i];
  by[o->n_index] = o->names;
  /* the aggregate's name must be none of the others' */
  wf_aggregation value = {.name = "\x01value", .column = o->values, .how = o->how, .q = 0.5};
  wf_status status = wf_frame_group(&p->groups, frame, by, o->n_index + 1, &value, 1, err);
  if (status == WF_OK) {
    status = wf_frame_group(&p->rows, p->groups, o->index, o->n_index, NULL, 0, err);
  }
  wf_free(by);
  return status;
}

/* Numbers the groups by row and by column of the result. */
static wf_status place(pivot *p, wf_error *err) {
  size_t n = wf_frame_row_count(p->groups), n_index = p->options->n_index;
  const wf_column **keys = wf_alloc_array(n_index, sizeof *keys);
  p->row_of = wf_alloc_array(n, sizeof *p->row_of);
  p->column_of = wf_alloc_array(n, sizeof *p->column_of);
  p->first = wf_alloc_array(n, sizeof *p->first);
  wf_status status = keys && p->row_of && p->column_of && p->first ? WF_OK : wf_fail_nomem(err);
  if (status == WF_OK) {
    for (size_t i = 0; i < n_index; i++) keys[i] = wf_frame_column_at(p->groups, i);
    status = wf_keys_number(p->row_of, NULL, keys, n_index, err);
  }
  const wf_column *names = wf_frame_column_at(p->groups, n_index);
  if (status == WF_OK) status = wf_keys_number(p->column_of, &p->n_names, &names, 1, err);
  if (status == WF_OK && p->n_names > WF_PIVOT_MAX_COLUMNS) {
    status =
        wf_fail(err, WF_LIMIT, "pivot: '%s' has %zu distinct values; at most %d columns are made",
                p->options->names, p->n_names, (int)WF_PIVOT_MAX_COLUMNS);
    p->n_names = 0;
  }
  for (size_t i = n; status == WF_OK && i-- > 0;) p->first[p->column_of[i]] = i;
  wf_free(keys);
  return status;
}

static wf_status make_columns(pivot *p, wf_error *err) {
  size_t n = wf_frame_row_count(p->groups), n_rows = wf_frame_row_count(p->rows);
  size_t n_index = p->options->n_index;
  const wf_column *names = wf_frame_column_at(p->groups, n_index);
  const wf_column *values = wf_frame_column_at(p->groups, n_index + 1);
  p->names = wf_alloc_array(n_index + p->n_names, sizeof *p->names);
  p->made = wf_alloc_zero(p->n_names, sizeof *p->made);
  p->columns = wf_alloc_zero(n_index + p->n_names, sizeof *p->columns);
  size_t *rows = wf_alloc_array(n_rows, sizeof *rows);
  wf_row_groups by_name = {0};
  wf_status status = p->names && p->made && p->columns && rows
                         ? wf_row_groups_new(&by_name, p->column_of, n, p->n_names, err)
                         : wf_fail_nomem(err);
  for (size_t i = 0; status == WF_OK && i < n_index; i++) {
    p->names[i] = p->options->index[i];
    p->columns[i] = wf_column_retain(wf_frame_column_at(p->rows, i));
  }
  for (size_t k = 0; status == WF_OK && k < p->n_names; k++) {
    char scratch[WF_VALUE_TEXT];
    wf_view text = WF_VIEW("missing");
    if (wf_column_present(names, p->first[k])) text = wf_value_text(names, p->first[k], scratch);
    p->made[k] = wf_strndup(text.data, text.size);
    if (!p->made[k]) {
      status = wf_fail_nomem(err);
      break;
    }
    p->names[n_index + k] = p->made[k];
    for (size_t i = 0; i < n_rows; i++) rows[i] = WF_NO_ROW;
    for (size_t i = by_name.starts[k]; i < by_name.starts[k + 1]; i++) {
      rows[p->row_of[by_name.rows[i]]] = by_name.rows[i];
    }
    status = wf_column_take(&p->columns[n_index + k], values, rows, n_rows, err);
  }
  wf_row_groups_dispose(&by_name);
  wf_free(rows);
  return status;
}

wf_status wf_frame_pivot(wf_frame **out, const wf_frame *frame, const wf_pivot_options *options,
                         wf_error *err) {
  if (options->n_index == 0) return wf_fail(err, WF_INVALID, "pivot: there is no index column");
  wf_column *names = NULL;
  WF_TRY(wf_frame_get(&names, frame, options->names, err));
  if (names->type == WF_F64 || names->type == WF_F32) {
    return wf_fail(err, WF_TYPE, "pivot: column '%s' is %s; its values cannot name columns",
                   options->names, wf_type_name(names->type));
  }
  pivot p = {.options = options};
  wf_status status = group(&p, frame, err);
  if (status == WF_OK) status = place(&p, err);
  if (status == WF_OK) status = make_columns(&p, err);
  if (status == WF_OK) {
    status = wf_frame_new(out, p.names, p.columns, options->n_index + p.n_names, err);
  }
  dispose(&p);
  return status;
}

/* ---- melt ------------------------------------------------------------------------------------ */

static bool is_kept(const wf_melt_options *o, const char *name) {
  for (size_t i = 0; i < o->n_keep; i++) {
    if (strcmp(o->keep[i], name) == 0) return true;
  }
  return false;
}

/* A category column that names each part's column. */
static wf_status repeat_names(wf_column **out, const char *const *names, size_t n, size_t n_rows,
                              wf_error *err) {
  wf_column *words = NULL, *column = NULL, *category = NULL;
  size_t total;
  if (__builtin_mul_overflow(n, n_rows, &total)) return wf_fail_nomem(err);
  size_t *rows = wf_alloc_array(total, sizeof *rows);
  wf_status status = rows ? wf_column_from_strings(&words, names, n, err) : wf_fail_nomem(err);
  if (status == WF_OK) status = wf_column_cast(&category, words, WF_CATEGORY, err);
  for (size_t k = 0; status == WF_OK && k < n; k++) {
    for (size_t i = 0; i < n_rows; i++) rows[k * n_rows + i] = k;
  }
  if (status == WF_OK) status = wf_column_take(&column, category, rows, total, err);
  wf_column_release(words);
  wf_column_release(category);
  wf_free(rows);
  if (status == WF_OK) *out = column;
  return status;
}

/* One part: the kept columns and one other, called `value`. */
static wf_status make_part(wf_frame **out, const wf_frame *frame, const wf_melt_options *o,
                           const char *column, const char *value, wf_error *err) {
  wf_frame *kept = NULL;
  wf_column *source = NULL;
  WF_TRY(wf_frame_get(&source, frame, column, err));
  WF_TRY(wf_frame_select(&kept, frame, o->keep, o->n_keep, err));
  wf_status status = WF_OK;
  if (wf_frame_find(kept, value) >= 0) {
    status = wf_fail(err, WF_INVALID, "melt: there is a kept column '%s' already", value);
  } else if (o->n_keep == 0) {
    status = wf_frame_new(out, &value, &source, 1, err);
  } else {
    status = wf_frame_with(out, kept, value, source, err);
  }
  wf_frame_release(kept);
  return status;
}

static wf_status melt(wf_frame **out, const wf_frame *frame, const wf_melt_options *o,
                      const char *const *columns, size_t n, wf_error *err) {
  const char *name = o->name_column ? o->name_column : "name";
  const char *value = o->value_column ? o->value_column : "value";
  wf_frame **parts = wf_alloc_zero(n, sizeof *parts), *all = NULL, *named = NULL;
  wf_column *names = NULL;
  wf_status status = parts ? WF_OK : wf_fail_nomem(err);
  for (size_t k = 0; status == WF_OK && k < n; k++) {
    status = make_part(&parts[k], frame, o, columns[k], value, err);
  }
  if (status == WF_OK) status = wf_frame_concat(&all, parts, n, err);
  if (status == WF_OK && (wf_frame_find(all, name) >= 0)) {
    status = wf_fail(err, WF_INVALID, "melt: there is a column '%s' already", name);
  }
  if (status == WF_OK) status = repeat_names(&names, columns, n, wf_frame_row_count(frame), err);
  if (status == WF_OK) status = wf_frame_with(&named, all, name, names, err);
  if (status == WF_OK) { /* kept, name, value */
    const char **order = wf_alloc_array(o->n_keep + 2, sizeof *order);
    for (size_t i = 0; order && i < o->n_keep; i++) order[i] = o->keep[i];
    if (order) {
      order[o->n_keep] = name;
      order[o->n_keep + 1] = value;
      status = wf_frame_select(out, named, order, o->n_keep + 2, err);
    } else {
      status = wf_fail_nomem(err);
    }
    wf_free(order);
  }
  for (size_t k = 0; parts && k < n; k++) wf_frame_release(parts[k]);
  wf_free(parts);
  wf_frame_release(all);
  wf_frame_release(named);
  wf_column_release(names);
  return status;
}

wf_status wf_frame_melt(wf_frame **out, const wf_frame *frame, const wf_melt_options *options,
                        wf_error *err) {
  size_t n_all = wf_frame_column_count(frame), n = 0;
  const char **others = wf_alloc_array(n_all, sizeof *others);
  if (!others) return wf_fail_nomem(err);
  for (size_t i = 0; i < n_all; i++) {
    const char *name = wf_frame_name_at(frame, i);
    if (!is_kept(options, name)) others[n++] = name;
  }
  const char *const *columns = options->n_columns ? options->columns : others;
  if (options->n_columns) n = options->n_columns;
  wf_status status = n ? melt(out, frame, options, columns, n, err)
                       : wf_fail(err, WF_INVALID, "melt: there is no column to melt");
  wf_free(others);
  return status;
}
