/* Rows by columns, against one value after the other. */
#include "check.h"

#include "base/random.h"
#include "frame/builder.h"
#include "frame/print.h"
#include "frame/value.h"

#include <stdlib.h>

/* Text between brackets, each x twice: the most that growth 2 allows. */
static char *put_text(const void *context, char *to, wf_view text, const char *limit) {
  CHECK(context == NULL && limit >= text.data + text.size);
  *to++ = '[';
  for (size_t i = 0; i < text.size; i++) {
    *to++ = text.data[i];
    if (text.data[i] == 'x') *to++ = 'x';
  }
  *to++ = ']';
  memset(to, '#', WF_PRINT_SLACK);
  return to;
}

static const wf_print_rules rules = {.put_text = put_text,
                                     .growth = 2,
                                     .words = {"no", "yes", "NaN", "Inf", "-Inf"},
                                     .row_end = "|\n"};

enum { TYPES = 8 };

static wf_column *random_column(wf_type type, size_t n, wf_random *random, size_t longest) {
  wf_error err = WF_ERROR_INIT;
  wf_builder *b = NULL;
  wf_column *c = NULL;
  char *text = malloc(longest + 1);
  REQUIRE_OK(wf_builder_new(&b, type, &err), err);
  for (size_t i = 0; i < n; i++) {
    wf_status status;
    int64_t whole = (int64_t)(wf_random_u64(random) >> wf_random_below(random, 64));
    if (wf_random_below(random, 5) == 0) {
      status = wf_builder_add_missing(b, &err);
    } else if (wf_type_is_text(type)) {
      size_t size = wf_random_below(random, longest + 1);
      for (size_t k = 0; k < size; k++) text[k] = (char)('w' + wf_random_below(random, 3));
      status = wf_builder_add_text(b, (wf_view){text, size}, &err);
    } else if (type == WF_F64 || type == WF_F32) {
      status = wf_builder_add_f64(b, (double)(whole % 100000) / 100, &err);
    } else {
      if (type == WF_BOOL) whole &= 1;
      status = wf_builder_add_i64(b, type == WF_I32 ? (int32_t)whole : whole, &err);
    }
    REQUIRE_OK(status, err);
  }
  free(text);
  REQUIRE_OK(wf_builder_finish(b, &c, &err), err);
  return c;
}

static void add_expected(wf_bytes *out, const wf_column *c, size_t row, const char *before) {
  char scratch[WF_VALUE_TEXT];
  if (!wf_column_present(c, row)) {
    wf_bytes_text(out, "~");
    return;
  }
  wf_bytes_text(out, before);
  if (c->type == WF_BOOL) {
    wf_bytes_text(out, wf_bit_get(c->data->data, row) ? "yes" : "no");
    return;
  }
  wf_view text = wf_value_text(c, row, scratch);
  if (!wf_type_is_text(c->type)) {
    wf_bytes_add(out, text.data, text.size);
    return;
  }
  wf_bytes_char(out, '[');
  for (size_t i = 0; i < text.size; i++) {
    wf_bytes_add(out, text.data + i, 1);
    if (text.data[i] == 'x') wf_bytes_char(out, 'x');
  }
  wf_bytes_char(out, ']');
}

/* What stands before values may be longer than what is copied at once. */
static const char *before_of(size_t j) {
  static const char *const before[] = {"", ";",
                                       "; quite a lot before a value: ", "\"sixteen bytes\":"};
  return before[j % 4];
}

static void check_rows(size_t n, size_t longest, uint64_t seed) {
  static const wf_type types[TYPES] = {WF_F64,  WF_STRING, WF_I64,       WF_CATEGORY,
                                       WF_BOOL, WF_I32,    WF_TIMESTAMP, WF_F32};
  wf_error err = WF_ERROR_INIT;
  wf_random random;
  wf_random_seed(&random, seed, 0);
  wf_printer printer;
  wf_column *columns[TYPES];
  wf_bytes out = {0}, lines = {0}, expected = {0};
  REQUIRE_OK(wf_printer_init(&printer, TYPES, &rules, &err), err);
  for (size_t j = 0; j < TYPES; j++) {
    columns[j] = random_column(types[j], n, &random, longest);
    REQUIRE_OK(
        wf_printer_add(&printer, columns[j], wf_view_of(before_of(j)), WF_VIEW("~"), false, &err),
        err);
  }
  size_t middle = n / 3;
  wf_print_refusal refusal;
  CHECK(wf_print_rows(&printer, &out, &lines, 0, middle, &refusal));
  CHECK(wf_print_rows(&printer, &out, &lines, middle, n, &refusal));
  for (size_t row = 0; row < n; row++) {
    for (size_t j = 0; j < TYPES; j++) add_expected(&expected, columns[j], row, before_of(j));
    wf_bytes_text(&expected, "|\n");
  }
  CHECK_EQ_INT(out.size, expected.size);
  if (n) CHECK_EQ_STR(out.data, expected.data);
  wf_bytes_dispose(&out);
  wf_bytes_dispose(&lines);
  wf_bytes_dispose(&expected);
  for (size_t j = 0; j < TYPES; j++) wf_column_release(columns[j]);
  wf_printer_dispose(&printer);
}

TEST(print_rows_in_groups) {
  static const size_t sizes[] = {0, 1, 2, 63, 64, 65, 128, 200, 1000};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) check_rows(sizes[i], 20, i);
}

/* Longer than a group has room for: fewer rows at a time, down to one. */
TEST(print_long_texts) {
  check_rows(150, 3000, 50);
  check_rows(5, 400000, 51);
}

TEST(print_refuses_the_first_of_row_and_column) {
  enum { N = 100 };
  wf_error err = WF_ERROR_INIT;
  double first[N] = {0}, second[N] = {0};
  first[90] = first[71] = INFINITY;
  second[71] = NAN;
  second[70] = -INFINITY;
  wf_column *a, *b;
  wf_printer printer;
  wf_print_rules strict = rules;
  strict.words[WF_PRINT_NAN] = strict.words[WF_PRINT_INF] = NULL;
  REQUIRE_OK(wf_column_from_f64(&a, first, NULL, N, &err), err);
  REQUIRE_OK(wf_column_from_f64(&b, second, NULL, N, &err), err);
  REQUIRE_OK(wf_printer_init(&printer, 2, &strict, &err), err);
  REQUIRE_OK(wf_printer_add(&printer, a, WF_VIEW(""), WF_VIEW(""), false, &err), err);
  REQUIRE_OK(wf_printer_add(&printer, b, WF_VIEW(","), WF_VIEW(","), false, &err), err);
  wf_bytes out = {0}, lines = {0};
  wf_print_refusal refusal = {0, 0};
  CHECK(!wf_print_rows(&printer, &out, &lines, 0, N, &refusal));
  CHECK_EQ_INT(refusal.row, 71);
  CHECK_EQ_INT(refusal.column, 0);
  CHECK(wf_print_rows(&printer, &out, &lines, 0, 71, &refusal)); /* -inf has a word */
  wf_bytes_dispose(&out);
  wf_bytes_dispose(&lines);
  wf_printer_dispose(&printer);
  wf_column_release(a);
  wf_column_release(b);
}
