"""What is drawn of a clip: its wave above its spectrogram, as pixels."""

import numpy as np
from numpy.typing import NDArray

from data_engine.sound.clip import Clip
from data_engine.sound.spectra import log_mel

DrawnPixels = NDArray[np.uint8]

_QUIETEST_DB, _LOUDEST_DB = -95.0, -15.0
#: Dark, so that a page of either colour scheme can show it.
_GROUND, _MIDDLE, _WAVE = (14, 16, 40), (60, 64, 96), (140, 196, 232)
#: From silence to the loudest: dark blue, violet, red, yellow; each lighter than the one before.
_STOPS = np.array([(8, 8, 36), (66, 22, 104), (158, 42, 98), (228, 92, 48), (252, 176, 60), (252, 250, 200)], float)
_WAVE_SHARE = 0.34


def drawn(clip: Clip, width_px: int, height_px: int) -> DrawnPixels:
    """(height_px, width_px, 3) uint8: the wave, and below it decibels from 50 Hz at the bottom to 8 kHz.

    Both are of the mean of the channels. Time runs from left to right over the whole width; the wave fills its height
    at full scale.
    """
    wave_px = max(2, round(height_px * _WAVE_SHARE))
    return np.concatenate([_wave(clip, width_px, wave_px), _spectrogram(clip, width_px, height_px - wave_px)])


def _wave(clip: Clip, width_px: int, height_px: int) -> DrawnPixels:
    values = clip.mono()
    edges = np.linspace(0, len(values), width_px + 1).astype(np.int64)
    starts = np.minimum(edges[:-1], len(values) - 1)
    lowest, highest = np.minimum.reduceat(values, starts), np.maximum.reduceat(values, starts)
    heights = (1 - 2 * (np.arange(height_px) + 0.5) / height_px)[:, None]
    half = 1 / height_px
    pixels = np.empty((height_px, width_px, 3), np.uint8)
    pixels[:] = _GROUND
    pixels[height_px // 2] = _MIDDLE
    pixels[(heights >= lowest - half) & (heights <= highest + half)] = _WAVE
    return pixels


def _spectrogram(clip: Clip, width_px: int, height_px: int) -> DrawnPixels:
    decibels = log_mel(clip).T[::-1]
    rows = np.linspace(0, len(decibels) - 1, height_px).round().astype(np.int64)
    edges = np.linspace(0, decibels.shape[1], width_px + 1).astype(np.int64)
    # The loudest of the frames of a column stays visible, however short it is.
    columns = np.maximum.reduceat(decibels, np.minimum(edges[:-1], decibels.shape[1] - 1), axis=1)
    shares = np.clip((columns[rows] - _QUIETEST_DB) / (_LOUDEST_DB - _QUIETEST_DB), 0, 1)
    places = np.linspace(0, 1, len(_STOPS))
    colours = [np.interp(shares, places, _STOPS[:, channel]) for channel in range(3)]
    return np.stack(colours, axis=-1).round().astype(np.uint8)
