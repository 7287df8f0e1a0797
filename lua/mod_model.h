/* lua/mod_model.h — what other bindings need of mod_model.c. */
#ifndef WFL_MOD_MODEL_H
#define WFL_MOD_MODEL_H

#include "convert.h"

#include "wf/model.h"

/* Pushes predictions as m:predict gives them: an f32 column, or a frame of one for each output. */
int wfl_push_predictions(lua_State *L, const wf_model *model, const float *out, size_t n_rows,
                         wf_predict_kind kind);

/* Pushes the model's features of the frame, as a wf.matrix that owns what is returned. */
wf_features wfl_push_features(lua_State *L, const wf_model *model, const wf_frame *frame);

#endif
