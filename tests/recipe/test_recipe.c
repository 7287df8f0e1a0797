/* What a recipe learns and how it encodes: by hand on small frames, and rows against whole frames
 * on random ones. */
#include "base/random.h"
#include "check.h"
#include "wf/recipe.h"

#include "recipe/recipe.h"

#include <stdlib.h>

typedef struct table { /* a small frame */
  const char *names[8];
  wf_column *columns[8];
  size_t n;
} table;

static void add(table *t, const char *name, wf_column *column) {
  t->names[t->n] = name;
  t->columns[t->n++] = column;
}

static wf_column *text(const char *const *values, size_t n) {
  wf_error err = WF_ERROR_INIT;
  wf_column *column;
  REQUIRE_OK(wf_column_from_strings(&column, values, n, &err), err);
  return column;
}

static wf_column *category(const char *const *values, size_t n) {
  wf_error err = WF_ERROR_INIT;
  wf_column *strings = text(values, n), *column;
  REQUIRE_OK(wf_column_cast(&column, strings, WF_CATEGORY, &err), err);
  wf_column_release(strings);
  return column;
}

/* NaN stands for missing. */
static wf_column *numbers(const double *values, size_t n) {
  wf_error err = WF_ERROR_INIT;
  uint8_t present[64];
  REQUIRE(n <= sizeof present);
  for (size_t i = 0; i < n; i++) present[i] = (uint8_t)!isnan(values[i]);
  wf_column *column;
  REQUIRE_OK(wf_column_from_f64(&column, values, present, n, &err), err);
  return column;
}

/* Takes the columns over. */
static wf_frame *frame_of(table *t) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *frame;
  REQUIRE_OK(wf_frame_new(&frame, t->names, t->columns, t->n, &err), err);
  for (size_t i = 0; i < t->n; i++) wf_column_release(t->columns[i]);
  t->n = 0;
  return frame;
}

static wf_recipe *new_recipe(void) {
  wf_error err = WF_ERROR_INIT;
  wf_recipe *recipe;
  REQUIRE_OK(wf_recipe_new(&recipe, &err), err);
  return recipe;
}

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define TEXTS(...) ((const char *const[]){__VA_ARGS__}), COUNT(((const char *const[]){__VA_ARGS__}))
#define NUMBERS(...) ((const double[]){__VA_ARGS__}), COUNT(((const double[]){__VA_ARGS__}))

static const char *const sizes[] = {"S", "M", "L"};

/* size (ordinal), colour (one-hot), weight (imputed), flag and label. */
static wf_frame *clothes(void) {
  wf_error err = WF_ERROR_INIT;
  table t = {0};
  add(&t, "size", category(TEXTS("M", "S", NULL, "L")));
  add(&t, "colour", text(TEXTS("red", NULL, "blue", "red")));
  add(&t, "weight", numbers(NUMBERS(4, NAN, 1, 1)));
  wf_column *flag;
  REQUIRE_OK(wf_column_from_bool(&flag, (const uint8_t[]){1, 0, 1, 0},
                                 (const uint8_t[]){1, 1, 1, 0}, 4, &err),
             err);
  add(&t, "flag", flag);
  add(&t, "label", numbers(NUMBERS(0, 1, 0, 1)));
  return frame_of(&t);
}

static wf_recipe *clothes_recipe(wf_impute how, const char *missing) {
  wf_error err = WF_ERROR_INIT;
  wf_recipe *r = new_recipe();
  REQUIRE_OK(wf_recipe_ordinal(r, "size", sizes, 3, WF_UNSEEN_MISSING, &err), err);
  REQUIRE_OK(wf_recipe_one_hot(r, NULL, NULL, 0, missing, WF_UNSEEN_MISSING, &err), err);
  REQUIRE_OK(wf_recipe_impute(r, "weight", how, 0, &err), err);
  return r;
}

static const char *const label[] = {"label"};

static void check_column(wf_matrix *m, size_t j, const float *expected) {
  const float *values = wf_matrix_column_at(m, j);
  for (size_t i = 0; i < wf_matrix_row_count(m); i++) CHECK_SAME(values[i], expected[i]);
}

