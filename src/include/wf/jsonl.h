/* wf/jsonl.h — JSON lines in and out: one object a line, one row an object.
 *
 * Lines end with LF or CRLF, blank ones are skipped, a UTF-8 byte-order mark is dropped, gzip is
 * recognised by content. JSON is taken strictly (RFC 8259), and a key may not repeat within an
 * object. The keys of all lines are the columns, in order of first appearance; a key that a line
 * lacks and a null are missing values.
 *
 * Types are inferred over all values of a column, whatever their order: integers that fit give i64,
 * integers and other numbers f64, true and false bool, everything else text. A number among texts
 * is the text that stands in the file, and so is an array or object. Text becomes a category when
 * it has at most 32,768 distinct values and each occurs twice on average, else a string. A string
 * that looks like a number is text. A column of nothing but missing values is f64. */
#ifndef WF_JSONL_H
#define WF_JSONL_H

#include "wf/frame.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum wf_jsonl_bad_row { WF_JSONL_RAISE, WF_JSONL_SKIP } wf_jsonl_bad_row;
typedef enum wf_jsonl_nested { WF_JSONL_NESTED_TEXT, WF_JSONL_NESTED_ERROR } wf_jsonl_nested;

typedef struct wf_jsonl_options {
  const char *const *columns; /* NULL: all; else only these, in this order */
  size_t n_columns;
  const char *const *typed; /* columns whose type is given, not inferred: strings that hold such a
                               value are taken too, and times are strings */
  const wf_type *types;
  size_t n_typed;
  wf_jsonl_bad_row bad_row; /* a line that is no object, or holds a value that does not fit */
  bool absent_missing;      /* a column asked for that no line has is missing, not an error */
  wf_jsonl_nested nested;   /* arrays and objects within a row: their JSON text, or a bad row */
} wf_jsonl_options;

/* What a read met besides data; zero-initialise, end with wf_jsonl_report_dispose. */
typedef struct wf_jsonl_report {
  size_t n_rows, n_skipped;
  size_t first_skipped_line; /* 0: none */
  wf_frame *rejected;        /* NULL, or the skipped lines: line (i64), error and text (string) */
} wf_jsonl_report;
WF_API void wf_jsonl_report_dispose(wf_jsonl_report *report);

/* Errors name the path, the line and the byte within the line. A source without lines gives a frame
 * without columns. A column asked for, or given a
 * type, that no line has is WF_NOTFOUND. `options` and `report` may
 * be NULL. */
WF_API WF_NODISCARD wf_status wf_jsonl_read(wf_frame **out, const char *path,
                                            const wf_jsonl_options *options,
                                            wf_jsonl_report *report, wf_error *err);
WF_API WF_NODISCARD wf_status wf_jsonl_parse(wf_frame **out, const char *text, size_t size,
                                             const wf_jsonl_options *options,
                                             wf_jsonl_report *report, wf_error *err);

/* One object a row, keys in column order, missing values null. Numbers are the shortest text that
 * reads back to the same bits (f64 ones with a point or exponent, so that they stay f64), times ISO
 * 8601. JSON has no text for NaN and infinities: they are WF_INVALID naming row and column, or null
 * with `non_finite_null`. A path that ends in ".gz" or ".zst" is compressed; the file is replaced
 * atomically. */
WF_API WF_NODISCARD wf_status wf_jsonl_write(const wf_frame *frame, const char *path,
                                             bool non_finite_null, wf_error *err);
/* The same as text; wf_text_free it. */
WF_API WF_NODISCARD wf_status wf_jsonl_format(char **out, size_t *size, const wf_frame *frame,
                                              bool non_finite_null, wf_error *err);

#ifdef __cplusplus
}
#endif
#endif
