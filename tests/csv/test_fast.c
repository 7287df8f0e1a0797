/* The reader by masks against libcsv: the same columns, or declined. */
#include "check.h"

#include "base/bytes.h"
#include "base/random.h"
#include "csv/plan.h"
#include "frame/column.h"
#include "packed_file.h"

#include <stdlib.h>

/* 1: equal, 0: declined; a difference is a failure that shows the text. */
static int compare_readers(wf_view text, const wf_csv_options *options, size_t block) {
  wf_error err = WF_ERROR_INIT, other = WF_ERROR_INIT;
  wf_frame *reference = NULL, *fast = NULL;
  wf_status expected = wf_csv_parse_by(&reference, text, options, WF_CSV_BY_LIBCSV, 0, &err);
  wf_status status = wf_csv_parse_by(&fast, text, options, WF_CSV_BY_MASKS, block, &other);
  int result = 0;
  if (status == WF_OK && expected == WF_OK) {
    char a[65] = "", b[65] = "-";
    CHECK(wf_frame_digest(a, reference, &err) == WF_OK);
    CHECK(wf_frame_digest(b, fast, &err) == WF_OK);
    result = strcmp(a, b) == 0;
    if (!result)
      test_fail(__FILE__, __LINE__, "differs at block %zu: <<<%.*s>>>", block, (int)text.size,
                text.data);
  } else if (status == WF_OK) {
    test_fail(__FILE__, __LINE__, "libcsv says \"%s\" of <<<%.*s>>>", err.message, (int)text.size,
              text.data);
  } else if (status != WF_UNSUPPORTED) {
    CHECK_EQ_INT(status, expected); /* both refuse before rows are read */
  }
  wf_frame_release(reference);
  wf_frame_release(fast);
  return result;
}

static const char *pick(wf_random *random, const char *const *from, size_t n) {
  return from[wf_random_below(random, n)];
}

/* Anything in any order: most of it is irregular or an error. */
TEST(fast_equals_libcsv_on_soup) {
  static const char *const tokens[] = {"a",  "1",    ",",    ",",     "\n",    "\n",  "\"",
                                       "\"", "\r",   "\r\n", "\"\"",  " ",     "2.5", "\xc3\xa9",
                                       "NA", "true", ";",    "\",\"", "\"\n\""};
  wf_random random;
  wf_random_seed(&random, 1, 0);
  int equal = 0;
  for (int round = 0; round < 20000; round++) {
    wf_bytes text = {0};
    wf_bytes_text(&text, "x,y\n");
    for (uint64_t n = wf_random_below(&random, 24); n > 0; n--) {
      wf_bytes_text(&text, pick(&random, tokens, sizeof tokens / sizeof *tokens));
    }
    wf_csv_options options = wf_csv_options_default();
    options.header = round % 2;
    equal += compare_readers((wf_view){text.data, text.size}, &options, 64);
    wf_bytes_dispose(&text);
  }
  CHECK(equal > 1000); /* the test tests something */
}

static const char *const words[] = {"",
                                    "0",
                                    "1",
                                    "-17",
                                    "2.5",
                                    "1e3",
                                    "true",
                                    "FALSE",
                                    "NA",
                                    "N/A",
                                    "abc",
                                    "a b",
                                    " 7",
                                    "x\xc3\xa9",
                                    "nan",
                                    "inf",
                                    "long words of text that exceed a block",
                                    "99999999999999999999",
                                    "0.1",
                                    "None",
                                    "2020-01-01"};

/* A field as it may be written: bare, quoted, or with what needs quotes. */
static void add_field(wf_bytes *text, wf_random *random, size_t from, size_t to) {
  const char *word = words[from + wf_random_below(random, to - from)];
  switch (wf_random_below(random, 6)) {
  case 0: wf_bytes_format(text, "\"%s\"", word); break;
  case 1:
    if (to == sizeof words / sizeof *words) {
      wf_bytes_format(text, "\"%s,\"\"\r\n\"\"%s\n\"", word, word);
      break;
    }
    wf_bytes_text(text, word);
    break;
  default: wf_bytes_text(text, word);
  }
}

static void add_line_end(wf_bytes *text, wf_random *random) {
  static const char *const line_ends[] = {"\n", "\n", "\n", "\r\n", "\r", "\n\n", "\r\n\r\n"};
  wf_bytes_text(text, pick(random, line_ends, 7));
}

