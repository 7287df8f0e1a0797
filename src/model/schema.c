/* schema.c — the model's face: label, classes, raw inputs, features, objective, outputs.
 *
 * Only label and classes are information of the schema's own; the rest repeats recipe and forest
 * for readers that know neither, and is compared with them when a package is read. */
#include "model/schema.h"

#include "base/alloc.h"
#include "base/json.h"

#include <string.h>

enum { FORMAT = 1 };
static const char file_name[] = "schema.json";

void wf_schema_dispose(wf_schema *schema) {
  wf_free(schema->label);
  for (size_t i = 0; i < schema->n_classes; i++) wf_free(schema->classes[i]);
  wf_free(schema->classes);
  *schema = (wf_schema){0};
}

static wf_status copy_classes(wf_schema *out, const char *const *classes, size_t n, wf_error *err) {
  out->classes = wf_alloc_zero(n, sizeof *out->classes);
  if (!out->classes) return wf_fail_nomem(err);
  out->n_classes = n;
  for (size_t i = 0; i < n; i++) {
    out->classes[i] = wf_strdup(classes[i]);
    if (!out->classes[i]) return wf_fail_nomem(err);
  }
  return WF_OK;
}

wf_status wf_schema_copy(wf_schema *out, const char *label, const char *const *classes,
                         size_t n_classes, wf_error *err) {
  wf_schema schema = {0};
  schema.label = wf_strdup(label);
  wf_status status = schema.label ? WF_OK : wf_fail_nomem(err);
  if (status == WF_OK && n_classes) status = copy_classes(&schema, classes, n_classes, err);
  if (status != WF_OK)
    wf_schema_dispose(&schema);
  else
    *out = schema;
  return status;
}

/* ---- one model? --------------------------------------------------------------------------------
 */

static wf_status check_features(const wf_recipe *recipe, const wf_forest *forest, wf_error *err) {
  size_t n = wf_recipe_output_count(recipe);
  if (n != wf_forest_feature_count(forest))
    return wf_fail(err, WF_INVALID, "the recipe makes %zu features, but the forest takes %zu", n,
                   wf_forest_feature_count(forest));
  for (size_t i = 0; i < n; i++) {
    const char *made = wf_recipe_output_name(recipe, i), *taken = wf_forest_feature_name(forest, i);
    if (taken && strcmp(made, taken) != 0)
      return wf_fail(err, WF_INVALID,
                     "feature %zu is '%.80s' to the recipe, but '%.80s' to the forest", i + 1, made,
                     taken);
  }
  return WF_OK;
}

static wf_status check_classes(const wf_schema *schema, const wf_forest *forest, wf_error *err) {
  size_t groups = wf_forest_group_count(forest), expected = groups > 1 ? groups : 2;
  if (schema->n_classes != 0 && schema->n_classes != expected)
    return wf_fail(err, WF_INVALID, "%zu classes are named, but the forest (%s) has %zu",
                   schema->n_classes, wf_forest_objective(forest), expected);
  for (size_t i = 0; i < schema->n_classes; i++) {
    for (size_t k = 0; k < i; k++) {
      if (strcmp(schema->classes[i], schema->classes[k]) == 0)
        return wf_fail(err, WF_INVALID, "two classes are named '%.80s'", schema->classes[i]);
    }
  }
  return WF_OK;
}

wf_status wf_schema_check(const wf_schema *schema, const wf_recipe *recipe, const wf_forest *forest,
                          wf_error *err) {
  if (!wf_recipe_is_fitted(recipe)) return wf_fail(err, WF_INVALID, "the recipe is not fitted");
  if (!*schema->label) return wf_fail(err, WF_INVALID, "the label's name is empty");
  for (size_t i = 0; i < wf_recipe_input_count(recipe); i++) {
    if (strcmp(wf_recipe_input_name(recipe, i), schema->label) == 0)
      return wf_fail(err, WF_INVALID, "the label '%.80s' is also an input of the recipe",
                     schema->label);
  }
  WF_TRY(check_features(recipe, forest, err));
  return check_classes(schema, forest, err);
}

/* ---- writing ----------------------------------------------------------------------------------
 */

static const char *input_type(const wf_recipe *recipe, size_t index) {
  return wf_recipe_input_is_text(recipe, index) ? "text" : "number";
}

static void add_strings(wf_bytes *json, const char *key, char *const *texts, size_t n) {
  wf_bytes_format(json, ",\n  \"%s\": [", key);
  for (size_t i = 0; i < n; i++) {
    if (i) wf_bytes_text(json, ", ");
    wf_json_add_string(json, wf_view_of(texts[i]));
  }
  wf_bytes_char(json, ']');
}

static void add_inputs(wf_bytes *json, const wf_recipe *recipe) {
  wf_bytes_text(json, ",\n  \"inputs\": [");
  for (size_t i = 0; i < wf_recipe_input_count(recipe); i++) {
    wf_bytes_text(json, i ? ",\n    {\"name\": " : "\n    {\"name\": ");
    wf_json_add_string(json, wf_view_of(wf_recipe_input_name(recipe, i)));
    wf_bytes_format(json, ", \"type\": \"%s\"}", input_type(recipe, i));
  }
  wf_bytes_text(json, "\n  ],\n  \"features\": [");
  for (size_t i = 0; i < wf_recipe_output_count(recipe); i++) {
    wf_bytes_text(json, i ? ",\n    " : "\n    ");
    wf_json_add_string(json, wf_view_of(wf_recipe_output_name(recipe, i)));
  }
  wf_bytes_text(json, "\n  ]");
}

