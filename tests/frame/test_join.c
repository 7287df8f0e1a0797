#include "make.h"

#include "base/random.h"

static wf_status join_on(wf_frame **out, const wf_frame *a, const wf_frame *b, const char *key,
                         wf_join how, wf_error *err) {
  return wf_frame_join(out, a, b, &key, 1, how, err);
}

static wf_frame *joined(const wf_frame *a, const wf_frame *b, const char *key, wf_join how) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *j;
  REQUIRE_OK(join_on(&j, a, b, key, how, &err), err);
  return j;
}

/* A column of what is joined. */
static void check_join(const wf_frame *a, const wf_frame *b, const char *key, wf_join how,
                       const char *column, const char *expected) {
  wf_frame *j = joined(a, b, key, how);
  CHECK_EQ_STR(show(j, column), expected);
  wf_frame_release(j);
}

static void release_both(wf_frame *a, wf_frame *b) {
  wf_frame_release(a);
  wf_frame_release(b);
}

TEST(join_left_on_a_unique_key) {
  wf_frame *a = FRAME("id:i64 3 1 NA 9 1", "x:string a b c d e");
  wf_frame *b = FRAME("y:f64 0.1 0.2 0.3", "id:i64 1 2 3"), *j;
  j = joined(a, b, "id", WF_JOIN_LEFT);
  CHECK_EQ_INT(wf_frame_column_count(j), 3);
  CHECK_EQ_STR(show(j, "id"), "3 1 NA 9 1");
  CHECK_EQ_STR(show(j, "y"), "0.3 0.1 NA NA 0.1");
  CHECK(wf_frame_column_at(j, 1) == wf_frame_column_at(a, 1)); /* shared, not copied */
  wf_frame_release(j);
  j = joined(a, b, "id", WF_JOIN_INNER);
  CHECK_EQ_STR(show(j, "x"), "a b e");
  CHECK_EQ_STR(show(j, "y"), "0.3 0.1 0.1");
  wf_frame_release(j);
  release_both(a, b);
}

TEST(join_many_to_many) {
  wf_frame *a = FRAME("k:string p q p r", "x:i64 1 2 3 4");
  wf_frame *b = FRAME("k:category q p p NA", "x:i64 10 20 30 40"), *j;
  j = joined(a, b, "k", WF_JOIN_LEFT);
  CHECK_EQ_STR(show(j, "k"), "p p q p p r");
  CHECK_EQ_STR(show(j, "x"), "1 1 2 3 3 4");
  CHECK_EQ_STR(show(j, "x_right"), "20 30 10 20 30 NA");
  wf_frame_release(j);
  check_join(a, b, "k", WF_JOIN_INNER, "x_right", "20 30 10 20 30");
  release_both(a, b);
}

TEST(join_on_several_columns) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *a = FRAME("k:string p p q NA", "n:i64 1 2 1 1", "x:i64 1 2 3 4");
  wf_frame *b = FRAME("n:i32 2 1 1", "k:category p q p", "y:i64 20 30 10"), *j;
  REQUIRE_OK(wf_frame_join(&j, a, b, (const char *[]){"k", "n"}, 2, WF_JOIN_LEFT, &err), err);
  CHECK_EQ_STR(show(j, "y"), "10 20 30 NA");
  wf_frame_release(j);
  release_both(a, b);
}

TEST(join_floats_and_far_apart_integers) {
  wf_frame *a = FRAME("k:f64 0.5 -0 nan 7"), *b = FRAME("k:f32 nan 0 0.5", "y:i64 1 2 3");
  check_join(a, b, "k", WF_JOIN_LEFT, "y", "3 2 1 NA");
  release_both(a, b);
  a = FRAME("k:i64 9223372036854775807 -9223372036854775808 0 5");
  b = FRAME("k:i64 -9223372036854775808 9223372036854775807 5", "y:i64 1 2 3");
  check_join(a, b, "k", WF_JOIN_LEFT, "y", "2 1 NA 3");
  release_both(a, b);
}

TEST(join_empty_sides) {
  wf_frame *a = FRAME("k:i64 1 2"), *b = FRAME("k:i64", "y:string"), *j;
  check_join(a, b, "k", WF_JOIN_LEFT, "y", "NA NA");
  j = joined(b, a, "k", WF_JOIN_INNER);
  CHECK_EQ_INT(wf_frame_row_count(j), 0);
  CHECK_EQ_INT(wf_frame_column_count(j), 2);
  wf_frame_release(j);
  release_both(a, b);
}

