#include "support.h"

#include "base/file.h"
#include "base/json.h"
#include "base/map.h"

#include <stdarg.h>
#include <stdlib.h>

json_t *reference(const char *name) {
  char relative[200], *text;
  size_t size;
  json_t *document;
  wf_error err = WF_ERROR_INIT;
  snprintf(relative, sizeof relative, "bias/oracle/%s", name);
  REQUIRE_OK(wf_file_read(test_oracle(relative), 0, &text, &size, &err), err);
  wf_status status = wf_json_parse(&document, (wf_view){text, size}, name, &err);
  wf_free(text);
  REQUIRE_OK(status, err);
  return document;
}

json_t *member(const json_t *value, const char *path, ...) {
  const json_t *at = value;
  va_list more;
  va_start(more, path);
  for (const char *step = path; step; step = va_arg(more, const char *)) {
    at = step[0] == '#' ? json_array_get(at, (size_t)atoi(step + 1)) : json_object_get(at, step);
    if (!at) {
      test_fail(__FILE__, __LINE__, "the reference has no \"%s\"", step);
      test_leave();
    }
  }
  va_end(more);
  return (json_t *)at;
}

static double number_of(const json_t *value) {
  if (!json_is_string(value)) return json_number_value(value);
  return json_string_value(value)[0] == '-' ? -INFINITY : INFINITY;
}

void check_result(const char *what, const json_t *expected, wf_status status, double value,
                  const wf_error *err) {
  const json_t *error = json_is_object(expected) ? json_object_get(expected, "error") : NULL;
  if (error) {
    if (status != WF_INVALID || strcmp(err->message, json_string_value(error)) != 0) {
      test_fail(__FILE__, __LINE__, "%s gives %s \"%s\", expected \"%s\"", what,
                wf_status_name(status), status ? err->message : "", json_string_value(error));
    }
    return;
  }
  double wanted =
      number_of(json_is_object(expected) ? json_object_get(expected, "value") : expected);
  if (status != WF_OK) {
    test_fail(__FILE__, __LINE__, "%s fails (%s), expected %.17g", what, err->message, wanted);
  } else if (value != wanted && !(fabs(value - wanted) <= 1e-12 * fabs(wanted)) &&
             !(fabs(value - wanted) <= 1e-16)) {
    test_fail(__FILE__, __LINE__, "%s is %.17g, expected %.17g", what, value, wanted);
  }
}

void set_side(wf_bias_cells *cells, int facet, const json_t *counts) {
  cells->n[facet][1][1] = json_number_value(json_array_get(counts, 0));
  cells->n[facet][0][1] = json_number_value(json_array_get(counts, 1));
  cells->n[facet][1][0] = json_number_value(json_array_get(counts, 2));
  cells->n[facet][0][0] = json_number_value(json_array_get(counts, 3));
}

sheet read_sheet(const char *path) {
  sheet table = {0};
  size_t size, n_fields = 0;
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_file_read(path, 0, &table.text, &size, &err), err);
  for (size_t i = 0; i < size; i++) {
    n_fields += table.text[i] == ',' || table.text[i] == '\n';
    if (table.text[i] == '\n' && table.n_columns == 0) table.n_columns = n_fields;
  }
  REQUIRE(table.n_columns > 0 && n_fields % table.n_columns == 0);
  table.n_rows = n_fields / table.n_columns - 1;
  table.fields = wf_alloc_array(n_fields, sizeof *table.fields);
  REQUIRE(table.fields != NULL);
  char *start = table.text;
  for (size_t f = 0; f < n_fields; f++) {
    table.fields[f] = start;
    start += strcspn(start, ",\r\n");
    while (*start == '\r') *start++ = '\0';
    *start++ = '\0';
  }
  return table;
}

void free_sheet(sheet *table) {
  wf_free(table->fields);
  wf_free(table->text);
}

size_t sheet_column(const sheet *table, const char *name) {
  for (size_t c = 0; c < table->n_columns; c++) {
    if (strcmp(table->fields[c], name) == 0) return c;
  }
  test_fail(__FILE__, __LINE__, "no column %s", name);
  test_leave();
}

const char *sheet_at(const sheet *table, size_t row, size_t column) {
  return table->fields[(row + 1) * table->n_columns + column];
}

static bool is_any(const char *field, const json_t *values) {
  size_t i;
  json_t *value;
  json_array_foreach(values, i, value) {
    if (json_is_string(value) ? strcmp(field, json_string_value(value)) == 0
                              : atof(field) == json_number_value(value)) {
      return true;
    }
  }
  return false;
}

uint8_t *sheet_is(const sheet *table, const char *name, const json_t *values) {
  size_t column = sheet_column(table, name);
  uint8_t *out = wf_alloc(table->n_rows);
  REQUIRE(out != NULL);
  for (size_t i = 0; i < table->n_rows; i++) out[i] = is_any(sheet_at(table, i, column), values);
  return out;
}

int32_t *sheet_groups(const sheet *table, const char *name, size_t *n_groups) {
  size_t column = sheet_column(table, name);
  int32_t *out = wf_alloc_array(table->n_rows, sizeof *out);
  wf_map *map;
  wf_error err = WF_ERROR_INIT;
  REQUIRE(out != NULL);
  REQUIRE_OK(wf_map_new(&map, &err), err);
  for (size_t i = 0; i < table->n_rows; i++) {
    size_t index;
    REQUIRE_OK(wf_map_add(map, wf_view_of(sheet_at(table, i, column)), &index, NULL, &err), err);
    out[i] = (int32_t)index;
  }
  *n_groups = wf_map_count(map);
  wf_map_free(map);
  return out;
}
