#include "wf/metrics.h"

#include "reference.h"

static void check_case(const json_t *c) {
  reference_array y = reference_numbers(c, "labels"), s = reference_numbers(c, "scores");
  reference_array w = reference_numbers(c, "weights"), t = reference_numbers(c, "confusion");
  size_t k = (size_t)reference_number(c, "n_classes");
  wf_multiclass_metrics m = {0};
  double table[36];
  wf_error err = WF_ERROR_INIT;
  REQUIRE(t.n == k * k && t.n <= 36);
  REQUIRE_OK(wf_metrics_multiclass(&m, table, y.values, s.values, w.values, y.n, k, &err), err);
  for (size_t i = 0; i < k * k; i++) CHECK_NEAR(table[i], t.values[i], 1e-12);
  reference_check(c, "accuracy", m.accuracy);
  reference_check(c, "log_loss", m.log_loss);
  reference_check(c, "roc_auc_ovr", m.roc_auc_ovr);
  reference_check(c, "macro_precision", m.macro_precision);
  reference_check(c, "macro_recall", m.macro_recall);
  reference_check(c, "macro_f1", m.macro_f1);
  reference_check(c, "weighted_precision", m.weighted_precision);
  reference_check(c, "weighted_recall", m.weighted_recall);
  reference_check(c, "weighted_f1", m.weighted_f1);
  CHECK_EQ_INT(m.n, y.n);
  CHECK_EQ_INT(m.n_classes, k);
  wf_free(y.values);
  wf_free(s.values);
  wf_free(w.values);
  wf_free(t.values);
}

TEST(multiclass_equals_the_reference) {
  json_t *document = reference_document();
  size_t i;
  json_t *c;
  CHECK(json_array_size(json_object_get(document, "multiclass")) >= 19);
  json_array_foreach(json_object_get(document, "multiclass"), i, c) check_case(c);
  json_decref(document);
}

TEST(multiclass_names_bad_rows) {
  double y[] = {0, 1, 2}, s[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
  wf_multiclass_metrics m = {.n = 77};
  wf_error err = WF_ERROR_INIT;
  CHECK_FAILS(wf_metrics_multiclass(&m, NULL, y, s, NULL, 3, 1, &err), err, WF_INVALID,
              "1 classes");
  CHECK_FAILS(wf_metrics_multiclass(&m, NULL, y, s, NULL, 0, 3, &err), err, WF_INVALID, "no rows");
  CHECK_FAILS(wf_metrics_multiclass(&m, NULL, y, s, NULL, SIZE_MAX / 2, 3, &err), err, WF_NOMEM,
              "memory");
  y[2] = 3;
  CHECK_FAILS(wf_metrics_multiclass(&m, NULL, y, s, NULL, 3, 3, &err), err, WF_INVALID,
              "row 3: label 3 is not a class number from 0 to 2");
  y[2] = 2;
  s[4] = NAN;
  CHECK_FAILS(wf_metrics_multiclass(&m, NULL, y, s, NULL, 3, 3, &err), err, WF_INVALID,
              "row 2: the score is missing");
  CHECK_EQ_INT(m.n, 77);
}

TEST(multiclass_survives_missing_memory) {
  double y[] = {0, 1, 2}, s[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
  wf_multiclass_metrics m;
  wf_error err;
  CHECK_OOM_SAFE(wf_metrics_multiclass(&m, NULL, y, s, NULL, 3, 3, &err) == WF_OK);
}
