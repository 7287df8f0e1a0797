/* damage_NAME COUNT FOLDER — a fuzz target without a fuzzer: COUNT truncations, flips and other
 * small damages of the files in FOLDER, the same ones in every run, given to
 * LLVMFuzzerTestOneInput. Every second input is a truncation; the others have one to four bytes
 * changed, removed or doubled.
 *
 * Built with any compiler; what it is for is the build with sanitizers, and counts of 200,000. */
#include "base/random.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_FILES = 64, MAX_SIZE = 1 << 20, MOST_CHANGES = 4 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct seed {
  char name[300];
  uint8_t *data;
  size_t size;
} seed;

static void leave(const char *problem, const char *what) {
  fprintf(stderr, "damage: %s %s\n", problem, what);
  exit(2);
}

static void read_seed(seed *out, const char *folder, const char *name) {
  char path[1000];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  snprintf(out->name, sizeof out->name, "%s", name);
  FILE *file = fopen(path, "rb");
  out->data = malloc(MAX_SIZE);
  if (!file || !out->data) leave("cannot read", path);
  out->size = fread(out->data, 1, MAX_SIZE, file);
  fclose(file);
}

static int by_name(const void *a, const void *b) {
  return strcmp(((const seed *)a)->name, ((const seed *)b)->name);
}

static size_t read_seeds(seed seeds[MAX_FILES], const char *folder) {
  DIR *directory = opendir(folder);
  if (!directory) leave("cannot open", folder);
  size_t n = 0;
  for (struct dirent *e; (e = readdir(directory)) && n < MAX_FILES;) {
    if (e->d_name[0] != '.') read_seed(&seeds[n++], folder, e->d_name);
  }
  closedir(directory);
  if (n == 0) leave("nothing in", folder);
  qsort(seeds, n, sizeof *seeds, by_name);
  return n;
}

/* Changes, removes or doubles one byte; there is room for one more. */
static size_t change(uint8_t *data, size_t size, wf_random *random) {
  if (size == 0) return 0;
  size_t at = wf_random_below(random, size);
  switch (wf_random_below(random, 6)) {
  case 0: memmove(data + at, data + at + 1, size - at - 1); return size - 1;
  case 1: memmove(data + at + 1, data + at, size - at); return size + 1;
  case 2: data[at] = (uint8_t)wf_random_below(random, 256); return size;
  default: data[at] ^= (uint8_t)(1u << wf_random_below(random, 8)); return size;
  }
}

/* The input in a block of its own size, so that a sanitizer sees the first byte too many. */
static void try_once(const seed *from, size_t round, wf_random *random) {
  uint8_t *damaged = malloc(from->size + MOST_CHANGES);
  if (!damaged) leave("no memory", "");
  memcpy(damaged, from->data, from->size);
  size_t size = from->size, changes = 1 + wf_random_below(random, MOST_CHANGES);
  if (round % 2) size = wf_random_below(random, size + 1);
  for (size_t i = 0; round % 2 == 0 && i < changes; i++) size = change(damaged, size, random);
  uint8_t *exact = malloc(size ? size : 1);
  if (!exact) leave("no memory", "");
  memcpy(exact, damaged, size);
  free(damaged);
  LLVMFuzzerTestOneInput(exact, size);
  free(exact);
}

int main(int argc, char **argv) {
  static seed seeds[MAX_FILES];
  if (argc != 3) leave("usage:", "damage_NAME COUNT FOLDER");
  size_t count = strtoul(argv[1], NULL, 10), n = read_seeds(seeds, argv[2]);
  wf_random random;
  wf_random_seed(&random, 1, 0);
  for (size_t round = 0; round < count; round++) {
    try_once(&seeds[wf_random_below(&random, n)], round, &random);
  }
  for (size_t i = 0; i < n; i++) free(seeds[i].data);
  printf("%zu passed, 0 failed\n", count);
  return 0;
}
