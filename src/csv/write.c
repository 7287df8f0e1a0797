/* write.c — frames as text that reads back as the same values.
 *
 * A field is quoted when it must be: when it holds the delimiter, the quote, CR or LF; when bare it
 * would read back as missing; when it is the only field of its record and empty, since a blank line
 * is no record; and when blanks at its ends would be trimmed. Quoting itself is libcsv's
 * csv_write2.
 *
 * Blocks of rows are formatted on several threads, each into its own bytes, and joined in order. */
#include "wf/csv.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/pool.h"
#include "base/packed.h"
#include "csv/infer.h"
#include "frame/value.h"

#include <csv.h>
#include <string.h>

enum { BLOCK = 1 << 13 };

/* What a column's values are written by; read-only while blocks are formatted. */
typedef struct style {
  const wf_frame *frame;
  wf_csv_markers markers;
  char delimiter, quote;
  bool special[256]; /* bytes that need quotes */
  bool odd;          /* delimiter or quote may occur in a number */
  wf_view missing;
} style;

/* What a missing value is written as: something that these options read as missing, and never a
 * blank line. */
static wf_view missing_text(const wf_csv_markers *markers, bool lonely) {
  if (markers->empty && !lonely) return WF_VIEW("");
  for (size_t i = 0; i < markers->n; i++) {
    if (markers->texts[i][0] != '\0') return wf_view_of(markers->texts[i]);
  }
  return lonely ? WF_VIEW("\"\"") : WF_VIEW("");
}

static void init_style(style *s, const wf_frame *frame, const wf_csv_options *options) {
  static const char in_numbers[] = "0123456789+-.:eTZafilnrstuy";
  *s = (style){.frame = frame, .delimiter = options->delimiter, .quote = options->quote};
  wf_csv_markers_init(&s->markers, options->missing, options->n_missing);
  s->special[(unsigned char)options->delimiter] = true;
  s->special[(unsigned char)options->quote] = true;
  s->special['\n'] = s->special['\r'] = true;
  s->odd = strchr(in_numbers, options->delimiter) || strchr(in_numbers, options->quote);
  s->missing = missing_text(&s->markers, wf_frame_column_count(frame) == 1);
}

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

static bool needs_quotes(const style *s, wf_view text) {
  if (text.size == 0 || wf_csv_markers_match(&s->markers, text.data, text.size)) return true;
  if (is_blank(text.data[0]) || is_blank(text.data[text.size - 1])) return true;
  for (size_t i = 0; i < text.size; i++) {
    if (s->special[(unsigned char)text.data[i]]) return true;
  }
  return false;
}

static void add_quoted(const style *s, wf_bytes *out, wf_view text) {
  unsigned char quote = (unsigned char)s->quote;
  size_t size = csv_write2(NULL, 0, text.size ? text.data : "", text.size, quote);
  if (!wf_bytes_reserve(out, size)) return;
  csv_write2(out->data + out->size, size, text.size ? text.data : "", text.size, quote);
  out->size += size;
  out->data[out->size] = '\0';
}

static void add_text(const style *s, wf_bytes *out, wf_view text) {
  if (needs_quotes(s, text))
    add_quoted(s, out, text);
  else
    wf_bytes_add(out, text.data, text.size);
}

static void add_value(const style *s, wf_bytes *out, const wf_column *column, size_t row) {
  char scratch[WF_VALUE_TEXT];
  if (!wf_column_present(column, row)) {
    wf_bytes_add(out, s->missing.data, s->missing.size);
    return;
  }
  wf_view text = wf_value_text(column, row, scratch);
  if (wf_type_is_text(column->type) || s->odd ||
      wf_csv_markers_match(&s->markers, text.data, text.size)) {
    add_text(s, out, text);
  } else {
    wf_bytes_add(out, text.data, text.size);
  }
}

