/* load_trees.c — the trees of a document, checked before anything walks them.
 *
 * What must hold, or the model is refused with the tree and node named:
 *  - every per-node array has num_nodes elements, 1 <= num_nodes;
 *  - children are in range, right = left + 1 (libxgboost's own walk relies on it), each node but
 *    the root has exactly one parent and `parents` agrees, so there is no cycle and no sharing;
 *  - nodes nothing leads to carry the mark of pruned nodes, and there are num_deleted of them;
 *  - a split's feature is below num_feature, its condition and gain finite; leaf values are finite;
 *    covers are finite and not negative; depth is at most WF_FOREST_MAX_DEPTH;
 *  - a categorical split has one non-empty set of categories, in range; sets do not overlap in
 *    the category array, so that work and memory are bounded by the document's size.
 * base_weights is checked for its length only: nothing reads it. */
#include "forest/load.h"

#include "base/alloc.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define DELETED_FEATURE 0x7fffffff /* with default_left: XGBoost's mark of a pruned node */

typedef struct tree_arrays {
  const wf_doc_value *left, *right, *parents, *features, *conditions, *default_left, *types;
  const wf_doc_value *covers, *gains;
  const wf_doc_value *categories, *set_nodes, *set_begins, *set_sizes;
  size_t n_nodes, n_deleted;
} tree_arrays;

typedef struct loader {
  wf_forest *forest;
  size_t number; /* of the tree */
  tree_arrays in;
  const wf_doc_value *weights; /* of the trees: dart; or NULL */
  uint32_t *pending;           /* stack of nodes; room for the largest tree */
  uint16_t *depths;            /* per node; 0 means not reached, the root has 1 */
  size_t words, sets;          /* used of forest->set_words and forest->sets */
  wf_error *err;
} loader;

static wf_status bad_node(const loader *l, size_t node, const char *what) {
  return wf_fail(l->err, WF_CORRUPT, "tree %zu, node %zu: %s", l->number, node, what);
}

/* Integers of a validated-length array; a real among them is a bad document. */
static bool integer(const wf_doc_value *array, size_t index, int64_t low, int64_t high,
                    int64_t *out) {
  return wf_doc_integer_at(array, index, out) && *out >= low && *out <= high;
}

static wf_status node_array(const wf_doc_value **out, const wf_doc_value *tree, const char *key,
                            size_t n, const char *where, wf_error *err) {
  WF_TRY(wf_load_get(out, tree, key, WF_DOC_NUMBERS, where, err));
  if ((*out)->count == n) return WF_OK;
  return wf_fail(err, WF_CORRUPT, "%s: %s has %zu elements, but the tree has %zu nodes", where, key,
                 (size_t)(*out)->count, n);
}

static wf_status find_set_arrays(tree_arrays *in, const wf_doc_value *tree, const char *where,
                                 wf_error *err) {
  static const wf_doc_value none = {.kind = WF_DOC_ARRAY};
  const struct {
    const char *key;
    const wf_doc_value **to;
  } arrays[] = {{"categories", &in->categories},
                {"categories_nodes", &in->set_nodes},
                {"categories_segments", &in->set_begins},
                {"categories_sizes", &in->set_sizes}};
  for (size_t i = 0; i < 4; i++) {
    WF_TRY(wf_load_find(arrays[i].to, tree, arrays[i].key, WF_DOC_NUMBERS, where, err));
    if (!*arrays[i].to) *arrays[i].to = &none;
  }
  if (in->set_begins->count == in->set_nodes->count &&
      in->set_sizes->count == in->set_nodes->count) {
    return WF_OK;
  }
  return wf_fail(err, WF_CORRUPT,
                 "%s: categories_nodes, categories_segments and categories_sizes differ in length",
                 where);
}

