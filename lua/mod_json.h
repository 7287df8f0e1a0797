/* lua/mod_json.h — JSON for other bindings. */
#ifndef WFL_MOD_JSON_H
#define WFL_MOD_JSON_H

#include <lua.h>
#include <stddef.h>

/* Push the value a document stands for (`what` names it in errors), and the text of the value at
 * `index` (indent 0: on one line). */
void wfl_push_json_value(lua_State *L, const char *text, size_t size, const char *what);
void wfl_push_json_text(lua_State *L, int index, int indent);

#endif
