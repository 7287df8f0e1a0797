/* Any bytes as a request: the parser stays within them, answers the same however they are cut, and
 * what it accepts is what it says it is. */
#include "http/router.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition) {
  if (!condition) abort();
}

/* A copy without room behind it, so that the sanitizer sees the first byte read too many. */
static char *exact(const uint8_t *data, size_t size) {
  char *copy = malloc(size ? size : 1);
  require(copy != NULL);
  if (size) memcpy(copy, data, size);
  return copy;
}

static void check_head(const wf_http_head *head) {
  require(head->n_fields <= WF_HTTP_MAX_FIELDS && head->method.size > 0);
  require(head->path.size > 0 && head->path.size <= WF_HTTP_MAX_TARGET);
  require(!head->chunked || head->content_length == 0);
  require(head->minor_version == 0 || head->host.size > 0);
  for (size_t i = 0; i < head->n_fields; i++) {
    for (size_t j = 0; j < head->fields[i].value.size; j++) {
      require(wf_http_is_value(head->fields[i].value.data[j]));
    }
  }
  wf_http_policy policy = {.loopback_names = true, .token = "token"};
  wf_http_fault fault;
  (void)wf_http_allows(&policy, NULL, head, &fault);
}

/* A shorter piece of good bytes needs more of them; it is never complete earlier. */
static void check_prefix(const uint8_t *data, size_t consumed) {
  static wf_http_head head;
  size_t cut = consumed / 2, ignored;
  wf_http_fault fault;
  char *copy = exact(data, cut);
  require(wf_http_parse_head(&head, &ignored, (wf_view){copy, cut}, &fault) == WF_HTTP_MORE);
  free(copy);
}

static wf_http_progress decode(const char *from, size_t size, size_t piece, char *to,
                               size_t *written, size_t *consumed) {
  wf_http_chunked chunked = {0};
  wf_http_fault fault;
  wf_http_progress progress = WF_HTTP_MORE;
  *written = *consumed = 0;
  while (*consumed < size && progress == WF_HTTP_MORE) {
    size_t n = size - *consumed < piece ? size - *consumed : piece, taken = 0;
    progress = wf_http_decode_chunked(&chunked, to + *written, written, from + *consumed, n, &taken,
                                      &fault);
    if (progress != WF_HTTP_BAD) *consumed += taken;
  }
  return progress;
}

static void check_chunked(const uint8_t *data, size_t size) {
  char *from = exact(data, size), *whole = exact(data, size), *pieces = exact(data, size);
  size_t written, consumed, written_again, consumed_again;
  wf_http_progress progress = decode(from, size, size, whole, &written, &consumed);
  wf_http_progress again = decode(from, size, 3, pieces, &written_again, &consumed_again);
  require(progress == again);
  if (progress != WF_HTTP_BAD) {
    require(written == written_again && consumed == consumed_again);
    require(memcmp(whole, pieces, written) == 0);
  }
  free(from), free(whole), free(pieces);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static wf_http_head head;
  wf_http_fault fault = {0, NULL};
  size_t consumed = 0;
  char *bytes = exact(data, size);
  switch (wf_http_parse_head(&head, &consumed, (wf_view){bytes, size}, &fault)) {
  case WF_HTTP_COMPLETE:
    require(consumed > 0 && consumed <= size);
    check_head(&head);
    check_prefix(data, consumed);
    if (head.chunked) check_chunked(data + consumed, size - consumed);
    break;
  case WF_HTTP_BAD: require(fault.status >= 400 && fault.status < 600 && fault.reason); break;
  case WF_HTTP_MORE: check_chunked(data, size); break;
  }
  free(bytes);
  return 0;
}
