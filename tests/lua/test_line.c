/* The line editor over a pseudo-terminal, and what it is made of. */
#include "check.h"

#include "complete.h"
#include "glyph.h"
#include "line.h"
#include "state.h"

#include <lauxlib.h>
#include <pty.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

/* ---- glyphs -------------------------------------------------------------------------------------
 */

TEST(glyphs_have_their_widths) {
  static const struct {
    const char *text;
    size_t length;
    int width;
  } cases[] = {{"a", 1, 1}, {"é", 2, 1},        {"中", 3, 2},
               {"😀", 4, 2}, {"\xcc\x81", 2, 0}, {"\xff", 1, 1}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    size_t length;
    uint32_t character = wfl_glyph_decode(cases[i].text, strlen(cases[i].text), 0, &length);
    CHECK_EQ_INT(length, cases[i].length);
    CHECK_EQ_INT(wfl_glyph_width(character), cases[i].width);
  }
}

TEST(glyphs_are_stepped_over_with_their_marks) {
  static const char text[] = "ae\xcc\x81z中\xff!";
  static const size_t starts[] = {0, 1, 4, 5, 8, 9, 10};
  for (size_t i = 0; i + 1 < sizeof starts / sizeof *starts; i++) {
    CHECK_EQ_INT(wfl_glyph_next(text, sizeof text - 1, starts[i]), starts[i + 1]);
    CHECK_EQ_INT(wfl_glyph_previous(text, sizeof text - 1, starts[i + 1]), starts[i]);
  }
}

/* ---- history ------------------------------------------------------------------------------------
 */

TEST(history_is_kept_in_its_file) {
  wfl_history history;
  wf_error err = WF_ERROR_INIT;
  const char *path = test_path("history");
  REQUIRE_OK(wfl_history_open(&history, path, &err), err);
  static const char *const texts[] = {"one", "two\nlines", "back\\slash\\n", "back\\slash\\n", " "};
  for (size_t i = 0; i < 5; i++) REQUIRE_OK(wfl_history_add(&history, texts[i], &err), err);
  wfl_history_close(&history);
  REQUIRE_OK(wfl_history_open(&history, path, &err), err);
  CHECK_EQ_INT(history.entries.count, 3);
  for (size_t i = 0; i < 3; i++) CHECK_EQ_STR(history.entries.items[i], texts[i]);
  CHECK_EQ_INT(wfl_history_find(&history, 3, "o"), 1);
  CHECK_EQ_INT(wfl_history_find(&history, 1, "o"), 0);
  CHECK_EQ_INT(wfl_history_find(&history, 3, "none"), -1);
  wfl_history_close(&history);
}

TEST(history_forgets_the_oldest) {
  wfl_history history;
  wf_error err = WF_ERROR_INIT;
  const char *path = test_path("history");
  FILE *file = fopen(path, "w");
  for (int i = 0; i < 5000; i++) fprintf(file, "entry %d\n", i);
  fclose(file);
  REQUIRE_OK(wfl_history_open(&history, path, &err), err);
  CHECK_EQ_INT(history.entries.count, 2000);
  CHECK_EQ_STR(history.entries.items[0], "entry 3000");
  wfl_history_close(&history);
}

TEST(history_that_cannot_be_written_lasts_for_the_session) {
  wfl_history history;
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wfl_history_open(&history, "/no/such/directory/history", &err), err);
  REQUIRE_OK(wfl_history_add(&history, "x", &err), err);
  CHECK_EQ_INT(history.entries.count, 1);
  wfl_history_close(&history);
}

static bool use_history(const char *path) {
  wfl_history history;
  wf_error err = WF_ERROR_INIT;
  if (wfl_history_open(&history, path, &err) != WF_OK) return false;
  bool done = wfl_history_add(&history, "x = 1", &err) == WF_OK;
  wfl_history_close(&history);
  return done;
}

TEST(history_survives_want_of_memory) {
  const char *path = test_write("history", "a\nb\n", 4);
  CHECK_OOM_SAFE(use_history(path));
}

/* ---- editing ------------------------------------------------------------------------------------
 */

/* Whole when it does not end in a backslash. */
static bool is_whole(void *context, const char *text, size_t size) {
  (void)context;
  return size == 0 || text[size - 1] != '\\';
}

static void complete(void *context, const char *text, size_t cursor, wfl_candidates *out) {
  static const char *const words[] = {"alpha", "alphabet", "beta"};
  (void)context;
  for (out->start = cursor; out->start > 0 && text[out->start - 1] != ' ';) out->start--;
  for (size_t i = 0; i < 3; i++)
    if (strncmp(words[i], text + out->start, cursor - out->start) == 0)
      wfl_candidates_add(out, words[i], strlen(words[i]));
}

