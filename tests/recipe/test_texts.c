/* Steps of texts, expressions that make texts, steps of all columns; and for random recipes of
 * every kind of step that frames, rows and the document that was read again give the same bits. */
#include "check.h"

#include "base/error.h"
#include "base/random.h"
#include "wf/recipe.h"

#include <math.h>
#include <stdlib.h>

enum { N_COLUMNS = 7 };

/* Texts s and c (a category), numbers x and i, instants t, truths b, the label y. */
static wf_frame *random_frame(uint64_t seed, size_t n) {
  static const char *const words[] = {"a",   "b",   "ccc", "",     "10",
                                      "2.5", "ü-1", "x[y", "TRUE", "a b"};
  static const double odd[] = {0, -0.0, NAN, 1e30, -1e-300, 16777217, 0.1, -3};
  wf_error err = WF_ERROR_INIT;
  wf_random random;
  wf_random_seed(&random, seed, 0);
  const char **texts[2] = {malloc(n * sizeof(char *)), malloc(n * sizeof(char *))};
  double *x = malloc(n * sizeof *x);
  int64_t *i64 = malloc(n * sizeof *i64), *instants = malloc(n * sizeof *instants);
  uint8_t *present = malloc(n), *truth = malloc(n);
  for (size_t i = 0; i < n; i++) {
    for (int k = 0; k < 2; k++) {
      uint64_t pick = wf_random_below(&random, 14);
      texts[k][i] = pick < 12 ? words[pick % (seed % 2 ? 10 : 4)] : NULL;
    }
    uint64_t pick = wf_random_below(&random, 16);
    x[i] = pick < 8 ? odd[pick] : wf_random_normal(&random);
    i64[i] = (int64_t)wf_random_below(&random, 9) - 4;
    instants[i] = (int64_t)wf_random_below(&random, 1ull << 51);
    present[i] = wf_random_below(&random, 5) > 0;
    truth[i] = wf_random_below(&random, 2) == 1;
  }
  wf_column *columns[N_COLUMNS], *plain;
  REQUIRE_OK(wf_column_from_strings(&columns[0], texts[0], n, &err), err);
  REQUIRE_OK(wf_column_from_strings(&plain, texts[1], n, &err), err);
  REQUIRE_OK(wf_column_cast(&columns[1], plain, WF_CATEGORY, &err), err);
  wf_column_release(plain);
  REQUIRE_OK(wf_column_from_f64(&columns[2], x, present, n, &err), err);
  REQUIRE_OK(wf_column_from_i64(&columns[3], i64, present, n, &err), err);
  REQUIRE_OK(wf_column_from_i64(&plain, instants, present, n, &err), err);
  REQUIRE_OK(wf_column_cast(&columns[4], plain, WF_TIMESTAMP, &err), err);
  wf_column_release(plain);
  REQUIRE_OK(wf_column_from_bool(&columns[5], truth, present, n, &err), err);
  REQUIRE_OK(wf_column_from_bool(&columns[6], truth, NULL, n, &err), err);
  wf_frame *frame;
  static const char *const names[] = {"s", "c", "x", "i", "t", "b", "y"};
  REQUIRE_OK(wf_frame_new(&frame, names, columns, N_COLUMNS, &err), err);
  for (size_t i = 0; i < N_COLUMNS; i++) wf_column_release(columns[i]);
  free(texts[0]), free(texts[1]), free(x), free(i64), free(instants), free(present), free(truth);
  return frame;
}

/* ---- random recipes ---------------------------------------------------------------------------
 */

