/* test_events.c — the record of what was done. */
#include "catalog/catalog.h"

#include "base/json.h"
#include "support.h"

typedef struct seen_events {
  int64_t last_id;
  bool ordered;
  char text[400], detail[400];
} seen_events;

static bool see(void *context, const wf_event_record *event) {
  seen_events *seen = context;
  seen->ordered = event->id > seen->last_id && event->at_us > 0;
  seen->last_id = event->id;
  size_t used = strlen(seen->text);
  snprintf(seen->text + used, sizeof seen->text - used, "%s %s %s;", event->kind, event->subject,
           event->who ? event->who : "-");
  snprintf(seen->detail, sizeof seen->detail, "%s", event->detail_json ? event->detail_json : "-");
  return seen->ordered;
}

TEST(events_in_order_and_by_subject) {
  wf_catalog *catalog = open_catalog();
  wf_error err = WF_ERROR_INIT;
  int64_t run;
  REQUIRE_OK(wf_catalog_start_run(&run, catalog, "r", NULL, NULL, &err), err);
  REQUIRE_OK(wf_catalog_add_event(catalog, "note", "run 1", "ana", "{\"a\":1}", &err), err);
  REQUIRE_OK(wf_catalog_add_event(catalog, "note", "else", NULL, NULL, &err), err);
  seen_events all = {0}, one = {0};
  REQUIRE_OK(wf_catalog_list_events(catalog, NULL, see, &all, &err), err);
  CHECK_EQ_STR(all.text, "run.started run 1 -;note run 1 ana;note else -;");
  CHECK_EQ_STR(all.detail, "-");
  REQUIRE_OK(wf_catalog_list_events(catalog, "run 1", see, &one, &err), err);
  CHECK_EQ_STR(one.text, "run.started run 1 -;note run 1 ana;");
  CHECK_EQ_STR(one.detail, "{\"a\":1}");
  CHECK_FAILS(wf_catalog_add_event(catalog, "", "x", NULL, NULL, &err), err, WF_INVALID, "empty");
  CHECK_FAILS(wf_catalog_add_event(catalog, "k", "x", NULL, "{]", &err), err, WF_INVALID,
              "detail_json");
  wf_catalog_close(catalog);
}

/* Whatever bytes a message holds, the detail stays a JSON document. */
TEST(event_details_are_json) {
  static const struct {
    const char *bytes, *clean;
  } cases[] = {
      {"plain", "plain"},
      {"quote \" and \\ and \n", "quote \" and \\ and \n"},
      {"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"},
      {"\xff", "\xef\xbf\xbd"},
      {"a\xc3", "a\xef\xbf\xbd"},                                               /* cut short */
      {"\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd"},                                 /* overlong */
      {"\xe0\x80\xaf", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},                 /* overlong */
      {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},                 /* surrogate */
      {"\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"}, /* > 10FFFF */
      {"", ""},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    wf_bytes detail = {0};
    wf_detail_text(&detail, "m", cases[i].bytes);
    wf_detail_text(&detail, "none", NULL);
    wf_detail_integer(&detail, "n", -5);
    wf_bytes_char(&detail, '}');
    json_t *value = NULL;
    wf_error err = WF_ERROR_INIT;
    REQUIRE_OK(wf_json_parse(&value, (wf_view){detail.data, detail.size}, "detail", &err), err);
    CHECK_EQ_STR(json_string_value(json_object_get(value, "m")), cases[i].clean);
    CHECK_EQ_INT(json_integer_value(json_object_get(value, "n")), -5);
    CHECK_EQ_INT(json_object_size(value), 2);
    json_decref(value);
    wf_bytes_dispose(&detail);
  }
}

TEST(event_of_a_message_that_is_no_text) {
  wf_catalog *catalog = open_catalog();
  wf_error err = WF_ERROR_INIT;
  int64_t run;
  REQUIRE_OK(wf_catalog_start_run(&run, catalog, "r\xff", NULL, NULL, &err), err);
  REQUIRE_OK(wf_catalog_end_run(catalog, run, WF_STATE_FAILED, "bad \xfe byte", NULL, &err), err);
  seen_events seen = {0};
  REQUIRE_OK(wf_catalog_list_events(catalog, NULL, see, &seen, &err), err);
  CHECK_EQ_STR(seen.detail, "{\"message\":\"bad \xef\xbf\xbd byte\"}");
  wf_catalog_close(catalog);
}
