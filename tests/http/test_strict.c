/* Requests that RFC 9110 and 9112 say to refuse, or that two programs could read in two ways, after
 * the public catalogue of Http11Probe. Each is followed by a good request on the same connection:
 * the answer must be the refusal alone, and then the end of the stream. */
#include "http/parse.h"

#include "check.h"
#include "live.h"
#include "wire.h"

#include <unistd.h>

#define H "Host: localhost\r\n"

typedef struct refused {
  const char *name, *bytes;
  size_t size;
  int status;
} refused;

#define R(name, status, bytes) \
  { name, bytes, sizeof(bytes) - 1, status }

static const refused table[] = {
    /* line ends */
    R("bare LF after request line", 400, "GET /ping HTTP/1.1\nHost: localhost\r\n\r\n"),
    R("bare LF after header", 400, "GET /ping HTTP/1.1\r\nHost: localhost\n\r\n"),
    R("bare LF everywhere", 400, "GET /ping HTTP/1.1\nHost: localhost\n\n"),
    R("bare LF as the empty line", 400, "GET /ping HTTP/1.1\r\nHost: localhost\r\n\n"),
    R("bare CR after request line", 400, "GET /ping HTTP/1.1\rHost: localhost\r\n\r\n"),
    R("bare CR in a value", 400, "GET /ping HTTP/1.1\r\n" H "X: a\rb\r\n\r\n"),
    R("CR CR LF", 400, "GET /ping HTTP/1.1\r\r\n" H "\r\n"),
    R("LF first", 400, "\nGET /ping HTTP/1.1\r\n" H "\r\n"),
    R("two empty lines first", 400, "\r\n\r\nGET /ping HTTP/1.1\r\n" H "\r\n"),
    R("blank first", 400, " GET /ping HTTP/1.1\r\n" H "\r\n"),
    /* request line */
    R("no version", 400, "GET /ping\r\n" H "\r\n"),
    R("HTTP/0.9", 505, "GET /ping HTTP/0.9\r\n" H "\r\n"),
    R("HTTP/2.0", 505, "GET /ping HTTP/2.0\r\n" H "\r\n"),
    R("HTTP/2 preface", 505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    R("version without minor", 400, "GET /ping HTTP/1\r\n" H "\r\n"),
    R("version with three parts", 400, "GET /ping HTTP/1.1.1\r\n" H "\r\n"),
    R("version with a leading zero", 400, "GET /ping HTTP/01.1\r\n" H "\r\n"),
    R("version with two digits", 400, "GET /ping HTTP/1.10\r\n" H "\r\n"),
    R("lower-case version", 400, "GET /ping http/1.1\r\n" H "\r\n"),
    R("blank in version", 400, "GET /ping HTTP /1.1\r\n" H "\r\n"),
    R("other protocol", 400, "GET /ping HTTQ/1.1\r\n" H "\r\n"),
    R("two blanks before target", 400, "GET  /ping HTTP/1.1\r\n" H "\r\n"),
    R("two blanks before version", 400, "GET /ping  HTTP/1.1\r\n" H "\r\n"),
    R("tab as separator", 400, "GET\t/ping\tHTTP/1.1\r\n" H "\r\n"),
    R("blank after version", 400, "GET /ping HTTP/1.1 \r\n" H "\r\n"),
    R("blank in target", 400, "GET /pi ng HTTP/1.1\r\n" H "\r\n"),
    R("no target", 400, "GET HTTP/1.1\r\n" H "\r\n"),
    R("no method", 400, " /ping HTTP/1.1\r\n" H "\r\n"),
    R("method with a comma", 400, "GE,T /ping HTTP/1.1\r\n" H "\r\n"),
    R("method with brackets", 400, "GET[] /ping HTTP/1.1\r\n" H "\r\n"),
    R("endless method", 400, "GETGETGETGETGETGETGETGETGETGETGETGET /ping HTTP/1.1\r\n" H "\r\n"),
    R("NUL in method", 400, "GE\0T /ping HTTP/1.1\r\n" H "\r\n"),
    R("fragment in target", 400, "GET /ping#x HTTP/1.1\r\n" H "\r\n"),
    R("NUL in target", 400, "GET /pi\0ng HTTP/1.1\r\n" H "\r\n"),
    R("control in target", 400, "GET /pi\x01ng HTTP/1.1\r\n" H "\r\n"),
    R("DEL in target", 400, "GET /ping\x7f HTTP/1.1\r\n" H "\r\n"),
    R("non-ASCII target", 400, "GET /p\xc3\xaFng HTTP/1.1\r\n" H "\r\n"),
    R("overlong UTF-8 target", 400, "GET /\xc0\xaf HTTP/1.1\r\n" H "\r\n"),
    R("backslash in target", 400, "GET /a\\b HTTP/1.1\r\n" H "\r\n"),
    R("quote in target", 400, "GET /\"ping HTTP/1.1\r\n" H "\r\n"),
    R("angle in target", 400, "GET /<ping> HTTP/1.1\r\n" H "\r\n"),
    R("percent without digits", 400, "GET /%zz HTTP/1.1\r\n" H "\r\n"),
    R("percent at the end", 400, "GET /ping% HTTP/1.1\r\n" H "\r\n"),
    R("encoded NUL", 400, "GET /ping%00 HTTP/1.1\r\n" H "\r\n"),
    R("target without slash", 400, "GET ping HTTP/1.1\r\n" H "\r\n"),
    R("asterisk with GET", 400, "GET * HTTP/1.1\r\n" H "\r\n"),
    R("authority form with GET", 400, "GET localhost:80 HTTP/1.1\r\n" H "\r\n"),
    R("CONNECT", 501, "CONNECT localhost:80 HTTP/1.1\r\n" H "\r\n"),
    R("absolute form of another scheme", 400, "GET ftp://localhost/ping HTTP/1.1\r\n" H "\r\n"),
    R("absolute form of another host", 400, "GET http://other/ping HTTP/1.1\r\n" H "\r\n"),
    R("absolute form with a user", 400, "GET http://me@localhost/ping HTTP/1.1\r\n" H "\r\n"),
    R("absolute form without host", 400, "GET http:///ping HTTP/1.1\r\n" H "\r\n"),
    R("absolute form without path", 400, "GET http://localhost HTTP/1.1\r\n" H "\r\n"),
    /* Host */
    R("no Host", 400, "GET /ping HTTP/1.1\r\n\r\n"),
    R("two Hosts", 400, "GET /ping HTTP/1.1\r\n" H H "\r\n"),
    R("two Hosts in HTTP/1.0", 400, "GET /ping HTTP/1.0\r\n" H H "\r\n"),
    R("two different Hosts", 400, "GET /ping HTTP/1.1\r\n" H "Host: other\r\n\r\n"),
    R("empty Host", 400, "GET /ping HTTP/1.1\r\nHost:\r\n\r\n"),
    R("blank Host", 400, "GET /ping HTTP/1.1\r\nHost:  \t \r\n\r\n"),
    R("Host with a user", 400, "GET /ping HTTP/1.1\r\nHost: me@localhost\r\n\r\n"),
    R("Host with a path", 400, "GET /ping HTTP/1.1\r\nHost: localhost/x\r\n\r\n"),
    R("Host with a scheme", 400, "GET /ping HTTP/1.1\r\nHost: http://localhost\r\n\r\n"),
    R("Host list", 400, "GET /ping HTTP/1.1\r\nHost: localhost, other\r\n\r\n"),
    R("Host with blank", 400, "GET /ping HTTP/1.1\r\nHost: local host\r\n\r\n"),
    R("Host with a bad port", 400, "GET /ping HTTP/1.1\r\nHost: localhost:8x\r\n\r\n"),
    R("Host with an empty port", 400, "GET /ping HTTP/1.1\r\nHost: localhost:\r\n\r\n"),
    R("Host with a port too large", 400, "GET /ping HTTP/1.1\r\nHost: localhost:65536\r\n\r\n"),
    R("Host with two ports", 400, "GET /ping HTTP/1.1\r\nHost: localhost:80:80\r\n\r\n"),
    R("Host with an open bracket", 400, "GET /ping HTTP/1.1\r\nHost: [::1\r\n\r\n"),
    R("Host with a bad IPv6", 400, "GET /ping HTTP/1.1\r\nHost: [xyz]\r\n\r\n"),
    R("non-ASCII Host", 400, "GET /ping HTTP/1.1\r\nHost: l\xc3\xb6\r\n\r\n"),
    /* fields */
    R("obs-fold", 400, "GET /ping HTTP/1.1\r\n" H "X: a\r\n b\r\n\r\n"),
    R("obs-fold with a tab", 400, "GET /ping HTTP/1.1\r\n" H "X: a\r\n\tb\r\n\r\n"),
    R("blank before the first field", 400, "GET /ping HTTP/1.1\r\n " H "\r\n"),
    R("blank before colon", 400, "GET /ping HTTP/1.1\r\n" H "X : a\r\n\r\n"),
    R("tab before colon", 400, "GET /ping HTTP/1.1\r\n" H "X\t: a\r\n\r\n"),
    R("blank in a name", 400, "GET /ping HTTP/1.1\r\n" H "X Y: a\r\n\r\n"),
    R("empty name", 400, "GET /ping HTTP/1.1\r\n" H ": a\r\n\r\n"),
    R("no colon", 400, "GET /ping HTTP/1.1\r\n" H "Nothing\r\n\r\n"),
    R("slash in a name", 400, "GET /ping HTTP/1.1\r\n" H "X/Y: a\r\n\r\n"),
    R("non-ASCII name", 400, "GET /ping HTTP/1.1\r\n" H "X\xc3\xa4: a\r\n\r\n"),
    R("NUL in a name", 400, "GET /ping HTTP/1.1\r\n" H "X\0: a\r\n\r\n"),
    R("NUL in a value", 400, "GET /ping HTTP/1.1\r\n" H "X: a\0b\r\n\r\n"),
    R("control in a value", 400, "GET /ping HTTP/1.1\r\n" H "X: a\x01\r\n\r\n"),
    R("escape in a value", 400, "GET /ping HTTP/1.1\r\n" H "X: \x1b[0m\r\n\r\n"),
    R("DEL in a value", 400, "GET /ping HTTP/1.1\r\n" H "X: \x7f\r\n\r\n"),
    R("Connection that is no list", 400, "GET /ping HTTP/1.1\r\n" H "Connection: a b\r\n\r\n"),
    R("unknown expectation", 417,
      "POST /echo HTTP/1.1\r\n" H "Expect: more\r\nContent-Length: 1\r\n\r\n"),
    R("repeated Content-Type", 400,
      "GET /ping HTTP/1.1\r\n" H "Content-Type: a/b\r\nContent-Type: a/c\r\n\r\n"),
    R("repeated Authorization", 400,
      "GET /ping HTTP/1.1\r\n" H "Authorization: a\r\nAuthorization: b\r\n\r\n"),
    /* Content-Length */
    R("CL twice, different", 400,
      "POST /echo HTTP/1.1\r\n" H "Content-Length: 3\r\nContent-Length: 5\r\n\r\nabcde"),
    R("CL twice, the same", 400,
      "POST /echo HTTP/1.1\r\n" H "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc"),
    R("CL list", 400, "POST /echo HTTP/1.1\r\n" H "Content-Length: 3, 3\r\n\r\nabc"),
    R("CL empty", 400, "POST /echo HTTP/1.1\r\n" H "Content-Length:\r\n\r\n"),
    R("CL negative", 400, "POST /echo HTTP/1.1\r\n" H "Content-Length: -1\r\n\r\n"),
    R("CL minus zero", 400, "POST /echo HTTP/1.1\r\n" H "Content-Length: -0\r\n\r\n"),
    R("CL plus", 400, "POST /echo HTTP/1.1\r\n" H "Content-Length: +3\r\n\r\nabc"),
    R("CL hexadecimal", 400, "POST /echo HTTP/1.1\r\n" H "Content-Length: 0x3\r\n\r\nabc"),
    R("CL octal look", 400, "POST /echo HTTP/1.1\r\n" H "Content-Length: 010\r\n\r\n01234567"),
    R("CL fraction", 400, "POST /echo HTTP/1.1\r\n" H "Content-Length: 3.0\r\n\r\nabc"),
    R("CL exponent", 400, "POST /echo HTTP/1.1\r\n" H "Content-Length: 1e1\r\n\r\n0123456789"),
    R("CL blank inside", 400, "POST /echo HTTP/1.1\r\n" H "Content-Length: 1 0\r\n\r\n0123456789"),
    R("CL underscore", 400, "POST /echo HTTP/1.1\r\n" H "Content-Length: 1_0\r\n\r\n0123456789"),
    R("CL letters behind", 400, "POST /echo HTTP/1.1\r\n" H "Content-Length: 3abc\r\n\r\nabc"),
    R("CL overflow", 400,
      "POST /echo HTTP/1.1\r\n" H "Content-Length: 18446744073709551619\r\n\r\nabc"),
    R("CL too large", 413, "POST /echo HTTP/1.1\r\n" H "Content-Length: 999999999999\r\n\r\nabc"),
    R("CL blank before colon", 400, "POST /echo HTTP/1.1\r\n" H "Content-Length : 3\r\n\r\nabc"),
    R("CL on GET, twice", 400,
      "GET /ping HTTP/1.1\r\n" H "Content-Length: 0\r\nContent-Length: 0\r\n\r\n"),
    /* Transfer-Encoding */
    R("CL and TE", 400,
      "POST /echo HTTP/1.1\r\n" H
      "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    R("TE and CL", 400,
      "POST /echo HTTP/1.1\r\n" H
      "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"),
    R("TE and CL 0", 400,
      "POST /echo HTTP/1.1\r\n" H
      "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n0\r\n\r\n"),
    R("TE twice", 400,
      "POST /echo HTTP/1.1\r\n" H
      "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    R("TE gzip, chunked", 400,
      "POST /echo HTTP/1.1\r\n" H "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
    R("TE chunked, gzip", 400,
      "POST /echo HTTP/1.1\r\n" H "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n"),
    R("TE chunked, chunked", 400,
      "POST /echo HTTP/1.1\r\n" H "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"),
    R("TE identity", 400, "POST /echo HTTP/1.1\r\n" H "Transfer-Encoding: identity\r\n\r\n"),
    R("TE unknown", 400,
      "POST /echo HTTP/1.1\r\n" H "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
    R("TE empty", 400, "POST /echo HTTP/1.1\r\n" H "Transfer-Encoding:\r\n\r\n0\r\n\r\n"),
    R("TE with a comma", 400,
      "POST /echo HTTP/1.1\r\n" H "Transfer-Encoding: ,chunked\r\n\r\n0\r\n\r\n"),
    R("TE quoted", 400,
      "POST /echo HTTP/1.1\r\n" H "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n"),
    R("TE with a parameter", 400,
      "POST /echo HTTP/1.1\r\n" H "Transfer-Encoding: chunked;x=y\r\n\r\n0\r\n\r\n"),
    R("TE with a vertical tab", 400,
      "POST /echo HTTP/1.1\r\n" H "Transfer-Encoding: \vchunked\r\n\r\n0\r\n\r\n"),
    R("TE with blank before colon", 400,
      "POST /echo HTTP/1.1\r\n" H "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n"),
    R("TE folded", 400,
      "POST /echo HTTP/1.1\r\n" H "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n"),
    R("TE in HTTP/1.0", 400,
      "POST /echo HTTP/1.0\r\n" H "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
/* chunks */
#define C "POST /echo HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n"
    R("chunk size with 0x", 400, C "0x5\r\nhello\r\n0\r\n\r\n"),
    R("chunk size with plus", 400, C "+5\r\nhello\r\n0\r\n\r\n"),
    R("chunk size negative", 400, C "-5\r\nhello\r\n0\r\n\r\n"),
    R("chunk size with blank before", 400, C " 5\r\nhello\r\n0\r\n\r\n"),
    R("chunk size with blank behind", 400, C "5 \r\nhello\r\n0\r\n\r\n"),
    R("chunk size with underscore", 400, C "0_5\r\nhello\r\n0\r\n\r\n"),
    R("chunk size empty", 400, C "\r\nhello\r\n0\r\n\r\n"),
    R("chunk size that overflows", 400, C "100000005\r\nhello\r\n0\r\n\r\n"),
    R("chunk size beyond the body limit", 413, C "7fffffff\r\nhello"),
    R("chunk with bare LF", 400, C "5\nhello\r\n0\r\n\r\n"),
    R("chunk ended by LF", 400, C "5\r\nhello\n0\r\n\r\n"),
    R("chunk longer than stated", 400, C "5\r\nhello world\r\n0\r\n\r\n"),
    R("chunk shorter than stated", 400, C "6\r\nhello\r\n0\r\n\r\n"),
    R("last chunk with bare LF", 400, C "5\r\nhello\r\n0\n\r\n"),
    R("end with bare LF", 400, C "5\r\nhello\r\n0\r\n\n"),
    R("bare semicolon", 400, C "5;\r\nhello\r\n0\r\n\r\n"),
    R("control in an extension", 400, C "5;a=\x01\r\nhello\r\n0\r\n\r\n"),
    R("bare CR in an extension", 400, C "5;a\rb\r\nhello\r\n0\r\n\r\n"),
    R("bare LF in an extension", 400, C "5;a\nb\r\nhello\r\n0\r\n\r\n"),
    R("trailer with blank before colon", 400, C "0\r\nX : y\r\n\r\n"),
    R("trailer with Content-Length", 400, C "0\r\nContent-Length: 5\r\n\r\n"),
    R("trailer with Transfer-Encoding", 400, C "0\r\nTransfer-Encoding: x\r\n\r\n"),
    R("trailer with Host", 400, C "0\r\nHost: other\r\n\r\n"),
    R("trailer folded", 400, C "0\r\nX: a\r\n b\r\n\r\n"),
    /* not HTTP */
    R("TLS hello", 400, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
    R("binary", 400, "\x80\x81\x82\x00\xff\r\n\r\n"),
};
enum { N_REFUSED = sizeof table / sizeof *table };

static wf_http_server_options quick(void) {
  wf_http_server_options options = live_options();
  options.max_body = 1 << 20;
  return options;
}

TEST(strict_refuses_and_closes) {
  wf_http_server_options options = quick();
  live *server = live_open(&options);
  for (size_t i = 0; i < N_REFUSED; i++) {
    wire_answer answer = {0};
    int fd = wire_connect(live_port(server));
    wire_send(fd, table[i].bytes, table[i].size);
    wire_text(fd, "GET /ping HTTP/1.1\r\nHost: localhost\r\n\r\n");
    if (!wire_read(fd, &answer, false) || answer.status != table[i].status || !answer.close) {
      test_fail(__FILE__, __LINE__, "%s: status %d, expected %d", table[i].name, answer.status,
                table[i].status);
    } else if (!wire_ended(fd, 1000)) {
      test_fail(__FILE__, __LINE__, "%s: the connection went on", table[i].name);
    }
    wire_free(&answer);
    close(fd);
  }
  CHECK_EQ_INT(wire_status(live_port(server), "GET /ping HTTP/1.1\r\n" H "\r\n"), 200);
  live_close(server);
  CHECK(N_REFUSED >= 80);
}

TEST(strict_accepts_what_is_right) {
  static const struct {
    const char *name, *bytes, *body;
    int status;
  } cases[] = {
      {"one empty line first", "\r\nGET /ping HTTP/1.1\r\n" H "\r\n", "pong", 200},
      {"no blank after colon", "GET /ping HTTP/1.1\r\nHost:localhost\r\n\r\n", "pong", 200},
      {"many blanks around a value", "GET /ping HTTP/1.1\r\nHost: \t localhost \t\r\n\r\n", "pong",
       200},
      {"obs-text in a value", "GET /ping HTTP/1.1\r\n" H "X: \xc3\xa4\xff\r\n\r\n", "pong", 200},
      {"HTTP/1.0 without Host", "GET /ping HTTP/1.0\r\n\r\n", "pong", 200},
      {"later minor version", "GET /ping HTTP/1.2\r\n" H "\r\n", "pong", 200},
      {"absolute form", "GET http://localhost/ping HTTP/1.1\r\n" H "\r\n", "pong", 200},
      {"query", "GET /ping?a=b&c=%20 HTTP/1.1\r\n" H "\r\n", "pong", 200},
      {"GET with a body", "GET /ping HTTP/1.1\r\n" H "Content-Length: 3\r\n\r\nabc", "pong", 200},
      {"POST without a length", "POST /echo HTTP/1.1\r\n" H "\r\n", "", 200},
      {"CL 0", "POST /echo HTTP/1.1\r\n" H "Content-Length: 0\r\n\r\n", "", 200},
      {"chunked in capitals",
       "POST /echo HTTP/1.1\r\n" H "Transfer-Encoding: Chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n", "x",
       200},
      {"chunks", C "5;a=b\r\nhello\r\n06\r\n world\r\n0\r\nTrailer: x\r\n\r\n", "hello world", 200},
      {"IPv6 Host", "GET /ping HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", "pong", 200},
      {"empty value", "GET /ping HTTP/1.1\r\n" H "X:\r\n\r\n", "pong", 200},
      {"unknown method", "get /ping HTTP/1.1\r\n" H "\r\n", NULL, 405},
      {"TRACE", "TRACE /ping HTTP/1.1\r\n" H "\r\n", NULL, 405},
      {"OPTIONS *", "OPTIONS * HTTP/1.1\r\n" H "\r\n", NULL, 404},
      {"dot segments", "GET /x/../ping HTTP/1.1\r\n" H "\r\n", NULL, 404},
      {"encoded path", "GET /%70ing HTTP/1.1\r\n" H "\r\n", NULL, 404},
      {"two slashes", "GET //ping HTTP/1.1\r\n" H "\r\n", NULL, 404},
  };
  live *server = live_open(NULL);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    wire_answer answer = {0};
    int fd = wire_connect(live_port(server));
    wire_text(fd, cases[i].bytes);
    if (!wire_read(fd, &answer, false) || answer.status != cases[i].status ||
        (cases[i].body && strcmp(answer.body, cases[i].body) != 0)) {
      test_fail(__FILE__, __LINE__, "%s: %d %s", cases[i].name, answer.status,
                answer.body ? answer.body : "");
    }
    wire_free(&answer);
    close(fd);
  }
  live_close(server);
}