static wf_status find_arrays(loader *l, const wf_doc_value *tree) {
  tree_arrays *in = &l->in;
  wf_error *err = l->err;
  char where[40];
  snprintf(where, sizeof where, "tree %zu", l->number);
  const wf_doc_value *param = NULL, *base_weights = NULL;
  size_t n = 0, leaf_vector = 0, id = 0;
  WF_TRY(wf_load_get(&param, tree, "tree_param", WF_DOC_OBJECT, where, err));
  WF_TRY(wf_load_count(&n, param, "num_nodes", -1, where, err));
  WF_TRY(wf_load_count(&in->n_deleted, param, "num_deleted", 0, where, err));
  WF_TRY(wf_load_count(&leaf_vector, param, "size_leaf_vector", 0, where, err));
  if (leaf_vector > 1) {
    return wf_fail(err, WF_UNSUPPORTED, "%s has vector leaves (multi_output_tree)", where);
  }
  WF_TRY(wf_load_count(&id, tree, "id", (int64_t)l->number, where, err));
  if (id != l->number) return wf_fail(err, WF_CORRUPT, "%s has the id %zu", where, id);
  if (n == 0 || n > INT32_MAX) {
    return wf_fail(err, WF_CORRUPT, "%s has %zu nodes", where, n);
  }
  in->n_nodes = n;
  WF_TRY(node_array(&in->left, tree, "left_children", n, where, err));
  WF_TRY(node_array(&in->right, tree, "right_children", n, where, err));
  WF_TRY(node_array(&in->parents, tree, "parents", n, where, err));
  WF_TRY(node_array(&in->features, tree, "split_indices", n, where, err));
  WF_TRY(node_array(&in->conditions, tree, "split_conditions", n, where, err));
  WF_TRY(node_array(&in->default_left, tree, "default_left", n, where, err));
  WF_TRY(node_array(&in->covers, tree, "sum_hessian", n, where, err));
  WF_TRY(node_array(&in->gains, tree, "loss_changes", n, where, err));
  WF_TRY(node_array(&base_weights, tree, "base_weights", n, where, err));
  WF_TRY(wf_load_find(&in->types, tree, "split_type", WF_DOC_NUMBERS, where, err));
  if (in->types) WF_TRY(node_array(&in->types, tree, "split_type", n, where, err));
  return find_set_arrays(in, tree, where, err);
}

/* The set of set_nodes[index] becomes sets[sets++]. The caller has checked the segment. */
static wf_status load_set(loader *l, size_t node, size_t begin, size_t size) {
  int64_t category, largest = 0;
  for (size_t i = begin; i < begin + size; i++) {
    if (!integer(l->in.categories, i, 0, WF_FOREST_MAX_CATEGORY - 1, &category)) {
      return bad_node(l, node, "a category is out of range");
    }
    if (category > largest) largest = category;
  }
  wf_category_set *set = &l->forest->sets[l->sets++];
  uint32_t *words = l->forest->set_words + l->words;
  *set = (wf_category_set){words, (uint32_t)(largest / 32 + 1), false};
  if (set->n_words > size + 8) set->listed = true, set->n_words = (uint32_t)size;
  l->words += set->n_words;
  if (!set->listed) memset(words, 0, set->n_words * sizeof *words);
  int64_t before = -1;
  for (size_t i = 0; i < size; i++) {
    wf_doc_integer_at(l->in.categories, begin + i, &category);
    if (category <= before) return bad_node(l, node, "its categories are not in order");
    before = category;
    if (set->listed) {
      words[i] = (uint32_t)category;
    } else {
      words[category / 32] |= 1u << (category % 32);
    }
  }
  return WF_OK;
}

/* Gives nodes their sets, whether they are splits still or not. */
static wf_status load_sets(loader *l, wf_node *nodes) {
  const tree_arrays *in = &l->in;
  int64_t node, begin, size, before = -1;
  size_t used = 0;
  for (size_t i = 0; i < in->set_nodes->count; i++) {
    if (!integer(in->set_nodes, i, before + 1, (int64_t)in->n_nodes - 1, &node)) {
      return wf_fail(l->err, WF_CORRUPT,
                     "tree %zu: categories_nodes is not an ascending list of nodes", l->number);
    }
    before = node;
    size_t room = in->categories->count - used;
    if (!integer(in->set_begins, i, (int64_t)used, (int64_t)used, &begin) ||
        !integer(in->set_sizes, i, 1, (int64_t)room, &size)) {
      return bad_node(l, (size_t)node, "its categories are empty, overlap or run past the end");
    }
    WF_TRY(load_set(l, (size_t)node, used, (size_t)size));
    used += (size_t)size;
    nodes[node].set = (uint32_t)l->sets;
  }
  return WF_OK;
}

static wf_status load_leaf(loader *l, size_t node, wf_node *out) {
  int64_t right;
  if (!integer(l->in.right, node, -1, -1, &right)) {
    return bad_node(l, node, "it has a right child but no left one");
  }
  float value = wf_doc_real_at(l->in.conditions, node);
  /* As dart predicts: a zeroed margin plus the leaf, then times the tree's weight. */
  if (l->weights) value = (0.0f + value) * wf_doc_real_at(l->weights, l->number);
  if (!isfinite(value)) return bad_node(l, node, "its leaf value is not finite");
  *out = (wf_node){.value = value};
  return WF_OK;
}

