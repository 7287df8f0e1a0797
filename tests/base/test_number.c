#include "check.h"

#include "base/number.h"
#include "base/random.h"

#include <stdlib.h>

static wf_view view(const char *text) { return (wf_view){text, strlen(text)}; }

static double parsed(const char *text) {
  double value = -12345;
  if (!wf_parse_f64(view(text), false, &value)) return NAN;
  return value;
}

/* ---- reading: strtod of this C library is correctly rounded ------------------------------------
 */

static void check_reads(const char *text) {
  double value = parsed(text), expected = strtod(text, NULL);
  if (memcmp(&value, &expected, sizeof value) != 0) {
    test_fail(__FILE__, __LINE__, "%s reads as %.17g, not %.17g", text, value, expected);
  }
}

TEST(parse_f64_plain) {
  CHECK_SAME(parsed("0"), 0);
  CHECK_SAME(parsed("-0"), -0.0);
  CHECK_SAME(parsed("+1.5"), 1.5);
  CHECK_SAME(parsed(".5"), 0.5);
  CHECK_SAME(parsed("5."), 5);
  CHECK_SAME(parsed("00012"), 12);
  CHECK_SAME(parsed("1e3"), 1000);
  CHECK_SAME(parsed("1E-2"), 0.01);
  CHECK_SAME(parsed("0.1"), 0.1);
  CHECK_SAME(parsed("0e999999999999"), 0);
  CHECK_SAME(parsed("1e999999999999"), INFINITY);
  CHECK_SAME(parsed("-1e-999999999999"), -0.0);
}

TEST(parse_f64_refuses) {
  const char *const bad[] = {"",   "+",  "-",   ".",   "e5",  "1e",  "1e+", "1e5x",  "x",  "1.2.3",
                             " 1", "1 ", "0x1", "1,5", "inf", "nan", "--1", "1e5.0", "1_0"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    double value = 7;
    CHECK(!wf_parse_f64(view(bad[i]), false, &value));
    CHECK_SAME(value, 7);
  }
}

TEST(parse_f64_special) {
  double value;
  CHECK(wf_parse_f64(view("NaN"), true, &value) && isnan(value));
  CHECK(wf_parse_f64(view("-Infinity"), true, &value) && value == -INFINITY);
  CHECK(wf_parse_f64(view("+inf"), true, &value) && value == INFINITY);
  CHECK(!wf_parse_f64(view("infinit"), true, &value));
}

TEST(parse_f64_hard_cases) {
  const char *const texts[] = {"9007199254740993", /* halfway, to even */
                               "9007199254740992.999999999999999999999999999999",
                               "9007199254740993.00000000000000000000000000001",
                               "2.2250738585072011e-308", /* once hung PHP and Java */
                               "2.2250738585072012e-308",
                               "2.2250738585072014e-308",
                               "4.9406564584124654e-324",
                               "2.4703282292062327e-324", /* half the least subnormal */
                               "2.4703282292062328e-324",
                               "1.7976931348623157e308",
                               "1.7976931348623158e308",
                               "1.7976931348623159e308", /* overflows */
                               "179769313486231580793728971405301e276",
                               "8.5",
                               "1e22",
                               "1e23",
                               "123456789012345678901234567890",
                               "6.02214076e23",
                               "0.000000000000000000000000000000000000000000000000000000000000001",
                               "7.2057594037927933e16",
                               "1.00000000000000011102230246251565404236316680908203125",
                               "1.00000000000000011102230246251565404236316680908203124",
                               "1.00000000000000011102230246251565404236316680908203126",
                               "10000000000000000000000000000000000000000000000000000000000001",
                               "3.14159265358979323846264338327950288419716939937510582097494459e0",
                               "0.500000000000000166533453693773481063544750213623046875",
                               "3.518437208883201171875e13",
                               "62.5364939768271845828",
                               "8.10109172351e-10",
                               "1.50000000000000011102230246251565",
                               "1090544144181609348671888949248",
                               "8451749100178890700000000000000000000000000000000000000001e-50"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) check_reads(texts[i]);
}

TEST(parse_f64_random_bits) {
  wf_random random;
  wf_random_seed(&random, 1, 0);
  char text[64];
  for (int i = 0; i < 200000; i++) {
    uint64_t bits = wf_random_u64(&random);
    if (i % 8 == 0) bits &= ~(UINT64_C(0x7fe) << 52); /* subnormal and tiny */
    double value;
    memcpy(&value, &bits, sizeof value);
    if (!isfinite(value)) continue;
    snprintf(text, sizeof text, "%.*e", (int)wf_random_below(&random, 25), value);
    check_reads(text);
  }
}

TEST(parse_f64_random_decimals) {
  wf_random random;
  wf_random_seed(&random, 2, 0);
  char text[96];
  for (int i = 0; i < 200000; i++) {
    size_t n = 0, digits = 1 + wf_random_below(&random, 30), point = wf_random_below(&random, 32);
    for (size_t k = 0; k < digits; k++) {
      if (k == point) text[n++] = '.';
      text[n++] = (char)('0' + wf_random_below(&random, wf_random_below(&random, 2) ? 10 : 1));
    }
    text[n] = '\0';
    if (i % 3 == 0) snprintf(text + n, 16, "e%d", (int)wf_random_below(&random, 700) - 350);
    check_reads(text);
  }
}

TEST(parse_i64_bounds) {
  int64_t value = 5;
  CHECK(wf_parse_i64(view("9223372036854775807"), &value) && value == INT64_MAX);
  CHECK(wf_parse_i64(view("-9223372036854775808"), &value) && value == INT64_MIN);
  CHECK(wf_parse_i64(view("+000000000000000000000000000000017"), &value) && value == 17);
  CHECK(wf_parse_i64(view("-1234567890123456"), &value) && value == -1234567890123456);
  const char *const bad[] = {"",
                             "-",
                             "+",
                             "9223372036854775808",
                             "-9223372036854775809",
                             "1.0",
                             "1e3",
                             "12345678x",
                             "x2345678",
                             "1234567/",
                             "1234567:",
                             " 1",
                             "++1",
                             "100000000000000000000",
                             "18446744073709551617"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    value = 5;
    CHECK(!wf_parse_i64(view(bad[i]), &value));
    CHECK_EQ_INT(value, 5);
  }
}

TEST(parse_i64_round_trip) {
  wf_random random;
  wf_random_seed(&random, 3, 0);
  char text[WF_NUMBER_TEXT], expected[32];
  for (int i = 0; i < 100000; i++) {
    int64_t value = (int64_t)(wf_random_u64(&random) >> wf_random_below(&random, 64)), again = 0;
    if (i % 2) value = (int64_t)(0 - (uint64_t)value);
    size_t length = wf_format_i64(text, value);
    snprintf(expected, sizeof expected, "%lld", (long long)value);
    CHECK_EQ_STR(text, expected);
    CHECK_EQ_INT(length, strlen(text));
    CHECK(wf_parse_i64(view(text), &again) && again == value);
  }
}

/* The host's decimal point and digits never matter: nothing here asks the current locale. */
TEST(numbers_of_every_exponent) {
  for (int e = -330; e <= 310; e++) {
    char text[32];
    snprintf(text, sizeof text, "1e%d", e);
    check_reads(text);
    snprintf(text, sizeof text, "9999999999999999999e%d", e);
    check_reads(text);
  }
}
