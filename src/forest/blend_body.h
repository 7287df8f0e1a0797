/* forest/blend_body.h — evaluation of whole trees, rows in lanes: a .c file defines VECTOR_BYTES
 * and KERNEL_NAME and includes this.
 *
 * Every split is compared for every row, and values are chosen from the leaves up. For depth 4 that
 * is 15 comparisons for eight rows at once, far cheaper than eight walks of 4 dependent loads; the
 * work doubles with each level and pays up to depth 6. Four vectors go through a split together. */
#include "forest/layout.h"

#if VECTOR_BYTES == 32
#include <immintrin.h>
#endif

#define LANES (VECTOR_BYTES / 4)
#define VECTORS 4
typedef float vec __attribute__((vector_size(VECTOR_BYTES)));
typedef int32_t mask __attribute__((vector_size(VECTOR_BYTES)));
#define INLINE static inline __attribute__((always_inline))

typedef struct quad {
  vec v[VECTORS];
} quad;

typedef struct rows {
  const wf_heap_node *heap;
  const float *leaves; /* leaves[i] belongs to heap place i: shifted */
  const float *values; /* of the rows in hand */
  size_t stride;
} rows;

INLINE vec choose(mask left, vec yes, vec no) {
#if VECTOR_BYTES == 32
  return _mm256_blendv_ps(no, yes, (vec)left);
#else
  return (vec)((left & (mask)yes) | (~left & (mask)no));
#endif
}

INLINE quad choose_all(const rows *r, size_t at, quad left, quad right) {
  const vec *x = (const vec *)(r->values + r->heap[at].value * r->stride);
  vec condition = (vec){0} + r->heap[at].condition;
  quad out;
  for (int i = 0; i < VECTORS; i++) out.v[i] = choose(x[i] < condition, left.v[i], right.v[i]);
  return out;
}

INLINE quad level0(const rows *r, size_t at) {
  vec leaf = (vec){0} + r->leaves[at];
  return (quad){{leaf, leaf, leaf, leaf}};
}

#define DEFINE_LEVEL(n, below)                                            \
  INLINE quad level##n(const rows *r, size_t at) {                        \
    return choose_all(r, at, below(r, 2 * at + 1), below(r, 2 * at + 2)); \
  }
DEFINE_LEVEL(1, level0)
DEFINE_LEVEL(2, level1)
DEFINE_LEVEL(3, level2)
DEFINE_LEVEL(4, level3)

/* Not inlined into the levels above: 15 splits are as much code as pays. */
static __attribute__((noinline)) void subtree(const rows *r, size_t at, quad *out) {
  *out = level4(r, at);
}

INLINE quad apart4(const rows *r, size_t at) {
  quad out;
  subtree(r, at, &out);
  return out;
}
DEFINE_LEVEL(5, apart4)
DEFINE_LEVEL(6, level5)

INLINE quad evaluate(const rows *r, unsigned depth) {
  switch (depth) {
  case 0: return level0(r, 0);
  case 1: return level1(r, 0);
  case 2: return level2(r, 0);
  case 3: return level3(r, 0);
  case 4: return level4(r, 0);
  case 5: return level5(r, 0);
  default: return level6(r, 0);
  }
}

void KERNEL_NAME(const wf_batch *batch, size_t tree, const float *values, size_t stride,
                 float *sums) {
  size_t n_splits = ((size_t)1 << batch->depth) - 1;
  rows r = {.heap = batch->nodes + tree * n_splits,
            .leaves = batch->leaves + tree * (n_splits + 1) - n_splits,
            .stride = stride};
  for (size_t row = 0; row < WF_LANE_ROWS; row += VECTORS * LANES) {
    r.values = values + row;
    quad leaf = evaluate(&r, batch->depth);
    vec *sum = (vec *)(sums + row);
    for (int i = 0; i < VECTORS; i++) sum[i] = sum[i] + leaf.v[i];
  }
}
