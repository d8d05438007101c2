"""Similarity of sounds by their sketches, and the keys by which similar ones are found; sketches are made in `sound`.

Source of the keys: Broder 1997, On the Resemblance and Containment of Documents, with hashes of landmarks for words.
"""

import numpy as np
from numpy.typing import NDArray

from data_engine.sound.landmarks import EMPTY, FRAME_BITS, N_LANDMARKS

N_KEYS = 96
_N_FRAMES = 1 << FRAME_BITS
#: Landmarks that have to agree, whatever share they are.
_FEWEST_MATCHES = 6
_ROWS_AT_ONCE = 256

SketchRows = NDArray[np.uint8]


def keys(sketches: SketchRows) -> NDArray[np.uint64]:
    """(96, n) keys of (n, 2048) sketches: two share one of a place as often as their landmarks' hashes overlap."""
    factors = np.random.default_rng(1997).integers(1, 1 << 63, N_KEYS, dtype=np.uint64) | np.uint64(1)
    found = np.empty((N_KEYS, len(sketches)), np.uint64)
    for start in range(0, len(sketches), _ROWS_AT_ONCE):
        words = _words(sketches[start : start + _ROWS_AT_ONCE])
        hashes = (words >> np.uint32(FRAME_BITS)).astype(np.uint64) + np.uint64(1)
        is_empty = words == EMPTY
        for number, factor in enumerate(factors):
            scrambled = hashes * factor
            scrambled[is_empty] = np.uint64(0xFFFFFFFFFFFFFFFF)
            found[number, start : start + _ROWS_AT_ONCE] = scrambled.min(axis=1)
    return found


def similarity(sketch: SketchRows, others: SketchRows) -> NDArray[np.float64]:
    """The share of the landmarks that two sounds have in common, one shift in time for all of them.

    Args:
        sketch: (2048,) of the one sound.
        others: (m, 2048) of those that it is compared with.

    Returns: (m,) in [0, 1]: the most landmarks that agree at one shift, of the sound with fewer of them. Different
        sounds share next to none; the same sound after MP3 of 32 kbit/s shares a tenth.
    """
    own = _words(sketch[None, :])[0]
    own = own[own != EMPTY]
    found = [
        _shares(own, _words(others[start : start + _ROWS_AT_ONCE])) for start in range(0, len(others), _ROWS_AT_ONCE)
    ]
    return np.concatenate([np.empty(0), *found])


def _words(sketches: SketchRows) -> NDArray[np.uint32]:
    return np.ascontiguousarray(sketches).view("<u4").reshape(len(sketches), N_LANDMARKS)


def _shares(own: NDArray[np.uint32], others: NDArray[np.uint32]) -> NDArray[np.float64]:
    """(m,) shares of (m, 512) landmarks, by a histogram of the shifts at which they agree with the ascending own."""
    n_there = (others != EMPTY).sum(axis=1)
    hashes, own_hashes = others.ravel() >> np.uint32(FRAME_BITS), own >> np.uint32(FRAME_BITS)
    first = np.searchsorted(own_hashes, hashes, "left")
    n_equal = np.where(others.ravel() == EMPTY, 0, np.searchsorted(own_hashes, hashes, "right") - first)
    theirs = np.repeat(np.arange(hashes.size), n_equal)
    within = np.arange(len(theirs)) - np.repeat(np.cumsum(n_equal) - n_equal, n_equal)
    ours = np.repeat(first, n_equal) + within
    frames, own_frames = others.ravel().astype(np.int64) % _N_FRAMES, own.astype(np.int64) % _N_FRAMES
    shift = (frames[theirs] - own_frames[ours]) % _N_FRAMES
    place = theirs // N_LANDMARKS * _N_FRAMES + shift
    n_agreeing = np.bincount(place, minlength=len(others) * _N_FRAMES).reshape(len(others), _N_FRAMES)
    # A shift by a part of a frame divides the landmarks among two neighbours.
    best = (n_agreeing + np.roll(n_agreeing, -1, axis=1)).max(axis=1, initial=0)
    of = np.maximum(1, np.minimum(n_there, len(own)))
    return np.where(best >= _FEWEST_MATCHES, np.minimum(1.0, best / of), 0.0)
