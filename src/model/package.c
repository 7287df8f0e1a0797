/* package.c — a model as model.tar.gz, and back.
 *
 * A package from outside is believed step by step: the archive's shape, then the digests of its
 * members, then each member by its own validator, then that they fit together. Nothing is used
 * before all of that holds. */
#include "model/model.h"

#include "base/alloc.h"
#include "base/digest.h"
#include "base/file.h"
#include "model/manifest.h"

static wf_view view_of(const wf_model *model, int member) {
  return (wf_view){model->members[member].data, model->members[member].size};
}

wf_status wf_model_pack(char **out, size_t *size, const wf_model *model, wf_error *err) {
  wf_status status = wf_tarball_pack(out, size, model->members, WF_MEMBER_COUNT, err);
  return status == WF_OK ? WF_OK : wf_fail_within(err, status, "model package");
}

wf_status wf_model_digest(char out[65], const wf_model *model, wf_error *err) {
  char *bytes;
  size_t size;
  wf_digest digest;
  WF_TRY(wf_model_pack(&bytes, &size, model, err));
  wf_status status = wf_digest_bytes(&digest, bytes, size, err);
  wf_free(bytes);
  if (status == WF_OK) wf_digest_format(&digest, out);
  return status;
}

static wf_status validate(wf_model *model, wf_error *err) {
  wf_view recipe = view_of(model, WF_MEMBER_RECIPE), booster = view_of(model, WF_MEMBER_BOOSTER);
  WF_TRY(wf_manifest_parse(&model->provenance, view_of(model, WF_MEMBER_MANIFEST),
                           &model->members[WF_MEMBER_SCHEMA], WF_MEMBER_COUNT - WF_MEMBER_SCHEMA,
                           err));
  wf_status status = wf_recipe_parse(&model->recipe, recipe.data, recipe.size, err);
  if (status != WF_OK) return wf_fail_within(err, status, "recipe.json");
  status = wf_forest_parse(&model->forest, booster.data, booster.size, err);
  if (status != WF_OK) return wf_fail_within(err, status, "xgboost-model");
  if (!wf_recipe_is_fitted(model->recipe))
    return wf_fail(err, WF_CORRUPT, "recipe.json: is not fitted");
  WF_TRY(wf_schema_parse(&model->schema, view_of(model, WF_MEMBER_SCHEMA), model->recipe,
                         model->forest, err));
  status = wf_schema_check(&model->schema, model->recipe, model->forest, err);
  return status == WF_INVALID ? wf_fail_within(err, WF_CORRUPT, "its members do not fit together")
                              : status;
}

wf_status wf_model_unpack(wf_model **out, const void *bytes, size_t size, wf_error *err) {
  wf_model *model;
  WF_TRY(wf_model_make(&model, err));
  wf_status status = wf_tarball_unpack(model->members, WF_MEMBER_COUNT, bytes, size, err);
  if (status == WF_OK) status = validate(model, err);
  if (status != WF_OK) {
    wf_model_release(model);
    return wf_fail_within(err, status, "model package");
  }
  *out = model;
  return WF_OK;
}

wf_status wf_model_read(wf_model **out, const char *path, wf_error *err) {
  char *bytes;
  size_t size;
  WF_TRY(wf_file_read(path, WF_TARBALL_MAX_SIZE, &bytes, &size, err));
  wf_status status = wf_model_unpack(out, bytes, size, err);
  wf_free(bytes);
  return status == WF_OK ? WF_OK : wf_fail_within(err, status, "%s", path);
}

wf_status wf_model_write(const wf_model *model, const char *path, wf_error *err) {
  char *bytes;
  size_t size;
  WF_TRY(wf_model_pack(&bytes, &size, model, err));
  wf_status status = wf_file_write(path, bytes, size, 0644, err);
  wf_free(bytes);
  return status;
}
