/* Cumulative values, ranks, and the aggregates of a group beside its rows; checked against pandas
 * 1.5.3 (tests/peers/frames.py does so for random frames). */
#include "make.h"

#include "wf/transform.h"

static const char *run(const wf_frame *f, const char *name, wf_aggregate how, const char *by) {
  wf_error err = WF_ERROR_INIT;
  wf_column *out = NULL;
  REQUIRE_OK(wf_frame_cumulative(&out, f, name, how, &by, by != NULL, &err), err);
  const char *shown = show_column(out);
  wf_column_release(out);
  return shown;
}

TEST(cumulative_within_groups) {
  wf_frame *f = FRAME("k:string a b a NA a NA", "x:i64 1 2 NA 4 5 -6", "y:f64 1 2 NA 0.5 -3 7");
  CHECK_EQ_STR(run(f, "x", WF_AGG_SUM, NULL), "1 3 NA 7 12 6");
  CHECK_EQ_STR(run(f, "x", WF_AGG_SUM, "k"), "1 2 NA 4 6 -2");
  CHECK_EQ_STR(run(f, "y", WF_AGG_MIN, "k"), "1 2 NA 0.5 -3 0.5");
  CHECK_EQ_STR(run(f, "y", WF_AGG_MAX, NULL), "1 2 NA 2 2 7");
  CHECK_EQ_STR(run(f, "k", WF_AGG_COUNT, "k"), "1 1 2 NA 3 NA");
  wf_frame_release(f);
}

TEST(cumulative_overflow_gives_numbers) {
  wf_frame *f = FRAME("x:i64 9223372036854775807 1 NA");
  CHECK_EQ_STR(run(f, "x", WF_AGG_SUM, NULL), "9.223372036854776e+18 9.223372036854776e+18 NA");
  CHECK_EQ_STR(run(f, "x", WF_AGG_MIN, NULL), "9223372036854775807 1 NA");
  wf_frame_release(f);
}

TEST(cumulative_refuses) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f = FRAME("s:string a b");
  wf_column *out;
  CHECK_FAILS(wf_frame_cumulative(&out, f, "s", WF_AGG_SUM, NULL, 0, &err), err, WF_TYPE, "'s'");
  CHECK_FAILS(wf_frame_cumulative(&out, f, "s", WF_AGG_MEAN, NULL, 0, &err), err, WF_INVALID,
              "sum, min, max and count");
  wf_frame_release(f);
}

static const char *ranked(const wf_frame *f, const char *name, wf_rank how, bool descending,
                          const char *by) {
  wf_error err = WF_ERROR_INIT;
  wf_column *out = NULL;
  REQUIRE_OK(wf_frame_rank(&out, f, name, how, descending, &by, by != NULL, &err), err);
  const char *shown = show_column(out);
  wf_column_release(out);
  return shown;
}

TEST(rank_with_ties) {
  wf_frame *f = FRAME("k:i64 1 2 1 1 2 1", "x:f64 3 NA 1 3 nan -0", "s:string b a b c NA a");
  CHECK_EQ_STR(ranked(f, "x", WF_RANK_AVERAGE, false, NULL), "3.5 NA 2 3.5 5 1");
  CHECK_EQ_STR(ranked(f, "x", WF_RANK_MIN, false, NULL), "3 NA 2 3 5 1");
  CHECK_EQ_STR(ranked(f, "x", WF_RANK_MAX, false, NULL), "4 NA 2 4 5 1");
  CHECK_EQ_STR(ranked(f, "x", WF_RANK_DENSE, false, NULL), "3 NA 2 3 4 1");
  CHECK_EQ_STR(ranked(f, "x", WF_RANK_FIRST, true, NULL), "1 NA 3 2 5 4");
  CHECK_EQ_STR(ranked(f, "x", WF_RANK_AVERAGE, true, "k"), "1.5 NA 3 1.5 1 4");
  CHECK_EQ_STR(ranked(f, "s", WF_RANK_DENSE, false, NULL), "2 1 2 3 NA 1");
  wf_frame_release(f);
}

TEST(group_with_keeps_the_rows) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f = FRAME("k:string a b a NA", "x:f64 1 2 3 4"), *g;
  const char *by = "k";
  const wf_aggregation wanted[] = {{"mean", "x", WF_AGG_MEAN, 0}, {"x", "x", WF_AGG_MAX, 0}};
  REQUIRE_OK(wf_frame_group_with(&g, f, &by, 1, wanted, 2, &err), err);
  CHECK_EQ_INT(wf_frame_column_count(g), 3);
  CHECK_EQ_STR(show(g, "mean"), "2 2 2 4");
  CHECK_EQ_STR(show(g, "x"), "3 2 3 4");
  wf_frame_release(g);
  wf_frame_release(f);
}

static bool everything(void) {
  static const char *const columns[] = {"k:category a b a b", "x:i64 1 NA 3 4", NULL};
  wf_frame *f = NULL, *g = NULL;
  wf_column *made[3] = {0};
  const char *by = "k";
  const wf_aggregation wanted[] = {{"mean", "x", WF_AGG_MEAN, 0}};
  bool done = make_frame(&f, columns) == WF_OK &&
              wf_frame_cumulative(&made[0], f, "x", WF_AGG_SUM, &by, 1, NULL) == WF_OK &&
              wf_frame_rank(&made[1], f, "x", WF_RANK_AVERAGE, false, &by, 1, NULL) == WF_OK &&
              wf_frame_rank(&made[2], f, "k", WF_RANK_AVERAGE, false, NULL, 0, NULL) == WF_OK &&
              wf_frame_group_with(&g, f, &by, 1, wanted, 1, NULL) == WF_OK;
  for (int i = 0; i < 3; i++) wf_column_release(made[i]);
  wf_frame_release(f);
  wf_frame_release(g);
  return done;
}

TEST(along_out_of_memory) { CHECK_OOM_SAFE(everything()); }
