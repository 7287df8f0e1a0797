/* Sparse text in and out. What a line means was compared with XGBoost 1.7.4's own loader by
 * tests/oracle/libsvm.py: golden.txt and golden.tsv. */
#include "check.h"

#include "frame/builder.h"
#include "wf/libsvm.h"

#include <stdlib.h>

static wf_status parse(wf_frame **out, const char *text, const wf_libsvm_options *options,
                       wf_error *err) {
  return wf_libsvm_parse(out, text, strlen(text), options, err);
}

static double number(const wf_frame *f, const char *name, size_t row) {
  ptrdiff_t index = wf_frame_find(f, name);
  REQUIRE(index >= 0);
  return wf_column_number_at(wf_frame_column_at(f, (size_t)index), row);
}

TEST(libsvm_lines) {
  static const char text[] = "1 0:0.5 3:-2e1 # a comment\n"
                             "\n"
                             "# nothing else\r\n"
                             "-1.5\t3:1 1\r\n"
                             "+2 0:nan 2:inf";
  wf_error err = WF_ERROR_INIT;
  wf_frame *f = NULL;
  REQUIRE_OK(parse(&f, text, NULL, &err), err);
  CHECK_EQ_INT(wf_frame_row_count(f), 3);
  CHECK_EQ_INT(wf_frame_column_count(f), 5);
  CHECK_SAME(number(f, "label", 1), -1.5);
  CHECK_SAME(number(f, "label", 2), 2);
  CHECK_SAME(number(f, "f0", 0), 0.5);
  CHECK_SAME(number(f, "f3", 0), -20);
  CHECK_SAME(number(f, "f1", 0), NAN);
  CHECK_SAME(number(f, "f1", 1), 1);
  CHECK_SAME(number(f, "f0", 2), NAN);
  CHECK_SAME(number(f, "f2", 2), INFINITY);
  CHECK_EQ_INT(wf_column_type(wf_frame_column_at(f, 1)), WF_F32);
  wf_frame_release(f);
}

TEST(libsvm_weights_groups_base) {
  wf_libsvm_options options = {.base = 1, .n_features = 4, .label = "y", .qid = "group"};
  wf_error err = WF_ERROR_INIT;
  wf_frame *f = NULL;
  REQUIRE_OK(parse(&f, "1:0.5 qid:7 1:3\n0:2 qid:8 2:4\n", &options, &err), err);
  CHECK_EQ_INT(wf_frame_column_count(f), 7);
  CHECK_SAME(number(f, "y", 0), 1);
  CHECK_SAME(number(f, "weight", 0), 0.5);
  CHECK_SAME(number(f, "group", 1), 8);
  CHECK_SAME(number(f, "f0", 0), 3);
  CHECK_SAME(number(f, "f1", 1), 4);
  wf_frame_release(f);
}

TEST(libsvm_nothing) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f = NULL;
  REQUIRE_OK(parse(&f, "", NULL, &err), err);
  CHECK_EQ_INT(wf_frame_row_count(f), 0);
  CHECK_EQ_INT(wf_frame_column_count(f), 1);
  wf_frame_release(f);
}

static void check_error(const char *text, const wf_libsvm_options *options, const char *message,
                        int line, int column) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f = NULL;
  CHECK_FAILS_AT(parse(&f, text, options, &err), err, WF_PARSE, message, line, column);
}

TEST(libsvm_errors_name_line_and_byte) {
  wf_libsvm_options one = {.base = 1, .n_features = 3};
  check_error("1 0:1\nx 0:1\n", NULL, "line 2, byte 1: the label 'x'", 2, 1);
  check_error("1 0:1\n1 0:x\n", NULL, "the value 'x'", 2, 5);
  check_error("1 a:1\n", NULL, "'a' is not the index", 1, 3);
  check_error("1 -1:1\n", NULL, "index -1, but the first feature is 0", 1, 3);
  check_error("1 0:1\n", &one, "index 0, but the first feature is 1", 1, 3);
  check_error("1 4:1\n", &one, "index 4, but there are at most 3", 1, 3);
  check_error("1 9999999999:1\n", NULL, "at most 1048576", 1, 3);
  check_error("1 0:1 0:2\n", NULL, "index 0 appears twice", 1, 7);
  check_error("1 0:1e39\n", NULL, "float32", 1, 5);
  check_error("1 0:\n", NULL, "the value ''", 1, 5);
  check_error("1 0:1\n1:2 0:1\n", NULL, "this line has a weight", 2, 1);
  check_error("1 qid:1 0:1\n1 0:1\n", NULL, "this line has no qid", 2, 1);
  check_error("1 qid:x\n", NULL, "qid 'x'", 1, 7);
  check_error("1 0:1 qid:3\n", NULL, "'qid' is not the index", 1, 7);
  wf_error err = WF_ERROR_INIT;
  wf_frame *f = NULL;
  const char *path = test_write("bad.svm", "1 0:1\n1 0;1\n", 12);
  CHECK_FAILS(wf_libsvm_read(&f, path, NULL, &err), err, WF_PARSE, "bad.svm:2:3: '0;1'");
  one.base = 2;
  CHECK_FAILS(parse(&f, "", &one, &err), err, WF_INVALID, "0 or 1");
  one = (wf_libsvm_options){.label = "f0"};
  CHECK_FAILS(parse(&f, "1 0:1\n", &one, &err), err, WF_INVALID, "f0");
}

