/* list.c — sixty-four bytes at a time become masks of delimiters, quotes and line ends.
 *
 * The prefix xor of the quote mask is set between an opening quote and its closing one, the opening
 * included, so
 *
 *   opening quotes   Q & inside    must follow a delimiter, a line end, or a closing quote (a pair)
 *   closing quotes   Q & ~inside   must precede a delimiter, a line end, or an opening quote (a
 *                                  pair)
 *   record ends      a line end outside quotes that no other one precedes: the LF of CRLF and blank
 *                    lines end nothing
 *
 * (Langdale and Lemire, "Parsing gigabytes of JSON per second", 2019, for the masks.) */
#include "csv/list.h"

#include "base/alloc.h"
#include "csv/masks.h"

enum { WIDTH = WF_CSV_WIDTH };

typedef wf_csv_masks masks;

bool wf_csv_list_reserve(wf_csv_list *list, size_t size) {
  size_t n = size + 2 * WIDTH; /* whole groups of positions are written */
  if (n <= list->capacity) return true;
  wf_free(list->positions);
  list->capacity = 0;
  list->positions = wf_alloc_array(n, sizeof *list->positions);
  if (!list->positions) return false;
  list->capacity = n;
  return true;
}

void wf_csv_list_dispose(wf_csv_list *list) {
  wf_free(list->positions);
  *list = (wf_csv_list){0};
}

/* What has been listed, and what sixty-four bytes hand to the next: `inside` with all bits set when
 * the next byte is inside quotes, the others 1 when the last byte was, outside of quotes, … */
typedef struct state {
  uint64_t inside;
  uint64_t after_end;   /* a line end */
  uint64_t after_break; /* a delimiter or line end */
  uint64_t after_close; /* a closing quote */
  uint64_t bad, odd;    /* not 0: there are such */
  size_t n_records;
  uint32_t *out;
} state;

/* Appends the position of the lowest bit, in place of one that is not there anything. */
WF_CSV_TWICE uint64_t put_one(uint32_t *out, uint64_t bits, uint32_t base, bool fast) {
  *out = base + wf_csv_first_bit(bits, fast);
  return bits & (bits - 1);
}

WF_CSV_TWICE uint64_t put_four(uint32_t *out, uint64_t bits, uint32_t base, bool fast) {
  bits = put_one(out, bits, base, fast);
  bits = put_one(out + 1, bits, base, fast);
  bits = put_one(out + 2, bits, base, fast);
  return put_one(out + 3, bits, base, fast);
}

/* How many there are is hard to foresee: four at once are enough for text of long fields, twelve
 * for nearly all other. There is room behind. */
WF_CSV_TWICE uint32_t *put_bits(uint32_t *out, uint64_t bits, uint32_t base, bool fast) {
  unsigned n = (unsigned)__builtin_popcountll(bits);
  bits = put_four(out, bits, base, fast);
  if (n > 4) {
    bits = put_four(out + 4, bits, base, fast);
    bits = put_four(out + 8, bits, base, fast);
    for (unsigned done = 12; done < n; done += 4) bits = put_four(out + done, bits, base, fast);
  }
  return out + n;
}

/* A quote closing where none may is seen from the byte behind it, here or in the next ones. */
WF_CSV_TWICE void read_masks(state *s, const masks *m, uint64_t used, uint32_t base, bool fast) {
  uint64_t inside = wf_csv_parity(m->quote, fast) ^ s->inside;
  uint64_t breaks = (m->delimiter | m->line_end) & ~inside;
  uint64_t line_ends = m->line_end & ~inside;
  uint64_t opens = m->quote & inside, closes = m->quote & ~inside;
  uint64_t after_break = breaks << 1 | s->after_break, after_close = closes << 1 | s->after_close;
  uint64_t ends = line_ends & ~(line_ends << 1 | s->after_end);
  s->bad |= opens & ~(after_break | after_close);
  s->bad |= after_close & used & ~(breaks | opens);
  s->odd |= m->odd;
  s->n_records += (size_t)__builtin_popcountll(ends);
  s->out = put_bits(s->out, ends | (m->delimiter & ~inside), base, fast);
  s->inside = (uint64_t)((int64_t)inside >> 63);
  s->after_end = line_ends >> 63;
  s->after_break = breaks >> 63;
  s->after_close = closes >> 63;
}

WF_CSV_TWICE bool fill(wf_csv_list *list, const char *data, size_t size,
                       const wf_csv_dialect *given, bool fast) {
  const wf_csv_dialect dialect = *given; /* of which the compiler knows that it does not change */
  state s = {.after_end = 1, .after_break = 1, .out = list->positions};
  size_t i = 0;
  for (; i + WIDTH <= size; i += WIDTH) {
    masks m = wf_csv_masks_at(data + i, &dialect, fast);
    read_masks(&s, &m, UINT64_MAX, (uint32_t)i, fast);
  }
  if (i < size) {
    uint64_t used = (UINT64_C(1) << (size - i)) - 1;
    masks m = wf_csv_masks_at(data + i, &dialect, fast);
    m = (masks){m.delimiter & used, m.quote & used, m.line_end & used, m.odd};
    read_masks(&s, &m, used, (uint32_t)i, fast);
  }
  list->open = s.inside != 0;
  list->odd = s.odd != 0;
  list->n_records = s.n_records;
  list->n = (size_t)(s.out - list->positions);
  return s.bad == 0;
}

static bool fill_plain(wf_csv_list *list, const char *data, size_t size,
                       const wf_csv_dialect *dialect) {
  return fill(list, data, size, dialect, false);
}

#ifdef WF_CSV_AVX2
WF_CSV_AVX2 static bool fill_avx2(wf_csv_list *list, const char *data, size_t size,
                                  const wf_csv_dialect *dialect) {
  return fill(list, data, size, dialect, true);
}
#else
#define fill_avx2 fill_plain
#endif

bool wf_csv_list_fill(wf_csv_list *list, const char *data, size_t size,
                      const wf_csv_dialect *dialect, bool vectors) {
  return (vectors ? fill_avx2 : fill_plain)(list, data, size, dialect);
}
