#include "http/parse.h"

#include "check.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* Bytes that end exactly at an unreadable page, so that reading on is a crash. */
static char *guarded(const void *bytes, size_t size, void **map, size_t *map_size) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE), room = (size + page - 1) / page * page;
  *map_size = room + page;
  *map = mmap(NULL, *map_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (*map == MAP_FAILED) abort();
  mprotect((char *)*map + room, page, PROT_NONE);
  char *start = (char *)*map + room - size;
  if (size) memcpy(start, bytes, size);
  return start;
}

static wf_http_progress parse(wf_http_head *head, size_t *consumed, const char *bytes, size_t size,
                              int *status) {
  wf_http_fault fault = {0, ""};
  wf_http_progress progress = wf_http_parse_head(head, consumed, (wf_view){bytes, size}, &fault);
  *status = fault.status;
  return progress;
}

static bool equals(wf_view view, const char *text) { return wf_view_equal(view, wf_view_of(text)); }

static const char *const good[] = {
    "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /a/b?c=d&e HTTP/1.1\r\nHost: localhost:8080\r\nAccept: */*\r\nX:\r\n\r\n",
    "POST /x HTTP/1.1\r\nHost: [::1]:80\r\nContent-Length: 12\r\n\r\n",
    "POST /x HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n",
    "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET / HTTP/1.0\r\n\r\n",
    "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET http://a.example:80/p?q HTTP/1.1\r\nHost: A.example:80\r\n\r\n",
    "GET /%20%c3%a4 HTTP/1.1\r\nHost: a\r\nValue: \t blanks \xc3\xa4 inside \t\r\n\r\n",
    "!#$%&'*+-.^_`|~ /x HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET / HTTP/1.7\r\nHost: a\r\nConnection: keep-alive, close\r\n\r\n",
};

TEST(parse_reads_heads_and_needs_every_byte_of_them) {
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
    size_t size = strlen(good[i]);
    for (size_t cut = 0; cut <= size; cut++) {
      void *map;
      size_t map_size, consumed = 0;
      int status;
      wf_http_head head;
      char *bytes = guarded(good[i], cut, &map, &map_size);
      wf_http_progress progress = parse(&head, &consumed, bytes, cut, &status);
      if (progress != (cut == size ? WF_HTTP_COMPLETE : WF_HTTP_MORE) ||
          (cut == size && consumed != size)) {
        test_fail(__FILE__, __LINE__, "head %zu cut at %zu: %d (%d)", i, cut, (int)progress,
                  status);
      }
      munmap(map, map_size);
    }
  }
}

TEST(parse_fills_the_head) {
  const char *text = "POST /a/b?c=d?e HTTP/1.1\r\nhost:  h:1 \r\nContent-Length: 042\r\n\r\n";
  wf_http_head head;
  size_t consumed;
  int status;
  CHECK_EQ_INT(parse(&head, &consumed, text, strlen(text), &status), WF_HTTP_BAD); /* 042 */
  text = "POST /a/b?c=d?e HTTP/1.1\r\nhost:  h:1 \r\nCONTENT-length: 42\r\nExpect: "
         "100-Continue\r\nEmpty:\r\n\r\nrest";
  REQUIRE(parse(&head, &consumed, text, strlen(text), &status) == WF_HTTP_COMPLETE);
  CHECK_EQ_INT(consumed, strlen(text) - 4);
  CHECK(equals(head.method, "POST") && equals(head.path, "/a/b") && equals(head.query, "c=d?e"));
  CHECK(equals(head.host, "h:1") && head.minor_version == 1 && head.keep_alive);
  CHECK(head.expect_continue && !head.chunked);
  CHECK_EQ_INT(head.content_length, 42);
  CHECK_EQ_INT(head.n_fields, 4);
  CHECK(wf_http_find_field(&head, "empty")->size == 0);
  CHECK(wf_http_find_field(&head, "absent") == NULL);
}

