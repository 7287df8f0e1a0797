/* line.c — a line editor for terminals.
 *
 * The text is one buffer, line ends included. After every burst of input (a paste is one) the whole
 * text is drawn anew: the cursor goes up to where the last drawing began, the screen is cleared
 * from there, and the text is written with our own line breaks, so that nothing depends on how a
 * terminal wraps. Only sequences that every terminal since the VT100 has are used, and bracketed
 * paste, which others ignore.
 *
 * A failed allocation leaves the buffer's `failed` set and ends the read. */
#include "line.h"

#include "glyph.h"

#include "base/file.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

typedef struct editor {
  const wfl_line_options *options;
  wfl_line *line;
  wf_bytes *text;
  size_t cursor;
  wf_bytes killed;    /* what ctrl-Y brings back */
  wf_bytes screen;    /* one drawing, written at once */
  size_t drawn_row;   /* of the cursor, in the last drawing */
  size_t history;     /* the entry shown; the count of entries: the text being written */
  wf_bytes draft;     /* that text, while an entry is shown */
  bool tabbed;        /* the last key was a Tab that changed nothing */
  const char *search; /* the text searched for, while searching */
} editor;

/* ---- the terminal -------------------------------------------------------------------------------
 */

bool wfl_line_is_editable(const wfl_line *line) {
  const char *term = getenv("TERM");
  return isatty(line->in) && isatty(line->out) && term && strcmp(term, "dumb") != 0;
}

static size_t terminal_width(int fd) {
  struct winsize size;
  return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col : 80;
}

static bool enter_raw(int fd, struct termios *before) {
  if (tcgetattr(fd, before) != 0) return false;
  struct termios raw = *before;
  raw.c_iflag &= ~(tcflag_t)(BRKINT | ICRNL | INPCK | ISTRIP | IXON);
  raw.c_oflag &= ~(tcflag_t)OPOST;
  raw.c_cflag |= CS8;
  raw.c_lflag &= ~(tcflag_t)(ECHO | ICANON | IEXTEN | ISIG);
  raw.c_cc[VMIN] = 1;
  raw.c_cc[VTIME] = 0;
  return tcsetattr(fd, TCSADRAIN, &raw) == 0; /* what was typed ahead stays */
}

static void flush_screen(editor *e) {
  if (e->screen.size) {
    bool written = wf_write_all(e->line->out, e->screen.data, e->screen.size);
    (void)written;
  }
  wf_bytes_clear(&e->screen);
}

/* ---- changing the text --------------------------------------------------------------------------
 */

static void insert(editor *e, const char *data, size_t size) {
  wf_bytes *t = e->text;
  if (size == 0 || !wf_bytes_reserve(t, size + 1)) return;
  memmove(t->data + e->cursor + size, t->data + e->cursor, t->size - e->cursor);
  memcpy(t->data + e->cursor, data, size);
  t->size += size;
  t->data[t->size] = '\0';
  e->cursor += size;
}

static void cut(editor *e, size_t from, size_t to) {
  wf_bytes *t = e->text;
  if (from >= to) return;
  memmove(t->data + from, t->data + to, t->size - to);
  t->size -= to - from;
  t->data[t->size] = '\0';
  e->cursor = from;
}

/* Cuts and keeps for ctrl-Y. */
static void cut_and_keep(editor *e, size_t from, size_t to) {
  if (from >= to) return;
  wf_bytes_clear(&e->killed);
  wf_bytes_add(&e->killed, e->text->data + from, to - from);
  cut(e, from, to);
}

static void replace_all(editor *e, const char *text) {
  wf_bytes_clear(e->text);
  wf_bytes_text(e->text, text);
  e->cursor = e->text->size;
}

static size_t line_start(const editor *e, size_t at) {
  while (at > 0 && e->text->data[at - 1] != '\n') at--;
  return at;
}

static size_t line_end(const editor *e, size_t at) {
  while (at < e->text->size && e->text->data[at] != '\n') at++;
  return at;
}

static bool in_word(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         (unsigned char)c >= 0x80;
}

