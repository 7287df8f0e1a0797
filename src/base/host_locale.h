/* base/host_locale.h — the "C" locale for the thread that runs, and the host's again.
 *
 * printf, strtod, the ctype functions and strcoll follow the host's locale: a comma in a message, a
 * key or a parameter. What must use them does so between these two calls. Only the calling thread
 * is concerned; the locale of the process, and of other threads, stays as it is. */
#ifndef WF_BASE_HOST_LOCALE_H
#define WF_BASE_HOST_LOCALE_H

#include <locale.h>

/* The "C" locale; shared, never freed. */
locale_t wf_locale_plain(void);

/* Enters the "C" locale and returns what leave needs to put back. May be nested; costs some ns. */
locale_t wf_locale_enter(void);
void wf_locale_leave(locale_t before);

#endif
