#include "make.h"

static wf_frame *numbered(size_t n, size_t every) {
  int64_t *rows = malloc(n * sizeof *rows), *labels = malloc(n * sizeof *labels);
  for (size_t i = 0; i < n; i++) rows[i] = (int64_t)i, labels[i] = i % every == 0;
  wf_column *c[2] = {0};
  wf_frame *f = NULL;
  bool ok = wf_column_from_i64(&c[0], rows, NULL, n, NULL) == WF_OK &&
            wf_column_from_i64(&c[1], labels, NULL, n, NULL) == WF_OK &&
            wf_frame_new(&f, (const char *[]){"row", "label"}, c, 2, NULL) == WF_OK;
  wf_column_release(c[0]);
  wf_column_release(c[1]);
  free(rows);
  free(labels);
  REQUIRE(ok);
  return f;
}

static int64_t sum_of(const wf_frame *f, const char *name) {
  wf_column *c = NULL;
  int64_t sum = 0;
  if (wf_frame_get(&c, f, name, NULL) != WF_OK) return -1;
  for (size_t i = 0; i < wf_column_count(c); i++) sum += wf_column_integer_at(c, i);
  return sum;
}

TEST(split_uses_every_row_once) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f = numbered(5000, 30), *parts[3], *all;
  wf_split_options options = {(double[]){0.8, 0.1, 0.1}, 3, 42, true, NULL, NULL, NULL};
  REQUIRE_OK(wf_frame_split(parts, f, &options, &err), err);
  CHECK_EQ_INT(wf_frame_row_count(parts[0]), 4000);
  CHECK_EQ_INT(wf_frame_row_count(parts[1]), 500);
  CHECK_EQ_INT(wf_frame_row_count(parts[2]), 500);
  REQUIRE_OK(wf_frame_concat(&all, parts, 3, &err), err);
  wf_frame *sorted;
  REQUIRE_OK(wf_frame_sort(&sorted, all, (const char *[]){"row"}, NULL, 1, &err), err);
  char before[65], after[65];
  REQUIRE_OK(wf_frame_digest(before, f, &err), err);
  REQUIRE_OK(wf_frame_digest(after, sorted, &err), err);
  CHECK_EQ_STR(after, before);
  for (int i = 0; i < 3; i++) wf_frame_release(parts[i]);
  wf_frame_release(all);
  wf_frame_release(sorted);
  wf_frame_release(f);
}

/* The stream of seed 42 must stay what it is: results recorded with it would no longer repeat. */
TEST(split_is_the_same_for_ever) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f = numbered(12, 3), *parts[2], *again[2];
  wf_split_options options = {(double[]){0.5, 0.5}, 2, 42, true, NULL, NULL, NULL};
  REQUIRE_OK(wf_frame_split(parts, f, &options, &err), err);
  CHECK_EQ_STR(show(parts[0], "row"), "2 5 1 6 3 9");
  CHECK_EQ_STR(show(parts[1], "row"), "7 10 4 11 0 8");
  options.seed = 43;
  REQUIRE_OK(wf_frame_split(again, f, &options, &err), err);
  CHECK(strcmp(show(again[0], "row"), show(parts[0], "row")) != 0);
  for (int i = 0; i < 2; i++) wf_frame_release(parts[i]), wf_frame_release(again[i]);
  wf_frame_release(f);
}

TEST(split_without_shuffle_is_consecutive) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f = numbered(10, 3), *parts[2];
  wf_split_options options = {(double[]){0.35, 0.45}, 2, 1, false, NULL, NULL, NULL};
  REQUIRE_OK(wf_frame_split(parts, f, &options, &err), err);
  /* 3.5 and 4.5 of 10 rows; 8 of them are asked for, the odd one goes to the first of two equal
   * remainders, the rest is dropped */
  CHECK_EQ_STR(show(parts[0], "row"), "0 1 2 3");
  CHECK_EQ_STR(show(parts[1], "row"), "4 5 6 7");
  wf_frame_release(parts[0]);
  wf_frame_release(parts[1]);
  wf_frame_release(f);
}

