/* Bins made here: the models and metrics that libxgboost gives from the usual matrix, which
 * sparse_threshold (at its own default) makes wf keep to. */
#include "sample.h"

#include "base/alloc.h"
#include "xgboost/sketch.h"

#include <stdlib.h>

#define LOGISTIC \
  { "objective", "binary:logistic" }
#define HIST \
  { "tree_method", "hist" }

typedef enum shape {
  TWO,
  CONSTANT,
  AS_MANY_AS_BINS, /* 256 */
  ONE_MORE,        /* 257 */
  TWO_MORE,
  HUNDREDS,
  THOUSANDS,
  CONTINUOUS,
  NEGATIVE,
  MISSING, /* mostly */
  MOSTLY_ZERO,
  ALL_MISSING,
  N_SHAPES
} shape;

static double uniform(uint64_t *state) {
  *state = *state * 6364136223846793005u + 1442695040888963407u;
  return (double)(*state >> 33) / (double)(1u << 31);
}

static double value_of(shape kind, uint64_t *state) {
  double u = uniform(state);
  switch (kind) {
  case TWO: return u < 0.3;
  case CONSTANT: return 3;
  case AS_MANY_AS_BINS: return floor(u * 256);
  case ONE_MORE: return floor(u * 257);
  case TWO_MORE: return floor(u * u * 258);
  case HUNDREDS: return floor(u * 900) / 8;
  case THOUSANDS: return floor(u * u * 6000) / 4;
  case CONTINUOUS: return u * u - 0.3;
  case NEGATIVE: return -floor(u * 3000) - 1;
  case MISSING: return u < 0.9 ? NAN : floor(u * 1e6);
  case MOSTLY_ZERO: return u < 0.95 ? 0 : floor(u * 1e5);
  default: return NAN;
  }
}

static sample shaped_sample(size_t n_rows, size_t n_columns, uint64_t seed) {
  sample s = sample_new(n_rows, n_columns, seed, "binary");
  uint64_t state = seed;
  for (size_t j = 0; j < n_columns; j++) {
    float *column = wf_matrix_column_at(s.matrix, j);
    for (size_t i = 0; i < n_rows; i++) column[i] = (float)value_of((shape)(j % N_SHAPES), &state);
  }
  for (size_t i = 0; i < n_rows; i++) {
    double sum = 40 * uniform(&state);
    for (size_t j = 0; j < n_columns; j++) {
      float value = wf_matrix_column_at(s.matrix, j)[i];
      if (!isnan(value)) sum += fmod((double)value, 17) * ((double)(j % 5) - 2);
    }
    s.labels[i] = fmod(fabs(sum), 20) > 10;
  }
  return s;
}

/* Trains and cross-validates by bins and by the usual matrix. */
static void check_same(const sample *s, bool weighted, const wf_xgboost_param *params, size_t n,
                       size_t n_threads) {
  enum { MOST = 12 };
  wf_xgboost_param usual[MOST];
  REQUIRE(n < MOST);
  memcpy(usual, params, n * sizeof *params);
  usual[n] = (wf_xgboost_param){"sparse_threshold", "0.2"};
  wf_error err = WF_ERROR_INIT;
  wf_xgboost_data data = sample_data(s, NULL, weighted);
  wf_xgboost_options options = {
      .params = params, .n_params = n, .rounds = 5, .n_threads = n_threads};
  wf_xgboost_options other = {.params = usual, .n_params = n + 1, .rounds = 5, .n_threads = 1};
  wf_xgboost_result mine, expected;
  REQUIRE_OK(wf_xgboost_train(&mine, &data, &options, &err), err);
  REQUIRE_OK(wf_xgboost_train(&expected, &data, &other, &err), err);
  CHECK_EQ_STR(mine.model, expected.model);
  wf_xgboost_result_dispose(&mine);
  wf_xgboost_result_dispose(&expected);

  size_t n_rows = wf_matrix_row_count(s->matrix), *folds = malloc(n_rows * sizeof *folds);
  for (size_t i = 0; i < n_rows; i++) folds[i] = (i * 7 + i / 5) % 3;
  wf_xgboost_cv_result cv, expected_cv;
  REQUIRE_OK(wf_xgboost_cv(&cv, &data, folds, 3, &options, &err), err);
  REQUIRE_OK(wf_xgboost_cv(&expected_cv, &data, folds, 3, &other, &err), err);
  for (size_t i = 0; i < cv.n_rounds * cv.n_metrics; i++) {
    CHECK(cv.train_mean[i] == expected_cv.train_mean[i]);
    CHECK(cv.test_mean[i] == expected_cv.test_mean[i]);
  }
  wf_xgboost_cv_result_dispose(&cv);
  wf_xgboost_cv_result_dispose(&expected_cv);
  free(folds);
}

#define CHECK_BINS(sample, weighted, n_threads, ...)                              \
  do {                                                                            \
    static const wf_xgboost_param given[] = {HIST, __VA_ARGS__};                  \
    check_same(sample, weighted, given, sizeof given / sizeof *given, n_threads); \
  } while (0)

