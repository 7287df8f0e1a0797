/* Records that are left out: which, why, where, and that the rest is as if they were not there. */
#include "check.h"

#include "base/bytes.h"
#include "base/random.h"
#include "frame/column.h"
#include "wf/csv.h"

#include <stdlib.h>

static wf_csv_options skipping(const char *const *typed, const wf_type *types, size_t n) {
  wf_csv_options o = wf_csv_options_default();
  o.bad_row = WF_CSV_SKIP;
  o.typed = typed;
  o.types = types;
  o.n_typed = n;
  return o;
}

/* The frame as CSV text; the caller frees it. */
static char *text_of(const wf_frame *f) {
  char *text = NULL;
  size_t size;
  wf_error err = WF_ERROR_INIT;
  if (wf_csv_format(&text, &size, f, NULL, &err) != WF_OK)
    test_fail(__FILE__, __LINE__, "%s", err.message);
  return text;
}

static void check_frame(const wf_frame *f, const char *expected) {
  char *text = text_of(f);
  CHECK_EQ_STR(text, expected);
  wf_text_free(text);
}

TEST(rejected_records_are_kept) {
  const char *text = "a,b\n1,2\nx,3\n\n4,5,6\r\n7,\"u\"v\n\"y\nz\",9\n7,8\n1.5,q\n";
  wf_csv_options o = skipping((const char *[]){"b", "a"}, (wf_type[]){WF_I32, WF_I64}, 2);
  wf_error err = WF_ERROR_INIT;
  wf_csv_report report = {0};
  wf_frame *f = NULL;
  REQUIRE_OK(wf_csv_parse(&f, text, strlen(text), &o, &report, &err), err);
  check_frame(f, "a,b\n1,2\n7,8\n");
  CHECK_EQ_INT(report.n_rows, 2);
  CHECK_EQ_INT(report.n_skipped, 5);
  CHECK_EQ_INT(report.first_skipped_line, 3);
  REQUIRE(report.rejected != NULL);
  check_frame(report.rejected,
              "line,error,text\n3,column 'a': 'x' is not a 64-bit integer,\"x,3\"\n"
              "5,3 fields where the header has 2,\"4,5,6\"\n"
              "6,text after the closing quote,\"7,\"\"u\"\"v\"\n"
              "7,\"column 'a': 'y\nz' is not a 64-bit integer\",\"\"\"y\nz\"\",9\"\n"
              "10,column 'a': '1.5' is not a 64-bit integer,\"1.5,q\"\n");
  wf_csv_report_dispose(&report);
  wf_frame_release(f);
}

/* Types of other columns do not depend on rows that are left out. */
TEST(rejected_values_do_not_count) {
  const char *text = "a,b\n1,2\nx,words\n3,4\n";
  wf_csv_options o = skipping((const char *[]){"a"}, (wf_type[]){WF_F32}, 1);
  wf_error err = WF_ERROR_INIT;
  wf_frame *f = NULL;
  REQUIRE_OK(wf_csv_parse(&f, text, strlen(text), &o, NULL, &err), err);
  CHECK_EQ_INT(wf_column_type(wf_frame_column_at(f, 1)), WF_I64);
  wf_frame_release(f);
}

TEST(rejected_records_of_several_files) {
  char one[256];
  snprintf(one, sizeof one, "%s", test_write("reject_1.csv", "a\n1\nx\n", 6));
  const char *two = test_write("reject_2.csv", "a\n\ny\n2\n", 7);
  wf_csv_options o = skipping((const char *[]){"a"}, (wf_type[]){WF_I64}, 1);
  wf_error err = WF_ERROR_INIT;
  wf_csv_report report = {0};
  wf_frame *f = NULL;
  REQUIRE_OK(wf_csv_read_files(&f, (const char *[]){one, two}, 2, &o, &report, &err), err);
  check_frame(f, "a\n1\n2\n");
  CHECK_EQ_INT(report.n_skipped, 2);
  REQUIRE(report.rejected != NULL);
  CHECK_EQ_STR(wf_frame_name_at(report.rejected, 0), "path");
  size_t size;
  const char *path = wf_column_text_at(wf_frame_column_at(report.rejected, 0), 1, &size);
  CHECK(size == strlen(two) && memcmp(path, two, size) == 0);
  CHECK_EQ_INT(wf_column_integer_at(wf_frame_column_at(report.rejected, 1), 1), 3);
  wf_csv_report_dispose(&report);
  wf_frame_release(f);
}

/* The same as the text without the lines that are no good. */
TEST(rejects_on_many_rows) {
  static const char *const bad[] = {"1\n", "1,2,3,4\n", "x,1,2\n", "1,y,2020-13-01\n",
                                    "1,\"u\"v,3\n"};
  wf_random random;
  wf_random_seed(&random, 5, 0);
  wf_bytes all = {0}, good = {0};
  size_t n_bad = 0;
  wf_bytes_text(&all, "a,b,c\n");
  wf_bytes_text(&good, "a,b,c\n");
  for (int i = 0; i < 20000; i++) {
    if (wf_random_below(&random, 3) == 0) {
      wf_bytes_text(&all, bad[wf_random_below(&random, 5)]);
      n_bad++;
      continue;
    }
    wf_bytes_format(&all, "%d,w%d,\"2020-01-%02d\"\n", i, i % 7, i % 28 + 1);
    wf_bytes_format(&good, "%d,w%d,\"2020-01-%02d\"\n", i, i % 7, i % 28 + 1);
  }
  wf_csv_options o = skipping((const char *[]){"a", "c"}, (wf_type[]){WF_I64, WF_TIMESTAMP}, 2);
  wf_error err = WF_ERROR_INIT;
  wf_frame *f = NULL, *wanted = NULL;
  wf_csv_report report = {0};
  char a[65] = "", b[65] = "-";
  REQUIRE_OK(wf_csv_parse(&f, all.data, all.size, &o, &report, &err), err);
  REQUIRE_OK(wf_csv_parse(&wanted, good.data, good.size, &o, NULL, &err), err);
  CHECK(wf_frame_digest(a, f, &err) == WF_OK && wf_frame_digest(b, wanted, &err) == WF_OK);
  CHECK_EQ_STR(a, b);
  CHECK_EQ_INT(report.n_skipped, n_bad);
  CHECK_EQ_INT(wf_frame_row_count(report.rejected), n_bad);
  wf_csv_report_dispose(&report);
  wf_frame_release(f);
  wf_frame_release(wanted);
  wf_bytes_dispose(&all);
  wf_bytes_dispose(&good);
}

static bool read_and_reject(void) {
  wf_csv_options o = skipping((const char *[]){"a"}, (wf_type[]){WF_I64}, 1);
  wf_csv_report report = {0};
  wf_frame *f = NULL;
  const char *text = "a,b\n1,2\nx,3\n4\n5,\"u\"v\n7,8\n";
  if (wf_csv_parse(&f, text, strlen(text), &o, &report, NULL) != WF_OK) return false;
  wf_csv_report_dispose(&report);
  wf_frame_release(f);
  return true;
}

TEST(rejects_out_of_memory) { CHECK_OOM_SAFE(read_and_reject()); }
