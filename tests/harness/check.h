/* tests/harness/check.h — a small test harness: TEST(name) registers itself, CHECK* record failures
 * and go on, REQUIRE* leave the test, SKIP leaves it with a printed reason.
 *
 *   TEST(bytes_grow) {
 *     CHECK_EQ_INT(2 + 2, 4);
 *   }
 *
 * One executable per folder; `-s text` runs the tests whose names contain it, `-l` lists them. The
 * last line is "N passed, N failed" (", N skipped"). After each test the library's live allocation
 * count and the number of open descriptors must be what they were. */
#ifndef WF_TESTS_CHECK_H
#define WF_TESTS_CHECK_H

#include "base/alloc.h"
#include "wf/base.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef void test_fn(void);
void test_register(const char *name, test_fn *fn, const char *file);
void test_fail(const char *file, int line, const char *format, ...) WF_PRINTF(3, 4);
void test_skip(const char *format, ...) WF_PRINTF(1, 2) __attribute__((noreturn));
void test_leave(void) __attribute__((noreturn));

/* A directory that is empty at the start of each test and removed after it. */
const char *test_dir(void);
/* "<test_dir>/<name>", valid until the test ends. */
const char *test_path(const char *name);
/* "<WF_TEST_DATA>/<name>" (default ../shared/data beside the source tree); skips the test when it
 * does not exist. test_oracle: reference values, in the folder "oracle" beside it. */
const char *test_data(const char *name);
const char *test_oracle(const char *name);
/* "<source root>/<name>": files that ship with the tests. */
const char *test_source(const char *name);
/* Writes a file into test_dir and returns its path. */
const char *test_write(const char *name, const void *bytes, size_t size);
/* Runs `body` in a child process and gives its exit code, or -1 when a signal ended it. */
int test_in_child(int (*body)(const char *), const char *argument);

#define TEST(name)                                                 \
  static void test_##name(void);                                   \
  __attribute__((constructor)) static void register_##name(void) { \
    test_register(#name, test_##name, __FILE__);                   \
  }                                                                \
  static void test_##name(void)

#define SKIP(...) test_skip(__VA_ARGS__)

#define CHECK(condition)                                               \
  do {                                                                 \
    if (!(condition)) test_fail(__FILE__, __LINE__, "%s", #condition); \
  } while (0)
#define REQUIRE(condition)                             \
  do {                                                 \
    if (!(condition)) {                                \
      test_fail(__FILE__, __LINE__, "%s", #condition); \
      test_leave();                                    \
    }                                                  \
  } while (0)
#define CHECK_EQ_INT(actual, expected)                                                         \
  do {                                                                                         \
    long long a_ = (long long)(actual), e_ = (long long)(expected);                            \
    if (a_ != e_) test_fail(__FILE__, __LINE__, "%s is %lld, expected %lld", #actual, a_, e_); \
  } while (0)
#define CHECK_EQ_STR(actual, expected)                                                            \
  do {                                                                                            \
    const char *a_ = (actual), *e_ = (expected);                                                  \
    if (!a_ || strcmp(a_, e_) != 0)                                                               \
      test_fail(__FILE__, __LINE__, "%s is \"%s\", expected \"%s\"", #actual, a_ ? a_ : "(null)", \
                e_);                                                                              \
  } while (0)
#define CHECK_HAS(text, part)                                                          \
  do {                                                                                 \
    const char *t_ = (text), *p_ = (part);                                             \
    if (!strstr(t_, p_)) test_fail(__FILE__, __LINE__, "\"%s\" lacks \"%s\"", t_, p_); \
  } while (0)
/* Equal bits, NaN included. */
#define CHECK_SAME(actual, expected)                                                 \
  do {                                                                               \
    double a_ = (double)(actual), e_ = (double)(expected);                           \
    if (memcmp(&a_, &e_, sizeof a_) != 0 && !(isnan(a_) && isnan(e_)))               \
      test_fail(__FILE__, __LINE__, "%s is %.17g, expected %.17g", #actual, a_, e_); \
  } while (0)
/* |actual - expected| <= tolerance * max(1, |expected|) */
#define CHECK_NEAR(actual, expected, tolerance)                                                 \
  do {                                                                                          \
    double a_ = (double)(actual), e_ = (double)(expected);                                      \
    double t_ = (tolerance)*fmax(1, fabs(e_));                                                  \
    if (!(fabs(a_ - e_) <= t_) && !(a_ == e_) && !(isnan(a_) && isnan(e_)))                     \
      test_fail(__FILE__, __LINE__, "%s is %.17g, expected %.17g (± %g)", #actual, a_, e_, t_); \
  } while (0)
/* The call succeeds; its wf_error argument is shown when it does not. */
#define REQUIRE_OK(call, err)                                        \
  do {                                                               \
    if ((call) != WF_OK) {                                           \
      test_fail(__FILE__, __LINE__, "%s: %s", #call, (err).message); \
      test_leave();                                                  \
    }                                                                \
  } while (0)
/* The call fails with that status and a message that holds `part`. */
#define CHECK_FAILS(call, err, expected_status, part)                                           \
  do {                                                                                          \
    wf_status s_ = (call);                                                                      \
    if (s_ != (expected_status))                                                                \
      test_fail(__FILE__, __LINE__, "%s gives %s (%s), expected %s", #call, wf_status_name(s_), \
                s_ == WF_OK ? "" : (err).message, wf_status_name(expected_status));             \
    else if (!strstr((err).message, (part)))                                                    \
      test_fail(__FILE__, __LINE__, "%s: message \"%s\" lacks \"%s\"", #call, (err).message,    \
                (part));                                                                        \
  } while (0)

/* The same, at that place of the input. */
#define CHECK_FAILS_AT(call, err, expected_status, part, at_line, at_column) \
  do {                                                                       \
    CHECK_FAILS(call, err, expected_status, part);                           \
    CHECK_EQ_INT((err).line, at_line);                                       \
    CHECK_EQ_INT((err).column, at_column);                                   \
  } while (0)

/* Runs `body` (an expression that is true when everything succeeded, and frees what it made either
 * way) with the n-th and all later allocations failing, n = 0, 1, 2, …, until it succeeds; after
 * each round nothing may be left allocated. */
#define CHECK_OOM_SAFE(body)                                                         \
  do {                                                                               \
    long before_ = wf_alloc_live();                                                  \
    for (long n_ = 0;; n_++) {                                                       \
      wf_alloc_fail_after(n_);                                                       \
      bool done_ = (body);                                                           \
      wf_alloc_fail_after(-1);                                                       \
      if (wf_alloc_live() != before_) {                                              \
        test_fail(__FILE__, __LINE__, "allocation %ld failing leaks %ld blocks", n_, \
                  wf_alloc_live() - before_);                                        \
        break;                                                                       \
      }                                                                              \
      if (done_) break;                                                              \
    }                                                                                \
  } while (0)

#endif
