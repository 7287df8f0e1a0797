#include "check.h"

#include "frame/builder.h"
#include "frame/column.h"

#include <stdlib.h>

TEST(column_from_values_with_missing) {
  wf_error err = WF_ERROR_INIT;
  wf_column *c;
  REQUIRE_OK(wf_column_from_f64(&c, (double[]){1.5, 9, NAN}, (uint8_t[]){1, 0, 1}, 3, &err), err);
  CHECK_EQ_INT(wf_column_count(c), 3);
  CHECK_EQ_INT(wf_column_missing_count(c), 1);
  CHECK_SAME(wf_column_number_at(c, 0), 1.5);
  CHECK(wf_column_is_missing(c, 1));
  CHECK(!wf_column_is_missing(c, 2)); /* a NaN is a value */
  CHECK_SAME(wf_column_f64(c)[1], 0); /* missing rows hold 0 */
  CHECK_EQ_INT((uintptr_t)c->data->data % WF_ALIGNMENT, 0);
  wf_column_release(c);
}

TEST(column_without_missing_has_no_bitmap) {
  wf_error err = WF_ERROR_INIT;
  wf_column *c;
  REQUIRE_OK(wf_column_from_i64(&c, (int64_t[]){1, 2}, (uint8_t[]){1, 1}, 2, &err), err);
  CHECK(c->validity == NULL);
  wf_column_release(c);
}

TEST(column_strings) {
  wf_error err = WF_ERROR_INIT;
  wf_column *c;
  REQUIRE_OK(wf_column_from_strings(&c, (const char *[]){"ab", NULL, "", "xyz"}, 4, &err), err);
  size_t size = 9;
  CHECK(memcmp(wf_column_text_at(c, 0, &size), "ab", 2) == 0);
  CHECK_EQ_INT(size, 2);
  CHECK(wf_column_text_at(c, 1, &size) == NULL);
  CHECK(wf_column_text_at(c, 2, &size) != NULL);
  CHECK_EQ_INT(size, 0);
  CHECK_EQ_INT(wf_column_missing_count(c), 1);
  wf_column_release(c);
}

TEST(column_of_bytes_that_are_no_text) {
  wf_error err = WF_ERROR_INIT;
  wf_column *c;
  CHECK_FAILS(wf_column_from_strings(&c, (const char *[]){NULL, "a", "b\xff"}, 3, &err), err,
              WF_INVALID, "row 3: the text is not UTF-8 from byte 2 on");
}

TEST(column_of_no_rows) {
  wf_error err = WF_ERROR_INIT;
  wf_column *a, *b;
  REQUIRE_OK(wf_column_from_strings(&a, NULL, 0, &err), err);
  REQUIRE_OK(wf_column_cast(&b, a, WF_F64, &err), err);
  CHECK_EQ_INT(wf_column_count(b), 0);
  wf_column_release(a);
  wf_column_release(b);
}

TEST(type_names_round_trip) {
  for (int t = WF_F64; t <= WF_TIMESTAMP; t++) {
    wf_type found = WF_F64;
    CHECK(wf_type_find(wf_type_name((wf_type)t), &found));
    CHECK_EQ_INT(found, t);
  }
  wf_type untouched = WF_I32;
  CHECK(!wf_type_find("double", &untouched));
  CHECK_EQ_INT(untouched, WF_I32);
}

static bool build(wf_type type, int n, wf_column **out, wf_error *err) {
  wf_builder *builder;
  if (wf_builder_new(&builder, type, err) != WF_OK) return false;
  for (int i = 0; i < n; i++) {
    char text[16];
    snprintf(text, sizeof text, "v%d", i % 3);
    wf_status status;
    if (i % 5 == 4)
      status = wf_builder_add_missing(builder, err);
    else if (wf_type_is_text(type))
      status = wf_builder_add_text(builder, wf_view_of(text), err);
    else if (wf_type_is_integer(type))
      status = wf_builder_add_i64(builder, i % 2, err);
    else
      status = wf_builder_add_f64(builder, i + 0.5, err);
    if (status != WF_OK) {
      wf_builder_free(builder);
      return false;
    }
  }
  return wf_builder_finish(builder, out, err) == WF_OK;
}

TEST(builder_every_type) {
  wf_error err = WF_ERROR_INIT;
  for (int t = WF_F64; t <= WF_TIMESTAMP; t++) {
    wf_column *c;
    REQUIRE(build((wf_type)t, 23, &c, &err));
    CHECK_EQ_INT(wf_column_type(c), t);
    CHECK_EQ_INT(wf_column_count(c), 23);
    CHECK_EQ_INT(wf_column_missing_count(c), 4);
    CHECK(wf_column_is_missing(c, 14));
    size_t size;
    if (wf_type_is_text((wf_type)t)) {
      CHECK(memcmp(wf_column_text_at(c, 7, &size), "v1", 2) == 0);
      CHECK_EQ_INT(size, 2);
    } else {
      CHECK_SAME(wf_column_number_at(c, 7), wf_type_is_integer((wf_type)t) ? 1 : 7.5);
      CHECK_SAME(wf_column_number_at(c, 4), NAN);
    }
    wf_column_release(c);
  }
}

TEST(builder_category_dictionary) {
  wf_error err = WF_ERROR_INIT;
  wf_column *c;
  REQUIRE(build(WF_CATEGORY, 23, &c, &err));
  CHECK_EQ_INT(wf_column_count(wf_column_dictionary(c)), 3);
  CHECK_EQ_INT(wf_column_code_at(c, 5), 2);
  CHECK_EQ_INT(wf_column_code_at(c, 4), -1);
  wf_column_release(c);
}

static bool build_and_release(wf_type type) {
  wf_column *c;
  if (!build(type, 40, &c, NULL)) return false;
  wf_column_release(c);
  return true;
}

TEST(builder_out_of_memory) {
  CHECK_OOM_SAFE(build_and_release(WF_CATEGORY));
  CHECK_OOM_SAFE(build_and_release(WF_STRING));
  CHECK_OOM_SAFE(build_and_release(WF_BOOL));
}

TEST(builder_i32_range) {
  wf_error err = WF_ERROR_INIT;
  wf_builder *builder;
  REQUIRE_OK(wf_builder_new(&builder, WF_I32, &err), err);
  CHECK_FAILS(wf_builder_add_i64(builder, INT64_C(1) << 40, &err), err, WF_TYPE, "row 1");
  CHECK_EQ_INT(wf_builder_count(builder), 0);
  wf_builder_free(builder);
}
