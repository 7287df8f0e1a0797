/* wf/libsvm.h — the sparse text format of LIBSVM and XGBoost, in and out.
 *
 *   LABEL[:WEIGHT] [qid:GROUP] INDEX:VALUE INDEX:VALUE … # comment
 *
 * The meaning is that of XGBoost's own loader: a feature that a line does not name is missing, not
 * 0; an index without a value is 1; values are float32. Other than there, what cannot be read is an
 * error with its line. Indices may come in any order, each at most once a line. */
#ifndef WF_LIBSVM_H
#define WF_LIBSVM_H

#include "wf/frame.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct wf_libsvm_options {
  size_t base;       /* the index of the first feature: 0, or 1 */
  size_t n_features; /* 0: as many as occur; else a larger index is an error */
  /* Names of the columns beside the features; NULL: "label", "weight", "qid". When written, a frame
   * needs the label; the other two are written when the frame has them. */
  const char *label, *weight, *qid;
} wf_libsvm_options;

enum { WF_LIBSVM_MAX_FEATURES = 1 << 20 };

/* Columns label (f64), weight (f64) and qid (i64) where lines have them (then all must), and the
 * features "f0", "f1", … (f32), where nan is missing too. gzip and zstd are told by content.
 * `options` may be NULL. */
WF_API WF_NODISCARD wf_status wf_libsvm_read(wf_frame **out, const char *path,
                                             const wf_libsvm_options *options, wf_error *err);
WF_API WF_NODISCARD wf_status wf_libsvm_parse(wf_frame **out, const char *text, size_t size,
                                              const wf_libsvm_options *options, wf_error *err);

/* All other columns are features, in their order; they must be numeric or bool. Missing values are
 * left out, zeros are not. Numbers are the shortest text that reads back to the same bits. The file
 * is replaced atomically, compressed when its path ends in ".gz" or ".zst". */
WF_API WF_NODISCARD wf_status wf_libsvm_write(const wf_frame *frame, const char *path,
                                              const wf_libsvm_options *options, wf_error *err);
/* The same as text; wf_text_free it. */
WF_API WF_NODISCARD wf_status wf_libsvm_format(char **out, size_t *size, const wf_frame *frame,
                                               const wf_libsvm_options *options, wf_error *err);

#ifdef __cplusplus
}
#endif
#endif
