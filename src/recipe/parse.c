/* parse.c — reading a recipe that may come from anywhere.
 *
 * Nothing in the document is believed: its version, every key (unknown ones are refused, so that a
 * document of a later version is not half understood), types, counts against each other, finite
 * numbers, distinct names, and that each step gets what it reads. What passes can be applied
 * without further checks. */
#include "recipe/format.h"
#include "recipe/recipe.h"
#include "recipe/unseen.h"
#include "recipe/values.h"

#include <stdio.h>
#include <string.h>

/* ---- pieces shared by steps -------------------------------------------------------------------
 */

void wf_unseen_format(wf_unseen unseen, wf_bytes *json) {
  wf_bytes_format(json, ", \"unseen\": \"%s\"", unseen == WF_UNSEEN_ERROR ? "error" : "missing");
}

wf_status wf_unseen_parse(wf_unseen *out, const json_t *object, const char *what, wf_error *err) {
  const char *text;
  WF_TRY(wf_json_get_string(&text, object, "unseen", what, err));
  if (strcmp(text, "missing") == 0) {
    *out = WF_UNSEEN_MISSING;
  } else if (strcmp(text, "error") == 0) {
    *out = WF_UNSEEN_ERROR;
  } else {
    return wf_fail(err, WF_PARSE, "%s: \"unseen\" is '%.40s', neither missing nor error", what,
                   text);
  }
  return WF_OK;
}

static bool is_among(const char *key, const char *const *keys) {
  for (; *keys; keys++) {
    if (strcmp(key, *keys) == 0) return true;
  }
  return false;
}

static wf_status check_keys(const json_t *object, const char *const *keys,
                            const char *const *more_keys, const char *what, wf_error *err) {
  const char *key;
  json_t *value;
  json_object_foreach((json_t *)object, key, value) {
    if (!is_among(key, keys) && !is_among(key, more_keys)) {
      return wf_fail(err, WF_PARSE, "%s: unknown key '%.60s'", what, key);
    }
  }
  return WF_OK;
}

wf_status wf_step_check_keys(const json_t *object, const char *const *keys, const char *what,
                             wf_error *err) {
  static const char *const common[] = {"kind", "column", NULL};
  return check_keys(object, keys, common, what, err);
}

/* ---- steps ------------------------------------------------------------------------------------
 */

static wf_status parse_step(wf_step **out, const json_t *object, bool fitted, const char *what,
                            wf_error *err) {
  if (!json_is_object(object)) return wf_fail(err, WF_PARSE, "%s is not an object", what);
  const char *name;
  WF_TRY(wf_json_get_string(&name, object, "kind", what, err));
  const wf_step_kind *kind = wf_step_find_kind(name);
  if (!kind) return wf_fail(err, WF_PARSE, "%s: unknown kind '%.60s'", what, name);
  if (fitted && json_object_get(object, "column")) {
    return wf_fail(err, WF_PARSE, "%s: unknown key \"column\"", what);
  }
  return kind->parse(out, object, fitted, what, err);
}

/* ---- fitted -----------------------------------------------------------------------------------
 */

static wf_status parse_type(wf_input_type *out, const json_t *object, const char *what,
                            wf_error *err) {
  const char *name;
  WF_TRY(wf_json_get_string(&name, object, "type", what, err));
  for (wf_input_type type = WF_INPUT_NUMBER; type <= WF_INPUT_TEXT; type++) {
    if (strcmp(name, wf_input_type_name(type)) == 0) {
      *out = type;
      return WF_OK;
    }
  }
  return wf_fail(err, WF_PARSE, "%s: \"type\" is '%.40s', not number, bool, timestamp or text",
                 what, name);
}

static wf_status parse_steps(wf_recipe_input *input, const json_t *array, const char *what,
                             wf_error *err) {
  size_t n = json_array_size(array);
  if (n > WF_RECIPE_MAX_STEPS) return wf_fail(err, WF_LIMIT, "%s: %zu steps", what, n);
  input->steps = wf_alloc_array(n ? n : 1, sizeof(wf_step *));
  if (!input->steps) return wf_fail_nomem(err);
  for (size_t i = 0; i < n; i++) {
    char step[160];
    snprintf(step, sizeof step, "%.120s: step %zu", what, i + 1);
    WF_TRY(parse_step(&input->steps[i], json_array_get(array, i), true, step, err));
    input->n_steps++;
  }
  WF_TRY(wf_recipe_check_chain(input->name, input->type, input->steps, n, err));
  input->width = wf_recipe_chain_width(input->steps, n);
  return WF_OK;
}

