#include "base/error.h"

#include "check.h"

#include <errno.h>

TEST(statuses_have_names) {
  CHECK_EQ_STR(wf_status_name(WF_OK), "ok");
  CHECK_EQ_STR(wf_status_name(WF_NOMEM), "out_of_memory");
  CHECK_EQ_STR(wf_status_name(WF_EXTERNAL), "external");
  CHECK_EQ_STR(wf_status_name((wf_status)99), "unknown");
  CHECK_EQ_STR(wf_status_name((wf_status)-1), "unknown");
  CHECK_HAS(wf_version(), ".");
}

TEST(failing_sets_status_and_message) {
  wf_error err = {WF_IO, 3, 4, "old"};
  CHECK_EQ_INT(wf_fail(&err, WF_INVALID, "%d is %s", 7, "odd"), WF_INVALID);
  CHECK_EQ_INT(err.status, WF_INVALID);
  CHECK_EQ_INT(err.line, 0);
  CHECK_EQ_INT(err.column, 0);
  CHECK_EQ_STR(err.message, "7 is odd");
  CHECK_EQ_INT(wf_fail_at(&err, WF_PARSE, 12, 5, "bad"), WF_PARSE);
  CHECK_EQ_INT(err.line, 12);
  CHECK_EQ_INT(err.column, 5);
  CHECK_EQ_INT(wf_fail_nomem(&err), WF_NOMEM);
  CHECK_EQ_STR(err.message, "out of memory");
  CHECK_EQ_INT(err.line, 0);
}

TEST(an_error_struct_is_optional) {
  CHECK_EQ_INT(wf_fail(NULL, WF_TYPE, "x"), WF_TYPE);
  CHECK_EQ_INT(wf_fail_at(NULL, WF_TYPE, 1, 1, "x"), WF_TYPE);
  CHECK_EQ_INT(wf_fail_errno(NULL, ENOENT, "x"), WF_NOTFOUND);
  CHECK_EQ_INT(wf_fail_nomem(NULL), WF_NOMEM);
  CHECK_EQ_INT(wf_fail_within(NULL, WF_IO, "x"), WF_IO);
}

TEST(system_errors_become_statuses) {
  wf_error err = WF_ERROR_INIT;
  CHECK_EQ_INT(wf_fail_errno(&err, ENOENT, "%s", "a/b.csv"), WF_NOTFOUND);
  CHECK_EQ_STR(err.message, "a/b.csv: No such file or directory");
  CHECK_EQ_INT(wf_fail_errno(&err, EEXIST, "f"), WF_EXISTS);
  CHECK_EQ_INT(wf_fail_errno(&err, ENOMEM, "f"), WF_NOMEM);
  CHECK_EQ_INT(wf_fail_errno(&err, EACCES, "f"), WF_IO);
  CHECK_EQ_STR(err.message, "f: Permission denied");
}

TEST(context_goes_before_the_lower_message) {
  wf_error err = WF_ERROR_INIT;
  wf_status status = wf_fail_at(&err, WF_PARSE, 3, 9, "not a number");
  CHECK_EQ_INT(wf_fail_within(&err, status, "%s", "claims.csv"), WF_PARSE);
  CHECK_EQ_STR(err.message, "claims.csv: not a number");
  CHECK_EQ_INT(err.line, 3);
  CHECK_EQ_INT(err.column, 9);
}

TEST(long_messages_are_cut) {
  char text[2000];
  wf_error err = WF_ERROR_INIT;
  memset(text, 'x', sizeof text);
  text[sizeof text - 1] = '\0';
  wf_fail(&err, WF_IO, "%s", text);
  CHECK_EQ_INT(strlen(err.message), WF_ERROR_MESSAGE - 1);
  wf_fail_errno(&err, EACCES, "%s", text);
  CHECK_EQ_INT(strlen(err.message), WF_ERROR_MESSAGE - 1);
  wf_fail_within(&err, WF_IO, "%s", text);
  CHECK_EQ_INT(strlen(err.message), WF_ERROR_MESSAGE - 1);
}

/* A cut never leaves the beginning of a character: whoever prints the message as JSON needs UTF-8.
 */
TEST(long_messages_are_cut_between_characters) {
  static const char *const characters[] = {"é", "猫", "🐈"};
  for (int c = 0; c < 3; c++) {
    size_t size = strlen(characters[c]);
    for (size_t shift = 0; shift < size; shift++) {
      char text[2000] = "aaa";
      wf_error err = WF_ERROR_INIT;
      text[shift] = '\0';
      while (strlen(text) < 1000) strcat(text, characters[c]);
      wf_fail(&err, WF_IO, "%s", text);
      CHECK_EQ_INT((strlen(err.message) - shift) % size, 0);
      CHECK(strlen(err.message) + size >= WF_ERROR_MESSAGE);
    }
  }
}

static wf_status pass_on(wf_status status) {
  WF_TRY(status);
  return WF_CANCELED;
}

TEST(try_returns_only_failures) {
  CHECK_EQ_INT(pass_on(WF_OK), WF_CANCELED);
  CHECK_EQ_INT(pass_on(WF_BUSY), WF_BUSY);
}
