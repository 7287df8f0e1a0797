#include "check.h"

#include "frame/column.h"
#include "wf/csv.h"

#include <stdlib.h>
#include <unistd.h>

/* ---- helpers --------------------------------------------------------------------------------- */

static wf_status parse_with(wf_frame **out, const char *text, const wf_csv_options *options,
                            wf_error *err) {
  return wf_csv_parse(out, text, strlen(text), options, NULL, err);
}

static wf_status parse(wf_frame **out, const char *text, wf_error *err) {
  return parse_with(out, text, NULL, err);
}

/* One cell as text: "-" for missing. */
static const char *cell(const wf_frame *frame, size_t column, size_t row) {
  static char shown[8][256];
  static unsigned turn;
  char *out = shown[turn++ % 8];
  wf_column *c = wf_frame_column_at(frame, column), *text;
  if (wf_column_is_missing(c, row)) return "-";
  if (wf_column_cast(&text, c, WF_STRING, NULL) != WF_OK) return "?";
  size_t size;
  const char *data = wf_column_text_at(text, row, &size);
  snprintf(out, 256, "%.*s", (int)size, data);
  wf_column_release(text);
  return out;
}

static const char *type_of(const wf_frame *frame, size_t column) {
  return wf_type_name(wf_column_type(wf_frame_column_at(frame, column)));
}

/* The type of the one column of this text. */
static const char *type_of_text(const char *text) {
  wf_frame *f;
  wf_error err = WF_ERROR_INIT;
  if (parse(&f, text, &err) != WF_OK) {
    static char message[sizeof err.message];
    memcpy(message, err.message, sizeof message);
    return message;
  }
  const char *name = type_of(f, 0);
  wf_frame_release(f);
  return name;
}

/* ---- values ---------------------------------------------------------------------------------- */

TEST(csv_plain) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f;
  REQUIRE_OK(parse(&f, "a,b,c,d\n1,2.5,x,true\n-3,1e3,y,FALSE\n", &err), err);
  CHECK_EQ_INT(wf_frame_row_count(f), 2);
  CHECK_EQ_STR(type_of(f, 0), "i64");
  CHECK_EQ_STR(type_of(f, 1), "f64");
  CHECK_EQ_STR(type_of(f, 2), "string");
  CHECK_EQ_STR(type_of(f, 3), "bool");
  CHECK_EQ_STR(cell(f, 0, 1), "-3");
  CHECK_EQ_STR(cell(f, 1, 1), "1000");
  CHECK_EQ_STR(cell(f, 2, 0), "x");
  CHECK_EQ_STR(cell(f, 3, 1), "false");
  wf_frame_release(f);
}

TEST(csv_quotes_line_ends_and_mark) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f;
  REQUIRE_OK(
      parse(&f, "\xef\xbb\xbf\"a\",b\r\n\"x, \"\"y\"\"\",1\r\n\n\r\n\"two\nlines\",2\rz,3", &err),
      err);
  CHECK_EQ_STR(wf_frame_name_at(f, 0), "a");
  CHECK_EQ_INT(wf_frame_row_count(f), 3);
  CHECK_EQ_STR(cell(f, 0, 0), "x, \"y\"");
  CHECK_EQ_STR(cell(f, 0, 1), "two\nlines");
  CHECK_EQ_STR(cell(f, 0, 2), "z");
  CHECK_EQ_STR(cell(f, 1, 2), "3");
  wf_frame_release(f);
}

TEST(csv_infers_over_all_values) {
  CHECK_EQ_STR(type_of_text("a\n1\n2\n"), "i64");
  CHECK_EQ_STR(type_of_text("a\n1\n2.5\n"), "f64");
  CHECK_EQ_STR(type_of_text("a\n2.5\n1\n"), "f64");
  CHECK_EQ_STR(type_of_text("a\n1\n9223372036854775808\n"), "f64"); /* beyond i64 */
  CHECK_EQ_STR(type_of_text("a\n-9223372036854775808\n"), "i64");
  CHECK_EQ_STR(type_of_text("a\n1\ntrue\n"), "string");
  CHECK_EQ_STR(type_of_text("a\ntrue\n1\n"), "string");
  CHECK_EQ_STR(type_of_text("a\n2.5\nx\n"), "string");
  CHECK_EQ_STR(type_of_text("a\ntrue\nNA\nfalse\n"), "bool");
  CHECK_EQ_STR(type_of_text("a\n1\n\"\"\n3\n"), "i64");
  CHECK_EQ_STR(type_of_text("a\n\"1\"\n\"2\"\n"), "i64"); /* quoting does not make text */
  CHECK_EQ_STR(type_of_text("a\n 1\n2\t\n"), "i64");      /* nor do blanks */
  CHECK_EQ_STR(type_of_text("a\n1\n\"NA\"\n"), "string"); /* a quoted marker does */
  CHECK_EQ_STR(type_of_text("a\nNA\nN/A\n"), "f64");
  CHECK_EQ_STR(type_of_text("a\n\"\"\nNA\n"), "string"); /* an empty text is text */
  CHECK_EQ_STR(type_of_text("a\ninf\n1\n"), "f64");
  CHECK_EQ_STR(type_of_text("a\n0x10\n1\n"), "string");
  CHECK_EQ_STR(type_of_text("a\nx\nx\ny\ny\n"), "category");
  CHECK_EQ_STR(type_of_text("a\nx\nx\ny\n"), "string"); /* three values, two distinct */
  CHECK_EQ_STR(type_of_text("a\n"), "string");
}

