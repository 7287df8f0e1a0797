/* Lines to frames: types, missing values, errors with their place, pieces. */
#include "check.h"

#include "base/random.h"
#include "frame/column.h"
#include "jsonl/chunk.h"

static wf_status parse(wf_frame **out, const char *text, const wf_jsonl_options *options,
                       wf_error *err) {
  return wf_jsonl_parse(out, text, strlen(text), options, NULL, err);
}

static const wf_column *column(const wf_frame *frame, const char *name) {
  ptrdiff_t index = wf_frame_find(frame, name);
  REQUIRE(index >= 0);
  return wf_frame_column_at(frame, (size_t)index);
}

static void check_text(const wf_column *c, size_t row, const char *expected) {
  size_t size = 0;
  const char *text = wf_column_text_at(c, row, &size);
  if (!text || size != strlen(expected) || memcmp(text, expected, size) != 0)
    test_fail(__FILE__, __LINE__, "row %zu is \"%.*s\", expected \"%s\"", row, (int)size,
              text ? text : "(missing)", expected);
}

TEST(read_types) {
  static const char text[] =
      "{\"i\":1,\"f\":1,\"b\":true,\"s\":\"x\",\"m\":null,\"big\":9223372036854775808}\n"
      "\r\n"
      "{\"f\":2.5,\"i\":-7,\"s\":\"5\",\"b\":false,\"big\":1}\r\n"
      "  {\"i\":9007199254740993}  \n"
      "{\"late\":0,\"i\":3}";
  wf_error err = WF_ERROR_INIT;
  wf_frame *f = NULL;
  REQUIRE_OK(parse(&f, text, NULL, &err), err);
  CHECK_EQ_INT(wf_frame_row_count(f), 4);
  CHECK_EQ_INT(wf_frame_column_count(f), 7);
  CHECK_EQ_STR(wf_frame_name_at(f, 0), "i");
  CHECK_EQ_STR(wf_frame_name_at(f, 6), "late");
  CHECK_EQ_INT(wf_column_type(column(f, "i")), WF_I64);
  CHECK_EQ_INT(wf_column_integer_at(column(f, "i"), 2), 9007199254740993);
  CHECK_EQ_INT(wf_column_type(column(f, "f")), WF_F64);
  CHECK_SAME(wf_column_number_at(column(f, "f"), 1), 2.5);
  CHECK_EQ_INT(wf_column_missing_count(column(f, "f")), 2);
  CHECK_EQ_INT(wf_column_type(column(f, "b")), WF_BOOL);
  CHECK_EQ_INT(wf_column_integer_at(column(f, "b"), 0), 1);
  CHECK_EQ_INT(wf_column_type(column(f, "s")), WF_STRING);
  check_text(column(f, "s"), 1, "5");
  CHECK(wf_column_is_missing(column(f, "s"), 2));
  CHECK_EQ_INT(wf_column_type(column(f, "m")), WF_F64);
  CHECK_EQ_INT(wf_column_missing_count(column(f, "m")), 4);
  CHECK_EQ_INT(wf_column_type(column(f, "big")), WF_F64);
  CHECK_SAME(wf_column_number_at(column(f, "big"), 0), 9223372036854775808.0);
  CHECK_EQ_INT(wf_column_type(column(f, "late")), WF_I64);
  CHECK_EQ_INT(wf_column_missing_count(column(f, "late")), 3);
  wf_frame_release(f);
}

TEST(read_mixed_values_are_their_text) {
  static const char text[] = "{\"a\":1.50,\"b\":true,\"n\":[1, 2]}\n"
                             "{\"a\":\"x\",\"b\":0,\"n\":{\"k\" : \"\\u00e9\"}}\n"
                             "{\"a\":99999999999999999999,\"b\":\"q\",\"n\":\"\\u00e9\"}\n";
  wf_error err = WF_ERROR_INIT;
  wf_frame *f = NULL;
  REQUIRE_OK(parse(&f, text, NULL, &err), err);
  check_text(column(f, "a"), 0, "1.50");
  check_text(column(f, "a"), 1, "x");
  check_text(column(f, "a"), 2, "99999999999999999999");
  check_text(column(f, "b"), 0, "true");
  check_text(column(f, "b"), 1, "0");
  check_text(column(f, "n"), 0, "[1, 2]");
  check_text(column(f, "n"), 1, "{\"k\" : \"\\u00e9\"}");
  check_text(column(f, "n"), 2, "é");
  wf_frame_release(f);
}

