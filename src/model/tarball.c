/* tarball.c — tar through libarchive, strictly.
 *
 * Packing writes ustar entries with every field that could vary fixed (no times, owners, or names
 * of owners) behind a gzip header without a time: equal members give equal bytes.
 *
 * Unpacking hands libarchive what our own inflater lets through, with tar as the only format and no
 * filter, so that limits hold for every byte and nothing is decompressed twice. An entry is taken
 * only when it is a plain regular file whose name is one of those asked for, not seen before.
 * Links, devices, folders, sparse files and other names are refused, not skipped. Nothing is ever
 * written to a file system.
 *
 * libarchive is loaded when the first package is packed or unpacked. */
#include "model/tarball.h"

#include "base/alloc.h"
#include "base/library.h"
#include "model/inflate.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>

/* ---- the library ------------------------------------------------------------------------------
 */

/* It brings a dozen others with it (XML, ICU, LZMA, …), which would cost every start of wf. */
#define SYMBOLS(X)                         \
  X(archive_entry_clear)                   \
  X(archive_entry_filetype)                \
  X(archive_entry_free)                    \
  X(archive_entry_hardlink)                \
  X(archive_entry_new)                     \
  X(archive_entry_pathname)                \
  X(archive_entry_set_filetype)            \
  X(archive_entry_set_mtime)               \
  X(archive_entry_set_pathname)            \
  X(archive_entry_set_perm)                \
  X(archive_entry_set_size)                \
  X(archive_entry_size)                    \
  X(archive_entry_size_is_set)             \
  X(archive_entry_sparse_count)            \
  X(archive_entry_symlink)                 \
  X(archive_errno)                         \
  X(archive_error_string)                  \
  X(archive_filter_bytes)                  \
  X(archive_read_data)                     \
  X(archive_read_free)                     \
  X(archive_read_new)                      \
  X(archive_read_next_header)              \
  X(archive_read_open)                     \
  X(archive_read_support_format_tar)       \
  X(archive_set_error)                     \
  X(archive_write_add_filter_gzip)         \
  X(archive_write_close)                   \
  X(archive_write_data)                    \
  X(archive_write_free)                    \
  X(archive_write_header)                  \
  X(archive_write_new)                     \
  X(archive_write_open)                    \
  X(archive_write_set_bytes_in_last_block) \
  X(archive_write_set_filter_option)       \
  X(archive_write_set_format_ustar)

#define MEMBER(name) __typeof__(&name) name;
static struct { SYMBOLS(MEMBER) } lib;
static wf_error lib_error;
static pthread_once_t lib_once = PTHREAD_ONCE_INIT;

static void load_library(void) {
  static const char *const names[] = {"libarchive.so.13", NULL};
#define SYMBOL(name) {#name, &lib.name},
  const wf_library_symbol symbols[] = {SYMBOLS(SYMBOL)};
  (void)wf_library_load(names, "libarchive (Debian package libarchive13)", symbols,
                        sizeof symbols / sizeof *symbols, &lib_error);
}

static wf_status use_library(wf_error *err) {
  pthread_once(&lib_once, load_library);
  if (lib_error.status != WF_OK && err) *err = lib_error;
  return lib_error.status;
}

static wf_status fail_archive(struct archive *archive, wf_error *err) {
  if (lib.archive_errno(archive) == ENOMEM) return wf_fail_nomem(err);
  const char *text = lib.archive_error_string(archive);
  return wf_fail(err, WF_CORRUPT, "is not a sound tar archive: %s", text ? text : "damaged");
}

/* ---- packing ----------------------------------------------------------------------------------
 */

static la_ssize_t append(struct archive *archive, void *context, const void *data, size_t size) {
  wf_bytes *out = context;
  wf_bytes_add(out, data, size);
  if (!out->failed) return (la_ssize_t)size;
  lib.archive_set_error(archive, ENOMEM, "out of memory");
  return -1;
}

static int add_member(struct archive *archive, struct archive_entry *entry,
                      const wf_member *member) {
  lib.archive_entry_clear(entry);
  lib.archive_entry_set_pathname(entry, member->name);
  lib.archive_entry_set_filetype(entry, AE_IFREG);
  lib.archive_entry_set_perm(entry, 0644);
  lib.archive_entry_set_size(entry, (la_int64_t)member->size);
  lib.archive_entry_set_mtime(entry, 0, 0);
  int code = lib.archive_write_header(archive, entry);
  if (code != ARCHIVE_OK) return code;
  la_ssize_t written = lib.archive_write_data(archive, member->data, member->size);
  return written == (la_ssize_t)member->size ? ARCHIVE_OK : ARCHIVE_FATAL;
}

