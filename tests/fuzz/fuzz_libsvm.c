/* Any bytes as LIBSVM text: refused with a message, or what is written reads back as the same
 * frame. The first byte is where indices begin. */
#include "wf/libsvm.h"
#include "require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size == 0) return 0;
  wf_libsvm_options options = {.base = data[0] & 1, .n_features = 20};
  wf_frame *frame = NULL, *again = NULL;
  wf_error err = WF_ERROR_INIT;
  if (wf_libsvm_parse(&frame, (const char *)data + 1, size - 1, &options, &err) != WF_OK) {
    require(!frame && err.message[0] != '\0');
    return 0;
  }
  char *text = NULL;
  size_t written = 0;
  require(wf_libsvm_format(&text, &written, frame, &options, NULL) == WF_OK);
  require(wf_libsvm_parse(&again, text, written, &options, NULL) == WF_OK);
  require_same(frame, again);
  wf_text_free(text);
  wf_frame_release(frame);
  wf_frame_release(again);
  return 0;
}
