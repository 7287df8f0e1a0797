/* lua/repl.h — the interactive prompt. */
#ifndef WFL_REPL_H
#define WFL_REPL_H

#include "state.h"

/* Reads, runs and shows until ctrl-D or os.exit; gives the exit status. `rearm` makes interrupts
 * count from zero again, before each input runs. */
int wfl_repl(wfl_context *context, void (*rearm)(wfl_context *context));

#endif
