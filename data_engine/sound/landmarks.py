"""Landmarks: pairs of spectral peaks, by which a clip is known again after MP3, a change of gain and a shift in time.

Source: Wang 2003, An Industrial-Strength Audio Search Algorithm. Clips are compared by them in `duplicates/sounds`.
"""

import numpy as np
from numpy.typing import NDArray

from data_engine.sound.clip import Clip
from data_engine.sound.spectra import Values, mono_at, powers

#: One row per landmark: (hash, frame), both uint32. A frame is 16 ms.
Landmarks = NDArray[np.uint32]

FRAME_S = 0.016
#: Landmarks of a sketch, what fills it where there are fewer, and the bits of a frame's number.
N_LANDMARKS, EMPTY, FRAME_BITS = 512, np.uint32(0xFFFFFFFF), 10
SKETCH_BYTES = 4 * N_LANDMARKS
FEWEST = 8
_SCRAMBLE = np.uint32(2_654_435_761)
RATE_HZ = 8_000
_WINDOW, _HOP = 1024, 128
_LOWEST_BIN, _HIGHEST_BIN = 16, 500
#: A peak is the loudest of so many bins and frames on each side.
_BINS_AROUND, _FRAMES_AROUND = 12, 8
_PEAKS_PER_S = 20
_FAINTEST_DB = 60.0
_FAN_OUT = 6
_LONGEST_FRAMES, _MOST_BINS = 64, 64
#: Later peaks that are tried for a pair.
_MOST_AHEAD = 24


def landmarks_of(clip: Clip) -> Landmarks:
    """(n, 2) the landmarks of a clip, ascending; none where nothing in it stands out."""
    bins, frames = _peaks(mono_at(clip, RATE_HZ))
    found = []
    for ahead in range(1, _MOST_AHEAD + 1):
        first, second = slice(None, -ahead or None), slice(ahead, None)
        apart, up = frames[second] - frames[first], bins[second] - bins[first]
        is_near = (apart > 0) & (apart < _LONGEST_FRAMES) & (np.abs(up) < _MOST_BINS)
        at = np.flatnonzero(is_near)
        hashes = (bins[at] << 13) | ((up[at] + _MOST_BINS) << 6) | apart[at]
        found.append(np.column_stack([at, hashes, frames[at]]))
    pairs = np.concatenate(found)
    # Of each peak the pairs with the nearest ones after it.
    pairs = pairs[np.argsort(pairs[:, 0], kind="stable")]
    rank = np.arange(len(pairs)) - np.searchsorted(pairs[:, 0], pairs[:, 0])
    kept = pairs[rank < _FAN_OUT, 1:]
    unique: Landmarks = np.unique(kept, axis=0).astype(np.uint32)
    return unique


def sketch_of(clip: Clip) -> bytes:
    """The sketch of a clip: 2,048 bytes, or none where fewer than 8 landmarks would let chance decide.

    Of more than 512 landmarks those are kept whose scrambled hashes are the lowest, so that two versions of a sound
    keep the same ones. Each is a uint32: 22 bits of hash, then 10 of its frame, which begins anew every 16.4 s.
    """
    landmarks = landmarks_of(clip)
    if len(landmarks) < FEWEST:
        return b""
    order = np.argsort(landmarks[:, 0] * _SCRAMBLE, kind="stable")[:N_LANDMARKS]
    packed = (landmarks[order, 0] << np.uint32(FRAME_BITS)) | (landmarks[order, 1] & np.uint32((1 << FRAME_BITS) - 1))
    row = np.full(N_LANDMARKS, EMPTY, np.uint32)
    row[: len(packed)] = np.sort(packed)
    return row.astype("<u4").tobytes()


def _peaks(values: Values) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Bins and frames of the peaks, by frame and then by bin."""
    from scipy.ndimage import maximum_filter

    padded = np.pad(values, _WINDOW // 2)
    loud = 10 * np.log10(powers(padded, _WINDOW, _HOP)[:, _LOWEST_BIN:_HIGHEST_BIN] + np.float32(1e-12))
    around = (2 * _FRAMES_AROUND + 1, 2 * _BINS_AROUND + 1)
    is_peak = (loud == maximum_filter(loud, size=around, mode="nearest")) & (
        loud > max(-90.0, loud.max() - _FAINTEST_DB)
    )
    frames, bins = np.nonzero(is_peak)
    most = max(1, round(_PEAKS_PER_S * len(values) / RATE_HZ))
    if len(frames) > most:
        kept = np.sort(np.argsort(-loud[frames, bins], kind="stable")[:most])
        frames, bins = frames[kept], bins[kept]
    return bins.astype(np.int64), frames.astype(np.int64)
