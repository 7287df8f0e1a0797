/* Expressions: what they mean, where they are wrong, and that frames and rows agree to the bit. */
#include "check.h"

#include "base/random.h"
#include "recipe/recipe.h"

#include <stdlib.h>

/* With a = 6, b = -2.5, c missing, `d e` = 0, t = 2024-02-29 23:59:58, s a text and sc a missing
 * one. */
static wf_cell cell_of(const char *text) {
  wf_error err = WF_ERROR_INIT;
  wf_expression *e = NULL;
  REQUIRE_OK(wf_expression_parse(&e, wf_view_of(text), &err), err);
  static wf_expression_room room;
  wf_cell values[WF_EXPRESSION_MAX_COLUMNS] = {0}, value = {0};
  bool is_text[WF_EXPRESSION_MAX_COLUMNS] = {0}, makes_text = false;
  const wf_map *columns = wf_expression_columns(e);
  for (size_t i = 0; i < wf_map_count(columns); i++) {
    wf_view name = wf_map_key(columns, i);
    values[i] = (wf_cell){.kind = WF_CELL_NUMBER};
    is_text[i] = name.data[0] == 's';
    if (is_text[i]) values[i] = (wf_cell){.kind = WF_CELL_TEXT, .text = "Añ-b-c", .size = 7};
    if (wf_view_equal(name, WF_VIEW("a"))) values[i].number = 6;
    if (wf_view_equal(name, WF_VIEW("b"))) values[i].number = -2.5;
    if (wf_view_equal(name, WF_VIEW("t"))) values[i].number = 1709251198000000;
    if (name.data[0] == 'c' || wf_view_equal(name, WF_VIEW("sc"))) values[i] = (wf_cell){0};
  }
  REQUIRE_OK(wf_expression_check(e, is_text, &makes_text, &err), err);
  REQUIRE_OK(wf_expression_evaluate(&value, e, values, &room, &err), err);
  CHECK_EQ_STR(wf_expression_text(e).data, text);
  CHECK(value.kind == WF_CELL_MISSING || makes_text == (value.kind == WF_CELL_TEXT));
  static char held[WF_EXPRESSION_ROOM + 1];
  if (value.kind == WF_CELL_TEXT) {
    memcpy(held, value.text, value.size);
    held[value.size] = '\0';
    value.text = held;
  }
  wf_expression_free(e);
  return value;
}

static double value_of(const char *text) {
  wf_cell cell = cell_of(text);
  return cell.kind == WF_CELL_NUMBER ? cell.number : (double)NAN;
}

static const char *text_of(const char *text) {
  wf_cell cell = cell_of(text);
  return cell.kind == WF_CELL_TEXT ? cell.text : "missing";
}

TEST(expression_arithmetic) {
  CHECK_SAME(value_of("a"), 6);
  CHECK_SAME(value_of("a + b * 2"), 1);
  CHECK_SAME(value_of("(a + b) * 2"), 7);
  CHECK_SAME(value_of("a - 1 - 2"), 3);
  CHECK_SAME(value_of("a / 4 / 3"), 0.5);
  CHECK_SAME(value_of("-a ^ 2"), -36);
  CHECK_SAME(value_of("2 ^ 3 ^ 2 + 0 * a"), 512);
  CHECK_SAME(value_of("a ^ -1"), pow(6, -1));
  CHECK_SAME(value_of("- -a"), 6);
  CHECK_SAME(value_of("b % 2"), 1.5);
  CHECK_SAME(value_of("a % -4"), -2);
  CHECK_SAME(value_of("1.5e2*a"), 900);
  CHECK_SAME(value_of(" .5 * a "), 3);
  CHECK_SAME(value_of("`d e` + `a`"), 6);
}

