/* bench_reasons.c — what reasons cost a request: body in, response out, without the network.
 *   bench_reasons model.tar.gz rows.csv
 *
 * The first rows of the file (with its header) are the bodies: one row, and 100 rows. */
#include "bench.h"

#include "base/alloc.h"
#include "base/file.h"
#include "endpoint/predict.h"

#include <stdio.h>
#include <string.h>

typedef struct request {
  const wf_served *served;
  wf_scratch *scratch;
  wf_view body;
  wf_format out;
  size_t n_reasons;
  wf_bytes reply;
} request;

static void answer(void *context) {
  request *r = context;
  wf_encoder encoder = {.out = &r->reply, .format = r->out, .n_reasons = r->n_reasons};
  wf_error err = WF_ERROR_INIT;
  size_t n_rows;
  bool syntax;
  wf_bytes_clear(&r->reply);
  wf_status status = wf_predict_body(r->served, r->scratch, WF_FORMAT_CSV, r->body, &encoder,
                                     &n_rows, &syntax, &err);
  bench_require(status == WF_OK, err.message);
}

/* The header and the first n rows; fields with line ends are not for this. */
static wf_view head_of(wf_view text, size_t n) {
  size_t size = 0;
  for (size_t lines = 0; size < text.size && lines <= n; size++) lines += text.data[size] == '\n';
  return (wf_view){text.data, size};
}

static void compare(request *r, size_t n_rows) {
  static const struct {
    wf_format format;
    const char *name;
  } formats[] = {{WF_FORMAT_CSV, "text/csv"}, {WF_FORMAT_JSON, "application/json"}};
  for (size_t f = 0; f < 2; f++) {
    r->out = formats[f].format;
    double times[2];
    for (size_t k = 0; k < 2; k++) {
      r->n_reasons = 3 * k;
      times[k] = bench_median(answer, r);
    }
    printf("%6zu %18s %12.2f %12.2f %10.2fx\n", n_rows, formats[f].name, times[0] * 1e6,
           times[1] * 1e6, times[1] / times[0]);
  }
}

static char *read_whole(const char *path, size_t *size) {
  wf_error err = WF_ERROR_INIT;
  char *data;
  bench_require(wf_file_read(path, 0, &data, size, &err) == WF_OK, err.message);
  return data;
}

int main(int argc, char **argv) {
  static const size_t counts[] = {1, 100};
  bench_require(argc == 3, "usage: bench_reasons model.tar.gz rows.csv");
  size_t package_size, text_size;
  char *package = read_whole(argv[1], &package_size), *text = read_whole(argv[2], &text_size);
  wf_error err = WF_ERROR_INIT;
  wf_served *served;
  bench_require(wf_served_load(&served, package, package_size, NULL, &err) == WF_OK, err.message);
  wf_scratch scratch = {0};
  request r = {.served = served, .scratch = &scratch};
  printf("µs a request, CPU time of one thread\n%6s %18s %12s %12s %10s\n", "rows", "response",
         "scores", "3 reasons", "ratio");
  for (size_t i = 0; i < 2; i++) {
    r.body = head_of((wf_view){text, text_size}, counts[i]);
    compare(&r, counts[i]);
  }
  wf_bytes_dispose(&r.reply);
  wf_scratch_dispose(&scratch);
  wf_served_release(served);
  wf_free(package), wf_free(text);
  return 0;
}