TEST(recipe_encodes_each_kind) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *frame = clothes();
  wf_recipe *r = clothes_recipe(WF_IMPUTE_MEAN, "na");
  CHECK(!wf_recipe_is_fitted(r));
  REQUIRE_OK(wf_recipe_fit(r, frame, label, 1, &err), err);
  CHECK(wf_recipe_is_fitted(r));

  CHECK_EQ_INT(wf_recipe_input_count(r), 4);
  CHECK_EQ_STR(wf_recipe_input_name(r, 1), "colour");
  CHECK(wf_recipe_input_is_text(r, 1));
  CHECK(!wf_recipe_input_is_text(r, 2));
  static const char *const features[] = {"size",       "colour_blue", "colour_na",
                                         "colour_red", "weight",      "flag"};
  static const size_t sources[] = {0, 1, 1, 1, 2, 3};
  REQUIRE(wf_recipe_output_count(r) == 6);
  for (size_t i = 0; i < 6; i++) {
    CHECK_EQ_STR(wf_recipe_output_name(r, i), features[i]);
    CHECK_EQ_INT(wf_recipe_output_source(r, i), sources[i]);
  }

  wf_matrix *m;
  REQUIRE_OK(wf_recipe_apply(&m, r, frame, &err), err);
  CHECK_EQ_INT(wf_matrix_row_count(m), 4);
  CHECK_EQ_STR(wf_matrix_name_at(m, 3), "colour_red");
  check_column(m, 0, (const float[]){1, 0, NAN, 2});
  check_column(m, 1, (const float[]){0, 0, 1, 0});
  check_column(m, 2, (const float[]){0, 1, 0, 0});
  check_column(m, 3, (const float[]){1, 0, 0, 1});
  check_column(m, 4, (const float[]){4, 2, 1, 1});
  check_column(m, 5, (const float[]){1, 0, 1, NAN});
  wf_matrix_release(m);
  wf_recipe_release(r);
  wf_frame_release(frame);
}

static float imputed(wf_impute how, double constant, const double *values, size_t n) {
  wf_error err = WF_ERROR_INIT;
  table t = {0};
  add(&t, "x", numbers(values, n));
  wf_frame *frame = frame_of(&t);
  wf_recipe *r = new_recipe();
  REQUIRE_OK(wf_recipe_impute(r, "x", how, constant, &err), err);
  REQUIRE_OK(wf_recipe_fit(r, frame, NULL, 0, &err), err);
  float out;
  REQUIRE_OK(wf_recipe_apply_row(r, &(wf_cell){.kind = WF_CELL_MISSING}, &out, &err), err);
  wf_recipe_release(r);
  wf_frame_release(frame);
  return out;
}

TEST(recipe_impute_statistics) {
  CHECK_SAME(imputed(WF_IMPUTE_MEAN, 0, NUMBERS(1, NAN, 2, 6)), 3);
  CHECK_SAME(imputed(WF_IMPUTE_MEAN, 0, NUMBERS(1e16, 1, -1e16, 1)), 0.5); /* compensated */
  CHECK_SAME(imputed(WF_IMPUTE_MEDIAN, 0, NUMBERS(9, 1, NAN, 2)), 2);
  CHECK_SAME(imputed(WF_IMPUTE_MEDIAN, 0, NUMBERS(9, 1, 4, 2)), 3);
  CHECK_SAME(imputed(WF_IMPUTE_MODE, 0, NUMBERS(5, 3, 5, 3, 7)), 3); /* a tie: the smallest */
  CHECK_SAME(imputed(WF_IMPUTE_CONSTANT, -1.5, NUMBERS(5, 3)), -1.5);
  CHECK_SAME(imputed(WF_IMPUTE_CONSTANT, -0.0, NUMBERS(5, 3)), 0.0);
}

TEST(recipe_missing_without_category_is_all_zero) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *frame = clothes();
  wf_recipe *r = clothes_recipe(WF_IMPUTE_MODE, NULL);
  REQUIRE_OK(wf_recipe_fit(r, frame, label, 1, &err), err);
  CHECK_EQ_INT(wf_recipe_output_count(r), 5);
  float out[5];
  wf_cell cells[4] = {{.kind = WF_CELL_TEXT, .text = "XXL", .size = 3}, /* unseen: missing */
                      {.kind = WF_CELL_TEXT, .text = "green", .size = 5},
                      {.kind = WF_CELL_TEXT, .text = "2.5", .size = 3}, /* text of a number */
                      {.kind = WF_CELL_TEXT, .text = "TRUE", .size = 4}};
  REQUIRE_OK(wf_recipe_apply_row(r, cells, out, &err), err);
  static const float expected[] = {NAN, 0, 0, 2.5, 1};
  for (size_t i = 0; i < 5; i++) CHECK_SAME(out[i], expected[i]);
  wf_recipe_release(r);
  wf_frame_release(frame);
}

