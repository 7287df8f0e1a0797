/* base/library.h — shared libraries opened when first needed, so that start-up does not pay for
 * what a script never uses. */
#ifndef WF_BASE_LIBRARY_H
#define WF_BASE_LIBRARY_H

#include "base/error.h"

typedef struct wf_library_symbol {
  const char *name;
  void *pointer; /* address of the function pointer to fill */
} wf_library_symbol;

/* Opens the first of `sonames` (NULL-terminated) that exists, and fills every symbol; a missing
 * library is WF_NOTFOUND naming `package`, a missing symbol WF_UNSUPPORTED naming it. The library
 * stays loaded for the life of the process. */
wf_status wf_library_load(const char *const *sonames, const char *package,
                          const wf_library_symbol *symbols, size_t n_symbols, wf_error *err);

#endif