static wf_status encode_text(wf_recipe *r, wf_random *random, const char *column, wf_error *err) {
  if (wf_random_below(random, 2)) {
    const char *value = wf_random_below(random, 2) ? "none" : NULL;
    WF_TRY(wf_recipe_impute_text(r, column, value, err));
  }
  if (wf_random_below(random, 2)) {
    WF_TRY(wf_recipe_rare(r, column, (double)wf_random_below(random, 9), 0.05, "other", err));
  }
  switch (wf_random_below(random, 5)) {
  case 0: return wf_recipe_one_hot(r, column, NULL, 0, "na", WF_UNSEEN_MISSING, err);
  case 1: return wf_recipe_ordinal(r, column, NULL, 0, WF_UNSEEN_MISSING, err);
  case 2: return wf_recipe_frequency(r, column, err);
  case 3: return wf_recipe_hash(r, column, 2 + (size_t)wf_random_below(random, 6), err);
  default: return wf_recipe_target(r, column, "y", 2, err);
  }
}

static wf_status change_number(wf_recipe *r, wf_random *random, const char *column, wf_error *err) {
  if (wf_random_below(random, 2)) WF_TRY(wf_recipe_impute(r, column, WF_IMPUTE_MODE, 0, err));
  if (wf_random_below(random, 2)) WF_TRY(wf_recipe_clip(r, column, -1, (double)NAN, 0, err));
  if (wf_random_below(random, 2)) WF_TRY(wf_recipe_log(r, column, err));
  if (wf_random_below(random, 2)) {
    WF_TRY(wf_recipe_scale(r, column, (wf_scale)wf_random_below(random, 3), err));
  }
  if (wf_random_below(random, 2)) WF_TRY(wf_recipe_power(r, column, err));
  if (wf_random_below(random, 2)) WF_TRY(wf_recipe_quantile(r, column, 5, err));
  if (wf_random_below(random, 2)) return WF_OK;
  return wf_recipe_bin(r, column, WF_BIN_QUANTILE, NULL, 3, err);
}

static const char *const expressions[] = {"if(missing(s), 'none', lower(s) .. '/' .. c)",
                                          "replace(s, 'a', text(x))",
                                          "coalesce(part(s, '-', 2), upper(c), 'z')",
                                          "text(year(t)) .. '-' .. month(t)",
                                          "x / i + hour(t)",
                                          "is_in(s, 'a', 'b', c) + length(s)",
                                          "s == c and b or contains(s, '1')",
                                          "round(x * 3, 1) % 2 - number(s)"};

static wf_status declare(wf_recipe *r, wf_random *random, wf_error *err) {
  static const char *const parts[] = {"month", "hour"};
  WF_TRY(encode_text(r, random, "s", err));
  WF_TRY(wf_random_below(random, 4) ? encode_text(r, random, "c", err)
                                    : wf_recipe_drop(r, "c", err));
  WF_TRY(change_number(r, random, "x", err));
  if (wf_random_below(random, 2)) WF_TRY(wf_recipe_date(r, "t", parts, 2, err));
  for (size_t i = 0; i < sizeof expressions / sizeof *expressions; i++) {
    char name[8];
    snprintf(name, sizeof name, "e%zu", i);
    WF_TRY(wf_recipe_expression(r, name, expressions[i], err));
    if (i < 4) WF_TRY(encode_text(r, random, name, err));
  }
  return wf_recipe_impute(r, NULL, WF_IMPUTE_CONSTANT, -1, err);
}

static wf_cell cell_of(const wf_column *column, size_t row) {
  if (wf_column_is_missing(column, row)) return (wf_cell){.kind = WF_CELL_MISSING};
  wf_cell cell = {.kind = WF_CELL_TEXT};
  if (wf_column_type(column) == WF_STRING || wf_column_type(column) == WF_CATEGORY)
    cell.text = wf_column_text_at(column, row, &cell.size);
  else
    cell = (wf_cell){.kind = WF_CELL_NUMBER, .number = wf_column_number_at(column, row)};
  return cell;
}

