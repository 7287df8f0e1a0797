/* bytecode.c — a reader of Lua 5.4 binary chunks.
 *
 * The layout is that of Lua's ldump.c: a header that pins version and number sizes, then one
 * function, nested functions inside it. Sizes are base-128, most significant group first, the last
 * byte marked by its top bit. A string is its size plus one (0: none) and its bytes.
 *
 * Globals are reads through the upvalue that holds _ENV: OP_GETTABUP names the global in a
 * constant. When a function takes the whole of _ENV into a register (it has more constants than the
 * instruction can name, or the script says _ENV), any of its string constants may be a global: all
 * are visited, and a superset of what a function reads is a key that is never too small. */
#include "bytecode.h"

#include <lua.h>
#include <string.h>

enum { OP_GETUPVAL = 9, OP_GETTABUP = 11, MAX_NESTING = 200 };

typedef struct reader {
  const unsigned char *at, *end;
  wf_bytes *out;
  wfl_global_visit *visit;
  void *context;
  bool broken;
} reader;

static const unsigned char *take(reader *r, size_t n) {
  if (r->broken || (size_t)(r->end - r->at) < n) {
    r->broken = true;
    return NULL;
  }
  const unsigned char *bytes = r->at;
  r->at += n;
  return bytes;
}

static unsigned take_byte(reader *r) {
  const unsigned char *byte = take(r, 1);
  return byte ? *byte : 0;
}

static size_t take_size(reader *r) {
  size_t value = 0;
  for (int i = 0; i < 10 && !r->broken; i++) {
    unsigned byte = take_byte(r);
    value = value << 7 | (byte & 0x7f);
    if (byte & 0x80) return value;
  }
  r->broken = true;
  return 0;
}

static wf_view take_string(reader *r) {
  size_t size = take_size(r);
  if (size == 0) return (wf_view){NULL, 0};
  const unsigned char *bytes = take(r, size - 1);
  return (wf_view){(const char *)bytes, bytes ? size - 1 : 0};
}

/* Each canonical field is preceded by its length, so that none can run into the next. */
static void put_field(reader *r, const void *data, size_t size) {
  uint64_t length = size;
  wf_bytes_add(r->out, &length, sizeof length);
  wf_bytes_add(r->out, data, size);
}

static void put_number(reader *r, uint64_t value) { wf_bytes_add(r->out, &value, sizeof value); }

/* Reads one constant; a string's bytes are returned. */
static wf_view take_constant(reader *r) {
  unsigned tag = take_byte(r);
  switch (tag) {
  case 0x00:                      /* nil */
  case 0x01:                      /* false */
  case 0x11: return (wf_view){0}; /* true */
  case 0x03: take(r, sizeof(lua_Integer)); return (wf_view){0};
  case 0x13: take(r, sizeof(lua_Number)); return (wf_view){0};
  case 0x04:
  case 0x14: return take_string(r);
  default: r->broken = true; return (wf_view){0};
  }
}

static wf_view constant_at(const reader *r, const unsigned char *constants, size_t count,
                           size_t index) {
  reader walk = {.at = constants, .end = r->end};
  wf_view found = {0};
  for (size_t i = 0; i <= index && i < count; i++) found = take_constant(&walk);
  return index < count ? found : (wf_view){0};
}

static void visit_all_strings(const reader *r, const unsigned char *constants, size_t count) {
  reader walk = {.at = constants, .end = r->end};
  for (size_t i = 0; i < count; i++) {
    wf_view text = take_constant(&walk);
    if (text.data) r->visit(r->context, text);
  }
}

static uint32_t instruction_at(const unsigned char *code, size_t index) {
  uint32_t instruction;
  memcpy(&instruction, code + 4 * index, sizeof instruction);
  return instruction;
}

