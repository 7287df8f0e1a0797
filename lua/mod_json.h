/* lua/mod_json.h — JSON for other bindings. */
#ifndef WFL_MOD_JSON_H
#define WFL_MOD_JSON_H

#include "base/bytes.h"

#include <lua.h>

/* Push the value a document stands for (`what` names it in errors), and the text of the value at
 * `index` (indent 0: on one line). */
void wfl_push_json_value(lua_State *L, const char *text, size_t size, const char *what);
void wfl_push_json_text(lua_State *L, int index, int indent);

/* Appends the string at `index`, quoted; what is no UTF-8 in it becomes U+FFFD. */
void wfl_add_json_string(lua_State *L, wf_bytes *out, int index);

#endif