static wf_status row_status(wf_recipe *r, size_t index, const char *value, wf_error *err) {
  float out[64];
  wf_cell cells[8] = {{.kind = WF_CELL_MISSING}};
  if (value) cells[index] = (wf_cell){.kind = WF_CELL_TEXT, .text = value, .size = strlen(value)};
  return wf_recipe_apply_row(r, cells, out, err);
}

TEST(recipe_row_errors_name_the_column) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *frame = clothes();
  wf_recipe *r = new_recipe();
  REQUIRE_OK(wf_recipe_ordinal(r, "size", sizes, 3, WF_UNSEEN_ERROR, &err), err);
  REQUIRE_OK(wf_recipe_one_hot(r, "colour", NULL, 0, NULL, WF_UNSEEN_ERROR, &err), err);
  REQUIRE_OK(wf_recipe_fit(r, frame, label, 1, &err), err);
  CHECK_FAILS(row_status(r, 0, "XXL", &err), err, WF_INVALID,
              "column 'size': unknown value 'XXL' (known: 'S', 'M', 'L')");
  CHECK_EQ_INT(err.column, 1);
  CHECK_FAILS(row_status(r, 1, "pink", &err), err, WF_INVALID, "column 'colour'");
  CHECK_EQ_INT(err.column, 2);
  CHECK_FAILS(row_status(r, 2, "heavy", &err), err, WF_TYPE,
              "column 'weight': 'heavy' is not a number");
  CHECK_FAILS(row_status(r, 2, "0x10", &err), err, WF_TYPE, "not a number");
  CHECK_FAILS(row_status(r, 3, "yes", &err), err, WF_TYPE, "'yes' is not a bool");
  static const char *const markers[] = {"", "NA", "N/A", "NaN", "nan", "null", "NULL"};
  for (size_t i = 0; i < COUNT(markers); i++) CHECK(row_status(r, 2, markers[i], &err) == WF_OK);
  CHECK(row_status(r, 0, NULL, &err) == WF_OK); /* missing is not unseen */
  wf_recipe_release(r);
  wf_frame_release(frame);
}

TEST(recipe_numbers_in_text_columns) {
  wf_error err = WF_ERROR_INIT;
  table t = {0};
  add(&t, "grade", text(TEXTS("1", "2.5", "x")));
  wf_frame *frame = frame_of(&t);
  wf_recipe *r = new_recipe();
  REQUIRE_OK(wf_recipe_ordinal(r, "grade", TEXTS("x", "1", "2.5"), WF_UNSEEN_ERROR, &err), err);
  REQUIRE_OK(wf_recipe_fit(r, frame, NULL, 0, &err), err);
  float out;
  wf_cell cell = {.kind = WF_CELL_NUMBER, .number = 2.5};
  REQUIRE_OK(wf_recipe_apply_row(r, &cell, &out, &err), err);
  CHECK_SAME(out, 2);
  cell.number = 7;
  CHECK_FAILS(wf_recipe_apply_row(r, &cell, &out, &err), err, WF_INVALID, "unknown value '7'");
  wf_recipe_release(r);
  wf_frame_release(frame);
}

TEST(recipe_timestamps_take_text_and_numbers) {
  wf_error err = WF_ERROR_INIT;
  wf_column *days = text(TEXTS("2020-01-01", NULL, "1970-01-02")), *instants;
  REQUIRE_OK(wf_column_cast(&instants, days, WF_TIMESTAMP, &err), err);
  table t = {0};
  add(&t, "day", instants);
  wf_frame *frame = frame_of(&t);
  wf_recipe *r = new_recipe();
  REQUIRE_OK(wf_recipe_fit(r, frame, NULL, 0, &err), err);
  wf_matrix *stored, *parsed;
  REQUIRE_OK(wf_recipe_apply(&stored, r, frame, &err), err);
  wf_frame_release(frame);
  add(&t, "day", days); /* the same as text */
  frame = frame_of(&t);
  REQUIRE_OK(wf_recipe_apply(&parsed, r, frame, &err), err);
  CHECK_SAME(wf_matrix_column_at(stored, 0)[2], 86400e6f);
  CHECK(memcmp(wf_matrix_column_at(stored, 0), wf_matrix_column_at(parsed, 0), 12) == 0);
  wf_matrix_release(stored);
  wf_matrix_release(parsed);
  wf_recipe_release(r);
  wf_frame_release(frame);
}

