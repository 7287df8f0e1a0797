/* endpoints.c — what each endpoint should serve, and what the server says it serves.
 *
 * A deployment is a wish: the endpoint's row points at it by its generation, and the server answers
 * with that number. A report on another generation than the wanted one comes too late and changes
 * nothing. Generations count on when an endpoint is deleted and made again. */
#include "catalog/catalog.h"

#include "base/clock.h"

#include <string.h>

static wf_status parse_endpoint_state(wf_endpoint_state *out, wf_statement *row, int column,
                                      wf_error *err) {
  const char *name = wf_statement_text(row, column);
  WF_TRY(wf_statement_check(row, err));
  if (name && wf_endpoint_state_find(name, out)) return WF_OK;
  return wf_fail(err, WF_CORRUPT, "%s: the catalog is damaged: endpoint state '%.40s'",
                 row->catalog->path, name ? name : "");
}

/* ---- deploying --------------------------------------------------------------------------------
 */

/* What is deployed of a group must be what was registered there. */
static wf_status check_registered(wf_catalog *catalog, const char *group, int64_t version,
                                  const char *digest, wf_error *err) {
  wf_statement *statement;
  WF_TRY(wf_statement_open(&statement, catalog,
                           "SELECT digest FROM version WHERE model_group = ?1 AND version = ?2",
                           WF_BIND(wf_text(group), wf_integer(version)), err));
  bool row = false;
  wf_status status = wf_statement_step(statement, &row, err);
  const char *registered = status == WF_OK && row ? wf_statement_text(statement, 0) : NULL;
  if (status == WF_OK) status = wf_statement_check(statement, err);
  if (status == WF_OK && !registered)
    status = wf_fail(err, WF_NOTFOUND, "%s: '%s' has no version %lld", catalog->path, group,
                     (long long)version);
  else if (status == WF_OK && strcmp(registered, digest) != 0)
    status = wf_fail(err, WF_INVALID, "version %lld of '%s' is %s, not %s", (long long)version,
                     group, registered, digest);
  wf_statement_close(statement);
  return status;
}

typedef struct deployment {
  const char *name, *group;
  int64_t version;
  const char *digest;
  int64_t generation, at_us;
} deployment;

static wf_status insert_deployment(wf_catalog *catalog, const deployment *d, wf_error *err) {
  WF_TRY(wf_statement_run(
      catalog,
      "INSERT INTO deployment (name, generation, model_group, version, digest, at_us)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
      WF_BIND(wf_text(d->name), wf_integer(d->generation), wf_text(d->group),
              wf_reference(d->version), wf_text(d->digest), wf_integer(d->at_us)),
      err));
  return wf_statement_run(
      catalog,
      "INSERT INTO endpoint (name, state, generation, created_us, updated_us)"
      " VALUES (?1, 'Creating', ?2, ?3, ?3)"
      " ON CONFLICT (name) DO UPDATE SET generation = ?2, updated_us = ?3, message = NULL,"
      " state = CASE WHEN state = 'Creating' THEN 'Creating' ELSE 'Updating' END",
      WF_BIND(wf_text(d->name), wf_integer(d->generation), wf_integer(d->at_us)), err);
}

static wf_status deploy(wf_catalog *catalog, deployment *d, wf_error *err) {
  if (d->group) WF_TRY(check_registered(catalog, d->group, d->version, d->digest, err));
  WF_TRY(wf_statement_get_integer(&d->generation, catalog,
                                  "SELECT max(generation) FROM deployment WHERE name = ?1",
                                  WF_BIND(wf_text(d->name)), 0, err));
  d->generation++;
  d->at_us = wf_clock_wall_us();
  WF_TRY(insert_deployment(catalog, d, err));
  wf_bytes detail = {0};
  wf_detail_integer(&detail, "generation", d->generation);
  wf_detail_text(&detail, "group", d->group);
  if (d->group) wf_detail_integer(&detail, "version", d->version);
  wf_detail_text(&detail, "digest", d->digest);
  return wf_event_add(catalog, "endpoint.deployed", d->name, NULL, &detail, err);
}

wf_status wf_catalog_deploy(int64_t *generation, wf_catalog *catalog, const char *name,
                            const char *group, int64_t version, const char *digest, wf_error *err) {
  WF_TRY(wf_check_name("endpoint", name, err));
  WF_TRY(wf_check_digest(digest, err));
  deployment d = {name, group, group ? version : 0, digest, 0, 0};
  WF_TRY(wf_catalog_begin(catalog, err));
  WF_TRY(wf_catalog_finish(catalog, deploy(catalog, &d, err), err));
  *generation = d.generation;
  return WF_OK;
}

wf_status wf_catalog_delete_endpoint(wf_catalog *catalog, const char *name, wf_error *err) {
  WF_TRY(wf_catalog_begin(catalog, err));
  wf_status status = wf_statement_run(catalog, "DELETE FROM endpoint WHERE name = ?1",
                                      WF_BIND(wf_text(name)), err);
  if (status == WF_OK && sqlite3_changes(catalog->db) == 0)
    status = wf_fail(err, WF_NOTFOUND, "%s: there is no endpoint '%s'", catalog->path, name);
  wf_bytes detail = {0};
  if (status == WF_OK) status = wf_event_add(catalog, "endpoint.deleted", name, NULL, &detail, err);
  return wf_catalog_finish(catalog, status, err);
}

/* ---- the server's reports ----------------------------------------------------------------------
 */