TEST(parse_decides_on_keep_alive) {
  static const struct {
    const char *text;
    bool keep;
  } cases[] = {
      {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", true},
      {"GET / HTTP/1.1\r\nHost: a\r\nConnection: Close\r\n\r\n", false},
      {"GET / HTTP/1.1\r\nHost: a\r\nConnection: x\r\nConnection: , close ,\r\n\r\n", false},
      {"GET / HTTP/1.0\r\n\r\n", false},
      {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", true},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    wf_http_head head;
    size_t consumed;
    int status;
    REQUIRE(parse(&head, &consumed, cases[i].text, strlen(cases[i].text), &status) ==
            WF_HTTP_COMPLETE);
    CHECK_EQ_INT(head.keep_alive, cases[i].keep);
  }
}

static int status_of_long(size_t target, size_t n_fields, size_t value, bool complete) {
  wf_bytes text = {0};
  wf_http_head head;
  size_t consumed;
  int status = 0;
  wf_bytes_text(&text, "GET /");
  for (size_t i = 1; i < target; i++) wf_bytes_char(&text, 'a');
  wf_bytes_text(&text, " HTTP/1.1\r\nHost: a\r\n");
  for (size_t i = 0; i < n_fields; i++) wf_bytes_format(&text, "F%zu: x\r\n", i);
  wf_bytes_text(&text, "V: ");
  for (size_t i = 0; i < value; i++) wf_bytes_char(&text, 'v');
  if (complete) wf_bytes_text(&text, "\r\n\r\n");
  wf_http_progress progress = parse(&head, &consumed, text.data, text.size, &status);
  wf_bytes_dispose(&text);
  return progress == WF_HTTP_COMPLETE ? 200 : progress == WF_HTTP_MORE ? 0 : status;
}

TEST(parse_limits) {
  CHECK_EQ_INT(status_of_long(WF_HTTP_MAX_TARGET, 0, 1, true), 200);
  CHECK_EQ_INT(status_of_long(WF_HTTP_MAX_TARGET + 1, 0, 1, true), 414);
  CHECK_EQ_INT(status_of_long(1, WF_HTTP_MAX_FIELDS - 2, 1, true), 200);
  CHECK_EQ_INT(status_of_long(1, WF_HTTP_MAX_FIELDS - 1, 1, true), 431);
  CHECK_EQ_INT(status_of_long(1, 0, WF_HTTP_MAX_HEAD - 16, true), 200);
  CHECK_EQ_INT(status_of_long(1, 0, WF_HTTP_MAX_HEAD - 15, true), 431);
  CHECK_EQ_INT(status_of_long(1, 0, WF_HTTP_MAX_HEAD - 18, false), 0);
  CHECK_EQ_INT(status_of_long(1, 0, WF_HTTP_MAX_HEAD, false), 431);
  char *line = malloc(9000);
  memset(line, 'a', 9000);
  wf_http_head head;
  size_t consumed;
  int status;
  CHECK_EQ_INT(parse(&head, &consumed, line, 9000, &status), WF_HTTP_BAD);
  CHECK_EQ_INT(status, 414);
  free(line);
}

TEST(parse_takes_any_bytes) {
  /* A fixed pseudo-random walk over mutations of good heads: nothing may crash or read on. */
  uint64_t state = 1;
  for (int round = 0; round < 20000; round++) {
    char text[256];
    size_t size = strlen(good[round % (int)(sizeof good / sizeof *good)]);
    memcpy(text, good[round % (int)(sizeof good / sizeof *good)], size);
    for (int k = 0; k < 3; k++) {
      state = state * 6364136223846793005u + 1442695040888963407u;
      text[(state >> 33) % size] = (char)(state >> 20);
    }
    void *map;
    size_t map_size, consumed;
    int status = 0;
    wf_http_head head;
    wf_http_progress progress =
        parse(&head, &consumed, guarded(text, size, &map, &map_size), size, &status);
    if (progress == WF_HTTP_BAD) CHECK(status >= 400 && status < 600);
    munmap(map, map_size);
  }
}

TEST(parse_host_names) {
  CHECK(equals(wf_http_host_name(WF_VIEW("a:80")), "a"));
  CHECK(equals(wf_http_host_name(WF_VIEW("[::1]:80")), "[::1]"));
  CHECK(equals(wf_http_host_name(WF_VIEW("[::1]")), "[::1]"));
  CHECK(equals(wf_http_host_name(WF_VIEW("")), ""));
}

/* ---- chunked bodies ---------------------------------------------------------------------------
 */

static wf_http_progress decode(const char *text, size_t size, size_t piece, char *out,
                               size_t *written, size_t *consumed, int *status) {
  wf_http_chunked chunked = {0};
  wf_http_fault fault = {0, ""};
  wf_http_progress progress = WF_HTTP_MORE;
  *written = *consumed = 0;
  while (*consumed < size && progress == WF_HTTP_MORE) {
    size_t n = size - *consumed < piece ? size - *consumed : piece, taken = 0;
    progress = wf_http_decode_chunked(&chunked, out + *written, written, text + *consumed, n,
                                      &taken, &fault);
    if (progress != WF_HTTP_BAD) *consumed += taken;
  }
  *status = fault.status;
  return progress;
}

TEST(chunked_decodes_in_any_pieces) {
  static const struct {
    const char *text, *content;
  } cases[] = {
      {"0\r\n\r\n", ""},
      {"5\r\nhello\r\n0\r\n\r\n", "hello"},
      {"a\r\n0123456789\r\n1\r\nx\r\n00000000\r\n\r\n", "0123456789x"},
      {"A;name=value;flag;q=\"a\\\"b\"\r\n0123456789\r\n0\r\nTrailer-One: x\r\nT: \r\n\r\n",
       "0123456789"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char with_rest[256];
    size_t size = strlen(cases[i].text);
    snprintf(with_rest, sizeof with_rest, "%sGET /", cases[i].text);
    for (size_t piece = 1; piece <= size + 5; piece++) {
      char out[256];
      size_t written, consumed;
      int status;
      CHECK_EQ_INT(decode(with_rest, size + 5, piece, out, &written, &consumed, &status),
                   WF_HTTP_COMPLETE);
      CHECK_EQ_INT(consumed, size);
      CHECK(written == strlen(cases[i].content) && memcmp(out, cases[i].content, written) == 0);
    }
    for (size_t cut = 0; cut < size; cut++) {
      char out[256];
      size_t written, consumed;
      int status;
      CHECK_EQ_INT(decode(with_rest, cut, cut ? cut : 1, out, &written, &consumed, &status),
                   WF_HTTP_MORE);
    }
  }
}

TEST(chunked_decodes_in_place) {
  char text[] = "3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n";
  size_t written, consumed;
  int status;
  CHECK_EQ_INT(decode(text, strlen(text), strlen(text), text, &written, &consumed, &status),
               WF_HTTP_COMPLETE);
  CHECK(written == 7 && memcmp(text, "abcdefg", 7) == 0);
}

TEST(chunked_refuses) {
  static const char *const cases[] = {
      "\r\n",
      " 5\r\nhello\r\n",
      "5 \r\nhello\r\n",
      "+5\r\nhello\r\n",
      "-5\r\nhello\r\n",
      "0x5\r\nhello\r\n",
      "5\nhello\r\n",
      "5\r\nhello\n0\r\n\r\n",
      "5\r\nhellox\r\n",
      "5\r\nhello\r\n\n",
      "g\r\n",
      "123456789\r\n",
      "5;\r\nhello",
      "5; a=b\r\nhello",
      "5;a=\r\nhello",
      "5;a=\"\x01\"\r\nhello",
      "5;a b\r\nhello",
      "5;a=\"b\"c\r\nh",
      "5\rhello",
      "5\r\nhello\rX",
      "0\r\nX\r\n\r\n",
      "0\r\nX y: z\r\n",
      "0\r\n X: z\r\n",
      "0\r\nX: z\n\r\n",
      "0\r\n\n",
      "0\r\nX: \x01\r\n",
      "0\r\nContent-Length: 3\r\n\r\n",
      "0\r\nTransfer-Encoding: chunked\r\n\r\n",
      "0\r\nHOST: a\r\n\r\n",
      "5_0\r\nhello",
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char out[256];
    size_t written, consumed;
    int status;
    wf_http_progress progress =
        decode(cases[i], strlen(cases[i]), 1, out, &written, &consumed, &status);
    if (progress != WF_HTTP_BAD || status != 400) {
      test_fail(__FILE__, __LINE__, "case %zu: %d %d", i, (int)progress, status);
    }
  }
}

TEST(chunked_limits) {
  char *text = malloc(WF_HTTP_MAX_TRAILER + 64), out[16];
  size_t written, consumed;
  int status;
  memcpy(text, "0\r\nX: ", 6);
  memset(text + 6, 'v', WF_HTTP_MAX_TRAILER);
  CHECK_EQ_INT(decode(text, 6 + WF_HTTP_MAX_TRAILER, 100, out, &written, &consumed, &status),
               WF_HTTP_BAD);
  CHECK_EQ_INT(status, 431);
  memcpy(text, "0;", 2);
  memset(text + 2, 'e', WF_HTTP_MAX_EXTENSION + 1);
  CHECK_EQ_INT(decode(text, 3 + WF_HTTP_MAX_EXTENSION, 100, out, &written, &consumed, &status),
               WF_HTTP_BAD);
  CHECK_EQ_INT(status, 400);
  free(text);
}
