/* tests/shap/literal.h — Shapley's definitions, by enumeration of all coalitions of features, for
 * checking what is computed otherwise. A coalition is a bit field; value[set] is the value of one.
 */
#ifndef WF_TESTS_SHAP_LITERAL_H
#define WF_TESTS_SHAP_LITERAL_H

#include "forest/forest.h"
#include "models.h"
#include "wf/shap.h"

/* Fills value[1 << n_features] with one group's expected margin given the features of each
 * coalition, others averaged by the covers of the trees. */
void literal_expected(double *value, const wf_forest *forest, size_t group, const float *row);
/* The same with the margin of a row that takes the others from `background`. */
void literal_mixed(double *value, const wf_forest *forest, size_t group, const float *row,
                   const float *background);

double literal_shapley(const double *value, unsigned n, unsigned feature);
/* Half the Shapley interaction index of two different features. */
double literal_interaction(const double *value, unsigned n, unsigned a, unsigned b);

/* Calls fn with every model of tests/forest/models that has trees, and its reference rows. */
void for_each_tree_model(void (*fn)(const char *name, const wf_forest *forest, const reference *r));
/* The same with one model of the oracle; skips the test when there is none. */
void with_oracle_model(const char *name,
                       void (*fn)(const char *name, const wf_forest *forest, const reference *r));

/* Values of rows in new memory (wf_free them): n_cells of each row and output, by one of the ways
 * of wf/shap.h, without a background and with one (NULL: none). */
typedef wf_status shap_fn(const wf_forest *forest, const wf_features *rows,
                          const wf_shap_options *options, double *out, wf_error *err);
typedef wf_status shap_against_fn(const wf_forest *forest, const wf_features *rows,
                                  const wf_features *background, const wf_shap_options *options,
                                  double *out, wf_error *err);
double *explained(shap_fn *way, const wf_forest *forest, const wf_features *rows, size_t n_cells,
                  size_t n_threads);
double *explained_against(shap_against_fn *way, const wf_forest *forest, const wf_features *rows,
                          const wf_features *background, size_t n_threads);

/* Runs fn, which explains that model's rows in one way and says whether it could, with the model
 * parsed anew and every allocation failing in turn. `out` has n_cells doubles. */
void check_failing_allocations(const char *name, size_t n_cells,
                               bool (*fn)(const wf_forest *forest, const reference *r,
                                          double *out));

/* The numbers of <oracle>/shap/<model>/<file>, from line `skip` on; wf_free them. */
double *oracle_numbers(const char *model, const char *file, size_t skip, size_t *n);

#endif
