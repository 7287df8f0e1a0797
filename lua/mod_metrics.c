/* mod_metrics.c — wf.core.metrics: how good predictions are. A metric that is undefined for its
 * input is absent. */
#include "convert.h"
#include "field.h"
#include "modules.h"

#include "wf/metrics.h"

static void check_length(lua_State *L, const char *what, const wf_column *column, size_t n) {
  if (wf_column_count(column) != n)
    wfl_fail(L, WF_INVALID, "%s: %I values for %I labels", what,
             (lua_Integer)wf_column_count(column), (lua_Integer)n);
}

/* Labels (argument 1) as doubles; the pushed value owns them. */
static double *push_labels(lua_State *L, const char *what, size_t *n) {
  const wf_column *column = wfl_check(L, 1, WFL_COLUMN);
  *n = wf_column_count(column);
  return wfl_push_doubles(L, column, lua_pushfstring(L, "%s: labels", what));
}

static double *push_scores(lua_State *L, const char *what, size_t n) {
  const wf_column *column = wfl_check(L, 2, WFL_COLUMN);
  const char *label = lua_pushfstring(L, "%s: scores", what);
  check_length(L, label, column, n);
  return wfl_push_doubles(L, column, label);
}

/* The option `weights`, or NULL. */
static double *push_weights(lua_State *L, const char *what, size_t n) {
  const wf_column *column = wfl_option_object(L, 3, what, "weights", WFL_COLUMN, false);
  if (!column) return NULL;
  const char *label = lua_pushfstring(L, "%s: weights", what);
  check_length(L, label, column, n);
  return wfl_push_doubles(L, column, label);
}

/* binary(labels, scores, {weights=, threshold=}) */
static int metrics_binary(lua_State *L) {
  static const char what[] = "metrics.binary";
  wfl_options(L, 3, what, (const char *const[]){"weights", "threshold", NULL});
  double threshold = wfl_option_number(L, 3, what, "threshold", 0.5);
  size_t n;
  const double *labels = push_labels(L, what, &n);
  const double *scores = push_scores(L, what, n), *weights = push_weights(L, what, n);
  wf_binary_metrics m;
  wf_error err = WF_ERROR_INIT;
  if (wf_metrics_binary(&m, labels, scores, weights, n, threshold, &err) != WF_OK)
    return wfl_raise(L, &err);
  lua_createtable(L, 0, 20);
  wfl_set_count(L, "n", m.n);
  wfl_set_number(L, "threshold", m.threshold);
  wfl_set_number(L, "positives", m.positives);
  wfl_set_number(L, "tp", m.tp);
  wfl_set_number(L, "fp", m.fp);
  wfl_set_number(L, "fn", m.fn);
  wfl_set_number(L, "tn", m.tn);
  wfl_set_number(L, "roc_auc", m.roc_auc);
  wfl_set_number(L, "pr_auc", m.pr_auc);
  wfl_set_number(L, "log_loss", m.log_loss);
  wfl_set_number(L, "brier", m.brier);
  wfl_set_number(L, "accuracy", m.accuracy);
  wfl_set_number(L, "balanced_accuracy", m.balanced_accuracy);
  wfl_set_number(L, "precision", m.precision);
  wfl_set_number(L, "recall", m.recall);
  wfl_set_number(L, "specificity", m.specificity);
  wfl_set_number(L, "f1", m.f1);
  wfl_set_number(L, "mcc", m.mcc);
  return 1;
}

/* regression(labels, predictions, {weights=}) */
static int metrics_regression(lua_State *L) {
  static const char what[] = "metrics.regression";
  wfl_options(L, 3, what, (const char *const[]){"weights", NULL});
  size_t n;
  const double *labels = push_labels(L, what, &n);
  const double *scores = push_scores(L, what, n), *weights = push_weights(L, what, n);
  wf_regression_metrics m;
  wf_error err = WF_ERROR_INIT;
  if (wf_metrics_regression(&m, labels, scores, weights, n, &err) != WF_OK)
    return wfl_raise(L, &err);
  lua_createtable(L, 0, 5);
  wfl_set_count(L, "n", m.n);
  wfl_set_number(L, "rmse", m.rmse);
  wfl_set_number(L, "mae", m.mae);
  wfl_set_number(L, "mse", m.mse);
  wfl_set_number(L, "r2", m.r2);
  return 1;
}

/* The frame of class probabilities (argument 2), row after row. */
static double *push_probabilities(lua_State *L, const char *what, size_t n, size_t *n_classes) {
  const wf_frame *frame = wfl_check(L, 2, WFL_FRAME);
  size_t k = *n_classes = wf_frame_column_count(frame), cells;
  if (wf_frame_row_count(frame) != n)
    wfl_fail(L, WF_INVALID, "%s: %I rows of scores for %I labels", what,
             (lua_Integer)wf_frame_row_count(frame), (lua_Integer)n);
  if (__builtin_mul_overflow(n, k, &cells)) wfl_fail(L, WF_LIMIT, "%s: too many scores", what);
  double *scores = wfl_scratch(L, cells, sizeof *scores);
  for (size_t c = 0; c < k; c++) {
    const char *label = lua_pushfstring(L, "%s: scores '%s'", what, wf_frame_name_at(frame, c));
    const double *column = wfl_push_doubles(L, wf_frame_column_at(frame, c), label);
    for (size_t i = 0; i < n; i++) scores[i * k + c] = column[i];
    lua_pop(L, 2);
  }
  return scores;
}

