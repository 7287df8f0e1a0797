/* frame/keys.h — rows to dense key numbers: equal rows of one or several columns get the same
 * number, counting from 0 in order of first appearance. Joins, groups, strata and distinct counts
 * are made of it. */
#ifndef WF_FRAME_KEYS_H
#define WF_FRAME_KEYS_H

#include "frame/column.h"

typedef struct wf_keys wf_keys;

/* For columns of these types, at least one. Integer types (i64, i32) match each other, so do float
 * types and text types. `missing_counts`: a missing value is a key like any other; else a row with
 * one has no key. */
wf_status wf_keys_new(wf_keys **out, const wf_column *const *columns, size_t n_columns,
                      bool missing_counts, wf_error *err);
void wf_keys_free(wf_keys *keys);

/* Numbers every row of the columns into ids[n_rows]; new keys are added. Once. */
wf_status wf_keys_add(wf_keys *keys, const wf_column *const *columns, size_t *ids, wf_error *err);
/* The same for rows of other columns, adding nothing: WF_NO_ROW where the key is unknown. */
wf_status wf_keys_find(wf_keys *keys, const wf_column *const *columns, size_t *ids, wf_error *err);
size_t wf_keys_count(const wf_keys *keys);

/* Whether values of these two types can be equal keys. */
bool wf_keys_agree(wf_type a, wf_type b);

/* New, add and free in one; missing values count. `n_keys` may be NULL. */
wf_status wf_keys_number(size_t *ids, size_t *n_keys, const wf_column *const *columns,
                         size_t n_columns, wf_error *err);

/* Rows by key: those of key k are rows[starts[k]] to rows[starts[k + 1] - 1], in order. Rows
 * without a key are left out. wf_free both. */
typedef struct wf_row_groups {
  size_t *starts, *rows;
} wf_row_groups;
wf_status wf_row_groups_new(wf_row_groups *out, const size_t *ids, size_t n_rows, size_t n_keys,
                            wf_error *err);
void wf_row_groups_dispose(wf_row_groups *groups);

/* The group of every row and rows by group, for a frame's columns `by`; one group of all rows when
 * n_by is 0 (window.c). */
wf_status wf_frame_number_rows(size_t *ids, size_t *n_groups, const wf_frame *frame,
                               const char *const *by, size_t n_by, wf_error *err);
wf_status wf_row_groups_by(wf_row_groups *out, size_t *n_groups, const wf_frame *frame,
                           const char *const *by, size_t n_by, wf_error *err);

#endif
