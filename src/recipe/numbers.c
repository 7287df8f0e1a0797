/* numbers.c — what steps on numbers share: their JSON, and order among training values. */
#include "base/alloc.h"
#include "base/error.h"
#include "base/number.h"
#include "frame/order.h"
#include "recipe/step.h"

#include <math.h>
#include <string.h>

void wf_step_format_number(wf_bytes *json, const char *key, double value) {
  char text[WF_NUMBER_TEXT];
  wf_format_f64(text, value == 0 ? 0 : value); /* -0 would read back as 0 */
  wf_bytes_format(json, ", \"%s\": %s", key, text);
}

wf_status wf_step_parse_number(double *out, const json_t *object, const char *key, bool required,
                               const char *what, wf_error *err) {
  double value = (double)NAN;
  if (required || json_object_get(object, key)) {
    WF_TRY(wf_json_get_number(&value, object, key, what, err));
    if (!isfinite(value)) return wf_fail(err, WF_PARSE, "%s: \"%s\" is not finite", what, key);
  }
  *out = value;
  return WF_OK;
}

void wf_step_format_numbers(wf_bytes *json, const char *key, const double *values, size_t n) {
  char text[WF_NUMBER_TEXT];
  wf_bytes_format(json, ", \"%s\": [", key);
  for (size_t i = 0; i < n; i++) {
    wf_format_f64(text, values[i] == 0 ? 0 : values[i]);
    wf_bytes_format(json, "%s%s", i ? ", " : "", text);
  }
  wf_bytes_char(json, ']');
}

wf_status wf_step_parse_numbers(double **out, size_t *n, const json_t *object, const char *key,
                                const char *what, wf_error *err) {
  json_t *array;
  WF_TRY(wf_json_get_array(&array, object, key, what, err));
  size_t count = json_array_size(array);
  double *values = wf_alloc_array(count, sizeof *values);
  if (!values) return wf_fail_nomem(err);
  for (size_t i = 0; i < count; i++) {
    const json_t *item = json_array_get(array, i);
    values[i] = json_is_number(item) ? json_number_value(item) : (double)NAN;
    if (isfinite(values[i])) continue;
    wf_free(values);
    return wf_fail(err, WF_PARSE, "%s: item %zu of \"%s\" is not a finite number", what, i + 1,
                   key);
  }
  *out = values;
  *n = count;
  return WF_OK;
}

wf_status wf_step_parse_choice(int *out, const json_t *object, const char *key,
                               const char *const *names, const char *what, wf_error *err) {
  const char *name;
  WF_TRY(wf_json_get_string(&name, object, key, what, err));
  for (int i = 0; names[i]; i++) {
    if (strcmp(name, names[i]) != 0) continue;
    *out = i;
    return WF_OK;
  }
  return wf_fail(err, WF_PARSE, "%s: \"%s\" is '%.40s', which is none of its values", what, key,
                 name);
}

double wf_step_quantile(const double *sorted, size_t n, double q) {
  double position = (double)(n - 1) * q;
  size_t at = (size_t)position;
  double share = position - (double)at;
  if (share <= 0 || at + 1 >= n) return sorted[at];
  return sorted[at] + (sorted[at + 1] - sorted[at]) * share;
}

wf_status wf_step_sort_sample(const wf_sample *sample, const char *step, wf_error *err) {
  if (sample->n_present == 0) {
    return wf_fail(err, WF_INVALID, "%s of column '%s': every value is missing", step,
                   sample->column);
  }
  for (size_t i = 0; i < sample->n_present; i++) {
    if (isfinite(sample->numbers[i])) continue;
    return wf_fail(err, WF_INVALID, "%s of column '%s': it holds an infinite number", step,
                   sample->column);
  }
  return wf_sort_numbers(sample->numbers, sample->n_present, err);
}
