/* host_locale.c — one "C" locale for all threads. glibc and musl keep it in static storage, so that
 * it can always be had; were it missing, uselocale(0) would leave the thread's locale as it is. */
#include "base/host_locale.h"

#include <pthread.h>

static locale_t plain;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void make_plain(void) { plain = newlocale(LC_ALL_MASK, "C", (locale_t)0); }

locale_t wf_locale_plain(void) {
  pthread_once(&once, make_plain);
  return plain;
}

locale_t wf_locale_enter(void) { return uselocale(wf_locale_plain()); }

void wf_locale_leave(locale_t before) { uselocale(before); }
