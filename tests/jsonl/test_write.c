/* Frames to lines, and back. */
#include "check.h"

#include "frame/builder.h"
#include "wf/jsonl.h"

static wf_frame *of(const char *const *names, wf_column **columns, size_t n) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f = NULL;
  REQUIRE_OK(wf_frame_new(&f, names, columns, n, &err), err);
  for (size_t i = 0; i < n; i++) wf_column_release(columns[i]);
  return f;
}

static wf_frame *every_type(void) {
  static const double reals[] = {1, 0.1, 0};
  static const int64_t wholes[] = {-5, 9007199254740993, 0};
  static const uint8_t truths[] = {1, 0, 0}, present[] = {1, 1, 0};
  static const char *const texts[] = {"a\"b\n", "é\x01", NULL};
  static const char *const times[] = {"2020-01-02T03:04:05.5Z", "1969-12-31", NULL};
  wf_error err = WF_ERROR_INIT;
  wf_column *c[6] = {NULL}, *text = NULL;
  REQUIRE_OK(wf_column_from_f64(&c[0], reals, present, 3, &err), err);
  REQUIRE_OK(wf_column_from_i64(&c[1], wholes, present, 3, &err), err);
  REQUIRE_OK(wf_column_from_bool(&c[2], truths, present, 3, &err), err);
  REQUIRE_OK(wf_column_from_strings(&c[3], texts, 3, &err), err);
  REQUIRE_OK(wf_column_from_strings(&text, times, 3, &err), err);
  REQUIRE_OK(wf_column_cast(&c[4], text, WF_TIMESTAMP, &err), err);
  wf_column_release(text);
  REQUIRE_OK(wf_column_cast(&c[5], c[0], WF_F32, &err), err);
  return of((const char *const[]){"r", "w\"", "t", "s", "at", "n"}, c, 6);
}

TEST(write_every_type) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f = every_type();
  char *text = NULL;
  size_t size = 0;
  REQUIRE_OK(wf_jsonl_format(&text, &size, f, false, &err), err);
  CHECK_EQ_STR(
      text,
      "{\"r\":1.0,\"w\\\"\":-5,\"t\":true,\"s\":\"a\\\"b\\n\",\"at\":\"2020-01-02T03:04:05.5Z\","
      "\"n\":1.0}\n"
      "{\"r\":0.1,\"w\\\"\":9007199254740993,\"t\":false,\"s\":\"é\\u0001\",\"at\":\"1969-12-31\","
      "\"n\":0.1}\n"
      "{\"r\":null,\"w\\\"\":null,\"t\":null,\"s\":null,\"at\":null,\"n\":null}\n");
  const char *typed[] = {"at", "n"};
  wf_type types[] = {WF_TIMESTAMP, WF_F32};
  wf_jsonl_options options = {.typed = typed, .types = types, .n_typed = 2};
  wf_frame *g = NULL;
  char a[65] = "", b[65] = "-";
  REQUIRE_OK(wf_jsonl_parse(&g, text, size, &options, NULL, &err), err);
  REQUIRE_OK(wf_frame_digest(a, f, &err), err);
  REQUIRE_OK(wf_frame_digest(b, g, &err), err);
  CHECK_EQ_STR(a, b);
  wf_text_free(text);
  wf_frame_release(f);
  wf_frame_release(g);
}

TEST(write_nothing) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f = of(NULL, NULL, 0);
  char *text = NULL;
  REQUIRE_OK(wf_jsonl_format(&text, NULL, f, false, &err), err);
  CHECK_EQ_STR(text, "");
  wf_text_free(text);
  wf_frame_release(f);
}

TEST(write_not_finite) {
  static const double values[] = {1, INFINITY};
  wf_error err = WF_ERROR_INIT;
  wf_column *c = NULL;
  REQUIRE_OK(wf_column_from_f64(&c, values, NULL, 2, &err), err);
  wf_frame *f = of((const char *const[]){"x"}, &c, 1);
  char *text = NULL;
  CHECK_FAILS(wf_jsonl_format(&text, NULL, f, false, &err), err, WF_INVALID,
              "row 2: column 'x' is inf");
  REQUIRE_OK(wf_jsonl_format(&text, NULL, f, true, &err), err);
  CHECK_EQ_STR(text, "{\"x\":1.0}\n{\"x\":null}\n");
  wf_text_free(text);
  wf_frame_release(f);
}

static bool format_and_free(const wf_frame *f) {
  char *text = NULL;
  bool ok = wf_jsonl_format(&text, NULL, f, false, NULL) == WF_OK;
  wf_text_free(text);
  return ok;
}

TEST(write_out_of_memory) {
  wf_frame *f = every_type();
  CHECK_OOM_SAFE(format_and_free(f));
  wf_frame_release(f);
}
