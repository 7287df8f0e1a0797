/* test_model.c — parts that make a model, and what it predicts. */
#include "base/random.h"
#include "tiny.h"

#include <pthread.h>

static void check_predictions(const wf_model *model, const wf_frame *frame, const char *name,
                              size_t n) {
  float expected[3 * TINY_ROWS], actual[3 * TINY_ROWS];
  wf_error err = WF_ERROR_INIT;
  tiny_expected(name, n, expected);
  memset(actual, 0x55, sizeof actual);
  REQUIRE_OK(wf_model_predict(model, frame, NULL, actual, &err), err);
  for (size_t i = 0; i < n * TINY_ROWS; i++) CHECK_SAME(actual[i], expected[i]);
}

TEST(model_predicts_as_xgboost_from_raw_and_encoded_columns) {
  wf_model *tiny = tiny_model("tiny"), *three = tiny_model("three");
  wf_frame *raw = tiny_frame(), *encoded = tiny_encoded();
  check_predictions(tiny, raw, "tiny", 1);
  check_predictions(tiny, encoded, "tiny", 1);
  check_predictions(three, raw, "three", 3);
  check_predictions(three, encoded, "three", 3);
  wf_frame_release(raw);
  wf_frame_release(encoded);
  wf_model_release(tiny);
  wf_model_release(three);
}

TEST(model_features_of_raw_and_encoded_columns_are_the_same) {
  wf_model *model = tiny_model("tiny");
  wf_frame *raw = tiny_frame(), *encoded = tiny_encoded();
  wf_matrix *a, *b;
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_model_features(&a, model, raw, &err), err);
  REQUIRE_OK(wf_model_features(&b, model, encoded, &err), err);
  CHECK_EQ_INT(wf_matrix_column_count(a), 4);
  for (size_t i = 0; i < 4; i++) {
    CHECK_EQ_STR(wf_matrix_name_at(a, i), wf_matrix_name_at(b, i));
    for (size_t row = 0; row < TINY_ROWS; row++)
      CHECK_SAME(wf_matrix_column_at(a, i)[row], wf_matrix_column_at(b, i)[row]);
  }
  CHECK(isnan(wf_matrix_column_at(b, 0)[3])); /* a missing size */
  wf_matrix_release(a);
  wf_matrix_release(b);
  wf_frame_release(raw);
  wf_frame_release(encoded);
  wf_model_release(model);
}

TEST(model_features_names_what_is_missing) {
  wf_model *model = tiny_model("tiny");
  wf_frame *raw = tiny_frame(), *encoded = tiny_encoded(), *part;
  wf_matrix *matrix = NULL;
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_frame_drop(&part, raw, (const char *const[]){"colour"}, 1, &err), err);
  CHECK_FAILS(wf_model_features(&matrix, model, part, &err), err, WF_NOTFOUND, "'colour'");
  wf_frame_release(part);
  REQUIRE_OK(wf_frame_drop(&part, encoded, (const char *const[]){"colour_red"}, 1, &err), err);
  CHECK_FAILS(wf_model_features(&matrix, model, part, &err), err, WF_NOTFOUND,
              "neither all 3 raw columns nor all 4 features");
  wf_frame_release(part);
  wf_column *text;
  const char *const words[TINY_ROWS] = {"x"};
  REQUIRE_OK(wf_column_from_strings(&text, words, TINY_ROWS, &err), err);
  REQUIRE_OK(wf_frame_with(&part, encoded, "colour_red", text, &err), err);
  CHECK_FAILS(wf_model_features(&matrix, model, part, &err), err, WF_TYPE, "'colour_red'");
  CHECK(matrix == NULL);
  wf_column_release(text);
  wf_frame_release(part);
  wf_frame_release(raw);
  wf_frame_release(encoded);
  wf_model_release(model);
}

