"""Hamming distances: the pairs of 64-bit hashes that differ in few bits, within ranges of a sorted array.

Gain: 8 to 17 times as fast as NumPy on 200,000 keys, half of them in common bands (decision 026).
Reference: all distances by `numpy.bitwise_count` in `data_engine_tests/kernels/test_hamming.py`.
"""

import numpy as np
from numpy.typing import NDArray

from data_engine.kernels.loading import compiled

_1, _2, _4, _56 = np.uint64(1), np.uint64(2), np.uint64(4), np.uint64(56)
_IN_2, _IN_4, _IN_8 = np.uint64(0x5555555555555555), np.uint64(0x3333333333333333), np.uint64(0x0F0F0F0F0F0F0F0F)
_BYTES = np.uint64(0x0101010101010101)


def near_pairs_of_ranges(
    keys: NDArray[np.uint64],
    rows: NDArray[np.uint32] | NDArray[np.int64],
    hashes: NDArray[np.uint64],
    first: NDArray[np.int64],
    last: NDArray[np.int64],
    *,
    max_distance: int,
) -> NDArray[np.int64]:
    """The pairs of a hash and a key of its ranges that differ in at most `max_distance` bits.

    Args:
        keys: (n,) sorted.
        rows: (n,) the row that each key is of.
        hashes: (m,) their bits in the order of those of the keys.
        first: (m * n_ranges,) where each range begins in `keys`, those of one hash side by side.
        last: (m * n_ranges,) where it ends.
        max_distance: bits, 0 to 64.

    Returns: (n_pairs,) number of the hash << 32 | row of the key.
    """
    counts, most = np.empty(len(first), np.int64), np.uint64(max_distance)
    _count(keys, hashes, first, last, most, counts)
    pairs = np.empty(int(counts.sum()), np.int64)
    _fill(keys, rows, hashes, first, last, most, counts, pairs)
    return pairs


@compiled
def _count(keys, hashes, first, last, most, counts):
    n_ranges = len(first) // max(1, len(hashes))
    for at in range(len(first)):
        key = hashes[at // n_ranges]
        counts[at] = 0
        for place in range(first[at], last[at]):
            counts[at] += _n_bits(keys[place] ^ key) <= most


@compiled
def _fill(keys, rows, hashes, first, last, most, counts, pairs):
    n_ranges, n = len(first) // max(1, len(hashes)), 0
    for at in range(len(first)):
        if counts[at] == 0:
            continue
        which = at // n_ranges
        for place in range(first[at], last[at]):
            if _n_bits(keys[place] ^ hashes[which]) <= most:
                pairs[n] = (which << 32) | np.int64(rows[place])
                n += 1


@compiled
def _n_bits(word):
    """Bits that are set: added up in pairs, fours and bytes, then the bytes (Warren 2012, Hacker's Delight, 5-1)."""
    word = word - ((word >> _1) & _IN_2)
    word = (word & _IN_4) + ((word >> _2) & _IN_4)
    return (((word + (word >> _4)) & _IN_8) * _BYTES) >> _56
