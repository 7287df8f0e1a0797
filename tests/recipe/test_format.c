/* The JSON document: round trips, the exact text, and everything a bad document can have wrong. */
#include "check.h"
#include "wf/recipe.h"

#include "base/alloc.h"

#include <stdlib.h>

static wf_recipe *parse_ok(const char *text) {
  wf_error err = WF_ERROR_INIT;
  wf_recipe *recipe;
  REQUIRE_OK(wf_recipe_parse(&recipe, text, strlen(text), &err), err);
  return recipe;
}

static const char *const fitted_text =
    "{\n  \"format\": 1,\n  \"fitted\": true,\n  \"inputs\": [\n"
    "    {\n      \"column\": \"size\",\n      \"type\": \"text\",\n"
    "      \"steps\": [{\"kind\": \"ordinal\", \"values\": [\"S\", \"L\"], \"unseen\": "
    "\"missing\"}, "
    "{\"kind\": \"impute\", \"how\": \"mode\", \"value\": 1}],\n"
    "      \"features\": [\"size\"]\n    },\n"
    "    {\n      \"column\": \"col\\\"our\",\n      \"type\": \"text\",\n"
    "      \"steps\": [{\"kind\": \"one_hot\", \"values\": [\"na\", \"rot\\n\"], \"missing\": "
    "\"na\", "
    "\"unseen\": \"error\"}],\n"
    "      \"features\": [\"col\\\"our_na\", \"col\\\"our_rot\\n\"]\n    },\n"
    "    {\n      \"column\": \"ok\",\n      \"type\": \"bool\",\n"
    "      \"steps\": [{\"kind\": \"impute\", \"how\": \"mean\", \"value\": 0.1}],\n"
    "      \"features\": [\"ok\"]\n    }\n  ]\n}\n";

TEST(format_round_trip) {
  wf_error err = WF_ERROR_INIT;
  wf_recipe *recipe = parse_ok(fitted_text);
  CHECK(wf_recipe_is_fitted(recipe));
  char *text;
  REQUIRE_OK(wf_recipe_format(&text, recipe, &err), err);
  CHECK_EQ_STR(text, fitted_text);
  float out[4];
  wf_cell cells[3] = {{.kind = WF_CELL_TEXT, .text = "S", .size = 1},
                      {.kind = WF_CELL_MISSING},
                      {.kind = WF_CELL_MISSING}};
  REQUIRE_OK(wf_recipe_apply_row(recipe, cells, out, &err), err);
  CHECK_SAME(out[0], 0);
  CHECK_SAME(out[1], 1);
  CHECK_SAME(out[2], 0);
  CHECK_SAME(out[3], 0.1f);
  wf_free(text);
  wf_recipe_release(recipe);
}

TEST(format_declared_round_trip) {
  wf_error err = WF_ERROR_INIT;
  static const char *const values[] = {"No", "Yes"};
  wf_recipe *recipe;
  REQUIRE_OK(wf_recipe_new(&recipe, &err), err);
  REQUIRE_OK(wf_recipe_ordinal(recipe, "a", values, 2, WF_UNSEEN_ERROR, &err), err);
  REQUIRE_OK(wf_recipe_one_hot(recipe, NULL, NULL, 0, "na", WF_UNSEEN_MISSING, &err), err);
  REQUIRE_OK(wf_recipe_impute(recipe, "b", WF_IMPUTE_MEDIAN, 0, &err), err);
  REQUIRE_OK(wf_recipe_impute(recipe, "c", WF_IMPUTE_CONSTANT, -2.5, &err), err);
  char *first, *second;
  REQUIRE_OK(wf_recipe_format(&first, recipe, &err), err);
  wf_recipe *copy = parse_ok(first);
  CHECK(!wf_recipe_is_fitted(copy));
  REQUIRE_OK(wf_recipe_format(&second, copy, &err), err);
  CHECK_EQ_STR(second, first);
  CHECK_HAS(first, "{\"kind\": \"one_hot\", \"column\": null, \"missing\": \"na\", ");
  wf_free(first);
  wf_free(second);
  wf_recipe_release(copy);
  wf_recipe_release(recipe);
}

