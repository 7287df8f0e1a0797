/* fast.c — records by bit masks.
 *
 * Sixty-four bytes at a time become masks of delimiters, quotes and line ends. The prefix xor of
 * the quote mask is set between an opening quote and its closing one, the opening included, so
 *
 *   opening quotes   Q & inside    must follow a delimiter, a line end, or a closing quote (a pair)
 *   closing quotes   Q & ~inside   must precede a delimiter, a line end, or an opening quote (a
 * pair) record ends      a line end outside quotes that no other one precedes: the LF of CRLF and
 *                    blank lines end nothing
 *
 * (Langdale and Lemire, "Parsing gigabytes of JSON per second", 2019, for the masks.)
 *
 * The text is cut into blocks of equal size, small enough for the cache, and read once. Where the
 * records of a block begin is known when the block before it has been looked through: what that one
 * left open, its tail, belongs in front. So threads read blocks at the same time, but take turns in
 * listing the positions of delimiters and record ends, which is a small part of the work; columns
 * are converted outside of the turn. As a window, the tail and its block, begins with a record, no
 * other state is handed on than the tail and the number of rows.
 *
 * With n fields a record, position k n + n - 1 must be a record end and no other may be. Then
 * columns are handed over one after the other, so that each is converted by a loop of its own. */
#include "csv/fast.h"

#include "base/alloc.h"

#include "csv/masks.h"
#include "frame/utf8.h"

#include <string.h>

enum { WIDTH = WF_CSV_WIDTH, BATCH = 1024, LONGEST_TAIL = 8 << 20 };

typedef wf_csv_masks masks;

static bool is_line_end(char c) { return c == '\n' || c == '\r'; }

/* Functions marked so are compiled twice, `fast` being a constant in each. */
#define TWICE static inline __attribute__((always_inline))

/* ---- masks ----------------------------------------------------------------------------------- */

/* The masks of `n` bytes, at most WIDTH; bits past them are clear. */
TWICE masks masks_at(const char *p, size_t n, const wf_csv_dialect *dialect, bool fast) {
  char padded[WIDTH] = {0};
  uint64_t used = n >= WIDTH ? UINT64_MAX : (UINT64_C(1) << n) - 1;
  if (n < WIDTH) {
    memset(padded, '.', WIDTH);
    memcpy(padded, p, n);
    p = padded;
  }
#ifdef WF_CSV_AVX2
  masks m = fast ? wf_csv_masks_avx2(p, dialect) : wf_csv_masks_plain(p, dialect);
#else
  masks m = wf_csv_masks_plain(p, dialect);
#endif
  if (n >= WIDTH) return m;
  return (masks){m.delimiter & used, m.quote & used, m.line_end & used, m.odd};
}

TWICE uint64_t parity(uint64_t x, bool fast) {
#ifdef WF_CSV_AVX2
  if (fast) return wf_csv_parity_avx2(x);
#endif
  return wf_csv_parity_plain(x);
}

/* What sixty-four bytes hand to the next. */
typedef struct carry {
  uint64_t inside;  /* all bits set when the next byte is inside quotes */
  bool after_end;   /* the last byte was a line end outside quotes */
  bool after_break; /* the last byte was a delimiter or line end outside quotes */
  bool after_close; /* … or a closing quote */
} carry;

/* Record ends and delimiters of up to sixty-four bytes; false when a quote opens where none may. A
 * quote closing where none may is seen from the byte behind it, here or in the next ones. */
TWICE bool read_masks(const masks *m, size_t n, carry *c, uint64_t *ends, uint64_t *delimiters,
                      bool fast) {
  uint64_t inside = parity(m->quote, fast) ^ c->inside;
  uint64_t breaks = (m->delimiter | m->line_end) & ~inside;
  uint64_t line_ends = m->line_end & ~inside;
  uint64_t opens = m->quote & inside, closes = m->quote & ~inside;
  uint64_t after_break = breaks << 1 | c->after_break, after_close = closes << 1 | c->after_close;
  uint64_t used = n >= WIDTH ? UINT64_MAX : (UINT64_C(1) << n) - 1;
  *ends = line_ends & ~(line_ends << 1 | c->after_end);
  *delimiters = m->delimiter & ~inside;
  bool good =
      (opens & ~(after_break | after_close)) == 0 && (after_close & used & ~(breaks | opens)) == 0;
  c->inside = (uint64_t)((int64_t)inside >> 63);
  c->after_end = line_ends >> 63;
  c->after_break = breaks >> 63;
  c->after_close = closes >> 63;
  return good;
}

