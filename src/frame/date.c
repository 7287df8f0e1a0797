/* date.c — parts of instants, in UTC and the proleptic Gregorian calendar.
 *
 * Days to dates by Howard Hinnant, "chrono-compatible low-level date algorithms" (civil_from_days):
 * years begin in March, so that the leap day is the last of its year. */
#include "wf/transform.h"

#include "base/error.h"
#include "frame/builder.h"
#include "frame/column.h"
#include "frame/timestamp.h"

#include <string.h>

#define SECOND INT64_C(1000000)
#define DAY (86400 * SECOND)

static const char *const part_names[] = {
#define DATE_NAME(name, text) text,
    WF_DATE_MAP(DATE_NAME)
#undef DATE_NAME
};

bool wf_date_part_find(const char *name, wf_date_part *out) {
  for (size_t i = 0; i < sizeof part_names / sizeof *part_names; i++) {
    if (strcmp(name, part_names[i]) != 0) continue;
    *out = (wf_date_part)i;
    return true;
  }
  return false;
}

const char *wf_date_part_name(wf_date_part part) { return part_names[part]; }

static int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b < 0); }

typedef struct date {
  int64_t year;
  int month, day;
} date;

static date date_of(int64_t days) {
  days += 719468;
  int64_t era = floor_div(days, 146097);
  int64_t in_era = days - era * 146097;
  int64_t year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
  int64_t in_year = in_era - (365 * year + year / 4 - year / 100);
  int64_t month = (5 * in_year + 2) / 153;
  return (date){.year = year + era * 400 + (month >= 10),
                .month = (int)(month < 10 ? month + 3 : month - 9),
                .day = (int)(in_year - (153 * month + 2) / 5 + 1)};
}

static int day_of_year(date d) {
  static const int before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
  bool leap = d.year % 4 == 0 && (d.year % 100 != 0 || d.year % 400 == 0);
  return before[d.month - 1] + d.day + (leap && d.month > 2);
}

double wf_date_part_of(int64_t us, wf_date_part part) {
  int64_t days = floor_div(us, DAY), rest = us - days * DAY;
  switch (part) {
  case WF_DATE_HOUR: return (double)(rest / (3600 * SECOND));
  case WF_DATE_MINUTE: return (double)(rest / (60 * SECOND) % 60);
  case WF_DATE_SECOND: return (double)(rest / SECOND % 60);
  case WF_DATE_EPOCH: return (double)us / 1e6;
  case WF_DATE_WEEKDAY: return (double)(((days + 3) % 7 + 7) % 7 + 1); /* day 0 was a Thursday */
  default: break;
  }
  date d = date_of(days);
  switch (part) {
  case WF_DATE_YEAR: return (double)d.year;
  case WF_DATE_QUARTER: return (d.month + 2) / 3;
  case WF_DATE_MONTH: return d.month;
  case WF_DATE_DAY: return d.day;
  default: return day_of_year(d);
  }
}

static bool instant_at(const wf_column *column, size_t row, int64_t *us) {
  if (!wf_column_present(column, row)) return false;
  if (wf_type_is_text(column->type)) return wf_timestamp_parse(wf_column_text(column, row), us);
  *us = wf_column_i64(column)[row];
  return true;
}

wf_status wf_column_date_part(wf_column **out, const wf_column *column, wf_date_part part,
                              wf_error *err) {
  if (column->type != WF_TIMESTAMP && !wf_type_is_text(column->type)) {
    return wf_fail(err, WF_TYPE, "%s: the column is %s, not a time", part_names[part],
                   wf_type_name(column->type));
  }
  bool whole = part != WF_DATE_EPOCH;
  wf_builder *builder;
  WF_TRY(wf_builder_new(&builder, whole ? WF_I64 : WF_F64, err));
  wf_status status = WF_OK;
  for (size_t i = 0; status == WF_OK && i < column->n_rows; i++) {
    int64_t us;
    if (!instant_at(column, i, &us))
      status = wf_builder_add_missing(builder, err);
    else if (whole)
      status = wf_builder_add_i64(builder, (int64_t)wf_date_part_of(us, part), err);
    else
      status = wf_builder_add_f64(builder, wf_date_part_of(us, part), err);
  }
  if (status == WF_OK) return wf_builder_finish(builder, out, err);
  wf_builder_free(builder);
  return status;
}
