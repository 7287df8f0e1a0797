/* Signatures: the examples of Amazon's S3 API reference, "Examples: Signature Calculations". */
#include "check.h"

#include "http/s3.h"

static const wf_s3_store example = {.region = "us-east-1",
                                    .key_id = "AKIAIOSFODNN7EXAMPLE",
                                    .secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"};
static const int64_t day = 1369353600; /* 2013-05-24T00:00:00Z */

static void check_signature(const char *query, const char *signature) {
  wf_error err = WF_ERROR_INIT;
  wf_s3_headers h = {.date = {0}};
  REQUIRE_OK(wf_s3_sign(&h, &example, "examplebucket.s3.amazonaws.com", "/", query, day, &err),
             err);
  CHECK_EQ_STR(h.date.data, "x-amz-date: 20130524T000000Z");
  CHECK(!h.token.data);
  CHECK_HAS(h.authorization.data, signature);
  CHECK_HAS(h.authorization.data,
            "Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,");
  wf_s3_headers_dispose(&h);
}

TEST(s3_published_examples) {
  check_signature("lifecycle=",
                  "Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
  check_signature("max-keys=2&prefix=J",
                  "Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

TEST(s3_token_is_signed) {
  wf_error err = WF_ERROR_INIT;
  wf_s3_headers h = {.date = {0}};
  wf_s3_store store = example;
  store.token = "T0";
  REQUIRE_OK(wf_s3_sign(&h, &store, "h", "/k", "", day, &err), err);
  CHECK_EQ_STR(h.token.data, "x-amz-security-token: T0");
  CHECK_HAS(h.authorization.data, "x-amz-date;x-amz-security-token,");
  wf_s3_headers_dispose(&h);
}

TEST(s3_keys_are_encoded) {
  wf_bytes out = {0};
  wf_s3_encode(&out, "m/a+b (1)=é~.tgz");
  CHECK_EQ_STR(out.data, "m/a%2Bb%20%281%29%3D%C3%A9~.tgz");
  wf_bytes_dispose(&out);
}

TEST(s3_refuses) {
  wf_error err = WF_ERROR_INIT;
  wf_http_response response;
  CHECK_FAILS(wf_s3_get(&response, &example, "", "k", NULL, &err), err, WF_INVALID, "bucket");
  wf_s3_store store = example;
  store.endpoint = "nowhere";
  CHECK_FAILS(wf_s3_get(&response, &store, "b", "k", NULL, &err), err, WF_INVALID, "'nowhere'");
}

static bool sign_once(void) {
  wf_s3_headers h = {.date = {0}};
  bool ok = wf_s3_sign(&h, &example, "h", "/k", "", day, NULL) == WF_OK;
  wf_s3_headers_dispose(&h);
  return ok;
}

TEST(s3_out_of_memory) { CHECK_OOM_SAFE(sign_once()); }
