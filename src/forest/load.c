/* load.c — the learner around the trees: parameters, objective, names, booster.
 *
 * Schema: "learner" { learner_model_param, objective, gradient_booster, feature_names?, attributes?
 * } and "version", as XGBoost 1.0 to 3.x write it. Parameters are strings. base_score is one number
 * ("5E-1") until 3.0 and a list ("[5E-1]", one per output or one for all) since. The booster is
 * gbtree, dart (the same trees with a weight each; 3.x may put them inside the gbtree model) or
 * gblinear. */
#include "forest/load.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/number.h"
#include "forest/layout.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_FEATURES = INT32_MAX };
static const size_t max_file_size = (size_t)1 << 30;

static const char *kind_name(wf_doc_kind kind) {
  static const char *const names[] = {"null",     "a boolean", "an integer",          "a number",
                                      "a string", "an array",  "an array of numbers", "an object"};
  return names[kind];
}

wf_status wf_load_find(const wf_doc_value **out, const wf_doc_value *object, const char *key,
                       wf_doc_kind kind, const char *where, wf_error *err) {
  const wf_doc_value *value = NULL;
  wf_status status = wf_doc_find(&value, object, key, err);
  if (status != WF_OK) return wf_fail_within(err, status, "%s", where);
  bool empty = value && value->kind == WF_DOC_ARRAY && value->count == 0;
  if (value && value->kind != kind && !(kind == WF_DOC_NUMBERS && empty)) {
    return wf_fail(err, WF_PARSE, "%s: \"%s\" is %s, not %s", where, key,
                   kind_name((wf_doc_kind)value->kind), kind_name(kind));
  }
  *out = value;
  return WF_OK;
}

wf_status wf_load_get(const wf_doc_value **out, const wf_doc_value *object, const char *key,
                      wf_doc_kind kind, const char *where, wf_error *err) {
  const wf_doc_value *value = NULL;
  WF_TRY(wf_load_find(&value, object, key, kind, where, err));
  if (!value) return wf_fail(err, WF_PARSE, "%s: \"%s\" is missing", where, key);
  *out = value;
  return WF_OK;
}

wf_status wf_load_count(size_t *out, const wf_doc_value *object, const char *key, int64_t missing,
                        const char *where, wf_error *err) {
  const wf_doc_value *value = NULL;
  wf_status status = wf_doc_find(&value, object, key, err);
  if (status != WF_OK) return wf_fail_within(err, status, "%s", where);
  int64_t count = missing;
  if (!value && missing < 0) {
    return wf_fail(err, WF_PARSE, "%s: \"%s\" is missing", where, key);
  }
  if (value) {
    bool good = value->kind == WF_DOC_INTEGER;
    if (good) count = value->integer;
    if (value->kind == WF_DOC_STRING) good = wf_parse_i64(wf_doc_text(value), &count);
    if (!good || count < 0) {
      return wf_fail(err, WF_PARSE, "%s: \"%s\" is not a non-negative integer", where, key);
    }
  }
  *out = (size_t)count;
  return WF_OK;
}

typedef struct learner {
  const wf_doc_value *document, *learner, *param;
  size_t major;
  wf_error *err;
} learner;

static wf_status load_version(learner *in) {
  const wf_doc_value *version = NULL;
  WF_TRY(wf_load_get(&version, in->document, "version", WF_DOC_NUMBERS, "model", in->err));
  int64_t major;
  if (version->count != 3 || !wf_doc_integer_at(version, 0, &major)) {
    return wf_fail(in->err, WF_PARSE, "\"version\" is not three integers");
  }
  if (major < 1 || major > 3) {
    return wf_fail(in->err, WF_UNSUPPORTED,
                   "the model was written by XGBoost %lld; models of 1.x, 2.x and 3.x are read",
                   (long long)major);
  }
  in->major = (size_t)major;
  return WF_OK;
}

static wf_status load_objective(wf_forest *forest, const learner *in) {
  const wf_doc_value *objective = NULL, *name = NULL;
  WF_TRY(wf_load_get(&objective, in->learner, "objective", WF_DOC_OBJECT, "learner", in->err));
  WF_TRY(wf_load_get(&name, objective, "name", WF_DOC_STRING, "objective", in->err));
  forest->objective = wf_objective_find(wf_doc_text(name));
  if (forest->objective) return WF_OK;
  int size = name->count < 100 ? (int)name->count : 100;
  return wf_fail(in->err, WF_UNSUPPORTED, "the objective \"%.*s\" is not known", size, name->text);
}

static bool is_multi_class(const wf_objective *objective) {
  return objective->transform == WF_TRANSFORM_SOFTMAX ||
         objective->transform == WF_TRANSFORM_ARGMAX;
}

