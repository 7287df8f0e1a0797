#include "make.h"

#include "base/random.h"
#include "frame/gather.h"

#include <stdio.h>
#include <string.h>

static const wf_type types[] = {WF_F64,  WF_CATEGORY, WF_BOOL,      WF_STRING, WF_I64,
                                WF_BOOL, WF_I32,      WF_TIMESTAMP, WF_F32,    WF_STRING};
enum { N_TYPES = sizeof types / sizeof *types, MOST = 90 };

/* n rows of text up to 40 bytes long, now and then missing. */
static wf_column *random_texts(wf_random *random, wf_type type, size_t n, bool gaps) {
  wf_error err = WF_ERROR_INIT;
  wf_builder *builder = NULL;
  wf_column *column = NULL;
  if (wf_builder_new(&builder, type, &err) != WF_OK) return NULL;
  for (size_t i = 0; i < n; i++) {
    char text[48];
    size_t size = wf_random_below(random, type == WF_STRING ? 40 : 2);
    for (size_t k = 0; k < size; k++) text[k] = (char)('a' + (int)wf_random_below(random, 26));
    wf_status status = gaps && wf_random_below(random, 5) == 0
                           ? wf_builder_add_missing(builder, &err)
                           : wf_builder_add_text(builder, (wf_view){text, size}, &err);
    CHECK(status == WF_OK);
  }
  CHECK(wf_builder_finish(builder, &column, &err) == WF_OK);
  return column;
}

static wf_column *random_column(wf_random *random, wf_type type, size_t n, bool gaps) {
  if (wf_type_is_text(type)) return random_texts(random, type, n, gaps);
  wf_error err = WF_ERROR_INIT;
  wf_column *numbers = NULL, *column = NULL;
  int64_t *values = malloc((n + 1) * sizeof *values);
  uint8_t *present = malloc(n + 1);
  for (size_t i = 0; i < n; i++) {
    values[i] = (int64_t)wf_random_below(random, type == WF_BOOL ? 2 : 1000000);
    present[i] = wf_random_below(random, 5) != 0;
  }
  CHECK(wf_column_from_i64(&numbers, values, gaps ? present : NULL, n, &err) == WF_OK);
  CHECK(wf_column_cast(&column, numbers, type, &err) == WF_OK);
  wf_column_release(numbers);
  free(values);
  free(present);
  return column;
}

static wf_frame *random_frame(wf_random *random, size_t n_columns, size_t n_rows) {
  wf_error err = WF_ERROR_INIT;
  char names[MOST][8];
  const char *pointers[MOST];
  wf_column *columns[MOST];
  wf_frame *frame = NULL;
  for (size_t i = 0; i < n_columns; i++) {
    snprintf(names[i], sizeof names[i], "c%u", (unsigned)i % 1000);
    pointers[i] = names[i];
    columns[i] = random_column(random, types[i % N_TYPES], n_rows, wf_random_below(random, 3) > 0);
  }
  CHECK(wf_frame_new(&frame, pointers, columns, n_columns, &err) == WF_OK);
  for (size_t i = 0; i < n_columns; i++) wf_column_release(columns[i]);
  return frame;
}

/* Column by column, by wf_column_take: another way to the same frame. */
static wf_frame *take_each(const wf_frame *frame, const size_t *rows, size_t n) {
  wf_error err = WF_ERROR_INIT;
  const char *names[MOST];
  wf_column *columns[MOST];
  wf_frame *taken = NULL;
  size_t n_columns = wf_frame_column_count(frame);
  for (size_t i = 0; i < n_columns; i++) {
    names[i] = wf_frame_name_at(frame, i);
    CHECK(wf_column_take(&columns[i], wf_frame_column_at(frame, i), rows, n, &err) == WF_OK);
  }
  CHECK(wf_frame_new(&taken, names, columns, n_columns, &err) == WF_OK);
  for (size_t i = 0; i < n_columns; i++) wf_column_release(columns[i]);
  return taken;
}

static bool same_frames(const wf_frame *a, const wf_frame *b) {
  char x[65], y[65];
  if (wf_frame_digest(x, a, NULL) != WF_OK || wf_frame_digest(y, b, NULL) != WF_OK) return false;
  for (size_t i = 0; i < wf_frame_column_count(a); i++) {
    if (wf_frame_column_at(a, i)->n_missing != wf_frame_column_at(b, i)->n_missing) return false;
  }
  return strcmp(x, y) == 0;
}

