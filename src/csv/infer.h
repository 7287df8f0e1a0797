/* csv/infer.h — what a field may be: missing, or a value of which kind. */
#ifndef WF_CSV_INFER_H
#define WF_CSV_INFER_H

#include "csv/scan.h"
#include "wf/frame.h"

/* The missing markers, prepared so that nearly every field is told from them by its size and first
 * byte. */
typedef struct wf_csv_markers {
  const char *const *texts;
  size_t n;
  uint64_t sizes;     /* bit min(size, 63) */
  uint64_t firsts[4]; /* a bit for each first byte */
  bool empty;         /* "" is a marker */
  bool numeric;       /* one begins as a plain number does */
} wf_csv_markers;

/* `texts` NULL: the default markers. Borrows them. */
void wf_csv_markers_init(wf_csv_markers *out, const char *const *texts, size_t n);
bool wf_csv_markers_compare(const wf_csv_markers *markers, const char *data, size_t size);
static inline bool wf_csv_markers_match(const wf_csv_markers *markers, const char *data,
                                        size_t size) {
  if (size == 0) return markers->empty;
  unsigned char first = (unsigned char)*data;
  bool possible = (markers->sizes >> (size < 63 ? size : 63) & 1) &&
                  (markers->firsts[first >> 6] >> (first & 63) & 1);
  return possible && wf_csv_markers_compare(markers, data, size);
}

/* Sets of kinds: what the values of a column were so far. */
enum {
  WF_CSV_INTEGER = 1,
  WF_CSV_NUMBER = 2,
  WF_CSV_TRUTH = 4,
  WF_CSV_WORD = 8,  /* anything else */
  WF_CSV_MANY = 16, /* more distinct texts than a category may have */
  WF_CSV_TIME = 32, /* an ISO 8601 date or instant that microseconds hold */
};

/* How numbers are written where not plainly. */
typedef struct wf_csv_numerals {
  char decimal;   /* the decimal point */
  char thousands; /* between groups of three digits; '\0': nothing */
} wf_csv_numerals;

enum { WF_CSV_NUMERAL = 64 };
/* Rewrites a number plainly, in `room`; false when it is none. Without numerals the text stays. */
bool wf_csv_plain_number(wf_view *text, char room[WF_CSV_NUMERAL], const wf_csv_numerals *numerals);

/* The kind of a field that is not missing; blanks around anything but a word do not count.
 * `special`: inf, infinity and nan in any case are numbers. `numerals` may be NULL. */
unsigned wf_csv_kind(wf_view text, bool special, const wf_csv_numerals *numerals);
/* The type that holds all these kinds; false for the empty set. */
bool wf_csv_type_of(unsigned kinds, wf_type *out);
/* The kinds that a column of this type holds. */
unsigned wf_csv_kinds_of(wf_type type);

/* A value, without or within blanks. */
bool wf_csv_parse_i64(wf_view text, int64_t *out);
bool wf_csv_parse_f64(wf_view text, bool special, double *out);
bool wf_csv_parse_bool(wf_view text, bool digits, bool *out);
/* `cut`: digits past microseconds may be cut off; else such text is no time. */
bool wf_csv_parse_time(wf_view text, bool cut, int64_t *out);
wf_view wf_csv_trim(wf_view text);

#endif
