#include "base/bytes.h"

#include "check.h"

TEST(views_compare_by_bytes) {
  CHECK(wf_view_equal(WF_VIEW("abc"), wf_view_of("abc")));
  CHECK(!wf_view_equal(WF_VIEW("abc"), WF_VIEW("abd")));
  CHECK(!wf_view_equal(WF_VIEW("abc"), WF_VIEW("ab")));
  CHECK(wf_view_equal(WF_VIEW("a\0b"), (wf_view){"a\0b", 3}));
  CHECK(!wf_view_equal(WF_VIEW("a\0b"), WF_VIEW("a\0c")));
  CHECK(wf_view_equal((wf_view){NULL, 0}, WF_VIEW("")));
}

TEST(bytes_are_added_and_terminated) {
  wf_bytes b = {0};
  wf_bytes_text(&b, "one");
  CHECK_EQ_STR(b.data, "one");
  wf_bytes_char(&b, ' ');
  wf_bytes_add(&b, "t\0wo", 4);
  CHECK_EQ_INT(b.size, 8);
  CHECK(memcmp(b.data, "one t\0wo", 9) == 0);
  wf_bytes_add(&b, NULL, 0);
  CHECK_EQ_INT(b.size, 8);
  wf_bytes_clear(&b);
  CHECK_EQ_INT(b.size, 0);
  CHECK_EQ_STR(b.data, "");
  wf_bytes_format(&b, "%d-%s", 42, "x");
  CHECK_EQ_STR(b.data, "42-x");
  wf_bytes_dispose(&b);
  CHECK(b.data == NULL && b.size == 0 && b.capacity == 0);
  wf_bytes_dispose(&b);
}

/* Every length around the sizes at which the buffer grows. */
TEST(bytes_grow) {
  wf_bytes b = {0};
  for (size_t i = 0; i < 1000; i++) {
    wf_bytes_char(&b, (char)('a' + i % 26));
    REQUIRE(b.size == i + 1 && b.data[b.size] == '\0' && b.capacity > b.size);
  }
  for (size_t i = 0; i < 1000; i++) REQUIRE(b.data[i] == (char)('a' + i % 26));
  wf_bytes_format(&b, "%5000d", 1);
  CHECK_EQ_INT(b.size, 6000);
  CHECK_EQ_STR(b.data + 5999, "1");
  wf_bytes_dispose(&b);
}

TEST(taking_hands_the_memory_over) {
  wf_bytes b = {0};
  char *data = NULL;
  size_t size = 77;
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_bytes_take(&b, &data, &size, &err), err); /* nothing added: empty text */
  CHECK_EQ_STR(data, "");
  CHECK_EQ_INT(size, 0);
  wf_free(data);
  wf_bytes_text(&b, "kept");
  REQUIRE_OK(wf_bytes_take(&b, &data, NULL, &err), err);
  CHECK_EQ_STR(data, "kept");
  CHECK(b.data == NULL && b.size == 0);
  wf_free(data);
}

TEST(a_failed_buffer_says_so_once_taken) {
  wf_bytes b = {0};
  char *data = (char *)&b;
  size_t size = 77;
  wf_error err = WF_ERROR_INIT;
  wf_bytes_text(&b, "before");
  CHECK(!wf_bytes_reserve(&b, SIZE_MAX));
  CHECK(!wf_bytes_reserve(&b, SIZE_MAX - 7));
  wf_bytes_text(&b, "after"); /* dropped */
  CHECK_EQ_STR(b.data, "before");
  CHECK_FAILS(wf_bytes_take(&b, &data, &size, &err), err, WF_NOMEM, "memory");
  CHECK(data == (char *)&b && size == 77 && b.data == NULL);
}

static bool build_text(void) {
  wf_bytes b = {0};
  char *data;
  wf_error err;
  for (int i = 0; i < 200; i++) wf_bytes_format(&b, "%d,", i);
  if (wf_bytes_take(&b, &data, NULL, &err) != WF_OK) return false;
  CHECK(strncmp(data, "0,1,2,", 6) == 0 && strlen(data) == 690);
  wf_free(data);
  return true;
}

TEST(bytes_survive_missing_memory) { CHECK_OOM_SAFE(build_text()); }