typedef struct terminal {
  int master, slave;
  wfl_history history;
} terminal;

static void open_terminal(terminal *t) {
  struct winsize size = {.ws_row = 24, .ws_col = 40};
  struct termios raw;
  wf_error err = WF_ERROR_INIT;
  setenv("TERM", "xterm", 1);
  REQUIRE(openpty(&t->master, &t->slave, NULL, NULL, &size) == 0);
  REQUIRE(tcgetattr(t->slave, &raw) == 0);
  cfmakeraw(&raw); /* what is typed ahead must not be cooked */
  REQUIRE(tcsetattr(t->slave, TCSANOW, &raw) == 0);
  REQUIRE_OK(wfl_history_open(&t->history, NULL, &err), err);
  REQUIRE_OK(wfl_history_add(&t->history, "first", &err), err);
  REQUIRE_OK(wfl_history_add(&t->history, "second\nline", &err), err);
}

static void close_terminal(terminal *t) {
  wfl_history_close(&t->history);
  close(t->master);
  close(t->slave);
}

/* Types `keys` and reads once. */
static wfl_line_result type(const char *keys, size_t size, wf_bytes *text) {
  terminal t;
  open_terminal(&t);
  wfl_line line = {.in = t.slave, .out = t.slave};
  wfl_line_options options = {.prompt = "> ",
                              .more = ". ",
                              .history = &t.history,
                              .is_whole = is_whole,
                              .complete = complete};
  REQUIRE(write(t.master, keys, size) == (ssize_t)size);
  wfl_line_result result = wfl_line_read(text, &line, &options);
  close_terminal(&t);
  return result;
}

static void check_keys(int line, const char *keys, size_t size, const char *expected) {
  wf_bytes text = {0};
  wfl_line_result result = type(keys, size, &text);
  if (result != WFL_LINE_TEXT) test_fail(__FILE__, line, "result %d", result);
  if (strcmp(text.data, expected) != 0)
    test_fail(__FILE__, line, "\"%s\", expected \"%s\"", text.data, expected);
  wf_bytes_dispose(&text);
}

#define KEYS(keys, expected) check_keys(__LINE__, keys, sizeof(keys) - 1, expected)
#define UP "\33[A"
#define DOWN "\33OB"
#define RIGHT "\33[C"
#define LEFT "\33[D"

TEST(keys_edit_the_text) {
  KEYS("abc\r", "abc");
  KEYS("abc\n", "abc");
  KEYS("bc\1a\5d\r", "abcd");
  KEYS("ac" LEFT "b" RIGHT "d\r", "abcd");
  KEYS("abX\177c\r", "abc");
  KEYS("aXb" LEFT LEFT "\33[3~" RIGHT "c\r", "abc");
  KEYS("Xab\33[H\4\33[Fc\r", "abc");
  KEYS("one two\27X\r", "one X");
  KEYS("one two\33bX\r", "one Xtwo");
  KEYS("one two\1\33fX\r", "oneX two");
  KEYS("one two\1\33d\r", " two");
  KEYS("one two\33[1;5DX\r", "one Xtwo");
  KEYS("one\25two\31\r", "twoone");
  KEYS("one two\1" RIGHT RIGHT RIGHT "\13!\r", "one!");
  KEYS("aé中\177\177b\r", "ab");
  KEYS("中文" LEFT "é\r", "中é文");
  KEYS("a\33[99;9~\33[Zb\33Oxc\r", "abc");
}

TEST(several_lines_are_one_text) {
  KEYS("a\\\rb\r", "a\\\nb");
  KEYS("  a\\\rb\r", "  a\\\n  b");
  KEYS("a\33\rb\r", "a\nb");
  KEYS("a\33\rb" UP "X" DOWN "Y\r", "aX\nbY");
  KEYS("ab\33\rc" UP "\1X\5Y\r", "XabY\nc");
  KEYS("\33[200~x = 1\rprint(x)\t\3\33[201~\r", "x = 1\nprint(x)\t\3");
  KEYS("\33[200~a\33[20b\33[201~c\r", "a\33[20bc");
}

TEST(history_is_walked_and_searched) {
  KEYS(UP "\r", "second\nline");
  KEYS(UP UP UP "\r", "first");
  KEYS("draft" UP UP DOWN DOWN DOWN "!\r", "draft!");
  KEYS("\22fir\r", "first");
  KEYS("\22i\22\r", "first");
  KEYS("\22fi\177\177sec\r", "second\nline");
  KEYS("keep\22fir\7!\r", "keep!");
  KEYS("\22fir\5!\r", "first!");
  KEYS("\22zzz\7\r", "");
}

