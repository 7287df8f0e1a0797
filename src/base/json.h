/* base/json.h — what wf adds to jansson: parsing with wf's errors, exact numbers out.
 *
 * Reading is strict: one document, no trailing bytes, no duplicate keys, at most 512 levels
 * (checked by jansson at 2048 and again here). Writing is compact or indented, keys in insertion
 * order, doubles in the shortest text that reads back to the same bits (always with ".0" or an
 * exponent, so that reals stay reals), and never NaN or infinity: those are a WF_INVALID. */
#ifndef WF_BASE_JSON_H
#define WF_BASE_JSON_H

#include "base/bytes.h"

#include <jansson.h>

/* `what` names the document in messages ("recipe.json"). json_decref the result. */
wf_status wf_json_parse(json_t **out, wf_view text, const char *what, wf_error *err);
/* Whether the text is one document of at most 512 levels; what its strings hold is not looked at.
 */
bool wf_json_is_valid(wf_view text);
wf_status wf_json_format(wf_bytes *out, const json_t *value, int indent, wf_error *err);

/* Members of an object; a missing or ill-typed one is WF_PARSE naming `what` and the key. Results
 * are borrowed. */
wf_status wf_json_get_object(json_t **out, const json_t *object, const char *key, const char *what,
                             wf_error *err);
wf_status wf_json_get_array(json_t **out, const json_t *object, const char *key, const char *what,
                            wf_error *err);
wf_status wf_json_get_string(const char **out, const json_t *object, const char *key,
                             const char *what, wf_error *err);
wf_status wf_json_get_integer(int64_t *out, const json_t *object, const char *key, const char *what,
                              wf_error *err);
wf_status wf_json_get_number(double *out, const json_t *object, const char *key, const char *what,
                             wf_error *err);

/* Appends `text` as a quoted, escaped JSON string. */
void wf_json_add_string(wf_bytes *out, wf_view text);
/* The same into memory that has the room; returns where the string ends. That is at most
 * 6 * text.size + 2 bytes on, and WF_JSON_SLACK more may be written. Bytes before `limit`, which is
 * at least the end of the text, may be read. */
enum { WF_JSON_SLACK = 16 };
char *wf_json_put_string(char *to, wf_view text, const char *limit);

#endif
