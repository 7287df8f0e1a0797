/* test_ipc.c — frames through Arrow IPC files: round trips, other writers' files, damage. */
#include "check.h"
#include "samples.h"

#include "base/file.h"
#include "base/packed.h"
#include "base/random.h"
#include "frame/column.h"
#include "wf/arrow.h"

#include <math.h>

static void check_round_trip(size_t n_rows, size_t gap) {
  wf_error err;
  wf_frame *frame, *back;
  char *bytes, *again;
  size_t size, size_again;
  REQUIRE_OK(sample_frame(&frame, n_rows, gap, &err), err);
  REQUIRE_OK(wf_arrow_format(&bytes, &size, frame, &err), err);
  REQUIRE_OK(wf_arrow_parse(&back, bytes, size, &err), err);
  CHECK(same_frame(frame, back));
  REQUIRE_OK(wf_arrow_format(&again, &size_again, back, &err), err);
  CHECK(size == size_again && memcmp(bytes, again, size) == 0);
  wf_text_free(bytes);
  wf_text_free(again);
  wf_frame_release(frame);
  wf_frame_release(back);
}

TEST(ipc_round_trips) {
  const size_t sizes[] = {0, 1, 7, 8, 9, 63, 64, 65, 1000};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    check_round_trip(sizes[i], 0);
    check_round_trip(sizes[i], 1);
    check_round_trip(sizes[i], 3);
  }
}

/* What is stored from where it lies is what format gives. */
TEST(ipc_stored_objects) {
  wf_error err = WF_ERROR_INIT;
  wf_store *store;
  REQUIRE_OK(wf_store_open(&store, test_path("objects"), &err), err);
  const size_t sizes[] = {0, 9, 100000}; /* the last one is hashed while it is written */
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    wf_frame *frame;
    char *bytes, *stored, digest[65];
    size_t size, stored_size;
    REQUIRE_OK(sample_frame(&frame, sizes[i], 3, &err), err);
    REQUIRE_OK(wf_arrow_format(&bytes, &size, frame, &err), err);
    REQUIRE_OK(wf_arrow_store(digest, store, frame, &err), err);
    REQUIRE_OK(wf_store_get(&stored, &stored_size, store, digest, &err), err);
    CHECK(size == stored_size && memcmp(bytes, stored, size) == 0);
    wf_text_free(bytes);
    wf_text_free(stored);
    wf_frame_release(frame);
  }
  wf_store_close(store);
}

TEST(ipc_frame_without_columns) {
  wf_error err;
  wf_frame *frame, *back;
  char *bytes;
  size_t size;
  REQUIRE_OK(wf_frame_new(&frame, NULL, NULL, 0, &err), err);
  REQUIRE_OK(wf_arrow_format(&bytes, &size, frame, &err), err);
  REQUIRE_OK(wf_arrow_parse(&back, bytes, size, &err), err);
  CHECK_EQ_INT(wf_frame_column_count(back), 0);
  wf_text_free(bytes);
  wf_frame_release(frame);
  wf_frame_release(back);
}

TEST(ipc_file_is_mapped_and_outlives_its_name) {
  wf_error err;
  wf_frame *frame, *back;
  const char *path = test_path("frame.arrow");
  REQUIRE_OK(sample_frame(&frame, 500, 5, &err), err);
  REQUIRE_OK(wf_arrow_write(frame, path, &err), err);
  REQUIRE_OK(wf_arrow_read(&back, path, &err), err);
  remove(path);
  CHECK(same_frame(frame, back));
  const wf_column *number = wf_frame_column_at(back, WF_F64);
  CHECK(number->data->dispose != NULL); /* borrowed, not copied */
  CHECK_EQ_INT((uintptr_t)number->data->data % 64, 0);
  wf_frame_release(frame);
  wf_frame_release(back);
}

