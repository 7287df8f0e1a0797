/* fast.c — records by bit masks.
 *
 * Sixty-four bytes at a time become masks of delimiters, quotes and line ends. The prefix xor of
 * the quote mask is set between an opening quote and its closing one, the opening included, so
 *
 *   opening quotes   Q & inside    must follow a delimiter, a line end, or a closing quote (a pair)
 *   closing quotes   Q & ~inside   must precede a delimiter, a line end, or an opening quote (a
 * pair) record ends      a line end outside quotes that no other one precedes: the LF of CRLF and
 * blank lines end nothing
 *
 * Cutting into chunks: whether a block begins inside quotes depends on all quotes before it, so
 * every block is measured under both assumptions at once and the right one is chosen when all are
 * known. (Chang et al., "Speculative distributed CSV data parsing for big data analytics", SIGMOD
 * 2019, and Langdale and Lemire, "Parsing gigabytes of JSON per second", 2019, for the masks.)
 *
 * Walking: positions of delimiters and record ends are listed for a stretch of text small enough
 * for the cache; with n fields a record, position k n + n - 1 must be a record end and no other may
 * be. Then columns are handed over one after the other, so that each is converted by a loop of its
 * own. */
#include "csv/fast.h"

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/pool.h"

#include "csv/masks.h"
#include "frame/utf8.h"

#include <string.h>

enum { WIDTH = WF_CSV_WIDTH, STRETCH = 1 << 16, BATCH = 1024 };

#define RECORD_END (UINT32_C(1) << 31)

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

/* What one 64-byte block hands to the next. */
typedef struct carry {
  uint64_t inside;  /* all bits set when the next block begins inside quotes */
  bool after_end;   /* the last byte was a line end outside quotes */
  bool after_break; /* the last byte was a delimiter or line end outside quotes */
  bool after_close; /* … or a closing quote */
} carry;

static carry first_carry(bool inside, bool after_end, bool after_delimiter) {
  return (carry){inside ? UINT64_MAX : 0, !inside && after_end,
                 !inside && (after_end || after_delimiter), false};
}

/* Record ends and delimiters of a block; false when a quote opens where none may. A quote closing
 * where none may is seen from the byte behind it, in this block or the next. */
