/* lua/complete.h — what may follow what was typed: globals, keywords, fields and methods. */
#ifndef WFL_COMPLETE_H
#define WFL_COMPLETE_H

#include "line.h"

#include <lua.h>

/* Adds the completions of the name or path ("wf.csv.re", "data:he", "data.customer_a") that ends at
 * `cursor`, sorted. Raises nothing. */
void wfl_complete(lua_State *L, const char *text, size_t cursor, wfl_candidates *out);

#endif
