#!/usr/bin/python3
"""Prints the first values of base/random.h's streams, from its description alone: xoshiro256++
seeded by four splitmix64 outputs of (splitmix64(seed) xor stream * 0xd1342543de82ef95).

    /usr/bin/python3 tests/oracle/random_streams.py
"""
M = (1 << 64) - 1


def splitmix(state):
    state = (state + 0x9E3779B97F4A7C15) & M
    z = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & M
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & M
    return state, z ^ (z >> 31)


def rotl(x, k):
    return ((x << k) | (x >> (64 - k))) & M


def stream(seed, number):
    state = splitmix(seed)[1] ^ (number * 0xD1342543DE82EF95 & M)
    s = []
    for _ in range(4):
        state, word = splitmix(state)
        s.append(word)
    while True:
        yield (rotl((s[0] + s[3]) & M, 23) + s[0]) & M
        t = (s[1] << 17) & M
        s[2] ^= s[0]
        s[3] ^= s[1]
        s[1] ^= s[2]
        s[0] ^= s[3]
        s[2] ^= t
        s[3] = rotl(s[3], 45)


for seed, number in ((0, 0), (42, 0), (42, 1), (M, 7)):
    values = stream(seed, number)
    print(seed, number, [hex(next(values)) for _ in range(4)])
