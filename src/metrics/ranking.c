/* ranking.c — ordering scores without comparing them.
 *
 * A double's bits become a 64-bit key whose ascending order is the descending order of scores
 * (both zeros share a key), and keys are sorted by least-significant-digit radix passes: linear,
 * stable, the same time whatever the data. Positives and negatives are sorted apart and merged
 * while walking, so an unweighted key needs no payload at all, which halves the bytes moved. Only
 * the bits in which keys differ are sorted: scores that came from 32-bit floats, which models
 * produce, have 29 constant low bits and need half of the passes.
 */
#include "metrics/ranking.h"

#include "base/alloc.h"
#include "metrics/input.h"

#include <math.h>
#include <string.h>

enum { DIGIT_BITS = 11, N_BUCKETS = 1 << DIGIT_BITS, N_DIGITS = 6, SMALL = 96 };

#define SIGN_BIT ((uint64_t)1 << 63)

static uint64_t key_of(double score) {
  double positive_zero = score + 0.0;
  uint64_t bits;
  memcpy(&bits, &positive_zero, sizeof bits);
  return bits & SIGN_BIT ? bits : bits ^ (SIGN_BIT - 1);
}

static double score_of(uint64_t key) {
  uint64_t bits = key & SIGN_BIT ? key : key ^ (SIGN_BIT - 1);
  double score;
  memcpy(&score, &bits, sizeof score);
  return score;
}

static void sort_small(uint64_t *keys, double *weights, size_t n) {
  for (size_t i = 1; i < n; i++) {
    uint64_t key = keys[i];
    double weight = weights ? weights[i] : 0;
    size_t j = i;
    for (; j > 0 && keys[j - 1] > key; j--) {
      keys[j] = keys[j - 1];
      if (weights) weights[j] = weights[j - 1];
    }
    keys[j] = key;
    if (weights) weights[j] = weight;
  }
}

/* The digits that are sorted: from the lowest bit in which keys differ. */
typedef struct digits {
  int shift, n;
} digits;

static digits find_digits(const uint64_t *keys, size_t n) {
  uint64_t differ = 0;
  for (size_t i = 1; i < n; i++) differ |= keys[i] ^ keys[0];
  if (differ == 0) return (digits){0, 0};
  int shift = __builtin_ctzll(differ), bits = 64 - __builtin_clzll(differ) - shift;
  return (digits){shift, (bits + DIGIT_BITS - 1) / DIGIT_BITS};
}

static size_t digit_of(uint64_t key, int shift) { return (size_t)(key >> shift) & (N_BUCKETS - 1); }

static void count_digits(uint32_t (*counts)[N_BUCKETS], const uint64_t *keys, size_t n, digits d) {
  memset(counts, 0, (size_t)d.n * sizeof *counts);
  for (size_t i = 0; i < n; i++) {
    uint64_t rest = keys[i] >> d.shift;
    for (int digit = 0; digit < d.n; digit++, rest >>= DIGIT_BITS) {
      counts[digit][rest & (N_BUCKETS - 1)]++;
    }
  }
}

/* Counts become the position of each bucket's first key. */
static void sum_counts(uint32_t *counts) {
  uint32_t position = 0;
  for (size_t bucket = 0; bucket < N_BUCKETS; bucket++) {
    uint32_t count = counts[bucket];
    counts[bucket] = position;
    position += count;
  }
}

typedef struct sort_buffers {
  uint64_t *keys, *spare_keys;
  double *weights, *spare_weights; /* both NULL when unweighted */
} sort_buffers;

static void sort_digit(sort_buffers *b, size_t n, int shift, uint32_t *positions) {
  for (size_t i = 0; i < n; i++) {
    uint32_t to = positions[digit_of(b->keys[i], shift)]++;
    b->spare_keys[to] = b->keys[i];
    if (b->weights) b->spare_weights[to] = b->weights[i];
  }
  sort_buffers swapped = {b->spare_keys, b->keys, b->spare_weights, b->weights};
  *b = swapped;
}

/* Leaves the sorted keys in b->keys, which may be what was the spare. */
static void sort_keys(sort_buffers *b, size_t n, uint32_t (*counts)[N_BUCKETS]) {
  if (n <= SMALL) {
    sort_small(b->keys, b->weights, n);
    return;
  }
  digits d = find_digits(b->keys, n);
  count_digits(counts, b->keys, n, d);
  for (int digit = 0; digit < d.n; digit++) {
    sum_counts(counts[digit]);
    sort_digit(b, n, d.shift + digit * DIGIT_BITS, counts[digit]);
  }
}

static size_t count_class(const double *labels, double positive, const double *weights, size_t n,
                          size_t *n_positive) {
  size_t counts[2] = {0, 0};
  for (size_t i = 0; i < n; i++) {
    counts[labels[i] == positive] += !weights || weights[i] > 0;
  }
  *n_positive = counts[1];
  return counts[0];
}

