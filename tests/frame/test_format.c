#include "make.h"

#include "frame/utf8.h"

static const char *formatted(wf_frame *f, size_t max_rows, size_t width) { /* releases it */
  static char shown[4096];
  wf_error err = WF_ERROR_INIT;
  char *text;
  REQUIRE_OK(wf_frame_format(&text, f, max_rows, width, &err), err);
  snprintf(shown, sizeof shown, "%s", text);
  wf_text_free(text);
  wf_frame_release(f);
  return shown;
}

TEST(format_aligns) {
  CHECK_EQ_STR(
      formatted(FRAME("id:i64 1 20 NA", "name:string ab NA c", "x:f64 1234.5678 0.5 2"), 0, 0),
      " id  name          x\n"
      "i64  string      f64\n"
      "  1  ab      1234.57\n"
      " 20  NA          0.5\n"
      " NA  c             2\n"
      "3 rows × 3 columns\n");
}

/* Six digits, whatever the exponent, and no others behind them. */
TEST(format_rounds_to_six_digits) {
  CHECK_EQ_STR(formatted(FRAME("x:f64 123456789012345678901234567890 0.33333333 -9.9999996 "
                               "1.7976931348623157e308 1.23456789e-300 5e-324"),
                         0, 0),
               "           x\n"
               "         f64\n"
               " 1.23457e+29\n"
               "    0.333333\n"
               "         -10\n"
               "1.79769e+308\n"
               "1.23457e-300\n"
               "      5e-324\n"
               "6 rows × 1 column\n");
}

TEST(format_elides_rows) {
  CHECK_EQ_STR(formatted(FRAME("n:i64 1 2 3 4 5 6"), 3, 0), "  n\n"
                                                            "i64\n"
                                                            "  1\n"
                                                            "  2\n"
                                                            "… 3 more rows\n"
                                                            "  6\n"
                                                            "6 rows × 1 column\n");
  CHECK_EQ_STR(formatted(FRAME("n:i64 1 2"), 1, 0), "  n\n"
                                                    "i64\n"
                                                    "  1\n"
                                                    "… 1 more rows\n"
                                                    "2 rows × 1 column\n");
}

TEST(format_elides_columns) {
  CHECK_EQ_STR(formatted(FRAME("aaaa:i64 1", "bbbb:i64 2", "cccc:i64 3", "dddd:i64 4"), 0, 20),
               "aaaa  bbbb  …  dddd\n"
               " i64   i64  …   i64\n"
               "   1     2  …     4\n"
               "1 row × 4 columns (1 not shown)\n");
  /* one column is shown whatever the width */
  CHECK_HAS(formatted(FRAME("aaaa:i64 1", "bbbb:i64 2"), 0, 1), "aaaa  …\n");
}

TEST(format_wide_characters) {
  CHECK_EQ_STR(formatted(FRAME("名前:string 東京 é NA", "n:i64 1 2 3"), 0, 0),
               "名前      n\n"
               "string  i64\n"
               "東京      1\n"
               "é         2\n"
               "NA        3\n"
               "3 rows × 2 columns\n");
}

TEST(format_makes_text_harmless) {
  wf_error err = WF_ERROR_INIT;
  wf_column *c;
  REQUIRE_OK(wf_column_from_strings(&c,
                                    (const char *[]){"a\nb\x1b[31m\xe2\x80\xae",
                                                     "0123456789012345678901234567890123456789",
                                                     "01234567890123456789012345678901234567890"},
                                    3, &err),
             err);
  wf_frame *f;
  REQUIRE_OK(wf_frame_new(&f, (const char *[]){"t"}, &c, 1, &err), err);
  wf_column_release(c);
  const char *text = formatted(f, 0, 0);
  CHECK_HAS(text, "a\\nb\\u{1b}[31m\\u{202e}\n");
  CHECK_HAS(text, "\n0123456789012345678901234567890123456789\n");
  CHECK_HAS(text, "\n012345678901234567890123456789012345678…\n");
}

