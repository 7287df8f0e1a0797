/* base/suggest.h — "did you mean": the known name nearest to an unknown one. */
#ifndef WF_BASE_SUGGEST_H
#define WF_BASE_SUGGEST_H

#include <stddef.h>

/* The nearest of `n` names that lie `stride` bytes apart from `names` on (an array of pointers, or
 * of structs that begin with one); NULL when none is near: at most one slip in a short word, one
 * more for every three letters. Upper and lower case are the same letter. Of several, the first. */
const char *wf_suggest(const char *word, const void *names, size_t n, size_t stride);

#endif
