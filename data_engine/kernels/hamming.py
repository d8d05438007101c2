"""Keys of images compared, compiled: the pairs that `image_keys` finds, where common bands hold very many rows."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from data_engine.duplicates.images.hash_keys import MAX_DISTANCE

_1, _2, _4, _56 = np.uint64(1), np.uint64(2), np.uint64(4), np.uint64(56)
_IN_2, _IN_4, _IN_8 = np.uint64(0x5555555555555555), np.uint64(0x3333333333333333), np.uint64(0x0F0F0F0F0F0F0F0F)
_BYTES = np.uint64(0x0101010101010101)


def pairs_of_ranges(
    keys: NDArray[np.uint64],
    rows: NDArray[np.uint32] | NDArray[np.int64],
    wanted: NDArray[np.uint64],
    first: NDArray[np.int64],
    last: NDArray[np.int64],
) -> NDArray[np.int64]:
    """hash << 32 | row of the keys from `first` to before `last` within `MAX_DISTANCE` bits of the hash of the range.

    Args:
        keys: (n,) of a band.
        rows: (n,) the row of each.
        wanted: (m,) hashes, turned as the keys are.
        first: (m * n_probes,) begins of ranges, those of one hash side by side.
        last: (m * n_probes,) their ends.
    """
    counts = np.empty(len(first), np.int64)
    _count(keys, wanted, first, last, counts)
    pairs = np.empty(int(counts.sum()), np.int64)
    _fill(keys, rows, wanted, first, last, counts, pairs)
    return pairs


@njit(nogil=True, cache=True)
def _count(keys, wanted, first, last, counts):
    n_probes = len(first) // max(1, len(wanted))
    for probe in range(len(first)):
        key = wanted[probe // n_probes]
        counts[probe] = 0
        for place in range(first[probe], last[probe]):
            counts[probe] += _n_bits(keys[place] ^ key) <= MAX_DISTANCE


@njit(nogil=True, cache=True)
def _fill(keys, rows, wanted, first, last, counts, pairs):
    n_probes, n = len(first) // max(1, len(wanted)), 0
    for probe in range(len(first)):
        if counts[probe] == 0:
            continue
        which = probe // n_probes
        for place in range(first[probe], last[probe]):
            if _n_bits(keys[place] ^ wanted[which]) <= MAX_DISTANCE:
                pairs[n] = (which << 32) | np.int64(rows[place])
                n += 1


@njit(nogil=True, cache=True)
def _n_bits(word):
    """Bits that are set: added up in pairs, fours and bytes, then the bytes (Warren 2012, Hacker's Delight, 5-1)."""
    word = word - ((word >> _1) & _IN_2)
    word = (word & _IN_4) + ((word >> _2) & _IN_4)
    return (((word + (word >> _4)) & _IN_8) * _BYTES) >> _56
