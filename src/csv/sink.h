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

/* The codes of one column's texts, shared by all sinks that one thread fills. Zero-initialise. */
typedef struct wf_csv_codes {
  wf_map *dictionary;
  wf_csv_short *shorts; /* the short ones, by open addressing; at most half full */
  size_t n_shorts;
  unsigned bits;   /* there are 1 << bits slots */
  int32_t *common; /* while chunks are put together: the code in the common dictionary, or -1 */
} wf_csv_codes;

wf_status wf_csv_codes_init(wf_csv_codes *codes, wf_error *err);
void wf_csv_codes_dispose(wf_csv_codes *codes);

/* One owner, one thread. `values` points to the caller's memory for this chunk's rows where the
 * type has a fixed width (bool: a byte a row). */
typedef struct wf_csv_sink {
  const wf_csv_target *target;
  void *values;
  size_t n, capacity, n_missing;
  uint8_t *present;    /* a bit a row; NULL while nothing is missing */
  unsigned kinds;      /* of everything from the first misfit on */
  size_t misfit;       /* the first row that does not fit the type; SIZE_MAX: none */
  size_t n_repaired;   /* values made missing by a lenient target */
  bool blank_text;     /* saw an empty field that is no missing marker */
  wf_csv_codes *codes; /* category: borrowed */
  wf_bytes text;
  int64_t *ends; /* string: in `text`, by row */
} wf_csv_sink;

/* For at most `capacity` rows. A category needs initialised `codes`, which outlive the sink. */
wf_status wf_csv_sink_init(wf_csv_sink *sink, const wf_csv_target *target, size_t capacity,
                           void *values, wf_csv_codes *codes, wf_error *err);
void wf_csv_sink_dispose(wf_csv_sink *sink);

/* Adds rows. After a misfit values are no longer stored: an inferred column goes on collecting
 * kinds, a given one stands still. */
wf_status wf_csv_sink_add(wf_csv_sink *sink, const wf_csv_field *fields, size_t n, wf_error *err);

/* Bytes a row of `values`; 0 when the sink needs none. */
size_t wf_csv_sink_width(const wf_csv_target *target);

/* The column that the sinks hold one after the other; none has a misfit. `values` is the memory the
 * sinks wrote to, taken over in any case. Categories get their codes by first appearance. */
wf_status wf_csv_sinks_finish(wf_column **out, wf_csv_sink *sinks, size_t n_sinks,
                              const wf_csv_target *target, wf_buffer *values, wf_error *err);

#endif