static void check_gather(wf_random *random, size_t n_columns, size_t n_rows, size_t n,
                         bool absent) {
  enum { PARTS = 4 };
  wf_error err = WF_ERROR_INIT;
  wf_frame *frame = random_frame(random, n_columns, n_rows), *parts[PARTS];
  size_t *rows = malloc((n + 1) * sizeof *rows);
  size_t starts[PARTS + 1] = {0, n / 3, n / 3, n - n / 7, n}; /* one part is empty */
  for (size_t i = 0; i < n; i++) {
    bool none = absent && wf_random_below(random, 9) == 0;
    rows[i] = none ? WF_NO_ROW : (size_t)wf_random_below(random, n_rows);
  }
  REQUIRE_OK(wf_gather(parts, frame, rows, starts, PARTS, &err), err);
  for (size_t p = 0; p < PARTS; p++) {
    wf_frame *expected = take_each(frame, rows + starts[p], starts[p + 1] - starts[p]);
    CHECK_EQ_INT(wf_frame_row_count(parts[p]), starts[p + 1] - starts[p]);
    CHECK(same_frames(parts[p], expected));
    wf_frame_release(expected);
    wf_frame_release(parts[p]);
  }
  free(rows);
  wf_frame_release(frame);
}

TEST(gather_as_column_by_column) {
  wf_random random;
  wf_random_seed(&random, 1, 0);
  for (size_t n_columns = 1; n_columns <= 24; n_columns++) {
    size_t n_rows = 1 + (size_t)wf_random_below(&random, 300);
    check_gather(&random, n_columns, n_rows, (size_t)wf_random_below(&random, 300), n_columns % 2);
  }
  check_gather(&random, MOST, 500, 700, true); /* more bitmaps than one word has bits */
  check_gather(&random, 12, 40000, 50000, true);
}

/* Large and mixed enough that taking and splitting go through records. */
TEST(gather_of_many_rows) {
  enum { N = 1 << 17 };
  wf_error err = WF_ERROR_INIT;
  wf_random random;
  wf_random_seed(&random, 2, 0);
  wf_frame *frame = random_frame(&random, N_TYPES, N), *taken, *split[2];
  size_t *rows = malloc(N * sizeof *rows);
  for (size_t i = 0; i < N; i++) rows[i] = i;
  CHECK(!wf_gather_pays(frame, rows, N)); /* in order: nothing to gain */
  wf_random_seed(&random, 7, 0);
  wf_random_shuffle(&random, rows, N);
  CHECK(wf_gather_pays(frame, rows, N));
  CHECK(!wf_gather_pays(frame, rows, N / 4));
  REQUIRE_OK(wf_frame_take(&taken, frame, rows, N, &err), err);
  wf_frame *expected = take_each(frame, rows, N);
  CHECK(same_frames(taken, expected));
  wf_frame_release(expected);
  wf_split_options options = {
      .fractions = (double[]){0.75, 0.25}, .n_parts = 2, .seed = 7, .shuffle = true};
  REQUIRE_OK(wf_frame_split(split, frame, &options, &err), err);
  for (size_t p = 0; p < 2; p++) {
    expected = take_each(frame, rows + (p ? N / 4 * 3 : 0), p ? N / 4 : N / 4 * 3);
    CHECK(same_frames(split[p], expected));
    wf_frame_release(expected);
    wf_frame_release(split[p]);
  }
  wf_frame_release(taken);
  wf_frame_release(frame);
  free(rows);
}

/* Pieces of any size, so that bitmaps are put together at every bit. */
TEST(concat_puts_slices_together_again) {
  wf_error err = WF_ERROR_INIT;
  wf_random random;
  wf_random_seed(&random, 4, 0);
  wf_frame *frame = random_frame(&random, 2 * N_TYPES, 100);
  for (size_t round = 0; round < 100; round++) {
    size_t a = (size_t)wf_random_below(&random, 101), b = (size_t)wf_random_below(&random, 101);
    size_t first = a < b ? a : b, second = a < b ? b : a;
    wf_frame *parts[3] = {0}, *whole = NULL;
    REQUIRE_OK(wf_frame_slice(&parts[0], frame, 0, first, &err), err);
    REQUIRE_OK(wf_frame_slice(&parts[1], frame, first, second - first, &err), err);
    REQUIRE_OK(wf_frame_slice(&parts[2], frame, second, 100 - second, &err), err);
    REQUIRE_OK(wf_frame_concat(&whole, parts, 3, &err), err);
    CHECK(same_frames(whole, frame));
    for (size_t i = 0; i < 3; i++) wf_frame_release(parts[i]);
    wf_frame_release(whole);
  }
  wf_frame_release(frame);
}

static bool gather_some(void) {
  wf_frame *frame = NULL, *parts[2] = {0};
  const size_t rows[] = {2, 0, WF_NO_ROW, 1}, starts[] = {0, 1, 4};
  bool ok = make_frame(&frame, (const char *const[]){"a:f64 1 NA 3", "b:bool true NA false",
                                                     "c:string x yy zzz", "d:category x y x",
                                                     "e:i32 1 2 3", NULL}) == WF_OK &&
            wf_gather(parts, frame, rows, starts, 2, NULL) == WF_OK;
  wf_frame_release(frame);
  wf_frame_release(parts[0]);
  wf_frame_release(parts[1]);
  return ok;
}

TEST(gather_out_of_memory) { CHECK_OOM_SAFE(gather_some()); }
