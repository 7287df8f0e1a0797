/* pairs_avx2.c — contributions and interactions with 32-byte vectors; compiled with -mavx2 and
 * reached only on processors that have it. */
#ifdef __x86_64__
#define VECTOR_BYTES 32
#define KERNEL_NAME wf_shap_pairs_avx2
#define KERNEL_PAIRS 1
#include "shap/kernel_body.h"
#endif
