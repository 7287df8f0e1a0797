/* count.c — from columns to tables in one pass.
 *
 * Without groups the table follows from the number of rows and seven sums of ANDed bytes (labels,
 * predictions, facet, and their products): sixteen rows at a time in byte-wide lanes, which are
 * emptied before they can overflow. With groups, label, prediction and facet become one code of
 * three bits a row, again sixteen at a time, and (group, code) indexes a histogram; four copies of
 * it keep neighbouring rows of one cell from waiting for each other's store.
 *
 * Counting is in integers; the doubles of the result are exact. */
#include "wf/bias.h"

#include "base/alloc.h"
#include "base/error.h"

#include <string.h>

enum {
  LANES = 16,
  BLOCK = 2048,             /* rows whose codes are made before they are counted: fits the L1 */
  N_COPIES = 4,             /* of a small histogram */
  MOST_COPIED_GROUPS = 2048 /* larger histograms do not profit */
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
  const uint8_t *labels, *predictions, *facet;
  const int32_t *groups;
  size_t n_groups, n;
} rows;

static wf_status check_byte(const uint8_t *bytes, size_t i, const char *what, wf_error *err) {
  if (bytes[i] <= 1) return WF_OK;
  return wf_fail(err, WF_INVALID, "row %zu: the %s is %d, not 0 or 1", i + 1, what, bytes[i]);
}

/* Called once something is known to be wrong. */
static wf_status find_bad_row(const rows *r, wf_error *err) {
  for (size_t i = 0; i < r->n; i++) {
    WF_TRY(check_byte(r->labels, i, "label", err));
    WF_TRY(check_byte(r->predictions, i, "prediction", err));
    WF_TRY(check_byte(r->facet, i, "facet", err));
    if (r->groups &&
        (r->groups[i] < -1 || (r->groups[i] >= 0 && (size_t)r->groups[i] >= r->n_groups))) {
      return wf_fail(err, WF_INVALID, "row %zu: group %d is not between -1 and %zu", i + 1,
                     (int)r->groups[i], r->n_groups - 1);
    }
  }
  return WF_OK;
}

/* --- without groups ------------------------------------------------------------------------- */

enum { L, P, F, LP, LF, PF, LPF, N_SUMS };

/* At most 255 vectors, so that no lane overflows. */
static bool sum_vectors(uint64_t *sums, const rows *r, size_t first, size_t n_vectors) {
  lanes total[N_SUMS] = {0}, all = {0};
  for (size_t i = 0; i < n_vectors; i++) {
    size_t at = first + i * LANES;
    lanes l = load(r->labels + at), p = load(r->predictions + at), f = load(r->facet + at);
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
    unsigned l = r->labels[i], p = r->predictions[i], f = r->facet[i];
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

/* --- with groups ---------------------------------------------------------------------------- */

/* codes[i] = facet * 4 + label * 2 + prediction */
static bool make_codes(uint8_t *codes, const rows *r, size_t first, size_t n) {
  lanes all = {0};
  size_t i = 0;
  for (; i + LANES <= n; i += LANES) {
    lanes l = load(r->labels + first + i), p = load(r->predictions + first + i);
    lanes f = load(r->facet + first + i), code = f + f + l;
    code = code + code + p;
    all |= l | p | f;
    memcpy(codes + i, &code, sizeof code);
  }
  unsigned rest = 0;
  for (; i < n; i++) {
    unsigned l = r->labels[first + i], p = r->predictions[first + i], f = r->facet[first + i];
    rest |= l | p | f;
    codes[i] = (uint8_t)(f * 4 + l * 2 + p);
  }
  return !above_one(all) && rest <= 1;
}

/* Whether every group is -1 or a number below n_groups; unsigned, -1 + 1 is the smallest. */
static bool groups_in_range(const int32_t *groups, size_t n, size_t n_groups) {
  uint32_t most = 0;
  for (size_t i = 0; i < n; i++) {
    uint32_t shifted = (uint32_t)groups[i] + 1;
    most = shifted > most ? shifted : most;
  }
  return most <= n_groups;
}

/* Slot 0 holds the rows without a group. `size` is the distance between copies, 0 for one. */
static void count_codes(uint64_t *histogram, size_t size, const uint8_t *codes,
                        const int32_t *groups, size_t n) {
  size_t i = 0;
  for (; i + 4 <= n; i += 4) {
    histogram[(size_t)(groups[i] + 1) * 8 + codes[i]]++;
    histogram[size + (size_t)(groups[i + 1] + 1) * 8 + codes[i + 1]]++;
    histogram[2 * size + (size_t)(groups[i + 2] + 1) * 8 + codes[i + 2]]++;
    histogram[3 * size + (size_t)(groups[i + 3] + 1) * 8 + codes[i + 3]]++;
  }
  for (; i < n; i++) histogram[(size_t)(groups[i] + 1) * 8 + codes[i]]++;
}

static void add_histogram(wf_bias_cells *out, const uint64_t *eight, size_t size, size_t n_copies) {
  for (int code = 0; code < 8; code++) {
    uint64_t sum = 0;
    for (size_t copy = 0; copy < n_copies; copy++) sum += eight[copy * size + (size_t)code];
    out->n[code >> 2][code >> 1 & 1][code & 1] += (double)sum;
  }
}

static bool fill_histogram(uint64_t *histogram, size_t size, const rows *r) {
  uint8_t codes[BLOCK];
  for (size_t first = 0; first < r->n; first += BLOCK) {
    size_t n = r->n - first < BLOCK ? r->n - first : BLOCK;
    if (!make_codes(codes, r, first, n)) return false;
    if (!groups_in_range(r->groups + first, n, r->n_groups)) return false;
    count_codes(histogram, size, codes, r->groups + first, n);
  }
  return true;
}

static wf_status count_grouped(wf_bias_cells *out, wf_bias_cells *by_group, const rows *r,
                               wf_error *err) {
  size_t n_slots = r->n_groups + 1;
  size_t n_copies = r->n_groups <= MOST_COPIED_GROUPS ? N_COPIES : 1;
  size_t size = n_copies > 1 ? n_slots * 8 : 0;
  uint64_t *histogram = wf_alloc_zero(n_slots, 8 * n_copies * sizeof *histogram);
  if (!histogram) return wf_fail_nomem(err);
  if (!fill_histogram(histogram, size, r)) {
    wf_free(histogram);
    return find_bad_row(r, err);
  }
  memset(out, 0, sizeof *out);
  memset(by_group, 0, r->n_groups * sizeof *by_group);
  for (size_t slot = 0; slot < n_slots; slot++) {
    add_histogram(out, histogram + slot * 8, size, n_copies);
    if (slot) add_histogram(&by_group[slot - 1], histogram + slot * 8, size, n_copies);
  }
  wf_free(histogram);
  return WF_OK;
}

wf_status wf_bias_count(wf_bias_cells *out, wf_bias_cells *by_group, const uint8_t *labels,
                        const uint8_t *predictions, const uint8_t *facet, const int32_t *groups,
                        size_t n_groups, size_t n, wf_error *err) {
  rows r = {labels, predictions ? predictions : labels, facet, groups, n_groups, n};
  if (!groups || !by_group) return count_plain(out, &r, err);
  if (n_groups > INT32_MAX) return wf_fail(err, WF_LIMIT, "more than %d groups", INT32_MAX);
  return count_grouped(out, by_group, &r, err);
}
