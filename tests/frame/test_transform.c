/* Filling, choosing, windows, text, dates, outliers, correlation. Expected values of windows and
 * correlation were checked against pandas 1.5.3. */
#include "make.h"

#include "wf/transform.h"

static const char *filled(wf_type type, const char *words, wf_fill how, wf_type with,
                          const char *constant) {
  wf_error err = WF_ERROR_INIT;
  wf_column *column = must_column(type, words), *value = must_column(with, constant), *out = NULL;
  REQUIRE_OK(wf_column_fill(&out, column, how, value, &err), err);
  const char *shown = show_column(out);
  wf_column_release(out);
  wf_column_release(column);
  wf_column_release(value);
  return shown;
}

TEST(fill_in_every_way) {
  CHECK_EQ_STR(filled(WF_I64, "NA 1 NA", WF_FILL_CONSTANT, WF_I64, "7"), "7 1 7");
  CHECK_EQ_STR(filled(WF_I64, "NA 1 NA", WF_FILL_CONSTANT, WF_F64, "0.5"), "0.5 1 0.5");
  CHECK_EQ_STR(filled(WF_CATEGORY, "a NA b", WF_FILL_CONSTANT, WF_STRING, "none"), "a none b");
  CHECK_EQ_STR(filled(WF_BOOL, "true NA", WF_FILL_CONSTANT, WF_BOOL, "false"), "true false");
  CHECK_EQ_STR(filled(WF_I64, "1 2 NA 6", WF_FILL_MEAN, WF_I64, "0"), "1 2 3 6");
  CHECK_EQ_STR(filled(WF_F64, "1 2 NA 60", WF_FILL_MEDIAN, WF_I64, "0"), "1 2 2 60");
  CHECK_EQ_STR(filled(WF_STRING, "b a NA a b", WF_FILL_MODE, WF_I64, "0"), "b a b a b");
  CHECK_EQ_STR(filled(WF_I64, "NA 1 NA NA 3", WF_FILL_FORWARD, WF_I64, "0"), "NA 1 1 1 3");
  CHECK_EQ_STR(filled(WF_I64, "NA 1 NA NA 3 NA", WF_FILL_BACKWARD, WF_I64, "0"), "1 1 3 3 3 NA");
  CHECK_EQ_STR(filled(WF_F64, "NA NA", WF_FILL_MEAN, WF_I64, "0"), "NA NA");
  CHECK_EQ_STR(filled(WF_STRING, "NA", WF_FILL_MODE, WF_I64, "0"), "NA");
}

TEST(fill_refuses_what_has_no_mean) {
  wf_error err = WF_ERROR_INIT;
  wf_column *text = must_column(WF_STRING, "a NA"), *number = must_column(WF_I64, "1"), *out;
  CHECK_FAILS(wf_column_fill(&out, text, WF_FILL_MEAN, NULL, &err), err, WF_TYPE, "no mean");
  CHECK_FAILS(wf_column_fill(&out, text, WF_FILL_CONSTANT, number, &err), err, WF_TYPE, "value");
  CHECK_FAILS(wf_column_fill(&out, text, WF_FILL_CONSTANT, NULL, &err), err, WF_INVALID,
              "one value");
  wf_column_release(text);
  wf_column_release(number);
}

TEST(when_chooses_row_by_row) {
  wf_error err = WF_ERROR_INIT;
  wf_column *mask = must_column(WF_BOOL, "true false NA true"), *out;
  wf_column *a = must_column(WF_I64, "1 2 3 NA"), *half = must_column(WF_F64, "0.5");
  wf_column *word = must_column(WF_STRING, "x");
  REQUIRE_OK(wf_column_when(&out, mask, a, half, &err), err);
  CHECK_EQ_STR(show_column(out), "1 0.5 NA NA");
  wf_column_release(out);
  REQUIRE_OK(wf_column_when(&out, mask, half, a, &err), err);
  CHECK_EQ_STR(show_column(out), "0.5 2 NA 0.5");
  wf_column_release(out);
  CHECK_FAILS(wf_column_when(&out, mask, a, word, &err), err, WF_TYPE, "value");
  CHECK_FAILS(wf_column_when(&out, a, a, a, &err), err, WF_TYPE, "bool");
  wf_column_release(mask);
  wf_column_release(a);
  wf_column_release(half);
  wf_column_release(word);
}

