/* forest/panel_body.h — leaf values of one tree for a panel of rows, rows in lanes: a .c file
 * defines VECTOR_BYTES and KERNEL_NAME and includes this.
 *
 * In a shallow tree every split is compared for every row and the leaves are chosen from below: for
 * depth 4 that is 15 comparisons for eight rows at once, far cheaper than eight walks of 4
 * dependent loads each. The work doubles with every level, so in deeper trees only the top is
 * evaluated so, and the rest is walked, eight rows together to hide the latency of the loads. */
#include "forest/layout.h"

#include <string.h>

#if VECTOR_BYTES == 32
#include <immintrin.h>
#endif

#define LANES (VECTOR_BYTES / 4)
#define VECTORS 4
#define WHOLE_DEPTH 5 /* the deepest trees that are evaluated whole */
#define TOP_LEVELS 4
typedef float vec __attribute__((vector_size(VECTOR_BYTES)));
typedef int32_t mask __attribute__((vector_size(VECTOR_BYTES)));
#define INLINE static inline __attribute__((always_inline))

typedef struct quad {
  vec v[VECTORS];
} quad;

typedef struct rows {
  const wf_heap_node *heap;
  const float *results; /* of the heap places below the last level */
  const float *panel;   /* from the first of the rows in hand */
} rows;

INLINE vec choose(mask left, vec yes, vec no) {
#if VECTOR_BYTES == 32
  return _mm256_blendv_ps(no, yes, (vec)left);
#else
  return (vec)((left & (mask)yes) | (~left & (mask)no));
#endif
}

INLINE vec splat(float v) {
#if VECTOR_BYTES == 32
  return (vec){v, v, v, v, v, v, v, v};
#else
  return (vec){v, v, v, v};
#endif
}

INLINE quad choose_all(const rows *r, size_t at, quad left, quad right) {
  const vec *x = (const vec *)(r->panel + r->heap[at].offset);
  vec condition = splat(r->heap[at].condition);
  quad out;
  for (int i = 0; i < VECTORS; i++) out.v[i] = choose(x[i] < condition, left.v[i], right.v[i]);
  return out;
}

/* Between two constants: and, xor run on more units than the blend instruction does. */
INLINE quad level1(const rows *r, size_t at, size_t first) {
  const vec *x = (const vec *)(r->panel + r->heap[at].offset);
  vec condition = splat(r->heap[at].condition);
  mask right = (mask)splat(r->results[2 * at + 2 - first]);
  mask change = right ^ (mask)splat(r->results[2 * at + 1 - first]);
  quad out;
  for (int i = 0; i < VECTORS; i++) out.v[i] = (vec)(right ^ (change & (x[i] < condition)));
  return out;
}

#define DEFINE_LEVEL(n, below)                                                          \
  INLINE quad level##n(const rows *r, size_t at, size_t first) {                        \
    return choose_all(r, at, below(r, 2 * at + 1, first), below(r, 2 * at + 2, first)); \
  }
DEFINE_LEVEL(2, level1)
DEFINE_LEVEL(3, level2)
DEFINE_LEVEL(4, level3)

/* Fifteen splits are as much code as pays. */
static __attribute__((noinline)) void subtree(const rows *r, size_t at, size_t first, quad *out) {
  *out = level4(r, at, first);
}

INLINE quad apart4(const rows *r, size_t at, size_t first) {
  quad out;
  subtree(r, at, first, &out);
  return out;
}
DEFINE_LEVEL(5, apart4)

static __attribute__((noinline)) void single_leaf(const rows *r, quad *out) {
  vec leaf = splat(r->results[0]);
  *out = (quad){{leaf, leaf, leaf, leaf}};
}

/* The last argument of the levels is the heap place the results begin at. */
INLINE quad evaluate(const rows *r, unsigned depth) {
  quad out;
  switch (depth) {
  case 0: single_leaf(r, &out); return out;
  case 1: return level1(r, 0, 1);
  case 2: return level2(r, 0, 3);
  case 3: return level3(r, 0, 7);
  case 4: return level4(r, 0, 15);
  default: return level5(r, 0, 31);
  }
}

/* The rest of the way from heap places below the top levels, for eight rows together. */
INLINE void walk_eight(const wf_heap_node *heap, const float *leaves, const float *panel,
                       unsigned levels, const uint32_t *places, float *sums) {
  enum { TOGETHER = 8 };
  uint32_t at[TOGETHER];
  memcpy(at, places, sizeof at);
  for (unsigned level = 0; level < levels; level++) {
    for (size_t i = 0; i < TOGETHER; i++) {
      wf_heap_node node = heap[at[i]];
      at[i] = 2 * at[i] + 1 + !(panel[node.offset + i] < node.condition);
    }
  }
  size_t first = ((size_t)1 << (levels + TOP_LEVELS)) - 1;
  for (size_t i = 0; i < TOGETHER; i++) sums[i] += leaves[at[i] - first];
}

/* The top levels are evaluated like a shallow tree whose results are the heap places below them. */
static void add_deep(const wf_heap_node *heap, const wf_batch *batch, const float *leaves,
                     const float *panel, size_t n_rows, float *sums) {
  union place { /* an integer on its way through vectors of floats, which only move it */
    uint32_t number[1 << TOP_LEVELS];
    float bits[1 << TOP_LEVELS];
  } place;
  for (uint32_t i = 0; i < 1 << TOP_LEVELS; i++) place.number[i] = i + (1 << TOP_LEVELS) - 1;
  rows r = {.heap = heap, .results = place.bits};
  for (size_t row = 0; row < n_rows; row += VECTORS * LANES) {
    r.panel = panel + row;
    quad top = evaluate(&r, TOP_LEVELS);
    uint32_t places[VECTORS * LANES];
    memcpy(places, &top, sizeof places);
    for (size_t i = 0; i < VECTORS * LANES && row + i < n_rows; i += 8) {
      walk_eight(heap, leaves, panel + row + i, batch->depth - TOP_LEVELS, places + i,
                 sums + row + i);
    }
  }
}