TEST(expression_functions) {
  CHECK_SAME(value_of("abs(b)"), 2.5);
  CHECK_SAME(value_of("floor(b) + ceil(b)"), -5);
  CHECK_SAME(value_of("sqrt(a * a)"), 6);
  CHECK_SAME(value_of("exp(`d e`)"), 1);
  CHECK_SAME(value_of("log(a)"), log(6));
  CHECK_SAME(value_of("log1p(a)"), log1p(6));
  CHECK_SAME(value_of("min(a, b, 3)"), -2.5);
  CHECK_SAME(value_of("max(a, b, 30)"), 30);
  CHECK_SAME(value_of("if(a > b, 1, 2)"), 1);
  CHECK_SAME(value_of("if(`d e`, 1, 2)"), 2);
}

TEST(expression_of_texts) {
  CHECK_EQ_STR(text_of("s"), "Añ-b-c");
  CHECK_EQ_STR(text_of("lower(s)"), "añ-b-c");
  CHECK_EQ_STR(text_of("upper(s)"), "Añ-B-C");
  CHECK_EQ_STR(text_of("trim(\"  x\" .. s .. '  ')"), "xAñ-b-c");
  CHECK_EQ_STR(text_of("part(s, '-', 2) .. part(s, \"-\", -1)"), "bc");
  CHECK_EQ_STR(text_of("part(s, '-', 9)"), "missing");
  CHECK_EQ_STR(text_of("part(s, '', 1)"), "missing");
  CHECK_EQ_STR(text_of("sub(s, 2)"), "ñ-b-c");
  CHECK_EQ_STR(text_of("sub(s, 1, 2)"), "Añ");
  CHECK_EQ_STR(text_of("replace(s, '-', '+=')"), "Añ+=b+=c");
  CHECK_EQ_STR(text_of("s .. a .. b .. 1e20"), "Añ-b-c6-2.51e+20");
  CHECK_EQ_STR(text_of("'it''s' .. \" \"\" \" .. sub(s, 1, 1)"), "it's \" A");
  CHECK_EQ_STR(text_of("if(a > b, s, 'no')"), "Añ-b-c");
  CHECK_EQ_STR(text_of("coalesce(sc, sc, s)"), "Añ-b-c");
  CHECK_EQ_STR(text_of("s .. sc"), "missing");
  CHECK_EQ_STR(text_of("text(a)"), "6");
  CHECK_SAME(value_of("length(s)"), 6);
  CHECK_SAME(value_of("s == 'Añ-b-c' and s ~= 'x' and s < 'B' and 'A' <= s"), 1);
  CHECK_SAME(value_of("contains(s, 'b') + starts_with(s, 'Añ') + ends_with(s, '-c')"), 3);
  CHECK_SAME(value_of("contains(s, '')"), 1);
  CHECK_SAME(value_of("ends_with(s, s .. s)"), 0);
  CHECK_SAME(value_of("is_in(part(s, '-', 2), 'a', 'b')"), 1);
  CHECK_SAME(value_of("is_in(a, 1, 2)"), 0);
  CHECK_SAME(value_of("is_in(c, 1) + 1"), (double)NAN);
  CHECK_SAME(value_of("is_in(a, c, 6)"), 1);
  CHECK_SAME(value_of("missing(sc) + missing(s)"), 1);
  CHECK_SAME(value_of("number('2.5') + a"), 8.5);
  CHECK_SAME(value_of("number(s)"), (double)NAN);
  CHECK_SAME(value_of("sc == 'x'"), (double)NAN);
}

TEST(expression_of_dates_and_circles) {
  CHECK_SAME(value_of("year(t) * 10000 + month(t) * 100 + day(t)"), 20240229);
  CHECK_SAME(value_of("hour(t) + minute(t) / 100 + weekday(t) * 100"), 423.59);
  CHECK_SAME(value_of("sin(`d e`) + cos(`d e`) + sign(b)"), 0);
  CHECK_SAME(value_of("round(b) + round(a / 4, 0) + round(2.345 + `d e`, 2)"), -2 + 2 + 2.35);
  CHECK_SAME(value_of("year(c)"), (double)NAN);
}

