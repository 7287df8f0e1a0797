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

/* The rows of the result: those of the left frame (NULL: each once, in order) and of the right
 * (NULL: none of its columns are wanted). */
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

/* Each left row with its only match or none. `ids` becomes the right rows. Where every right row
 * has a key of its own they are that already, and there are no groups. */
static void pair_unique(const wf_row_groups *groups, size_t *ids, size_t n_left) {
  for (size_t i = 0; groups->rows && i < n_left; i++) {
    if (ids[i] != WF_NO_ROW) ids[i] = groups->rows[groups->starts[ids[i]]];
  }
}

static size_t count_matches(const wf_row_groups *groups, size_t id) {
  return id == WF_NO_ROW ? 0 : groups->starts[id + 1] - groups->starts[id];
}

static wf_status new_pairs(pairing *out, size_t n, wf_error *err) {
  pairing pairs = {wf_alloc_filled(n, sizeof(size_t)), wf_alloc_filled(n, sizeof(size_t)), n};
  if (!pairs.left || !pairs.right) {
    wf_free(pairs.left);
    wf_free(pairs.right);
    return wf_fail_nomem(err);
  }
  *out = pairs;
  return WF_OK;
}

static wf_status pair_many(pairing *out, const wf_row_groups *groups, const size_t *ids,
                           size_t n_left, size_t n_right, wf_join how, wf_error *err) {
  bool keep = how != WF_JOIN_INNER;
  size_t total = 0, k = 0;
  for (size_t i = 0; i < n_left; i++) {
    size_t n = count_matches(groups, ids[i]);
    if (n == 0 && keep) n = 1;
    if (__builtin_add_overflow(total, n, &total)) return wf_fail_nomem(err);
  }
  uint8_t *seen = NULL;
  if (how == WF_JOIN_OUTER) {
    seen = wf_alloc_zero(n_right, 1);
    if (!seen) return wf_fail_nomem(err);
    for (size_t i = 0; i < n_left; i++) {
      for (size_t j = 0; j < count_matches(groups, ids[i]); j++) {
        seen[groups->rows[groups->starts[ids[i]] + j]] = 1;
      }
    }
    for (size_t j = 0; j < n_right; j++) total += !seen[j];
  }
  wf_status status = new_pairs(out, total, err);
  for (size_t i = 0; status == WF_OK && i < n_left; i++) {
    size_t n = count_matches(groups, ids[i]);
    for (size_t j = 0; j < n; j++, k++) {
      out->left[k] = i;
      out->right[k] = groups->rows[groups->starts[ids[i]] + j];
    }
    if (n > 0 || !keep) continue;
    out->left[k] = i;
    out->right[k++] = WF_NO_ROW;
  }
  for (size_t j = 0; status == WF_OK && seen && j < n_right; j++) {
    if (seen[j]) continue;
    out->left[k] = WF_NO_ROW;
    out->right[k++] = j;
  }
  wf_free(seen);
  return status;
}

/* Left rows that have a match, or those that have none. */
static wf_status pick_left(pairing *out, const size_t *ids, size_t n_left, bool matched,
                           wf_error *err) {
  size_t *rows = wf_alloc_array(n_left, sizeof *rows), n = 0;
  if (!rows) return wf_fail_nomem(err);
  for (size_t i = 0; i < n_left; i++) {
    if ((ids[i] != WF_NO_ROW) == matched) rows[n++] = i;
  }
  *out = (pairing){rows, NULL, n};
  return WF_OK;
}

static wf_status pair_all(pairing *out, size_t n_left, size_t n_right, wf_error *err) {
  size_t n, k = 0;
  if (__builtin_mul_overflow(n_left, n_right, &n)) return wf_fail_nomem(err);
  WF_TRY(new_pairs(out, n, err));
  for (size_t i = 0; i < n_left; i++) {
    for (size_t j = 0; j < n_right; j++, k++) {
      out->left[k] = i;
      out->right[k] = j;
    }
  }
  return WF_OK;
}