TEST(join_refuses) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *a = FRAME("k:i64 1", "x:i64 1", "x_right:i64 1"), *b = FRAME("k:string 1", "x:i64 1");
  wf_frame *c = FRAME("k:i64 1", "x:i64 2"), *j = NULL;
  CHECK_FAILS(join_on(&j, a, b, "k", WF_JOIN_LEFT, &err), err, WF_TYPE,
              "'k': it is i64 on the left and string on the right");
  CHECK_FAILS(join_on(&j, a, b, "kk", WF_JOIN_LEFT, &err), err, WF_NOTFOUND, "left frame: there");
  CHECK_FAILS(join_on(&j, a, b, "x_right", WF_JOIN_LEFT, &err), err, WF_NOTFOUND, "right frame:");
  CHECK_FAILS(wf_frame_join(&j, a, b, NULL, 0, WF_JOIN_LEFT, &err), err, WF_INVALID,
              "at least one");
  CHECK_FAILS(join_on(&j, a, c, "k", WF_JOIN_LEFT, &err), err, WF_INVALID, "'x_right'");
  CHECK(j == NULL);
  wf_frame_release(a);
  wf_frame_release(b);
  wf_frame_release(c);
}

/* Against nested loops, for close and far keys, strings and pairs of keys. */
static void check_random_join(uint64_t seed, int64_t spread, bool as_text, size_t n_on,
                              wf_join how) {
  enum { N_LEFT = 60, N_RIGHT = 40 };
  wf_error err = WF_ERROR_INIT;
  wf_random random;
  wf_random_seed(&random, seed, 0);
  int64_t left[2][N_LEFT], right[2][N_RIGHT], rows[N_RIGHT];
  for (int c = 0; c < 2; c++) {
    for (int i = 0; i < N_LEFT; i++) left[c][i] = (int64_t)wf_random_below(&random, 12) * spread;
    for (int i = 0; i < N_RIGHT; i++) right[c][i] = (int64_t)wf_random_below(&random, 12) * spread;
  }
  for (int i = 0; i < N_RIGHT; i++) rows[i] = i;
  wf_column *c[5];
  for (int k = 0; k < 2; k++) {
    REQUIRE_OK(wf_column_from_i64(&c[k], left[k], NULL, N_LEFT, &err), err);
    REQUIRE_OK(wf_column_from_i64(&c[2 + k], right[k], NULL, N_RIGHT, &err), err);
  }
  REQUIRE_OK(wf_column_from_i64(&c[4], rows, NULL, N_RIGHT, &err), err);
  for (int k = 0; as_text && k < 4; k++) {
    wf_column *text;
    REQUIRE_OK(wf_column_cast(&text, c[k], k % 2 ? WF_STRING : WF_CATEGORY, &err), err);
    wf_column_release(c[k]);
    c[k] = text;
  }
  const char *names[] = {"a", "b", "row"};
  wf_frame *l, *r, *j;
  REQUIRE_OK(wf_frame_new(&l, names, c, 2, &err), err);
  REQUIRE_OK(wf_frame_new(&r, names, c + 2, 3, &err), err);
  REQUIRE_OK(wf_frame_join(&j, l, r, names, n_on, how, &err), err);
  wf_column *joined = NULL;
  REQUIRE_OK(wf_frame_get(&joined, j, "row", &err), err);
  size_t k = 0;
  for (int i = 0; i < N_LEFT; i++) {
    size_t before = k;
    for (int m = 0; m < N_RIGHT; m++) {
      if (left[0][i] != right[0][m] || (n_on == 2 && left[1][i] != right[1][m])) continue;
      REQUIRE(k < wf_column_count(joined));
      CHECK_EQ_INT(wf_column_integer_at(joined, k++), m);
    }
    if (k == before && how == WF_JOIN_LEFT) CHECK(wf_column_is_missing(joined, k++));
  }
  CHECK_EQ_INT(k, wf_column_count(joined));
  for (int i = 0; i < 5; i++) wf_column_release(c[i]);
  wf_frame_release(l);
  wf_frame_release(r);
  wf_frame_release(j);
}

TEST(join_equals_nested_loops) {
  for (uint64_t seed = 0; seed < 20; seed++) {
    check_random_join(seed, seed % 2 ? 1 : INT64_C(123456789012), seed % 4 > 1, 1 + seed % 2,
                      seed % 3 ? WF_JOIN_LEFT : WF_JOIN_INNER);
  }
}

