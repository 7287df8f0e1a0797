/* What options change about the dialect: comments, skipped lines, no quotes, names and numbers of
 * columns. */
#include "check.h"

#include "base/bytes.h"
#include "base/random.h"
#include "csv/plan.h"
#include "frame/column.h"

#include <stdlib.h>

static wf_status parse(wf_frame **out, const char *text, const wf_csv_options *options,
                       wf_error *err) {
  return wf_csv_parse(out, text, strlen(text), options, NULL, err);
}

/* The frame as CSV text. */
static const char *shown(const char *text, const wf_csv_options *options) {
  static char out[1024];
  wf_error err = WF_ERROR_INIT;
  wf_frame *f = NULL;
  char *written = NULL;
  size_t size;
  wf_status status = parse(&f, text, options, &err);
  if (status == WF_OK) status = wf_csv_format(&written, &size, f, NULL, &err);
  snprintf(out, sizeof out, "%s", status == WF_OK ? written : err.message);
  wf_frame_release(f);
  wf_text_free(written);
  return out;
}

/* ---- comments -------------------------------------------------------------------------------- */

TEST(comments_are_whole_lines) {
  wf_csv_options o = wf_csv_options_default();
  o.comment = '#';
  CHECK_EQ_STR(shown("#x\n# y,\"\na,b\n#\n1,2\n\n#z\r\n3,#4\n\"#5\",6\n#", &o),
               "a,b\n1,2\n3,#4\n#5,6\n");
  CHECK_EQ_STR(shown("a,b\n\"1\n#no\",2\n", &o), "a,b\n\"1\n#no\",2\n");
  CHECK_EQ_STR(shown("a,b\n1,2 # no\n", &o), "a,b\n1,2 # no\n");
  CHECK_EQ_STR(shown("#only\n#these", &o), "the CSV text holds no record");
  CHECK_EQ_STR(shown("a,b\n#\n1\n", &o), "line 3: 1 field where the header has 2");
  o.header = false;
  CHECK_EQ_STR(shown("#x\n1,2\n", &o), "column_1,column_2\n1,2\n");
}

TEST(comments_with_other_options) {
  wf_csv_options o = wf_csv_options_default();
  o.comment = '#';
  o.trim = true;
  CHECK_EQ_STR(shown(" a , b\n# x\n 1,\"2\" \n #3, 4\n", &o), "a,b\n1,2\n#3,4\n");
  o.trim = false;
  o.bad_row = WF_CSV_SKIP;
  CHECK_EQ_STR(shown("a,b\n1,\"x\n#y\n2,3\n#\n", &o), "a,b\n2,3\n");
}

/* The text without comments, by parity of quotes, which is right when the rest is regular. */
static void strip_comments(wf_bytes *out, wf_view text) {
  bool inside = false, start = true;
  for (size_t i = 0; i < text.size; i++) {
    char c = text.data[i];
    if (start && !inside && c == '#') {
      while (i < text.size && text.data[i] != '\n' && text.data[i] != '\r') i++;
      if (i == text.size) return;
      c = text.data[i];
    }
    inside ^= c == '"';
    start = c == '\n' || c == '\r';
    wf_bytes_char(out, c);
  }
}

TEST(comments_on_soup) {
  static const char *const tokens[] = {"a",  "1",     ",",  ",",   "\n",   "\n",    "#",
                                       "\"", "\n#\"", "\r", "\r#", "\"\"", "\",\"", "\"\n#"};
  wf_random random;
  wf_random_seed(&random, 3, 0);
  int equal[2] = {0};
  for (int round = 0; round < 20000; round++) {
    wf_bytes text = {0}, bare = {0};
    wf_bytes_text(&text, round % 3 ? "#c\nx,y\n" : "x,y\n");
    for (uint64_t n = wf_random_below(&random, 24); n > 0; n--)
      wf_bytes_text(&text, tokens[wf_random_below(&random, sizeof tokens / sizeof *tokens)]);
    strip_comments(&bare, (wf_view){text.data, text.size});
    wf_error err = WF_ERROR_INIT;
    wf_frame *wanted = NULL;
    if (wf_csv_parse(&wanted, bare.data, bare.size, NULL, NULL, NULL) == WF_OK) {
      char a[65] = "", b[65] = "-";
      CHECK(wf_frame_digest(a, wanted, &err) == WF_OK);
      wf_csv_options o = wf_csv_options_default();
      o.comment = '#';
      for (int fast = 0; fast < 2; fast++) {
        wf_frame *f = NULL;
        wf_csv_reader reader = fast ? WF_CSV_BY_MASKS : WF_CSV_BY_LIBCSV;
        wf_status status =
            wf_csv_parse_by(&f, (wf_view){text.data, text.size}, &o, reader, 64, &err);
        if (status == WF_UNSUPPORTED) continue;
        REQUIRE_OK(status, err);
        CHECK(wf_frame_digest(b, f, &err) == WF_OK);
        if (strcmp(a, b) != 0)
          test_fail(__FILE__, __LINE__, "differs: <<<%.*s>>>", (int)text.size, text.data);
        equal[fast]++;
        wf_frame_release(f);
      }
    }
    wf_frame_release(wanted);
    wf_bytes_dispose(&text);
    wf_bytes_dispose(&bare);
  }
  CHECK(equal[0] > 1000 && equal[1] > 500); /* the test tests something */
}