TEST(csv_missing) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f;
  REQUIRE_OK(parse(&f, "n,t\n,\nNA,\"\"\n\"\",\"NA\"\n3,None\nnull,N/A\n", &err), err);
  CHECK_EQ_STR(type_of(f, 0), "i64");
  CHECK_EQ_INT(wf_column_missing_count(wf_frame_column_at(f, 0)), 4);
  CHECK_EQ_STR(cell(f, 0, 3), "3");
  CHECK_EQ_STR(cell(f, 1, 0), "-");
  CHECK_EQ_STR(cell(f, 1, 1), "");
  CHECK_EQ_STR(cell(f, 1, 2), "NA");
  CHECK_EQ_STR(cell(f, 1, 3), "None");
  CHECK_EQ_STR(cell(f, 1, 4), "-");
  wf_frame_release(f);
}

TEST(csv_missing_markers_of_ones_own) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f;
  wf_csv_options options = wf_csv_options_default();
  options.missing = (const char *[]){"-999", "?"};
  options.n_missing = 2;
  REQUIRE_OK(parse_with(&f, "n,t\n-999,?\n5,\n,x\n", &options, &err), err);
  CHECK_EQ_STR(type_of(f, 0), "i64");
  CHECK_EQ_STR(cell(f, 0, 0), "-");
  CHECK_EQ_STR(cell(f, 0, 2), "-"); /* empty is no number, marker or not */
  CHECK_EQ_STR(cell(f, 1, 0), "-");
  CHECK_EQ_STR(cell(f, 1, 1), ""); /* but it is a text */
  wf_frame_release(f);
}

TEST(csv_options) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f;
  wf_csv_options options = wf_csv_options_default();
  options.delimiter = ';';
  options.quote = '\'';
  options.header = false;
  options.max_rows = 2;
  REQUIRE_OK(parse_with(&f, "1;'a;b'\n2;c\n3;d\nragged\n", &options, &err), err);
  CHECK_EQ_INT(wf_frame_row_count(f), 2);
  CHECK_EQ_STR(wf_frame_name_at(f, 1), "column_2");
  CHECK_EQ_STR(cell(f, 1, 0), "a;b");
  wf_frame_release(f);
  options.quote = ';';
  CHECK_FAILS(parse_with(&f, "a", &options, &err), err, WF_INVALID, "both ';'");
  options.quote = '\n';
  CHECK_FAILS(parse_with(&f, "a", &options, &err), err, WF_INVALID, "quote");
}

TEST(csv_trim) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f;
  wf_csv_options options = wf_csv_options_default();
  REQUIRE_OK(parse(&f, "a, b\nx , y\n", &err), err); /* blanks are data … */
  CHECK_EQ_STR(wf_frame_name_at(f, 1), " b");
  CHECK_EQ_STR(cell(f, 0, 0), "x ");
  wf_frame_release(f);
  options.trim = true;
  REQUIRE_OK(parse_with(&f, "a, b,\tc\n  x , \"y \" ,NA\n \t\n z,,\n", &options, &err), err);
  CHECK_EQ_STR(wf_frame_name_at(f, 2), "c");
  CHECK_EQ_INT(wf_frame_row_count(f), 2);
  CHECK_EQ_STR(cell(f, 0, 0), "x");
  CHECK_EQ_STR(cell(f, 1, 0), "y "); /* … and inside quotes they stay */
  CHECK_EQ_STR(cell(f, 2, 0), "-");
  CHECK_EQ_STR(cell(f, 0, 1), "z");
  wf_frame_release(f);
}

