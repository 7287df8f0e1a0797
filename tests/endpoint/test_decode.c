#include "endpoint/decode.h"

#include "base/random.h"
#include "check.h"
#include "desk.h"
#include "tiny.h"
#include "wf/csv.h"

#include <stdlib.h>

static wf_status ask(desk *d, wf_format in, wf_format out, const char *body, size_t size,
                     bool *syntax, wf_error *err) {
  return desk_ask(d, in, out, 0, (wf_view){body, size}, syntax, err);
}

/* The response to a good request. */
static const char *reply(desk *d, wf_format in, wf_format out, const char *body) {
  wf_error err = WF_ERROR_INIT;
  bool syntax;
  REQUIRE_OK(ask(d, in, out, body, strlen(body), &syntax, &err), err);
  return d->out.data;
}

/* Every line of CSV is that prediction, bit by bit. */
static void check_scores(const char *text, const float *expected, size_t n_rows, size_t n) {
  for (size_t i = 0; i < n_rows * n; i++) {
    char *end;
    float score = strtof(text, &end);
    CHECK_SAME(score, expected[i]);
    CHECK(*end == (i % n == n - 1 ? '\n' : ','));
    text = end + 1;
  }
  CHECK_EQ_STR(text, "");
}

static const char raw[] = "S,red,1.5\nM,blue,2.25\nL,red,\nNA,blue,4\nS,,5.5\nM,red,0.125\n"
                          "L,blue,7\nS,red,3.0\nM,null,N/A\nL,blue,9.5e0\nS,blue,2\n,red,6";
static const char encoded[] = "0,0,1,1.5\n1,1,0,2.25\n2,0,1,\n,1,0,4\n0,0,0,5.5\n1,0,1,0.125\n"
                              "2,1,0,7\n0,0,1,3\n1,0,0,nan\n2,1,0,9.5\n0,1,0,2\n,0,1,6\n";

TEST(decode_csv_raw_and_encoded) {
  static const char *const names[] = {"tiny", "three"};
  for (size_t i = 0; i < 2; i++) {
    desk d = open_desk(names[i]);
    float expected[TINY_ROWS * 3];
    size_t n = i ? 3 : 1;
    tiny_expected(names[i], n, expected);
    check_scores(reply(&d, WF_FORMAT_CSV, WF_FORMAT_CSV, raw), expected, TINY_ROWS, n);
    check_scores(reply(&d, WF_FORMAT_CSV, WF_FORMAT_CSV, encoded), expected, TINY_ROWS, n);
    close_desk(&d);
  }
}

TEST(decode_csv_headers) {
  desk d = open_desk("tiny");
  float expected[TINY_ROWS];
  tiny_expected("tiny", 1, expected);
  static const char *const bodies[] = {
      "size,colour,weight\nS,red,1.5\nM,blue,2.25\n",
      "\xef\xbb\xbfweight,size,colour\r\n1.5,S,red\r\n2.25,M,blue\r\n",
      "bad,weight,size,colour\n0,1.5,S,red\n1,2.25,M,blue\n",
      "\n\nweight,\"colour\",\"size\"\r1.5,\"red\",\"S\"\r\r\"2.25\",blue,M",
      "colour,comment,size,weight,when\nred,\"a, \"\"b\"\"\",S, 1.5 ,x\nblue,,M,\t2.25,y\n",
      "weight,colour_red,size,colour_blue\n1.5,1,0,0\n2.25,0,1,1\n",
      "colour_blue,colour_red,note,weight,size\n0,1,n,1.5,0\n1,0,n,2.25,1\n",
      "size,colour_blue,colour_red,weight,colour\nS,7,7,1.5,red\nM,7,7,2.25,blue\n",
  };
  for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
    check_scores(reply(&d, WF_FORMAT_CSV, WF_FORMAT_CSV, bodies[i]), expected, 2, 1);
  }
  close_desk(&d);
}

TEST(decode_takes_no_number_for_a_name) {
  desk d = open_desk("tiny");
  static const char *const names[] = {"1.5", "7"}; /* as if two features were called so */
  for (size_t i = 0; i < 2; i++) {
    size_t index;
    wf_error err = WF_ERROR_INIT;
    REQUIRE_OK(wf_map_add(d.served->names, wf_view_of(names[i]), &index, NULL, &err), err);
    d.served->places[d.served->n_places++] = (wf_place){-1, 0};
  }
  wf_error err = WF_ERROR_INIT;
  bool syntax;
  CHECK_FAILS(ask(&d, WF_FORMAT_CSV, WF_FORMAT_CSV, "1.5,7\n", 6, &syntax, &err), err, WF_INVALID,
              "2 fields");
  close_desk(&d);
}