TEST(lag_within_groups) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f = FRAME("k:string a b a a b", "x:i64 1 2 3 NA 5");
  wf_column *out;
  const char *by = "k";
  REQUIRE_OK(wf_frame_lag(&out, f, "x", 1, &by, 1, &err), err);
  CHECK_EQ_STR(show_column(out), "NA NA 1 3 2");
  wf_column_release(out);
  REQUIRE_OK(wf_frame_lag(&out, f, "x", -1, &by, 1, &err), err);
  CHECK_EQ_STR(show_column(out), "3 5 NA NA NA");
  wf_column_release(out);
  REQUIRE_OK(wf_frame_lag(&out, f, "k", 2, NULL, 0, &err), err);
  CHECK_EQ_STR(show_column(out), "NA NA a b a");
  wf_column_release(out);
  REQUIRE_OK(wf_frame_lag(&out, f, "x", PTRDIFF_MIN, NULL, 0, &err), err);
  CHECK_EQ_INT(wf_column_missing_count(out), 5);
  wf_column_release(out);
  wf_frame_release(f);
}

static const char *rolled(const wf_frame *f, size_t window, size_t least, wf_aggregate how,
                          const char *by) {
  wf_error err = WF_ERROR_INIT;
  wf_column *out = NULL;
  REQUIRE_OK(wf_frame_rolling(&out, f, "x", window, least, how, &by, by ? 1 : 0, &err), err);
  const char *shown = show_column(out);
  wf_column_release(out);
  return shown;
}

TEST(rolling_windows) {
  wf_frame *f = FRAME("k:i64 1 1 2 1 2 2", "x:i64 4 2 NA 9 5 1");
  CHECK_EQ_STR(rolled(f, 2, 0, WF_AGG_SUM, NULL), "NA 6 NA NA 14 6");
  CHECK_EQ_STR(rolled(f, 2, 1, WF_AGG_SUM, NULL), "4 6 2 9 14 6");
  CHECK_EQ_STR(rolled(f, 3, 2, WF_AGG_MEAN, "k"), "NA 3 NA 5 NA 3");
  CHECK_EQ_STR(rolled(f, 3, 1, WF_AGG_MIN, NULL), "4 2 2 2 5 1");
  CHECK_EQ_STR(rolled(f, 3, 1, WF_AGG_MAX, NULL), "4 4 4 9 9 9");
  CHECK_EQ_STR(rolled(f, 3, 1, WF_AGG_MEDIAN, NULL), "4 3 3 5.5 7 5");
  CHECK_EQ_STR(rolled(f, 4, 1, WF_AGG_COUNT, NULL), "1 2 2 3 3 3");
  CHECK_EQ_STR(rolled(f, 2, 1, WF_AGG_VAR, NULL), "NA 2 NA NA 8 8");
  wf_error err = WF_ERROR_INIT;
  wf_column *out;
  CHECK_FAILS(wf_frame_rolling(&out, f, "x", 0, 0, WF_AGG_SUM, NULL, 0, &err), err, WF_INVALID,
              "row");
  CHECK_FAILS(wf_frame_rolling(&out, f, "x", 2, 0, WF_AGG_FIRST, NULL, 0, &err), err, WF_INVALID,
              "aggregate");
  wf_frame_release(f);
}

static const char *texts(wf_type type, const char *words, wf_text_call call) {
  wf_error err = WF_ERROR_INIT;
  wf_column *column = must_column(type, words), *out = NULL;
  REQUIRE_OK(wf_column_text_call(&out, column, &call, &err), err);
  const char *shown = show_column(out);
  wf_column_release(out);
  wf_column_release(column);
  return shown;
}

