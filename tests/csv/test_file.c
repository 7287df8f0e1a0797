/* Large files are read in parts: the same frame as from memory, and the same errors as libcsv's. */
#include "check.h"

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/random.h"
#include "csv/plan.h"
#include "frame/column.h"
#include "packed_file.h"

#include <stdlib.h>

/* Over 4 MB, from which on files are read in parts: numbers, missing values, words that repeat and
 * words that do not, quoted text with everything in it, bytes past ASCII. */
static wf_bytes make_text(const char *first_line) {
  static const char *const words[] = {"alpha", "\"be,ta\"", "\"ga\"\"mma\"", "\"de\nlta\"",
                                      "épsilon"};
  wf_random random;
  wf_random_seed(&random, 9, 0);
  wf_bytes text = {0};
  wf_bytes_text(&text, first_line);
  wf_bytes_text(&text, "id,share,word,note,late\n");
  for (unsigned i = 0; i < 110000; i++) {
    const char *late = i < 100000 ? "" : i % 2 ? "12" : "1.5";
    wf_bytes_format(&text, "%u,%.3f,%s,%llx-%u,%s\n", i, wf_random_unit(&random) * 100,
                    words[wf_random_below(&random, 5)], (unsigned long long)wf_random_u64(&random),
                    i, late);
  }
  return text;
}

/* The file must give what libcsv makes of the text. */
static void check_file(const char *path, const wf_bytes *text) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *file = NULL, *memory = NULL;
  wf_view view = {text->data, text->size};
  char a[65] = "", b[65] = "-";
  REQUIRE_OK(wf_csv_read(&file, path, NULL, NULL, &err), err);
  REQUIRE_OK(wf_csv_parse_by(&memory, view, NULL, WF_CSV_BY_LIBCSV, 0, &err), err);
  REQUIRE_OK(wf_frame_digest(a, file, &err), err);
  REQUIRE_OK(wf_frame_digest(b, memory, &err), err);
  CHECK_EQ_STR(a, b);
  CHECK_EQ_INT(wf_column_type(wf_frame_column_at(file, 2)), WF_CATEGORY);
  CHECK_EQ_INT(wf_column_type(wf_frame_column_at(file, 3)), WF_STRING);
  CHECK_EQ_INT(wf_column_type(wf_frame_column_at(file, 4)), WF_F64);
  wf_frame_release(file);
  wf_frame_release(memory);
}

static const char *const starts[] = {"", "\xef\xbb\xbf", "\n\n"};

TEST(file_in_parts_equals_memory) {
  for (int i = 0; i < 3; i++) {
    wf_bytes text = make_text(starts[i]);
    REQUIRE(text.size > 4 << 20);
    check_file(test_write("large.csv", text.data, text.size), &text);
    wf_bytes_dispose(&text);
  }
}

TEST(packed_file_in_parts_equals_memory) {
  static const char *const names[] = {"large.csv.gz", "large.csv.zst"};
  for (int i = 0; i < 6; i++) {
    wf_error err = WF_ERROR_INIT;
    wf_bytes text = make_text(starts[i / 2]);
    const char *path = test_path(names[i % 2]);
    wf_status status = test_write_packed(path, text.data, text.size, 1 << 15, 2, &err);
    if (status == WF_OK) check_file(path, &text);
    CHECK(status == WF_OK || (status == WF_UNSUPPORTED && i % 2));
    wf_bytes_dispose(&text);
  }
}

/* Damage is found wherever it is, also when all of the text has been parsed. */
TEST(packed_file_in_parts_that_is_damaged) {
  wf_error err = WF_ERROR_INIT;
  wf_bytes text = make_text("");
  const char *path = test_path("whole.csv.gz");
  REQUIRE_OK(test_write_packed(path, text.data, text.size, 1 << 15, 2, &err), err);
  char *packed;
  size_t size;
  REQUIRE_OK(wf_file_read(path, 0, &packed, &size, &err), err);
  REQUIRE(size > 1 << 20);
  wf_frame *f = NULL;
  packed[size - 5] ^= 1; /* the checksum, in front of the size */
  CHECK_FAILS(wf_csv_read(&f, test_write("sum.csv.gz", packed, size), NULL, NULL, &err), err,
              WF_CORRUPT, "sum.csv.gz: damaged gzip data");
  packed[size - 5] ^= 1;
  for (size_t cut = size - 1; cut > 1 << 20; cut -= size / 5) {
    CHECK_FAILS(wf_csv_read(&f, test_write("cut.csv.gz", packed, cut), NULL, NULL, &err), err,
                WF_CORRUPT, "cut.csv.gz: the gzip data ends too early");
  }
  wf_free(packed);
  wf_bytes_dispose(&text);
}