TEST(decode_json_forms) {
  desk d = open_desk("tiny");
  float expected[TINY_ROWS];
  tiny_expected("tiny", 1, expected);
  static const char *const two[] = {
      "{\"instances\":[{\"features\":[\"S\",\"red\",1.5]},{\"features\":[\"M\",\"blue\",2.25]}]}",
      "{\"instances\":[{\"size\":\"S\",\"colour\":\"red\",\"weight\":1.5},"
      "{\"weight\":2.25,\"size\":\"M\",\"colour\":\"blue\",\"bad\":1,\"other\":[1]}]}",
      "{\"instances\":[[\"S\",\"red\",1.5],[1,1,0,2.25]]}",
      "[{\"size\":\"S\",\"colour\":\"red\",\"weight\":\"1.5\"},[\"M\",\"blue\",2.25]]",
      "[[0,0,1,1.5],[1,true,false,2.25]]",
      "{\"columns\":[\"weight\",\"size\",\"x\",\"colour\"],"
      "\"data\":[[1.5,\"S\",0,\"red\"],[2.25,\"M\",null,\"blue\"]]}",
      "{\"columns\":[\"weight\",\"size\",\"colour_red\",\"colour_blue\"],"
      "\"data\":[[1.5,0,1,0],[2.25,\"1\",0,1]]}",
  };
  for (size_t i = 0; i < sizeof two / sizeof *two; i++) {
    check_scores(reply(&d, WF_FORMAT_JSON, WF_FORMAT_CSV, two[i]), expected, 2, 1);
  }
  static const char *const one[] = {
      "{\"size\":\"L\",\"colour\":\"red\",\"weight\":null}",
      "{\"features\":[\"L\",\"red\",null]}",
      "[\"L\",\"red\",null]",
      "[2,0,1,null]",
      "{\"size\":2,\"colour_red\":1,\"colour_blue\":0,\"weight\":null}",
  };
  for (size_t i = 0; i < sizeof one / sizeof *one; i++) {
    check_scores(reply(&d, WF_FORMAT_JSON, WF_FORMAT_CSV, one[i]), expected + 2, 1, 1);
  }
  check_scores(reply(&d, WF_FORMAT_JSONLINES, WF_FORMAT_CSV,
                     "[\"S\",\"red\",1.5]\r\n\n{\"features\":[\"M\",\"blue\",2.25]}\n \t\n"),
               expected, 2, 1);
  close_desk(&d);
}

TEST(decode_answers_in_json) {
  desk d = open_desk("tiny"), e = open_desk("three");
  CHECK_EQ_STR(reply(&d, WF_FORMAT_CSV, WF_FORMAT_JSON, "S,red,1.5\n"),
               "{\"predictions\":[{\"score\":0.16888198}]}\n");
  CHECK_EQ_STR(reply(&d, WF_FORMAT_CSV, WF_FORMAT_JSONLINES, "S,red,1.5\nM,blue,2.25\n"),
               "{\"score\":0.16888198}\n{\"score\":0.70500696}\n");
  CHECK_HAS(reply(&e, WF_FORMAT_CSV, WF_FORMAT_JSON, "S,red,1.5\nM,blue,2.25\n"),
            "],\"predicted_label\":0},{\"scores\":[");
  CHECK_HAS(e.out.data, "],\"predicted_label\":1}]}\n");
  close_desk(&d);
  close_desk(&e);
}

TEST(decode_many_rows) {
  desk d = open_desk("tiny");
  wf_bytes body = {0};
  float expected[TINY_ROWS], many[TINY_ROWS * 100];
  tiny_expected("tiny", 1, expected);
  for (int i = 0; i < 100; i++) {
    wf_bytes_text(&body, raw);
    wf_bytes_char(&body, '\n');
    memcpy(many + i * TINY_ROWS, expected, sizeof expected);
  }
  check_scores(reply(&d, WF_FORMAT_CSV, WF_FORMAT_CSV, body.data), many, TINY_ROWS * 100, 1);
  wf_bytes_text(&body, "S,red,x\n");
  wf_error err = WF_ERROR_INIT;
  bool syntax;
  CHECK_FAILS(ask(&d, WF_FORMAT_CSV, WF_FORMAT_CSV, body.data, body.size, &syntax, &err), err,
              WF_TYPE, "row 1201");
  CHECK_EQ_INT(err.line, 1201);
  CHECK_EQ_INT(err.column, 3);
  wf_bytes_dispose(&body);
  close_desk(&d);
}

