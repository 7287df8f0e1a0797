/* frame/timestamp.h — instants as text. Leap seconds do not exist, years run from 0000 to 9999. */
#ifndef WF_FRAME_TIMESTAMP_H
#define WF_FRAME_TIMESTAMP_H

#include "base/bytes.h"

#define WF_TIMESTAMP_TEXT 36

/* Midnight of a date; false when there is no such day. */
bool wf_timestamp_of_date(int year, int month, int day, int64_t *out);

/* ISO 8601: YYYY-MM-DD, then optionally T or a blank, HH:MM[:SS[.f…]] and Z or ±HH[:]MM. Without a
 * zone the time is UTC; digits past microseconds are cut off. */
bool wf_timestamp_parse(wf_view text, int64_t *out);

/* "2026-11-22T21:20:44Z", with as many of ".ffffff" as are needed; the date alone at midnight. An
 * instant outside the years above prints as its number of microseconds. Returns the length. */
size_t wf_timestamp_format(char out[WF_TIMESTAMP_TEXT], int64_t us);

#endif
