/* model/tarball.h — a handful of named files as tar.gz bytes, and back.
 *
 * Packing is a function of the members alone: no clock, no user, no order but the given one.
 * Unpacking believes nothing: see tarball.c. */
#ifndef WF_MODEL_TARBALL_H
#define WF_MODEL_TARBALL_H

#include "base/bytes.h"

typedef struct wf_member {
  const char *name;
  char *data; /* wf_alloc'ed, a '\0' behind it */
  size_t size;
} wf_member;

/* All unpacked bytes together; and how many times the packed ones, beyond the first 16 MiB. */
#define WF_TARBALL_MAX_SIZE ((size_t)256 << 20)
#define WF_TARBALL_FREE_SIZE ((size_t)16 << 20)
#define WF_TARBALL_MAX_RATIO 200

/* wf_free the bytes. */
wf_status wf_tarball_pack(char **out, size_t *size, const wf_member *members, size_t n_members,
                          wf_error *err);

/* Fills data and size of the named members; the archive must hold each of them once and nothing
 * else. Members are untouched on failure. */
wf_status wf_tarball_unpack(wf_member *members, size_t n_members, const void *bytes, size_t size,
                            wf_error *err);

#endif
