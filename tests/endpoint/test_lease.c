#include "endpoint/lease.h"

#include "base/file.h"
#include "base/json.h"
#include "check.h"

#include <sys/stat.h>
#include <unistd.h>

TEST(lease_is_for_one) {
  wf_error err = WF_ERROR_INIT;
  wf_lease *lease, *second = NULL;
  char pid[32];
  CHECK(!wf_lease_is_held(test_dir()));
  REQUIRE_OK(wf_lease_open(&lease, test_dir(), &err), err);
  CHECK(wf_lease_is_held(test_dir()));
  CHECK(!wf_lease_is_held(test_path("none")));
  snprintf(pid, sizeof pid, "process %d", (int)getpid());
  CHECK_FAILS(wf_lease_open(&second, test_dir(), &err), err, WF_BUSY, pid);
  CHECK_HAS(err.message, "serve.lock");
  wf_lease_close(lease);
  CHECK(!wf_lease_is_held(test_dir()));
  REQUIRE_OK(wf_lease_open(&second, test_dir(), &err), err);
  wf_lease_close(second);
  CHECK_FAILS(wf_lease_open(&second, test_path("none"), &err), err, WF_NOTFOUND, "none");
}

TEST(lease_announces) {
  wf_error err = WF_ERROR_INIT;
  wf_lease *lease;
  char *text;
  size_t size;
  struct stat info;
  REQUIRE_OK(wf_lease_open(&lease, test_dir(), &err), err);
  CHECK_EQ_INT(strlen(wf_lease_token(lease)), 64);
  CHECK_EQ_INT(wf_lease_last_port(lease), 0);
  REQUIRE_OK(wf_lease_announce(lease, 4711, &err), err);
  CHECK_EQ_INT(wf_lease_last_port(lease), 4711);
  const char *path = test_path("serve.json");
  REQUIRE(stat(path, &info) == 0);
  CHECK_EQ_INT(info.st_mode & 0777, 0600);
  REQUIRE_OK(wf_file_read(path, 0, &text, &size, &err), err);
  json_t *root;
  const char *token;
  int64_t port, pid;
  REQUIRE_OK(wf_json_parse(&root, (wf_view){text, size}, "serve.json", &err), err);
  REQUIRE_OK(wf_json_get_string(&token, root, "token", "serve.json", &err), err);
  REQUIRE_OK(wf_json_get_integer(&port, root, "port", "serve.json", &err), err);
  REQUIRE_OK(wf_json_get_integer(&pid, root, "pid", "serve.json", &err), err);
  CHECK_EQ_STR(token, wf_lease_token(lease));
  CHECK_EQ_INT(port, 4711);
  CHECK_EQ_INT(pid, getpid());
  json_decref(root);
  wf_free(text);
  wf_lease_close(lease);
  CHECK(access(path, F_OK) != 0);
  REQUIRE_OK(wf_lease_open(&lease, test_dir(), &err), err);
  CHECK_EQ_INT(wf_lease_last_port(lease), 4711);
  wf_lease_close(lease);
}

static bool open_lease(void) {
  wf_error err = WF_ERROR_INIT;
  wf_lease *lease = NULL;
  wf_status status = wf_lease_open(&lease, test_dir(), &err);
  if (status == WF_OK) status = wf_lease_announce(lease, 99, &err);
  wf_lease_close(lease);
  if (status != WF_OK && status != WF_NOMEM) test_fail(__FILE__, __LINE__, "%s", err.message);
  return status == WF_OK;
}

TEST(lease_survives_allocation_failures) { CHECK_OOM_SAFE(open_lease()); }
