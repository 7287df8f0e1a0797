/* csv/list.h — where the fields of a stretch of regular text end. */
#ifndef WF_CSV_LIST_H
#define WF_CSV_LIST_H

#include "csv/scan.h"

enum { WF_CSV_BEHIND = 64 }; /* bytes that may be read behind a text, where that is promised */

/* Zero-initialise. */
typedef struct wf_csv_list {
  uint32_t *positions; /* of delimiters and record ends outside of quotes, ascending */
  size_t n, capacity;
  size_t n_records; /* ends of records among them */
  bool open;        /* a quote is open at the end */
  bool odd;         /* there are bytes past ASCII or NULs */
} wf_csv_list;

/* Makes room for the positions of `size` bytes, and one more; false when memory is out. */
bool wf_csv_list_reserve(wf_csv_list *list, size_t size);
void wf_csv_list_dispose(wf_csv_list *list);

/* Lists the bytes, of which a record starts at the first, in room that was made; WF_CSV_BEHIND more
 * may be read. `vectors`: the processor has what wf_csv_has_avx2 asks for. False when a quote opens
 * or closes where none may; the list is useless then. */
bool wf_csv_list_fill(wf_csv_list *list, const char *data, size_t size,
                      const wf_csv_dialect *dialect, bool vectors);

#endif
