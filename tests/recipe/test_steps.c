/* Scale, clip, log, bin, frequency, target, date: what they learn, that a row and a frame and the
 * parsed JSON give the same bits, that nothing leaks. Scales were checked against sklearn 1.2.1. */
#include "check.h"

#include "wf/recipe.h"

#include <stdlib.h>

static wf_frame *sample(void) {
  wf_error err = WF_ERROR_INIT;
  static const double x[] = {1, 2, 3, 4, 10, 0}, y[] = {0, 1, 1, 0, 1, 1};
  static const uint8_t present[] = {1, 1, 1, 1, 1, 0};
  static const int64_t days[] = {0, 86400000000, 1709251198000000, -1, 5, 7};
  wf_column *columns[7] = {0}, *numbers;
  REQUIRE_OK(wf_column_from_f64(&columns[0], x, present, 6, &err), err);
  columns[1] = wf_column_retain(columns[0]);
  columns[2] = wf_column_retain(columns[0]);
  columns[3] = wf_column_retain(columns[0]);
  REQUIRE_OK(wf_column_from_strings(&columns[4],
                                    (const char *const[]){"a", "b", "a", "a", NULL, "b"}, 6, &err),
             err);
  REQUIRE_OK(wf_column_from_f64(&columns[5], y, NULL, 6, &err), err);
  REQUIRE_OK(wf_column_from_i64(&numbers, days, NULL, 6, &err), err);
  REQUIRE_OK(wf_column_cast(&columns[6], numbers, WF_TIMESTAMP, &err), err);
  wf_column_release(numbers);
  wf_frame *f;
  static const char *const names[] = {"scaled", "clipped", "logged", "binned", "city", "y", "day"};
  REQUIRE_OK(wf_frame_new(&f, names, columns, 7, &err), err);
  for (int i = 0; i < 7; i++) wf_column_release(columns[i]);
  return f;
}

static wf_status declare(wf_recipe *r, wf_scale how, bool target, wf_error *err) {
  static const char *const parts[] = {"year", "weekday", "hour"};
  wf_status status = wf_recipe_scale(r, "scaled", how, err);
  if (status == WF_OK) status = wf_recipe_clip(r, "clipped", (double)NAN, 3, 0, err);
  if (status == WF_OK) status = wf_recipe_log(r, "logged", err);
  if (status == WF_OK) status = wf_recipe_bin(r, "binned", WF_BIN_WIDTH, NULL, 3, err);
  if (status == WF_OK) status = wf_recipe_date(r, "day", parts, 3, err);
  if (status != WF_OK) return status;
  return target ? wf_recipe_target(r, "city", "y", 1, err) : wf_recipe_frequency(r, "city", err);
}

static wf_recipe *fitted(const wf_frame *f, wf_scale how, bool target) {
  wf_error err = WF_ERROR_INIT;
  wf_recipe *r;
  const char *label = "y";
  REQUIRE_OK(wf_recipe_new(&r, &err), err);
  REQUIRE_OK(declare(r, how, target, &err), err);
  REQUIRE_OK(wf_recipe_fit(r, f, &label, 1, &err), err);
  return r;
}

static void check_column(const wf_recipe *r, const wf_frame *f, const char *name,
                         const double *expected) {
  wf_error err = WF_ERROR_INIT;
  wf_matrix *m;
  REQUIRE_OK(wf_recipe_apply(&m, r, f, &err), err);
  bool found = false;
  for (size_t j = 0; j < wf_matrix_column_count(m); j++) {
    if (strcmp(wf_matrix_name_at(m, j), name) != 0) continue;
    found = true;
    for (size_t i = 0; i < 6; i++) CHECK_NEAR(wf_matrix_column_at(m, j)[i], expected[i], 1e-7);
  }
  if (!found) test_fail(__FILE__, __LINE__, "no feature %s", name);
  wf_matrix_release(m);
}

