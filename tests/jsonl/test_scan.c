/* Single values: what JSON allows, what it does not, and what they mean. */
#include "check.h"

#include "jsonl/scan.h"

/* The value of the text, ended as a line is; NULL with a fault. The text lives until the next call.
 */
static const char *scan(wf_jsonl_value *value, const char *text, wf_jsonl_fault *fault) {
  static char line[400];
  size_t size = strlen(text);
  memcpy(line, text, size);
  line[size] = '\n';
  return wf_jsonl_scan_value(value, line, line + size + 1, fault);
}

static void check_kind(const char *text, wf_jsonl_kind kind) {
  wf_jsonl_value value;
  wf_jsonl_fault fault;
  const char *behind = scan(&value, text, &fault);
  if (!behind || *behind != '\n' || value.kind != kind)
    test_fail(__FILE__, __LINE__, "%s is kind %d: %s", text, behind ? (int)value.kind : -1,
              behind ? "" : fault.why);
}

TEST(scan_kinds) {
  check_kind("null", WF_JSONL_NULL);
  check_kind("true", WF_JSONL_TRUTH);
  check_kind("0", WF_JSONL_INTEGER);
  check_kind("-9223372036854775808", WF_JSONL_INTEGER);
  check_kind("9223372036854775807", WF_JSONL_INTEGER);
  check_kind("9223372036854775808", WF_JSONL_NUMBER);
  check_kind("36893488147419103232", WF_JSONL_NUMBER); /* 2^65: zero in 64 bits */
  check_kind("-0", WF_JSONL_NUMBER);
  check_kind("0.0", WF_JSONL_NUMBER);
  check_kind("1e5", WF_JSONL_NUMBER);
  check_kind("\"\"", WF_JSONL_STRING);
  check_kind("{}", WF_JSONL_NESTED);
  check_kind("[]", WF_JSONL_NESTED);
  check_kind("[ 1 , {\"a\" : [ ] } , \"]\", null]", WF_JSONL_NESTED);
}

static void check_number(const char *text, double expected) {
  wf_jsonl_value value = {0};
  wf_jsonl_fault fault;
  CHECK(scan(&value, text, &fault) != NULL);
  CHECK_EQ_INT(value.kind, WF_JSONL_NUMBER);
  CHECK_SAME(value.number, expected);
}

TEST(scan_numbers_are_correctly_rounded) {
  check_number("0.1", 0.1);
  check_number("-0", -0.0);
  check_number("-0.0", -0.0);
  check_number("123456.789", 123456.789);
  check_number("9007199254740993.0", 9007199254740993.0);
  check_number("0.00000000000000001", 1e-17);
  check_number("1.7976931348623157e308", 1.7976931348623157e308);
  check_number("4.9406564584124654e-324", 4.9406564584124654e-324);
  check_number("2.2250738585072011e-308", 2.2250738585072011e-308);
  check_number("1E+2", 100);
  check_number("18446744073709551616", 18446744073709551616.0);
}

static void check_bad(const char *text, const char *why, size_t at) {
  wf_jsonl_value value;
  wf_jsonl_fault fault = {WF_OK, NULL, ""};
  static char line[400];
  size_t size = strlen(text);
  memcpy(line, text, size);
  line[size] = '\n';
  if (wf_jsonl_scan_value(&value, line, line + size + 1, &fault))
    test_fail(__FILE__, __LINE__, "%s is taken", text);
  else if (!strstr(fault.why, why) || (size_t)(fault.at - line) != at)
    test_fail(__FILE__, __LINE__, "%s: \"%s\" at %zu", text, fault.why, (size_t)(fault.at - line));
}

TEST(scan_faults) {
  check_bad("", "the line ends where a value", 0);
  check_bad("tru", "'t' where a value", 0);
  check_bad("01", "may not begin with 01", 0);
  check_bad("-", "a digit", 1);
  check_bad("+1", "'+' where a value", 0);
  check_bad("1.", "a digit", 2);
  check_bad(".5", "'.' where a value", 0);
  check_bad("1e", "a digit", 2);
  check_bad("1e999", "further from 0", 0);
  check_bad("NaN", "'N' where a value", 0);
  check_bad("\"a", "does not end", 0);
  check_bad("\"a\tb\"", "control character 0x09", 2);
  check_bad("\"\\x\"", "an escape", 1);
  check_bad("\"\\u12g4\"", "four hexadecimal digits", 1);
  check_bad("\"\\ud800\"", "surrogate", 1);
  check_bad("\"\\ud800\\u0041\"", "surrogate", 1);
  check_bad("\"\\udc00\"", "surrogate", 1);
  check_bad("[1,]", "']' where a value", 3);
  check_bad("[1", "',' or ']'", 2);
  check_bad("{\"a\"}", "':'", 4);
  check_bad("{\"a\":1,}", "'}' where a key", 7);
  check_bad("{a:1}", "'a' where a key", 1);
  check_bad("{\"a\":1]", "',' or '}'", 6);
}

TEST(scan_levels) {
  char text[2000] = "";
  wf_jsonl_value value;
  wf_jsonl_fault fault;
  memset(text, '[', 700);
  static char line[2001];
  memcpy(line, text, 700);
  line[700] = '\n';
  CHECK(!wf_jsonl_scan_value(&value, line, line + 701, &fault));
  CHECK_EQ_INT(fault.status, WF_LIMIT);
  memset(line, '[', 512);
  memset(line + 512, ']', 512);
  line[1024] = '\n';
  CHECK(wf_jsonl_scan_value(&value, line, line + 1025, &fault) == line + 1024);
}

TEST(scan_strings_of_every_length) {
  for (size_t n = 0; n < 70; n++) {
    char line[100];
    memset(line, 'x', sizeof line);
    line[0] = line[n + 1] = '"';
    line[n + 2] = '\n';
    wf_jsonl_value value = {0};
    wf_jsonl_fault fault;
    CHECK(wf_jsonl_scan_value(&value, line, line + n + 3, &fault) == line + n + 2);
    CHECK_EQ_INT(value.text.size, n);
  }
}

TEST(scan_escapes) {
  wf_jsonl_value value = {0};
  wf_jsonl_fault fault;
  wf_bytes out = {0};
  REQUIRE(scan(&value, "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\u20AC\\ud83d\\ude00z\"", &fault));
  CHECK(value.escaped);
  wf_jsonl_unescape(&out, value.text);
  CHECK_EQ_STR(out.data, "\"\\/\b\f\n\r\té€😀z");
  wf_bytes_dispose(&out);
}
