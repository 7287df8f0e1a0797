/* base/clock.h — monotonic time for durations, wall time for display only. */
#ifndef WF_BASE_CLOCK_H
#define WF_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

int64_t wf_clock_monotonic_ns(void);
int64_t wf_clock_wall_us(void); /* microseconds since 1970-01-01 UTC */

#define WF_CLOCK_TEXT 28
/* "2026-11-22T21:20:44.123456Z" */
size_t wf_clock_format(char out[WF_CLOCK_TEXT], int64_t wall_us);

#endif
