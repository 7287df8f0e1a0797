#!/usr/bin/env python3
"""Writes src/base/powers.h: for k = -342 .. 324 the 128 leading bits of 10^k, rounded up.

    python3 tests/oracle/powers_of_ten.py > src/base/powers.h
"""
from fractions import Fraction

FIRST, LAST = -342, 324


def leading_bits(k):
    """The smallest integer g of 128 bits with g * 2^e >= 10^k."""
    exact = Fraction(10) ** k
    e = exact.numerator.bit_length() - exact.denominator.bit_length() - 128
    while True:
        scaled = exact / Fraction(2) ** e
        g = -((-scaled.numerator) // scaled.denominator)
        if g >= 1 << 128:
            e += 1
        elif g < 1 << 127:
            e -= 1
        else:
            return g


print(f"""/* base/powers.h — powers of ten for reading and printing floating-point numbers. Made by
 * tests/oracle/powers_of_ten.py; not to be edited.
 *
 * Entry k - WF_POWERS_FIRST holds the 128 leading bits of 10^k, rounded up. */
#ifndef WF_BASE_POWERS_H
#define WF_BASE_POWERS_H

#include <stdint.h>

enum {{ WF_POWERS_FIRST = {FIRST}, WF_POWERS_LAST = {LAST} }};

typedef struct wf_power {{
  uint64_t high, low;
}} wf_power;

/* clang-format off */
static const wf_power wf_powers[] = {{""")
entries = []
for k in range(FIRST, LAST + 1):
    g = leading_bits(k)
    entries.append("{0x%016x,0x%016x}" % (g >> 64, g & (2**64 - 1)))
for i in range(0, len(entries), 2):
    print("  " + ", ".join(entries[i:i + 2]) + ",")
print("""};
/* clang-format on */

#endif""")
