"""Measures of a clip, for the rules: their names, units and meaning, and the one call that takes them.

Limits are in `filtering/rules/media/sound_rules.py`.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from data_engine.sound.clip import FULL_SCALE, Clip
from data_engine.sound.spectra import powers

_FRAME_S = 0.02
_SILENCE_DB, _FLOOR_DB = -60.0, -120.0
_LOUDEST = round(0.999 * FULL_SCALE)
_RUN = 3
_WINDOW, _HOP = 2048, 1024
_WITHIN_DB = 70.0
_SMOOTHED_HZ = 150.0


class SoundMeasures(NamedTuple):
    """Measures of a clip; of those in decibels 0 is full scale, and -120 no sound at all."""

    duration_s: float
    """Its length."""
    silence_share: float
    """Of its pieces of 20 ms whose level is below -60 dB."""
    clipping_share: float
    """Of its samples that stand in runs of at least three at 0.999 of full scale, of one sign; of the worst channel."""
    level_db: float
    """The root mean square."""
    dc_offset: float
    """The mean of the samples as a share of full scale, without its sign; of the worst channel."""
    bandwidth_hz: float
    """The highest frequency whose mean power is within 70 dB of that of the loudest one, both over 150 Hz."""
    bandwidth_share: float
    """The bandwidth as a share of half the rate: low where a sound was recorded at a lower rate than its file has."""
    flatness: float
    """Of the spectrum, from 0 for a tone to 1 for white noise: geometric by arithmetic mean of its powers."""


def measures_of(clip: Clip) -> SoundMeasures:
    """Measure a clip of at least one sample."""
    values = clip.values()
    spectrum = powers(clip.mono(), _WINDOW, _HOP).mean(axis=0, dtype=np.float64)
    bandwidth = _bandwidth_hz(spectrum, clip.rate_hz)
    return SoundMeasures(
        clip.duration_s,
        _silence_share(values, max(1, round(clip.rate_hz * _FRAME_S))),
        max(_clipping_share(channel) for channel in clip.samples.T),
        _decibels(float(np.mean(np.square(values, dtype=np.float64)))),
        float(np.abs(values.mean(axis=0, dtype=np.float64)).max()),
        bandwidth,
        bandwidth / (clip.rate_hz / 2),
        _flatness(spectrum),
    )


def _decibels(power: float) -> float:
    return max(_FLOOR_DB, float(10 * np.log10(power))) if power > 0 else _FLOOR_DB


def _silence_share(values: NDArray[np.float32], n_rows: int) -> float:
    starts = np.arange(0, len(values), n_rows)
    sums = np.add.reduceat(np.square(values, dtype=np.float64).mean(axis=1), starts)
    lengths = np.diff([*starts, len(values)])
    return float(np.mean(sums / lengths < 10 ** (_SILENCE_DB / 10)))


def _clipping_share(channel: NDArray[np.int16]) -> float:
    n_clipped = 0
    for is_loud in (channel >= _LOUDEST, channel <= -_LOUDEST):
        edges = np.flatnonzero(np.diff(np.concatenate([[False], is_loud, [False]]).astype(np.int8)))
        runs = edges[1::2] - edges[::2]
        n_clipped += int(runs[runs >= _RUN].sum())
    return n_clipped / len(channel)


def _bandwidth_hz(spectrum: NDArray[np.float64], rate_hz: int) -> float:
    width_hz = rate_hz / _WINDOW
    n = max(1, round(_SMOOTHED_HZ / width_hz))
    # A constant offset is no sound.
    heard = np.convolve(np.where(np.arange(len(spectrum)) < 2, 0, spectrum), np.ones(n) / n, "same")
    loudest = heard.max()
    if loudest <= 10 ** (_FLOOR_DB / 10) / _WINDOW:
        return 0.0
    highest = int(np.flatnonzero(heard >= loudest * 10 ** (-_WITHIN_DB / 10))[-1])
    return min(highest * width_hz, rate_hz / 2)


def _flatness(spectrum: NDArray[np.float64]) -> float:
    heard = np.maximum(spectrum[2:], 1e-20)
    return float(np.exp(np.log(heard).mean()) / heard.mean())