TEST(recipe_declaring_is_checked) {
  wf_error err = WF_ERROR_INIT;
  wf_recipe *r = new_recipe();
  REQUIRE_OK(wf_recipe_ordinal(r, "size", sizes, 3, WF_UNSEEN_MISSING, &err), err);
  CHECK_FAILS(wf_recipe_ordinal(r, "size", sizes, 3, WF_UNSEEN_MISSING, &err), err, WF_INVALID,
              "column 'size' already has the step ordinal");
  CHECK_FAILS(wf_recipe_ordinal(r, "x", sizes, 0, WF_UNSEEN_MISSING, &err), err, WF_INVALID,
              "the list of values is empty");
  CHECK_FAILS(wf_recipe_ordinal(r, "x", TEXTS("a", "b", "a"), WF_UNSEEN_MISSING, &err), err,
              WF_INVALID, "'a' appears twice");
  CHECK_FAILS(wf_recipe_ordinal(r, "x", TEXTS("a", "\xff"), WF_UNSEEN_MISSING, &err), err,
              WF_INVALID, "value 2 is not valid UTF-8");
  CHECK_FAILS(wf_recipe_ordinal(r, "", sizes, 3, WF_UNSEEN_MISSING, &err), err, WF_INVALID,
              "column name is empty");
  CHECK_FAILS(wf_recipe_one_hot(r, "\xc3", NULL, 0, NULL, WF_UNSEEN_MISSING, &err), err, WF_INVALID,
              "not valid UTF-8");
  CHECK_FAILS(wf_recipe_impute(r, "x", WF_IMPUTE_CONSTANT, INFINITY, &err), err, WF_INVALID,
              "not a finite number");
  CHECK_FAILS(wf_recipe_impute(r, "x", (wf_impute)9, 0, &err), err, WF_INVALID, "unknown way 9");
  CHECK_FAILS(wf_recipe_ordinal(r, "x", sizes, 3, (wf_unseen)5, &err), err, WF_INVALID, "5");
  REQUIRE_OK(wf_recipe_one_hot(r, NULL, NULL, 0, NULL, WF_UNSEEN_MISSING, &err), err);
  CHECK_FAILS(wf_recipe_one_hot(r, NULL, NULL, 0, NULL, WF_UNSEEN_MISSING, &err), err, WF_INVALID,
              "all text columns is there already");
  wf_recipe_release(r);
}

/* Fits a recipe made by `declare` to clothes() without its label. */
static wf_status fit_with(void declare(wf_recipe *), wf_error *err) {
  wf_frame *frame = clothes();
  wf_recipe *r = new_recipe();
  declare(r);
  wf_status status = wf_recipe_fit(r, frame, label, 1, err);
  CHECK(wf_recipe_is_fitted(r) == (status == WF_OK));
  wf_recipe_release(r);
  wf_frame_release(frame);
  return status;
}

static void nothing(wf_recipe *r) { (void)r; }
static void absent(wf_recipe *r) {
  (void)!wf_recipe_one_hot(r, "color", NULL, 0, NULL, WF_UNSEEN_MISSING, NULL);
}
static void excluded(wf_recipe *r) { (void)!wf_recipe_impute(r, "label", WF_IMPUTE_MEAN, 0, NULL); }
static void numeric_ordinal(wf_recipe *r) {
  (void)!wf_recipe_ordinal(r, "weight", sizes, 3, WF_UNSEEN_MISSING, NULL);
  (void)!wf_recipe_one_hot(r, NULL, NULL, 0, NULL, WF_UNSEEN_MISSING, NULL);
}
static void text_impute(wf_recipe *r) {
  (void)!wf_recipe_impute(r, "size", WF_IMPUTE_MEDIAN, 0, NULL);
}
static void two_ends(wf_recipe *r) {
  (void)!wf_recipe_one_hot(r, "size", NULL, 0, NULL, WF_UNSEEN_MISSING, NULL);
  (void)!wf_recipe_impute(r, "size", WF_IMPUTE_MODE, 0, NULL);
}
static void wrong_values(wf_recipe *r) {
  (void)!wf_recipe_ordinal(r, "size", TEXTS("small", "large"), WF_UNSEEN_MISSING, NULL);
  (void)!wf_recipe_one_hot(r, NULL, NULL, 0, NULL, WF_UNSEEN_MISSING, NULL);
}

