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

/* Scores are the shortest text that reads back to the same float32, so nothing is lost on the way.
 *   text/csv               0.25                  0.1,0.7,0.2 for several classes
 *   application/jsonlines  {"score":0.25}        {"scores":[0.1,0.7,0.2],"predicted_label":1}
 *   application/json       {"predictions":[…]}   with those objects */
typedef struct wf_encoder {
  wf_bytes *out;
  wf_format format;
  size_t n_outputs; /* per row */
  size_t n_rows;    /* written so far */
} wf_encoder;

void wf_encoder_begin(wf_encoder *encoder);
void wf_encoder_rows(wf_encoder *encoder, const float *scores, size_t n_rows);
void wf_encoder_end(wf_encoder *encoder);

#endif