static void add_header(const style *s, wf_bytes *out) {
  size_t n = wf_frame_column_count(s->frame);
  for (size_t j = 0; j < n; j++) {
    if (j) wf_bytes_char(out, s->delimiter);
    wf_view name = wf_view_of(wf_frame_name_at(s->frame, j));
    bool blank_ends = is_blank(name.data[0]) || is_blank(name.data[name.size - 1]);
    bool special = false;
    for (size_t i = 0; i < name.size; i++) special |= s->special[(unsigned char)name.data[i]];
    if (special || blank_ends)
      add_quoted(s, out, name);
    else
      wf_bytes_add(out, name.data, name.size);
  }
  wf_bytes_char(out, '\n');
}

static void add_rows(const style *s, wf_bytes *out, size_t begin, size_t end) {
  size_t n = wf_frame_column_count(s->frame);
  for (size_t row = begin; row < end; row++) {
    for (size_t j = 0; j < n; j++) {
      if (j) wf_bytes_char(out, s->delimiter);
      add_value(s, out, wf_frame_column_at(s->frame, j), row);
    }
    wf_bytes_char(out, '\n');
  }
}

typedef struct write_job {
  const style *style;
  wf_bytes *blocks;
} write_job;

static wf_status format_block(void *context, size_t index, size_t begin, size_t end, size_t worker,
                              wf_error *err) {
  write_job *job = context;
  (void)worker;
  add_rows(job->style, &job->blocks[index], begin, end);
  return job->blocks[index].failed ? wf_fail_nomem(err) : WF_OK;
}

static wf_status check_options(const wf_csv_options *options, wf_error *err) {
  char d = options->delimiter, q = options->quote;
  if (d == q || strchr("\n\r", d) || strchr("\n\r", q) || (d & 0x80) || (q & 0x80)) {
    return wf_fail(err, WF_INVALID,
                   "delimiter and quote must be two ASCII characters other than line ends");
  }
  return WF_OK;
}

static wf_status format_frame(wf_bytes *out, const wf_frame *frame, const wf_csv_options *options,
                              wf_error *err) {
  wf_csv_options defaults = wf_csv_options_default();
  if (!options) options = &defaults;
  WF_TRY(check_options(options, err));
  style s;
  init_style(&s, frame, options);
  size_t n_rows = wf_frame_row_count(frame), n_blocks = n_rows / BLOCK + 1;
  wf_bytes *blocks = wf_alloc_zero(n_blocks, sizeof *blocks);
  if (!blocks) return wf_fail_nomem(err);
  write_job job = {&s, blocks};
  if (options->header) add_header(&s, out);
  wf_status status = wf_parallel_for(n_rows, BLOCK, 0, format_block, &job, err);
  size_t total = 0;
  for (size_t i = 0; i < n_blocks; i++) total += blocks[i].size;
  if (status == WF_OK) wf_bytes_reserve(out, total);
  for (size_t i = 0; i < n_blocks; i++) {
    if (status == WF_OK) wf_bytes_add(out, blocks[i].data, blocks[i].size);
    wf_bytes_dispose(&blocks[i]);
  }
  wf_free(blocks);
  if (status == WF_OK && out->failed) status = wf_fail_nomem(err);
  return status;
}

wf_status wf_csv_format(char **out, size_t *size, const wf_frame *frame,
                        const wf_csv_options *options, wf_error *err) {
  wf_bytes bytes = {0};
  wf_status status = format_frame(&bytes, frame, options, err);
  if (status == WF_OK) return wf_bytes_take(&bytes, out, size, err);
  wf_bytes_dispose(&bytes);
  return status;
}

wf_status wf_csv_write(const wf_frame *frame, const char *path, const wf_csv_options *options,
                       wf_error *err) {
  wf_bytes bytes = {0};
  wf_status status = format_frame(&bytes, frame, options, err);
  if (status == WF_OK) {
    status = wf_packed_write(path, bytes.data ? bytes.data : "", bytes.size, err);
  }
  wf_bytes_dispose(&bytes);
  return status;
}
