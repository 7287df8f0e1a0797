/* gather.c — what other processes have journalled becomes visible here.
 *
 * Whoever is about to read steps or results looks into the folder of journals first: one fstat when
 * nothing was made or removed in it, and one per journal that somebody is writing. What is new
 * there is merged in one transaction; merging twice is harmless (pending.c), so the writers need
 * not know. A journal whose lock can be had has lost its process: it is merged to its last whole
 * record and removed. What was behind that record is gone with the process that did not finish
 * writing it; an event says how much.
 *
 * Times of files are coarse: a listing made within a moment of the folder's last change is made
 * again. */
#include "catalog/pending.h"

#include "base/clock.h"
#include "base/file.h"
#include "catalog/catalog.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SETTLED_NS = 20 * 1000 * 1000 };

static int64_t changed_ns(const struct stat *info) {
  return (int64_t)info->st_mtim.tv_sec * 1000000000 + info->st_mtim.tv_nsec;
}

/* ---- what is there ----------------------------------------------------------------------------
 */

static bool is_known(const wf_pending *p, const char *name) {
  for (size_t i = 0; i < p->others.count; i++)
    if (strcmp(p->others.items[i].name, name) == 0) return true;
  return false;
}

static wf_status list_others(wf_pending *p, wf_error *err) {
  int fd = openat(p->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *listing = fd < 0 ? NULL : fdopendir(fd);
  if (!listing) {
    wf_status status = wf_fail_errno(err, errno, "%s", p->path);
    if (fd >= 0) close(fd);
    return status;
  }
  wf_status status = WF_OK;
  for (struct dirent *item; status == WF_OK && (item = readdir(listing));) {
    bool own = p->fd >= 0 && strcmp(item->d_name, p->name) == 0;
    if (item->d_name[0] == '.' || own || strlen(item->d_name) >= WF_JOURNAL_NAME) continue;
    if (is_known(p, item->d_name)) continue;
    wf_pending_other other = {.merged = WF_JOURNAL_HEADER};
    strcpy(other.name, item->d_name);
    if (!wf_array_push(&p->others, other)) status = wf_fail_nomem(err);
  }
  closedir(listing);
  return status;
}

/* Lists the folder anew when it may have changed since. */
static wf_status look(wf_pending *p, wf_error *err) {
  struct stat info;
  if (fstat(p->folder, &info) != 0) return wf_fail_errno(err, errno, "%s", p->path);
  int64_t changed = changed_ns(&info), now = wf_clock_wall_us() * 1000;
  if (changed == p->listed_ns && p->looked_ns > changed + SETTLED_NS) return WF_OK;
  WF_TRY(list_others(p, err));
  p->listed_ns = changed;
  p->looked_ns = now;
  return WF_OK;
}

static bool has_news(const wf_pending *p, const wf_pending_other *other) {
  struct stat info;
  if (!other->seen) return true;
  if (fstatat(p->folder, other->name, &info, AT_SYMLINK_NOFOLLOW) != 0) return true;
  return (size_t)info.st_size > other->merged && changed_ns(&info) != other->checked_ns;
}

/* ---- merging ----------------------------------------------------------------------------------
 */

/* A file that is being read. */
typedef struct source {
  int fd;
  bool orphan, foreign; /* has no writer any more; is no journal */
  struct stat info;
  wf_bytes bytes; /* from `offset` on */
  size_t offset;
} source;

static wf_status read_rest(source *s, const char *path, wf_error *err) {
  size_t size = (size_t)s->info.st_size;
  if (size <= s->offset) return WF_OK;
  size -= s->offset;
  if (!wf_bytes_reserve(&s->bytes, size)) return wf_fail_nomem(err);
  while (s->bytes.size < size) {
    ssize_t n = pread(s->fd, s->bytes.data + s->bytes.size, size - s->bytes.size,
                      (off_t)(s->offset + s->bytes.size));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return wf_fail_errno(err, errno, "%s", path);
    if (n == 0) break;
    s->bytes.size += (size_t)n;
  }
  return WF_OK;
}

/* The lock before the size: what its writer wrote before it ended is then all seen. */
static wf_status open_source(source *s, const wf_pending *p, const wf_pending_other *other,
                             wf_error *err) {
  s->fd = openat(p->folder, other->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (s->fd < 0 && errno == ELOOP) s->foreign = true;
  if (s->fd < 0)
    return s->foreign || errno == ENOENT ? WF_OK : wf_fail_errno(err, errno, "%s", p->path);
  s->orphan = wf_file_own(s->fd);
  if (fstat(s->fd, &s->info) != 0) return wf_fail_errno(err, errno, "%s", p->path);
  s->foreign = !S_ISREG(s->info.st_mode);
  char header[WF_JOURNAL_HEADER];
  s->offset = other->merged;
  if (s->foreign || pread(s->fd, header, sizeof header, 0) != (ssize_t)sizeof header)
    return WF_OK; /* its maker has not come that far */
  size_t begin = wf_journal_parse_header(header);
  s->foreign = begin == 0;
  if (s->offset < begin) s->offset = begin;
  return s->foreign ? WF_OK : read_rest(s, p->path, err);
}

static wf_status note_cut(wf_catalog *catalog, const char *name, size_t lost, wf_error *err) {
  wf_bytes detail = {0};
  wf_detail_text(&detail, "journal", name);
  wf_detail_integer(&detail, "bytes", (int64_t)lost);
  return wf_event_add(catalog, "journal.cut", "catalog", NULL, &detail, err);
}

/* Within a transaction: what is whole. */
static wf_status merge_records(wf_catalog *catalog, wf_journal_cursor *cursor, const source *s,
                               const char *name, wf_error *err) {
  wf_journal_record record;
  while (wf_journal_next(cursor, &record)) WF_TRY(wf_step_merge(catalog, &record, err));
  return s->orphan && cursor->bytes.size ? note_cut(catalog, name, cursor->bytes.size, err) : WF_OK;
}

static wf_status merge_source(wf_catalog *catalog, source *s, wf_pending_other *other,
                              wf_error *err) {
  wf_journal_cursor cursor = {{s->bytes.data, s->bytes.size}, s->offset};
  if (cursor.bytes.size) {
    WF_TRY(wf_catalog_begin_lax(catalog, err));
    wf_status status = merge_records(catalog, &cursor, s, other->name, err);
    WF_TRY(wf_catalog_finish(catalog, status, err));
  }
  other->seen = true;
  other->merged = s->foreign ? SIZE_MAX : cursor.offset;
  /* The rest may be a record in the making: it counts as looked at once it has come to rest. */
  int64_t changed = changed_ns(&s->info);
  bool rests = changed + SETTLED_NS < wf_clock_wall_us() * 1000;
  other->checked_ns = cursor.bytes.size && rests ? changed : 0;
  return WF_OK;
}

/* Removes the file of a process that is gone, once its records are committed. */
static wf_status merge_other(wf_catalog *catalog, wf_pending_other *other, bool *gone,
                             wf_error *err) {
  wf_pending *p = &catalog->pending;
  source s = {.fd = -1};
  wf_status status = open_source(&s, p, other, err);
  *gone = status == WF_OK && s.fd < 0 && !s.foreign;
  if (status == WF_OK && !*gone) {
    status = merge_source(catalog, &s, other, err);
    *gone = status == WF_OK && s.orphan && !s.foreign;
    if (*gone) unlinkat(p->folder, other->name, 0);
  }
  if (s.fd >= 0) close(s.fd);
  wf_bytes_dispose(&s.bytes);
  return status;
}

wf_status wf_gather_others(wf_catalog *catalog, wf_error *err) {
  wf_pending *p = &catalog->pending;
  if (catalog->visiting || !sqlite3_get_autocommit(catalog->db)) return WF_OK;
  WF_TRY(wf_catalog_check_owner(catalog, err));
  WF_TRY(wf_pending_open_folder(catalog, false, err));
  if (p->folder < 0) return WF_OK;
  WF_TRY(look(p, err));
  for (size_t i = 0; i < p->others.count;) {
    bool gone = false;
    if (has_news(p, &p->others.items[i]))
      WF_TRY(merge_other(catalog, &p->others.items[i], &gone, err));
    if (gone)
      p->others.items[i] = p->others.items[--p->others.count];
    else
      i++;
  }
  return WF_OK;
}

wf_status wf_gather_all(wf_catalog *catalog, wf_error *err) {
  if (catalog->visiting) return WF_OK;
  WF_TRY(wf_catalog_check_owner(catalog, err));
  if (catalog->pending.entries.count) {
    WF_TRY(wf_catalog_begin_lax(catalog, err));
    WF_TRY(wf_catalog_finish(catalog, WF_OK, err));
  }
  return wf_gather_others(catalog, err);
}