static void add(const wf_batch *batch, size_t tree, const float *panel, size_t n_rows,
                float *sums) {
  size_t n_splits = ((size_t)1 << batch->depth) - 1;
  const wf_heap_node *heap = batch->nodes + tree * n_splits;
  const float *leaves = batch->leaves + tree * (n_splits + 1);
  if (batch->depth > WHOLE_DEPTH) {
    add_deep(heap, batch, leaves, panel, n_rows, sums);
    return;
  }
  rows r = {.heap = heap, .results = leaves};
  for (size_t row = 0; row < n_rows; row += VECTORS * LANES) {
    r.panel = panel + row;
    quad leaf = evaluate(&r, batch->depth);
    vec *sum = (vec *)(sums + row);
    for (int i = 0; i < VECTORS; i++) sum[i] = sum[i] + leaf.v[i];
  }
}

typedef struct square {
  vec v[LANES];
} square;

INLINE square transpose(square in) {
  square a, b;
#if VECTOR_BYTES == 32
  for (int i = 0; i < 8; i += 2) {
    a.v[i] = __builtin_shufflevector(in.v[i], in.v[i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
    a.v[i + 1] = __builtin_shufflevector(in.v[i], in.v[i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
  }
  for (int i = 0; i < 8; i += 4) {
    for (int j = 0; j < 2; j++) {
      vec x = a.v[i + j], y = a.v[i + j + 2];
      b.v[i + 2 * j] = __builtin_shufflevector(x, y, 0, 1, 8, 9, 4, 5, 12, 13);
      b.v[i + 2 * j + 1] = __builtin_shufflevector(x, y, 2, 3, 10, 11, 6, 7, 14, 15);
    }
  }
  for (int i = 0; i < 4; i++) {
    a.v[i] = __builtin_shufflevector(b.v[i], b.v[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
    a.v[i + 4] = __builtin_shufflevector(b.v[i], b.v[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
  }
  return a;
#else
  for (int i = 0; i < 4; i += 2) {
    a.v[i] = __builtin_shufflevector(in.v[i], in.v[i + 1], 0, 4, 1, 5);
    a.v[i + 1] = __builtin_shufflevector(in.v[i], in.v[i + 1], 2, 6, 3, 7);
  }
  for (int j = 0; j < 2; j++) {
    b.v[2 * j] = __builtin_shufflevector(a.v[j], a.v[j + 2], 0, 1, 4, 5);
    b.v[2 * j + 1] = __builtin_shufflevector(a.v[j], a.v[j + 2], 2, 3, 6, 7);
  }
  return b;
#endif
}

/* Used features [slot, end) of n rows; the general way, and of whole columns a fast one too. */
static void gather_slots(const wf_forest *forest, const wf_features *features, size_t begin,
                         size_t n, size_t slot, size_t end, float *panel) {
  size_t step = features->row_stride;
  for (; slot < end; slot++) {
    const float *from =
        features->data + begin * step + forest->used[slot] * features->column_stride;
    float *right = panel + 2 * slot * WF_PANEL_ROWS, *left = right + WF_PANEL_ROWS;
    if (step == 1) {
      for (size_t i = 0; i < n; i++) wf_panel_put(from[i], &right[i], &left[i]);
    } else {
      for (size_t i = 0; i < n; i++) wf_panel_put(from[i * step], &right[i], &left[i]);
    }
  }
}

/* A square of rows and neighbouring columns, the first being that of used feature `slot`, which lie
 * together in memory; returns the first slot beyond them. */
INLINE size_t gather_square(const wf_forest *forest, const float *from, size_t row_stride,
                            size_t slot, size_t row, float *panel) {
  square block;
  for (size_t i = 0; i < LANES; i++) memcpy(&block.v[i], from + i * row_stride, sizeof(vec));
  block = transpose(block);
  vec infinity = splat(__builtin_inff());
  uint32_t first = forest->used[slot];
  for (; slot < forest->n_used && forest->used[slot] - first < LANES; slot++) {
    vec value = block.v[forest->used[slot] - first];
    vec *right = (vec *)(panel + 2 * slot * WF_PANEL_ROWS + row);
    right[0] = choose(value < infinity, value, infinity);
    right[WF_PANEL_ROWS / LANES] = choose(value > -infinity, value, -infinity);
  }
  return slot;
}

static void gather(const wf_forest *forest, const wf_features *features, size_t begin, size_t n,
                   float *panel) {
  size_t n_used = forest->n_used, slot = 0;
  if (n < WF_PANEL_ROWS) {
    memset(panel, 0, 2 * n_used * WF_PANEL_ROWS * sizeof *panel);
  } else if (features->column_stride == 1) {
    while (slot < n_used && forest->used[slot] + LANES <= forest->n_features) {
      const float *from = features->data + begin * features->row_stride + forest->used[slot];
      size_t next = slot;
      for (size_t row = 0; row < n; row += LANES, from += LANES * features->row_stride) {
        next = gather_square(forest, from, features->row_stride, slot, row, panel);
      }
      slot = next;
    }
  }
  gather_slots(forest, features, begin, n, slot, n_used, panel);
}

const wf_panel_kernels KERNEL_NAME = {gather, add};
