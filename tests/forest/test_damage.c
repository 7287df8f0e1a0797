/* Damaged models: each is refused with a message that names the trouble, or is harmless: it can be
 * predicted with and explained. */
#include "models.h"

#include "base/bytes.h"
#include "base/random.h"

#include <stdlib.h>

/* A model small enough to edit by hand: two trees, two features, one categorical split. */
static const char small_model[] =
    "{\"version\":[1,7,4],\"learner\":{"
    "\"attributes\":{\"best_iteration\":\"1\"},\"feature_names\":[\"a\",\"b\"],"
    "\"feature_types\":[\"q\",\"c\"],"
    "\"learner_model_param\":{\"base_score\":\"5E-1\",\"num_class\":\"0\",\"num_feature\":\"2\","
    "\"num_target\":\"1\"},"
    "\"objective\":{\"name\":\"binary:logistic\",\"reg_loss_param\":{\"scale_pos_weight\":\"1\"}},"
    "\"gradient_booster\":{\"name\":\"gbtree\",\"model\":{"
    "\"gbtree_model_param\":{\"num_parallel_tree\":\"1\",\"num_trees\":\"2\","
    "\"size_leaf_vector\":\"0\"},\"tree_info\":[0,0],\"trees\":["
    "{\"id\":0,\"tree_param\":{\"num_deleted\":\"0\",\"num_feature\":\"2\",\"num_nodes\":\"5\","
    "\"size_leaf_vector\":\"0\"},\"left_children\":[1,3,-1,-1,-1],"
    "\"right_children\":[2,4,-1,-1,-1],\"parents\":[2147483647,0,0,1,1],"
    "\"split_indices\":[0,1,0,0,0],\"split_conditions\":[0.5,NaN,1E-1,-2E-1,3E-1],"
    "\"default_left\":[1,0,0,0,0],\"split_type\":[0,1,0,0,0],"
    "\"categories\":[1,3,70],\"categories_nodes\":[1],\"categories_segments\":[0],"
    "\"categories_sizes\":[3],\"sum_hessian\":[10,6.5,3.5,4,2.5],"
    "\"loss_changes\":[2.5,1.5,0,0,0],\"base_weights\":[0,0,0,0,0]},"
    "{\"id\":1,\"tree_param\":{\"num_deleted\":\"2\",\"num_feature\":\"2\",\"num_nodes\":\"3\","
    "\"size_leaf_vector\":\"0\"},\"left_children\":[-1,-1,-1],\"right_children\":[-1,-1,-1],"
    "\"parents\":[2147483647,0,0],\"split_indices\":[0,2147483647,2147483647],"
    "\"split_conditions\":[5E-1,0,0],\"default_left\":[0,1,1],\"sum_hessian\":[10,0,0],"
    "\"loss_changes\":[0,0,0],\"base_weights\":[0,0,0]}]}}}}";

static char *replaced(const char *from, const char *to) {
  const char *at = strstr(small_model, from);
  REQUIRE(at);
  wf_bytes text = {0};
  wf_bytes_add(&text, small_model, (size_t)(at - small_model));
  wf_bytes_text(&text, to);
  wf_bytes_text(&text, at + strlen(from));
  return text.data;
}

static wf_status parse_and_drop(const char *text, size_t size, wf_error *err) {
  wf_forest *forest;
  wf_status status = wf_forest_parse(&forest, text, size, err);
  if (status == WF_OK) wf_forest_release(forest);
  return status;
}

TEST(damage_small_model_is_sound) {
  wf_error err = WF_ERROR_INIT;
  wf_forest *forest;
  REQUIRE_OK(wf_forest_parse(&forest, small_model, strlen(small_model), &err), err);
  float rows[] = {0, 3, 0, 2, 0, NAN, 0, -1, 0, 70.9f, 0, 16777216, 1, 1, NAN, 64}, out[8];
  float expected[] = {.3f, -.2f, .3f, -.2f, .3f, -.2f, .1f, -.2f};
  wf_features view = wf_features_rows(rows, 8, 2);
  wf_predict_options options = {.kind = WF_PREDICT_MARGIN};
  REQUIRE_OK(wf_forest_predict(forest, &view, &options, out, &err), err);
  for (size_t i = 0; i < 8; i++) CHECK_SAME(out[i], -0.0f + expected[i] + .5f);
  CHECK_EQ_INT(wf_forest_best_round(forest), 1);
  CHECK_EQ_STR(wf_forest_feature_name(forest, 1), "b");
  CHECK_EQ_STR(wf_forest_objective(forest), "binary:logistic");
  wf_forest_release(forest);
}

