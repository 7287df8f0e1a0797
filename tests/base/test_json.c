#include "base/json.h"

#include "base/random.h"
#include "check.h"

#include <float.h>
#include <stdlib.h>

static json_t *parse(const char *text) {
  json_t *value;
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_json_parse(&value, wf_view_of(text), "test", &err), err);
  return value;
}

static void check_format(const char *text, const char *expected, int indent) {
  json_t *value = parse(text);
  wf_bytes out = {0};
  wf_error err = WF_ERROR_INIT;
  wf_status status = wf_json_format(&out, value, indent, &err);
  json_decref(value);
  CHECK_EQ_INT(status, WF_OK);
  CHECK_EQ_STR(out.data, expected);
  wf_bytes_dispose(&out);
}

TEST(documents_are_written_as_they_were_read) {
  check_format("null", "null", 0);
  check_format(" [ true , false ] ", "[true,false]", 0);
  check_format("{\"z\":1,\"a\":{},\"m\":[]}", "{\"z\":1,\"a\":{},\"m\":[]}", 0);
  check_format("[1, 1.0, -0.0, 0.1, 2.5, 9223372036854775807]",
               "[1,1.0,-0.0,0.1,2.5,9223372036854775807]", 0);
  check_format("\"tab\\t quote\\\" back\\\\ nl\\n cr\\r bell\\u0007 \\u732b /\"",
               "\"tab\\t quote\\\" back\\\\ nl\\n cr\\r bell\\u0007 猫 /\"", 0);
}

TEST(indented_documents) {
  check_format(
      "{\"a\":[1,{\"b\":null}],\"c\":{},\"d\":[]}",
      "{\n  \"a\": [\n    1,\n    {\n      \"b\": null\n    }\n  ],\n  \"c\": {},\n  \"d\": []\n}",
      2);
}

/* Shortest text that reads back to the same bits, and always recognisable as a real. */
TEST(reals_keep_their_bits_and_kind) {
  static const double values[] = {0.1,
                                  1.0 / 3,
                                  1e22,
                                  1e21,
                                  123456789012345680.0,
                                  5e-324,
                                  DBL_MAX,
                                  DBL_MIN,
                                  -2.5e-7,
                                  4503599627370497.5,
                                  1e15,
                                  100,
                                  -1e-5,
                                  0.30000000000000004};
  for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
    json_t *value = json_real(values[i]);
    wf_bytes out = {0};
    wf_error err = WF_ERROR_INIT;
    REQUIRE_OK(wf_json_format(&out, value, 0, &err), err);
    CHECK(strpbrk(out.data, ".e") != NULL);
    CHECK_SAME(strtod(out.data, NULL), values[i]);
    json_t *back = parse(out.data);
    CHECK(json_is_real(back));
    CHECK_SAME(json_real_value(back), values[i]);
    json_decref(back);
    json_decref(value);
    wf_bytes_dispose(&out);
  }
}

static void check_refused(const char *text, size_t size, const char *part) {
  json_t *value = (json_t *)&check_refused;
  wf_error err = WF_ERROR_INIT;
  CHECK_FAILS(wf_json_parse(&value, (wf_view){text, size}, "recipe.json", &err), err, WF_PARSE,
              part);
  CHECK_HAS(err.message, "recipe.json");
  CHECK(value == (json_t *)&check_refused);
}

