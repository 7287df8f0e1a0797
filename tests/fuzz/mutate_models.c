/* mutate_models.c — damaged models by the million: none may crash, hang or devour memory.
 *
 *   mutate_models COUNT SEED FILE…
 *
 * Each of COUNT models is one of the files, damaged in one or several of the ways of damage.h, then
 * loaded and, when accepted, predicted with and explained. One that takes more than a second of CPU
 * time, holds more than 64 MiB at once (files are at most 1 MiB), or predicts or explains wrongly
 * is written to standard output in base64 and fails the program, as any finding of a sanitizer
 * does. Memory is measured through the sanitizer's hooks; without one it is not. */
#include "damage.h"
#include "use_model.h"

#include "base/alloc.h"
#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#include <sanitizer/allocator_interface.h>
#define MEASURES_MEMORY 1
#endif
#endif

enum { MAX_FILES = 256, MAX_SIZE = 1 << 20, MAX_BYTES = 64 << 20 };

static struct {
  wf_view files[MAX_FILES];
  size_t n_files;
  size_t held, most; /* bytes */
  size_t outcomes[DAMAGE_KINDS][USE_BROKEN + 1];
  double slowest;
  size_t largest;
} state;

#ifdef MEASURES_MEMORY
static void on_alloc(const volatile void *block, size_t size) {
  (void)block;
  state.held += size;
  if (state.held > state.most) state.most = state.held;
}

static void on_free(const volatile void *block) {
  if (block) state.held -= __sanitizer_get_allocated_size((const void *)block);
}
#endif

static void watch_memory(void) {
#ifdef MEASURES_MEMORY
  __sanitizer_install_malloc_and_free_hooks(on_alloc, on_free);
#endif
}

static double cpu_seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void print_base64(wf_view bytes) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (size_t i = 0; i < bytes.size; i += 3) {
    uint32_t group = 0;
    size_t n = bytes.size - i < 3 ? bytes.size - i : 3;
    for (size_t k = 0; k < n; k++) group |= (uint32_t)(uint8_t)bytes.data[i + k] << (16 - 8 * k);
    for (size_t k = 0; k < 4; k++) putchar(k <= n ? digits[group >> (18 - 6 * k) & 63] : '=');
    if (i % 57 == 54) putchar('\n');
  }
  putchar('\n');
}

static bool fail(wf_view model, const char *why) {
  printf("a model of %zu bytes %s:\n", model.size, why);
  print_base64(model);
  return false;
}

static bool try_model(wf_view model, size_t kind) {
  size_t before = state.held;
  state.most = before;
  double began = cpu_seconds();
  use_outcome outcome = use_model(model.data, model.size);
  double seconds = cpu_seconds() - began;
  size_t bytes = state.most - before;
  state.outcomes[kind][outcome]++;
  if (seconds > state.slowest) state.slowest = seconds;
  if (bytes > state.largest) state.largest = bytes;
  if (outcome == USE_BROKEN) return fail(model, "was accepted, but cannot be used");
  if (seconds > 1) return fail(model, "takes more than a second");
  if (bytes > MAX_BYTES) return fail(model, "takes more than 64 MiB");
  if (state.held != before) return fail(model, "leaves memory behind");
  return true;
}

/* Mostly one damage, sometimes up to four on top of each other; the last one counts it. */
static bool run_one(uint64_t seed, uint64_t number, wf_bytes *a, wf_bytes *b) {
  wf_random random;
  wf_random_seed(&random, seed, number);
  wf_view model = state.files[wf_random_below(&random, state.n_files)];
  wf_view other = state.files[wf_random_below(&random, state.n_files)];
  size_t times = wf_random_below(&random, 3) ? 1 : 1 + (size_t)wf_random_below(&random, 4),
         kind = 0;
  for (size_t i = 0; i < times && model.size; i++) {
    kind = (size_t)wf_random_below(&random, DAMAGE_KINDS);
    damage_model(a, model, other, kind, MAX_SIZE, &random);
    wf_bytes *written = a;
    a = b, b = written;
    model = (wf_view){written->data, written->size};
  }
  if (a->failed || b->failed) return fail((wf_view){"", 0}, "did not fit into memory");
  return try_model(model, kind);
}

static bool read_files(int n, char **paths) {
  for (int i = 0; i < n && state.n_files < MAX_FILES; i++) {
    wf_error err = WF_ERROR_INIT;
    char *data;
    size_t size;
    if (wf_file_read(paths[i], MAX_SIZE, &data, &size, &err) != WF_OK) {
      fprintf(stderr, "%s\n", err.message);
      return false;
    }
    state.files[state.n_files++] = (wf_view){data, size};
  }
  return state.n_files > 0;
}

static void report(uint64_t done) {
  printf("%-18s %10s %10s %10s\n", "damage", "refused", "loaded", "explained");
  for (size_t k = 0; k < DAMAGE_KINDS; k++) {
    printf("%-18s %10zu %10zu %10zu\n", damage_name(k), state.outcomes[k][USE_REFUSED],
           state.outcomes[k][USE_ACCEPTED], state.outcomes[k][USE_EXPLAINED]);
  }
  printf("%llu models of %zu files; the slowest took %.0f ms, the largest %.1f MiB\n",
         (unsigned long long)done, state.n_files, state.slowest * 1e3,
         (double)state.largest / (1 << 20));
}

/* Undamaged, every file must be of use: otherwise nothing is tested. */
static bool check_files(void) {
  for (size_t i = 0; i < state.n_files; i++) {
    if (use_model(state.files[i].data, state.files[i].size) != USE_EXPLAINED) {
      return fail(state.files[i], "is not sound to begin with");
    }
  }
  return true;
}

int main(int argc, char **argv) {
  if (argc < 4) {
    fprintf(stderr, "usage: mutate_models COUNT SEED FILE...\n");
    return 2;
  }
  uint64_t count = strtoull(argv[1], NULL, 10), seed = strtoull(argv[2], NULL, 10), done = 0;
  wf_bytes a = {0}, b = {0};
  bool good = read_files(argc - 3, argv + 3) && check_files() &&
              wf_bytes_reserve(&a, MAX_SIZE + 1) && wf_bytes_reserve(&b, MAX_SIZE + 1);
  watch_memory();
  while (good && done < count) good = run_one(seed, done++, &a, &b);
  report(done);
  printf("%d passed, %d failed\n", good, !good);
  wf_bytes_dispose(&a);
  wf_bytes_dispose(&b);
  for (size_t i = 0; i < state.n_files; i++) wf_free((void *)state.files[i].data);
  return good ? 0 : 1;
}
