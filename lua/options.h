/* lua/options.h — option tables and lists of texts as arguments: checks, and errors that name the
 * function, the option and what was meant. bind.h includes it. */
#ifndef WFL_OPTIONS_H
#define WFL_OPTIONS_H

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

/* The table of options at `arg`: nothing, nil, or a table with no other keys than `names` (ends
 * with NULL). Raises "csv.read: unknown option 'headr'; did you mean 'header'?". Afterwards `arg`
 * is a table. */
void wfl_options(lua_State *L, int arg, const char *what, const char *const *names);

/* Read one option; an ill-typed value raises "csv.read: option 'header' must be a boolean, not
 * integer". Strings belong to the table and live as long as it keeps them. */
bool wfl_option_boolean(lua_State *L, int arg, const char *what, const char *name, bool otherwise);
lua_Integer wfl_option_integer(lua_State *L, int arg, const char *what, const char *name,
                               lua_Integer otherwise, lua_Integer min, lua_Integer max);
double wfl_option_number(lua_State *L, int arg, const char *what, const char *name,
                         double otherwise);
const char *wfl_option_string(lua_State *L, int arg, const char *what, const char *name,
                              const char *otherwise);
/* The same for any bytes; NULL when absent. */
const char *wfl_option_bytes(lua_State *L, int arg, const char *what, const char *name,
                             size_t *size);
/* The index of the option's text in `choices` (ends with NULL); an unknown one is an error that
 * lists them. */
int wfl_option_choice(lua_State *L, int arg, const char *what, const char *name,
                      const char *const *choices, int otherwise);
/* The object in the option's box, borrowed from the table; NULL when absent and not `required`. */
void *wfl_option_object(lua_State *L, int arg, const char *what, const char *name, const char *type,
                        bool required);
/* A list of strings, or one string for a list of one. Pushes one value that owns the array (nil
 * when the option is absent: then the result is NULL). */
const char **wfl_option_strings(lua_State *L, int arg, const char *what, const char *name,
                                size_t *n);
/* Raises "csv.read: option 'header' must be a boolean, not integer" about the value on the top. */
int wfl_option_fail(lua_State *L, const char *what, const char *name, const char *expected);

/* The string on the top as C text; a zero byte in it is an error that begins with `what`. */
const char *wfl_top_text(lua_State *L, const char *what);
/* The strings of the list at `index` (or the string there, as a list of one), as an array owned by
 * one value this pushes; `what` names the list in errors. */
const char **wfl_strings(lua_State *L, int index, const char *what, size_t *n);
/* The keys of the table at `index`, sorted as bytes, as wfl_strings gives them; a key that is no
 * string is an error. */
const char **wfl_keys(lua_State *L, int index, const char *what, size_t *n);

/* What the value is, as wf.options has it: its metatable's __name, "integer" apart from "number".
 */
const char *wfl_kind(lua_State *L, int index);

/* The name nearest to `word`, or NULL when none is near. `names` ends with NULL. */
const char *wfl_nearest(const char *word, const char *const *names);

/* The same among the string keys of the table at `index` (an upvalue's is fine). */
const char *wfl_nearest_key(lua_State *L, int index, const char *word);

#endif
