#include "desk.h"

#include "check.h"
#include "tiny.h"

desk open_desk(const char *name) {
  wf_error err = WF_ERROR_INIT;
  desk d = {.model = tiny_model(name)};
  REQUIRE_OK(wf_served_new(&d.served, d.model, NULL, &err), err);
  return d;
}

void close_desk(desk *d) {
  wf_served_release(d->served);
  wf_model_release(d->model);
  wf_scratch_dispose(&d->scratch);
  wf_bytes_dispose(&d->out);
}

wf_status desk_ask(desk *d, wf_format in, wf_format out, size_t n_reasons, wf_view body,
                   bool *syntax, wf_error *err) {
  wf_encoder encoder = {.out = &d->out, .format = out, .n_reasons = n_reasons};
  size_t n_rows;
  wf_bytes_clear(&d->out);
  return wf_predict_body(d->served, &d->scratch, in, body, &encoder, &n_rows, syntax, err);
}
