/* count.c — from columns to tables in one pass.
 *
 * One facet without groups: the table follows from the number of rows and seven sums of ANDed bytes
 * (labels, predictions, facet, and their products), sixteen rows at a time in byte-wide lanes that
 * are emptied before they can overflow.
 *
 * Otherwise: label, prediction and up to five facets become one code byte a row, again sixteen at a
 * time, and (group, code) indexes a histogram from which every facet's tables are summed. So ten
 * facets cost two histograms, not ten. Copies of a small histogram keep neighbouring rows that fall
 * into one cell from waiting for each other's store. A column of value numbers (one facet against
 * the rest for each value) is one histogram as well, however many values it has.
 *
 * Counting is in integers; the doubles of the result are exact. */
#include "wf/bias.h"

#include "base/alloc.h"
#include "base/error.h"
#include "bias/rows.h"

#include <string.h>

enum {
  LANES = 16,
  BLOCK = 2048,      /* rows whose codes are made before they are counted: fits the L1 */
  CHUNK = 5,         /* facets in one code */
  N_COPIES = 4,      /* of a small histogram */
  SMALL_CELLS = 1024 /* in larger ones neighbours seldom meet, and copies crowd the L1 */
};

typedef uint8_t lanes __attribute__((vector_size(LANES)));

static lanes load(const uint8_t *bytes) {
  lanes v;
  memcpy(&v, bytes, sizeof v);
  return v;
}

static uint64_t add_lanes(lanes v) {
  uint64_t sum = 0;
  for (int i = 0; i < LANES; i++) sum += v[i];
  return sum;
}

static bool above_one(lanes v) {
  uint8_t any = 0;
  for (int i = 0; i < LANES; i++) any |= v[i];
  return any > 1;
}

typedef struct rows {
  const uint8_t *labels, *predictions, *const *facets;
  size_t n_facets;
  const int32_t *groups; /* NULL: all rows are in no group */
  size_t n_groups, n;
} rows;

/* Called once something is known to be wrong. */
static wf_status find_bad_row(const rows *r, wf_error *err) {
  for (size_t i = 0; i < r->n; i++) {
    WF_TRY(wf_bias_check_byte(r->labels, i, "label", err));
    WF_TRY(wf_bias_check_byte(r->predictions, i, "prediction", err));
    for (size_t f = 0; f < r->n_facets; f++)
      WF_TRY(wf_bias_check_byte(r->facets[f], i, "facet", err));
    WF_TRY(wf_bias_check_number(r->groups, i, r->n_groups, "group", err));
  }
  return WF_OK;
}

/* --- one facet without groups --------------------------------------------------------------- */

enum { L, P, F, LP, LF, PF, LPF, N_SUMS };

/* At most 255 vectors, so that no lane overflows. */
static bool sum_vectors(uint64_t *sums, const rows *r, size_t first, size_t n_vectors) {
  lanes total[N_SUMS] = {0}, all = {0};
  for (size_t i = 0; i < n_vectors; i++) {
    size_t at = first + i * LANES;
    lanes l = load(r->labels + at), p = load(r->predictions + at), f = load(r->facets[0] + at);
    lanes lp = l & p;
    all |= l | p | f;
    total[L] += l;
    total[P] += p;
    total[F] += f;
    total[LP] += lp;
    total[LF] += l & f;
    total[PF] += p & f;
    total[LPF] += lp & f;
  }
  for (int s = 0; s < N_SUMS; s++) sums[s] += add_lanes(total[s]);
  return !above_one(all);
}

static bool sum_rest(uint64_t *sums, const rows *r, size_t first) {
  unsigned all = 0;
  for (size_t i = first; i < r->n; i++) {
    unsigned l = r->labels[i], p = r->predictions[i], f = r->facets[0][i];
    all |= l | p | f;
    unsigned terms[N_SUMS] = {l, p, f, l & p, l & f, p & f, l & p & f};
    for (int s = 0; s < N_SUMS; s++) sums[s] += terms[s];
  }
  return all <= 1;
}

/* Inclusion and exclusion, from the inside out. */
static void set_cells(wf_bias_cells *out, const uint64_t *s, uint64_t n) {
  uint64_t cells[2][2][2];
  cells[1][1][1] = s[LPF];
  cells[1][1][0] = s[LF] - s[LPF];
  cells[1][0][1] = s[PF] - s[LPF];
  cells[1][0][0] = s[F] - s[LF] - s[PF] + s[LPF];
  cells[0][1][1] = s[LP] - s[LPF];
  cells[0][1][0] = s[L] - s[LP] - cells[1][1][0];
  cells[0][0][1] = s[P] - s[LP] - cells[1][0][1];
  cells[0][0][0] = n - s[L] - s[P] + s[LP] - cells[1][0][0];
  for (int c = 0; c < 8; c++)
    out->n[c >> 2][c >> 1 & 1][c & 1] = (double)cells[c >> 2][c >> 1 & 1][c & 1];
}

