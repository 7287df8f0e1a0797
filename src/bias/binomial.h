/* bias/binomial.h — seeded draws of counts. */
#ifndef WF_BIAS_BINOMIAL_H
#define WF_BIAS_BINOMIAL_H

#include "base/random.h"

/* How many of n trials succeed, each with probability p (0 to 1). Exact in distribution. */
uint64_t wf_binomial(wf_random *random, uint64_t n, double p);

/* n rows spread over cells in proportion to counts[0..n_cells), whose sum is `total` > 0. */
void wf_multinomial(wf_random *random, uint64_t n, const double *counts, double total,
                    size_t n_cells, double *out);

#endif
