/* Any bytes as a JSON document: refused with a message, or its text reads back as the same text. */
#include "base/json.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition) {
  if (!condition) abort();
}

static void check_text(const json_t *value, int indent) {
  wf_bytes first = {0}, second = {0};
  json_t *copy = NULL;
  require(wf_json_format(&first, value, indent, NULL) == WF_OK);
  require(wf_json_parse(&copy, (wf_view){first.data, first.size}, "copy", NULL) == WF_OK);
  require(json_equal((json_t *)(uintptr_t)value, copy));
  require(wf_json_format(&second, copy, indent, NULL) == WF_OK);
  require(first.size == second.size && memcmp(first.data, second.data, first.size) == 0);
  json_decref(copy);
  wf_bytes_dispose(&first);
  wf_bytes_dispose(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  wf_error err = WF_ERROR_INIT;
  json_t *value = NULL;
  if (wf_json_parse(&value, (wf_view){(const char *)data, size}, "JSON", &err) != WF_OK) {
    require(!value && err.message[0] != '\0');
    return 0;
  }
  check_text(value, 0);
  check_text(value, 2);
  json_decref(value);
  return 0;
}
