/* number.c — decimal text in and out.
 *
 * In: up to 19 significant digits are gathered in an integer. When it is below 2^53 and the power
 * of ten at most 22, one correctly rounded multiplication or division gives the nearest double
 * (Clinger, "How to read floating point numbers accurately", 1990). Everything else goes to the C
 * library's strtod under a private "C" locale, so the host's decimal point never matters.
 *
 * Out: the fewest digits of %.{15,16,17}g that read back to the same bits (float: 6 to 9), printed
 * under that same locale. */
#include "base/number.h"

#include <ctype.h>
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static locale_t c_locale;
static pthread_once_t c_locale_once = PTHREAD_ONCE_INIT;

static void make_c_locale(void) { c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0); }

static locale_t private_locale(void) {
  pthread_once(&c_locale_once, make_c_locale);
  return c_locale;
}

static double slow_strtod(wf_view text) {
  char small[64], *copy = small;
  if (text.size >= sizeof small && !(copy = malloc(text.size + 1))) return NAN;
  memcpy(copy, text.data, text.size);
  copy[text.size] = '\0';
  double value = strtod_l(copy, NULL, private_locale());
  if (copy != small) free(copy);
  return value;
}

static bool parse_special(wf_view text, double *out) {
  const char *p = text.data;
  size_t n = text.size;
  bool negative = n > 0 && *p == '-';
  if (n > 0 && (*p == '-' || *p == '+')) p++, n--;
  if (n == 3 && strncasecmp(p, "nan", 3) == 0) return *out = NAN, true;
  if ((n == 3 && strncasecmp(p, "inf", 3) == 0) || (n == 8 && strncasecmp(p, "infinity", 8) == 0)) {
    return *out = negative ? -INFINITY : INFINITY, true;
  }
  return false;
}

typedef struct decimal {
  uint64_t digits; /* the first 19 significant ones */
  int exponent;    /* of ten */
  bool negative, exact;
} decimal;

/* Reads the grammar; false when `text` is not a decimal number. */
static bool scan_decimal(wf_view text, decimal *d) {
  const char *p = text.data, *end = p + text.size;
  *d = (decimal){.exact = true};
  if (p < end && (*p == '-' || *p == '+')) d->negative = *p++ == '-';
  int n_digits = 0, n_significant = 0;
  bool point = false;
  for (; p < end; p++) {
    if (*p == '.' && !point) {
      point = true;
      continue;
    }
    unsigned digit = (unsigned)(*p - '0');
    if (digit > 9) break;
    n_digits++;
    if (n_significant == 0 && digit == 0) {
      if (point) d->exponent--;
    } else if (n_significant < 19) {
      d->digits = d->digits * 10 + digit;
      n_significant++;
      if (point) d->exponent--;
    } else {
      d->exact = false;
      if (!point) d->exponent++;
    }
  }
  if (n_digits == 0) return false;
  if (p == end) return true;
  if (*p != 'e' && *p != 'E') return false;
  if (++p == end) return false;
  bool negative_exponent = false;
  if (*p == '-' || *p == '+') negative_exponent = *p++ == '-';
  if (p == end) return false;
  int exponent = 0;
  for (; p < end; p++) {
    unsigned digit = (unsigned)(*p - '0');
    if (digit > 9) return false;
    if (exponent < 100000) exponent = exponent * 10 + (int)digit;
  }
  d->exponent += negative_exponent ? -exponent : exponent;
  return true;
}

bool wf_parse_f64(wf_view text, bool special, double *out) {
  static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                  1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                  1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
  decimal d;
  if (!scan_decimal(text, &d)) return special && parse_special(text, out);
  if (d.exact && d.digits <= (UINT64_C(1) << 53) && d.exponent >= -22 && d.exponent <= 22) {
    double value = (double)d.digits;
    value = d.exponent < 0 ? value / powers[-d.exponent] : value * powers[d.exponent];
    *out = d.negative ? -value : value;
    return true;
  }
  *out = slow_strtod(text);
  return true;
}

bool wf_parse_i64(wf_view text, int64_t *out) {
  const char *p = text.data, *end = p + text.size;
  if (p == end) return false;
  bool negative = *p == '-';
  if (*p == '-' || *p == '+') p++;
  if (p == end) return false;
  int64_t value = 0;
  for (; p < end; p++) {
    int digit = *p - '0';
    if (digit < 0 || digit > 9) return false;
    if (__builtin_mul_overflow(value, (int64_t)10, &value) ||
        __builtin_sub_overflow(value, (int64_t)digit, &value)) {
      return false; /* gathered as a negative: its range is the larger one */
    }
  }
  if (!negative && value == INT64_MIN) return false;
  *out = negative ? value : -value;
  return true;
}

static size_t print_special(char *out, double value) {
  const char *text = isnan(value) ? "nan" : value > 0 ? "inf" : "-inf";
  size_t length = strlen(text);
  memcpy(out, text, length + 1);
  return length;
}

size_t wf_format_f64(char *out, double value) {
  if (!isfinite(value)) return print_special(out, value);
  if (fabs(value) < 1e15 && value == (double)(int64_t)value && !(value == 0 && signbit(value))) {
    return wf_format_i64(out, (int64_t)value);
  }
  locale_t before = uselocale(private_locale());
  int length = 0;
  for (int digits = 15; digits <= 17; digits++) {
    length = snprintf(out, WF_NUMBER_TEXT, "%.*g", digits, value);
    if (strtod(out, NULL) == value) break;
  }
  uselocale(before);
  return (size_t)length;
}

size_t wf_format_f32(char *out, float value) {
  if (!isfinite(value)) return print_special(out, (double)value);
  locale_t before = uselocale(private_locale());
  int length = 0;
  for (int digits = 6; digits <= 9; digits++) {
    length = snprintf(out, WF_NUMBER_TEXT, "%.*g", digits, (double)value);
    if (strtof(out, NULL) == value) break;
  }
  uselocale(before);
  return (size_t)length;
}

size_t wf_format_i64(char *out, int64_t value) {
  char reversed[24];
  size_t n = 0;
  uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
  do reversed[n++] = (char)('0' + rest % 10);
  while (rest /= 10);
  size_t length = 0;
  if (value < 0) out[length++] = '-';
  while (n) out[length++] = reversed[--n];
  out[length] = '\0';
  return length;
}