/* Regular files: columns that keep to one kind of value for a while, then perhaps do not, so that
 * guesses turn out too narrow in later chunks. */
static void make_regular(wf_bytes *text, wf_random *random) {
  size_t n_fields = 1 + wf_random_below(random, 5), n_rows = wf_random_below(random, 60);
  size_t all = sizeof words / sizeof *words;
  size_t limits[5], surprise = wf_random_below(random, n_rows + 20);
  for (size_t i = 0; i < n_fields; i++) {
    limits[i] = 1 + wf_random_below(random, all);
    wf_bytes_format(text, "%sc%zu", i ? "," : "", i);
  }
  add_line_end(text, random);
  for (size_t row = 0; row < n_rows; row++) {
    for (size_t i = 0; i < n_fields; i++) {
      if (i) wf_bytes_char(text, ',');
      add_field(text, random, 0, row < surprise ? limits[i] : all);
    }
    if (row + 1 < n_rows || wf_random_below(random, 2)) add_line_end(text, random);
  }
}

TEST(fast_equals_libcsv_on_regular_text) {
  wf_random random;
  wf_random_seed(&random, 2, 0);
  int rounds = 3000, equal = 0;
  for (int round = 0; round < rounds; round++) {
    wf_bytes text = {0};
    make_regular(&text, &random);
    size_t block = 64 * (1 + wf_random_below(&random, 8));
    equal += compare_readers((wf_view){text.data, text.size}, NULL, block);
    wf_bytes_dispose(&text);
  }
  /* a field that is one bare word may still make a blank line of a record with one column */
  CHECK(equal > rounds * 9 / 10);
}

/* The same text from a file, plain or compressed, in blocks that are far too small. */
TEST(fast_equals_libcsv_on_files) {
  wf_random random;
  wf_random_seed(&random, 6, 0);
  const char *const paths[] = {test_path("s.csv"), test_path("s.csv.gz"), test_path("s.csv.zst")};
  int equal = 0;
  for (int round = 0; round < 300; round++) {
    wf_bytes text = {0};
    make_regular(&text, &random);
    const char *path = paths[round % 3];
    wf_status written = test_write_packed(path, text.data, text.size, 1 << 15, 2, NULL);
    if (written == WF_UNSUPPORTED) continue;
    REQUIRE(written == WF_OK);
    wf_error err = WF_ERROR_INIT;
    wf_frame *reference = NULL, *fast = NULL;
    wf_view view = {text.data, text.size};
    wf_status expected = wf_csv_parse_by(&reference, view, NULL, WF_CSV_BY_LIBCSV, 0, &err);
    size_t block = 64 * (1 + (size_t)wf_random_below(&random, 8));
    wf_status status = wf_csv_read_by(&fast, path, NULL, WF_CSV_BY_MASKS, block, &err);
    CHECK(status == expected || status == WF_UNSUPPORTED);
    char a[65] = "", b[65] = "-";
    if (status == WF_OK && expected == WF_OK) {
      CHECK(wf_frame_digest(a, reference, &err) == WF_OK);
      CHECK(wf_frame_digest(b, fast, &err) == WF_OK);
      CHECK_EQ_STR(a, b);
      equal++;
    }
    wf_frame_release(reference);
    wf_frame_release(fast);
    wf_bytes_dispose(&text);
  }
  CHECK(equal > 150);
}

TEST(fast_other_dialects) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f;
  wf_csv_options options = wf_csv_options_default();
  options.delimiter = '\t';
  options.quote = '\'';
  wf_view text = WF_VIEW("a\tb\n'x\ty'\t1\n'it''s'\t\"2\"\n");
  REQUIRE_OK(wf_csv_parse_by(&f, text, &options, WF_CSV_BY_MASKS, 64, &err), err);
  size_t size;
  const char *data = wf_column_text_at(wf_frame_column_at(f, 0), 1, &size);
  CHECK(size == 4 && memcmp(data, "it's", 4) == 0);
  wf_frame_release(f);
  CHECK_EQ_INT(compare_readers(text, &options, 64), 1);
}

