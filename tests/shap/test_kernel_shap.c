/* Kernel SHAP: Shapley's formula by enumeration, the literal method from made rows, references. */
#include "models.h"

#include "shap/coalitions.h"
#include "shap/lanes.h"
#include "wf/explain.h"

#include <stdlib.h>

static double factorial(size_t n) { return n < 2 ? 1 : (double)n * factorial(n - 1); }

/* Shapley's formula over all coalitions, worths[bits]. */
static double shapley(const double *worths, size_t n, size_t player) {
  double sum = 0;
  for (size_t set = 0; set < (size_t)1 << n; set++) {
    if (set >> player & 1) continue;
    size_t size = (size_t)__builtin_popcountll(set);
    sum += factorial(size) * factorial(n - size - 1) / factorial(n) *
           (worths[set | (size_t)1 << player] - worths[set]);
  }
  return sum;
}

/* ---- coalitions -------------------------------------------------------------------------------
 */

static wf_coalitions make(size_t n_players, size_t n_samples, uint64_t seed) {
  wf_coalitions c;
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_coalitions_new(&c, n_players, n_samples, seed, &err), err);
  return c;
}

static size_t size_of(const wf_coalitions *c, size_t pair) {
  size_t n = 0;
  for (size_t k = 0; k < c->n_players; k++) n += wf_coalition_has(c->sets + pair * c->n_words, k);
  return n;
}

TEST(coalitions_all_of_them) {
  for (size_t n = 2; n <= 10; n++) {
    size_t all = ((size_t)1 << (n - 1)) - 1;
    wf_coalitions c = make(n, 1 << 12, 1);
    uint8_t seen[512] = {0};
    double sum = 0;
    REQUIRE(c.n_pairs == all);
    for (size_t p = 0; p < all; p++) {
      CHECK(!wf_coalition_has(c.sets + p, n - 1) && !seen[c.sets[p]]++ && c.draws[p] == 0);
      double s = (double)size_of(&c, p),
             ways = factorial(n) / factorial((size_t)s) / factorial(n - (size_t)s);
      double first = 2 * c.weights[0] * (double)n * ((double)n - 1);
      CHECK_NEAR(c.weights[p] * ways * s * ((double)n - s) * 2, first, 1e-12);
      sum += 2 * c.weights[p];
    }
    CHECK_NEAR(sum, 1, 1e-12);
    wf_coalitions_dispose(&c);
  }
}

TEST(coalitions_drawn) {
  for (size_t n = 13; n < 200; n += 31) {
    wf_coalitions c = make(n, 2000, n), again = make(n, 2000, n), other = make(n, 2000, n + 1);
    double sum = 0, draws = 0;
    CHECK(c.n_pairs <= 1000 && c.n_pairs > 900);
    for (size_t p = 0; p < c.n_pairs; p++) {
      CHECK(!wf_coalition_has(c.sets + p * c.n_words, n - 1));
      CHECK(size_of(&c, p) >= 1 && size_of(&c, p) < n);
      CHECK(c.draws[p] > 0 || size_of(&c, p) <= 2 || size_of(&c, p) >= n - 2);
      for (size_t q = 0; q < p; q++) {
        CHECK(memcmp(c.sets + p * c.n_words, c.sets + q * c.n_words, c.n_words * 8) != 0);
      }
      sum += 2 * c.weights[p];
      draws += c.draws[p];
    }
    CHECK_NEAR(sum, 1, 1e-12);
    CHECK_SAME(draws, c.n_draws);
    CHECK(c.n_pairs == again.n_pairs);
    CHECK(memcmp(c.sets, again.sets, c.n_pairs * c.n_words * 8) == 0);
    CHECK(memcmp(c.sets, other.sets, c.n_pairs * c.n_words * 8) != 0);
    wf_coalitions_dispose(&c), wf_coalitions_dispose(&again), wf_coalitions_dispose(&other);
  }
}

TEST(coalitions_refuse) {
  wf_coalitions c;
  wf_shapley_solver s;
  wf_error err = WF_ERROR_INIT;
  CHECK_FAILS(wf_coalitions_new(&c, 5000, 100, 0, &err), err, WF_LIMIT, "5000 features");
  CHECK_FAILS(wf_coalitions_new(&c, 50, 1 << 30, 0, &err), err, WF_LIMIT, "samples");
  c = make(45, 15, 0);
  CHECK_FAILS(wf_shapley_solver_new(&s, &c, &err), err, WF_INVALID,
              "14 sampled coalitions do not determine the values of 45 features");
  wf_coalitions_dispose(&c);
}