static bool has_fast(void) {
#ifdef WF_CSV_AVX2
  return wf_csv_has_avx2();
#else
  return false;
#endif
}

/* ---- listing ----------------------------------------------------------------------------------
 */

/* Appends the positions of the set bits. Eight at a time, whether there are so many or not: their
 * number is hard to foresee, and there is room behind. */
TWICE uint32_t *list_bits(uint32_t *out, uint64_t bits, uint32_t base) {
  unsigned n = (unsigned)__builtin_popcountll(bits);
  for (unsigned done = 0; done < n; done += 8) {
    for (unsigned k = 0; k < 8; k++) {
      out[done + k] = base + (uint32_t)__builtin_ctzll(bits | UINT64_C(1) << 63);
      bits &= bits - 1;
    }
  }
  return out + n;
}

/* Lists the positions of the window; false where quotes are out of place. */
TWICE bool list_bytes(wf_csv_block *b, const wf_csv_dialect *dialect, bool *inside, bool fast) {
  uint32_t *out = b->positions;
  carry c = {.after_end = true, .after_break = true};
  uint64_t odd = 0;
  bool good = true;
  b->n_records = 0;
  for (size_t i = 0; i < b->size; i += WIDTH) {
    uint64_t ends, delimiters;
    size_t n = b->size - i < WIDTH ? b->size - i : WIDTH;
    masks m = masks_at(b->data + i, n, dialect, fast);
    odd |= m.odd;
    good &= read_masks(&m, n, &c, &ends, &delimiters, fast);
    out = list_bits(out, ends | delimiters, (uint32_t)i);
    b->n_records += (size_t)__builtin_popcountll(ends);
  }
  *inside = c.inside != 0;
  b->odd = odd != 0;
  b->n_positions = (size_t)(out - b->positions);
  return good;
}

static bool list_plain(wf_csv_block *b, const wf_csv_dialect *dialect, bool *inside) {
  return list_bytes(b, dialect, inside, false);
}

#ifdef WF_CSV_AVX2
WF_CSV_AVX2 static bool list_avx2(wf_csv_block *b, const wf_csv_dialect *dialect, bool *inside) {
  return list_bytes(b, dialect, inside, true);
}
#else
#define list_avx2 list_plain
#endif

/* Where each record begins; false when one has not n_fields fields, or is a comment. Only record
 * ends and delimiters are listed: when as many places as there are ends hold one, all others hold
 * delimiters. */
static bool find_records(wf_csv_block *b, size_t n_fields, char comment) {
  size_t n = b->n_records, at = 0, wanted;
  if (__builtin_mul_overflow(n, n_fields, &wanted) || wanted > b->n_positions) return false;
  for (size_t k = 0; k < n; k++) {
    size_t end = b->positions[k * n_fields + n_fields - 1];
    if (end < b->size && !is_line_end(b->data[end])) return false;
    while (is_line_end(b->data[at])) at++; /* blank lines */
    if (comment && b->data[at] == comment) return false;
    b->starts[k] = (uint32_t)at;
    at = end + 1;
  }
  b->used = at < b->size ? at : b->size;
  return true;
}

static bool make_room(wf_csv_block *b) {
  size_t n = b->size + 2 * WIDTH;
  if (n <= b->n_room) return true;
  wf_free(b->positions);
  wf_free(b->starts);
  b->n_room = 0;
  b->positions = wf_alloc_array(n, sizeof *b->positions);
  b->starts = wf_alloc_array(n, sizeof *b->starts);
  if (!b->positions || !b->starts) return false;
  b->n_room = n;
  return true;
}

