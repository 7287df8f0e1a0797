#include "make.h"

#include "base/random.h"

TEST(summary_of_numbers) {
  wf_error err = WF_ERROR_INIT;
  wf_column *c = must_column(WF_F64, "4 1 NA 2 8 2");
  wf_summary s;
  REQUIRE_OK(wf_column_summarise(&s, c, &err), err);
  CHECK_EQ_INT(s.count, 5);
  CHECK_EQ_INT(s.missing, 1);
  CHECK_EQ_INT(s.distinct, 4);
  CHECK_SAME(s.mean, 3.4);
  CHECK_NEAR(s.std, 2.792848008753788, 1e-15);
  CHECK_SAME(s.min, 1);
  CHECK_SAME(s.q25, 2);
  CHECK_SAME(s.median, 2);
  CHECK_SAME(s.q75, 4);
  CHECK_SAME(s.max, 8);
  wf_column_release(c);
}

TEST(summary_of_text_and_of_nothing) {
  wf_error err = WF_ERROR_INIT;
  wf_column *c = must_column(WF_CATEGORY, "a b NA a");
  wf_summary s;
  REQUIRE_OK(wf_column_summarise(&s, c, &err), err);
  CHECK_EQ_INT(s.distinct, 2);
  CHECK(isnan(s.mean) && isnan(s.max));
  wf_column_release(c);
  c = must_column(WF_I64, "NA NA");
  REQUIRE_OK(wf_column_summarise(&s, c, &err), err);
  CHECK_EQ_INT(s.count, 0);
  CHECK_EQ_INT(s.distinct, 0);
  CHECK(isnan(s.mean) && isnan(s.median));
  wf_column_release(c);
  c = must_column(WF_I64, "7");
  REQUIRE_OK(wf_column_summarise(&s, c, &err), err);
  CHECK_SAME(s.median, 7);
  CHECK(isnan(s.std));
  wf_column_release(c);
}

TEST(mean_is_compensated) {
  wf_error err = WF_ERROR_INIT;
  wf_column *c = must_column(WF_F64, "1e100 1 -1e100 1");
  wf_summary s;
  REQUIRE_OK(wf_column_summarise(&s, c, &err), err);
  CHECK_SAME(s.mean, 0.5);
  wf_column_release(c);
}

TEST(quantile_type_7) {
  wf_error err = WF_ERROR_INIT;
  wf_column *c = must_column(WF_I64, "10 1 4 7");
  double q;
  /* numpy.quantile([10, 1, 4, 7], …) */
  REQUIRE_OK(wf_column_quantile(&q, c, 0.1, &err), err);
  CHECK_NEAR(q, 1.9, 1e-15);
  REQUIRE_OK(wf_column_quantile(&q, c, 0.5, &err), err);
  CHECK_SAME(q, 5.5);
  REQUIRE_OK(wf_column_quantile(&q, c, 0, &err), err);
  CHECK_SAME(q, 1);
  REQUIRE_OK(wf_column_quantile(&q, c, 1, &err), err);
  CHECK_SAME(q, 10);
  CHECK_FAILS(wf_column_quantile(&q, c, 1.1, &err), err, WF_INVALID, "1.1");
  wf_column_release(c);
  c = must_column(WF_I64, "NA");
  CHECK_FAILS(wf_column_quantile(&q, c, 0.5, &err), err, WF_INVALID, "no values");
  wf_column_release(c);
  c = must_column(WF_STRING, "x");
  CHECK_FAILS(wf_column_quantile(&q, c, 0.5, &err), err, WF_TYPE, "string");
  wf_column_release(c);
}

static int compare_doubles(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Selection against sorting, with many ties and with none. */
TEST(quantile_equals_sorting) {
  wf_error err = WF_ERROR_INIT;
  wf_random random;
  wf_random_seed(&random, 5, 0);
  for (int round = 0; round < 60; round++) {
    double values[97];
    size_t n = 1 + wf_random_below(&random, 97);
    for (size_t i = 0; i < n; i++) {
      values[i] = round % 2 ? wf_random_normal(&random) : (double)wf_random_below(&random, 5) - 2;
    }
    wf_column *c;
    REQUIRE_OK(wf_column_from_f64(&c, values, NULL, n, &err), err);
    qsort(values, n, sizeof *values, compare_doubles);
    for (double p = 0; p <= 1; p += 0.125) {
      double q, at = (double)(n - 1) * p;
      size_t low = (size_t)at;
      double expected = values[low];
      if (at > (double)low) expected += (values[low + 1] - values[low]) * (at - (double)low);
      REQUIRE_OK(wf_column_quantile(&q, c, p, &err), err);
      CHECK_SAME(q, expected);
    }
    wf_column_release(c);
  }
}

TEST(value_counts) {
  wf_error err = WF_ERROR_INIT;
  wf_column *c = must_column(WF_STRING, "b a NA a c b a NA");
  wf_frame *f;
  REQUIRE_OK(wf_column_value_counts(&f, c, &err), err);
  CHECK_EQ_STR(show(f, "value"), "a b NA c");
  CHECK_EQ_STR(show(f, "count"), "3 2 2 1");
  CHECK_EQ_STR(show(f, "share"), "0.375 0.25 0.25 0.125");
  wf_frame_release(f);
  wf_column_release(c);
  c = must_column(WF_F64, "");
  REQUIRE_OK(wf_column_value_counts(&f, c, &err), err);
  CHECK_EQ_INT(wf_frame_row_count(f), 0);
  wf_frame_release(f);
  wf_column_release(c);
}

TEST(describe) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f = FRAME("x:f64 1 2 3 NA", "t:category a b a a", "e:i64 NA NA NA NA"), *d;
  REQUIRE_OK(wf_frame_describe(&d, f, &err), err);
  CHECK_EQ_STR(show(d, "column"), "x t e");
  CHECK_EQ_STR(show(d, "type"), "f64 category i64");
  CHECK_EQ_STR(show(d, "count"), "3 4 0");
  CHECK_EQ_STR(show(d, "missing"), "1 0 4");
  CHECK_EQ_STR(show(d, "distinct"), "3 2 0");
  CHECK_EQ_STR(show(d, "mean"), "2 NA NA");
  CHECK_EQ_STR(show(d, "std"), "1 NA NA");
  CHECK_EQ_STR(show(d, "q25"), "1.5 NA NA");
  CHECK_EQ_STR(show(d, "max"), "3 NA NA");
  wf_frame_release(d);
  wf_frame_release(f);
}

