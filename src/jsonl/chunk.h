/* jsonl/chunk.h — some lines of a text on the way to columns.
 *
 * A chunk knows nothing of other chunks: it stores each column's values as the narrowest kind that
 * held them, and which kinds it met. Only values that are present are stored, each with its row. */
#ifndef WF_JSONL_CHUNK_H
#define WF_JSONL_CHUNK_H

#include "base/array.h"
#include "base/map.h"
#include "jsonl/scan.h"
#include "wf/jsonl.h"

typedef enum wf_jsonl_store {
  WF_JSONL_EMPTY,
  WF_JSONL_UNWANTED,
  WF_JSONL_INTEGERS, /* also truths and times */
  WF_JSONL_NUMBERS,
  WF_JSONL_TEXTS,
  WF_JSONL_BROKEN /* numbers or truths and then something else: to be read again as text */
} wf_jsonl_store;

typedef union wf_jsonl_slot {
  int64_t integer;
  double number;
  uint64_t end; /* of a text */
} wf_jsonl_slot;

typedef struct wf_jsonl_column {
  bool real;      /* a line that counts has the key */
  bool plain;     /* the key stands in the text as it is */
  bool given;     /* the type is the caller's */
  wf_type type;   /* when given */
  unsigned kinds; /* met: bits 1 << wf_jsonl_kind */
  wf_jsonl_store store;
  size_t mark; /* the last line that has the key */
  size_t n, capacity;
  uint32_t *rows;
  wf_jsonl_slot *slots;
  wf_bytes text;
} wf_jsonl_column;

typedef struct wf_jsonl_rejected {
  const char *line; /* up to its end */
  size_t size;
  char *why;
} wf_jsonl_rejected;

/* What all chunks of a read share. */
typedef struct wf_jsonl_plan {
  const wf_jsonl_options *options;
  const char *limit;   /* bytes up to here may be read */
  wf_map *wanted;      /* NULL: every column */
  wf_map *typed;       /* names in the order of options->typed; NULL: none */
  const wf_map *texts; /* columns to read as text whatever they hold; NULL: none */
} wf_jsonl_plan;

typedef struct wf_jsonl_chunk {
  const char *begin, *end; /* whole lines, the last byte is '\n' */
  size_t n_rows;
  wf_map *names;
  WF_ARRAY(wf_jsonl_column) columns; /* by index in `names` */
  WF_ARRAY(size_t) real;             /* columns in order of first appearance */
  WF_ARRAY(size_t) sequence;         /* the columns of the line before, which this one's will be */
  WF_ARRAY(wf_jsonl_rejected) rejected;
  size_t mark;
  wf_bytes scratch;
} wf_jsonl_chunk;

/* Reads the lines; `begin` and `end` are set, the rest is zero. The chunk is disposed in any case.
 * A bad row that is not to be skipped is a failure with its fault; want of memory is one too. */
wf_status wf_jsonl_chunk_read(wf_jsonl_chunk *chunk, const wf_jsonl_plan *plan,
                              wf_jsonl_fault *fault);
void wf_jsonl_column_dispose(wf_jsonl_column *column);
void wf_jsonl_chunk_dispose(wf_jsonl_chunk *chunk); /* keeps begin and end */

/* wf_jsonl_parse for tests: cut into pieces of about `block` bytes (0: as usual). */
wf_status wf_jsonl_parse_by(wf_frame **out, wf_view text, const wf_jsonl_options *options,
                            size_t block, wf_jsonl_report *report, wf_error *err);

#endif