static wf_status load_split(loader *l, size_t node, int64_t left, wf_node *out) {
  const tree_arrays *in = &l->in;
  int64_t feature, default_left, type = 0, right;
  if (left < 1 || left > (int64_t)in->n_nodes - 2) {
    return bad_node(l, node, "a child is out of range");
  }
  if (!integer(in->right, node, left + 1, left + 1, &right)) {
    return bad_node(l, node, "its right child does not follow the left one");
  }
  if (!integer(in->features, node, 0, (int64_t)l->forest->n_features - 1, &feature)) {
    return bad_node(l, node, "its split_index is not a feature of the model");
  }
  if (!integer(in->default_left, node, 0, 1, &default_left)) {
    return bad_node(l, node, "default_left is not 0 or 1");
  }
  if (in->types && !integer(in->types, node, 0, 1, &type)) {
    return bad_node(l, node, "split_type is not 0 (numeric) or 1 (categorical)");
  }
  if (type == 1 && out->set == 0) {
    return bad_node(l, node, "it splits on categories but has none");
  }
  float condition = wf_doc_real_at(in->conditions, node);
  if (type == 0 && !isfinite(condition)) {
    return bad_node(l, node, "its split condition is not finite");
  }
  if (!isfinite(wf_doc_real_at(in->gains, node))) {
    return bad_node(l, node, "its loss change is not finite");
  }
  *out = (wf_node){.value = type == 0 ? condition : 0,
                   .feature = (uint32_t)feature | (default_left ? WF_NODE_DEFAULT_LEFT : 0),
                   .left = (uint32_t)left,
                   .set = type == 0 ? 0 : out->set};
  return WF_OK;
}

static wf_status reach_child(loader *l, size_t parent, size_t child) {
  int64_t stated;
  if (l->depths[child]) return bad_node(l, child, "it is the child of two nodes");
  if (!integer(l->in.parents, child, (int64_t)parent, (int64_t)parent, &stated)) {
    return bad_node(l, child, "its entry in parents is not its parent");
  }
  if (l->depths[parent] > WF_FOREST_MAX_DEPTH) {
    return wf_fail(l->err, WF_LIMIT, "tree %zu is deeper than %d levels", l->number,
                   WF_FOREST_MAX_DEPTH);
  }
  l->depths[child] = (uint16_t)(l->depths[parent] + 1);
  return WF_OK;
}

static wf_status load_node(loader *l, wf_tree *tree, wf_node *nodes, size_t node, size_t *top) {
  float cover = wf_doc_real_at(l->in.covers, node);
  if (!(cover >= 0) || !isfinite(cover)) {
    return bad_node(l, node, "its sum_hessian is negative or not finite");
  }
  l->forest->covers[tree->first + node] = cover;
  l->forest->gains[tree->first + node] = wf_doc_real_at(l->in.gains, node);
  int64_t left;
  if (!wf_doc_integer_at(l->in.left, node, &left)) {
    return bad_node(l, node, "its left child is not an integer");
  }
  if (l->depths[node] - 1 > tree->depth) tree->depth = (uint16_t)(l->depths[node] - 1);
  if (left == -1) {
    tree->n_leaves++;
    return load_leaf(l, node, &nodes[node]);
  }
  WF_TRY(load_split(l, node, left, &nodes[node]));
  tree->categorical |= nodes[node].set != 0;
  for (size_t child = (size_t)left; child < (size_t)left + 2; child++) {
    WF_TRY(reach_child(l, node, child));
    l->pending[(*top)++] = (uint32_t)child;
  }
  return WF_OK;
}

/* Nodes nothing leads to. libxgboost looks their parents up, so those must be in range too. */
static wf_status check_deleted(loader *l, wf_node *nodes) {
  const tree_arrays *in = &l->in;
  size_t n_deleted = 0;
  int64_t feature, default_left, parent;
  for (size_t i = 1; i < in->n_nodes; i++) {
    bool marked = integer(in->features, i, DELETED_FEATURE, DELETED_FEATURE, &feature) &&
                  integer(in->default_left, i, 1, 1, &default_left);
    if (l->depths[i] && marked) return bad_node(l, i, "it is marked as deleted, yet in the tree");
    if (l->depths[i]) continue;
    if (!marked) return bad_node(l, i, "no node leads to it");
    if (!integer(in->parents, i, 0, (int64_t)in->n_nodes - 1, &parent)) {
      return bad_node(l, i, "its parent is out of range");
    }
    n_deleted++;
    nodes[i] = (wf_node){.value = 0};
  }
  if (n_deleted == in->n_deleted) return WF_OK;
  return wf_fail(l->err, WF_CORRUPT, "tree %zu: num_deleted is %zu, but %zu nodes are", l->number,
                 in->n_deleted, n_deleted);
}

