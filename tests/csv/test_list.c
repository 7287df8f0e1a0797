/* The lister with and without vectors against a walk byte by byte, and content without pairs. */
#include "check.h"

#include "base/bytes.h"
#include "base/random.h"
#include "csv/list.h"
#include "csv/quotes.h"

static const wf_csv_dialect dialect = {.delimiter = ',', .quote = '"'};

/* Positions of regular text; the number of them. Sets *n_records and *open. */
static size_t walk(const char *text, size_t size, uint32_t *out, size_t *n_records, bool *open) {
  size_t n = 0;
  bool inside = false, after_end = true;
  *n_records = 0;
  for (size_t i = 0; i < size; i++) {
    bool line_end = text[i] == '\n' || text[i] == '\r';
    if (text[i] == '"') inside = !inside;
    if (!inside && (text[i] == ',' || (line_end && !after_end))) {
      out[n++] = (uint32_t)i;
      *n_records += line_end;
    }
    after_end = !inside && line_end;
  }
  *open = inside;
  return n;
}

static void check_list(const wf_bytes *text, size_t size, bool vectors) {
  static uint32_t wanted[4096];
  size_t n_records;
  bool open;
  size_t n = walk(text->data, size, wanted, &n_records, &open);
  wf_csv_list list = {0};
  REQUIRE(wf_csv_list_reserve(&list, size));
  CHECK(wf_csv_list_fill(&list, text->data, size, &dialect, vectors));
  CHECK_EQ_INT(list.n, n);
  CHECK_EQ_INT(list.n_records, n_records);
  CHECK(list.open == open);
  CHECK(memcmp(list.positions, wanted, n * sizeof *wanted) == 0);
  wf_csv_list_dispose(&list);
}

TEST(list_equals_a_walk) {
  static const char *const parts[] = {"a",  "bc", ",",  ",",      "\n",          "\r\n",
                                      "\r", ",,", "\n", ",\"\",", ",\"x,\ny\",", ",\"a\"\"b\"\n"};
  wf_random random;
  wf_random_seed(&random, 11, 0);
  for (int round = 0; round < 4000; round++) {
    wf_bytes text = {0};
    while (text.size < 300) {
      size_t k = (size_t)wf_random_below(&random, sizeof parts / sizeof *parts);
      bool after_break = text.size == 0 || strchr(",\n\r", text.data[text.size - 1]);
      if (strchr(parts[k], '"') && !after_break) wf_bytes_char(&text, ',');
      wf_bytes_text(&text, parts[k][0] == ',' && parts[k][1] == '"' && after_break ? parts[k] + 1
                                                                                   : parts[k]);
      if (parts[k][strlen(parts[k]) - 1] == '"') wf_bytes_char(&text, ',');
    }
    size_t size = text.size;
    for (int i = 0; i < WF_CSV_BEHIND; i++) wf_bytes_char(&text, ' ');
    check_list(&text, size, false);
    if (wf_csv_has_avx2()) check_list(&text, size, true);
    wf_bytes_dispose(&text);
  }
}

TEST(list_sees_quotes_out_of_place) {
  static const char *const texts[] = {"a\"b", "\"a\"b", "a,b\"\n", "\"a\" ,", "x\"", "\"\"\"\"x"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    for (size_t shift = 0; shift < 70; shift++) { /* on both sides of every boundary */
      wf_bytes text = {0};
      for (size_t k = 0; k < shift; k++) wf_bytes_char(&text, ',');
      wf_bytes_text(&text, texts[i]);
      wf_bytes_char(&text, '\n');
      size_t size = text.size;
      for (int k = 0; k < WF_CSV_BEHIND; k++) wf_bytes_char(&text, '"');
      wf_csv_list list = {0};
      REQUIRE(wf_csv_list_reserve(&list, size));
      CHECK(!wf_csv_list_fill(&list, text.data, size, &dialect, false));
      if (wf_csv_has_avx2()) CHECK(!wf_csv_list_fill(&list, text.data, size, &dialect, true));
      wf_csv_list_dispose(&list);
      wf_bytes_dispose(&text);
    }
  }
}

#ifdef WF_CSV_AVX2
WF_CSV_AVX2 static size_t copy_by_vectors(char *out, const char *data, size_t size) {
  return wf_csv_copy_content(out, data, size, '"', true);
}
#else
static size_t copy_by_vectors(char *out, const char *data, size_t size) {
  return wf_csv_copy_content(out, data, size, '"', false);
}
#endif

TEST(content_without_pairs) {
  wf_random random;
  wf_random_seed(&random, 12, 0);
  for (int round = 0; round < 20000; round++) {
    char text[500], wanted[400], out[500];
    size_t n = 0, n_wanted = 0, density = 1 + wf_random_below(&random, 40);
    for (size_t k = wf_random_below(&random, 180); k > 0; k--) {
      char c = wf_random_below(&random, density) == 0 ? '"' : (char)('a' + k % 26);
      text[n++] = wanted[n_wanted++] = c;
      if (c == '"') text[n++] = '"';
    }
    memset(text + n, '"', WF_CSV_BEHIND);
    size_t plain = wf_csv_copy_content(out, text, n, '"', false);
    CHECK(plain == n_wanted && memcmp(out, wanted, n_wanted) == 0);
    if (!wf_csv_has_avx2()) continue;
    size_t fast = copy_by_vectors(out, text, n);
    CHECK(fast == n_wanted && memcmp(out, wanted, n_wanted) == 0);
  }
}
