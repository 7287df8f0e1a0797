/* test_manifest.c — the list of contents. */
#include "model/manifest.h"

#include "check.h"

static char one[] = "abc", two[] = "";
static const wf_member members[] = {{"one", one, 3}, {"two", two, 0}};

static wf_status parse(const char *text, wf_error *err) {
  char *provenance = NULL;
  wf_status status = wf_manifest_parse(&provenance, wf_view_of(text), members, 2, err);
  wf_text_free(provenance);
  return status;
}

#define ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define NOTHING "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define ONE "\"one\": {\"size\": 3, \"sha256\": \"" ABC "\"}"
#define TWO "\"two\": {\"size\": 0, \"sha256\": \"" NOTHING "\"}"

TEST(manifest_text) {
  char *text, *provenance = NULL;
  size_t size;
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_manifest_format(&text, &size, members, 2, "{\"run\":1}", &err), err);
  CHECK_EQ_STR(text, "{\n  \"format\": 1,\n  \"members\": {\n    " ONE ",\n    " TWO
                     "\n  },\n  \"provenance\": {\"run\":1}\n}\n");
  CHECK_EQ_INT(size, strlen(text));
  REQUIRE_OK(wf_manifest_parse(&provenance, wf_view_of(text), members, 2, &err), err);
  CHECK_EQ_STR(provenance, "{\"run\":1}");
  wf_text_free(provenance);
  wf_text_free(text);
}

TEST(manifest_refuses) {
  wf_error err = WF_ERROR_INIT;
  CHECK_FAILS(parse("", &err), err, WF_PARSE, "manifest.json");
  CHECK_FAILS(parse("[]", &err), err, WF_PARSE, "format");
  CHECK_FAILS(parse("{}", &err), err, WF_PARSE, "\"format\" is missing");
  CHECK_FAILS(parse("{\"format\": 2}", &err), err, WF_UNSUPPORTED, "format 2");
  CHECK_FAILS(parse("{\"format\": 1}", &err), err, WF_PARSE, "members");
  CHECK_FAILS(parse("{\"format\": 1, \"members\": {" ONE "}, \"provenance\": {}}", &err), err,
              WF_PARSE, "lists 1 members");
  CHECK_FAILS(parse("{\"format\": 1, \"members\": {" ONE ", \"x\": {}}, \"provenance\": {}}", &err),
              err, WF_PARSE, "\"two\" is missing");
  CHECK_FAILS(parse("{\"format\": 1, \"members\": {" ONE ", " TWO "}}", &err), err, WF_PARSE,
              "provenance");
  CHECK_FAILS(parse("{\"format\": 1, \"members\": {" ONE ", " TWO "}, \"provenance\": 5}", &err),
              err, WF_PARSE, "provenance");
  CHECK_FAILS(parse("{\"format\": 1, \"members\": {\"one\": {\"size\": 4, \"sha256\": \"" ABC
                    "\"}, " TWO "}, \"provenance\": {}}",
                    &err),
              err, WF_CORRUPT, "one: is not what the manifest says");
  CHECK_FAILS(parse("{\"format\": 1, \"members\": {" ONE ", \"two\": {\"size\": 0, \"sha256\": "
                    "\"" ABC "\"}}, \"provenance\": {}}",
                    &err),
              err, WF_CORRUPT, "two: is not what the manifest says");
}

static char *normalised(const char *text) {
  char *out = NULL;
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_provenance_normalise(&out, text, &err), err);
  return out;
}

TEST(provenance_normalised) {
  static const char *const cases[][2] = {
      {NULL, "{}"},
      {" { } ", "{}"},
      {"{ \"b\": 1,\n\"a\": [1.0, 2, \"\\u00e9\"] }", "{\"b\":1,\"a\":[1.0,2,\"\xc3\xa9\"]}"},
  };
  for (int i = 0; i < 3; i++) {
    char *first = normalised(cases[i][0]), *again = normalised(first);
    CHECK_EQ_STR(first, cases[i][1]);
    CHECK_EQ_STR(again, first);
    wf_text_free(first);
    wf_text_free(again);
  }
  char *out = NULL;
  wf_error err = WF_ERROR_INIT;
  CHECK_FAILS(wf_provenance_normalise(&out, "[1]", &err), err, WF_INVALID, "not a JSON object");
  CHECK_FAILS(wf_provenance_normalise(&out, "{", &err), err, WF_PARSE, "provenance");
}
