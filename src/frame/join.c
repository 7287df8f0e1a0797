/* join.c — joining two frames on equal keys.
 *
 * The right frame's rows are numbered by key and listed by number; each left row then knows its
 * key's number and so its matches, in the right frame's order. When no right key repeats, a left
 * join keeps every left row exactly once: its columns are shared, not copied, and only the right
 * frame's columns are gathered. */
#include "wf/frame.h"

#include "base/alloc.h"
#include "frame/column.h"
#include "frame/frame.h"
#include "frame/keys.h"

#include <string.h>

/* The rows of the result: those of the left frame (NULL: each once, in order) and of the right. */
typedef struct pairing {
  size_t *left, *right;
  size_t n;
} pairing;

static wf_status get_columns(const wf_column **out, const wf_frame *frame, const char *const *names,
                             size_t n, const char *side, wf_error *err) {
  for (size_t i = 0; i < n; i++) {
    wf_column *column = NULL;
    wf_status status = wf_frame_get(&column, frame, names[i], err);
    if (status != WF_OK) return wf_fail_within(err, status, "%s frame", side);
    out[i] = column;
  }
  return WF_OK;
}

static wf_status check_types(const wf_column *const *left, const wf_column *const *right,
                             const char *const *on, size_t n, wf_error *err) {
  for (size_t i = 0; i < n; i++) {
    if (wf_keys_agree(left[i]->type, right[i]->type)) continue;
    return wf_fail(err, WF_TYPE, "cannot join on '%s': it is %s on the left and %s on the right",
                   on[i], wf_type_name(left[i]->type), wf_type_name(right[i]->type));
  }
  return WF_OK;
}

/* ---- which rows ------------------------------------------------------------------------------ */

/* Each left row with its only match or none. `ids` becomes the right rows. */
static void pair_unique(const wf_row_groups *groups, size_t *ids, size_t n_left) {
  for (size_t i = 0; i < n_left; i++) {
    if (ids[i] != WF_NO_ROW) ids[i] = groups->rows[groups->starts[ids[i]]];
  }
}

static size_t count_matches(const wf_row_groups *groups, size_t id) {
  return id == WF_NO_ROW ? 0 : groups->starts[id + 1] - groups->starts[id];
}

static wf_status pair_many(pairing *out, const wf_row_groups *groups, const size_t *ids,
                           size_t n_left, wf_join how, wf_error *err) {
  size_t total = 0, k = 0;
  for (size_t i = 0; i < n_left; i++) {
    size_t n = count_matches(groups, ids[i]);
    if (n == 0 && how == WF_JOIN_LEFT) n = 1;
    if (__builtin_add_overflow(total, n, &total)) return wf_fail_nomem(err);
  }
  size_t *left = wf_alloc_array(total, sizeof *left);
  size_t *right = wf_alloc_array(total, sizeof *right);
  if (!left || !right) {
    wf_free(left);
    wf_free(right);
    return wf_fail_nomem(err);
  }
  for (size_t i = 0; i < n_left; i++) {
    size_t n = count_matches(groups, ids[i]);
    for (size_t j = 0; j < n; j++, k++) {
      left[k] = i;
      right[k] = groups->rows[groups->starts[ids[i]] + j];
    }
    if (n > 0 || how == WF_JOIN_INNER) continue;
    left[k] = i;
    right[k++] = WF_NO_ROW;
  }
  *out = (pairing){left, right, total};
  return WF_OK;
}

static bool is_unique(const wf_row_groups *groups, size_t n_keys) {
  for (size_t k = 0; k < n_keys; k++) {
    if (groups->starts[k + 1] - groups->starts[k] > 1) return false;
  }
  return true;
}

/* `ids` are the left rows' keys, taken over. */
static wf_status pair_rows(pairing *out, const wf_row_groups *groups, size_t n_keys, size_t *ids,
                           size_t n_left, wf_join how, wf_error *err) {
  if (how == WF_JOIN_LEFT && is_unique(groups, n_keys)) {
    pair_unique(groups, ids, n_left);
    *out = (pairing){NULL, ids, n_left};
    return WF_OK;
  }
  wf_status status = pair_many(out, groups, ids, n_left, how, err);
  wf_free(ids);
  return status;
}

static wf_status match_rows(pairing *out, const wf_column *const *left,
                            const wf_column *const *right, size_t n_on, wf_join how,
                            wf_error *err) {
  size_t n_left = left[0]->n_rows, n_right = right[0]->n_rows;
  size_t *left_ids = wf_alloc_array(n_left, sizeof *left_ids);
  size_t *right_ids = wf_alloc_array(n_right, sizeof *right_ids);
  wf_keys *keys = NULL;
  wf_row_groups groups = {0};
  wf_status status =
      left_ids && right_ids ? wf_keys_new(&keys, right, n_on, false, err) : wf_fail_nomem(err);
  if (status == WF_OK) status = wf_keys_add(keys, right, right_ids, err);
  if (status == WF_OK) status = wf_keys_find(keys, left, left_ids, err);
  if (status == WF_OK) {
    status = wf_row_groups_new(&groups, right_ids, n_right, wf_keys_count(keys), err);
  }
  if (status == WF_OK) {
    status = pair_rows(out, &groups, wf_keys_count(keys), left_ids, n_left, how, err);
    left_ids = NULL;
  }
  wf_row_groups_dispose(&groups);
  wf_keys_free(keys);
  wf_free(left_ids);
  wf_free(right_ids);
  return status;
}

