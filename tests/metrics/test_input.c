#include "metrics/input.h"

#include "check.h"

static double sum_of(const double *values, size_t n) {
  wf_sum sum = {0};
  for (size_t i = 0; i < n; i++) wf_sum_add(&sum, values[i]);
  return wf_sum_value(&sum);
}

TEST(sums_keep_what_rounding_would_lose) {
  CHECK_SAME(sum_of((double[]){1, 1e100, 1, -1e100}, 4), 2.0);
  double tenths[1000];
  for (int i = 0; i < 1000; i++) tenths[i] = 0.1;
  CHECK_SAME(sum_of(tenths, 1000), 100.0);
  CHECK_SAME(sum_of(NULL, 0), 0.0);
  CHECK_SAME(sum_of((double[]){1, INFINITY, 2}, 3), (double)INFINITY);
}

TEST(values_are_searched_row_by_row) {
  double values[] = {1, 2, 3, 4, 5, 6};
  wf_error err = WF_ERROR_INIT;
  CHECK_EQ_INT(wf_check_values(values, 3, 2, false, "score", &err), WF_OK);
  values[3] = INFINITY;
  CHECK_EQ_INT(wf_check_values(values, 3, 2, true, "score", &err), WF_OK);
  CHECK_FAILS(wf_check_values(values, 3, 2, false, "score", &err), err, WF_INVALID,
              "row 2: the score is infinite");
  values[5] = NAN;
  CHECK_FAILS(wf_check_values(values, 3, 2, true, "score", &err), err, WF_INVALID,
              "row 3: the score is missing");
}

TEST(labels_are_class_numbers) {
  double labels[] = {0, 2, 1};
  wf_error err = WF_ERROR_INIT;
  CHECK_EQ_INT(wf_check_labels(labels, 3, 3, &err), WF_OK);
  static const double bad[] = {-1, 3, 0.5, 1e300, INFINITY, -INFINITY, NAN};
  for (int i = 0; i < 7; i++) {
    labels[1] = bad[i];
    CHECK_FAILS(wf_check_labels(labels, 3, 3, &err), err, WF_INVALID, "row 2: ");
  }
  labels[1] = -0.0;
  CHECK_EQ_INT(wf_check_labels(labels, 3, 3, &err), WF_OK);
}
