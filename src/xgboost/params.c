/* params.c — the names, values and conflicts XGBoost would pass over in silence.
 *
 * One table says what each parameter may be and which boosters read it. Aliases name the same
 * parameter, so giving both is a conflict. Values go to XGBoost as normalised text ("5.0" for an
 * integer becomes "5"), because scripts do not always keep integers integral. Parameters that would
 * go past wf (threads, log level, devices, continued training) are refused with a reason. */
#include "xgboost/params.h"

#include "base/bytes.h"
#include "base/number.h"
#include "base/suggest.h"

#include <math.h>
#include <string.h>
#include <strings.h>

enum { TREE = 1, DART = 2, LINEAR = 4, TREES = TREE | DART, ALL = TREES | LINEAR };

typedef enum rule_kind {
  NUMBER,
  ABOVE,
  INTEGER,
  BOOLEAN,
  CHOICE,
  TEXT,
  SPECIAL,
  REFUSED
} rule_kind;

typedef struct rule {
  const char *name, *alias_of;
  rule_kind kind;
  int boosters;
  double min, max;  /* NUMBER, INTEGER: inclusive; ABOVE: above min */
  const char *text; /* CHOICE: the values; REFUSED: why */
} rule;

#define INF __builtin_inf()
#define NUMBER_RULE(name, alias, boosters, min, max) \
  { name, alias, NUMBER, boosters, min, max, NULL }
#define SHARE_RULE(name, boosters) \
  { name, NULL, ABOVE, boosters, 0, 1, NULL }
#define INTEGER_RULE(name, alias, boosters, min) \
  { name, alias, INTEGER, boosters, min, 0x7fffffff, NULL }
#define BOOLEAN_RULE(name, boosters) \
  { name, NULL, BOOLEAN, boosters, 0, 0, NULL }
#define CHOICE_RULE(name, boosters, values) \
  { name, NULL, CHOICE, boosters, 0, 0, values }
#define REFUSED_RULE(name, why) \
  { name, NULL, REFUSED, ALL, 0, 0, why }

