/* wf/recipe.h — fitted feature transforms: raw columns in, a float32 feature matrix out.
 *
 * A recipe is declared (add steps), fitted on training data only, and from then on immutable. It
 * travels inside the model as readable JSON, and the same code encodes a training frame and a
 * single request row, so batch and online features are bit-identical.
 *
 * Input columns that no step names pass through when numeric or bool; text that no step encodes is
 * an error at fit. Features keep the order of the input columns; a one-hot column becomes its
 * indicator features "column_value" in its place. A missing number is a missing feature (NaN). */
#ifndef WF_RECIPE_H
#define WF_RECIPE_H

#include "wf/frame.h"
#include "wf/matrix.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct wf_recipe wf_recipe;

typedef enum wf_unseen {
  WF_UNSEEN_MISSING, /* ordinal: missing; one-hot: all indicators 0 */
  WF_UNSEEN_ERROR    /* WF_INVALID naming column, row and value */
} wf_unseen;

typedef enum wf_impute {
  WF_IMPUTE_MEAN,
  WF_IMPUTE_MEDIAN,
  WF_IMPUTE_MODE,
  WF_IMPUTE_CONSTANT
} wf_impute;

WF_API WF_NODISCARD wf_status wf_recipe_new(wf_recipe **out, wf_error *err);
WF_API wf_recipe *wf_recipe_retain(wf_recipe *recipe);
WF_API void wf_recipe_release(wf_recipe *recipe);

/* Declaring; WF_INVALID once fitted, or when the column already has such a step. `column` NULL
 * means, for steps that read text, every text column that no step names; for steps that read
 * numbers every number column that no step of that kind names. Expressions, dates and drop name
 * theirs. */
/* Text to its position in `values` (0, 1, 2, …); NULL: those of the training data, in byte order.
 */
WF_API WF_NODISCARD wf_status wf_recipe_ordinal(wf_recipe *recipe, const char *column,
                                                const char *const *values, size_t n_values,
                                                wf_unseen unseen, wf_error *err);
/* One indicator per value. `values` NULL: those of the training data, in byte order. `missing`
 * NULL: a missing value has all indicators 0; else it counts as that value. */
WF_API WF_NODISCARD wf_status wf_recipe_one_hot(wf_recipe *recipe, const char *column,
                                                const char *const *values, size_t n_values,
                                                const char *missing, wf_unseen unseen,
                                                wf_error *err);
/* Fills missing numbers; `constant` is used by WF_IMPUTE_CONSTANT alone. */
WF_API WF_NODISCARD wf_status wf_recipe_impute(wf_recipe *recipe, const char *column, wf_impute how,
                                               double constant, wf_error *err);

/* Fills missing texts with `value`; NULL: the most frequent one, of several the first in byte
 * order. WF_IMPUTE_MODE of a text column is the same. */
WF_API WF_NODISCARD wf_status wf_recipe_impute_text(wf_recipe *recipe, const char *column,
                                                    const char *value, wf_error *err);
/* Texts that fewer than `least` training rows have, or a smaller share than `share` of those that
 * have text, become `name`; so do unseen ones. An encoding step follows. */
WF_API WF_NODISCARD wf_status wf_recipe_rare(wf_recipe *recipe, const char *column, double least,
                                             double share, const char *name, wf_error *err);
/* One of n indicators "column_0" …, by the text's hash (64-bit FNV-1a modulo n); none when missing.
 */
WF_API WF_NODISCARD wf_status wf_recipe_hash(wf_recipe *recipe, const char *column, size_t n,
                                             wf_error *err);
/* No feature: the column is there for expressions, or not at all. */
WF_API WF_NODISCARD wf_status wf_recipe_drop(wf_recipe *recipe, const char *column, wf_error *err);

typedef enum wf_scale {
  WF_SCALE_STANDARD, /* mean 0, deviation 1 (n in the denominator) */
  WF_SCALE_MINMAX,   /* least 0, greatest 1 */
  WF_SCALE_ROBUST    /* median 0, distance of the quartiles 1 */
} wf_scale;
/* Numbers to (x - center) / spread; a spread of 0 counts as 1. */
WF_API WF_NODISCARD wf_status wf_recipe_scale(wf_recipe *recipe, const char *column, wf_scale how,
                                              wf_error *err);
/* Numbers into [low, high]; NaN for no bound. `quantile` above 0: the bounds are the training
 * data's quantiles at it and at 1 - it instead. */
WF_API WF_NODISCARD wf_status wf_recipe_clip(wf_recipe *recipe, const char *column, double low,
                                             double high, double quantile, wf_error *err);
/* Numbers to log(1 + x); missing where x <= -1. */
WF_API WF_NODISCARD wf_status wf_recipe_log(wf_recipe *recipe, const char *column, wf_error *err);

/* Numbers to their place among the training data, 0 to 1, interpolated between n quantiles. */
WF_API WF_NODISCARD wf_status wf_recipe_quantile(wf_recipe *recipe, const char *column, size_t n,
                                                 wf_error *err);