static int write_all(struct archive *archive, struct archive_entry *entry, const char *level,
                     wf_bytes *out, const wf_member *members, size_t n_members) {
  int code = lib.archive_write_set_format_ustar(archive);
  if (code == ARCHIVE_OK) code = lib.archive_write_add_filter_gzip(archive);
  if (code == ARCHIVE_OK)
    code = lib.archive_write_set_filter_option(archive, "gzip", "timestamp", NULL);
  if (code == ARCHIVE_OK)
    code = lib.archive_write_set_filter_option(archive, "gzip", "compression-level", level);
  if (code == ARCHIVE_OK) code = lib.archive_write_set_bytes_in_last_block(archive, 1);
  if (code == ARCHIVE_OK) code = lib.archive_write_open(archive, out, NULL, append, NULL);
  for (size_t i = 0; code == ARCHIVE_OK && i < n_members; i++)
    code = add_member(archive, entry, &members[i]);
  return code == ARCHIVE_OK ? lib.archive_write_close(archive) : code;
}

static wf_status pack(wf_bytes *out, const char *level, const wf_member *members, size_t n_members,
                      wf_error *err) {
  struct archive *archive = lib.archive_write_new();
  struct archive_entry *entry = lib.archive_entry_new();
  wf_status status = WF_OK;
  if (!archive || !entry)
    status = wf_fail_nomem(err);
  else if (write_all(archive, entry, level, out, members, n_members) != ARCHIVE_OK)
    status = fail_archive(archive, err);
  lib.archive_entry_free(entry);
  lib.archive_write_free(archive);
  return status;
}

static size_t total_size(const wf_member *members, size_t n_members) {
  size_t total = 10240; /* the archive's end */
  for (size_t i = 0; i < n_members; i++) {
    if (members[i].size > WF_TARBALL_MAX_SIZE) return SIZE_MAX;
    total += members[i].size + 1024; /* its header and padding */
  }
  return total;
}

wf_status wf_tarball_pack(char **out, size_t *size, const wf_member *members, size_t n_members,
                          wf_error *err) {
  size_t total = total_size(members, n_members);
  WF_TRY(use_library(err));
  if (total > WF_TARBALL_MAX_SIZE)
    return wf_fail(err, WF_LIMIT, "larger than the limit of %zu bytes", WF_TARBALL_MAX_SIZE);
  wf_bytes bytes = {0};
  wf_status status = pack(&bytes, "6", members, n_members, err);
  /* What compresses as well as a bomb is stored as it is: every package can be unpacked again. */
  if (status == WF_OK && total > WF_TARBALL_FREE_SIZE &&
      (total - WF_TARBALL_FREE_SIZE) / WF_TARBALL_MAX_RATIO >= bytes.size) {
    wf_bytes_clear(&bytes);
    status = pack(&bytes, "0", members, n_members, err);
  }
  if (status == WF_OK) return wf_bytes_take(&bytes, out, size, err);
  wf_bytes_dispose(&bytes);
  return status;
}

/* ---- unpacking --------------------------------------------------------------------------------
 */

typedef struct reader {
  wf_inflate *source;
  wf_status status; /* of the source: libarchive knows only that it failed */
  wf_error *err;
  size_t produced, trailing_zeros; /* bytes of the tar so far, and zeros at their end */
} reader;

static wf_status next_piece(reader *r, const void **piece, size_t *size, wf_error *err) {
  WF_TRY(wf_inflate_next(r->source, piece, size, err));
  const char *bytes = *piece;
  size_t zeros = 0;
  while (zeros < *size && bytes[*size - 1 - zeros] == 0) zeros++;
  r->produced += *size;
  r->trailing_zeros = zeros == *size ? r->trailing_zeros + zeros : zeros;
  return WF_OK;
}

static la_ssize_t read_piece(struct archive *archive, void *context, const void **piece) {
  reader *r = context;
  size_t size = 0;
  r->status = next_piece(r, piece, &size, r->err);
  if (r->status == WF_OK) return (la_ssize_t)size;
  lib.archive_set_error(archive, EIO, "source failed");
  return -1;
}

static wf_status check_entry(struct archive_entry *entry, const char *name, wf_error *err) {
  if (lib.archive_entry_hardlink(entry) || lib.archive_entry_symlink(entry))
    return wf_fail(err, WF_PARSE, "member '%.80s' is a link", name);
  if (lib.archive_entry_filetype(entry) != AE_IFREG)
    return wf_fail(err, WF_PARSE, "member '%.80s' is not a regular file", name);
  if (lib.archive_entry_sparse_count(entry) > 0)
    return wf_fail(err, WF_PARSE, "member '%.80s' is a sparse file", name);
  if (!lib.archive_entry_size_is_set(entry) || lib.archive_entry_size(entry) < 0)
    return wf_fail(err, WF_PARSE, "member '%.80s' does not tell its size", name);
  if ((uint64_t)lib.archive_entry_size(entry) > WF_TARBALL_MAX_SIZE)
    return wf_fail(err, WF_LIMIT, "member '%.80s' is larger than the limit of %zu bytes", name,
                   WF_TARBALL_MAX_SIZE);
  return WF_OK;
}

