/* Any bytes as JSON lines: however the text is cut, the outcome is the same, and what is written
 * reads back. The first byte chooses the options. */
#include "jsonl/chunk.h"
#include "require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static wf_status read_by(wf_frame **out, wf_view text, const wf_jsonl_options *options,
                         size_t block, wf_jsonl_report *report, wf_error *err) {
  wf_status status = wf_jsonl_parse_by(out, text, options, block, report, err);
  require_outcome(status, *out, err);
  return status;
}

static void write_and_read(const wf_frame *frame) {
  char *text = NULL;
  size_t size = 0;
  wf_frame *again = NULL;
  require(wf_jsonl_format(&text, &size, frame, true, NULL) == WF_OK);
  require(wf_jsonl_parse(&again, text, size, NULL, NULL, NULL) == WF_OK);
  require_rows(frame, again, text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const char *const typed[] = {"a", "t"};
  static const wf_type types[] = {WF_I32, WF_TIMESTAMP};
  if (size == 0) return 0;
  wf_view text = {(const char *)data + 1, size - 1};
  wf_jsonl_options options = {.typed = typed, .types = types};
  if (data[0] & 1) options.nested = WF_JSONL_NESTED_ERROR;
  if (data[0] & 2) options.bad_row = WF_JSONL_SKIP;
  if (data[0] & 4) options.n_typed = 2;
  wf_frame *whole = NULL, *pieces = NULL;
  wf_jsonl_report first = {0}, second = {0};
  wf_error err = WF_ERROR_INIT, other = WF_ERROR_INIT;
  wf_status status = read_by(&whole, text, &options, 0, &first, &err);
  require(read_by(&pieces, text, &options, 16, &second, &other) == status);
  require(strcmp(err.message, other.message) == 0 && err.line == other.line);
  require_same(whole, pieces);
  require(first.n_rows == second.n_rows && first.n_skipped == second.n_skipped);
  require_same(first.rejected, second.rejected);
  if (whole) write_and_read(whole);
  wf_jsonl_report_dispose(&first);
  wf_jsonl_report_dispose(&second);
  wf_frame_release(whole);
  wf_frame_release(pieces);
  return 0;
}
