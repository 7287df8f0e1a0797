/* frame/builder.h — grow a column value by value, then freeze it. One owner, one thread. */
#ifndef WF_FRAME_BUILDER_H
#define WF_FRAME_BUILDER_H

#include "base/map.h"
#include "frame/column.h"

typedef struct wf_builder wf_builder;

/* For WF_CATEGORY values are added as text and encoded on the fly. */
wf_status wf_builder_new(wf_builder **out, wf_type type, wf_error *err);
void wf_builder_free(wf_builder *builder);

wf_status wf_builder_add_missing(wf_builder *builder, wf_error *err);
wf_status wf_builder_add_f64(wf_builder *builder, double value, wf_error *err); /* f64, f32 */
wf_status wf_builder_add_i64(wf_builder *builder, int64_t value,
                             wf_error *err); /* i64 i32 bool timestamp */
wf_status wf_builder_add_text(wf_builder *builder, wf_view text,
                              wf_error *err); /* string category */
size_t wf_builder_count(const wf_builder *builder);

/* Turns what was added into a column and frees the builder, also when it fails. */
wf_status wf_builder_finish(wf_builder *builder, wf_column **out, wf_error *err);

/* The texts of a map as a string column: the dictionary of a category whose codes are their places.
 */
wf_status wf_column_from_map(wf_column **out, const wf_map *texts, wf_error *err);

#endif
