/* array.c — the growth behind WF_ARRAY: doubling, checked for overflow. */
#include "base/array.h"

bool wf_array_reserve_(void **items, size_t *capacity, size_t count, size_t extra, size_t size) {
  size_t needed;
  if (__builtin_add_overflow(count, extra, &needed)) return false;
  if (needed <= *capacity && *items) return true;
  size_t grown = *capacity ? *capacity : 8;
  while (grown < needed) {
    if (__builtin_mul_overflow(grown, (size_t)2, &grown)) return false;
  }
  void *block = wf_realloc_array(*items, grown, size);
  if (!block) return false;
  *items = block;
  *capacity = grown;
  return true;
}
