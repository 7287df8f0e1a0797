/* The same data, parameters and seed give the trees and metrics of Python's xgboost 1.7.4. The
 * reference is written by tests/oracle/xgboost_train.py. */
#include "sample.h"

#include "base/file.h"
#include "base/json.h"

#include <stdlib.h>

static json_t *reference(void) {
  wf_error err = WF_ERROR_INIT;
  need_xgboost();
  int major, minor, patch;
  REQUIRE_OK(wf_xgboost_version(&major, &minor, &patch, &err), err);
  if (major != 1 || minor != 7) {
    SKIP("the reference is of XGBoost 1.7.4, the library is %d.%d.%d", major, minor, patch);
  }
  char *text;
  size_t size;
  REQUIRE_OK(wf_file_read(test_source("tests/xgboost/reference.json"), 0, &text, &size, &err), err);
  json_t *document;
  REQUIRE_OK(wf_json_parse(&document, (wf_view){text, size}, "reference.json", &err), err);
  wf_free(text);
  return document;
}

static const char *text_of(const json_t *object, const char *key) {
  return json_string_value(json_object_get(object, key));
}

static size_t number_of(const json_t *object, const char *key) {
  return (size_t)json_integer_value(json_object_get(object, key));
}

static size_t params_of(const json_t *reference_case, wf_xgboost_param *out) {
  const json_t *list = json_object_get(reference_case, "params");
  size_t index;
  json_t *pair;
  json_array_foreach(list, index, pair) {
    out[index] = (wf_xgboost_param){json_string_value(json_array_get(pair, 0)),
                                    json_string_value(json_array_get(pair, 1))};
  }
  return json_array_size(list);
}

static void check_history(const wf_xgboost_result *result, const json_t *history) {
  CHECK_EQ_INT(result->n_sets, json_object_size(history));
  for (size_t set = 0; set < result->n_sets; set++) {
    const json_t *metrics = json_object_get(history, result->sets[set]);
    CHECK_EQ_INT(result->n_metrics, json_object_size(metrics));
    for (size_t metric = 0; metric < result->n_metrics; metric++) {
      const json_t *values = json_object_get(metrics, result->metrics[metric]);
      CHECK_EQ_INT(result->n_rounds, json_array_size(values));
      for (size_t round = 0; round < json_array_size(values); round++) {
        size_t at = (round * result->n_sets + set) * result->n_metrics + metric;
        CHECK_SAME(result->history[at], json_number_value(json_array_get(values, round)));
      }
    }
  }
}

static void check_part(const json_t *learner, const json_t *expected, const char *part,
                       const char *name) {
  if (json_equal(json_object_get(learner, part), json_object_get(expected, part))) return;
  test_fail(__FILE__, __LINE__, "%s: \"%s\" of the model differs from Python's", name, part);
}

static void check_train_case(const json_t *expected) {
  wf_error err = WF_ERROR_INIT;
  const char *kind = text_of(expected, "kind");
  bool weighted = json_is_true(json_object_get(expected, "weighted"));
  sample train = sample_new(300, 5, 1, kind), validation = sample_new(120, 5, 2, kind);
  wf_xgboost_param params[16];
  wf_xgboost_data evals[] = {sample_data(&validation, "validation", weighted)};
  wf_xgboost_options options = {.params = params,
                                .n_params = params_of(expected, params),
                                .rounds = number_of(expected, "rounds"),
                                .early_stopping_rounds = number_of(expected, "patience"),
                                .evals = evals,
                                .n_evals = 1};
  wf_xgboost_data data = sample_data(&train, NULL, weighted);
  wf_xgboost_result result;
  REQUIRE_OK(wf_xgboost_train(&result, &data, &options, &err), err);
  CHECK_EQ_INT(result.best_round, number_of(expected, "best_round"));
  check_history(&result, json_object_get(expected, "history"));
  json_t *model;
  REQUIRE_OK(wf_json_parse(&model, (wf_view){result.model, result.model_size}, "model", &err), err);
  const json_t *learner = json_object_get(model, "learner");
  check_part(learner, expected, "gradient_booster", text_of(expected, "name"));
  check_part(learner, expected, "learner_model_param", text_of(expected, "name"));
  check_part(learner, expected, "objective", text_of(expected, "name"));
  const json_t *names = json_object_get(learner, "feature_names");
  CHECK_EQ_INT(json_array_size(names), 5);
  CHECK_EQ_STR(json_string_value(json_array_get(names, 4)), "f4");
  json_decref(model);
  wf_xgboost_result_dispose(&result);
  sample_free(&train);
  sample_free(&validation);
}

TEST(reference_training) {
  json_t *document = reference();
  size_t index;
  json_t *item;
  json_array_foreach(json_object_get(document, "train"), index, item) check_train_case(item);
  CHECK(index >= 8);
  json_decref(document);
}

static void check_cv_values(const wf_xgboost_cv_result *result, size_t metric, const char *set,
                            const char *what, const double *values, const json_t *expected) {
  char key[80];
  snprintf(key, sizeof key, "%s-%s-%s", set, result->metrics[metric], what);
  const json_t *list = json_object_get(expected, key);
  CHECK_EQ_INT(result->n_rounds, json_array_size(list));
  for (size_t round = 0; round < json_array_size(list); round++) {
    double value = values[round * result->n_metrics + metric];
    CHECK_SAME(value, json_number_value(json_array_get(list, round)));
  }
}

static void check_cv_case(const json_t *expected) {
  wf_error err = WF_ERROR_INIT;
  sample s = sample_new(300, 5, 3, "binary");
  size_t folds[300];
  for (size_t i = 0; i < 300; i++) folds[i] = i % 3;
  wf_xgboost_param params[16];
  wf_xgboost_options options = {.params = params,
                                .n_params = params_of(expected, params),
                                .rounds = number_of(expected, "rounds"),
                                .early_stopping_rounds = number_of(expected, "patience")};
  wf_xgboost_data data = sample_data(&s, NULL, true);
  wf_xgboost_cv_result result;
  REQUIRE_OK(wf_xgboost_cv(&result, &data, folds, 3, &options, &err), err);
  const json_t *values = json_object_get(expected, "result");
  CHECK_EQ_INT(result.n_metrics * 4, json_object_size(values));
  for (size_t metric = 0; metric < result.n_metrics; metric++) {
    check_cv_values(&result, metric, "train", "mean", result.train_mean, values);
    check_cv_values(&result, metric, "train", "std", result.train_std, values);
    check_cv_values(&result, metric, "test", "mean", result.test_mean, values);
    check_cv_values(&result, metric, "test", "std", result.test_std, values);
  }
  wf_xgboost_cv_result_dispose(&result);
  sample_free(&s);
}

TEST(reference_cross_validation) {
  json_t *document = reference();
  size_t index;
  json_t *item;
  json_array_foreach(json_object_get(document, "cv"), index, item) check_cv_case(item);
  CHECK_EQ_INT(index, 4);
  json_decref(document);
}
