/* fast.c — blocks of text to columns of fields.
 *
 * The text is taken in pieces of equal size, small enough for the cache, and read once. Where the
 * records of a block begin is known when the block before it has been looked through: what that one
 * left open, its tail, belongs in front. So threads take turns in listing the positions of
 * delimiters and record ends, which is a small part of the work; columns are converted outside of
 * the turn. As a window, the tail and its block, begins with a record, no other state is handed on
 * than the tail and the number of rows.
 *
 * With n fields a record, position k n + n - 1 must be a record end and no other may be. Then
 * columns are handed over one after the other, so that each is converted by a loop of its own. */
#include "csv/fast.h"

#include "base/alloc.h"
#include "csv/quotes.h"
#include "frame/utf8.h"

#include <string.h>

enum { BATCH = 1024, LONGEST_TAIL = 8 << 20 };

static bool is_line_end(char c) { return c == '\n' || c == '\r'; }

/* ---- records ----------------------------------------------------------------------------------
 */

/* Where each record begins; false when one has not n_fields fields, or is a comment. Only record
 * ends and delimiters are listed: when as many places as there are ends hold one, all others hold
 * delimiters. */
static bool find_records(wf_csv_block *b, size_t n_fields, char comment) {
  size_t n = b->list.n_records, at = 0, wanted;
  if (__builtin_mul_overflow(n, n_fields, &wanted) || wanted > b->list.n) return false;
  for (size_t k = 0; k < n; k++) {
    size_t end = b->list.positions[k * n_fields + n_fields - 1];
    if (end < b->size && !is_line_end(b->data[end])) return false;
    while (is_line_end(b->data[at])) at++; /* blank lines */
    if (comment && b->data[at] == comment) return false;
    b->starts[k] = (uint32_t)at;
    at = end + 1;
  }
  b->used = at < b->size ? at : b->size;
  return true;
}

static bool make_starts(wf_csv_block *b) {
  size_t n = b->list.n_records;
  if (n <= b->n_starts) return true;
  wf_free(b->starts);
  b->n_starts = 0;
  b->starts = wf_alloc_array(2 * n, sizeof *b->starts);
  if (!b->starts) return false;
  b->n_starts = 2 * n;
  return true;
}

/* Lists the window's whole records; *regular turns false when it is not that. */
static wf_status list_records(wf_csv_block *b, const wf_csv_front *f, bool *regular,
                              wf_error *err) {
  wf_csv_list *list = &b->list;
  if (!wf_csv_list_reserve(list, b->size)) return wf_fail_nomem(err);
  *regular = wf_csv_list_fill(list, b->data, b->size, &f->dialect, f->fast);
  if (b->last && b->size && !is_line_end(b->data[b->size - 1])) {
    list->positions[list->n++] = (uint32_t)b->size; /* the last record has no line end */
    list->n_records++;
  }
  if (!make_starts(b)) return wf_fail_nomem(err);
  *regular =
      *regular && !(b->last && list->open) && find_records(b, f->n_fields, f->dialect.comment);
  return WF_OK;
}

/* ---- blocks -----------------------------------------------------------------------------------
 */

wf_status wf_csv_front_init(wf_csv_front *out, wf_csv_text *text, size_t begin, size_t limit,
                            size_t block, const wf_csv_dialect *dialect, size_t n_fields,
                            wf_error *err) {
  *out = (wf_csv_front){.lock = PTHREAD_MUTEX_INITIALIZER,
                        .turns = WF_TURNS_INIT,
                        .left = limit,
                        .block = block,
                        .dialect = *dialect,
                        .n_fields = n_fields,
                        .fast = wf_csv_has_avx2()};
  atomic_init(&out->regular, true);
  return wf_csv_pieces_open(&out->pieces, text, begin, err);
}

void wf_csv_front_dispose(wf_csv_front *front) {
  wf_csv_pieces_close(&front->pieces);
  wf_bytes_dispose(&front->tail);
}