static bool summarise_all(void) {
  wf_frame *f = NULL, *d = NULL, *v = NULL;
  double q;
  bool ok =
      make_frame(&f, (const char *const[]){"x:f64 1 2 NA", "t:string a b a", NULL}) == WF_OK &&
      wf_frame_describe(&d, f, NULL) == WF_OK &&
      wf_column_value_counts(&v, wf_frame_column_at(f, 1), NULL) == WF_OK &&
      wf_column_quantile(&q, wf_frame_column_at(f, 0), 0.5, NULL) == WF_OK;
  wf_frame_release(f);
  wf_frame_release(d);
  wf_frame_release(v);
  return ok;
}

TEST(summary_out_of_memory) { CHECK_OOM_SAFE(summarise_all()); }

/* ---- digest ---------------------------------------------------------------------------------- */

static const char *digest_of(wf_frame *f) { /* releases it */
  static char out[8][65];
  static unsigned turn;
  char *text = out[turn++ % 8];
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_frame_digest(text, f, &err), err);
  wf_frame_release(f);
  return text;
}

TEST(digest_tells_contents_apart) {
  const char *base = digest_of(FRAME("a:i64 1 2 NA", "b:string x y z"));
  CHECK_EQ_INT(strlen(base), 64);
  CHECK_EQ_STR(digest_of(FRAME("a:i64 1 2 NA", "b:string x y z")), base);
  CHECK(strcmp(digest_of(FRAME("a:i64 1 2 0", "b:string x y z")), base) != 0);
  CHECK(strcmp(digest_of(FRAME("a:i64 1 2 NA", "c:string x y z")), base) != 0);
  CHECK(strcmp(digest_of(FRAME("a:i64 1 2 NA", "b:string x yz ''")), base) != 0);
  CHECK(strcmp(digest_of(FRAME("a:f64 1 2 NA", "b:string x y z")), base) != 0);
  CHECK(strcmp(digest_of(FRAME("b:string x y z", "a:i64 1 2 NA")), base) != 0);
}

/* The order of a dictionary, and strings in it that no longer occur, do not count. */
TEST(digest_is_of_values) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *a = FRAME("c:category q p NA q"), *b = FRAME("c:category r p q p NA q"), *tail;
  REQUIRE_OK(wf_frame_slice(&tail, b, 2, 4, &err), err);
  CHECK_EQ_STR(digest_of(tail), digest_of(a));
  wf_frame_release(b);
}

/* The first text takes the place that a missing row has. */
TEST(digest_tells_missing_from_the_first_text) {
  const char *base = digest_of(FRAME("c:category p NA q"));
  CHECK(strcmp(digest_of(FRAME("c:category p p q")), base) != 0);
  CHECK(strcmp(digest_of(FRAME("c:category p q NA")), base) != 0);
  CHECK(strcmp(digest_of(FRAME("c:category NA NA NA")), digest_of(FRAME("c:category NA NA"))) != 0);
}

/* As many texts as need two bytes a row; frames large enough for threads. */
TEST(digest_of_many_texts) {
  enum { N = 40000 };
  wf_error err = WF_ERROR_INIT;
  wf_column *same[2] = {NULL, NULL}, *other = NULL;
  static const char *texts[N];
  static char room[N][8];
  for (int way = 0; way < 3; way++) {
    for (int i = 0; i < N; i++) {
      snprintf(room[i], sizeof room[i], "t%d", (i * 7 + (way == 2 && i == N - 1)) % 300);
      texts[i] = room[i];
    }
    wf_column *text;
    REQUIRE_OK(wf_column_from_strings(&text, texts, N, &err), err);
    REQUIRE_OK(wf_column_cast(way == 2 ? &other : &same[way], text, WF_CATEGORY, &err), err);
    wf_column_release(text);
  }
  const char *names[] = {"a", "b"};
  wf_frame *f, *g;
  REQUIRE_OK(wf_frame_new(&f, names, (wf_column *[]){same[0], same[1]}, 2, &err), err);
  REQUIRE_OK(wf_frame_new(&g, names, (wf_column *[]){same[1], other}, 2, &err), err);
  CHECK(strcmp(digest_of(f), digest_of(g)) != 0);
  REQUIRE_OK(wf_frame_new(&f, names, (wf_column *[]){same[0], other}, 2, &err), err);
  REQUIRE_OK(wf_frame_new(&g, names, (wf_column *[]){same[1], other}, 2, &err), err);
  CHECK_EQ_STR(digest_of(f), digest_of(g));
  wf_column_release(same[0]);
  wf_column_release(same[1]);
  wf_column_release(other);
}

static bool digest_frame(void) {
  wf_frame *f = NULL;
  char out[65];
  bool ok = make_frame(&f, (const char *const[]){"t:category a b a", NULL}) == WF_OK &&
            wf_frame_digest(out, f, NULL) == WF_OK;
  wf_frame_release(f);
  return ok;
}

TEST(digest_out_of_memory) { CHECK_OOM_SAFE(digest_frame()); }
