"""Spectra: a mono sound at a wanted rate, its powers by time and frequency, and the mel bands that add them up.

The landmarks, the measures and the encoder without weights are computed from these.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from data_engine.sound.clip import Clip

Values = NDArray[np.float32]

#: Rate of what listens to a clip, and the bands of the mel scale there.
MEL_RATE_HZ, N_MELS = 16_000, 64
_MEL_WINDOW, _MEL_HOP = 400, 160
_LOWEST_MEL_HZ = 50.0
_FRAMES_AT_ONCE = 4096
#: Power of what counts as no sound at all: -100 dB of full scale.
_FLOOR = 1e-10


def mono_at(clip: Clip, rate_hz: int) -> Values:
    """(n,) the mean of the channels at another rate, band-limited."""
    return resampled(clip.mono(), clip.rate_hz, rate_hz)


def resampled(values: Values, from_hz: int, to_hz: int) -> Values:
    """(n,) or (n, n_channels) values at another rate, band-limited; the same array where the rate is the same."""
    if from_hz == to_hz:
        return values
    import soxr

    found: Values = soxr.resample(values, from_hz, to_hz, quality="HQ")
    return found


def powers(values: Values, window: int, hop: int, n_fft: int | None = None) -> Values:
    """(n_frames, n_fft // 2 + 1) powers of frames under a Hann window; a sine of full scale has 0.25 at its peak.

    Args:
        values: (n,) in [-1, 1]; zeros follow where they are shorter than a window.
        window: Samples of a frame.
        hop: Samples from one frame to the next.
        n_fft: Points of the transform; as many as the window by default.
    """
    from scipy import fft

    if len(values) < window:
        values = np.pad(values, (0, window - len(values)))
    frames = np.lib.stride_tricks.sliding_window_view(values, window)[::hop]
    weights = np.hanning(window + 1)[:-1].astype(np.float32)
    scale = np.float32(1 / weights.sum())
    found = np.empty((len(frames), (n_fft or window) // 2 + 1), np.float32)
    for start in range(0, len(frames), _FRAMES_AT_ONCE):
        spectra = fft.rfft(frames[start : start + _FRAMES_AT_ONCE] * (weights * scale), n_fft or window, axis=1)
        found[start : start + _FRAMES_AT_ONCE] = spectra.real**2 + spectra.imag**2
    return found


@lru_cache(maxsize=8)
def mel_bands(n_bins: int, rate_hz: int, n_mels: int = N_MELS) -> Values:
    """(n_bins, n_mels) triangles of area 1 each, evenly spaced on the mel scale from 50 Hz to half the rate.

    The scale is 2595 log10(1 + f / 700) (O'Shaughnessy 1987).
    """
    highest = 2595 * np.log10(1 + rate_hz / 2 / 700)
    lowest = 2595 * np.log10(1 + _LOWEST_MEL_HZ / 700)
    corners = 700 * (10 ** (np.linspace(lowest, highest, n_mels + 2) / 2595) - 1)
    bins = np.linspace(0, rate_hz / 2, n_bins)[:, None]
    rising = (bins - corners[:-2]) / (corners[1:-1] - corners[:-2])
    falling = (corners[2:] - bins) / (corners[2:] - corners[1:-1])
    triangles = np.maximum(0, np.minimum(rising, falling))
    # A band that is narrower than a bin takes the nearest one.
    empty = np.flatnonzero(triangles.sum(axis=0) == 0)
    triangles[np.abs(bins - corners[1:-1][empty]).argmin(axis=0), empty] = 1
    found: Values = (triangles / triangles.sum(axis=0)).astype(np.float32)
    return found


def log_mel(clip: Clip) -> Values:
    """(n_frames, 64) decibels of the mel bands of a clip at 16 kHz, every 10 ms of 25; -100 where there is nothing."""
    found = powers(mono_at(clip, MEL_RATE_HZ), _MEL_WINDOW, _MEL_HOP, 512)
    decibels: Values = 10 * np.log10(np.maximum(found @ mel_bands(found.shape[1], MEL_RATE_HZ), np.float32(_FLOOR)))
    return decibels
