/* tables_base.c — the tables with whatever vectors every processor has. */
#define TABLE_KERNELS wf_table_kernels_base
#include "shap/tables_body.h"