/* ---- solving ----------------------------------------------------------------------------------
 */

/* What a coalition of a made-up game is worth: products of neighbours beside a sum. */
static double worth(const uint64_t *set, size_t n, bool flip, double bent) {
  double sum = 0, before = 0;
  for (size_t k = 0; k < n; k++) {
    double here = wf_coalition_has(set, k) != flip ? sin((double)(k + 1)) : 0;
    sum += here + bent * here * before;
    before = here;
  }
  return bent > 0 ? sum + bent * sin(3 * sum) : sum;
}

static void play(size_t n, size_t n_samples, uint64_t seed, double bent, double *values,
                 double *errors) {
  wf_coalitions c = make(n, n_samples, seed);
  wf_shapley_solver s;
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_shapley_solver_new(&s, &c, &err), err);
  double *d = wf_alloc_array(c.n_pairs, sizeof *d);
  for (size_t p = 0; p < c.n_pairs; p++) {
    const uint64_t *set = c.sets + p * c.n_words;
    d[p] = worth(set, n, false, bent) - worth(set, n, true, bent);
  }
  uint64_t none[4] = {0};
  double total = worth(none, n, true, bent) - worth(none, n, false, bent);
  wf_shapley_solve(&s, &c, d, total, values, errors);
  wf_free(d);
  wf_shapley_solver_dispose(&s);
  wf_coalitions_dispose(&c);
}

TEST(solve_equals_enumeration) {
  for (size_t n = 2; n <= 9; n++) {
    double values[9], errors[18], worths[512];
    play(n, 1 << 10, 0, 0.7, values, errors);
    for (uint64_t set = 0; set < UINT64_C(1) << n; set++) worths[set] = worth(&set, n, false, 0.7);
    for (size_t k = 0; k < n; k++) {
      CHECK_NEAR(values[k], shapley(worths, n, k), 1e-12);
      CHECK_SAME(errors[k], 0);
    }
  }
}

/* An additive game is fitted exactly by any coalitions that determine the values. */
TEST(solve_additive_games_from_samples) {
  double values[100], errors[200];
  play(100, 600, 3, 0, values, errors);
  for (size_t k = 0; k < 100; k++) {
    CHECK_NEAR(values[k], sin((double)k + 1), 1e-10);
    CHECK_NEAR(errors[k], 0, 1e-10);
  }
}

/* The standard errors against how far different seeds are apart. */
TEST(solve_standard_errors_are_right) {
  enum { N = 24, SEEDS = 400 };
  double mean[N] = {0}, square[N] = {0}, expected[N] = {0}, values[N], errors[2 * N];
  for (uint64_t seed = 0; seed < SEEDS; seed++) {
    play(N, 600, seed, 0.7, values, errors);
    for (size_t k = 0; k < N; k++) {
      mean[k] += values[k] / SEEDS;
      square[k] += values[k] * values[k] / SEEDS;
      expected[k] += errors[k] * errors[k] / SEEDS;
    }
  }
  for (size_t k = 0; k < N; k++) {
    double ratio = sqrt(expected[k] / (square[k] - mean[k] * mean[k]));
    if (ratio < 0.8 || ratio > 1.25) {
      test_fail(__FILE__, __LINE__, "player %zu: standard error %g times the deviation", k, ratio);
    }
  }
}

/* ---- forests ----------------------------------------------------------------------------------
 */