/* Long windows are put together from parts; every row must agree with a window computed anew. */
TEST(rolling_long_windows) {
  static const wf_aggregate hows[] = {WF_AGG_COUNT, WF_AGG_SUM, WF_AGG_MEAN, WF_AGG_MIN,
                                      WF_AGG_MAX,   WF_AGG_STD, WF_AGG_VAR};
  enum { N = 700 };
  wf_error err = WF_ERROR_INIT;
  double values[N];
  uint8_t present[N];
  for (size_t i = 0; i < N; i++) {
    values[i] = (double)(i * 7919 % 1009) - 300;
    present[i] = i % 7 != 3;
  }
  values[350] = (double)NAN;
  wf_column *x, *out;
  wf_frame *f, *part;
  REQUIRE_OK(wf_column_from_f64(&x, values, present, N, &err), err);
  REQUIRE_OK(wf_frame_new(&f, (const char *const[]){"x"}, &x, 1, &err), err);
  for (size_t h = 0; h < sizeof hows / sizeof *hows; h++) {
    for (size_t window = 65; window < 900; window += 111) {
      REQUIRE_OK(wf_frame_rolling(&out, f, "x", window, 3, hows[h], NULL, 0, &err), err);
      for (size_t i = 0; i < N; i += 13) {
        size_t from = i + 1 > window ? i + 1 - window : 0, n = i + 1 - from;
        wf_aggregation all = {"v", "x", hows[h], 0};
        wf_frame *keyed, *group;
        wf_column *one;
        REQUIRE_OK(wf_frame_slice(&part, f, from, n, &err), err);
        REQUIRE_OK(wf_column_from_bool(&one, present, (uint8_t[N]){0}, n, &err), err);
        REQUIRE_OK(wf_frame_with(&keyed, part, "k", one, &err), err);
        REQUIRE_OK(wf_frame_group(&group, keyed, (const char *const[]){"k"}, 1, &all, 1, &err),
                   err);
        wf_column *wanted = wf_frame_column_at(group, 1);
        size_t held = n - wf_column_missing_count(wf_frame_column_at(part, 0));
        CHECK(wf_column_is_missing(out, i) == (held < 3));
        double a = wf_column_number_at(out, i), b = wf_column_number_at(wanted, 0);
        if (held >= 3 && !(isnan(a) && isnan(b))) CHECK_NEAR(a, b, 1e-9 * fabs(b) + 1e-9);
        wf_frame_release(part);
        wf_frame_release(keyed);
        wf_frame_release(group);
        wf_column_release(one);
      }
      wf_column_release(out);
    }
  }
  wf_frame_release(f);
  wf_column_release(x);
}

TEST(rolling_extremes_put_nan_above_numbers) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f = FRAME("x:f64 nan 1 2 nan");
  wf_column *out;
  REQUIRE_OK(wf_frame_rolling(&out, f, "x", 2, 1, WF_AGG_MIN, NULL, 0, &err), err);
  CHECK_EQ_STR(show_column(out), "nan 1 1 2");
  wf_column_release(out);
  REQUIRE_OK(wf_frame_rolling(&out, f, "x", 2, 1, WF_AGG_MAX, NULL, 0, &err), err);
  CHECK_EQ_STR(show_column(out), "nan nan 2 nan");
  wf_column_release(out);
  REQUIRE_OK(wf_frame_cumulative(&out, f, "x", WF_AGG_MAX, NULL, 0, &err), err);
  CHECK_EQ_STR(show_column(out), "nan nan nan nan");
  wf_column_release(out);
  REQUIRE_OK(wf_frame_cumulative(&out, f, "x", WF_AGG_MIN, NULL, 0, &err), err);
  CHECK_EQ_STR(show_column(out), "nan 1 1 1");
  wf_column_release(out);
  wf_frame_release(f);
}

