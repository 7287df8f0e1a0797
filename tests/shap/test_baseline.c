/* Baselines: the best partition of small data, blobs found again, centres in their own units. */
#include "check.h"

#include "wf/explain.h"

#include "base/random.h"

#include <stdlib.h>

static wf_frame *frame_of(const char *const *names, wf_column **columns, size_t n) {
  wf_frame *frame;
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_frame_new(&frame, names, columns, n, &err), err);
  for (size_t i = 0; i < n; i++) wf_column_release(columns[i]);
  return frame;
}

/* What k clusters of standardised numbers and text cost at least: over all ways to part n rows in
 * two. */
static double cost_of(const double *x, const int *text, size_t n, unsigned part) {
  double cost = 0;
  for (unsigned side = 0; side < 2; side++) {
    double sum = 0, count = 0;
    int tally[4] = {0}, mode = 0;
    for (size_t i = 0; i < n; i++) {
      if ((part >> i & 1) != side) continue;
      sum += x[i], count++, tally[text[i]]++;
    }
    for (int t = 1; t < 4; t++) mode = tally[t] > tally[mode] ? t : mode;
    for (size_t i = 0; i < n; i++) {
      if ((part >> i & 1) != side) continue;
      cost += (x[i] - sum / count) * (x[i] - sum / count) + (text[i] != mode ? 0.5 : 0);
    }
  }
  return cost;
}

static void standardise(const double *values, double *out, size_t n) {
  double mean = 0, squares = 0;
  for (size_t i = 0; i < n; i++) mean += values[i] / (double)n;
  for (size_t i = 0; i < n; i++) squares += (values[i] - mean) * (values[i] - mean);
  for (size_t i = 0; i < n; i++) out[i] = (values[i] - mean) / sqrt(squares / (double)n);
}

TEST(baseline_is_the_best_partition) {
  enum { N = 10 };
  static const char *const words[] = {"a", "b", "c", "d"};
  wf_random random;
  wf_random_seed(&random, 5, 0);
  for (int round = 0; round < 20; round++) {
    double numbers[N], x[N], best = INFINITY;
    int text[N];
    const char *texts[N];
    unsigned found = 0;
    wf_error err = WF_ERROR_INIT;
    for (size_t i = 0; i < N; i++) {
      numbers[i] = 100 + 20 * wf_random_normal(&random) + (i % 2 ? 60 : 0);
      text[i] = (int)wf_random_below(&random, 2) + (i % 2 ? 2 : 0);
      texts[i] = words[text[i]];
    }
    standardise(numbers, x, N);
    for (unsigned part = 0; part < 1u << (N - 1); part++) {
      double cost = cost_of(x, text, N, part);
      if (part && cost < best) best = cost, found = part;
    }
    wf_column *columns[2], *sizes;
    REQUIRE_OK(wf_column_from_f64(&columns[0], numbers, NULL, N, &err), err);
    REQUIRE_OK(wf_column_from_strings(&columns[1], texts, N, &err), err);
    wf_frame *frame = frame_of((const char *const[]){"x", "t"}, columns, 2), *centres;
    wf_baseline_options options = {.n_clusters = 2};
    REQUIRE_OK(wf_explain_baseline(&centres, &sizes, frame, &options, &err), err);
    /* The partition by nearest centre must be the best one: its means are the centres'. */
    size_t n = wf_frame_row_count(centres), in = (size_t)__builtin_popcount(found);
    CHECK_EQ_INT(n, 2);
    CHECK_EQ_INT(wf_column_integer_at(sizes, 0), in > N - in ? in : N - in);
    unsigned larger = in >= N - in ? found : ~found;
    double sum = 0, count = 0;
    for (size_t i = 0; i < N; i++) {
      if (larger >> i & 1) sum += numbers[i], count++;
    }
    if (in != N - in) {
      CHECK_NEAR(wf_column_number_at(wf_frame_column_at(centres, 0), 0), sum / count, 1e-12);
    }
    wf_column_release(sizes);
    wf_frame_release(centres);
    wf_frame_release(frame);
  }
}

enum { ROWS = 900 };