static size_t word_left(const editor *e) {
  size_t at = e->cursor;
  while (at > 0 && !in_word(e->text->data[at - 1])) at--;
  while (at > 0 && in_word(e->text->data[at - 1])) at--;
  return at;
}

static size_t word_right(const editor *e) {
  size_t at = e->cursor;
  while (at < e->text->size && !in_word(e->text->data[at])) at++;
  while (at < e->text->size && in_word(e->text->data[at])) at++;
  return at;
}

/* ---- drawing ------------------------------------------------------------------------------------
 */

typedef struct pen {
  editor *e;
  size_t width, row, column;
} pen;

static void break_line(pen *p) {
  wf_bytes_text(&p->e->screen, "\r\n");
  p->row++;
  p->column = 0;
}

/* Draws one character; control characters as ^X. */
static void draw(pen *p, const char *bytes, size_t length, uint32_t character) {
  char caret[2] = {'^', (char)(character ^ 64)};
  bool control = character < 32 || character == 127;
  size_t columns = control ? 2 : (size_t)wfl_glyph_width(character);
  if (p->column + columns > p->width) break_line(p);
  if (control)
    wf_bytes_add(&p->e->screen, caret, 2);
  else
    wf_bytes_add(&p->e->screen, bytes, length);
  p->column += columns;
}

static void draw_text(pen *p, const char *text, size_t size) {
  size_t length;
  for (size_t at = 0; at < size; at += length) {
    uint32_t character = wfl_glyph_decode(text, size, at, &length);
    draw(p, text + at, length, character);
  }
}

/* The text with its prompts; gives the cursor's place. */
static void draw_all(pen *p, size_t *row, size_t *column) {
  const editor *e = p->e;
  const wf_bytes *t = e->text;
  size_t length;
  draw_text(p, e->options->prompt, strlen(e->options->prompt));
  for (size_t at = 0;; at += length) {
    /* A cursor behind the last column of a full row stands on the next one. */
    if (at == e->cursor && p->column == p->width) break_line(p);
    if (at == e->cursor) *row = p->row, *column = p->column;
    if (at >= t->size) return;
    uint32_t character = wfl_glyph_decode(t->data, t->size, at, &length);
    if (character == '\n') {
      break_line(p);
      draw_text(p, e->options->more, strlen(e->options->more));
    } else {
      draw(p, t->data + at, length, character);
    }
  }
}

static void move_up(editor *e, size_t rows) {
  if (rows > 0) wf_bytes_format(&e->screen, "\33[%zuA", rows);
}

static void refresh(editor *e) {
  pen p = {.e = e, .width = terminal_width(e->line->out)};
  size_t row = 0, column = 0;
  move_up(e, e->drawn_row);
  wf_bytes_text(&e->screen, "\r\33[J");
  draw_all(&p, &row, &column);
  if (e->search) {
    break_line(&p);
    draw_text(&p, "search: ", 8);
    draw_text(&p, e->search, strlen(e->search));
  }
  move_up(e, p.row - row);
  wf_bytes_char(&e->screen, '\r');
  if (column > 0) wf_bytes_format(&e->screen, "\33[%zuC", column);
  e->drawn_row = row;
  flush_screen(e);
}

/* Leaves the cursor on a fresh line below the text. */
static void leave(editor *e) {
  e->cursor = e->text->size;
  e->search = NULL;
  refresh(e);
  wf_bytes_text(&e->screen, "\r\n");
  flush_screen(e);
  e->drawn_row = 0;
}

/* ---- history ------------------------------------------------------------------------------------
 */

static size_t entry_count(const editor *e) {
  return e->options->history ? e->options->history->entries.count : 0;
}

static void show_entry(editor *e, size_t index) {
  size_t count = entry_count(e);
  if (e->history == count) {
    wf_bytes_clear(&e->draft);
    wf_bytes_add(&e->draft, e->text->data, e->text->size);
    wf_bytes_char(&e->draft, '\0');
  }
  e->history = index;
  replace_all(e, index == count ? e->draft.data : e->options->history->entries.items[index]);
}