static void fill_classes(wf_ranking *out, const double *labels, double positive,
                         const double *scores, size_t stride, const double *weights, size_t n) {
  size_t used[2] = {0, 0};
  for (size_t i = 0; i < n; i++) {
    if (weights && weights[i] == 0) continue;
    int which = labels[i] == positive;
    size_t at = used[which]++;
    out->classes[which].keys[at] = key_of(scores[i * stride]);
    if (weights) out->classes[which].weights[at] = weights[i];
  }
}

wf_status wf_ranking_build(wf_ranking *out, const double *labels, double positive,
                           const double *scores, size_t stride, const double *weights, size_t n,
                           wf_error *err) {
  if (n > UINT32_MAX) return wf_fail(err, WF_LIMIT, "more than %u rows to rank", UINT32_MAX);
  size_t n_class[2];
  n_class[0] = count_class(labels, positive, weights, n, &n_class[1]);
  size_t kept = n_class[0] + n_class[1], most = n_class[n_class[1] > n_class[0]];
  size_t words = (kept + most) * (weights ? 2 : 1);
  size_t table = N_DIGITS * N_BUCKETS * sizeof(uint32_t);
  uint64_t *memory = wf_alloc_aligned(words * sizeof *memory + table);
  if (!memory) return wf_fail_nomem(err);

  /* [keys of both classes | weights of both | spare keys | spare weights | digit counts] */
  wf_ranking ranking = {.memory = memory};
  double *all_weights = weights ? (double *)(memory + kept) : NULL;
  uint64_t *spare = memory + (weights ? 2 : 1) * kept;
  for (int c = 0; c < 2; c++) {
    size_t first = c == 0 ? 0 : n_class[0];
    ranking.classes[c].keys = memory + first;
    ranking.classes[c].weights = weights ? all_weights + first : NULL;
    ranking.classes[c].n = n_class[c];
  }
  fill_classes(&ranking, labels, positive, scores, stride, weights, n);
  uint32_t(*counts)[N_BUCKETS] = (uint32_t(*)[N_BUCKETS])(void *)(memory + words);
  for (int c = 0; c < 2; c++) {
    wf_ranked_class *class = &ranking.classes[c];
    sort_buffers b = {class->keys, spare, class->weights,
                      weights ? (double *)(spare + most) : NULL};
    sort_keys(&b, class->n, counts);
    if (b.keys == class->keys) continue;
    memcpy(class->keys, b.keys, class->n * sizeof *b.keys);
    if (weights) memcpy(class->weights, b.weights, class->n * sizeof *b.weights);
  }
  *out = ranking;
  return WF_OK;
}

void wf_ranking_dispose(wf_ranking *ranking) { wf_free(ranking->memory); }

void wf_ranking_rewind(wf_ranking *ranking) {
  ranking->classes[0].next = ranking->classes[1].next = 0;
}

/* Takes the rows of `key` from one class. */
static double take(wf_ranked_class *class, uint64_t key) {
  size_t first = class->next, i = first;
  double weight = 0;
  for (; i < class->n && class->keys[i] == key; i++) {
    if (class->weights) weight += class->weights[i];
  }
  class->next = i;
  return class->weights ? weight : (double)(i - first);
}

bool wf_ranking_next(wf_ranking *ranking, wf_score_group *group) {
  wf_ranked_class *negative = &ranking->classes[0], *positive = &ranking->classes[1];
  bool has_negative = negative->next < negative->n, has_positive = positive->next < positive->n;
  if (!has_negative && !has_positive) return false;
  uint64_t key = has_negative ? negative->keys[negative->next] : positive->keys[positive->next];
  if (has_positive && positive->keys[positive->next] < key) key = positive->keys[positive->next];
  *group = (wf_score_group){score_of(key), {take(negative, key), take(positive, key)}};
  return true;
}

/* Area: sum over groups of negatives x (positives above + half of those beside them), halves of
 * integers when unweighted. Average precision: sum of (recall gained) x (precision there). */
wf_rank_metrics wf_ranking_measure(wf_ranking *ranking) {
  double positives = 0, negatives = 0;
  wf_sum area = {0}, precision = {0};
  wf_score_group group;
  while (wf_ranking_next(ranking, &group)) {
    double gained = group.weight[1];
    wf_sum_add(&area, group.weight[0] * (positives + 0.5 * gained));
    positives += gained;
    negatives += group.weight[0];
    if (gained > 0) wf_sum_add(&precision, gained * (positives / (positives + negatives)));
  }
  wf_rank_metrics out = {(double)NAN, 0};
  if (positives > 0) out.average_precision = wf_sum_value(&precision) / positives;
  if (positives > 0 && negatives > 0) out.roc_auc = wf_sum_value(&area) / positives / negatives;
  return out;
}