TWICE bool read_block(const masks *m, size_t n, carry *c, uint64_t *ends, uint64_t *delimiters,
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

/* ---- cutting --------------------------------------------------------------------------------- */

/* One block of text under one assumption. */
typedef struct reading {
  size_t n_ends, first_end;
  bool regular;
} reading;

typedef struct measure {
  reading as[2]; /* [1]: it begins inside quotes */
  bool flips;    /* it holds an odd number of quotes */
} measure;

typedef struct cutting {
  const wf_csv_text *text;
  const wf_csv_dialect *dialect;
  size_t begin;
  measure *blocks;
  wf_csv_pieces *pieces;
  bool fast;
} cutting;

/* The state at the first byte of `p`; p[-1] is looked at unless the text begins here. A quote at
 * the very end of a block may open or close; the next block looks back at it. */
static carry carry_at(const cutting *cut, const char *p, bool at_begin, bool inside) {
  if (at_begin) return first_carry(inside, true, true);
  carry c = first_carry(inside, is_line_end(p[-1]), p[-1] == cut->dialect->delimiter);
  c.after_close = !inside && p[-1] == cut->dialect->quote;
  return c;
}

TWICE void measure_bytes(measure *out, const cutting *cut, const char *p, size_t begin, size_t end,
                         bool fast) {
  bool at_begin = begin == cut->begin, flips = false;
  carry states[2] = {carry_at(cut, p, at_begin, false), carry_at(cut, p, at_begin, true)};
  reading as[2] = {{0, SIZE_MAX, true}, {0, SIZE_MAX, true}};
  for (size_t i = begin; i < end; i += WIDTH, p += WIDTH) {
    size_t n = end - i < WIDTH ? end - i : WIDTH;
    masks m = masks_at(p, n, cut->dialect, fast);
    flips ^= __builtin_parityll(m.quote);
    for (int k = 0; k < 2; k++) {
      uint64_t ends, delimiters;
      if (!read_block(&m, n, &states[k], &ends, &delimiters, fast)) as[k].regular = false;
      if (ends && as[k].first_end == SIZE_MAX) {
        as[k].first_end = i + (size_t)__builtin_ctzll(ends);
      }
      as[k].n_ends += (size_t)__builtin_popcountll(ends);
    }
  }
  *out = (measure){{as[0], as[1]}, flips};
}

static void measure_plain(measure *out, const cutting *cut, const char *p, size_t begin,
                          size_t end) {
  measure_bytes(out, cut, p, begin, end, false);
}

#ifdef WF_CSV_AVX2
WF_CSV_AVX2 static void measure_avx2(measure *out, const cutting *cut, const char *p, size_t begin,
                                     size_t end) {
  measure_bytes(out, cut, p, begin, end, true);
}
#else
#define measure_avx2 measure_plain
#endif

static wf_status measure_block(void *context, size_t index, size_t begin, size_t end, size_t worker,
                               wf_error *err) {
  cutting *cut = context;
  begin += cut->begin;
  end += cut->begin;
  size_t before = begin > cut->begin;
  const char *data;
  WF_TRY(wf_csv_pieces_get(&data, cut->pieces, worker, begin - before, end, err));
  if (!data) {
    cut->blocks[index] = (measure){0}; /* irregular */
    return WF_OK;
  }
  (cut->fast ? measure_avx2 : measure_plain)(&cut->blocks[index], cut, data + before, begin, end);
  return WF_OK;
}

/* Chunk k begins behind the first record end of block k, except the first. */
static wf_status make_chunks(wf_csv_chunks *out, bool *regular, const cutting *cut, size_t n_blocks,
                             char last, wf_error *err) {
  size_t size = cut->text->size, n = 1, row = 0;
  wf_csv_chunk *items = wf_alloc_array(n_blocks + 1, sizeof *items);
  if (!items) return wf_fail_nomem(err);
  items[0] = (wf_csv_chunk){.begin = cut->begin};
  bool inside = false;
  *regular = true;
  for (size_t k = 0; k < n_blocks; k++) {
    const reading *as = &cut->blocks[k].as[inside];
    *regular = *regular && as->regular;
    if (k > 0 && as->n_ends > 0) {
      items[n++] = (wf_csv_chunk){.begin = as->first_end + 1, .row = row + 1};
    }
    row += as->n_ends;
    inside ^= cut->blocks[k].flips;
  }
  *regular = *regular && !inside;
  if (!is_line_end(last)) row++; /* the last record has no line end */
  for (size_t k = 0; k < n; k++) {
    items[k].end = k + 1 < n ? items[k + 1].begin : size;
    items[k].n_rows = (k + 1 < n ? items[k + 1].row : row) - items[k].row;
    *regular = *regular && items[k].end - items[k].begin < RECORD_END - STRETCH;
  }
  *out = (wf_csv_chunks){items, n, row};
  return WF_OK;
}

wf_status wf_csv_chunks_find(wf_csv_chunks *out, bool *regular, wf_csv_pieces *pieces, size_t begin,
                             const wf_csv_dialect *dialect, size_t block, wf_error *err) {
  const wf_csv_text *text = pieces->text;
  size_t size = text->size - begin, n_blocks = size ? (size - 1) / block + 1 : 0;
  cutting cut = {.text = text, .dialect = dialect, .begin = begin, .pieces = pieces};
  cut.fast = has_fast();
  cut.blocks = wf_alloc_array(n_blocks, sizeof *cut.blocks);
  if (!cut.blocks) return wf_fail_nomem(err);
  wf_csv_chunks chunks = {0};
  const char *last = "\n";
  wf_status status = wf_parallel_for(size, block, pieces->n, measure_block, &cut, err);
  if (status == WF_OK && size) {
    status = wf_csv_pieces_get(&last, pieces, 0, text->size - 1, text->size, err);
  }
  *regular = false;
  if (status == WF_OK && last) {
    status = make_chunks(&chunks, regular, &cut, n_blocks, *last, err);
  }
  wf_free(cut.blocks);
  if (status != WF_OK) return status;
  if (!*regular) {
    wf_free(chunks.items);
    chunks = (wf_csv_chunks){0};
  }
  *out = chunks;
  return WF_OK;
}

/* ---- walking --------------------------------------------------------------------------------- */

typedef struct walk {
  const wf_csv_dialect *dialect;
  const char *text; /* of the chunk */
  size_t size, n_fields;
  uint32_t *positions; /* of delimiters and record ends (flagged), from the first open record on */
  size_t n_positions;
  uint32_t *starts; /* of the whole records listed */
  size_t next; /* where the first record not yet handed over begins, or blank lines before it */
  carry carry;
  bool fast;
  bool odd; /* saw bytes past ASCII or NULs */
  wf_bytes unescaped;
} walk;

/* Lists the positions of bytes [from, to); false where quotes are out of place. */
TWICE bool list_bytes(walk *w, size_t from, size_t to, bool fast) {
  uint32_t *out = w->positions + w->n_positions;
  carry c = w->carry;
  uint64_t odd = 0;
  bool good = true;
  for (size_t i = from; i < to; i += WIDTH) {
    uint64_t ends, delimiters;
    size_t n = to - i < WIDTH ? to - i : WIDTH;
    masks m = masks_at(w->text + i, n, w->dialect, fast);
    odd |= m.odd;
    good &= read_block(&m, n, &c, &ends, &delimiters, fast);
    for (uint64_t left = ends | delimiters; left; left &= left - 1) {
      unsigned bit = (unsigned)__builtin_ctzll(left);
      *out++ = (uint32_t)(i + bit) | (uint32_t)(ends >> bit & 1) << 31;
    }
  }
  w->carry = c;
  w->odd |= odd != 0;
  w->n_positions = (size_t)(out - w->positions);
  return good;
}

static bool list_plain(walk *w, size_t from, size_t to) { return list_bytes(w, from, to, false); }

#ifdef WF_CSV_AVX2
WF_CSV_AVX2 static bool list_avx2(walk *w, size_t from, size_t to) {
  return list_bytes(w, from, to, true);
}
#else
#define list_avx2 list_plain
#endif

/* How many whole records are listed; false when one has not n_fields fields. */
static bool count_records(const walk *w, size_t *out) {
  size_t n_ends = 0, n = w->n_fields;
  for (size_t i = 0; i < w->n_positions; i++) n_ends += w->positions[i] >> 31;
  *out = n_ends;
  if (w->n_positions < n_ends * n || w->n_positions - n_ends * n >= n) return false;
  for (size_t k = 0; k < n_ends; k++) {
    if (!(w->positions[k * n + n - 1] & RECORD_END)) return false;
  }
  return true;
}

static void find_starts(walk *w, size_t n_records) {
  size_t at = w->next;
  for (size_t k = 0; k < n_records; k++) {
    while (is_line_end(w->text[at])) at++;
    w->starts[k] = (uint32_t)at;
    at = (w->positions[k * w->n_fields + w->n_fields - 1] & ~RECORD_END) + 1;
  }
  w->next = at;
}

/* Content of a quoted field that holds pairs of quotes; room was made for it. */
static wf_csv_field unescape(walk *w, const char *data, size_t size) {
  char *out = w->unescaped.data + w->unescaped.size, *to = out;
  const char *end = data + size;
  while (data < end) {
    const char *pair = memchr(data, w->dialect->quote, (size_t)(end - data));
    size_t n = (size_t)((pair ? pair + 1 : end) - data); /* the first quote of the pair included */
    memcpy(to, data, n);
    to += n;
    data += n + (pair != NULL);
  }
  w->unescaped.size += (size_t)(to - out);
  return (wf_csv_field){out, (uint32_t)(to - out), true};
}

static wf_csv_field quoted_field(walk *w, const char *data, size_t size) {
  if (size && memchr(data, w->dialect->quote, size)) return unescape(w, data, size);
  return (wf_csv_field){data, (uint32_t)size, true};
}

static void make_fields(walk *w, size_t field, size_t first, size_t n, wf_csv_field *out) {
  const uint32_t *position = w->positions + first * w->n_fields + field;
  char quote = w->dialect->quote;
  for (size_t k = 0; k < n; k++, position += w->n_fields) {
    size_t begin = field ? (position[-1] & ~RECORD_END) + 1 : w->starts[first + k];
    size_t size = (*position & ~RECORD_END) - begin;
    const char *data = w->text + begin;
    out[k] = size && *data == quote ? quoted_field(w, data + 1, size - 2)
                                    : (wf_csv_field){data, (uint32_t)size, false};
  }
}

static wf_status hand_over(walk *w, size_t n_records, const bool *wanted, wf_csv_take_fn *take,
                           void *context, wf_error *err) {
  wf_csv_field fields[BATCH];
  size_t from = w->next;
  find_starts(w, n_records);
  for (size_t field = 0; field < w->n_fields; field++) {
    if (!wanted[field]) continue;
    w->unescaped.size = 0;
    if (!wf_bytes_reserve(&w->unescaped, w->next - from)) return wf_fail_nomem(err);
    for (size_t k = 0; k < n_records; k += BATCH) {
      size_t n = n_records - k < BATCH ? n_records - k : BATCH;
      make_fields(w, field, k, n, fields);
      WF_TRY(take(context, field, fields, n, err));
    }
  }
  return WF_OK;
}

static void forget_records(walk *w, size_t n_records) {
  size_t done = n_records * w->n_fields;
  w->n_positions -= done;
  memmove(w->positions, w->positions + done, w->n_positions * sizeof *w->positions);
}

static wf_status walk_stretches(walk *w, bool *regular, const bool *wanted, size_t max_bytes,
                                wf_csv_take_fn *take, void *context, wf_error *err) {
  for (size_t at = 0; at < w->size && at < max_bytes;) {
    size_t to = w->size - at < STRETCH ? w->size : at + STRETCH, n_records;
    if (!(w->fast ? list_avx2 : list_plain)(w, at, to)) *regular = false;
    if (to == w->size && !is_line_end(w->text[to - 1])) { /* not inside quotes: that was checked */
      w->positions[w->n_positions++] = (uint32_t)to | RECORD_END;
    }
    if (!*regular || !count_records(w, &n_records)) {
      *regular = false;
      return WF_OK;
    }
    WF_TRY(hand_over(w, n_records, wanted, take, context, err));
    forget_records(w, n_records);
    at = to;
  }
  return WF_OK;
}

/* Text that is no UTF-8 or holds NUL is left to who can say so. */
static bool is_text(const walk *w) {
  if (!w->odd) return true;
  return wf_utf8_valid((wf_view){w->text, w->size}) && !memchr(w->text, '\0', w->size);
}

wf_status wf_csv_chunk_walk(bool *regular, wf_csv_pieces *pieces, size_t worker,
                            const wf_csv_chunk *chunk, const wf_csv_dialect *dialect,
                            size_t n_fields, const bool *wanted, size_t max_bytes,
                            wf_csv_take_fn *take, void *context, wf_error *err) {
  const char *data;
  WF_TRY(wf_csv_pieces_get(&data, pieces, worker, chunk->begin, chunk->end, err));
  if (!data) {
    *regular = false;
    return WF_OK;
  }
  walk w = {.dialect = dialect,
            .text = data,
            .size = chunk->end - chunk->begin,
            .n_fields = n_fields,
            .fast = has_fast(),
            .carry = first_carry(false, true, true)};
  /* a stretch has at most a position a byte, and an open record fewer than n_fields */
  w.positions = wf_alloc_array(STRETCH + n_fields + 1, sizeof *w.positions);
  w.starts = wf_alloc_array(STRETCH + 1, sizeof *w.starts);
  wf_status status = WF_NOMEM;
  if (w.positions && w.starts) {
    status = walk_stretches(&w, regular, wanted, max_bytes, take, context, err);
  } else {
    status = wf_fail_nomem(err);
  }
  if (status == WF_OK && *regular) *regular = is_text(&w);
  wf_free(w.positions);
  wf_free(w.starts);
  wf_bytes_dispose(&w.unescaped);
  return status;
}
