#!/usr/bin/python3
# Distances of two samples by scipy, for tests/monitor/test_drift.c:
#   python3 tests/oracle/drift.py samples > tests/monitor/samples.inc
#   python3 tests/oracle/drift.py counts > tests/monitor/counts.inc
import sys

import numpy as np
from scipy import stats
from scipy.spatial.distance import jensenshannon


def lcg(seed, n):
    x, out = seed, []
    for _ in range(n):
        x = (x * 1103515245 + 12345) % 2**31
        out.append(x >> 8)
    return out


def line(*values):
    print("{" + ", ".join(repr(float(v)) for v in values) + "},")


if sys.argv[1] == "samples":
    print("/* seed a, n, seed b, m, modulus, shift, linf, wasserstein */")
    for seed_a, n, seed_b, m, modulus, shift in [(1, 200, 2, 200, 1000, 0), (3, 500, 4, 300, 1000, 50),
                                                 (5, 700, 6, 100, 10, 1), (7, 50, 8, 900, 3, 0)]:
        a = np.array([v % modulus for v in lcg(seed_a, n)], float)
        b = np.array([v % modulus + shift for v in lcg(seed_b, m)], float)
        line(seed_a, n, seed_b, m, modulus, shift, stats.ks_2samp(a, b).statistic,
             stats.wasserstein_distance(a, b))
else:
    print("/* counts a, counts b, linf, js, chi squared, p, psi */")
    for a, b in [((10, 20, 30), (12, 18, 30)), ((100, 1, 5), (50, 30, 20)), ((1000, 2000, 3000), (1100, 1950, 2950)),
                 ((5, 0, 7), (1, 2, 9))]:
        a, b = np.array(a, float), np.array(b, float)
        p, q = a / a.sum(), b / b.sum()
        chi = stats.chi2_contingency(np.array([a, b]), correction=False)
        ps, qs = (a + .5) / (a + .5).sum(), (b + .5) / (b + .5).sum()
        line(*a, *b, abs(p - q).max(), jensenshannon(p, q)**2, chi[0], chi[1], ((qs - ps) * np.log(qs / ps)).sum())