TEST(text_functions) {
  for (wf_type type = WF_STRING; type <= WF_CATEGORY; type++) {
    CHECK_EQ_STR(texts(type, "Ab NA ÉaZ ''", (wf_text_call){.function = WF_TEXT_LOWER}),
                 "ab NA Éaz ''");
    CHECK_EQ_STR(texts(type, "Ab [z{", (wf_text_call){.function = WF_TEXT_UPPER}), "AB [Z{");
    CHECK_EQ_STR(texts(type, "Ab NA Éa ''", (wf_text_call){.function = WF_TEXT_LENGTH}),
                 "2 NA 2 0");
    CHECK_EQ_STR(
        texts(type, "a-b NA b", (wf_text_call){.function = WF_TEXT_CONTAINS, .argument = "-"}),
        "true NA false");
    CHECK_EQ_STR(
        texts(type, "ab ba b", (wf_text_call){.function = WF_TEXT_STARTS, .argument = "b"}),
        "false true true");
    CHECK_EQ_STR(texts(type, "ab ba b", (wf_text_call){.function = WF_TEXT_ENDS, .argument = "ab"}),
                 "true false false");
    CHECK_EQ_STR(texts(type, "aaa ba NA",
                       (wf_text_call){.function = WF_TEXT_REPLACE, .argument = "aa", .other = "x"}),
                 "xa ba NA");
    CHECK_EQ_STR(texts(type, "a-b-c d -",
                       (wf_text_call){.function = WF_TEXT_PART, .argument = "-", .number = 2}),
                 "b NA ''");
    CHECK_EQ_STR(texts(type, "a-b-c d",
                       (wf_text_call){.function = WF_TEXT_PART, .argument = "-", .number = -1}),
                 "c d");
    CHECK_EQ_STR(texts(type, "a-b-c d",
                       (wf_text_call){.function = WF_TEXT_PART, .argument = "-", .number = -3}),
                 "a NA");
    CHECK_EQ_STR(
        texts(type, "Éabc x", (wf_text_call){.function = WF_TEXT_SLICE, .number = 1, .last = 2}),
        "Éa x");
    CHECK_EQ_STR(
        texts(type, "abcd x", (wf_text_call){.function = WF_TEXT_SLICE, .number = -2, .last = -1}),
        "cd x");
  }
  wf_error err = WF_ERROR_INIT;
  wf_column *blanks, *out;
  REQUIRE_OK(wf_column_from_strings(&blanks, (const char *const[]){" a b ", "\t\n", ""}, 3, &err),
             err);
  REQUIRE_OK(wf_column_text_call(&out, blanks, &(wf_text_call){.function = WF_TEXT_TRIM}, &err),
             err);
  CHECK_EQ_STR(show_column(out), "a b '' ''");
  wf_column_release(out);
  CHECK_FAILS(wf_column_text_call(&out, blanks,
                                  &(wf_text_call){.function = WF_TEXT_PART, .argument = ""}, &err),
              err, WF_INVALID, "empty");
  wf_column_release(blanks);
}

/* All rows are searched at once: what begins in one row and ends in the next is no find. */
TEST(contains_within_rows_only) {
  wf_error err = WF_ERROR_INIT;
  wf_column *texts = must_column(WF_STRING, "xa bx ab NA aab abab '' a b aa baab b"), *found;
  REQUIRE_OK(wf_column_text_call(&found, texts,
                                 &(wf_text_call){.function = WF_TEXT_CONTAINS, .argument = "ab"},
                                 &err),
             err);
  CHECK_EQ_STR(show_column(found),
               "false false true NA true true false false false false true false");
  wf_column_release(found);
  wf_column_release(texts);
}

TEST(date_parts) {
  struct {
    const char *text;
    double parts[10];
  } cases[] = {
      {"1970-01-01", {1970, 1, 1, 1, 4, 1, 0, 0, 0, 0}},
      {"2024-02-29T23:59:58Z", {2024, 1, 2, 29, 4, 60, 23, 59, 58, 1709251198}},
      {"2024-12-31", {2024, 4, 12, 31, 2, 366, 0, 0, 0, 1735603200}},
      {"1969-12-31T23:59:59.5Z", {1969, 4, 12, 31, 3, 365, 23, 59, 59, -0.5}},
      {"1900-03-01", {1900, 1, 3, 1, 4, 60, 0, 0, 0, -2203891200.0}},
      {"2026-11-22", {2026, 4, 11, 22, 7, 326, 0, 0, 0, 1795305600}},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    wf_error err = WF_ERROR_INIT;
    wf_column *text = must_column(WF_STRING, cases[i].text), *time = NULL, *out = NULL;
    REQUIRE_OK(wf_column_cast(&time, text, WF_TIMESTAMP, &err), err);
    for (int part = WF_DATE_YEAR; part <= WF_DATE_EPOCH; part++) {
      REQUIRE_OK(wf_column_date_part(&out, time, (wf_date_part)part, &err), err);
      CHECK_SAME(wf_column_number_at(out, 0), cases[i].parts[part]);
      wf_column_release(out);
      REQUIRE_OK(wf_column_date_part(&out, text, (wf_date_part)part, &err), err);
      CHECK_SAME(wf_column_number_at(out, 0), cases[i].parts[part]);
      wf_column_release(out);
    }
    wf_column_release(time);
    wf_column_release(text);
  }
}

