/* files.c — several files as one.
 *
 * Each is read by itself and concat finds the types that hold all. Where there is none, text in one
 * file and numbers in another, the others are read once more with that column as text, which is
 * what one file of all their rows would have given. */
#include "wf/csv.h"

#include "base/alloc.h"
#include "base/error.h"
#include "frame/column.h"
#include "frame/rejects.h"

#include <glob.h>
#include <stdlib.h>
#include <string.h>

typedef struct reading {
  const char *const *paths;
  size_t n;
  const wf_csv_options *options;
  wf_frame **frames;
  wf_csv_report *reports;
  const char **texts; /* columns to be read as text */
  size_t n_texts;
} reading;

/* The options with the columns that turned out to be text given that type. */
static wf_status read_one(reading *r, size_t file, size_t max_rows, wf_error *err) {
  wf_csv_options options = *r->options;
  size_t n = options.n_typed + r->n_texts;
  const char **typed = wf_alloc_array(n, sizeof *typed);
  wf_type *types = wf_alloc_array(n, sizeof *types);
  wf_status status = typed && types ? WF_OK : wf_fail_nomem(err);
  if (status == WF_OK) {
    for (size_t i = 0; i < options.n_typed; i++) {
      typed[i] = options.typed[i];
      types[i] = options.types[i];
    }
    for (size_t i = 0; i < r->n_texts; i++) {
      typed[options.n_typed + i] = r->texts[i];
      types[options.n_typed + i] = WF_STRING;
    }
    options.typed = typed;
    options.types = types;
    options.n_typed = n;
    options.max_rows = max_rows;
    wf_csv_report report = {0};
    wf_frame *frame = NULL;
    status = wf_csv_read(&frame, r->paths[file], &options, &report, err);
    if (status == WF_OK) {
      wf_frame_release(r->frames[file]);
      wf_csv_report_dispose(&r->reports[file]);
      r->frames[file] = frame;
      r->reports[file] = report;
    }
  }
  wf_free(typed);
  wf_free(types);
  return status;
}

/* Text, bool, time or number: kinds that concat does not bring together. */
static int kind_of(const wf_column *column) {
  if (column->n_missing == column->n_rows) return -1; /* fits every type */
  if (wf_type_is_text(column->type)) return 0;
  if (column->type == WF_BOOL) return 1;
  return column->type == WF_TIMESTAMP ? 2 : 3;
}

static bool is_given(const reading *r, const char *name) {
  for (size_t i = 0; i < r->options->n_typed; i++) {
    if (strcmp(r->options->typed[i], name) == 0) return true;
  }
  return false;
}

/* Notes the columns whose kinds differ between files; false when there is none. */
static bool find_conflicts(reading *r) {
  const wf_frame *first = r->frames[0];
  for (size_t c = 0; c < wf_frame_column_count(first); c++) {
    const char *name = wf_frame_name_at(first, c);
    int kind = -1;
    bool differ = false;
    for (size_t i = 0; i < r->n && r->frames[i]; i++) {
      ptrdiff_t at = wf_frame_find(r->frames[i], name);
      int own = at < 0 ? -1 : kind_of(wf_frame_column_at(r->frames[i], (size_t)at));
      differ = differ || (kind >= 0 && own >= 0 && own != kind);
      if (own >= 0) kind = own;
    }
    bool given =
        is_given(r, name) || (r->options->like && wf_frame_find(r->options->like, name) >= 0);
    if (differ && !given) r->texts[r->n_texts++] = name;
  }
  return r->n_texts > 0;
}

static wf_status read_all(reading *r, size_t *n_read, wf_error *err) {
  size_t limit = r->options->max_rows, left = limit;
  *n_read = 0;
  for (size_t i = 0; i < r->n && (limit == 0 || left > 0); i++, (*n_read)++) {
    if (i > 0) WF_TRY(read_one(r, i, left, err)); /* the first was read already */
    if (limit) left -= wf_frame_row_count(r->frames[i]);
  }
  if (!find_conflicts(r)) return WF_OK;
  wf_frame *names_live_here = wf_frame_retain(r->frames[0]);
  wf_status status = WF_OK;
  for (size_t i = 0; i < *n_read && status == WF_OK; i++) {
    status = read_one(r, i, limit ? wf_frame_row_count(r->frames[i]) : 0, err);
  }
  wf_frame_release(names_live_here);
  return status;
}

static wf_status add_rejected(wf_frame **out, const reading *r, size_t n, wf_error *err) {
  wf_rejects to;
  wf_status status = wf_rejects_init(&to, true, err);
  for (size_t i = 0; i < n && status == WF_OK; i++)
    status = wf_rejects_add_all(&to, r->paths[i], r->reports[i].rejected, err);
  if (status == WF_OK) status = wf_rejects_finish(out, &to, err);
  wf_rejects_dispose(&to);
  return status;
}