/* Fills an empty input; whoever called disposes it, also on failure. */
static wf_status parse_input(wf_recipe_input *input, const json_t *object, const char *what,
                             wf_error *err) {
  static const char *const keys[] = {"column", "type", "steps", "features", "expression", NULL},
                           *const none[] = {NULL};
  if (!json_is_object(object)) return wf_fail(err, WF_PARSE, "%s is not an object", what);
  WF_TRY(check_keys(object, keys, none, what, err));
  const char *name;
  WF_TRY(wf_json_get_string(&name, object, "column", what, err));
  if (!*name) return wf_fail(err, WF_PARSE, "%s: the column name is empty", what);
  if (!(input->name = wf_strdup(name))) return wf_fail_nomem(err);
  WF_TRY(parse_type(&input->type, object, what, err));
  json_t *steps, *features;
  WF_TRY(wf_json_get_array(&steps, object, "steps", what, err));
  WF_TRY(parse_steps(input, steps, what, err));
  WF_TRY(wf_json_get_array(&features, object, "features", what, err));
  if (json_array_size(features) != input->width) {
    return wf_fail(err, WF_PARSE, "%s: %zu features are named, its steps make %zu", what,
                   json_array_size(features), input->width);
  }
  return WF_OK;
}

static wf_status add_distinct(wf_map *names, const char *name, const char *kind, wf_error *err) {
  size_t index;
  bool added;
  WF_TRY(wf_map_add(names, wf_view_of(name), &index, &added, err));
  if (added) return WF_OK;
  return wf_fail(err, WF_PARSE, "recipe: two %ss are named '%.60s'", kind, name);
}

/* A raw column, or one an expression makes; the recipe owns the input when this succeeds. */
static wf_status add_input(wf_recipe *recipe, wf_recipe_input *input, const json_t *object,
                           const char *what, wf_error *err) {
  const char *text;
  if (!json_object_get(object, "expression")) {
    if (recipe->n_raw < recipe->inputs.count) {
      return wf_fail(err, WF_PARSE, "%s: a raw column behind a derived one", what);
    }
    recipe->n_raw++;
    return wf_array_push(&recipe->inputs, *input) ? WF_OK : wf_fail_nomem(err);
  }
  WF_TRY(wf_json_get_string(&text, object, "expression", what, err));
  wf_input_type type = input->type;
  wf_step *step;
  wf_status status = wf_step_new_expression(&step, wf_view_of(text), err);
  if (status == WF_OK) {
    status = wf_recipe_bind_derived(recipe, input, step, err);
    wf_step_release(step);
  }
  if (status != WF_OK) return wf_fail_within(err, status, "%s", what);
  if (input->type != type) {
    return wf_fail(err, WF_PARSE, "%s: the expression makes a %s, not a %s", what,
                   wf_input_type_name(input->type), wf_input_type_name(type));
  }
  return wf_array_push(&recipe->inputs, *input) ? WF_OK : wf_fail_nomem(err);
}

static wf_status parse_inputs(wf_recipe *recipe, wf_map *names, const json_t *array,
                              wf_error *err) {
  size_t n = json_array_size(array);
  if (n == 0) return wf_fail(err, WF_PARSE, "recipe: no inputs");
  if (n > WF_RECIPE_MAX_INPUTS) return wf_fail(err, WF_LIMIT, "recipe: %zu inputs", n);
  for (size_t i = 0; i < n; i++) {
    char what[60];
    snprintf(what, sizeof what, "recipe: input %zu", i + 1);
    wf_recipe_input input = {0};
    wf_status status = parse_input(&input, json_array_get(array, i), what, err);
    if (status == WF_OK) status = add_distinct(names, input.name, "column", err);
    if (status == WF_OK) status = add_input(recipe, &input, json_array_get(array, i), what, err);
    if (status != WF_OK) {
      wf_recipe_dispose_input(&input);
      return status;
    }
  }
  return WF_OK;
}

static wf_status parse_feature(char **out, wf_map *names, const json_t *value, wf_error *err) {
  const char *name = json_string_value(value);
  if (!name || !*name || strpbrk(name, "[]<")) {
    return wf_fail(err, WF_PARSE, "recipe: a feature name is not text, empty, or holds [, ] or <");
  }
  WF_TRY(add_distinct(names, name, "feature", err));
  *out = wf_strdup(name);
  return *out ? WF_OK : wf_fail_nomem(err);
}

