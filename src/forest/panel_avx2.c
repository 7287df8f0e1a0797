/* panel_avx2.c — the same with 32-byte vectors; compiled with -mavx2 and reached only on processors
 * that have it. */
#ifdef __x86_64__
#define VECTOR_BYTES 32
#define KERNEL_NAME wf_panel_kernels_avx2
#include "forest/panel_body.h"
#endif
