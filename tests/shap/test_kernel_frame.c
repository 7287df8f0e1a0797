/* Kernel SHAP of a function on frames: against Shapley's formula over rows made by hand. */
#include "check.h"

#include "wf/explain.h"

#include <stdlib.h>

enum { N = 6, BACKGROUND = 7 };

static wf_frame *frame_of(const double *a, const char *const *b, const int64_t *c, size_t n) {
  wf_column *columns[4] = {0};
  double squares[16];
  uint8_t present[16];
  wf_error err = WF_ERROR_INIT;
  for (size_t i = 0; i < n; i++) {
    squares[i] = a[i] * a[i];
    present[i] = i % 5 != 3;
  }
  REQUIRE_OK(wf_column_from_f64(&columns[0], a, NULL, n, &err), err);
  REQUIRE_OK(wf_column_from_strings(&columns[1], b, n, &err), err);
  REQUIRE_OK(wf_column_from_i64(&columns[2], c, present, n, &err), err);
  REQUIRE_OK(wf_column_from_f64(&columns[3], squares, NULL, n, &err), err);
  wf_frame *frame;
  const char *names[] = {"a", "b", "c", "square"};
  REQUIRE_OK(wf_frame_new(&frame, names, columns, 4, &err), err);
  for (size_t i = 0; i < 4; i++) wf_column_release(columns[i]);
  return frame;
}

/* Two outputs out of all columns, gaps included; counts calls and rows. */
typedef struct counter {
  size_t calls, rows, fail_at;
} counter;

static double first_output(double a, size_t text, double c, double square) {
  return a * (double)(text + 1) + (c == c ? c * a : -2) + 0.1 * square;
}

static wf_status predict(void *context, const wf_frame *rows, double *out, wf_error *err) {
  counter *count = context;
  size_t n = wf_frame_row_count(rows);
  if (count->fail_at && count->calls >= count->fail_at) {
    if (err) err->status = WF_CANCELED, snprintf(err->message, sizeof err->message, "stopped");
    return WF_CANCELED;
  }
  count->calls++;
  count->rows += n;
  CHECK(strcmp(wf_frame_name_at(rows, 0), "a") == 0 && wf_frame_column_count(rows) == 4);
  for (size_t i = 0; i < n; i++) {
    size_t size = 0;
    wf_column_text_at(wf_frame_column_at(rows, 1), i, &size);
    double a = wf_column_number_at(wf_frame_column_at(rows, 0), i);
    double c = wf_column_number_at(wf_frame_column_at(rows, 2), i);
    double square = wf_column_number_at(wf_frame_column_at(rows, 3), i);
    out[2 * i] = first_output(a, size, c, square);
    out[2 * i + 1] = 1 / (1 + exp(-a * square / 9));
  }
  return WF_OK;
}

static double factorial(size_t n) { return n < 2 ? 1 : (double)n * factorial(n - 1); }

static const double xs[N] = {1, -2, 3, 1, 0.5, 1}, zs[BACKGROUND] = {0, 1, 1, -1, 2, 0, 1};
static const char *const xt[N] = {"x", "yy", NULL, "x", "zzz", "x"};
static const char *const zt[BACKGROUND] = {"x", "yy", "yy", NULL, "x", "x", "yy"};
static const int64_t xi[N] = {1, 2, 3, 4, 5, 6}, zi[BACKGROUND] = {1, 5, 5, 0, 2, 1, 5};
static const double weights[BACKGROUND] = {1, 2, 0, 1, 0.5, 3, 1};

