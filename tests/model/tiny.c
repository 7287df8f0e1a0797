/* tiny.c — the rows here are those of tests/oracle/model_tiny.py. */
#include "tiny.h"

#include "base/file.h"

#include <stdlib.h>

static const char *const sizes[] = {"S", "M", "L", NULL, "S", "M", "L", "S", "M", "L", "S", NULL};
static const char *const colours[] = {"red",  "blue", "red", "blue", NULL,   "red",
                                      "blue", "red",  NULL,  "blue", "blue", "red"};
static const double weights[] = {1.5, 2.25, 0, 4, 5.5, 0.125, 7, 3, 0, 9.5, 2, 6};
static const uint8_t weighed[] = {1, 1, 0, 1, 1, 1, 1, 1, 0, 1, 1, 1};
static const int64_t labels[] = {0, 1, 1, 0, 1, 0, 1, 0, 1, 1, 0, 0};

static wf_frame *frame_of(const char *const *names, wf_column **columns, size_t n) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *frame;
  REQUIRE_OK(wf_frame_new(&frame, names, columns, n, &err), err);
  for (size_t i = 0; i < n; i++) wf_column_release(columns[i]);
  return frame;
}

wf_frame *tiny_frame(void) {
  static const char *const names[] = {"size", "colour", "weight", "bad"};
  wf_column *columns[4];
  REQUIRE(wf_column_from_strings(&columns[0], sizes, TINY_ROWS, NULL) == WF_OK);
  REQUIRE(wf_column_from_strings(&columns[1], colours, TINY_ROWS, NULL) == WF_OK);
  REQUIRE(wf_column_from_f64(&columns[2], weights, weighed, TINY_ROWS, NULL) == WF_OK);
  REQUIRE(wf_column_from_i64(&columns[3], labels, NULL, TINY_ROWS, NULL) == WF_OK);
  return frame_of(names, columns, 4);
}

static bool same(const char *a, const char *b) { return a && strcmp(a, b) == 0; }

wf_frame *tiny_encoded(void) {
  static const char *const names[] = {"weight", "colour_red", "size", "colour_blue"};
  double size[TINY_ROWS];
  uint8_t sized[TINY_ROWS], red[TINY_ROWS], blue[TINY_ROWS];
  for (int i = 0; i < TINY_ROWS; i++) {
    sized[i] = sizes[i] != NULL;
    size[i] = same(sizes[i], "M") ? 1 : same(sizes[i], "L") ? 2 : 0;
    red[i] = same(colours[i], "red");
    blue[i] = same(colours[i], "blue");
  }
  wf_column *columns[4];
  REQUIRE(wf_column_from_f64(&columns[0], weights, weighed, TINY_ROWS, NULL) == WF_OK);
  REQUIRE(wf_column_from_bool(&columns[1], red, NULL, TINY_ROWS, NULL) == WF_OK);
  REQUIRE(wf_column_from_f64(&columns[2], size, sized, TINY_ROWS, NULL) == WF_OK);
  REQUIRE(wf_column_from_bool(&columns[3], blue, NULL, TINY_ROWS, NULL) == WF_OK);
  return frame_of(names, columns, 4);
}

wf_recipe *tiny_recipe(void) {
  wf_error err = WF_ERROR_INIT;
  wf_recipe *recipe;
  wf_frame *frame = tiny_frame();
  REQUIRE_OK(wf_recipe_new(&recipe, &err), err);
  REQUIRE_OK(wf_recipe_ordinal(recipe, "size", (const char *const[]){"S", "M", "L"}, 3,
                               WF_UNSEEN_MISSING, &err),
             err);
  REQUIRE_OK(wf_recipe_one_hot(recipe, "colour", NULL, 0, NULL, WF_UNSEEN_MISSING, &err), err);
  REQUIRE_OK(wf_recipe_fit(recipe, frame, (const char *const[]){"bad"}, 1, &err), err);
  wf_frame_release(frame);
  return recipe;
}

static const char *source(const char *name, const char *ending) {
  static char path[64];
  snprintf(path, sizeof path, "tests/model/%s%s", name, ending);
  return test_source(path);
}

char *tiny_booster(const char *name, size_t *size) {
  char *bytes;
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_file_read(source(name, ".json"), 0, &bytes, size, &err), err);
  return bytes;
}

void tiny_expected(const char *name, size_t n, float *out) {
  FILE *file = fopen(source(name, ".txt"), "r");
  REQUIRE(file);
  for (size_t i = 0; i < n * TINY_ROWS; i++) {
    char text[64];
    if (fscanf(file, "%63s", text) == 1) out[i] = strtof(text, NULL);
  }
  fclose(file);
}

wf_model *tiny_model(const char *name) {
  wf_error err = WF_ERROR_INIT;
  wf_model_parts parts = {.recipe = tiny_recipe(),
                          .label = "bad",
                          .provenance = "{ \"run\": 12, \"data\": [1.5, \"a\"] }"};
  char *booster = tiny_booster(name, &parts.booster_size);
  parts.booster = booster;
  wf_model *model;
  REQUIRE_OK(wf_model_new(&model, &parts, &err), err);
  wf_free(booster);
  wf_recipe_release(parts.recipe);
  return model;
}