/* Lists the window's whole records; *regular turns false when it is not that. */
static wf_status list_records(wf_csv_block *b, const wf_csv_front *f, bool at_end, bool *regular,
                              wf_error *err) {
  bool inside;
  if (!make_room(b)) return wf_fail_nomem(err);
  bool good = (f->fast ? list_avx2 : list_plain)(b, &f->dialect, &inside);
  if (at_end && b->size && !is_line_end(b->data[b->size - 1])) {
    b->positions[b->n_positions++] = (uint32_t)b->size; /* the last record has no line end */
    b->n_records++;
  }
  *regular = good && !(at_end && inside) && find_records(b, f->n_fields, f->dialect.comment);
  return WF_OK;
}

/* ---- blocks -----------------------------------------------------------------------------------
 */

void wf_csv_front_init(wf_csv_front *out, wf_csv_text *text, size_t begin, size_t end, size_t block,
                       const wf_csv_dialect *dialect, size_t n_fields) {
  *out = (wf_csv_front){.turns = WF_TURNS_INIT,
                        .text = text,
                        .begin = begin,
                        .end = end,
                        .block = block,
                        .dialect = *dialect,
                        .n_fields = n_fields,
                        .fast = has_fast()};
  atomic_init(&out->regular, true);
}

void wf_csv_front_dispose(wf_csv_front *front) { wf_bytes_dispose(&front->tail); }

void wf_csv_front_decline(wf_csv_front *front) {
  atomic_store(&front->regular, false);
  wf_turns_close(&front->turns);
}

void wf_csv_block_dispose(wf_csv_block *block) {
  wf_free(block->room);
  wf_free(block->positions);
  wf_free(block->starts);
  wf_bytes_dispose(&block->unescaped);
  *block = (wf_csv_block){0};
}

/* Room for the block and `headroom` bytes before it. */
static bool make_window(wf_csv_block *b, size_t headroom, size_t size) {
  if (headroom <= b->headroom && headroom + size <= b->capacity) return true;
  size_t capacity = headroom + size;
  char *room = wf_alloc_aligned(capacity);
  if (!room) return false;
  wf_free(b->room);
  b->room = room;
  b->capacity = capacity;
  b->headroom = headroom;
  return true;
}

/* The block's own bytes, wherever they are; *regular turns false when the file has changed. */
static wf_status load_bytes(wf_csv_block *b, const wf_csv_front *f, size_t begin, size_t end,
                            bool *regular, wf_error *err) {
  enum { HEADROOM = 1 << 14 };
  *regular = true;
  if (!f->text->in_file) return WF_OK;
  if (!make_window(b, b->headroom ? b->headroom : HEADROOM, f->block)) return wf_fail_nomem(err);
  *regular = wf_csv_text_read_at(f->text, b->room + b->headroom, end - begin, begin);
  return WF_OK;
}

/* Puts the tail in front of the block. */
static wf_status join_tail(wf_csv_block *b, const wf_csv_front *f, size_t begin, size_t end,
                           wf_error *err) {
  size_t n = f->n_tail;
  b->size = end - begin + n;
  if (!f->text->in_file) {
    b->data = f->text->data + begin - n;
    b->padded = begin - n >= WF_CSV_FRONT;
    return WF_OK;
  }
  if (n + WF_CSV_FRONT > b->headroom) { /* a long record: the block moves to where there is room */
    wf_csv_block wider = {0};
    if (!make_window(&wider, 2 * n, f->block)) return wf_fail_nomem(err);
    memcpy(wider.room + wider.headroom, b->room + b->headroom, end - begin);
    wf_free(b->room);
    b->room = wider.room;
    b->capacity = wider.capacity;
    b->headroom = wider.headroom;
  }
  char *first = b->room + b->headroom - n;
  if (n) memcpy(first, f->tail.data, n);
  b->data = first;
  b->padded = true;
  return WF_OK;
}

static wf_status leave_tail(const wf_csv_block *b, wf_csv_front *f, wf_error *err) {
  f->n_tail = b->size - b->used;
  if (!f->text->in_file) return WF_OK;
  wf_bytes_clear(&f->tail);
  wf_bytes_add(&f->tail, b->data + b->used, f->n_tail);
  return f->tail.failed ? wf_fail_nomem(err) : WF_OK;
}

/* What is done in turn. */
static wf_status advance(wf_csv_block *b, wf_csv_front *f, size_t begin, size_t end, bool *regular,
                         wf_error *err) {
  WF_TRY(join_tail(b, f, begin, end, err));
  WF_TRY(list_records(b, f, end == f->text->size, regular, err));
  if (!*regular) return WF_OK;
  WF_TRY(leave_tail(b, f, err));
  *regular = f->n_tail <= LONGEST_TAIL;
  b->row = f->n_rows;
  f->n_rows += b->n_records;
  return WF_OK;
}

