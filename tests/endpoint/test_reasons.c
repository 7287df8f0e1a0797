/* Reasons in responses: the explanation's own numbers, added up by raw column. */
#include "endpoint/reasons.h"

#include "base/json.h"
#include "check.h"
#include "desk.h"
#include "tiny.h"
#include "wf/shap.h"

#include <stdlib.h>

static const char raw[] = "S,red,1.5\nM,blue,2.25\nL,red,\nNA,blue,4\nS,,5.5\nM,red,0.125\n"
                          "L,blue,7\nS,red,3.0\nM,null,N/A\nL,blue,9.5e0\nS,blue,2\n,red,6\n";

static const char *reply(desk *d, wf_format out, size_t n_reasons, const char *body) {
  wf_error err = WF_ERROR_INIT;
  bool syntax;
  REQUIRE_OK(desk_ask(d, WF_FORMAT_CSV, out, n_reasons, wf_view_of(body), &syntax, &err), err);
  return d->out.data;
}

/* ---- what is asked ------------------------------------------------------------------------------
 */

static wf_status asked(size_t *out, const char *query, const char *field, wf_error *err) {
  wf_http_head head = {.query = wf_view_of(query), .n_fields = field != NULL};
  head.fields[0] = (wf_http_field){WF_VIEW("X-WF-Reasons"), wf_view_of(field ? field : "")};
  return wf_reasons_asked(out, &head, err);
}

TEST(reasons_asked) {
  static const struct {
    const char *query, *field;
    size_t n;
  } good[] = {{"", NULL, 0},          {"reasons=3", NULL, 3}, {"reasons=100", NULL, 100},
              {"reasons=0", NULL, 0}, {"", "5", 5},           {"reasons=5", "5", 5},
              {"reasons=7", "7", 7}};
  static const struct {
    const char *query, *field, *part;
  } bad[] = {{"reasons=", NULL, "reasons is '', not a number from 0 to 100"},
             {"reasons=101", NULL, "reasons is '101'"},
             {"reasons=-1", NULL, "reasons is '-1'"},
             {"reasons=3x", NULL, "reasons is '3x'"},
             {"reasons=%33", NULL, "reasons is '%33'"},
             {"reason=3", NULL, "the query 'reason=3' is not of the form reasons=3"},
             {"reasons", NULL, "not of the form"},
             {"reasons=3&reasons=4", NULL, "not of the form"},
             {"", "many", "reasons is 'many'"},
             {"reasons=3", "4", "the query asks for 3 reasons, the field X-Wf-Reasons for 4"}};
  wf_error err = WF_ERROR_INIT;
  size_t n = 99;
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
    REQUIRE_OK(asked(&n, good[i].query, good[i].field, &err), err);
    CHECK_EQ_INT(n, good[i].n);
  }
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    CHECK_FAILS(asked(&n, bad[i].query, bad[i].field, &err), err, WF_INVALID, bad[i].part);
  }
}

/* ---- numbers ------------------------------------------------------------------------------------
 */

/* Of each row and output: base value, then the sum over the features of each raw column. */
static double *columns_of(const desk *d, size_t n_groups) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *frame = tiny_frame();
  wf_matrix *matrix;
  REQUIRE_OK(wf_model_features(&matrix, d->model, frame, &err), err);
  wf_features features = wf_matrix_features(matrix);
  size_t width = features.n_columns + 1, n_cells = TINY_ROWS * n_groups;
  double *values = wf_alloc_array(n_cells * width, sizeof *values);
  double *out = wf_alloc_zero(n_cells * 4, sizeof *out);
  REQUIRE_OK(wf_shap_values(wf_model_forest(d->model), &features, NULL, values, &err), err);
  for (size_t i = 0; i < n_cells; i++) {
    out[4 * i] = values[(i + 1) * width - 1];
    for (size_t f = 0; f + 1 < width; f++) {
      const char *name = wf_recipe_output_name(wf_model_recipe(d->model), f);
      size_t column = name[0] == 's' ? 1 : name[0] == 'c' ? 2 : 3; /* size, colour_…, weight */
      out[4 * i + column] += values[i * width + f];
    }
  }
  wf_free(values);
  wf_matrix_release(matrix);
  wf_frame_release(frame);
  return out;
}

static double number_of(const json_t *object, const char *key) {
  const json_t *value = json_object_get(object, key);
  REQUIRE(json_is_number(value));
  return json_number_value(value);
}