TEST(expression_tells_numbers_from_texts) {
  static const struct {
    const char *text, *message;
  } wrong[] = {{"s + 1", "column 3: '+' is given a text, not a number"},
               {"a == 'x'", "column 3: '==' is given a number and a text"},
               {"lower(a)", "column 1: 'lower' is given a number, not a text"},
               {"if(a, s, 1)", "'if' is given a number and a text"},
               {"if(s, 1, 2)", "'if' is given a text, not a number"},
               {"part(s, '-', s)", "'part' is given a text, not a number"},
               {"coalesce(a, b, s)", "'coalesce' is given a number and a text"},
               {"not s", "column 1: 'not'"}};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    wf_error err = WF_ERROR_INIT;
    wf_expression *e = NULL;
    bool is_text[WF_EXPRESSION_MAX_COLUMNS], makes_text;
    REQUIRE_OK(wf_expression_parse(&e, wf_view_of(wrong[i].text), &err), err);
    for (size_t k = 0; k < wf_map_count(wf_expression_columns(e)); k++)
      is_text[k] = wf_map_key(wf_expression_columns(e), k).data[0] == 's';
    CHECK_FAILS(wf_expression_check(e, is_text, &makes_text, &err), err, WF_TYPE, wrong[i].message);
    wf_expression_free(e);
  }
}

TEST(expression_room_is_limited) {
  wf_error err = WF_ERROR_INIT;
  wf_expression *e = NULL;
  wf_cell value, s = {.kind = WF_CELL_TEXT, .text = "0123456789abcdef", .size = 16};
  wf_expression_room room;
  bool is_text = true, makes_text;
  REQUIRE_OK(
      wf_expression_parse(&e, WF_VIEW("replace(replace(s .. s, s, s), '0', s .. s .. s)"), &err),
      err);
  REQUIRE_OK(wf_expression_check(e, &is_text, &makes_text, &err), err);
  REQUIRE_OK(wf_expression_evaluate(&value, e, &s, &room, &err), err);
  char *large = malloc(5000);
  memset(large, '0', 5000);
  s = (wf_cell){.kind = WF_CELL_TEXT, .text = large, .size = 5000};
  CHECK_FAILS(wf_expression_evaluate(&value, e, &s, &room, &err), err, WF_LIMIT, "4096 bytes");
  s.size = 50;
  CHECK_FAILS(wf_expression_evaluate(&value, e, &s, &room, &err), err, WF_LIMIT, "4096 bytes");
  free(large);
  wf_expression_free(e);
}

TEST(expression_truth) {
  CHECK_SAME(value_of("a > 5 and b < 0"), 1);
  CHECK_SAME(value_of("a > 5 and b > 0 or a == 6"), 1);
  CHECK_SAME(value_of("not a"), 0);
  CHECK_SAME(value_of("not a == 0"), 1); /* (not a) == 0 */
  CHECK_SAME(value_of("a ~= 6"), 0);
  CHECK_SAME(value_of("a >= 6 and a <= 6"), 1);
  CHECK_SAME(value_of("a<b"), 0);
}

TEST(expression_missing) {
  static const char *const missing[] = {
      "c",           "c + 1",         "c == c",         "not c",         "min(a, c)",
      "if(c, 1, 2)", "c and a",       "c or `d e`",     "a / `d e`",     "log(b)",
      "sqrt(b)",     "exp(9999 * a)", "c ^ 0",          "1 ^ c",         "a % `d e`",
      "0 / `d e`",   "abs(c)",        "a * 1e308 * 10", "coalesce(c, c)"};
  for (size_t i = 0; i < sizeof missing / sizeof *missing; i++) {
    if (!isnan(value_of(missing[i]))) test_fail(__FILE__, __LINE__, "%s has a value", missing[i]);
  }
  CHECK_SAME(value_of("missing(c) + missing(a)"), 1);
  CHECK_SAME(value_of("coalesce(c, c, a)"), 6);
  CHECK_SAME(value_of("c and `d e`"), 0);
  CHECK_SAME(value_of("a or c"), 1);
  CHECK_SAME(value_of("if(a, a, c)"), 6);
}

static void check_mistake(const char *text, const char *message, int column) {
  wf_error err = WF_ERROR_INIT;
  wf_expression *e = NULL;
  CHECK_FAILS(wf_expression_parse(&e, wf_view_of(text), &err), err, WF_PARSE, message);
  CHECK_EQ_INT(err.column, column);
}