TEST(decode_refuses) {
  static const struct {
    wf_format format;
    const char *body, *message;
    wf_status status;
    int line, column;
    bool syntax;
  } cases[] = {
      {WF_FORMAT_CSV, "", "no rows", WF_INVALID, 0, 0, false},
      {WF_FORMAT_CSV, "\r\n\n", "no rows", WF_INVALID, 0, 0, false},
      {WF_FORMAT_CSV, "size,colour,weight\n", "no rows", WF_INVALID, 0, 0, false},
      {WF_FORMAT_CSV, "S,red", "2 fields; the model takes 3 raw columns or 4 encoded features",
       WF_INVALID, 1, 0, false},
      {WF_FORMAT_CSV, "1,2,3,4,5", "5 fields", WF_INVALID, 1, 0, false},
      {WF_FORMAT_CSV, "S,red,1\nS,red\n", "2 fields; the rows before have 3", WF_INVALID, 2, 0,
       false},
      {WF_FORMAT_CSV, "S,red,1\nS,red,2,\n", "4 fields", WF_INVALID, 2, 0, false},
      {WF_FORMAT_CSV, "S,red,1\nS,red,abc\n", "row 2, field 3: column 'weight': 'abc' is not a",
       WF_TYPE, 2, 3, false},
      {WF_FORMAT_CSV, "weight,size,colour\n1,S,red\nabc,S,red\n",
       "row 2, field 1: column 'weight': 'abc'", WF_TYPE, 2, 1, false},
      {WF_FORMAT_CSV, "0,1,x,2", "row 1, field 3: feature 'colour_red': 'x' is not a number",
       WF_TYPE, 1, 3, false},
      {WF_FORMAT_CSV, "size,color,weight\nS,red,1", "'color'", WF_NOTFOUND, 1, 2, false},
      {WF_FORMAT_CSV, "size,size,weight\nS,red,1", "'size' is named twice", WF_INVALID, 1, 2,
       false},
      {WF_FORMAT_CSV, "size,weight\nS,1", "'colour' is absent", WF_NOTFOUND, 1, 0, false},
      {WF_FORMAT_CSV, "S,\"red,1", "never closes", WF_PARSE, 1, 2, false},
      {WF_FORMAT_CSV, "S,\"red\"x,1", "text after the closing quote", WF_PARSE, 1, 2, false},
      {WF_FORMAT_CSV, "S,re\"d,1", "a quote inside a field", WF_PARSE, 1, 2, false},
      {WF_FORMAT_CSV, "S,r\xff,1", "byte 4 of the body is not UTF-8", WF_PARSE, 1, 0, false},
      {WF_FORMAT_JSON, "", "no rows", WF_INVALID, 0, 0, false},
      {WF_FORMAT_JSON, "[]", "no rows", WF_INVALID, 0, 0, false},
      {WF_FORMAT_JSON, "{\"instances\":[]}", "no rows", WF_INVALID, 0, 0, false},
      {WF_FORMAT_JSON, "{\n\"size\":}", "line 2", WF_PARSE, 2, 8, true},
      {WF_FORMAT_JSON, "{\"size\":1,\"size\":2}", "duplicate", WF_PARSE, 1, 16, true},
      {WF_FORMAT_JSON, "[1,2] x", "line 1", WF_PARSE, 1, 7, true},
      {WF_FORMAT_JSON, "7", "not an object or array", WF_TYPE, 0, 0, false},
      {WF_FORMAT_JSON, "{}", "column 'size' is absent", WF_NOTFOUND, 1, 0, false},
      {WF_FORMAT_JSON, "[[\"S\",\"red\"]]", "2 fields", WF_INVALID, 1, 0, false},
      {WF_FORMAT_JSON, "[[\"S\",\"red\",1],7]", "row 2: an instance is", WF_TYPE, 2, 0, false},
      {WF_FORMAT_JSON, "[[\"S\",\"red\",[1]]]", "column 'weight' is an array", WF_TYPE, 1, 3,
       false},
      {WF_FORMAT_JSON, "[[0,1,0,\"x\"]]", "feature 'weight' is a string", WF_TYPE, 1, 4, false},
      {WF_FORMAT_JSON, "[[\"S\",\"red\",\"heavy\"]]", "'heavy' is not a", WF_TYPE, 1, 3, false},
      {WF_FORMAT_JSON, "{\"size\":\"S\",\"colour\":\"red\"}", "column 'weight' is absent",
       WF_NOTFOUND, 1, 0, false},
      {WF_FORMAT_JSON, "{\"columns\":[\"size\",1],\"data\":[]}", "at place 2", WF_TYPE, 0, 0,
       false},
      {WF_FORMAT_JSON, "{\"columns\":[\"size\",\"size\"],\"data\":[]}", "twice", WF_INVALID, 0, 0,
       false},
      {WF_FORMAT_JSON, "{\"columns\":[\"size\",\"colour\",\"weight\"],\"data\":[[1,2,3],[1,2]]}",
       "row 2: not an array of 3 values", WF_INVALID, 2, 0, false},
      {WF_FORMAT_JSONLINES, "[\"S\",\"red\",1]\n[\"S\",", "row 2", WF_PARSE, 2, 0, false},
      {WF_FORMAT_JSONLINES, "7\n", "row 1: an instance is", WF_TYPE, 1, 0, false},
      {WF_FORMAT_JSONLINES, "\n\n", "no rows", WF_INVALID, 0, 0, false},
  };
  desk d = open_desk("tiny");
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    wf_error err = WF_ERROR_INIT;
    bool syntax = false;
    CHECK_FAILS(ask(&d, cases[i].format, WF_FORMAT_JSON, cases[i].body, strlen(cases[i].body),
                    &syntax, &err),
                err, cases[i].status, cases[i].message);
    if (err.line != cases[i].line || err.column != cases[i].column || syntax != cases[i].syntax) {
      test_fail(__FILE__, __LINE__, "%s: line %d, column %d, syntax %d", cases[i].body, err.line,
                err.column, syntax);
    }
  }
  wf_error err = WF_ERROR_INIT;
  bool syntax;
  CHECK_FAILS(ask(&d, WF_FORMAT_CSV, WF_FORMAT_CSV, "S,r\0d,1", 7, &syntax, &err), err, WF_PARSE,
              "byte 4 of the body is zero");
  close_desk(&d);
}

