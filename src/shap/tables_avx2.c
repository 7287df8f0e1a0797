/* tables_avx2.c — the tables with 32-byte vectors; compiled with -mavx2 and reached only on
 * processors that have it. */
#ifdef __x86_64__
#define TABLE_KERNELS wf_table_kernels_avx2
#include "shap/tables_body.h"
#endif
