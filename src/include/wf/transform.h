/* wf/transform.h — columns made from columns: filling gaps, choosing, windows, text, dates,
 * outliers.
 *
 * Everything here gives a new column of as many rows, released by the caller. A missing value stays
 * missing unless the function's business is to fill it; whatever cannot be computed (a part of text
 * that is not there) is missing, never an error. Types that a function cannot work on are WF_TYPE.
 */
#ifndef WF_TRANSFORM_H
#define WF_TRANSFORM_H

#include "wf/frame.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- missing values ----------------------------------------------------------------------------
 */

#define WF_FILL_MAP(X)                                                             \
  X(CONSTANT, "constant") /* the only value of the column `constant` */            \
  X(MEAN, "mean")         /* of numeric columns; the result is f64 */              \
  X(MEDIAN, "median")     /* the same */                                           \
  X(MODE, "mode")         /* the most frequent value, the first of equally many */ \
  X(FORWARD, "forward")   /* the value before; missing ones at the start stay */   \
  X(BACKWARD, "backward") /* the value behind */

typedef enum wf_fill {
#define WF_FILL_ENUM(name, text) WF_FILL_##name,
  WF_FILL_MAP(WF_FILL_ENUM)
#undef WF_FILL_ENUM
} wf_fill;

WF_API bool wf_fill_find(const char *name, wf_fill *out);
/* `constant` has one row and is used by WF_FILL_CONSTANT alone; its type must go with the column's
 * (an integer column filled with a fraction becomes f64). A column without any value keeps its gaps
 * where nothing can be computed from it. */
WF_API WF_NODISCARD wf_status wf_column_fill(wf_column **out, const wf_column *column, wf_fill how,
                                             const wf_column *constant, wf_error *err);

/* Row by row `yes` where the bool column is true, `no` where it is false, missing where it is
 * missing. Each has as many rows or one, which counts for all; their types meet as in
 * wf_frame_concat. */
WF_API WF_NODISCARD wf_status wf_column_when(wf_column **out, const wf_column *mask,
                                             const wf_column *yes, const wf_column *no,
                                             wf_error *err);

/* ---- windows: over rows in their order, within groups of equal `by` (n_by 0: all one group)
 * ------
 */

/* The value `distance` rows before (behind, when negative); missing where there is none. */
WF_API WF_NODISCARD wf_status wf_frame_lag(wf_column **out, const wf_frame *frame,
                                           const char *column, ptrdiff_t distance,
                                           const char *const *by, size_t n_by, wf_error *err);

/* An aggregate (count sum mean min max std var median) of the last `window` rows, the row itself
 * included: f64, missing where fewer than `least` of them have values (least 0: `window`). */
WF_API WF_NODISCARD wf_status wf_frame_rolling(wf_column **out, const wf_frame *frame,
                                               const char *column, size_t window, size_t least,
                                               wf_aggregate how, const char *const *by, size_t n_by,
                                               wf_error *err);

/* The sum, min, max or count of the values so far, the row's own included: i64 of integers unless a
 * sum overflows, else f64. Missing values stay and are passed over. */
WF_API WF_NODISCARD wf_status wf_frame_cumulative(wf_column **out, const wf_frame *frame,
                                                  const char *column, wf_aggregate how,
                                                  const char *const *by, size_t n_by,
                                                  wf_error *err);

typedef enum wf_rank { /* of equal values */
                       WF_RANK_AVERAGE,
                       WF_RANK_MIN,
                       WF_RANK_MAX,
                       WF_RANK_DENSE, /* the same rank, and the next value has the next one */
                       WF_RANK_FIRST  /* in row order */
} wf_rank;

/* The place of each value among those of its group, from 1, f64; missing values have none. NaN is
 * behind all numbers, in either direction. */
WF_API WF_NODISCARD wf_status wf_frame_rank(wf_column **out, const wf_frame *frame,
                                            const char *column, wf_rank how, bool descending,
                                            const char *const *by, size_t n_by, wf_error *err);

/* ---- rows and values ---------------------------------------------------------------------------
 */

/* The rows without a missing value in these columns (n 0: in any). */
WF_API WF_NODISCARD wf_status wf_frame_drop_missing(wf_frame **out, const wf_frame *frame,
                                                    const char *const *names, size_t n,
                                                    wf_error *err);

/* Of rows that are equal in these columns (n 0: in all) the first, the last, or none at all; in the
 * frame's order. Missing values are equal to each other. */
typedef enum wf_keep { WF_KEEP_FIRST, WF_KEEP_LAST, WF_KEEP_NONE } wf_keep;
WF_API WF_NODISCARD wf_status wf_frame_unique(wf_frame **out, const wf_frame *frame,
                                              const char *const *names, size_t n, wf_keep which,
                                              wf_error *err);

/* A bool column: whether each value is one of `values`; missing where it is missing. Integers are
 * compared exactly, a NaN is equal to a NaN, a timestamp column takes text that is a time. */
WF_API WF_NODISCARD wf_status wf_column_is_in(wf_column **out, const wf_column *column,
                                              wf_column *values, wf_error *err);

