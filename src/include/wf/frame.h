/* wf/frame.h — typed immutable columns in the Arrow memory layout, and frames of named columns.
 *
 * Columns and frames are immutable and atomically reference-counted: any thread may read them,
 * every function retains what it keeps, and every frame or column you receive through an
 * out-parameter is released by you. Missing values are explicit (a validity bit), never NaN by
 * convention: a NaN in an f64 column is a value.
 *
 * Row numbers are 0-based. Column names are unique, non-empty UTF-8. */
#ifndef WF_FRAME_H
#define WF_FRAME_H

#include "wf/base.h"

#ifdef __cplusplus
extern "C" {
#endif

#define WF_TYPE_MAP(X)                                                              \
  X(F64, "f64")                                                                     \
  X(F32, "f32")                                                                     \
  X(I64, "i64")                                                                     \
  X(I32, "i32")                                                                     \
  X(BOOL, "bool")           /* one bit a value, least significant first */          \
  X(STRING, "string")       /* UTF-8 bytes and int64 offsets (Arrow large_utf8) */  \
  X(CATEGORY, "category")   /* int32 codes into a dictionary of distinct strings */ \
  X(TIMESTAMP, "timestamp") /* int64 microseconds since 1970-01-01 UTC */

typedef enum wf_type {
#define WF_TYPE_ENUM(name, text) WF_##name,
  WF_TYPE_MAP(WF_TYPE_ENUM)
#undef WF_TYPE_ENUM
} wf_type;

WF_API const char *wf_type_name(wf_type type);
WF_API bool wf_type_find(const char *name, wf_type *out);

typedef struct wf_column wf_column;
typedef struct wf_frame wf_frame;

/* ---- columns ----------------------------------------------------------------------------------
 */

/* Copies `n` values. `present` is NULL (none missing) or one byte a row, 0 = missing. */
WF_API WF_NODISCARD wf_status wf_column_from_f64(wf_column **out, const double *values,
                                                 const uint8_t *present, size_t n, wf_error *err);
WF_API WF_NODISCARD wf_status wf_column_from_i64(wf_column **out, const int64_t *values,
                                                 const uint8_t *present, size_t n, wf_error *err);
WF_API WF_NODISCARD wf_status wf_column_from_bool(wf_column **out, const uint8_t *values,
                                                  const uint8_t *present, size_t n, wf_error *err);
/* Terminated strings of UTF-8, else WF_INVALID; a NULL pointer is a missing value. */
WF_API WF_NODISCARD wf_status wf_column_from_strings(wf_column **out, const char *const *values,
                                                     size_t n, wf_error *err);

WF_API wf_column *wf_column_retain(wf_column *column);
WF_API void wf_column_release(wf_column *column);

WF_API wf_type wf_column_type(const wf_column *column);
WF_API size_t wf_column_count(const wf_column *column);
WF_API size_t wf_column_missing_count(const wf_column *column);
WF_API bool wf_column_is_missing(const wf_column *column, size_t row);

/* One value. The number of a numeric, bool (0/1) or timestamp column, NaN when missing; asserts on
 * string and category columns. */
WF_API double wf_column_number_at(const wf_column *column, size_t row);
/* i64, i32, bool, timestamp; 0 when missing. */
WF_API int64_t wf_column_integer_at(const wf_column *column, size_t row);
/* The text of a string or category column; NULL when missing. Not terminated. */
WF_API const char *wf_column_text_at(const wf_column *column, size_t row, size_t *size);
/* The dictionary of a category column (a string column without missing values), borrowed. */
WF_API const wf_column *wf_column_dictionary(const wf_column *column);
WF_API int32_t wf_column_code_at(const wf_column *column, size_t row); /* -1 when missing */

/* The column as another type. Text that is no number, a fraction cast to an integer, a value out of
 * range: WF_TYPE naming the row, counted from 1 as in all messages, and the value. */
WF_API WF_NODISCARD wf_status wf_column_cast(wf_column **out, const wf_column *column, wf_type type,
                                             wf_error *err);

/* ---- frames -----------------------------------------------------------------------------------
 */

/* Retains the columns. Names must be unique and lengths equal. `n_columns` may be 0. */
WF_API WF_NODISCARD wf_status wf_frame_new(wf_frame **out, const char *const *names,
                                           wf_column *const *columns, size_t n_columns,
                                           wf_error *err);
WF_API wf_frame *wf_frame_retain(wf_frame *frame);
WF_API void wf_frame_release(wf_frame *frame);

WF_API size_t wf_frame_row_count(const wf_frame *frame);
WF_API size_t wf_frame_column_count(const wf_frame *frame);
WF_API const char *wf_frame_name_at(const wf_frame *frame, size_t index);
WF_API wf_column *wf_frame_column_at(const wf_frame *frame, size_t index); /* borrowed */
WF_API ptrdiff_t wf_frame_find(const wf_frame *frame, const char *name);   /* -1 when absent */
/* Borrowed; WF_NOTFOUND names the column and the nearest existing name. */
WF_API WF_NODISCARD wf_status wf_frame_get(wf_column **out, const wf_frame *frame, const char *name,
                                           wf_error *err);

/* ---- selecting --------------------------------------------------------------------------------
 */

WF_API WF_NODISCARD wf_status wf_frame_select(wf_frame **out, const wf_frame *frame,
                                              const char *const *names, size_t n, wf_error *err);
WF_API WF_NODISCARD wf_status wf_frame_drop(wf_frame **out, const wf_frame *frame,
                                            const char *const *names, size_t n, wf_error *err);
WF_API WF_NODISCARD wf_status wf_frame_rename(wf_frame **out, const wf_frame *frame,
                                              const char *const *from, const char *const *to,
                                              size_t n, wf_error *err);
/* Adds the column, or replaces the one of that name in its place. */
WF_API WF_NODISCARD wf_status wf_frame_with(wf_frame **out, const wf_frame *frame, const char *name,
                                            wf_column *column, wf_error *err);
/* Rows [begin, begin + n), clipped to the frame. */
WF_API WF_NODISCARD wf_status wf_frame_slice(wf_frame **out, const wf_frame *frame, size_t begin,
                                             size_t n, wf_error *err);
/* The given rows in the given order; repeats are fine. */
WF_API WF_NODISCARD wf_status wf_frame_take(wf_frame **out, const wf_frame *frame,
                                            const size_t *rows, size_t n, wf_error *err);
/* Rows where the bool column is true (missing counts as false). */
WF_API WF_NODISCARD wf_status wf_frame_filter(wf_frame **out, const wf_frame *frame,
                                              const wf_column *mask, wf_error *err);

/* ---- comparing: masks for wf_frame_filter ------------------------------------------------------
 */

typedef enum wf_compare { WF_EQ, WF_NE, WF_LT, WF_LE, WF_GT, WF_GE } wf_compare;

/* Missing operands give missing results. Text columns compare as bytes; a timestamp column compares
 * with text that is a time. Integers are compared exactly; NaN is unequal to everything. */
WF_API WF_NODISCARD wf_status wf_column_compare_number(wf_column **out, const wf_column *column,
                                                       wf_compare op, double value, wf_error *err);
WF_API WF_NODISCARD wf_status wf_column_compare_text(wf_column **out, const wf_column *column,
                                                     wf_compare op, const char *value,
                                                     wf_error *err);
WF_API WF_NODISCARD wf_status wf_column_compare(wf_column **out, const wf_column *a, wf_compare op,
                                                const wf_column *b, wf_error *err);
/* Three-valued logic on bool columns, as SQL has it. */
WF_API WF_NODISCARD wf_status wf_column_and(wf_column **out, const wf_column *a, const wf_column *b,
                                            wf_error *err);
WF_API WF_NODISCARD wf_status wf_column_or(wf_column **out, const wf_column *a, const wf_column *b,
                                           wf_error *err);
WF_API WF_NODISCARD wf_status wf_column_not(wf_column **out, const wf_column *a, wf_error *err);
/* A bool column, never missing itself: true where the value is missing. */
WF_API WF_NODISCARD wf_status wf_column_missing(wf_column **out, const wf_column *a, wf_error *err);

/* ---- arithmetic: f64 results (i64 for + - * % // of integers, unless one overflows or divides by
 * zero) -------
 */

typedef enum wf_arithmetic {
  WF_ADD,
  WF_SUB,
  WF_MUL,
  WF_DIV,
  WF_MOD,       /* with the sign of the divisor */
  WF_FLOOR_DIV, /* towards minus infinity */
  WF_POW
} wf_arithmetic;

WF_API WF_NODISCARD wf_status wf_column_arithmetic(wf_column **out, const wf_column *a,
                                                   wf_arithmetic op, const wf_column *b,
                                                   wf_error *err);
/* With a number on one side; `reversed` puts it on the left. */
WF_API WF_NODISCARD wf_status wf_column_arithmetic_number(wf_column **out, const wf_column *a,
                                                          wf_arithmetic op, double value,
                                                          bool reversed, wf_error *err);

/* ---- combining --------------------------------------------------------------------------------
 */

typedef enum wf_join {
  WF_JOIN_INNER,
  WF_JOIN_LEFT,
  WF_JOIN_RIGHT, /* every right row, in the right frame's order */
  WF_JOIN_OUTER, /* a left join, then the right rows that nothing matched */
  WF_JOIN_SEMI,  /* left rows that have a match; no columns are added */
  WF_JOIN_ANTI,  /* left rows that have none */
  WF_JOIN_CROSS  /* every pair; takes no keys */
} wf_join;

/* What the caller knows about the keys; a repeated key where it must be unique is WF_INVALID. */
typedef enum wf_join_check {
  WF_JOIN_MANY_TO_MANY, /* nothing */
  WF_JOIN_ONE_TO_MANY,  /* left keys are unique */
  WF_JOIN_MANY_TO_ONE,  /* right keys are */
  WF_JOIN_ONE_TO_ONE
} wf_join_check;

typedef struct wf_join_options {
  const char *const *on; /* key columns, of the same names on both sides */
  size_t n_on;
  wf_join how;
  wf_join_check check;
  const char *suffix; /* of a right column whose name the left has; NULL: "_right" */
} wf_join_options;

/* Joins on equal keys (types must agree; text matches text). Missing keys match nothing, nor do two
 * of them. The right frame's other columns follow the left's. Rows keep the left frame's order,
 * then the right's. */
WF_API WF_NODISCARD wf_status wf_frame_join_with(wf_frame **out, const wf_frame *left,
                                                 const wf_frame *right,
                                                 const wf_join_options *options, wf_error *err);
WF_API WF_NODISCARD wf_status wf_frame_join(wf_frame **out, const wf_frame *left,
                                            const wf_frame *right, const char *const *on,
                                            size_t n_on, wf_join how, wf_error *err);
/* Rows of all frames one below the other; the same names in any column order. Types that differ
 * meet in one that holds both (numbers, text); a column without any value fits every type. */
WF_API WF_NODISCARD wf_status wf_frame_concat(wf_frame **out, wf_frame *const *frames, size_t n,
                                              wf_error *err);
typedef struct wf_sort_options {
  const char *const *by;
  const bool *descending; /* NULL: all ascending */
  size_t n;
  bool missing_first;
} wf_sort_options;

/* Stable; missing values last (or first) whatever the direction, NaN behind all numbers. */
WF_API WF_NODISCARD wf_status wf_frame_sort_with(wf_frame **out, const wf_frame *frame,
                                                 const wf_sort_options *options, wf_error *err);
WF_API WF_NODISCARD wf_status wf_frame_sort(wf_frame **out, const wf_frame *frame,
                                            const char *const *by, const bool *descending, size_t n,
                                            wf_error *err);

typedef enum wf_aggregate {
  WF_AGG_COUNT, /* rows that are not missing; of all rows when the column is NULL */
  WF_AGG_SUM,
  WF_AGG_MEAN,
  WF_AGG_MIN,
  WF_AGG_MAX,
  WF_AGG_STD, /* n - 1 in the denominator */
  WF_AGG_MEDIAN,
  WF_AGG_DISTINCT,
  WF_AGG_VAR,   /* n - 1 in the denominator */
  WF_AGG_FIRST, /* of the values that are not missing, in row order */
  WF_AGG_LAST,
  WF_AGG_QUANTILE /* at `q`, by type 7 */
} wf_aggregate;

typedef struct wf_aggregation {
  const char *name;   /* of the resulting column */
  const char *column; /* aggregated; may be NULL for WF_AGG_COUNT */
  wf_aggregate how;
  double q; /* WF_AGG_QUANTILE: 0 to 1 */
} wf_aggregation;

/* One row per distinct key, in order of first appearance; a missing key is a group of its own. Of a
 * group without values the sum is 0, counts are 0 and the rest is missing, as are deviation and
 * variance of one value. Sums of integers are i64 unless one overflows; min, max, first and last
 * keep the column's type. */
WF_API WF_NODISCARD wf_status wf_frame_group(wf_frame **out, const wf_frame *frame,
                                             const char *const *by, size_t n_by,
                                             const wf_aggregation *aggregations,
                                             size_t n_aggregations, wf_error *err);

/* The frame with the aggregates of each row's group as further columns (a name that exists is
 * replaced). */
WF_API WF_NODISCARD wf_status wf_frame_group_with(wf_frame **out, const wf_frame *frame,
                                                  const char *const *by, size_t n_by,
                                                  const wf_aggregation *aggregations,
                                                  size_t n_aggregations, wf_error *err);

/* ---- splitting --------------------------------------------------------------------------------
 */

typedef struct wf_split_options {
  const double *fractions; /* each > 0, sum at most 1 + 1e-9; what is left over is dropped */
  size_t n_parts;          /* 1 to 64 */
  uint64_t seed;
  bool shuffle;         /* false: consecutive rows */
  const char *stratify; /* NULL, or a column whose shares are kept in every part */
  const char *group;    /* NULL, or a column whose equal values stay together in one part */
  const char *order;    /* NULL, or a column (a time) by which rows are sorted first; not shuffled,
                           so that every row of a part is no later than any of the next part's */
} wf_split_options;

/* Fills out[n_parts]. Sizes are floor(fraction * n) with the remainder given to the largest
 * fractional parts, so that fractions that sum to 1 use every row. The same seed gives the same
 * rows on every machine. */
WF_API WF_NODISCARD wf_status wf_frame_split(wf_frame **out, const wf_frame *frame,
                                             const wf_split_options *options, wf_error *err);
/* Fold numbers 0..k-1 for each row, balanced to ±1 (within strata when given), as an i64 column. */
WF_API WF_NODISCARD wf_status wf_frame_folds(wf_column **out, const wf_frame *frame, size_t k,
                                             uint64_t seed, const char *stratify, wf_error *err);
/* The same for whole groups: rows of equal `group` get one fold, folds differ as little in rows as
 * giving the largest group to the smallest fold makes them. */
WF_API WF_NODISCARD wf_status wf_frame_folds_grouped(wf_column **out, const wf_frame *frame,
                                                     size_t k, uint64_t seed, const char *group,
                                                     wf_error *err);
/* `n` rows drawn one by one, each with a chance proportional to its weight (a column of numbers not
 * below 0, missing counts as 0; NULL: all equal), with or without putting them back. Without, `n`
 * is at most the number of rows with a weight. In order of drawing. */
WF_API WF_NODISCARD wf_status wf_frame_sample(wf_frame **out, const wf_frame *frame, size_t n,
                                              const char *weights, bool replace, uint64_t seed,
                                              wf_error *err);

/* ---- summarising ------------------------------------------------------------------------------
 */

typedef struct wf_summary {
  size_t count, missing, distinct; /* distinct values that are present */
  double mean, std, min, max;      /* NaN for text columns and empty ones; std with n - 1 */
  double q25, median, q75;         /* linear interpolation (Hyndman and Fan type 7) */
} wf_summary;

WF_API WF_NODISCARD wf_status wf_column_summarise(wf_summary *out, const wf_column *column,
                                                  wf_error *err);
/* Quantile of a numeric column by type 7; WF_INVALID when nothing is present. */
WF_API WF_NODISCARD wf_status wf_column_quantile(double *out, const wf_column *column, double q,
                                                 wf_error *err);
/* Columns "value" (the column's own type), "count" (i64) and "share" (f64); most frequent first,
 * ties in order of first appearance; missing values are a row when there are any. */
WF_API WF_NODISCARD wf_status wf_column_value_counts(wf_frame **out, const wf_column *column,
                                                     wf_error *err);
/* One row per column: column, type, count, missing, distinct, mean, std, min, q25, median, q75,
 * max. */
WF_API WF_NODISCARD wf_status wf_frame_describe(wf_frame **out, const wf_frame *frame,
                                                wf_error *err);

typedef enum wf_correlation {
  WF_CORRELATION_PEARSON,
  WF_CORRELATION_SPEARMAN /* of the ranks, equal values sharing their average */
} wf_correlation;

/* The correlation of every two numeric or bool columns over the rows where both are present: a
 * column "column" of names and one column for each; missing where fewer than two rows or no
 * variance is left. */
WF_API WF_NODISCARD wf_status wf_frame_correlation(wf_frame **out, const wf_frame *frame,
                                                   wf_correlation how, wf_error *err);

/* The frame as an aligned text table of at most `max_rows` rows and `width` display columns (0: no
 * limit), elided in the middle; wide characters count as two. wf_text_free the result. */
WF_API WF_NODISCARD wf_status wf_frame_format(char **out, const wf_frame *frame, size_t max_rows,
                                              size_t width, wf_error *err);

/* SHA-256 over names, types and values (not over how a column happens to be stored: a category and
 * a string column of the same values differ only by their type), as 64 hexadecimal digits. */
WF_API WF_NODISCARD wf_status wf_frame_digest(char out[65], const wf_frame *frame, wf_error *err);

#ifdef __cplusplus
}
#endif
#endif
