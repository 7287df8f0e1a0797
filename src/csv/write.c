/* write.c — frames to text in memory and to files.
 *
 * Blocks of rows are printed on several threads, each into its thread's own buffer, small enough
 * for the cache. Taking turns in block order they learn where their text begins; a file is then
 * written at the same time in several places, so that no text is held but that of the blocks in
 * hand. */
#include "wf/csv.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/packed.h"
#include "base/pool.h"
#include "csv/print.h"

#include <errno.h>
#include <string.h>

enum { CELLS = 1 << 15 }; /* of a block: about 300 KiB of text */

typedef struct output {
  wf_csv_printer printer;
  wf_turns turns;
  wf_bytes *buffers; /* by thread */
  size_t n_threads;
  size_t offset;  /* of the next block in turn */
  wf_bytes *text; /* where it goes; NULL: to the file */
  wf_replacement *file;
} output;

/* Takes text that belongs at `offset`; for text in memory it must come in order. */
static wf_status deliver(output *out, const wf_bytes *text, size_t offset, wf_error *err) {
  if (out->text) {
    wf_bytes_add(out->text, text->data, text->size);
    return out->text->failed ? wf_fail_nomem(err) : WF_OK;
  }
  if (!wf_write_all_at(out->file->fd, text->data, text->size, offset))
    return wf_fail_errno(err, errno, "%s", out->file->path);
  wf_start_writeback(out->file->fd, offset, offset + text->size);
  return WF_OK;
}

static wf_status print_block(void *context, size_t index, size_t begin, size_t end, size_t worker,
                             wf_error *err) {
  output *out = context;
  wf_bytes *mine = &out->buffers[worker];
  wf_bytes_clear(mine);
  wf_csv_print_rows(&out->printer, mine, begin, end);
  wf_status status = mine->failed ? wf_fail_nomem(err) : WF_OK;
  if (status == WF_OK) {
    if (!wf_turns_wait(&out->turns, index)) return WF_OK; /* another block has failed */
    size_t offset = out->offset;
    out->offset += mine->size;
    if (out->text) status = deliver(out, mine, offset, err);
    wf_turns_pass(&out->turns);
    if (out->file) status = deliver(out, mine, offset, err);
  }
  if (status != WF_OK) wf_turns_close(&out->turns);
  return status;
}

static wf_status print_header(output *out, wf_error *err) {
  wf_bytes *mine = &out->buffers[0];
  wf_csv_print_header(&out->printer, mine);
  if (mine->failed) return wf_fail_nomem(err);
  out->offset = mine->size;
  return deliver(out, mine, 0, err);
}

static wf_status print_all(output *out, const wf_frame *frame, const wf_csv_options *options,
                           wf_error *err) {
  WF_TRY(wf_csv_printer_init(&out->printer, frame, options, err));
  out->n_threads = wf_thread_count();
  out->buffers = wf_alloc_zero(out->n_threads, sizeof *out->buffers);
  if (!out->buffers) return wf_fail_nomem(err);
  if (options->header) WF_TRY(print_header(out, err));
  size_t n_columns = wf_frame_column_count(frame), block = n_columns ? CELLS / n_columns : CELLS;
  return wf_parallel_for(wf_frame_row_count(frame), block ? block : 1, out->n_threads, print_block,
                         out, err);
}

static wf_status check_options(const wf_csv_options *options, wf_error *err) {
  char d = options->delimiter, q = options->quote;
  if (d == q || strchr("\n\r", d) || strchr("\n\r", q) || (d & 0x80) || (q & 0x80)) {
    return wf_fail(err, WF_INVALID,
                   "delimiter and quote must be two ASCII characters other than line ends");
  }
  return WF_OK;
}

/* To `text`, or else to `file`. */
static wf_status print_frame(wf_bytes *text, wf_replacement *file, const wf_frame *frame,
                             const wf_csv_options *options, wf_error *err) {
  wf_csv_options defaults = wf_csv_options_default();
  if (!options) options = &defaults;
  WF_TRY(check_options(options, err));
  output out = {.turns = WF_TURNS_INIT, .text = text, .file = file};
  wf_status status = print_all(&out, frame, options, err);
  for (size_t i = 0; out.buffers && i < out.n_threads; i++) wf_bytes_dispose(&out.buffers[i]);
  wf_free(out.buffers);
  wf_csv_printer_dispose(&out.printer);
  return status;
}

wf_status wf_csv_format(char **out, size_t *size, const wf_frame *frame,
                        const wf_csv_options *options, wf_error *err) {
  wf_bytes text = {0};
  wf_status status = print_frame(&text, NULL, frame, options, err);
  if (status == WF_OK) return wf_bytes_take(&text, out, size, err);
  wf_bytes_dispose(&text);
  return status;
}

static wf_status write_packed(const wf_frame *frame, const char *path,
                              const wf_csv_options *options, wf_error *err) {
  char *text;
  size_t size;
  WF_TRY(wf_csv_format(&text, &size, frame, options, err));
  wf_status status = wf_packed_write(path, text, size, err);
  wf_free(text);
  return status;
}

wf_status wf_csv_write(const wf_frame *frame, const char *path, const wf_csv_options *options,
                       wf_error *err) {
  if (wf_packed_wanted(path)) return write_packed(frame, path, options, err);
  wf_replacement file;
  WF_TRY(wf_replacement_open(&file, path, 0644, err));
  wf_status status = print_frame(NULL, &file, frame, options, err);
  if (status == WF_OK) return wf_replacement_commit(&file, err);
  wf_replacement_discard(&file);
  return status;
}
