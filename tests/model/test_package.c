/* test_package.c — packing, unpacking, and every way in which a package can be wrong. */
#include "package.h"

#include "base/file.h"
#include "base/random.h"
#include "tiny.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

TEST(package_is_the_same_bytes_every_time) {
  wf_model *one = tiny_model("tiny"), *two = tiny_model("tiny"), *three;
  char *a, *b, *c, digest[65], again[65];
  size_t a_size, b_size, c_size;
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_model_pack(&a, &a_size, one, &err), err);
  REQUIRE_OK(wf_model_pack(&b, &b_size, two, &err), err);
  CHECK(a_size == b_size && memcmp(a, b, a_size) == 0);
  REQUIRE_OK(wf_model_unpack(&three, a, a_size, &err), err);
  REQUIRE_OK(wf_model_pack(&c, &c_size, three, &err), err);
  CHECK(a_size == c_size && memcmp(a, c, a_size) == 0);
  REQUIRE_OK(wf_model_digest(digest, one, &err), err);
  REQUIRE_OK(wf_model_digest(again, three, &err), err);
  CHECK_EQ_STR(again, digest);
  wf_text_free(a);
  wf_text_free(b);
  wf_text_free(c);
  wf_model_release(one);
  wf_model_release(two);
  wf_model_release(three);
}

TEST(package_round_trip_predicts_the_same) {
  static const char *const classes[] = {"low", "mid", "high"};
  wf_error err = WF_ERROR_INIT;
  wf_model_parts parts = {.recipe = tiny_recipe(),
                          .label = "kind",
                          .classes = classes,
                          .n_classes = 3,
                          .provenance = "{\"run\": 5}"};
  char *booster = tiny_booster("three", &parts.booster_size);
  parts.booster = booster;
  wf_model *model, *read;
  REQUIRE_OK(wf_model_new(&model, &parts, &err), err);
  REQUIRE_OK(wf_model_write(model, test_path("model.tar.gz"), &err), err);
  REQUIRE_OK(wf_model_read(&read, test_path("model.tar.gz"), &err), err);
  CHECK_EQ_STR(wf_model_label(read), "kind");
  CHECK_EQ_STR(wf_model_provenance(read), "{\"run\":5}");
  CHECK_EQ_INT(wf_model_class_count(read), 3);
  CHECK_EQ_STR(wf_model_class_name(read, 2), "high");
  size_t size;
  const void *bytes = wf_model_booster(read, &size);
  CHECK(size == parts.booster_size && memcmp(bytes, booster, size) == 0);
  wf_frame *frame = tiny_frame();
  float expected[3 * TINY_ROWS], actual[3 * TINY_ROWS];
  tiny_expected("three", 3, expected);
  REQUIRE_OK(wf_model_predict(read, frame, NULL, actual, &err), err);
  CHECK(memcmp(actual, expected, sizeof actual) == 0);
  wf_frame_release(frame);
  wf_model_release(model);
  wf_model_release(read);
  wf_recipe_release(parts.recipe);
  wf_free(booster);
}

/* XGBoost itself loads the member of a package that tar unpacked, and predicts what we predict. */
TEST(package_is_read_by_xgboost_and_tar) {
  static const char script[] =
      "import sys, tarfile, numpy, xgboost\n"
      "with tarfile.open(sys.argv[1]) as package:\n"
      "    assert package.getnames() == ['manifest.json', 'schema.json', 'recipe.json',"
      " 'xgboost-model']\n"
      "    for member in package:\n"
      "        assert (member.mtime, member.uid, member.gid, member.uname, member.gname,"
      " member.mode) == (0, 0, 0, '', '', 0o644), member\n"
      "    booster = xgboost.Booster()\n"
      "    booster.load_model(bytearray(package.extractfile('xgboost-model').read()))\n"
      "row = numpy.array([[0, 0, 1, 1.5]], dtype=numpy.float32)\n"
      "names = ['size', 'colour_blue', 'colour_red', 'weight']\n"
      "print(float(booster.predict(xgboost.DMatrix(row, feature_names=names))[0]).hex())\n";
  if (system("/usr/bin/python3 -c 'import xgboost' 2>/dev/null") != 0)
    SKIP("/usr/bin/python3 has no xgboost");
  wf_model *model = tiny_model("tiny");
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_model_write(model, test_path("model.tar.gz"), &err), err);
  wf_model_release(model);
  char command[1024], line[64] = "";
  snprintf(command, sizeof command, "/usr/bin/python3 %s %s",
           test_write("load.py", script, strlen(script)), test_path("model.tar.gz"));
  FILE *output = popen(command, "r");
  REQUIRE(output);
  CHECK(fgets(line, sizeof line, output) != NULL);
  CHECK_EQ_INT(pclose(output), 0);
  float expected[TINY_ROWS];
  tiny_expected("tiny", 1, expected);
  CHECK_SAME(strtof(line, NULL), expected[0]);
}