typedef struct damage {
  const char *from, *to;
  wf_status status;
  const char *message;
} damage;

static const damage damages[] = {
    {"[1,3,-1,-1,-1]", "[5000,3,-1,-1,-1]", WF_CORRUPT, "tree 0, node 0: a child is out of range"},
    {"[1,3,-1,-1,-1]", "[100000000,3,-1,-1,-1]", WF_CORRUPT, "tree 0, node 0"},
    {"[1,3,-1,-1,-1]", "[-5,3,-1,-1,-1]", WF_CORRUPT, "tree 0, node 0: a child is out of range"},
    {"[1,3,-1,-1,-1]", "[9223372036854775807,3,-1,-1,-1]", WF_CORRUPT, "tree 0, node 0"},
    {"[1,3,-1,-1,-1]", "[0,3,-1,-1,-1]", WF_CORRUPT, "tree 0, node 0: a child is out of range"},
    {"[1,3,-1,-1,-1]", "[1,1,-1,-1,-1]", WF_CORRUPT, "tree 0, node 1"},
    {"[1,3,-1,-1,-1]", "[1,3,3,-1,-1]", WF_CORRUPT, "tree 0, node"},
    {"[1,3,-1,-1,-1]", "[1,-1,-1,-1,-1]", WF_CORRUPT, "tree 0, node 1"},
    {"[1,3,-1,-1,-1]", "[1,3.5,-1,-1,-1]", WF_CORRUPT, "left child is not an integer"},
    {"[1,3,-1,-1,-1]", "[1,3,-1,-1]", WF_CORRUPT,
     "tree 0: left_children has 4 elements, but the tree has 5 nodes"},
    {"[1,3,-1,-1,-1]", "\"x\"", WF_PARSE, "\"left_children\" is a string, not an array of numbers"},
    {"[2,4,-1,-1,-1]", "[3,4,-1,-1,-1]", WF_CORRUPT, "right child does not follow the left one"},
    {"[2,4,-1,-1,-1]", "[2,4,-1,-1,7]", WF_CORRUPT, "a right child but no left one"},
    {"[2147483647,0,0,1,1]", "[2147483647,0,1,1,1]", WF_CORRUPT,
     "tree 0, node 2: its entry in parents is not its parent"},
    {"[2147483647,0,0,1,1]", "[3,0,0,1,1]", WF_CORRUPT, "tree 0, node 0: the root has a parent"},
    {"\"split_indices\":[0,1,", "\"split_indices\":[2,1,", WF_CORRUPT,
     "tree 0, node 0: its split_index is not a feature of the model"},
    {"\"split_indices\":[0,1,", "\"split_indices\":[-1,1,", WF_CORRUPT, "tree 0, node 0"},
    {"\"split_indices\":[0,1,", "\"split_indices\":[1073741824,1,", WF_CORRUPT, "tree 0, node 0"},
    {"[0.5,NaN,1E-1,", "[NaN,NaN,1E-1,", WF_CORRUPT, "tree 0, node 0: its split condition"},
    {"[0.5,NaN,1E-1,", "[0.5,NaN,Infinity,", WF_CORRUPT,
     "tree 0, node 2: its leaf value is not finite"},
    {"[0.5,NaN,1E-1,", "[0.5,NaN,1E99,", WF_CORRUPT, "tree 0, node 2"},
    {"\"default_left\":[1,", "\"default_left\":[2,", WF_CORRUPT, "default_left is not 0 or 1"},
    {"\"split_type\":[0,1,", "\"split_type\":[1,1,", WF_CORRUPT,
     "tree 0, node 0: it splits on categories but has none"},
    {"\"split_type\":[0,1,", "\"split_type\":[0,7,", WF_CORRUPT, "split_type is not 0"},
    {"\"categories\":[1,3,70]", "\"categories\":[1,3,-70]", WF_CORRUPT, "category is out of range"},
    {"\"categories\":[1,3,70]", "\"categories\":[1,3,16777216]", WF_CORRUPT, "tree 0, node 1"},
    {"\"categories\":[1,3,70]", "\"categories\":[1,3,3]", WF_CORRUPT, "not in order"},
    {"\"categories\":[1,3,70]", "\"categories\":[1,3]", WF_CORRUPT, "run past the end"},
    {"\"categories_nodes\":[1]", "\"categories_nodes\":[9]", WF_CORRUPT, "ascending list of nodes"},
    {"\"categories_nodes\":[1]", "\"categories_nodes\":[1,2]", WF_CORRUPT, "differ in length"},
    {"\"categories_nodes\":[1]", "\"categories_nodes\":[2]", WF_CORRUPT, "but has none"},
    {"\"categories_segments\":[0]", "\"categories_segments\":[-1]", WF_CORRUPT, "overlap"},
    {"\"categories_sizes\":[3]", "\"categories_sizes\":[0]", WF_CORRUPT, "empty"},
    {"[10,6.5,3.5,4,2.5]", "[10,-6.5,3.5,4,2.5]", WF_CORRUPT,
     "tree 0, node 1: its sum_hessian is negative or not finite"},
    {"[10,6.5,3.5,4,2.5]", "[10,6.5,NaN,4,2.5]", WF_CORRUPT, "tree 0, node 2"},
    {"\"loss_changes\":[2.5,", "\"loss_changes\":[Infinity,", WF_CORRUPT, "loss change"},
    {"\"base_weights\":[0,0,0,0,0]", "\"base_weights\":[0]", WF_CORRUPT, "base_weights has 1"},
    {"\"num_deleted\":\"2\"", "\"num_deleted\":\"1\"", WF_CORRUPT,
     "tree 1: num_deleted is 1, but 2 nodes are"},
    {"[0,2147483647,2147483647]", "[0,2147483647,0]", WF_CORRUPT,
     "tree 1, node 2: no node leads to it"},
    {"\"parents\":[2147483647,0,0],", "\"parents\":[2147483647,0,77],", WF_CORRUPT,
     "tree 1, node 2: its parent is out of range"},
    {"\"num_nodes\":\"5\"", "\"num_nodes\":\"0\"", WF_CORRUPT, "tree 0 has 0 nodes"},
    {"\"num_nodes\":\"5\"", "\"num_nodes\":\"-1\"", WF_PARSE, "non-negative integer"},
    {"\"num_nodes\":\"5\"", "\"num_nodes\":\"99999999999999999999\"", WF_PARSE, "num_nodes"},
    {"\"size_leaf_vector\":\"0\"},\"left", "\"size_leaf_vector\":\"3\"},\"left", WF_UNSUPPORTED,
     "vector leaves"},
    {"\"id\":1", "\"id\":0", WF_CORRUPT, "tree 1 has the id 0"},
    {"\"num_trees\":\"2\"", "\"num_trees\":\"500\"", WF_CORRUPT,
     "num_trees is 500, but there are 2 trees"},
    {"\"num_parallel_tree\":\"1\"", "\"num_parallel_tree\":\"0\"", WF_CORRUPT, "num_parallel_tree"},
    {"\"num_parallel_tree\":\"1\"", "\"num_parallel_tree\":\"3\"", WF_CORRUPT, "whole rounds of 3"},
    {"\"tree_info\":[0,0]", "\"tree_info\":[0,1]", WF_CORRUPT,
     "tree 1: its entry in tree_info is not one of the 1 outputs"},
    {"\"tree_info\":[0,0]", "\"tree_info\":[0,1000000]", WF_CORRUPT, "tree 1"},
    {"\"tree_info\":[0,0]", "\"tree_info\":[0,-1]", WF_CORRUPT, "tree 1"},
    {"\"tree_info\":[0,0]", "\"tree_info\":[0]", WF_CORRUPT, "tree_info has 1 elements"},
    {"\"num_feature\":\"2\"", "\"num_feature\":\"1\"", WF_CORRUPT,
     "2 feature_names for 1 features"},
    {"\"num_feature\":\"2\"", "\"num_feature\":\"0\"", WF_CORRUPT, "num_feature is 0"},
    {"\"num_feature\":\"2\"", "\"num_feature\":\"-2\"", WF_PARSE, "num_feature"},
    {"\"num_class\":\"0\"", "\"num_class\":\"1000000\"", WF_LIMIT, "num_class"},
    {"\"num_class\":\"0\"", "\"num_class\":\"3\"", WF_CORRUPT, "whole rounds of 3"},
    {"\"num_class\":\"0\",", "\"num_class\":\"2\",\"num_target\":\"2\",", WF_PARSE, "twice"},
    {"5E-1\",\"num_class", "abc\",\"num_class", WF_PARSE, "base_score is not a number"},
    {"5E-1\",\"num_class", "1\",\"num_class", WF_CORRUPT, "needs one between 0 and 1"},
    {"5E-1\",\"num_class", "nan\",\"num_class", WF_PARSE, "base_score"},
    {"5E-1\",\"num_class", "[5E-1,5E-1]\",\"num_class", WF_CORRUPT, "more base_scores"},
    {"[1,7,4]", "[4,0,0]", WF_UNSUPPORTED, "XGBoost 4"},
    {"\"version\":[1,7,4],", "", WF_PARSE, "\"version\" is missing"},
    {"[1,7,4]", "[1]", WF_PARSE, "version"},
    {"binary:logistic", "binary:mystery", WF_UNSUPPORTED, "\"binary:mystery\" is not known"},
    {"binary:logistic", "multi:softprob", WF_CORRUPT, "needs a num_class"},
    {"\"name\":\"gbtree\"", "\"name\":\"gbforest\"", WF_UNSUPPORTED, "gbforest"},
    {"\"name\":\"gbtree\"", "\"name\":\"dart\"", WF_PARSE, "weight_drop"},
    {"\"name\":\"gbtree\"", "\"name\":\"gblinear\"", WF_PARSE, "weights"},
    {"\"name\":\"gbtree\"", "\"name\":\"gbtree\",\"name\":\"gbtree\"", WF_PARSE, "twice"},
    {"[\"a\",\"b\"]", "[\"a\",\"\xff\"]", WF_PARSE, "name 1 is not UTF-8 text"},
    {"[\"a\",\"b\"]", "[\"a\",\"\\u0000\"]", WF_PARSE, "name 1"},
    {"[\"a\",\"b\"]", "[\"a\",3]", WF_PARSE, "mixes numbers and other values"},
    {"[\"a\",\"b\"]", "[\"a\",\"\\ud800\"]", WF_PARSE, "wrong escape"},
    {"[\"a\",\"b\"]", "[\"a\"]", WF_CORRUPT, "1 feature_names for 2 features"},
    {"\"learner\":{", "\"learner\":[", WF_PARSE, "line 1, column"},
    {"}]}}}}", "}]}}}}x", WF_PARSE, "text follows the document"},
    {"}]}}}}", "}]}}}", WF_PARSE, "was expected"},
    {"{\"version\"", "binf\"version\"", WF_UNSUPPORTED, "old binary format"},
    {"{\"version\"", "bs64\"version\"", WF_UNSUPPORTED, "old binary format"},
    {"{\"version\"", "[\"version\"", WF_PARSE, "neither JSON nor UBJSON"},
};

