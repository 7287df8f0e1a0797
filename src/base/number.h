/* base/number.h — text ↔ number, exact, correctly rounded, and blind to the host's locale. */
#ifndef WF_BASE_NUMBER_H
#define WF_BASE_NUMBER_H

#include "base/bytes.h"

#define WF_NUMBER_TEXT                                                      \
  40 /* enough for any formatted number, its terminator and what is written \
        past it on the way */

/* The whole of `text` (no blanks) as a decimal number: [+-]digits[.digits][e[+-]digits], or one of
 * inf, infinity, nan in any case when `special`. Correctly rounded. Hexadecimal is refused. */
bool wf_parse_f64(wf_view text, bool special, double *out);
/* The whole of `text` as a decimal integer that fits. */
bool wf_parse_i64(wf_view text, int64_t *out);

/* The double nearest to digits * 10^exponent, ties to even. */
double wf_nearest_f64(uint64_t digits, int64_t exponent);

/* Shortest text that reads back as the same bits; integral values print without ".0"; NaN, inf and
 * -inf print so. Returns the length; `out` has WF_NUMBER_TEXT bytes and is terminated. */
size_t wf_format_f64(char *out, double value);
size_t wf_format_f32(char *out, float value);
size_t wf_format_i64(char *out, int64_t value);

#endif