/* Numbers to the power (Yeo and Johnson's) that makes the training data most normal. */
WF_API WF_NODISCARD wf_status wf_recipe_power(wf_recipe *recipe, const char *column, wf_error *err);

typedef enum wf_bin { WF_BIN_EDGES, WF_BIN_WIDTH, WF_BIN_QUANTILE } wf_bin;
/* Numbers to how many edges they are not below: 0, 1, …. The edges are given, ascending
 * (WF_BIN_EDGES), or cut the training data's range into `n` equal widths or equally full parts. */
WF_API WF_NODISCARD wf_status wf_recipe_bin(wf_recipe *recipe, const char *column, wf_bin how,
                                            const double *edges, size_t n, wf_error *err);
/* Text to its share of the training rows that have text; unseen: 0. */
WF_API WF_NODISCARD wf_status wf_recipe_frequency(wf_recipe *recipe, const char *column,
                                                  wf_error *err);
/* Text to the mean of the numeric or bool column `target` over the training rows that have it,
 * drawn towards the mean of all: (sum + smoothing * mean) / (count + smoothing). Unseen: the mean
 * of all. Rows without target are left out. The encoding knows the label of the rows it was fitted
 * on. */
WF_API WF_NODISCARD wf_status wf_recipe_target(wf_recipe *recipe, const char *column,
                                               const char *target, double smoothing, wf_error *err);
/* A timestamp column to the named parts of wf/transform.h ("year", "weekday", …), each a feature.
 */
WF_API WF_NODISCARD wf_status wf_recipe_date(wf_recipe *recipe, const char *column,
                                             const char *const *parts, size_t n, wf_error *err);

/* A column `name` made of the frame's raw columns (timestamps as microseconds), as if the frame had
 * it: other steps may name it; it comes behind the frame's own. "amount / income",
 * "if(missing(a), 0, log1p(a) * `b c`)", "lower(city) == 'kyoto'", "make .. ' ' .. model": a number
 * or a text; recipe/expression.h has the grammar. A mistake is WF_PARSE with err->column the byte
 * in the text; at the fit, WF_TYPE where a text stands for a number. */
WF_API WF_NODISCARD wf_status wf_recipe_expression(wf_recipe *recipe, const char *name,
                                                   const char *text, wf_error *err);

/* A line for each input of a fitted recipe: name, type, its steps with what they learned, and the
 * features it makes; of one that is not fitted, its steps. wf_text_free it. */
WF_API WF_NODISCARD wf_status wf_recipe_explain(char **out, const wf_recipe *recipe, wf_error *err);

/* Learns from the frame's columns other than `exclude` (label, weights) and freezes the recipe. */
WF_API WF_NODISCARD wf_status wf_recipe_fit(wf_recipe *recipe, const wf_frame *frame,
                                            const char *const *exclude, size_t n_exclude,
                                            wf_error *err);
WF_API bool wf_recipe_is_fitted(const wf_recipe *recipe);

/* The raw columns a fitted recipe reads, and the features it makes. */
WF_API size_t wf_recipe_input_count(const wf_recipe *recipe);
WF_API const char *wf_recipe_input_name(const wf_recipe *recipe, size_t index);
WF_API bool wf_recipe_input_is_text(const wf_recipe *recipe, size_t index);
WF_API size_t wf_recipe_output_count(const wf_recipe *recipe);
WF_API const char *wf_recipe_output_name(const wf_recipe *recipe, size_t index);
/* The input column a feature is made from; of an expression the first it names. */
WF_API size_t wf_recipe_output_source(const wf_recipe *recipe, size_t index);

/* Encodes a frame: columns are found by name, others are ignored; an absent one is WF_NOTFOUND. */
WF_API WF_NODISCARD wf_status wf_recipe_apply(wf_matrix **out, const wf_recipe *recipe,
                                              const wf_frame *frame, wf_error *err);

/* One cell of a raw row, for wf_recipe_apply_row. */
typedef enum wf_cell_kind { WF_CELL_MISSING, WF_CELL_NUMBER, WF_CELL_TEXT } wf_cell_kind;
typedef struct wf_cell {
  wf_cell_kind kind;
  double number;
  const char *text; /* not terminated */
  size_t size;
} wf_cell;

/* Encodes input_count cells (in input order) into output_count floats. Allocates nothing. Text in a
 * numeric column that is no number, or a number in a text column that has no such category: the
 * unseen policy, or WF_TYPE; err->column is the 1-based input column. */
WF_API WF_NODISCARD wf_status wf_recipe_apply_row(const wf_recipe *recipe, const wf_cell *cells,
                                                  float *out, wf_error *err);

/* Readable JSON with a format version; wf_text_free it. Parsing validates everything. */
WF_API WF_NODISCARD wf_status wf_recipe_format(char **out, const wf_recipe *recipe, wf_error *err);
WF_API WF_NODISCARD wf_status wf_recipe_parse(wf_recipe **out, const char *text, size_t size,
                                              wf_error *err);

#ifdef __cplusplus
}
#endif
#endif