/* ---- lines, quotes, names -------------------------------------------------------------------- */

TEST(lines_are_skipped) {
  wf_csv_options o = wf_csv_options_default();
  o.skip_lines = 2;
  CHECK_EQ_STR(shown("\"report\r\n\r\na,b\r\n1,2\r\n", &o), "a,b\n1,2\n");
  CHECK_EQ_STR(shown("x\ry\ra,b\r1\r", &o), "line 4: 1 field where the header has 2");
  CHECK_EQ_STR(shown("x\ny", &o), "the CSV text holds no record");
  o.header = false;
  CHECK_EQ_STR(shown("x\ny,\n1,2", &o), "column_1,column_2\n1,2\n");
}

TEST(quotes_can_be_data) {
  wf_csv_options o = wf_csv_options_default();
  o.quote = '\0';
  o.delimiter = '\t';
  o.header = false;
  CHECK_EQ_STR(shown("5\" pipe\t\"x\n\"\t\"\"\n", &o),
               "column_1,column_2\n\"5\"\" pipe\",\"\"\"x\"\n\"\"\"\",\"\"\"\"\"\"\n");
  wf_error err = WF_ERROR_INIT;
  wf_frame *f = NULL;
  wf_view text = WF_VIEW("5\" pipe\t\"x\n\"\t\"\"\n");
  REQUIRE_OK(wf_csv_parse_by(&f, text, &o, WF_CSV_BY_MASKS, 64, &err), err);
  char *written;
  size_t size;
  CHECK_FAILS(wf_csv_format(&written, &size, f, &o, &err), err, WF_INVALID, "delimiter and quote");
  wf_frame_release(f);
}

TEST(names_can_be_given) {
  static const char *const names[] = {"x", "y"};
  wf_csv_options o = wf_csv_options_default();
  o.names = names;
  o.n_names = 2;
  CHECK_EQ_STR(shown("a,b\n1,2\n", &o), "x,y\n1,2\n");
  o.header = false;
  CHECK_EQ_STR(shown("a,b\n1,2\n", &o), "x,y\na,b\n1,2\n");
  o.n_names = 1;
  CHECK_EQ_STR(shown("a,b\n1,2\n", &o),
               "line 1: 1 names are given and the first record has 2 fields");
}

TEST(columns_by_number) {
  static const char *const columns[] = {NULL, "a"};
  wf_csv_options o = wf_csv_options_default();
  o.columns = columns;
  o.positions = (const size_t[]){3, 0};
  o.n_columns = 2;
  CHECK_EQ_STR(shown("a,b,c\n1,2,3\n", &o), "c,a\n3,1\n");
  CHECK_EQ_STR(shown("a,b\n1,2\n", &o), "there is no column 3: there are 2");
  o.positions = (const size_t[]){1, 0};
  CHECK_EQ_STR(shown("a,b\n1,2\n", &o), "column 'a' is asked for twice");
}

TEST(a_wrong_name_is_told_the_nearest) {
  static const char *const columns[] = {"custmer_age"};
  wf_csv_options o = wf_csv_options_default();
  o.columns = columns;
  o.n_columns = 1;
  CHECK_EQ_STR(shown("x,customer_age\n1,2\n", &o),
               "there is no column 'custmer_age'; did you mean 'customer_age'?");
}

TEST(numbers_written_otherwise) {
  wf_csv_options o = wf_csv_options_default();
  o.delimiter = ';';
  o.decimal = ',';
  CHECK_EQ_STR(shown("a;b;c\n1,5;2;1.5\n-,25;+3; 4,0e2 \n", &o),
               "a,b,c\n1.5,2,1.5\n-0.25,3,\" 4,0e2 \"\n");
  o.thousands = '.';
  CHECK_EQ_STR(shown("a;b;c;d;e\n1.234,5;1.234.567;12.34;1234.567;1.234\n", &o),
               "a,b,c,d,e\n1234.5,1234567,12.34,1234.567,1234\n");
  CHECK_EQ_STR(shown("t;u\n2024-02-29T10:30:00.25;TRUE\n", &o),
               "t,u\n2024-02-29T10:30:00.25Z,true\n");
  o.decimal = '\0';
  CHECK_EQ_STR(shown("a\n1\n", &o), "decimal point and separator of thousands must be two ASCII "
                                    "characters other than digits, letters and signs");
  o.thousands = ' ';
  CHECK_EQ_STR(shown("a;b\n12 345;1 2\n-1 234.5;3\n", &o), "a,b\n12345,1 2\n-1234.5,3\n");
  o.typed = (const char *const[]){"a"};
  o.types = (const wf_type[]){WF_I32};
  o.n_typed = 1;
  CHECK_EQ_STR(shown("a\n12 345\n12 34\n", &o),
               "line 3: column 'a': '12 34' is not a 32-bit integer");
}

