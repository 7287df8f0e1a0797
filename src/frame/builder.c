/* builder.c — columns grown value by value.
 *
 * Values gather in a wf_bytes in their final form (bool: a byte a row until finish) and are copied
 * once into aligned memory when the column is frozen. Presence is a bitmap that is kept from the
 * first row on: a byte per eight rows is cheaper than a branch that starts it late. */
#include "frame/builder.h"

#include "base/alloc.h"
#include "base/map.h"

#include <assert.h>
#include <string.h>

struct wf_builder {
  wf_type type;
  size_t n_rows, n_missing;
  wf_bytes validity, data;
  wf_bytes offsets; /* string: the end of each value */
  wf_map *codes;    /* category: text to code */
};

wf_status wf_builder_new(wf_builder **out, wf_type type, wf_error *err) {
  wf_builder *builder = wf_alloc_zero(1, sizeof *builder);
  if (!builder) return wf_fail_nomem(err);
  builder->type = type;
  if (type == WF_CATEGORY && wf_map_new(&builder->codes, err) != WF_OK) {
    wf_free(builder);
    return wf_fail_nomem(err);
  }
  *out = builder;
  return WF_OK;
}

void wf_builder_free(wf_builder *builder) {
  if (!builder) return;
  wf_bytes_dispose(&builder->validity);
  wf_bytes_dispose(&builder->data);
  wf_bytes_dispose(&builder->offsets);
  wf_map_free(builder->codes);
  wf_free(builder);
}

size_t wf_builder_count(const wf_builder *builder) { return builder->n_rows; }

/* Ends a row whose value was added to `data` before. */
static wf_status end_row(wf_builder *builder, bool present, wf_error *err) {
  if (builder->type == WF_STRING) {
    int64_t end = (int64_t)builder->data.size;
    wf_bytes_add(&builder->offsets, &end, sizeof end);
  }
  if (builder->n_rows % 8 == 0) wf_bytes_char(&builder->validity, '\0');
  if (builder->data.failed || builder->offsets.failed || builder->validity.failed) {
    return wf_fail_nomem(err);
  }
  if (present)
    wf_bit_set((uint8_t *)builder->validity.data, builder->n_rows);
  else
    builder->n_missing++;
  builder->n_rows++;
  return WF_OK;
}

wf_status wf_builder_add_missing(wf_builder *builder, wf_error *err) {
  static const uint8_t zero[8];
  size_t width = builder->type == WF_BOOL ? 1 : wf_type_width(builder->type);
  wf_bytes_add(&builder->data, zero, width);
  return end_row(builder, false, err);
}

wf_status wf_builder_add_f64(wf_builder *builder, double value, wf_error *err) {
  assert(builder->type == WF_F64 || builder->type == WF_F32);
  float narrow = (float)value;
  if (builder->type == WF_F64)
    wf_bytes_add(&builder->data, &value, sizeof value);
  else
    wf_bytes_add(&builder->data, &narrow, sizeof narrow);
  return end_row(builder, true, err);
}

wf_status wf_builder_add_i64(wf_builder *builder, int64_t value, wf_error *err) {
  assert(wf_type_is_integer(builder->type));
  if (builder->type == WF_BOOL) {
    wf_bytes_char(&builder->data, value != 0);
  } else if (builder->type == WF_I32) {
    int32_t narrow = (int32_t)value;
    if (narrow != value) {
      return wf_fail(err, WF_TYPE, "row %zu: %lld does not fit i32", builder->n_rows + 1,
                     (long long)value);
    }
    wf_bytes_add(&builder->data, &narrow, sizeof narrow);
  } else {
    wf_bytes_add(&builder->data, &value, sizeof value);
  }
  return end_row(builder, true, err);
}

wf_status wf_builder_add_text(wf_builder *builder, wf_view text, wf_error *err) {
  assert(wf_type_is_text(builder->type));
  if (builder->type == WF_STRING) {
    wf_bytes_add(&builder->data, text.data, text.size);
  } else {
    size_t code;
    WF_TRY(wf_map_add(builder->codes, text, &code, NULL, err));
    if (code > INT32_MAX) return wf_fail(err, WF_LIMIT, "more than 2^31 categories");
    int32_t narrow = (int32_t)code;
    wf_bytes_add(&builder->data, &narrow, sizeof narrow);
  }
  return end_row(builder, true, err);
}

/* ---- freezing -------------------------------------------------------------------------------- */

static wf_status copy_bytes(wf_buffer **out, const wf_bytes *bytes, wf_error *err) {
  wf_buffer *buffer = NULL;
  WF_TRY(wf_buffer_new(&buffer, bytes->size, err));
  if (bytes->size) memcpy(buffer->data, bytes->data, bytes->size);
  *out = buffer;
  return WF_OK;
}

static wf_status pack_bits(wf_buffer **out, const wf_bytes *bytes, wf_error *err) {
  wf_buffer *buffer = NULL;
  WF_TRY(wf_buffer_new_zero(&buffer, wf_bitmap_size(bytes->size), err));
  for (size_t i = 0; i < bytes->size; i++) {
    if (bytes->data[i]) wf_bit_set(buffer->data, i);
  }
  *out = buffer;
  return WF_OK;
}

/* Offsets with the leading 0 that the builder leaves out. */
static wf_status copy_offsets(wf_buffer **out, const wf_bytes *bytes, wf_error *err) {
  wf_buffer *buffer = NULL;
  WF_TRY(wf_buffer_new_zero(&buffer, bytes->size + sizeof(int64_t), err));
  if (bytes->size) memcpy(buffer->data + sizeof(int64_t), bytes->data, bytes->size);
  *out = buffer;
  return WF_OK;
}

wf_status wf_column_from_map(wf_column **out, const wf_map *texts, wf_error *err) {
  wf_builder *builder = NULL;
  WF_TRY(wf_builder_new(&builder, WF_STRING, err));
  for (size_t i = 0; i < wf_map_count(texts); i++) {
    wf_status status = wf_builder_add_text(builder, wf_map_key(texts, i), err);
    if (status != WF_OK) {
      wf_builder_free(builder);
      return status;
    }
  }
  return wf_builder_finish(builder, out, err);
}

wf_status wf_builder_finish(wf_builder *builder, wf_column **out, wf_error *err) {
  wf_buffer *validity = NULL, *data = NULL, *offsets = NULL;
  wf_column *dictionary = NULL;
  wf_status status = builder->type == WF_BOOL ? pack_bits(&data, &builder->data, err)
                                              : copy_bytes(&data, &builder->data, err);
  if (status == WF_OK && builder->n_missing) {
    status = copy_bytes(&validity, &builder->validity, err);
  }
  if (status == WF_OK && builder->type == WF_STRING) {
    status = copy_offsets(&offsets, &builder->offsets, err);
  }
  if (status == WF_OK && builder->codes)
    status = wf_column_from_map(&dictionary, builder->codes, err);
  if (status == WF_OK) {
    status = wf_column_make(out, builder->type, builder->n_rows, builder->n_missing, validity, data,
                            offsets, dictionary, err);
  } else {
    wf_buffer_release(validity);
    wf_buffer_release(data);
    wf_buffer_release(offsets);
  }
  wf_builder_free(builder);
  return status;
}
