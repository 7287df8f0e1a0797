/* package.h — packages with members of the test's choice. */
#ifndef WF_TESTS_MODEL_PACKAGE_H
#define WF_TESTS_MODEL_PACKAGE_H

#include "model/model.h"

/* The members of a packed model; release with members_free. */
void members_of(wf_member members[WF_MEMBER_COUNT], const wf_model *model);
void members_free(wf_member members[WF_MEMBER_COUNT]);
/* Replaces the first `from` in a member by `to`; the manifest then no longer agrees. */
void member_change(wf_member *member, const char *from, const char *to);
/* Makes the manifest agree with the other members again. */
void members_sign(wf_member members[WF_MEMBER_COUNT]);
/* Packs the members and tries to unpack a model from them. */
wf_status members_unpack(const wf_member members[WF_MEMBER_COUNT], wf_error *err);

#endif