static bool is_unique(const wf_row_groups *groups, size_t n_keys) {
  for (size_t k = 0; groups->rows && k < n_keys; k++) {
    if (groups->starts[k + 1] - groups->starts[k] > 1) return false;
  }
  return true;
}

/* `ids` are the left rows' keys, taken over. */
static wf_status pair_rows(pairing *out, const wf_row_groups *groups, size_t n_keys, size_t *ids,
                           size_t n_left, size_t n_right, wf_join how, wf_error *err) {
  if (how == WF_JOIN_LEFT && is_unique(groups, n_keys)) {
    pair_unique(groups, ids, n_left);
    *out = (pairing){NULL, ids, n_left};
    return WF_OK;
  }
  wf_status status;
  if (how == WF_JOIN_SEMI || how == WF_JOIN_ANTI)
    status = pick_left(out, ids, n_left, how == WF_JOIN_SEMI, err);
  else
    status = pair_many(out, groups, ids, n_left, n_right, how, err);
  wf_free(ids);
  return status;
}

static wf_status match_rows(pairing *out, const wf_column *const *left,
                            const wf_column *const *right, size_t n_on, wf_join how,
                            wf_error *err) {
  size_t n_left = left[0]->n_rows, n_right = right[0]->n_rows;
  size_t *left_ids = wf_alloc_filled(n_left, sizeof *left_ids);
  size_t *right_ids = wf_alloc_filled(n_right, sizeof *right_ids);
  wf_keys *keys = NULL;
  wf_row_groups groups = {0};
  wf_status status =
      left_ids && right_ids ? wf_keys_new(&keys, right, n_on, false, err) : wf_fail_nomem(err);
  if (status == WF_OK) status = wf_keys_add(keys, right, right_ids, err);
  if (status == WF_OK) status = wf_keys_find(keys, left, left_ids, err);
  bool own_keys = status == WF_OK && how == WF_JOIN_LEFT && wf_keys_count(keys) == n_right;
  if (status == WF_OK && !own_keys) {
    status = wf_row_groups_new(&groups, right_ids, n_right, wf_keys_count(keys), err);
  }
  if (status == WF_OK) {
    status = pair_rows(out, &groups, wf_keys_count(keys), left_ids, n_left, n_right, how, err);
    left_ids = NULL;
  }
  wf_row_groups_dispose(&groups);
  wf_keys_free(keys);
  wf_free(left_ids);
  wf_free(right_ids);
  return status;
}

/* The first row whose key an earlier row has, and that one; false when keys are unique. */
static wf_status check_unique(const wf_column *const *columns, size_t n, const char *side,
                              wf_error *err) {
  size_t n_rows = columns[0]->n_rows;
  size_t *ids = wf_alloc_array(n_rows, sizeof *ids), *first = NULL;
  wf_keys *keys = NULL;
  wf_status status = ids ? wf_keys_new(&keys, columns, n, false, err) : wf_fail_nomem(err);
  if (status == WF_OK) status = wf_keys_add(keys, columns, ids, err);
  if (status == WF_OK && !(first = wf_alloc_zero(wf_keys_count(keys), sizeof *first))) {
    status = wf_fail_nomem(err);
  }
  for (size_t i = 0; status == WF_OK && i < n_rows; i++) {
    if (ids[i] == WF_NO_ROW) continue;
    if (first[ids[i]]) {
      status = wf_fail(err, WF_INVALID, "rows %zu and %zu of the %s frame have the same key",
                       first[ids[i]], i + 1, side);
    }
    first[ids[i]] = i + 1;
  }
  wf_free(first);
  wf_free(ids);
  wf_keys_free(keys);
  return status;
}

static wf_status check_keys(const wf_column *const *left, const wf_column *const *right, size_t n,
                            wf_join_check check, wf_error *err) {
  if (check == WF_JOIN_ONE_TO_MANY || check == WF_JOIN_ONE_TO_ONE) {
    WF_TRY(check_unique(left, n, "left", err));
  }
  if (check == WF_JOIN_MANY_TO_ONE || check == WF_JOIN_ONE_TO_ONE) {
    WF_TRY(check_unique(right, n, "right", err));
  }
  return WF_OK;
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
  if (!pairs->right) {
    *out = wf_column_retain((wf_column *)column);
    return WF_OK;
  }
  return wf_column_take(out, column, pairs->right, pairs->n, err);
}