TEST(package_files) {
  wf_error err = WF_ERROR_INIT;
  wf_model *model = tiny_model("tiny"), *none = NULL;
  const char *path = test_path("no/such/model.tar.gz");
  CHECK_FAILS(wf_model_write(model, path, &err), err, WF_NOTFOUND, path);
  CHECK_FAILS(wf_model_read(&none, path, &err), err, WF_NOTFOUND, path);
  CHECK_FAILS(wf_model_read(&none, test_dir(), &err), err, WF_IO, "directory");
  path = test_write("empty", "", 0);
  CHECK_FAILS(wf_model_read(&none, path, &err), err, WF_PARSE, path);
  CHECK_HAS(err.message, "model package: is not compressed with gzip");
  CHECK(none == NULL);
  wf_model_release(model);
}

/* ---- wrong ones --------------------------------------------------------------------------------
 */

typedef struct wrong {
  int member;
  const char *from, *to;
  bool sign; /* the manifest is made to agree: only what the members say is wrong */
  wf_status status;
  const char *part;
} wrong;

static void check_wrong(const wf_model *model, const wrong *w) {
  wf_member members[WF_MEMBER_COUNT];
  wf_error err = WF_ERROR_INIT;
  members_of(members, model);
  member_change(&members[w->member], w->from, w->to);
  if (w->sign) members_sign(members);
  CHECK_FAILS(members_unpack(members, &err), err, w->status, w->part);
  CHECK_HAS(err.message, "model package: ");
  members_free(members);
}

TEST(package_with_a_changed_member) {
  static const wrong cases[] = {
      {WF_MEMBER_MANIFEST, "\"format\": 1", "\"format\": 2", false, WF_UNSUPPORTED, "format 2"},
      {WF_MEMBER_MANIFEST, "recipe.json", "recipe.txt", false, WF_PARSE, "recipe.json"},
      {WF_MEMBER_MANIFEST, "\"sha256\": \"", "\"sha256\": \"0", false, WF_CORRUPT, "schema.json"},
      {WF_MEMBER_SCHEMA, "\"bad\"", "\"sad\"", false, WF_CORRUPT, "schema.json"},
      {WF_MEMBER_RECIPE, "\"format\"", " \"format\"", false, WF_CORRUPT, "recipe.json"},
      {WF_MEMBER_BOOSTER, "0", "1", false, WF_CORRUPT, "xgboost-model"},
      {WF_MEMBER_SCHEMA, "\"bad\"", "\"size\"", true, WF_CORRUPT, "do not fit together"},
      {WF_MEMBER_SCHEMA, "colour_red", "colour_pink", true, WF_CORRUPT, "features"},
      {WF_MEMBER_SCHEMA, "\"outputs\": 1", "\"outputs\": 3", true, WF_CORRUPT, "xgboost-model"},
      {WF_MEMBER_RECIPE, "{", "[", true, WF_PARSE, "recipe.json"},
      {WF_MEMBER_RECIPE, "\"fitted\": true", "\"fitted\": 5", true, WF_PARSE, "recipe.json"},
      {WF_MEMBER_BOOSTER, "{", "[", true, WF_PARSE, "xgboost-model"},
      {WF_MEMBER_BOOSTER, "\"num_feature\":\"4\",\"num_target\"",
       "\"num_feature\":\"5\",\"num_target\"", true, WF_CORRUPT, ""},
      {WF_MEMBER_BOOSTER, "\"colour_red\"", "\"colour_pink\"", true, WF_CORRUPT, "colour_pink"},
  };
  wf_model *model = tiny_model("tiny");
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) check_wrong(model, &cases[i]);
  wf_model_release(model);
}