/* Outputs per row: classes or targets, whichever there are. */
static wf_status load_sizes(wf_forest *forest, const learner *in) {
  const char *where = "learner_model_param";
  size_t n_classes = 0, n_targets = 0;
  WF_TRY(wf_load_count(&forest->n_features, in->param, "num_feature", -1, where, in->err));
  WF_TRY(wf_load_count(&n_classes, in->param, "num_class", 0, where, in->err));
  WF_TRY(wf_load_count(&n_targets, in->param, "num_target", 1, where, in->err));
  if (forest->n_features == 0 || forest->n_features > MAX_FEATURES) {
    return wf_fail(in->err, WF_CORRUPT, "num_feature is %zu", forest->n_features);
  }
  if (n_classes > WF_FOREST_MAX_GROUPS || n_targets > WF_FOREST_MAX_GROUPS) {
    return wf_fail(in->err, WF_LIMIT, "num_class or num_target is above %d", WF_FOREST_MAX_GROUPS);
  }
  if (n_classes > 1 && n_targets > 1) {
    return wf_fail(in->err, WF_CORRUPT, "the model has both several classes and several targets");
  }
  if (is_multi_class(forest->objective) && n_classes < 1) {
    return wf_fail(in->err, WF_CORRUPT, "%s needs a num_class", forest->objective->name);
  }
  forest->n_groups = n_classes > n_targets ? n_classes : n_targets;
  if (forest->n_groups == 0) forest->n_groups = 1;
  return WF_OK;
}

/* A softmax objective repeats num_class, and libxgboost transforms by that one. */
static wf_status check_class_count(const wf_forest *forest, const learner *in) {
  if (!is_multi_class(forest->objective)) return WF_OK;
  const wf_doc_value *objective = NULL, *param = NULL;
  size_t n_classes = 0;
  const char *where = "softmax_multiclass_param";
  WF_TRY(wf_load_get(&objective, in->learner, "objective", WF_DOC_OBJECT, "learner", in->err));
  WF_TRY(wf_load_get(&param, objective, where, WF_DOC_OBJECT, "objective", in->err));
  WF_TRY(wf_load_count(&n_classes, param, "num_class", -1, where, in->err));
  if (n_classes == forest->n_groups) return WF_OK;
  return wf_fail(in->err, WF_CORRUPT, "num_class is %zu in the objective but %zu in the model",
                 n_classes, forest->n_groups);
}

static wf_view next_part(wf_view *list) {
  const char *comma = memchr(list->data, ',', list->size);
  size_t size = comma ? (size_t)(comma - list->data) : list->size;
  wf_view part = {list->data, size};
  size_t skip = size + (comma != NULL);
  *list = (wf_view){list->data + skip, list->size - skip};
  while (part.size && part.data[0] == ' ') part.data++, part.size--;
  while (part.size && part.data[part.size - 1] == ' ') part.size--;
  return part;
}

/* "5E-1", or since 3.x "[5E-1,2E-1]". */
static wf_status load_base_scores(wf_forest *forest, const learner *in) {
  const wf_doc_value *text = NULL;
  WF_TRY(
      wf_load_get(&text, in->param, "base_score", WF_DOC_STRING, "learner_model_param", in->err));
  forest->base_margins = wf_alloc_array(forest->n_groups, sizeof *forest->base_margins);
  if (!forest->base_margins) return wf_fail_nomem(in->err);
  wf_view list = wf_doc_text(text);
  if (list.size >= 2 && list.data[0] == '[' && list.data[list.size - 1] == ']') {
    list = (wf_view){list.data + 1, list.size - 2};
  }
  size_t n = 0;
  do {
    double score;
    wf_view part = next_part(&list);
    if (!wf_parse_f64(part, false, &score)) {
      return wf_fail(in->err, WF_PARSE, "learner_model_param: base_score is not a number");
    }
    if (n == forest->n_groups) {
      return wf_fail(in->err, WF_CORRUPT, "there are more base_scores than the %zu outputs",
                     forest->n_groups);
    }
    WF_TRY(wf_objective_margin(forest->objective, (float)score, in->major >= 3,
                               &forest->base_margins[n++], in->err));
  } while (list.size);
  if (n != 1 && n != forest->n_groups) {
    return wf_fail(in->err, WF_CORRUPT, "there are %zu base_scores for %zu outputs", n,
                   forest->n_groups);
  }
  for (size_t i = n; i < forest->n_groups; i++) forest->base_margins[i] = forest->base_margins[0];
  return WF_OK;
}

