/* step_bin.c — numbers to the part of the number line they lie in: part k is [edge k, edge k + 1).
 */
#include "base/alloc.h"
#include "base/error.h"
#include "recipe/step.h"
#include "recipe/unseen.h"

#include <math.h>
#include <string.h>

enum { MOST_PARTS = 1 << 16 };

typedef struct bin {
  wf_step base;
  wf_bin how;
  size_t n; /* edges, or the parts to be learned */
  double *edges;
} bin;

static const char *const how_names[] = {"edges", "width", "quantile", NULL};

wf_status wf_step_new_bin(wf_step **out, wf_bin how, const double *edges, size_t n, wf_error *err) {
  bin *self = wf_step_new(&wf_step_bin, sizeof *self);
  if (!self) return wf_fail_nomem(err);
  self->how = how;
  self->n = n;
  if (edges) {
    self->edges = wf_alloc_array(n, sizeof *edges);
    if (!self->edges) {
      wf_step_release(&self->base);
      return wf_fail_nomem(err);
    }
    if (n) memcpy(self->edges, edges, n * sizeof *edges);
  }
  *out = &self->base;
  return WF_OK;
}

/* Inner edges, each once: values that repeat much make fewer parts. */
static size_t learn(double *edges, wf_bin how, size_t n_parts, const double *sorted, size_t n) {
  double low = sorted[0], high = sorted[n - 1];
  size_t count = 0;
  for (size_t k = 1; k < n_parts; k++) {
    double share = (double)k / (double)n_parts;
    double edge =
        how == WF_BIN_WIDTH ? low + (high - low) * share : wf_step_quantile(sorted, n, share);
    if (edge > (count ? edges[count - 1] : low)) edges[count++] = edge;
  }
  return count;
}

static wf_status fit(wf_step **out, wf_step *declared, const wf_sample *sample, wf_error *err) {
  const bin *self = (const bin *)declared;
  if (self->edges) {
    *out = wf_step_retain(declared);
    return WF_OK;
  }
  WF_TRY(wf_step_sort_sample(sample, "bin", err));
  double *edges = wf_alloc_array(self->n, sizeof *edges);
  if (!edges) return wf_fail_nomem(err);
  size_t n = learn(edges, self->how, self->n, sample->numbers, sample->n_present);
  wf_status status = wf_step_new_bin(out, self->how, edges, n, err);
  wf_free(edges);
  return status;
}

static wf_status map(const wf_step *step, wf_cell *cell, wf_error *err) {
  const bin *self = (const bin *)step;
  (void)err;
  if (cell->kind != WF_CELL_NUMBER) return WF_OK;
  size_t low = 0, high = self->n; /* edges[low - 1] <= number < edges[high] */
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (self->edges[middle] <= cell->number)
      low = middle + 1;
    else
      high = middle;
  }
  cell->number = (double)low;
  return WF_OK;
}

static void format(const wf_step *step, wf_bytes *json) {
  const bin *self = (const bin *)step;
  wf_bytes_format(json, ", \"how\": \"%s\"", how_names[self->how]);
  if (self->edges)
    wf_step_format_numbers(json, "edges", self->edges, self->n);
  else
    wf_step_format_number(json, "n", (double)self->n);
}

static wf_status parse_edges(wf_step **out, wf_bin how, const json_t *object, const char *what,
                             wf_error *err) {
  double *edges;
  size_t n;
  WF_TRY(wf_step_parse_numbers(&edges, &n, object, "edges", what, err));
  wf_status status = WF_OK;
  for (size_t i = 1; i < n && status == WF_OK; i++) {
    if (!(edges[i] > edges[i - 1])) {
      status = wf_fail(err, WF_PARSE, "%s: \"edges\" are not ascending", what);
    }
  }
  if (status == WF_OK) status = wf_step_new_bin(out, how, edges, n, err);
  wf_free(edges);
  return status;
}

static wf_status parse(wf_step **out, const json_t *object, bool fitted, const char *what,
                       wf_error *err) {
  static const char *const with_edges[] = {"how", "edges", NULL}, *const with_n[] = {"how", "n",
                                                                                     NULL};
  int how;
  WF_TRY(wf_step_parse_choice(&how, object, "how", how_names, what, err));
  bool given = fitted || how == WF_BIN_EDGES;
  WF_TRY(wf_step_check_keys(object, given ? with_edges : with_n, what, err));
  if (given) return parse_edges(out, (wf_bin)how, object, what, err);
  int64_t n;
  WF_TRY(wf_json_get_integer(&n, object, "n", what, err));
  if (n < 2 || n > MOST_PARTS) {
    return wf_fail(err, WF_PARSE, "%s: \"n\" is not from 2 to %d", what, (int)MOST_PARTS);
  }
  return wf_step_new_bin(out, (wf_bin)how, NULL, (size_t)n, err);
}

static void dispose(wf_step *step) { wf_free(((bin *)step)->edges); }

const wf_step_kind wf_step_bin = {
    .name = "bin",
    .fit = fit,
    .map = map,
    .format = format,
    .parse = parse,
    .dispose = dispose,
};