static wf_status load_tree(loader *l, wf_tree *tree) {
  wf_node *nodes = l->forest->nodes + tree->first;
  memset(l->depths, 0, tree->n_nodes * sizeof *l->depths);
  int64_t parent;
  if (!wf_doc_integer_at(l->in.parents, 0, &parent) ||
      (parent != -1 && parent != DELETED_FEATURE)) {
    return bad_node(l, 0, "the root has a parent");
  }
  WF_TRY(load_sets(l, nodes));
  size_t top = 0;
  l->pending[top++] = 0;
  l->depths[0] = 1;
  while (top) WF_TRY(load_node(l, tree, nodes, l->pending[--top], &top));
  return check_deleted(l, nodes);
}

/* First pass: how much of everything. Array lengths are thereby checked before allocation, so
 * memory follows the document's real size, not what it claims. */
static wf_status measure(loader *l, const wf_doc_value *trees, size_t *n_nodes, size_t *n_sets,
                         size_t *n_words, size_t *largest) {
  *n_nodes = *n_sets = *n_words = *largest = 0;
  for (size_t i = 0; i < trees->count; i++) {
    if (trees->items[i].kind != WF_DOC_OBJECT) {
      return wf_fail(l->err, WF_PARSE, "tree %zu is not an object", i);
    }
    l->number = i;
    WF_TRY(find_arrays(l, &trees->items[i]));
    l->forest->trees[i].first = *n_nodes;
    l->forest->trees[i].n_nodes = (uint32_t)l->in.n_nodes;
    *n_nodes += l->in.n_nodes;
    *n_sets += l->in.set_nodes->count;
    *n_words += l->in.categories->count + 8 * l->in.set_nodes->count;
    if (l->in.n_nodes > *largest) *largest = l->in.n_nodes;
  }
  return WF_OK;
}

static wf_status allocate(loader *l, size_t n_nodes, size_t n_sets, size_t n_words,
                          size_t largest) {
  wf_forest *forest = l->forest;
  forest->n_nodes = n_nodes;
  forest->n_sets = n_sets;
  forest->nodes = wf_alloc_aligned(n_nodes * sizeof *forest->nodes);
  forest->covers = wf_alloc_zero(n_nodes, sizeof *forest->covers);
  forest->gains = wf_alloc_zero(n_nodes, sizeof *forest->gains);
  forest->sets = wf_alloc_array(n_sets, sizeof *forest->sets);
  forest->set_words = wf_alloc_array(n_words, sizeof *forest->set_words);
  l->pending = wf_alloc_array(largest + 2, sizeof *l->pending);
  l->depths = wf_alloc_array(largest, sizeof *l->depths);
  if (!forest->nodes || !forest->covers || !forest->gains || !forest->sets || !forest->set_words ||
      !l->pending || !l->depths) {
    return wf_fail_nomem(l->err);
  }
  memset(forest->nodes, 0, n_nodes * sizeof *forest->nodes);
  return WF_OK;
}

static wf_status load_groups(loader *l, const wf_doc_value *model) {
  wf_forest *forest = l->forest;
  const wf_doc_value *info = NULL;
  WF_TRY(wf_load_get(&info, model, "tree_info", WF_DOC_NUMBERS, "gbtree", l->err));
  if (info->count != forest->n_trees) {
    return wf_fail(l->err, WF_CORRUPT, "tree_info has %zu elements, but there are %zu trees",
                   (size_t)info->count, forest->n_trees);
  }
  for (size_t i = 0; i < forest->n_trees; i++) {
    int64_t group;
    if (!integer(info, i, 0, (int64_t)forest->n_groups - 1, &group)) {
      return wf_fail(l->err, WF_CORRUPT,
                     "tree %zu: its entry in tree_info is not one of the %zu outputs", i,
                     forest->n_groups);
    }
    forest->trees[i].group = (uint32_t)group;
  }
  return WF_OK;
}

static wf_status load_iterations(wf_forest *forest, const wf_doc_value *indptr, wf_error *err) {
  int64_t before = 0, at = -1;
  bool good = indptr->count > 0;
  for (size_t i = 0; good && i < indptr->count; i++) {
    good = integer(indptr, i, before, i ? (int64_t)forest->n_trees : 0, &at);
    if (good) forest->round_trees[i] = (size_t)at;
    before = at;
  }
  if (!good || at != (int64_t)forest->n_trees) {
    return wf_fail(err, WF_CORRUPT, "iteration_indptr does not ascend from 0 to the %zu trees",
                   forest->n_trees);
  }
  forest->n_rounds = indptr->count - 1;
  return WF_OK;
}