/* Names reach messages, documents and file formats: UTF-8 and free of NUL. */
static bool is_plain_text(wf_view text) {
  const unsigned char *p = (const unsigned char *)text.data, *end = p + text.size;
  while (p < end) {
    unsigned char c = *p++;
    int more = c < 0x80 ? 0 : c >= 0xc2 && c < 0xe0 ? 1 : (c & 0xf0) == 0xe0 ? 2 : 3;
    if (c == 0 || (c >= 0x80 && c < 0xc2) || c > 0xf4 || end - p < more) return false;
    if ((c == 0xe0 && p[0] < 0xa0) || (c == 0xed && p[0] > 0x9f) || (c == 0xf0 && p[0] < 0x90) ||
        (c == 0xf4 && p[0] > 0x8f)) {
      return false;
    }
    for (; more > 0; more--) {
      if ((*p++ & 0xc0) != 0x80) return false;
    }
  }
  return true;
}

static wf_status load_names(wf_forest *forest, const learner *in) {
  const wf_doc_value *names = NULL;
  WF_TRY(wf_load_find(&names, in->learner, "feature_names", WF_DOC_ARRAY, "learner", in->err));
  if (!names || names->count == 0) return WF_OK;
  if (names->count != forest->n_features) {
    return wf_fail(in->err, WF_CORRUPT, "there are %zu feature_names for %zu features",
                   (size_t)names->count, forest->n_features);
  }
  forest->names = wf_alloc_zero(forest->n_features, sizeof *forest->names);
  if (!forest->names) return wf_fail_nomem(in->err);
  for (size_t i = 0; i < forest->n_features; i++) {
    const wf_doc_value *name = &names->items[i];
    if (name->kind != WF_DOC_STRING || !is_plain_text(wf_doc_text(name))) {
      return wf_fail(in->err, WF_PARSE, "feature_names: name %zu is not UTF-8 text", i);
    }
    forest->names[i] = wf_strndup(name->text, name->count);
    if (!forest->names[i]) return wf_fail_nomem(in->err);
  }
  return WF_OK;
}

/* Early stopping leaves the best round in the attributes. A slice of a model keeps the attribute
 * of the whole, so one that is out of range says nothing. */
static wf_status load_attributes(wf_forest *forest, const learner *in) {
  const wf_doc_value *attributes = NULL, *best = NULL;
  forest->best_round = -1;
  WF_TRY(wf_load_find(&attributes, in->learner, "attributes", WF_DOC_OBJECT, "learner", in->err));
  if (!attributes) return WF_OK;
  WF_TRY(wf_load_find(&best, attributes, "best_iteration", WF_DOC_STRING, "attributes", in->err));
  int64_t round;
  if (best && wf_parse_i64(wf_doc_text(best), &round) && round >= 0 &&
      (size_t)round < forest->n_rounds) {
    forest->best_round = round;
  }
  return WF_OK;
}

static wf_status load_linear(wf_forest *forest, const wf_doc_value *booster, wf_error *err) {
  const wf_doc_value *model = NULL, *weights = NULL;
  WF_TRY(wf_load_get(&model, booster, "model", WF_DOC_OBJECT, "gradient_booster", err));
  WF_TRY(wf_load_get(&weights, model, "weights", WF_DOC_NUMBERS, "gblinear", err));
  WF_TRY(wf_load_count(&forest->n_rounds, model, "boosted_rounds", 0, "gblinear", err));
  size_t expected = 0;
  if (__builtin_mul_overflow(forest->n_features + 1, forest->n_groups, &expected) ||
      weights->count != expected) {
    return wf_fail(err, WF_CORRUPT, "gblinear has %zu weights for %zu features and %zu outputs",
                   (size_t)weights->count, forest->n_features, forest->n_groups);
  }
  forest->weights = wf_alloc_array(expected, sizeof *forest->weights);
  if (!forest->weights) return wf_fail_nomem(err);
  for (size_t i = 0; i < expected; i++) {
    forest->weights[i] = wf_doc_real_at(weights, i);
    if (!isfinite(forest->weights[i])) {
      return wf_fail(err, WF_CORRUPT, "gblinear: weight %zu is not finite", i);
    }
  }
  return WF_OK;
}

static wf_status load_dart(wf_forest *forest, const wf_doc_value *booster, wf_error *err) {
  const wf_doc_value *inner = NULL, *model = NULL, *weights = NULL;
  WF_TRY(wf_load_find(&inner, booster, "gbtree", WF_DOC_OBJECT, "gradient_booster", err));
  if (inner) {
    WF_TRY(wf_load_get(&model, inner, "model", WF_DOC_OBJECT, "gbtree", err));
    WF_TRY(wf_load_get(&weights, booster, "weight_drop", WF_DOC_NUMBERS, "gradient_booster", err));
  } else {
    WF_TRY(wf_load_get(&model, booster, "model", WF_DOC_OBJECT, "gradient_booster", err));
    WF_TRY(wf_load_get(&weights, model, "weight_drop", WF_DOC_NUMBERS, "gbtree", err));
  }
  return wf_load_trees(forest, model, weights, err);
}

