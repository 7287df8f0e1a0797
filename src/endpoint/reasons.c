/* reasons.c — TreeSHAP inside the request.
 *
 * The model is explained as it stands: exact contributions of its features to the margin. Features
 * that the recipe makes of one raw column (the indicators of a text, the parts of a date) are added
 * up, because a column is what the client knows; contributions are additive, so the sum is as exact
 * as its terms. What no reason is listed for is "rest": base + reasons + rest is the margin.
 *
 * The order is by absolute contribution, ties by the order of the recipe's columns. A column that
 * contributes nothing is no reason. */
#include "endpoint/reasons.h"

#include "base/alloc.h"
#include "base/number.h"
#include "wf/shap.h"

#include <math.h>
#include <string.h>

/* ---- what is asked ------------------------------------------------------------------------------
 */

static wf_status read_number(size_t *out, wf_view text, wf_error *err) {
  int64_t n;
  if (!wf_parse_i64(text, &n) || n < 0 || n > WF_MAX_REASONS) {
    return wf_fail(err, WF_INVALID, "reasons is '%.*s', not a number from 0 to %d",
                   (int)(text.size < 40 ? text.size : 40), text.data, WF_MAX_REASONS);
  }
  *out = (size_t)n;
  return WF_OK;
}

/* Of "a=1&b=2" the value of "reasons"; any other parameter is most likely a slip. */
static wf_status read_query(size_t *out, wf_view query, bool *given, wf_error *err) {
  static const char name[] = "reasons=";
  enum { NAME_SIZE = sizeof name - 1 };
  if (query.size == 0) return WF_OK;
  if (query.size < NAME_SIZE || memcmp(query.data, name, NAME_SIZE) != 0 ||
      memchr(query.data, '&', query.size)) {
    return wf_fail(err, WF_INVALID, "the query '%.*s' is not of the form reasons=3",
                   (int)(query.size < 60 ? query.size : 60), query.data);
  }
  *given = true;
  return read_number(out, (wf_view){query.data + NAME_SIZE, query.size - NAME_SIZE}, err);
}

wf_status wf_reasons_asked(size_t *out, const wf_http_head *head, wf_error *err) {
  size_t asked = 0, stated = 0;
  bool given = false;
  const wf_view *field = wf_http_find_field(head, "x-wf-reasons");
  WF_TRY(read_query(&asked, head->query, &given, err));
  if (field) WF_TRY(read_number(&stated, *field, err));
  if (field && given && asked != stated) {
    return wf_fail(err, WF_INVALID,
                   "the query asks for %zu reasons, the field X-Wf-Reasons for %zu", asked, stated);
  }
  *out = field ? stated : asked;
  return WF_OK;
}

/* ---- memory -------------------------------------------------------------------------------------
 */

void wf_reasoner_dispose(wf_reasoner *r) {
  wf_free(r->values);
  wf_free(r->sums);
  wf_free(r->scratch);
  *r = (wf_reasoner){0};
}

static bool fit_doubles(double **items, size_t *capacity, size_t n) {
  if (n <= *capacity) return true;
  double *grown = wf_realloc_array(*items, n, sizeof *grown);
  if (!grown) return false;
  *items = grown;
  *capacity = n;
  return true;
}

static bool fit_scratch(wf_reasoner *r, size_t size) {
  if (size <= r->scratch_size) return true;
  void *fresh = wf_alloc_aligned(size);
  if (!fresh) return false;
  wf_free(r->scratch);
  r->scratch = fresh;
  r->scratch_size = size;
  return true;
}

static size_t row_width(const wf_served *served) {
  return wf_forest_group_count(served->forest) * (served->n_features + 1);
}

wf_status wf_reasoner_fit(wf_reasoner *r, const wf_served *served, wf_error *err) {
  size_t size = 0;
  if (wf_forest_group_count(served->forest) > 1 && !served->has_classes) {
    return wf_fail(err, WF_INVALID, "a model of several targets has no reasons for one score");
  }
  wf_error inner = WF_ERROR_INIT;
  wf_status status = wf_shap_prepare(&size, served->forest, WF_REASON_BLOCK, &inner);
  if (status == WF_NOMEM) return wf_fail_nomem(err);
  if (status != WF_OK) {
    return wf_fail(err, WF_INVALID, "the model cannot be explained: %s", inner.message);
  }
  if (!fit_doubles(&r->values, &r->n_values, WF_REASON_BLOCK * row_width(served)) ||
      !fit_doubles(&r->sums, &r->n_sums, served->n_inputs) || !fit_scratch(r, size)) {
    return wf_fail_nomem(err);
  }
  return WF_OK;
}

/* ---- rows ---------------------------------------------------------------------------------------
 */

wf_status wf_reasoner_explain(wf_reasoner *r, const wf_served *served, const float *features,
                              size_t n_rows, wf_error *err) {
  wf_features rows = wf_features_rows(features, n_rows, served->n_features);
  return wf_shap_values_within(served->forest, &rows, r->scratch, r->values, err);
}

/* The margin that is explained: with several classes that of the one that is predicted. */
static size_t group_of(const wf_served *served, const float *scores) {
  if (wf_forest_group_count(served->forest) == 1) return 0;
  return served->n_outputs == 1 ? (size_t)scores[0] : wf_best_score(scores, served->n_outputs);
}

static void add_up(double *sums, const wf_served *served, const double *values) {
  memset(sums, 0, served->n_inputs * sizeof *sums);
  for (size_t i = 0; i < served->n_features; i++) {
    sums[wf_recipe_output_source(served->recipe, i)] += values[i];
  }
}

/* Inserts into the list of the largest, which has room for `n`; a tie stays behind what is there.
 */
static size_t insert(wf_reason *list, size_t count, size_t n, wf_reason reason) {
  size_t at = count;
  while (at && fabs(list[at - 1].contribution) < fabs(reason.contribution)) at--;
  if (at == n) return count;
  if (count < n) count++;
  memmove(&list[at + 1], &list[at], (count - at - 1) * sizeof *list);
  list[at] = reason;
  return count;
}

void wf_reasoner_row(wf_why *out, wf_reasoner *r, const wf_served *served, size_t row,
                     const float *scores, size_t n) {
  const double *values =
      r->values + row * row_width(served) + group_of(served, scores) * (served->n_features + 1);
  *out = (wf_why){.base = values[served->n_features], .reasons = r->found, .n_asked = n};
  add_up(r->sums, served, values);
  for (size_t i = 0; i < served->n_inputs; i++) {
    out->rest += r->sums[i];
    if (r->sums[i] == 0) continue;
    wf_reason reason = {wf_recipe_input_name(served->recipe, i), r->sums[i]};
    out->n_reasons = insert(r->found, out->n_reasons, n, reason);
  }
  for (size_t i = 0; i < out->n_reasons; i++) out->rest -= r->found[i].contribution;
}