void wf_csv_front_decline(wf_csv_front *front) {
  atomic_store(&front->regular, false);
  wf_turns_close(&front->turns);
}

void wf_csv_block_dispose(wf_csv_block *block) {
  wf_free(block->room);
  wf_free(block->starts);
  wf_csv_list_dispose(&block->list);
  wf_bytes_dispose(&block->plain);
  *block = (wf_csv_block){0};
}

/* Room for the block and `headroom` bytes before it. */
static bool make_room(wf_csv_block *b, size_t headroom, size_t size) {
  if (headroom <= b->headroom && headroom + size <= b->capacity) return true;
  char *room = wf_alloc_aligned(headroom + size + WF_CSV_BEHIND);
  if (!room) return false;
  wf_free(b->room);
  b->room = room;
  b->capacity = headroom + size;
  b->headroom = headroom;
  return true;
}

/* Takes the next piece of the text, if there is one, as block number *index. */
static wf_status take_piece(wf_csv_block *b, wf_csv_front *f, size_t *index, bool *taken,
                            wf_error *err) {
  enum { HEADROOM = 1 << 14 };
  wf_status status = WF_OK;
  if (!make_room(b, b->headroom ? b->headroom : HEADROOM, f->block)) return wf_fail_nomem(err);
  pthread_mutex_lock(&f->lock);
  size_t wanted = f->left < f->block ? f->left : f->block;
  *taken = !f->ended && wanted > 0 && atomic_load(&f->regular);
  if (*taken) {
    status = wf_csv_pieces_next(&f->pieces, b->room + b->headroom, wanted, &b->n_own, err);
    b->last = b->n_own < wanted;
    f->ended = b->last || status != WF_OK;
    f->left -= wanted;
    *index = f->n_taken++;
  }
  pthread_mutex_unlock(&f->lock);
  return status;
}

/* Puts the tail in front of the block. */
static wf_status join_tail(wf_csv_block *b, const wf_csv_front *f, wf_error *err) {
  size_t n = f->tail.size;
  if (n + WF_CSV_FRONT > b->headroom) { /* a long record: the block moves to where there is room */
    wf_csv_block wider = {0};
    if (!make_room(&wider, 2 * n, f->block)) return wf_fail_nomem(err);
    memcpy(wider.room + wider.headroom, b->room + b->headroom, b->n_own);
    wf_free(b->room);
    b->room = wider.room;
    b->capacity = wider.capacity;
    b->headroom = wider.headroom;
  }
  char *first = b->room + b->headroom - n;
  if (n) memcpy(first, f->tail.data, n);
  b->data = first;
  b->size = n + b->n_own;
  memset(first + b->size, ' ', WF_CSV_BEHIND);
  return WF_OK;
}

static wf_status leave_tail(const wf_csv_block *b, wf_csv_front *f, wf_error *err) {
  wf_bytes_clear(&f->tail);
  wf_bytes_add(&f->tail, b->data + b->used, b->size - b->used);
  return f->tail.failed ? wf_fail_nomem(err) : WF_OK;
}

/* What is done in turn. */
static wf_status advance(wf_csv_block *b, wf_csv_front *f, bool *regular, wf_error *err) {
  WF_TRY(join_tail(b, f, err));
  WF_TRY(list_records(b, f, regular, err));
  if (!*regular) return WF_OK;
  WF_TRY(leave_tail(b, f, err));
  *regular = f->tail.size <= LONGEST_TAIL;
  b->row = f->n_rows;
  f->n_rows += b->list.n_records;
  f->n_bytes += b->used;
  return WF_OK;
}

/* Text that is no UTF-8 or holds NUL is left to who can say so. */
static bool is_text(const wf_csv_block *b) {
  if (!b->list.odd) return true;
  return wf_utf8_valid((wf_view){b->data, b->used}) && !memchr(b->data, '\0', b->used);
}

