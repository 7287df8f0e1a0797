/* lua/interrupt.h — stopping a script from outside.
 *
 * A stopped script meets a wf.error of code "canceled" at its next instruction, training round or
 * wait. It may catch that to clean up, and has a second for it; after that the error is raised at
 * every instruction, so that no loop around pcall outlives it. Instructions are not counted inside
 * C functions: a long pattern match ends first. */
#ifndef WFL_INTERRUPT_H
#define WFL_INTERRUPT_H

#include "state.h"

/* From any thread or a signal handler. Cancelling from another thread needs a watched state, one
 * that looks at its flag every so many instructions: plain Lua code then takes about 1.8 times as
 * long, C functions the same time. */
void wfl_cancel(wfl_context *context);
/* For a state that is not watched: only from a signal handler on the state's own thread. */
void wfl_interrupt(wfl_context *context);

bool wfl_canceled(lua_State *L);
/* Raises the "canceled" error. */
int wfl_raise_canceled(lua_State *L);
/* The script is about to learn of the cancellation: its second begins. */
void wfl_note_canceled(lua_State *L);
/* Forgets a cancellation: at the start of each call from outside. */
void wfl_rearm(wfl_context *context);

/* Makes coroutine.resume and wrap tell which coroutine runs. */
void wfl_track_coroutines(lua_State *L);

#endif