static const rule rules[] = {
    {"objective", NULL, SPECIAL, ALL, 0, 0, NULL},
    {"eval_metric", NULL, SPECIAL, ALL, 0, 0, NULL},
    CHOICE_RULE("booster", ALL, "gbtree dart gblinear"),
    INTEGER_RULE("num_class", NULL, ALL, 0),
    NUMBER_RULE("base_score", NULL, ALL, -INF, INF),
    INTEGER_RULE("seed", NULL, ALL, -0x7fffffff),
    INTEGER_RULE("random_state", "seed", ALL, -0x7fffffff),
    BOOLEAN_RULE("seed_per_iteration", ALL),
    BOOLEAN_RULE("disable_default_eval_metric", ALL),
    BOOLEAN_RULE("validate_parameters", ALL),

    NUMBER_RULE("eta", NULL, ALL, 0, INF),
    NUMBER_RULE("learning_rate", "eta", ALL, 0, INF),
    NUMBER_RULE("gamma", NULL, TREES, 0, INF),
    NUMBER_RULE("min_split_loss", "gamma", TREES, 0, INF),
    INTEGER_RULE("max_depth", NULL, TREES, 0),
    INTEGER_RULE("max_leaves", NULL, TREES, 0),
    NUMBER_RULE("min_child_weight", NULL, TREES, 0, INF),
    NUMBER_RULE("max_delta_step", NULL, ALL, 0, INF),
    SHARE_RULE("subsample", TREES),
    CHOICE_RULE("sampling_method", TREES, "uniform"),
    SHARE_RULE("colsample_bytree", TREES),
    SHARE_RULE("colsample_bylevel", TREES),
    SHARE_RULE("colsample_bynode", TREES),
    NUMBER_RULE("lambda", NULL, ALL, 0, INF),
    NUMBER_RULE("reg_lambda", "lambda", ALL, 0, INF),
    NUMBER_RULE("alpha", NULL, ALL, 0, INF),
    NUMBER_RULE("reg_alpha", "alpha", ALL, 0, INF),
    CHOICE_RULE("tree_method", TREES, "auto exact approx hist"),
    CHOICE_RULE("grow_policy", TREES, "depthwise lossguide"),
    INTEGER_RULE("max_bin", NULL, TREES, 2),
    INTEGER_RULE("num_parallel_tree", NULL, TREES, 1),
    {"monotone_constraints", NULL, TEXT, TREES, 0, 0, NULL},
    {"interaction_constraints", NULL, TEXT, TREES, 0, 0, NULL},
    NUMBER_RULE("sketch_ratio", NULL, TREES, 0, INF),
    NUMBER_RULE("sparse_threshold", NULL, TREES, 0, 1),
    INTEGER_RULE("max_cat_to_onehot", NULL, TREES, 1),
    INTEGER_RULE("max_cat_threshold", NULL, TREES, 1),
    CHOICE_RULE("predictor", TREES, "auto cpu_predictor"),

    CHOICE_RULE("sample_type", DART, "uniform weighted"),
    CHOICE_RULE("normalize_type", DART, "tree forest"),
    NUMBER_RULE("rate_drop", NULL, DART, 0, 1),
    BOOLEAN_RULE("one_drop", DART),
    NUMBER_RULE("skip_drop", NULL, DART, 0, 1),

    CHOICE_RULE("feature_selector", LINEAR, "cyclic shuffle random greedy thrifty"),
    INTEGER_RULE("top_k", NULL, LINEAR, 0),
    NUMBER_RULE("tolerance", NULL, LINEAR, 0, INF),
    {"updater", NULL, SPECIAL, ALL, 0, 0, NULL},

    NUMBER_RULE("scale_pos_weight", NULL, ALL, 0, INF),
    NUMBER_RULE("tweedie_variance_power", NULL, ALL, 1, 2),
    NUMBER_RULE("huber_slope", NULL, ALL, 0, INF),

    REFUSED_RULE("nthread", "use the option threads"),
    REFUSED_RULE("n_jobs", "use the option threads"),
    REFUSED_RULE("verbosity", "XGBoost's log is off here; watch rounds through the callback"),
    REFUSED_RULE("silent", "XGBoost's log is off here; watch rounds through the callback"),
    REFUSED_RULE("num_round", "use the option rounds"),
    REFUSED_RULE("num_boost_round", "use the option rounds"),
    REFUSED_RULE("n_estimators", "use the option rounds"),
    REFUSED_RULE("early_stopping_rounds", "it is an option beside the parameters, not one of them"),
    REFUSED_RULE("process_type", "continued training is not possible here"),
    REFUSED_RULE("refresh_leaf", "continued training is not possible here"),
    REFUSED_RULE("gpu_id", "training runs on the CPU"),
    REFUSED_RULE("device", "training runs on the CPU"),
    REFUSED_RULE("dsplit", "training runs in one process"),
};

typedef struct objective_rule {
  const char *name;
  wf_label_kind labels;
  const char *why; /* not possible here, because */
} objective_rule;

static const objective_rule objectives[] = {
    {"reg:squarederror", WF_LABEL_ANY, NULL},
    {"reg:linear", WF_LABEL_ANY, NULL},
    {"reg:squaredlogerror", WF_LABEL_ABOVE_ONE, NULL},
    {"reg:logistic", WF_LABEL_UNIT, NULL},
    {"reg:pseudohubererror", WF_LABEL_ANY, NULL},
    {"reg:absoluteerror", WF_LABEL_ANY, NULL},
    {"reg:gamma", WF_LABEL_POSITIVE, NULL},
    {"reg:tweedie", WF_LABEL_COUNT, NULL},
    {"binary:logistic", WF_LABEL_UNIT, NULL},
    {"binary:logitraw", WF_LABEL_UNIT, NULL},
    {"binary:hinge", WF_LABEL_BINARY, NULL},
    {"count:poisson", WF_LABEL_COUNT, NULL},
    {"multi:softmax", WF_LABEL_CLASS, NULL},
    {"multi:softprob", WF_LABEL_CLASS, NULL},
    {"survival:cox", WF_LABEL_ANY, NULL},
    {"survival:aft", WF_LABEL_ANY, "it needs label bounds"},
    {"rank:pairwise", WF_LABEL_ANY, "it needs query groups"},
    {"rank:ndcg", WF_LABEL_ANY, "it needs query groups"},
    {"rank:map", WF_LABEL_ANY, "it needs query groups"},
};

