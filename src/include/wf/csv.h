/* wf/csv.h — delimited text in and out.
 *
 * The dialect is libcsv's strict one with blanks kept: fields may be quoted, a quote inside is
 * doubled, quoted fields may hold delimiters and line ends, records end with LF, CR or CRLF, blank
 * lines are skipped, a UTF-8 byte-order mark is dropped, gzip is recognised by content. Text must
 * be valid UTF-8 without NUL. Comments are whole lines: the mark elsewhere is data.
 *
 * Types are inferred over all values of a column, whatever their order: integers give i64, integers
 * and other numbers (an integer beyond i64 is one; inf, infinity and nan in any case, unless
 * finite_only) f64, "true" and "false" in any case bool, ISO 8601 dates and instants (with at most
 * six digits of a second's fraction) timestamp, everything else text. Text becomes a category when
 * it has at most 32,768 distinct values and each occurs twice on average, else a string. Blanks
 * around a number, bool or time do not count; text keeps them. Quoting does not: "5" is the number
 * 5.
 *
 * A bare field that equals one of the missing markers is missing; a quoted one is not, except that
 * an empty field is missing, quoted or not, where the column is not text. A column of nothing but
 * missing values is f64; columns of a source without rows are string. */
#ifndef WF_CSV_H
#define WF_CSV_H

#include "wf/frame.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum wf_csv_bad_row {
  WF_CSV_RAISE,
  WF_CSV_SKIP, /* leave out records with the wrong number of fields, or that break the dialect, or
                  with a value that does not fit a given type, as if they were not there */
  WF_CSV_NULL  /* cut or fill up with missing values records with the wrong number of fields, make
                  values missing that do not fit a given type; others are left out */
} wf_csv_bad_row;

typedef struct wf_csv_options {
  char delimiter, quote;    /* ',' and '"'; quote '\0' (reading): none, quotes are data */
  char comment;             /* '\0': none; else a line that begins with it is left out */
  size_t skip_lines;        /* so many lines are left out at the beginning of each file */
  bool header;              /* the first record holds the names; else "column_1", …, which
                               also stand in for empty names */
  const char *const *names; /* NULL, or names for all fields instead of these */
  size_t n_names;
  const char *const *missing; /* markers; NULL: "", NA, N/A, NaN, nan, null, NULL */
  size_t n_missing;
  const char *const *columns; /* NULL: all; else only these, in this order */
  const size_t *positions;    /* where a name in `columns` is NULL: the field's number, from 1 */
  size_t n_columns;
  const char *const *typed; /* columns whose type is given, not inferred … */
  const wf_type *types;     /* … and their types */
  size_t n_typed;
  const wf_frame *like; /* NULL, or: columns of its names that are not in `typed` get its types; one
                           without any value says nothing. Borrowed for the call */
  wf_csv_bad_row bad_row; /* what to do about records and values that do not fit */
  size_t max_rows; /* 0: all; what follows is not looked at. Rows left out for a value count */
  char decimal;    /* reading: the decimal point; '\0' is '.' */
  char thousands;  /* reading: between groups of three digits; '\0': nothing */
  bool trim;       /* drop blanks around fields, so that `a, "b"` is a and b */
  bool rename_duplicates; /* a repeated name gets "_2", "_3", …; false: it is an error */
  bool quote_all;         /* writing: quotes around every field that is not missing, names too */
  bool finite_only;       /* inf, infinity and nan are words, not numbers */
} wf_csv_options;

/* What a read met besides data; zero-initialise, end with wf_csv_report_dispose. */
typedef struct wf_csv_report {
  size_t n_rows, n_skipped;
  size_t first_skipped_line; /* 0: none */
  size_t n_repaired;         /* records cut or filled up, and values made missing */
  wf_frame *rejected;        /* NULL, or the records left out: line (i64), error and text (string; a
                                broken record's first line); of several files also path (string) */
} wf_csv_report;
WF_API void wf_csv_report_dispose(wf_csv_report *report);

WF_API wf_csv_options wf_csv_options_default(void);

/* The path "-" is standard input, read to its end. Errors name the path, the line and the column;
 * err->column is the field's number, or the byte within the line where the message says so. An
 * empty source is WF_PARSE. `options` and `report` may be NULL. */
WF_API WF_NODISCARD wf_status wf_csv_read(wf_frame **out, const char *path,
                                          const wf_csv_options *options, wf_csv_report *report,
                                          wf_error *err);
/* Several files, one below the other, as if they were one: names and their order are the first
 * file's, types those that hold the values of all. max_rows counts over all. "-" is WF_INVALID. */
WF_API WF_NODISCARD wf_status wf_csv_read_files(wf_frame **out, const char *const *paths, size_t n,
                                                const wf_csv_options *options,
                                                wf_csv_report *report, wf_error *err);
/* The paths that a pattern with * ? [ matches, in byte order; WF_NOTFOUND when none does. Free
 * them with wf_csv_paths_free. */
WF_API WF_NODISCARD wf_status wf_csv_paths_find(char ***out, size_t *n, const char *pattern,
                                                wf_error *err);
WF_API void wf_csv_paths_free(char **paths, size_t n);
WF_API WF_NODISCARD wf_status wf_csv_parse(wf_frame **out, const char *text, size_t size,
                                           const wf_csv_options *options, wf_csv_report *report,
                                           wf_error *err);

/* Fields are quoted when they hold the delimiter, a quote, CR or LF, or when leaving them bare
 * would read back as missing; numbers are the shortest text that reads back to the same bits; a
 * missing value is an empty field. A path that ends in ".gz" or ".zst" is compressed. The file is
 * replaced atomically. */
WF_API WF_NODISCARD wf_status wf_csv_write(const wf_frame *frame, const char *path,
                                           const wf_csv_options *options, wf_error *err);
/* The same as text; wf_text_free it. */
WF_API WF_NODISCARD wf_status wf_csv_format(char **out, size_t *size, const wf_frame *frame,
                                            const wf_csv_options *options, wf_error *err);

#ifdef __cplusplus
}
#endif
#endif
