/* base/packed.h — files that may be compressed: gzip and zstd, told by their first bytes when read
 * and by the path's ending (".gz", ".zst") when written. */
#ifndef WF_BASE_PACKED_H
#define WF_BASE_PACKED_H

#include "base/bytes.h"

/* Whether the bytes begin as a compressed file does; three of them are enough for gzip, four for
 * zstd. */
bool wf_packed_is(const void *data, size_t size);

/* All members or frames of compressed bytes; wf_free the (terminated) result. Damage, truncation
 * and foreign bytes behind the end are WF_CORRUPT; zstd in a build without it is WF_UNSUPPORTED. */
wf_status wf_packed_open(char **out, size_t *out_size, const void *data, size_t size,
                         wf_error *err);

/* The bytes of a file, decompressed where it is compressed; wf_free them, terminated. Errors name
 * the path. */
wf_status wf_packed_read(const char *path, char **data, size_t *size, wf_error *err);

typedef enum wf_codec { WF_CODEC_LZ4, WF_CODEC_ZSTD } wf_codec;
/* Decompresses one frame, which must give exactly `size` bytes; else WF_CORRUPT. WF_UNSUPPORTED
 * where the build has no such codec. */
wf_status wf_packed_fill(void *out, size_t size, wf_codec codec, const void *data, size_t data_size,
                         wf_error *err);

/* How a file of that name is compressed when written. */
typedef enum wf_packing { WF_PACKING_NONE, WF_PACKING_GZIP, WF_PACKING_ZSTD } wf_packing;
wf_packing wf_packing_of(const char *path);

/* Writing in parts that may be compressed side by side: what wf_pack_part appends for each of them,
 * one after the other, and then wf_pack_end with all parts joined in order, is the file. There is
 * at least one part, which may be empty. Whoever ends must see to out->failed. */
typedef struct wf_part {
  size_t size; /* of the data */
  uint32_t check;
} wf_part;
wf_status wf_pack_part(wf_bytes *out, wf_packing packing, bool first, wf_part *part,
                       const void *data, size_t size, wf_error *err);
void wf_pack_join(wf_part *all, wf_packing packing, const wf_part *next);
void wf_pack_end(wf_bytes *out, wf_packing packing, const wf_part *all);

#endif