TEST(damage_by_hand_is_refused_by_name) {
  for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
    char *text = replaced(damages[i].from, damages[i].to);
    wf_error err = WF_ERROR_INIT;
    wf_status status = parse_and_drop(text, strlen(text), &err);
    if (status != damages[i].status || !strstr(err.message, damages[i].message)) {
      test_fail(__FILE__, __LINE__, "%s → %s gives %s: %s", damages[i].from, damages[i].to,
                wf_status_name(status), err.message);
    }
    wf_free(text);
  }
}

TEST(damage_empty_and_nested) {
  wf_error err = WF_ERROR_INIT;
  CHECK_FAILS(parse_and_drop("", 0, &err), err, WF_PARSE, "empty");
  CHECK_FAILS(parse_and_drop("{", 1, &err), err, WF_PARSE, "");
  CHECK_FAILS(parse_and_drop("{}", 2, &err), err, WF_PARSE, "\"version\" is missing");
  static const char *const openings[] = {"{\"a\":", "{\"a\":[", "{i\1a[", "{i\1a{"};
  for (size_t i = 0; i < 4; i++) {
    wf_bytes text = {0};
    wf_bytes_text(&text, openings[i]);
    for (size_t n = 0; n < 200000; n++) {
      wf_bytes_text(&text, i == 0 ? "{\"a\":" : i < 3 ? "[" : "i\1a{");
    }
    CHECK_FAILS(parse_and_drop(text.data, text.size, &err), err, WF_LIMIT, "nests deeper than 64");
    wf_bytes_dispose(&text);
  }
}