/* Kernel SHAP's worths, literally: make the rows of every coalition and average. */
static void literal_worths(const wf_forest *forest, wf_predict_kind kind, const wf_features *rows,
                           size_t row, const wf_features *background, const double *weights,
                           const size_t *players, size_t n_players, size_t output, double *worths) {
  size_t n = rows->n_columns, n_outputs = wf_forest_output_count(forest, kind);
  float *made = wf_alloc_array(n, sizeof *made), *out = wf_alloc_array(n_outputs, sizeof *out);
  for (size_t set = 0; set < (size_t)1 << n_players; set++) {
    double sum = 0, weight = 0;
    for (size_t z = 0; z < background->n_rows; z++) {
      for (size_t f = 0; f < n; f++) {
        size_t player = players ? players[f] : f;
        const wf_features *from = set >> player & 1 ? rows : background;
        size_t at = set >> player & 1 ? row : z;
        made[f] = from->data[at * from->row_stride + f * from->column_stride];
      }
      wf_features view = wf_features_rows(made, 1, n);
      wf_predict_options options = {.kind = kind, .n_threads = 1};
      CHECK(wf_forest_predict(forest, &view, &options, out, NULL) == WF_OK);
      sum += (weights ? weights[z] : 1) * (double)out[output];
      weight += weights ? weights[z] : 1;
    }
    worths[set] = sum / weight;
  }
  wf_free(made);
  wf_free(out);
}

static void check_rows(const char *name, const wf_forest *forest, wf_predict_kind kind,
                       const wf_features *rows, const wf_features *background,
                       const size_t *players, size_t n_players, const wf_kernel_options *options) {
  size_t n_outputs = wf_forest_output_count(forest, kind), width = n_players + 1;
  double *values = wf_alloc_array(rows->n_rows * n_outputs, width * sizeof *values);
  double *errors = wf_alloc_array(rows->n_rows * n_outputs, n_players * sizeof *errors);
  double *worths = wf_alloc_array((size_t)1 << n_players, sizeof *worths);
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_kernel_forest(forest, kind, rows, background, players, n_players, options, values,
                              errors, &err),
             err);
  for (size_t i = 0; i < rows->n_rows * n_outputs; i++) {
    literal_worths(forest, kind, rows, i / n_outputs, background, options->weights, players,
                   n_players, i % n_outputs, worths);
    for (size_t s = 0; options->link == WF_EXPLAIN_LOGIT && s < (size_t)1 << n_players; s++) {
      worths[s] = log(worths[s] / (1 - worths[s]));
    }
    CHECK_NEAR(values[i * width + n_players], worths[0], 1e-12);
    for (size_t k = 0; k < n_players; k++) {
      double expected = shapley(worths, n_players, k);
      CHECK_SAME(errors[i * n_players + k], 0);
      if (fabs(values[i * width + k] - expected) < 1e-11) continue;
      test_fail(__FILE__, __LINE__, "%s: row %zu, player %zu is %.17g, by enumeration %.17g", name,
                i, k, values[i * width + k], expected);
    }
  }
  wf_free(values), wf_free(errors), wf_free(worths);
}

TEST(kernel_every_kind_of_model) {
  const size_t players[] = {1, 0, 0, 2, 1, 3};
  const double weights[] = {1, 0, 2.5, 3, 0.25};
  for (size_t i = 0; model_names[i]; i++) {
    reference r;
    reference_read(&r, model_names[i]);
    wf_forest *forest = model_read(model_names[i]);
    wf_features rows = reference_by_row(&r), background = rows;
    rows.n_rows = 4;
    background.n_rows = 5;
    background.data += 4 * background.row_stride;
    wf_kernel_options plain = {0}, weighted = {.weights = weights};
    check_rows(model_names[i], forest, WF_PREDICT_MARGIN, &rows, &background, NULL, r.n_columns,
               &plain);
    check_rows(model_names[i], forest, WF_PREDICT_VALUE, &rows, &background, NULL, r.n_columns,
               &weighted);
    if (r.n_columns == 6) {
      check_rows(model_names[i], forest, WF_PREDICT_VALUE, &rows, &background, players, 4, &plain);
    }
    wf_forest_release(forest);
    reference_free(&r);
  }
}

TEST(kernel_logit) {
  reference r;
  reference_read(&r, "logistic");
  wf_forest *forest = model_read("logistic");
  wf_features rows = reference_by_column(&r), background = reference_by_row(&r);
  rows.n_rows = 3;
  background.n_rows = 7;
  wf_kernel_options options = {.link = WF_EXPLAIN_LOGIT};
  check_rows("logistic", forest, WF_PREDICT_VALUE, &rows, &background, NULL, r.n_columns, &options);
  wf_forest_release(forest);
  reference_free(&r);
}

/* ---- reference values -------------------------------------------------------------------------
 */

typedef struct table {
  size_t n_rows, n_columns;
  double *numbers;
} table;