typedef struct metric_rule {
  const char *name;
  bool maximised, takes_argument, needs_argument, needs_classes;
} metric_rule;

static const metric_rule metrics[] = {
    {.name = "rmse"},
    {.name = "rmsle"},
    {.name = "mae"},
    {.name = "mape"},
    {.name = "mphe"},
    {.name = "logloss"},
    {.name = "error", .takes_argument = true},
    {.name = "merror", .needs_classes = true},
    {.name = "mlogloss", .needs_classes = true},
    {.name = "auc", .maximised = true},
    {.name = "aucpr", .maximised = true},
    {.name = "ndcg", .maximised = true, .takes_argument = true},
    {.name = "map", .maximised = true, .takes_argument = true},
    {.name = "pre", .maximised = true, .takes_argument = true},
    {.name = "ams", .maximised = true, .takes_argument = true, .needs_argument = true},
    {.name = "poisson-nloglik"},
    {.name = "gamma-nloglik"},
    {.name = "gamma-deviance"},
    {.name = "cox-nloglik"},
    {.name = "tweedie-nloglik", .takes_argument = true, .needs_argument = true},
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- did you mean -----------------------------------------------------------------------------
 */

static wf_status fail_unknown(wf_error *err, const char *what, const char *name, const void *names,
                              size_t n, size_t stride) {
  const char *best = wf_suggest(name, names, n, stride);
  if (!best) return wf_fail(err, WF_INVALID, "unknown %s '%.60s'", what, name);
  return wf_fail(err, WF_INVALID, "unknown %s '%.60s'; did you mean '%s'?", what, name, best);
}

/* ---- values -----------------------------------------------------------------------------------
 */

static wf_status take(char **out, const char *text, wf_error *err) {
  *out = wf_strdup(text);
  return *out ? WF_OK : wf_fail_nomem(err);
}

static wf_status check_integer(char **out, const rule *r, const char *value, wf_error *err) {
  double number;
  if (!wf_parse_f64(wf_view_of(value), false, &number) || number != floor(number) ||
      number < r->min || number > r->max) {
    return wf_fail(err, WF_INVALID, "parameter '%s': '%.40s' is not an integer >= %.0f", r->name,
                   value, r->min);
  }
  char text[WF_NUMBER_TEXT];
  wf_format_i64(text, (int64_t)number);
  return take(out, text, err);
}

static wf_status check_number(char **out, const rule *r, const char *value, wf_error *err) {
  double number;
  bool read = wf_parse_f64(wf_view_of(value), false, &number) && isfinite(number);
  if (read && number <= r->max && (r->kind == ABOVE ? number > r->min : number >= r->min)) {
    return take(out, value, err);
  }
  const char *low = r->kind == ABOVE ? ">" : ">=";
  if (isfinite(r->max)) {
    return wf_fail(err, WF_INVALID, "parameter '%s': '%.40s' is not a number %s %g and <= %g",
                   r->name, value, low, r->min, r->max);
  }
  if (isfinite(r->min)) {
    return wf_fail(err, WF_INVALID, "parameter '%s': '%.40s' is not a number %s %g", r->name, value,
                   low, r->min);
  }
  return wf_fail(err, WF_INVALID, "parameter '%s': '%.40s' is not a finite number", r->name, value);
}

static wf_status check_boolean(char **out, const rule *r, const char *value, wf_error *err) {
  if (strcasecmp(value, "true") == 0 || strcmp(value, "1") == 0) return take(out, "1", err);
  if (strcasecmp(value, "false") == 0 || strcmp(value, "0") == 0) return take(out, "0", err);
  return wf_fail(err, WF_INVALID, "parameter '%s': '%.40s' is neither true nor false", r->name,
                 value);
}

/* `value` is one of the words of `choices`. */
static bool is_choice(const char *choices, const char *value) {
  size_t length = strlen(value);
  for (const char *word = choices; *word;) {
    size_t size = strcspn(word, " ");
    if (size == length && memcmp(word, value, size) == 0) return true;
    word += size + (word[size] == ' ');
  }
  return false;
}

static wf_status check_choice(char **out, const rule *r, const char *value, wf_error *err) {
  if (is_choice(r->text, value)) return take(out, value, err);
  if (strncmp(value, "gpu_", 4) == 0 || strcmp(value, "gradient_based") == 0) {
    return wf_fail(err, WF_UNSUPPORTED,
                   "parameter '%s': '%.40s' needs a GPU; training runs on "
                   "the CPU (%s)",
                   r->name, value, r->text);
  }
  return wf_fail(err, WF_INVALID, "parameter '%s': '%.40s' is none of: %s", r->name, value,
                 r->text);
}

/* ---- objective, metrics, updater --------------------------------------------------------------
 */

static wf_status check_objective(wf_xgb_params *params, const char *value, wf_error *err) {
  for (size_t i = 0; i < COUNT(objectives); i++) {
    const objective_rule *o = &objectives[i];
    if (strcmp(o->name, value) != 0) continue;
    if (o->why) {
      return wf_fail(err, WF_UNSUPPORTED, "objective '%s' is not possible here: %s", value, o->why);
    }
    params->objective = o->name;
    params->labels = o->labels;
    return WF_OK;
  }
  return fail_unknown(err, "objective", value, &objectives[0].name, COUNT(objectives),
                      sizeof *objectives);
}

/* The rule of "name" or "name@argument"; NULL when there is none. */
static const metric_rule *find_metric(const char *metric) {
  size_t length = strcspn(metric, "@");
  bool minus = length > 0 && metric[length] == '\0' && metric[length - 1] == '-';
  for (size_t i = 0; i < COUNT(metrics); i++) {
    size_t size = strlen(metrics[i].name);
    bool same = size == length && strncmp(metrics[i].name, metric, size) == 0;
    bool same_minus = minus && size + 1 == length && metrics[i].takes_argument &&
                      metrics[i].maximised && strncmp(metrics[i].name, metric, size) == 0;
    if (same || same_minus) return &metrics[i];
  }
  return NULL;
}

const char *wf_xgb_params_find(const wf_xgb_params *params, const char *name) {
  for (size_t i = 0; i < params->items.count; i++) {
    if (strcmp(params->items.items[i].name, name) == 0) return params->items.items[i].value;
  }
  return NULL;
}

size_t wf_xgb_params_max_bin(const wf_xgb_params *params) {
  enum { DEFAULT = 256 };
  const char *text = wf_xgb_params_find(params, "max_bin");
  int64_t n;
  return text && wf_parse_i64(wf_view_of(text), &n) && n > 0 ? (size_t)n : (size_t)DEFAULT;
}

bool wf_xgb_metric_maximised(const char *metric) {
  const metric_rule *m = find_metric(metric);
  return m && m->maximised;
}

static wf_status check_metric(const char *value, wf_error *err) {
  const metric_rule *m = find_metric(value);
  if (!m) {
    return fail_unknown(err, "eval_metric", value, &metrics[0].name, COUNT(metrics),
                        sizeof *metrics);
  }
  const char *at = strchr(value, '@');
  if (!at) {
    if (!m->needs_argument) return WF_OK;
    return wf_fail(err, WF_INVALID, "eval_metric '%s' needs a number: \"%s@0.5\"", value, value);
  }
  size_t size = strlen(at + 1);
  if (size > 0 && at[size] == '-' && m->maximised) size--; /* ndcg@3- */
  double number;
  if (m->takes_argument && wf_parse_f64((wf_view){at + 1, size}, false, &number)) return WF_OK;
  return wf_fail(err, WF_INVALID, "eval_metric '%.60s': %s", value,
                 m->takes_argument ? "what follows @ is not a number" : "it takes no @ argument");
}

/* Left to tree_method, but gblinear's default updater races between threads. */
static wf_status check_updater(const char *value, wf_error *err) {
  if (strcmp(value, "coord_descent") == 0) return WF_OK;
  if (strcmp(value, "shotgun") == 0) {
    return wf_fail(err, WF_UNSUPPORTED,
                   "parameter \"updater\": \"shotgun\" gives results that "
                   "depend on thread timing; use coord_descent");
  }
  return wf_fail(err, WF_UNSUPPORTED, "parameter \"updater\": '%.40s' is chosen by tree_method",
                 value);
}

/* ---- one parameter ----------------------------------------------------------------------------
 */

static const rule *find_rule(const char *name) {
  for (size_t i = 0; i < COUNT(rules); i++) {
    if (strcmp(rules[i].name, name) == 0) return &rules[i];
  }
  return NULL;
}

static const char *canonical(const rule *r) { return r->alias_of ? r->alias_of : r->name; }

static wf_status check_conflict(const rule *r, const wf_xgboost_param *params, size_t index,
                                wf_error *err) {
  for (size_t i = 0; i < index; i++) {
    const rule *other = find_rule(params[i].name); /* checked before: it exists */
    if (strcmp(canonical(other), canonical(r)) != 0) continue;
    if (r->kind == SPECIAL && strcmp(r->name, "eval_metric") == 0) {
      if (strcmp(params[i].value, params[index].value) != 0) continue;
      return wf_fail(err, WF_INVALID, "eval_metric '%s' is given twice", params[i].value);
    }
    if (other == r) return wf_fail(err, WF_INVALID, "parameter '%s' is given twice", r->name);
    return wf_fail(err, WF_INVALID, "parameters '%s' and '%s' are the same; give one",
                   params[i].name, r->name);
  }
  return WF_OK;
}

static wf_status check_special(char **out, wf_xgb_params *params, const rule *r, const char *value,
                               wf_error *err) {
  if (strcmp(r->name, "objective") == 0) WF_TRY(check_objective(params, value, err));
  if (strcmp(r->name, "eval_metric") == 0) WF_TRY(check_metric(value, err));
  if (strcmp(r->name, "updater") == 0) WF_TRY(check_updater(value, err));
  return take(out, value, err);
}

static wf_status check_value(char **out, wf_xgb_params *params, const rule *r, const char *value,
                             wf_error *err) {
  switch (r->kind) {
  case NUMBER:
  case ABOVE: return check_number(out, r, value, err);
  case INTEGER: return check_integer(out, r, value, err);
  case BOOLEAN: return check_boolean(out, r, value, err);
  case CHOICE: return check_choice(out, r, value, err);
  case TEXT: return take(out, value, err);
  case SPECIAL: return check_special(out, params, r, value, err);
  case REFUSED: break;
  }
  return wf_fail(err, WF_UNSUPPORTED, "parameter '%s' cannot be given: %s", r->name, r->text);
}

static wf_status add(wf_xgb_params *params, const char *name, char *value, wf_error *err) {
  if (wf_array_push(&params->items, ((wf_xgb_param){name, value}))) return WF_OK;
  wf_free(value);
  return wf_fail_nomem(err);
}

static wf_status check_one(wf_xgb_params *out, const wf_xgboost_param *params, size_t index,
                           wf_error *err) {
  const rule *r = find_rule(params[index].name);
  if (!r) {
    return fail_unknown(err, "parameter", params[index].name, &rules[0].name, COUNT(rules),
                        sizeof *rules);
  }
  WF_TRY(check_conflict(r, params, index, err));
  char *value = NULL;
  WF_TRY(check_value(&value, out, r, params[index].value, err));
  return add(out, r->name, value, err);
}

/* ---- all together -----------------------------------------------------------------------------
 */

static const char *value_of(const wf_xgb_params *params, const char *name) {
  for (size_t i = 0; i < params->items.count; i++) {
    if (strcmp(params->items.items[i].name, name) == 0) return params->items.items[i].value;
  }
  return NULL;
}

static wf_status check_booster(wf_xgb_params *params, wf_error *err) {
  const char *booster = value_of(params, "booster");
  if (!booster) booster = "gbtree";
  int bit = strcmp(booster, "dart") == 0 ? DART : strcmp(booster, "gblinear") == 0 ? LINEAR : TREE;
  for (size_t i = 0; i < params->items.count; i++) {
    const rule *r = find_rule(params->items.items[i].name);
    if (r->boosters & bit) continue;
    return wf_fail(err, WF_INVALID, "parameter '%s' means nothing to booster '%s'", r->name,
                   booster);
  }
  params->has_no_trees = bit == LINEAR;
  const char *updater = value_of(params, "updater");
  if (bit != LINEAR && updater) {
    return wf_fail(err, WF_INVALID, "parameter \"updater\": '%s' belongs to booster gblinear",
                   updater);
  }
  if (bit != LINEAR || updater) return WF_OK;
  char *value = NULL;
  WF_TRY(take(&value, "coord_descent", err));
  return add(params, "updater", value, err);
}

static wf_status check_classes(wf_xgb_params *params, wf_error *err) {
  const char *text = value_of(params, "num_class");
  double n = 0;
  if (text && !wf_parse_f64(wf_view_of(text), false, &n)) n = 0;
  bool multi = params->labels == WF_LABEL_CLASS;
  if (multi && n < 2) {
    return wf_fail(err, WF_INVALID, "objective '%s' needs num_class, at least 2",
                   params->objective);
  }
  if (!multi && n > 1) {
    return wf_fail(err, WF_INVALID,
                   "num_class is for multi-class objectives; the objective is "
                   "'%s'",
                   params->objective);
  }
  params->n_classes = multi ? (size_t)n : 0;
  for (size_t i = 0; i < params->items.count; i++) {
    const wf_xgb_param *item = &params->items.items[i];
    if (multi || strcmp(item->name, "eval_metric") != 0) continue;
    if (!find_metric(item->value)->needs_classes) continue;
    return wf_fail(err, WF_INVALID,
                   "eval_metric '%s' needs a multi-class objective; the "
                   "objective is '%s'",
                   item->value, params->objective);
  }
  return WF_OK;
}

static wf_status check_all(wf_xgb_params *out, const wf_xgboost_param *params, size_t n,
                           wf_error *err) {
  for (size_t i = 0; i < n; i++) WF_TRY(check_one(out, params, i, err));
  WF_TRY(check_booster(out, err));
  return check_classes(out, err);
}

wf_status wf_xgb_params_check(wf_xgb_params *out, const wf_xgboost_param *params, size_t n,
                              wf_error *err) {
  wf_xgb_params checked = {.objective = "reg:squarederror", .labels = WF_LABEL_ANY};
  wf_status status = check_all(&checked, params, n, err);
  if (status == WF_OK) {
    *out = checked;
  } else {
    wf_xgb_params_dispose(&checked);
  }
  return status;
}

void wf_xgb_params_dispose(wf_xgb_params *params) {
  for (size_t i = 0; i < params->items.count; i++) wf_free(params->items.items[i].value);
  wf_free(params->items.items);
}