/* Both readers say the same of them, and the same as of the plain text. */
TEST(numbers_written_otherwise_in_many_rows) {
  wf_random random;
  wf_random_seed(&random, 8, 0);
  wf_bytes plain = {0}, other = {0};
  wf_bytes_text(&plain, "a;b;c\n");
  wf_bytes_text(&other, "a;b;c\n");
  for (int i = 0; i < 5000; i++) {
    unsigned n = (unsigned)wf_random_below(&random, 1000),
             m = (unsigned)wf_random_below(&random, 1000);
    wf_bytes_format(&plain, "%u%03u;%u.%u;%u\n", n, m, n, m, m);
    wf_bytes_format(&other, "%u.%03u;%u,%u;%u\n", n, m, n, m, m);
  }
  wf_csv_options o = wf_csv_options_default();
  wf_error err = WF_ERROR_INIT;
  wf_frame *f[3] = {NULL};
  char digests[3][65] = {"", "-", "+"};
  o.delimiter = ';';
  REQUIRE_OK(wf_csv_parse(&f[0], plain.data, plain.size, &o, NULL, &err), err);
  o.decimal = ',';
  o.thousands = '.';
  wf_view text = {other.data, other.size};
  REQUIRE_OK(wf_csv_parse_by(&f[1], text, &o, WF_CSV_BY_MASKS, 4096, &err), err);
  REQUIRE_OK(wf_csv_parse_by(&f[2], text, &o, WF_CSV_BY_LIBCSV, 0, &err), err);
  for (int i = 0; i < 3; i++) {
    CHECK(wf_frame_digest(digests[i], f[i], &err) == WF_OK);
    wf_frame_release(f[i]);
  }
  CHECK_EQ_STR(digests[0], digests[1]);
  CHECK_EQ_STR(digests[0], digests[2]);
  wf_bytes_dispose(&plain);
  wf_bytes_dispose(&other);
}

TEST(other_encodings_are_named) {
  static const struct {
    const char *text;
    size_t size;
    const char *message;
  } cases[] = {{"\xff\xfe"
                "a\0\n\0",
                6, "line 1: this is UTF-16"},
               {"\xfe\xff\0a\0\n", 6, "line 1: this is UTF-16"},
               {"a\0,\0b\0", 6, "line 1: this is UTF-16"},
               {"a\ncaf\xe9\n", 7, "line 2: byte 4 (0xe9) is not UTF-8"},
               {"a\nb\0\n", 5, "line 2: byte 2 is NUL"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    wf_error err = WF_ERROR_INIT;
    wf_frame *f = NULL;
    CHECK_FAILS(wf_csv_parse(&f, cases[i].text, cases[i].size, NULL, NULL, &err), err, WF_PARSE,
                cases[i].message);
  }
}

TEST(types_as_in_another_frame) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *like = NULL, *f = NULL;
  REQUIRE_OK(parse(&like, "zip,kind,n,none,gone\n007,a,1.5,,1\nA1,a,2,,2\nB2,a,3,,3\n", NULL, &err),
             err);
  wf_csv_options o = wf_csv_options_default();
  o.like = like;
  REQUIRE_OK(parse(&f, "none,more,kind,zip,n\nx,1,2,003,1\ny,2,2,004,2\n", &o, &err), err);
  static const wf_type types[] = {WF_STRING, WF_I64, WF_CATEGORY, WF_STRING, WF_F64};
  for (size_t i = 0; i < 5; i++) CHECK_EQ_INT(wf_column_type(wf_frame_column_at(f, i)), types[i]);
  size_t size;
  CHECK(memcmp(wf_column_text_at(wf_frame_column_at(f, 3), 0, &size), "003", 3) == 0);
  wf_frame_release(f);
  CHECK_EQ_STR(shown("n\nx\n", &o), "line 2: column 'n': 'x' is not a number");
  o.typed = (const char *const[]){"zip"}; /* what is said expressly counts more */
  o.types = (const wf_type[]){WF_I64};
  o.n_typed = 1;
  CHECK_EQ_STR(shown("zip\n007\n", &o), "zip\n7\n");
  o.n_typed = 0;
  o.bad_row = WF_CSV_SKIP;
  CHECK_EQ_STR(shown("n\nx\n1\n", &o), "n\n1\n");
  wf_frame_release(like);
}

TEST(marks_must_differ) {
  wf_csv_options o = wf_csv_options_default();
  o.comment = ',';
  CHECK_EQ_STR(shown("a\n", &o), "',' cannot mark comments: it is delimiter or quote");
  o.comment = '\n';
  CHECK_EQ_STR(shown("a\n", &o), "the comment mark must be one ASCII character, not a line end");
}