static wf_status parse_features(wf_recipe *recipe, wf_map *names, const json_t *array,
                                wf_error *err) {
  WF_TRY(wf_recipe_lay_out(recipe, err));
  for (size_t i = 0; i < recipe->inputs.count; i++) {
    const wf_recipe_input *input = &recipe->inputs.items[i];
    const json_t *features = json_object_get(json_array_get(array, i), "features");
    for (size_t j = 0; j < input->width; j++) {
      WF_TRY(parse_feature(&recipe->outputs[input->first_output + j], names,
                           json_array_get(features, j), err));
    }
  }
  recipe->fitted = true;
  return WF_OK;
}

static wf_status parse_fitted(wf_recipe *recipe, const json_t *document, wf_error *err) {
  static const char *const keys[] = {"format", "fitted", "inputs", NULL}, *const none[] = {NULL};
  WF_TRY(check_keys(document, keys, none, "recipe", err));
  json_t *array;
  WF_TRY(wf_json_get_array(&array, document, "inputs", "recipe", err));
  wf_map *columns = NULL, *features = NULL;
  wf_status status = wf_map_new(&columns, err);
  if (status == WF_OK) status = wf_map_new(&features, err);
  if (status == WF_OK) status = parse_inputs(recipe, columns, array, err);
  if (status == WF_OK) status = parse_features(recipe, features, array, err);
  wf_map_free(columns);
  wf_map_free(features);
  return status;
}

/* ---- declared ---------------------------------------------------------------------------------
 */

static wf_status parse_column(const char **out, const json_t *object, const wf_step *step,
                              const char *what, wf_error *err) {
  if (json_is_null(json_object_get(object, "column"))) {
    if (step->kind->needs_column) {
      return wf_fail(err, WF_PARSE, "%s: %s needs a column", what, step->kind->name);
    }
    *out = NULL;
    return WF_OK;
  }
  return wf_json_get_string(out, object, "column", what, err);
}

static wf_status parse_declared(wf_recipe *recipe, const json_t *document, wf_error *err) {
  static const char *const keys[] = {"format", "fitted", "steps", NULL}, *const none[] = {NULL};
  WF_TRY(check_keys(document, keys, none, "recipe", err));
  json_t *array;
  WF_TRY(wf_json_get_array(&array, document, "steps", "recipe", err));
  size_t n = json_array_size(array);
  if (n > WF_RECIPE_MAX_STEPS) return wf_fail(err, WF_LIMIT, "recipe: %zu steps", n);
  for (size_t i = 0; i < n; i++) {
    char what[60];
    snprintf(what, sizeof what, "recipe: step %zu", i + 1);
    const json_t *object = json_array_get(array, i);
    wf_step *step;
    WF_TRY(parse_step(&step, object, false, what, err));
    const char *column;
    wf_status status = parse_column(&column, object, step, what, err);
    if (status != WF_OK) {
      wf_step_release(step);
      return status;
    }
    WF_TRY(wf_recipe_declare(recipe, column, step, err));
  }
  return WF_OK;
}

/* ---- the document -----------------------------------------------------------------------------
 */

static wf_status parse_document(wf_recipe *recipe, const json_t *document, wf_error *err) {
  if (!json_is_object(document)) return wf_fail(err, WF_PARSE, "recipe: not a JSON object");
  int64_t format;
  WF_TRY(wf_json_get_integer(&format, document, "format", "recipe", err));
  if (format != WF_RECIPE_FORMAT) {
    return wf_fail(err, WF_UNSUPPORTED, "recipe: format %lld; this version reads format %d",
                   (long long)format, WF_RECIPE_FORMAT);
  }
  const json_t *fitted = json_object_get(document, "fitted");
  if (!json_is_boolean(fitted)) {
    return wf_fail(err, WF_PARSE, "recipe: \"fitted\" is missing or neither true nor false");
  }
  return json_is_true(fitted) ? parse_fitted(recipe, document, err)
                              : parse_declared(recipe, document, err);
}

wf_status wf_recipe_parse(wf_recipe **out, const char *text, size_t size, wf_error *err) {
  if (size > WF_RECIPE_MAX_DOCUMENT) {
    return wf_fail(err, WF_LIMIT, "recipe: larger than %d MiB", WF_RECIPE_MAX_DOCUMENT >> 20);
  }
  json_t *document;
  WF_TRY(wf_json_parse(&document, (wf_view){text, size}, "recipe", err));
  wf_recipe *recipe;
  wf_status status = wf_recipe_new(&recipe, err);
  if (status == WF_OK) {
    status = parse_document(recipe, document, err);
    if (status == WF_OK) {
      *out = recipe;
    } else {
      wf_recipe_release(recipe);
    }
  }
  json_decref(document);
  return status;
}
