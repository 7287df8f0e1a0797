/* power_disk.h — a small ext4 file system whose power can fail.
 *
 * Needs root, loop devices and mkfs.ext4; everything is false where they are missing. To be used in
 * a process of its own: the mount lives in a namespace that ends with it. */
#ifndef WF_TESTS_STORE_POWER_DISK_H
#define WF_TESTS_STORE_POWER_DISK_H

#include <stdbool.h>

typedef struct power_disk {
  char image[300], mount[300], command[700];
} power_disk;

bool power_disk_make(power_disk *disk, const char *directory);
/* What was not synced is gone; every later access fails. */
bool power_disk_cut(const power_disk *disk);
/* Mounts it again, which replays its journal. */
bool power_disk_restore(power_disk *disk);
void power_disk_end(const power_disk *disk);

/* In a child process with a disk in `directory`: starts `work` (which acknowledges into the pipe
 * and does not return), cuts the power after `after_us`, restores it, and has `count_lost` compare
 * what was acknowledged. 0: nothing lost, 1: something lost, POWER_CANNOT: not possible here. */
enum { POWER_CANNOT = 77 };
int power_loss(const char *directory, unsigned after_us,
               void (*work)(const char *mount, int pipe_end),
               int (*count_lost)(const char *mount, int pipe_end, int *n_acknowledged));

#endif