TEST(split_keeps_shares) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f = numbered(5000, 30), *parts[3]; /* 167 positives */
  wf_split_options options = {(double[]){0.8, 0.1, 0.1}, 3, 7, true, "label", NULL, NULL};
  REQUIRE_OK(wf_frame_split(parts, f, &options, &err), err);
  int64_t positives[3];
  for (int i = 0; i < 3; i++) positives[i] = sum_of(parts[i], "label");
  CHECK_EQ_INT(positives[0] + positives[1] + positives[2], 167);
  CHECK(positives[0] == 133 || positives[0] == 134);
  CHECK(positives[1] == 16 || positives[1] == 17);
  CHECK_EQ_INT(wf_frame_row_count(parts[0]), 4000);
  CHECK_EQ_INT(wf_frame_row_count(parts[1]), 500);
  CHECK_EQ_INT(sum_of(parts[0], "row") + sum_of(parts[1], "row") + sum_of(parts[2], "row"),
               5000 * 4999 / 2);
  for (int i = 0; i < 3; i++) wf_frame_release(parts[i]);
  wf_frame_release(f);
}

/* Strata of one row each: rounding is carried over, so the parts still have their sizes. */
TEST(split_of_tiny_strata) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f = numbered(100, 3), *parts[3];
  wf_split_options options = {(double[]){0.6, 0.3, 0.1}, 3, 7, true, "row", NULL, NULL};
  REQUIRE_OK(wf_frame_split(parts, f, &options, &err), err);
  CHECK_EQ_INT(wf_frame_row_count(parts[0]), 60);
  CHECK_EQ_INT(wf_frame_row_count(parts[1]), 30);
  CHECK_EQ_INT(wf_frame_row_count(parts[2]), 10);
  for (int i = 0; i < 3; i++) wf_frame_release(parts[i]);
  wf_frame_release(f);
}

TEST(split_refuses) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f = numbered(10, 3), *parts[2] = {0};
  wf_split_options options = {(double[]){0.8, 0.3}, 2, 1, true, NULL, NULL, NULL};
  CHECK_FAILS(wf_frame_split(parts, f, &options, &err), err, WF_INVALID, "sum to 1.1");
  options.fractions = (double[]){0.8, 0};
  CHECK_FAILS(wf_frame_split(parts, f, &options, &err), err, WF_INVALID, "fraction 2");
  options.fractions = (double[]){0.8, NAN};
  CHECK_FAILS(wf_frame_split(parts, f, &options, &err), err, WF_INVALID, "fraction 2");
  options.fractions = (double[]){0.8, 0.2};
  options.stratify = "labl";
  CHECK_FAILS(wf_frame_split(parts, f, &options, &err), err, WF_NOTFOUND, "'label'");
  options.n_parts = 0;
  CHECK_FAILS(wf_frame_split(parts, f, &options, &err), err, WF_INVALID, "parts");
  CHECK(parts[0] == NULL);
  wf_frame_release(f);
}

TEST(folds_are_balanced) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f = numbered(103, 10); /* 11 positives */
  wf_column *folds, *labels = NULL;
  REQUIRE_OK(wf_frame_get(&labels, f, "label", &err), err);
  for (int stratified = 0; stratified < 2; stratified++) {
    REQUIRE_OK(wf_frame_folds(&folds, f, 4, 9, stratified ? "label" : NULL, &err), err);
    size_t sizes[4] = {0}, positives[4] = {0};
    for (size_t i = 0; i < 103; i++) {
      int64_t fold = wf_column_integer_at(folds, i);
      REQUIRE(fold >= 0 && fold < 4);
      sizes[fold]++;
      positives[fold] += (size_t)wf_column_integer_at(labels, i);
    }
    for (int k = 0; k < 4; k++) {
      CHECK(sizes[k] == 25 || sizes[k] == 26);
      if (stratified) CHECK(positives[k] == 2 || positives[k] == 3);
    }
    wf_column_release(folds);
  }
  CHECK_FAILS(wf_frame_folds(&folds, f, 1, 0, NULL, &err), err, WF_INVALID, "1 folds");
  CHECK_FAILS(wf_frame_folds(&folds, f, 104, 0, NULL, &err), err, WF_INVALID, "of 103 rows");
  wf_frame_release(f);
}

static bool split_and_release(void) {
  wf_frame *f = NULL, *parts[2] = {0};
  wf_column *folds = NULL;
  wf_split_options options = {(double[]){0.5, 0.5}, 2, 1, true, "k", NULL, NULL};
  bool ok = make_frame(&f, (const char *const[]){"k:string a b a b a", NULL}) == WF_OK &&
            wf_frame_split(parts, f, &options, NULL) == WF_OK &&
            wf_frame_folds(&folds, f, 2, 1, "k", NULL) == WF_OK;
  wf_frame_release(f);
  wf_frame_release(parts[0]);
  wf_frame_release(parts[1]);
  wf_column_release(folds);
  return ok;
}

