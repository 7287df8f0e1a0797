/* wf/arrow.h — frames to and from Apache Arrow: files in the IPC format, and the C data interface.
 *
 * A frame artifact on disk is an Arrow IPC file (the format pandas, Polars and DuckDB call Feather
 * 2 or "arrow"): columns as they lie in memory, so writing is copying and reading is mapping.
 * Types:
 *
 *   f64 f32 i64 i32 bool   float64 float32 int64 int32 bool
 *   string                 large_utf8
 *   category               dictionary of int32 codes into large_utf8
 *   timestamp              timestamp[us, UTC]
 *
 * Reading also takes utf8, utf8_view, null, date32, timestamps of any unit, dictionaries with other
 * code types, the other integer types (int8, int16, uint8, uint16 become i32; uint32 becomes
 * i64; uint64 becomes i64 when every value fits), float16 (becomes f32) and decimal128 (the nearest
 * f64), and the stream format. Buffers may be compressed by zstd or LZ4, and a file as a whole by
 * gzip or zstd. Nested and other types are WF_UNSUPPORTED, naming column and type, where such a
 * column is asked for.
 *
 * Everything read is checked before use: offsets in bounds and ascending, codes within their
 * dictionary, text valid UTF-8. Specification: "Arrow Columnar Format", version 1.4. */
#ifndef WF_ARROW_H
#define WF_ARROW_H

#include "wf/frame.h"
#include "wf/store.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One record batch in a file that is replaced atomically; the same frame always gives the same
 * bytes. */
WF_API WF_NODISCARD wf_status wf_arrow_write(const wf_frame *frame, const char *path,
                                             wf_error *err);
/* The same as bytes; wf_text_free them. */
WF_API WF_NODISCARD wf_status wf_arrow_format(char **out, size_t *size, const wf_frame *frame,
                                              wf_error *err);

/* The same as an object of the store, from where the columns lie. */
WF_API WF_NODISCARD wf_status wf_arrow_store(char digest[65], wf_store *store,
                                             const wf_frame *frame, wf_error *err);

/* Maps the file; columns that need no conversion are used where they lie, and the mapping lives as
 * long as they do. The file must not be changed in place meanwhile (replacing it is fine). */
WF_API WF_NODISCARD wf_status wf_arrow_read(wf_frame **out, const char *path, wf_error *err);
/* The same of some columns, in this order; others may be of any type. "-" is standard input. */
WF_API WF_NODISCARD wf_status wf_arrow_read_columns(wf_frame **out, const char *path,
                                                    const char *const *columns, size_t n,
                                                    wf_error *err);
/* From bytes in memory, which are copied. */
WF_API WF_NODISCARD wf_status wf_arrow_parse(wf_frame **out, const void *bytes, size_t size,
                                             wf_error *err);
WF_API WF_NODISCARD wf_status wf_arrow_parse_columns(wf_frame **out, const void *bytes, size_t size,
                                                     const char *const *columns, size_t n,
                                                     wf_error *err);

/* ---- the C data interface (as its specification defines the two structs) ------------------------
 */

#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE

#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE 2
#define ARROW_FLAG_MAP_KEYS_SORTED 4

struct ArrowSchema {
  const char *format;
  const char *name;
  const char *metadata;
  int64_t flags;
  int64_t n_children;
  struct ArrowSchema **children;
  struct ArrowSchema *dictionary;
  void (*release)(struct ArrowSchema *);
  void *private_data;
};

struct ArrowArray {
  int64_t length;
  int64_t null_count;
  int64_t offset;
  int64_t n_buffers;
  int64_t n_children;
  const void **buffers;
  struct ArrowArray **children;
  struct ArrowArray *dictionary;
  void (*release)(struct ArrowArray *);
  void *private_data;
};

#endif

/* Hands the frame out as a struct array, without copying; the receiver calls both release
 * callbacks, in any order and from any thread. The frame itself may be released at once. */
WF_API WF_NODISCARD wf_status wf_arrow_export(const wf_frame *frame, struct ArrowSchema *schema,
                                              struct ArrowArray *array, wf_error *err);

/* Takes a struct array over: both structs are moved from (their release becomes NULL) when this
 * succeeds and left alone when it fails. Buffers are used where they lie where their layout allows.
 */
WF_API WF_NODISCARD wf_status wf_arrow_import(wf_frame **out, struct ArrowSchema *schema,
                                              struct ArrowArray *array, wf_error *err);

#ifdef __cplusplus
}
#endif
#endif