/* The worth of a coalition: of the columns, or of three players with "a" and "square" as one. */
static double worth(size_t row, size_t set, bool grouped, size_t output) {
  wf_frame *background = frame_of(zs, zt, zi, BACKGROUND), *rows = frame_of(xs, xt, xi, N);
  double sum = 0, weight = 0;
  for (size_t z = 0; z < BACKGROUND; z++) {
    double numbers[4] = {0}, made[2];
    size_t size = 0;
    for (size_t k = 0; k < 4; k++) {
      size_t player = grouped && k == 3 ? 0 : k;
      const wf_frame *from = set >> player & 1 ? rows : background;
      const wf_column *column = wf_frame_column_at(from, k);
      if (k == 1) {
        wf_column_text_at(column, from == rows ? row : z, &size);
        if (wf_column_is_missing(column, from == rows ? row : z)) size = 0;
      } else {
        numbers[k] = wf_column_number_at(column, from == rows ? row : z);
      }
    }
    made[0] = first_output(numbers[0], size, numbers[2], numbers[3]);
    made[1] = 1 / (1 + exp(-numbers[0] * numbers[3] / 9));
    sum += weights[z] * made[output];
    weight += weights[z];
  }
  wf_frame_release(background);
  wf_frame_release(rows);
  return sum / weight;
}

static void check_players(const double *values, size_t n_players, bool grouped) {
  for (size_t row = 0; row < N; row++) {
    for (size_t o = 0; o < 2; o++) {
      const double *phi = values + (row * 2 + o) * (n_players + 1);
      for (size_t k = 0; k < n_players; k++) {
        double sum = 0;
        for (size_t set = 0; set < (size_t)1 << n_players; set++) {
          if (set >> k & 1) continue;
          size_t size = (size_t)__builtin_popcountll(set);
          sum += factorial(size) * factorial(n_players - size - 1) / factorial(n_players) *
                 (worth(row, set | (size_t)1 << k, grouped, o) - worth(row, set, grouped, o));
        }
        CHECK_NEAR(phi[k], sum, 1e-11);
      }
      CHECK_NEAR(phi[n_players], worth(row, 0, grouped, o), 1e-12);
    }
  }
}

TEST(kernel_frame_equals_enumeration) {
  wf_frame *background = frame_of(zs, zt, zi, BACKGROUND), *rows = frame_of(xs, xt, xi, N);
  double values[N * 2 * 5], errors[N * 2 * 4];
  counter count = {0};
  wf_explain_function function = {predict, &count, 2};
  wf_kernel_options options = {.weights = weights};
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_kernel_frame(&function, rows, background, NULL, 4, &options, values, errors, &err),
             err);
  check_players(values, 4, false);
  for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) CHECK_SAME(errors[i], 0);
  size_t players[] = {0, 1, 2, 0};
  REQUIRE_OK(wf_kernel_frame(&function, rows, background, players, 3, &options, values, NULL, &err),
             err);
  check_players(values, 3, true);
  wf_frame_release(background);
  wf_frame_release(rows);
}

/* A row that is predicted once is not predicted again: 4 distinct background rows of weight, 14
 * coalitions, fewer where row and background agree. */
TEST(kernel_frame_predicts_no_row_twice) {
  wf_frame *background = frame_of(zs, zt, zi, BACKGROUND), *rows = frame_of(xs, xt, xi, N), *first;
  double values[2 * 5];
  counter count = {0};
  wf_explain_function function = {predict, &count, 2};
  wf_kernel_options options = {.weights = weights};
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_frame_slice(&first, rows, 0, 1, &err), err);
  REQUIRE_OK(wf_kernel_frame(&function, first, background, NULL, 4, &options, values, NULL, &err),
             err);
  /* The pool's 8; then of the background: row 1 (and 6, the same) differs in b and c, row 2 weighs
   * nothing, row 3 differs in all but the square, row 4 in a, c and the square, rows 0 and 5 (the
   * same) in a and the square: sets of those that differ. */
  CHECK_EQ_INT(count.calls, 2);
  CHECK_EQ_INT(count.rows, 8 + 4 + 8 + 8 + 4);
  wf_frame_release(first);
  wf_frame_release(background);
  wf_frame_release(rows);
}

/* Sum of (k + 1) x_k and the product of the first two. */
static wf_status predict_patterns(void *context, const wf_frame *rows, double *out, wf_error *err) {
  (void)context, (void)err;
  for (size_t i = 0; i < wf_frame_row_count(rows); i++) {
    double x[6], sum = 0;
    for (size_t k = 0; k < 6; k++) {
      x[k] = wf_column_number_at(wf_frame_column_at(rows, k), i);
      sum += (double)(k + 1) * x[k];
    }
    out[i] = sum + x[0] * x[1];
  }
  return WF_OK;
}

