/* events.c — the append-only record of what was done. An event is written in the transaction of the
 * change it tells of: there is no change without it, and none that it invents. */
#include "catalog/catalog.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/number.h"

#include <string.h>

/* The length of the UTF-8 sequence at `p`, 0 when there is no valid one (RFC 3629). */
static size_t sequence_length(const unsigned char *p, size_t left) {
  if (p[0] < 0x80) return 1;
  size_t length = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
  if (p[0] < 0xc2 || p[0] > 0xf4 || length > left) return 0;
  for (size_t i = 1; i < length; i++) {
    if ((p[i] & 0xc0) != 0x80) return 0;
  }
  bool overlong = (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xf0 && p[1] < 0x90);
  bool surrogate = p[0] == 0xed && p[1] > 0x9f;
  bool beyond = p[0] == 0xf4 && p[1] > 0x8f;
  return overlong || surrogate || beyond ? 0 : length;
}

static void add_key(wf_bytes *detail, const char *key) {
  wf_bytes_char(detail, detail->size ? ',' : '{');
  wf_json_add_string(detail, wf_view_of(key));
  wf_bytes_char(detail, ':');
}

void wf_detail_text(wf_bytes *detail, const char *key, const char *text) {
  if (!text) return;
  wf_bytes clean = {0};
  for (size_t left = strlen(text); left;) {
    size_t length = sequence_length((const unsigned char *)text, left);
    if (length)
      wf_bytes_add(&clean, text, length);
    else
      wf_bytes_text(&clean, "\xef\xbf\xbd");
    text += length ? length : 1;
    left -= length ? length : 1;
  }
  add_key(detail, key);
  wf_json_add_string(detail, (wf_view){clean.data ? clean.data : "", clean.size});
  if (clean.failed) detail->failed = true;
  wf_bytes_dispose(&clean);
}

void wf_detail_integer(wf_bytes *detail, const char *key, int64_t value) {
  char text[WF_NUMBER_TEXT];
  wf_format_i64(text, value);
  add_key(detail, key);
  wf_bytes_text(detail, text);
}

static wf_status insert(wf_catalog *catalog, const char *kind, const char *subject, const char *who,
                        const char *detail_json, wf_error *err) {
  return wf_statement_run(catalog,
                          "INSERT INTO event (at_us, kind, subject, who, detail)"
                          " VALUES (?1, ?2, ?3, ?4, ?5)",
                          WF_BIND(wf_integer(wf_clock_wall_us()), wf_text(kind), wf_text(subject),
                                  wf_text(who), wf_text(detail_json)),
                          err);
}

wf_status wf_event_add(wf_catalog *catalog, const char *kind, const char *subject, const char *who,
                       wf_bytes *detail, wf_error *err) {
  if (detail->size) wf_bytes_char(detail, '}');
  wf_status status =
      detail->failed ? wf_fail_nomem(err) : insert(catalog, kind, subject, who, detail->data, err);
  wf_bytes_dispose(detail);
  return status;
}

wf_status wf_catalog_add_event(wf_catalog *catalog, const char *kind, const char *subject,
                               const char *who, const char *detail_json, wf_error *err) {
  if (!*kind) return wf_fail(err, WF_INVALID, "an event's kind is empty");
  WF_TRY(wf_check_json("detail_json", detail_json, err));
  WF_TRY(wf_catalog_begin(catalog, err));
  return wf_catalog_finish(catalog, insert(catalog, kind, subject, who, detail_json, err), err);
}

typedef struct listing {
  wf_event_visit *visit;
  void *context;
} listing;

static wf_status visit_row(void *context, wf_statement *row, bool *more, wf_error *err) {
  const listing *list = context;
  wf_event_record event = {
      .id = wf_statement_integer(row, 0),
      .at_us = wf_statement_integer(row, 1),
      .kind = wf_statement_text(row, 2),
      .subject = wf_statement_text(row, 3),
      .who = wf_statement_text(row, 4),
      .detail_json = wf_statement_text(row, 5),
  };
  WF_TRY(wf_statement_check(row, err));
  *more = list->visit(list->context, &event);
  return WF_OK;
}

wf_status wf_catalog_list_events(wf_catalog *catalog, const char *subject, wf_event_visit *visit,
                                 void *context, wf_error *err) {
  listing list = {visit, context};
  if (!subject)
    return wf_statement_each(catalog,
                             "SELECT id, at_us, kind, subject, who, detail FROM event ORDER BY id",
                             WF_BIND_NOTHING, visit_row, &list, err);
  return wf_statement_each(catalog,
                           "SELECT id, at_us, kind, subject, who, detail FROM event"
                           " WHERE subject = ?1 ORDER BY id",
                           WF_BIND(wf_text(subject)), visit_row, &list, err);
}
