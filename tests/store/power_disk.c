/* power_disk.c — EXT4_IOC_SHUTDOWN without flushing the log: the file system forgets what was not
 * synced, as a machine without power does. */
#include "power_disk.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SHUTDOWN _IOR('X', 125, uint32_t)
enum { WITHOUT_FLUSHING_THE_LOG = 2 };

static bool run(power_disk *d, const char *format, const char *a, const char *b) {
  snprintf(d->command, sizeof d->command, format, a, b);
  return system(d->command) == 0;
}

bool power_disk_make(power_disk *d, const char *directory) {
  snprintf(d->image, sizeof d->image, "%s/image", directory);
  snprintf(d->mount, sizeof d->mount, "%s/mount", directory);
  return unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
         mkdir(d->mount, 0700) == 0 && run(d, "truncate -s 48M %s%s", d->image, "") &&
         run(d, "mkfs.ext4 -q -F %s%s 2>/dev/null", d->image, "") &&
         run(d, "mount -o loop %s %s 2>/dev/null", d->image, d->mount);
}

bool power_disk_cut(const power_disk *d) {
  uint32_t how = WITHOUT_FLUSHING_THE_LOG;
  int fd = open(d->mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  bool done = fd >= 0 && ioctl(fd, SHUTDOWN, &how) == 0;
  if (fd >= 0) close(fd);
  return done;
}

bool power_disk_restore(power_disk *d) {
  return umount(d->mount) == 0 && run(d, "mount -o loop %s %s 2>/dev/null", d->image, d->mount);
}

void power_disk_end(const power_disk *d) { umount(d->mount); }

static int lose_power(const char *directory, unsigned after_us,
                      void (*work)(const char *mount, int pipe_end),
                      int (*count_lost)(const char *mount, int pipe_end, int *n_acknowledged)) {
  power_disk d;
  int ends[2], n_acknowledged = 0, lost = 0;
  if (!power_disk_make(&d, directory)) return POWER_CANNOT;
  if (pipe(ends) != 0 || fcntl(ends[1], F_SETPIPE_SZ, 1 << 20) < 0) return POWER_CANNOT;
  pid_t child = fork();
  if (child == 0) {
    work(d.mount, ends[1]);
    _exit(0);
  }
  close(ends[1]);
  usleep(after_us);
  bool dark = child > 0 && power_disk_cut(&d);
  if (child > 0) kill(child, SIGKILL);
  waitpid(child, NULL, 0);
  bool restored = power_disk_restore(&d);
  if (dark && restored) lost = count_lost(d.mount, ends[0], &n_acknowledged);
  power_disk_end(&d);
  printf("  %d acknowledged, %d lost\n", n_acknowledged, lost);
  fflush(stdout);
  return !dark || !restored || n_acknowledged == 0 ? POWER_CANNOT : lost > 0;
}

int power_loss(const char *directory, unsigned after_us,
               void (*work)(const char *mount, int pipe_end),
               int (*count_lost)(const char *mount, int pipe_end, int *n_acknowledged)) {
  mkdir(directory, 0700);
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) _exit(lose_power(directory, after_us, work, count_lost));
  int status;
  if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status)) return -1;
  return WEXITSTATUS(status);
}
