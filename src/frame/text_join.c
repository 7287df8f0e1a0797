/* text_join.c — two columns side by side as one text. */
#include "wf/transform.h"

#include "base/bytes.h"
#include "base/error.h"
#include "frame/builder.h"
#include "frame/value.h"

static wf_status add_joined(wf_builder *to, const wf_column *a, size_t i, const wf_column *b,
                            size_t j, wf_bytes *room, wf_error *err) {
  char scratch[WF_VALUE_TEXT];
  if (!wf_column_present(a, i) || !wf_column_present(b, j)) return wf_builder_add_missing(to, err);
  wf_bytes_clear(room);
  wf_view left = wf_value_text(a, i, scratch);
  wf_bytes_add(room, left.data, left.size);
  wf_view right = wf_value_text(b, j, scratch);
  wf_bytes_add(room, right.data, right.size);
  if (room->failed) return wf_fail_nomem(err);
  return wf_builder_add_text(to, (wf_view){room->data ? room->data : "", room->size}, err);
}

wf_status wf_column_text_join(wf_column **out, const wf_column *a, const wf_column *b,
                              wf_error *err) {
  size_t n = a->n_rows == 1 ? b->n_rows : a->n_rows;
  if (b->n_rows != n && b->n_rows != 1) {
    return wf_fail(err, WF_INVALID, "cannot join the text of columns of %zu and %zu rows",
                   a->n_rows, b->n_rows);
  }
  wf_builder *builder;
  wf_bytes room = {0};
  WF_TRY(wf_builder_new(&builder, WF_STRING, err));
  wf_status status = WF_OK;
  for (size_t i = 0; status == WF_OK && i < n; i++) {
    status = add_joined(builder, a, a->n_rows == 1 ? 0 : i, b, b->n_rows == 1 ? 0 : i, &room, err);
  }
  wf_bytes_dispose(&room);
  if (status == WF_OK) return wf_builder_finish(builder, out, err);
  wf_builder_free(builder);
  return status;
}
