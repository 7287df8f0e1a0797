/* frame/value.h — one value as text, and text as one value: the rules that cast, CSV and display
 * share. */
#ifndef WF_FRAME_VALUE_H
#define WF_FRAME_VALUE_H

#include "frame/column.h"

#define WF_VALUE_TEXT 40

/* The text of a present value: numbers in their shortest exact form, bools as true and false. Text
 * values are borrowed from the column, others are written to `scratch`. */
wf_view wf_value_text(const wf_column *column, size_t row, char scratch[WF_VALUE_TEXT]);

/* "true" or "false" in any case; `digits` also takes "1" and "0". */
bool wf_value_parse_bool(wf_view text, bool digits, bool *out);

#define WF_VALUE_COMPLAINT 160
/* Why text cannot be a value of `type`: "'x' is not a number". Long text is cut. */
void wf_value_complain(char out[WF_VALUE_COMPLAINT], wf_view text, wf_type type);

#endif