TEST(csv_chosen_columns_and_types) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f;
  wf_csv_options options = wf_csv_options_default();
  options.columns = (const char *[]){"c", "a"};
  options.n_columns = 2;
  options.typed = (const char *[]){"a", "b"};
  options.types = (wf_type[]){WF_STRING, WF_I32};
  options.n_typed = 2;
  REQUIRE_OK(parse_with(&f, "a,b,c\n007,x,2026-01-02\n08,y,NA\n", &options, &err), err);
  CHECK_EQ_INT(wf_frame_column_count(f), 2);
  CHECK_EQ_STR(wf_frame_name_at(f, 0), "c");
  CHECK_EQ_STR(type_of(f, 1), "string");
  CHECK_EQ_STR(cell(f, 1, 0), "007");
  wf_frame_release(f);
  options.columns = NULL;
  CHECK_FAILS(parse_with(&f, "a,b\n1,5\n2,5000000000\n", &options, &err), err, WF_TYPE,
              "line 3: column 'b': '5000000000' is not a 32-bit integer");
  CHECK_EQ_INT(err.line, 3);
  CHECK_EQ_INT(err.column, 2);
  CHECK_FAILS(parse_with(&f, "a,c\n1,2\n", &options, &err), err, WF_NOTFOUND, "'b'");
  options.columns = (const char *[]){"a", "a"};
  CHECK_FAILS(parse_with(&f, "a,b\n1,2\n", &options, &err), err, WF_INVALID, "twice");
}

TEST(csv_given_types_of_every_kind) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f;
  wf_csv_options options = wf_csv_options_default();
  options.typed = (const char *[]){"a", "b", "c", "d", "e", "f"};
  options.types = (wf_type[]){WF_F32, WF_I32, WF_BOOL, WF_CATEGORY, WF_TIMESTAMP, WF_F64};
  options.n_typed = 6;
  REQUIRE_OK(
      parse_with(&f, "a,b,c,d,e,f\n0.1,7,1,x,2026-11-22 21:20,5\n\"\",,,,,\n", &options, &err),
      err);
  CHECK_EQ_STR(cell(f, 0, 0), "0.1");
  CHECK_EQ_STR(cell(f, 1, 0), "7");
  CHECK_EQ_STR(cell(f, 2, 0), "true");
  CHECK_EQ_STR(type_of(f, 3), "category");
  CHECK_EQ_STR(cell(f, 4, 0), "2026-11-22T21:20:00Z");
  for (size_t i = 0; i < 6; i++) {
    CHECK_EQ_STR(type_of(f, i), wf_type_name(options.types[i]));
    CHECK_EQ_STR(cell(f, i, 1), "-");
  }
  wf_frame_release(f);
}

TEST(csv_times_are_inferred) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f;
  REQUIRE_OK(
      parse_with(&f,
                 "date,zone,fine,mixed,none\n"
                 "2024-02-29,2024-01-01T00:00:00+01:00,2024-01-01 10:00:00.1234567,2024-01-01,\n"
                 " 1969-12-31 ,\"2024-01-01 10:30\",2024-01-02,7,\n"
                 "NA,2024-01-01T10:30:00.25Z,,x,\n",
                 NULL, &err),
      err);
  CHECK_EQ_STR(type_of(f, 0), "timestamp");
  CHECK_EQ_STR(cell(f, 0, 0), "2024-02-29");
  CHECK_EQ_STR(cell(f, 0, 1), "1969-12-31");
  CHECK_EQ_STR(cell(f, 0, 2), "-");
  CHECK_EQ_STR(type_of(f, 1), "timestamp");
  CHECK_EQ_STR(cell(f, 1, 0), "2023-12-31T23:00:00Z");
  CHECK_EQ_STR(cell(f, 1, 1), "2024-01-01T10:30:00Z");
  CHECK_EQ_STR(cell(f, 1, 2), "2024-01-01T10:30:00.25Z");
  CHECK_EQ_STR(type_of(f, 2), "string"); /* microseconds would not hold it */
  CHECK_EQ_STR(type_of(f, 3), "string");
  CHECK_EQ_STR(type_of(f, 4), "f64");
  wf_frame_release(f);
  REQUIRE_OK(parse_with(&f, "a,b\n2024-02-30,2024-01-01\n2024-01-01,24-01-01\n", NULL, &err), err);
  CHECK_EQ_STR(type_of(f, 0), "string"); /* there is no such day */
  CHECK_EQ_STR(type_of(f, 1), "string");
  wf_frame_release(f);
}