TEST(recipe_fit_errors) {
  wf_error err = WF_ERROR_INIT;
  CHECK_FAILS(fit_with(nothing, &err), err, WF_TYPE,
              "column 'size' is text and no step encodes it");
  CHECK_FAILS(fit_with(absent, &err), err, WF_NOTFOUND, "colour"); /* the nearest name */
  CHECK_FAILS(fit_with(excluded, &err), err, WF_INVALID, "'label' is excluded and has the step");
  CHECK_FAILS(fit_with(numeric_ordinal, &err), err, WF_TYPE,
              "column 'weight' holds numbers where ordinal needs text");
  CHECK_FAILS(fit_with(text_impute, &err), err, WF_TYPE,
              "column 'size' is text where impute needs numbers");
  CHECK_FAILS(fit_with(two_ends, &err), err, WF_INVALID, "impute cannot follow one_hot");
  CHECK_FAILS(fit_with(wrong_values, &err), err, WF_INVALID,
              "column 'size' holds none of the given values 'small', 'large'; it holds "
              "'M', 'S', 'L'");
}

TEST(recipe_fit_needs_rows_and_columns) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *frame = clothes(), *empty;
  wf_recipe *r = clothes_recipe(WF_IMPUTE_MEAN, NULL);
  REQUIRE_OK(wf_frame_slice(&empty, frame, 0, 0, &err), err);
  CHECK_FAILS(wf_recipe_fit(r, empty, label, 1, &err), err, WF_INVALID, "no rows");
  CHECK_FAILS(wf_recipe_fit(r, frame, TEXTS("labels"), &err), err, WF_NOTFOUND, "label");
  wf_matrix *m;
  CHECK_FAILS(wf_recipe_apply(&m, r, frame, &err), err, WF_INVALID, "not fitted");
  float out;
  CHECK_FAILS(wf_recipe_apply_row(r, NULL, &out, &err), err, WF_INVALID, "not fitted");
  REQUIRE_OK(wf_recipe_fit(r, frame, label, 1, &err), err);
  CHECK_FAILS(wf_recipe_fit(r, frame, label, 1, &err), err, WF_INVALID, "fitted already");
  CHECK_FAILS(wf_recipe_impute(r, "flag", WF_IMPUTE_MODE, 0, &err), err, WF_INVALID, "is fitted");
  REQUIRE_OK(wf_recipe_apply(&m, r, empty, &err), err); /* encoding nothing is fine */
  CHECK_EQ_INT(wf_matrix_row_count(m), 0);
  wf_matrix_release(m);
  wf_frame_release(empty);

  wf_recipe *none = new_recipe();
  wf_frame *only;
  REQUIRE_OK(wf_frame_select(&only, frame, label, 1, &err), err);
  CHECK_FAILS(wf_recipe_fit(none, only, label, 1, &err), err, WF_INVALID, "no column");
  wf_frame_release(only);
  wf_recipe_release(none);
  wf_recipe_release(r);
  wf_frame_release(frame);
}

TEST(recipe_all_missing_columns) {
  wf_error err = WF_ERROR_INIT;
  table t = {0};
  add(&t, "t", text(TEXTS(NULL, NULL)));
  add(&t, "x", numbers(NUMBERS(NAN, NAN)));
  wf_frame *frame = frame_of(&t);
  wf_recipe *r = new_recipe();
  REQUIRE_OK(wf_recipe_one_hot(r, "t", NULL, 0, NULL, WF_UNSEEN_MISSING, &err), err);
  CHECK_FAILS(wf_recipe_fit(r, frame, NULL, 0, &err), err, WF_INVALID,
              "one_hot of column 't': every value is missing");
  wf_recipe_release(r);
  r = new_recipe();
  REQUIRE_OK(wf_recipe_one_hot(r, "t", NULL, 0, "na", WF_UNSEEN_MISSING, &err), err);
  REQUIRE_OK(wf_recipe_impute(r, "x", WF_IMPUTE_MEDIAN, 0, &err), err);
  CHECK_FAILS(wf_recipe_fit(r, frame, NULL, 0, &err), err, WF_INVALID,
              "impute of column 'x': every value is missing, so it has no median");
  wf_recipe_release(r);
  r = new_recipe();
  REQUIRE_OK(wf_recipe_one_hot(r, "t", NULL, 0, "na", WF_UNSEEN_MISSING, &err), err);
  REQUIRE_OK(wf_recipe_fit(r, frame, NULL, 0, &err), err);
  CHECK_EQ_STR(wf_recipe_output_name(r, 0), "t_na");
  CHECK_EQ_STR(wf_recipe_output_name(r, 1), "x"); /* kept: a missing feature */
  wf_recipe_release(r);
  wf_frame_release(frame);
}

