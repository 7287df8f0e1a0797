/* alloc.c — malloc with overflow checks, alignment, and two test hooks.
 *
 * The live count and the failure countdown are atomics, so the hooks stay right when worker
 * threads allocate. Blocks of 2 MiB and more ask for transparent huge pages: first touch of fresh
 * 4 KiB pages costs several times more than the work done on them. */
#include "base/alloc.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define HUGE_PAGE ((size_t)2 << 20)

static atomic_long live_blocks;
static atomic_long fail_countdown = -1;

static bool may_allocate(void) {
  long left = atomic_load_explicit(&fail_countdown, memory_order_relaxed);
  if (left < 0) return true;
  while (left > 0) {
    if (atomic_compare_exchange_weak(&fail_countdown, &left, left - 1)) return true;
  }
  return false;
}

static void *counted(void *block) {
  if (block) atomic_fetch_add_explicit(&live_blocks, 1, memory_order_relaxed);
  return block;
}

void *wf_alloc(size_t size) {
  if (!may_allocate()) return NULL;
  return counted(malloc(size ? size : 1));
}

void *wf_alloc_array(size_t n, size_t size) {
  size_t bytes;
  if (__builtin_mul_overflow(n, size, &bytes)) return NULL;
  return wf_alloc(bytes);
}

void *wf_alloc_zero(size_t n, size_t size) {
  if (!may_allocate()) return NULL;
  return counted(calloc(n ? n : 1, size ? size : 1));
}

void *wf_realloc_array(void *block, size_t n, size_t size) {
  size_t bytes;
  if (__builtin_mul_overflow(n, size, &bytes)) return NULL;
  if (!block) return wf_alloc(bytes);
  if (!may_allocate()) return NULL;
  return realloc(block, bytes ? bytes : 1);
}

void *wf_alloc_aligned(size_t size) { return wf_alloc_room(size, size); }

void *wf_alloc_room(size_t size, size_t likely) {
  if (!may_allocate()) return NULL;
  bool huge = size >= HUGE_PAGE;
  size_t alignment = huge ? HUGE_PAGE : WF_ALIGNMENT;
  if (size > SIZE_MAX - alignment) return NULL;
  size_t rounded = (size + alignment - 1) / alignment * alignment;
  void *block = aligned_alloc(alignment, rounded ? rounded : alignment);
  /* the last one only when most of it will be touched anyway */
  size_t whole = ((likely < size ? likely : size) + HUGE_PAGE / 4) / HUGE_PAGE * HUGE_PAGE;
  if (block && huge && whole) madvise(block, whole, MADV_HUGEPAGE);
  return counted(block);
}

void *wf_alloc_filled(size_t n, size_t size) {
  size_t bytes;
  if (__builtin_mul_overflow(n, size, &bytes)) return NULL;
  return wf_alloc_aligned(bytes);
}

void wf_free(void *block) {
  if (!block) return;
  atomic_fetch_sub_explicit(&live_blocks, 1, memory_order_relaxed);
  free(block);
}

char *wf_strndup(const char *text, size_t length) {
  char *copy = wf_alloc_array(length + 1, 1);
  if (!copy) return NULL;
  memcpy(copy, text, length);
  copy[length] = '\0';
  return copy;
}

char *wf_strdup(const char *text) { return wf_strndup(text, strlen(text)); }

void wf_alloc_fail_after(long n) { atomic_store(&fail_countdown, n); }

long wf_alloc_live(void) { return atomic_load(&live_blocks); }
