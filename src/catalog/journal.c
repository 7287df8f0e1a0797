/* journal.c — the bytes of a journal, and who owns its file.
 *
 * Nothing read here is believed: a record counts when it is whole and its payload hashes to what
 * its head says, with the offset as the seed, so that bytes of an older record in the wrong place
 * do not count. Decoding checks every size against the payload's end all the same.
 *
 * Between making a file and locking it somebody who clears up may take it for an orphan: the maker
 * then finds it locked or gone, and makes another. */
#include "catalog/journal.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/map.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { HEAD = 16, MAGIC = 8, ATTEMPTS = 1000, FILE_MODE = 0600 };

static const char magic[MAGIC + 1] = "wfsteps1";
static const uint32_t absent = UINT32_MAX;

/* ---- writing ----------------------------------------------------------------------------------
 */

static void add_number(wf_bytes *bytes, int64_t value) { wf_bytes_add(bytes, &value, 8); }

static void add_blob(wf_bytes *bytes, const void *data, size_t size) {
  uint32_t length = (uint32_t)size;
  if (size >= absent) bytes->failed = true; /* far above what a result may hold */
  wf_bytes_add(bytes, &length, 4);
  wf_bytes_add(bytes, data, size);
  wf_bytes_char(bytes, '\0');
}

static void add_text(wf_bytes *bytes, const char *text) {
  if (text)
    add_blob(bytes, text, strlen(text));
  else
    wf_bytes_add(bytes, &absent, 4);
}

static void add_step(wf_bytes *bytes, const wf_step_record *s) {
  const int64_t numbers[] = {s->id,  s->run,        s->state,   s->result,
                             s->nth, s->started_us, s->ended_us};
  wf_bytes_add(bytes, numbers, sizeof numbers);
  const char *texts[] = {s->name,     s->kind, s->message, s->outcome_json,
                         s->log_path, s->key,  s->why};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) add_text(bytes, texts[i]);
}

static void add_result(wf_bytes *bytes, const wf_result_record *r) {
  const int64_t numbers[] = {r->id, r->stored, r->took_us, r->created_us};
  wf_bytes_add(bytes, numbers, sizeof numbers);
  const char *texts[] = {r->key, r->objects_json, r->parts_json, r->trace_json, r->log_path};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) add_text(bytes, texts[i]);
  add_blob(bytes, r->value ? r->value : "", r->value_size);
}

void wf_journal_encode(wf_bytes *bytes, size_t offset, const wf_journal_record *record) {
  static const char head[HEAD];
  size_t start = bytes->size;
  wf_bytes_add(bytes, head, HEAD);
  add_step(bytes, &record->step);
  add_number(bytes, record->made);
  if (record->made) add_result(bytes, &record->result);
  if (bytes->failed || bytes->size - start - HEAD >= absent) {
    bytes->failed = true;
    return;
  }
  char *at = bytes->data + start;
  uint32_t size = (uint32_t)(bytes->size - start - HEAD);
  uint64_t hash = wf_hash_bytes(at + HEAD, size, offset);
  memcpy(at, &size, 4);
  memcpy(at + 8, &hash, 8);
}

/* ---- reading ----------------------------------------------------------------------------------
 */

typedef struct reader {
  const char *at;
  size_t left;
  bool failed;
} reader;

static const char *take(reader *r, size_t size) {
  if (r->failed || r->left < size) {
    r->failed = true;
    return NULL;
  }
  const char *data = r->at;
  r->at += size;
  r->left -= size;
  return data;
}

static int64_t take_number(reader *r) {
  int64_t value = 0;
  const char *data = take(r, 8);
  if (data) memcpy(&value, data, 8);
  return value;
}

/* NULL when it is absent, or when there is no more. */
static const char *take_blob(reader *r, size_t *size) {
  uint32_t length = absent;
  const char *data = take(r, 4);
  if (data) memcpy(&length, data, 4);
  *size = 0;
  if (length == absent) return NULL;
  const char *blob = take(r, (size_t)length + 1);
  if (!blob || blob[length] != '\0') {
    r->failed = true;
    return NULL;
  }
  *size = length;
  return blob;
}

static const char *take_text(reader *r) {
  size_t size;
  const char *text = take_blob(r, &size);
  if (text && strlen(text) != size) r->failed = true;
  return text;
}