static wf_status add_reports(wf_csv_report *out, const reading *r, size_t n, wf_error *err) {
  wf_csv_report sum = {0};
  WF_TRY(add_rejected(&sum.rejected, r, n, err));
  for (size_t i = 0; i < n; i++) {
    const wf_csv_report *one = &r->reports[i];
    sum.n_rows += one->n_rows;
    sum.n_skipped += one->n_skipped;
    sum.n_repaired += one->n_repaired;
    if (!sum.first_skipped_line) sum.first_skipped_line = one->first_skipped_line;
  }
  *out = sum;
  return WF_OK;
}

/* What is wrong with a file is said with its path: a column that it has not, or has alone. */
static wf_status concat(wf_frame **out, const reading *r, size_t n, wf_error *err) {
  const wf_frame *first = r->frames[0];
  for (size_t i = 1; i < n; i++) {
    for (size_t c = 0; c < wf_frame_column_count(first); c++) {
      const char *name = wf_frame_name_at(first, c);
      if (wf_frame_find(r->frames[i], name) >= 0) continue;
      return wf_fail(err, WF_INVALID, "%s: there is no column '%s', which %s has", r->paths[i],
                     name, r->paths[0]);
    }
    for (size_t c = 0; c < wf_frame_column_count(r->frames[i]); c++) {
      const char *name = wf_frame_name_at(r->frames[i], c);
      if (wf_frame_find(first, name) >= 0) continue;
      return wf_fail(err, WF_INVALID, "%s: there is a column '%s', which %s has not", r->paths[i],
                     name, r->paths[0]);
    }
  }
  return wf_frame_concat(out, r->frames, n, err);
}

static size_t count_columns(const wf_frame *frame) {
  return frame ? wf_frame_column_count(frame) : 0;
}

wf_status wf_csv_read_files(wf_frame **out, const char *const *paths, size_t n,
                            const wf_csv_options *options, wf_csv_report *report, wf_error *err) {
  wf_csv_options defaults = wf_csv_options_default();
  if (n == 0) return wf_fail(err, WF_INVALID, "there is no file to read");
  for (size_t i = 0; i < n; i++) { /* a file may have to be read twice */
    if (strcmp(paths[i], "-") == 0)
      return wf_fail(err, WF_INVALID, "standard input cannot be one of several files");
  }
  reading r = {.paths = paths, .n = n, .options = options ? options : &defaults};
  r.frames = wf_alloc_zero(n, sizeof *r.frames);
  r.reports = wf_alloc_zero(n, sizeof *r.reports);
  size_t n_read = 0;
  wf_status status = r.frames && r.reports ? WF_OK : wf_fail_nomem(err);
  if (status == WF_OK) status = read_one(&r, 0, r.options->max_rows, err);
  if (status == WF_OK) {
    r.texts = wf_alloc_array(count_columns(r.frames[0]), sizeof *r.texts);
    status = r.texts ? read_all(&r, &n_read, err) : wf_fail_nomem(err);
  }
  wf_csv_report met = {0};
  if (status == WF_OK) status = add_reports(&met, &r, n_read, err);
  if (status == WF_OK) status = concat(out, &r, n_read, err);
  if (status == WF_OK && report)
    *report = met;
  else
    wf_csv_report_dispose(&met);
  for (size_t i = 0; r.frames && i < n; i++) wf_frame_release(r.frames[i]);
  for (size_t i = 0; r.reports && i < n; i++) wf_csv_report_dispose(&r.reports[i]);
  wf_free(r.frames);
  wf_free(r.reports);
  wf_free(r.texts);
  return status;
}

/* ---- patterns -------------------------------------------------------------------------------- */

static int by_bytes(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

void wf_csv_paths_free(char **paths, size_t n) {
  for (size_t i = 0; paths && i < n; i++) wf_free(paths[i]);
  wf_free(paths);
}

static wf_status copy_paths(char ***out, const glob_t *found, wf_error *err) {
  char **paths = wf_alloc_zero(found->gl_pathc, sizeof *paths);
  if (!paths) return wf_fail_nomem(err);
  for (size_t i = 0; i < found->gl_pathc; i++) {
    paths[i] = wf_strdup(found->gl_pathv[i]);
    if (paths[i]) continue;
    wf_csv_paths_free(paths, i);
    return wf_fail_nomem(err);
  }
  qsort(paths, found->gl_pathc, sizeof *paths, by_bytes); /* not by the host's locale */
  *out = paths;
  return WF_OK;
}

wf_status wf_csv_paths_find(char ***out, size_t *n, const char *pattern, wf_error *err) {
  glob_t found = {0};
  int code = glob(pattern, GLOB_NOSORT | GLOB_ERR, NULL, &found);
  wf_status status = WF_OK;
  if (code == GLOB_NOSPACE)
    status = wf_fail_nomem(err);
  else if (code == GLOB_NOMATCH)
    status = wf_fail(err, WF_NOTFOUND, "%s: no file matches", pattern);
  else if (code != 0)
    status = wf_fail(err, WF_IO, "%s: a directory cannot be read", pattern);
  else
    status = copy_paths(out, &found, err);
  if (status == WF_OK) *n = found.gl_pathc;
  globfree(&found);
  return status;
}