/* The document of one input of one text column, with `steps` and `features`. */
static wf_status parse_with(const char *type, const char *steps, const char *features,
                            wf_error *err) {
  char text[2000];
  snprintf(text, sizeof text,
           "{\"format\": 1, \"fitted\": true, \"inputs\": [{\"column\": \"x\", \"type\": \"%s\", "
           "\"steps\": [%s], \"features\": [%s]}]}",
           type, steps, features);
  wf_recipe *recipe;
  wf_status status = wf_recipe_parse(&recipe, text, strlen(text), err);
  if (status == WF_OK) wf_recipe_release(recipe);
  return status;
}

#define ORDINAL "{\"kind\": \"ordinal\", \"values\": [\"a\"], \"unseen\": \"missing\"}"
#define ONE_HOT "{\"kind\": \"one_hot\", \"values\": [\"a\", \"b\"], \"unseen\": \"missing\"}"

TEST(parse_refuses_bad_steps) {
  wf_error err = WF_ERROR_INIT;
  static const struct {
    const char *type, *steps, *features, *message;
    wf_status status;
  } cases[] = {
      {"text", "", "\"x\"", "no step encodes it", WF_TYPE},
      {"words", "", "\"x\"", "\"type\" is 'words'", WF_PARSE},
      {"number", "", "", "0 features are named, its steps make 1", WF_PARSE},
      {"number", "", "\"a<b\"", "a feature name", WF_PARSE},
      {"number", "", "\"\"", "a feature name", WF_PARSE},
      {"number", "", "7", "a feature name", WF_PARSE},
      {"number", ORDINAL, "\"x\"", "holds numbers where ordinal needs text", WF_TYPE},
      {"text", ONE_HOT, "\"x_a\", \"x_a\"", "two features are named 'x_a'", WF_PARSE},
      {"text", ONE_HOT ", " ORDINAL, "\"x\"", "ordinal cannot follow one_hot", WF_INVALID},
      {"text", "7", "\"x\"", "input 1: step 1 is not an object", WF_PARSE},
      {"text", "{}", "\"x\"", "\"kind\" is missing", WF_PARSE},
      {"text", "{\"kind\": \"two_hot\"}", "\"x\"", "unknown kind 'two_hot'", WF_PARSE},
      {"text", "{\"kind\": \"ordinal\", \"values\": [], \"unseen\": \"missing\"}", "\"x\"", "empty",
       WF_INVALID},
      {"text", "{\"kind\": \"ordinal\", \"values\": [1], \"unseen\": \"missing\"}", "\"x\"",
       "value 1 is not a string", WF_PARSE},
      {"text", "{\"kind\": \"ordinal\", \"values\": [\"a\", \"a\"], \"unseen\": \"missing\"}",
       "\"x\"", "appears twice", WF_INVALID},
      {"text", "{\"kind\": \"ordinal\", \"values\": [\"a\"], \"unseen\": \"maybe\"}", "\"x\"",
       "neither missing nor error", WF_PARSE},
      {"text", "{\"kind\": \"ordinal\", \"values\": [\"a\"]}", "\"x\"", "\"unseen\" is missing",
       WF_PARSE},
      {"text", "{\"kind\": \"ordinal\", \"values\": [\"a\"], \"unseen\": \"missing\", \"k\": 1}",
       "\"x\"", "unknown key 'k'", WF_PARSE},
      {"text", "{\"kind\": \"one_hot\", \"unseen\": \"missing\"}", "\"x\"", "\"values\" is missing",
       WF_PARSE},
      {"text",
       "{\"kind\": \"one_hot\", \"column\": \"x\", \"values\": [\"a\"], \"unseen\": \"missing\"}",
       "\"x\"", "unknown key \"column\"", WF_PARSE},
      {"number", "{\"kind\": \"impute\", \"how\": \"mean\"}", "\"x\"", "\"value\" is missing",
       WF_PARSE},
      {"number", "{\"kind\": \"impute\", \"how\": \"most\", \"value\": 1}", "\"x\"",
       "\"how\" is 'most'", WF_PARSE},
      {"number", "{\"kind\": \"impute\", \"how\": \"mean\", \"value\": 1e999}", "\"x\"", "recipe",
       WF_PARSE},
      {"number", "{\"kind\": \"impute\", \"how\": \"mean\", \"value\": \"1\"}", "\"x\"",
       "not a number", WF_PARSE},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    CHECK_FAILS(parse_with(cases[i].type, cases[i].steps, cases[i].features, &err), err,
                cases[i].status, cases[i].message);
  }
}