static void take_step(reader *r, wf_step_record *s) {
  s->id = take_number(r);
  s->run = take_number(r);
  int64_t state = take_number(r);
  if (state < 0 || state >= WF_STATE_COUNT) r->failed = true;
  s->state = r->failed ? WF_STATE_FAILED : (wf_state)state;
  s->result = take_number(r);
  s->nth = take_number(r);
  s->started_us = take_number(r);
  s->ended_us = take_number(r);
  s->name = take_text(r);
  s->kind = take_text(r);
  s->message = take_text(r);
  s->outcome_json = take_text(r);
  s->log_path = take_text(r);
  s->key = take_text(r);
  s->why = take_text(r);
  if (!s->name || !s->kind || s->id <= 0 || s->ended_us == 0) r->failed = true;
}

static void take_result(reader *r, wf_result_record *out) {
  out->id = take_number(r);
  out->stored = take_number(r) != 0;
  out->took_us = take_number(r);
  out->created_us = take_number(r);
  out->key = take_text(r);
  out->objects_json = take_text(r);
  out->parts_json = take_text(r);
  out->trace_json = take_text(r);
  out->log_path = take_text(r);
  out->value = take_blob(r, &out->value_size);
  if (!out->key || !out->value || out->id <= 0) r->failed = true;
}

/* The payload of the record at the cursor; NULL when it is not whole. */
static const char *check_head(const wf_journal_cursor *cursor, uint32_t *size) {
  if (cursor->bytes.size < HEAD) return NULL;
  uint64_t hash;
  memcpy(size, cursor->bytes.data, 4);
  memcpy(&hash, cursor->bytes.data + 8, 8);
  if (cursor->bytes.size - HEAD < *size) return NULL;
  const char *payload = cursor->bytes.data + HEAD;
  return wf_hash_bytes(payload, *size, cursor->offset) == hash ? payload : NULL;
}

bool wf_journal_next(wf_journal_cursor *cursor, wf_journal_record *out) {
  uint32_t size;
  const char *payload = check_head(cursor, &size);
  if (!payload) return false;
  reader r = {payload, size, false};
  *out = (wf_journal_record){0};
  take_step(&r, &out->step);
  out->made = take_number(&r) != 0;
  if (out->made) take_result(&r, &out->result);
  if (r.failed || r.left) return false;
  size_t whole = HEAD + size;
  cursor->bytes = (wf_view){cursor->bytes.data + whole, cursor->bytes.size - whole};
  cursor->offset += whole;
  return true;
}

/* ---- files ------------------------------------------------------------------------------------
 */

void wf_journal_format_header(char out[WF_JOURNAL_HEADER], size_t merged) {
  uint64_t offset = merged, hash = wf_hash_bytes(&offset, 8, MAGIC);
  memcpy(out, magic, MAGIC);
  memcpy(out + MAGIC, &offset, 8);
  memcpy(out + MAGIC + 8, &hash, 8);
}

size_t wf_journal_parse_header(const char header[WF_JOURNAL_HEADER]) {
  uint64_t offset, hash;
  if (memcmp(header, magic, MAGIC) != 0) return 0;
  memcpy(&offset, header + MAGIC, 8);
  memcpy(&hash, header + MAGIC + 8, 8);
  bool sound = wf_hash_bytes(&offset, 8, MAGIC) == hash && offset >= WF_JOURNAL_HEADER;
  return sound ? (size_t)offset : WF_JOURNAL_HEADER;
}

wf_status wf_journal_create(int *fd, char name[WF_JOURNAL_NAME], int folder, const char *path,
                            wf_error *err) {
  char header[WF_JOURNAL_HEADER];
  wf_journal_format_header(header, WF_JOURNAL_HEADER);
  for (int i = 0; i < ATTEMPTS; i++) {
    snprintf(name, WF_JOURNAL_NAME, "%ld-%" PRIx64, (long)getpid(),
             (uint64_t)wf_clock_monotonic_ns());
    int made = openat(folder, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
    if (made < 0 && errno == EEXIST) continue;
    if (made < 0) return wf_fail_errno(err, errno, "%s", path);
    if (wf_file_own(made)) {
      if (wf_write_all(made, header, sizeof header)) {
        *fd = made;
        return WF_OK;
      }
      wf_status status = wf_fail_errno(err, errno, "%s/%s", path, name);
      unlinkat(folder, name, 0);
      close(made);
      return status;
    }
    close(made);
  }
  return wf_fail(err, WF_BUSY, "%s: no journal could be made", path);
}