TEST(fast_declines) {
  static const char *const texts[] = {
      "a,b\n1\n",        /* ragged */
      "a,b\n1,2,3\n4\n", /* ragged, with the right number of fields in all */
      "a,b\n1,x\"y\n",   /* a quote within a bare field */
      "a,b\n1,\"x\"y\n", /* text after the closing quote */
      "a,b\n1,\"x\n",    /* a quote that never closes */
      "a,b\n1,2\n\"x\" ,1\n",
  };
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    wf_error err = WF_ERROR_INIT;
    wf_frame *f = NULL;
    CHECK_FAILS(wf_csv_parse_by(&f, wf_view_of(texts[i]), NULL, WF_CSV_BY_MASKS, 64, &err), err,
                WF_UNSUPPORTED, "libcsv");
    CHECK(f == NULL);
  }
  wf_error err = WF_ERROR_INIT;
  wf_frame *f = NULL;
  wf_csv_options options = wf_csv_options_default();
  options.typed = (const char *[]){"a"};
  options.types = (wf_type[]){WF_I64};
  options.n_typed = 1;
  CHECK_FAILS(wf_csv_parse_by(&f, WF_VIEW("a\n1\nx\n"), &options, WF_CSV_BY_MASKS, 64, &err), err,
              WF_UNSUPPORTED, "libcsv");
  CHECK_FAILS(wf_csv_parse_by(&f, WF_VIEW("a\n1\nx\n"), &options, WF_CSV_AUTO, 64, &err), err,
              WF_TYPE, "line 3: column 'a': 'x' is not a 64-bit integer");
}

/* Large enough to be cut: the error a large file gives is libcsv's, with its line. */
TEST(fast_falls_back_with_the_right_line) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f = NULL;
  wf_bytes text = {0};
  wf_bytes_text(&text, "a,b\n");
  for (int i = 0; i < 50000; i++) wf_bytes_format(&text, "%d,word\n", i);
  wf_bytes_text(&text, "1\n");
  CHECK_FAILS(wf_csv_parse(&f, text.data, text.size, NULL, NULL, &err), err, WF_PARSE,
              "line 50002: 1 field where the header has 2");
  wf_bytes_dispose(&text);
}

/* As many distinct texts as a category may have, and more: in every chunk, or only in all together.
 */
TEST(fast_many_distinct_texts) {
  for (int distinct = 20000; distinct <= 40000; distinct += 20000) {
    wf_bytes text = {0};
    wf_bytes_text(&text, "a\n");
    for (int i = 0; i < 80000; i++) wf_bytes_format(&text, "key %d\n", i % distinct);
    wf_view all = {text.data, text.size};
    CHECK_EQ_INT(compare_readers(all, NULL, 1 << 16), 1);
    CHECK_EQ_INT(compare_readers(all, NULL, 1 << 21), 1);
    wf_error err = WF_ERROR_INIT;
    wf_frame *f;
    REQUIRE_OK(wf_csv_parse(&f, all.data, all.size, NULL, NULL, &err), err);
    CHECK_EQ_INT(wf_column_type(wf_frame_column_at(f, 0)),
                 distinct <= WF_CSV_MAX_CATEGORIES ? WF_CATEGORY : WF_STRING);
    wf_frame_release(f);
    wf_bytes_dispose(&text);
  }
}

static bool parse_by_masks(void) {
  wf_frame *f = NULL;
  wf_view text = WF_VIEW("a,b,c,d\n1,x,true,word one\n2,x,,word two\n,\"y\"\"y\",false,word three\n"
                         "4,x,true,x\n2.5,x,true,word one\n2,x,,word two\n3,z,NA,w\n");
  wf_status status = wf_csv_parse_by(&f, text, NULL, WF_CSV_BY_MASKS, 64, NULL);
  if (status != WF_OK) return false;
  wf_frame_release(f);
  return true;
}

TEST(fast_out_of_memory) { CHECK_OOM_SAFE(parse_by_masks()); }

TEST(fast_equals_libcsv_on_real_data) {
  static const char *const files[] = {"auto_claims/claims.csv", "auto_claims/customers.csv",
                                      "adult/adult.data", "compas/compas-scores-two-years.csv"};
  for (size_t i = 0; i < 4; i++) {
    wf_error err = WF_ERROR_INIT;
    wf_csv_text text;
    wf_csv_options options = wf_csv_options_default();
    options.header = i != 2;
    options.rename_duplicates = true;
    REQUIRE_OK(wf_csv_text_read(&text, test_data(files[i]), &err), err);
    CHECK_EQ_INT(compare_readers((wf_view){text.data, text.size}, &options, 4096), 1);
    wf_csv_text_dispose(&text);
  }
}