/* A CSV file of numbers; a header, which does not begin like a number, is left out. */
static table read_table(const char *name) {
  size_t size;
  char *text = bytes_of_file(test_oracle(name), &size), *at = text;
  table t = {0, 0, wf_alloc_array(size, sizeof *t.numbers)};
  size_t n = 0;
  if (*at && !strchr("-.0123456789", *at)) at = strchr(at, '\n') + 1;
  while (*at) {
    char *end;
    t.numbers[n++] = strtod(at, &end);
    REQUIRE(end > at);
    if (*end == '\n') t.n_rows++;
    at = *end ? end + 1 : end;
  }
  t.n_columns = n / t.n_rows;
  wf_free(text);
  return t;
}

/* The table as features, float32; wf_free them. */
static float *floats_of(const table *t) {
  float *out = wf_alloc_array(t->n_rows * t->n_columns, sizeof *out);
  for (size_t i = 0; i < t->n_rows * t->n_columns; i++) out[i] = (float)t->numbers[i];
  return out;
}

typedef struct oracle {
  reference r;
  wf_forest *forest;
  table background, expected;
  float *floats;
  wf_features rows, compared;
} oracle;

static void oracle_open(oracle *o, const char *model, const char *background,
                        const char *expected) {
  char path[200];
  reference_read_oracle(&o->r, model);
  snprintf(path, sizeof path, "shap/%s/model.ubj", model);
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_forest_read(&o->forest, test_oracle(path), &err), err);
  snprintf(path, sizeof path, "shap/%s/%s", model, background);
  o->background = read_table(path);
  snprintf(path, sizeof path, "shap/%s/%s", model, expected);
  o->expected = read_table(path);
  o->floats = floats_of(&o->background);
  o->rows = reference_by_row(&o->r);
  o->rows.n_rows = o->expected.n_rows;
  o->compared = wf_features_rows(o->floats, o->background.n_rows, o->background.n_columns);
}

static void oracle_close(oracle *o) {
  reference_free(&o->r);
  wf_forest_release(o->forest);
  wf_free(o->background.numbers), wf_free(o->expected.numbers), wf_free(o->floats);
}

/* The largest distance of our values from the reference's, and the largest in standard errors (the
 * reference has rounding errors of 1e-12 itself). */
static double distance(const oracle *o, size_t n_samples, wf_explain_link link, double *in_errors) {
  size_t n = o->rows.n_columns, width = n + 1;
  double *values = wf_alloc_array(o->rows.n_rows, width * sizeof *values), largest = 0;
  double *errors = wf_alloc_array(o->rows.n_rows, width * sizeof *errors);
  wf_kernel_options options = {.n_samples = n_samples, .link = link};
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_kernel_forest(o->forest, WF_PREDICT_VALUE, &o->rows, &o->compared, NULL, n,
                              &options, values, errors, &err),
             err);
  *in_errors = 0;
  for (size_t row = 0; row < o->rows.n_rows; row++) {
    for (size_t k = 0; k < n; k++) {
      double away =
          fabs(values[row * width + k] - o->expected.numbers[row * o->expected.n_columns + k]);
      double error = errors[row * n + k];
      largest = fmax(largest, away);
      if (error > 1e-9) *in_errors = fmax(*in_errors, away / error);
    }
  }
  wf_free(values), wf_free(errors);
  return largest;
}

TEST(kernel_oracle_small8) {
  oracle o;
  double unused;
  oracle_open(&o, "small8", "background.csv", "exact_shapley_probability_bg10_first10.csv");
  CHECK_EQ_INT(o.compared.n_rows, 10);
  CHECK(distance(&o, 0, WF_EXPLAIN_IDENTITY, &unused) < 1e-9);
  oracle_close(&o);
}

/* Few enough players part each row from the mean baseline for all coalitions to be evaluated. */
TEST(kernel_oracle_fraud_exact) {
  oracle o;
  double unused;
  oracle_open(&o, "fraud", "baseline_mean.csv",
              "exact_shapley_probability_meanbaseline_first10.csv");
  CHECK(distance(&o, 1 << 22, WF_EXPLAIN_IDENTITY, &unused) < 1e-9);
  oracle_close(&o);
}

