/* clock.c — the two clocks, and UTC text without the C library's time zone state. */
#include "base/clock.h"

#include <stdio.h>
#include <time.h>

int64_t wf_clock_monotonic_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t wf_clock_wall_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

size_t wf_clock_format(char out[WF_CLOCK_TEXT], int64_t wall_us) {
  int64_t seconds = wall_us / 1000000, micros = wall_us % 1000000;
  if (micros < 0) micros += 1000000, seconds--;
  struct tm utc;
  time_t when = (time_t)seconds;
  gmtime_r(&when, &utc);
  int length = snprintf(out, WF_CLOCK_TEXT, "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ",
                        (utc.tm_year + 1900) % 10000, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour,
                        utc.tm_min, utc.tm_sec, (int)micros);
  return (size_t)length;
}