/* How many features of the matrix differ from those of its rows, one by one. */
static size_t count_differences(const wf_recipe *r, const wf_frame *frame, wf_matrix *m) {
  wf_error err = WF_ERROR_INIT;
  size_t n_in = wf_recipe_input_count(r), n_out = wf_recipe_output_count(r), differ = 0;
  wf_cell cells[N_COLUMNS];
  float *out = malloc(n_out * sizeof *out);
  for (size_t row = 0; row < wf_frame_row_count(frame); row++) {
    for (size_t i = 0; i < n_in; i++) {
      wf_column *column;
      REQUIRE_OK(wf_frame_get(&column, frame, wf_recipe_input_name(r, i), &err), err);
      cells[i] = cell_of(column, row);
    }
    REQUIRE_OK(wf_recipe_apply_row(r, cells, out, &err), err);
    for (size_t j = 0; j < n_out; j++)
      differ += memcmp(&out[j], &wf_matrix_column_at(m, j)[row], sizeof(float)) != 0;
  }
  free(out);
  return differ;
}

static wf_recipe *read_again(const wf_recipe *r) {
  wf_error err = WF_ERROR_INIT;
  wf_recipe *copy;
  char *first, *second;
  REQUIRE_OK(wf_recipe_format(&first, r, &err), err);
  REQUIRE_OK(wf_recipe_parse(&copy, first, strlen(first), &err), err);
  REQUIRE_OK(wf_recipe_format(&second, copy, &err), err);
  CHECK_EQ_STR(second, first);
  wf_text_free(first);
  wf_text_free(second);
  return copy;
}

TEST(texts_frames_rows_and_documents_agree) {
  wf_error err = WF_ERROR_INIT;
  for (uint64_t seed = 0; seed < 60; seed++) {
    wf_random random;
    wf_random_seed(&random, seed, 1);
    wf_frame *train = random_frame(seed, seed == 59 ? 40000 : 120);
    wf_frame *test = random_frame(seed + 1, 80); /* with texts that training has not */
    wf_recipe *r, *declared;
    wf_matrix *m, *again;
    REQUIRE_OK(wf_recipe_new(&r, &err), err);
    REQUIRE_OK(declare(r, &random, &err), err);
    declared = read_again(r);
    REQUIRE_OK(wf_recipe_fit(r, train, (const char *const[]){"y"}, 1, &err), err);
    REQUIRE_OK(wf_recipe_fit(declared, train, (const char *const[]){"y"}, 1, &err), err);
    wf_recipe *copy = read_again(r);
    REQUIRE_OK(wf_recipe_apply(&m, r, test, &err), err);
    CHECK_EQ_INT(count_differences(r, test, m), 0);
    CHECK_EQ_INT(count_differences(copy, test, m), 0);
    CHECK_EQ_INT(count_differences(declared, test, m), 0);
    wf_matrix_release(m);
    REQUIRE_OK(wf_recipe_apply(&again, copy, train, &err), err);
    CHECK_EQ_INT(count_differences(r, train, again), 0);
    wf_matrix_release(again);
    wf_recipe_release(r);
    wf_recipe_release(copy);
    wf_recipe_release(declared);
    wf_frame_release(train);
    wf_frame_release(test);
  }
}

/* ---- what each step means ---------------------------------------------------------------------
 */

static wf_frame *cities(void) {
  wf_error err = WF_ERROR_INIT;
  static const double ages[] = {1, 2, 3, 4, 5, 6};
  static const uint8_t known[] = {1, 0, 1, 1, 1, 1};
  wf_column *columns[2];
  wf_frame *frame;
  REQUIRE_OK(wf_column_from_strings(&columns[0],
                                    (const char *const[]){"b", "a", "b", NULL, "a", "c"}, 6, &err),
             err);
  REQUIRE_OK(wf_column_from_f64(&columns[1], ages, known, 6, &err), err);
  REQUIRE_OK(wf_frame_new(&frame, (const char *const[]){"city", "age"}, columns, 2, &err), err);
  wf_column_release(columns[0]);
  wf_column_release(columns[1]);
  return frame;
}

