/* catalog/journal.h — files of steps that are over and not in the database yet.
 *
 *   wf_journal_record r = {.step = {…}};
 *   wf_journal_encode(&bytes, offset, &r);                    the record as it is in the file
 *   while (wf_journal_next(&cursor, &r)) …                    the records of a file's bytes
 *
 * A file is a header and records, one behind the other:
 *
 *   header   "wfsteps1", merged (8), hash of merged (8): records before that offset are in the
 *            database already. Only a hint: a header that does not hash says nothing.
 *   record   size of the payload (4), 0 (4), hash of the payload seeded with the record's offset
 *            (8), payload
 *   payload  numbers (8 each) and texts (size (4), bytes, '\0'; size 0xffffffff: NULL) in the order
 *            of the code
 *
 * Numbers are in the machine's byte order. A record that was torn by the end of its writer does not
 * hash and ends the file. Nothing here is synced: what is written survives the process, not the
 * machine. */
#ifndef WF_CATALOG_JOURNAL_H
#define WF_CATALOG_JOURNAL_H

#include "base/bytes.h"
#include "wf/catalog.h"

enum { WF_JOURNAL_HEADER = 24, WF_JOURNAL_NAME = 64 };

typedef struct wf_journal_record {
  wf_step_record step; /* with its id; `result` is the id of what it made or used */
  bool made;           /* a result, which follows */
  wf_result_record result;
} wf_journal_record;

/* Appends the record that is to stand at that offset of its file; bytes->failed when memory is
 * out. */
void wf_journal_encode(wf_bytes *bytes, size_t offset, const wf_journal_record *record);

/* The bytes of a file from `offset` on. */
typedef struct wf_journal_cursor {
  wf_view bytes;
  size_t offset; /* of bytes.data[0] in the file */
} wf_journal_cursor;

/* The record at the cursor, which moves behind it; false when there is no whole one. Texts are
 * borrowed from the bytes. */
bool wf_journal_next(wf_journal_cursor *cursor, wf_journal_record *out);

void wf_journal_format_header(char out[WF_JOURNAL_HEADER], size_t merged);
/* Where to begin reading; 0: that is no journal. */
size_t wf_journal_parse_header(const char header[WF_JOURNAL_HEADER]);

/* A new file in the folder, owned (wf_file_own) for as long as the descriptor is open. `path` names
 * the folder in errors. */
wf_status wf_journal_create(int *fd, char name[WF_JOURNAL_NAME], int folder, const char *path,
                            wf_error *err);

#endif
