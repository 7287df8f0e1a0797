/* lua/bytecode.h — what a Lua function does, as bytes that do not change when its text is moved,
 * commented or its locals renamed.
 *
 * Works on the output of lua_dump (Lua 5.4's binary chunk format, which string.dump gives): source
 * names, line numbers and debug information are left out (a stripped dump still holds the first and
 * last line of each function); instructions, constants, parameters, upvalue wiring and nested
 * functions are kept. */
#ifndef WFL_BYTECODE_H
#define WFL_BYTECODE_H

#include "base/bytes.h"

/* Receives the name of a global the function (or one nested in it) may read. */
typedef void wfl_global_visit(void *context, wf_view name);

/* Appends the canonical form of the dumped function to `out`. `env` is the 0-based number of its
 * upvalue that holds the globals, -1 for none; `visit` (may be NULL) is called for each global read
 * through it, in order of appearance, repeats included. WF_UNSUPPORTED for a chunk of another Lua,
 * WF_CORRUPT for bytes that are no chunk. */
wf_status wfl_bytecode_canonical(wf_bytes *out, wf_view dump, int env, wfl_global_visit *visit,
                                 void *context, wf_error *err);

#endif
