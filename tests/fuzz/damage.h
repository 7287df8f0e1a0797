/* tests/fuzz/damage.h — ways to damage a model document. */
#ifndef WF_TESTS_FUZZ_DAMAGE_H
#define WF_TESTS_FUZZ_DAMAGE_H

#include "base/bytes.h"
#include "base/random.h"

enum { DAMAGE_KINDS = 12 };

/* A short name of a kind, for the report. */
const char *damage_name(size_t kind);

/* Writes a damaged copy of `model` into `out`, which is cleared first. `other` is a second model to
 * mix with. The result is at most `limit` bytes. */
void damage_model(wf_bytes *out, wf_view model, wf_view other, size_t kind, size_t limit,
                  wf_random *random);

#endif
