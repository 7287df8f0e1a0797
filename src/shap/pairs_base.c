/* pairs_base.c — contributions and interactions with 16-byte vectors. */
#define VECTOR_BYTES 16
#define KERNEL_NAME wf_shap_pairs_base
#define KERNEL_PAIRS 1
#include "shap/kernel_body.h"