/* The matrix of a frame, of its rows one by one, and of the recipe read back from its JSON. */
static void check_same_everywhere(const wf_recipe *r, const wf_frame *f) {
  wf_error err = WF_ERROR_INIT;
  char *json, *again;
  wf_recipe *read;
  wf_matrix *a, *b;
  REQUIRE_OK(wf_recipe_format(&json, r, &err), err);
  REQUIRE_OK(wf_recipe_parse(&read, json, strlen(json), &err), err);
  REQUIRE_OK(wf_recipe_format(&again, read, &err), err);
  CHECK_EQ_STR(again, json);
  REQUIRE_OK(wf_recipe_apply(&a, r, f, &err), err);
  REQUIRE_OK(wf_recipe_apply(&b, read, f, &err), err);
  size_t n = wf_matrix_column_count(a);
  for (size_t i = 0; i < 6; i++) {
    wf_cell cells[8];
    float row[16];
    REQUIRE(wf_recipe_input_count(r) <= 8 && n <= 16);
    for (size_t k = 0; k < wf_recipe_input_count(r); k++) {
      wf_column *column;
      REQUIRE_OK(wf_frame_get(&column, f, wf_recipe_input_name(r, k), &err), err);
      cells[k] = (wf_cell){.kind = WF_CELL_MISSING};
      if (wf_column_is_missing(column, i)) continue;
      if (wf_recipe_input_is_text(r, k)) {
        cells[k].kind = WF_CELL_TEXT;
        cells[k].text = wf_column_text_at(column, i, &cells[k].size);
      } else {
        cells[k] = (wf_cell){.kind = WF_CELL_NUMBER, .number = wf_column_number_at(column, i)};
      }
    }
    REQUIRE_OK(wf_recipe_apply_row(read, cells, row, &err), err);
    for (size_t j = 0; j < n; j++) {
      CHECK(memcmp(&row[j], &wf_matrix_column_at(a, j)[i], sizeof(float)) == 0);
      CHECK(memcmp(&row[j], &wf_matrix_column_at(b, j)[i], sizeof(float)) == 0);
    }
  }
  wf_matrix_release(a);
  wf_matrix_release(b);
  wf_recipe_release(read);
  wf_text_free(json);
  wf_text_free(again);
}

TEST(steps_learn_and_apply) {
  wf_frame *f = sample();
  for (int target = 0; target < 2; target++) {
    wf_recipe *r = fitted(f, WF_SCALE_STANDARD, target);
    const double nan = (double)NAN;
    check_column(r, f, "scaled", (double[]){-0.9486833, -0.6324555, -0.3162278, 0, 1.8973666, nan});
    check_column(r, f, "clipped", (double[]){1, 2, 3, 3, 3, nan});
    check_column(r, f, "logged",
                 (double[]){0.6931472, 1.0986123, 1.3862944, 1.6094379, 2.3978953, nan});
    check_column(r, f, "binned", (double[]){0, 0, 0, 1, 2, nan});
    check_column(r, f, "day_year", (double[]){1970, 1970, 2024, 1969, 1970, 1970});
    check_column(r, f, "day_hour", (double[]){0, 0, 23, 23, 0, 0});
    /* of the five rows with a city three have the target: a 1/3, b 2/2, smoothed by 1 x 3/5 */
    check_column(r, f, "city",
                 target ? (double[]){0.4, 0.8666667, 0.4, 0.4, nan, 0.8666667}
                        : (double[]){0.6, 0.4, 0.6, 0.6, nan, 0.4});
    check_same_everywhere(r, f);
    wf_recipe_release(r);
  }
  wf_frame_release(f);
}

TEST(steps_scale_in_other_ways) {
  wf_frame *f = sample();
  const double nan = (double)NAN;
  wf_recipe *r = fitted(f, WF_SCALE_MINMAX, false);
  check_column(r, f, "scaled", (double[]){0, 0.1111111, 0.2222222, 0.3333333, 1, nan});
  check_same_everywhere(r, f);
  wf_recipe_release(r);
  r = fitted(f, WF_SCALE_ROBUST, false);
  check_column(r, f, "scaled", (double[]){-1, -0.5, 0, 0.5, 3.5, nan});
  wf_recipe_release(r);
  wf_frame_release(f);
}

