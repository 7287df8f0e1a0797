/* damage.c — from a sound model document to a damaged one.
 *
 * Blind damage (flips, cuts, pieces moved) mostly tests the readers: nearly all of it is refused at
 * once. What gets past them is aimed: numbers of JSON are replaced as whole tokens, so that the
 * document stays one, and the entries of the keys that carry structure (children, parents,
 * features, groups, sizes, covers) are preferred, in JSON as tokens and in UBJSON as bytes behind
 * the key. */
#include "damage.h"

#include <string.h>

typedef struct work {
  wf_bytes *out;
  wf_view model, other;
  size_t limit;
  wf_random *random;
} work;

static size_t below(const work *w, size_t n) {
  return n ? (size_t)wf_random_below(w->random, n) : 0;
}

static void add(const work *w, const char *bytes, size_t size) {
  size_t room = w->limit - w->out->size;
  wf_bytes_add(w->out, bytes, size < room ? size : room);
}

static void add_text(const work *w, const char *text) { add(w, text, strlen(text)); }

static const char *const awkward[] = {"-1",
                                      "0",
                                      "1",
                                      "2",
                                      "3",
                                      "-5",
                                      "5000",
                                      "65535",
                                      "65536",
                                      "1000000",
                                      "100000000",
                                      "1073741824",
                                      "2147483647",
                                      "-2147483648",
                                      "4294967296",
                                      "9223372036854775807",
                                      "-9223372036854775808",
                                      "99999999999999999999",
                                      "1e300",
                                      "-1e38",
                                      "3.4e38",
                                      "1e-45",
                                      "0.5",
                                      "-0",
                                      "-0.0",
                                      "NaN",
                                      "Infinity",
                                      "-Infinity",
                                      "null",
                                      "true",
                                      "[]",
                                      "{}",
                                      "\"7\"",
                                      "\"abc\"",
                                      "\"\"",
                                      "1,1",
                                      ""};
enum { N_AWKWARD = sizeof awkward / sizeof *awkward };

static const char *const keys[] = {"left_children",
                                   "right_children",
                                   "parents",
                                   "split_indices",
                                   "split_conditions",
                                   "default_left",
                                   "split_type",
                                   "categories",
                                   "categories_nodes",
                                   "categories_segments",
                                   "categories_sizes",
                                   "sum_hessian",
                                   "loss_changes",
                                   "base_weights",
                                   "num_nodes",
                                   "num_deleted",
                                   "num_feature",
                                   "num_class",
                                   "num_target",
                                   "num_trees",
                                   "num_parallel_tree",
                                   "tree_info",
                                   "iteration_indptr",
                                   "weight_drop",
                                   "weights",
                                   "base_score",
                                   "best_iteration",
                                   "size_leaf_vector",
                                   "version",
                                   "name",
                                   "id"};
enum { N_KEYS = sizeof keys / sizeof *keys };

/* ---- blind --------------------------------------------------------------------------------------
 */

static void flip(const work *w) {
  add(w, w->model.data, w->model.size);
  size_t times = (size_t)1 << below(w, 5);
  for (size_t i = 0; i < times && w->out->size; i++) {
    static const unsigned char special[] = {0,   1,   0x7f, 0x80, 0xff, '"', '[', ']', '{',
                                            '}', 'L', 'l',  'U',  '$',  '#', 'N', ',', '-'};
    size_t at = below(w, w->out->size);
    int byte = w->out->data[at] ^ 1 << below(w, 8);
    if (below(w, 3) == 0) byte = (int)below(w, 256);
    if (below(w, 3) == 0) byte = special[below(w, sizeof special)];
    w->out->data[at] = (char)byte;
  }
}

static void cut(const work *w) { add(w, w->model.data, below(w, w->model.size)); }

static void take_out(const work *w) {
  size_t from = below(w, w->model.size), n = below(w, 1 + below(w, w->model.size - from));
  add(w, w->model.data, from);
  add(w, w->model.data + from + n, w->model.size - from - n);
}

/* A piece of the model, or of the other one, put in anywhere, several times. */
static void put_in(const work *w) {
  wf_view source = below(w, 2) ? w->model : w->other;
  size_t at = below(w, w->model.size), from = below(w, source.size);
  size_t n = 1 + below(w, source.size - from), times = below(w, 4) ? 1 : 1 + below(w, 100);
  add(w, w->model.data, at);
  for (size_t i = 0; i < times; i++) add(w, source.data + from, n);
  add(w, w->model.data + at, w->model.size - at);
}

static void cross(const work *w) {
  add(w, w->model.data, below(w, w->model.size));
  size_t from = below(w, w->other.size);
  add(w, w->other.data + from, w->other.size - from);
}

