/* declare.c — adding steps. What can be wrong without seeing data is refused here; everything about
 * columns (absent, of the wrong type) waits for wf_recipe_fit. */
#include "base/suggest.h"
#include "recipe/recipe.h"
#include "recipe/values.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static bool same_column(const char *a, const char *b) {
  return a && b ? strcmp(a, b) == 0 : a == b;
}

static wf_status check_new(const wf_recipe *recipe, const char *column, const wf_step *step,
                           wf_error *err) {
  const char *name = step->kind->name;
  if (recipe->fitted) {
    return wf_fail(err, WF_INVALID, "the recipe is fitted; %s can no longer be added", name);
  }
  if (column && (!*column || !wf_text_is_plain(wf_view_of(column)))) {
    return wf_fail(err, WF_INVALID, "%s: the column name is empty or not valid UTF-8 text", name);
  }
  for (size_t i = 0; i < recipe->declared.count; i++) {
    const wf_recipe_declared *other = &recipe->declared.items[i];
    if (!same_column(other->column, column) || other->step->kind != step->kind) continue;
    if (!column) {
      return wf_fail(err, WF_INVALID, "%s of all %s columns is there already", name,
                     step->kind->reads_text ? "text" : "number");
    }
    return wf_fail(err, WF_INVALID, "column '%s' already has the step %s", column, name);
  }
  return WF_OK;
}

wf_status wf_recipe_declare(wf_recipe *recipe, const char *column, wf_step *step, wf_error *err) {
  wf_status status = check_new(recipe, column, step, err);
  char *copy = NULL;
  if (status == WF_OK && column && !(copy = wf_strdup(column))) status = wf_fail_nomem(err);
  if (status == WF_OK && !wf_array_push(&recipe->declared, ((wf_recipe_declared){copy, step}))) {
    status = wf_fail_nomem(err);
  }
  if (status != WF_OK) {
    wf_free(copy);
    wf_step_release(step);
  }
  return status;
}

static wf_status check_unseen(wf_unseen unseen, wf_error *err) {
  if (unseen == WF_UNSEEN_MISSING || unseen == WF_UNSEEN_ERROR) return WF_OK;
  return wf_fail(err, WF_INVALID, "%d is no policy for unseen values", (int)unseen);
}

wf_status wf_recipe_ordinal(wf_recipe *recipe, const char *column, const char *const *values,
                            size_t n_values, wf_unseen unseen, wf_error *err) {
  WF_TRY(check_unseen(unseen, err));
  char what[100];
  snprintf(what, sizeof what, "ordinal of column '%.60s'", column ? column : "*");
  wf_map *map = NULL;
  if (values) WF_TRY(wf_values_new(&map, values, n_values, what, err));
  wf_step *step;
  WF_TRY(wf_step_new_ordinal(&step, map, unseen, err));
  return wf_recipe_declare(recipe, column, step, err);
}

wf_status wf_recipe_one_hot(wf_recipe *recipe, const char *column, const char *const *values,
                            size_t n_values, const char *missing, wf_unseen unseen, wf_error *err) {
  WF_TRY(check_unseen(unseen, err));
  char what[100];
  snprintf(what, sizeof what, "one_hot of column '%.60s'", column ? column : "*");
  if (missing && !wf_text_is_plain(wf_view_of(missing))) {
    return wf_fail(err, WF_INVALID, "%s: the missing category is not valid UTF-8 text", what);
  }
  wf_map *map = NULL;
  if (values) WF_TRY(wf_values_new(&map, values, n_values, what, err));
  wf_step *step;
  WF_TRY(wf_step_new_one_hot(&step, map, missing, unseen, err));
  return wf_recipe_declare(recipe, column, step, err);
}

wf_status wf_recipe_impute(wf_recipe *recipe, const char *column, wf_impute how, double constant,
                           wf_error *err) {
  if ((int)how < WF_IMPUTE_MEAN || how > WF_IMPUTE_CONSTANT) {
    return wf_fail(err, WF_INVALID, "impute of column '%s': unknown way %d", column ? column : "*",
                   (int)how);
  }
  if (how == WF_IMPUTE_CONSTANT && !isfinite(constant)) {
    return wf_fail(err, WF_INVALID, "impute of column '%s': the constant is not a finite number",
                   column ? column : "*");
  }
  double value = how == WF_IMPUTE_CONSTANT ? constant : (double)NAN;
  wf_step *step;
  WF_TRY(wf_step_new_impute(&step, how, value, err));
  return wf_recipe_declare(recipe, column, step, err);
}

