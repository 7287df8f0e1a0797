/* suggest.c — optimal string alignment distance (insert, delete, replace, swap neighbours) on words
 * of at most 64 bytes; longer ones are near nothing. */
#include "base/suggest.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { MAX_WORD = 64 };

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c; }

static bool differ(char a, char b) { return lower(a) != lower(b); }

static size_t distance(const char *a, const char *b) {
  size_t n = strlen(a), m = strlen(b), rows[3][MAX_WORD + 1];
  if (n > MAX_WORD || m > MAX_WORD) return SIZE_MAX;
  size_t *before = rows[0], *last = rows[1], *now = rows[2];
  for (size_t j = 0; j <= m; j++) before[j] = last[j] = j;
  for (size_t i = 1; i <= n; i++) {
    now[0] = i;
    for (size_t j = 1; j <= m; j++) {
      size_t best = last[j - 1] + differ(a[i - 1], b[j - 1]);
      if (last[j] + 1 < best) best = last[j] + 1;
      if (now[j - 1] + 1 < best) best = now[j - 1] + 1;
      bool swapped = i > 1 && j > 1 && !differ(a[i - 1], b[j - 2]) && !differ(a[i - 2], b[j - 1]);
      if (swapped && before[j - 2] + 1 < best) best = before[j - 2] + 1;
      now[j] = best;
    }
    size_t *oldest = before;
    before = last;
    last = now;
    now = oldest;
  }
  return last[m];
}

const char *wf_suggest(const char *word, const void *names, size_t n, size_t stride) {
  const char *nearest = NULL;
  size_t least = strlen(word) / 3 + 2; /* what is suggested is nearer than this */
  for (size_t i = 0; i < n; i++) {
    const char *name;
    memcpy(&name, (const char *)names + i * stride, sizeof name);
    size_t d = distance(word, name);
    if (d >= least) continue;
    least = d;
    nearest = name;
  }
  return nearest;
}
