/* model/manifest.h — manifest.json: what the other members must be, and where the model came from.
 */
#ifndef WF_MODEL_MANIFEST_H
#define WF_MODEL_MANIFEST_H

#include "model/tarball.h"

/* A JSON object's text, compact, the same for texts that differ only in blanks. NULL gives "{}". */
wf_status wf_provenance_normalise(char **out, const char *provenance, wf_error *err);

/* wf_free the text. `provenance` is normalised. */
wf_status wf_manifest_format(char **out, size_t *size, const wf_member *members, size_t n_members,
                             const char *provenance, wf_error *err);
/* Checks format, names, sizes and digests of `members`, and gives the provenance (wf_free it).
 * WF_UNSUPPORTED, WF_PARSE; WF_CORRUPT naming the member that is not what it was. */
wf_status wf_manifest_parse(char **provenance, wf_view text, const wf_member *members,
                            size_t n_members, wf_error *err);

#endif