TEST(decode_deep_json) {
  desk d = open_desk("tiny");
  enum { DEPTH = 3000 };
  char text[2 * DEPTH + 1];
  memset(text, '[', DEPTH);
  memset(text + DEPTH, ']', DEPTH);
  text[2 * DEPTH] = '\0';
  wf_error err = WF_ERROR_INIT;
  bool syntax;
  CHECK(ask(&d, WF_FORMAT_JSON, WF_FORMAT_JSON, text, 2 * DEPTH, &syntax, &err) != WF_OK);
  close_desk(&d);
}

/* ---- what a line means here and in a file -----------------------------------------------------
 */

static wf_status predict_file(const desk *d, wf_view text, float *out, size_t *n_rows,
                              wf_error *err) {
  wf_csv_options options = wf_csv_options_default();
  wf_frame *frame;
  wf_bytes with_header = {0};
  wf_bytes_text(&with_header, "size,colour,weight\n");
  wf_bytes_add(&with_header, text.data, text.size);
  wf_status status = wf_csv_parse(&frame, with_header.data, with_header.size, &options, NULL, err);
  wf_bytes_dispose(&with_header);
  if (status != WF_OK) return status;
  *n_rows = wf_frame_row_count(frame);
  if (*n_rows <= 64) status = wf_model_predict(d->model, frame, NULL, out, err);
  wf_frame_release(frame);
  return status;
}

/* Rows put together at random from pieces that the dialect treats in all its ways. */
static void make_rows(wf_bytes *out, wf_random *random) {
  static const char *const fields[] = {
      "S",       "M",       "red",   "blue",   "1.5", "-2",  "7e-1",  "",    "3",          "\"S\"",
      "\"1.5\"", "\"a,b\"", "NA",    "nan",    " ",   "\t4", "5 ",    "inf", "\"x\"\"y\"", "\"\"",
      "\"NA\"",  "null",    "1e400", "\"\n\"", "-0",  "+1",  "\"M\"", "N/A", "L",          ".5",
  };
  static const char *const mess[] = {"\"",  "x\"y", ",",    "\"\"\"", "\"q\"z",
                                     "0x1", "1_0",  "\n\n", "\r"};
  static const char *const ends[] = {"\n", "\r\n", "\r", "\n\n"};
  size_t n = 1 + wf_random_below(random, 3);
  wf_bytes_clear(out);
  for (size_t row = 0; row < n; row++) {
    for (int i = 0; i < 3; i++) {
      if (i) wf_bytes_char(out, ',');
      if (wf_random_below(random, 60) == 0) {
        wf_bytes_text(out, mess[wf_random_below(random, sizeof mess / sizeof *mess)]);
      }
      size_t field = wf_random_below(random, sizeof fields / sizeof *fields);
      if (i == 2 && wf_random_below(random, 3)) field = 4 + wf_random_below(random, 5);
      wf_bytes_text(out, fields[field]);
    }
    if (row + 1 < n || wf_random_below(random, 2)) {
      wf_bytes_text(out, ends[wf_random_below(random, sizeof ends / sizeof *ends)]);
    }
  }
}

