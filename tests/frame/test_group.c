#include "make.h"

TEST(sort_by_several_columns) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f = FRAME("t:string b a NA b a", "n:f64 1 -2 3 NA 5", "i:i64 0 1 2 3 4"), *s;
  REQUIRE_OK(wf_frame_sort(&s, f, (const char *[]){"t", "n"}, NULL, 2, &err), err);
  CHECK_EQ_STR(show(s, "i"), "1 4 0 3 2");
  wf_frame_release(s);
  REQUIRE_OK(wf_frame_sort(&s, f, (const char *[]){"t", "n"}, (bool[]){true, true}, 2, &err), err);
  CHECK_EQ_STR(show(s, "i"), "0 3 4 1 2"); /* missing values stay last */
  wf_frame_release(s);
  CHECK_FAILS(wf_frame_sort(&s, f, (const char *[]){"u"}, NULL, 1, &err), err, WF_NOTFOUND, "'u'");
  wf_frame_release(f);
}

TEST(sort_numbers) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f = FRAME("x:f64 inf -0 nan -inf 1e-300 NA 0 -1 2", "i:i64 0 1 2 3 4 5 6 7 8"), *s;
  REQUIRE_OK(wf_frame_sort(&s, f, (const char *[]){"x"}, NULL, 1, &err), err);
  CHECK_EQ_STR(show(s, "i"), "3 7 1 6 4 8 0 2 5");
  wf_frame_release(s);
  REQUIRE_OK(wf_frame_sort(&s, f, (const char *[]){"x"}, (bool[]){true}, 1, &err), err);
  CHECK_EQ_STR(show(s, "i"), "0 8 4 1 6 7 3 2 5"); /* stable, NaN behind the numbers */
  wf_frame_release(s);
  wf_frame_release(f);
  f = FRAME("x:i64 5 -9223372036854775808 9223372036854775807 NA -1");
  REQUIRE_OK(wf_frame_sort(&s, f, (const char *[]){"x"}, (bool[]){true}, 1, &err), err);
  CHECK_EQ_STR(show(s, "x"), "9223372036854775807 5 -1 -9223372036854775808 NA");
  wf_frame_release(s);
  wf_frame_release(f);
}

TEST(group_aggregates) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f = FRAME("k:string b a b NA a b", "x:f64 1 2 NA 4 6 4", "n:i64 1 2 3 4 5 6",
                      "t:category u v u w NA z");
  wf_frame *g;
  const wf_aggregation wanted[] = {
      {"rows", NULL, WF_AGG_COUNT, 0},   {"count", "x", WF_AGG_COUNT, 0},
      {"sum", "x", WF_AGG_SUM, 0},       {"total", "n", WF_AGG_SUM, 0},
      {"mean", "x", WF_AGG_MEAN, 0},     {"min", "x", WF_AGG_MIN, 0},
      {"max", "t", WF_AGG_MAX, 0},       {"std", "x", WF_AGG_STD, 0},
      {"median", "n", WF_AGG_MEDIAN, 0}, {"distinct", "t", WF_AGG_DISTINCT, 0},
  };
  REQUIRE_OK(wf_frame_group(&g, f, (const char *[]){"k"}, 1, wanted, 10, &err), err);
  CHECK_EQ_STR(show(g, "k"), "b a NA"); /* by first appearance; a missing key is a group */
  CHECK_EQ_STR(show(g, "rows"), "3 2 1");
  CHECK_EQ_STR(show(g, "count"), "2 2 1");
  CHECK_EQ_STR(show(g, "sum"), "5 8 4");
  CHECK_EQ_STR(show(g, "total"), "10 7 4");
  CHECK_EQ_STR(show(g, "mean"), "2.5 4 4");
  CHECK_EQ_STR(show(g, "min"), "1 2 4");
  CHECK_EQ_STR(show(g, "max"), "z v w");
  CHECK_EQ_STR(show(g, "std"), "2.1213203435596424 2.8284271247461903 NA");
  CHECK_EQ_STR(show(g, "median"), "3 3.5 4");
  CHECK_EQ_STR(show(g, "distinct"), "2 1 1");
  wf_frame_release(g);
  wf_frame_release(f);
}

TEST(group_by_several_columns) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f = FRAME("a:category x x y x NA NA", "b:i64 1 2 1 1 NA NA"), *g;
  REQUIRE_OK(wf_frame_group(&g, f, (const char *[]){"a", "b"}, 2,
                            &(wf_aggregation){"n", NULL, WF_AGG_COUNT, 0}, 1, &err),
             err);
  CHECK_EQ_STR(show(g, "a"), "x x y NA");
  CHECK_EQ_STR(show(g, "b"), "1 2 1 NA");
  CHECK_EQ_STR(show(g, "n"), "2 1 1 2");
  wf_frame_release(g);
  wf_frame_release(f);
}