TEST(libsvm_round_trip) {
  static const char text[] = "1:0.5 qid:3 0:0.1 2:0\n0:1 qid:3 1:16777217 2:-1e-40\n";
  wf_error err = WF_ERROR_INIT;
  wf_frame *f = NULL, *g = NULL;
  char *written = NULL, a[65] = "", b[65] = "-";
  size_t size = 0;
  REQUIRE_OK(parse(&f, text, NULL, &err), err);
  REQUIRE_OK(wf_libsvm_format(&written, &size, f, NULL, &err), err);
  CHECK_EQ_STR(written, "1:0.5 qid:3 0:0.1 2:0\n0:1 qid:3 1:16777216 2:-1e-40\n");
  wf_text_free(written);
  const char *path = test_path("x.svm.gz");
  wf_libsvm_options one = {.base = 1};
  REQUIRE_OK(wf_libsvm_write(f, path, &one, &err), err);
  REQUIRE_OK(wf_libsvm_read(&g, path, &one, &err), err);
  REQUIRE_OK(wf_frame_digest(a, f, &err), err);
  REQUIRE_OK(wf_frame_digest(b, g, &err), err);
  CHECK_EQ_STR(a, b);
  wf_frame_release(f);
  wf_frame_release(g);
}

TEST(libsvm_write_refuses) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f = NULL, *g = NULL;
  char *text = NULL;
  static const char *const words[] = {"a", "b"};
  wf_column *c = NULL;
  REQUIRE_OK(parse(&f, "1 0:1\n2 1:1\n", NULL, &err), err);
  wf_libsvm_options options = {.label = "f0"};
  CHECK_FAILS(wf_libsvm_format(&text, NULL, f, &options, &err), err, WF_INVALID,
              "'f0' has no value in row 2");
  options.label = "lable";
  CHECK_FAILS(wf_libsvm_format(&text, NULL, f, &options, &err), err, WF_NOTFOUND, "lable");
  options = (wf_libsvm_options){.qid = "label"};
  CHECK_FAILS(wf_libsvm_format(&text, NULL, f, &options, &err), err, WF_TYPE, "whole numbers");
  REQUIRE_OK(wf_column_from_strings(&c, words, 2, &err), err);
  REQUIRE_OK(wf_frame_with(&g, f, "word", c, &err), err);
  CHECK_FAILS(wf_libsvm_format(&text, NULL, g, NULL, &err), err, WF_TYPE, "'word' is text");
  wf_column_release(c);
  wf_frame_release(f);
  wf_frame_release(g);
}

/* What XGBoost's loader makes of the same file: a line a row, "label weight qid", then the values
 * of all features, "." for missing. */
TEST(libsvm_as_xgboost_reads_it) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f = NULL;
  REQUIRE_OK(wf_libsvm_read(&f, test_source("tests/libsvm/golden.txt"), NULL, &err), err);
  FILE *file = fopen(test_source("tests/libsvm/golden.tsv"), "r");
  REQUIRE(file);
  char word[64];
  size_t n_cells = 0;
  for (size_t row = 0; row < wf_frame_row_count(f); row++) {
    for (size_t j = 0; j < wf_frame_column_count(f); j++, n_cells++) {
      REQUIRE(fscanf(file, "%63s", word) == 1);
      double expected = strcmp(word, ".") == 0 ? (double)NAN : atof(word);
      CHECK_SAME(wf_column_number_at(wf_frame_column_at(f, j), row), expected);
    }
  }
  CHECK(fscanf(file, "%63s", word) == EOF && n_cells > 500);
  fclose(file);
  wf_frame_release(f);
}

static bool there_and_back(void) {
  wf_frame *f = NULL;
  char *text = NULL;
  bool ok = parse(&f, "1:1 qid:1 0:1 5:2\n0:1 qid:2 3:1\n", NULL, NULL) == WF_OK &&
            wf_libsvm_format(&text, NULL, f, NULL, NULL) == WF_OK;
  wf_text_free(text);
  wf_frame_release(f);
  return ok;
}

TEST(libsvm_out_of_memory) { CHECK_OOM_SAFE(there_and_back()); }