TEST(ipc_bad_files_are_refused_by_name) {
  wf_error err;
  wf_frame *frame;
  CHECK_FAILS(wf_arrow_read(&frame, test_path("absent.arrow"), &err), err, WF_NOTFOUND,
              "absent.arrow");
  CHECK_FAILS(wf_arrow_read(&frame, test_dir(), &err), err, WF_IO, "directory");
  CHECK_FAILS(wf_arrow_read(&frame, test_write("empty", "", 0), &err), err, WF_PARSE, "empty");
  CHECK_FAILS(wf_arrow_read(&frame, test_write("text", "a,b\n1,2\n and more", 17), &err), err,
              WF_PARSE, "not an Arrow IPC file");
  CHECK_FAILS(wf_arrow_read(&frame, test_write("cut", "ARROW1\0\0 and nothing else", 25), &err),
              err, WF_CORRUPT, "cut short");
}

/* Reads damaged bytes; whatever is accepted must be safe to use. */
static void use(const char *bytes, size_t size) {
  wf_error err;
  wf_frame *frame;
  char *text;
  if (wf_arrow_parse(&frame, bytes, size, &err) != WF_OK) return;
  size_t text_size;
  if (wf_arrow_format(&text, &text_size, frame, &err) == WF_OK) wf_text_free(text);
  wf_frame_release(frame);
}

TEST(ipc_damage_never_crashes) {
  wf_error err;
  wf_frame *frame;
  char *bytes;
  size_t size;
  REQUIRE_OK(sample_frame(&frame, 20, 4, &err), err);
  REQUIRE_OK(wf_arrow_format(&bytes, &size, frame, &err), err);
  wf_frame_release(frame);
  for (size_t cut = 0; cut < size; cut += 1 + cut % 3) use(bytes, cut);
  wf_random random;
  wf_random_seed(&random, 7, 0);
  for (int round = 0; round < 20000; round++) {
    size_t at[3];
    char before[3];
    int n = 1 + (int)wf_random_below(&random, 3);
    for (int i = 0; i < n; i++) {
      at[i] = wf_random_below(&random, size);
      before[i] = bytes[at[i]];
      bytes[at[i]] = (char)wf_random_below(&random, 256);
    }
    use(bytes, size);
    while (n--) bytes[at[n]] = before[n];
  }
  wf_text_free(bytes);
}

static bool write_and_read(const wf_frame *frame) {
  char *bytes;
  size_t size;
  wf_frame *back;
  if (wf_arrow_format(&bytes, &size, frame, NULL) != WF_OK) return false;
  bool done = wf_arrow_parse(&back, bytes, size, NULL) == WF_OK;
  if (done) wf_frame_release(back);
  wf_text_free(bytes);
  return done;
}

TEST(ipc_out_of_memory) {
  wf_error err;
  wf_frame *frame;
  REQUIRE_OK(sample_frame(&frame, 30, 4, &err), err);
  CHECK_OOM_SAFE(write_and_read(frame));
  wf_frame_release(frame);
}

/* A file of apache-arrow for JavaScript: a dictionary column without a batch or a dictionary. */
TEST(ipc_category_without_dictionary) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f = NULL;
  const char *path = test_source("tests/fuzz/corpus/arrow/empty_dictionary");
  REQUIRE_OK(wf_arrow_read(&f, path, &err), err);
  CHECK_EQ_INT(wf_frame_row_count(f), 0);
  CHECK_EQ_INT(wf_column_type(wf_frame_column_at(f, 0)), WF_CATEGORY);
  CHECK_EQ_INT(wf_column_count(wf_column_dictionary(wf_frame_column_at(f, 0))), 0);
  wf_frame_release(f);
}

/* Polars' files of { i = 0 … 999, w = "a" or "b" or missing } with compressed buffers. */
static void check_compressed(const char *name) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f = NULL;
  char *bytes = NULL;
  size_t size = 0;
  REQUIRE_OK(wf_file_read(test_source(name), 0, &bytes, &size, &err), err);
  wf_status status = wf_arrow_parse(&f, bytes, size, &err);
  if (status == WF_UNSUPPORTED) {
    wf_free(bytes);
    SKIP("%s", err.message);
  }
  REQUIRE_OK(status, err);
  CHECK_EQ_INT(wf_frame_row_count(f), 1000);
  CHECK_EQ_INT(wf_column_integer_at(wf_frame_column_at(f, 0), 999), 999);
  CHECK(wf_column_is_missing(wf_frame_column_at(f, 1), 2));
  size_t n = 0;
  CHECK(wf_column_text_at(wf_frame_column_at(f, 1), 1, &n)[0] == 'b' && n == 1);
  wf_frame_release(f);
  for (size_t cut = 0; cut < size; cut += 97) { /* damage ends in an error or in another frame */
    bytes[cut] ^= 0x40;
    f = NULL;
    if (wf_arrow_parse(&f, bytes, size, NULL) == WF_OK) wf_frame_release(f);
    bytes[cut] ^= 0x40;
  }
  wf_free(bytes);
}

