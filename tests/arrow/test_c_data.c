/* test_c_data.c — the C data interface both ways. */
#include "check.h"
#include "samples.h"

#include "wf/arrow.h"

#include <math.h>

TEST(c_data_round_trip_outlives_the_frame) {
  wf_error err;
  wf_frame *frame, *copy, *back;
  struct ArrowSchema schema;
  struct ArrowArray array;
  REQUIRE_OK(sample_frame(&frame, 100, 7, &err), err);
  REQUIRE_OK(sample_frame(&copy, 100, 7, &err), err);
  REQUIRE_OK(wf_arrow_export(frame, &schema, &array, &err), err);
  wf_frame_release(frame);
  CHECK_EQ_STR(schema.format, "+s");
  CHECK_EQ_INT(array.length, 100);
  REQUIRE_OK(wf_arrow_import(&back, &schema, &array, &err), err);
  CHECK(schema.release == NULL && array.release == NULL);
  CHECK(same_frame(copy, back));
  wf_frame_release(copy);
  wf_frame_release(back);
}

TEST(c_data_released_without_import) {
  wf_error err;
  wf_frame *frame;
  struct ArrowSchema schema;
  struct ArrowArray array;
  REQUIRE_OK(sample_frame(&frame, 10, 2, &err), err);
  REQUIRE_OK(wf_arrow_export(frame, &schema, &array, &err), err);
  array.release(&array);
  schema.release(&schema);
  CHECK(array.release == NULL && schema.release == NULL);
  wf_frame_release(frame);
}

static int released;
static void count_release_array(struct ArrowArray *array) {
  released++;
  array->release = NULL;
}
static void count_release_schema(struct ArrowSchema *schema) {
  released++;
  schema->release = NULL;
}

/* A foreign struct array of one child, offset by two rows. */
static void foreign(struct ArrowSchema *schema, struct ArrowArray *array, struct ArrowSchema *field,
                    struct ArrowArray *values, const char *format, const void **buffers,
                    int n_buffers) {
  static struct ArrowSchema *fields[1];
  static struct ArrowArray *children[1];
  static const void *none[1];
  fields[0] = field;
  children[0] = values;
  *field = (struct ArrowSchema){.format = format, .name = "x", .flags = ARROW_FLAG_NULLABLE};
  *values = (struct ArrowArray){
      .length = 6, .null_count = -1, .n_buffers = n_buffers, .buffers = buffers};
  *schema = (struct ArrowSchema){
      .format = "+s", .n_children = 1, .children = fields, .release = count_release_schema};
  *array = (struct ArrowArray){.length = 4,
                               .offset = 2,
                               .n_buffers = 1,
                               .buffers = none,
                               .n_children = 1,
                               .children = children,
                               .release = count_release_array};
  released = 0;
}

TEST(c_data_offsets_and_narrow_types) {
  wf_error err;
  wf_frame *frame;
  struct ArrowSchema schema, field;
  struct ArrowArray array, values;
  const uint8_t bits[] = {0x2f}; /* row 4 missing */
  const int16_t numbers[] = {10, 11, 12, 13, 14, 15};
  const void *buffers[] = {bits, numbers};
  foreign(&schema, &array, &field, &values, "s", buffers, 2);
  REQUIRE_OK(wf_arrow_import(&frame, &schema, &array, &err), err);
  const wf_column *x = wf_frame_column_at(frame, 0);
  CHECK_EQ_INT(wf_column_type(x), WF_I32);
  CHECK_EQ_INT(wf_column_count(x), 4);
  CHECK_EQ_INT(wf_column_integer_at(x, 0), 12);
  CHECK(wf_column_is_missing(x, 2));
  CHECK_EQ_INT(wf_column_integer_at(x, 3), 15);
  CHECK_EQ_INT(released, 2); /* converted, so nothing of theirs is held */
  wf_frame_release(frame);
}