TEST(package_with_a_recipe_that_is_not_fitted) {
  wf_model *model = tiny_model("tiny");
  wf_member members[WF_MEMBER_COUNT];
  wf_error err = WF_ERROR_INIT;
  wf_recipe *unfitted;
  members_of(members, model);
  REQUIRE_OK(wf_recipe_new(&unfitted, &err), err);
  wf_member *recipe = &members[WF_MEMBER_RECIPE];
  wf_free(recipe->data);
  REQUIRE_OK(wf_recipe_format(&recipe->data, unfitted, &err), err);
  recipe->size = strlen(recipe->data);
  members_sign(members);
  CHECK_FAILS(members_unpack(members, &err), err, WF_CORRUPT, "not fitted");
  wf_recipe_release(unfitted);
  members_free(members);
  wf_model_release(model);
}

TEST(package_with_another_models_forest) {
  wf_model *tiny = tiny_model("tiny"), *three = tiny_model("three");
  wf_member members[WF_MEMBER_COUNT], other[WF_MEMBER_COUNT];
  wf_error err = WF_ERROR_INIT;
  members_of(members, tiny);
  members_of(other, three);
  wf_member kept = members[WF_MEMBER_BOOSTER];
  members[WF_MEMBER_BOOSTER] = other[WF_MEMBER_BOOSTER];
  CHECK_FAILS(members_unpack(members, &err), err, WF_CORRUPT, "xgboost-model");
  members_sign(members);
  CHECK_FAILS(members_unpack(members, &err), err, WF_CORRUPT, "xgboost-model");
  members[WF_MEMBER_BOOSTER] = kept;
  members_free(members);
  members_free(other);
  wf_model_release(tiny);
  wf_model_release(three);
}

/* Random damage with a manifest that agrees: the members' own validators stand alone. What passes
 * must predict without harm. */
TEST(package_with_damaged_members) {
  wf_model *model = tiny_model("tiny");
  wf_frame *frame = tiny_frame();
  wf_random random;
  wf_random_seed(&random, 20261122, 4);
  int accepted = 0;
  for (int round = 0; round < 1500; round++) {
    wf_member members[WF_MEMBER_COUNT];
    members_of(members, model);
    wf_member *member = &members[WF_MEMBER_SCHEMA + wf_random_below(&random, 3)];
    size_t at = wf_random_below(&random, member->size);
    static const char digits[] = "0123456789-.,:[]{}\"e\\";
    member->data[at] = digits[wf_random_below(&random, sizeof digits - 1)];
    members_sign(members);
    char *packed;
    size_t size;
    wf_model *read = NULL;
    REQUIRE(wf_tarball_pack(&packed, &size, members, WF_MEMBER_COUNT, NULL) == WF_OK);
    float out[TINY_ROWS];
    if (wf_model_unpack(&read, packed, size, NULL) == WF_OK) {
      accepted++;
      if (wf_forest_output_count(wf_model_forest(read), WF_PREDICT_VALUE) == 1)
        (void)!wf_model_predict(read, frame, NULL, out, NULL);
    }
    wf_model_release(read);
    wf_text_free(packed);
    members_free(members);
  }
  printf("  %d of 1500 damaged packages are still models\n", accepted);
  wf_frame_release(frame);
  wf_model_release(model);
}

static bool pack_and_unpack(const wf_model *model) {
  char *packed = NULL, digest[65];
  size_t size = 0;
  wf_model *read = NULL;
  bool done = wf_model_pack(&packed, &size, model, NULL) == WF_OK &&
              wf_model_digest(digest, model, NULL) == WF_OK &&
              wf_model_unpack(&read, packed, size, NULL) == WF_OK;
  wf_model_release(read);
  wf_text_free(packed);
  return done;
}

TEST(package_out_of_memory) {
  wf_model *model = tiny_model("tiny");
  CHECK_OOM_SAFE(pack_and_unpack(model));
  wf_model_release(model);
}
