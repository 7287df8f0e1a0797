/* random.c — xoshiro256++ (Blackman and Vigna, "Scrambled linear pseudorandom number generators",
 * 2021), seeded through splitmix64 as its authors advise. */
#include "base/random.h"

#include <math.h>

static uint64_t splitmix(uint64_t *state) {
  uint64_t z = (*state += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

void wf_random_seed(wf_random *random, uint64_t seed, uint64_t stream) {
  uint64_t mixed = seed;
  uint64_t state = splitmix(&mixed) ^ (stream * 0xd1342543de82ef95u);
  for (int i = 0; i < 4; i++) random->state[i] = splitmix(&state);
}

static uint64_t rotate_left(uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }

uint64_t wf_random_u64(wf_random *random) {
  uint64_t *s = random->state;
  uint64_t result = rotate_left(s[0] + s[3], 23) + s[0];
  uint64_t t = s[1] << 17;
  s[2] ^= s[0];
  s[3] ^= s[1];
  s[1] ^= s[2];
  s[0] ^= s[3];
  s[2] ^= t;
  s[3] = rotate_left(s[3], 45);
  return result;
}

/* Lemire, "Fast random integer generation in an interval", 2019. */
uint64_t wf_random_below(wf_random *random, uint64_t bound) {
  unsigned __int128 product = (unsigned __int128)wf_random_u64(random) * bound;
  if ((uint64_t)product < bound) {
    uint64_t threshold = (0 - bound) % bound;
    while ((uint64_t)product < threshold) {
      product = (unsigned __int128)wf_random_u64(random) * bound;
    }
  }
  return (uint64_t)(product >> 64);
}

double wf_random_unit(wf_random *random) { return (double)(wf_random_u64(random) >> 11) * 0x1p-53; }

/* Box and Muller, 1958; one of the pair is dropped so that the state stays the four words. */
double wf_random_normal(wf_random *random) {
  double radius = sqrt(-2 * log(1 - wf_random_unit(random)));
  return radius * cos(6.283185307179586 * wf_random_unit(random));
}

void wf_random_shuffle(wf_random *random, size_t *items, size_t n) {
  for (size_t i = n; i > 1; i--) {
    size_t j = (size_t)wf_random_below(random, i);
    size_t item = items[i - 1];
    items[i - 1] = items[j];
    items[j] = item;
  }
}
