// guard.cc — the only C++ of the project, because only C++ can stop an exception.
//
// libxgboost's C functions turn most exceptions into a return value, but building that very error
// text can throw again (out of memory does), and such a second exception would cross our C frames
// and end the process. So each call goes through `guarded`, which lets nothing pass.
//
// Function types come from XGBoost's own header, so a version whose signatures differ does not
// compile; addresses come from dlsym, so the library is no link dependency.

#include "xgboost/guard.h"

extern "C" {
#include "base/alloc.h"
#include "base/bytes.h"
#include "base/json.h"
#include "base/library.h"
#include "base/host_locale.h"
}

#include <xgboost/c_api.h>

#include <cctype>
#include <climits>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <exception>
#include <new>

#define XGB_FUNCTIONS(X)                 \
  X(XGBoostVersion)                      \
  X(XGBGetLastError)                     \
  X(XGBGetGlobalConfig)                  \
  X(XGBSetGlobalConfig)                  \
  X(XGDMatrixCreateFromMat_omp)          \
  X(XGDMatrixSetFloatInfo)               \
  X(XGDMatrixFree)                       \
  X(XGProxyDMatrixCreate)                \
  X(XGProxyDMatrixSetDataDense)          \
  X(XGDMatrixCreateFromCallback)         \
  X(XGQuantileDMatrixCreateFromCallback) \
  X(XGBoosterCreate)                     \
  X(XGBoosterFree)                       \
  X(XGBoosterSetParam)                   \
  X(XGBoosterUpdateOneIter)              \
  X(XGBoosterEvalOneIter)                \
  X(XGBoosterPredictFromDMatrix)         \
  X(XGBoosterSlice)                      \
  X(XGBoosterSetStrFeatureInfo)          \
  X(XGBoosterSaveModelToBuffer)

struct wf_xgb {
#define XGB_FIELD(name) decltype(&::name) name;
  XGB_FUNCTIONS(XGB_FIELD)
#undef XGB_FIELD
  char *config; // the thread's global configuration before ours
  // libgomp's, reached through libxgboost; null in a build without OpenMP
  int (*omp_get_max_threads)();
  void (*omp_set_num_threads)(int);
  int (*omp_get_max_active_levels)();
  void (*omp_set_max_active_levels)(int);
  int (*omp_pause_resource_all)(int); // null before OpenMP 5
  int omp_threads;                    // the thread's limit before ours
};

namespace {

enum { PAUSE_SOFT = 1 }; // omp_pause_soft

// "[21:47:35] ./src/learner.cc:573: Check failed: …\nStack trace:…" to "Check failed: …".
void fail_with_text(wf_error *err, const char *text) {
  const char *start = text;
  if (*start == '[') {
    if (const char *end = std::strchr(start, ']')) start = end + 1;
    while (*start == ' ') start++;
    // the source position ends with ":<digits>: "
    if (const char *mark = std::strstr(start, ": ")) {
      const char *digit = mark;
      while (digit > start && std::isdigit(static_cast<unsigned char>(digit[-1]))) digit--;
      if (digit < mark && digit > start && digit[-1] == ':') start = mark + 2;
    }
  }
  int length = static_cast<int>(std::strcspn(start, "\n"));
  wf_fail(err, WF_EXTERNAL, "XGBoost: %.*s", length, start);
}

// XGBoost reads numbers in parameters with sscanf, which would look for the host's decimal point.
struct plain_locale {
  locale_t before = wf_locale_enter();
  ~plain_locale() { wf_locale_leave(before); }
};

// Runs one API call; what throws or returns other than 0 is a failure.
template <typename Call> wf_status guarded(const wf_xgb *xgb, wf_error *err, Call call) noexcept {
  plain_locale scope;
  try {
    if (call() == 0) return WF_OK;
    const char *text = xgb->XGBGetLastError();
    if (std::strstr(text, "bad_alloc")) return wf_fail_nomem(err);
    fail_with_text(err, text);
    return WF_EXTERNAL;
  } catch (const std::bad_alloc &) {
    return wf_fail_nomem(err);
  } catch (const std::exception &error) {
    return wf_fail(err, WF_EXTERNAL, "XGBoost: %s", error.what());
  } catch (...) {
    return wf_fail(err, WF_EXTERNAL, "XGBoost failed with an unknown exception");
  }
}

// For functions that free: there is nobody to tell.
template <typename Call> void ignored(Call call) noexcept {
  try {
    call();
  } catch (...) {
  }
}

wf_status silence(wf_xgb *xgb, wf_error *err) {
  const char *before = nullptr;
  wf_status status = guarded(xgb, err, [&] { return xgb->XGBGetGlobalConfig(&before); });
  if (status != WF_OK) return status;
  xgb->config = wf_strdup(before);
  if (!xgb->config) return wf_fail_nomem(err);
  return guarded(xgb, err, [&] { return xgb->XGBSetGlobalConfig("{\"verbosity\": 0}"); });
}

void limit_threads(wf_xgb *xgb, const char *const *sonames, size_t n_threads) {
  const wf_library_symbol symbols[] = {
      {"omp_get_max_threads", &xgb->omp_get_max_threads},
      {"omp_set_num_threads", &xgb->omp_set_num_threads},
      {"omp_get_max_active_levels", &xgb->omp_get_max_active_levels},
      {"omp_set_max_active_levels", &xgb->omp_set_max_active_levels}};
  if (wf_library_load(sonames, "libxgboost", symbols, 4, nullptr) != WF_OK) {
    xgb->omp_set_num_threads = nullptr;
    return;
  }
  const wf_library_symbol pause = {"omp_pause_resource_all", &xgb->omp_pause_resource_all};
  if (wf_library_load(sonames, "libxgboost", &pause, 1, nullptr) != WF_OK) {
    xgb->omp_pause_resource_all = nullptr;
  }
  xgb->omp_threads = xgb->omp_get_max_threads();
  xgb->omp_set_num_threads(static_cast<int>(n_threads));
}

wf_status check_int(size_t n, const char *what, wf_error *err) {
  return n <= INT_MAX ? WF_OK : wf_fail(err, WF_LIMIT, "XGBoost: more than 2^31 %s", what);
}

} // namespace