TEST(expression_mistakes_name_their_column) {
  check_mistake("", "column 1: the expression ends where a value", 1);
  check_mistake("a +", "ends where a value", 4);
  check_mistake("a + * b", "'*' where a value", 5);
  check_mistake("a b", "'b' where the end or an operator", 3);
  check_mistake("(a", "ends where ')'", 3);
  check_mistake("a)", "')' where the end", 2);
  check_mistake("sine(a)", "there is no function 'sine'; did you mean 'sin'?", 1);
  check_mistake("a + log(a, b)", "',' where ')'", 10);
  check_mistake("min(a)", "')' where ','", 6);
  check_mistake("if(a, b)", "')' where ','", 8);
  check_mistake("log()", "')' where a value", 5);
  check_mistake("1.2.3 * a", "'1.2.3' is not a number", 1);
  check_mistake("1a", "is not a number", 1);
  check_mistake("1e999 * a", "is not a number", 1);
  check_mistake("a = 1", "'=' where the end", 3);
  check_mistake("a + é", "'é' where a value", 5);
  check_mistake("`a", "does not end", 1);
  check_mistake("``", "empty", 1);
  check_mistake("1 + 2", "names no column", 1);
  check_mistake("a and and b", "'a' where a value", 7);
}

static void check_too_much(const char *piece, const char *last, size_t n, const char *message) {
  wf_error err = WF_ERROR_INIT;
  wf_expression *e = NULL;
  wf_bytes text = {0};
  for (size_t i = 0; i < n; i++) wf_bytes_format(&text, piece, i);
  wf_bytes_text(&text, last);
  CHECK_FAILS(wf_expression_parse(&e, (wf_view){text.data, text.size}, &err), err, WF_LIMIT,
              message);
  wf_bytes_dispose(&text);
}

TEST(expression_limits) {
  check_too_much("(", "a", 2000, "nested");
  check_too_much("-", "a", 2000, "nested");
  check_too_much("2^", "a", 2000, "nested");
  check_too_much("c%zu+", "a", 70, "more than 64 columns");
  check_too_much("1+", "a", 3000, "4096 bytes");
  wf_error err = WF_ERROR_INIT;
  wf_expression *e = NULL;
  CHECK_FAILS(wf_expression_parse(&e, WF_VIEW("a\0b"), &err), err, WF_PARSE, "NUL");
}

/* ---- in recipes -------------------------------------------------------------------------------
 */

enum { N = 500 };

static wf_frame *make_frame(void) {
  wf_error err = WF_ERROR_INIT;
  wf_random random;
  wf_random_seed(&random, 4, 0);
  double amount[N], income[N];
  uint8_t has[N], yes[N];
  const char *words[N];
  for (size_t i = 0; i < N; i++) {
    amount[i] = wf_random_unit(&random) * 1000;
    income[i] = (double)wf_random_below(&random, 5);
    has[i] = wf_random_below(&random, 6) > 0;
    yes[i] = (uint8_t)wf_random_below(&random, 2);
    words[i] = i % 3 ? "x" : "y";
  }
  wf_column *c[4] = {NULL};
  wf_frame *frame = NULL;
  REQUIRE_OK(wf_column_from_f64(&c[0], amount, has, N, &err), err);
  REQUIRE_OK(wf_column_from_f64(&c[1], income, NULL, N, &err), err);
  REQUIRE_OK(wf_column_from_bool(&c[2], yes, NULL, N, &err), err);
  REQUIRE_OK(wf_column_from_strings(&c[3], words, N, &err), err);
  static const char *const names[] = {"amount", "income", "yes no", "word"};
  REQUIRE_OK(wf_frame_new(&frame, names, c, 4, &err), err);
  for (int i = 0; i < 4; i++) wf_column_release(c[i]);
  return frame;
}