/* A chain of splits, each the left child of the one above. */
static char *chain_model(size_t depth) {
  size_t n = 2 * depth + 1;
  wf_bytes left = {0}, right = {0}, parents = {0}, ones = {0}, all = {0};
  for (size_t i = 0; i < n; i++) {
    const char *comma = i ? "," : "";
    bool split = i == 0 || (i % 2 == 1 && i + 2 < n);
    wf_bytes_format(&left, "%s%td", comma, split ? (ptrdiff_t)(i + 1 + (i > 0)) : -1);
    wf_bytes_format(&right, "%s%td", comma, split ? (ptrdiff_t)(i + 2 + (i > 0)) : -1);
    size_t parent = i < 3 ? 0 : (i - 1) / 2 * 2 - 1;
    wf_bytes_format(&parents, "%s%zu", comma, i ? parent : (size_t)2147483647);
    wf_bytes_format(&ones, "%s1", comma);
  }
  wf_bytes_format(&all,
                  "{\"version\":[1,7,4],\"learner\":{\"learner_model_param\":{\"base_score\":"
                  "\"5E-1\",\"num_class\":\"0\",\"num_feature\":\"2\"},\"objective\":{\"name\":"
                  "\"reg:squarederror\"},\"gradient_booster\":{\"name\":\"gbtree\",\"model\":{"
                  "\"gbtree_model_param\":{\"num_trees\":\"1\"},\"tree_info\":[0],\"trees\":[{"
                  "\"tree_param\":{\"num_nodes\":\"%zu\"},\"left_children\":[%s],"
                  "\"right_children\":[%s],\"parents\":[%s],\"split_indices\":[%s],"
                  "\"split_conditions\":[%s],\"default_left\":[%s],\"sum_hessian\":[%s],"
                  "\"loss_changes\":[%s],\"base_weights\":[%s]}]}}}}",
                  n, left.data, right.data, parents.data, ones.data, ones.data, ones.data,
                  ones.data, ones.data, ones.data);
  wf_bytes_dispose(&left);
  wf_bytes_dispose(&right);
  wf_bytes_dispose(&parents);
  wf_bytes_dispose(&ones);
  return all.data;
}

