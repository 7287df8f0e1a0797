/* lua/field.h — fields of the table on the top of the stack. What is absent is no field: a text
 * that is NULL, a number that is NaN. */
#ifndef WFL_FIELD_H
#define WFL_FIELD_H

#include "bind.h"

void wfl_set_text(lua_State *L, const char *name, const char *text);
void wfl_set_number(lua_State *L, const char *name, double value);
void wfl_set_integer(lua_State *L, const char *name, int64_t value);
void wfl_set_count(lua_State *L, const char *name, size_t value);

#endif