static bool join_and_release(void) {
  wf_frame *a = NULL, *b = NULL, *j = NULL;
  bool ok = make_frame(&a, (const char *const[]){"k:string p q", "n:i64 1 2", "x:i64 5 6", NULL}) ==
                WF_OK &&
            make_frame(&b, (const char *const[]){"k:category q p p", "n:i64 2 1 1", "x:i64 1 2 3",
                                                 NULL}) == WF_OK &&
            wf_frame_join(&j, a, b, (const char *[]){"k", "n"}, 2, WF_JOIN_LEFT, NULL) == WF_OK;
  wf_frame_release(a);
  wf_frame_release(b);
  wf_frame_release(j);
  return ok;
}

TEST(join_out_of_memory) { CHECK_OOM_SAFE(join_and_release()); }

/* ---- concat ---------------------------------------------------------------------------------- */

TEST(concat_every_type) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *a = FRAME("i:i64 1 NA", "b:bool true false", "s:string x NA", "c:category p q");
  wf_frame *b = FRAME("s:string y zz '' w", "i:i64 2 3 4 5", "b:bool NA true true false",
                      "c:category q NA r p");
  wf_frame *j, *empty = NULL;
  REQUIRE_OK(wf_frame_slice(&empty, a, 0, 0, &err), err);
  REQUIRE_OK(wf_frame_concat(&j, (wf_frame *[]){a, empty, b, a}, 4, &err), err);
  CHECK_EQ_STR(show(j, "i"), "1 NA 2 3 4 5 1 NA");
  CHECK_EQ_STR(show(j, "b"), "true false NA true true false true false");
  CHECK_EQ_STR(show(j, "s"), "x NA y zz '' w x NA");
  CHECK_EQ_STR(show(j, "c"), "p q q NA r p p q");
  wf_frame_release(j);
  wf_frame_release(a);
  wf_frame_release(b);
  wf_frame_release(empty);
}

TEST(concat_types_that_meet) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *a = FRAME("n:i64 1", "t:category p", "m:f64 NA"), *j = NULL;
  wf_frame *b = FRAME("n:f64 0.5", "t:string q", "m:string x");
  REQUIRE_OK(wf_frame_concat(&j, (wf_frame *[]){a, b}, 2, &err), err);
  CHECK_EQ_STR(show(j, "n"), "1 0.5");
  CHECK_EQ_STR(show(j, "t"), "p q");
  CHECK_EQ_STR(show(j, "m"), "NA x"); /* a column without values fits any type */
  wf_frame_release(j);
  wf_frame_release(b);
  b = FRAME("n:string x", "t:string q", "m:f64 1");
  CHECK_FAILS(wf_frame_concat(&j, (wf_frame *[]){a, b}, 2, &err), err, WF_TYPE,
              "column 'n' is string in frame 2");
  wf_frame_release(b);
  b = FRAME("n:i64 1", "t:string q");
  CHECK_FAILS(wf_frame_concat(&j, (wf_frame *[]){a, b}, 2, &err), err, WF_NOTFOUND,
              "frame 2: there is no column 'm'");
  CHECK_FAILS(wf_frame_concat(&j, (wf_frame *[]){b, a}, 2, &err), err, WF_INVALID,
              "frame 2 has a column 'm'");
  CHECK_FAILS(wf_frame_concat(&j, NULL, 0, &err), err, WF_INVALID, "nothing");
  release_both(a, b);
}

static bool concat_and_release(void) {
  wf_frame *a = NULL, *j = NULL;
  bool ok = make_frame(&a, (const char *const[]){"k:string p NA", "n:bool true NA",
                                                 "c:category u v", "x:i64 1 2", NULL}) == WF_OK &&
            wf_frame_concat(&j, (wf_frame *[]){a, a}, 2, NULL) == WF_OK;
  wf_frame_release(a);
  wf_frame_release(j);
  return ok;
}

TEST(concat_out_of_memory) { CHECK_OOM_SAFE(concat_and_release()); }