wf_status wf_xgb_open(wf_xgb **out, size_t n_threads, wf_error *err) {
  static const char *const sonames[] = {"libxgboost.so.0", "libxgboost.so", nullptr};
  wf_xgb *xgb = static_cast<wf_xgb *>(wf_alloc_zero(1, sizeof *xgb));
  if (!xgb) return wf_fail_nomem(err);
  const wf_library_symbol symbols[] = {
#define XGB_SYMBOL(name) {#name, &xgb->name},
      XGB_FUNCTIONS(XGB_SYMBOL)
#undef XGB_SYMBOL
  };
  wf_status status =
      wf_library_load(sonames, "libxgboost", symbols, sizeof symbols / sizeof *symbols, err);
  if (status == WF_OK) status = silence(xgb, err);
  if (status != WF_OK) {
    wf_free(xgb->config);
    wf_free(xgb);
    return status;
  }
  limit_threads(xgb, sonames, n_threads);
  *out = xgb;
  return WF_OK;
}

void wf_xgb_close(wf_xgb *xgb) {
  if (!xgb) return;
  ignored([&] { xgb->XGBSetGlobalConfig(xgb->config); });
  if (xgb->omp_set_num_threads) xgb->omp_set_num_threads(xgb->omp_threads);
  // ends the threads this one kept for the next region: they would spin on for 15 ms
  if (xgb->omp_pause_resource_all) xgb->omp_pause_resource_all(PAUSE_SOFT);
  wf_free(xgb->config);
  wf_free(xgb);
}

void wf_xgb_version(const wf_xgb *xgb, int *major, int *minor, int *patch) {
  xgb->XGBoostVersion(major, minor, patch);
}

wf_status wf_xgb_matrix_new(wf_xgb_matrix *out, const wf_xgb *xgb, const float *rows, size_t n_rows,
                            size_t n_columns, size_t n_threads, wf_error *err) {
  return guarded(xgb, err, [&] {
    return xgb->XGDMatrixCreateFromMat_omp(rows, n_rows, n_columns, std::nanf(""), out,
                                           static_cast<int>(n_threads));
  });
}

wf_status wf_xgb_proxy_new(wf_xgb_matrix *out, const wf_xgb *xgb, wf_error *err) {
  return guarded(xgb, err, [&] { return xgb->XGProxyDMatrixCreate(out); });
}

wf_status wf_xgb_proxy_set(const wf_xgb *xgb, wf_xgb_matrix proxy, const float *values,
                           size_t n_rows, size_t n_columns, size_t row_stride, size_t column_stride,
                           wf_error *err) {
  char interface[300];
  std::snprintf(interface, sizeof interface,
                "{\"data\": [%zu, true], \"shape\": [%zu, %zu], \"strides\": [%zu, %zu], "
                "\"typestr\": \"<f4\", \"version\": 3}",
                reinterpret_cast<size_t>(values), n_rows, n_columns, row_stride * sizeof(float),
                column_stride * sizeof(float));
  return guarded(xgb, err, [&] { return xgb->XGProxyDMatrixSetDataDense(proxy, interface); });
}

wf_status wf_xgb_matrix_of_batches(wf_xgb_matrix *out, const wf_xgb *xgb,
                                   const wf_xgb_batches *batches, size_t n_threads, wf_error *err) {
  wf_bytes config = {};
  wf_bytes_format(&config, "{\"missing\": NaN, \"nthread\": %zu", n_threads);
  if (batches->cache) {
    wf_bytes_text(&config, ", \"cache_prefix\": ");
    wf_json_add_string(&config, wf_view_of(batches->cache));
  } else {
    wf_bytes_format(&config, ", \"max_bin\": %zu", batches->max_bin);
  }
  wf_bytes_char(&config, '}');
  wf_status status = config.failed ? wf_fail_nomem(err) : WF_OK;
  if (status == WF_OK) {
    status = guarded(xgb, err, [&] {
      if (batches->cache) {
        return xgb->XGDMatrixCreateFromCallback(batches->context, batches->proxy, batches->reset,
                                                batches->next, config.data, out);
      }
      return xgb->XGQuantileDMatrixCreateFromCallback(batches->context, batches->proxy,
                                                      batches->bins, batches->reset, batches->next,
                                                      config.data, out);
    });
  }
  wf_bytes_dispose(&config);
  return status;
}

