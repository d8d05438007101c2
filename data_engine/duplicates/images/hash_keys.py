"""Keys of image hashes: find all hashes within a Hamming distance without comparing every pair.

Source: Norouzi, Punjani and Fleet 2012, Fast Search in Hamming Space with Multi-Index Hashing. A key is the whole hash,
rotated so that one of its four bands comes first: in a sorted array, those that share a band lie side by side, and the
distance follows from the keys, without the sketches. `kernels.hamming` compares them.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

#: Hashes that differ in at most this many of 64 bits are candidates.
MAX_DISTANCE = 7
N_BANDS = 4
_BAND_BITS = np.uint64(16)
_REST_BITS = np.uint64(48)
_REST = np.uint64((1 << 48) - 1)
#: Bits of a 16-bit band that may differ: four bands that differ by at most 7 bits have one that differs by at most 1.
_PROBES = np.array([0, *(1 << bit for bit in range(16))], dtype=np.uint64)
_HASHES_AT_ONCE = 1024

Hashes = NDArray[np.uint64]
RowNumbers = NDArray[np.int64]


def keys_of(hashes: Hashes) -> Hashes:
    """(N_BANDS, n) the keys of (n,) hashes, in their order."""
    keys = np.empty((N_BANDS, len(hashes)), np.uint64)
    keys[0] = hashes
    for band in range(1, N_BANDS):
        keys[band] = (keys[band - 1] << _BAND_BITS) | (keys[band - 1] >> _REST_BITS)
    return keys


def near_pairs(
    keys: Hashes, rows: NDArray[np.uint32] | RowNumbers, hashes: Hashes
) -> Iterator[tuple[slice, RowNumbers, RowNumbers]]:
    """All rows within `MAX_DISTANCE` bits of some hashes.

    Args:
        keys: (N_BANDS, n) keys, ascending in each band; may be memory maps, of which little is read.
        rows: (N_BANDS, n) the row that each key is of.
        hashes: (m,) that near rows are searched for.

    Yields: piece by piece the slice of the hashes, and for each pair the number of the hash and the row; ascending,
        each pair once.
    """
    hash_keys = keys_of(hashes)
    for start in range(0, len(hashes), _HASHES_AT_ONCE):
        some = slice(start, min(start + _HASHES_AT_ONCE, len(hashes)))
        of_bands = [
            _pairs_of_band(np.asarray(keys[band]), np.asarray(rows[band]), hash_keys[band, some])
            for band in range(N_BANDS)
        ]
        # A pair is one number, which sorts as the pair does.
        which, found = np.divmod(np.unique(np.concatenate(of_bands)), 1 << 32)
        yield some, which + start, found


def _pairs_of_band(keys: Hashes, rows: NDArray[np.uint32] | RowNumbers, hash_keys: Hashes) -> RowNumbers:
    """hash << 32 | row of the pairs within the distance that agree in this band but for at most one bit."""
    from data_engine.kernels.hamming import near_pairs_of_ranges

    probes = ((hash_keys >> _REST_BITS)[:, None] ^ _PROBES[None, :]).ravel() << _REST_BITS
    first, last = np.searchsorted(keys, probes, "left"), np.searchsorted(keys, probes | _REST, "right")
    return near_pairs_of_ranges(keys, rows, hash_keys, first, last, max_distance=MAX_DISTANCE)


def rows_near(keys: Hashes, rows: NDArray[np.uint32] | RowNumbers, hashes: Hashes) -> RowNumbers:
    """The rows within `MAX_DISTANCE` bits of any of the hashes, ascending, each once; arguments as of `near_pairs`."""
    found = [np.unique(near) for _, _, near in near_pairs(keys, rows, hashes)]
    return np.unique(np.concatenate([np.empty(0, np.int64), *found]))