/* ---- the result ------------------------------------------------------------------------------ */

static wf_status gather(void *context, wf_column **out, const wf_column *column, wf_error *err) {
  const pairing *pairs = context;
  if (!pairs->left) {
    *out = wf_column_retain((wf_column *)column);
    return WF_OK;
  }
  return wf_column_take(out, column, pairs->left, pairs->n, err);
}

static wf_status gather_right(void *context, wf_column **out, const wf_column *column,
                              wf_error *err) {
  const pairing *pairs = context;
  return wf_column_take(out, column, pairs->right, pairs->n, err);
}

/* The right frame's columns that are no keys, under names the left frame does not have. */
static wf_status right_part(wf_frame **out, const wf_frame *left, const wf_frame *right,
                            const char *const *on, size_t n_on, wf_error *err) {
  wf_frame *rest = NULL;
  WF_TRY(wf_frame_drop(&rest, right, on, n_on, err));
  wf_status status = WF_OK;
  for (size_t i = 0; status == WF_OK && i < wf_frame_column_count(rest); i++) {
    const char *name = wf_frame_name_at(rest, i);
    if (wf_frame_find(left, name) < 0) continue;
    size_t size = strlen(name);
    char *renamed = wf_alloc(size + sizeof "_right");
    if (!renamed) {
      status = wf_fail_nomem(err);
      break;
    }
    memcpy(renamed, name, size);
    memcpy(renamed + size, "_right", sizeof "_right");
    wf_frame *next = NULL;
    status = wf_frame_rename(&next, rest, &name, &(const char *){renamed}, 1, err);
    wf_free(renamed);
    if (status != WF_OK) break;
    wf_frame_release(rest);
    rest = next;
  }
  if (status == WF_OK)
    *out = rest;
  else
    wf_frame_release(rest);
  return status;
}

static wf_status beside(wf_frame **out, const wf_frame *left, const wf_frame *right,
                        wf_error *err) {
  size_t n_left = wf_frame_column_count(left), n = n_left + wf_frame_column_count(right);
  const char **names = wf_alloc_array(n, sizeof *names);
  wf_column **columns = wf_alloc_array(n, sizeof *columns);
  wf_status status = names && columns ? WF_OK : wf_fail_nomem(err);
  for (size_t i = 0; status == WF_OK && i < n; i++) {
    const wf_frame *from = i < n_left ? left : right;
    names[i] = wf_frame_name_at(from, i < n_left ? i : i - n_left);
    columns[i] = wf_frame_column_at(from, i < n_left ? i : i - n_left);
  }
  if (status == WF_OK) status = wf_frame_new(out, names, columns, n, err);
  wf_free(names);
  wf_free(columns);
  return status;
}

static wf_status assemble(wf_frame **out, const wf_frame *left, const wf_frame *right,
                          const char *const *on, size_t n_on, pairing *pairs, wf_error *err) {
  wf_frame *rest = NULL, *left_rows = NULL, *right_rows = NULL;
  wf_status status = right_part(&rest, left, right, on, n_on, err);
  if (status == WF_OK) status = wf_frame_map(&left_rows, left, gather, pairs, pairs->n, err);
  if (status == WF_OK) status = wf_frame_map(&right_rows, rest, gather_right, pairs, pairs->n, err);
  if (status == WF_OK) status = beside(out, left_rows, right_rows, err);
  wf_frame_release(rest);
  wf_frame_release(left_rows);
  wf_frame_release(right_rows);
  return status;
}

wf_status wf_frame_join(wf_frame **out, const wf_frame *left, const wf_frame *right,
                        const char *const *on, size_t n_on, wf_join how, wf_error *err) {
  if (n_on == 0) return wf_fail(err, WF_INVALID, "a join needs at least one column to join on");
  const wf_column **keys = wf_alloc_array(n_on * 2, sizeof *keys);
  if (!keys) return wf_fail_nomem(err);
  pairing pairs = {0};
  wf_status status = get_columns(keys, left, on, n_on, "left", err);
  if (status == WF_OK) status = get_columns(keys + n_on, right, on, n_on, "right", err);
  if (status == WF_OK) status = check_types(keys, keys + n_on, on, n_on, err);
  if (status == WF_OK) status = match_rows(&pairs, keys, keys + n_on, n_on, how, err);
  if (status == WF_OK) status = assemble(out, left, right, on, n_on, &pairs, err);
  wf_free(pairs.left);
  wf_free(pairs.right);
  wf_free(keys);
  return status;
}