/* All three columns, largest first, each with its own sum, and nothing left. */
static void check_row(const json_t *row, const double *expected) {
  static const char *const names[] = {"size", "colour", "weight"};
  const json_t *reasons = json_object_get(row, "reasons");
  size_t n_nonzero = 0;
  double before = INFINITY;
  CHECK_SAME((float)number_of(row, "base"), (float)expected[0]);
  for (size_t i = 0; i < 3; i++) n_nonzero += expected[i + 1] != 0;
  CHECK_EQ_INT(json_array_size(reasons), n_nonzero);
  for (size_t i = 0; i < json_array_size(reasons); i++) {
    const json_t *reason = json_array_get(reasons, i);
    const char *name = json_string_value(json_object_get(reason, "column"));
    double contribution = number_of(reason, "contribution");
    size_t k = 0;
    while (k < 3 && strcmp(names[k], name) != 0) k++;
    REQUIRE(k < 3);
    CHECK_SAME((float)contribution, (float)expected[k + 1]);
    CHECK(fabs(contribution) <= before);
    before = fabs(contribution);
  }
  CHECK(fabs(number_of(row, "rest")) < 1e-12);
}

static void check_model(const char *name, size_t n_groups) {
  desk d = open_desk(name);
  double *expected = columns_of(&d, n_groups);
  wf_error err = WF_ERROR_INIT;
  json_t *root;
  REQUIRE_OK(wf_json_parse(&root, wf_view_of(reply(&d, WF_FORMAT_JSON, 10, raw)), "", &err), err);
  const json_t *rows = json_object_get(root, "predictions");
  CHECK_EQ_INT(json_array_size(rows), TINY_ROWS);
  for (size_t i = 0; i < TINY_ROWS; i++) {
    const json_t *row = json_array_get(rows, i);
    const json_t *label = json_object_get(row, "predicted_label");
    size_t group = n_groups > 1 ? (size_t)json_integer_value(label) : 0;
    check_row(row, expected + 4 * (i * n_groups + group));
  }
  json_decref(root);
  wf_free(expected);
  close_desk(&d);
}

TEST(reasons_are_the_explanation_by_column) {
  check_model("tiny", 1);
  check_model("three", 3); /* of the class that is predicted */
}

TEST(reasons_fewer_leave_a_rest) {
  desk d = open_desk("tiny");
  double *expected = columns_of(&d, 1);
  wf_error err = WF_ERROR_INIT;
  json_t *row;
  REQUIRE_OK(
      wf_json_parse(&row, wf_view_of(reply(&d, WF_FORMAT_JSONLINES, 1, "S,red,1.5\n")), "", &err),
      err);
  CHECK_EQ_INT(json_array_size(json_object_get(row, "reasons")), 1);
  double first = number_of(json_array_get(json_object_get(row, "reasons"), 0), "contribution");
  double sum = number_of(row, "base") + first + number_of(row, "rest");
  CHECK(fabs(sum - (expected[0] + expected[1] + expected[2] + expected[3])) < 1e-6);
  json_decref(row);
  wf_free(expected);
  close_desk(&d);
}

TEST(reasons_do_not_change_scores) {
  desk d = open_desk("tiny");
  char *plain = wf_strdup(reply(&d, WF_FORMAT_CSV, 0, raw)), *at = plain;
  const char *with = reply(&d, WF_FORMAT_CSV, 2, raw);
  for (size_t i = 0; i < TINY_ROWS; i++) {
    size_t size = strcspn(at, "\n"), n_commas = 0;
    CHECK(strncmp(with, at, size) == 0 && with[size] == ',');
    for (; *with != '\n'; with++) n_commas += *with == ',';
    CHECK_EQ_INT(n_commas, 4);
    with++, at += size + 1;
  }
  CHECK_EQ_STR(with, "");
  wf_free(plain);
  close_desk(&d);
}

TEST(reasons_of_many_rows) {
  desk d = open_desk("three");
  wf_bytes body = {0}, expected = {0};
  const char *one = reply(&d, WF_FORMAT_CSV, 2, raw);
  for (size_t i = 0; i < 40; i++) { /* beyond a block */
    wf_bytes_text(&body, raw);
    wf_bytes_text(&expected, one);
  }
  CHECK_EQ_STR(reply(&d, WF_FORMAT_CSV, 2, body.data), expected.data);
  while (body.size < 400 * strlen(raw)) wf_bytes_text(&body, raw);
  wf_error err = WF_ERROR_INIT;
  bool syntax;
  wf_view rows = {body.data, body.size};
  CHECK_FAILS(desk_ask(&d, WF_FORMAT_CSV, WF_FORMAT_CSV, 1, rows, &syntax, &err), err, WF_LIMIT,
              "reasons are given for at most 4096 rows a request");
  REQUIRE_OK(desk_ask(&d, WF_FORMAT_CSV, WF_FORMAT_CSV, 0, rows, &syntax, &err), err);
  wf_bytes_dispose(&body);
  wf_bytes_dispose(&expected);
  close_desk(&d);
}

