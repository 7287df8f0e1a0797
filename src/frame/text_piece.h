/* frame/text_piece.h — pieces of one valid UTF-8 text, without copying: what columns of text and
 * expressions share. Positions count code points from 1, negative ones from the end. */
#ifndef WF_FRAME_TEXT_PIECE_H
#define WF_FRAME_TEXT_PIECE_H

#include "base/bytes.h"

wf_view wf_text_trim(wf_view text);  /* without blanks (space, tab, line ends) at both ends */
size_t wf_text_length(wf_view text); /* in code points */
/* Where `part` begins in text from byte `from` on; text.size when it does not occur. */
size_t wf_text_find(wf_view text, size_t from, wf_view part);
bool wf_text_begins(wf_view text, size_t at, wf_view part);
/* The number-th piece between `between`s, which is not empty; false when there is none. */
bool wf_text_part(wf_view *out, wf_view text, wf_view between, ptrdiff_t number);
/* Code points first to last, both included. */
wf_view wf_text_slice(wf_view text, ptrdiff_t first, ptrdiff_t last);

#endif