/* Fits, and gives the explanation. */
static const char *explained(wf_recipe *r) {
  static char held[2000];
  wf_error err = WF_ERROR_INIT;
  char *text;
  wf_frame *frame = cities();
  REQUIRE_OK(wf_recipe_fit(r, frame, NULL, 0, &err), err);
  REQUIRE_OK(wf_recipe_explain(&text, r, &err), err);
  snprintf(held, sizeof held, "%s", text);
  wf_text_free(text);
  wf_frame_release(frame);
  wf_recipe_release(r);
  return held;
}

static wf_recipe *new_recipe(void) {
  wf_error err = WF_ERROR_INIT;
  wf_recipe *r;
  REQUIRE_OK(wf_recipe_new(&r, &err), err);
  return r;
}

TEST(texts_are_filled_and_lumped) {
  wf_error err = WF_ERROR_INIT;
  wf_recipe *r = new_recipe();
  REQUIRE_OK(wf_recipe_impute(r, "city", WF_IMPUTE_MODE, 0, &err), err); /* a and b: a is first */
  REQUIRE_OK(wf_recipe_rare(r, "city", 2, 0, "other", &err), err);
  REQUIRE_OK(wf_recipe_one_hot(r, "city", NULL, 0, NULL, WF_UNSEEN_ERROR, &err), err);
  CHECK_EQ_STR(
      explained(r),
      "city (text): impute_text(value: a) -> rare(least: 2, share: 0, name: other, values: "
      "[a, b]) -> one_hot(values: [a, b, other], unseen: error) -> city_a, city_b, "
      "city_other\nage (number): age\n");
}

TEST(texts_ordinal_learns) {
  wf_error err = WF_ERROR_INIT;
  wf_recipe *r = new_recipe();
  REQUIRE_OK(wf_recipe_ordinal(r, NULL, NULL, 0, WF_UNSEEN_MISSING, &err), err);
  REQUIRE_OK(wf_recipe_impute(r, NULL, WF_IMPUTE_MEDIAN, 0, &err), err);
  CHECK_EQ_STR(explained(r), "city (text): ordinal(values: [a, b, c], unseen: missing) -> city\n"
                             "age (number): impute(how: median, value: 4) -> age\n");
}

TEST(texts_dropped_columns_are_for_expressions) {
  wf_error err = WF_ERROR_INIT;
  wf_recipe *r = new_recipe();
  REQUIRE_OK(wf_recipe_drop(r, "city", &err), err);
  REQUIRE_OK(wf_recipe_drop(r, "age", &err), err);
  REQUIRE_OK(wf_recipe_expression(r, "known", "not missing(city)", &err), err);
  CHECK_EQ_STR(explained(r), "city (text): drop -> no feature\n"
                             "known = not missing(city) (number): known\n");
}

TEST(texts_hash_is_fnv) {
  wf_error err = WF_ERROR_INIT;
  wf_recipe *r = new_recipe();
  wf_frame *frame = cities();
  wf_matrix *m;
  REQUIRE_OK(wf_recipe_hash(r, "city", 5, &err), err);
  REQUIRE_OK(wf_recipe_fit(r, frame, NULL, 0, &err), err);
  REQUIRE_OK(wf_recipe_apply(&m, r, frame, &err), err);
  CHECK_EQ_STR(wf_recipe_output_name(r, 4), "city_4");
  /* FNV-1a of "b" is 0xaf63df4c8601f1a5, of "a" 0xaf63dc4c8601ec8c */
  CHECK_SAME(wf_matrix_column_at(m, 0xaf63df4c8601f1a5 % 5)[0], 1);
  CHECK_SAME(wf_matrix_column_at(m, 0xaf63dc4c8601ec8c % 5)[1], 1);
  for (size_t j = 0; j < 5; j++) CHECK_SAME(wf_matrix_column_at(m, j)[3], 0);
  wf_matrix_release(m);
  wf_recipe_release(r);
  wf_frame_release(frame);
}

