/* desk.h — one model, ready to answer, without a server around it. */
#ifndef WF_TESTS_DESK_H
#define WF_TESTS_DESK_H

#include "endpoint/predict.h"

typedef struct desk {
  wf_model *model;
  wf_served *served;
  wf_scratch scratch;
  wf_bytes out; /* the response */
} desk;

desk open_desk(const char *name); /* "tiny" or "three" */
void close_desk(desk *d);
wf_status desk_ask(desk *d, wf_format in, wf_format out, size_t n_reasons, wf_view body,
                   bool *syntax, wf_error *err);

#endif
