/* model.c — forest, recipe and schema as one immutable object, and predicting with it.
 *
 * Making a model checks that its parts fit together; whoever holds one may rely on it. The members
 * of the package are made with it, so that packing is a function of the model and never fails for
 * reasons that were there before. */
#include "model/model.h"

#include "base/alloc.h"
#include "frame/column.h"
#include "model/manifest.h"

#include <string.h>

/* ---- life -------------------------------------------------------------------------------------
 */

wf_status wf_model_make(wf_model **out, wf_error *err) {
  static const char *const names[] = {"manifest.json", "schema.json", "recipe.json",
                                      "xgboost-model"};
  wf_model *model = wf_alloc_zero(1, sizeof *model);
  if (!model) return wf_fail_nomem(err);
  atomic_init(&model->refs, 1);
  for (int i = 0; i < WF_MEMBER_COUNT; i++) model->members[i].name = names[i];
  *out = model;
  return WF_OK;
}

wf_model *wf_model_retain(wf_model *model) {
  atomic_fetch_add_explicit(&model->refs, 1, memory_order_relaxed);
  return model;
}

void wf_model_release(wf_model *model) {
  if (!model || atomic_fetch_sub_explicit(&model->refs, 1, memory_order_acq_rel) != 1) return;
  wf_forest_release(model->forest);
  wf_recipe_release(model->recipe);
  wf_schema_dispose(&model->schema);
  wf_free(model->provenance);
  for (int i = 0; i < WF_MEMBER_COUNT; i++) wf_free(model->members[i].data);
  wf_free(model);
}

static wf_status make_texts(wf_model *model, wf_error *err) {
  wf_member *members = model->members, *recipe = &members[WF_MEMBER_RECIPE];
  wf_member *schema = &members[WF_MEMBER_SCHEMA], *manifest = &members[WF_MEMBER_MANIFEST];
  WF_TRY(wf_recipe_format(&recipe->data, model->recipe, err));
  recipe->size = strlen(recipe->data);
  WF_TRY(wf_schema_format(&schema->data, &schema->size, &model->schema, model->recipe,
                          model->forest, err));
  return wf_manifest_format(&manifest->data, &manifest->size, &members[WF_MEMBER_SCHEMA],
                            WF_MEMBER_COUNT - WF_MEMBER_SCHEMA, model->provenance, err);
}

/* What was written must be readable: texts that are not UTF-8 are found here. */
static wf_status check_texts(const wf_model *model, wf_error *err) {
  const wf_member *schema = &model->members[WF_MEMBER_SCHEMA];
  wf_schema read = {0};
  wf_status status = wf_schema_parse(&read, (wf_view){schema->data, schema->size}, model->recipe,
                                     model->forest, err);
  wf_schema_dispose(&read);
  if (status == WF_PARSE)
    status = wf_fail_within(err, WF_INVALID, "the label or a class cannot be written as JSON");
  return status;
}

static wf_status fill(wf_model *model, const wf_model_parts *parts, wf_error *err) {
  wf_member *booster = &model->members[WF_MEMBER_BOOSTER];
  booster->data = wf_strndup(parts->booster, parts->booster_size);
  if (!booster->data) return wf_fail_nomem(err);
  booster->size = parts->booster_size;
  model->recipe = wf_recipe_retain(parts->recipe);
  WF_TRY(wf_forest_parse(&model->forest, booster->data, booster->size, err));
  WF_TRY(wf_schema_copy(&model->schema, parts->label, parts->classes,
                        parts->classes ? parts->n_classes : 0, err));
  WF_TRY(wf_schema_check(&model->schema, model->recipe, model->forest, err));
  WF_TRY(wf_provenance_normalise(&model->provenance, parts->provenance, err));
  WF_TRY(make_texts(model, err));
  return check_texts(model, err);
}

wf_status wf_model_new(wf_model **out, const wf_model_parts *parts, wf_error *err) {
  wf_model *model;
  WF_TRY(wf_model_make(&model, err));
  wf_status status = fill(model, parts, err);
  if (status != WF_OK)
    wf_model_release(model);
  else
    *out = model;
  return status;
}

