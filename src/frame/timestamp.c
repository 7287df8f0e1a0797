/* timestamp.c — calendar arithmetic on the proleptic Gregorian calendar, without the C library's
 * zones and locale. Days from civil and back: H. Hinnant, "chrono-compatible low-level date
 * algorithms", 2013: years start in March, so that the leap day is the last of its year. */
#include "frame/timestamp.h"

#include "base/number.h"

#define SECOND INT64_C(1000000)
#define DAY (86400 * SECOND)

static int64_t days_of(int year, int month, int day) {
  int64_t y = year - (month <= 2);
  int64_t era = (y >= 0 ? y : y - 399) / 400;
  int64_t in_era = y - era * 400;
  int64_t in_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146097 + in_era * 365 + in_era / 4 - in_era / 100 + in_year - 719468;
}

static void date_of(int64_t days, int *year, int *month, int *day) {
  days += 719468;
  int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  int64_t in_era = days - era * 146097;
  int64_t y = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
  int64_t in_year = in_era - (365 * y + y / 4 - y / 100);
  int64_t shifted = (5 * in_year + 2) / 153;
  *day = (int)(in_year - (153 * shifted + 2) / 5 + 1);
  *month = (int)(shifted < 10 ? shifted + 3 : shifted - 9);
  *year = (int)(y + era * 400 + (*month <= 2));
}

static int days_in_month(int year, int month) {
  static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : days[month - 1];
}

bool wf_timestamp_of_date(int year, int month, int day, int64_t *out) {
  if (month < 1 || month > 12 || day < 1) return false;
  if (day > 28 && day > days_in_month(year, month)) return false;
  *out = days_of(year, month, day) * DAY;
  return true;
}

/* ---- in -------------------------------------------------------------------------------------- */

typedef struct cursor {
  const char *at, *end;
} cursor;

static bool digits(cursor *c, int n, int *out) {
  int value = 0;
  if (c->end - c->at < n) return false;
  for (int i = 0; i < n; i++) {
    int digit = *c->at++ - '0';
    if (digit < 0 || digit > 9) return false;
    value = value * 10 + digit;
  }
  *out = value;
  return true;
}

static bool accept(cursor *c, char wanted) {
  if (c->at == c->end || *c->at != wanted) return false;
  c->at++;
  return true;
}

static bool read_fraction(cursor *c, int64_t *us) {
  int64_t unit = SECOND;
  const char *first = c->at;
  for (; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++) {
    unit /= 10;
    *us += (*c->at - '0') * unit;
  }
  return c->at > first;
}

static bool read_zone(cursor *c, int64_t *us) {
  int hours, minutes = 0;
  if (c->at == c->end || accept(c, 'Z') || accept(c, 'z')) return true;
  bool west = accept(c, '-');
  if (!west && !accept(c, '+')) return false;
  if (!digits(c, 2, &hours)) return false;
  if (c->at < c->end) {
    accept(c, ':');
    if (!digits(c, 2, &minutes)) return false;
  }
  if (hours > 18 || minutes > 59) return false;
  int64_t offset = (hours * 60 + minutes) * 60 * SECOND;
  *us += west ? offset : -offset;
  return true;
}

static bool read_clock(cursor *c, int64_t *us) {
  int hour, minute, second = 0;
  int64_t fraction = 0;
  if (!digits(c, 2, &hour) || !accept(c, ':') || !digits(c, 2, &minute)) return false;
  if (accept(c, ':')) {
    if (!digits(c, 2, &second)) return false;
    if (accept(c, '.') && !read_fraction(c, &fraction)) return false;
  }
  if (hour > 23 || minute > 59 || second > 59) return false;
  *us += ((hour * 60 + minute) * 60 + second) * SECOND + fraction;
  return read_zone(c, us);
}

bool wf_timestamp_parse(wf_view text, int64_t *out) {
  cursor c = {text.data, text.data + text.size};
  int year, month, day;
  if (!digits(&c, 4, &year) || !accept(&c, '-') || !digits(&c, 2, &month) || !accept(&c, '-') ||
      !digits(&c, 2, &day)) {
    return false;
  }
  int64_t us;
  if (!wf_timestamp_of_date(year, month, day, &us)) return false;
  if (c.at < c.end) {
    if (!accept(&c, 'T') && !accept(&c, ' ') && !accept(&c, 't')) return false;
    if (!read_clock(&c, &us)) return false;
  }
  if (c.at != c.end) return false;
  *out = us;
  return true;
}

/* ---- out ------------------------------------------------------------------------------------- */

static char *put_two(char *p, int value) {
  p[0] = (char)('0' + value / 10);
  p[1] = (char)('0' + value % 10);
  return p + 2;
}

/* ".ffffff" without zeros at its end; nothing for 0. */
static char *put_fraction(char *p, int us) {
  if (us == 0) return p;
  *p++ = '.';
  for (int unit = 100000; us > 0; us %= unit, unit /= 10) *p++ = (char)('0' + us / unit);
  return p;
}

static char *put_date(char *p, int year, int month, int day) {
  p = put_two(put_two(p, year / 100), year % 100);
  *p++ = '-';
  p = put_two(p, month);
  *p++ = '-';
  return put_two(p, day);
}

static char *put_clock(char *p, int seconds, int us) {
  *p++ = 'T';
  p = put_two(p, seconds / 3600);
  *p++ = ':';
  p = put_two(p, seconds / 60 % 60);
  *p++ = ':';
  p = put_fraction(put_two(p, seconds % 60), us);
  *p++ = 'Z';
  return p;
}

size_t wf_timestamp_format(char out[WF_TIMESTAMP_TEXT], int64_t us) {
  int64_t days = us / DAY, rest = us % DAY;
  if (rest < 0) rest += DAY, days--;
  int64_t first = days_of(0, 1, 1), last = days_of(9999, 12, 31);
  if (days < first || days > last) return wf_format_i64(out, us);
  int year, month, day;
  date_of(days, &year, &month, &day);
  char *end = put_date(out, year, month, day);
  if (rest) end = put_clock(end, (int)(rest / SECOND), (int)(rest % SECOND));
  *end = '\0';
  return (size_t)(end - out);
}