/* Up or down a line of the text; at its first or last line, to another entry. */
static void go_up(editor *e) {
  size_t start = line_start(e, e->cursor);
  if (start > 0) {
    size_t above = line_start(e, start - 1), offset = e->cursor - start;
    e->cursor = above + offset < start - 1 ? above + offset : start - 1;
  } else if (e->history > 0) {
    show_entry(e, e->history - 1);
  }
}

static void go_down(editor *e) {
  size_t end = line_end(e, e->cursor);
  if (end < e->text->size) {
    size_t offset = e->cursor - line_start(e, e->cursor), below_end = line_end(e, end + 1);
    e->cursor = end + 1 + offset < below_end ? end + 1 + offset : below_end;
  } else if (e->history < entry_count(e)) {
    show_entry(e, e->history + 1);
  }
}

/* Shows the newest entry before `before` that holds the searched text; false when there is none. */
static bool search_from(editor *e, size_t before) {
  ptrdiff_t found = wfl_history_find(e->options->history, before, e->search);
  if (found < 0) return false;
  show_entry(e, (size_t)found);
  return true;
}

typedef struct finder {
  wf_bytes word, before; /* what is searched for; the text before the search */
  size_t begun;          /* the entry before the search */
} finder;

static void give_up(editor *e, const finder *f) {
  if (e->history == f->begun) return;
  e->history = f->begun;
  replace_all(e, f->before.data ? f->before.data : "");
}

/* One key of a search; false when it is none. */
static bool narrow(editor *e, finder *f, int key) {
  wf_bytes *word = &f->word;
  if (key == CONTROL('R')) {
    if (word->size) search_from(e, e->history);
  } else if ((key == BACKSPACE || key == CONTROL('H')) && word->size) {
    word->size = wfl_glyph_previous(word->data, word->size, word->size);
    word->data[word->size] = '\0';
    give_up(e, f);
    if (word->size) search_from(e, entry_count(e));
  } else if (key >= 32 && key != BACKSPACE) {
    wf_bytes_char(word, (char)key);
    e->search = word->data;
    if (!word->failed && !strstr(e->text->data, word->data)) search_from(e, e->history);
  } else {
    return false;
  }
  return !word->failed;
}

/* Reverse search: typing narrows, ctrl-R goes to older entries, ctrl-G or ctrl-C gives up; any
 * other key takes what is shown and does its own work. */
static int search(editor *e) {
  finder f = {.begun = e->history};
  int key;
  if (entry_count(e) == 0) return KEY_NONE;
  wf_bytes_text(&f.before, e->text->data);
  wf_bytes_text(&f.word, "");
  do {
    e->search = f.word.data ? f.word.data : "";
    refresh(e);
    key = wfl_key_read(e->line);
  } while (narrow(e, &f, key));
  e->search = NULL;
  bool given_up = key == CONTROL('G') || key == CONTROL('C');
  if (given_up) give_up(e, &f);
  wf_bytes_dispose(&f.word);
  wf_bytes_dispose(&f.before);
  return given_up ? KEY_NONE : key;
}

/* ---- completion ---------------------------------------------------------------------------------
 */

bool wfl_candidates_add(wfl_candidates *candidates, const char *word, size_t size) {
  char *copy = wf_strndup(word, size);
  if (copy && wf_array_push(&candidates->items, copy)) return true;
  wf_free(copy);
  return false;
}

static void dispose_candidates(wfl_candidates *candidates) {
  for (size_t i = 0; i < candidates->items.count; i++) wf_free(candidates->items.items[i]);
  wf_free(candidates->items.items);
}

static size_t common_length(const wfl_candidates *c) {
  size_t n = strlen(c->items.items[0]);
  for (size_t i = 1; i < c->items.count; i++) {
    size_t same = 0;
    while (same < n && c->items.items[i][same] == c->items.items[0][same]) same++;
    n = same;
  }
  return n;
}

