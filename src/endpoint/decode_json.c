/* decode_json.c — JSON bodies to rows.
 *
 * The document is parsed whole by jansson and then walked. A row with names must be complete: null
 * says that a value is missing; an absent name is more likely a slip, and reported as one. Names
 * that the model does not know are ignored, as columns of a frame are: every name it needs must be
 * there anyway. */
#include "endpoint/decode.h"

#include "base/json.h"
#include "base/number.h"

#include <math.h>
#include <string.h>

static const char *kind_of(const json_t *value) {
  switch (json_typeof(value)) {
  case JSON_OBJECT: return "an object";
  case JSON_ARRAY: return "an array";
  case JSON_STRING: return "a string";
  case JSON_NULL: return "null";
  default: return "a number or bool";
  }
}

static bool is_scalar(const json_t *value) {
  return !json_is_object(value) && !json_is_array(value);
}

static bool to_cell(wf_cell *out, const json_t *value) {
  switch (json_typeof(value)) {
  case JSON_NULL: *out = (wf_cell){.kind = WF_CELL_MISSING}; return true;
  case JSON_TRUE:
  case JSON_FALSE:
    *out = (wf_cell){.kind = WF_CELL_NUMBER, .number = json_is_true(value)};
    return true;
  case JSON_INTEGER:
  case JSON_REAL:
    *out = (wf_cell){.kind = WF_CELL_NUMBER, .number = json_number_value(value)};
    return true;
  case JSON_STRING:
    *out = (wf_cell){
        .kind = WF_CELL_TEXT, .text = json_string_value(value), .size = json_string_length(value)};
    return true;
  default: return false;
  }
}

/* ---- one row ----------------------------------------------------------------------------------
 */

/* Values by input: scratch->members holds them by field. */
static wf_status encode_raw(wf_block *block, json_t *const *values, const size_t *field_of,
                            wf_error *err) {
  const wf_served *s = block->served;
  for (size_t i = 0; i < s->n_inputs; i++) {
    size_t field = field_of ? field_of[i] : i;
    if (!to_cell(&block->scratch->cells[i], values[field])) {
      return wf_block_fail(block, err, WF_TYPE, field + 1, "column '%s' is %s, not a plain value",
                           wf_recipe_input_name(s->recipe, i), kind_of(values[field]));
    }
  }
  return wf_block_encode(block, field_of, err);
}

static bool to_feature(float *out, const json_t *value) {
  wf_cell cell;
  if (!to_cell(&cell, value)) return false;
  if (cell.kind == WF_CELL_TEXT &&
      !wf_parse_f64((wf_view){cell.text, cell.size}, true, &cell.number)) {
    return false;
  }
  bool missing = cell.kind == WF_CELL_MISSING || cell.number != cell.number;
  *out = missing ? NAN : (float)cell.number;
  return true;
}

static wf_status encode_features(wf_block *block, json_t *const *values, const size_t *field_of,
                                 wf_error *err) {
  const wf_served *s = block->served;
  float *features = wf_block_features(block);
  for (size_t i = 0; i < s->n_features; i++) {
    size_t field = field_of ? field_of[i] : i;
    if (!to_feature(&features[i], values[field])) {
      return wf_block_fail(block, err, WF_TYPE, field + 1, "feature '%s' is %s, not a number",
                           wf_recipe_output_name(s->recipe, i), kind_of(values[field]));
    }
  }
  return WF_OK;
}

static wf_status encode(wf_block *block, wf_row_kind kind, json_t *const *values,
                        const size_t *field_of, wf_error *err) {
  WF_TRY(kind == WF_ROW_RAW ? encode_raw(block, values, field_of, err)
                            : encode_features(block, values, field_of, err));
  return wf_block_end_row(block, err);
}

/* An array of plain values, by position. */
static wf_status read_positions(wf_block *block, const json_t *row, wf_error *err) {
  wf_row_kind kind;
  size_t n = json_array_size(row);
  WF_TRY(wf_decode_kind_of_count(&kind, block, n, err));
  json_t **values = block->scratch->members;
  for (size_t i = 0; i < n; i++) values[i] = json_array_get(row, i);
  return encode(block, kind, values, NULL, err);
}

/* {name: value, …}: the parser has refused names that repeat. */
static wf_status read_names(wf_block *block, json_t *row, wf_error *err) {
  wf_scratch *scratch = block->scratch;
  size_t n = 0;
  const char *name;
  json_t *value;
  json_object_foreach(row, name, value) {
    const wf_place *place = wf_served_find(block->served, wf_view_of(name));
    if (!place) continue;
    scratch->layout[n] = *place;
    scratch->members[n++] = value;
  }
  wf_row_kind kind;
  WF_TRY(wf_decode_arrange(&kind, block, n, err));
  return encode(block, kind, scratch->members, scratch->fields_of, err);
}

