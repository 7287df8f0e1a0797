/* served.c — what a request needs to know of a model, looked up once at load.
 *
 * A package has been validated by wf/model.h before it gets here. Still it is tried out before it
 * may answer anybody: predictions of one block and of single rows must agree in every bit, and be
 * numbers. A model that cannot do that is refused at deployment, not at the first request. */
#include "endpoint/served.h"

#include "base/alloc.h"
#include "wf/forest.h"

#include <math.h>
#include <string.h>

static wf_status add_name(wf_served *s, const char *name, ptrdiff_t input, ptrdiff_t feature,
                          wf_error *err) {
  size_t index;
  bool added;
  WF_TRY(wf_map_add(s->names, wf_view_of(name), &index, &added, err));
  if (added) s->places[s->n_places++] = (wf_place){-1, -1};
  if (input >= 0) s->places[index].input = input;
  if (feature >= 0) s->places[index].feature = feature;
  return WF_OK;
}

static wf_status add_names(wf_served *s, wf_error *err) {
  const char *label = wf_model_label(s->model);
  s->places = wf_alloc_zero(s->n_inputs + s->n_features + 1, sizeof *s->places);
  s->input_is_text = wf_alloc_zero(s->n_inputs, sizeof *s->input_is_text);
  if (!s->places || !s->input_is_text) return wf_fail_nomem(err);
  WF_TRY(wf_map_new(&s->names, err));
  for (size_t i = 0; i < s->n_inputs; i++) {
    s->input_is_text[i] = wf_recipe_input_is_text(s->recipe, i);
    WF_TRY(add_name(s, wf_recipe_input_name(s->recipe, i), (ptrdiff_t)i, -1, err));
  }
  for (size_t i = 0; i < s->n_features; i++) {
    WF_TRY(add_name(s, wf_recipe_output_name(s->recipe, i), -1, (ptrdiff_t)i, err));
  }
  return label ? add_name(s, label, -1, -1, err) : WF_OK;
}

enum { TRIAL_ROWS = 3 }; /* all missing, all 0, all 1 */

static wf_status compare_trial(const wf_served *s, const float *features, const float *block,
                               float *single, wf_error *err) {
  wf_predict_options options = {.kind = WF_PREDICT_VALUE, .n_threads = 1};
  for (size_t row = 0; row < TRIAL_ROWS; row++) {
    wf_features one = wf_features_rows(features + row * s->n_features, 1, s->n_features);
    WF_TRY(wf_forest_predict(s->forest, &one, &options, single, err));
    if (memcmp(single, block + row * s->n_outputs, s->n_outputs * sizeof *single) != 0) {
      return wf_fail(err, WF_CORRUPT, "the model predicts one row and a block differently");
    }
  }
  for (size_t i = 0; i < TRIAL_ROWS * s->n_outputs; i++) {
    if (!isfinite(block[i])) {
      return wf_fail(err, WF_CORRUPT, "the model predicts a value that is not a number");
    }
  }
  return WF_OK;
}

static wf_status try_out(const wf_served *s, wf_error *err) {
  size_t n_features = TRIAL_ROWS * s->n_features, n_scores = TRIAL_ROWS * s->n_outputs;
  float *features = wf_alloc_array(n_features, sizeof *features);
  float *scores = wf_alloc_array(n_scores + s->n_outputs, sizeof *scores);
  wf_status status = WF_NOMEM;
  if (!features || !scores) {
    status = wf_fail_nomem(err);
    goto done;
  }
  for (size_t i = 0; i < n_features; i++) {
    features[i] = i < s->n_features ? NAN : i < 2 * s->n_features ? 0 : 1;
  }
  wf_features all = wf_features_rows(features, TRIAL_ROWS, s->n_features);
  wf_predict_options options = {.kind = WF_PREDICT_VALUE, .n_threads = 1};
  status = wf_forest_predict(s->forest, &all, &options, scores, err);
  if (status == WF_OK) status = compare_trial(s, features, scores, scores + n_scores, err);
done:
  wf_free(features);
  wf_free(scores);
  return status;
}

static wf_status fill(wf_served *s, wf_error *err) {
  s->recipe = wf_model_recipe(s->model);
  s->forest = wf_model_forest(s->model);
  s->n_inputs = wf_recipe_input_count(s->recipe);
  s->n_features = wf_recipe_output_count(s->recipe);
  s->n_outputs = wf_forest_output_count(s->forest, WF_PREDICT_VALUE);
  s->has_classes = strncmp(wf_forest_objective(s->forest), "multi:", 6) == 0;
  if (s->n_features != wf_forest_feature_count(s->forest)) {
    return wf_fail(err, WF_CORRUPT, "the recipe makes %zu features; the trees take %zu",
                   s->n_features, wf_forest_feature_count(s->forest));
  }
  WF_TRY(add_names(s, err));
  return try_out(s, err);
}

wf_status wf_served_new(wf_served **out, wf_model *model, const char *digest, wf_error *err) {
  wf_served *served = wf_alloc_zero(1, sizeof *served);
  if (!served) return wf_fail_nomem(err);
  served->n_holders = 1;
  served->model = wf_model_retain(model);
  if (digest) memcpy(served->digest, digest, strnlen(digest, sizeof served->digest - 1));
  wf_status status = fill(served, err);
  if (status != WF_OK) {
    wf_served_release(served);
    return status;
  }
  *out = served;
  return WF_OK;
}

wf_status wf_served_load(wf_served **out, const void *package, size_t size, const char *digest,
                         wf_error *err) {
  wf_model *model;
  WF_TRY(wf_model_unpack(&model, package, size, err));
  wf_status status = wf_served_new(out, model, digest, err);
  wf_model_release(model);
  return status;
}

wf_served *wf_served_retain(wf_served *served) {
  served->n_holders++;
  return served;
}

void wf_served_release(wf_served *served) {
  if (!served || --served->n_holders) return;
  wf_model_release(served->model);
  wf_map_free(served->names);
  wf_free(served->places);
  wf_free(served->input_is_text);
  wf_free(served);
}

const wf_place *wf_served_find(const wf_served *served, wf_view name) {
  ptrdiff_t index = wf_map_find(served->names, name);
  return index < 0 ? NULL : &served->places[index];
}