TEST(outliers_by_both_rules) {
  wf_error err = WF_ERROR_INIT;
  wf_column *x = must_column(WF_F64, "1 2 3 NA 2 100 1"), *out;
  REQUIRE_OK(wf_column_outliers(&out, x, WF_OUTLIER_IQR, 1.5, &err), err);
  CHECK_EQ_STR(show_column(out), "false false false NA false true false");
  wf_column_release(out);
  REQUIRE_OK(wf_column_outliers(&out, x, WF_OUTLIER_Z, 2, &err), err);
  CHECK_EQ_STR(show_column(out), "false false false NA false true false");
  wf_column_release(out);
  REQUIRE_OK(wf_column_outliers(&out, x, WF_OUTLIER_Z, 3, &err), err);
  CHECK_EQ_STR(show_column(out), "false false false NA false false false");
  wf_column_release(out);
  wf_column_release(x);
}

TEST(correlation_of_pairs) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f = FRAME("a:i64 1 2 3 4 NA", "b:f64 2 4 6 9 1", "c:bool true false true NA true",
                      "d:f64 5 5 5 5 5", "t:string a b c d e"),
           *r;
  REQUIRE_OK(wf_frame_correlation(&r, f, WF_CORRELATION_PEARSON, &err), err);
  CHECK_EQ_STR(show(r, "column"), "a b c d");
  CHECK_NEAR(wf_column_number_at(wf_frame_column_at(r, 1), 1), 0.9943767126843689, 1e-15);
  CHECK_SAME(wf_column_number_at(wf_frame_column_at(r, 1), 0), 1);
  CHECK_SAME(wf_column_number_at(wf_frame_column_at(r, 2), 0),
             wf_column_number_at(wf_frame_column_at(r, 1), 1));
  CHECK(wf_column_is_missing(wf_frame_column_at(r, 4), 0));
  wf_frame_release(r);
  wf_frame_release(f);
}

static bool everything(void) {
  static const char *const columns[] = {"k:category a b a b", "x:i64 1 NA 3 4", "s:string p q NA r",
                                        NULL};
  wf_frame *f = NULL, *r = NULL;
  wf_column *made[8] = {0}, *mask = NULL;
  const char *by = "k";
  wf_text_call call = {.function = WF_TEXT_REPLACE, .argument = "p", .other = "longer"};
  bool done =
      make_frame(&f, columns) == WF_OK &&
      wf_column_fill(&made[0], wf_frame_column_at(f, 1), WF_FILL_MODE, NULL, NULL) == WF_OK &&
      wf_column_fill(&made[1], wf_frame_column_at(f, 1), WF_FILL_MEDIAN, NULL, NULL) == WF_OK &&
      wf_column_missing(&mask, wf_frame_column_at(f, 1), NULL) == WF_OK &&
      wf_column_when(&made[2], mask, made[0], made[1], NULL) == WF_OK &&
      wf_frame_lag(&made[3], f, "s", 1, &by, 1, NULL) == WF_OK &&
      wf_frame_rolling(&made[4], f, "x", 2, 1, WF_AGG_MEDIAN, &by, 1, NULL) == WF_OK &&
      wf_column_text_call(&made[5], wf_frame_column_at(f, 0), &call, NULL) == WF_OK &&
      wf_column_text_call(&made[6], wf_frame_column_at(f, 2), &call, NULL) == WF_OK &&
      wf_frame_correlation(&r, f, WF_CORRELATION_SPEARMAN, NULL) == WF_OK;
  for (int i = 0; i < 8; i++) wf_column_release(made[i]);
  wf_column_release(mask);
  wf_frame_release(r);
  wf_frame_release(f);
  return done;
}

TEST(transform_out_of_memory) { CHECK_OOM_SAFE(everything()); }