/* Slices put together again are the whole. */
TEST(concat_of_slices_is_identity) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *a = FRAME("i:i64 1 NA 3 4 5 6 7 8 9 10 11",
                      "b:bool true NA true false true true NA "
                      "true false false true",
                      "s:string a bb NA d e '' g h i j k", "c:category a b a NA b c a a b c a");
  char whole[65], again[65];
  REQUIRE_OK(wf_frame_digest(whole, a, &err), err);
  for (size_t cut = 0; cut <= 11; cut++) {
    wf_frame *head, *tail, *j;
    REQUIRE_OK(wf_frame_slice(&head, a, 0, cut, &err), err);
    REQUIRE_OK(wf_frame_slice(&tail, a, cut, 11, &err), err);
    REQUIRE_OK(wf_frame_concat(&j, (wf_frame *[]){head, tail}, 2, &err), err);
    REQUIRE_OK(wf_frame_digest(again, j, &err), err);
    CHECK_EQ_STR(again, whole);
    wf_frame_release(head);
    wf_frame_release(tail);
    wf_frame_release(j);
  }
  wf_frame_release(a);
}

TEST(join_right_outer_semi_anti_cross) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *a = FRAME("x:i64 1 2 3 4", "k:string p q NA q"),
           *b = FRAME("k:category q r q NA", "x:i64 7 8 9 0"), *j;
  j = joined(a, b, "k", WF_JOIN_RIGHT);
  CHECK_EQ_STR(wf_frame_name_at(j, 0), "x");
  CHECK_EQ_STR(show(j, "k"), "q q r q q NA");
  CHECK_EQ_STR(show(j, "x"), "2 4 NA 2 4 NA");
  CHECK_EQ_STR(show(j, "x_right"), "7 7 8 9 9 0");
  wf_frame_release(j);
  j = joined(a, b, "k", WF_JOIN_OUTER);
  CHECK_EQ_STR(show(j, "k"), "p q q NA q q r NA");
  CHECK_EQ_STR(show(j, "x"), "1 2 2 3 4 4 NA NA");
  CHECK_EQ_STR(show(j, "x_right"), "NA 7 9 NA 7 9 8 0");
  wf_frame_release(j);
  j = joined(a, b, "k", WF_JOIN_SEMI);
  CHECK_EQ_STR(show(j, "x"), "2 4");
  CHECK_EQ_INT(wf_frame_column_count(j), 2);
  wf_frame_release(j);
  check_join(a, b, "k", WF_JOIN_ANTI, "x", "1 3");
  wf_join_options cross = {.how = WF_JOIN_CROSS, .suffix = "_b"};
  REQUIRE_OK(wf_frame_join_with(&j, a, b, &cross, &err), err);
  CHECK_EQ_INT(wf_frame_row_count(j), 16);
  CHECK_EQ_STR(show(j, "x_b"), "7 8 9 0 7 8 9 0 7 8 9 0 7 8 9 0");
  wf_frame_release(j);
  release_both(a, b);
}

TEST(join_checks_keys) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *once = FRAME("k:i64 1 2 NA NA"), *twice = FRAME("k:i64 1 3 1"), *j = NULL;
  const char *on = "k";
  wf_join_options options = {
      .on = &on, .n_on = 1, .how = WF_JOIN_LEFT, .check = WF_JOIN_ONE_TO_ONE};
  CHECK_FAILS(wf_frame_join_with(&j, once, twice, &options, &err), err, WF_INVALID,
              "rows 1 and 3 of the right frame");
  CHECK_FAILS(wf_frame_join_with(&j, twice, once, &options, &err), err, WF_INVALID,
              "the left frame");
  options.check = WF_JOIN_ONE_TO_MANY;
  REQUIRE_OK(wf_frame_join_with(&j, once, twice, &options, &err), err);
  wf_frame_release(j);
  options.check = WF_JOIN_MANY_TO_ONE;
  REQUIRE_OK(wf_frame_join_with(&j, twice, once, &options, &err), err);
  wf_frame_release(j);
  wf_frame_release(once);
  wf_frame_release(twice);
}

static bool join_every_way(void) {
  static const char *const a[] = {"k:string a b NA", "x:i64 1 2 3", NULL};
  static const char *const b[] = {"k:string b c b", "x:i64 4 5 6", NULL};
  wf_frame *left = NULL, *right = NULL, *j = NULL;
  const char *on = "k";
  bool done = make_frame(&left, a) == WF_OK && make_frame(&right, b) == WF_OK;
  for (int how = 0; done && how < WF_JOIN_CROSS; how++) {
    wf_join_options options = {&on, 1, (wf_join)how, WF_JOIN_ONE_TO_MANY, "_r"};
    done = wf_frame_join_with(&j, left, right, &options, NULL) == WF_OK;
    if (done) wf_frame_release(j);
  }
  wf_frame_release(left);
  wf_frame_release(right);
  return done;
}

TEST(join_every_way_out_of_memory) { CHECK_OOM_SAFE(join_every_way()); }
