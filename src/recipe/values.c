/* values.c — category lists.
 *
 * Every text that gets in here is checked to be UTF-8 without NUL, whether it was written in a
 * script, learned from data or read from JSON. So a recipe that exists can always be written as
 * JSON, and what was written reads back. */
#include "recipe/values.h"

#include "base/alloc.h"
#include "frame/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool wf_text_is_plain(wf_view text) {
  return wf_utf8_valid(text) && (text.size == 0 || !memchr(text.data, '\0', text.size));
}

static wf_status add(wf_map *map, wf_view value, const char *what, wf_error *err) {
  if (!wf_text_is_plain(value)) {
    return wf_fail(err, WF_INVALID, "%s: value %zu is not valid UTF-8 text", what,
                   wf_map_count(map) + 1);
  }
  size_t index;
  bool added;
  WF_TRY(wf_map_add(map, value, &index, &added, err));
  if (!added) {
    return wf_fail(err, WF_INVALID, "%s: the value '%.*s' appears twice", what,
                   (int)(value.size < 60 ? value.size : 60), value.data);
  }
  return WF_OK;
}

static wf_status check_count(size_t n, const char *what, wf_error *err) {
  if (n == 0) return wf_fail(err, WF_INVALID, "%s: the list of values is empty", what);
  if (n > WF_VALUES_MAX) {
    return wf_fail(err, WF_LIMIT, "%s: %zu values, more than %d", what, n, WF_VALUES_MAX);
  }
  return WF_OK;
}

wf_status wf_values_new(wf_map **out, const char *const *values, size_t n, const char *what,
                        wf_error *err) {
  WF_TRY(check_count(n, what, err));
  wf_map *map;
  WF_TRY(wf_map_new(&map, err));
  wf_status status = WF_OK;
  for (size_t i = 0; i < n && status == WF_OK; i++) {
    status = add(map, wf_view_of(values[i]), what, err);
  }
  if (status != WF_OK) {
    wf_map_free(map);
    return status;
  }
  *out = map;
  return WF_OK;
}

wf_status wf_values_parse(wf_map **out, const json_t *array, const char *what, wf_error *err) {
  WF_TRY(check_count(json_array_size(array), what, err));
  wf_map *map;
  WF_TRY(wf_map_new(&map, err));
  wf_status status = WF_OK;
  size_t index;
  json_t *item;
  json_array_foreach(array, index, item) {
    if (!json_is_string(item)) {
      status = wf_fail(err, WF_PARSE, "%s: value %zu is not a string", what, index + 1);
    } else {
      status = add(map, (wf_view){json_string_value(item), json_string_length(item)}, what, err);
    }
    if (status != WF_OK) break;
  }
  if (status != WF_OK) {
    wf_map_free(map);
    return status;
  }
  *out = map;
  return WF_OK;
}

void wf_values_format(const wf_map *values, wf_bytes *json) {
  wf_bytes_char(json, '[');
  for (size_t i = 0; i < wf_map_count(values); i++) {
    if (i) wf_bytes_text(json, ", ");
    wf_json_add_string(json, wf_map_key(values, i));
  }
  wf_bytes_char(json, ']');
}

int wf_values_order(wf_view a, wf_view b) {
  size_t shorter = a.size < b.size ? a.size : b.size;
  int order = shorter ? memcmp(a.data, b.data, shorter) : 0;
  return order ? order : (a.size > b.size) - (a.size < b.size);
}

static int compare_views(const void *a, const void *b) {
  return wf_values_order(*(const wf_view *)a, *(const wf_view *)b);
}

wf_status wf_values_sort(wf_map **out, const wf_map *texts, wf_error *err) {
  size_t n = wf_map_count(texts);
  wf_view *sorted = wf_alloc_array(n, sizeof *sorted);
  if (!sorted) return wf_fail_nomem(err);
  for (size_t i = 0; i < n; i++) sorted[i] = wf_map_key(texts, i);
  qsort(sorted, n, sizeof *sorted, compare_views);
  wf_map *map;
  wf_status status = wf_map_new(&map, err);
  if (status == WF_OK) {
    for (size_t i = 0; i < n && status == WF_OK; i++) {
      size_t index;
      status = wf_map_add(map, sorted[i], &index, NULL, err);
    }
    if (status == WF_OK) {
      *out = map;
    } else {
      wf_map_free(map);
    }
  }
  wf_free(sorted);
  return status;
}

wf_status wf_values_learn(wf_map **out, const wf_map *texts, const char *step, const char *column,
                          wf_error *err) {
  if (wf_map_count(texts) == 0) {
    return wf_fail(err, WF_INVALID,
                   "%s of column '%s': every value is missing, so there is nothing to learn", step,
                   column);
  }
  for (size_t i = 0; i < wf_map_count(texts); i++) {
    if (wf_text_is_plain(wf_map_key(texts, i))) continue;
    return wf_fail(err, WF_INVALID, "%s of column '%s': a value is not valid UTF-8 text", step,
                   column);
  }
  return wf_values_sort(out, texts, err);
}

/* `"a", "b", "c", …`, at most a few and never longer than `size`. */
static void list_some(const wf_map *values, char *out, size_t size) {
  enum { SHOWN = 6, LONGEST = 32 };
  size_t used = 0, n = wf_map_count(values);
  out[0] = '\0';
  for (size_t i = 0; i < n && i < SHOWN; i++) {
    wf_view value = wf_map_key(values, i);
    int length = (int)(value.size < LONGEST ? value.size : LONGEST);
    int wrote = snprintf(out + used, size - used, "%s'%.*s%s'", i ? ", " : "", length, value.data,
                         value.size > LONGEST ? "…" : "");
    if (wrote < 0 || (size_t)wrote >= size - used) return;
    used += (size_t)wrote;
  }
  if (n > SHOWN) snprintf(out + used, size - used, ", …");
}

wf_status wf_values_fail_unknown(wf_error *err, const wf_map *values, wf_view value) {
  char known[240];
  list_some(values, known, sizeof known);
  return wf_fail(err, WF_INVALID, "unknown value '%.*s' (known: %s)",
                 (int)(value.size < 60 ? value.size : 60), value.data, known);
}

wf_status wf_values_check_used(const wf_map *values, const wf_map *texts, const char *column,
                               wf_error *err) {
  size_t n = wf_map_count(texts);
  for (size_t i = 0; i < n; i++) {
    if (wf_map_find(values, wf_map_key(texts, i)) >= 0) return WF_OK;
  }
  if (n == 0) return WF_OK;
  char found[160], given[160];
  list_some(texts, found, sizeof found);
  list_some(values, given, sizeof given);
  return wf_fail(err, WF_INVALID, "column '%s' holds none of the given values %s; it holds %s",
                 column, given, found);
}