TEST(ipc_zstd_buffers) { check_compressed("tests/fuzz/corpus/arrow/polars_zstd"); }
TEST(ipc_lz4_buffers) { check_compressed("tests/fuzz/corpus/arrow/polars_lz4"); }

static bool read_compressed(const char *bytes, size_t size) {
  wf_frame *f = NULL;
  wf_status status = wf_arrow_parse(&f, bytes, size, NULL);
  wf_frame_release(f);
  return status == WF_OK || status == WF_UNSUPPORTED;
}

TEST(ipc_compressed_out_of_memory) {
  wf_error err = WF_ERROR_INIT;
  char *bytes = NULL;
  size_t size = 0;
  const char *path = test_source("tests/fuzz/corpus/arrow/polars_zstd");
  REQUIRE_OK(wf_file_read(path, 0, &bytes, &size, &err), err);
  CHECK_OOM_SAFE(read_compressed(bytes, size));
  wf_free(bytes);
}

/* The whole file compressed. */
TEST(ipc_compressed_file) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *frame = NULL, *back = NULL;
  REQUIRE_OK(sample_frame(&frame, 100, 7, &err), err);
  char *bytes = NULL;
  size_t size = 0;
  REQUIRE_OK(wf_arrow_format(&bytes, &size, frame, &err), err);
  wf_bytes packed = {0};
  wf_part part;
  REQUIRE_OK(wf_pack_part(&packed, WF_PACKING_GZIP, true, &part, bytes, size, &err), err);
  wf_pack_end(&packed, WF_PACKING_GZIP, &part);
  const char *path = test_write("x.arrow.gz", packed.data, packed.size);
  wf_bytes_dispose(&packed);
  wf_text_free(bytes);
  REQUIRE_OK(wf_arrow_read(&back, path, &err), err);
  CHECK(same_frame(frame, back));
  wf_frame_release(frame);
  wf_frame_release(back);
}

/* ---- streams, and types that frames have not ---------------------------------------------------
 */

/* A file without its beginning and its footer is a stream. */
TEST(ipc_streams) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *frame = NULL, *back = NULL;
  char *bytes;
  size_t size;
  int32_t footer;
  REQUIRE_OK(sample_frame(&frame, 100, 7, &err), err);
  REQUIRE_OK(wf_arrow_format(&bytes, &size, frame, &err), err);
  memcpy(&footer, bytes + size - 10, 4);
  size_t n = size - 8 - 10 - (size_t)footer;
  REQUIRE_OK(wf_arrow_parse(&back, bytes + 8, n, &err), err);
  CHECK(same_frame(frame, back));
  wf_frame_release(back);
  REQUIRE_OK(wf_arrow_parse(&back, bytes + 8, n - 8, &err), err); /* its end need not be said */
  CHECK(same_frame(frame, back));
  wf_frame_release(back);
  back = NULL;
  for (size_t cut = 4; cut < n - 8; cut += 13) {
    wf_status status = wf_arrow_parse(&back, bytes + 8, cut, &err);
    if (status == WF_OK) wf_frame_release(back); /* between two messages */
    if (status != WF_OK) CHECK_EQ_INT(status, WF_CORRUPT);
  }
  wf_text_free(bytes);
  wf_frame_release(frame);
}

static const char *const familiar[] = {"last", "word", "half", "price", "id", "nothing"};