/* 2048 coalitions: no worse than the shap package's sampling, and the errors tell. */
TEST(kernel_oracle_fraud_sampled) {
  oracle o;
  double in_errors;
  oracle_open(&o, "fraud", "baseline_mean.csv",
              "exact_shapley_probability_meanbaseline_first10.csv");
  CHECK(distance(&o, 2048, WF_EXPLAIN_IDENTITY, &in_errors) < 1.1e-3);
  CHECK(in_errors < 5);
  CHECK(distance(&o, 300, WF_EXPLAIN_IDENTITY, &in_errors) < 1e-2);
  CHECK(in_errors < 5);
  oracle_close(&o);
}

/* The package's own sampled values; both are off by its sampling error at most. */
TEST(kernel_oracle_fraud_package) {
  static const struct {
    const char *background, *expected;
    wf_explain_link link;
  } cases[] = {
      {"baseline_mean.csv", "kernelshap2048_probability_meanbaseline_first10.csv",
       WF_EXPLAIN_IDENTITY},
      {"baseline_mean.csv", "kernelshap2048_logit_meanbaseline_first10.csv", WF_EXPLAIN_LOGIT},
      {"background.csv", "kernelshap2048_probability_bg50_first5.csv", WF_EXPLAIN_IDENTITY}};
  for (size_t i = 0; i < 3; i++) {
    oracle o;
    double unused;
    oracle_open(&o, "fraud", cases[i].background, cases[i].expected);
    if (i == 2) o.compared.n_rows = 50;
    double away = distance(&o, 1 << 16, cases[i].link, &unused);
    CHECK(away < (i == 1 ? 4e-2 : 2.5e-3));
    oracle_close(&o);
  }
}

/* ---- a forest as a function -------------------------------------------------------------------
 */

static wf_frame *frame_of_features(const wf_features *rows) {
  double *values = wf_alloc_array(rows->n_rows, sizeof *values);
  uint8_t *present = wf_alloc_array(rows->n_rows, 1);
  wf_column *columns[8];
  const char *const names[] = {"a", "b", "c", "d", "e", "f", "g", "h"};
  wf_error err = WF_ERROR_INIT;
  for (size_t f = 0; f < rows->n_columns; f++) {
    for (size_t i = 0; i < rows->n_rows; i++) {
      values[i] = (double)rows->data[i * rows->row_stride + f * rows->column_stride];
      present[i] = values[i] == values[i];
    }
    REQUIRE_OK(wf_column_from_f64(&columns[f], values, present, rows->n_rows, &err), err);
  }
  wf_frame *frame;
  REQUIRE_OK(wf_frame_new(&frame, names, columns, rows->n_columns, &err), err);
  for (size_t f = 0; f < rows->n_columns; f++) wf_column_release(columns[f]);
  wf_free(values), wf_free(present);
  return frame;
}

static wf_status predict_frame(void *context, const wf_frame *frame, double *out, wf_error *err) {
  size_t n = wf_frame_row_count(frame), n_columns = wf_frame_column_count(frame);
  float *rows = wf_alloc_array(n, n_columns * sizeof *rows), *floats = wf_alloc_array(n, 4);
  for (size_t i = 0; i < n; i++) {
    for (size_t f = 0; f < n_columns; f++) {
      rows[i * n_columns + f] = (float)wf_column_number_at(wf_frame_column_at(frame, f), i);
    }
  }
  wf_features view = wf_features_rows(rows, n, n_columns);
  wf_status status = wf_forest_predict(context, &view, NULL, floats, err);
  for (size_t i = 0; i < n; i++) out[i] = (double)floats[i];
  wf_free(rows), wf_free(floats);
  return status;
}