TEST(steps_refuse_nonsense) {
  wf_error err = WF_ERROR_INIT;
  wf_recipe *r;
  wf_frame *f = sample();
  const double nan = (double)NAN;
  REQUIRE_OK(wf_recipe_new(&r, &err), err);
  CHECK_FAILS(wf_recipe_clip(r, "x", nan, nan, 0, &err), err, WF_INVALID, "neither");
  CHECK_FAILS(wf_recipe_clip(r, "x", 2, 1, 0, &err), err, WF_INVALID, "lower");
  CHECK_FAILS(wf_recipe_clip(r, "x", nan, nan, 0.7, &err), err, WF_INVALID, "quantile");
  CHECK_FAILS(wf_recipe_bin(r, "x", WF_BIN_EDGES, (double[]){1, 1}, 2, &err), err, WF_INVALID,
              "edge 2");
  CHECK_FAILS(wf_recipe_bin(r, "x", WF_BIN_WIDTH, NULL, 1, &err), err, WF_INVALID, "parts");
  CHECK_FAILS(wf_recipe_date(r, "x", (const char *const[]){"yeer"}, 1, &err), err, WF_INVALID,
              "'yeer'; did you mean 'year'?");
  CHECK_FAILS(wf_recipe_date(r, "x", (const char *const[]){"year", "year"}, 2, &err), err,
              WF_INVALID, "twice");
  CHECK_FAILS(wf_recipe_target(r, "x", "", 1, &err), err, WF_INVALID, "name");
  CHECK_FAILS(wf_recipe_drop(r, NULL, &err), err, WF_INVALID, "no column");
  REQUIRE_OK(wf_recipe_target(r, "city", "nothing", 1, &err), err);
  CHECK_FAILS(wf_recipe_fit(r, f, NULL, 0, &err), err, WF_NOTFOUND, "nothing");
  wf_recipe_release(r);
  static const char *const bad[] = {
      "{\"kind\": \"scale\", \"how\": \"standard\", \"center\": 1, \"spread\": 0}",
      "{\"kind\": \"scale\", \"how\": \"other\", \"center\": 1, \"spread\": 1}",
      "{\"kind\": \"clip\", \"low\": 2, \"high\": 1}",
      "{\"kind\": \"bin\", \"how\": \"edges\", \"edges\": [2, 1]}",
      "{\"kind\": \"bin\", \"how\": \"edges\", \"edges\": [\"x\"]}",
      "{\"kind\": \"log\", \"base\": 2}",
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    char text[400];
    snprintf(
        text, sizeof text,
        "{\"format\": 1, \"fitted\": true, \"inputs\": [{\"column\": \"x\", \"type\": \"number\", "
        "\"steps\": [%s], \"features\": [\"x\"]}]}",
        bad[i]);
    CHECK_FAILS(wf_recipe_parse(&r, text, strlen(text), &err), err, WF_PARSE, "");
  }
  wf_frame_release(f);
}

TEST(steps_explain_themselves) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f = sample();
  wf_recipe *r = fitted(f, WF_SCALE_ROBUST, true);
  char *text;
  REQUIRE_OK(wf_recipe_explain(&text, r, &err), err);
  CHECK_HAS(text, "scaled (number): scale(how: robust, center: 3, spread: 2) -> scaled\n");
  CHECK_HAS(
      text,
      "day (timestamp): date(parts: [year, weekday, hour]) -> day_year, day_weekday, day_hour\n");
  CHECK_HAS(text, "logged (number): log -> logged\n");
  wf_text_free(text);
  wf_recipe_release(r);
  wf_frame_release(f);
}

static bool whole_life(const wf_frame *f) {
  wf_recipe *r = NULL, *read = NULL;
  wf_matrix *m = NULL;
  char *json = NULL, *text = NULL;
  const char *label = "y";
  bool done =
      wf_recipe_new(&r, NULL) == WF_OK && declare(r, WF_SCALE_ROBUST, true, NULL) == WF_OK &&
      wf_recipe_fit(r, f, &label, 1, NULL) == WF_OK && wf_recipe_format(&json, r, NULL) == WF_OK &&
      wf_recipe_parse(&read, json, strlen(json), NULL) == WF_OK &&
      wf_recipe_apply(&m, read, f, NULL) == WF_OK && wf_recipe_explain(&text, r, NULL) == WF_OK;
  wf_matrix_release(m);
  wf_recipe_release(read);
  wf_recipe_release(r);
  if (json) wf_text_free(json);
  if (text) wf_text_free(text);
  return done;
}

TEST(steps_out_of_memory) {
  wf_frame *f = sample();
  CHECK_OOM_SAFE(whole_life(f));
  wf_frame_release(f);
}
