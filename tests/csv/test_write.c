#include "check.h"

#include "base/file.h"
#include "base/random.h"
#include "frame/builder.h"
#include "wf/csv.h"

#include <csv.h>
#include <stdlib.h>
#include <sys/stat.h>

static wf_status parse(wf_frame **out, const char *text, const wf_csv_options *options,
                       wf_error *err) {
  return wf_csv_parse(out, text, strlen(text), options, NULL, err);
}

/* Reads, writes, and returns what was written. */
static const char *rewritten(const char *text, const wf_csv_options *options) {
  static char out[4][2048];
  static unsigned turn;
  char *kept = out[turn++ % 4], *written;
  wf_error err = WF_ERROR_INIT;
  wf_frame *f;
  REQUIRE_OK(parse(&f, text, options, &err), err);
  REQUIRE_OK(wf_csv_format(&written, NULL, f, options, &err), err);
  snprintf(kept, sizeof out[0], "%s", written);
  wf_text_free(written);
  wf_frame_release(f);
  return kept;
}

TEST(write_values) {
  const char *text = "a,b,c,d\n1,2.5,x,true\n-3,0.1,NA,\n,1e+300,é,false\n";
  CHECK_EQ_STR(rewritten(text, NULL), "a,b,c,d\n1,2.5,x,true\n-3,0.1,,\n,1e+300,é,false\n");
}

TEST(write_quotes_what_needs_quotes) {
  const char *text = "a,\"b\"\"\n\"\n\"x,y\",\"say \"\"hi\"\"\"\n\"two\r\nlines\",\" blank\"\n"
                     "\"NA\",\"\"\n";
  CHECK_EQ_STR(rewritten(text, NULL), text);
}

TEST(write_other_dialects) {
  wf_csv_options options = wf_csv_options_default();
  options.delimiter = ';';
  options.quote = '\'';
  CHECK_EQ_STR(rewritten("a;b\n'it''s';1,5\n'x;y';\"q\"\n", &options),
               "a;b\n'it''s';1,5\n'x;y';\"q\"\n");
  options.header = false;
  CHECK_EQ_STR(rewritten("1;2\n", &options), "1;2\n");
  options.delimiter = '.'; /* a delimiter that numbers hold */
  options.quote = '"';
  CHECK_EQ_STR(rewritten("\"0.5\".1\n", &options), "\"0.5\".1\n");
}

TEST(write_quotes_around_everything) {
  wf_csv_options o = wf_csv_options_default();
  o.quote_all = true;
  wf_error err = WF_ERROR_INIT;
  wf_frame *f = NULL, *again = NULL;
  const char *text = "n,x,s,c,b,t\n1,2.5,\"a\"\"b\",k,true,2024-01-01\n,,,k,,\n";
  REQUIRE_OK(wf_csv_parse(&f, text, strlen(text), NULL, NULL, &err), err);
  char *written, a[65] = "", b[65] = "-";
  size_t size;
  REQUIRE_OK(wf_csv_format(&written, &size, f, &o, &err), err);
  CHECK_EQ_STR(written, "\"n\",\"x\",\"s\",\"c\",\"b\",\"t\"\n"
                        "\"1\",\"2.5\",\"a\"\"b\",\"k\",\"true\",\"2024-01-01\"\n,,,\"k\",,\n");
  REQUIRE_OK(wf_csv_parse(&again, written, size, NULL, NULL, &err), err);
  CHECK(wf_frame_digest(a, f, &err) == WF_OK && wf_frame_digest(b, again, &err) == WF_OK);
  CHECK_EQ_STR(a, b);
  wf_text_free(written);
  wf_frame_release(f);
  wf_frame_release(again);
}

TEST(write_missing_reads_back_as_missing) {
  CHECK_EQ_STR(rewritten("a\n1\nNA\n3\n", NULL), "a\n1\nNA\n3\n"); /* no blank line */
  CHECK_EQ_STR(rewritten("a\n\"\"\nx\n", NULL), "a\n\"\"\nx\n");
  wf_csv_options options = wf_csv_options_default();
  options.missing = (const char *[]){"?"};
  options.n_missing = 1;
  CHECK_EQ_STR(rewritten("a,b\n?,x\n1,?\n", &options), "a,b\n?,x\n1,?\n");
}