/* Which trees belong to which boosting round: stated since 2.0, computed before. */
static wf_status load_rounds(wf_forest *forest, const wf_doc_value *model, size_t n_parallel,
                             wf_error *err) {
  const wf_doc_value *indptr = NULL;
  WF_TRY(wf_load_find(&indptr, model, "iteration_indptr", WF_DOC_NUMBERS, "gbtree", err));
  size_t per_round = n_parallel * forest->n_groups;
  size_t n_rounds = indptr ? indptr->count : forest->n_trees / per_round;
  if (!indptr && n_rounds * per_round != forest->n_trees) {
    return wf_fail(err, WF_CORRUPT, "%zu trees do not make whole rounds of %zu", forest->n_trees,
                   per_round);
  }
  forest->round_trees = wf_alloc_array(n_rounds + 1, sizeof *forest->round_trees);
  if (!forest->round_trees) return wf_fail_nomem(err);
  if (indptr) return load_iterations(forest, indptr, err);
  for (size_t i = 0; i <= n_rounds; i++) forest->round_trees[i] = i * per_round;
  forest->n_rounds = n_rounds;
  return WF_OK;
}

static wf_status load_shape(loader *l, const wf_doc_value *model, const wf_doc_value *trees) {
  const wf_doc_value *param = NULL;
  size_t n_trees = 0, n_parallel = 0;
  WF_TRY(wf_load_get(&param, model, "gbtree_model_param", WF_DOC_OBJECT, "gbtree", l->err));
  WF_TRY(wf_load_count(&n_trees, param, "num_trees", -1, "gbtree", l->err));
  WF_TRY(wf_load_count(&n_parallel, param, "num_parallel_tree", 1, "gbtree", l->err));
  if (n_trees != trees->count) {
    return wf_fail(l->err, WF_CORRUPT, "num_trees is %zu, but there are %zu trees", n_trees,
                   (size_t)trees->count);
  }
  if (n_parallel == 0 || n_parallel > INT32_MAX) {
    return wf_fail(l->err, WF_CORRUPT, "num_parallel_tree is %zu", n_parallel);
  }
  l->forest->n_trees = n_trees;
  l->forest->trees = wf_alloc_zero(n_trees, sizeof *l->forest->trees);
  if (!l->forest->trees) return wf_fail_nomem(l->err);
  WF_TRY(load_groups(l, model));
  return load_rounds(l->forest, model, n_parallel, l->err);
}

static wf_status check_weights(const loader *l) {
  const wf_doc_value *weights = l->weights;
  if (!weights) return WF_OK;
  if (weights->count != l->forest->n_trees) {
    return wf_fail(l->err, WF_CORRUPT, "weight_drop has %zu elements, but there are %zu trees",
                   (size_t)weights->count, l->forest->n_trees);
  }
  for (size_t i = 0; i < l->forest->n_trees; i++) {
    if (!isfinite(wf_doc_real_at(weights, i))) {
      return wf_fail(l->err, WF_CORRUPT, "tree %zu: its weight_drop is not finite", i);
    }
  }
  return WF_OK;
}

static wf_status load_all(loader *l, const wf_doc_value *trees) {
  size_t n_nodes = 0, n_sets = 0, n_words = 0, largest = 0;
  WF_TRY(check_weights(l));
  WF_TRY(measure(l, trees, &n_nodes, &n_sets, &n_words, &largest));
  WF_TRY(allocate(l, n_nodes, n_sets, n_words, largest));
  for (size_t i = 0; i < l->forest->n_trees; i++) {
    l->number = i;
    WF_TRY(find_arrays(l, &trees->items[i]));
    WF_TRY(load_tree(l, &l->forest->trees[i]));
  }
  return WF_OK;
}

wf_status wf_load_trees(wf_forest *forest, const wf_doc_value *model, const wf_doc_value *weights,
                        wf_error *err) {
  loader l = {.forest = forest, .weights = weights, .err = err};
  const wf_doc_value *trees = NULL;
  WF_TRY(wf_load_get(&trees, model, "trees", WF_DOC_ARRAY, "gbtree", err));
  WF_TRY(load_shape(&l, model, trees));
  wf_status status = load_all(&l, trees);
  wf_free(l.pending);
  wf_free(l.depths);
  return status;
}
