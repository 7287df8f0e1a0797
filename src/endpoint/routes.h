/* endpoint/routes.h — the requests this server answers. */
#ifndef WF_ENDPOINT_ROUTES_H
#define WF_ENDPOINT_ROUTES_H

#include "endpoint/predict.h"
#include "endpoint/reconcile.h"

/* What the handlers work on: the `context` of the HTTP server's options. */
typedef struct wf_site {
  wf_registry *registry;
  wf_reconciler *reconciler; /* NULL in container mode */
  wf_http_server *http;
  wf_scratch *scratches; /* one per worker */
  size_t n_workers;
} wf_site;

extern const wf_http_route wf_site_routes[];      /* of a state directory */
extern const wf_http_route wf_container_routes[]; /* of one model: SageMaker's contract */
size_t wf_site_route_count(void);
size_t wf_container_route_count(void);

/* The name of the one endpoint in container mode. */
#define WF_CONTAINER_ENDPOINT "model"

#endif
