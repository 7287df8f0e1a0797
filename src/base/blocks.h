/* base/blocks.h — text that is made in blocks on several threads and is the same with any number of
 * them: in memory, or as a file. */
#ifndef WF_BASE_BLOCKS_H
#define WF_BASE_BLOCKS_H

#include "base/bytes.h"

/* Appends the text of items [begin, end) to `out`, which is empty. `scratch` is memory for whatever
 * it likes, kept from block to block. Memory that `out` could not get needs no answer. Block 0 is
 * asked for even when there are no items: what stands before the first item belongs to it. */
typedef wf_status wf_make_text_fn(void *context, wf_bytes *out, wf_bytes *scratch, size_t begin,
                                  size_t end, wf_error *err);

typedef struct wf_blocks {
  size_t n, block; /* items, and how many make a block */
  wf_make_text_fn *make;
  void *context;
  size_t n_threads; /* 0: wf_thread_count() */
} wf_blocks;

/* The error is that of the first block that could not be made. wf_free the terminated text. */
wf_status wf_blocks_format(char **out, size_t *size, const wf_blocks *blocks, wf_error *err);
/* Replaces the file atomically (base/file.h), compressed where the ending of its name says so. */
wf_status wf_blocks_write(const char *path, const wf_blocks *blocks, wf_error *err);

#endif
