/* mod_model.c — wf.model: model packages. */
#include "mod_model.h"

#include "mod_json.h"
#include "mod_recipe.h"
#include "modules.h"
#include "trace.h"

#include "wf/model.h"

#include <stdlib.h>
#include <string.h>

static wf_model *check(lua_State *L) { return wfl_check(L, 1, WFL_MODEL); }

static int finish(lua_State *L, wfl_box *box, wf_model *model) {
  size_t size;
  box->ptr = model;
  wf_model_booster(model, &size);
  wfl_pressure(L, 2 * size);
  return 1;
}

/* ---- making -------------------------------------------------------------------------------------
 */

/* new{booster=, recipe=, label=, classes=, provenance=} */
static int model_new(lua_State *L) {
  static const char what[] = "model.new";
  static const char *const names[] = {"booster", "recipe", "label", "classes", "provenance", NULL};
  lua_settop(L, 1);
  wfl_options(L, 1, what, names);
  wf_model_parts parts = {
      .recipe = wfl_option_object(L, 1, what, "recipe", WFL_RECIPE, true),
      .label = wfl_option_string(L, 1, what, "label", NULL),
  };
  parts.booster = wfl_option_bytes(L, 1, what, "booster", &parts.booster_size);
  if (!parts.booster || !parts.label)
    return wfl_fail(L, WF_INVALID, "%s: 'booster' and 'label' are needed", what);
  if (!wf_recipe_is_fitted(parts.recipe))
    return wfl_fail(L, WF_INVALID, "%s: the recipe is not fitted yet", what);
  parts.classes = wfl_option_strings(L, 1, what, "classes", &parts.n_classes);
  if (lua_getfield(L, 1, "provenance") != LUA_TNIL) {
    wfl_push_json_text(L, -1, 0);
    parts.provenance = lua_tostring(L, -1);
  }
  wf_error err = WF_ERROR_INIT;
  wf_model *model;
  wfl_box *box = wfl_newbox(L, WFL_MODEL);
  if (wf_model_new(&model, &parts, &err) != WF_OK) return wfl_raise(L, &err);
  return finish(L, box, model);
}

static int model_read(lua_State *L) {
  const char *path = wfl_check_text(L, 1);
  wfl_trace_file(L, path);
  wf_error err = WF_ERROR_INIT;
  wf_model *model;
  wfl_box *box = wfl_newbox(L, WFL_MODEL);
  if (wf_model_read(&model, path, &err) != WF_OK) return wfl_raise_path(L, &err, path);
  return finish(L, box, model);
}

static int model_unpack(lua_State *L) {
  size_t size;
  const char *bytes = luaL_checklstring(L, 1, &size);
  wf_error err = WF_ERROR_INIT;
  wf_model *model;
  wfl_box *box = wfl_newbox(L, WFL_MODEL);
  if (wf_model_unpack(&model, bytes, size, &err) != WF_OK) return wfl_raise(L, &err);
  return finish(L, box, model);
}

/* ---- keeping ------------------------------------------------------------------------------------
 */

static int model_write(lua_State *L) {
  const wf_model *model = check(L);
  const char *path = wfl_check_text(L, 2);
  wf_error err = WF_ERROR_INIT;
  if (wf_model_write(model, path, &err) != WF_OK) return wfl_raise_path(L, &err, path);
  return 0;
}

static int model_pack(lua_State *L) {
  const wf_model *model = check(L);
  wf_error err = WF_ERROR_INIT;
  char *bytes;
  size_t size;
  wfl_box *box = wfl_newtext(L);
  if (wf_model_pack(&bytes, &size, model, &err) != WF_OK) return wfl_raise(L, &err);
  box->ptr = bytes;
  wfl_push_text(L, box, size);
  return 1;
}

static int model_digest(lua_State *L) {
  wf_error err = WF_ERROR_INIT;
  char digest[65];
  if (wf_model_digest(digest, check(L), &err) != WF_OK) return wfl_raise(L, &err);
  lua_pushstring(L, digest);
  return 1;
}

