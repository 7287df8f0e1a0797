/* Shortest text of numbers, by other means: the C library's printf and strtod. */
#include "check.h"

#include "base/digits.h"
#include "base/random.h"

#include <stdlib.h>

static const char *f64(double value) {
  static char out[8][WF_NUMBER_TEXT];
  static unsigned turn;
  char *text = out[turn++ % 8];
  CHECK_EQ_INT(wf_format_f64(text, value), strlen(text));
  return text;
}

static const char *f32(float value) {
  static char out[8][WF_NUMBER_TEXT];
  static unsigned turn;
  char *text = out[turn++ % 8];
  CHECK_EQ_INT(wf_format_f32(text, value), strlen(text));
  return text;
}

TEST(format_f64_forms) {
  CHECK_EQ_STR(f64(0), "0");
  CHECK_EQ_STR(f64(-0.0), "-0");
  CHECK_EQ_STR(f64(1), "1");
  CHECK_EQ_STR(f64(-100), "-100");
  CHECK_EQ_STR(f64(0.1), "0.1");
  CHECK_EQ_STR(f64(0.30000000000000004), "0.30000000000000004");
  CHECK_EQ_STR(f64(1e15), "1e+15");
  CHECK_EQ_STR(f64(123456789012345), "123456789012345");
  CHECK_EQ_STR(f64(1234567890123456), "1234567890123456");
  CHECK_EQ_STR(f64(0.0001), "0.0001");
  CHECK_EQ_STR(f64(0.00012345), "0.00012345");
  CHECK_EQ_STR(f64(0.00001), "1e-05");
  CHECK_EQ_STR(f64(1.5e300), "1.5e+300");
  CHECK_EQ_STR(f64(5e-324), "5e-324");
  CHECK_EQ_STR(f64(1.7976931348623157e308), "1.7976931348623157e+308");
  CHECK_EQ_STR(f64(2.2250738585072014e-308), "2.2250738585072014e-308");
  CHECK_EQ_STR(f64(0x1p53), "9007199254740992");
  CHECK_EQ_STR(f64(INFINITY), "inf");
  CHECK_EQ_STR(f64(-INFINITY), "-inf");
  CHECK_EQ_STR(f64(NAN), "nan");
  CHECK_EQ_STR(f64(8913.668763178823), "8913.668763178823");
}

TEST(format_f32_forms) {
  CHECK_EQ_STR(f32(0.1f), "0.1");
  CHECK_EQ_STR(f32(16777216), "16777216");
  CHECK_EQ_STR(f32(1e6f), "1e+06");
  CHECK_EQ_STR(f32(3.4028235e38f), "3.4028235e+38");
  CHECK_EQ_STR(f32(1e-45f), "1e-45");
  CHECK_EQ_STR(f32(-0.0f), "-0");
  CHECK_EQ_STR(f32(1.17549435e-38f), "1.1754944e-38");
}

/* Reads back, and no shorter text does. */
static void check_shortest(double value) {
  char text[WF_NUMBER_TEXT], shorter[40];
  wf_format_f64(text, value);
  double again = strtod(text, NULL);
  if (memcmp(&again, &value, sizeof value) != 0) {
    test_fail(__FILE__, __LINE__, "%s does not read back as %.17g", text, value);
    return;
  }
  int digits = 0;
  const char *p = text;
  while (*p == '-' || *p == '0' || *p == '.') p++;
  for (; *p && *p != 'e'; p++) digits += *p != '.';
  for (const char *z = p - 1; z > text && (*z == '0' || *z == '.'); z--) digits -= *z == '0';
  for (int n = 1; n < digits && n <= 17; n++) {
    snprintf(shorter, sizeof shorter, "%.*e", n - 1, value);
    if (strtod(shorter, NULL) == value) {
      test_fail(__FILE__, __LINE__, "%s is not the shortest: %s", text, shorter);
    }
  }
}

TEST(format_f64_is_shortest) {
  wf_random random;
  wf_random_seed(&random, 4, 0);
  for (int i = 0; i < 60000; i++) {
    uint64_t bits = wf_random_u64(&random);
    if (i % 4 == 0) bits = (uint64_t)(i % 2046 + 1) << 52; /* powers of two: uneven neighbours */
    if (i % 4 == 1) bits &= ~(UINT64_C(0x7fe) << 52);      /* subnormal and tiny */
    if (i % 4 == 2) bits = UINT64_C(0x3ff) << 52 | bits >> 12; /* near one */
    double value;
    memcpy(&value, &bits, sizeof value);
    if (isfinite(value) && value != 0) check_shortest(value);
  }
}