TEST(bins_of_every_shape_of_column) {
  need_xgboost();
  static const size_t sizes[] = {20, 257, 300, 3000, 30000};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    sample s = shaped_sample(sizes[i], N_SHAPES, 5 + i);
    CHECK_BINS(&s, false, 2, LOGISTIC);
    CHECK_BINS(&s, false, 2, LOGISTIC, {"max_bin", "2"});
    CHECK_BINS(&s, false, 1, LOGISTIC, {"max_bin", "31"});
    CHECK_BINS(&s, false, 2, LOGISTIC, {"max_bin", "1000"});
    sample_free(&s);
  }
}

TEST(bins_of_a_matrix_without_missing_values) {
  need_xgboost();
  sample s = shaped_sample(20000, MISSING, 3);
  CHECK_BINS(&s, false, 2, LOGISTIC, {"subsample", "0.7"}, {"colsample_bytree", "0.7"});
  sample_free(&s);
}

TEST(bins_under_other_ways_of_growing) {
  need_xgboost();
  sample s = shaped_sample(5000, N_SHAPES + 3, 4);
  CHECK_BINS(&s, false, 2, LOGISTIC, {"grow_policy", "lossguide"}, {"max_leaves", "20"});
  CHECK_BINS(&s, false, 2, LOGISTIC, {"num_parallel_tree", "3"}, {"subsample", "0.5"});
  CHECK_BINS(&s, false, 2, {"objective", "reg:absoluteerror"}, {"eval_metric", "mae"});
  CHECK_BINS(&s, false, 2, {"objective", "count:poisson"});
  CHECK_BINS(&s, false, 2, {"objective", "multi:softprob"}, {"num_class", "2"});
  CHECK_BINS(&s, false, 2, LOGISTIC, {"booster", "dart"}, {"rate_drop", "0.3"});
  sample_free(&s);
}

/* Beside many values weights leave the bins to libxgboost; beside few only rows of no weight count.
 */
TEST(bins_of_weighted_rows) {
  need_xgboost();
  sample many = shaped_sample(4000, N_SHAPES, 6), few = shaped_sample(4000, ONE_MORE + 1, 7);
  for (size_t i = 0; i < 4000; i++) {
    float value = wf_matrix_column_at(few.matrix, AS_MANY_AS_BINS)[i];
    if (value == 255 || value == 0) few.weights[i] = 0;
  }
  CHECK_BINS(&many, true, 2, LOGISTIC);
  CHECK_BINS(&few, true, 2, LOGISTIC);
  sample_free(&many);
  sample_free(&few);
}

TEST(bins_beside_negative_zeros) {
  need_xgboost();
  sample s = shaped_sample(3000, CONSTANT + 1, 8);
  for (size_t i = 0; i < 3000; i++) {
    float *value = &wf_matrix_column_at(s.matrix, TWO)[i];
    if (*value == 0) *value = -0.0f;
  }
  CHECK_BINS(&s, false, 1, LOGISTIC);
  wf_matrix_column_at(s.matrix, TWO)[7] = 0;
  CHECK_BINS(&s, false, 1, LOGISTIC);
  sample_free(&s);
}

/* ---- what a sketch says of itself ---------------------------------------------------------------
 */

static bool sketch_is_known(const float *values, const float *weights, size_t n, size_t *count) {
  float out[5];
  bool known;
  wf_error err = WF_ERROR_INIT;
  wf_xgb_column column = {.values = values, .weights = weights, .n_rows = n};
  REQUIRE_OK(wf_xgb_sketch(out, count, &known, &column, 4, &err), err);
  return known;
}

TEST(sketch_says_what_it_cannot_know) {
  enum { N = 200 };
  float values[N], weights[N];
  size_t n;
  for (int i = 0; i < N; i++) {
    values[i] = (float)(i % 5);
    weights[i] = (float)(i % 7);
  }
  CHECK(sketch_is_known(values, weights, N, &n));
  CHECK_EQ_INT(n, 5);
  for (int i = 0; i < N; i++) values[i] = (float)(i % 6);
  CHECK(sketch_is_known(values, NULL, N, &n));
  CHECK(!sketch_is_known(values, weights, N, &n));
  for (int i = 0; i < N; i++) values[i] = (float)(i % 2 ? 0.0 : -0.0);
  CHECK(!sketch_is_known(values, NULL, N, &n));
  CHECK(sketch_is_known(values, NULL, 1, &n) && n == 1);
  memset(weights, 0, sizeof weights);
  CHECK(!sketch_is_known(values, weights, 1, &n));
  for (int i = 0; i < N; i++) values[i] = NAN;
  CHECK(sketch_is_known(values, weights, N, &n) && n == 0);
}

static bool sketch_both(void) {
  enum { N = 20000 };
  static float values[N];
  float out[5];
  size_t n;
  bool known, done = true;
  for (int kind = 0; kind < 2; kind++) {
    for (int i = 0; i < N; i++) values[i] = (float)(i * 7919 % (kind ? N : 50));
    wf_xgb_column column = {.values = values, .n_rows = N};
    done &= wf_xgb_sketch(out, &n, &known, &column, 4, NULL) == WF_OK;
  }
  return done;
}

TEST(sketch_survives_allocation_failure) { CHECK_OOM_SAFE(sketch_both()); }