/* ---- looking ------------------------------------------------------------------------------------
 */

static int model_label(lua_State *L) {
  lua_pushstring(L, wf_model_label(check(L)));
  return 1;
}

/* The names of the classes, or nil. */
static int model_classes(lua_State *L) {
  const wf_model *model = check(L);
  size_t n = wf_model_class_count(model);
  if (n == 0) return 0;
  lua_createtable(L, (int)n, 0);
  for (size_t i = 0; i < n; i++) {
    lua_pushstring(L, wf_model_class_name(model, i));
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return 1;
}

static int model_provenance(lua_State *L) {
  const char *text = wf_model_provenance(check(L));
  wfl_push_json_value(L, text, strlen(text), "provenance");
  return 1;
}

static int model_recipe(lua_State *L) {
  const wf_model *model = check(L);
  wfl_box *box = wfl_newbox(L, WFL_RECIPE);
  box->ptr = wf_recipe_retain((wf_recipe *)(uintptr_t)wf_model_recipe(model));
  return 1;
}

static int model_features(lua_State *L) {
  return wfl_push_feature_names(L, wf_model_recipe(check(L)));
}

static int model_objective(lua_State *L) {
  lua_pushstring(L, wf_forest_objective(wf_model_forest(check(L))));
  return 1;
}

static int model_tree_count(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)wf_forest_tree_count(wf_model_forest(check(L))));
  return 1;
}

/* XGBoost's own document. */
static int model_booster(lua_State *L) {
  size_t size;
  const void *bytes = wf_model_booster(check(L), &size);
  lua_pushlstring(L, bytes, size);
  return 1;
}

static int model_tostring(lua_State *L) {
  const wf_model *model = check(L);
  const wf_forest *forest = wf_model_forest(model);
  lua_pushfstring(L, "model of %s: %s, %d trees, %d features", wf_model_label(model),
                  wf_forest_objective(forest), (int)wf_forest_tree_count(forest),
                  (int)wf_forest_feature_count(forest));
  return 1;
}

/* ---- predicting ---------------------------------------------------------------------------------
 */

/* Column `output` of the row-major predictions. */
static void push_output(lua_State *L, const float *out, size_t n_rows, size_t n_outputs,
                        size_t output) {
  double *values = wfl_scratch(L, n_rows, sizeof *values);
  for (size_t i = 0; i < n_rows; i++) values[i] = (double)out[i * n_outputs + output];
  wfl_push_f32(L, values, NULL, n_rows);
  lua_remove(L, -2);
}

/* "tree_1", a class's name, or "class_0" */
static const char *push_output_name(lua_State *L, const wf_model *model, wf_predict_kind kind,
                                    size_t output) {
  if (kind == WF_PREDICT_LEAF) return lua_pushfstring(L, "tree_%d", (int)output + 1);
  if (output < wf_model_class_count(model))
    return lua_pushstring(L, wf_model_class_name(model, output));
  return lua_pushfstring(L, "class_%d", (int)output);
}

int wfl_push_predictions(lua_State *L, const wf_model *model, const float *out, size_t n_rows,
                         wf_predict_kind kind) {
  size_t n_outputs = wf_forest_output_count(wf_model_forest(model), kind);
  if (n_outputs == 1) {
    push_output(L, out, n_rows, 1, 0);
    return 1;
  }
  luaL_checkstack(L, 3 * (int)n_outputs + 20, "too many outputs");
  const char **names = wfl_scratch(L, n_outputs, sizeof *names);
  for (size_t i = 0; i < n_outputs; i++) names[i] = push_output_name(L, model, kind, i);
  wfl_frame_maker maker;
  wfl_maker_begin(&maker, L);
  for (size_t i = 0; i < n_outputs; i++) {
    push_output(L, out, n_rows, n_outputs, i);
    wfl_maker_add(&maker, names[i]);
  }
  wfl_maker_end(&maker);
  return 1;
}