static wf_status declare(wf_recipe **out, wf_error *err) {
  WF_TRY(wf_recipe_new(out, err));
  WF_TRY(wf_recipe_one_hot(*out, NULL, NULL, 0, NULL, WF_UNSEEN_MISSING, err));
  WF_TRY(wf_recipe_impute(*out, "amount", WF_IMPUTE_CONSTANT, -1, err));
  WF_TRY(wf_recipe_expression(*out, "ratio", "amount / income", err));
  WF_TRY(wf_recipe_impute(*out, "ratio", WF_IMPUTE_MEDIAN, 0, err));
  WF_TRY(wf_recipe_scale(*out, "ratio", WF_SCALE_STANDARD, err));
  return wf_recipe_expression(*out, "mix", "if(`yes no`, log1p(amount) ^ 0.3, -income)", err);
}

/* Every row by itself, from the same cells: the floats of the matrix. */
static void check_rows(const wf_recipe *recipe, const wf_frame *frame, const wf_matrix *matrix) {
  wf_error err = WF_ERROR_INIT;
  size_t n_in = wf_recipe_input_count(recipe), n_out = wf_recipe_output_count(recipe);
  wf_features features = wf_matrix_features(matrix);
  wf_cell cells[8];
  float out[8];
  REQUIRE(n_in <= 8 && n_out <= 8);
  for (size_t row = 0; row < N; row++) {
    for (size_t i = 0; i < n_in; i++) {
      wf_column *column = NULL;
      REQUIRE_OK(wf_frame_get(&column, frame, wf_recipe_input_name(recipe, i), &err), err);
      cells[i] = wf_recipe_cell_at(column, row);
    }
    REQUIRE_OK(wf_recipe_apply_row(recipe, cells, out, &err), err);
    for (size_t j = 0; j < n_out; j++) {
      float expected = features.data[j * features.column_stride + row];
      if (memcmp(&out[j], &expected, sizeof expected) != 0) {
        test_fail(__FILE__, __LINE__, "row %zu, feature %zu", row, j);
      }
    }
  }
}

TEST(expression_frame_and_rows_agree) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *frame = make_frame();
  wf_recipe *recipe = NULL, *copy = NULL;
  wf_matrix *matrix = NULL, *again = NULL;
  char *first = NULL, *second = NULL;
  REQUIRE_OK(declare(&recipe, &err), err);
  REQUIRE_OK(wf_recipe_fit(recipe, frame, NULL, 0, &err), err);
  CHECK_EQ_INT(wf_recipe_input_count(recipe), 4);
  CHECK_EQ_INT(wf_recipe_output_count(recipe), 7);
  CHECK_EQ_STR(wf_recipe_output_name(recipe, 5), "ratio");
  CHECK_EQ_INT(wf_recipe_output_source(recipe, 5), 0);
  CHECK_EQ_INT(wf_recipe_output_source(recipe, 6), 2);
  REQUIRE_OK(wf_recipe_apply(&matrix, recipe, frame, &err), err);
  check_rows(recipe, frame, matrix);
  REQUIRE_OK(wf_recipe_format(&first, recipe, &err), err);
  CHECK_HAS(first, "\"expression\": \"amount / income\"");
  REQUIRE_OK(wf_recipe_parse(&copy, first, strlen(first), &err), err);
  REQUIRE_OK(wf_recipe_format(&second, copy, &err), err);
  CHECK_EQ_STR(second, first);
  REQUIRE_OK(wf_recipe_apply(&again, copy, frame, &err), err);
  check_rows(copy, frame, matrix);
  wf_text_free(first);
  wf_text_free(second);
  REQUIRE_OK(wf_recipe_explain(&first, recipe, &err), err);
  CHECK_HAS(first, "ratio = amount / income (number): impute");
  wf_text_free(first);
  wf_matrix_release(matrix);
  wf_matrix_release(again);
  wf_recipe_release(recipe);
  wf_recipe_release(copy);
  wf_frame_release(frame);
}

TEST(expression_declared_document) {
  wf_error err = WF_ERROR_INIT;
  wf_recipe *recipe = NULL, *copy = NULL;
  char *first = NULL, *second = NULL;
  REQUIRE_OK(declare(&recipe, &err), err);
  REQUIRE_OK(wf_recipe_format(&first, recipe, &err), err);
  REQUIRE_OK(wf_recipe_parse(&copy, first, strlen(first), &err), err);
  REQUIRE_OK(wf_recipe_format(&second, copy, &err), err);
  CHECK_EQ_STR(second, first);
  wf_text_free(first);
  wf_text_free(second);
  wf_recipe_release(recipe);
  wf_recipe_release(copy);
}

