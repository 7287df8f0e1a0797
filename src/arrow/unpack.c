/* unpack.c — compressed buffers into memory of their own. */
#include "arrow/unpack.h"

#include "base/alloc.h"

#include <string.h>

static void dispose(wf_arrow_owner *owner) {
  wf_arrow_blocks *blocks = (wf_arrow_blocks *)(void *)owner;
  for (size_t i = 0; i < blocks->items.count; i++) wf_free(blocks->items.items[i]);
  wf_free(blocks->items.items);
  wf_free(blocks);
}

wf_status wf_arrow_blocks_new(wf_arrow_blocks **out, wf_error *err) {
  wf_arrow_blocks *blocks = wf_alloc_zero(1, sizeof *blocks);
  if (!blocks) return wf_fail_nomem(err);
  blocks->owner.refs = 1;
  blocks->owner.dispose = dispose;
  *out = blocks;
  return WF_OK;
}

/* The most bytes that one compressed byte can stand for: a zstd block of 128 KiB takes four. */
enum { MOST_RATIO = 1 << 15 };

wf_status wf_arrow_unpack(wf_arrow_bytes *bytes, wf_arrow_blocks *blocks, wf_codec codec,
                          wf_error *err) {
  enum { PREFIX = 8 };
  int64_t stated;
  if (bytes->size == 0) return WF_OK;
  if (bytes->size < PREFIX) return wf_fail(err, WF_CORRUPT, "a compressed buffer without a size");
  memcpy(&stated, bytes->data, PREFIX);
  const uint8_t *data = bytes->data + PREFIX;
  size_t n = bytes->size - PREFIX, size = stated == -1 ? n : (size_t)stated;
  size_t most = n < SIZE_MAX / MOST_RATIO - 1 ? (n + 1) * MOST_RATIO : SIZE_MAX;
  if (stated < -1 || size > most) {
    return wf_fail(err, WF_CORRUPT, "a compressed buffer of impossible size");
  }
  void *block = wf_alloc_aligned(size);
  if (!block || !wf_array_push(&blocks->items, block)) {
    wf_free(block);
    return wf_fail_nomem(err);
  }
  if (stated == -1) {
    if (n) memcpy(block, data, n);
  } else if (size > 0) {
    WF_TRY(wf_packed_fill(block, size, codec, data, n, err));
  }
  *bytes = (wf_arrow_bytes){block, size};
  return WF_OK;
}