/* Brackets, or small values, without end: what costs a reader most memory or stack a byte. */
static void swell(const work *w) {
  static const char *const pieces[] = {"[",      "{\"a\":",  "[{",      "{\"\":0,", "[],",
                                       "{},",    "\"\",",    "0,",      "null,",    "[0],",
                                       "[[0],1", "{U\001a",  "[[",      "Z",        "[$U#U\x01\x01",
                                       "0.5,",   "\"a\":0,", "{i\x01k", "U\x01",    "[#U\x02"};
  const char *piece = pieces[below(w, sizeof pieces / sizeof *pieces)];
  size_t at = below(w, w->model.size);
  size_t most = (w->limit - at) / strlen(piece),
         times = below(w, 8) ? below(w, 2000) : below(w, most);
  add(w, w->model.data, at);
  for (size_t i = 0; i < times; i++) add_text(w, piece);
  if (below(w, 2)) add(w, w->model.data + at, w->model.size - at);
}

/* ---- numbers ------------------------------------------------------------------------------------
 */

static bool is_number_char(char c) {
  return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'E' || c == 'e';
}

/* The number at or after `at` in text: its end, or 0 when there is none before `stop`. */
static size_t find_number(wf_view text, size_t *at, size_t stop) {
  size_t i = *at;
  while (i < stop && !(text.data[i] >= '0' && text.data[i] <= '9')) i++;
  if (i >= stop) return 0;
  while (i > 0 && is_number_char(text.data[i - 1])) i--;
  *at = i;
  while (i < text.size && is_number_char(text.data[i])) i++;
  return i;
}

/* Replaces the bytes [from, to) of the model. */
static void replace(const work *w, size_t from, size_t to, const char *bytes, size_t size) {
  add(w, w->model.data, from);
  add(w, bytes, size);
  add(w, w->model.data + to, w->model.size - to);
}

/* An awkward value, or another number of the model. */
static void replace_number(const work *w, size_t from, size_t to) {
  if (below(w, 2)) {
    const char *text = awkward[below(w, N_AWKWARD)];
    replace(w, from, to, text, strlen(text));
    return;
  }
  size_t at = below(w, w->model.size), end = find_number(w->model, &at, w->model.size);
  replace(w, from, to, w->model.data + at, end > at ? end - at : 0);
}

static void change_number(const work *w) {
  size_t at = below(w, w->model.size), end = find_number(w->model, &at, w->model.size);
  if (end == 0) {
    flip(w);
  } else {
    replace_number(w, at, end);
  }
}

/* ---- aimed --------------------------------------------------------------------------------------
 */

/* Where the bytes behind a random occurrence of `key` begin; 0 when there is none. */
static size_t find_key(const work *w, const char *key) {
  size_t size = strlen(key), start = below(w, w->model.size);
  for (int turn = 0; turn < 2; turn++) {
    const char *from = w->model.data + (turn ? 0 : start);
    const char *found = memmem(from, (size_t)(w->model.data + w->model.size - from), key, size);
    if (found) return (size_t)(found - w->model.data) + size;
  }
  return 0;
}

static size_t find_some_key(const work *w) {
  size_t at = 0;
  for (int i = 0; i < 10 && at == 0; i++) at = find_key(w, keys[below(w, N_KEYS)]);
  return at;
}

static bool is_json(wf_view model) {
  return model.size > 1 && (model.data[1] == '"' || model.data[1] == ' ' || model.data[1] == '\n');
}

/* The end of the value behind a key: of its array or string, or of the next few bytes. */
static size_t value_end(const work *w, size_t at) {
  size_t end = at + 64 < w->model.size ? at + 64 : w->model.size;
  const char *open = memchr(w->model.data + at, '[', end - at < 3 ? end - at : 3);
  if (!open) return end;
  const char *close = memchr(open, ']', (size_t)(w->model.data + w->model.size - open));
  return close ? (size_t)(close - w->model.data) : end;
}

static void aim_text(const work *w, size_t key) {
  size_t stop = value_end(w, key), at = key + below(w, stop - key);
  size_t end = find_number(w->model, &at, stop);
  if (end == 0) at = key, end = find_number(w->model, &at, w->model.size);
  if (end == 0) {
    flip(w);
  } else {
    replace_number(w, at, end);
  }
}

/* Behind a key of UBJSON: a type, a length and big-endian numbers, some of which are overwritten.
 */
