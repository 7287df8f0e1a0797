#include "wf/metrics.h"

#include "reference.h"

static void check_case(const json_t *c) {
  reference_array y = reference_numbers(c, "labels"), p = reference_numbers(c, "predictions");
  reference_array w = reference_numbers(c, "weights");
  wf_regression_metrics m = {0};
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_metrics_regression(&m, y.values, p.values, w.values, y.n, &err), err);
  reference_check(c, "mse", m.mse);
  reference_check(c, "rmse", m.rmse);
  reference_check(c, "mae", m.mae);
  reference_check(c, "r2", m.r2);
  CHECK_EQ_INT(m.n, y.n);
  wf_free(y.values);
  wf_free(p.values);
  wf_free(w.values);
}

TEST(regression_equals_the_reference) {
  json_t *document = reference_document();
  size_t i;
  json_t *c;
  CHECK(json_array_size(json_object_get(document, "regression")) >= 20);
  json_array_foreach(json_object_get(document, "regression"), i, c) check_case(c);
  json_decref(document);
}

/* The mean of ten times 0.1 is not 0.1 in doubles; the labels are constant all the same. */
TEST(r2_knows_constant_labels_exactly) {
  double y[10], p[10], w[10];
  for (int i = 0; i < 10; i++) y[i] = 0.1, p[i] = 0.1 + (i == 3), w[i] = 1;
  wf_regression_metrics m = {0};
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_metrics_regression(&m, y, p, NULL, 10, &err), err);
  CHECK_SAME(m.r2, 0.0);
  y[9] = 5;
  w[9] = 0; /* the only other label does not count */
  REQUIRE_OK(wf_metrics_regression(&m, y, p, w, 10, &err), err);
  CHECK_SAME(m.r2, 0.0);
}

TEST(regression_names_bad_rows) {
  double y[] = {1, 2}, p[] = {1, NAN};
  wf_regression_metrics m = {.n = 77};
  wf_error err = WF_ERROR_INIT;
  CHECK_FAILS(wf_metrics_regression(&m, y, p, NULL, 2, &err), err, WF_INVALID,
              "row 2: the prediction is missing");
  p[1] = INFINITY;
  CHECK_FAILS(wf_metrics_regression(&m, y, p, NULL, 2, &err), err, WF_INVALID,
              "row 2: the prediction is infinite");
  y[0] = NAN;
  CHECK_FAILS(wf_metrics_regression(&m, y, p, NULL, 2, &err), err, WF_INVALID, "row 1: the label");
  CHECK_FAILS(wf_metrics_regression(&m, y, p, NULL, 0, &err), err, WF_INVALID, "no rows");
  CHECK_EQ_INT(m.n, 77);
}
