/* base/random.h — a seeded, splittable generator whose stream never changes between versions. */
#ifndef WF_BASE_RANDOM_H
#define WF_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

typedef struct wf_random {
  uint64_t state[4];
} wf_random;

/* Streams of different (seed, stream) pairs are independent. */
void wf_random_seed(wf_random *random, uint64_t seed, uint64_t stream);
uint64_t wf_random_u64(wf_random *random);
uint64_t wf_random_below(wf_random *random, uint64_t bound); /* unbiased; bound > 0 */
double wf_random_unit(wf_random *random);                    /* [0, 1), 53 bits */
double wf_random_normal(wf_random *random);
/* Fisher–Yates over items[0..n). */
void wf_random_shuffle(wf_random *random, size_t *items, size_t n);

#endif
