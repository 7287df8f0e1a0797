/* versions.c — the model registry: groups of versions 1, 2, 3, … and who approved them.
 *
 * A version's number is one more than the largest of its group, taken under the write lock: without
 * gaps, however many processes register at once. What a version stands for (its package's digest)
 * never changes; its approval does, and every transition stays on record. */
#include "catalog/catalog.h"

#include "base/clock.h"

#include <stdio.h>

typedef struct subject {
  char text[160];
} subject;

static subject subject_of(const char *group, int64_t version) {
  subject s;
  snprintf(s.text, sizeof s.text, "%.128s/%lld", group, (long long)version);
  return s;
}

static wf_status parse_approval(wf_approval *out, wf_statement *row, int column, wf_error *err) {
  const char *name = wf_statement_text(row, column);
  WF_TRY(wf_statement_check(row, err));
  if (name && wf_approval_find(name, out)) return WF_OK;
  return wf_fail(err, WF_CORRUPT, "%s: the catalog is damaged: approval '%.40s'",
                 row->catalog->path, name ? name : "");
}

/* ---- registering ------------------------------------------------------------------------------
 */

typedef struct transition {
  const char *group;
  int64_t version;
  const char *before, *after; /* names; before NULL: none */
  const char *by, *reason;
  int64_t at_us;
} transition;

static wf_status insert_transition(wf_catalog *catalog, const transition *t, wf_error *err) {
  return wf_statement_run(
      catalog,
      "INSERT INTO approval (model_group, version, before, after, who, reason, at_us)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
      WF_BIND(wf_text(t->group), wf_integer(t->version), wf_text(t->before), wf_text(t->after),
              wf_text(t->by), wf_text(t->reason), wf_integer(t->at_us)),
      err);
}

static wf_status insert_version(wf_catalog *catalog, const wf_version_record *record,
                                const transition *first, wf_error *err) {
  WF_TRY(wf_statement_run(
      catalog,
      "INSERT INTO version (model_group, version, digest, approval, approved_by, approval_reason,"
      " approval_us, description, metrics, baselines, run, step, created_us)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?7)",
      WF_BIND(wf_text(first->group), wf_integer(first->version), wf_text(record->digest),
              wf_text(first->after), wf_text(first->by), wf_text(first->reason),
              wf_integer(first->at_us), wf_text(record->description), wf_text(record->metrics_json),
              wf_text(record->baselines_json), wf_reference(record->run),
              wf_reference(record->step)),
      err));
  WF_TRY(insert_transition(catalog, first, err));
  wf_bytes detail = {0};
  wf_detail_text(&detail, "digest", record->digest);
  wf_detail_text(&detail, "approval", first->after);
  wf_detail_text(&detail, "reason", first->reason);
  if (record->run) wf_detail_integer(&detail, "run", record->run);
  return wf_event_add(catalog, "version.registered", subject_of(first->group, first->version).text,
                      first->by, &detail, err);
}

static wf_status latest_version(int64_t *out, wf_catalog *catalog, const char *group,
                                wf_error *err) {
  return wf_statement_get_integer(out, catalog,
                                  "SELECT max(version) FROM version WHERE model_group = ?1",
                                  WF_BIND(wf_text(group)), 0, err);
}

wf_status wf_catalog_register(int64_t *version, wf_catalog *catalog,
                              const wf_version_record *record, const char *by, const char *reason,
                              wf_error *err) {
  WF_TRY(wf_check_name("model group", record->group, err));
  WF_TRY(wf_check_digest(record->digest, err));
  WF_TRY(wf_check_json("metrics_json", record->metrics_json, err));
  WF_TRY(wf_check_json("baselines_json", record->baselines_json, err));
  transition first = {record->group, 0, NULL, wf_approval_name(record->approval), by, reason, 0};
  WF_TRY(wf_catalog_begin(catalog, err));
  first.at_us = wf_clock_wall_us();
  wf_status status = latest_version(&first.version, catalog, record->group, err);
  first.version++;
  if (status == WF_OK) status = insert_version(catalog, record, &first, err);
  WF_TRY(wf_catalog_finish(catalog, status, err));
  *version = first.version;
  return WF_OK;
}

/* ---- approving --------------------------------------------------------------------------------
 */

/* WF_NOTFOUND, saying what there is. */
static wf_status fail_absent(wf_catalog *catalog, const char *group, int64_t version, bool approved,
                             wf_error *err) {
  int64_t latest;
  WF_TRY(latest_version(&latest, catalog, group, err));
  if (latest == 0)
    return wf_fail(err, WF_NOTFOUND, "%s: there is no model group '%s'", catalog->path, group);
  if (approved && version == 0)
    return wf_fail(err, WF_NOTFOUND, "%s: no version of '%s' is approved", catalog->path, group);
  if (approved && version <= latest && version > 0)
    return wf_fail(err, WF_NOTFOUND, "%s: version %lld of '%s' is not approved", catalog->path,
                   (long long)version, group);
  return wf_fail(err, WF_NOTFOUND, "%s: '%s' has no version %lld; the latest is %lld",
                 catalog->path, group, (long long)version, (long long)latest);
}

static wf_status read_approval(wf_approval *out, wf_catalog *catalog, const char *group,
                               int64_t version, wf_error *err) {
  wf_statement *statement;
  WF_TRY(wf_statement_open(&statement, catalog,
                           "SELECT approval FROM version WHERE model_group = ?1 AND version = ?2",
                           WF_BIND(wf_text(group), wf_integer(version)), err));
  bool row = false;
  wf_status status = wf_statement_step(statement, &row, err);
  if (status == WF_OK)
    status = row ? parse_approval(out, statement, 0, err)
                 : fail_absent(catalog, group, version, false, err);
  wf_statement_close(statement);
  return status;
}