TEST(texts_refuse_nonsense) {
  wf_error err = WF_ERROR_INIT;
  wf_recipe *r = new_recipe();
  wf_frame *frame = cities();
  CHECK_FAILS(wf_recipe_rare(r, "city", -1, 0, "o", &err), err, WF_INVALID, "rare");
  CHECK_FAILS(wf_recipe_rare(r, "city", 0, 0, "\xff", &err), err, WF_INVALID, "name");
  CHECK_FAILS(wf_recipe_hash(r, "city", 1, &err), err, WF_INVALID, "2 to 65536");
  CHECK_FAILS(wf_recipe_impute_text(r, "city", "\xff", &err), err, WF_INVALID, "value");
  CHECK_FAILS(wf_recipe_expression(r, "e", "city == '\xff'", &err), err, WF_INVALID, "UTF-8");
  REQUIRE_OK(wf_recipe_expression(r, "e", "city == age", &err), err);
  REQUIRE_OK(wf_recipe_one_hot(r, NULL, NULL, 0, NULL, WF_UNSEEN_MISSING, &err), err);
  CHECK_FAILS(wf_recipe_fit(r, frame, NULL, 0, &err), err, WF_TYPE,
              "expression of 'e': column 6: '==' is given a number and a text");
  wf_recipe_release(r);
  wf_frame_release(frame);
}

TEST(texts_refuse_bad_documents) {
  static const char *const bad[] = {
      "{\"kind\": \"impute_text\"}, {\"kind\": \"hash\", \"n\": 2}",
      "{\"kind\": \"rare\", \"least\": -1, \"share\": 0, \"name\": \"o\", \"values\": []}",
      "{\"kind\": \"rare\", \"least\": 1, \"share\": 0, \"name\": \"o\"}",
      "{\"kind\": \"hash\", \"n\": 1}",
      "{\"kind\": \"hash\", \"n\": 2.5}",
      "{\"kind\": \"ordinal\", \"unseen\": \"missing\"}",
      "{\"kind\": \"drop\", \"column\": \"x\"}",
      "{\"kind\": \"drop\"}, {\"kind\": \"hash\", \"n\": 2}"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    wf_error err = WF_ERROR_INIT;
    wf_recipe *r = NULL;
    char text[400];
    snprintf(text, sizeof text,
             "{\"format\": 1, \"fitted\": true, \"inputs\": [{\"column\": \"x\", \"type\": "
             "\"text\", \"steps\": [%s], \"features\": [\"a\", \"b\"]}]}",
             bad[i]);
    if (wf_recipe_parse(&r, text, strlen(text), &err) == WF_OK)
      test_fail(__FILE__, __LINE__, "%s was read", bad[i]);
    wf_recipe_release(r);
  }
}

static bool everything(const wf_frame *frame) {
  wf_random random;
  wf_random_seed(&random, 5, 0);
  wf_recipe *r = NULL, *copy = NULL;
  wf_matrix *m = NULL;
  char *text = NULL, *words = NULL;
  bool done = wf_recipe_new(&r, NULL) == WF_OK && declare(r, &random, NULL) == WF_OK &&
              wf_recipe_fit(r, frame, (const char *const[]){"y"}, 1, NULL) == WF_OK &&
              wf_recipe_apply(&m, r, frame, NULL) == WF_OK &&
              wf_recipe_format(&text, r, NULL) == WF_OK &&
              wf_recipe_explain(&words, r, NULL) == WF_OK &&
              wf_recipe_parse(&copy, text, strlen(text), NULL) == WF_OK;
  wf_text_free(text);
  wf_text_free(words);
  wf_matrix_release(m);
  wf_recipe_release(r);
  wf_recipe_release(copy);
  return done;
}

TEST(texts_out_of_memory) {
  wf_frame *frame = random_frame(3, 40);
  CHECK_OOM_SAFE(everything(frame));
  wf_frame_release(frame);
}