TEST(read_categories) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f = NULL;
  REQUIRE_OK(
      parse(&f, "{\"c\":\"b\"}\n{\"c\":\"a\"}\n{}\n{\"c\":\"b\"}\n{\"c\":\"a\"}\n", NULL, &err),
      err);
  const wf_column *c = column(f, "c");
  CHECK_EQ_INT(wf_column_type(c), WF_CATEGORY);
  CHECK_EQ_INT(wf_column_code_at(c, 0), 0);
  CHECK_EQ_INT(wf_column_code_at(c, 1), 1);
  CHECK_EQ_INT(wf_column_code_at(c, 2), -1);
  check_text(c, 4, "a");
  wf_frame_release(f);
}

TEST(read_nothing) {
  wf_error err = WF_ERROR_INIT;
  static const char *const texts[] = {"", "\n\n", "\xef\xbb\xbf", " \r\n"};
  for (int i = 0; i < 4; i++) {
    wf_frame *f = NULL;
    REQUIRE_OK(parse(&f, texts[i], NULL, &err), err);
    CHECK_EQ_INT(wf_frame_column_count(f), 0);
    wf_frame_release(f);
  }
}

TEST(read_keys) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f = NULL;
  REQUIRE_OK(
      parse(&f, "\xef\xbb\xbf{\"a\\u0062\":1,\"q\\\"\":2}\n{\"ab\":3,\"q\\\"\":4}\n", NULL, &err),
      err);
  CHECK_EQ_INT(wf_frame_column_count(f), 2);
  CHECK_EQ_STR(wf_frame_name_at(f, 0), "ab");
  CHECK_EQ_STR(wf_frame_name_at(f, 1), "q\"");
  CHECK_EQ_INT(wf_column_integer_at(column(f, "q\""), 1), 4);
  wf_frame_release(f);
}

static void check_error(const char *text, wf_status status, const char *message, int line, int at) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f = NULL;
  CHECK_FAILS_AT(parse(&f, text, NULL, &err), err, status, message, line, at);
}

TEST(read_errors_name_line_and_byte) {
  check_error("{\"a\":1}\n{\"a\":}\n", WF_PARSE, "line 2, byte 6: '}' where a value", 2, 6);
  check_error("{\"a\":1}\n[1]\n", WF_PARSE, "one JSON object", 2, 1);
  check_error("{\"a\":1}\n\n{\"a\":1,\"a\":2}", WF_PARSE, "'a' appears twice", 3, 8);
  check_error("{\"a\":1} x\n", WF_PARSE, "behind the object", 1, 9);
  check_error("{\"a\":1", WF_PARSE, "no ',' or '}'", 1, 7);
  check_error("{\"a\" 1}", WF_PARSE, "no ':'", 1, 6);
  check_error("{\"\":1}", WF_PARSE, "empty", 1, 2);
  check_error("{\"\\u0000\":1}", WF_PARSE, "NUL", 1, 2);
  check_error("{\"a\":\"\xff\"}", WF_PARSE, "not UTF-8", 1, 7);
  check_error("{\"a\":1}\n{\"a\":2,}\n", WF_PARSE, "a key", 2, 8);
  wf_error err = WF_ERROR_INIT;
  wf_frame *f = NULL;
  const char *path = test_write("x.jsonl", "{}\n{]\n", 6);
  CHECK_FAILS(wf_jsonl_read(&f, path, NULL, NULL, &err), err, WF_PARSE, "x.jsonl:2:2: ']'");
  CHECK_FAILS(wf_jsonl_read(&f, test_path("none"), NULL, NULL, &err), err, WF_NOTFOUND, "none");
}