TEST(recipe_feature_names) {
  wf_error err = WF_ERROR_INIT;
  table t = {0};
  add(&t, "a[0]", numbers(NUMBERS(1, 2, 3)));
  add(&t, "a", text(TEXTS("[0]", "<0]", "b")));
  add(&t, "a_b", numbers(NUMBERS(1, 2, 3)));
  wf_frame *frame = frame_of(&t);
  wf_recipe *r = new_recipe();
  REQUIRE_OK(wf_recipe_one_hot(r, NULL, NULL, 0, NULL, WF_UNSEEN_MISSING, &err), err);
  CHECK_FAILS(wf_recipe_fit(r, frame, NULL, 0, &err), err, WF_INVALID,
              "columns 'a' and 'a_b' both make a feature named 'a_b'");
  REQUIRE_OK(wf_recipe_fit(r, frame, TEXTS("a_b"), &err), err);
  static const char *const names[] = {"a_0_", "a__0_", "a__0__2", "a_b"};
  for (size_t i = 0; i < 4; i++) CHECK_EQ_STR(wf_recipe_output_name(r, i), names[i]);
  wf_recipe_release(r);
  wf_frame_release(frame);
}

TEST(recipe_one_hot_refuses_identifiers) {
  wf_error err = WF_ERROR_INIT;
  enum { N = 1100 };
  static char ids[N][8];
  const char *values[N];
  for (int i = 0; i < N; i++) {
    snprintf(ids[i], sizeof ids[i], "id%d", i);
    values[i] = ids[i];
  }
  table t = {0};
  add(&t, "id", text(values, N));
  wf_frame *frame = frame_of(&t);
  wf_recipe *r = new_recipe();
  REQUIRE_OK(wf_recipe_one_hot(r, "id", NULL, 0, NULL, WF_UNSEEN_MISSING, &err), err);
  CHECK_FAILS(wf_recipe_fit(r, frame, NULL, 0, &err), err, WF_LIMIT, "1100 distinct values");
  wf_recipe_release(r);
  wf_frame_release(frame);
}

TEST(recipe_frame_errors_name_row_and_column) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *frame = clothes();
  wf_recipe *r = clothes_recipe(WF_IMPUTE_MEAN, NULL);
  REQUIRE_OK(wf_recipe_fit(r, frame, label, 1, &err), err);
  wf_frame *less;
  wf_matrix *m;
  REQUIRE_OK(wf_frame_drop(&less, frame, TEXTS("weight"), &err), err);
  CHECK_FAILS(wf_recipe_apply(&m, r, less, &err), err, WF_NOTFOUND, "weight");
  wf_frame_release(less);

  wf_column *words = category(TEXTS("1", "2", "heavy", "heavy"));
  REQUIRE_OK(wf_frame_with(&less, frame, "weight", words, &err), err);
  CHECK_FAILS(wf_recipe_apply(&m, r, less, &err), err, WF_TYPE,
              "row 3: column 'weight': 'heavy' is not a number");
  CHECK_EQ_INT(err.line, 3);
  CHECK_EQ_INT(err.column, 3);
  wf_frame *head; /* the bad value is in the dictionary only */
  REQUIRE_OK(wf_frame_slice(&head, less, 0, 2, &err), err);
  REQUIRE_OK(wf_recipe_apply(&m, r, head, &err), err);
  wf_matrix_release(m);
  wf_frame_release(head);
  wf_frame_release(less);
  wf_column_release(words);
  wf_recipe_release(r);
  wf_frame_release(frame);
}