TEST(write_nan_is_not_missing) {
  wf_error err = WF_ERROR_INIT;
  wf_column *c;
  wf_frame *f, *g;
  char *text;
  REQUIRE_OK(wf_column_from_f64(&c, (double[]){NAN, 1, INFINITY}, (uint8_t[]){1, 0, 1}, 3, &err),
             err);
  REQUIRE_OK(wf_frame_new(&f, (const char *[]){"x", "y"}, (wf_column *[]){c, c}, 2, &err), err);
  REQUIRE_OK(wf_csv_format(&text, NULL, f, NULL, &err), err);
  CHECK_EQ_STR(text, "x,y\n\"nan\",\"nan\"\n,\ninf,inf\n");
  REQUIRE_OK(parse(&g, text, NULL, &err), err);
  wf_column *x = wf_frame_column_at(g, 0);
  CHECK_EQ_INT(wf_column_type(x), WF_F64);
  CHECK(!wf_column_is_missing(x, 0) && wf_column_is_missing(x, 1));
  wf_text_free(text);
  wf_frame_release(f);
  wf_frame_release(g);
  wf_column_release(c);
}

/* What is written by several threads is what one would write. */
TEST(write_many_rows) {
  wf_error err = WF_ERROR_INIT;
  enum { N = 40000 };
  double *values = malloc(N * sizeof *values);
  for (int i = 0; i < N; i++) values[i] = i / 7.0;
  wf_column *c;
  wf_frame *f, *g;
  char *text;
  size_t size;
  REQUIRE_OK(wf_column_from_f64(&c, values, NULL, N, &err), err);
  REQUIRE_OK(wf_frame_new(&f, (const char *[]){"x", "y"}, (wf_column *[]){c, c}, 2, &err), err);
  REQUIRE_OK(wf_csv_format(&text, &size, f, NULL, &err), err);
  REQUIRE_OK(wf_csv_parse(&g, text, size, NULL, NULL, &err), err);
  char a[65], b[65];
  REQUIRE_OK(wf_frame_digest(a, f, &err), err);
  REQUIRE_OK(wf_frame_digest(b, g, &err), err);
  CHECK_EQ_STR(b, a); /* every double reads back to the same bits */
  wf_text_free(text);
  wf_frame_release(f);
  wf_frame_release(g);
  wf_column_release(c);
  free(values);
}

TEST(write_files) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f, *g;
  REQUIRE_OK(parse(&f, "a,b\n1,x\n2,y\n", NULL, &err), err);
  const char *plain = test_path("t.csv"), *packed = test_path("t.csv.gz");
  REQUIRE_OK(wf_csv_write(f, plain, NULL, &err), err);
  REQUIRE_OK(wf_csv_write(f, packed, NULL, &err), err);
  char *bytes;
  size_t size;
  REQUIRE_OK(wf_file_read(plain, 0, &bytes, &size, &err), err);
  CHECK_EQ_STR(bytes, "a,b\n1,x\n2,y\n");
  wf_free(bytes);
  REQUIRE_OK(wf_file_read(packed, 0, &bytes, &size, &err), err);
  CHECK_EQ_INT((unsigned char)bytes[0], 0x1f);
  wf_free(bytes);
  REQUIRE_OK(wf_csv_read(&g, packed, NULL, NULL, &err), err);
  char a[65], b[65];
  REQUIRE_OK(wf_frame_digest(a, f, &err), err);
  REQUIRE_OK(wf_frame_digest(b, g, &err), err);
  CHECK_EQ_STR(b, a);
  CHECK_FAILS(wf_csv_write(f, "/no/such/folder/t.csv", NULL, &err), err, WF_NOTFOUND, "t.csv");
  wf_csv_options options = wf_csv_options_default();
  options.delimiter = '"';
  CHECK_FAILS(wf_csv_write(f, plain, &options, &err), err, WF_INVALID, "delimiter");
  wf_frame_release(f);
  wf_frame_release(g);
}

