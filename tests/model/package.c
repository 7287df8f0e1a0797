/* package.c — taking packages apart and putting them together again. */
#include "package.h"

#include "check.h"
#include "model/manifest.h"

void members_of(wf_member members[WF_MEMBER_COUNT], const wf_model *model) {
  wf_error err = WF_ERROR_INIT;
  char *packed;
  size_t size;
  REQUIRE_OK(wf_model_pack(&packed, &size, model, &err), err);
  for (int i = 0; i < WF_MEMBER_COUNT; i++)
    members[i] = (wf_member){model->members[i].name, NULL, 0};
  REQUIRE_OK(wf_tarball_unpack(members, WF_MEMBER_COUNT, packed, size, &err), err);
  wf_text_free(packed);
}

void members_free(wf_member members[WF_MEMBER_COUNT]) {
  for (int i = 0; i < WF_MEMBER_COUNT; i++) wf_free(members[i].data);
}

void member_change(wf_member *member, const char *from, const char *to) {
  char *at = strstr(member->data, from);
  REQUIRE(at);
  wf_bytes changed = {0};
  wf_bytes_add(&changed, member->data, (size_t)(at - member->data));
  wf_bytes_text(&changed, to);
  wf_bytes_text(&changed, at + strlen(from));
  wf_free(member->data);
  REQUIRE(wf_bytes_take(&changed, &member->data, &member->size, NULL) == WF_OK);
}

void members_sign(wf_member members[WF_MEMBER_COUNT]) {
  wf_member *manifest = &members[WF_MEMBER_MANIFEST];
  wf_free(manifest->data);
  REQUIRE(wf_manifest_format(&manifest->data, &manifest->size, &members[WF_MEMBER_SCHEMA],
                             WF_MEMBER_COUNT - WF_MEMBER_SCHEMA, "{}", NULL) == WF_OK);
}

wf_status members_unpack(const wf_member members[WF_MEMBER_COUNT], wf_error *err) {
  char *packed;
  size_t size;
  wf_model *model = NULL;
  REQUIRE(wf_tarball_pack(&packed, &size, members, WF_MEMBER_COUNT, NULL) == WF_OK);
  wf_status status = wf_model_unpack(&model, packed, size, err);
  wf_model_release(model);
  wf_text_free(packed);
  return status;
}