/* Lists the candidates in columns below the text. */
static void list_candidates(editor *e, const wfl_candidates *c) {
  size_t widest = 0, width = terminal_width(e->line->out);
  for (size_t i = 0; i < c->items.count; i++) {
    size_t n = strlen(c->items.items[i]);
    if (n > widest) widest = n;
  }
  size_t cursor = e->cursor, per_row = width / (widest + 2) ? width / (widest + 2) : 1;
  leave(e);
  for (size_t i = 0; i < c->items.count; i++) {
    bool last = i % per_row == per_row - 1 || i + 1 == c->items.count;
    int padding = last ? 0 : (int)(widest + 2);
    wf_bytes_format(&e->screen, "%-*s%s", padding, c->items.items[i], last ? "\r\n" : "");
  }
  flush_screen(e);
  e->cursor = cursor;
}

static void complete(editor *e) {
  wfl_candidates c = {.start = e->cursor};
  const char *text = e->text->data ? e->text->data : "";
  if (e->cursor == line_start(e, e->cursor) || text[e->cursor - 1] == ' ') {
    insert(e, "  ", 2); /* nothing to complete: indent */
    return;
  }
  if (e->options->complete) e->options->complete(e->options->context, text, e->cursor, &c);
  if (c.items.count > 0) {
    size_t have = e->cursor - c.start, common = common_length(&c);
    if (common > have)
      insert(e, c.items.items[0] + have, common - have);
    else if (e->tabbed && c.items.count > 1)
      list_candidates(e, &c);
    else
      e->tabbed = true;
  }
  dispose_candidates(&c);
}

/* ---- keys ---------------------------------------------------------------------------------------
 */

/* Inserts pasted bytes up to ESC [ 2 0 1 ~, whatever they are. */
static void paste(editor *e) {
  static const char end[] = "\33[201~";
  size_t matched = 0;
  for (int c; matched < sizeof end - 1 && (c = wfl_key_byte(e->line)) >= 0;) {
    if (c == end[matched]) {
      matched++;
      continue;
    }
    insert(e, end, matched);
    matched = c == end[0];
    char byte = c == '\r' ? '\n' : (char)c;
    if (!matched) insert(e, &byte, 1);
  }
}

static void erase_back(editor *e) {
  const wf_bytes *t = e->text;
  if (e->cursor > 0) cut(e, wfl_glyph_previous(t->data, t->size, e->cursor), e->cursor);
}

static void erase_forward(editor *e) {
  const wf_bytes *t = e->text;
  size_t end = e->cursor < t->size ? wfl_glyph_next(t->data, t->size, e->cursor) : e->cursor;
  cut(e, e->cursor, end);
}

static void move_cursor(editor *e, int key) {
  const wf_bytes *t = e->text;
  switch (key) {
  case CONTROL('A'):
  case KEY_HOME: e->cursor = line_start(e, e->cursor); break;
  case CONTROL('E'):
  case KEY_END: e->cursor = line_end(e, e->cursor); break;
  case CONTROL('B'):
  case KEY_LEFT:
    if (e->cursor > 0) e->cursor = wfl_glyph_previous(t->data, t->size, e->cursor);
    break;
  case CONTROL('F'):
  case KEY_RIGHT:
    if (e->cursor < t->size) e->cursor = wfl_glyph_next(t->data, t->size, e->cursor);
    break;
  case KEY_WORD_LEFT: e->cursor = word_left(e); break;
  case KEY_WORD_RIGHT: e->cursor = word_right(e); break;
  case CONTROL('P'):
  case KEY_UP: go_up(e); break;
  case CONTROL('N'):
  case KEY_DOWN: go_down(e); break;
  default: break;
  }
}

static void edit(editor *e, int key) {
  char byte = (char)key;
  switch (key) {
  case BACKSPACE:
  case CONTROL('H'): erase_back(e); break;
  case KEY_DELETE:
  case CONTROL('D'): erase_forward(e); break;
  case CONTROL('K'): cut_and_keep(e, e->cursor, line_end(e, e->cursor)); break;
  case CONTROL('U'): cut_and_keep(e, line_start(e, e->cursor), e->cursor); break;
  case CONTROL('W'):
  case KEY_KILL_BACK_WORD: cut_and_keep(e, word_left(e), e->cursor); break;
  case KEY_KILL_WORD: cut_and_keep(e, e->cursor, word_right(e)); break;
  case CONTROL('Y'): insert(e, e->killed.data, e->killed.size); break;
  case CONTROL('L'):
    wf_bytes_text(&e->screen, "\33[H\33[2J");
    e->drawn_row = 0;
    break;
  case KEY_NEW_LINE: insert(e, "\n", 1); break;
  case KEY_PASTE: paste(e); break;
  case TAB: complete(e); break;
  default:
    if (key >= 32)
      insert(e, &byte, 1);
    else
      move_cursor(e, key);
  }
}