static wf_status find_member(wf_member **out, struct archive_entry *entry, wf_member *members,
                             size_t n_members, wf_error *err) {
  const char *name = lib.archive_entry_pathname(entry);
  if (!name) return wf_fail(err, WF_PARSE, "a member's name cannot be read");
  WF_TRY(check_entry(entry, name, err));
  for (size_t i = 0; i < n_members; i++) {
    if (strcmp(members[i].name, name) != 0) continue;
    if (members[i].data) return wf_fail(err, WF_PARSE, "member '%.80s' is there twice", name);
    *out = &members[i];
    return WF_OK;
  }
  return wf_fail(err, WF_PARSE, "member '%.80s' does not belong there", name);
}

/* Grows with what is really there: the size in a header is only a claim. */
static wf_status read_member(struct archive *archive, reader *r, wf_member *member, size_t size,
                             wf_error *err) {
  wf_bytes bytes = {0};
  wf_status status = WF_OK;
  char piece[16384];
  la_ssize_t n;
  while ((n = lib.archive_read_data(archive, piece, sizeof piece)) > 0)
    wf_bytes_add(&bytes, piece, (size_t)n);
  if (r->status != WF_OK)
    status = r->status;
  else if (n < 0)
    status = fail_archive(archive, err);
  else if (bytes.size != size && !bytes.failed)
    status = wf_fail(err, WF_CORRUPT, "member '%s' is cut short", member->name);
  if (status == WF_OK) return wf_bytes_take(&bytes, &member->data, &member->size, err);
  wf_bytes_dispose(&bytes);
  return status;
}

static wf_status read_entries(struct archive *archive, reader *r, wf_member *members,
                              size_t n_members, wf_error *err) {
  for (;;) {
    struct archive_entry *entry;
    int code = lib.archive_read_next_header(archive, &entry);
    if (r->status != WF_OK) return r->status;
    if (code == ARCHIVE_EOF) return WF_OK;
    if (code != ARCHIVE_OK) return fail_archive(archive, err);
    wf_member *member = NULL;
    WF_TRY(find_member(&member, entry, members, n_members, err));
    WF_TRY(read_member(archive, r, member, (size_t)lib.archive_entry_size(entry), err));
  }
}

/* The archive's end is not the end of the bytes: those after the first `used` must be zeros, and
 * the checksum of all right. libarchive may have taken more than it used. */
static wf_status read_rest(reader *r, size_t used, wf_error *err) {
  const void *piece;
  size_t size;
  do {
    WF_TRY(next_piece(r, &piece, &size, err));
  } while (size > 0);
  if (r->produced - r->trailing_zeros > used)
    return wf_fail(err, WF_CORRUPT, "something follows the end of the archive");
  return WF_OK;
}

static wf_status check_complete(const wf_member *members, size_t n_members, wf_error *err) {
  for (size_t i = 0; i < n_members; i++) {
    if (!members[i].data) return wf_fail(err, WF_PARSE, "member '%s' is missing", members[i].name);
  }
  return WF_OK;
}

static wf_status read_archive(reader *r, wf_member *members, size_t n_members, wf_error *err) {
  struct archive *archive = lib.archive_read_new();
  if (!archive) return wf_fail_nomem(err);
  wf_status status = WF_OK;
  if (lib.archive_read_support_format_tar(archive) != ARCHIVE_OK ||
      lib.archive_read_open(archive, r, NULL, read_piece, NULL) != ARCHIVE_OK)
    status = r->status != WF_OK ? r->status : fail_archive(archive, err);
  if (status == WF_OK) status = read_entries(archive, r, members, n_members, err);
  size_t used = (size_t)lib.archive_filter_bytes(archive, 0);
  lib.archive_read_free(archive);
  if (status == WF_OK) status = read_rest(r, used, err);
  return status == WF_OK ? check_complete(members, n_members, err) : status;
}

wf_status wf_tarball_unpack(wf_member *members, size_t n_members, const void *bytes, size_t size,
                            wf_error *err) {
  reader r = {.err = err};
  WF_TRY(use_library(err));
  WF_TRY(wf_inflate_open(&r.source, bytes, size, err));
  for (size_t i = 0; i < n_members; i++) members[i].data = NULL;
  wf_status status = read_archive(&r, members, n_members, err);
  wf_inflate_close(r.source);
  for (size_t i = 0; status != WF_OK && i < n_members; i++) {
    wf_free(members[i].data);
    members[i].data = NULL;
    members[i].size = 0;
  }
  return status;
}