static wf_status load_gbtree(wf_forest *forest, const wf_doc_value *booster, wf_error *err) {
  const wf_doc_value *model = NULL, *weights = NULL;
  WF_TRY(wf_load_get(&model, booster, "model", WF_DOC_OBJECT, "gradient_booster", err));
  WF_TRY(wf_load_find(&weights, model, "weight_drop", WF_DOC_NUMBERS, "gbtree", err));
  if (weights && weights->count == 0) weights = NULL;
  return wf_load_trees(forest, model, weights, err);
}

static wf_status load_booster(wf_forest *forest, const learner *in) {
  const wf_doc_value *booster = NULL, *name = NULL;
  WF_TRY(wf_load_get(&booster, in->learner, "gradient_booster", WF_DOC_OBJECT, "learner", in->err));
  WF_TRY(wf_load_get(&name, booster, "name", WF_DOC_STRING, "gradient_booster", in->err));
  wf_view text = wf_doc_text(name);
  if (wf_view_equal(text, WF_VIEW("gbtree"))) return load_gbtree(forest, booster, in->err);
  if (wf_view_equal(text, WF_VIEW("dart"))) return load_dart(forest, booster, in->err);
  if (wf_view_equal(text, WF_VIEW("gblinear"))) return load_linear(forest, booster, in->err);
  int size = text.size < 100 ? (int)text.size : 100;
  return wf_fail(in->err, WF_UNSUPPORTED, "the booster \"%.*s\" is not known", size, text.data);
}

static int compare_features(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return x < y ? -1 : x > y;
}

/* Lists the features trees split on; the order of nodes does not matter. */
static wf_status list_used_features(wf_forest *forest, wf_error *err) {
  forest->used = wf_alloc_array(forest->n_nodes, sizeof *forest->used);
  forest->used_counts = wf_alloc_array(forest->n_nodes, sizeof *forest->used_counts);
  if (!forest->used || !forest->used_counts) return wf_fail_nomem(err);
  size_t n = 0;
  for (size_t i = 0; i < forest->n_nodes; i++) {
    if (forest->nodes[i].left) forest->used[n++] = forest->nodes[i].feature & ~WF_NODE_DEFAULT_LEFT;
  }
  if (n) qsort(forest->used, n, sizeof *forest->used, compare_features);
  for (size_t i = 0; i < n; i++) {
    if (forest->n_used && forest->used[forest->n_used - 1] == forest->used[i]) {
      forest->used_counts[forest->n_used - 1]++;
    } else {
      forest->used[forest->n_used] = forest->used[i];
      forest->used_counts[forest->n_used++] = 1;
    }
  }
  return WF_OK;
}

static wf_status load(wf_forest *forest, const wf_doc_value *document, wf_error *err) {
  learner in = {.document = document, .err = err};
  if (document->kind != WF_DOC_OBJECT) return wf_fail(err, WF_PARSE, "the model is not an object");
  WF_TRY(load_version(&in));
  WF_TRY(wf_load_get(&in.learner, document, "learner", WF_DOC_OBJECT, "model", err));
  WF_TRY(wf_load_get(&in.param, in.learner, "learner_model_param", WF_DOC_OBJECT, "learner", err));
  WF_TRY(load_objective(forest, &in));
  WF_TRY(load_sizes(forest, &in));
  WF_TRY(check_class_count(forest, &in));
  WF_TRY(load_base_scores(forest, &in));
  WF_TRY(load_names(forest, &in));
  WF_TRY(load_booster(forest, &in));
  WF_TRY(load_attributes(forest, &in));
  WF_TRY(list_used_features(forest, err));
  return wf_layout_new(&forest->layout, forest, err);
}

wf_status wf_forest_parse(wf_forest **out, const void *bytes, size_t size, wf_error *err) {
  wf_doc *doc;
  WF_TRY(wf_doc_parse(&doc, bytes, size, err));
  wf_forest *forest = wf_alloc_zero(1, sizeof *forest);
  wf_status status = forest ? WF_OK : wf_fail_nomem(err);
  if (forest) {
    atomic_init(&forest->references, 1);
    status = load(forest, wf_doc_root(doc), err);
  }
  wf_doc_free(doc);
  if (status != WF_OK) {
    wf_forest_release(forest);
    return status;
  }
  *out = forest;
  return WF_OK;
}

wf_status wf_forest_read(wf_forest **out, const char *path, wf_error *err) {
  char *bytes;
  size_t size = 0;
  WF_TRY(wf_file_read(path, max_file_size, &bytes, &size, err));
  wf_status status = wf_forest_parse(out, bytes, size, err);
  wf_free(bytes);
  if (status != WF_OK && status != WF_NOMEM) return wf_fail_within(err, status, "%s", path);
  return status;
}
