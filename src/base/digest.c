/* digest.c — SHA-256 through libcrypto, which uses the CPU's SHA instructions: streams through the
 * EVP interface; bytes in memory, which are mostly a few hundred, through the older one, whose
 * context is on the stack and which looks up no algorithm: that would cost ten times the hashing.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "base/digest.h"

#include "base/alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <string.h>
#include <unistd.h>

struct wf_hasher {
  EVP_MD_CTX *context;
  bool failed;
};

wf_status wf_hasher_new(wf_hasher **out, wf_error *err) {
  wf_hasher *hasher = wf_alloc_zero(1, sizeof *hasher);
  if (!hasher) return wf_fail_nomem(err);
  hasher->context = EVP_MD_CTX_new();
  if (!hasher->context || EVP_DigestInit_ex(hasher->context, EVP_sha256(), NULL) != 1) {
    wf_hasher_free(hasher);
    return wf_fail_nomem(err);
  }
  *out = hasher;
  return WF_OK;
}

void wf_hasher_add(wf_hasher *hasher, const void *data, size_t size) {
  if (EVP_DigestUpdate(hasher->context, data, size) != 1) hasher->failed = true;
}

void wf_hasher_add_field(wf_hasher *hasher, const void *data, size_t size) {
  uint8_t length[8];
  for (int i = 0; i < 8; i++) length[i] = (uint8_t)((uint64_t)size >> (8 * i));
  wf_hasher_add(hasher, length, sizeof length);
  wf_hasher_add(hasher, data, size);
}

wf_status wf_hasher_finish(wf_hasher *hasher, wf_digest *out, wf_error *err) {
  wf_digest digest;
  bool ok = !hasher->failed && EVP_DigestFinal_ex(hasher->context, digest.bytes, NULL) == 1;
  wf_hasher_free(hasher);
  if (!ok) return wf_fail(err, WF_EXTERNAL, "SHA-256 failed");
  *out = digest;
  return WF_OK;
}

void wf_hasher_free(wf_hasher *hasher) {
  if (!hasher) return;
  EVP_MD_CTX_free(hasher->context);
  wf_free(hasher);
}

wf_status wf_digest_bytes(wf_digest *out, const void *data, size_t size, wf_error *err) {
  SHA256_CTX context;
  wf_digest digest;
  bool ok = SHA256_Init(&context) == 1 && SHA256_Update(&context, data, size) == 1 &&
            SHA256_Final(digest.bytes, &context) == 1;
  if (!ok) return wf_fail(err, WF_EXTERNAL, "SHA-256 failed");
  *out = digest;
  return WF_OK;
}

static wf_status hash_descriptor(wf_hasher *hasher, int fd, const char *path, wf_error *err) {
  enum { CHUNK = 1 << 18 };
  uint8_t *chunk = wf_alloc(CHUNK);
  if (!chunk) return wf_fail_nomem(err);
  wf_status status = WF_OK;
  for (;;) {
    ssize_t n = read(fd, chunk, CHUNK);
    if (n == 0) break;
    if (n > 0) {
      wf_hasher_add(hasher, chunk, (size_t)n);
    } else if (errno != EINTR) {
      status = wf_fail_errno(err, errno, "%s", path);
      break;
    }
  }
  wf_free(chunk);
  return status;
}

wf_status wf_digest_hmac(wf_digest *out, const void *key, size_t key_size, const void *data,
                         size_t size, wf_error *err) {
  if (key_size > INT_MAX) return wf_fail(err, WF_LIMIT, "a key of more than 2^31 bytes");
  unsigned char *made = HMAC(EVP_sha256(), key, (int)key_size, data, size, out->bytes, NULL);
  return made ? WF_OK : wf_fail_nomem(err);
}

wf_status wf_digest_file(wf_digest *out, const char *path, wf_error *err) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return wf_fail_errno(err, errno, "%s", path);
  wf_hasher *hasher;
  wf_status status = wf_hasher_new(&hasher, err);
  if (status == WF_OK) {
    status = hash_descriptor(hasher, fd, path, err);
    if (status == WF_OK)
      status = wf_hasher_finish(hasher, out, err);
    else
      wf_hasher_free(hasher);
  }
  close(fd);
  return status;
}

void wf_digest_format(const wf_digest *digest, char out[WF_DIGEST_TEXT]) {
  static const char hex[] = "0123456789abcdef";
  for (int i = 0; i < WF_DIGEST_SIZE; i++) {
    out[2 * i] = hex[digest->bytes[i] >> 4];
    out[2 * i + 1] = hex[digest->bytes[i] & 15];
  }
  out[WF_DIGEST_TEXT - 1] = '\0';
}

static int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

bool wf_digest_parse(const char *text, wf_digest *out) {
  wf_digest digest;
  if (strlen(text) != 2 * WF_DIGEST_SIZE) return false;
  for (int i = 0; i < WF_DIGEST_SIZE; i++) {
    int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    digest.bytes[i] = (uint8_t)(high << 4 | low);
  }
  *out = digest;
  return true;
}

bool wf_digest_equal(const wf_digest *a, const wf_digest *b) {
  return memcmp(a->bytes, b->bytes, WF_DIGEST_SIZE) == 0;
}
