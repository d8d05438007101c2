"""Spectral statistics of a tile: what its bands and their ratios are like, without any weights.

How they become embeddings is in `data_engine.embedding.spectral`. Normalised differences are those of Rouse et al.
1974 (NDVI), of every pair of bands.
"""

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from data_engine.rasters.description import DescribedTile
from data_engine.rasters.measures import local_deviation

Floats = NDArray[np.float32]
_PERCENTILES = (10, 50, 90)
#: Of each band: mean, deviation, three percentiles, and texture in two sizes.
N_OF_A_BAND = 2 + len(_PERCENTILES) + 2
#: Of each pair: mean and deviation of the normalised difference.
N_OF_A_PAIR = 2
_LEAST = 1e-3
_LOUDNESS_OF_DIFFERENCES = 2.0
_COARSE_PX = 4
#: Pixels of a tile of which levels and differences are worked out; textures need all of them.
_MOST_VALUES = 8192


def n_statistics(n_bands: int) -> int:
    """How many values describe a tile of that many bands."""
    return n_bands * N_OF_A_BAND + n_bands * (n_bands - 1) // 2 * N_OF_A_PAIR


def statistics_of(described: DescribedTile, n_slots: int) -> Floats:
    """(n_statistics(n_slots),) values about 0, from -2 to 2; slots of bands that a tile lacks are 0.

    Args:
        described: A tile; where it has more bands than slots, neighbours are averaged.
        n_slots: Bands that are described.
    """
    bands = _grouped(described.scaled, n_slots)
    row = np.zeros(n_statistics(n_slots), np.float32)
    if not described.tile.is_valid.any():
        row[0] = 1.0
        return row
    values = bands.reshape(len(bands), -1) if described.tile.is_valid.all() else bands[:, described.tile.is_valid]
    # Spread evenly; an odd distance does not fall in step with rows or with a grid of two pixels.
    values = values[:, :: max(1, values.shape[1] // _MOST_VALUES) | 1]
    for number, of_band in enumerate(_of_bands(bands, values)):
        row[number * N_OF_A_BAND : (number + 1) * N_OF_A_BAND] = of_band
    start = n_slots * N_OF_A_BAND
    place = {pair: n for n, pair in enumerate(combinations(range(n_slots), 2))}
    for (one, other), of_pair in _of_pairs(values):
        at = start + place[one, other] * N_OF_A_PAIR
        row[at : at + N_OF_A_PAIR] = of_pair
    return row


def _grouped(bands: Floats, n_slots: int) -> Floats:
    if len(bands) <= n_slots:
        return bands
    return np.stack([group.mean(axis=0) for group in np.array_split(bands, n_slots)])


def _of_bands(bands: Floats, values: Floats) -> Floats:
    """(n_bands, N_OF_A_BAND) from -1 to 1. Square roots tell dark bands apart, logarithms faint textures."""
    percentiles = np.percentile(values, _PERCENTILES, axis=1).astype(np.float32)
    levels = np.sqrt(np.vstack([values.mean(axis=1), percentiles])) * 2 - 1
    coarse = _coarse(bands)
    spreads = np.vstack([values.std(axis=1), _texture(bands), _texture(coarse)])
    spreads = np.log10(np.maximum(spreads, _LEAST)) - np.log10(_LEAST)
    of_bands: Floats = np.vstack([levels, spreads / 1.25 - 1]).T.astype(np.float32)
    return of_bands


def _of_pairs(values: Floats) -> list[tuple[tuple[int, int], Floats]]:
    found = []
    for one, other in combinations(range(len(values)), 2):
        total = values[one] + values[other]
        difference = (values[one] - values[other]) / np.maximum(total, _LEAST)
        mean, spread = difference.mean(), difference.std()
        found.append(((one, other), np.array([mean, spread], np.float32) * _LOUDNESS_OF_DIFFERENCES))
    return found


def _texture(bands: Floats) -> Floats:
    """(n_bands,) the mean deviation of neighbourhoods; 0 where no neighbourhood is valid as a whole."""
    if min(bands.shape[1:]) < 3:
        return np.zeros(len(bands), np.float32)
    deviation = local_deviation(bands).reshape(len(bands), -1)
    is_known = np.isfinite(deviation[0])
    if not is_known.any():
        return np.zeros(len(bands), np.float32)
    return np.asarray(deviation[:, is_known].mean(axis=1), np.float32)


def _coarse(bands: Floats) -> Floats:
    """The bands in pixels of 4 x 4 pixels."""
    n_bands, height, width = bands.shape
    rows, columns = height // _COARSE_PX, width // _COARSE_PX
    cut = bands[:, : rows * _COARSE_PX, : columns * _COARSE_PX]
    coarse: Floats = cut.reshape(n_bands, rows, _COARSE_PX, columns, _COARSE_PX).mean(axis=(2, 4))
    return coarse
