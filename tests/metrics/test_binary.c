#include "wf/metrics.h"

#include "base/random.h"
#include "reference.h"

static void check_case(const json_t *c) {
  reference_array y = reference_numbers(c, "labels"), s = reference_numbers(c, "scores");
  reference_array w = reference_numbers(c, "weights");
  wf_binary_metrics m = {0};
  wf_error err = WF_ERROR_INIT;
  double threshold = reference_number(c, "threshold"), area = 0, precision = 0;
  REQUIRE_OK(wf_metrics_binary(&m, y.values, s.values, w.values, y.n, threshold, &err), err);
  reference_check(c, "tp", m.tp);
  reference_check(c, "fp", m.fp);
  reference_check(c, "fn", m.fn);
  reference_check(c, "tn", m.tn);
  reference_check(c, "roc_auc", m.roc_auc);
  reference_check(c, "pr_auc", m.pr_auc);
  reference_check(c, "log_loss", m.log_loss);
  reference_check(c, "brier", m.brier);
  reference_check(c, "accuracy", m.accuracy);
  reference_check(c, "balanced_accuracy", m.balanced_accuracy);
  reference_check(c, "precision", m.precision);
  reference_check(c, "recall", m.recall);
  reference_check(c, "specificity", m.specificity);
  reference_check(c, "f1", m.f1);
  reference_check(c, "mcc", m.mcc);
  CHECK_EQ_INT(m.n, y.n);
  CHECK_SAME(m.threshold, threshold);
  CHECK_NEAR(m.positives, m.tp + m.fn, 0);
  REQUIRE_OK(wf_metrics_roc_auc(&area, y.values, s.values, w.values, y.n, &err), err);
  CHECK_SAME(area, m.roc_auc);
  REQUIRE_OK(wf_metrics_average_precision(&precision, y.values, s.values, w.values, y.n, &err),
             err);
  CHECK_SAME(precision, m.pr_auc);
  wf_free(y.values);
  wf_free(s.values);
  wf_free(w.values);
}

TEST(binary_equals_the_reference) {
  json_t *document = reference_document();
  size_t i;
  json_t *c;
  CHECK(json_array_size(json_object_get(document, "binary")) >= 50);
  json_array_foreach(json_object_get(document, "binary"), i, c) check_case(c);
  json_decref(document);
}

static void check_curve(const json_t *c) {
  const json_t *curve = json_object_get(c, "curve");
  if (!curve) return;
  reference_array y = reference_numbers(c, "labels"), s = reference_numbers(c, "scores");
  reference_array w = reference_numbers(c, "weights");
  wf_curve_point *points;
  size_t n_points;
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_metrics_curve(&points, &n_points, y.values, s.values, w.values, y.n, &err), err);
  CHECK_EQ_INT(n_points, json_array_size(json_array_get(curve, 0)));
  for (size_t i = 0; i < n_points; i++) {
    wf_curve_point p = points[i];
    CHECK_NEAR(p.threshold, json_number_value(json_array_get(json_array_get(curve, 0), i)), 0);
    CHECK_NEAR(p.tp / (p.tp + p.fn), json_number_value(json_array_get(json_array_get(curve, 1), i)),
               1e-12);
    CHECK_NEAR(p.fp / (p.fp + p.tn), json_number_value(json_array_get(json_array_get(curve, 2), i)),
               1e-12);
  }
  CHECK_SAME(points[n_points - 1].fn, 0.0);
  CHECK_SAME(points[n_points - 1].tn, 0.0);
  wf_curve_free(points);
  wf_free(y.values);
  wf_free(s.values);
  wf_free(w.values);
}

TEST(curve_equals_the_reference) {
  json_t *document = reference_document();
  size_t i;
  json_t *c;
  json_array_foreach(json_object_get(document, "binary"), i, c) check_curve(c);
  json_decref(document);
}

/* Every pair of a positive and a negative, counted one by one. */
static double area_by_pairs(const double *y, const double *s, const double *w, size_t n) {
  double won = 0, all = 0;
  for (size_t i = 0; i < n; i++) {
    for (size_t j = 0; j < n; j++) {
      if (y[i] != 1 || y[j] != 0) continue;
      double weight = w ? w[i] * w[j] : 1;
      all += weight;
      won += weight * (s[i] > s[j] ? 1 : s[i] == s[j] ? 0.5 : 0);
    }
  }
  return all > 0 ? won / all : NAN;
}