static wf_status check_text(const char *text, const char *step, const char *what, wf_error *err) {
  if (wf_text_is_plain(wf_view_of(text))) return WF_OK;
  return wf_fail(err, WF_INVALID, "%s: the %s is not valid UTF-8 text", step, what);
}

wf_status wf_recipe_impute_text(wf_recipe *recipe, const char *column, const char *value,
                                wf_error *err) {
  wf_step *step;
  if (value) WF_TRY(check_text(value, "impute", "value", err));
  wf_view view = {value, value ? strlen(value) : 0};
  WF_TRY(wf_step_new_impute_text(&step, view, err));
  return wf_recipe_declare(recipe, column, step, err);
}

wf_status wf_recipe_rare(wf_recipe *recipe, const char *column, double least, double share,
                         const char *name, wf_error *err) {
  if (!(least >= 0) || isinf(least) || !(share >= 0 && share <= 1)) {
    return wf_fail(err, WF_INVALID, "rare: the least count is not below 0, the share from 0 to 1");
  }
  WF_TRY(check_text(name, "rare", "name", err));
  wf_step *step;
  WF_TRY(wf_step_new_rare(&step, least, share, name, NULL, err));
  return wf_recipe_declare(recipe, column, step, err);
}

wf_status wf_recipe_hash(wf_recipe *recipe, const char *column, size_t n, wf_error *err) {
  wf_step *step;
  WF_TRY(wf_step_new_hash(&step, n, err));
  return wf_recipe_declare(recipe, column, step, err);
}

/* ---- numbers and rates ------------------------------------------------------------------------
 */

static wf_status declare(wf_recipe *recipe, const char *column, wf_status made, wf_step *step,
                         wf_error *err) {
  if (made != WF_OK) return made;
  if (column || !step->kind->needs_column) return wf_recipe_declare(recipe, column, step, err);
  wf_status status = wf_fail(err, WF_INVALID, "%s: no column is given", step->kind->name);
  wf_step_release(step);
  return status;
}

wf_status wf_recipe_scale(wf_recipe *recipe, const char *column, wf_scale how, wf_error *err) {
  wf_step *step = NULL;
  wf_status made = wf_step_new_scale(&step, how, (double)NAN, (double)NAN, err);
  return declare(recipe, column, made, step, err);
}

wf_status wf_recipe_clip(wf_recipe *recipe, const char *column, double low, double high,
                         double quantile, wf_error *err) {
  bool learns = quantile != 0;
  if (isinf(low) || isinf(high) || low > high) {
    return wf_fail(err, WF_INVALID, "clip: the bounds must be finite, the lower one first");
  }
  if (learns && (!(quantile > 0 && quantile < 0.5) || !isnan(low) || !isnan(high))) {
    return wf_fail(err, WF_INVALID, "clip: a quantile is within 0 and 0.5, and without bounds");
  }
  if (!learns && isnan(low) && isnan(high)) {
    return wf_fail(err, WF_INVALID, "clip: there is neither a bound nor a quantile");
  }
  wf_step *step = NULL;
  wf_status made = wf_step_new_clip(&step, low, high, learns ? quantile : (double)NAN, err);
  return declare(recipe, column, made, step, err);
}

wf_status wf_recipe_log(wf_recipe *recipe, const char *column, wf_error *err) {
  wf_step *step = NULL;
  wf_status made = wf_step_new_log(&step, err);
  return declare(recipe, column, made, step, err);
}

wf_status wf_recipe_quantile(wf_recipe *recipe, const char *column, size_t n, wf_error *err) {
  enum { MOST_KNOTS = 1 << 16 };
  if (n < 2 || n > MOST_KNOTS) {
    return wf_fail(err, WF_INVALID, "quantile: %zu knots; there are 2 to %d", n, (int)MOST_KNOTS);
  }
  wf_step *step = NULL;
  wf_status made = wf_step_new_quantile(&step, NULL, n, err);
  return declare(recipe, column, made, step, err);
}

