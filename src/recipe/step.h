/* recipe/step.h — what a kind of transform is. A new one is one more file step_<name>.c with a
 * table of functions, one line in wf_step_find_kind, and a declaring function in declare.c;
 * fitting, applying and the JSON document need no change.
 *
 * A column's cells run through a chain of steps. Most steps map one value to one value (text to
 * number, missing to number); a step that ends its column turns the value into several features. A
 * column whose chain has no such end is one feature, its number. Values are wf_cells: missing,
 * number or text. A step is immutable once made, and the functions that see cells allocate nothing,
 * so any number of threads may encode with it. */
#ifndef WF_RECIPE_STEP_H
#define WF_RECIPE_STEP_H

#include "base/bytes.h"
#include "base/json.h"
#include "base/map.h"
#include "recipe/sample.h"
#include "wf/recipe.h"
#include "wf/transform.h"

#include <stdatomic.h>

typedef struct wf_step wf_step;

typedef struct wf_step_kind {
  const char *name;  /* in JSON and in messages */
  bool reads_text;   /* what it is given, besides missing values: texts, else numbers */
  bool makes_text;   /* what it hands on; of no meaning when it ends the column */
  bool ends_column;  /* it makes features: `width`, `suffix`, `expand`; else `map` */
  bool reads_any;    /* texts and numbers */
  bool needs_column; /* it cannot be declared for every column */

  /* Learns from the training values that reach the step; the result may be `declared` itself,
   * retained. */
  wf_status (*fit)(wf_step **out, wf_step *declared, const wf_sample *sample, wf_error *err);

  wf_status (*map)(const wf_step *step, wf_cell *cell, wf_error *err);

  size_t (*width)(const wf_step *step);
  wf_view (*suffix)(const wf_step *step, size_t feature); /* after "<column>_" in its name */
  wf_status (*expand)(const wf_step *step, const wf_cell *cell, float *out, wf_error *err);

  /* Appends the members of the step's object after "kind", each with ", " before it. */
  void (*format)(const wf_step *step, wf_bytes *json);
  /* From such an object. `fitted`: nothing may be left to learn. `what` names it in messages. */
  wf_status (*parse)(wf_step **out, const json_t *object, bool fitted, const char *what,
                     wf_error *err);
  void (*dispose)(wf_step *step); /* frees what the step holds, not the step */
} wf_step_kind;

struct wf_step { /* the first member of every kind's own struct */
  const wf_step_kind *kind;
  atomic_size_t refs; /* shared by a declaration and what was fitted from it */
};

/* NULL when there is no such kind. */
const wf_step_kind *wf_step_find_kind(const char *name);

void *wf_step_new(const wf_step_kind *kind, size_t size); /* zeroed; NULL when memory is out */
wf_step *wf_step_retain(wf_step *step);
void wf_step_release(wf_step *step);

/* The kinds. `values` is taken over, also on failure; NULL: to be learned. */
wf_status wf_step_new_ordinal(wf_step **out, wf_map *values, wf_unseen unseen, wf_error *err);
wf_status wf_step_new_one_hot(wf_step **out, wf_map *values, const char *missing, wf_unseen unseen,
                              wf_error *err);
wf_status wf_step_new_impute(wf_step **out, wf_impute how, double constant, wf_error *err);
/* No data: the most frequent text is to be learned. */
wf_status wf_step_new_impute_text(wf_step **out, wf_view value, wf_error *err);
bool wf_step_imputes_mode(const wf_step *step); /* of the kind impute */
/* `kept` is taken over, also on failure; NULL: to be learned. */
wf_status wf_step_new_rare(wf_step **out, double least, double share, const char *name,
                           wf_map *kept, wf_error *err);
wf_status wf_step_new_hash(wf_step **out, size_t n, wf_error *err);
wf_status wf_step_new_drop(wf_step **out, wf_error *err);
/* Numbers: NaN for what is to be learned or is not there. */
wf_status wf_step_new_scale(wf_step **out, wf_scale how, double center, double spread,
                            wf_error *err);
wf_status wf_step_new_clip(wf_step **out, double low, double high, double quantile, wf_error *err);
wf_status wf_step_new_log(wf_step **out, wf_error *err);
/* `knots` is taken over, also on failure; NULL: n of them are to be learned. */
wf_status wf_step_new_quantile(wf_step **out, double *knots, size_t n, wf_error *err);
wf_status wf_step_new_power(wf_step **out, double lambda, wf_error *err);
/* Copies the edges; NULL: `n` parts to be learned. */
wf_status wf_step_new_bin(wf_step **out, wf_bin how, const double *edges, size_t n, wf_error *err);
/* `values` and `numbers` (one for each) are taken over, also on failure; NULL: to be learned. */
wf_status wf_step_new_frequency(wf_step **out, wf_map *values, double *numbers, wf_error *err);
wf_status wf_step_new_target(wf_step **out, const char *target, double smoothing, wf_map *values,
                             double *numbers, double mean, wf_error *err);
wf_status wf_step_new_date(wf_step **out, const wf_date_part *parts, size_t n, wf_error *err);
/* A derived column; never in a chain. */
wf_status wf_step_new_expression(wf_step **out, wf_view text, wf_error *err);
const struct wf_expression *wf_step_expression_of(const wf_step *step);
extern const wf_step_kind wf_step_expression;
extern const wf_step_kind wf_step_ordinal, wf_step_one_hot, wf_step_impute, wf_step_scale,
    wf_step_clip, wf_step_log, wf_step_bin, wf_step_frequency, wf_step_target, wf_step_date,
    wf_step_impute_text, wf_step_rare, wf_step_hash, wf_step_drop, wf_step_quantile_kind,
    wf_step_power;

/* JSON of a finite number, ", \"key\": 0.5", and its reading where it is optional (NaN). */
void wf_step_format_number(wf_bytes *json, const char *key, double value);
wf_status wf_step_parse_number(double *out, const json_t *object, const char *key, bool required,
                               const char *what, wf_error *err);
/* An array of finite numbers; wf_free it. */
void wf_step_format_numbers(wf_bytes *json, const char *key, const double *values, size_t n);
wf_status wf_step_parse_numbers(double **out, size_t *n, const json_t *object, const char *key,
                                const char *what, wf_error *err);
/* The index of the text in `names` (ends with NULL). */
wf_status wf_step_parse_choice(int *out, const json_t *object, const char *key,
                               const char *const *names, const char *what, wf_error *err);

/* Of ascending values, by type 7. */
double wf_step_quantile(const double *sorted, size_t n, double q);
/* Sorts the sample's numbers; WF_INVALID when there are none or one is not finite. */
wf_status wf_step_sort_sample(const wf_sample *sample, const char *step, wf_error *err);

/* The missing number, the same bits everywhere. */
static inline float wf_feature_missing(void) { return __builtin_nanf(""); }
/* The feature a number becomes. */
static inline float wf_feature_of(double number) {
  return number == number ? (float)number : wf_feature_missing();
}

#endif
