/* Any bytes as a CSV text: the fast reader either leaves it to libcsv or makes the same frame of
 * it, and what is written reads back. The first byte chooses the options. */
#include "csv/plan.h"

#include "frame/column.h"
#include "require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* By libcsv's word: the frame, or NULL. */
static wf_frame *read_by(wf_view text, const wf_csv_options *options, wf_csv_reader reader,
                         size_t block, bool *declined) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *frame = NULL;
  wf_status status = wf_csv_parse_by(&frame, text, options, reader, block, &err);
  *declined = status == WF_UNSUPPORTED;
  require_outcome(status, frame, &err);
  return frame;
}

/* What is written reads back, as many rows of it. */
static void write_and_read(const wf_frame *frame) {
  char *text = NULL;
  size_t size = 0;
  wf_frame *again = NULL;
  require(wf_csv_format(&text, &size, frame, NULL, NULL) == WF_OK);
  require(wf_csv_parse(&again, text, size, NULL, NULL, NULL) == WF_OK);
  require_rows(frame, again, text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size == 0) return 0;
  wf_csv_options options = wf_csv_options_default();
  wf_view text = {(const char *)data + 1, size - 1};
  if (data[0] & 1) options.delimiter = ';';
  options.trim = data[0] & 2;
  options.rename_duplicates = data[0] & 4;
  options.bad_row = data[0] & 8 ? WF_CSV_SKIP : data[0] & 16 ? WF_CSV_NULL : WF_CSV_RAISE;
  options.header = !(data[0] & 32);
  bool declined, unused;
  wf_frame *expected = read_by(text, &options, WF_CSV_BY_LIBCSV, 0, &unused);
  wf_frame *frame = read_by(text, &options, WF_CSV_BY_MASKS, 64, &declined);
  require(declined || (frame != NULL) == (expected != NULL));
  if (frame && expected) require_same(frame, expected);
  if (expected && wf_frame_column_count(expected)) write_and_read(expected);
  wf_frame_release(frame);
  wf_frame_release(expected);
  return 0;
}