TEST(format_f32_reads_back) {
  wf_random random;
  wf_random_seed(&random, 5, 0);
  char text[WF_NUMBER_TEXT], other[40];
  for (int i = 0; i < 200000; i++) {
    uint32_t bits = (uint32_t)wf_random_u64(&random);
    if (i % 4 == 0) bits &= 0xff800000;
    if (i % 4 == 1) bits &= 0x80ffffff;
    float value;
    memcpy(&value, &bits, sizeof value);
    if (!isfinite(value)) continue;
    wf_format_f32(text, value);
    if (strtof(text, NULL) != value) {
      test_fail(__FILE__, __LINE__, "%s does not read back as %.9g", text, (double)value);
    }
    int digits = 9; /* as printf would find it */
    for (int n = 1; n < digits; n++) {
      snprintf(other, sizeof other, "%.*e", n - 1, (double)value);
      if (strtof(other, NULL) == value) digits = n;
    }
    snprintf(other, sizeof other, "%.*e", digits - 1, (double)value);
    if (strlen(text) > strlen(other) + 5) CHECK_EQ_STR(text, other);
  }
}

TEST(format_f64_of_every_exponent) {
  for (int e = -323; e <= 308; e++) {
    char text[32];
    snprintf(text, sizeof text, "1e%d", e);
    check_shortest(strtod(text, NULL));
    snprintf(text, sizeof text, "9.999999999999999e%d", e);
    if (e < 308) check_shortest(strtod(text, NULL));
  }
}

/* The fewest digits that read back, from fifteen on: how most would find the shortest. */
static void printed_by_trial(char out[64], double value) {
  int digits = 14;
  do {
    snprintf(out, 64, "%.*g", ++digits, value);
  } while (digits < 17 && strtod(out, NULL) != value);
}

static void check_by_trial(double value) {
  char text[WF_NUMBER_TEXT], other[64];
  wf_format_f64(text, value);
  printed_by_trial(other, value);
  if (strcmp(text, other) != 0) {
    test_fail(__FILE__, __LINE__, "%.17g prints as %s, not %s", value, text, other);
  }
}

/* Decimals as people write them, and the doubles beside them, which need 16 or 17 digits. */
TEST(format_f64_of_decimals) {
  wf_random random;
  wf_random_seed(&random, 6, 0);
  for (int i = 0; i < 200000; i++) {
    int decimals = (int)wf_random_below(&random, 12),
        digits = 1 + (int)wf_random_below(&random, 17);
    uint64_t below = 1;
    for (int k = 0; k < digits; k++) below *= 10;
    char text[48];
    snprintf(text, sizeof text, "%s%llue-%d", i % 2 ? "-" : "",
             (unsigned long long)wf_random_below(&random, below), decimals);
    double value = strtod(text, NULL);
    if (value == 0) continue; /* subnormals have fewer digits than fifteen */
    check_by_trial(value);
    check_by_trial(nextafter(value, INFINITY));
    check_by_trial(nextafter(value, -INFINITY));
  }
}

/* Where the short way begins and ends: 10^7, 0.0001, eight places, fifteen digits. */
TEST(format_f64_at_the_bounds) {
  static const double bounds[] = {1e7,
                                  1e-4,
                                  1e-8,
                                  9999999.99999999,
                                  9999999.999999985,
                                  0.00012345,
                                  0.12345678,
                                  1e-300,
                                  123456.123456789,
                                  0.00009999,
                                  1e15,
                                  1e16,
                                  1e17,
                                  5e-9,
                                  1};
  for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++) {
    double value = bounds[i];
    for (int k = 0; k < 200; k++, value = nextafter(value, INFINITY)) check_by_trial(value);
    value = bounds[i];
    for (int k = 0; k < 200; k++, value = nextafter(value, 0)) check_by_trial(-value);
  }
}

/* With a point in integral values; WF_NUMBER_TEXT bytes are enough for what is written on the way.
 */
TEST(put_numbers) {
  static const double values[] = {0,   -0.0,  1,      -7,        1e7,  123456789012345,  1e15,
                                  0.5, 1e300, 1.5e-7, -INFINITY, 1e16, 9007199254740992, 100};
  static const char *const texts[] = {
      "0.0", "-0.0",   "1.0",     "-7.0", "10000000.0", "123456789012345.0",  "1e+15",
      "0.5", "1e+300", "1.5e-07", "-inf", "1e+16",      "9007199254740992.0", "100.0"};
  for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
    char out[WF_NUMBER_TEXT + 8];
    memset(out, '#', sizeof out);
    *wf_put_f64(out, values[i], true) = '\0';
    CHECK_EQ_STR(out, texts[i]);
    CHECK(memcmp(out + WF_NUMBER_TEXT, "########", 8) == 0);
  }
  char out[WF_NUMBER_TEXT];
  *wf_put_f32(out, 16777216, true) = '\0';
  CHECK_EQ_STR(out, "16777216.0");
  *wf_put_i64(out, INT64_MIN) = '\0';
  CHECK_EQ_STR(out, "-9223372036854775808");
}
