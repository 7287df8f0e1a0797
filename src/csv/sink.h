/* csv/sink.h — one column, or one chunk of its rows, on the way from fields to values. */
#ifndef WF_CSV_SINK_H
#define WF_CSV_SINK_H

#include "base/map.h"
#include "csv/infer.h"
#include "frame/column.h"

enum { WF_CSV_MAX_CATEGORIES = 1 << 15 };

/* What a column is to become. `typed` false: nothing is known yet, and only missing fields fit. */
typedef struct wf_csv_target {
  const wf_csv_markers *markers;
  const wf_csv_numerals *numerals; /* NULL: numbers are written plainly */
  wf_type type;
  bool typed, given; /* given: by the caller, not to be changed */
  bool finite;       /* inf and nan are words */
  bool lenient;      /* given, and what does not fit is missing instead */
  bool doubtful;     /* string by a guess: it may still be worth a dictionary */
} wf_csv_target;

typedef struct wf_csv_short { /* a text of at most 16 bytes and its code */
  uint64_t head, tail;
  uint32_t size; /* plus 1; 0: the slot is free */
  int32_t code;
} wf_csv_short;

/* The codes of one column's texts as one thread gives them. Zero-initialise. */
typedef struct wf_csv_codes {
  wf_map *dictionary;
  size_t *first; /* by code: the row where the thread first met it */
  size_t n_first;
  wf_csv_short *shorts; /* the short texts, by open addressing; at most half full */
  size_t n_shorts;
  unsigned bits; /* there are 1 << bits slots */
} wf_csv_codes;

wf_status wf_csv_codes_init(wf_csv_codes *codes, wf_error *err);
void wf_csv_codes_dispose(wf_csv_codes *codes);

/* One owner, one thread. It is filled with runs of consecutive rows, one after the other; kinds and
 * misfits gather over all of them. Zero-initialise but for the target and the codes. */
typedef struct wf_csv_sink {
  const wf_csv_target *target;
  wf_csv_codes *codes; /* category: borrowed */
  unsigned kinds;      /* of everything from the first misfit on */
  bool misfit;         /* a value did not fit the type … */
  size_t misfit_row;   /* … first in this row */
  bool blank_text;     /* saw an empty field that is no missing marker */
  size_t n_repaired;   /* values made missing by a lenient target */

  /* of this run */
  size_t row;      /* its first row */
  size_t n;        /* rows so far */
  size_t capacity; /* the most there will be */
  bool vectors;    /* there are AVX2 and WF_CSV_FRONT readable bytes in front of every field */
  bool in_text;    /* fields lie where the text has them: WF_CSV_BEHIND bytes behind each may be
                      read, and in those of strings quotes are still pairs of `quote` */
  char quote;
  void *values; /* the caller's memory for them; bool: a byte a row, string: int64 ends in `text` */
  bool some_missing; /* `missing` has bits set */
  uint8_t *missing;  /* a bit a row */
  size_t n_bytes;    /* of `missing` */
  wf_bytes text;     /* string */
} wf_csv_sink;

/* Begins a run of at most `capacity` rows. */
wf_status wf_csv_sink_begin(wf_csv_sink *sink, size_t row, size_t capacity, void *values,
                            wf_error *err);
void wf_csv_sink_dispose(wf_csv_sink *sink);

/* Adds rows. After a misfit values are no longer stored: an inferred column goes on collecting
 * kinds, a given one stands still. */
wf_status wf_csv_sink_add(wf_csv_sink *sink, const wf_csv_field *fields, size_t n, wf_error *err);

/* Bytes a row of `values`; 0 when the sink needs none. */
size_t wf_csv_sink_width(const wf_csv_target *target);

#endif