wf_status wf_recipe_power(wf_recipe *recipe, const char *column, wf_error *err) {
  wf_step *step = NULL;
  wf_status made = wf_step_new_power(&step, (double)NAN, err);
  return declare(recipe, column, made, step, err);
}

wf_status wf_recipe_bin(wf_recipe *recipe, const char *column, wf_bin how, const double *edges,
                        size_t n, wf_error *err) {
  enum { MOST_PARTS = 1 << 16 };
  if (n > MOST_PARTS || (how != WF_BIN_EDGES && n < 2)) {
    return wf_fail(err, WF_INVALID, "bin: %zu parts; there are 2 to %d", n, (int)MOST_PARTS);
  }
  for (size_t i = 0; how == WF_BIN_EDGES && i < n; i++) {
    if (isfinite(edges[i]) && (i == 0 || edges[i] > edges[i - 1])) continue;
    return wf_fail(err, WF_INVALID, "bin: edge %zu is not finite or not above the one before",
                   i + 1);
  }
  wf_step *step = NULL;
  static const double none[1];
  const double *given = how == WF_BIN_EDGES ? (n ? edges : none) : NULL;
  wf_status made = wf_step_new_bin(&step, how, given, n, err);
  return declare(recipe, column, made, step, err);
}

wf_status wf_recipe_expression(wf_recipe *recipe, const char *name, const char *text,
                               wf_error *err) {
  if (!wf_text_is_plain(wf_view_of(text))) {
    return wf_fail(err, WF_INVALID, "expression of '%s': it is not valid UTF-8 text",
                   name ? name : "");
  }
  wf_step *step = NULL;
  wf_status made = wf_step_new_expression(&step, wf_view_of(text), err);
  if (made != WF_OK) return wf_fail_within(err, made, "expression of '%s'", name ? name : "");
  return declare(recipe, name, made, step, err);
}

wf_status wf_recipe_frequency(wf_recipe *recipe, const char *column, wf_error *err) {
  wf_step *step = NULL;
  wf_status made = wf_step_new_frequency(&step, NULL, NULL, err);
  return declare(recipe, column, made, step, err);
}

wf_status wf_recipe_target(wf_recipe *recipe, const char *column, const char *target,
                           double smoothing, wf_error *err) {
  if (!target || !*target || !wf_text_is_plain(wf_view_of(target))) {
    return wf_fail(err, WF_INVALID, "target: the target column's name is empty or not UTF-8");
  }
  if (!(smoothing >= 0) || isinf(smoothing)) {
    return wf_fail(err, WF_INVALID, "target: the smoothing is %g; it must not be below 0",
                   smoothing);
  }
  wf_step *step = NULL;
  wf_status made = wf_step_new_target(&step, target, smoothing, NULL, NULL, (double)NAN, err);
  return declare(recipe, column, made, step, err);
}

wf_status wf_recipe_date(wf_recipe *recipe, const char *column, const char *const *parts, size_t n,
                         wf_error *err) {
  wf_date_part found[WF_DATE_EPOCH + 1];
  for (size_t i = 0; i < n; i++) {
    if (i <= WF_DATE_EPOCH && wf_date_part_find(parts[i], &found[i])) continue;
    static const char *const names[] = {
#define DATE_NAME(name, text) text,
        WF_DATE_MAP(DATE_NAME)
#undef DATE_NAME
    };
    const char *nearest = wf_suggest(parts[i], names, sizeof names / sizeof *names, sizeof *names);
    return wf_fail(err, WF_INVALID, "date: there is no part '%.60s'%s%s%s", parts[i],
                   nearest ? "; did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
  }
  wf_step *step = NULL;
  wf_status made = wf_step_new_date(&step, found, n, err);
  return declare(recipe, column, made, step, err);
}

wf_status wf_recipe_drop(wf_recipe *recipe, const char *column, wf_error *err) {
  wf_step *step = NULL;
  wf_status made = wf_step_new_drop(&step, err);
  return declare(recipe, column, made, step, err);
}