TEST(reading_is_strict) {
  static const char *const bad[] = {
      "",       " ",     "{",        "[1,]",        "{\"a\":1,}", "[1] [2]",
      "{} x",   "nul",   "01",       "+1",          "1.",         ".5",
      "'a'",    "{a:1}", "\"\\x\"",  "NaN",         "Infinity",   "1e999",
      "\"\t\"", "// c",  "\"\xff\"", "\"\\ud800\"", "[1\n,2",     "\xef\xbb\xbf[]"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    check_refused(bad[i], strlen(bad[i]), "line");
  check_refused("[1]\0", 4, "line");
  check_refused("{\"a\":1,\"a\":2}", 13, "duplicate");
}

TEST(parse_errors_have_a_position) {
  json_t *value;
  wf_error err = WF_ERROR_INIT;
  CHECK_FAILS(wf_json_parse(&value, WF_VIEW("{\n  \"a\": 1,\n  \"b\": x\n}"), "f", &err), err,
              WF_PARSE, "f: line 3, column ");
  CHECK_EQ_INT(err.line, 3);
  CHECK(err.column > 0);
}

static void check_depth(int levels, wf_status expected) {
  wf_bytes text = {0};
  json_t *value = NULL;
  wf_error err = WF_ERROR_INIT;
  for (int i = 0; i < levels; i++) wf_bytes_char(&text, '[');
  for (int i = 0; i < levels; i++) wf_bytes_char(&text, ']');
  CHECK_EQ_INT(wf_json_parse(&value, (wf_view){text.data, text.size}, "deep", &err), expected);
  if (value) {
    wf_bytes out = {0};
    REQUIRE_OK(wf_json_format(&out, value, 0, &err), err);
    CHECK_EQ_STR(out.data, text.data);
    wf_bytes_dispose(&out);
  }
  json_decref(value);
  wf_bytes_dispose(&text);
}

TEST(depth_is_limited) {
  check_depth(512, WF_OK);
  check_depth(600, WF_LIMIT);
  check_depth(100000, WF_PARSE); /* jansson's own limit */
}

TEST(nesting_built_in_memory_is_limited_too) {
  json_t *value = json_array();
  wf_bytes out = {0};
  wf_error err = WF_ERROR_INIT;
  for (int i = 0; i < 600; i++) {
    json_t *outer = json_array();
    json_array_append_new(outer, value);
    value = outer;
  }
  wf_bytes_text(&out, "kept");
  CHECK_FAILS(wf_json_format(&out, value, 0, &err), err, WF_LIMIT, "nested deeper");
  CHECK_EQ_STR(out.data, "kept");
  json_decref(value);
  wf_bytes_dispose(&out);
}

TEST(members_are_checked) {
  json_t *object = parse("{\"o\":{},\"a\":[],\"s\":\"text\",\"i\":7,\"r\":0.5,\"n\":null}"),
         *out = NULL;
  const char *text = NULL;
  int64_t integer = 0;
  double number = 0;
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_json_get_object(&out, object, "o", "f", &err), err);
  CHECK(json_is_object(out));
  REQUIRE_OK(wf_json_get_array(&out, object, "a", "f", &err), err);
  CHECK(json_is_array(out));
  REQUIRE_OK(wf_json_get_string(&text, object, "s", "f", &err), err);
  CHECK_EQ_STR(text, "text");
  REQUIRE_OK(wf_json_get_integer(&integer, object, "i", "f", &err), err);
  CHECK_EQ_INT(integer, 7);
  REQUIRE_OK(wf_json_get_number(&number, object, "r", "f", &err), err);
  CHECK_SAME(number, 0.5);
  REQUIRE_OK(wf_json_get_number(&number, object, "i", "f", &err), err);
  CHECK_SAME(number, 7.0);
  CHECK_FAILS(wf_json_get_string(&text, object, "x", "f.json", &err), err, WF_PARSE,
              "f.json: \"x\" is missing");
  CHECK_FAILS(wf_json_get_string(&text, object, "n", "f", &err), err, WF_PARSE,
              "\"n\" is not a string");
  CHECK_FAILS(wf_json_get_integer(&integer, object, "r", "f", &err), err, WF_PARSE,
              "\"r\" is not an integer");
  CHECK_FAILS(wf_json_get_number(&number, object, "s", "f", &err), err, WF_PARSE,
              "\"s\" is not a number");
  CHECK_FAILS(wf_json_get_array(&out, object, "o", "f", &err), err, WF_PARSE,
              "\"o\" is not an array");
  CHECK_FAILS(wf_json_get_object(&out, object, "a", "f", &err), err, WF_PARSE,
              "\"a\" is not an object");
  CHECK_SAME(number, 7.0);
  CHECK_EQ_STR(text, "text");
  json_decref(object);
}

static bool format_again(const json_t *value) {
  wf_bytes out = {0};
  wf_error err;
  bool ok = wf_json_format(&out, value, 2, &err) == WF_OK;
  wf_bytes_dispose(&out);
  return ok;
}

TEST(formatting_survives_missing_memory) {
  json_t *value =
      parse("{\"list\":[1,2.5,\"a long text that needs a second block of memory\"],\"x\":{}}");
  CHECK_OOM_SAFE(format_again(value));
  json_decref(value);
}

/* Every size up to some steps of the scan, special characters anywhere, nothing read behind the
 * end: jansson reads the same text back. */
TEST(strings_of_every_size) {
  static const char specials[] = "\"\\\n\r\t\b\f\x01\x1f\x7f /";
  wf_random random;
  wf_random_seed(&random, 8, 0);
  for (size_t i = 0; i < 20000; i++) {
    size_t size = i % 100;
    char *text = wf_alloc(size);
    for (size_t k = 0; k < size; k++) {
      text[k] = (char)('a' + wf_random_below(&random, 26));
      if (wf_random_below(&random, 20) == 0) text[k] = specials[wf_random_below(&random, 12)];
    }
    wf_bytes out = {0};
    wf_json_add_string(&out, (wf_view){text, size});
    json_t *read = json_loadb(out.data, out.size, JSON_DECODE_ANY, NULL);
    if (!json_is_string(read) || json_string_length(read) != size ||
        memcmp(json_string_value(read), text, size) != 0) {
      test_fail(__FILE__, __LINE__, "%.*s became %s", (int)size, text, out.data);
    }
    json_decref(read);
    wf_bytes_dispose(&out);
    wf_free(text);
  }
}

TEST(long_strings) {
  enum { N = 20000 };
  wf_bytes text = {0}, out = {0};
  for (int i = 0; i < N; i++) wf_bytes_char(&text, i % 3 ? 'a' : '\n');
  wf_json_add_string(&out, (wf_view){text.data, text.size});
  CHECK_EQ_INT(out.size, N + (N + 2) / 3 + 2);
  CHECK_EQ_INT(out.data[out.size], 0);
  wf_bytes_dispose(&text);
  wf_bytes_dispose(&out);
}