/* ---- functions of numbers ----------------------------------------------------------------------
 */

#define WF_FUNCTION_MAP(X)                       \
  X(ABS, "abs")                                  \
  X(CEIL, "ceil")                                \
  X(COS, "cos")                                  \
  X(EXP, "exp")                                  \
  X(FLOOR, "floor")                              \
  X(LOG, "log")                                  \
  X(LOG1P, "log1p")                              \
  X(ROUND, "round") /* halves to the even one */ \
  X(SIGN, "sign")   /* -1, 0 or 1 */             \
  X(SIN, "sin")                                  \
  X(SQRT, "sqrt")

typedef enum wf_function {
#define WF_FUNCTION_ENUM(name, text) WF_FUNCTION_##name,
  WF_FUNCTION_MAP(WF_FUNCTION_ENUM)
#undef WF_FUNCTION_ENUM
} wf_function;

WF_API bool wf_function_find(const char *name, wf_function *out);
/* f64; abs, ceil, floor, round and sign of integers are i64. `digits` (behind the point) is
 * round's. */
WF_API WF_NODISCARD wf_status wf_column_function(wf_column **out, const wf_column *column,
                                                 wf_function function, int digits, wf_error *err);

/* ---- text: string and category columns
 * -----------------------------------------------------------
 */

#define WF_TEXT_MAP(X)                                                                            \
  X(LOWER, "lower") /* ASCII letters; others stay as they are */                                  \
  X(UPPER, "upper")                                                                               \
  X(TRIM, "trim")         /* without blanks (space, tab, line ends) at both ends */               \
  X(LENGTH, "length")     /* in code points, i64 */                                               \
  X(CONTAINS, "contains") /* bool */                                                              \
  X(STARTS, "starts_with")                                                                        \
  X(ENDS, "ends_with")                                                                            \
  X(REPLACE, "replace") /* every `argument` by `other`, from the left */                          \
  X(PART, "part")       /* the number-th piece between `argument`s, from 1; -1 the last */        \
  X(SLICE, "slice")     /* code points number to last, from 1, both included; negative ones count \
                           from the end */

typedef enum wf_text_function {
#define WF_TEXT_ENUM(name, text) WF_TEXT_##name,
  WF_TEXT_MAP(WF_TEXT_ENUM)
#undef WF_TEXT_ENUM
} wf_text_function;

typedef struct wf_text_call {
  wf_text_function function;
  const char *argument, *other; /* argument is not empty where one is needed */
  ptrdiff_t number, last;
} wf_text_call;

/* Text results have the column's own type. Of a category every distinct value is worked on once. */
WF_API WF_NODISCARD wf_status wf_column_text_call(wf_column **out, const wf_column *column,
                                                  const wf_text_call *call, wf_error *err);

/* The texts of two columns of any type joined row by row, a string column; missing where either is.
 * A column of one row counts for all. */
WF_API WF_NODISCARD wf_status wf_column_text_join(wf_column **out, const wf_column *a,
                                                  const wf_column *b, wf_error *err);

/* ---- time: timestamp columns, in UTC ------------------------------------------------------------
 */

#define WF_DATE_MAP(X)                             \
  X(YEAR, "year")                                  \
  X(QUARTER, "quarter")                            \
  X(MONTH, "month")                                \
  X(DAY, "day")                                    \
  X(WEEKDAY, "weekday") /* Monday 1 to Sunday 7 */ \
  X(YEARDAY, "yearday") /* from 1 */               \
  X(HOUR, "hour")                                  \
  X(MINUTE, "minute")                              \
  X(SECOND, "second")                              \
  X(EPOCH, "epoch") /* seconds since 1970, f64 */

typedef enum wf_date_part {
#define WF_DATE_ENUM(name, text) WF_DATE_##name,
  WF_DATE_MAP(WF_DATE_ENUM)
#undef WF_DATE_ENUM
} wf_date_part;

WF_API bool wf_date_part_find(const char *name, wf_date_part *out);
WF_API const char *wf_date_part_name(wf_date_part part);
/* One part of an instant (microseconds since 1970). */
WF_API double wf_date_part_of(int64_t us, wf_date_part part);
/* i64, except EPOCH. Text that is a time counts as one; other text is missing. */
WF_API WF_NODISCARD wf_status wf_column_date_part(wf_column **out, const wf_column *column,
                                                  wf_date_part part, wf_error *err);

/* ---- outliers ----------------------------------------------------------------------------------
 */

typedef enum wf_outlier {
  WF_OUTLIER_IQR, /* outside [q25 - k iqr, q75 + k iqr] (Tukey; k is usually 1.5) */
  WF_OUTLIER_Z    /* further than k deviations from the mean (k is usually 3) */
} wf_outlier;

/* A bool column: true for outliers, missing where the value is. */
WF_API WF_NODISCARD wf_status wf_column_outliers(wf_column **out, const wf_column *column,
                                                 wf_outlier how, double k, wf_error *err);

#ifdef __cplusplus
}
#endif
#endif