static wf_status change_approval(wf_catalog *catalog, transition *change, wf_approval approval,
                                 wf_error *err) {
  wf_approval before;
  WF_TRY(read_approval(&before, catalog, change->group, change->version, err));
  subject s = subject_of(change->group, change->version);
  if (before == approval)
    return wf_fail(err, WF_INVALID, "%s is %s already", s.text, change->after);
  change->before = wf_approval_name(before);
  change->at_us = wf_clock_wall_us();
  WF_TRY(wf_statement_run(
      catalog,
      "UPDATE version SET approval = ?3, approved_by = ?4, approval_reason = ?5, approval_us = ?6"
      " WHERE model_group = ?1 AND version = ?2",
      WF_BIND(wf_text(change->group), wf_integer(change->version), wf_text(change->after),
              wf_text(change->by), wf_text(change->reason), wf_integer(change->at_us)),
      err));
  WF_TRY(insert_transition(catalog, change, err));
  wf_bytes detail = {0};
  wf_detail_text(&detail, "before", change->before);
  wf_detail_text(&detail, "after", change->after);
  wf_detail_text(&detail, "reason", change->reason);
  return wf_event_add(catalog, "version.approval", s.text, change->by, &detail, err);
}

wf_status wf_catalog_set_approval(wf_catalog *catalog, const char *group, int64_t version,
                                  wf_approval approval, const char *by, const char *reason,
                                  wf_error *err) {
  transition change = {group, version, NULL, wf_approval_name(approval), by, reason, 0};
  WF_TRY(wf_catalog_begin(catalog, err));
  return wf_catalog_finish(catalog, change_approval(catalog, &change, approval, err), err);
}

/* ---- reading ----------------------------------------------------------------------------------
 */

typedef struct version_listing {
  wf_version_visit *visit;
  void *context;
  size_t n_seen;
} version_listing;

static wf_status visit_version(void *context, wf_statement *row, bool *more, wf_error *err) {
  version_listing *list = context;
  wf_version_record version = {
      .group = wf_statement_text(row, 0),
      .version = wf_statement_integer(row, 1),
      .digest = wf_statement_text(row, 2),
      .approved_by = wf_statement_text(row, 4),
      .approval_reason = wf_statement_text(row, 5),
      .approval_us = wf_statement_integer(row, 6),
      .description = wf_statement_text(row, 7),
      .metrics_json = wf_statement_text(row, 8),
      .baselines_json = wf_statement_text(row, 9),
      .run = wf_statement_integer(row, 10),
      .step = wf_statement_integer(row, 11),
      .created_us = wf_statement_integer(row, 12),
  };
  WF_TRY(parse_approval(&version.approval, row, 3, err));
  list->n_seen++;
  *more = list->visit(list->context, &version);
  return WF_OK;
}

#define VERSION_COLUMNS                                                           \
  "SELECT model_group, version, digest, approval, approved_by, approval_reason, " \
  "approval_us, description, metrics, baselines, run, step, created_us FROM version"

wf_status wf_catalog_list_versions(wf_catalog *catalog, const char *group, wf_version_visit *visit,
                                   void *context, wf_error *err) {
  version_listing list = {visit, context, 0};
  if (!group)
    return wf_statement_each(catalog, VERSION_COLUMNS " ORDER BY model_group, version DESC",
                             WF_BIND_NOTHING, visit_version, &list, err);
  return wf_statement_each(catalog, VERSION_COLUMNS " WHERE model_group = ?1 ORDER BY version DESC",
                           WF_BIND(wf_text(group)), visit_version, &list, err);
}

wf_status wf_catalog_get_version(wf_catalog *catalog, const char *group, int64_t version,
                                 bool approved, wf_version_visit *visit, void *context,
                                 wf_error *err) {
  static const char any[] = VERSION_COLUMNS
      " WHERE model_group = ?1 AND (?2 = 0 OR version = ?2) ORDER BY version DESC LIMIT 1";
  static const char only_approved[] = VERSION_COLUMNS
      " WHERE model_group = ?1 AND approval = 'Approved' AND (?2 = 0 OR version = ?2)"
      " ORDER BY version DESC LIMIT 1";
  version_listing list = {visit, context, 0};
  WF_TRY(wf_statement_each(catalog, approved ? only_approved : any,
                           WF_BIND(wf_text(group), wf_integer(version)), visit_version, &list,
                           err));
  return list.n_seen ? WF_OK : fail_absent(catalog, group, version, approved, err);
}

typedef struct approval_listing {
  wf_approval_visit *visit;
  void *context;
} approval_listing;

static wf_status visit_approval(void *context, wf_statement *row, bool *more, wf_error *err) {
  const approval_listing *list = context;
  wf_approval_record record = {
      .id = wf_statement_integer(row, 0),
      .group = wf_statement_text(row, 1),
      .version = wf_statement_integer(row, 2),
      .before = wf_statement_text(row, 3),
      .by = wf_statement_text(row, 5),
      .reason = wf_statement_text(row, 6),
      .at_us = wf_statement_integer(row, 7),
  };
  WF_TRY(parse_approval(&record.after, row, 4, err));
  *more = list->visit(list->context, &record);
  return WF_OK;
}

wf_status wf_catalog_list_approvals(wf_catalog *catalog, const char *group, int64_t version,
                                    wf_approval_visit *visit, void *context, wf_error *err) {
  approval_listing list = {visit, context};
  return wf_statement_each(catalog,
                           "SELECT id, model_group, version, before, after, who, reason, at_us"
                           " FROM approval WHERE model_group = ?1 AND version = ?2 ORDER BY id",
                           WF_BIND(wf_text(group), wf_integer(version)), visit_approval, &list,
                           err);
}
