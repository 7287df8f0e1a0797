#include "make.h"

#include "frame/timestamp.h"

/* The words as one type, cast to another: the values, or the error. */
static const char *cast(wf_type from, const char *words, wf_type to) {
  static wf_error err;
  wf_column *a = must_column(from, words), *b = NULL;
  wf_status status = wf_column_cast(&b, a, to, &err);
  wf_column_release(a);
  if (status != WF_OK) return err.message;
  CHECK_EQ_INT(wf_column_type(b), to);
  const char *shown = show_column(b);
  wf_column_release(b);
  return shown;
}

TEST(cast_between_numbers) {
  CHECK_EQ_STR(cast(WF_I64, "1 NA -3", WF_F64), "1 NA -3");
  CHECK_EQ_STR(cast(WF_F64, "1 NA -3", WF_I64), "1 NA -3");
  CHECK_EQ_STR(cast(WF_F64, "0.1 NA", WF_F32), "0.1 NA");
  CHECK_EQ_STR(cast(WF_BOOL, "true NA false", WF_I32), "1 NA 0");
  CHECK_EQ_STR(cast(WF_I64, "1 0 NA", WF_BOOL), "true false NA");
  CHECK_EQ_STR(cast(WF_I32, "5 NA", WF_TIMESTAMP), "1970-01-01T00:00:00.000005Z NA");
  CHECK_EQ_STR(cast(WF_F64, "1e300", WF_F64), "1e+300");
}

TEST(cast_keeps_the_value_or_fails) {
  CHECK_EQ_STR(cast(WF_F64, "1 1.5", WF_I64), "row 2: '1.5' is not a 64-bit integer");
  CHECK_EQ_STR(cast(WF_F64, "nan", WF_I64), "row 1: 'nan' is not a 64-bit integer");
  CHECK_HAS(cast(WF_F64, "9223372036854775808", WF_I64), "is not a 64-bit integer");
  CHECK_EQ_STR(cast(WF_F64, "-9223372036854775808", WF_I64), "-9223372036854775808");
  CHECK_HAS(cast(WF_I64, "1 2 3000000000", WF_I32), "row 3: '3000000000'");
  CHECK_HAS(cast(WF_I64, "2", WF_BOOL), "'2' is not true or false");
  CHECK_HAS(cast(WF_F64, "1e39", WF_F32), "range of f32");
  CHECK_EQ_STR(cast(WF_F64, "inf", WF_F32), "inf");
}

TEST(cast_text_to_values) {
  CHECK_EQ_STR(cast(WF_STRING, "1.5 NA 1e3", WF_F64), "1.5 NA 1000");
  CHECK_EQ_STR(cast(WF_CATEGORY, "7 NA 7 8", WF_I64), "7 NA 7 8");
  CHECK_EQ_STR(cast(WF_STRING, "True FALSE 1 0", WF_BOOL), "true false true false");
  CHECK_EQ_STR(cast(WF_STRING, "2026-11-22 NA", WF_TIMESTAMP), "2026-11-22 NA");
  CHECK_EQ_STR(cast(WF_STRING, "1 x", WF_F64), "row 2: 'x' is not a number");
  CHECK_EQ_STR(cast(WF_STRING, "''", WF_F64), "row 1: '' is not a number");
  CHECK_HAS(cast(WF_STRING, "yesterday", WF_TIMESTAMP), "is not a time such as");
}

TEST(cast_to_text) {
  CHECK_EQ_STR(cast(WF_F64, "0.1 NA 100", WF_STRING), "0.1 NA 100");
  CHECK_EQ_STR(cast(WF_BOOL, "true NA", WF_CATEGORY), "true NA");
  CHECK_EQ_STR(cast(WF_STRING, "b a NA b", WF_CATEGORY), "b a NA b");
  CHECK_EQ_STR(cast(WF_CATEGORY, "b a NA b ''", WF_STRING), "b a NA b ''");
}

TEST(cast_names_long_values_in_part) {
  const char *message =
      cast(WF_STRING, "äääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääää",
           WF_F64);
  CHECK_HAS(message, "…");
  CHECK(strlen(message) < 120);
}

static bool cast_all(void) {
  wf_column *a = NULL, *b = NULL, *c = NULL;
  bool ok = make_column(&a, WF_STRING, "1 NA 3") == WF_OK &&
            wf_column_cast(&b, a, WF_I64, NULL) == WF_OK &&
            wf_column_cast(&c, b, WF_CATEGORY, NULL) == WF_OK;
  wf_column_release(a);
  wf_column_release(b);
  wf_column_release(c);
  return ok;
}

TEST(cast_out_of_memory) { CHECK_OOM_SAFE(cast_all()); }

/* ---- time ------------------------------------------------------------------------------------ */

static const char *time_round_trip(const char *text) {
  static char out[WF_TIMESTAMP_TEXT];
  int64_t us;
  if (!wf_timestamp_parse(wf_view_of(text), &us)) return "no";
  wf_timestamp_format(out, us);
  return out;
}

TEST(timestamp_forms) {
  CHECK_EQ_STR(time_round_trip("2026-11-22"), "2026-11-22");
  CHECK_EQ_STR(time_round_trip("2026-11-22 21:20"), "2026-11-22T21:20:00Z");
  CHECK_EQ_STR(time_round_trip("2026-11-22T21:20:44.5Z"), "2026-11-22T21:20:44.5Z");
  CHECK_EQ_STR(time_round_trip("2026-11-22T21:20:44.1234567"), "2026-11-22T21:20:44.123456Z");
  CHECK_EQ_STR(time_round_trip("2026-11-22T21:20:44+09:00"), "2026-11-22T12:20:44Z");
  CHECK_EQ_STR(time_round_trip("2026-11-22T21:20:44-0330"), "2026-11-23T00:50:44Z");
  CHECK_EQ_STR(time_round_trip("2000-02-29"), "2000-02-29");
  CHECK_EQ_STR(time_round_trip("1969-12-31T23:59:59.999999Z"), "1969-12-31T23:59:59.999999Z");
  CHECK_EQ_STR(time_round_trip("0000-01-01"), "0000-01-01");
  CHECK_EQ_STR(time_round_trip("9999-12-31"), "9999-12-31");
}

TEST(timestamp_refuses) {
  const char *const bad[] = {"",
                             "2026",
                             "2026-13-01",
                             "2026-02-30",
                             "1900-02-29",
                             "2026-1-1",
                             "2026-01-01T",
                             "2026-01-01T25:00",
                             "2026-01-01x",
                             "2026-01-01T10:00:60",
                             "2026-01-01T10:00:00.",
                             "2026-01-01T10:00:00+9",
                             "2026-01-01T10"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) CHECK_EQ_STR(time_round_trip(bad[i]), "no");
}

/* Every day of 800 years against a plain count of days. */
TEST(timestamp_calendar) {
  int64_t days = 0;
  for (int year = 1970; year < 2770; year++) {
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    const int lengths[] = {31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    for (int month = 1; month <= 12; month++) {
      for (int day = 1; day <= lengths[month - 1]; day++, days++) {
        char text[40], out[WF_TIMESTAMP_TEXT];
        int64_t us = 0;
        snprintf(text, sizeof text, "%04d-%02d-%02d", year, month, day);
        wf_timestamp_format(out, days * INT64_C(86400000000));
        bool same = wf_timestamp_parse(wf_view_of(text), &us) &&
                    us == days * INT64_C(86400000000) && strcmp(out, text) == 0;
        REQUIRE(same);
      }
    }
  }
}