/* Sizes on both sides of where the sort changes its method; every kind of double as a score. */
TEST(roc_auc_equals_counting_pairs) {
  static const double special[] = {-INFINITY, -1e300, -2.5, -5e-324, -0.0,  0.0,
                                   5e-324,    1e-300, 0.25, 1.0,     1e300, INFINITY};
  enum { MOST = 700 };
  double y[MOST], s[MOST], w[MOST];
  wf_random random;
  wf_random_seed(&random, 7, 0);
  for (int round = 0; round < 60; round++) {
    size_t n = 1 + (size_t)wf_random_below(&random, MOST);
    for (size_t i = 0; i < n; i++) {
      y[i] = (double)wf_random_below(&random, 2);
      w[i] = (double)wf_random_below(&random, 4);
      s[i] = round % 3 == 0   ? special[wf_random_below(&random, 12)]
             : round % 3 == 1 ? (double)(float)wf_random_unit(&random)
                              : wf_random_normal(&random) + y[i];
    }
    w[0] = 1;
    double plain = 0, weighted = 0;
    wf_error err = WF_ERROR_INIT;
    REQUIRE_OK(wf_metrics_roc_auc(&plain, y, s, NULL, n, &err), err);
    REQUIRE_OK(wf_metrics_roc_auc(&weighted, y, s, w, n, &err), err);
    CHECK_NEAR(plain, area_by_pairs(y, s, NULL, n), 1e-14);
    CHECK_NEAR(weighted, area_by_pairs(y, s, w, n), 1e-13);
  }
}

TEST(whole_weights_are_repeated_rows) {
  const double y[] = {1, 0, 1, 0}, s[] = {0.9, 0.8, 0.3, 0.1}, w[] = {2, 1, 1, 3};
  const double y2[] = {1, 1, 0, 1, 0, 0, 0}, s2[] = {0.9, 0.9, 0.8, 0.3, 0.1, 0.1, 0.1};
  wf_binary_metrics a = {0}, b = {0};
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_metrics_binary(&a, y, s, w, 4, 0.5, &err), err);
  REQUIRE_OK(wf_metrics_binary(&b, y2, s2, NULL, 7, 0.5, &err), err);
  CHECK_NEAR(a.roc_auc, b.roc_auc, 1e-15);
  CHECK_NEAR(a.pr_auc, b.pr_auc, 1e-15);
  CHECK_NEAR(a.log_loss, b.log_loss, 1e-15);
  CHECK_NEAR(a.mcc, b.mcc, 1e-15);
}

TEST(order_of_rows_does_not_matter) {
  enum { N = 500 };
  double y[N], s[N], y2[N], s2[N];
  size_t order[N];
  wf_random random;
  wf_random_seed(&random, 3, 1);
  for (size_t i = 0; i < N; i++) {
    order[i] = i;
    y[i] = (double)wf_random_below(&random, 2);
    s[i] = floor(wf_random_unit(&random) * 50) / 50;
  }
  wf_random_shuffle(&random, order, N);
  for (size_t i = 0; i < N; i++) y2[i] = y[order[i]], s2[i] = s[order[i]];
  wf_binary_metrics a = {0}, b = {0};
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_metrics_binary(&a, y, s, NULL, N, 0.5, &err), err);
  REQUIRE_OK(wf_metrics_binary(&b, y2, s2, NULL, N, 0.5, &err), err);
  CHECK_SAME(a.roc_auc, b.roc_auc);
  CHECK_SAME(a.pr_auc, b.pr_auc);
  CHECK_NEAR(a.log_loss, b.log_loss, 1e-15);
}