TEST(csv_finite_only) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f;
  static const char text[] = "a,b\n1.5,1e999\ninf,2\n";
  wf_csv_options options = wf_csv_options_default();
  REQUIRE_OK(parse_with(&f, text, &options, &err), err);
  CHECK_EQ_STR(type_of(f, 0), "f64");
  CHECK_EQ_STR(cell(f, 0, 1), "inf");
  wf_frame_release(f);
  options.finite_only = true;
  REQUIRE_OK(parse_with(&f, text, &options, &err), err);
  CHECK_EQ_STR(type_of(f, 0), "string");
  CHECK_EQ_STR(type_of(f, 1), "f64"); /* a number, if one too large */
  wf_frame_release(f);
}

/* ---- bad input ------------------------------------------------------------------------------- */

TEST(csv_ragged) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f = NULL;
  CHECK_FAILS(parse(&f, "a,b\n1,2\n\n3\n", &err), err, WF_PARSE,
              "line 4: 1 field where the header has 2");
  CHECK_EQ_INT(err.line, 4);
  CHECK_EQ_INT(err.column, 2);
  CHECK_FAILS(parse(&f, "a,b\n\"1\n1\",2\n3,4,5\n", &err), err, WF_PARSE, "line 4: 3 fields");
  CHECK(f == NULL);
}

TEST(csv_broken_quotes) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f = NULL;
  CHECK_FAILS(parse(&f, "a,b\n1,2\n3,\"x\n4,5\n6,7\n", &err), err, WF_PARSE,
              "line 3: byte 3: a quote opens here and never closes");
  CHECK_FAILS(parse(&f, "a,b\n1,\"x\"y\n", &err), err, WF_PARSE,
              "line 2: byte 6: text after the closing quote");
  CHECK_FAILS(parse(&f, "a,b\n1,x\"y\n", &err), err, WF_PARSE, "line 2: byte 4: a quote inside");
  CHECK_FAILS(parse(&f, "a,\"b\n1,2\n", &err), err, WF_PARSE, "line 1: byte 3: a quote opens");
  CHECK(f == NULL);
}

TEST(csv_skips_bad_rows_when_asked) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f;
  wf_csv_options options = wf_csv_options_default();
  options.bad_row = WF_CSV_SKIP;
  const char *text = "a,b\n1,2\n3\n4,5,6\n7,x\"y\n8,9\n\"z\"q,1\n10,\"11\n12,13\n";
  wf_csv_report report = {0};
  REQUIRE_OK(wf_csv_parse(&f, text, strlen(text), &options, &report, &err), err);
  CHECK_EQ_INT(report.n_rows, 3);
  CHECK_EQ_INT(report.n_skipped, 5);
  CHECK_EQ_INT(report.first_skipped_line, 3);
  CHECK_EQ_STR(cell(f, 0, 0), "1");
  CHECK_EQ_STR(cell(f, 1, 1), "9");
  CHECK_EQ_STR(cell(f, 1, 2), "13");
  CHECK_EQ_STR(type_of(f, 1), "i64");
  wf_csv_report_dispose(&report);
  wf_frame_release(f);
}

TEST(csv_bad_bytes) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f;
  CHECK_FAILS(parse(&f, "a\nx\nk\xfcrzlich\n", &err), err, WF_PARSE,
              "line 3: byte 2 (0xfc) is not UTF-8");
  CHECK_EQ_INT(err.line, 3);
  CHECK_FAILS(wf_csv_parse(&f, "a\nb\0c\n", 6, NULL, NULL, &err), err, WF_PARSE,
              "line 2: byte 2 is NUL");
}

TEST(csv_empty_sources) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f;
  CHECK_FAILS(parse(&f, "", &err), err, WF_PARSE, "is empty");
  CHECK_FAILS(parse(&f, "\n\r\n", &err), err, WF_PARSE, "holds no record");
  CHECK_FAILS(wf_csv_read(&f, test_write("empty.csv", "", 0), NULL, NULL, &err), err, WF_PARSE,
              "empty.csv: the file is empty");
  REQUIRE_OK(parse(&f, "a,b\n", &err), err); /* only a header: no rows, but columns */
  CHECK_EQ_INT(wf_frame_row_count(f), 0);
  CHECK_EQ_INT(wf_frame_column_count(f), 2);
  CHECK_EQ_STR(type_of(f, 1), "string");
  wf_frame_release(f);
}