TEST(damage_deep_trees_have_a_limit) {
  wf_error err = WF_ERROR_INIT;
  char *text = chain_model(1024);
  wf_forest *forest;
  REQUIRE_OK(wf_forest_parse(&forest, text, strlen(text), &err), err);
  float row[2] = {0, 0}, out;
  wf_features view = wf_features_rows(row, 1, 2);
  REQUIRE_OK(wf_forest_predict(forest, &view, NULL, &out, &err), err);
  CHECK_SAME(out, 1.5);
  wf_forest_release(forest);
  wf_free(text);
  text = chain_model(1025);
  CHECK_FAILS(parse_and_drop(text, strlen(text), &err), err, WF_LIMIT, "deeper than 1024");
  wf_free(text);
}

/* Whatever is accepted must be usable. */
static void use(const wf_forest *forest) {
  size_t columns = wf_forest_feature_count(forest);
  if (columns > 1000) return;
  enum { ROWS = 9 };
  size_t n = ROWS * (wf_forest_group_count(forest) + wf_forest_tree_count(forest));
  float *rows = wf_alloc_array(ROWS * columns, sizeof *rows);
  float *out = wf_alloc_array(n, sizeof *out);
  for (size_t i = 0; i < ROWS * columns; i++) rows[i] = i % 5 == 2 ? NAN : (float)(i % 7) - 3;
  wf_features view = wf_features_rows(rows, ROWS, columns);
  for (int kind = WF_PREDICT_VALUE; kind <= WF_PREDICT_LEAF; kind++) {
    wf_predict_options options = {.kind = (wf_predict_kind)kind, .n_threads = 1};
    wf_error err = WF_ERROR_INIT;
    wf_status status = wf_forest_predict(forest, &view, &options, out, &err);
    CHECK(status == WF_OK || status == WF_UNSUPPORTED);
  }
  wf_free(rows);
  wf_free(out);
}

static bool parse_and_use(const char *bytes, size_t size) {
  wf_error err = WF_ERROR_INIT;
  wf_forest *forest;
  if (wf_forest_parse(&forest, bytes, size, &err) != WF_OK) {
    CHECK(err.message[0] != '\0');
    return false;
  }
  use(forest);
  wf_forest_release(forest);
  return true;
}

/* Each prefix in a block of its own size, so that a sanitizer sees any read beyond it. */
static void truncate_everywhere(const char *file, size_t step) {
  size_t size;
  char *bytes = bytes_of_file(model_path(file), &size);
  for (size_t n = 0; n < size; n += step) {
    char *prefix = wf_alloc(n);
    memcpy(prefix, bytes, n);
    CHECK(!parse_and_use(prefix, n));
    wf_free(prefix);
  }
  CHECK(parse_and_use(bytes, size));
  wf_free(bytes);
}