TEST(model_tells_its_parts) {
  static const char *const classes[] = {"good", "bad"};
  wf_error err = WF_ERROR_INIT;
  wf_model_parts parts = {
      .recipe = tiny_recipe(), .label = "bad", .classes = classes, .n_classes = 2};
  char *booster = tiny_booster("tiny", &parts.booster_size);
  parts.booster = booster;
  wf_model *model;
  REQUIRE_OK(wf_model_new(&model, &parts, &err), err);
  wf_recipe_release(parts.recipe); /* the model keeps what it needs */
  CHECK_EQ_STR(wf_model_label(model), "bad");
  CHECK_EQ_STR(wf_model_provenance(model), "{}");
  CHECK_EQ_INT(wf_model_class_count(model), 2);
  CHECK_EQ_STR(wf_model_class_name(model, 1), "bad");
  CHECK_EQ_INT(wf_forest_tree_count(wf_model_forest(model)), 4);
  CHECK_EQ_INT(wf_recipe_output_count(wf_model_recipe(model)), 4);
  size_t size;
  const void *bytes = wf_model_booster(model, &size);
  CHECK(size == parts.booster_size && memcmp(bytes, booster, size) == 0);
  CHECK(bytes != booster);
  wf_free(booster);
  CHECK(wf_model_retain(model) == model);
  wf_model_release(model);
  CHECK_EQ_STR(wf_model_label(model), "bad");
  wf_model_release(model);
  wf_model_release(NULL);
}

/* wf_model_new with one part changed by the caller. */
static wf_status try_parts(const wf_model_parts *change, wf_error *err) {
  wf_model_parts parts = *change;
  char *booster = NULL;
  if (!parts.booster) {
    booster = tiny_booster("tiny", &parts.booster_size);
    parts.booster = booster;
  }
  wf_recipe *recipe = parts.recipe ? NULL : tiny_recipe();
  if (recipe) parts.recipe = recipe;
  wf_model *model = NULL;
  wf_status status = wf_model_new(&model, &parts, err);
  wf_model_release(model);
  wf_recipe_release(recipe);
  wf_free(booster);
  return status;
}

TEST(model_new_refuses) {
  wf_error err = WF_ERROR_INIT;
  CHECK_FAILS(try_parts(&(wf_model_parts){.label = ""}, &err), err, WF_INVALID, "empty");
  CHECK_FAILS(try_parts(&(wf_model_parts){.label = "size"}, &err), err, WF_INVALID,
              "'size' is also an input");
  CHECK_FAILS(try_parts(&(wf_model_parts){.label = "l\xff"}, &err), err, WF_INVALID, "JSON");
  CHECK_FAILS(try_parts(&(wf_model_parts){.label = "l", .provenance = "[]"}, &err), err, WF_INVALID,
              "provenance");
  CHECK_FAILS(try_parts(&(wf_model_parts){.label = "l", .provenance = "{"}, &err), err, WF_PARSE,
              "provenance");
  CHECK_FAILS(try_parts(&(wf_model_parts){.label = "l", .booster = "{}", .booster_size = 2}, &err),
              err, WF_PARSE, "");
  CHECK_FAILS(try_parts(&(wf_model_parts){.label = "l", .booster = "", .booster_size = 0}, &err),
              err, WF_PARSE, "");
  CHECK_FAILS(
      try_parts(
          &(wf_model_parts){.label = "l", .classes = (const char *const[]){"a"}, .n_classes = 1},
          &err),
      err, WF_INVALID, "1 classes");
  wf_recipe *unfitted;
  REQUIRE_OK(wf_recipe_new(&unfitted, &err), err);
  CHECK_FAILS(try_parts(&(wf_model_parts){.label = "l", .recipe = unfitted}, &err), err, WF_INVALID,
              "not fitted");
  wf_recipe_release(unfitted);
}