/* Text that is no UTF-8 or holds NUL is left to who can say so. */
static bool is_text(const wf_csv_block *b) {
  if (!b->odd) return true;
  return wf_utf8_valid((wf_view){b->data, b->used}) && !memchr(b->data, '\0', b->used);
}

wf_status wf_csv_block_read(bool *mine, wf_csv_block *b, wf_csv_front *f, size_t index,
                            wf_error *err) {
  size_t begin = f->begin + index * f->block,
         end = f->end - begin < f->block ? f->end : begin + f->block;
  bool regular;
  *mine = false;
  wf_status status = load_bytes(b, f, begin, end, &regular, err);
  if (status == WF_OK && regular) {
    if (!wf_turns_wait(&f->turns, index)) return WF_OK;
    status = advance(b, f, begin, end, &regular, err);
    if (status == WF_OK && regular) wf_turns_pass(&f->turns);
  }
  if (status != WF_OK || !regular || !is_text(b)) {
    wf_csv_front_decline(f);
    return status;
  }
  *mine = true;
  return WF_OK;
}

/* ---- handing over -----------------------------------------------------------------------------
 */

/* Content of a quoted field that holds pairs of quotes; room was made for it. */
static wf_csv_field unescape(wf_csv_block *b, char quote, const char *data, size_t size) {
  char *out = b->unescaped.data + b->unescaped.size, *to = out;
  const char *end = data + size;
  while (data < end) {
    const char *pair = memchr(data, quote, (size_t)(end - data));
    size_t n = (size_t)((pair ? pair + 1 : end) - data); /* the first quote of the pair included */
    memcpy(to, data, n);
    to += n;
    data += n + (pair != NULL);
  }
  b->unescaped.size += (size_t)(to - out);
  return (wf_csv_field){out, (uint32_t)(to - out), true};
}

static wf_csv_field quoted_field(wf_csv_block *b, char quote, const char *data, size_t size) {
  if (size && memchr(data, quote, size)) return unescape(b, quote, data, size);
  return (wf_csv_field){data, (uint32_t)size, true};
}

static void make_fields(wf_csv_block *b, const wf_csv_front *f, size_t field, size_t first,
                        size_t n, wf_csv_field *out) {
  const uint32_t *position = b->positions + first * f->n_fields + field;
  char quote = f->dialect.quote;
  for (size_t k = 0; k < n; k++, position += f->n_fields) {
    size_t begin = field ? position[-1] + 1 : b->starts[first + k], size = *position - begin;
    const char *data = b->data + begin;
    out[k] = size && *data == quote ? quoted_field(b, quote, data + 1, size - 2)
                                    : (wf_csv_field){data, (uint32_t)size, false};
  }
}

/* So many rows at a time that their text stays in the first-level cache while column after column
 * looks at it. */
static size_t rows_at_a_time(const wf_csv_block *b) {
  enum { CACHED = 20 << 10, LEAST = 16 };
  size_t n = b->used ? b->n_records * CACHED / b->used : LEAST;
  return n < LEAST ? LEAST : n < BATCH ? n : BATCH;
}

wf_status wf_csv_block_hand_over(wf_csv_block *b, const wf_csv_front *f, const bool *wanted,
                                 wf_csv_take_fn *take, void *context, wf_error *err) {
  wf_csv_field fields[BATCH];
  size_t step = rows_at_a_time(b);
  b->unescaped.size = 0;
  if (!wf_bytes_reserve(&b->unescaped, b->used + WF_CSV_FRONT)) return wf_fail_nomem(err);
  for (size_t k = 0; k < b->n_records; k += step) {
    size_t n = b->n_records - k < step ? b->n_records - k : step;
    for (size_t field = 0; field < f->n_fields; field++) {
      if (!wanted[field]) continue;
      b->unescaped.size = WF_CSV_FRONT;
      make_fields(b, f, field, k, n, fields);
      WF_TRY(take(context, field, fields, n, err));
    }
  }
  return WF_OK;
}