TEST(read_columns_and_types) {
  static const char text[] = "{\"a\":1,\"b\":\"2\",\"c\":\"x\",\"d\":\"2020-01-02\",\"e\":1}\n"
                             "{\"a\":2,\"b\":3,\"c\":\"x\",\"d\":null,\"e\":\"false\"}\n";
  const char *columns[] = {"d", "b", "e", "c", "a"}, *typed[] = {"b", "d", "e", "c", "a"};
  wf_type types[] = {WF_I32, WF_TIMESTAMP, WF_BOOL, WF_STRING, WF_F32};
  wf_jsonl_options options = {
      .columns = columns, .n_columns = 5, .typed = typed, .types = types, .n_typed = 5};
  wf_error err = WF_ERROR_INIT;
  wf_frame *f = NULL;
  REQUIRE_OK(parse(&f, text, &options, &err), err);
  CHECK_EQ_STR(wf_frame_name_at(f, 0), "d");
  CHECK_EQ_INT(wf_column_integer_at(column(f, "d"), 0), 1577923200000000);
  CHECK_EQ_INT(wf_column_type(column(f, "b")), WF_I32);
  CHECK_EQ_INT(wf_column_integer_at(column(f, "b"), 0), 2);
  CHECK_EQ_INT(wf_column_integer_at(column(f, "e"), 0), 1);
  CHECK_EQ_INT(wf_column_integer_at(column(f, "e"), 1), 0);
  CHECK_EQ_INT(wf_column_type(column(f, "c")), WF_STRING);
  CHECK_EQ_INT(wf_column_type(column(f, "a")), WF_F32);
  wf_frame_release(f);
  options.n_columns = 1;
  REQUIRE_OK(parse(&f, text, &options, &err), err);
  CHECK_EQ_INT(wf_frame_column_count(f), 1);
  wf_frame_release(f);
  const char *absent[] = {"a", "zz"};
  options = (wf_jsonl_options){.columns = absent, .n_columns = 2};
  CHECK_FAILS(parse(&f, text, &options, &err), err, WF_NOTFOUND, "'zz'");
  options.absent_missing = true;
  REQUIRE_OK(parse(&f, text, &options, &err), err);
  CHECK_EQ_INT(wf_column_missing_count(column(f, "zz")), 2);
  wf_frame_release(f);
  absent[1] = "a";
  CHECK_FAILS(parse(&f, text, &options, &err), err, WF_INVALID, "twice");
  types[0] = WF_I64;
  typed[0] = "c";
  options = (wf_jsonl_options){.typed = typed, .types = types, .n_typed = 1};
  CHECK_FAILS(parse(&f, text, &options, &err), err, WF_TYPE, "line 1, byte 21: column 'c': 'x'");
}

TEST(read_nested_as_error) {
  wf_jsonl_options options = {.nested = WF_JSONL_NESTED_ERROR};
  wf_error err = WF_ERROR_INIT;
  wf_frame *f = NULL;
  CHECK_FAILS(parse(&f, "{\"a\":1}\n{\"a\":[]}\n", &options, &err), err, WF_TYPE,
              "'a' holds an array");
  CHECK_EQ_INT(err.line, 2);
  CHECK_EQ_INT(err.column, 6);
}

TEST(read_skips_and_keeps_bad_lines) {
  static const char text[] = "{\"early\":1,\"a\":}\n"
                             "{\"a\":1}\n"
                             "{\"a\":\"x\",\"b\":[}\n"
                             "{\"a\":2}\r\n"
                             "nonsense \xff\r\n"
                             "{\"a\":3,\"early\":7}\n"
                             "{\"a\"";
  wf_jsonl_options options = {.bad_row = WF_JSONL_SKIP};
  wf_jsonl_report report = {0};
  wf_error err = WF_ERROR_INIT;
  wf_frame *f = NULL;
  REQUIRE_OK(wf_jsonl_parse(&f, text, strlen(text), &options, &report, &err), err);
  CHECK_EQ_INT(report.n_rows, 3);
  CHECK_EQ_INT(report.n_skipped, 4);
  CHECK_EQ_INT(report.first_skipped_line, 1);
  CHECK_EQ_INT(wf_frame_column_count(f), 2);
  CHECK_EQ_STR(wf_frame_name_at(f, 0), "a"); /* a bad line leaves no trace */
  CHECK_EQ_INT(wf_column_type(column(f, "a")), WF_I64);
  REQUIRE(report.rejected);
  CHECK_EQ_INT(wf_frame_row_count(report.rejected), 4);
  CHECK_EQ_INT(wf_column_integer_at(column(report.rejected, "line"), 1), 3);
  CHECK_EQ_INT(wf_column_integer_at(column(report.rejected, "line"), 2), 5);
  CHECK_EQ_INT(wf_column_integer_at(column(report.rejected, "line"), 3), 7);
  check_text(column(report.rejected, "text"), 0, "{\"early\":1,\"a\":}");
  CHECK(wf_column_is_missing(column(report.rejected, "text"), 2));
  check_text(column(report.rejected, "text"), 3, "{\"a\"");
  check_text(column(report.rejected, "error"), 2, "byte 0xff is not UTF-8");
  wf_jsonl_report_dispose(&report);
  wf_frame_release(f);
}

/* ---- pieces -----------------------------------------------------------------------------------
 */