static void check_familiar(const char *name, size_t n_rows) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f = NULL;
  const char *path = test_source(name);
  CHECK_FAILS(wf_arrow_read(&f, path, &err), err, WF_UNSUPPORTED,
              "column 'list': a type that frames do not have (list)");
  CHECK_FAILS(wf_arrow_read_columns(&f, path, (const char *[]){"prise"}, 1, &err), err, WF_NOTFOUND,
              "there is no column 'prise'; did you mean 'price'?");
  CHECK_FAILS(wf_arrow_read_columns(&f, path, (const char *[]){"id", "id"}, 2, &err), err,
              WF_INVALID, "asked for twice");
  REQUIRE_OK(wf_arrow_read_columns(&f, path, familiar, 6, &err), err);
  CHECK_EQ_INT(wf_frame_row_count(f), n_rows);
  CHECK_EQ_STR(wf_frame_name_at(f, 2), "half");
  static const double halves[] = {0, 1.5, 0, -0.0999755859375, 65504, INFINITY};
  static const double prices[] = {0.01, -123.45, 0, 1e18, 0, -0.01};
  static const char words[] = "xy-zx-";
  const wf_column *word = wf_frame_column_at(f, 1), *half = wf_frame_column_at(f, 2),
                  *price = wf_frame_column_at(f, 3), *last = wf_frame_column_at(f, 0);
  CHECK_EQ_INT(wf_column_type(half), WF_F32);
  CHECK_EQ_INT(wf_column_type(price), WF_F64);
  CHECK_EQ_INT(wf_column_type(word), WF_CATEGORY);
  for (size_t i = 0; i < n_rows; i++) {
    size_t size;
    CHECK_EQ_INT(wf_column_is_missing(half, i), i == 2);
    CHECK_EQ_INT(wf_column_is_missing(price, i), i == 2);
    if (i != 2) CHECK_SAME(wf_column_number_at(half, i), halves[i]);
    if (i != 2) CHECK_SAME(wf_column_number_at(price, i), prices[i]);
    CHECK_EQ_INT(wf_column_is_missing(word, i), words[i] == '-');
    if (words[i] != '-') CHECK_EQ_INT(*wf_column_text_at(word, i, &size), words[i]);
    CHECK_EQ_INT(wf_column_text_at(last, i, &size)[4], '0' + (int)i);
  }
  wf_frame_release(f);
}

TEST(ipc_columns_beside_foreign_ones) {
  check_familiar("tests/fuzz/corpus/arrow/foreign_file", 3);
  check_familiar("tests/fuzz/corpus/arrow/foreign_stream", 6);
}

TEST(ipc_damage_beside_foreign_columns) {
  wf_error err = WF_ERROR_INIT;
  char *bytes = NULL;
  size_t size = 0;
  const char *path = test_source("tests/fuzz/corpus/arrow/foreign_stream");
  REQUIRE_OK(wf_file_read(path, 0, &bytes, &size, &err), err);
  for (size_t i = 0; i < size; i++) {
    for (int bit = 0; bit < 8; bit += 3) {
      wf_frame *f = NULL;
      bytes[i] ^= (char)(1 << bit);
      if (wf_arrow_parse_columns(&f, bytes, size, familiar, 6, NULL) == WF_OK) wf_frame_release(f);
      bytes[i] ^= (char)(1 << bit);
    }
  }
  wf_free(bytes);
}

static bool read_familiar(const char *bytes, size_t size) {
  wf_frame *f = NULL;
  bool ok = wf_arrow_parse_columns(&f, bytes, size, familiar, 6, NULL) == WF_OK;
  wf_frame_release(f);
  return ok;
}

TEST(ipc_stream_out_of_memory) {
  wf_error err = WF_ERROR_INIT;
  char *bytes = NULL;
  size_t size = 0;
  const char *path = test_source("tests/fuzz/corpus/arrow/foreign_stream");
  REQUIRE_OK(wf_file_read(path, 0, &bytes, &size, &err), err);
  CHECK_OOM_SAFE(read_familiar(bytes, size));
  wf_free(bytes);
}

TEST(ipc_other_formats_are_named) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *f = NULL;
  CHECK_FAILS(wf_arrow_parse(&f, "PAR1....PAR1", 12, &err), err, WF_UNSUPPORTED, "Parquet");
  CHECK_FAILS(wf_arrow_parse(&f, "FEA1....FEA1", 12, &err), err, WF_UNSUPPORTED, "Feather");
}
