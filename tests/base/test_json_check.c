#include "base/json.h"
#include "base/random.h"

#include "check.h"

#include <string.h>

static bool is_valid(const char *text) { return wf_json_is_valid(wf_view_of(text)); }

TEST(documents_are_valid) {
  static const char *const good[] = {"{}",
                                     "[]",
                                     " [ ] ",
                                     "null",
                                     "true",
                                     "false",
                                     "0",
                                     "-0",
                                     "12",
                                     "-1.5e+10",
                                     "1E5",
                                     "1e-5",
                                     "\"\"",
                                     "\"\\u00e9\\n\\\\\"",
                                     "[1,[2,[3]]]",
                                     "{\"a\":{\"b\":[1,2,{\"c\":null}]}}",
                                     "\t{\"a\" : 1 ,\r\n\"b\":\"x\"}\n",
                                     "\"\xc3\xa9\x7f\""};
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) CHECK(is_valid(good[i]));
}

TEST(what_is_no_document_is_not) {
  static const char *const bad[] = {"",           " ",
                                    "{",          "}",
                                    "[1,]",       "[,1]",
                                    "{\"a\":1,}", "{,}",
                                    "{1:2}",      "{a:1}",
                                    "{\"a\" 1}",  "{\"a\":}",
                                    "[1 2]",      "[1] [2]",
                                    "nul",        "truex",
                                    "01",         "-",
                                    "+1",         "1.",
                                    ".5",         "1e",
                                    "1e+",        "--1",
                                    "NaN",        "'a'",
                                    "\"a",        "\"\\x\"",
                                    "\"\\",       "\"\\u12g4\"",
                                    "\"\\u12\"",  "\"\t\"",
                                    "// c",       "[1",
                                    "{\"a\":1",   "\"a\"b",
                                    "]",          "\xef\xbb\xbf[]"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) CHECK(!is_valid(bad[i]));
  CHECK(!wf_json_is_valid((wf_view){"[1]\0", 4}));
  CHECK(!wf_json_is_valid((wf_view){"[1,2]", 3}));
}

TEST(depth_of_documents_is_limited) {
  char text[2001];
  memset(text, '[', 1000);
  memset(text + 1000, ']', 1000);
  CHECK(!wf_json_is_valid((wf_view){text, 2000}));
  CHECK(wf_json_is_valid((wf_view){text + 1000 - 512, 1024}));
}

/* Whatever the parser takes is valid, and what is not is refused by the parser. */
TEST(the_check_agrees_with_the_parser) {
  static const char sample[] =
      "{\"a\":[1,-2.5e3,\"x\\u0041\\\"\",true],\"b\":{\"c\":null},\"d\":\"\"}";
  static const char bytes[] = "{}[],:\"\\0123456789.eE+-tfnul \n\x01";
  wf_random random;
  wf_random_seed(&random, 7, 0);
  size_t n_valid = 0;
  for (int round = 0; round < 20000; round++) {
    char text[sizeof sample];
    memcpy(text, sample, sizeof sample);
    for (int edits = 1 + round % 3; edits > 0; edits--)
      text[wf_random_below(&random, sizeof sample - 1)] =
          bytes[wf_random_below(&random, sizeof bytes - 1)];
    json_t *value;
    wf_error err = WF_ERROR_INIT;
    bool valid = is_valid(text);
    n_valid += valid;
    if (wf_json_parse(&value, wf_view_of(text), "t", &err) == WF_OK) {
      CHECK(valid);
      json_decref(value);
    } else if (valid) { /* beyond syntax */
      CHECK(strstr(err.message, "duplicate") || strstr(err.message, "u0000") ||
            strstr(err.message, "overflow") || strstr(err.message, "too big"));
    }
  }
  CHECK(n_valid > 500);
}
