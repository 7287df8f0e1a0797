/* csv/plan.h — what a read has decided before it looks at the rows, and the two ways through them.
 */
#ifndef WF_CSV_PLAN_H
#define WF_CSV_PLAN_H

#include "csv/infer.h"
#include "csv/sink.h"
#include "wf/csv.h"

typedef struct wf_csv_plan {
  wf_csv_text *text; /* may be loaded from its file on the way */
  const wf_csv_options *options;
  wf_csv_markers markers;
  wf_csv_numerals numerals;
  size_t begin;    /* of the first row */
  char **names;    /* of all fields */
  size_t n_fields; /* of a record */
  size_t *slots;   /* by field: its column, SIZE_MAX for none */
  size_t *sources; /* by column: its field */
  wf_csv_target *targets;
  size_t n_columns;
} wf_csv_plan;

/* Which reader takes the rows. AUTO: the fast one where it can and is worth it. */
typedef enum wf_csv_reader { WF_CSV_AUTO, WF_CSV_BY_LIBCSV, WF_CSV_BY_MASKS } wf_csv_reader;

/* Fills columns[n_columns]; on failure all stay NULL. */
wf_status wf_csv_read_records(wf_column **columns, const wf_csv_plan *plan, wf_csv_report *report,
                              wf_error *err);
/* The same in parallel, cutting the text into blocks of that size. *done stays false when the text
 * is not regular or holds a value that does not fit a given type: then nothing was made, and
 * wf_csv_read_records has the answer. */
wf_status wf_csv_read_blocks(wf_column **columns, bool *done, const wf_csv_plan *plan, size_t block,
                             wf_csv_report *report, wf_error *err);

/* wf_csv_parse for tests: by that reader, with blocks of that size. BY_MASKS gives WF_UNSUPPORTED
 * for text it leaves to libcsv. */
wf_status wf_csv_parse_by(wf_frame **out, wf_view text, const wf_csv_options *options,
                          wf_csv_reader reader, size_t block, wf_error *err);
/* The same for wf_csv_read; BY_MASKS opens files of any size in parts. */
wf_status wf_csv_read_by(wf_frame **out, const char *path, const wf_csv_options *options,
                         wf_csv_reader reader, size_t block, wf_error *err);

/* The type to try after a pass that met these kinds (0: no misfit, and *target is left alone unless
 * it has no type yet); true when another pass is needed. */
bool wf_csv_next_target(wf_csv_target *target, unsigned kinds, bool blank_text, size_t n_rows);
/* Makes a category that is not worth its dictionary a string, and a doubtful string that is worth
 * one a category. */
wf_status wf_csv_settle_text(wf_column **column, const wf_csv_target *target, wf_error *err);

#endif
