#include "make.h"

static const char *with_number(wf_type type, const char *words, wf_compare op, double value) {
  static wf_error err;
  wf_column *a = must_column(type, words), *m = NULL;
  wf_status status = wf_column_compare_number(&m, a, op, value, &err);
  wf_column_release(a);
  if (status != WF_OK) return err.message;
  const char *shown = show_column(m);
  wf_column_release(m);
  return shown;
}

static const char *with_text(wf_type type, const char *words, wf_compare op, const char *value) {
  static wf_error err;
  wf_column *a = must_column(type, words), *m = NULL;
  wf_status status = wf_column_compare_text(&m, a, op, value, &err);
  wf_column_release(a);
  if (status != WF_OK) return err.message;
  const char *shown = show_column(m);
  wf_column_release(m);
  return shown;
}

static const char *two(wf_type ta, const char *a_words, wf_compare op, wf_type tb,
                       const char *b_words) {
  static wf_error err;
  wf_column *a = must_column(ta, a_words), *b = must_column(tb, b_words), *m = NULL;
  wf_status status = wf_column_compare(&m, a, op, b, &err);
  wf_column_release(a);
  wf_column_release(b);
  if (status != WF_OK) return err.message;
  const char *shown = show_column(m);
  wf_column_release(m);
  return shown;
}

TEST(compare_with_a_number) {
  const char *v = "1 2 NA 3";
  CHECK_EQ_STR(with_number(WF_F64, v, WF_EQ, 2), "false true NA false");
  CHECK_EQ_STR(with_number(WF_I64, v, WF_NE, 2), "true false NA true");
  CHECK_EQ_STR(with_number(WF_I32, v, WF_LT, 2), "true false NA false");
  CHECK_EQ_STR(with_number(WF_F32, v, WF_LE, 2), "true true NA false");
  CHECK_EQ_STR(with_number(WF_I64, v, WF_GT, 1.5), "false true NA true");
  CHECK_EQ_STR(with_number(WF_I64, v, WF_GE, -1e300), "true true NA true");
  CHECK_EQ_STR(with_number(WF_BOOL, "true false NA", WF_EQ, 1), "true false NA");
  CHECK_HAS(with_number(WF_STRING, "a", WF_EQ, 1), "cannot compare a string column with a number");
}

TEST(compare_beyond_the_exact_doubles) {
  /* as doubles these two are equal */
  CHECK_EQ_STR(with_number(WF_I64, "9007199254740993", WF_EQ, 9007199254740992.0), "false");
  CHECK_EQ_STR(two(WF_I64, "9007199254740993", WF_GT, WF_I64, "9007199254740992"), "true");
  CHECK_EQ_STR(with_number(WF_I64, "9223372036854775807", WF_LT, 9223372036854775808.0), "true");
}

TEST(compare_nan) {
  CHECK_EQ_STR(with_number(WF_F64, "nan 1", WF_EQ, 1), "false true");
  CHECK_EQ_STR(with_number(WF_F64, "nan 1", WF_NE, 1), "true false");
  CHECK_EQ_STR(with_number(WF_F64, "nan 1", WF_LE, NAN), "false false");
  CHECK_EQ_STR(two(WF_F64, "nan", WF_EQ, WF_F64, "nan"), "false");
}

TEST(compare_with_text) {
  const char *v = "b NA a '' ab";
  CHECK_EQ_STR(with_text(WF_STRING, v, WF_EQ, "a"), "false NA true false false");
  CHECK_EQ_STR(with_text(WF_CATEGORY, v, WF_LT, "ab"), "false NA true true false");
  CHECK_EQ_STR(with_text(WF_CATEGORY, v, WF_GE, "ab"), "true NA false false true");
  CHECK_EQ_STR(with_text(WF_TIMESTAMP, "0 1 NA", WF_GT, "1970-01-01"), "false true NA");
  CHECK_HAS(with_text(WF_TIMESTAMP, "0", WF_GT, "noon"), "'noon'");
  CHECK_HAS(with_text(WF_F64, "0", WF_EQ, "x"), "cannot compare a f64 column with text");
}

TEST(compare_two_columns) {
  CHECK_EQ_STR(two(WF_I64, "1 2 NA 4", WF_LT, WF_F64, "1.5 NA 3 3"), "true NA NA false");
  CHECK_EQ_STR(two(WF_STRING, "a b NA", WF_EQ, WF_CATEGORY, "a c x"), "true false NA");
  CHECK_HAS(two(WF_STRING, "a", WF_EQ, WF_F64, "1"), "string column with a f64 column");
  CHECK_HAS(two(WF_F64, "1 2", WF_EQ, WF_F64, "1"), "2 and 1 rows");
}

/* ---- logic ----------------------------------------------------------------------------------- */

typedef wf_status logic_fn(wf_column **out, const wf_column *a, const wf_column *b, wf_error *err);

static const char *logic(logic_fn *fn, const char *a_words, const char *b_words) {
  wf_error err = WF_ERROR_INIT;
  wf_column *a = must_column(WF_BOOL, a_words), *b = must_column(WF_BOOL, b_words), *m = NULL;
  wf_status status = fn(&m, a, b, &err);
  wf_column_release(a);
  wf_column_release(b);
  REQUIRE(status == WF_OK);
  const char *shown = show_column(m);
  wf_column_release(m);
  return shown;
}

