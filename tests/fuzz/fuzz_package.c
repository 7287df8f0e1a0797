/* fuzz_package.c — model packages: whole ones, the tar within, and the members within that.
 *
 * Checksums and digests stop nearly every mutation of a whole package, so the input is taken by its
 * look: gzip bytes are a package; text parted by two record separators (0x1e) is schema, recipe and
 * booster, for which a manifest is made that agrees; anything else is a tar archive to be
 * compressed. What is accepted must predict, and pack to bytes that unpack again. */
#include "model/manifest.h"
#include "wf/model.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { N_MEMBERS = 4, ROWS = 3, MOST = 1000, SEPARATOR = 0x1e };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition) {
  if (!condition) abort();
}

/* Three rows of every feature. */
static wf_frame *encoded_rows(const wf_recipe *recipe) {
  static const double values[ROWS] = {0, 1.5, -1e30};
  static const uint8_t present[ROWS] = {1, 1, 0};
  size_t n = wf_recipe_output_count(recipe);
  const char **names = malloc((n + 1) * sizeof *names);
  wf_column **columns = malloc((n + 1) * sizeof *columns), *column = NULL;
  wf_frame *frame = NULL;
  require(names && columns);
  require(wf_column_from_f64(&column, values, present, ROWS, NULL) == WF_OK);
  for (size_t i = 0; i < n; i++) {
    names[i] = wf_recipe_output_name(recipe, i);
    columns[i] = column;
  }
  if (wf_frame_new(&frame, names, columns, n, NULL) != WF_OK) frame = NULL;
  wf_column_release(column);
  free(names);
  free(columns);
  return frame;
}

static void predict(const wf_model *model) {
  const wf_forest *forest = wf_model_forest(model);
  size_t n_outputs = wf_forest_output_count(forest, WF_PREDICT_VALUE);
  if (n_outputs > MOST || wf_forest_feature_count(forest) > MOST) return;
  wf_frame *frame = encoded_rows(wf_model_recipe(model));
  if (!frame) return;
  float *out = malloc((n_outputs + 1) * ROWS * sizeof *out);
  require(out != NULL);
  wf_error err = WF_ERROR_INIT;
  wf_predict_options options = {.kind = WF_PREDICT_VALUE, .n_threads = 1};
  wf_status status = wf_model_predict(model, frame, &options, out, &err);
  require(status == WF_OK || err.message[0] != '\0');
  free(out);
  wf_frame_release(frame);
}

static void pack_again(const wf_model *model) {
  char *first = NULL, *second = NULL;
  size_t n_first, n_second;
  wf_model *copy = NULL;
  require(wf_model_pack(&first, &n_first, model, NULL) == WF_OK);
  require(wf_model_unpack(&copy, first, n_first, NULL) == WF_OK);
  require(wf_model_pack(&second, &n_second, copy, NULL) == WF_OK);
  require(n_first == n_second && memcmp(first, second, n_first) == 0);
  wf_model_release(copy);
  wf_text_free(first);
  wf_text_free(second);
}

static void try_package(const void *bytes, size_t size) {
  wf_model *model = NULL;
  wf_error err = WF_ERROR_INIT;
  if (wf_model_unpack(&model, bytes, size, &err) != WF_OK) {
    require(!model && err.message[0] != '\0');
    return;
  }
  predict(model);
  pack_again(model);
  wf_model_release(model);
}

static void try_tar(const uint8_t *data, size_t size) {
  z_stream stream = {0};
  require(deflateInit2(&stream, 1, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  size_t bound = deflateBound(&stream, size);
  unsigned char *packed = malloc(bound);
  require(packed != NULL);
  stream.next_in = (z_const Bytef *)data;
  stream.avail_in = (unsigned)size;
  stream.next_out = packed;
  stream.avail_out = (unsigned)bound;
  require(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  try_package(packed, bound - stream.avail_out);
  deflateEnd(&stream);
  free(packed);
}

/* Cuts the next member off the front of the text. */
static wf_member cut(const char *name, const uint8_t **data, size_t *size) {
  const uint8_t *end = memchr(*data, SEPARATOR, *size);
  size_t n = end ? (size_t)(end - *data) : *size;
  wf_member member = {name, malloc(n + 1), n};
  require(member.data != NULL);
  memcpy(member.data, *data, n);
  size_t skipped = end ? n + 1 : n;
  *data += skipped;
  *size -= skipped;
  return member;
}

static void try_members(const uint8_t *data, size_t size) {
  wf_member members[N_MEMBERS] = {{"manifest.json", NULL, 0}};
  char *packed = NULL;
  size_t packed_size;
  members[1] = cut("schema.json", &data, &size);
  members[2] = cut("recipe.json", &data, &size);
  members[3] = cut("xgboost-model", &data, &size);
  require(wf_manifest_format(&members[0].data, &members[0].size, &members[1], N_MEMBERS - 1, "{}",
                             NULL) == WF_OK);
  require(wf_tarball_pack(&packed, &packed_size, members, N_MEMBERS, NULL) == WF_OK);
  try_package(packed, packed_size);
  wf_text_free(packed);
  wf_text_free(members[0].data);
  for (int i = 1; i < N_MEMBERS; i++) free(members[i].data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size >= 2 && data[0] == 0x1f && data[1] == 0x8b)
    try_package(data, size);
  else if (size > 0 && memchr(data, SEPARATOR, size))
    try_members(data, size);
  else
    try_tar(data, size);
  return 0;
}