typedef struct report {
  const char *name;
  int64_t generation;
  bool in_service;
  const char *message;
} report;

/* The last condition: a report that tells nothing new changes nothing. */
static wf_status apply_report(wf_catalog *catalog, const report *r, wf_error *err) {
  static const char serve[] =
      "UPDATE endpoint SET state = 'InService', message = NULL, updated_us = ?3, live_digest ="
      " (SELECT digest FROM deployment d WHERE d.name = ?1 AND d.generation = ?2)"
      " WHERE name = ?1 AND generation = ?2 AND state <> 'InService'";
  static const char fail[] =
      "UPDATE endpoint SET state = 'Failed', message = ?4, updated_us = ?3"
      " WHERE name = ?1 AND generation = ?2 AND (state <> 'Failed' OR message IS NOT ?4)";
  wf_bind values[] = {wf_text(r->name), wf_integer(r->generation), wf_integer(wf_clock_wall_us()),
                      wf_text(r->message)};
  WF_TRY(
      wf_statement_run(catalog, r->in_service ? serve : fail, values, r->in_service ? 3 : 4, err));
  if (sqlite3_changes(catalog->db) == 0) return WF_OK;
  wf_bytes detail = {0};
  wf_detail_integer(&detail, "generation", r->generation);
  wf_detail_text(&detail, "message", r->message);
  return wf_event_add(catalog, r->in_service ? "endpoint.in_service" : "endpoint.failed", r->name,
                      NULL, &detail, err);
}

wf_status wf_catalog_report_endpoint(wf_catalog *catalog, const char *name, int64_t generation,
                                     wf_endpoint_state state, const char *message, wf_error *err) {
  if (state != WF_ENDPOINT_IN_SERVICE && state != WF_ENDPOINT_FAILED)
    return wf_fail(err, WF_INVALID, "endpoint '%s': a server reports InService or Failed, not %s",
                   name, wf_endpoint_state_name(state));
  bool in_service = state == WF_ENDPOINT_IN_SERVICE;
  report r = {name, generation, in_service, in_service ? NULL : message};
  WF_TRY(wf_catalog_begin(catalog, err));
  return wf_catalog_finish(catalog, apply_report(catalog, &r, err), err);
}

static wf_status stop_all(wf_catalog *catalog, wf_error *err) {
  wf_bind now[] = {wf_integer(wf_clock_wall_us())};
  WF_TRY(wf_statement_run(catalog,
                          "INSERT INTO event (at_us, kind, subject)"
                          " SELECT ?1, 'endpoint.out_of_service', name FROM endpoint"
                          " WHERE state = 'InService' ORDER BY name",
                          now, 1, err));
  return wf_statement_run(
      catalog,
      "UPDATE endpoint SET live_digest = NULL, updated_us = ?1,"
      " state = CASE WHEN state = 'InService' THEN 'OutOfService' ELSE state END"
      " WHERE live_digest IS NOT NULL OR state = 'InService'",
      now, 1, err);
}

wf_status wf_catalog_server_stopped(wf_catalog *catalog, wf_error *err) {
  WF_TRY(wf_catalog_begin(catalog, err));
  return wf_catalog_finish(catalog, stop_all(catalog, err), err);
}

/* ---- reading ----------------------------------------------------------------------------------
 */

typedef struct listing {
  wf_endpoint_visit *visit;
  void *context;
  size_t n_seen;
} listing;

#define ENDPOINT_COLUMNS                                                                     \
  "SELECT e.name, e.state, e.message, d.model_group, d.version, d.digest, e.live_digest, "   \
  "e.generation, e.created_us, e.updated_us FROM endpoint e JOIN deployment d USING (name, " \
  "generation)"

static wf_status visit_endpoint(void *context, wf_statement *row, bool *more, wf_error *err) {
  listing *list = context;
  wf_endpoint_record endpoint = {
      .name = wf_statement_text(row, 0),
      .message = wf_statement_text(row, 2),
      .group = wf_statement_text(row, 3),
      .version = wf_statement_integer(row, 4),
      .digest = wf_statement_text(row, 5),
      .live_digest = wf_statement_text(row, 6),
      .generation = wf_statement_integer(row, 7),
      .created_us = wf_statement_integer(row, 8),
      .updated_us = wf_statement_integer(row, 9),
  };
  WF_TRY(parse_endpoint_state(&endpoint.state, row, 1, err));
  list->n_seen++;
  *more = list->visit(list->context, &endpoint);
  return WF_OK;
}

wf_status wf_catalog_list_endpoints(wf_catalog *catalog, wf_endpoint_visit *visit, void *context,
                                    wf_error *err) {
  listing list = {visit, context, 0};
  return wf_statement_each(catalog, ENDPOINT_COLUMNS " ORDER BY e.name", WF_BIND_NOTHING,
                           visit_endpoint, &list, err);
}

wf_status wf_catalog_get_endpoint(wf_catalog *catalog, const char *name, wf_endpoint_visit *visit,
                                  void *context, wf_error *err) {
  listing list = {visit, context, 0};
  WF_TRY(wf_statement_each(catalog, ENDPOINT_COLUMNS " WHERE e.name = ?1", WF_BIND(wf_text(name)),
                           visit_endpoint, &list, err));
  if (list.n_seen) return WF_OK;
  return wf_fail(err, WF_NOTFOUND, "%s: there is no endpoint '%s'", catalog->path, name);
}