TEST(tab_completes) {
  KEYS("be\t\r", "beta");
  KEYS("x al\tX\r", "x alphaX");
  KEYS("al\t\t\t\r", "alpha");
  KEYS("\tx\r", "  x");
  KEYS("zz\t\r", "zz");
}

TEST(reading_ends) {
  wf_bytes text = {0};
  CHECK_EQ_INT(type("\4", 1, &text), WFL_LINE_END);
  CHECK_EQ_INT(type("abc\3", 4, &text), WFL_LINE_INTERRUPT);
  wf_bytes_dispose(&text);
}

/* A long text on a narrow terminal, redrawn: what is shown is not checked, that it ends is. */
TEST(long_lines_wrap) {
  static const char after[] = "\1中\5中\14\r";
  char keys[500 + sizeof after];
  memset(keys, 'x', 500);
  memcpy(keys + 500, after, sizeof after);
  wf_bytes text = {0};
  CHECK_EQ_INT(type(keys, sizeof keys - 1, &text), WFL_LINE_TEXT);
  CHECK_EQ_INT(text.size, 506);
  wf_bytes_dispose(&text);
}

TEST(what_is_typed_ahead_is_read_next) {
  terminal t;
  open_terminal(&t);
  wfl_line line = {.in = t.slave, .out = t.slave};
  wfl_line_options options = {.prompt = "> ", .more = ". "};
  wf_bytes text = {0};
  REQUIRE(write(t.master, "one\rtwo\r", 8) == 8);
  CHECK_EQ_INT(wfl_line_read(&text, &line, &options), WFL_LINE_TEXT);
  CHECK_EQ_STR(text.data, "one");
  CHECK_EQ_INT(wfl_line_read(&text, &line, &options), WFL_LINE_TEXT);
  CHECK_EQ_STR(text.data, "two");
  wf_bytes_dispose(&text);
  close_terminal(&t);
}

TEST(a_pipe_is_read_line_by_line) {
  int fds[2];
  REQUIRE(pipe(fds) == 0);
  REQUIRE(write(fds[1], "one\na\\\nb\n\nlast", 14) == 14);
  close(fds[1]);
  wfl_line line = {.in = fds[0], .out = fds[0]};
  wfl_line_options options = {.prompt = "> ", .more = ". ", .is_whole = is_whole};
  wf_bytes text = {0};
  static const char *const expected[] = {"one", "a\\\nb", "", "last"};
  for (int i = 0; i < 4; i++) {
    CHECK_EQ_INT(wfl_line_read(&text, &line, &options), WFL_LINE_TEXT);
    CHECK_EQ_STR(text.data, expected[i]);
  }
  CHECK_EQ_INT(wfl_line_read(&text, &line, &options), WFL_LINE_END);
  wf_bytes_dispose(&text);
  close(fds[0]);
}

/* ---- completion in Lua --------------------------------------------------------------------------
 */

static void check_completes(wfl_context *context, const char *text, const char *expected) {
  wfl_candidates c = {.start = 0};
  char got[2000] = "";
  wfl_complete(context->L, text, strlen(text), &c);
  for (size_t i = 0; i < c.items.count; i++) {
    strcat(strcat(got, i ? " " : ""), c.items.items[i]);
    wf_free(c.items.items[i]);
  }
  wf_free(c.items.items);
  if (strcmp(got, expected) != 0)
    test_fail(__FILE__, __LINE__, "%s gives \"%s\", expected \"%s\"", text, got, expected);
}

TEST(names_complete) {
  wfl_context *context;
  wf_error err = WF_ERROR_INIT;
  wfl_settings settings = {.sink = NULL};
  REQUIRE_OK(wfl_state_new(&context, &settings, &err), err);
  REQUIRE(luaL_dostring(context->L,
                        "data = require('wf.frame').new{{'amount', {1}}, {'with space', {2}}}\n"
                        "deep = {er = {est = {name1 = 1, name2 = 2}}}\n"
                        "class = setmetatable({own = 1}, {__index = {inherited = 1}})\n"
                        "bad = setmetatable({}, {__index = function() error 'no' end})") == 0);
  check_completes(context, "coro", "coroutine");
  check_completes(context, "x = whil", "while");
  check_completes(context, "deep.er.est.n", "name1 name2");
  check_completes(context, "f(data:hea", "head");
  check_completes(context, "data.amo", "amount");
  check_completes(context, "data.with", "with");
  check_completes(context, "class.", "inherited own");
  check_completes(context, "string.form", "format");
  check_completes(context, "bad.x.y", "");
  check_completes(context, "none.x", "");
  check_completes(context, "1.5", "");
  wfl_state_free(context);
}