/* ---- encoding -----------------------------------------------------------------------------------
 */

TEST(reasons_names_are_escaped) {
  static const wf_reason reasons[] = {{"a,\"b\"\n", 0.5}, {"plain", -0.25}};
  wf_why why = {.base = -1, .rest = 0, .reasons = reasons, .n_reasons = 2, .n_asked = 3};
  wf_bytes out = {0};
  wf_encoder encoder = {.out = &out, .format = WF_FORMAT_CSV, .n_outputs = 1};
  float score = 0.25f;
  wf_encoder_row(&encoder, &score, &why);
  CHECK_EQ_STR(out.data, "0.25,\"a,\"\"b\"\"\n\",0.5,plain,-0.25,,\n");
  wf_bytes_clear(&out);
  encoder.format = WF_FORMAT_JSONLINES;
  wf_encoder_row(&encoder, &score, &why);
  CHECK_EQ_STR(
      out.data,
      "{\"score\":0.25,\"base\":-1,\"reasons\":[{\"column\":\"a,\\\"b\\\"\\n\","
      "\"contribution\":0.5},{\"column\":\"plain\",\"contribution\":-0.25}],\"rest\":0}\n");
  wf_bytes_dispose(&out);
}

TEST(reasons_order_of_ties) {
  desk d = open_desk("tiny");
  wf_error err = WF_ERROR_INIT;
  wf_reasoner *r = &d.scratch.reasoner;
  REQUIRE_OK(wf_reasoner_fit(r, d.served, &err), err);
  for (size_t i = 0; i < d.served->n_features; i++) {
    const char *name = wf_recipe_output_name(d.served->recipe, i);
    r->values[i] = name[0] == 'c' ? (name[7] == 'b' ? 1.5 : 0.5) : name[0] == 's' ? -2 : 2;
  }
  r->values[d.served->n_features] = 7;
  wf_why why;
  float score = 0;
  wf_reasoner_row(&why, r, d.served, 0, &score, 2);
  CHECK_EQ_INT(why.n_reasons, 2);
  CHECK_EQ_STR(why.reasons[0].column, "size");
  CHECK_EQ_STR(why.reasons[1].column, "colour");
  CHECK_SAME(why.reasons[1].contribution, 2);
  CHECK_SAME(why.base, 7);
  CHECK_SAME(why.rest, 2);
  close_desk(&d);
}

/* ---- memory -------------------------------------------------------------------------------------
 */

/* From the package on: the plan of the explanations is the forest's. */
static bool ask_cold(const char *package, size_t size) {
  wf_error err = WF_ERROR_INIT;
  desk d = {0};
  bool syntax;
  wf_status status = wf_model_unpack(&d.model, package, size, &err);
  if (status == WF_OK) status = wf_served_new(&d.served, d.model, NULL, &err);
  if (status == WF_OK) {
    status = desk_ask(&d, WF_FORMAT_CSV, WF_FORMAT_JSON, 3, wf_view_of(raw), &syntax, &err);
  }
  close_desk(&d);
  return status == WF_OK;
}

TEST(reasons_survive_allocation_failures) {
  wf_error err = WF_ERROR_INIT;
  wf_model *model = tiny_model("three");
  char *package;
  size_t size;
  REQUIRE_OK(wf_model_pack(&package, &size, model, &err), err);
  CHECK_OOM_SAFE(ask_cold(package, size));
  wf_text_free(package);
  wf_model_release(model);
}

TEST(reasons_need_no_memory_once_warm) {
  static const char *const names[] = {"tiny", "three"};
  for (size_t i = 0; i < 2; i++) {
    desk d = open_desk(names[i]);
    for (int out = WF_FORMAT_CSV; out <= WF_FORMAT_JSONLINES; out++) {
      reply(&d, (wf_format)out, 3, raw);
      wf_alloc_fail_after(0);
      for (int k = 0; k < 5; k++) reply(&d, (wf_format)out, 3, raw);
      reply(&d, (wf_format)out, 2, "S,red,1.5\n");
      wf_alloc_fail_after(-1);
    }
    close_desk(&d);
  }
}