static void check_fit(const char *name, const char *text, wf_status status, const char *message) {
  wf_error err = WF_ERROR_INIT;
  wf_frame *frame = make_frame();
  wf_recipe *recipe = NULL;
  REQUIRE_OK(wf_recipe_new(&recipe, &err), err);
  wf_status declared = wf_recipe_expression(recipe, name, text, &err);
  if (declared == WF_OK) {
    CHECK_FAILS(wf_recipe_fit(recipe, frame, (const char *const[]){"word"}, 1, &err), err, status,
                message);
  } else {
    CHECK_FAILS(declared, err, status, message);
  }
  wf_recipe_release(recipe);
  wf_frame_release(frame);
}

TEST(expression_refused) {
  check_fit("x", "amount / incme", WF_NOTFOUND, "expression of 'x': there is no column 'incme'");
  check_fit("x", "amount + word", WF_NOTFOUND, "'word'");
  check_fit("income", "amount", WF_INVALID, "there is such a column");
  check_fit("x", "amount +", WF_PARSE, "expression of 'x': column 9");
  check_fit("", "amount", WF_INVALID, "the column name is empty");
}

TEST(expression_bad_documents) {
  static const char *const inputs[] = {
      "{\"column\":\"x\",\"type\":\"number\",\"steps\":[],\"features\":[\"x\"],\"expression\":"
      "\"y\"}",
      "{\"column\":\"x\",\"type\":\"bool\",\"steps\":[],\"features\":[\"x\"],\"expression\":\"a\"}",
      "{\"column\":\"x\",\"type\":\"number\",\"steps\":[],\"features\":[\"x\"],\"expression\":\"a+"
      "\"}",
      "{\"column\":\"x\",\"type\":\"number\",\"steps\":[],\"features\":[\"x\"],\"expression\":7}",
      "{\"column\":\"x\",\"type\":\"number\",\"steps\":[{\"kind\":\"expression\",\"expression\":"
      "\"a\"}],"
      "\"features\":[\"x\"]}",
      "{\"column\":\"x\",\"type\":\"number\",\"steps\":[],\"features\":[\"x\"],\"expression\":"
      "\"a\"},"
      "{\"column\":\"z\",\"type\":\"number\",\"steps\":[],\"features\":[\"z\"]}",
  };
  for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) {
    wf_recipe *recipe = NULL;
    wf_bytes text = {0};
    wf_bytes_format(
        &text,
        "{\"format\":1,\"fitted\":true,\"inputs\":[{\"column\":\"a\",\"type\":\"number\","
        "\"steps\":[],\"features\":[\"a\"]},%s]}",
        inputs[i]);
    CHECK(wf_recipe_parse(&recipe, text.data, text.size, NULL) != WF_OK && !recipe);
    wf_bytes_dispose(&text);
  }
}

static bool all_of_it(const wf_frame *frame) {
  wf_recipe *recipe = NULL, *copy = NULL;
  wf_matrix *matrix = NULL;
  char *text = NULL;
  bool ok = declare(&recipe, NULL) == WF_OK &&
            wf_recipe_fit(recipe, frame, NULL, 0, NULL) == WF_OK &&
            wf_recipe_apply(&matrix, recipe, frame, NULL) == WF_OK &&
            wf_recipe_format(&text, recipe, NULL) == WF_OK &&
            wf_recipe_parse(&copy, text, strlen(text), NULL) == WF_OK;
  wf_text_free(text);
  wf_matrix_release(matrix);
  wf_recipe_release(recipe);
  wf_recipe_release(copy);
  return ok;
}

TEST(expression_out_of_memory) {
  wf_frame *frame = make_frame();
  CHECK_OOM_SAFE(all_of_it(frame));
  wf_frame_release(frame);
}
