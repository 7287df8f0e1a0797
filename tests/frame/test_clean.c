/* Rows without gaps, distinct rows, membership, and sorting with missing values first. */
#include "make.h"

#include "wf/transform.h"

TEST(drop_missing_in_some_or_all_columns) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f = FRAME("x:f64 1 NA nan 4", "s:string a b NA d"), *g;
  REQUIRE_OK(wf_frame_drop_missing(&g, f, NULL, 0, &err), err);
  CHECK_EQ_STR(show(g, "s"), "a d");
  wf_frame_release(g);
  REQUIRE_OK(wf_frame_drop_missing(&g, f, (const char *const[]){"x"}, 1, &err), err);
  CHECK_EQ_STR(show(g, "s"), "a NA d");
  wf_frame_release(g);
  CHECK_FAILS(wf_frame_drop_missing(&g, f, (const char *const[]){"y"}, 1, &err), err, WF_NOTFOUND,
              "'y'");
  wf_frame_release(f);
}

TEST(unique_rows) {
  static const char *const by[] = {"x", "s"};
  wf_error err = WF_ERROR_INIT;
  wf_frame *f = FRAME("x:f64 1 NA 1 NA 2", "s:category a NA a NA a", "i:i64 1 2 3 4 5"), *g;
  REQUIRE_OK(wf_frame_unique(&g, f, by, 2, WF_KEEP_FIRST, &err), err);
  CHECK_EQ_STR(show(g, "i"), "1 2 5");
  wf_frame_release(g);
  REQUIRE_OK(wf_frame_unique(&g, f, by, 2, WF_KEEP_LAST, &err), err);
  CHECK_EQ_STR(show(g, "i"), "3 4 5");
  wf_frame_release(g);
  REQUIRE_OK(wf_frame_unique(&g, f, by, 2, WF_KEEP_NONE, &err), err);
  CHECK_EQ_STR(show(g, "i"), "5");
  wf_frame_release(g);
  REQUIRE_OK(wf_frame_unique(&g, f, NULL, 0, WF_KEEP_FIRST, &err), err);
  CHECK_EQ_INT(wf_frame_row_count(g), 5);
  wf_frame_release(g);
  wf_frame_release(f);
}

static const char *members(wf_type type, const char *words, wf_type other, const char *values) {
  wf_error err = WF_ERROR_INIT;
  wf_column *column = must_column(type, words), *set = must_column(other, values), *out = NULL;
  REQUIRE_OK(wf_column_is_in(&out, column, set, &err), err);
  const char *shown = show_column(out);
  wf_column_release(column);
  wf_column_release(set);
  wf_column_release(out);
  return shown;
}

TEST(is_in_of_types_that_go_together) {
  CHECK_EQ_STR(members(WF_I64, "1 NA 2", WF_I64, "2 3"), "false NA true");
  CHECK_EQ_STR(members(WF_I64, "9007199254740993 2", WF_I64, "9007199254740992 2"), "false true");
  CHECK_EQ_STR(members(WF_I64, "1 2 3", WF_F64, "2 2.5 inf nan NA 1e300"), "false true false");
  CHECK_EQ_STR(members(WF_F64, "1 2.5 nan", WF_I64, "1 9"), "true false false");
  CHECK_EQ_STR(members(WF_CATEGORY, "a b NA", WF_STRING, "b c"), "false true NA");
  CHECK_EQ_STR(members(WF_BOOL, "true false", WF_BOOL, "true"), "true false");
  CHECK_EQ_STR(members(WF_STRING, "a b", WF_F64, "NA"), "false false");
  CHECK_EQ_STR(members(WF_TIMESTAMP, "1704067200000000 1704153600000000", WF_STRING, "2024-01-02"),
               "false true");
}

TEST(is_in_refuses) {
  wf_error err = WF_ERROR_INIT;
  wf_column *column = must_column(WF_STRING, "a"), *set = must_column(WF_I64, "1"), *out;
  CHECK_FAILS(wf_column_is_in(&out, column, set, &err), err, WF_TYPE, "i64 values");
  wf_column_release(column);
  wf_column_release(set);
}

TEST(sort_missing_first) {
  static const bool down[] = {true};
  wf_error err = WF_ERROR_INIT;
  wf_frame *f = FRAME("x:f64 1 NA nan 4 NA", "i:i64 1 2 3 4 5"), *g;
  const char *by = "x";
  wf_sort_options options = {&by, NULL, 1, true};
  REQUIRE_OK(wf_frame_sort_with(&g, f, &options, &err), err);
  CHECK_EQ_STR(show(g, "i"), "2 5 1 4 3");
  wf_frame_release(g);
  options.descending = down;
  REQUIRE_OK(wf_frame_sort_with(&g, f, &options, &err), err);
  CHECK_EQ_STR(show(g, "i"), "2 5 4 1 3");
  wf_frame_release(g);
  wf_frame_release(f);
}

static bool everything(void) {
  static const char *const columns[] = {"k:category a b a b", "x:i64 1 NA 3 4", NULL};
  wf_frame *f = NULL, *g = NULL, *h = NULL;
  wf_column *set = NULL, *mask = NULL;
  bool done = make_frame(&f, columns) == WF_OK &&
              wf_frame_drop_missing(&g, f, NULL, 0, NULL) == WF_OK &&
              wf_frame_unique(&h, f, NULL, 0, WF_KEEP_NONE, NULL) == WF_OK &&
              make_column(&set, WF_F64, "1 2") == WF_OK &&
              wf_column_is_in(&mask, wf_frame_column_at(f, 1), set, NULL) == WF_OK;
  wf_frame_release(f);
  wf_frame_release(g);
  wf_frame_release(h);
  wf_column_release(set);
  wf_column_release(mask);
  return done;
}

TEST(clean_out_of_memory) { CHECK_OOM_SAFE(everything()); }
