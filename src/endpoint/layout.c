/* layout.c — which field of a row is what.
 *
 * A model takes rows in two kinds: the recipe's raw columns, or the features the recipe would make
 * of them. Raw wins where a row could be both, as in wf/model.h. */
#include "endpoint/decode.h"

static size_t count_present(const wf_place *places, size_t n, bool features) {
  size_t count = 0;
  for (size_t i = 0; i < n; i++) count += (features ? places[i].feature : places[i].input) >= 0;
  return count;
}

static const char *first_missing_input(const wf_block *block, const wf_place *places, size_t n) {
  const wf_served *s = block->served;
  for (size_t i = 0; i < s->n_inputs; i++) {
    size_t j = 0;
    while (j < n && places[j].input != (ptrdiff_t)i) j++;
    if (j == n) return wf_recipe_input_name(s->recipe, i);
  }
  return "";
}

static wf_status find_kind(wf_row_kind *out, const wf_block *block, size_t n, wf_error *err) {
  const wf_served *s = block->served;
  const wf_place *places = block->scratch->layout;
  if (count_present(places, n, false) == s->n_inputs) return *out = WF_ROW_RAW, WF_OK;
  if (count_present(places, n, true) == s->n_features) return *out = WF_ROW_ENCODED, WF_OK;
  return wf_block_fail(block, err, WF_NOTFOUND, 0, "column '%s' is absent",
                       first_missing_input(block, places, n));
}

wf_status wf_decode_arrange(wf_row_kind *kind, wf_block *block, size_t n, wf_error *err) {
  wf_scratch *scratch = block->scratch;
  WF_TRY(find_kind(kind, block, n, err));
  for (size_t i = 0; i < n; i++) {
    const wf_place *place = &scratch->layout[i];
    ptrdiff_t target = *kind == WF_ROW_RAW ? place->input : place->feature;
    if (target >= 0) scratch->fields_of[target] = i;
  }
  return WF_OK;
}

wf_status wf_decode_kind_of_count(wf_row_kind *out, const wf_block *block, size_t n,
                                  wf_error *err) {
  const wf_served *s = block->served;
  if (n == s->n_inputs) return *out = WF_ROW_RAW, WF_OK;
  if (n == s->n_features) return *out = WF_ROW_ENCODED, WF_OK;
  if (s->n_inputs == s->n_features) {
    return wf_block_fail(block, err, WF_INVALID, 0, "%zu fields; the model takes %zu", n,
                         s->n_inputs);
  }
  return wf_block_fail(block, err, WF_INVALID, 0,
                       "%zu fields; the model takes %zu raw columns or %zu encoded features", n,
                       s->n_inputs, s->n_features);
}
