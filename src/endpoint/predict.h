/* endpoint/predict.h — rows in, scores out: the memory and the block of rows that every request
 * format fills. */
#ifndef WF_ENDPOINT_PREDICT_H
#define WF_ENDPOINT_PREDICT_H

#include "endpoint/encode.h"
#include "endpoint/reasons.h"
#include "endpoint/served.h"

#include <jansson.h>

enum {
  WF_BLOCK_ROWS = 256,
  WF_EXTRA_FIELDS = 256 /* columns of a header that the model does not know, at most */
};

/* A field of a CSV record. */
typedef struct wf_csv_cell {
  wf_view text;
  bool quoted;
} wf_csv_cell;

/* One worker's memory, grown to the largest request seen and kept. Zero-initialise. */
typedef struct wf_scratch {
  float *features, *scores; /* a block of rows each */
  wf_cell *cells;           /* one raw row, in input order */
  wf_csv_cell *fields;      /* one CSV record */
  wf_place *layout;         /* of a header or of JSON names: what each field is */
  size_t *fields_of;        /* which field holds each input, or each feature */
  json_t **members;         /* one JSON row, by field */
  size_t n_features, n_scores, n_cells, n_fields; /* there is room for */
  wf_bytes text;                                  /* quoted fields without their doubled quotes */
  wf_reasoner reasoner;
} wf_scratch;

void wf_scratch_dispose(wf_scratch *scratch);

/* How the fields of a row are laid out. */
typedef enum wf_row_kind {
  WF_ROW_RAW,    /* the recipe's inputs */
  WF_ROW_ENCODED /* the forest's features */
} wf_row_kind;

/* One request under way. */
typedef struct wf_block {
  const wf_served *served;
  wf_scratch *scratch;
  wf_encoder *encoder;
  size_t n_rows; /* complete rows in the block */
  size_t row;    /* 1-based number of the row being read, for messages */
  bool syntax;   /* after a failure: err->line is a line of the body, not a row */
} wf_block;

wf_status wf_block_begin(wf_block *block, wf_error *err);
/* Where the current row's features go. */
float *wf_block_features(const wf_block *block);
/* The row that was begun is complete; predicts when the block is full. */
wf_status wf_block_end_row(wf_block *block, wf_error *err);
/* Encodes scratch->cells as the current row. Failures give the field of `field_of_input` (NULL:
 * they are the same) as column. */
wf_status wf_block_encode(wf_block *block, const size_t *field_of_input, wf_error *err);

/* Fails with "row N, <message>" at the block's row and that 1-based field. */
wf_status wf_block_fail(const wf_block *block, wf_error *err, wf_status status, size_t field,
                        const char *format, ...) WF_PRINTF(5, 6);

/* The whole way: reads `body`, writes the response's body through `encoder`, with the reasons it
 * says are asked for. On failure whatever
 * was written is worthless. `*syntax` as in wf_block. */
wf_status wf_predict_body(const wf_served *served, wf_scratch *scratch, wf_format format,
                          wf_view body, wf_encoder *encoder, size_t *n_rows, bool *syntax,
                          wf_error *err);

#endif
