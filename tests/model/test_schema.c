/* test_schema.c — what a model says of itself, and whether it is true. */
#include "model/schema.h"

#include "base/file.h"
#include "tiny.h"

typedef struct parts {
  wf_recipe *recipe;
  wf_forest *forest;
  wf_schema schema;
} parts;

static void make(parts *p, const char *name, const char *const *classes, size_t n) {
  wf_error err = WF_ERROR_INIT;
  size_t size;
  char *booster = tiny_booster(name, &size);
  p->recipe = tiny_recipe();
  REQUIRE_OK(wf_forest_parse(&p->forest, booster, size, &err), err);
  REQUIRE_OK(wf_schema_copy(&p->schema, "bad", classes, n, &err), err);
  wf_free(booster);
}

static void release(parts *p) {
  wf_recipe_release(p->recipe);
  wf_forest_release(p->forest);
  wf_schema_dispose(&p->schema);
}

static const char *const three[] = {"low", "mid \"quoted\"", "high"};

TEST(schema_text) {
  parts p;
  make(&p, "tiny", NULL, 0);
  char *text;
  size_t size;
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_schema_format(&text, &size, &p.schema, p.recipe, p.forest, &err), err);
  CHECK_EQ_STR(text, "{\n"
                     "  \"format\": 1,\n"
                     "  \"label\": \"bad\",\n"
                     "  \"objective\": \"binary:logistic\",\n"
                     "  \"outputs\": 1,\n"
                     "  \"inputs\": [\n"
                     "    {\"name\": \"size\", \"type\": \"text\"},\n"
                     "    {\"name\": \"colour\", \"type\": \"text\"},\n"
                     "    {\"name\": \"weight\", \"type\": \"number\"}\n"
                     "  ],\n"
                     "  \"features\": [\n"
                     "    \"size\",\n"
                     "    \"colour_blue\",\n"
                     "    \"colour_red\",\n"
                     "    \"weight\"\n"
                     "  ]\n"
                     "}\n");
  CHECK_EQ_INT(size, strlen(text));
  wf_text_free(text);
  release(&p);
}

TEST(schema_with_classes) {
  parts p;
  make(&p, "three", three, 3);
  wf_error err = WF_ERROR_INIT;
  REQUIRE_OK(wf_schema_check(&p.schema, p.recipe, p.forest, &err), err);
  char *text;
  size_t size;
  REQUIRE_OK(wf_schema_format(&text, &size, &p.schema, p.recipe, p.forest, &err), err);
  CHECK_HAS(text, "\"classes\": [\"low\", \"mid \\\"quoted\\\"\", \"high\"]");
  wf_schema read = {0};
  REQUIRE_OK(wf_schema_parse(&read, (wf_view){text, size}, p.recipe, p.forest, &err), err);
  CHECK_EQ_STR(read.label, "bad");
  CHECK_EQ_INT(read.n_classes, 3);
  CHECK_EQ_STR(read.classes[1], three[1]);
  wf_schema_dispose(&read);
  wf_text_free(text);
  release(&p);
}

TEST(schema_check_refuses) {
  parts p;
  wf_error err = WF_ERROR_INIT;
  make(&p, "three", three, 2);
  CHECK_FAILS(wf_schema_check(&p.schema, p.recipe, p.forest, &err), err, WF_INVALID,
              "2 classes are named");
  release(&p);
  make(&p, "tiny", three, 3);
  CHECK_FAILS(wf_schema_check(&p.schema, p.recipe, p.forest, &err), err, WF_INVALID,
              "3 classes are named");
  release(&p);
  make(&p, "tiny", (const char *const[]){"a", "a"}, 2);
  CHECK_FAILS(wf_schema_check(&p.schema, p.recipe, p.forest, &err), err, WF_INVALID,
              "two classes are named 'a'");
  strcpy(p.schema.classes[1], "b");
  REQUIRE_OK(wf_schema_check(&p.schema, p.recipe, p.forest, &err), err);
  strcpy(p.schema.label, "");
  CHECK_FAILS(wf_schema_check(&p.schema, p.recipe, p.forest, &err), err, WF_INVALID, "empty");
  wf_text_free(p.schema.label);
  p.schema.label = wf_strdup("weight");
  CHECK_FAILS(wf_schema_check(&p.schema, p.recipe, p.forest, &err), err, WF_INVALID,
              "'weight' is also an input");
  release(&p);
}

/* The text with one part replaced, parsed against the true recipe and forest. */
static wf_status parse_changed(const parts *p, const char *from, const char *to, wf_error *err) {
  char *text, *at;
  size_t size;
  REQUIRE(wf_schema_format(&text, &size, &p->schema, p->recipe, p->forest, err) == WF_OK);
  at = strstr(text, from);
  REQUIRE(at);
  wf_bytes changed = {0};
  wf_bytes_add(&changed, text, (size_t)(at - text));
  wf_bytes_text(&changed, to);
  wf_bytes_text(&changed, at + strlen(from));
  wf_schema read = {0};
  wf_status status =
      wf_schema_parse(&read, (wf_view){changed.data, changed.size}, p->recipe, p->forest, err);
  wf_schema_dispose(&read);
  wf_bytes_dispose(&changed);
  wf_text_free(text);
  return status;
}

TEST(schema_parse_refuses) {
  static const struct {
    const char *from, *to;
    wf_status status;
    const char *part;
  } cases[] = {
      {"\"format\": 1", "\"format\": 7", WF_UNSUPPORTED, "format 7"},
      {"\"format\": 1,", "", WF_PARSE, "\"format\" is missing"},
      {"\"label\": \"bad\"", "\"label\": 5", WF_PARSE, "label"},
      {"binary:logistic", "reg:squarederror", WF_CORRUPT, "xgboost-model"},
      {"\"outputs\": 1", "\"outputs\": 2", WF_CORRUPT, "xgboost-model"},
      {"\"outputs\": 1", "\"outputs\": -1", WF_CORRUPT, "xgboost-model"},
      {"\"name\": \"weight\"", "\"name\": \"height\"", WF_CORRUPT, "inputs"},
      {"\"type\": \"number\"", "\"type\": \"text\"", WF_CORRUPT, "inputs"},
      {",\n    {\"name\": \"weight\", \"type\": \"number\"}", "", WF_CORRUPT, "inputs"},
      {"\"colour_red\"", "\"colour_pink\"", WF_CORRUPT, "features"},
      {"\"colour_red\"", "7", WF_CORRUPT, "features"},
      {"\"colour_red\",", "", WF_CORRUPT, "features"},
      {"\"label\": \"bad\"", "\"label\": \"bad\", \"classes\": [\"a\", 1]", WF_PARSE, "class 2"},
      {"\"label\": \"bad\"", "\"label\": \"bad\", \"classes\": {}", WF_PARSE, "classes"},
      {"{", "", WF_PARSE, "schema.json"},
  };
  parts p;
  make(&p, "tiny", NULL, 0);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    wf_error err = WF_ERROR_INIT;
    CHECK_FAILS(parse_changed(&p, cases[i].from, cases[i].to, &err), err, cases[i].status,
                cases[i].part);
  }
  release(&p);
}
