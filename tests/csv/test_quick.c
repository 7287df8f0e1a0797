/* Short numbers in a few operations: the same bits as base/number.h, or declined. */
#include "check.h"

#include "base/number.h"
#include "base/random.h"
#include "csv/quick.h"

#include <stdio.h>

#ifdef WF_CSV_AVX2
/* With bytes in front that must not count. */
static void check_vectors(const char *given) {
  char room[500] = "1234567890.12345678e+1.9";
  const char *text = strcpy(room + 24, given);
  double quick = -1, exact = -2;
  int64_t integer = -1, right = -2;
  if (!wf_csv_has_avx2() || !*text) return;
  if (wf_csv_vector_f64(text, strlen(text), &quick) &&
      (!wf_parse_f64(wf_view_of(text), false, &exact) || memcmp(&quick, &exact, 8) != 0)) {
    test_fail(__FILE__, __LINE__, "'%s': %.17g, not %.17g", text, quick, exact);
  }
  if (wf_csv_vector_i64(text, strlen(text), &integer) &&
      (!wf_parse_i64(wf_view_of(text), &right) || integer != right)) {
    test_fail(__FILE__, __LINE__, "'%s': %lld, not %lld", text, (long long)integer,
              (long long)right);
  }
}

/* What it is there for is not declined. */
static bool vectors_take(const char *given) {
  char room[500] = "1234567890.12345678e+1.9";
  double value;
  if (!wf_csv_has_avx2()) return true;
  return wf_csv_vector_f64(strcpy(room + 24, given), strlen(given), &value);
}
#else
static void check_vectors(const char *given) { (void)given; }
static bool vectors_take(const char *given) { return given != NULL; }
#endif

static void check_float(const char *text) {
  check_vectors(text);
  double quick = -1, exact = -2;
  if (!wf_csv_quick_f64(text, strlen(text), &quick)) return;
  if (!wf_parse_f64(wf_view_of(text), false, &exact) || memcmp(&quick, &exact, 8) != 0) {
    test_fail(__FILE__, __LINE__, "'%s': %.17g, not %.17g", text, quick, exact);
  }
}

static void check_integer(const char *text) {
  int64_t quick = -1, exact = -2;
  if (!wf_csv_quick_i64(text, strlen(text), &quick)) return;
  if (!wf_parse_i64(wf_view_of(text), &exact) || quick != exact) {
    test_fail(__FILE__, __LINE__, "'%s': %lld, not %lld", text, (long long)quick, (long long)exact);
  }
}

TEST(quick_numbers_of_every_length) {
  wf_random random;
  wf_random_seed(&random, 3, 0);
  for (int i = 0; i < 200000; i++) {
    char text[64];
    int digits = (int)wf_random_below(&random, 18), point = (int)wf_random_below(&random, 20);
    int n = 0;
    if (wf_random_below(&random, 4) == 0) text[n++] = '-';
    for (int k = 0; k < digits; k++) {
      if (k == point) text[n++] = '.';
      text[n++] = (char)('0' + wf_random_below(&random, 10));
    }
    text[n] = '\0';
    if (n == 0) continue;
    check_float(text);
    check_integer(text);
  }
}

TEST(quick_numbers_take_nothing_else) {
  static const char *const texts[] = {"-",
                                      ".",
                                      "-.",
                                      "1.2.3",
                                      "..",
                                      "1e5",
                                      "+1",
                                      "1 ",
                                      " 1",
                                      "0x1",
                                      "1,2",
                                      "nan",
                                      "--1",
                                      "1-",
                                      "1.-",
                                      "-1.-",
                                      "a.b",
                                      "1/2",
                                      "1:2",
                                      "12345678:",
                                      "1.23456789012345678",
                                      "123456789012345678"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    double number;
    int64_t integer;
    CHECK(!wf_csv_quick_f64(texts[i], strlen(texts[i]), &number));
    CHECK(!wf_csv_quick_i64(texts[i], strlen(texts[i]), &integer));
  }
  double number = 0;
  CHECK(wf_csv_quick_f64("-0", 2, &number) && number == 0 && __builtin_signbit(number));
  CHECK(wf_csv_quick_f64("5.", 2, &number) && number == 5);
  CHECK(wf_csv_quick_f64(".5", 2, &number) && number == 0.5);
}

/* Random bytes: whatever is accepted must be what the exact reader says. */
TEST(quick_numbers_on_soup) {
  static const char soup[] = "0123456789.-+e /:";
  wf_random random;
  wf_random_seed(&random, 4, 0);
  for (int i = 0; i < 200000; i++) {
    char text[20];
    size_t n = 1 + wf_random_below(&random, 17);
    for (size_t k = 0; k < n; k++) text[k] = soup[wf_random_below(&random, sizeof soup - 1)];
    text[n] = '\0';
    check_float(text);
    check_integer(text);
  }
}

TEST(quick_numbers_by_vectors) {
  wf_random random;
  wf_random_seed(&random, 5, 0);
  char text[400];
  for (int i = 0; i < 300000; i++) {
    uint64_t bits = wf_random_u64(&random);
    double value;
    memcpy(&value, &bits, sizeof value);
    int digits = (int)wf_random_below(&random, 20);
    double near = (double)(int64_t)bits * 0x1p-63 * (i % 3 ? 1 : 1000);
    snprintf(text, sizeof text, i % 2 ? "%.*g" : "%.*e", digits, i % 5 ? near : value);
    check_vectors(text);
    snprintf(text, sizeof text, "%.*f", digits, near);
    check_vectors(text);
  }
  static const char *const plain[] = {"1",
                                      "-1.5",
                                      "0.12345678901234567",
                                      "-123.1234567890123456",
                                      "1234.5678901234567",
                                      "-1234567.890123456",
                                      "0.0012345678901234567",
                                      "1.234567e+08",
                                      "-9e-99",
                                      ".5",
                                      "5."};
  for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
    check_vectors(plain[i]);
    if (!vectors_take(plain[i])) test_fail(__FILE__, __LINE__, "'%s' is left", plain[i]);
  }
}
