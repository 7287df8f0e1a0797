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

#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum { WIDTH = 64, STRETCH = 1 << 16, BATCH = 1024 };

#define RECORD_END (UINT32_C(1) << 31)

typedef struct masks {
  uint64_t delimiter, quote, line_end;
} masks;

static bool is_line_end(char c) { return c == '\n' || c == '\r'; }

/* ---- masks ----------------------------------------------------------------------------------- */

#ifdef __SSE2__
static uint64_t equal_mask(const __m128i part[4], char c) {
  __m128i wanted = _mm_set1_epi8(c);
  uint64_t mask = 0;
  for (int i = 0; i < 4; i++) {
    unsigned bits = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(part[i], wanted));
    mask |= (uint64_t)bits << (16 * i);
  }
  return mask;
}

static masks masks_of(const char *p, const wf_csv_dialect *dialect) {
  __m128i part[4];
  for (int i = 0; i < 4; i++)
    part[i] = _mm_loadu_si128((const __m128i *)(const void *)(p + 16 * i));
  return (masks){equal_mask(part, dialect->delimiter), equal_mask(part, dialect->quote),
                 equal_mask(part, '\n') | equal_mask(part, '\r')};
}
#else
static masks masks_of(const char *p, const wf_csv_dialect *dialect) {
  masks m = {0, 0, 0};
  for (int i = 0; i < WIDTH; i++) {
    m.delimiter |= (uint64_t)(p[i] == dialect->delimiter) << i;
    m.quote |= (uint64_t)(p[i] == dialect->quote) << i;
    m.line_end |= (uint64_t)(p[i] == '\n' || p[i] == '\r') << i;
  }
  return m;
}
#endif

/* The masks of `n` bytes, at most WIDTH; bits past them are clear. */
static masks masks_at(const char *p, size_t n, const wf_csv_dialect *dialect) {
  if (n >= WIDTH) return masks_of(p, dialect);
  char padded[WIDTH] = {0};
  memcpy(padded, p, n);
  return masks_of(padded, dialect);
}

/* Bit i of the result is the parity of bits 0 to i. */
static uint64_t prefix_xor(uint64_t x) {
  x ^= x << 1;
  x ^= x << 2;
  x ^= x << 4;
  x ^= x << 8;
  x ^= x << 16;
  return x ^ x << 32;
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
static bool read_block(const masks *m, size_t n, carry *c, uint64_t *ends, uint64_t *delimiters) {
  uint64_t inside = prefix_xor(m->quote) ^ c->inside;
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
} cutting;

/* A quote at the very end of a block may open or close; the next block looks back at it. */
static carry carry_at(const cutting *cut, size_t offset, bool inside) {
  if (offset == cut->begin) return first_carry(inside, true, true);
  char before = cut->text->data[offset - 1];
  carry c = first_carry(inside, is_line_end(before), before == cut->dialect->delimiter);
  c.after_close = !inside && before == cut->dialect->quote;
  return c;
}

static void read_whole_block(measure *out, const cutting *cut, size_t begin, size_t end) {
  carry states[2] = {carry_at(cut, begin, false), carry_at(cut, begin, true)};
  reading as[2] = {{0, SIZE_MAX, true}, {0, SIZE_MAX, true}};
  bool flips = false;
  for (size_t i = begin; i < end; i += WIDTH) {
    size_t n = end - i < WIDTH ? end - i : WIDTH;
    masks m = masks_at(cut->text->data + i, n, cut->dialect);
    flips ^= __builtin_parityll(m.quote);
    for (int k = 0; k < 2; k++) {
      uint64_t ends, delimiters;
      if (!read_block(&m, n, &states[k], &ends, &delimiters)) as[k].regular = false;
      if (ends && as[k].first_end == SIZE_MAX) {
        as[k].first_end = i + (size_t)__builtin_ctzll(ends);
      }
      as[k].n_ends += (size_t)__builtin_popcountll(ends);
    }
  }
  *out = (measure){{as[0], as[1]}, flips};
}

static wf_status measure_block(void *context, size_t index, size_t begin, size_t end, size_t worker,
                               wf_error *err) {
  cutting *cut = context;
  (void)worker, (void)err;
  read_whole_block(&cut->blocks[index], cut, cut->begin + begin, cut->begin + end);
  return WF_OK;
}

/* Chunk k begins behind the first record end of block k, except the first. */
static wf_status make_chunks(wf_csv_chunks *out, bool *regular, const cutting *cut, size_t n_blocks,
                             wf_error *err) {
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
  char last = size > cut->begin ? cut->text->data[size - 1] : '\n';
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

wf_status wf_csv_chunks_find(wf_csv_chunks *out, bool *regular, const wf_csv_text *text,
                             size_t begin, const wf_csv_dialect *dialect, size_t block,
                             wf_error *err) {
  size_t size = text->size - begin, n_blocks = size ? (size - 1) / block + 1 : 0;
  cutting cut = {text, dialect, begin, wf_alloc_array(n_blocks, sizeof *cut.blocks)};
  if (!cut.blocks) return wf_fail_nomem(err);
  wf_csv_chunks chunks = {0};
  wf_status status = wf_parallel_for(size, block, 0, measure_block, &cut, err);
  if (status == WF_OK) status = make_chunks(&chunks, regular, &cut, n_blocks, err);
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
  wf_bytes unescaped;
} walk;

/* Lists the positions of bytes [from, to); false where quotes are out of place. */
static bool list_positions(walk *w, size_t from, size_t to) {
  uint32_t *out = w->positions + w->n_positions;
  bool good = true;
  for (size_t i = from; i < to; i += WIDTH) {
    uint64_t ends, delimiters;
    size_t n = to - i < WIDTH ? to - i : WIDTH;
    masks m = masks_at(w->text + i, n, w->dialect);
    good &= read_block(&m, n, &w->carry, &ends, &delimiters);
    for (uint64_t left = ends | delimiters; left; left &= left - 1) {
      unsigned bit = (unsigned)__builtin_ctzll(left);
      *out++ = (uint32_t)(i + bit) | (uint32_t)(ends >> bit & 1) << 31;
    }
  }
  w->n_positions = (size_t)(out - w->positions);
  return good;
}

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
  char quote = w->dialect->quote, *out = w->unescaped.data + w->unescaped.size, *to = out;
  for (size_t i = 0; i < size; i++) {
    *to++ = data[i];
    if (data[i] == quote) i++;
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
    if (!list_positions(w, at, to)) *regular = false;
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

wf_status wf_csv_chunk_walk(bool *regular, const wf_csv_text *text, const wf_csv_chunk *chunk,
                            const wf_csv_dialect *dialect, size_t n_fields, const bool *wanted,
                            size_t max_bytes, wf_csv_take_fn *take, void *context, wf_error *err) {
  walk w = {.dialect = dialect,
            .text = text->data + chunk->begin,
            .size = chunk->end - chunk->begin,
            .n_fields = n_fields,
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
  wf_free(w.positions);
  wf_free(w.starts);
  wf_bytes_dispose(&w.unescaped);
  return status;
}
