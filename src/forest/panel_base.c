/* panel_base.c — the panel kernels with 16-byte vectors, and the choice between them. */
#define VECTOR_BYTES 16
#define KERNEL_NAME wf_panel_kernels_base
#include "forest/panel_body.h"

const wf_panel_kernels *wf_panel_kernels_choose(void) {
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx2")) return &wf_panel_kernels_avx2;
#endif
  return &wf_panel_kernels_base;
}