/* More background rows than one call takes, and one plan for each row. */
TEST(kernel_of_forest_and_function_agree) {
  enum { BACKGROUND = 2500, ROWS = 3 };
  reference r;
  reference_read(&r, "logistic");
  wf_forest *forest = model_read("logistic");
  size_t n = r.n_columns;
  float *tiled = wf_alloc_array(BACKGROUND * n, sizeof *tiled);
  for (size_t i = 0; i < BACKGROUND * n; i++) {
    tiled[i] = r.rows[i % (r.n_rows * n)] + (float)(i / 997 % 7) * 0.1F;
  }
  wf_features rows = reference_by_row(&r), background = wf_features_rows(tiled, BACKGROUND, n);
  rows.n_rows = ROWS;
  wf_frame *frame = frame_of_features(&rows), *other = frame_of_features(&background);
  double a[ROWS * 8], b[ROWS * 8];
  wf_explain_function function = {predict_frame, forest, 1};
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(
      wf_kernel_forest(forest, WF_PREDICT_VALUE, &rows, &background, NULL, n, NULL, a, NULL, &err),
      err);
  REQUIRE_OK(wf_kernel_frame(&function, frame, other, NULL, n, NULL, b, NULL, &err), err);
  for (size_t i = 0; i < ROWS * (n + 1); i++) CHECK_NEAR(a[i], b[i], 1e-12);
  wf_frame_release(frame), wf_frame_release(other);
  wf_free(tiled);
  wf_forest_release(forest);
  reference_free(&r);
}

/* ---- the rest ---------------------------------------------------------------------------------
 */

TEST(kernel_same_bits) {
  oracle o;
  oracle_open(&o, "fraud", "background.csv", "kernelshap2048_probability_bg50_first5.csv");
  size_t n = o.rows.n_columns, cells = 40 * (n + 1);
  o.rows.n_rows = 40;
  double *a = wf_alloc_array(cells, 8), *b = wf_alloc_array(cells, 8);
  double *errors = wf_alloc_array(cells, 8);
  wf_error err = WF_ERROR_INIT;
  for (size_t threads = 1; threads <= 8; threads += 7) {
    wf_kernel_options options = {.n_samples = 500, .seed = 9, .n_threads = threads};
    REQUIRE_OK(wf_kernel_forest(o.forest, WF_PREDICT_VALUE, &o.rows, &o.compared, NULL, n, &options,
                                threads == 1 ? a : b, errors, &err),
               err);
  }
  CHECK(memcmp(a, b, cells * sizeof *a) == 0);
  float predicted[40];
  REQUIRE_OK(wf_forest_predict(o.forest, &o.rows, NULL, predicted, &err), err);
  for (size_t row = 0; row < 40; row++) {
    double sum = 0;
    for (size_t k = 0; k <= n; k++) sum += a[row * (n + 1) + k];
    CHECK_NEAR(sum, (double)predicted[row], 1e-12);
  }
  o.rows.data += 17 * o.rows.row_stride; /* a row alone */
  o.rows.n_rows = 1;
  wf_kernel_options options = {.n_samples = 500, .seed = 9};
  REQUIRE_OK(wf_kernel_forest(o.forest, WF_PREDICT_VALUE, &o.rows, &o.compared, NULL, n, &options,
                              b, NULL, &err),
             err);
  CHECK(memcmp(a + 17 * (n + 1), b, (n + 1) * sizeof *b) == 0);
  wf_free(a), wf_free(b), wf_free(errors);
  oracle_close(&o);
}

TEST(kernel_lanes_give_the_same_bits) {
#ifdef __x86_64__
  if (!__builtin_cpu_supports("avx2")) SKIP("this processor has no AVX2");
  float a[3][WF_LANES], b[3][WF_LANES];
  int32_t mask[WF_LANES];
  const wf_lane_kernels *kernels[] = {&wf_lane_kernels_base, &wf_lane_kernels_avx2};
  for (int k = 0; k < 2; k++) {
    float(*x)[WF_LANES] = k ? b : a;
    for (int i = 0; i < WF_LANES; i++) mask[i] = i % 5 < 2 ? -1 : 0;
    memset(x, 0, sizeof a);
    kernels[k]->add_in(x[0], 0.1F);
    kernels[k]->choose_both(mask, x[1], 1, -3);
    kernels[k]->choose_other(mask, x[2], 7);
    kernels[k]->choose(mask, x[1], x[2]);
    kernels[k]->add(x[0], x[1]);
    kernels[k]->choose_in(mask, x[0], 0.25F);
    kernels[k]->add_both(mask, x[0], 1e-3F, 1e3F);
    for (int i = 0; i < WF_LANES; i++) {
      CHECK_SAME(x[0][i], mask[i] ? 0.25F + 1e-3F : 0.1F + 7 + 1e3F);
    }
  }
  CHECK(memcmp(a, b, sizeof a) == 0);
#else
  SKIP("one kernel only");
#endif
}