/* Enter: true when the text is whole. Otherwise a new line, indented as this one. */
static bool submit(editor *e) {
  const char *text = e->text->data ? e->text->data : "";
  const wfl_line_options *o = e->options;
  if (!o->is_whole || o->is_whole(o->context, text, e->text->size)) return true;
  size_t start = line_start(e, e->cursor), n = strspn(text + start, " ");
  if (n > e->cursor - start) n = e->cursor - start;
  insert(e, "\n", 1);
  for (size_t i = 0; i < n; i++) insert(e, " ", 1);
  return false;
}

static wfl_line_result edit_loop(editor *e) {
  for (;;) {
    if (e->text->failed || e->screen.failed) return WFL_LINE_FAILED;
    if (!wfl_key_waits(e->line)) refresh(e);
    int key = wfl_key_read(e->line);
    if (key == CONTROL('R')) key = search(e);
    bool tabbed = e->tabbed;
    e->tabbed = tabbed && key == TAB;
    if (key == KEY_END_OF_INPUT) return WFL_LINE_END;
    if (key == CONTROL('C')) return WFL_LINE_INTERRUPT;
    if (key == CONTROL('D') && e->text->size == 0) return WFL_LINE_END;
    if (key == ENTER || key == LINE_FEED) {
      if (submit(e)) return WFL_LINE_TEXT;
    } else {
      edit(e, key);
    }
  }
}

static wfl_line_result edit_line(wf_bytes *text, wfl_line *line, const wfl_line_options *options) {
  static const char paste_on[] = "\33[?2004h", paste_off[] = "\33[?2004l";
  editor e = {.options = options, .line = line, .text = text};
  struct termios before;
  if (!enter_raw(line->in, &before)) return WFL_LINE_FAILED;
  e.history = entry_count(&e);
  wf_bytes_text(&e.screen, paste_on);
  wfl_line_result result = edit_loop(&e);
  if (result != WFL_LINE_FAILED) leave(&e);
  bool written = wf_write_all(line->out, paste_off, sizeof paste_off - 1);
  (void)written;
  tcsetattr(line->in, TCSADRAIN, &before);
  wf_bytes_dispose(&e.killed);
  wf_bytes_dispose(&e.screen);
  wf_bytes_dispose(&e.draft);
  return result;
}

/* ---- without a terminal -------------------------------------------------------------------------
 */

static wfl_line_result read_plain_line(wf_bytes *text, wfl_line *line) {
  for (int c; (c = wfl_key_byte(line)) >= 0;) {
    if (c == '\n') return WFL_LINE_TEXT;
    wf_bytes_char(text, (char)c);
    if (text->failed) return WFL_LINE_FAILED;
  }
  return text->size > 0 ? WFL_LINE_TEXT : WFL_LINE_END;
}

static wfl_line_result read_plain(wf_bytes *text, wfl_line *line, const wfl_line_options *options) {
  for (;;) {
    wfl_line_result result = read_plain_line(text, line);
    if (result != WFL_LINE_TEXT || line->size == 0) return result;
    wf_bytes_text(text, "");
    if (!options->is_whole || options->is_whole(options->context, text->data, text->size))
      return WFL_LINE_TEXT;
    wf_bytes_char(text, '\n');
  }
}

wfl_line_result wfl_line_read(wf_bytes *text, wfl_line *line, const wfl_line_options *options) {
  wf_bytes_clear(text);
  wf_bytes_text(text, "");
  return wfl_line_is_editable(line) ? edit_line(text, line, options)
                                    : read_plain(text, line, options);
}