TEST(decode_reads_csv_as_files_are_read) {
  desk d = open_desk("tiny");
  wf_bytes text = {0};
  wf_random random;
  size_t n_equal = 0;
  wf_random_seed(&random, 7, 0);
  for (int i = 0; i < 20000; i++) {
    float expected[64];
    size_t n_rows = 0;
    wf_error err = WF_ERROR_INIT, file_err = WF_ERROR_INIT;
    bool syntax;
    make_rows(&text, &random);
    wf_status file =
        predict_file(&d, (wf_view){text.data, text.size}, expected, &n_rows, &file_err);
    wf_status here = ask(&d, WF_FORMAT_CSV, WF_FORMAT_CSV, text.data, text.size, &syntax, &err);
    if (file == WF_OK && n_rows > 0) {
      if (here != WF_OK) {
        test_fail(__FILE__, __LINE__, "<%s> is refused: %s", text.data, err.message);
      } else {
        check_scores(d.out.data, expected, n_rows, 1);
        n_equal++;
      }
    } else if (here == WF_OK && file == WF_PARSE && !strstr(file_err.message, "4 fields")) {
      test_fail(__FILE__, __LINE__, "<%s> is taken; a file: %s", text.data, file_err.message);
    }
  }
  CHECK(n_equal > 2000);
  wf_bytes_dispose(&text);
  close_desk(&d);
}

/* ---- memory -----------------------------------------------------------------------------------
 */

static bool ask_cold(desk *d, wf_format format, const char *body) {
  wf_error err = WF_ERROR_INIT;
  bool syntax;
  wf_status status = ask(d, format, WF_FORMAT_JSON, body, strlen(body), &syntax, &err);
  if (status != WF_OK && status != WF_NOMEM) test_fail(__FILE__, __LINE__, "%s", err.message);
  wf_scratch_dispose(&d->scratch);
  wf_bytes_dispose(&d->out);
  return status == WF_OK;
}

TEST(decode_survives_allocation_failures) {
  desk d = open_desk("tiny");
  CHECK_OOM_SAFE(ask_cold(&d, WF_FORMAT_CSV, raw));
  CHECK_OOM_SAFE(ask_cold(&d, WF_FORMAT_CSV, "size,\"colour\",weight\nS,\"a\"\"b\",1\n"));
  CHECK_OOM_SAFE(ask_cold(&d, WF_FORMAT_JSON, "{\"features\":[\"L\",\"red\",null]}"));
  CHECK_OOM_SAFE(ask_cold(&d, WF_FORMAT_JSONLINES, "[\"S\",\"red\",1.5]\n"));
  close_desk(&d);
}

static bool make_served(wf_model *model) {
  wf_error err = WF_ERROR_INIT;
  wf_served *served = NULL;
  wf_status status = wf_served_new(&served, model, NULL, &err);
  wf_served_release(served);
  return status == WF_OK;
}

TEST(served_survives_allocation_failures) {
  wf_model *model = tiny_model("three");
  CHECK_OOM_SAFE(make_served(model));
  wf_model_release(model);
}

TEST(decode_needs_no_memory_once_warm) {
  desk d = open_desk("tiny");
  reply(&d, WF_FORMAT_CSV, WF_FORMAT_CSV, "size,\"colour\",weight\nS,\"a\"\"b\",1\n");
  reply(&d, WF_FORMAT_CSV, WF_FORMAT_CSV, raw);
  wf_alloc_fail_after(0);
  for (int i = 0; i < 10; i++) reply(&d, WF_FORMAT_CSV, WF_FORMAT_CSV, raw);
  reply(&d, WF_FORMAT_CSV, WF_FORMAT_CSV, "size,\"colour\",weight\nS,\"a\"\"b\",1\n");
  reply(&d, WF_FORMAT_CSV, WF_FORMAT_CSV, encoded);
  wf_alloc_fail_after(-1);
  close_desk(&d);
}
