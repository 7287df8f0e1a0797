/* s3.c — objects of stores that speak S3, by AWS Signature Version 4.
 *
 * Specification: "Authenticating Requests (AWS Signature Version 4)" in Amazon's S3 API reference.
 * libcurl's own signer is not used: its versions before 8.19 sign wrongly what holds a '+', empty
 * headers, or queries that are not sorted. The secret is never part of a message. */
#include "http/s3.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/digest.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* The digest of an empty body. */
#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

void wf_s3_headers_dispose(wf_s3_headers *headers) {
  wf_bytes_dispose(&headers->date);
  wf_bytes_dispose(&headers->content);
  wf_bytes_dispose(&headers->token);
  wf_bytes_dispose(&headers->authorization);
}

void wf_s3_encode(wf_bytes *out, const char *key) {
  static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~/";
  for (; *key; key++) {
    if (strchr(plain, *key))
      wf_bytes_char(out, *key);
    else
      wf_bytes_format(out, "%%%02X", (unsigned char)*key);
  }
}

static const char *region_of(const wf_s3_store *store) {
  return store->region ? store->region : "us-east-1";
}

/* ---- signing ----------------------------------------------------------------------------------
 */

typedef struct instant {
  char full[20], day[12]; /* 20130524T000000Z, 20130524 */
} instant;

static wf_status read_instant(instant *out, int64_t time, wf_error *err) {
  struct tm parts;
  time_t seconds = (time_t)time;
  if (!gmtime_r(&seconds, &parts) ||
      strftime(out->full, sizeof out->full, "%Y%m%dT%H%M%SZ", &parts) != 16) {
    return wf_fail(err, WF_INVALID, "a time that has no text");
  }
  memcpy(out->day, out->full, 8);
  out->day[8] = '\0';
  return WF_OK;
}

static wf_status hmac(wf_digest *key, const char *text, wf_error *err) {
  wf_digest made;
  WF_TRY(wf_digest_hmac(&made, key->bytes, sizeof key->bytes, text, strlen(text), err));
  *key = made;
  return WF_OK;
}

/* The key of a day, a region and S3. */
static wf_status derive_key(wf_digest *out, const wf_s3_store *store, const char *day,
                            wf_error *err) {
  wf_bytes secret = {0};
  wf_bytes_format(&secret, "AWS4%s", store->secret);
  wf_status status = secret.failed
                         ? wf_fail_nomem(err)
                         : wf_digest_hmac(out, secret.data, secret.size, day, strlen(day), err);
  if (secret.data) explicit_bzero(secret.data, secret.size);
  wf_bytes_dispose(&secret);
  if (status == WF_OK) status = hmac(out, region_of(store), err);
  if (status == WF_OK) status = hmac(out, "s3", err);
  if (status == WF_OK) status = hmac(out, "aws4_request", err);
  return status;
}

/* The digest, as text, of the request in its canonical form. */
static wf_status digest_request(char out[WF_DIGEST_TEXT], const wf_s3_store *store,
                                const char *host, const char *path, const char *query,
                                const instant *at, wf_error *err) {
  wf_bytes text = {0};
  wf_digest digest;
  wf_bytes_format(&text, "GET\n%s\n%s\nhost:%s\nx-amz-content-sha256:" EMPTY "\nx-amz-date:%s\n",
                  path, query, host, at->full);
  if (store->token) wf_bytes_format(&text, "x-amz-security-token:%s\n", store->token);
  wf_bytes_format(&text, "\nhost;x-amz-content-sha256;x-amz-date%s\n" EMPTY,
                  store->token ? ";x-amz-security-token" : "");
  wf_status status =
      text.failed ? wf_fail_nomem(err) : wf_digest_bytes(&digest, text.data, text.size, err);
  wf_bytes_dispose(&text);
  if (status == WF_OK) wf_digest_format(&digest, out);
  return status;
}

static wf_status sign(char out[WF_DIGEST_TEXT], const wf_s3_store *store, const char *request,
                      const instant *at, wf_error *err) {
  wf_bytes text = {0};
  wf_digest key = {{0}};
  wf_bytes_format(&text, "AWS4-HMAC-SHA256\n%s\n%s/%s/s3/aws4_request\n%s", at->full, at->day,
                  region_of(store), request);
  wf_status status = text.failed ? wf_fail_nomem(err) : derive_key(&key, store, at->day, err);
  if (status == WF_OK) status = hmac(&key, text.data, err);
  wf_bytes_dispose(&text);
  if (status == WF_OK) wf_digest_format(&key, out);
  return status;
}

