/* lua/modules.h — the C modules, each opened when a script first requires it. */
#ifndef WFL_MODULES_H
#define WFL_MODULES_H

#include <lua.h>

/* Name, opening function. What is complete in C is wf.<name>; what a Lua module wraps is
 * wf.core.<name>. */
#define WFL_MODULE_MAP(X)                  \
  X("wf.arrow", wfl_open_arrow)            \
  X("wf.csv", wfl_open_csv)                \
  X("wf.frame", wfl_open_frame)            \
  X("wf.json", wfl_open_json)              \
  X("wf.jsonl", wfl_open_jsonl)            \
  X("wf.libsvm", wfl_open_libsvm)          \
  X("wf.model", wfl_open_model)            \
  X("wf.recipe", wfl_open_recipe)          \
  X("wf.core.bias", wfl_open_bias)         \
  X("wf.core.catalog", wfl_open_catalog)   \
  X("wf.core.claim", wfl_open_claim)       \
  X("wf.core.endpoint", wfl_open_endpoint) \
  X("wf.core.explain", wfl_open_explain)   \
  X("wf.core.http", wfl_open_http)         \
  X("wf.core.key", wfl_open_key)           \
  X("wf.core.matrix", wfl_open_matrix)     \
  X("wf.core.metrics", wfl_open_metrics)   \
  X("wf.core.monitor", wfl_open_monitor)   \
  X("wf.core.shap", wfl_open_shap)         \
  X("wf.core.step", wfl_open_step)         \
  X("wf.core.store", wfl_open_store)       \
  X("wf.core.sys", wfl_open_sys)           \
  X("wf.core.value", wfl_open_value)       \
  X("wf.core.worker", wfl_open_worker)     \
  X("wf.core.xgboost", wfl_open_xgboost)

#define WFL_DECLARE(name, function) int function(lua_State *L);
WFL_MODULE_MAP(WFL_DECLARE)
#undef WFL_DECLARE

/* Puts every module's opening function into package.preload. */
void wfl_open_modules(lua_State *L);

#endif