static wf_status count_plain(wf_bias_cells *out, const rows *r, wf_error *err) {
  uint64_t sums[N_SUMS] = {0};
  size_t n_vectors = r->n / LANES;
  bool good = true;
  for (size_t v = 0; good && v < n_vectors; v += 255) {
    good = sum_vectors(sums, r, v * LANES, n_vectors - v < 255 ? n_vectors - v : 255);
  }
  good = good && sum_rest(sums, r, n_vectors * LANES);
  if (!good) return find_bad_row(r, err);
  set_cells(out, sums, r->n);
  return WF_OK;
}

/* --- histograms ------------------------------------------------------------------------------ */

typedef struct histogram {
  uint32_t *counts;
  size_t n_codes; /* cells of one group's slot; slot 0 holds the rows without a group */
  size_t n_cells, n_copies;
} histogram;

static wf_status new_histogram(histogram *out, size_t n_codes, size_t n_groups, wf_error *err) {
  histogram h = {.n_codes = n_codes};
  if (__builtin_mul_overflow(n_groups + 1, n_codes, &h.n_cells)) return wf_fail_nomem(err);
  h.n_copies = h.n_cells <= SMALL_CELLS ? N_COPIES : 1;
  h.counts = wf_alloc_zero(h.n_cells, h.n_copies * sizeof *h.counts);
  if (!h.counts) return wf_fail_nomem(err);
  *out = h;
  return WF_OK;
}

/* Takes a cell's count out of all copies. */
static uint64_t take_cell(histogram *h, size_t cell) {
  uint64_t sum = 0;
  for (size_t copy = 0; copy < h->n_copies; copy++) {
    sum += h->counts[copy * h->n_cells + cell];
    h->counts[copy * h->n_cells + cell] = 0;
  }
  return sum;
}

static size_t slot_of(const int32_t *groups, size_t i) {
  return groups ? (size_t)(groups[i] + 1) : 0;
}

static inline __attribute__((always_inline)) void add_codes(histogram *h, const uint8_t *codes,
                                                            const int32_t *groups, size_t n) {
  size_t i = 0, apart = h->n_copies > 1 ? h->n_cells : 0, n_codes = h->n_codes;
  uint32_t *counts = h->counts;
  for (; i + 4 <= n; i += 4) {
    counts[slot_of(groups, i) * n_codes + codes[i]]++;
    counts[apart + slot_of(groups, i + 1) * n_codes + codes[i + 1]]++;
    counts[2 * apart + slot_of(groups, i + 2) * n_codes + codes[i + 2]]++;
    counts[3 * apart + slot_of(groups, i + 3) * n_codes + codes[i + 3]]++;
  }
  for (; i < n; i++) counts[slot_of(groups, i) * n_codes + codes[i]]++;
}

static void add_cell(wf_bias_cells *cells, int facet, size_t label_prediction, double count) {
  cells->n[facet][label_prediction >> 1][label_prediction & 1] += count;
}

/* --- facets of zeros and ones ---------------------------------------------------------------- */

typedef struct chunk {
  size_t first, n; /* facets */
  histogram histogram;
} chunk;

/* Codes are label * 2 + prediction + 4 * (facet 0 + 2 * facet 1 + 4 * facet 2 …). */
static bool make_codes(uint8_t *codes, const rows *r, const chunk *c, size_t first, size_t n) {
  const uint8_t *const *facets = r->facets + c->first;
  lanes all = {0};
  size_t i = 0;
  for (; i + LANES <= n; i += LANES) {
    lanes code = {0};
    for (size_t f = c->n; f-- > 0;) {
      lanes bit = load(facets[f] + first + i);
      all |= bit;
      code = code + code + bit;
    }
    lanes l = load(r->labels + first + i), p = load(r->predictions + first + i);
    all |= l | p;
    code = code + code + l;
    code = code + code + p;
    memcpy(codes + i, &code, sizeof code);
  }
  unsigned rest = 0;
  for (; i < n; i++) {
    unsigned l = r->labels[first + i], p = r->predictions[first + i], code = 0;
    rest |= l | p;
    for (size_t f = c->n; f-- > 0;) {
      rest |= facets[f][first + i];
      code = code * 2 + facets[f][first + i];
    }
    codes[i] = (uint8_t)(code * 4 + l * 2 + p);
  }
  return !above_one(all) && rest <= 1;
}

