#include "make.h"

static const char *const every_type[] = {
    "f:f64 0.5 1.5 NA 3.5 4.5 5.5 6.5 7.5 8.5 9.5",
    "g:f32 0 1 2 3 4 5 6 NA 8 9",
    "i:i64 0 1 2 3 4 5 NA 7 8 9",
    "j:i32 0 1 2 3 NA 5 6 7 8 9",
    "b:bool true false true true NA false true true false true",
    "s:string a b '' NA dddd e f g hh i",
    "c:category x y NA x y z x y z x",
    "t:timestamp 0 1 2 3 4 5 6 7 NA 9",
    NULL};

TEST(slice_every_type) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f = must_frame(every_type), *g;
  REQUIRE_OK(wf_frame_slice(&g, f, 2, 6, &err), err);
  CHECK_EQ_STR(show(g, "f"), "NA 3.5 4.5 5.5 6.5 7.5");
  CHECK_EQ_STR(show(g, "g"), "2 3 4 5 6 NA");
  CHECK_EQ_STR(show(g, "i"), "2 3 4 5 NA 7");
  CHECK_EQ_STR(show(g, "j"), "2 3 NA 5 6 7");
  CHECK_EQ_STR(show(g, "b"), "true true NA false true true");
  CHECK_EQ_STR(show(g, "s"), "'' NA dddd e f g");
  CHECK_EQ_STR(show(g, "c"), "NA x y z x y");
  CHECK_EQ_INT(wf_column_missing_count(wf_frame_column_at(g, 7)), 0);
  CHECK(wf_frame_column_at(g, 7)->validity == NULL);
  wf_frame_release(g);
  wf_frame_release(f);
}

TEST(slice_clips_and_shares) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f = must_frame(every_type), *g;
  REQUIRE_OK(wf_frame_slice(&g, f, 8, 100, &err), err);
  CHECK_EQ_STR(show(g, "i"), "8 9");
  wf_frame_release(g);
  REQUIRE_OK(wf_frame_slice(&g, f, 100, 5, &err), err);
  CHECK_EQ_INT(wf_frame_row_count(g), 0);
  CHECK_EQ_INT(wf_frame_column_count(g), 8);
  wf_frame_release(g);
  REQUIRE_OK(wf_frame_slice(&g, f, 0, SIZE_MAX, &err), err);
  CHECK(wf_frame_column_at(g, 0) == wf_frame_column_at(f, 0));
  wf_frame_release(g);
  wf_frame_release(f);
}

TEST(slice_of_bits_at_every_offset) {
  wf_error err = WF_ERROR_INIT;
  uint8_t values[40], present[40];
  for (int i = 0; i < 40; i++) values[i] = (i * 7) % 3 == 0, present[i] = i % 5 != 0;
  wf_column *c, *s;
  REQUIRE_OK(wf_column_from_bool(&c, values, present, 40, &err), err);
  for (size_t begin = 0; begin < 40; begin++) {
    for (size_t n = 0; n <= 40 - begin; n++) {
      REQUIRE_OK(wf_column_slice(&s, c, begin, n, &err), err);
      for (size_t i = 0; i < n; i++) {
        CHECK_EQ_INT(wf_column_is_missing(s, i), !present[begin + i]);
        CHECK_EQ_INT(wf_column_integer_at(s, i), present[begin + i] && values[begin + i]);
      }
      if (n % 8) CHECK_EQ_INT(s->data->data[n / 8] >> n % 8, 0); /* spare bits are clear */
      wf_column_release(s);
    }
  }
  wf_column_release(c);
}