wf_status wf_schema_format(char **out, size_t *size, const wf_schema *schema,
                           const wf_recipe *recipe, const wf_forest *forest, wf_error *err) {
  wf_bytes json = {0};
  wf_bytes_format(&json, "{\n  \"format\": %d,\n  \"label\": ", FORMAT);
  wf_json_add_string(&json, wf_view_of(schema->label));
  if (schema->classes) add_strings(&json, "classes", schema->classes, schema->n_classes);
  wf_bytes_text(&json, ",\n  \"objective\": ");
  wf_json_add_string(&json, wf_view_of(wf_forest_objective(forest)));
  wf_bytes_format(&json, ",\n  \"outputs\": %zu", wf_forest_group_count(forest));
  add_inputs(&json, recipe);
  wf_bytes_text(&json, "\n}\n");
  return wf_bytes_take(&json, out, size, err);
}

/* ---- reading ----------------------------------------------------------------------------------
 */

static wf_status fail_differs(wf_error *err, const char *what, const char *other) {
  return wf_fail(err, WF_CORRUPT, "%s: its %s are not those of %s", file_name, what, other);
}

static wf_status compare_inputs(const json_t *json, const wf_recipe *recipe, wf_error *err) {
  json_t *inputs, *input;
  size_t i;
  WF_TRY(wf_json_get_array(&inputs, json, "inputs", file_name, err));
  if (json_array_size(inputs) != wf_recipe_input_count(recipe))
    return fail_differs(err, "inputs", "recipe.json");
  json_array_foreach(inputs, i, input) {
    const char *name, *type;
    WF_TRY(wf_json_get_string(&name, input, "name", file_name, err));
    WF_TRY(wf_json_get_string(&type, input, "type", file_name, err));
    if (strcmp(name, wf_recipe_input_name(recipe, i)) != 0 ||
        strcmp(type, input_type(recipe, i)) != 0)
      return fail_differs(err, "inputs", "recipe.json");
  }
  return WF_OK;
}

static wf_status compare_features(const json_t *json, const wf_recipe *recipe, wf_error *err) {
  json_t *features, *feature;
  size_t i;
  WF_TRY(wf_json_get_array(&features, json, "features", file_name, err));
  if (json_array_size(features) != wf_recipe_output_count(recipe))
    return fail_differs(err, "features", "recipe.json");
  json_array_foreach(features, i, feature) {
    const char *name = json_string_value(feature);
    if (!name || strcmp(name, wf_recipe_output_name(recipe, i)) != 0)
      return fail_differs(err, "features", "recipe.json");
  }
  return WF_OK;
}

static wf_status compare_forest(const json_t *json, const wf_forest *forest, wf_error *err) {
  const char *objective;
  int64_t outputs;
  WF_TRY(wf_json_get_string(&objective, json, "objective", file_name, err));
  WF_TRY(wf_json_get_integer(&outputs, json, "outputs", file_name, err));
  if (strcmp(objective, wf_forest_objective(forest)) != 0 || outputs < 0 ||
      (uint64_t)outputs != wf_forest_group_count(forest))
    return fail_differs(err, "objective and outputs", "xgboost-model");
  return WF_OK;
}

/* The label and the classes, borrowed from the document. */
static wf_status read_own(wf_schema *out, const json_t *json, wf_error *err) {
  const char *label;
  WF_TRY(wf_json_get_string(&label, json, "label", file_name, err));
  json_t *classes = NULL;
  if (json_object_get(json, "classes"))
    WF_TRY(wf_json_get_array(&classes, json, "classes", file_name, err));
  size_t n = json_array_size(classes), i;
  const char **names = wf_alloc_array(n, sizeof *names);
  if (!names) return wf_fail_nomem(err);
  wf_status status = WF_OK;
  json_t *item;
  json_array_foreach(classes, i, item) {
    names[i] = json_string_value(item);
    if (!names[i]) status = wf_fail(err, WF_PARSE, "%s: class %zu is no text", file_name, i + 1);
  }
  if (status == WF_OK) status = wf_schema_copy(out, label, names, n, err);
  wf_free(names);
  return status;
}

static wf_status read_json(wf_schema *out, const json_t *json, const wf_recipe *recipe,
                           const wf_forest *forest, wf_error *err) {
  int64_t format;
  WF_TRY(wf_json_get_integer(&format, json, "format", file_name, err));
  if (format != FORMAT)
    return wf_fail(err, WF_UNSUPPORTED, "%s: format %lld; this version reads %d", file_name,
                   (long long)format, (int)FORMAT);
  WF_TRY(compare_inputs(json, recipe, err));
  WF_TRY(compare_features(json, recipe, err));
  WF_TRY(compare_forest(json, forest, err));
  return read_own(out, json, err);
}

wf_status wf_schema_parse(wf_schema *out, wf_view text, const wf_recipe *recipe,
                          const wf_forest *forest, wf_error *err) {
  json_t *json;
  WF_TRY(wf_json_parse(&json, text, file_name, err));
  wf_status status = read_json(out, json, recipe, forest, err);
  json_decref(json);
  return status;
}