/* ---- rows against frames ----------------------------------------------------------------------
 */

static const char *const words[] = {"a", "b", "ccc", "", "10", "2.5", "NA", "ü", "x[y", "TRUE"};

static wf_column *random_column(wf_random *random, wf_type type, size_t n) {
  wf_error err = WF_ERROR_INIT;
  const char **texts = malloc(n * sizeof *texts);
  bool numeric = !(type == WF_STRING || type == WF_CATEGORY);
  static const char *const numerals[] = {"0", "1", "0", "1", "1", "0"};
  for (size_t i = 0; i < n; i++) {
    uint64_t pick = wf_random_below(random, 12);
    if (numeric) {
      texts[i] = pick >= 6 ? NULL : numerals[pick];
    } else {
      texts[i] = pick >= 10 ? NULL : words[pick];
    }
  }
  wf_column *strings, *column;
  REQUIRE_OK(wf_column_from_strings(&strings, texts, n, &err), err);
  free(texts);
  REQUIRE_OK(wf_column_cast(&column, strings, type, &err), err);
  wf_column_release(strings);
  return column;
}

static wf_column *random_f64(wf_random *random, size_t n) {
  wf_error err = WF_ERROR_INIT;
  static const double odd[] = {0, -0.0, NAN, INFINITY, -INFINITY, 1e300, -1e-300, 16777217, 0.1};
  double *values = malloc(n * sizeof *values);
  uint8_t *present = malloc(n);
  for (size_t i = 0; i < n; i++) {
    uint64_t pick = wf_random_below(random, 20);
    values[i] = pick < 9 ? odd[pick] : wf_random_normal(random);
    present[i] = wf_random_below(random, 10) > 0;
  }
  wf_column *column;
  REQUIRE_OK(wf_column_from_f64(&column, values, present, n, &err), err);
  free(values);
  free(present);
  return column;
}

static wf_cell cell_of(const wf_column *column, size_t row) {
  if (wf_column_is_missing(column, row)) return (wf_cell){.kind = WF_CELL_MISSING};
  if (wf_column_type(column) == WF_STRING || wf_column_type(column) == WF_CATEGORY) {
    wf_cell cell = {.kind = WF_CELL_TEXT};
    cell.text = wf_column_text_at(column, row, &cell.size);
    return cell;
  }
  return (wf_cell){.kind = WF_CELL_NUMBER, .number = wf_column_number_at(column, row)};
}

static void check_rows(const wf_recipe *r, const wf_frame *frame) {
  wf_error err = WF_ERROR_INIT;
  wf_matrix *m;
  REQUIRE_OK(wf_recipe_apply(&m, r, frame, &err), err);
  size_t n_in = wf_recipe_input_count(r), n_out = wf_recipe_output_count(r), differ = 0;
  wf_cell cells[16];
  float out[64];
  REQUIRE(n_in <= 16 && n_out <= 64);
  for (size_t row = 0; row < wf_frame_row_count(frame); row++) {
    for (size_t i = 0; i < n_in; i++) {
      wf_column *column;
      REQUIRE_OK(wf_frame_get(&column, frame, wf_recipe_input_name(r, i), &err), err);
      cells[i] = cell_of(column, row);
    }
    REQUIRE_OK(wf_recipe_apply_row(r, cells, out, &err), err);
    for (size_t j = 0; j < n_out; j++) {
      differ += memcmp(&out[j], &wf_matrix_column_at(m, j)[row], sizeof(float)) != 0;
    }
  }
  CHECK_EQ_INT(differ, 0);
  wf_matrix_release(m);
}

static wf_frame *random_frame(wf_random *random, size_t n) {
  static const wf_type types[] = {WF_STRING, WF_CATEGORY, WF_STRING, WF_CATEGORY,
                                  WF_I64,    WF_BOOL,     WF_F32};
  static const char *const names[] = {"s", "c", "so", "co", "i", "b", "f"};
  table t = {0};
  for (size_t i = 0; i < COUNT(types); i++) add(&t, names[i], random_column(random, types[i], n));
  add(&t, "d", random_f64(random, n));
  return frame_of(&t);
}

