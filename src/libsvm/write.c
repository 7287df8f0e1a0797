/* write.c — rows as sparse text, in blocks of rows side by side. */
#include "wf/libsvm.h"

#include "base/alloc.h"
#include "base/blocks.h"
#include "base/number.h"
#include "frame/frame.h"
#include "frame/print.h"

#include <string.h>

typedef struct writing {
  const wf_frame *frame;
  const wf_column *label, *weight, *qid; /* NULL: there is none */
  const wf_column **features;
  size_t n_features;
  wf_printer printer;
} writing;

static wf_status check_numbers(const wf_column *column, const char *name, wf_error *err) {
  if (!wf_type_is_text(column->type)) return WF_OK;
  return wf_fail(err, WF_TYPE, "column '%s' is text, which this format cannot hold", name);
}

static wf_status check_complete(const wf_column *column, const char *name, wf_error *err) {
  for (size_t i = 0; column->n_missing && i < column->n_rows; i++) {
    if (!wf_column_present(column, i)) {
      return wf_fail(err, WF_INVALID, "column '%s' has no value in row %zu", name, i + 1);
    }
  }
  return WF_OK;
}

static wf_status check_groups(const wf_column *column, const char *name, wf_error *err) {
  if (!wf_type_is_integer(column->type)) {
    return wf_fail(err, WF_TYPE, "column '%s' is %s; qid needs whole numbers", name,
                   wf_type_name(column->type));
  }
  for (size_t i = 0; i < column->n_rows; i++) {
    if (wf_column_integer_at(column, i) < 0) {
      return wf_fail(err, WF_INVALID, "column '%s' is below 0 in row %zu", name, i + 1);
    }
  }
  return WF_OK;
}

/* The column beside the features, or NULL when the frame has none. */
static wf_status find_aside(const wf_column **out, const wf_frame *frame, const char *name,
                            wf_error *err) {
  ptrdiff_t index = wf_frame_find(frame, name);
  if (index < 0) return WF_OK;
  const wf_column *column = wf_frame_column_at(frame, (size_t)index);
  WF_TRY(check_numbers(column, name, err));
  WF_TRY(check_complete(column, name, err));
  *out = column;
  return WF_OK;
}

static wf_status sort_columns(writing *w, const wf_libsvm_options *o, wf_error *err) {
  const char *label = o->label ? o->label : "label", *qid = o->qid ? o->qid : "qid";
  wf_column *found;
  WF_TRY(wf_frame_get(&found, w->frame, label, err));
  WF_TRY(find_aside(&w->label, w->frame, label, err));
  WF_TRY(find_aside(&w->weight, w->frame, o->weight ? o->weight : "weight", err));
  WF_TRY(find_aside(&w->qid, w->frame, qid, err));
  if (w->qid) WF_TRY(check_groups(w->qid, qid, err));
  size_t n = wf_frame_column_count(w->frame);
  w->features = wf_alloc_array(n, sizeof *w->features);
  if (!w->features) return wf_fail_nomem(err);
  for (size_t j = 0; j < n; j++) {
    const wf_column *column = wf_frame_column_at(w->frame, j);
    if (column == w->label || column == w->weight || column == w->qid) continue;
    WF_TRY(check_numbers(column, wf_frame_name_at(w->frame, j), err));
    w->features[w->n_features++] = column;
  }
  return WF_OK;
}

/* ---- printing ---------------------------------------------------------------------------------
 *
 * Features that are missing are left out with their index. Bools and times are numbers. */

static const char *const words[WF_PRINT_WORDS] = {"0", "1", "nan", "inf", "-inf"};

static wf_status add_column(writing *w, const wf_column *column, wf_view before, wf_error *err) {
  return wf_printer_add(&w->printer, column, before, (wf_view){"", 0}, false, err);
}

static wf_status add_columns(writing *w, size_t base, wf_error *err) {
  WF_TRY(add_column(w, w->label, WF_VIEW(""), err));
  if (w->weight) WF_TRY(add_column(w, w->weight, WF_VIEW(":"), err));
  if (w->qid) WF_TRY(add_column(w, w->qid, WF_VIEW(" qid:"), err));
  for (size_t j = 0; j < w->n_features; j++) {
    char before[WF_NUMBER_TEXT + 2] = " ";
    size_t size = 1 + wf_format_i64(before + 1, (int64_t)(j + base));
    before[size++] = ':';
    WF_TRY(add_column(w, w->features[j], (wf_view){before, size}, err));
  }
  return WF_OK;
}

static wf_status make_text(void *context, wf_bytes *out, wf_bytes *scratch, size_t begin,
                           size_t end, wf_error *err) {
  const writing *w = context;
  wf_print_refusal none;
  (void)err;
  wf_print_rows(&w->printer, out, scratch, begin, end, &none);
  return WF_OK;
}

/* Whether it failed or not: `finish`. */
static wf_status begin(wf_blocks *out, writing *w, const wf_frame *frame,
                       const wf_libsvm_options *options, wf_error *err) {
  static const wf_libsvm_options defaults = {0};
  if (!options) options = &defaults;
  *w = (writing){.frame = frame};
  if (options->base > 1) return wf_fail(err, WF_INVALID, "the first index is 0 or 1");
  WF_TRY(sort_columns(w, options, err));
  wf_print_rules rules = {.times_counted = true, .row_end = "\n"};
  memcpy(rules.words, words, sizeof words);
  WF_TRY(wf_printer_init(&w->printer, w->n_features + 3, &rules, err));
  *out = (wf_blocks){.n = wf_frame_row_count(frame),
                     .block = wf_print_block(w->n_features),
                     .make = make_text,
                     .context = w};
  return add_columns(w, options->base, err);
}

static void finish(writing *w) {
  wf_printer_dispose(&w->printer);
  wf_free(w->features);
}

wf_status wf_libsvm_format(char **out, size_t *size, const wf_frame *frame,
                           const wf_libsvm_options *options, wf_error *err) {
  writing w;
  wf_blocks blocks;
  wf_status status = begin(&blocks, &w, frame, options, err);
  if (status == WF_OK) status = wf_blocks_format(out, size, &blocks, err);
  finish(&w);
  return status;
}

wf_status wf_libsvm_write(const wf_frame *frame, const char *path, const wf_libsvm_options *options,
                          wf_error *err) {
  writing w;
  wf_blocks blocks;
  wf_status status = begin(&blocks, &w, frame, options, err);
  if (status == WF_OK) status = wf_blocks_write(path, &blocks, err);
  finish(&w);
  return status;
}