TEST(kernel_refuses) {
  wf_forest *forest = model_read("logistic");
  float row[6] = {0}, other[6] = {100, 100, 100, 100, 100, 100};
  double out[7];
  size_t players[] = {0, 1, 2, 3, 4, 9};
  wf_features features = wf_features_rows(row, 1, 6), none = wf_features_rows(row, 0, 6);
  wf_features apart = wf_features_rows(other, 1, 6), few = wf_features_rows(row, 1, 5);
  wf_error err = WF_ERROR_INIT;
  double negative = -1, zero = 0;
  wf_kernel_options options = {.weights = &negative}, logit = {.link = WF_EXPLAIN_LOGIT};
#define KERNEL(kind, rows, background, players, n, options) \
  wf_kernel_forest(forest, kind, rows, background, players, n, options, out, NULL, &err)
  CHECK_FAILS(KERNEL(WF_PREDICT_VALUE, &features, &none, NULL, 6, NULL), err, WF_INVALID,
              "background has no rows");
  CHECK_FAILS(KERNEL(WF_PREDICT_LEAF, &features, &apart, NULL, 6, NULL), err, WF_INVALID, "leaf");
  CHECK_FAILS(KERNEL(WF_PREDICT_VALUE, &features, &apart, players, 6, NULL), err, WF_INVALID,
              "feature 6 belongs to player 9");
  CHECK_FAILS(KERNEL(WF_PREDICT_VALUE, &few, &apart, NULL, 5, NULL), err, WF_INVALID,
              "the data has 5 features");
  CHECK_FAILS(KERNEL(WF_PREDICT_VALUE, &features, &few, NULL, 6, NULL), err, WF_INVALID,
              "the data has 5 features");
  CHECK_FAILS(KERNEL(WF_PREDICT_VALUE, &features, &apart, NULL, 6, &options), err, WF_INVALID,
              "weight -1 of background row 1");
  options.weights = &zero;
  CHECK_FAILS(KERNEL(WF_PREDICT_VALUE, &features, &apart, NULL, 6, &options), err, WF_INVALID,
              "sum to 0");
  CHECK_FAILS(KERNEL(WF_PREDICT_MARGIN, &features, &apart, NULL, 6, &logit), err, WF_INVALID,
              "row 1: the logit of");
  wf_forest_release(forest);
}

static bool stop_at_third(void *context) { return ++*(int *)context == 3; }

TEST(kernel_stops) {
  reference r;
  reference_read(&r, "logistic");
  wf_forest *forest = model_read("logistic");
  wf_features rows = reference_by_row(&r), background = rows;
  rows.n_rows = 10;
  background.data += 10 * rows.row_stride;
  background.n_rows = 10;
  double out[70];
  int asked = 0;
  wf_kernel_options options = {.n_threads = 1, .stop = stop_at_third, .context = &asked};
  wf_error err = WF_ERROR_INIT;
  CHECK_FAILS(wf_kernel_forest(forest, WF_PREDICT_VALUE, &rows, &background, NULL, 6, &options, out,
                               NULL, &err),
              err, WF_CANCELED, "stopped");
  CHECK_EQ_INT(asked, 3);
  wf_forest_release(forest);
  reference_free(&r);
}

static bool explain_model(const wf_forest *forest, const reference *r, double *out,
                          double *errors) {
  wf_features rows = reference_by_row(r), background = rows;
  wf_kernel_options options = {.n_samples = 40, .n_threads = 1};
  rows.n_rows = 3;
  background.n_rows = 4;
  background.data += 9 * rows.row_stride;
  return wf_kernel_forest(forest, WF_PREDICT_VALUE, &rows, &background, NULL, r->n_columns,
                          &options, out, errors, NULL) == WF_OK;
}

TEST(kernel_survives_allocation_failure) {
  static const char *const names[] = {"softprob", "linear", NULL};
  for (size_t i = 0; names[i]; i++) {
    reference r;
    reference_read(&r, names[i]);
    wf_forest *forest = model_read(names[i]);
    size_t n = r.n_outputs * (r.n_columns + 1) * 3;
    double *out = wf_alloc_array(n, sizeof *out), *errors = wf_alloc_array(n, sizeof *errors);
    CHECK_OOM_SAFE(explain_model(forest, &r, out, errors));
    wf_free(out), wf_free(errors);
    wf_forest_release(forest);
    reference_free(&r);
  }
}
