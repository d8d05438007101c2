"""MinHash values and common shingles, compiled: the same numbers as NumPy and scipy give, in a fraction of the time."""

import numpy as np
from numba import njit


@njit(nogil=True, cache=True)
def smallest_products(hashes, starts, multipliers, out):
    """Fill (n_texts, n_values) uint32 with the smallest product of each text's hashes and each multiplier."""
    for text in range(len(starts)):
        row = out[text]
        for value in range(len(row)):
            row[value] = np.uint32(0xFFFFFFFF)
        stop = starts[text + 1] if text + 1 < len(starts) else len(hashes)
        for place in range(starts[text], stop):
            for value in range(len(row)):
                product = np.uint32(hashes[place] * multipliers[value])
                row[value] = min(row[value], product)


@njit(nogil=True, cache=True)
def jaccards(hashes, offsets, first, second, out):
    """Fill (n_pairs,) float64 with the Jaccard similarities of texts first[i] and second[i]; 0 where both are empty.

    The shingles of a pair go into one open table; a slot says by its mark whose they are, so none is ever emptied.
    """
    n_longest = 0
    for text in range(len(offsets) - 1):
        n_longest = max(n_longest, offsets[text + 1] - offsets[text])
    n_slots = 16
    while n_slots < 4 * n_longest:
        n_slots *= 2
    keys, marks, last = np.zeros(n_slots, np.uint64), np.zeros(n_slots, np.int64), np.uint64(n_slots - 1)
    for pair in range(len(first)):
        one, both = 2 * pair + 1, 2 * pair + 2
        n_all = n_common = 0
        for place in range(offsets[first[pair]], offsets[first[pair] + 1]):
            slot = _slot_of(keys, marks, hashes[place], one, last)
            if marks[slot] < one:
                keys[slot], marks[slot] = hashes[place], one
                n_all += 1
        for place in range(offsets[second[pair]], offsets[second[pair] + 1]):
            slot = _slot_of(keys, marks, hashes[place], one, last)
            if marks[slot] == one:
                n_common += 1
            elif marks[slot] < one:
                n_all += 1
            keys[slot], marks[slot] = hashes[place], both
        out[pair] = n_common / n_all if n_all else 0.0


@njit(nogil=True, cache=True)
def _slot_of(keys, marks, key, one, last):
    """Where a key of this pair is, or may be put: the first slot that holds it or nothing of this pair."""
    slot = key & last
    while marks[slot] >= one and keys[slot] != key:
        slot = (slot + np.uint64(1)) & last
    return slot
