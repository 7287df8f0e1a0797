/* Functions of numbers, the arithmetic of remainders, and texts side by side. */
#include "make.h"

#include "wf/transform.h"

static const char *called(wf_type type, const char *words, const char *name, int digits) {
  wf_error err = WF_ERROR_INIT;
  wf_function function;
  wf_column *column = must_column(type, words), *out = NULL;
  REQUIRE(wf_function_find(name, &function));
  REQUIRE_OK(wf_column_function(&out, column, function, digits, &err), err);
  const char *shown = show_column(out);
  wf_column_release(column);
  wf_column_release(out);
  return shown;
}

TEST(functions_of_numbers) {
  CHECK_EQ_STR(called(WF_F64, "-1.5 NA nan", "abs", 0), "1.5 NA nan");
  CHECK_EQ_STR(called(WF_F64, "-1.5 2.2", "floor", 0), "-2 2");
  CHECK_EQ_STR(called(WF_F64, "-1 0 4", "sqrt", 0), "nan 0 2");
  CHECK_EQ_STR(called(WF_F64, "0 1", "log", 0), "-inf 0");
  CHECK_EQ_STR(called(WF_F64, "0.5 1.5 2.5 -0.25", "round", 0), "0 2 2 -0");
  CHECK_EQ_STR(called(WF_F64, "1.2345 inf", "round", 2), "1.23 inf");
  CHECK_EQ_STR(called(WF_F64, "1234", "round", -2), "1200");
  CHECK_EQ_STR(called(WF_I64, "-3 NA 9007199254740993", "abs", 0), "3 NA 9007199254740993");
  CHECK_EQ_STR(called(WF_I64, "-9223372036854775808 1", "abs", 0), "9.223372036854776e+18 1");
  CHECK_EQ_STR(called(WF_BOOL, "true false", "exp", 0), "2.718281828459045 1");
}

TEST(functions_refuse_text) {
  wf_error err = WF_ERROR_INIT;
  wf_column *text = must_column(WF_STRING, "a"), *number = must_column(WF_F64, "1"), *out;
  CHECK_FAILS(wf_column_function(&out, text, WF_FUNCTION_LOG, 0, &err), err, WF_TYPE, "log");
  CHECK_FAILS(wf_column_function(&out, number, WF_FUNCTION_ROUND, 1000, &err), err, WF_INVALID,
              "digits");
  wf_column_release(text);
  wf_column_release(number);
}

static const char *computed(wf_type type, const char *a, wf_arithmetic op, const char *b) {
  wf_error err = WF_ERROR_INIT;
  wf_column *left = must_column(type, a), *right = must_column(type, b), *out = NULL;
  REQUIRE_OK(wf_column_arithmetic(&out, left, op, right, &err), err);
  const char *shown = show_column(out);
  wf_column_release(left);
  wf_column_release(right);
  wf_column_release(out);
  return shown;
}

TEST(remainders_follow_the_divisor) {
  CHECK_EQ_STR(computed(WF_I64, "7 -7 7 -7 NA 5", WF_MOD, "3 3 -3 -3 3 NA"), "1 2 -2 -1 NA NA");
  CHECK_EQ_STR(computed(WF_I64, "7 -7 7 -7", WF_FLOOR_DIV, "3 3 -3 -3"), "2 -3 -3 2");
  CHECK_EQ_STR(computed(WF_F64, "7.5 -7.5 1", WF_MOD, "2 2 0"), "1.5 0.5 nan");
  CHECK_EQ_STR(computed(WF_I64, "7 1", WF_FLOOR_DIV, "2 0"), "3 inf");
  CHECK_EQ_STR(computed(WF_I64, "2 NA", WF_POW, "3 2"), "8 NA");
}

/* A missing row holds 0 in memory, and 0 - INT64_MIN or x % 0 does not fit. */
TEST(missing_rows_do_not_make_integers_numbers) {
  CHECK_EQ_STR(computed(WF_I64, "NA 9007199254740993", WF_SUB, "-9223372036854775808 0"),
               "NA 9007199254740993");
  CHECK_EQ_STR(computed(WF_I64, "5 9007199254740993", WF_MOD, "NA 9223372036854775807"),
               "NA 9007199254740993");
}

TEST(texts_side_by_side) {
  wf_error err = WF_ERROR_INIT;
  wf_column *a = must_column(WF_CATEGORY, "x NA y"), *b = must_column(WF_F64, "1 2 0.5");
  wf_column *one = must_column(WF_STRING, "-"), *two = must_column(WF_STRING, "p q"), *out;
  REQUIRE_OK(wf_column_text_join(&out, a, b, &err), err);
  CHECK_EQ_STR(show_column(out), "x1 NA y0.5");
  wf_column_release(out);
  REQUIRE_OK(wf_column_text_join(&out, one, a, &err), err);
  CHECK_EQ_STR(show_column(out), "-x NA -y");
  wf_column_release(out);
  CHECK_FAILS(wf_column_text_join(&out, a, two, &err), err, WF_INVALID, "3 and 2 rows");
  wf_column_release(a);
  wf_column_release(b);
  wf_column_release(one);
  wf_column_release(two);
}

static bool everything(void) {
  wf_column *x = NULL, *s = NULL, *made[2] = {0};
  bool done = make_column(&x, WF_I64, "1 NA 3") == WF_OK &&
              make_column(&s, WF_STRING, "a b NA") == WF_OK &&
              wf_column_function(&made[0], x, WF_FUNCTION_ABS, 0, NULL) == WF_OK &&
              wf_column_text_join(&made[1], s, x, NULL) == WF_OK;
  wf_column_release(x);
  wf_column_release(s);
  wf_column_release(made[0]);
  wf_column_release(made[1]);
  return done;
}

TEST(functions_out_of_memory) { CHECK_OOM_SAFE(everything()); }