static void aim_bytes(const work *w, size_t key) {
  static const unsigned char patterns[][4] = {{0xff, 0xff, 0xff, 0xff},
                                              {0, 0, 0, 0},
                                              {0x7f, 0xff, 0xff, 0xff},
                                              {0, 0, 0, 1},
                                              {0x80, 0, 0, 0},
                                              {0x7f, 0xc0, 0, 0},
                                              {0x7f, 0x80, 0, 0},
                                              {0, 0, 0x13, 0x88},
                                              {0, 0, 0, 2},
                                              {0x3f, 0, 0, 0},
                                              {0x40, 0, 0, 0},
                                              {0, 0, 0, 3}};
  add(w, w->model.data, w->model.size);
  size_t times = 1 + below(w, 2), room = w->out->size - key;
  for (size_t i = 0; i < times && room > 4; i++) {
    size_t reach = below(w, 4) ? 200 : 2000;
    size_t at = key + below(w, room - 4 < reach ? room - 4 : reach),
           width = (size_t)1 << below(w, 3);
    const void *from = patterns[below(w, sizeof patterns / sizeof *patterns)];
    if (below(w, 4) == 0) from = w->model.data + key + below(w, room - 4);
    memcpy(w->out->data + at, from, width);
  }
}

static void aim(const work *w) {
  size_t key = find_some_key(w);
  if (key == 0) {
    flip(w);
  } else if (is_json(w->model)) {
    aim_text(w, key);
  } else {
    aim_bytes(w, key);
  }
}

/* Two entries of one list exchanged: cycles, nodes reached twice, crossed parents. */
static void swap(const work *w) {
  size_t key = find_some_key(w);
  size_t stop = key ? value_end(w, key) : 0;
  size_t a = key + below(w, stop - key), a_end = key ? find_number(w->model, &a, stop) : 0;
  size_t b = key + below(w, stop - key), b_end = key ? find_number(w->model, &b, stop) : 0;
  if (a > b) {
    size_t c = a, c_end = a_end;
    a = b, a_end = b_end, b = c, b_end = c_end;
  }
  if (a_end == 0 || b_end == 0 || a_end > b) {
    flip(w);
    return;
  }
  add(w, w->model.data, a);
  add(w, w->model.data + b, b_end - b);
  add(w, w->model.data + a_end, b - a_end);
  add(w, w->model.data + a, a_end - a);
  add(w, w->model.data + b_end, w->model.size - b_end);
}

/* Every entry of one list the same: covers of zero, all children alike, no category left. */
static void level(const work *w) {
  size_t key = find_some_key(w);
  size_t stop = key ? value_end(w, key) : 0;
  const char *value = awkward[below(w, N_AWKWARD)];
  if (key == 0 || !is_json(w->model)) {
    flip(w);
    return;
  }
  add(w, w->model.data, key);
  for (size_t at = key; at < stop;) {
    size_t from = at, end = find_number(w->model, &from, stop);
    if (end == 0 || from < at) {
      add(w, w->model.data + at, stop - at);
      break;
    }
    add(w, w->model.data + at, from - at);
    add_text(w, value);
    at = end;
  }
  add(w, w->model.data + stop, w->model.size - stop);
}

static void rename_key(const work *w) {
  const char *name = keys[below(w, N_KEYS)], *other = keys[below(w, N_KEYS)];
  size_t end = find_key(w, name);
  if (end == 0) {
    flip(w);
  } else {
    replace(w, end - strlen(name), end, other, strlen(other));
  }
}

/* Several numbers at once, as a model of other data would have. */
static void drift(const work *w) {
  add(w, w->model.data, w->model.size);
  size_t times = 1 + below(w, 8);
  for (size_t i = 0; i < times; i++) {
    wf_view text = {w->out->data, w->out->size};
    size_t at = below(w, text.size), end = find_number(text, &at, text.size);
    for (size_t k = at; end && k < end; k++) {
      char *digit = &w->out->data[k];
      if (*digit >= '0' && *digit <= '9' && below(w, 2)) *digit = (char)('0' + below(w, 10));
    }
  }
}

static const struct {
  const char *name;
  void (*damage)(const work *w);
} ways[DAMAGE_KINDS] = {
    {"flipped", flip},
    {"cut off", cut},
    {"piece taken out", take_out},
    {"piece put in", put_in},
    {"crossed", cross},
    {"swollen", swell},
    {"number changed", change_number},
    {"entry aimed at", aim},
    {"entries swapped", swap},
    {"entries all alike", level},
    {"key renamed", rename_key},
    {"digits drifted", drift},
};

const char *damage_name(size_t kind) { return ways[kind].name; }

void damage_model(wf_bytes *out, wf_view model, wf_view other, size_t kind, size_t limit,
                  wf_random *random) {
  work w = {out, model, other, limit, random};
  wf_bytes_clear(out);
  ways[kind].damage(&w);
}
