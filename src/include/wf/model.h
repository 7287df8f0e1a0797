/* wf/model.h — the model package: forest, recipe, schema and provenance in one immutable object.
 *
 * On disk a package is model.tar.gz: "xgboost-model" (XGBoost's own document), "recipe.json",
 * "schema.json" and "manifest.json" (format version, digests of the members, provenance). The same
 * model always packs to the same bytes. Packages from outside are validated before use: only
 * regular files of those names, sizes capped, digests checked, forest and recipe validated. */
#ifndef WF_MODEL_H
#define WF_MODEL_H

#include "wf/forest.h"
#include "wf/frame.h"
#include "wf/recipe.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct wf_model wf_model;

typedef struct wf_model_parts {
  const void *booster; /* XGBoost's document; copied */
  size_t booster_size;
  wf_recipe *recipe;          /* fitted; retained */
  const char *label;          /* the label column's name */
  const char *const *classes; /* NULL, or the text of class 0, 1, … */
  size_t n_classes;
  const char *provenance; /* NULL, or a JSON object kept in the manifest */
} wf_model_parts;

/* WF_INVALID when the parts do not fit together: the features the recipe makes must be those the
 * forest takes, the label no input, and the classes (when named) as many as the forest has. */
WF_API WF_NODISCARD wf_status wf_model_new(wf_model **out, const wf_model_parts *parts,
                                           wf_error *err);
WF_API wf_model *wf_model_retain(wf_model *model);
WF_API void wf_model_release(wf_model *model);

WF_API const wf_forest *wf_model_forest(const wf_model *model);
WF_API const wf_recipe *wf_model_recipe(const wf_model *model);
WF_API const char *wf_model_label(const wf_model *model);
WF_API const char *wf_model_provenance(const wf_model *model); /* JSON text; "{}" when none */
WF_API size_t wf_model_class_count(const wf_model *model);     /* 0 when classes have no names */
WF_API const char *wf_model_class_name(const wf_model *model, size_t index);
WF_API const void *wf_model_booster(const wf_model *model, size_t *size);

/* The package's bytes (wf_text_free them), and back. Unpacking gives WF_PARSE for what is not a
 * package, WF_CORRUPT for one that is damaged or whose members do not fit together, WF_LIMIT beyond
 * 256 MiB unpacked (or 200 times its size, after 16 MiB), WF_UNSUPPORTED for a newer format. */
WF_API WF_NODISCARD wf_status wf_model_pack(char **out, size_t *size, const wf_model *model,
                                            wf_error *err);
WF_API WF_NODISCARD wf_status wf_model_unpack(wf_model **out, const void *bytes, size_t size,
                                              wf_error *err);
WF_API WF_NODISCARD wf_status wf_model_read(wf_model **out, const char *path, wf_error *err);
WF_API WF_NODISCARD wf_status wf_model_write(const wf_model *model, const char *path,
                                             wf_error *err);
/* SHA-256 of the package's bytes, 64 hexadecimal digits. */
WF_API WF_NODISCARD wf_status wf_model_digest(char out[65], const wf_model *model, wf_error *err);

/* Predicts from raw columns (or from already encoded ones, when the frame has all features by name
 * and not all raw columns). Writes as wf_forest_predict does. */
WF_API WF_NODISCARD wf_status wf_model_predict(const wf_model *model, const wf_frame *frame,
                                               const wf_predict_options *options, float *out,
                                               wf_error *err);
/* The feature matrix the forest sees for that frame, by the same rule. */
WF_API WF_NODISCARD wf_status wf_model_features(wf_matrix **out, const wf_model *model,
                                                const wf_frame *frame, wf_error *err);

#ifdef __cplusplus
}
#endif
#endif