/* The frame's columns that are no keys, under names that `other` does not have. */
static wf_status without_keys(wf_frame **out, const wf_frame *frame, const wf_frame *other,
                              const wf_join_options *o, wf_error *err) {
  wf_frame *rest = NULL;
  WF_TRY(wf_frame_drop(&rest, frame, o->on, o->n_on, err));
  const char *suffix = o->suffix ? o->suffix : "_right";
  wf_status status = WF_OK;
  for (size_t i = 0; other && status == WF_OK && i < wf_frame_column_count(rest); i++) {
    const char *name = wf_frame_name_at(rest, i);
    if (wf_frame_find(other, name) < 0) continue;
    size_t size = strlen(name), more = strlen(suffix) + 1;
    char *renamed = wf_alloc(size + more);
    if (!renamed) {
      status = wf_fail_nomem(err);
      break;
    }
    memcpy(renamed, name, size);
    memcpy(renamed + size, suffix, more);
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

/* Rows of the left frame that an outer join has besides: those whose left row is none have the
 * right frame's keys, so the key columns are put together from both sides. */
static wf_status outer_keys(wf_frame **frame, const wf_frame *left, const wf_frame *right,
                            const wf_join_options *o, const pairing *pairs, wf_error *err) {
  size_t split = 0;
  while (split < pairs->n && pairs->left[split] != WF_NO_ROW) split++;
  for (size_t i = 0; i < o->n_on; i++) {
    wf_frame *parts[2] = {0}, *whole = NULL, *next = NULL;
    wf_column *columns[2] = {0}, *sources[2] = {0};
    wf_status status = wf_frame_get(&sources[0], left, o->on[i], err);
    if (status == WF_OK) status = wf_frame_get(&sources[1], right, o->on[i], err);
    if (status == WF_OK) status = wf_column_take(&columns[0], sources[0], pairs->left, split, err);
    if (status == WF_OK) {
      status = wf_column_take(&columns[1], sources[1], pairs->right + split, pairs->n - split, err);
    }
    for (int k = 0; status == WF_OK && k < 2; k++) {
      status = wf_frame_new(&parts[k], &o->on[i], &columns[k], 1, err);
    }
    if (status == WF_OK) status = wf_frame_concat(&whole, parts, 2, err);
    if (status == WF_OK) {
      status = wf_frame_with(&next, *frame, o->on[i], wf_frame_column_at(whole, 0), err);
    }
    for (int k = 0; k < 2; k++) {
      wf_column_release(columns[k]);
      wf_frame_release(parts[k]);
    }
    wf_frame_release(whole);
    if (status != WF_OK) return status;
    wf_frame_release(*frame);
    *frame = next;
  }
  return WF_OK;
}

static wf_status assemble(wf_frame **out, const wf_frame *left, const wf_frame *right,
                          const wf_join_options *o, pairing *pairs, wf_error *err) {
  wf_frame *rest = NULL, *left_rows = NULL, *right_rows = NULL;
  wf_status status = wf_frame_map(&left_rows, left, gather, pairs, pairs->n, err);
  if (status == WF_OK && (o->how == WF_JOIN_SEMI || o->how == WF_JOIN_ANTI)) {
    *out = left_rows;
    return WF_OK;
  }
  if (status == WF_OK && o->how == WF_JOIN_OUTER) {
    status = outer_keys(&left_rows, left, right, o, pairs, err);
  }
  if (status == WF_OK) status = without_keys(&rest, right, left, o, err);
  if (status == WF_OK) status = wf_frame_map(&right_rows, rest, gather_right, pairs, pairs->n, err);
  if (status == WF_OK) status = beside(out, left_rows, right_rows, err);
  wf_frame_release(rest);
  wf_frame_release(left_rows);
  wf_frame_release(right_rows);
  return status;
}

/* A right join is the left join of the right frame; only the columns stand in another order: the
 * left frame's, with the keys taken from the right, then the right's. */
static wf_status assemble_right(wf_frame **out, const wf_frame *left, const wf_frame *right,
                                const wf_join_options *o, pairing *pairs, wf_error *err) {
  wf_frame *rest = NULL, *left_rows = NULL, *right_rows = NULL, *keyed = NULL;
  pairing swapped = {pairs->right, pairs->left, pairs->n};
  wf_status status = wf_frame_map(&left_rows, left, gather, &swapped, pairs->n, err);
  for (size_t i = 0; status == WF_OK && i < o->n_on; i++) {
    wf_column *source = NULL, *key = NULL;
    status = wf_frame_get(&source, right, o->on[i], err);
    if (status == WF_OK) status = gather(pairs, &key, source, err);
    if (status == WF_OK) status = wf_frame_with(&keyed, left_rows, o->on[i], key, err);
    wf_column_release(key);
    if (status != WF_OK) break;
    wf_frame_release(left_rows);
    left_rows = keyed;
  }
  if (status == WF_OK) status = without_keys(&rest, right, left, o, err);
  if (status == WF_OK) status = wf_frame_map(&right_rows, rest, gather, pairs, pairs->n, err);
  if (status == WF_OK) status = beside(out, left_rows, right_rows, err);
  wf_frame_release(rest);
  wf_frame_release(left_rows);
  wf_frame_release(right_rows);
  return status;
}

static wf_status join_cross(wf_frame **out, const wf_frame *left, const wf_frame *right,
                            const wf_join_options *o, wf_error *err) {
  if (o->n_on > 0) return wf_fail(err, WF_INVALID, "a cross join pairs all rows; it has no keys");
  pairing pairs = {0};
  WF_TRY(pair_all(&pairs, wf_frame_row_count(left), wf_frame_row_count(right), err));
  wf_status status = assemble(out, left, right, o, &pairs, err);
  wf_free(pairs.left);
  wf_free(pairs.right);
  return status;
}

wf_status wf_frame_join_with(wf_frame **out, const wf_frame *left, const wf_frame *right,
                             const wf_join_options *o, wf_error *err) {
  if (o->how == WF_JOIN_CROSS) return join_cross(out, left, right, o, err);
  if (o->n_on == 0) return wf_fail(err, WF_INVALID, "a join needs at least one column to join on");
  const wf_column **keys = wf_alloc_array(o->n_on * 2, sizeof *keys);
  if (!keys) return wf_fail_nomem(err);
  const wf_column **others = keys + o->n_on;
  pairing pairs = {0};
  bool turned = o->how == WF_JOIN_RIGHT;
  wf_status status = get_columns(keys, left, o->on, o->n_on, "left", err);
  if (status == WF_OK) status = get_columns(others, right, o->on, o->n_on, "right", err);
  if (status == WF_OK) status = check_types(keys, others, o->on, o->n_on, err);
  if (status == WF_OK) status = check_keys(keys, others, o->n_on, o->check, err);
  if (status == WF_OK && turned) {
    status = match_rows(&pairs, others, keys, o->n_on, WF_JOIN_LEFT, err);
    if (status == WF_OK) status = assemble_right(out, left, right, o, &pairs, err);
  } else if (status == WF_OK) {
    status = match_rows(&pairs, keys, others, o->n_on, o->how, err);
    if (status == WF_OK) status = assemble(out, left, right, o, &pairs, err);
  }
  wf_free(pairs.left);
  wf_free(pairs.right);
  wf_free(keys);
  return status;
}

wf_status wf_frame_join(wf_frame **out, const wf_frame *left, const wf_frame *right,
                        const char *const *on, size_t n_on, wf_join how, wf_error *err) {
  wf_join_options options = {.on = on, .n_on = n_on, .how = how};
  return wf_frame_join_with(out, left, right, &options, err);
}
