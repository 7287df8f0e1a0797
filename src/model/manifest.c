/* manifest.c — the package's list of contents with a digest for each, checked before any of them is
 * looked at. */
#include "model/manifest.h"

#include "base/alloc.h"
#include "base/digest.h"
#include "base/json.h"

#include <string.h>

enum { FORMAT = 1 };
static const char file_name[] = "manifest.json";

static wf_status format_object(char **out, const json_t *object, wf_error *err) {
  wf_bytes text = {0};
  wf_status status = wf_json_format(&text, object, 0, err);
  if (status == WF_OK) return wf_bytes_take(&text, out, NULL, err);
  wf_bytes_dispose(&text);
  return status;
}

wf_status wf_provenance_normalise(char **out, const char *provenance, wf_error *err) {
  json_t *object;
  wf_view text = wf_view_of(provenance ? provenance : "{}");
  WF_TRY(wf_json_parse(&object, text, "provenance", err));
  wf_status status = json_is_object(object)
                         ? format_object(out, object, err)
                         : wf_fail(err, WF_INVALID, "provenance: is not a JSON object");
  json_decref(object);
  return status;
}

/* ---- writing ----------------------------------------------------------------------------------
 */

static wf_status digest_of(char out[WF_DIGEST_TEXT], const wf_member *member, wf_error *err) {
  wf_digest digest;
  WF_TRY(wf_digest_bytes(&digest, member->data, member->size, err));
  wf_digest_format(&digest, out);
  return WF_OK;
}

static wf_status add_members(wf_bytes *json, const wf_member *members, size_t n_members,
                             wf_error *err) {
  for (size_t i = 0; i < n_members; i++) {
    char digest[WF_DIGEST_TEXT];
    WF_TRY(digest_of(digest, &members[i], err));
    wf_bytes_format(json, "%s\n    \"%s\": {\"size\": %zu, \"sha256\": \"%s\"}", i ? "," : "",
                    members[i].name, members[i].size, digest);
  }
  return WF_OK;
}

wf_status wf_manifest_format(char **out, size_t *size, const wf_member *members, size_t n_members,
                             const char *provenance, wf_error *err) {
  wf_bytes json = {0};
  wf_bytes_format(&json, "{\n  \"format\": %d,\n  \"members\": {", FORMAT);
  wf_status status = add_members(&json, members, n_members, err);
  wf_bytes_text(&json, "\n  },\n  \"provenance\": ");
  wf_bytes_text(&json, provenance);
  wf_bytes_text(&json, "\n}\n");
  if (status == WF_OK) return wf_bytes_take(&json, out, size, err);
  wf_bytes_dispose(&json);
  return status;
}

/* ---- reading ----------------------------------------------------------------------------------
 */

static wf_status check_member(const json_t *list, const wf_member *member, wf_error *err) {
  json_t *entry;
  int64_t size;
  const char *expected;
  char actual[WF_DIGEST_TEXT];
  WF_TRY(wf_json_get_object(&entry, list, member->name, file_name, err));
  WF_TRY(wf_json_get_integer(&size, entry, "size", file_name, err));
  WF_TRY(wf_json_get_string(&expected, entry, "sha256", file_name, err));
  WF_TRY(digest_of(actual, member, err));
  if (size < 0 || (uint64_t)size != member->size || strcmp(actual, expected) != 0)
    return wf_fail(err, WF_CORRUPT, "%s: is not what the manifest says (size %zu, SHA-256 %s)",
                   member->name, member->size, actual);
  return WF_OK;
}

static wf_status check_json(char **provenance, const json_t *json, const wf_member *members,
                            size_t n_members, wf_error *err) {
  int64_t format;
  json_t *list, *object;
  WF_TRY(wf_json_get_integer(&format, json, "format", file_name, err));
  if (format != FORMAT)
    return wf_fail(err, WF_UNSUPPORTED, "%s: format %lld; this version reads %d", file_name,
                   (long long)format, (int)FORMAT);
  WF_TRY(wf_json_get_object(&list, json, "members", file_name, err));
  if (json_object_size(list) != n_members)
    return wf_fail(err, WF_PARSE, "%s: lists %zu members, not %zu", file_name,
                   json_object_size(list), n_members);
  for (size_t i = 0; i < n_members; i++) WF_TRY(check_member(list, &members[i], err));
  WF_TRY(wf_json_get_object(&object, json, "provenance", file_name, err));
  return format_object(provenance, object, err);
}

wf_status wf_manifest_parse(char **provenance, wf_view text, const wf_member *members,
                            size_t n_members, wf_error *err) {
  json_t *json;
  WF_TRY(wf_json_parse(&json, text, file_name, err));
  wf_status status = check_json(provenance, json, members, n_members, err);
  json_decref(json);
  return status;
}