TEST(packed_file_in_parts_errors_name_the_line) {
  wf_error err = WF_ERROR_INIT;
  wf_bytes text = make_text("");
  wf_bytes_text(&text, "1,2\n");
  const char *path = test_path("ragged.csv.gz");
  REQUIRE_OK(test_write_packed(path, text.data, text.size, 1 << 15, 2, &err), err);
  wf_frame *f = NULL;
  CHECK_FAILS(wf_csv_read(&f, path, NULL, NULL, &err), err, WF_PARSE,
              "2 fields where the header has 5");
  CHECK(err.line > 110000);
  wf_csv_options o = wf_csv_options_default(); /* these are read from the beginning alone */
  o.max_rows = 7;
  REQUIRE_OK(wf_csv_read(&f, path, &o, NULL, &err), err);
  CHECK_EQ_INT(wf_frame_row_count(f), 7);
  wf_frame_release(f);
  wf_bytes_dispose(&text);
}

static bool read_parts(const char *path) {
  wf_frame *f = NULL;
  if (wf_csv_read_by(&f, path, NULL, WF_CSV_BY_MASKS, 64, NULL) != WF_OK) return false;
  wf_frame_release(f);
  return true;
}

TEST(packed_file_in_parts_out_of_memory) {
  static const char text[] = "a,b\n1,x\n2,\"y\"\"y\"\n3,some longer text\n4,and another one\n";
  const char *path = test_path("oom.csv.gz");
  REQUIRE(test_write_packed(path, text, strlen(text), 1 << 15, 1, NULL) == WF_OK);
  CHECK_OOM_SAFE(read_parts(path));
}

/* So many rows are read from the beginning alone: what follows may be anything. */
TEST(file_first_rows) {
  wf_error err = WF_ERROR_INIT;
  wf_bytes text = make_text("");
  wf_csv_options o = wf_csv_options_default();
  o.columns = (const char *const[]){"id", "word"};
  o.n_columns = 2;
  const char *path = test_write("large.csv", text.data, text.size);
  static const size_t counts[] = {1, 1000, 50000, 110000, 200000};
  for (int i = 0; i < 5; i++) {
    wf_frame *file = NULL, *memory = NULL;
    char a[65] = "", b[65] = "-";
    o.max_rows = counts[i];
    REQUIRE_OK(wf_csv_read(&file, path, &o, NULL, &err), err);
    REQUIRE_OK(wf_csv_parse(&memory, text.data, text.size, &o, NULL, &err), err);
    REQUIRE_OK(wf_frame_digest(a, file, &err), err);
    REQUIRE_OK(wf_frame_digest(b, memory, &err), err);
    CHECK_EQ_STR(a, b);
    wf_frame_release(file);
    wf_frame_release(memory);
  }
  text.data[text.size - 100] = '\xff';
  path = test_write("large.csv", text.data, text.size);
  wf_frame *f = NULL;
  o.max_rows = 1000;
  REQUIRE_OK(wf_csv_read(&f, path, &o, NULL, &err), err);
  CHECK_EQ_INT(wf_frame_row_count(f), 1000);
  wf_frame_release(f);
  f = NULL;
  o.max_rows = 109999;
  CHECK_FAILS(wf_csv_read(&f, path, &o, NULL, &err), err, WF_PARSE, "is not UTF-8");
  wf_bytes_dispose(&text);
}

static void check_damage(const char *inserted, size_t size, wf_status status, const char *message) {
  wf_error err = WF_ERROR_INIT;
  wf_bytes text = make_text("");
  size_t middle = (size_t)((char *)memchr(text.data + text.size / 2, '\n', 1000) - text.data) + 1;
  memcpy(text.data + middle, inserted, size);
  wf_frame *f = NULL;
  CHECK_FAILS(wf_csv_read(&f, test_write("bad.csv", text.data, text.size), NULL, NULL, &err), err,
              status, message);
  CHECK(err.line > 40000);
  wf_bytes_dispose(&text);
}

TEST(file_in_parts_errors_name_the_line) {
  check_damage("\xff\xfe", 2, WF_PARSE, "not UTF-8");
  check_damage("\0", 1, WF_PARSE, "NUL");
  check_damage("a\"b", 3, WF_PARSE, "quote");
  check_damage("1\n2", 3, WF_PARSE, "1 field where the header has 5");
}