wf_status wf_xgb_matrix_set(const wf_xgb *xgb, wf_xgb_matrix matrix, const char *field,
                            const float *values, size_t n, wf_error *err) {
  return guarded(xgb, err, [&] { return xgb->XGDMatrixSetFloatInfo(matrix, field, values, n); });
}

void wf_xgb_matrix_free(const wf_xgb *xgb, wf_xgb_matrix matrix) {
  if (matrix) ignored([&] { xgb->XGDMatrixFree(matrix); });
}

wf_status wf_xgb_booster_new(wf_xgb_booster *out, const wf_xgb *xgb, const wf_xgb_matrix *matrices,
                             size_t n, wf_error *err) {
  return guarded(xgb, err, [&] { return xgb->XGBoosterCreate(matrices, n, out); });
}

wf_status wf_xgb_booster_set(const wf_xgb *xgb, wf_xgb_booster booster, const char *name,
                             const char *value, wf_error *err) {
  return guarded(xgb, err, [&] { return xgb->XGBoosterSetParam(booster, name, value); });
}

wf_status wf_xgb_booster_update(const wf_xgb *xgb, wf_xgb_booster booster, size_t round,
                                wf_xgb_matrix matrix, wf_error *err) {
  wf_status status = check_int(round, "rounds", err);
  if (status != WF_OK) return status;
  return guarded(xgb, err, [&] {
    return xgb->XGBoosterUpdateOneIter(booster, static_cast<int>(round), matrix);
  });
}

wf_status wf_xgb_booster_predict(float *out, const wf_xgb *xgb, wf_xgb_booster booster,
                                 wf_xgb_matrix matrix, size_t n, wf_error *err) {
  const bst_ulong *shape = nullptr;
  const float *values = nullptr;
  bst_ulong n_dimensions = 0, n_values = 1;
  wf_status status = guarded(xgb, err, [&] {
    return xgb->XGBoosterPredictFromDMatrix(
        booster, matrix,
        "{\"type\": 0, \"training\": false, \"iteration_begin\": 0, \"iteration_end\": 0, "
        "\"strict_shape\": false}",
        &shape, &n_dimensions, &values);
  });
  if (status != WF_OK) return status;
  for (bst_ulong i = 0; i < n_dimensions; i++) n_values *= shape[i];
  if (n_values != n)
    return wf_fail(err, WF_EXTERNAL, "XGBoost predicts more than one value per row");
  std::memcpy(out, values, n * sizeof *out);
  return WF_OK;
}

wf_status wf_xgb_booster_evaluate(char **out, const wf_xgb *xgb, wf_xgb_booster booster,
                                  size_t round, wf_xgb_matrix *matrices, const char **names,
                                  size_t n, wf_error *err) {
  const char *text = nullptr;
  // where no level of parallel regions may be active, each has one thread
  int levels = xgb->omp_set_num_threads ? xgb->omp_get_max_active_levels() : 0;
  if (xgb->omp_set_num_threads) xgb->omp_set_max_active_levels(0);
  wf_status status = guarded(xgb, err, [&] {
    return xgb->XGBoosterEvalOneIter(booster, static_cast<int>(round), matrices, names, n, &text);
  });
  if (xgb->omp_set_num_threads) xgb->omp_set_max_active_levels(levels);
  if (status != WF_OK) return status;
  char *copy = wf_strdup(text);
  if (!copy) return wf_fail_nomem(err);
  *out = copy;
  return WF_OK;
}

wf_status wf_xgb_booster_head(wf_xgb_booster *out, const wf_xgb *xgb, wf_xgb_booster booster,
                              size_t n_rounds, wf_error *err) {
  return guarded(xgb, err, [&] {
    return xgb->XGBoosterSlice(booster, 0, static_cast<int>(n_rounds), 1, out);
  });
}

wf_status wf_xgb_booster_name_features(const wf_xgb *xgb, wf_xgb_booster booster,
                                       const char **names, size_t n, wf_error *err) {
  return guarded(
      xgb, err, [&] { return xgb->XGBoosterSetStrFeatureInfo(booster, "feature_name", names, n); });
}

wf_status wf_xgb_booster_save(char **out, size_t *size, const wf_xgb *xgb, wf_xgb_booster booster,
                              wf_error *err) {
  bst_ulong length = 0;
  const char *data = nullptr;
  wf_status status = guarded(xgb, err, [&] {
    return xgb->XGBoosterSaveModelToBuffer(booster, "{\"format\": \"json\"}", &length, &data);
  });
  if (status != WF_OK) return status;
  char *copy = wf_strndup(data, length);
  if (!copy) return wf_fail_nomem(err);
  *out = copy;
  *size = length;
  return WF_OK;
}

void wf_xgb_booster_free(const wf_xgb *xgb, wf_xgb_booster booster) {
  if (booster) ignored([&] { xgb->XGBoosterFree(booster); });
}