static void push_confusion(lua_State *L, const double *confusion, size_t k) {
  lua_createtable(L, (int)k, 0);
  for (size_t i = 0; i < k; i++) {
    lua_createtable(L, (int)k, 0);
    for (size_t j = 0; j < k; j++) {
      lua_pushnumber(L, confusion[i * k + j]);
      lua_rawseti(L, -2, (lua_Integer)j + 1);
    }
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
}

/* multiclass(labels, frame of probabilities, {weights=}): labels are class numbers from 0 */
static int metrics_multiclass(lua_State *L) {
  static const char what[] = "metrics.multiclass";
  wfl_options(L, 3, what, (const char *const[]){"weights", NULL});
  size_t n, k;
  const double *labels = push_labels(L, what, &n);
  const double *scores = push_probabilities(L, what, n, &k), *weights = push_weights(L, what, n);
  if (k > 10000) return wfl_fail(L, WF_LIMIT, "%s: more than 10000 classes", what);
  double *confusion = wfl_scratch(L, k * k, sizeof *confusion);
  wf_multiclass_metrics m;
  wf_error err = WF_ERROR_INIT;
  if (wf_metrics_multiclass(&m, confusion, labels, scores, weights, n, k, &err) != WF_OK)
    return wfl_raise(L, &err);
  lua_createtable(L, 0, 12);
  wfl_set_count(L, "n", m.n);
  wfl_set_count(L, "n_classes", m.n_classes);
  wfl_set_number(L, "accuracy", m.accuracy);
  wfl_set_number(L, "log_loss", m.log_loss);
  wfl_set_number(L, "macro_precision", m.macro_precision);
  wfl_set_number(L, "macro_recall", m.macro_recall);
  wfl_set_number(L, "macro_f1", m.macro_f1);
  wfl_set_number(L, "weighted_precision", m.weighted_precision);
  wfl_set_number(L, "weighted_recall", m.weighted_recall);
  wfl_set_number(L, "weighted_f1", m.weighted_f1);
  wfl_set_number(L, "roc_auc_ovr", m.roc_auc_ovr);
  push_confusion(L, confusion, k);
  lua_setfield(L, -2, "confusion");
  return 1;
}

static void free_points(void *points) { wf_curve_free(points); }

/* Adds the member at `offset` of every point; `values` is scratch for n numbers. */
static void add_points(wfl_frame_maker *maker, const char *name, const wf_curve_point *points,
                       size_t n, size_t offset, double *values) {
  for (size_t i = 0; i < n; i++)
    values[i] = *(const double *)(const void *)((const char *)&points[i] + offset);
  wfl_maker_add_f64(maker, name, values, n);
}

/* curve(labels, scores, {weights=}) → frame(threshold, tp, fp, fn, tn) */
static int metrics_curve(lua_State *L) {
  static const char what[] = "metrics.curve";
  wfl_options(L, 3, what, (const char *const[]){"weights", NULL});
  size_t n, n_points;
  const double *labels = push_labels(L, what, &n);
  const double *scores = push_scores(L, what, n), *weights = push_weights(L, what, n);
  wf_error err = WF_ERROR_INIT;
  wf_curve_point *points;
  wfl_class(L, "wf.curve", NULL, NULL, free_points);
  wfl_box *box = wfl_newbox(L, "wf.curve");
  if (wf_metrics_curve(&points, &n_points, labels, scores, weights, n, &err) != WF_OK)
    return wfl_raise(L, &err);
  box->ptr = points;
  double *scratch = wfl_scratch(L, n_points, sizeof *scratch);
  wfl_frame_maker maker;
  wfl_maker_begin(&maker, L);
  add_points(&maker, "threshold", points, n_points, offsetof(wf_curve_point, threshold), scratch);
  add_points(&maker, "tp", points, n_points, offsetof(wf_curve_point, tp), scratch);
  add_points(&maker, "fp", points, n_points, offsetof(wf_curve_point, fp), scratch);
  add_points(&maker, "fn", points, n_points, offsetof(wf_curve_point, fn), scratch);
  add_points(&maker, "tn", points, n_points, offsetof(wf_curve_point, tn), scratch);
  wfl_maker_end(&maker);
  return 1;
}

int wfl_open_metrics(lua_State *L) {
  static const luaL_Reg functions[] = {{"binary", metrics_binary},
                                       {"curve", metrics_curve},
                                       {"multiclass", metrics_multiclass},
                                       {"regression", metrics_regression},
                                       {NULL, NULL}};
  wfl_frame_classes(L);
  luaL_newlib(L, functions);
  return 1;
}