/* All 64 ways in which six players can vary: more plans than are made at once. */
TEST(kernel_frame_of_many_patterns) {
  enum { PLAYERS = 6, PATTERNS = 64 };
  double x[PATTERNS], values[PATTERNS * (PLAYERS + 1)];
  wf_column *columns[PLAYERS];
  wf_frame *rows, *background;
  wf_error err = WF_ERROR_INIT;
  for (size_t k = 0; k < PLAYERS; k++) {
    for (size_t i = 0; i < PATTERNS; i++) x[i] = (double)(i >> k & 1);
    REQUIRE_OK(wf_column_from_f64(&columns[k], x, NULL, PATTERNS, &err), err);
  }
  REQUIRE_OK(wf_frame_new(&rows, (const char *const[]){"a", "b", "c", "d", "e", "f"}, columns,
                          PLAYERS, &err),
             err);
  for (size_t k = 0; k < PLAYERS; k++) wf_column_release(columns[k]);
  REQUIRE_OK(wf_frame_slice(&background, rows, 0, 1, &err), err);
  wf_explain_function function = {predict_patterns, NULL, 1};
  REQUIRE_OK(wf_kernel_frame(&function, rows, background, NULL, PLAYERS, NULL, values, NULL, &err),
             err);
  for (size_t i = 0; i < PATTERNS; i++) {
    const double *phi = values + i * (PLAYERS + 1);
    for (size_t k = 0; k < PLAYERS; k++) {
      double own = (double)(i >> k & 1) * (double)(k + 1), shared = (i & 3) == 3 ? 0.5 : 0;
      CHECK_NEAR(phi[k], own + (k < 2 ? shared : 0), 1e-12);
      if (!(i >> k & 1)) CHECK_SAME(phi[k], 0);
    }
    CHECK_SAME(phi[PLAYERS], 0);
  }
  wf_frame_release(background);
  wf_frame_release(rows);
}

TEST(kernel_frame_refuses) {
  wf_frame *background = frame_of(zs, zt, zi, BACKGROUND), *rows = frame_of(xs, xt, xi, N), *other;
  double values[N * 2 * 5];
  counter count = {.fail_at = 1};
  wf_explain_function function = {predict, &count, 2};
  wf_error err = WF_ERROR_INIT;
  CHECK_FAILS(wf_kernel_frame(&function, rows, background, NULL, 4, NULL, values, NULL, &err), err,
              WF_CANCELED, "stopped");
  CHECK_FAILS(wf_kernel_frame(&function, rows, background, NULL, 3, NULL, values, NULL, &err), err,
              WF_INVALID, "3 players for 4 columns");
  const char *names[] = {"a", "b", "c"};
  REQUIRE_OK(wf_frame_select(&other, rows, names, 3, &err), err);
  wf_status status =
      wf_kernel_frame(&function, other, background, NULL, 4, NULL, values, NULL, &err);
  CHECK(status != WF_OK);
  CHECK_HAS(err.message, "square");
  wf_frame_release(other);
  wf_frame_release(background);
  wf_frame_release(rows);
}

static bool explain(const wf_frame *rows, const wf_frame *background, double *values,
                    double *errors) {
  counter count = {0};
  wf_explain_function function = {predict, &count, 2};
  return wf_kernel_frame(&function, rows, background, NULL, 4, NULL, values, errors, NULL) == WF_OK;
}

TEST(kernel_frame_survives_allocation_failure) {
  wf_frame *background = frame_of(zs, zt, zi, BACKGROUND), *rows = frame_of(xs, xt, xi, N);
  double values[N * 2 * 5], errors[N * 2 * 4];
  CHECK_OOM_SAFE(explain(rows, background, values, errors));
  wf_frame_release(background);
  wf_frame_release(rows);
}