static void visit_globals(const reader *r, const unsigned char *code, size_t n_code,
                          const unsigned char *constants, size_t n_constants, int env) {
  for (size_t i = 0; i < n_code; i++) {
    uint32_t instruction = instruction_at(code, i);
    unsigned opcode = instruction & 0x7f, b = instruction >> 16 & 0xff, c = instruction >> 24;
    if (b != (unsigned)env) continue;
    if (opcode == OP_GETTABUP) {
      wf_view name = constant_at(r, constants, n_constants, c);
      if (name.data) r->visit(r->context, name);
    } else if (opcode == OP_GETUPVAL) {
      visit_all_strings(r, constants, n_constants);
      return;
    }
  }
}

static void skip_debug(reader *r) {
  take(r, take_size(r)); /* line of each instruction */
  for (size_t n = take_size(r); n && !r->broken; n--) take_size(r), take_size(r);
  for (size_t n = take_size(r); n && !r->broken; n--) take_string(r), take_size(r), take_size(r);
  for (size_t n = take_size(r); n && !r->broken; n--) take_string(r);
}

/* Reads the upvalue descriptions; returns the function's own number of the _ENV upvalue when its
 * parent's is `env` (the main function, level 0, is given its own). Where the main function finds
 * its upvalues says how many locals stand before it, not what it does: what they hold is keyed. */
static int take_upvalues(reader *r, int env, int level) {
  size_t n = take_size(r);
  int own = level == 0 ? env : -1;
  put_number(r, n);
  for (size_t i = 0; i < n && !r->broken; i++) {
    const unsigned char *description = take(r, 3);
    if (!description) break;
    if (level > 0) wf_bytes_add(r->out, description, 2);
    if (level > 0 && env >= 0 && description[0] == 0 && description[1] == env) own = (int)i;
  }
  return own;
}

static void take_function(reader *r, int env, int level) {
  if (level > MAX_NESTING) r->broken = true;
  take_string(r);                          /* source */
  take_size(r), take_size(r);              /* first and last line */
  const unsigned char *shape = take(r, 3); /* parameters, vararg, stack */
  if (shape) wf_bytes_add(r->out, shape, 2);
  size_t n_code = take_size(r);
  const unsigned char *code = n_code <= SIZE_MAX / 4 ? take(r, 4 * n_code) : NULL;
  if (!code) r->broken = true;
  if (r->broken) return;
  put_field(r, code, 4 * n_code);
  size_t n_constants = take_size(r);
  const unsigned char *constants = r->at;
  for (size_t i = 0; i < n_constants && !r->broken; i++) take_constant(r);
  if (r->broken) return;
  put_number(r, n_constants);
  put_field(r, constants, (size_t)(r->at - constants));
  int own = take_upvalues(r, env, level);
  if (r->visit && own >= 0 && !r->broken) {
    visit_globals(r, code, n_code, constants, n_constants, own);
  }
  size_t n_nested = take_size(r);
  put_number(r, n_nested);
  for (size_t i = 0; i < n_nested && !r->broken; i++) take_function(r, own, level + 1);
  skip_debug(r);
}

wf_status wfl_bytecode_canonical(wf_bytes *out, wf_view dump, int env, wfl_global_visit *visit,
                                 void *context, wf_error *err) {
  static const unsigned char header[] = {0x1b,
                                         'L',
                                         'u',
                                         'a',
                                         0x54,
                                         0,
                                         0x19,
                                         0x93,
                                         '\r',
                                         '\n',
                                         0x1a,
                                         '\n',
                                         4,
                                         sizeof(lua_Integer),
                                         sizeof(lua_Number)};
  enum { NUMBERS = sizeof(lua_Integer) + sizeof(lua_Number) };
  if (dump.size < sizeof header + NUMBERS + 1 || memcmp(dump.data, header, sizeof header) != 0) {
    return wf_fail(err, WF_UNSUPPORTED, "not a binary chunk of this Lua");
  }
  reader r = {.at = (const unsigned char *)dump.data + sizeof header + NUMBERS + 1,
              .end = (const unsigned char *)dump.data + dump.size,
              .out = out,
              .visit = visit,
              .context = context};
  take_function(&r, env, 0);
  if (r.broken || r.at != r.end) return wf_fail(err, WF_CORRUPT, "damaged binary chunk");
  return out->failed ? wf_fail_nomem(err) : WF_OK;
}