TEST(recipe_rows_equal_frames) {
  wf_error err = WF_ERROR_INIT;
  for (uint64_t seed = 0; seed < 30; seed++) {
    wf_random random;
    wf_random_seed(&random, seed, 0);
    size_t n = seed == 29 ? 40000 : 40 + (size_t)wf_random_below(&random, 200);
    wf_frame *frame = random_frame(&random, n), *other = random_frame(&random, n / 2);
    wf_recipe *r = new_recipe();
    REQUIRE_OK(wf_recipe_ordinal(r, "so", words, 4, WF_UNSEEN_MISSING, &err), err);
    REQUIRE_OK(wf_recipe_ordinal(r, "co", words + 3, 6, WF_UNSEEN_MISSING, &err), err);
    REQUIRE_OK(wf_recipe_impute(r, "co", WF_IMPUTE_MODE, 0, &err), err);
    REQUIRE_OK(wf_recipe_impute(r, "i", WF_IMPUTE_MEAN, 0, &err), err);
    REQUIRE_OK(wf_recipe_impute(r, "d", WF_IMPUTE_CONSTANT, 0.1, &err), err);
    const char *missing = seed % 2 ? "na" : NULL;
    REQUIRE_OK(wf_recipe_one_hot(r, NULL, NULL, 0, missing, WF_UNSEEN_MISSING, &err), err);
    REQUIRE_OK(wf_recipe_fit(r, frame, NULL, 0, &err), err);
    check_rows(r, frame);
    check_rows(r, other);
    wf_recipe_release(r);
    wf_frame_release(frame);
    wf_frame_release(other);
  }
}

/* The way a column is stored does not matter. */
TEST(recipe_string_and_category_agree) {
  wf_error err = WF_ERROR_INIT;
  wf_random random;
  wf_random_seed(&random, 7, 0);
  wf_column *strings = random_column(&random, WF_STRING, 500), *codes;
  REQUIRE_OK(wf_column_cast(&codes, strings, WF_CATEGORY, &err), err);
  char *texts[2];
  wf_matrix *matrices[2];
  for (int i = 0; i < 2; i++) {
    table t = {0};
    add(&t, "x", i ? codes : strings);
    wf_frame *frame = frame_of(&t);
    wf_recipe *r = new_recipe();
    REQUIRE_OK(wf_recipe_one_hot(r, "x", NULL, 0, "na", WF_UNSEEN_ERROR, &err), err);
    REQUIRE_OK(wf_recipe_fit(r, frame, NULL, 0, &err), err);
    REQUIRE_OK(wf_recipe_format(&texts[i], r, &err), err);
    REQUIRE_OK(wf_recipe_apply(&matrices[i], r, frame, &err), err);
    wf_recipe_release(r);
    wf_frame_release(frame);
  }
  CHECK_EQ_STR(texts[0], texts[1]);
  for (size_t j = 0; j < wf_matrix_column_count(matrices[0]); j++) {
    CHECK(memcmp(wf_matrix_column_at(matrices[0], j), wf_matrix_column_at(matrices[1], j), 2000) ==
          0);
  }
  for (int i = 0; i < 2; i++) {
    wf_free(texts[i]);
    wf_matrix_release(matrices[i]);
  }
}

/* ---- allocation failures ----------------------------------------------------------------------
 */

static bool whole_life(const wf_frame *frame) {
  wf_error err = WF_ERROR_INIT;
  wf_recipe *r = NULL;
  wf_matrix *m = NULL;
  bool done = wf_recipe_new(&r, &err) == WF_OK &&
              wf_recipe_ordinal(r, "size", sizes, 3, WF_UNSEEN_MISSING, &err) == WF_OK &&
              wf_recipe_one_hot(r, NULL, NULL, 0, "na", WF_UNSEEN_MISSING, &err) == WF_OK &&
              wf_recipe_impute(r, "weight", WF_IMPUTE_MEAN, 0, &err) == WF_OK &&
              wf_recipe_fit(r, frame, label, 1, &err) == WF_OK &&
              wf_recipe_apply(&m, r, frame, &err) == WF_OK;
  if (!done && err.status != WF_NOMEM) test_fail(__FILE__, __LINE__, "%s", err.message);
  wf_matrix_release(m);
  wf_recipe_release(r);
  return done;
}

TEST(recipe_survives_allocation_failure) {
  wf_frame *frame = clothes();
  CHECK_OOM_SAFE(whole_life(frame));
  wf_frame_release(frame);
}