TEST(take_every_type) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f = must_frame(every_type), *g;
  REQUIRE_OK(wf_frame_take(&g, f, (size_t[]){9, 2, 2, 0}, 4, &err), err);
  CHECK_EQ_STR(show(g, "f"), "9.5 NA NA 0.5");
  CHECK_EQ_STR(show(g, "g"), "9 2 2 0");
  CHECK_EQ_STR(show(g, "b"), "true true true true");
  CHECK_EQ_STR(show(g, "s"), "i '' '' a");
  CHECK_EQ_STR(show(g, "c"), "x NA NA x");
  wf_frame_release(g);
  g = NULL;
  CHECK_FAILS(wf_frame_take(&g, f, (size_t[]){10}, 1, &err), err, WF_INVALID, "row 11");
  REQUIRE_OK(wf_frame_take(&g, f, NULL, 0, &err), err);
  CHECK_EQ_INT(wf_frame_row_count(g), 0);
  wf_frame_release(g);
  wf_frame_release(f);
}

TEST(take_rows_that_do_not_exist) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f = must_frame(every_type);
  for (size_t i = 0; i < wf_frame_column_count(f); i++) {
    wf_column *c;
    REQUIRE_OK(wf_column_take(&c, wf_frame_column_at(f, i), (size_t[]){1, WF_NO_ROW, 3}, 3, &err),
               err);
    CHECK(wf_column_is_missing(c, 1));
    CHECK(!wf_column_is_missing(c, 0));
    wf_column_release(c);
  }
  wf_frame_release(f);
}

TEST(filter_by_mask) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f = must_frame(every_type), *g;
  wf_column *mask = NULL, *c = NULL;
  REQUIRE_OK(wf_frame_get(&mask, f, "b", &err), err);
  REQUIRE_OK(wf_frame_filter(&g, f, mask, &err), err); /* missing counts as false */
  CHECK_EQ_STR(show(g, "i"), "0 2 3 NA 7 9");
  wf_frame_release(g);
  REQUIRE_OK(wf_frame_get(&c, f, "i", &err), err);
  CHECK_FAILS(wf_frame_filter(&g, f, c, &err), err, WF_TYPE, "needs a bool column, not i64");
  wf_column *short_mask = must_column(WF_BOOL, "true");
  CHECK_FAILS(wf_frame_filter(&g, f, short_mask, &err), err, WF_INVALID, "has 1 rows");
  wf_column_release(short_mask);
  wf_frame_release(f);
}

static bool select_rows(void) {
  wf_frame *f = NULL, *g = NULL, *h = NULL;
  bool ok = make_frame(&f, every_type) == WF_OK && wf_frame_slice(&g, f, 1, 8, NULL) == WF_OK &&
            wf_frame_filter(&h, f, wf_frame_column_at(f, 4), NULL) == WF_OK;
  wf_frame_release(f);
  wf_frame_release(g);
  wf_frame_release(h);
  return ok;
}

TEST(select_out_of_memory) { CHECK_OOM_SAFE(select_rows()); }

/* Wide and long enough that columns are gathered by several threads. */
TEST(take_in_parallel) {
  wf_error err = WF_ERROR_INIT;
  enum { N = 200000 };
  double *values = malloc(N * sizeof *values);
  size_t *rows = malloc(N * sizeof *rows);
  for (size_t i = 0; i < N; i++) values[i] = (double)i, rows[i] = N - 1 - i;
  wf_column *c;
  REQUIRE_OK(wf_column_from_f64(&c, values, NULL, N, &err), err);
  wf_frame *f, *g;
  REQUIRE_OK(wf_frame_new(&f, (const char *[]){"a", "b", "c"}, (wf_column *[]){c, c, c}, 3, &err),
             err);
  REQUIRE_OK(wf_frame_take(&g, f, rows, N, &err), err);
  for (size_t j = 0; j < 3; j++) {
    const double *taken = wf_column_f64(wf_frame_column_at(g, j));
    for (size_t i = 0; i < N; i++) {
      if (taken[i] != (double)(N - 1 - i)) {
        CHECK_SAME(taken[i], N - 1 - i);
        break;
      }
    }
  }
  wf_frame_release(f);
  wf_frame_release(g);
  wf_column_release(c);
  free(values);
  free(rows);
}