TEST(split_out_of_memory) { CHECK_OOM_SAFE(split_and_release()); }

TEST(split_keeps_groups_together) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f = FRAME("g:i64 1 2 3 4 5 1 2 3 4 5 1 2 3 4 5 1 2 3 4 NA"), *parts[2];
  wf_split_options options = {(double[]){0.6, 0.4}, 2, 5, true, NULL, "g", NULL};
  REQUIRE_OK(wf_frame_split(parts, f, &options, &err), err);
  CHECK_EQ_INT(wf_frame_row_count(parts[0]) + wf_frame_row_count(parts[1]), 20);
  CHECK(wf_frame_row_count(parts[0]) >= 10 && wf_frame_row_count(parts[0]) <= 14);
  for (size_t i = 0; i < wf_frame_row_count(parts[0]); i++) {
    for (size_t j = 0; j < wf_frame_row_count(parts[1]); j++) {
      CHECK(wf_column_integer_at(wf_frame_column_at(parts[0], 0), i) !=
            wf_column_integer_at(wf_frame_column_at(parts[1], 0), j));
    }
  }
  wf_frame_release(parts[0]);
  wf_frame_release(parts[1]);
  wf_column *folds;
  REQUIRE_OK(wf_frame_folds_grouped(&folds, f, 3, 1, "g", &err), err);
  size_t sizes[3] = {0};
  for (size_t i = 0; i < 20; i++) {
    sizes[wf_column_integer_at(folds, i)]++;
    if (i >= 5 && i < 19)
      CHECK_EQ_INT(wf_column_integer_at(folds, i), wf_column_integer_at(folds, i - 5));
  }
  for (int i = 0; i < 3; i++) CHECK(sizes[i] >= 4 && sizes[i] <= 8);
  wf_column_release(folds);
  CHECK_FAILS(wf_frame_folds_grouped(&folds, f, 7, 1, "g", &err), err, WF_INVALID, "6 groups");
  options.stratify = "g";
  CHECK_FAILS(wf_frame_split(parts, f, &options, &err), err, WF_INVALID, "one of them");
  wf_frame_release(f);
}

TEST(split_by_time) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f = FRAME("t:i64 5 3 NA 1 4 2"), *parts[2];
  wf_split_options options = {(double[]){0.5, 0.5}, 2, 5, true, NULL, NULL, "t"};
  REQUIRE_OK(wf_frame_split(parts, f, &options, &err), err);
  CHECK_EQ_STR(show(parts[0], "t"), "1 2 3");
  CHECK_EQ_STR(show(parts[1], "t"), "4 5 NA");
  wf_frame_release(parts[0]);
  wf_frame_release(parts[1]);
  wf_frame_release(f);
}

TEST(sample_by_weight) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f = FRAME("x:i64 0 1 2 3 4", "w:f64 1 0 2 NA 7"), *s;
  REQUIRE_OK(wf_frame_sample(&s, f, 3, "w", false, 3, &err), err);
  size_t seen[5] = {0};
  for (size_t i = 0; i < 3; i++) seen[wf_column_integer_at(wf_frame_column_at(s, 0), i)]++;
  CHECK(seen[0] == 1 && seen[2] == 1 && seen[4] == 1);
  wf_frame_release(s);
  REQUIRE_OK(wf_frame_sample(&s, f, 20000, "w", true, 3, &err), err);
  memset(seen, 0, sizeof seen);
  for (size_t i = 0; i < 20000; i++) seen[wf_column_integer_at(wf_frame_column_at(s, 0), i)]++;
  CHECK(seen[1] == 0 && seen[3] == 0);
  CHECK_NEAR((double)seen[0] / 20000, 0.1, 0.01);
  CHECK_NEAR((double)seen[4] / 20000, 0.7, 0.015);
  wf_frame_release(s);
  CHECK_FAILS(wf_frame_sample(&s, f, 4, "w", false, 3, &err), err, WF_INVALID, "3 have a weight");
  CHECK_FAILS(wf_frame_sample(&s, f, 6, NULL, false, 3, &err), err, WF_INVALID, "6 rows of 5");
  REQUIRE_OK(wf_frame_sample(&s, f, 7, NULL, true, 3, &err), err);
  CHECK_EQ_INT(wf_frame_row_count(s), 7);
  wf_frame_release(s);
  wf_frame_release(f);
}
