"""Keys by which sketches of images are found whose hashes differ in few bits, without looking at the others.

Source: Norouzi, Punjani and Fleet 2012, Fast Search in Hamming Space with Multi-Index Hashing. A key is the whole hash,
turned so that one of its four bands comes first: in a sorted array, those that share a band lie side by side, and how
far they are can be told without their sketches.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from data_engine.kernels import compiling

#: Hashes that differ in at most this many of 64 bits are candidates.
MAX_DISTANCE = 7
N_BANDS = 4
_BAND_BITS = np.uint64(16)
_REST_BITS = np.uint64(48)
_REST = np.uint64((1 << 48) - 1)
#: Bits of a 16-bit band that may differ: four bands that differ by at most 7 bits have one that differs by at most 1.
_PROBES = np.array([0, *(1 << bit for bit in range(16))], dtype=np.uint64)
_HASHES_AT_ONCE = 1024
_PAIRS_AT_ONCE = 1 << 20

Hashes = NDArray[np.uint64]
Rows = NDArray[np.int64]


def keys_of(hashes: Hashes) -> Hashes:
    """(N_BANDS, n) the keys of (n,) hashes, in their order."""
    keys = np.empty((N_BANDS, len(hashes)), np.uint64)
    keys[0] = hashes
    for band in range(1, N_BANDS):
        keys[band] = (keys[band - 1] << _BAND_BITS) | (keys[band - 1] >> _REST_BITS)
    return keys


def near_pairs(keys: Hashes, rows: NDArray[np.uint32] | Rows, hashes: Hashes) -> Iterator[tuple[slice, Rows, Rows]]:
    """All rows within `MAX_DISTANCE` bits of some hashes.

    Args:
        keys: (N_BANDS, n) keys, ascending in each band; perhaps maps of a file, of which little is read.
        rows: (N_BANDS, n) the row that each key is of.
        hashes: (m,) that rows are looked for.

    Yields: for some hashes at a time which ones they are, and of each pair the hash, counted from 0, and the row;
        ascending, each pair once.
    """
    wanted = keys_of(hashes)
    for start in range(0, len(hashes), _HASHES_AT_ONCE):
        some = slice(start, min(start + _HASHES_AT_ONCE, len(hashes)))
        of_bands = [
            pair
            for band in range(N_BANDS)
            for pair in _pairs_of_band(np.asarray(keys[band]), np.asarray(rows[band]), wanted[band, some])
        ]
        # A pair is one number, which sorts as the pair does.
        which, found = np.divmod(np.unique(np.concatenate([np.empty(0, np.int64), *of_bands])), 1 << 32)
        yield some, which + start, found


def _pairs_of_band(keys: Hashes, rows: NDArray[np.uint32] | Rows, wanted: Hashes) -> Iterator[Rows]:
    """hash << 32 | row of the pairs that agree in this band but for one bit."""
    probes = ((wanted >> _REST_BITS)[:, None] ^ _PROBES[None, :]).ravel() << _REST_BITS
    which = np.repeat(np.arange(len(wanted)), len(_PROBES))
    first, last = np.searchsorted(keys, probes, "left"), np.searchsorted(keys, probes | _REST, "right")
    # Common bands, such as those of white margins, hold many rows.
    if compiling.pays_for_keys(int((last - first).sum())):
        from data_engine.kernels.hamming import pairs_of_ranges

        yield pairs_of_ranges(keys, rows, wanted, first, last)
        return
    for some in _pieces(last - first, _PAIRS_AT_ONCE):
        counts = last[some] - first[some]
        places = np.arange(counts.sum()) + np.repeat(first[some] - np.cumsum(counts) + counts, counts)
        mine = np.repeat(which[some], counts)
        is_near = np.bitwise_count(keys[places] ^ wanted[mine]) <= MAX_DISTANCE
        yield (mine[is_near] << 32) | rows[places[is_near]].astype(np.int64)


def _pieces(counts: Rows, most: int) -> Iterator[slice]:
    """Slices of the counts that add up to at most so many each, or hold a single count."""
    ends, start = np.cumsum(counts), 0
    while start < len(counts):
        before = ends[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, before + most, "right")))
        yield slice(start, stop)
        start = stop


def rows_near(keys: Hashes, rows: NDArray[np.uint32] | Rows, hashes: Hashes) -> Rows:
    """The rows within `MAX_DISTANCE` bits of any of the hashes, ascending, each once; arguments as of `near_pairs`."""
    found = [np.unique(near) for _, _, near in near_pairs(keys, rows, hashes)]
    return np.unique(np.concatenate([np.empty(0, np.int64), *found]))
