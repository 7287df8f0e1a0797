/* packed_file.h — files to be read by tests, compressed as their endings say. */
#ifndef TESTS_PACKED_FILE_H
#define TESTS_PACKED_FILE_H

#include "base/blocks.h"

static inline wf_status test_copy_bytes(void *context, wf_bytes *out, wf_bytes *scratch,
                                        size_t begin, size_t end, wf_error *err) {
  (void)scratch, (void)err;
  wf_bytes_add(out, *(const char *const *)context + begin, end - begin);
  return WF_OK;
}

/* In parts of `part` bytes times some factor. */
static inline wf_status test_write_packed(const char *path, const char *data, size_t size,
                                          size_t part, size_t n_threads, wf_error *err) {
  return wf_blocks_write(path, &(wf_blocks){size, part, test_copy_bytes, &data, n_threads}, err);
}

#endif
