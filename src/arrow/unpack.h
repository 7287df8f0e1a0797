/* arrow/unpack.h — buffers of compressed record batches: eight bytes of size, then an LZ4 or zstd
 * frame; the size -1 says that the bytes are as they are. */
#ifndef WF_ARROW_UNPACK_H
#define WF_ARROW_UNPACK_H

#include "arrow/array.h"
#include "base/array.h"
#include "base/packed.h"

/* The memory that the buffers of one column were unpacked into. */
typedef struct wf_arrow_blocks {
  wf_arrow_owner owner;
  WF_ARRAY(void *) items;
} wf_arrow_blocks;

/* End it by releasing its owner. */
wf_status wf_arrow_blocks_new(wf_arrow_blocks **out, wf_error *err);

/* Replaces packed bytes by what they hold, in memory of the blocks. */
wf_status wf_arrow_unpack(wf_arrow_bytes *bytes, wf_arrow_blocks *blocks, wf_codec codec,
                          wf_error *err);

#endif