/* Texts of all sizes and of what is special, quoted as libcsv does it; bare ones as they are. */
TEST(write_quotes_as_libcsv) {
  enum { N = 4000 };
  static const char letters[] = "abc\",\r\n \t'xyz\xc3";
  wf_error err = WF_ERROR_INIT;
  wf_random random;
  wf_random_seed(&random, 7, 0);
  wf_builder *b = NULL;
  wf_column *c = NULL, *other = NULL;
  wf_frame *f = NULL;
  wf_bytes expected = {0};
  wf_bytes_text(&expected, "x,y\n");
  REQUIRE_OK(wf_builder_new(&b, WF_STRING, &err), err);
  for (int i = 0; i < N; i++) {
    char text[80], quoted[2 * sizeof text + 2];
    size_t size = wf_random_below(&random, sizeof text), kinds = i % 2 ? sizeof letters - 1 : 3;
    for (size_t k = 0; k < size; k++) text[k] = letters[wf_random_below(&random, kinds)];
    if (size && i % 8 == 0) text[wf_random_below(&random, size)] = '"';
    REQUIRE_OK(wf_builder_add_text(b, (wf_view){text, size}, &err), err);
    bool special = size == 0 || strchr(" \t", text[0]) || strchr(" \t", text[size - 1]);
    for (size_t k = 0; k < size; k++) special |= strchr("\",\r\n", text[k]) != NULL;
    size_t n = special ? csv_write(quoted, sizeof quoted, text, size) : 0;
    wf_bytes_add(&expected, special ? quoted : text, special ? n : size);
    wf_bytes_text(&expected, ",1\n");
  }
  REQUIRE_OK(wf_builder_finish(b, &c, &err), err);
  double ones[N];
  for (int i = 0; i < N; i++) ones[i] = 1;
  REQUIRE_OK(wf_column_from_f64(&other, ones, NULL, N, &err), err);
  REQUIRE_OK(wf_frame_new(&f, (const char *[]){"x", "y"}, (wf_column *[]){c, other}, 2, &err), err);
  char *written = NULL;
  size_t size;
  REQUIRE_OK(wf_csv_format(&written, &size, f, NULL, &err), err);
  CHECK_EQ_INT(size, expected.size);
  CHECK(memcmp(written, expected.data, size) == 0);
  wf_text_free(written);
  wf_bytes_dispose(&expected);
  wf_column_release(c);
  wf_column_release(other);
  wf_frame_release(f);
}

static bool write_and_free(void) {
  wf_frame *f = NULL;
  char *text = NULL;
  bool ok = parse(&f, "a,b\n1,\"x,y\"\n2,\n", NULL, NULL) == WF_OK &&
            wf_csv_format(&text, NULL, f, NULL, NULL) == WF_OK;
  wf_text_free(text);
  wf_frame_release(f);
  return ok;
}

TEST(write_out_of_memory) { CHECK_OOM_SAFE(write_and_free()); }

/* ---- compressed -------------------------------------------------------------------------------
 */

TEST(compressed_files) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f = NULL, *g = NULL;
  REQUIRE_OK(parse(&f, "a,b\n1,2\n1,2\n1,2\n", NULL, &err), err);
  const char *path = test_path("whole.csv.gz");
  REQUIRE_OK(wf_csv_write(f, path, NULL, &err), err);
  REQUIRE_OK(wf_csv_read(&g, path, NULL, NULL, &err), err);
  CHECK_EQ_INT(wf_frame_row_count(g), 3);
  wf_frame_release(g);
  char *packed;
  size_t size;
  REQUIRE_OK(wf_file_read(path, 0, &packed, &size, &err), err);
  path = test_write("cut.csv.gz", packed, size - 3);
  wf_free(packed);
  CHECK_FAILS(wf_csv_read(&g, path, NULL, NULL, &err), err, WF_CORRUPT,
              "cut.csv.gz: the gzip data");
  wf_frame_release(f);
}