TEST(parse_refuses_bad_documents) {
  wf_error err = WF_ERROR_INIT;
  static const struct {
    const char *text, *message;
    wf_status status;
  } cases[] = {
      {"", "recipe: line 1", WF_PARSE},
      {"{", "recipe: line 1", WF_PARSE},
      {"[]", "not a JSON object", WF_PARSE},
      {"{}", "\"format\" is missing", WF_PARSE},
      {"{\"format\": 2, \"fitted\": true}", "format 2; this version reads", WF_UNSUPPORTED},
      {"{\"format\": 1}", "\"fitted\" is missing", WF_PARSE},
      {"{\"format\": 1, \"fitted\": 1}", "\"fitted\" is missing or", WF_PARSE},
      {"{\"format\": 1, \"fitted\": true}", "\"inputs\" is missing", WF_PARSE},
      {"{\"format\": 1, \"fitted\": true, \"inputs\": []}", "no inputs", WF_PARSE},
      {"{\"format\": 1, \"fitted\": true, \"inputs\": [1]}", "input 1 is not an object", WF_PARSE},
      {"{\"format\": 1, \"fitted\": true, \"inputs\": [], \"x\": 1}", "unknown key 'x'", WF_PARSE},
      {"{\"format\": 1, \"fitted\": true, \"inputs\": [{\"column\": \"\"}]}", "name is empty",
       WF_PARSE},
      {"{\"format\": 1, \"fitted\": true, \"inputs\": [{\"column\": \"a\\u0000b\"}]}", "recipe",
       WF_PARSE},
      {"{\"format\": 1, \"fitted\": true, \"inputs\": ["
       "{\"column\": \"a\", \"type\": \"number\", \"steps\": [], \"features\": [\"a\"]},"
       "{\"column\": \"a\", \"type\": \"number\", \"steps\": [], \"features\": [\"b\"]}]}",
       "two columns are named 'a'", WF_PARSE},
      {"{\"format\": 1, \"fitted\": false}", "\"steps\" is missing", WF_PARSE},
      {"{\"format\": 1, \"fitted\": false, \"steps\": ["
       "{\"kind\": \"drop\", \"column\": null}]}",
       "drop needs a column", WF_PARSE},
      {"{\"format\": 1, \"fitted\": false, \"steps\": ["
       "{\"kind\": \"impute\", \"how\": \"mean\", \"column\": \"a\", \"value\": 3}]}",
       "\"value\" belongs to a fitted recipe", WF_PARSE},
      {"{\"format\": 1, \"fitted\": false, \"steps\": ["
       "{\"kind\": \"impute\", \"how\": \"mean\", \"column\": \"a\"},"
       "{\"kind\": \"impute\", \"how\": \"mean\", \"column\": \"a\"}]}",
       "already has the step impute", WF_INVALID},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    wf_recipe *recipe;
    CHECK_FAILS(wf_recipe_parse(&recipe, cases[i].text, strlen(cases[i].text), &err), err,
                cases[i].status, cases[i].message);
  }
}

/* Every prefix and every single changed byte: an error or a recipe that formats again. */
TEST(parse_survives_damage) {
  size_t size = strlen(fitted_text);
  char *copy = malloc(size);
  for (size_t i = 0; i < size * 3; i++) {
    wf_error err = WF_ERROR_INIT;
    memcpy(copy, fitted_text, size);
    size_t length = i < size ? i : size;
    if (i >= size) copy[i % size] = (char)(i < 2 * size ? copy[i % size] ^ 1 : '0');
    wf_recipe *recipe;
    if (wf_recipe_parse(&recipe, copy, length, &err) != WF_OK) {
      CHECK(err.message[0] != '\0');
      continue;
    }
    char *text;
    CHECK(wf_recipe_format(&text, recipe, &err) == WF_OK);
    wf_free(text);
    wf_recipe_release(recipe);
  }
  free(copy);
}

static bool parse_and_format(void) {
  wf_error err = WF_ERROR_INIT;
  wf_recipe *recipe;
  if (wf_recipe_parse(&recipe, fitted_text, strlen(fitted_text), &err) != WF_OK) return false;
  char *text;
  bool done = wf_recipe_format(&text, recipe, &err) == WF_OK;
  if (done) wf_free(text);
  wf_recipe_release(recipe);
  return done;
}

TEST(format_survives_allocation_failure) { CHECK_OOM_SAFE(parse_and_format()); }