TEST(format_empty_frames) {
  CHECK_EQ_STR(formatted(FRAME("a:i64"), 10, 80), "  a\ni64\n0 rows × 1 column\n");
  wf_error err = WF_ERROR_INIT;
  wf_frame *f;
  REQUIRE_OK(wf_frame_new(&f, NULL, NULL, 0, &err), err);
  CHECK_EQ_STR(formatted(f, 10, 80), "0 rows × 0 columns\n");
}

static bool format_and_free(void) {
  wf_frame *f = NULL;
  char *text = NULL;
  bool ok = make_frame(&f, (const char *const[]){"t:string a b", "x:f64 1.25 2", NULL}) == WF_OK &&
            wf_frame_format(&text, f, 1, 40, NULL) == WF_OK;
  wf_text_free(text);
  wf_frame_release(f);
  return ok;
}

TEST(format_out_of_memory) { CHECK_OOM_SAFE(format_and_free()); }

/* ---- UTF-8 ----------------------------------------------------------------------------------- */

TEST(utf8_accepts_and_refuses) {
  CHECK(wf_utf8_valid(WF_VIEW("")));
  CHECK(wf_utf8_valid(WF_VIEW("plain text that is longer than eight bytes")));
  CHECK(wf_utf8_valid(WF_VIEW("\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf")));
  CHECK(wf_utf8_valid(WF_VIEW("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf")));
  const wf_view bad[] = {WF_VIEW("\x80"),
                         WF_VIEW("\xc0\x80"),
                         WF_VIEW("\xc1\xbf"),
                         WF_VIEW("\xe0\x9f\xbf"),
                         WF_VIEW("\xed\xa0\x80"),
                         WF_VIEW("\xf0\x8f\xbf\xbf"),
                         WF_VIEW("\xf5\x80\x80\x80"),
                         WF_VIEW("\xf4\x90\x80\x80"),
                         WF_VIEW("\xc3"),
                         WF_VIEW("\xe2\x82"),
                         WF_VIEW("\xf0\x9f\x98"),
                         WF_VIEW("\xff"),
                         WF_VIEW("\xc3(")};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) CHECK_EQ_INT(wf_utf8_check(bad[i]), 0);
  CHECK_EQ_INT(wf_utf8_check(WF_VIEW("0123456789\xff")), 10);
}

TEST(utf8_widths) {
  CHECK_EQ_INT(wf_utf8_text_width(WF_VIEW("abc")), 3);
  CHECK_EQ_INT(wf_utf8_text_width(WF_VIEW("日本")), 4);
  CHECK_EQ_INT(wf_utf8_text_width(WF_VIEW("e\xcc\x81")), 1); /* a combining accent */
  CHECK_EQ_INT(wf_utf8_text_width(WF_VIEW("😀")), 2);
  CHECK_EQ_INT(wf_utf8_text_width(WF_VIEW("×…")), 2);
}

/* Decoding is the inverse of encoding, for every code point. */
TEST(utf8_decodes_every_code_point) {
  for (uint32_t c = 0; c < 0x110000; c++) {
    char b[4];
    size_t n, at = 0;
    if (c >= 0xd800 && c < 0xe000) continue;
    if (c < 0x80)
      n = 1, b[0] = (char)c;
    else if (c < 0x800)
      n = 2, b[0] = (char)(0xc0 | c >> 6), b[1] = (char)(0x80 | (c & 63));
    else if (c < 0x10000)
      n = 3, b[0] = (char)(0xe0 | c >> 12), b[1] = (char)(0x80 | (c >> 6 & 63)),
      b[2] = (char)(0x80 | (c & 63));
    else
      n = 4, b[0] = (char)(0xf0 | c >> 18), b[1] = (char)(0x80 | (c >> 12 & 63)),
      b[2] = (char)(0x80 | (c >> 6 & 63)), b[3] = (char)(0x80 | (c & 63));
    wf_view text = {b, n};
    REQUIRE(wf_utf8_valid(text));
    REQUIRE(wf_utf8_next(text, &at) == c && at == n);
  }
}