static bool count_rows(chunk *chunks, size_t n_chunks, const rows *r) {
  uint8_t codes[BLOCK];
  for (size_t first = 0; first < r->n; first += BLOCK) {
    size_t n = r->n - first < BLOCK ? r->n - first : BLOCK;
    const int32_t *groups = r->groups ? r->groups + first : NULL;
    if (groups && !wf_bias_in_range(groups, n, r->n_groups)) return false;
    for (size_t c = 0; c < n_chunks; c++) {
      if (!make_codes(codes, r, &chunks[c], first, n)) return false;
      if (groups) {
        add_codes(&chunks[c].histogram, codes, groups, n);
      } else {
        add_codes(&chunks[c].histogram, codes, NULL, n);
      }
    }
  }
  return true;
}

/* Empties one chunk's histogram into its facets' tables. */
static void empty_chunk(wf_bias_cells *out, wf_bias_cells *by_group, chunk *c, size_t n_groups) {
  histogram *h = &c->histogram;
  for (size_t cell = 0; cell < h->n_cells; cell++) {
    size_t slot = cell / h->n_codes, code = cell % h->n_codes;
    double count = (double)take_cell(h, cell);
    if (count == 0) continue;
    for (size_t f = 0; f < c->n; f++) {
      int d = (int)(code >> (2 + f)) & 1;
      add_cell(&out[c->first + f], d, code & 3, count);
      if (slot) add_cell(&by_group[(c->first + f) * n_groups + slot - 1], d, code & 3, count);
    }
  }
}

static wf_status new_chunks(chunk **out, size_t *n_chunks, const rows *r, wf_error *err) {
  size_t n = (r->n_facets + CHUNK - 1) / CHUNK;
  chunk *chunks = wf_alloc_zero(n, sizeof *chunks);
  if (!chunks) return wf_fail_nomem(err);
  *out = chunks;
  *n_chunks = n;
  for (size_t c = 0; c < n; c++) {
    chunks[c].first = c * CHUNK;
    chunks[c].n = r->n_facets - c * CHUNK < CHUNK ? r->n_facets - c * CHUNK : CHUNK;
    WF_TRY(new_histogram(&chunks[c].histogram, (size_t)4 << chunks[c].n, r->n_groups, err));
  }
  return WF_OK;
}

static void free_chunks(chunk *chunks, size_t n_chunks) {
  for (size_t c = 0; chunks && c < n_chunks; c++) wf_free(chunks[c].histogram.counts);
  wf_free(chunks);
}

static wf_status count_chunks(wf_bias_cells *out, wf_bias_cells *by_group, chunk *chunks,
                              size_t n_chunks, const rows *r, wf_error *err) {
  if (!count_rows(chunks, n_chunks, r)) return find_bad_row(r, err);
  memset(out, 0, r->n_facets * sizeof *out);
  if (r->n_groups) memset(by_group, 0, r->n_facets * r->n_groups * sizeof *by_group);
  for (size_t c = 0; c < n_chunks; c++) empty_chunk(out, by_group, &chunks[c], r->n_groups);
  return WF_OK;
}

static wf_status count_histograms(wf_bias_cells *out, wf_bias_cells *by_group, const rows *r,
                                  wf_error *err) {
  chunk *chunks = NULL;
  size_t n_chunks = 0;
  wf_status status = new_chunks(&chunks, &n_chunks, r, err);
  if (status == WF_OK) status = count_chunks(out, by_group, chunks, n_chunks, r, err);
  free_chunks(chunks, n_chunks);
  return status;
}

wf_status wf_bias_count_facets(wf_bias_cells *out, wf_bias_cells *by_group, const uint8_t *labels,
                               const uint8_t *predictions, const uint8_t *const *facets,
                               size_t n_facets, const int32_t *groups, size_t n_groups, size_t n,
                               wf_error *err) {
  bool grouped = groups && by_group;
  rows r = {labels,
            predictions ? predictions : labels,
            facets,
            n_facets,
            grouped ? groups : NULL,
            grouped ? n_groups : 0,
            n};
  WF_TRY(wf_bias_check_sizes(n, r.n_groups, err));
  if (n_facets == 0) return WF_OK;
  if (!grouped && n_facets == 1) return count_plain(out, &r, err);
  return count_histograms(out, by_group, &r, err);
}

wf_status wf_bias_count(wf_bias_cells *out, wf_bias_cells *by_group, const uint8_t *labels,
                        const uint8_t *predictions, const uint8_t *facet, const int32_t *groups,
                        size_t n_groups, size_t n, wf_error *err) {
  return wf_bias_count_facets(out, by_group, labels, predictions, &facet, 1, groups, n_groups, n,
                              err);
}
