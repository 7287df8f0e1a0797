/* test_suggest.c — the nearest known name. */
#include "check.h"

#include "base/suggest.h"

static const char *const names[] = {"header", "delimiter", "max_depth", "eta", "subsample"};

static const char *suggest(const char *word) {
  return wf_suggest(word, names, sizeof names / sizeof *names, sizeof *names);
}

TEST(suggest_slips) {
  CHECK_EQ_STR(suggest("headr"), "header");   /* a letter left out */
  CHECK_EQ_STR(suggest("heaader"), "header"); /* one too many */
  CHECK_EQ_STR(suggest("haeder"), "header");  /* neighbours swapped */
  CHECK_EQ_STR(suggest("MAX_DEPHT"), "max_depth");
  CHECK_EQ_STR(suggest("eat"), "eta");
}

TEST(suggest_nothing_when_nothing_is_near) {
  CHECK(suggest("verbosity") == NULL);
  CHECK(suggest("x") == NULL);
  CHECK(suggest("") == NULL);
  char longer[100];
  memset(longer, 'e', sizeof longer - 1);
  longer[sizeof longer - 1] = '\0';
  CHECK(suggest(longer) == NULL);
  CHECK(wf_suggest("eta", NULL, 0, 8) == NULL);
}

TEST(suggest_from_structs) {
  const struct {
    const char *name;
    int value;
  } table[] = {{"alpha", 1}, {"beta", 2}};
  CHECK_EQ_STR(wf_suggest("beta", table, 0, sizeof *table) ? "x" : "none", "none");
  CHECK_EQ_STR(wf_suggest("beto", table, 2, sizeof *table), "beta");
}
