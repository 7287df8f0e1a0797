#include "make.h"

#include "wf/reshape.h"

TEST(pivot_and_melt_back) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f = FRAME("id:i64 1 1 2 2 2 3", "what:category a b a a NA b", "x:i64 10 20 30 40 5 60"),
           *wide, *l;
  const char *index = "id";
  wf_pivot_options options = {&index, 1, "what", "x", WF_AGG_SUM};
  REQUIRE_OK(wf_frame_pivot(&wide, f, &options, &err), err);
  CHECK_EQ_STR(show(wide, "id"), "1 2 3");
  CHECK_EQ_STR(show(wide, "a"), "10 70 NA");
  CHECK_EQ_STR(show(wide, "b"), "20 NA 60");
  CHECK_EQ_STR(show(wide, "missing"), "NA 5 NA");
  wf_melt_options melt = {.keep = &index, .n_keep = 1};
  REQUIRE_OK(wf_frame_melt(&l, wide, &melt, &err), err);
  CHECK_EQ_STR(show(l, "id"), "1 2 3 1 2 3 1 2 3");
  CHECK_EQ_STR(show(l, "name"), "a a a b b b missing missing missing");
  CHECK_EQ_STR(show(l, "value"), "10 70 NA 20 NA 60 NA 5 NA");
  wf_frame_release(l);
  wf_frame_release(wide);
  options.names = "x";
  options.how = WF_AGG_COUNT;
  REQUIRE_OK(wf_frame_pivot(&wide, f, &options, &err), err);
  CHECK_EQ_STR(show(wide, "60"), "NA NA 1");
  wf_frame_release(wide);
  CHECK_FAILS(wf_frame_melt(&l, f, &melt, &err), err, WF_TYPE, "value");
  melt.value_column = "id";
  CHECK_FAILS(wf_frame_melt(&l, f, &melt, &err), err, WF_INVALID, "id");
  wf_frame_release(f);
}

TEST(one_hot_columns) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f = FRAME("x:i64 1 2 3 4", "k:category b a NA b", "n:i64 10 9 10 NA"), *g;
  REQUIRE_OK(wf_frame_one_hot(&g, f, (const char *const[]){"k", "n"}, 2, false, &err), err);
  CHECK_EQ_INT(wf_frame_column_count(g), 5);
  CHECK_EQ_STR(wf_frame_name_at(g, 1), "k_a");
  CHECK_EQ_STR(show(g, "k_a"), "false true false false");
  CHECK_EQ_STR(show(g, "k_b"), "true false false true");
  CHECK_EQ_STR(show(g, "n_10"), "true false true false");
  CHECK_EQ_STR(show(g, "n_9"), "false true false false");
  wf_frame_release(g);
  REQUIRE_OK(wf_frame_one_hot(&g, f, (const char *const[]){"k"}, 1, true, &err), err);
  CHECK_EQ_STR(show(g, "k_a"), "?");
  CHECK_EQ_STR(show(g, "k_b"), "true false false true");
  wf_frame_release(g);
  CHECK_FAILS(wf_frame_one_hot(&g, f, (const char *const[]){"kk"}, 1, true, &err), err, WF_NOTFOUND,
              "kk");
  wf_frame_release(f);
}

static bool reshape(void) {
  static const char *const columns[] = {"id:i64 1 1 2", "what:string a b a", "x:i64 10 20 30",
                                        NULL};
  wf_frame *f = NULL, *wide = NULL, *l = NULL, *hot = NULL;
  const char *index = "id", *what = "what";
  wf_pivot_options options = {&index, 1, "what", "x", WF_AGG_MAX};
  wf_melt_options melt = {.keep = &index, .n_keep = 1};
  bool done = make_frame(&f, columns) == WF_OK &&
              wf_frame_pivot(&wide, f, &options, NULL) == WF_OK &&
              wf_frame_melt(&l, wide, &melt, NULL) == WF_OK &&
              wf_frame_one_hot(&hot, f, &what, 1, false, NULL) == WF_OK;
  wf_frame_release(f);
  wf_frame_release(wide);
  wf_frame_release(l);
  wf_frame_release(hot);
  return done;
}

TEST(reshape_out_of_memory) { CHECK_OOM_SAFE(reshape()); }