/* A recipe fitted to other columns than the forest was trained on. */
static wf_recipe *recipe_for(const char *name, size_t n_columns) {
  wf_error err = WF_ERROR_INIT;
  wf_recipe *recipe;
  wf_column *column;
  wf_frame *frame;
  REQUIRE_OK(wf_recipe_new(&recipe, &err), err);
  REQUIRE_OK(wf_column_from_f64(&column, (const double[]){1, 2}, NULL, 2, &err), err);
  const char *names[] = {"size", "colour_blue", name, "weight", "more"};
  wf_column *columns[] = {column, column, column, column, column};
  REQUIRE_OK(wf_frame_new(&frame, names, columns, n_columns, &err), err);
  REQUIRE_OK(wf_recipe_fit(recipe, frame, NULL, 0, &err), err);
  wf_frame_release(frame);
  wf_column_release(column);
  return recipe;
}

TEST(model_of_a_recipe_for_another_forest) {
  wf_error err = WF_ERROR_INIT;
  wf_recipe *recipe = recipe_for("colour_red", 5);
  CHECK_FAILS(try_parts(&(wf_model_parts){.label = "l", .recipe = recipe}, &err), err, WF_INVALID,
              "makes 5 features, but the forest takes 4");
  wf_recipe_release(recipe);
  recipe = recipe_for("colour_pink", 4);
  CHECK_FAILS(try_parts(&(wf_model_parts){.label = "l", .recipe = recipe}, &err), err, WF_INVALID,
              "feature 3 is 'colour_pink' to the recipe");
  wf_recipe_release(recipe);
  recipe = recipe_for("colour_red", 4);
  REQUIRE_OK(try_parts(&(wf_model_parts){.label = "l", .recipe = recipe}, &err), err);
  wf_recipe_release(recipe);
}

static void *predict_often(void *argument) {
  wf_model *model = argument;
  wf_frame *frame = tiny_frame();
  float expected[TINY_ROWS], actual[TINY_ROWS];
  void *failed = NULL;
  wf_predict_options options = {.kind = WF_PREDICT_VALUE, .n_threads = 1};
  if (wf_model_predict(model, frame, &options, expected, NULL) != WF_OK) failed = model;
  for (int i = 0; i < 200 && !failed; i++) {
    wf_model *mine = wf_model_retain(model);
    if (wf_model_predict(mine, frame, &options, actual, NULL) != WF_OK ||
        memcmp(actual, expected, sizeof actual) != 0)
      failed = model;
    wf_model_release(mine);
  }
  wf_frame_release(frame);
  return failed;
}

TEST(model_is_shared_by_threads) {
  wf_model *model = tiny_model("tiny");
  pthread_t threads[4];
  for (int i = 0; i < 4; i++) REQUIRE(pthread_create(&threads[i], NULL, predict_often, model) == 0);
  for (int i = 0; i < 4; i++) {
    void *failed = model;
    pthread_join(threads[i], &failed);
    CHECK(failed == NULL);
  }
  wf_model_release(model);
}

static bool make_and_predict(const wf_model_parts *parts, const wf_frame *raw,
                             const wf_frame *encoded) {
  float out[TINY_ROWS];
  wf_model *model = NULL;
  wf_predict_options options = {.kind = WF_PREDICT_VALUE, .n_threads = 1};
  bool done = wf_model_new(&model, parts, NULL) == WF_OK &&
              wf_model_predict(model, raw, &options, out, NULL) == WF_OK &&
              wf_model_predict(model, encoded, &options, out, NULL) == WF_OK;
  wf_model_release(model);
  return done;
}

TEST(model_out_of_memory) {
  static const char *const classes[] = {"good", "bad"};
  wf_model_parts parts = {.recipe = tiny_recipe(),
                          .label = "bad",
                          .classes = classes,
                          .n_classes = 2,
                          .provenance = "{\"a\":[1,2]}"};
  char *booster = tiny_booster("tiny", &parts.booster_size);
  parts.booster = booster;
  wf_frame *raw = tiny_frame(), *encoded = tiny_encoded();
  CHECK_OOM_SAFE(make_and_predict(&parts, raw, encoded));
  wf_frame_release(raw);
  wf_frame_release(encoded);
  wf_free(booster);
  wf_recipe_release(parts.recipe);
}