TEST(logic_is_three_valued) {
  const char *a = "true true true false false false NA NA NA";
  const char *b = "true false NA true false NA true false NA";
  CHECK_EQ_STR(logic(wf_column_and, a, b), "true false NA false false false NA false NA");
  CHECK_EQ_STR(logic(wf_column_or, a, b), "true true true true false NA true NA NA");
}

TEST(logic_not_and_missing) {
  wf_error err = WF_ERROR_INIT;
  wf_column *a = must_column(WF_BOOL, "true false NA"), *m;
  REQUIRE_OK(wf_column_not(&m, a, &err), err);
  CHECK_EQ_STR(show_column(m), "false true NA");
  CHECK_EQ_INT(m->data->data[0] >> 3, 0);
  wf_column_release(m);
  REQUIRE_OK(wf_column_missing(&m, a, &err), err);
  CHECK_EQ_STR(show_column(m), "false false true");
  CHECK_EQ_INT(wf_column_missing_count(m), 0);
  wf_column_release(m);
  wf_column_release(a);
  a = must_column(WF_I64, "1");
  CHECK_FAILS(wf_column_not(&m, a, &err), err, WF_TYPE, "'not' needs bool columns, not i64");
  wf_column_release(a);
}

/* ---- arithmetic ------------------------------------------------------------------------------ */

static const char *calc(wf_type ta, const char *a_words, wf_arithmetic op, wf_type tb,
                        const char *b_words, wf_type expected) {
  static wf_error err;
  wf_column *a = must_column(ta, a_words), *b = must_column(tb, b_words), *m = NULL;
  wf_status status = wf_column_arithmetic(&m, a, op, b, &err);
  wf_column_release(a);
  wf_column_release(b);
  if (status != WF_OK) return err.message;
  CHECK_EQ_INT(wf_column_type(m), expected);
  const char *shown = show_column(m);
  wf_column_release(m);
  return shown;
}

TEST(arithmetic_of_columns) {
  CHECK_EQ_STR(calc(WF_I64, "1 NA 3", WF_ADD, WF_I32, "10 20 NA", WF_I64), "11 NA NA");
  CHECK_EQ_STR(calc(WF_I64, "1 2", WF_SUB, WF_F64, "0.5 0.25", WF_F64), "0.5 1.75");
  CHECK_EQ_STR(calc(WF_I64, "1 6", WF_DIV, WF_I64, "0 4", WF_F64), "inf 1.5");
  CHECK_EQ_STR(calc(WF_BOOL, "true false", WF_MUL, WF_I64, "7 7", WF_I64), "7 0");
  /* an overflow makes the whole result f64 */
  CHECK_EQ_STR(calc(WF_I64, "1 9223372036854775807", WF_ADD, WF_I64, "1 1", WF_F64),
               calc(WF_F64, "1 9223372036854775807", WF_ADD, WF_F64, "1 1", WF_F64));
  CHECK_HAS(calc(WF_STRING, "a", WF_ADD, WF_F64, "1", WF_F64), "cannot calculate with a string");
  CHECK_HAS(calc(WF_F64, "1 2", WF_ADD, WF_F64, "1", WF_F64), "2 and 1 rows");
}

TEST(arithmetic_with_a_number) {
  wf_error err = WF_ERROR_INIT;
  wf_column *a = must_column(WF_I64, "1 2 NA"), *m;
  REQUIRE_OK(wf_column_arithmetic_number(&m, a, WF_SUB, 10, true, &err), err);
  CHECK_EQ_STR(show_column(m), "9 8 NA");
  CHECK_EQ_INT(wf_column_type(m), WF_I64);
  wf_column_release(m);
  REQUIRE_OK(wf_column_arithmetic_number(&m, a, WF_DIV, 2, false, &err), err);
  CHECK_EQ_STR(show_column(m), "0.5 1 NA");
  wf_column_release(m);
  REQUIRE_OK(wf_column_arithmetic_number(&m, a, WF_MUL, 0.5, false, &err), err);
  CHECK_EQ_STR(show_column(m), "0.5 1 NA");
  CHECK_SAME(wf_column_f64(m)[2], 0); /* missing rows hold 0 */
  wf_column_release(m);
  wf_column_release(a);
}

static bool calculate(void) {
  wf_column *a = NULL, *b = NULL, *c = NULL, *m = NULL, *k = NULL;
  bool ok = make_column(&a, WF_I64, "1 NA 3") == WF_OK &&
            make_column(&b, WF_I64, "1 2 NA") == WF_OK &&
            make_column(&c, WF_CATEGORY, "x y NA") == WF_OK &&
            wf_column_arithmetic(&m, a, WF_ADD, b, NULL) == WF_OK &&
            wf_column_compare_text(&k, c, WF_EQ, "x", NULL) == WF_OK;
  wf_column_release(m);
  m = NULL;
  ok = ok && wf_column_and(&m, k, k, NULL) == WF_OK;
  wf_column_release(a);
  wf_column_release(b);
  wf_column_release(c);
  wf_column_release(m);
  wf_column_release(k);
  return ok;
}

TEST(compare_out_of_memory) { CHECK_OOM_SAFE(calculate()); }
