/* forest.c — the forest as an object: reference count, accessors, importances. */
#include "wf/forest.h"

#include "base/alloc.h"
#include "forest/forest.h"
#include "forest/layout.h"

wf_forest *wf_forest_retain(wf_forest *forest) {
  atomic_fetch_add_explicit(&forest->references, 1, memory_order_relaxed);
  return forest;
}

static void free_names(wf_forest *forest) {
  if (!forest->names) return;
  for (size_t i = 0; i < forest->n_features; i++) wf_free(forest->names[i]);
  wf_free(forest->names);
}

void wf_forest_release(wf_forest *forest) {
  if (!forest) return;
  if (atomic_fetch_sub_explicit(&forest->references, 1, memory_order_acq_rel) != 1) return;
  wf_attachment *attachment = atomic_load(&forest->attachment);
  if (attachment) attachment->free(attachment);
  free_names(forest);
  wf_layout_free(forest->layout);
  wf_free(forest->base_margins);
  wf_free(forest->trees);
  wf_free(forest->nodes);
  wf_free(forest->covers);
  wf_free(forest->gains);
  wf_free(forest->round_trees);
  wf_free(forest->sets);
  wf_free(forest->set_words);
  wf_free(forest->weights);
  wf_free(forest->used);
  wf_free(forest->used_counts);
  wf_free(forest);
}

wf_attachment *wf_forest_attached(const wf_forest *forest) {
  return atomic_load(&((wf_forest *)forest)->attachment);
}

wf_attachment *wf_forest_attach(const wf_forest *forest, wf_attachment *attachment) {
  wf_attachment *first = NULL;
  wf_forest *shared = (wf_forest *)forest;
  if (atomic_compare_exchange_strong(&shared->attachment, &first, attachment)) return attachment;
  attachment->free(attachment);
  return first;
}

size_t wf_forest_feature_count(const wf_forest *forest) { return forest->n_features; }
size_t wf_forest_tree_count(const wf_forest *forest) { return forest->n_trees; }
size_t wf_forest_group_count(const wf_forest *forest) { return forest->n_groups; }
size_t wf_forest_round_count(const wf_forest *forest) { return forest->n_rounds; }
int64_t wf_forest_best_round(const wf_forest *forest) { return forest->best_round; }
const char *wf_forest_objective(const wf_forest *forest) { return forest->objective->name; }

const char *wf_forest_feature_name(const wf_forest *forest, size_t feature) {
  return forest->names ? forest->names[feature] : NULL;
}

double wf_forest_base_margin(const wf_forest *forest) { return (double)forest->base_margins[0]; }

double wf_forest_base_margin_at(const wf_forest *forest, size_t group) {
  return (double)forest->base_margins[group];
}

size_t wf_forest_output_count(const wf_forest *forest, wf_predict_kind kind) {
  if (kind == WF_PREDICT_LEAF) return forest->n_trees;
  if (kind == WF_PREDICT_VALUE && forest->objective->transform == WF_TRANSFORM_ARGMAX) return 1;
  return forest->n_groups;
}

uint32_t wf_forest_used_slot(const wf_forest *forest, uint32_t feature) {
  size_t low = 0, high = forest->n_used;
  while (low + 1 < high) {
    size_t middle = (low + high) / 2;
    if (forest->used[middle] <= feature) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return (uint32_t)low;
}

bool wf_category_set_has(const wf_category_set *set, float value) {
  if (!(value >= 0) || value >= (float)WF_FOREST_MAX_CATEGORY) return false;
  uint32_t category = (uint32_t)value;
  if (!set->listed) {
    return category / 32 < set->n_words && (set->words[category / 32] >> (category % 32) & 1);
  }
  size_t low = 0, high = set->n_words;
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (set->words[middle] < category) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low < set->n_words && set->words[low] == category;
}

/* gblinear's only importance is the weight itself: of its first output, as a number. */
static void importance_linear(const wf_forest *forest, double *out) {
  for (size_t f = 0; f < forest->n_features; f++) {
    out[f] = (double)forest->weights[f * forest->n_groups];
  }
}

static void importance_add(const wf_forest *forest, wf_importance kind, double *out) {
  for (size_t i = 0; i < forest->n_nodes; i++) {
    if (forest->nodes[i].left == 0) continue;
    double amount = 1;
    if (kind == WF_IMPORTANCE_GAIN || kind == WF_IMPORTANCE_TOTAL_GAIN) {
      amount = (double)forest->gains[i];
    } else if (kind != WF_IMPORTANCE_WEIGHT) {
      amount = (double)forest->covers[i];
    }
    out[forest->nodes[i].feature & ~WF_NODE_DEFAULT_LEFT] += amount;
  }
}

void wf_forest_importance(const wf_forest *forest, wf_importance kind, double *out) {
  for (size_t f = 0; f < forest->n_features; f++) out[f] = 0;
  if (forest->weights) {
    importance_linear(forest, out);
    return;
  }
  importance_add(forest, kind, out);
  if (kind != WF_IMPORTANCE_GAIN && kind != WF_IMPORTANCE_COVER) return;
  for (size_t i = 0; i < forest->n_used; i++) {
    out[forest->used[i]] /= (double)forest->used_counts[i];
  }
}
