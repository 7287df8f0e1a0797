/* test_process.c — a number that is used again is not the process that had it. */
#include "catalog/process.h"

#include "check.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

TEST(process_lives) {
  char identity[WF_PROCESS_TEXT];
  wf_process_identify(identity, getpid());
  CHECK(strchr(identity, '/') != NULL);
  CHECK(wf_process_may_run(getpid(), identity));
  CHECK(wf_process_may_run(getpid(), NULL));
  CHECK(wf_process_may_run(getpid(), ""));
}

TEST(process_number_used_again) {
  char identity[WF_PROCESS_TEXT];
  wf_process_identify(identity, getpid());
  char *start = strrchr(identity, '/') + 1;
  snprintf(start, 24, "%lld", atoll(start) - 1);
  CHECK(!wf_process_may_run(getpid(), identity));
}

TEST(process_before_reboot) {
  char identity[WF_PROCESS_TEXT];
  wf_process_identify(identity, getpid());
  identity[0] = identity[0] == '0' ? '1' : '0';
  CHECK(!wf_process_may_run(getpid(), identity));
}

TEST(process_of_another_namespace_is_left_alone) {
  char identity[WF_PROCESS_TEXT];
  wf_process_identify(identity, getpid());
  char *space = strchr(identity, '[') + 1;
  space[0] = space[0] == '9' ? '8' : '9';
  CHECK(wf_process_may_run(getpid(), identity));
  CHECK(wf_process_may_run(1 << 22, identity));
}

TEST(process_ended_and_zombie) {
  char identity[WF_PROCESS_TEXT];
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    pause();
    _exit(0);
  }
  REQUIRE(child > 0);
  wf_process_identify(identity, child);
  CHECK(wf_process_may_run(child, identity));
  kill(child, SIGKILL);
  siginfo_t info;
  REQUIRE(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT) == 0);
  CHECK(!wf_process_may_run(child, identity)); /* nobody has waited for it yet */
  waitpid(child, NULL, 0);
  CHECK(!wf_process_may_run(child, identity));
  CHECK(!wf_process_may_run(child, NULL));
}

TEST(process_impossible) {
  char identity[WF_PROCESS_TEXT] = "x";
  wf_process_identify(identity, 1 << 30);
  CHECK_EQ_STR(identity, "");
  CHECK(!wf_process_may_run(0, NULL));
  CHECK(!wf_process_may_run(-1, NULL));
}