TEST(c_data_halves_and_decimals) {
  wf_error err;
  wf_frame *frame = NULL;
  struct ArrowSchema schema, field;
  struct ArrowArray array, values;
  const uint16_t halves[] = {0, 0, 0x3c00, 0x8001, 0xfc00, 0x7bff};
  const void *buffers[] = {NULL, halves};
  foreign(&schema, &array, &field, &values, "e", buffers, 2);
  REQUIRE_OK(wf_arrow_import(&frame, &schema, &array, &err), err);
  static const double expected[] = {1, -0x1p-24, -INFINITY, 65504};
  CHECK_EQ_INT(wf_column_type(wf_frame_column_at(frame, 0)), WF_F32);
  for (size_t i = 0; i < 4; i++)
    CHECK_SAME(wf_column_number_at(wf_frame_column_at(frame, 0), i), expected[i]);
  wf_frame_release(frame);
  const int64_t decimals[] = {0, 0, 0, 0, 12345, 0, -1, -1, 0, INT64_MIN, 1, 0};
  buffers[1] = decimals;
  foreign(&schema, &array, &field, &values, "d:38,2", buffers, 2);
  REQUIRE_OK(wf_arrow_import(&frame, &schema, &array, &err), err);
  static const double numbers[] = {123.45, -0.01, -0x1p127 / 100, 0.01};
  for (size_t i = 0; i < 4; i++)
    CHECK_SAME(wf_column_number_at(wf_frame_column_at(frame, 0), i), numbers[i]);
  wf_frame_release(frame);
  foreign(&schema, &array, &field, &values, "d:38,-3", buffers, 2);
  REQUIRE_OK(wf_arrow_import(&frame, &schema, &array, &err), err);
  CHECK_SAME(wf_column_number_at(wf_frame_column_at(frame, 0), 0), 12345000);
  wf_frame_release(frame);
  foreign(&schema, &array, &field, &values, "d:50,2,256", buffers, 2);
  CHECK_FAILS(wf_arrow_import(&frame, &schema, &array, &err), err, WF_UNSUPPORTED, "d:50,2,256");
}

TEST(c_data_short_text) {
  wf_error err;
  wf_frame *frame;
  struct ArrowSchema schema, field;
  struct ArrowArray array, values;
  const int32_t offsets[] = {0, 1, 2, 5, 5, 8, 9};
  const void *buffers[] = {NULL, offsets, "abCDEfghi"};
  foreign(&schema, &array, &field, &values, "u", buffers, 3);
  REQUIRE_OK(wf_arrow_import(&frame, &schema, &array, &err), err);
  size_t size;
  const char *text = wf_column_text_at(wf_frame_column_at(frame, 0), 0, &size);
  CHECK(size == 3 && memcmp(text, "CDE", 3) == 0);
  wf_frame_release(frame);
}

TEST(c_data_failure_leaves_the_structs_alone) {
  wf_error err;
  wf_frame *frame;
  struct ArrowSchema schema, field;
  struct ArrowArray array, values;
  const void *buffers[] = {NULL, NULL};
  foreign(&schema, &array, &field, &values, "+l", buffers, 2);
  CHECK_FAILS(wf_arrow_import(&frame, &schema, &array, &err), err, WF_UNSUPPORTED, "'x'");
  CHECK(schema.release != NULL && array.release != NULL);
  CHECK_EQ_INT(released, 0);
}

TEST(c_data_time_units) {
  wf_error err;
  wf_frame *frame;
  struct ArrowSchema schema, field;
  struct ArrowArray array, values;
  const int64_t nanos[] = {0, 0, 1500, -1, 2000, 0};
  const void *buffers[] = {NULL, nanos};
  foreign(&schema, &array, &field, &values, "tsn:", buffers, 2);
  REQUIRE_OK(wf_arrow_import(&frame, &schema, &array, &err), err);
  const wf_column *x = wf_frame_column_at(frame, 0);
  CHECK_EQ_INT(wf_column_type(x), WF_TIMESTAMP);
  CHECK_EQ_INT(wf_column_integer_at(x, 0), 1);
  CHECK_EQ_INT(wf_column_integer_at(x, 1), -1);
  CHECK_EQ_INT(wf_column_integer_at(x, 2), 2);
  wf_frame_release(frame);
}

static bool export_and_import(const wf_frame *frame) {
  struct ArrowSchema schema;
  struct ArrowArray array;
  wf_frame *back;
  if (wf_arrow_export(frame, &schema, &array, NULL) != WF_OK) return false;
  if (wf_arrow_import(&back, &schema, &array, NULL) == WF_OK) {
    wf_frame_release(back);
    return true;
  }
  array.release(&array);
  schema.release(&schema);
  return false;
}

TEST(c_data_out_of_memory) {
  wf_error err;
  wf_frame *frame;
  REQUIRE_OK(sample_frame(&frame, 30, 4, &err), err);
  CHECK_OOM_SAFE(export_and_import(frame));
  wf_frame_release(frame);
}