TEST(bad_rows_are_named) {
  double y[] = {0, 1, 1}, s[] = {0.1, 0.2, 0.3}, w[] = {1, 1, 1};
  wf_binary_metrics m = {.n = 77};
  wf_error err = WF_ERROR_INIT;
  CHECK_FAILS(wf_metrics_binary(&m, y, s, w, 0, 0.5, &err), err, WF_INVALID, "no rows");
  CHECK_FAILS(wf_metrics_binary(&m, y, s, w, 3, NAN, &err), err, WF_INVALID, "threshold");
  y[1] = NAN;
  CHECK_FAILS(wf_metrics_binary(&m, y, s, w, 3, 0.5, &err), err, WF_INVALID,
              "row 2: the label is missing");
  y[1] = 2;
  CHECK_FAILS(wf_metrics_binary(&m, y, s, w, 3, 0.5, &err), err, WF_INVALID,
              "row 2: label 2 is neither 0 nor 1");
  y[1] = 0.5;
  CHECK_FAILS(wf_metrics_binary(&m, y, s, w, 3, 0.5, &err), err, WF_INVALID, "row 2: label 0.5");
  y[1] = 1;
  s[2] = NAN;
  CHECK_FAILS(wf_metrics_binary(&m, y, s, w, 3, 0.5, &err), err, WF_INVALID,
              "row 3: the score is missing");
  s[2] = 0.3;
  w[0] = -1;
  CHECK_FAILS(wf_metrics_binary(&m, y, s, w, 3, 0.5, &err), err, WF_INVALID, "row 1: weight -1");
  w[0] = INFINITY;
  CHECK_FAILS(wf_metrics_binary(&m, y, s, w, 3, 0.5, &err), err, WF_INVALID, "row 1: weight inf");
  w[0] = w[1] = w[2] = 0;
  CHECK_FAILS(wf_metrics_binary(&m, y, s, w, 3, 0.5, &err), err, WF_INVALID, "every weight is 0");
  CHECK_EQ_INT(m.n, 77);
}

TEST(binary_survives_missing_memory) {
  double y[300], s[300], w[300];
  for (int i = 0; i < 300; i++) y[i] = i % 2, s[i] = i * 0.003, w[i] = 1 + i % 3;
  wf_binary_metrics m;
  wf_curve_point *points;
  size_t n;
  wf_error err;
  CHECK_OOM_SAFE(wf_metrics_binary(&m, y, s, w, 300, 0.5, &err) == WF_OK);
  CHECK_OOM_SAFE(wf_metrics_curve(&points, &n, y, s, w, 300, &err) == WF_OK &&
                 (wf_curve_free(points), true));
  wf_curve_free(NULL);
}

/* Each group's struct equals that of its rows alone; one group is empty, one weighs nothing. */
TEST(groups_equal_their_rows_alone) {
  enum { N = 400, N_GROUPS = 5 };
  double y[N], s[N], w[N];
  int32_t groups[N];
  wf_binary_metrics by_group[N_GROUPS];
  wf_random random;
  wf_error err = WF_ERROR_INIT;
  wf_random_seed(&random, 4, 0);
  for (size_t i = 0; i < N; i++) {
    y[i] = (double)wf_random_below(&random, 2);
    s[i] = floor((wf_random_unit(&random) + y[i]) * 20) / 40;
    groups[i] = (int32_t)wf_random_below(&random, 4) - 1;
    w[i] = (double)wf_random_below(&random, 3) / 2;
    if (i > 350) groups[i] = 3, w[i] = 0;
  }
  for (int weighted = 0; weighted < 2; weighted++) {
    const double *weights = weighted ? w : NULL;
    REQUIRE_OK(wf_metrics_by_group(by_group, y, s, weights, groups, N_GROUPS, N, 0.4, &err), err);
    for (int g = 0; g < 4; g++) {
      double gy[N], gs[N], gw[N];
      size_t n = 0;
      for (size_t i = 0; i < N; i++) {
        if (groups[i] != g) continue;
        gy[n] = y[i], gs[n] = s[i], gw[n++] = w[i];
      }
      if (weighted && g == 3) continue;
      wf_binary_metrics alone = {0};
      REQUIRE_OK(wf_metrics_binary(&alone, gy, gs, weighted ? gw : NULL, n, 0.4, &err), err);
      CHECK(memcmp(&alone, &by_group[g], sizeof alone) == 0);
    }
    CHECK(by_group[4].n == 0 && by_group[4].tn == 0 && isnan(by_group[4].roc_auc));
    if (weighted) CHECK(by_group[3].n == 0 && isnan(by_group[3].accuracy));
  }
#define GROUPS() wf_metrics_by_group(by_group, y, s, w, groups, N_GROUPS, N, 0.4, &err)
  CHECK_OOM_SAFE(GROUPS() == WF_OK);
  groups[8] = 5;
  CHECK_FAILS(GROUPS(), err, WF_INVALID, "row 9: group 5 is not between -1 and 4");
  groups[8] = -2;
  CHECK_FAILS(GROUPS(), err, WF_INVALID, "row 9: group -2");
#undef GROUPS
}
