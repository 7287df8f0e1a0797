/* fuzz_arrow.c — Arrow IPC bytes: read, and use what is accepted. */
#include "wf/arrow.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  wf_frame *frame;
  char *bytes;
  size_t written;
  if (wf_arrow_parse(&frame, data, size, NULL) != WF_OK) return 0;
  if (wf_arrow_format(&bytes, &written, frame, NULL) == WF_OK) wf_text_free(bytes);
  wf_frame_release(frame);
  return 0;
}