TEST(csv_no_such_file_or_a_directory) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f;
  CHECK_FAILS(wf_csv_read(&f, "/no/such/file.csv", NULL, NULL, &err), err, WF_NOTFOUND,
              "/no/such/file.csv");
  CHECK_FAILS(wf_csv_read(&f, test_dir(), NULL, NULL, &err), err, WF_IO, "is a directory");
}

TEST(csv_names) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f;
  CHECK_FAILS(parse(&f, "x,y,x\n1,2,3\n", &err), err, WF_PARSE,
              "line 1: columns 1 and 3 are both named 'x'");
  wf_csv_options options = wf_csv_options_default();
  options.rename_duplicates = true;
  REQUIRE_OK(parse_with(&f, "x,x_2,x,,x\n1,2,3,4,5\n", &options, &err), err);
  CHECK_EQ_STR(wf_frame_name_at(f, 2), "x_3");
  CHECK_EQ_STR(wf_frame_name_at(f, 3), "column_4");
  CHECK_EQ_STR(wf_frame_name_at(f, 4), "x_4");
  wf_frame_release(f);
}

/* ---- memory ---------------------------------------------------------------------------------- */

static bool parse_and_release(const char *text) {
  wf_frame *f;
  if (parse(&f, text, NULL) != WF_OK) return false;
  wf_frame_release(f);
  return true;
}

TEST(csv_out_of_memory) {
  CHECK_OOM_SAFE(parse_and_release(
      "a,b,c,d\n1,x,true,word one\n2.5,x,,word two\n,\"y\"\"y\",false,word three\n4,x,true,x\n"));
}

/* ---- real data ------------------------------------------------------------------------------- */

TEST(csv_claims) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f;
  REQUIRE_OK(wf_csv_read(&f, test_data("auto_claims/claims.csv"), NULL, NULL, &err), err);
  CHECK_EQ_INT(wf_frame_row_count(f), 5000);
  CHECK_EQ_INT(wf_frame_column_count(f), 18);
  wf_column *c = NULL;
  REQUIRE_OK(wf_frame_get(&c, f, "fraud", &err), err);
  CHECK_EQ_INT(wf_column_type(c), WF_I64);
  int64_t frauds = 0;
  for (size_t i = 0; i < 5000; i++) frauds += wf_column_integer_at(c, i);
  CHECK_EQ_INT(frauds, 164);
  REQUIRE_OK(wf_frame_get(&c, f, "authorities_contacted", &err), err);
  CHECK_EQ_INT(wf_column_type(c), WF_CATEGORY);
  size_t size;
  CHECK(memcmp(wf_column_text_at(c, 0, &size), "None", 4) == 0); /* a value */
  REQUIRE_OK(wf_frame_get(&c, f, "collision_type", &err), err);
  CHECK(wf_column_missing_count(c) > 0); /* N/A */
  REQUIRE_OK(wf_frame_get(&c, f, "vehicle_claim", &err), err);
  CHECK_SAME(wf_column_number_at(c, 0), 8913.668763178823);
  wf_frame_release(f);
}

TEST(csv_adult) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f;
  wf_csv_options options = wf_csv_options_default();
  options.header = false;
  options.trim = true;
  options.missing = (const char *[]){"?"};
  options.n_missing = 1;
  REQUIRE_OK(wf_csv_read(&f, test_data("adult/adult.data"), &options, NULL, &err), err);
  CHECK_EQ_INT(wf_frame_row_count(f), 32561);
  CHECK_EQ_INT(wf_frame_column_count(f), 15);
  CHECK_EQ_STR(type_of(f, 0), "i64");
  CHECK_EQ_STR(type_of(f, 1), "category");
  CHECK_EQ_INT(wf_column_missing_count(wf_frame_column_at(f, 1)), 1836);
  CHECK_EQ_STR(cell(f, 14, 0), "<=50K");
  CHECK_EQ_INT(wf_column_count(wf_column_dictionary(wf_frame_column_at(f, 14))), 2);
  wf_frame_release(f);
}

TEST(csv_compas) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f;
  const char *path = test_data("compas/compas-scores-two-years.csv");
  CHECK_FAILS(wf_csv_read(&f, path, NULL, NULL, &err), err, WF_PARSE, "both named 'decile_score'");
  wf_csv_options options = wf_csv_options_default();
  options.rename_duplicates = true;
  REQUIRE_OK(wf_csv_read(&f, path, &options, NULL, &err), err);
  CHECK_EQ_INT(wf_frame_row_count(f), 7214);
  CHECK_EQ_INT(wf_frame_column_count(f), 53);
  CHECK(wf_frame_find(f, "priors_count_2") >= 0);
  wf_frame_release(f);
}
