/* endpoint/report.h — the server's own JSON and metrics: endpoints, errors. */
#ifndef WF_ENDPOINT_REPORT_H
#define WF_ENDPOINT_REPORT_H

#include "endpoint/registry.h"

/* {"endpoints":[…]} */
void wf_report_endpoints(wf_bytes *out, const wf_snapshot *snapshot);
/* {"name","state","message","group","version","generation","digest","live_digest","requests":{…},
 * "latency_ms":{…}}; null where there is none. */
void wf_report_endpoint(wf_bytes *out, const wf_entry *entry);

/* {"error":{"code","message","row","column"}}: row and column, 1-based, where the error has them;
 * with `syntax`, "line" instead of "row". */
void wf_report_error(wf_bytes *out, const wf_error *err, bool syntax);
/* Which response status an error deserves. */
int wf_report_status(wf_status status);

/* Prometheus text, version 0.0.4. */
void wf_report_metrics(wf_bytes *out, const wf_snapshot *snapshot, size_t n_connections);

#endif