TEST(group_without_values) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f = FRAME("k:i64 1", "x:f64 NA"), *g;
  const wf_aggregation wanted[] = {{"sum", "x", WF_AGG_SUM, 0},
                                   {"mean", "x", WF_AGG_MEAN, 0},
                                   {"min", "x", WF_AGG_MIN, 0},
                                   {"median", "x", WF_AGG_MEDIAN, 0},
                                   {"distinct", "x", WF_AGG_DISTINCT, 0}};
  REQUIRE_OK(wf_frame_group(&g, f, (const char *[]){"k"}, 1, wanted, 5, &err), err);
  CHECK_EQ_STR(show(g, "sum"), "0");
  CHECK_EQ_STR(show(g, "mean"), "NA");
  CHECK_EQ_STR(show(g, "min"), "NA");
  CHECK_EQ_STR(show(g, "median"), "NA");
  CHECK_EQ_STR(show(g, "distinct"), "0");
  wf_frame_release(g);
  wf_frame_release(f);
  f = FRAME("k:i64", "x:f64");
  REQUIRE_OK(wf_frame_group(&g, f, (const char *[]){"k"}, 1, wanted, 5, &err), err);
  CHECK_EQ_INT(wf_frame_row_count(g), 0);
  wf_frame_release(g);
  wf_frame_release(f);
}

TEST(group_refuses) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f = FRAME("k:i64 1", "t:string x"), *g = NULL;
  const char *by = "k";
  CHECK_FAILS(wf_frame_group(&g, f, &by, 1, &(wf_aggregation){"m", "t", WF_AGG_MEAN, 0}, 1, &err),
              err, WF_TYPE, "no mean of the string column 't'");
  CHECK_FAILS(wf_frame_group(&g, f, &by, 1, &(wf_aggregation){"m", NULL, WF_AGG_SUM, 0}, 1, &err),
              err, WF_INVALID, "only count");
  CHECK_FAILS(wf_frame_group(&g, f, &by, 1, &(wf_aggregation){"k", NULL, WF_AGG_COUNT, 0}, 1, &err),
              err, WF_INVALID, "'k'");
  CHECK_FAILS(wf_frame_group(&g, f, NULL, 0, NULL, 0, &err), err, WF_INVALID, "at least one");
  CHECK(g == NULL);
  wf_frame_release(f);
}

TEST(group_sum_overflow_is_f64) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f = FRAME("k:i64 1 1", "x:i64 9223372036854775807 1"), *g;
  REQUIRE_OK(wf_frame_group(&g, f, (const char *[]){"k"}, 1,
                            &(wf_aggregation){"s", "x", WF_AGG_SUM, 0}, 1, &err),
             err);
  CHECK_EQ_INT(wf_column_type(wf_frame_column_at(g, 1)), WF_F64);
  CHECK_SAME(wf_column_number_at(wf_frame_column_at(g, 1), 0), 9223372036854775808.0);
  wf_frame_release(g);
  wf_frame_release(f);
}

static bool group_and_sort(void) {
  static const wf_aggregation wanted[] = {{"a", "x", WF_AGG_SUM, 0},
                                          {"b", "x", WF_AGG_STD, 0},
                                          {"c", "t", WF_AGG_MIN, 0},
                                          {"d", "x", WF_AGG_MEDIAN, 0},
                                          {"e", "t", WF_AGG_DISTINCT, 0}};
  wf_frame *f = NULL, *g = NULL, *s = NULL;
  bool ok = make_frame(&f, (const char *const[]){"k:string b a b", "t:string x y NA", "x:f64 1 2 3",
                                                 NULL}) == WF_OK &&
            wf_frame_group(&g, f, (const char *[]){"k"}, 1, wanted, 5, NULL) == WF_OK &&
            wf_frame_sort(&s, f, (const char *[]){"k", "x"}, NULL, 2, NULL) == WF_OK;
  wf_frame_release(f);
  wf_frame_release(g);
  wf_frame_release(s);
  return ok;
}

TEST(group_out_of_memory) { CHECK_OOM_SAFE(group_and_sort()); }

TEST(group_first_last_var_quantile) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f = FRAME("k:i64 1 1 2 1 3", "x:i64 4 NA NA 10 7", "s:string NA b c d NA"), *g;
  const char *by = "k";
  const wf_aggregation wanted[] = {{"first", "s", WF_AGG_FIRST, 0},
                                   {"last", "s", WF_AGG_LAST, 0},
                                   {"var", "x", WF_AGG_VAR, 0},
                                   {"q", "x", WF_AGG_QUANTILE, 0.25}};
  REQUIRE_OK(wf_frame_group(&g, f, &by, 1, wanted, 4, &err), err);
  CHECK_EQ_STR(show(g, "first"), "b c NA");
  CHECK_EQ_STR(show(g, "last"), "d c NA");
  CHECK_EQ_STR(show(g, "var"), "18 NA NA");
  CHECK_EQ_STR(show(g, "q"), "5.5 NA 7");
  wf_frame_release(g);
  CHECK_FAILS(
      wf_frame_group(&g, f, &by, 1, &(wf_aggregation){"q", "x", WF_AGG_QUANTILE, 2}, 1, &err), err,
      WF_INVALID, "0 to 1");
  wf_frame_release(f);
}
