/* tar_bytes.c — the POSIX ustar header, filled by hand. */
#include "tar_bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

typedef struct header {
  char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type, link[100];
  char magic[8], uname[32], gname[32], major[8], minor[8], prefix[155], padding[12];
} header;

_Static_assert(sizeof(header) == 512, "a header is one block");

static void add_header(wf_bytes *tar, const char *name, char type, const char *link,
                       unsigned long long size) {
  header h;
  char number[32];
  memset(&h, 0, sizeof h);
  memcpy(h.name, name, strnlen(name, sizeof h.name));
  if (link) memcpy(h.link, link, strnlen(link, sizeof h.link));
  memcpy(h.mode, "0000644", 8);
  memcpy(h.uid, "0000000", 8);
  memcpy(h.gid, "0000000", 8);
  snprintf(number, sizeof number, "%011llo", size);
  memcpy(h.size, number, 11);
  memcpy(h.mtime, "00000000000", 12);
  h.type = type;
  memcpy(h.magic, "ustar\00000", 8);
  memset(h.checksum, ' ', 8);
  unsigned sum = 0;
  for (size_t i = 0; i < sizeof h; i++) sum += ((unsigned char *)&h)[i];
  snprintf(number, sizeof number, "%06o", sum);
  memcpy(h.checksum, number, 7);
  wf_bytes_add(tar, &h, sizeof h);
}

static void pad(wf_bytes *tar) {
  static const char zeros[512];
  wf_bytes_add(tar, zeros, (512 - tar->size % 512) % 512);
}

void tar_add_claiming(wf_bytes *tar, const char *name, const void *data, size_t size,
                      unsigned long long claimed) {
  add_header(tar, name, '0', NULL, claimed);
  wf_bytes_add(tar, data, size);
  pad(tar);
}

void tar_add(wf_bytes *tar, const char *name, char type, const char *link, const void *data,
             size_t size) {
  add_header(tar, name, type, link, size);
  wf_bytes_add(tar, data, size);
  pad(tar);
}

void tar_add_pax(wf_bytes *tar, const char *key, const char *value) {
  char record[512];
  size_t body = strlen(key) + strlen(value) + 3, length = body + 1;
  for (;;) { /* the length counts its own digits */
    size_t again = body + (size_t)snprintf(NULL, 0, "%zu", length);
    if (again == length) break;
    length = again;
  }
  snprintf(record, sizeof record, "%zu %s=%s\n", length, key, value);
  tar_add(tar, "pax", 'x', NULL, record, length);
}

void tar_end(wf_bytes *tar) {
  static const char zeros[1024];
  wf_bytes_add(tar, zeros, sizeof zeros);
}

static void deflate_all(wf_bytes *out, int level, const void *data, size_t size, size_t repeat) {
  z_stream stream = {0};
  if (deflateInit2(&stream, level, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY) != Z_OK) abort();
  unsigned char piece[4096];
  for (size_t i = 0; i < repeat; i++) {
    stream.next_in = (z_const Bytef *)data;
    stream.avail_in = (unsigned)size;
    int flush = i + 1 == repeat ? Z_FINISH : Z_NO_FLUSH, code;
    do {
      stream.next_out = piece;
      stream.avail_out = sizeof piece;
      code = deflate(&stream, flush);
      wf_bytes_add(out, piece, sizeof piece - stream.avail_out);
    } while (stream.avail_out == 0 || (flush == Z_FINISH && code != Z_STREAM_END));
  }
  deflateEnd(&stream);
}

void gzip_add(wf_bytes *out, const void *data, size_t size) { deflate_all(out, 6, data, size, 1); }

void gzip_add_stored(wf_bytes *out, const void *data, size_t size) {
  deflate_all(out, 0, data, size, 1);
}

wf_bytes gzip_of(wf_bytes *tar) {
  wf_bytes out = {0};
  gzip_add(&out, tar->data ? tar->data : "", tar->size);
  wf_bytes_dispose(tar);
  return out;
}

wf_bytes gzip_of_zeros(size_t size) {
  wf_bytes out = {0};
  enum { PIECE = 1 << 20 };
  void *zeros = calloc(1, PIECE);
  deflate_all(&out, 9, zeros, PIECE, size / PIECE);
  free(zeros);
  return out;
}
