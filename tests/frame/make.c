#include "make.h"

static wf_status add_word(wf_builder *builder, wf_type type, const char *word) {
  if (strcmp(word, "NA") == 0) return wf_builder_add_missing(builder, NULL);
  if (wf_type_is_text(type)) {
    return wf_builder_add_text(builder, wf_view_of(strcmp(word, "''") == 0 ? "" : word), NULL);
  }
  if (type == WF_BOOL) return wf_builder_add_i64(builder, strcmp(word, "true") == 0, NULL);
  if (wf_type_is_integer(type)) return wf_builder_add_i64(builder, strtoll(word, NULL, 10), NULL);
  return wf_builder_add_f64(builder, strtod(word, NULL), NULL);
}

wf_status make_column(wf_column **out, wf_type type, const char *words) {
  wf_builder *builder;
  wf_status status = wf_builder_new(&builder, type, NULL);
  if (status != WF_OK) return status;
  char copy[4096];
  snprintf(copy, sizeof copy, "%s", words);
  char *rest = copy;
  for (char *word; status == WF_OK && (word = strtok_r(NULL, " ", &rest));) {
    status = add_word(builder, type, word);
  }
  if (status == WF_OK) return wf_builder_finish(builder, out, NULL);
  wf_builder_free(builder);
  return status;
}

wf_status make_frame(wf_frame **out, const char *const *columns) {
  char names[16][32], types[16][16];
  const char *name_list[16];
  wf_column *made[16] = {0};
  wf_status status = WF_OK;
  size_t n = 0;
  for (; status == WF_OK && columns[n]; n++) {
    int used = 0;
    wf_type type = WF_F64;
    if (sscanf(columns[n], "%31[^:]:%15s%n", names[n], types[n], &used) != 2) abort();
    if (!wf_type_find(types[n], &type)) abort();
    name_list[n] = names[n];
    status = make_column(&made[n], type, columns[n] + used);
  }
  if (status == WF_OK) status = wf_frame_new(out, name_list, made, n, NULL);
  for (size_t i = 0; i < n; i++) wf_column_release(made[i]);
  return status;
}

wf_column *must_column(wf_type type, const char *words) {
  wf_column *column = NULL;
  REQUIRE(make_column(&column, type, words) == WF_OK);
  return column;
}

wf_frame *must_frame(const char *const *columns) {
  wf_frame *frame = NULL;
  REQUIRE(make_frame(&frame, columns) == WF_OK);
  return frame;
}

const char *show_column(const wf_column *column) {
  static char buffers[8][4096];
  static unsigned turn;
  char *out = buffers[turn++ % 8], scratch[WF_VALUE_TEXT];
  size_t used = 0;
  out[0] = '\0';
  for (size_t i = 0; i < column->n_rows && used < 4000; i++) {
    wf_view text = WF_VIEW("NA");
    if (wf_column_present(column, i)) text = wf_value_text(column, i, scratch);
    if (text.size == 0) text = WF_VIEW("''");
    used += (size_t)snprintf(out + used, 4096 - used, "%s%.*s", i ? " " : "", (int)text.size,
                             text.data);
  }
  return out;
}

const char *show(const wf_frame *frame, const char *name) {
  ptrdiff_t index = wf_frame_find(frame, name);
  return index < 0 ? "?" : show_column(wf_frame_column_at(frame, (size_t)index));
}
