#include "endpoint/encode.h"

#include "check.h"

static int type_of(const char *text) {
  wf_format format;
  return wf_format_of_type(&format, wf_view_of(text)) ? (int)format : -1;
}

static int accepted(const char *text, wf_format own) {
  wf_format format;
  return wf_format_accepted(&format, wf_view_of(text), own) ? (int)format : -1;
}

TEST(encode_content_types) {
  CHECK_EQ_INT(type_of("text/csv"), WF_FORMAT_CSV);
  CHECK_EQ_INT(type_of("Text/CSV ; charset=UTF-8"), WF_FORMAT_CSV);
  CHECK_EQ_INT(type_of("application/json;charset=\"utf-8\""), WF_FORMAT_JSON);
  CHECK_EQ_INT(type_of("application/jsonlines"), WF_FORMAT_JSONLINES);
  CHECK_EQ_INT(type_of("application/x-ndjson"), WF_FORMAT_JSONLINES);
  static const char *const bad[] = {"",
                                    "text/plain",
                                    "text/csv; charset=latin1",
                                    "text",
                                    "text/csvx",
                                    "application/x-www-form-urlencoded",
                                    "text/csv; header=x"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) CHECK_EQ_INT(type_of(bad[i]), -1);
}

TEST(encode_accept) {
  CHECK_EQ_INT(accepted("", WF_FORMAT_JSONLINES), WF_FORMAT_JSONLINES);
  CHECK_EQ_INT(accepted("*/*", WF_FORMAT_CSV), WF_FORMAT_CSV);
  CHECK_EQ_INT(accepted("application/json", WF_FORMAT_CSV), WF_FORMAT_JSON);
  CHECK_EQ_INT(accepted("text/*", WF_FORMAT_JSON), WF_FORMAT_CSV);
  CHECK_EQ_INT(accepted("application/*", WF_FORMAT_JSONLINES), WF_FORMAT_JSONLINES);
  CHECK_EQ_INT(accepted("application/*", WF_FORMAT_CSV), WF_FORMAT_JSON);
  CHECK_EQ_INT(accepted("text/html, text/csv;q=0.5, application/json;q=0.9", WF_FORMAT_CSV),
               WF_FORMAT_JSON);
  CHECK_EQ_INT(accepted("text/csv, application/json", WF_FORMAT_JSON), WF_FORMAT_JSON);
  CHECK_EQ_INT(accepted("text/html;q=1, */*;q=0.1", WF_FORMAT_JSON), WF_FORMAT_JSON);
  CHECK_EQ_INT(accepted("text/csv;q=0", WF_FORMAT_CSV), -1);
  CHECK_EQ_INT(accepted("text/html", WF_FORMAT_CSV), -1);
  CHECK_EQ_INT(accepted(",,", WF_FORMAT_CSV), -1);
}

TEST(encode_numbers_that_json_has_not) {
  wf_bytes out = {0};
  wf_encoder encoder = {.out = &out, .format = WF_FORMAT_JSON, .n_outputs = 2};
  wf_encoder_begin(&encoder);
  wf_encoder_rows(&encoder, (const float[]){INFINITY, 0.5f}, 1);
  wf_encoder_end(&encoder);
  CHECK_EQ_STR(out.data, "{\"predictions\":[{\"scores\":[null,0.5],\"predicted_label\":0}]}\n");
  wf_bytes_clear(&out);
  encoder.format = WF_FORMAT_CSV;
  wf_encoder_begin(&encoder);
  wf_encoder_rows(&encoder, (const float[]){INFINITY, 0.5f}, 1);
  wf_encoder_end(&encoder);
  CHECK_EQ_STR(out.data, "inf,0.5\n");
  wf_bytes_dispose(&out);
}