static wf_status read_instance(wf_block *block, json_t *instance, wf_error *err) {
  if (json_is_array(instance)) return read_positions(block, instance, err);
  if (!json_is_object(instance)) {
    return wf_block_fail(block, err, WF_TYPE, 0, "an instance is %s, not an object or array",
                         kind_of(instance));
  }
  const json_t *features = json_object_get(instance, "features");
  if (json_is_array(features) && json_object_size(instance) == 1) {
    return read_positions(block, features, err);
  }
  return read_names(block, instance, err);
}

/* ---- documents --------------------------------------------------------------------------------
 */

static wf_status read_instances(wf_block *block, const json_t *list, wf_error *err) {
  for (size_t i = 0; i < json_array_size(list); i++) {
    WF_TRY(read_instance(block, json_array_get(list, i), err));
  }
  return WF_OK;
}

static wf_status read_header(wf_block *block, const json_t *columns, wf_error *err) {
  size_t n = json_array_size(columns);
  if (n > block->scratch->n_fields) {
    return wf_fail(err, WF_LIMIT, "'columns' holds %zu names; at most %zu are taken", n,
                   block->scratch->n_fields);
  }
  for (size_t i = 0; i < n; i++) {
    const json_t *name = json_array_get(columns, i);
    if (!json_is_string(name)) {
      return wf_fail(err, WF_TYPE, "'columns' holds %s, not a name, at place %zu", kind_of(name),
                     i + 1);
    }
    wf_view key = {json_string_value(name), json_string_length(name)};
    const wf_place *place = wf_served_find(block->served, key);
    block->scratch->layout[i] = place ? *place : (wf_place){-1, -1};
    for (size_t j = 0; j < i; j++) {
      if (strcmp(key.data, json_string_value(json_array_get(columns, j))) != 0) continue;
      return wf_fail(err, WF_INVALID, "'columns' names '%s' twice", key.data);
    }
  }
  return WF_OK;
}

static wf_status read_table(wf_block *block, const json_t *columns, const json_t *data,
                            wf_error *err) {
  wf_scratch *scratch = block->scratch;
  wf_row_kind kind;
  size_t n = json_array_size(columns);
  WF_TRY(read_header(block, columns, err));
  WF_TRY(wf_decode_arrange(&kind, block, n, err));
  for (size_t i = 0; i < json_array_size(data); i++) {
    const json_t *row = json_array_get(data, i);
    if (!json_is_array(row) || json_array_size(row) != n) {
      return wf_block_fail(block, err, WF_INVALID, 0, "not an array of %zu values", n);
    }
    for (size_t j = 0; j < n; j++) scratch->members[j] = json_array_get(row, j);
    WF_TRY(encode(block, kind, scratch->members, scratch->fields_of, err));
  }
  return WF_OK;
}

static wf_status read_document(wf_block *block, json_t *root, wf_error *err) {
  if (json_is_array(root)) {
    bool one_row = json_array_size(root) && is_scalar(json_array_get(root, 0));
    return one_row ? read_positions(block, root, err) : read_instances(block, root, err);
  }
  if (!json_is_object(root)) {
    return wf_fail(err, WF_TYPE, "the body is %s, not an object or array", kind_of(root));
  }
  const json_t *instances = json_object_get(root, "instances");
  const json_t *columns = json_object_get(root, "columns"), *data = json_object_get(root, "data");
  if (json_is_array(instances)) return read_instances(block, instances, err);
  if (json_is_array(columns) && json_is_array(data)) return read_table(block, columns, data, err);
  return read_instance(block, root, err);
}

wf_status wf_decode_json(wf_block *block, wf_view body, wf_error *err) {
  json_t *root;
  if (body.size == 0) return WF_OK;
  wf_status status = wf_json_parse(&root, body, "the body", err);
  if (status != WF_OK) {
    block->syntax = true;
    return status;
  }
  status = read_document(block, root, err);
  json_decref(root);
  return status;
}

static bool is_blank(wf_view line) {
  for (size_t i = 0; i < line.size; i++) {
    if (!strchr(" \t\r", line.data[i])) return false;
  }
  return true;
}

static wf_status read_line(wf_block *block, wf_view line, wf_error *err) {
  json_t *root;
  wf_error inner = WF_ERROR_INIT;
  wf_status status = wf_json_parse(&root, line, "JSON", &inner);
  if (status == WF_NOMEM) return wf_fail_nomem(err);
  if (status != WF_OK) return wf_block_fail(block, err, status, 0, "%s", inner.message);
  status = read_instance(block, root, err);
  json_decref(root);
  return status;
}

wf_status wf_decode_jsonlines(wf_block *block, wf_view body, wf_error *err) {
  const char *at = body.data, *end = at + body.size;
  while (at < end) {
    const char *lf = memchr(at, '\n', (size_t)(end - at));
    wf_view line = {at, (size_t)((lf ? lf : end) - at)};
    at = lf ? lf + 1 : end;
    if (!is_blank(line)) WF_TRY(read_line(block, line, err));
  }
  return WF_OK;
}
