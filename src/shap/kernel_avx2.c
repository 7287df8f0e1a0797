/* kernel_avx2.c — contributions with 32-byte vectors; compiled with -mavx2 and reached only on
 * processors that have it. */
#ifdef __x86_64__
#define VECTOR_BYTES 32
#define KERNEL_NAME wf_shap_kernel_avx2
#define KERNEL_PAIRS 0
#include "shap/kernel_body.h"
#endif
