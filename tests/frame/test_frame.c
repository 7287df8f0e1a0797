#include "check.h"

#include "frame/column.h"

static wf_column *numbers(int n, double first) {
  double values[64];
  wf_column *column = NULL;
  for (int i = 0; i < n; i++) values[i] = first + i;
  if (wf_column_from_f64(&column, values, NULL, (size_t)n, NULL) != WF_OK) return NULL;
  return column;
}

static wf_status make(wf_frame **out, wf_error *err) {
  wf_column *columns[3] = {numbers(5, 0), numbers(5, 10), numbers(5, 20)};
  const char *names[] = {"age", "amount", "fraud"};
  wf_status status =
      columns[0] && columns[1] && columns[2] ? wf_frame_new(out, names, columns, 3, err) : WF_NOMEM;
  for (int i = 0; i < 3; i++) wf_column_release(columns[i]);
  return status;
}

TEST(frame_new_and_get) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f;
  REQUIRE_OK(make(&f, &err), err);
  CHECK_EQ_INT(wf_frame_row_count(f), 5);
  CHECK_EQ_INT(wf_frame_column_count(f), 3);
  CHECK_EQ_INT(wf_frame_find(f, "amount"), 1);
  CHECK_EQ_INT(wf_frame_find(f, "Amount"), -1);
  wf_column *c = NULL;
  REQUIRE_OK(wf_frame_get(&c, f, "fraud", &err), err);
  CHECK_SAME(wf_column_number_at(c, 4), 24);
  CHECK_FAILS(wf_frame_get(&c, f, "fruad", &err), err, WF_NOTFOUND, "did you mean 'fraud'?");
  CHECK_FAILS(wf_frame_get(&c, f, "zip", &err), err, WF_NOTFOUND, "no column 'zip'");
  CHECK(!strstr(err.message, "did you mean"));
  wf_frame_release(f);
}

TEST(frame_new_refuses) {
  wf_error err = WF_ERROR_INIT;
  wf_column *a = numbers(2, 0), *b = numbers(3, 0);
  wf_frame *f = NULL;
  CHECK_FAILS(wf_frame_new(&f, (const char *[]){"x", "x"}, (wf_column *[]){a, a}, 2, &err), err,
              WF_INVALID, "'x'");
  CHECK_FAILS(wf_frame_new(&f, (const char *[]){"x", "y"}, (wf_column *[]){a, b}, 2, &err), err,
              WF_INVALID, "'y' has 3 rows");
  CHECK_FAILS(wf_frame_new(&f, (const char *[]){""}, (wf_column *[]){a}, 1, &err), err, WF_INVALID,
              "empty name");
  CHECK_FAILS(wf_frame_new(&f, (const char *[]){"\xff"}, (wf_column *[]){a}, 1, &err), err,
              WF_INVALID, "UTF-8");
  CHECK(f == NULL);
  wf_column_release(a);
  wf_column_release(b);
}

TEST(frame_of_no_columns) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f, *g;
  REQUIRE_OK(wf_frame_new(&f, NULL, NULL, 0, &err), err);
  wf_column *a = numbers(4, 0);
  REQUIRE_OK(wf_frame_with(&g, f, "a", a, &err), err);
  CHECK_EQ_INT(wf_frame_row_count(g), 4);
  wf_column_release(a);
  wf_frame_release(f);
  wf_frame_release(g);
}

TEST(frame_rearranges_columns) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f, *g;
  REQUIRE_OK(make(&f, &err), err);
  REQUIRE_OK(wf_frame_select(&g, f, (const char *[]){"fraud", "age"}, 2, &err), err);
  CHECK_EQ_STR(wf_frame_name_at(g, 0), "fraud");
  CHECK(wf_frame_column_at(g, 1) == wf_frame_column_at(f, 0)); /* shared */
  wf_frame_release(g);
  REQUIRE_OK(wf_frame_drop(&g, f, (const char *[]){"amount"}, 1, &err), err);
  CHECK_EQ_INT(wf_frame_column_count(g), 2);
  CHECK_EQ_STR(wf_frame_name_at(g, 1), "fraud");
  wf_frame_release(g);
  REQUIRE_OK(wf_frame_rename(&g, f, (const char *[]){"age", "fraud"},
                             (const char *[]){"fraud", "age"}, 2, &err),
             err); /* a swap */
  CHECK_EQ_STR(wf_frame_name_at(g, 0), "fraud");
  CHECK_EQ_STR(wf_frame_name_at(g, 2), "age");
  wf_frame_release(g);
  g = NULL;
  CHECK_FAILS(wf_frame_rename(&g, f, (const char *[]){"age"}, (const char *[]){"fraud"}, 1, &err),
              err, WF_INVALID, "'fraud'");
  CHECK_FAILS(wf_frame_drop(&g, f, (const char *[]){"amuont"}, 1, &err), err, WF_NOTFOUND,
              "'amount'");
  CHECK(g == NULL);
  wf_frame_release(f);
}

TEST(frame_with_replaces_in_place) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f, *g;
  REQUIRE_OK(make(&f, &err), err);
  wf_column *a = numbers(5, 100), *short_one = numbers(4, 0);
  REQUIRE_OK(wf_frame_with(&g, f, "amount", a, &err), err);
  CHECK_EQ_INT(wf_frame_column_count(g), 3);
  CHECK(wf_frame_column_at(g, 1) == a);
  wf_frame_release(g);
  CHECK_FAILS(wf_frame_with(&g, f, "new", short_one, &err), err, WF_INVALID, "4 rows");
  wf_column_release(a);
  wf_column_release(short_one);
  wf_frame_release(f);
}

static bool all_verbs(void) {
  wf_frame *f = NULL, *g = NULL;
  bool ok = make(&f, NULL) == WF_OK;
  ok = ok && wf_frame_drop(&g, f, (const char *[]){"age"}, 1, NULL) == WF_OK;
  wf_frame_release(f);
  f = NULL;
  ok = ok && wf_frame_slice(&f, g, 1, 3, NULL) == WF_OK;
  wf_frame_release(g);
  g = NULL;
  ok = ok && wf_frame_take(&g, f, (size_t[]){2, 0, 0}, 3, NULL) == WF_OK;
  wf_frame_release(f);
  wf_frame_release(g);
  return ok;
}

TEST(frame_out_of_memory) { CHECK_OOM_SAFE(all_verbs()); }