wf_status wf_s3_sign(wf_s3_headers *out, const wf_s3_store *store, const char *host,
                     const char *path, const char *query, int64_t time, wf_error *err) {
  instant at;
  char request[WF_DIGEST_TEXT], signature[WF_DIGEST_TEXT];
  WF_TRY(read_instant(&at, time, err));
  WF_TRY(digest_request(request, store, host, path, query, &at, err));
  WF_TRY(sign(signature, store, request, &at, err));
  wf_bytes_format(&out->date, "x-amz-date: %s", at.full);
  wf_bytes_text(&out->content, "x-amz-content-sha256: " EMPTY);
  if (store->token) wf_bytes_format(&out->token, "x-amz-security-token: %s", store->token);
  wf_bytes_format(&out->authorization,
                  "Authorization: AWS4-HMAC-SHA256 Credential=%s/%s/%s/s3/aws4_request,"
                  "SignedHeaders=host;x-amz-content-sha256;x-amz-date%s,Signature=%s",
                  store->key_id, at.day, region_of(store),
                  store->token ? ";x-amz-security-token" : "", signature);
  bool failed =
      out->date.failed || out->content.failed || out->token.failed || out->authorization.failed;
  return failed ? wf_fail_nomem(err) : WF_OK;
}

/* ---- requests ---------------------------------------------------------------------------------
 */

/* Where the object is: "https://host" and "/path". */
static wf_status find_object(wf_bytes *origin, wf_bytes *path, const wf_s3_store *store,
                             const char *bucket, const char *key, wf_error *err) {
  if (!*bucket || !*key) return wf_fail(err, WF_INVALID, "an address needs a bucket and a key");
  wf_bytes_char(path, '/');
  if (store->endpoint) {
    size_t n = strlen(store->endpoint);
    while (n > 0 && store->endpoint[n - 1] == '/') n--;
    wf_bytes_add(origin, store->endpoint, n);
    wf_s3_encode(path, bucket);
    wf_bytes_char(path, '/');
  } else {
    wf_bytes_format(origin, "https://%s.s3.%s.amazonaws.com", bucket, region_of(store));
  }
  wf_s3_encode(path, key);
  return origin->failed || path->failed ? wf_fail_nomem(err) : WF_OK;
}

static wf_status send_signed(wf_http_response *out, const wf_s3_store *store,
                             const wf_bytes *origin, const wf_bytes *path, wf_http_request request,
                             wf_error *err) {
  wf_s3_headers h = {.date = {0}};
  wf_bytes url = {0};
  const char *host = strstr(origin->data, "://");
  if (!host) return wf_fail(err, WF_INVALID, "the endpoint '%.100s' is no address", origin->data);
  wf_bytes_format(&url, "%s%s", origin->data, path->data);
  wf_status status = url.failed ? wf_fail_nomem(err) : WF_OK;
  if (status == WF_OK && store->key_id) {
    status = wf_s3_sign(&h, store, host + 3, path->data, "", wf_clock_wall_us() / 1000000, err);
  }
  const char *headers[] = {h.authorization.data, h.date.data, h.content.data, h.token.data, NULL};
  request.method = "GET";
  request.url = url.data;
  if (store->key_id) request.headers = headers;
  if (status == WF_OK) status = wf_http_send(out, &request, err);
  wf_bytes_dispose(&url);
  wf_s3_headers_dispose(&h);
  return status;
}

wf_status wf_s3_get(wf_http_response *out, const wf_s3_store *store, const char *bucket,
                    const char *key, const wf_http_request *limits, wf_error *err) {
  wf_bytes origin = {0}, path = {0};
  wf_http_request request = {0};
  if (limits)
    request =
        (wf_http_request){.timeout_ms = limits->timeout_ms, .max_response = limits->max_response};
  wf_status status = find_object(&origin, &path, store, bucket, key, err);
  if (status == WF_OK) status = send_signed(out, store, &origin, &path, request, err);
  wf_bytes_dispose(&origin);
  wf_bytes_dispose(&path);
  return status;
}