/* Three blobs of 500, 300 and 100 rows, with text, truth values, times, gaps. */
static wf_frame *blobs(void) {
  static const double middles[3][2] = {{0, 0}, {50, 5}, {-40, 20}};
  static const char *const words[] = {"low", "high", NULL};
  double x[ROWS], y[ROWS];
  uint8_t present[ROWS], flags[ROWS];
  int64_t times[ROWS];
  const char *texts[ROWS];
  wf_random random;
  wf_random_seed(&random, 1, 0);
  for (size_t i = 0; i < ROWS; i++) {
    size_t blob = i % 9 < 5 ? 0 : i % 9 < 8 ? 1 : 2;
    x[i] = middles[blob][0] + wf_random_normal(&random);
    y[i] = middles[blob][1] + 0.2 * wf_random_normal(&random);
    present[i] = i % 10 != 3;
    flags[i] = blob == 1;
    times[i] = (int64_t)blob * 1000000 + (int64_t)(i % 7);
    texts[i] = words[blob];
  }
  wf_column *columns[5], *numbers;
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_column_from_f64(&columns[0], x, present, ROWS, &err), err);
  REQUIRE_OK(wf_column_from_f64(&columns[1], y, NULL, ROWS, &err), err);
  REQUIRE_OK(wf_column_from_strings(&columns[2], texts, ROWS, &err), err);
  REQUIRE_OK(wf_column_from_bool(&columns[3], flags, NULL, ROWS, &err), err);
  REQUIRE_OK(wf_column_from_i64(&numbers, times, NULL, ROWS, &err), err);
  REQUIRE_OK(wf_column_cast(&columns[4], numbers, WF_TIMESTAMP, &err), err);
  wf_column_release(numbers);
  return frame_of((const char *const[]){"x", "y", "text", "flag", "time"}, columns, 5);
}

TEST(baseline_finds_blobs) {
  wf_frame *frame = blobs(), *centres, *again;
  wf_column *sizes;
  wf_error err = WF_ERROR_INIT;
  wf_baseline_options one = {.n_threads = 1}, eight = {.n_threads = 8};
  REQUIRE_OK(wf_explain_baseline(&centres, &sizes, frame, &one, &err), err);
  CHECK_EQ_INT(wf_frame_row_count(centres), 3);
  static const double expected[3][3] = {{500, 0, 0}, {300, 50, 5}, {100, -40, 20}};
  for (size_t k = 0; k < 3; k++) {
    CHECK_EQ_INT(wf_column_integer_at(sizes, k), expected[k][0]);
    CHECK(fabs(wf_column_number_at(wf_frame_column_at(centres, 0), k) - expected[k][1]) < 0.3);
    CHECK(fabs(wf_column_number_at(wf_frame_column_at(centres, 1), k) - expected[k][2]) < 0.1);
    CHECK_EQ_INT(wf_column_integer_at(wf_frame_column_at(centres, 3), k), k == 1);
    CHECK(llabs(wf_column_integer_at(wf_frame_column_at(centres, 4), k) - (int64_t)k * 1000000 -
                3) <= 1);
  }
  const wf_column *text = wf_frame_column_at(centres, 2);
  size_t size;
  CHECK(strncmp(wf_column_text_at(text, 0, &size), "low", 3) == 0 && size == 3);
  CHECK(strncmp(wf_column_text_at(text, 1, &size), "high", 4) == 0 && size == 4);
  CHECK(wf_column_is_missing(text, 2));
  CHECK(wf_column_type(wf_frame_column_at(centres, 4)) == WF_TIMESTAMP);
  REQUIRE_OK(wf_explain_baseline(&again, NULL, frame, &eight, &err), err);
  char a[65], b[65];
  REQUIRE_OK(wf_frame_digest(a, centres, &err), err);
  REQUIRE_OK(wf_frame_digest(b, again, &err), err);
  CHECK_EQ_STR(a, b);
  wf_column_release(sizes);
  wf_frame_release(centres), wf_frame_release(again), wf_frame_release(frame);
}