/* predict(frame, {kind="value"|"margin"|"leaf", threads=}) */
static int model_predict(lua_State *L) {
  static const char what[] = "model:predict";
  static const char *const kinds[] = {"value", "margin", "leaf", NULL};
  const wf_model *model = check(L);
  const wf_frame *frame = wfl_check(L, 2, WFL_FRAME);
  wfl_options(L, 3, what, (const char *const[]){"kind", "threads", NULL});
  wf_predict_options options = {
      .kind = (wf_predict_kind)wfl_option_choice(L, 3, what, "kind", kinds, 0),
      .n_threads = (size_t)wfl_option_integer(L, 3, what, "threads", 0, 0, 4096),
  };
  size_t n_rows = wf_frame_row_count(frame), cells;
  if (__builtin_mul_overflow(n_rows, wf_forest_output_count(wf_model_forest(model), options.kind),
                             &cells))
    return wfl_fail(L, WF_LIMIT, "%s: too many predictions", what);
  float *out = wfl_scratch(L, cells, sizeof *out);
  wf_error err = WF_ERROR_INIT;
  if (wf_model_predict(model, frame, &options, out, &err) != WF_OK) return wfl_raise(L, &err);
  return wfl_push_predictions(L, model, out, n_rows, options.kind);
}

wf_features wfl_push_features(lua_State *L, const wf_model *model, const wf_frame *frame) {
  wf_error err = WF_ERROR_INIT;
  wf_matrix *matrix;
  wfl_box *box = wfl_newbox(L, WFL_MATRIX);
  if (wf_model_features(&matrix, model, frame, &err) != WF_OK) wfl_raise(L, &err);
  box->ptr = matrix;
  wfl_pressure(L, wf_matrix_row_count(matrix) * wf_matrix_column_count(matrix) * sizeof(float));
  return wf_matrix_features(matrix);
}

/* matrix(frame): the features the trees see */
static int model_matrix(lua_State *L) {
  wfl_push_features(L, check(L), wfl_check(L, 2, WFL_FRAME));
  return 1;
}

/* importance("gain" | "weight" | "cover" | "total_gain" | "total_cover"): most important first */
static int model_importance(lua_State *L) {
  static const char *const kinds[] = {"weight", "gain", "cover", "total_gain", "total_cover", NULL};
  const wf_model *model = check(L);
  wf_importance kind = (wf_importance)luaL_checkoption(L, 2, "gain", kinds);
  size_t n = wf_forest_feature_count(wf_model_forest(model));
  double *values = wfl_scratch(L, n, sizeof *values);
  const char **names = wfl_scratch(L, n, sizeof *names);
  wf_forest_importance(wf_model_forest(model), kind, values);
  for (size_t i = 0; i < n; i++) names[i] = wf_recipe_output_name(wf_model_recipe(model), i);
  wfl_push_ranking(L, names, values, n);
  return 1;
}

static void release(void *model) { wf_model_release(model); }

void wfl_model_class(lua_State *L) {
  static const luaL_Reg meta[] = {
      {"__tostring", model_tostring}, {"__digest", model_digest}, {NULL, NULL}};
  static const luaL_Reg methods[] = {
      {"booster", model_booster},       {"classes", model_classes},       {"digest", model_digest},
      {"features", model_features},     {"importance", model_importance}, {"label", model_label},
      {"matrix", model_matrix},         {"objective", model_objective},   {"pack", model_pack},
      {"predict", model_predict},       {"provenance", model_provenance}, {"recipe", model_recipe},
      {"tree_count", model_tree_count}, {"write", model_write},           {NULL, NULL},
  };
  wfl_class(L, WFL_MODEL, meta, methods, release);
}

int wfl_open_model(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"new", model_new}, {"read", model_read}, {"unpack", model_unpack}, {NULL, NULL}};
  wfl_frame_classes(L);
  wfl_matrix_class(L);
  wfl_recipe_class(L);
  wfl_model_class(L);
  luaL_newlib(L, functions);
  return 1;
}
