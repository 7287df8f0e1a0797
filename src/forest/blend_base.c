/* blend_base.c — whole-tree evaluation with 16-byte vectors, and the choice between kernels. */
#define VECTOR_BYTES 16
#define KERNEL_NAME wf_heap_blend_base
#include "forest/blend_body.h"

wf_heap_add *wf_heap_blend_choose(void) {
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx2")) return wf_heap_blend_avx2;
#endif
  return wf_heap_blend_base;
}
