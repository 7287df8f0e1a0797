/* embed_gen.c — runs while building: Lua files → a C source that holds them.
 *
 *   embed_gen OUTPUT ROOT FILE…
 *
 * A module's name is its path below ROOT with dots, without ".lua" and a final "/init". */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fail(const char *what, const char *name) {
  fprintf(stderr, "embed_gen: %s: %s\n", name, what);
  exit(1);
}

/* The part of `path` below `root`; both may be given from different directories. */
static const char *below(const char *path, const char *root) {
  static char full[PATH_MAX], top[PATH_MAX];
  if (!realpath(path, full) || !realpath(root, top)) fail("cannot be found", path);
  size_t n = strlen(top);
  if (strncmp(full, top, n) != 0 || full[n] != '/') fail("not below the library's root", path);
  return full + n + 1;
}

static void write_bytes(FILE *out, const char *path, int index) {
  FILE *in = fopen(path, "rb");
  if (!in) fail("cannot be read", path);
  fprintf(out, "static const unsigned char source_%d[] = {", index);
  int n = 0;
  for (int c; (c = getc(in)) != EOF; n++) fprintf(out, "%s%d,", n % 24 ? "" : "\n", c);
  if (ferror(in)) fail("cannot be read", path);
  if (n == 0) fprintf(out, "10");
  fprintf(out, "};\n");
  fclose(in);
}

static void write_entry(FILE *out, const char *name, int index) {
  size_t length = strlen(name);
  if (length < 5 || strcmp(name + length - 4, ".lua") != 0) fail("is no .lua file", name);
  length -= 4;
  if (length > 5 && strncmp(name + length - 5, "/init", 5) == 0) length -= 5;
  fprintf(out, "  {\"");
  for (size_t i = 0; i < length; i++) putc(name[i] == '/' ? '.' : name[i], out);
  fprintf(out, "\", \"@stdlib/%s\", source_%d, sizeof source_%d},\n", name, index, index);
}

int main(int argc, char **argv) {
  if (argc < 3) fail("needs OUTPUT ROOT FILE…", "usage");
  FILE *out = fopen(argv[1], "w");
  if (!out) fail("cannot be written", argv[1]);
  fprintf(out, "/* made by embed_gen */\n#include \"embed.h\"\n\n");
  for (int i = 3; i < argc; i++) write_bytes(out, argv[i], i);
  fprintf(out, "const wfl_embedded wfl_stdlib[] = {\n");
  for (int i = 3; i < argc; i++) write_entry(out, below(argv[i], argv[2]), i);
  fprintf(out, "  {NULL, NULL, NULL, 0},\n};\n");
  if (fclose(out) != 0) fail("cannot be written", argv[1]);
  return 0;
}