/* One cluster: mean and mode of every column. */
TEST(baseline_typical_row) {
  wf_frame *frame = blobs(), *row;
  wf_error err = WF_ERROR_INIT;
  wf_baseline_options options = {.n_clusters = 1};
  REQUIRE_OK(wf_explain_baseline(&row, NULL, frame, &options, &err), err);
  CHECK_EQ_INT(wf_frame_row_count(row), 1);
  wf_summary summary;
  for (size_t i = 0; i < 2; i++) {
    REQUIRE_OK(wf_column_summarise(&summary, wf_frame_column_at(frame, i), &err), err);
    CHECK_NEAR(wf_column_number_at(wf_frame_column_at(row, i), 0), summary.mean, 1e-12);
  }
  size_t size;
  CHECK(strncmp(wf_column_text_at(wf_frame_column_at(row, 2), 0, &size), "low", 3) == 0);
  CHECK_EQ_INT(wf_column_integer_at(wf_frame_column_at(row, 3), 0), 0);
  wf_frame_release(row);
  wf_frame_release(frame);
}

TEST(baseline_corner_cases) {
  double same[] = {2, 2, 2, 2}, wild[] = {NAN, INFINITY, 1, 3};
  uint8_t none[] = {0, 0, 0, 0};
  wf_column *columns[3], *sizes;
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_column_from_f64(&columns[0], same, NULL, 4, &err), err);
  REQUIRE_OK(wf_column_from_f64(&columns[1], same, none, 4, &err), err);
  wf_frame *frame = frame_of((const char *const[]){"same", "missing"}, columns, 2), *out, *empty;
  wf_baseline_options three = {.n_clusters = 3}, many = {.n_clusters = 5000};
  REQUIRE_OK(wf_explain_baseline(&out, &sizes, frame, &three, &err), err);
  CHECK_EQ_INT(wf_frame_row_count(out), 1); /* as many as differ */
  CHECK_EQ_INT(wf_column_integer_at(sizes, 0), 4);
  CHECK_SAME(wf_column_number_at(wf_frame_column_at(out, 0), 0), 2);
  CHECK(wf_column_is_missing(wf_frame_column_at(out, 1), 0));
  wf_column_release(sizes);
  wf_frame_release(out);
  REQUIRE_OK(wf_explain_baseline(&out, NULL, frame, NULL, &err), err);
  CHECK_EQ_INT(wf_frame_row_count(out), 1);
  wf_frame_release(out);
  CHECK_FAILS(wf_explain_baseline(&out, NULL, frame, &many, &err), err, WF_LIMIT, "5000 clusters");
  REQUIRE_OK(wf_frame_slice(&empty, frame, 0, 0, &err), err);
  CHECK_FAILS(wf_explain_baseline(&out, NULL, empty, NULL, &err), err, WF_INVALID, "without rows");
  wf_frame_release(empty);
  REQUIRE_OK(wf_frame_select(&empty, frame, NULL, 0, &err), err);
  CHECK(wf_explain_baseline(&out, NULL, empty, NULL, &err) == WF_INVALID);
  wf_frame_release(empty);
  wf_frame_release(frame);
  REQUIRE_OK(wf_column_from_f64(&columns[0], wild, NULL, 4, &err), err);
  frame = frame_of((const char *const[]){"wild"}, columns, 1);
  wf_baseline_options one = {.n_clusters = 1};
  REQUIRE_OK(wf_explain_baseline(&out, NULL, frame, &one, &err), err);
  CHECK_SAME(wf_column_number_at(wf_frame_column_at(out, 0), 0), 2); /* of the finite numbers */
  wf_frame_release(out);
  wf_frame_release(frame);
}

static bool run(const wf_frame *frame, size_t n_clusters) {
  wf_baseline_options options = {.n_clusters = n_clusters, .n_threads = 1};
  wf_frame *out;
  wf_column *sizes;
  if (wf_explain_baseline(&out, &sizes, frame, &options, NULL) != WF_OK) return false;
  wf_frame_release(out);
  wf_column_release(sizes);
  return true;
}

TEST(baseline_survives_allocation_failure) {
  wf_frame *frame = blobs(), *few;
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_frame_slice(&few, frame, 0, 30, &err), err);
  CHECK_OOM_SAFE(run(few, 3));
  CHECK_OOM_SAFE(run(few, 0));
  wf_frame_release(few);
  wf_frame_release(frame);
}
