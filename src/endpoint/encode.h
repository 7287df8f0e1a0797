/* endpoint/encode.h — scores to response bodies, and which body a client wants. */
#ifndef WF_ENDPOINT_ENCODE_H
#define WF_ENDPOINT_ENCODE_H

#include "base/bytes.h"

typedef enum wf_format { WF_FORMAT_CSV, WF_FORMAT_JSON, WF_FORMAT_JSONLINES } wf_format;

/* The format of a Content-Type; parameters other than a UTF-8 charset are refused. */
bool wf_format_of_type(wf_format *out, wf_view content_type);
/* The format an Accept list prefers, where it leaves a choice `own`; false when it takes none. */
bool wf_format_accepted(wf_format *out, wf_view accept, wf_format own);
const char *wf_format_type(wf_format format); /* the Content-Type to state */

/* A raw column and what it added to a margin. */
typedef struct wf_reason {
  const char *column;
  double contribution;
} wf_reason;

/* Why a row got its score: base, contributions of the listed columns, and of the rest, add up to
 * its margin. */
typedef struct wf_why {
  double base, rest;
  const wf_reason *reasons; /* the largest first */
  size_t n_reasons, n_asked;
} wf_why;

/* Scores are the shortest text that reads back to the same float32, so nothing is lost on the way.
 *   text/csv               0.25                  0.1,0.7,0.2 for several classes
 *   application/jsonlines  {"score":0.25}        {"scores":[0.1,0.7,0.2],"predicted_label":1}
 *   application/json       {"predictions":[…]}   with those objects
 * With reasons, objects get "base", "reasons":[{"column":"age","contribution":0.5},…] and "rest";
 * lines of CSV a name and a contribution for each that was asked for, empty where there are fewer.
 * Contributions are written as float32. */
typedef struct wf_encoder {
  wf_bytes *out;
  wf_format format;
  size_t n_outputs; /* per row */
  size_t n_reasons; /* asked for each row; 0: none */
  size_t n_rows;    /* written so far */
} wf_encoder;

void wf_encoder_begin(wf_encoder *encoder);
/* `why` NULL: no reasons are asked for. */
void wf_encoder_row(wf_encoder *encoder, const float *scores, const wf_why *why);
void wf_encoder_rows(wf_encoder *encoder, const float *scores, size_t n_rows);
void wf_encoder_end(wf_encoder *encoder);

/* The place of the largest score, the first of equal ones. */
size_t wf_best_score(const float *scores, size_t n);

#endif