/* ---- looking ----------------------------------------------------------------------------------
 */

const wf_forest *wf_model_forest(const wf_model *model) { return model->forest; }
const wf_recipe *wf_model_recipe(const wf_model *model) { return model->recipe; }
const char *wf_model_label(const wf_model *model) { return model->schema.label; }
const char *wf_model_provenance(const wf_model *model) { return model->provenance; }
size_t wf_model_class_count(const wf_model *model) { return model->schema.n_classes; }

const char *wf_model_class_name(const wf_model *model, size_t index) {
  return model->schema.classes[index];
}

const void *wf_model_booster(const wf_model *model, size_t *size) {
  *size = model->members[WF_MEMBER_BOOSTER].size;
  return model->members[WF_MEMBER_BOOSTER].data;
}

/* ---- predicting -------------------------------------------------------------------------------
 */

/* The name of the first raw column that the frame lacks; NULL when it has all. */
static const char *missing_input(const wf_recipe *recipe, const wf_frame *frame) {
  for (size_t i = 0; i < wf_recipe_input_count(recipe); i++) {
    const char *name = wf_recipe_input_name(recipe, i);
    if (wf_frame_find(frame, name) < 0) return name;
  }
  return NULL;
}

static bool has_features(const wf_recipe *recipe, const wf_frame *frame) {
  for (size_t i = 0; i < wf_recipe_output_count(recipe); i++) {
    if (wf_frame_find(frame, wf_recipe_output_name(recipe, i)) < 0) return false;
  }
  return true;
}

static wf_status copy_feature(float *out, const wf_column *column, const char *name,
                              wf_error *err) {
  if (wf_type_is_text(wf_column_type(column)))
    return wf_fail(err, WF_TYPE, "feature '%.80s' is a column of text, not of numbers", name);
  for (size_t row = 0; row < wf_column_count(column); row++)
    out[row] = (float)wf_column_number_at(column, row); /* NaN when missing */
  return WF_OK;
}

static wf_status copy_features(wf_matrix **out, const wf_recipe *recipe, const wf_frame *frame,
                               wf_error *err) {
  size_t n = wf_recipe_output_count(recipe);
  const char **names = wf_alloc_array(n, sizeof *names);
  if (!names) return wf_fail_nomem(err);
  for (size_t i = 0; i < n; i++) names[i] = wf_recipe_output_name(recipe, i);
  wf_matrix *matrix = NULL;
  wf_status status = wf_matrix_new(&matrix, wf_frame_row_count(frame), n, names, err);
  for (size_t i = 0; status == WF_OK && i < n; i++) {
    size_t index = (size_t)wf_frame_find(frame, names[i]);
    status = copy_feature(wf_matrix_column_at(matrix, i), wf_frame_column_at(frame, index),
                          names[i], err);
  }
  wf_free(names);
  if (status != WF_OK)
    wf_matrix_release(matrix);
  else
    *out = matrix;
  return status;
}

wf_status wf_model_features(wf_matrix **out, const wf_model *model, const wf_frame *frame,
                            wf_error *err) {
  const wf_recipe *recipe = model->recipe;
  const char *missing = missing_input(recipe, frame);
  if (!missing) return wf_recipe_apply(out, recipe, frame, err);
  if (has_features(recipe, frame)) return copy_features(out, recipe, frame, err);
  return wf_fail(err, WF_NOTFOUND,
                 "column '%.80s' is missing: neither all %zu raw columns nor all %zu features are "
                 "there",
                 missing, wf_recipe_input_count(recipe), wf_recipe_output_count(recipe));
}

wf_status wf_model_predict(const wf_model *model, const wf_frame *frame,
                           const wf_predict_options *options, float *out, wf_error *err) {
  wf_matrix *matrix;
  WF_TRY(wf_model_features(&matrix, model, frame, err));
  wf_features features = wf_matrix_features(matrix);
  wf_status status = wf_forest_predict(model->forest, &features, options, out, err);
  wf_matrix_release(matrix);
  return status;
}