TEST(damage_truncated_anywhere) {
  truncate_everywhere("stumps.json", 1);
  truncate_everywhere("categorical.ubj", 1);
  truncate_everywhere("linear.ubj", 1);
  truncate_everywhere("softprob.json", 37);
}

/* One to three bytes changed, as often as the run's time allows. */
static void flip(const char *file, size_t times, uint64_t seed) {
  size_t size, accepted = 0;
  char *bytes = bytes_of_file(model_path(file), &size), *copy = wf_alloc(size);
  wf_random random;
  wf_random_seed(&random, seed, 0);
  for (size_t i = 0; i < times; i++) {
    memcpy(copy, bytes, size);
    size_t changes = 1 + (size_t)wf_random_below(&random, 3);
    for (size_t c = 0; c < changes; c++) {
      size_t at = (size_t)wf_random_below(&random, size);
      int other = copy[at] ^ 1 << wf_random_below(&random, 8);
      if (wf_random_below(&random, 2)) other = (int)wf_random_below(&random, 256);
      copy[at] = (char)other;
    }
    accepted += parse_and_use(copy, size);
  }
  CHECK(accepted < times);
  wf_free(copy);
  wf_free(bytes);
}

TEST(damage_random_flips) {
  size_t times = getenv("WF_TEST_FLIPS") ? strtoul(getenv("WF_TEST_FLIPS"), NULL, 10) : 3000;
  static const char *const files[] = {"stumps.json",  "categorical.json", "dart.json",
                                      "softprob.ubj", "categorical.ubj",  "pruned.ubj",
                                      "dart.ubj",     "linear.ubj"};
  for (size_t i = 0; i < 8; i++) flip(files[i], times, i);
}

/* One integer token of a JSON model replaced by an awkward one. */
TEST(damage_random_integers) {
  static const char *const values[] = {"-1",
                                       "0",
                                       "1",
                                       "2147483647",
                                       "-2147483648",
                                       "1000000",
                                       "9223372036854775807",
                                       "99999999999999999999",
                                       "1e300",
                                       "-0",
                                       "NaN",
                                       "null",
                                       "[]",
                                       "\"7\"",
                                       "true"};
  size_t size;
  char *bytes = bytes_of_file(model_path("categorical.json"), &size);
  wf_random random;
  wf_random_seed(&random, 77, 0);
  size_t times = getenv("WF_TEST_FLIPS") ? strtoul(getenv("WF_TEST_FLIPS"), NULL, 10) : 3000;
  for (size_t i = 0; i < times; i++) {
    size_t at = (size_t)wf_random_below(&random, size);
    while (at < size && (bytes[at] < '0' || bytes[at] > '9')) at++;
    size_t end = at;
    while (end < size && bytes[end] >= '0' && bytes[end] <= '9') end++;
    wf_bytes text = {0};
    wf_bytes_add(&text, bytes, at);
    wf_bytes_text(&text, values[wf_random_below(&random, sizeof values / sizeof *values)]);
    wf_bytes_add(&text, bytes + end, size - end);
    parse_and_use(text.data, text.size);
    wf_bytes_dispose(&text);
  }
  wf_free(bytes);
}

static bool parse_ok(const char *bytes, size_t size) {
  wf_forest *forest = NULL;
  if (wf_forest_parse(&forest, bytes, size, NULL) != WF_OK) return false;
  wf_forest_release(forest);
  return true;
}

static bool read_ok(const char *path) {
  wf_forest *forest = NULL;
  if (wf_forest_read(&forest, path, NULL) != WF_OK) return false;
  wf_forest_release(forest);
  return true;
}

TEST(damage_allocation_failures) {
  static const char *const files[] = {"logistic.json", "categorical.ubj", "dart.json",
                                      "linear.ubj"};
  for (size_t i = 0; i < 4; i++) {
    size_t size;
    char *bytes = bytes_of_file(model_path(files[i]), &size);
    CHECK_OOM_SAFE(parse_ok(bytes, size));
    wf_free(bytes);
  }
  CHECK_OOM_SAFE(read_ok(model_path("softprob.json")));
  wf_error err = WF_ERROR_INIT;
  wf_forest *forest;
  CHECK_FAILS(wf_forest_read(&forest, "/nowhere/model.json", &err), err, WF_NOTFOUND, "/nowhere");
  CHECK_FAILS(wf_forest_read(&forest, test_write("bad.json", "{]", 2), &err), err, WF_PARSE,
              "bad.json");
}
