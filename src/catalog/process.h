/* catalog/process.h — telling whether the process that began a run still runs. */
#ifndef WF_CATALOG_PROCESS_H
#define WF_CATALOG_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WF_PROCESS_TEXT 128

/* Writes which process `pid` is: start of the machine, process namespace, start of the process.
 * Empty when that cannot be told. */
void wf_process_identify(char out[WF_PROCESS_TEXT], int64_t pid);

/* False only when the process that was identified as `identity` is certainly gone; a NULL or empty
 * identity asks for the number alone. */
bool wf_process_may_run(int64_t pid, const char *identity);

#endif