wf_status wf_csv_block_read(bool *mine, wf_csv_block *b, wf_csv_front *f, size_t *index,
                            wf_error *err) {
  bool taken, regular = true;
  *mine = false;
  wf_status status = take_piece(b, f, index, &taken, err);
  if (status == WF_OK) {
    if (!taken || !wf_turns_wait(&f->turns, *index)) return WF_OK;
    status = advance(b, f, &regular, err);
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

static bool holds_quote(const char *data, size_t size, char quote) {
  enum { SHORT = 16 };
  if (size <= SHORT) return wf_csv_bytes_equal(data, quote) & ((1u << size) - 1);
  return memchr(data, quote, size) != NULL;
}

/* The content of a quoted field; room was made for that of those which hold pairs of quotes. */
static wf_csv_field plain_field(wf_csv_block *b, char quote, const char *data, size_t size) {
  if (!holds_quote(data, size, quote)) return (wf_csv_field){data, (uint32_t)size, true};
  char *out = b->plain.data + b->plain.size;
  size_t n = wf_csv_copy_content(out, data, size, quote, false);
  b->plain.size += n;
  return (wf_csv_field){out, (uint32_t)n, true};
}

static inline __attribute__((always_inline)) wf_csv_field
make_field(wf_csv_block *b, size_t begin, size_t end, char quote, bool raw) {
  const char *data = b->data + begin;
  size_t size = end - begin;
  if (!size || *data != quote) return (wf_csv_field){data, (uint32_t)size, false};
  if (raw) return (wf_csv_field){data + 1, (uint32_t)size - 2, true};
  return plain_field(b, quote, data + 1, size - 2);
}

/* The field of `n` records from `first` on. */
static inline __attribute__((always_inline)) void make_fields(wf_csv_block *b,
                                                              const wf_csv_front *f, size_t field,
                                                              size_t first, size_t n, bool raw,
                                                              wf_csv_field *out) {
  size_t n_fields = f->n_fields;
  const uint32_t *position = b->list.positions + first * n_fields + field;
  char quote = f->dialect.quote;
  if (field == 0) {
    for (size_t k = 0; k < n; k++)
      out[k] = make_field(b, b->starts[first + k], position[k * n_fields], quote, raw);
    return;
  }
  for (size_t k = 0; k < n; k++, position += n_fields)
    out[k] = make_field(b, position[-1] + 1, *position, quote, raw);
}

/* So many rows at a time that their text stays in the first-level cache while column after column
 * looks at it. */
static size_t rows_at_a_time(const wf_csv_block *b) {
  enum { CACHED = 20 << 10, LEAST = 16 };
  size_t n = b->used ? b->list.n_records * CACHED / b->used : LEAST;
  return n < LEAST ? LEAST : n < BATCH ? n : BATCH;
}

wf_status wf_csv_block_hand_over(wf_csv_block *b, const wf_csv_front *f, const wf_csv_want *wanted,
                                 wf_csv_take_fn *take, void *context, wf_error *err) {
  wf_csv_field fields[BATCH];
  size_t step = rows_at_a_time(b), n_records = b->list.n_records;
  if (!wf_bytes_reserve(&b->plain, b->used + WF_CSV_FRONT + WF_CSV_BEHIND))
    return wf_fail_nomem(err);
  for (size_t k = 0; k < n_records; k += step) {
    size_t n = n_records - k < step ? n_records - k : step;
    for (size_t field = 0; field < f->n_fields; field++) {
      if (wanted[field] == WF_CSV_NOTHING) continue;
      b->plain.size = WF_CSV_FRONT;
      if (wanted[field] == WF_CSV_RAW)
        make_fields(b, f, field, k, n, true, fields);
      else
        make_fields(b, f, field, k, n, false, fields);
      WF_TRY(take(context, field, fields, n, err));
    }
  }
  return WF_OK;
}
