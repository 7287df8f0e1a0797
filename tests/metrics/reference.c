#include "reference.h"

#include "base/file.h"
#include "base/json.h"

json_t *reference_document(void) {
  char *text;
  size_t size;
  json_t *document;
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_file_read(test_source("tests/metrics/reference.json"), 0, &text, &size, &err), err);
  wf_status status = wf_json_parse(&document, (wf_view){text, size}, "reference.json", &err);
  wf_free(text);
  REQUIRE_OK(status, err);
  return document;
}

double reference_number(const json_t *object, const char *key) {
  const json_t *value = json_object_get(object, key);
  REQUIRE(value != NULL);
  return json_is_null(value) ? NAN : json_number_value(value);
}

reference_array reference_numbers(const json_t *object, const char *key) {
  const json_t *list = json_object_get(object, key);
  reference_array out = {0};
  REQUIRE(list != NULL);
  if (json_is_null(list)) return out;
  out.n = json_array_size(list);
  out.values = wf_alloc_array(out.n, sizeof *out.values);
  REQUIRE(out.values != NULL);
  for (size_t i = 0; i < out.n; i++) out.values[i] = json_number_value(json_array_get(list, i));
  return out;
}

void reference_check(const json_t *test_case, const char *key, double actual) {
  double expected = reference_number(json_object_get(test_case, "expect"), key);
  if (isnan(expected) && isnan(actual)) return;
  if (fabs(actual - expected) <= 1e-12 * fmax(1, fabs(expected))) return;
  test_fail(__FILE__, __LINE__, "%s: %s is %.17g, expected %.17g",
            json_string_value(json_object_get(test_case, "name")), key, actual, expected);
}