/* Keys that come and go, in any order; columns that turn to text late. */
static void add_line(wf_bytes *text, wf_random *random, size_t i, size_t n) {
  unsigned which = (unsigned)wf_random_below(random, 4);
  wf_bytes_format(text, "{\"id\":%zu", i);
  if (which & 1) wf_bytes_format(text, ",\"x\":%g", wf_random_unit(random));
  if (which & 2) wf_bytes_format(text, ",\"w\":\"w%u\"", (unsigned)wf_random_below(random, 9));
  if (i > n / 2)
    wf_bytes_format(text, ",\"late\":%s", which ? "1" : "\"a\\tb\"");
  else
    wf_bytes_format(text, ",\"late\":%u.50", which);
  wf_bytes_format(text, ",\"mixed\":%s,\"u\":\"%zu é\"", i % 1000 == 999 ? "1.5" : "2", i);
  wf_bytes_text(text, i % 7 ? "}\n" : "}\r\n\n");
}

TEST(read_pieces_give_the_same_frame) {
  wf_random random;
  wf_random_seed(&random, 3, 0);
  wf_bytes text = {0};
  for (size_t i = 0; i < 5000; i++) add_line(&text, &random, i, 5000);
  text.size--; /* the last line is not ended */
  wf_error err = WF_ERROR_INIT;
  char expected[65] = "-";
  for (size_t block = 1 << 30; block > 100; block /= 7) {
    wf_frame *f = NULL;
    char digest[65] = "";
    REQUIRE_OK(wf_jsonl_parse_by(&f, (wf_view){text.data, text.size}, NULL, block, NULL, &err),
               err);
    REQUIRE_OK(wf_frame_digest(digest, f, &err), err);
    if (*expected == '-') memcpy(expected, digest, 65);
    CHECK_EQ_STR(digest, expected);
    CHECK_EQ_INT(wf_column_type(column(f, "late")), WF_CATEGORY);
    check_text(column(f, "late"), 0,
               wf_column_text_at(column(f, "late"), 0, &(size_t){0})[0] == '0'   ? "0.50"
               : wf_column_text_at(column(f, "late"), 0, &(size_t){0})[0] == '1' ? "1.50"
                                                                                 : "2.50");
    CHECK_EQ_INT(wf_column_type(column(f, "mixed")), WF_F64);
    CHECK_EQ_INT(wf_column_type(column(f, "u")), WF_STRING);
    wf_frame_release(f);
  }
  wf_bytes_dispose(&text);
}

TEST(read_error_in_a_late_piece) {
  wf_bytes text = {0};
  for (int i = 0; i < 3000; i++) wf_bytes_text(&text, "{\"a\":1}\n");
  wf_bytes_text(&text, "{\"a\":1\n{\"a\":1}\n");
  wf_error err = WF_ERROR_INIT;
  wf_frame *f = NULL;
  CHECK_FAILS(wf_jsonl_parse_by(&f, (wf_view){text.data, text.size}, NULL, 500, NULL, &err), err,
              WF_PARSE, "line 3001, byte 7");
  CHECK_EQ_INT(err.line, 3001);
  wf_bytes_dispose(&text);
}

TEST(read_compressed) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f = NULL, *g = NULL;
  REQUIRE_OK(parse(&f, "{\"a\":1}\n{\"a\":2}\n", NULL, &err), err);
  REQUIRE_OK(wf_jsonl_write(f, test_path("a.jsonl.gz"), false, &err), err);
  REQUIRE_OK(wf_jsonl_read(&g, test_path("a.jsonl.gz"), NULL, NULL, &err), err);
  CHECK_EQ_INT(wf_frame_row_count(g), 2);
  wf_frame_release(f);
  wf_frame_release(g);
}

static bool read_and_free(const wf_jsonl_options *options, size_t block) {
  static const char text[] =
      "{\"a\":1,\"b\":\"x\\ty\",\"c\":\"v\",\"k\\n\":2}\n{\"a\":1.5,\"b\":2,\"c\":\"v\"}\n"
      "{\"a\":]\n{\"a\":2,\"c\":\"v\",\"d\":true}\n{\"a\":3";
  wf_frame *f = NULL;
  wf_jsonl_report report = {0};
  bool ok = wf_jsonl_parse_by(&f, WF_VIEW(text), options, block, &report, NULL) == WF_OK;
  wf_frame_release(f);
  wf_jsonl_report_dispose(&report);
  return ok;
}

TEST(read_out_of_memory) {
  const char *typed[] = {"a"};
  wf_type types[] = {WF_F32};
  wf_jsonl_options options = {
      .bad_row = WF_JSONL_SKIP, .typed = typed, .types = types, .n_typed = 1};
  CHECK_OOM_SAFE(read_and_free(&options, 0));
  options.n_typed = 0;
  CHECK_OOM_SAFE(read_and_free(&options, 20));
}