/* Words that look unique in the first stretch but repeat later: still a category. */
TEST(file_doubtful_text_that_repeats) {
  wf_error err = WF_ERROR_INIT;
  wf_bytes text = {0};
  wf_bytes_text(&text, "word,number\n");
  for (unsigned i = 0; i < 200000; i++) {
    wf_bytes_format(&text, "some rather long word number %u,%u\n", i % 30000, i);
  }
  wf_frame *f = NULL;
  REQUIRE_OK(wf_csv_read(&f, test_write("words.csv", text.data, text.size), NULL, NULL, &err), err);
  const wf_column *word = wf_frame_column_at(f, 0);
  REQUIRE(wf_column_type(word) == WF_CATEGORY);
  CHECK_EQ_INT(wf_column_count(wf_column_dictionary(word)), 30000);
  CHECK_EQ_INT(wf_column_code_at(word, 30007), 7);
  wf_frame_release(f);
  wf_bytes_dispose(&text);
}

TEST(files_one_below_the_other) {
  wf_error err = WF_ERROR_INIT;
  char paths[3][600];
  const char *list[3];
  static const char *const texts[] = {"id,zip,flag\n1,100,true\n2,007,\n",
                                      "id,zip,flag\n3,A1,false\n", "flag,id,zip\n,4.5,9\n"};
  for (int i = 0; i < 3; i++) {
    char name[20];
    snprintf(name, sizeof name, "part-%d.csv", i);
    snprintf(paths[i], sizeof paths[i], "%s", test_write(name, texts[i], strlen(texts[i])));
    list[i] = paths[i];
  }
  wf_frame *f;
  wf_csv_report report = {0};
  REQUIRE_OK(wf_csv_read_files(&f, list, 3, NULL, &report, &err), err);
  CHECK_EQ_INT(report.n_rows, 4);
  CHECK_EQ_INT(wf_column_type(wf_frame_column_at(f, 0)), WF_F64);
  CHECK_EQ_INT(wf_column_type(wf_frame_column_at(f, 1)), WF_STRING);
  CHECK_EQ_INT(wf_column_type(wf_frame_column_at(f, 2)), WF_BOOL);
  size_t size;
  const char *zip = wf_column_text_at(wf_frame_column_at(f, 1), 1, &size);
  CHECK(size == 3 && memcmp(zip, "007", 3) == 0);
  wf_frame_release(f);
  wf_csv_options options = wf_csv_options_default();
  options.max_rows = 3;
  REQUIRE_OK(wf_csv_read_files(&f, list, 3, &options, &report, &err), err);
  CHECK_EQ_INT(wf_frame_row_count(f), 3);
  wf_frame_release(f);
  char **found;
  size_t n;
  REQUIRE_OK(wf_csv_paths_find(&found, &n, test_path("part-*.csv"), &err), err);
  CHECK_EQ_INT(n, 3);
  CHECK_EQ_STR(found[2], paths[2]);
  wf_csv_paths_free(found, n);
  CHECK_FAILS(wf_csv_paths_find(&found, &n, test_path("x*.csv"), &err), err, WF_NOTFOUND,
              "no file matches");
  list[1] = test_write("other.csv", "id,zip\n1,2\n", 11);
  CHECK_FAILS(wf_csv_read_files(&f, list, 3, NULL, NULL, &err), err, WF_INVALID,
              "other.csv: there is no column 'flag', which ");
  list[1] = "-";
  CHECK_FAILS(wf_csv_read_files(&f, list, 3, NULL, NULL, &err), err, WF_INVALID, "standard input");
}

TEST(null_policy_repairs) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f;
  wf_csv_report report = {0};
  wf_csv_options options = wf_csv_options_default();
  static const char text[] = "a,b,c\n1,2,3\n4\n5,6,7,8\nx,9,10\n1,\"x\"y,2\n11,12,13\n";
  options.bad_row = WF_CSV_NULL;
  options.typed = (const char *const[]){"a"};
  options.types = (const wf_type[]){WF_I64};
  options.n_typed = 1;
  REQUIRE_OK(wf_csv_parse(&f, text, strlen(text), &options, &report, &err), err);
  CHECK_EQ_INT(report.n_rows, 5);
  CHECK_EQ_INT(report.n_repaired, 3);
  CHECK_EQ_INT(report.n_skipped, 1);
  CHECK(wf_column_is_missing(wf_frame_column_at(f, 1), 1));
  CHECK_EQ_INT(wf_column_integer_at(wf_frame_column_at(f, 2), 2), 7);
  CHECK(wf_column_is_missing(wf_frame_column_at(f, 0), 3));
  CHECK_EQ_INT(wf_column_integer_at(wf_frame_column_at(f, 0), 4), 11);
  wf_csv_report_dispose(&report);
  wf_frame_release(f);
}
