"""Pixel sketches: 4,130 bytes of a tile, by which tiles are found whose pixels agree in every band.

A sketch is four keys of 8 bytes, the number of bands in 2, and 2,048 values of 2 bytes: every band at the same pixels,
which are spread evenly over the tile. Nothing in it says where or when the tile was taken, and nothing is scaled: the
same place at another time is a near-duplicate only where its pixels are the same, and tiles that overlap are none.

Source of the spread: Roberts 2018, the R2 sequence.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from data_engine.rasters.tile import Tile

N_KEYS, N_VALUES = 4, 2048
_KEYS = slice(0, 8 * N_KEYS)
_N_BANDS = slice(_KEYS.stop, _KEYS.stop + 2)
_VALUES = slice(_N_BANDS.stop, _N_BANDS.stop + 2 * N_VALUES)
SKETCH_BYTES = _VALUES.stop
#: Values agree that are as many of their 16-bit steps apart: about 1 in 100.
_STEPS = 2
_NO_DATA = 0
#: Cells on the side of a quarter of a tile, whose means are compared with those beside and below.
_CELLS = 5
_R2 = 1.32471795724474602596


def sketch_of(tile: Tile) -> bytes:
    """The sketch of a tile."""
    n_bands, height, width = tile.pixels.shape
    rows, columns = _places(N_VALUES // max(1, min(n_bands, N_VALUES)), height, width)
    values = _steps(tile.pixels[:N_VALUES, rows, columns].astype(np.float32))
    values[:, ~tile.is_valid[rows, columns]] = _NO_DATA
    kept = np.zeros(N_VALUES, np.uint16)
    kept[: values.size] = values.ravel()
    return _keys(tile).tobytes() + np.uint16(n_bands).tobytes() + kept.tobytes()


def keys_of(sketches: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """(N_KEYS, n) keys of (n, SKETCH_BYTES) sketches: tiles that agree in a quarter share the key of that quarter.

    A quarter that is as good as flat has keys that the least noise turns, so that near copies of open water may be
    overlooked; exact ones never are.
    """
    return sketches[:, _KEYS].copy().view(np.uint64).T


def similarity_of(sketch: NDArray[np.uint8], others: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The share of pixels whose values agree, in the band in which the fewest do.

    Args:
        sketch: (SKETCH_BYTES,) of a tile.
        others: (m, SKETCH_BYTES).

    Returns: (m,) from 0 to 1, by about 2,048 / n_bands pixels; 0 against tiles with another number of bands. A pixel
        without data agrees with another one without data alone.
    """
    n_bands = int(sketch[_N_BANDS].copy().view(np.uint16)[0])
    of_bands = others[:, _N_BANDS].copy().view(np.uint16)[:, 0]
    n_described = min(n_bands, N_VALUES)
    n_pixels = N_VALUES // n_described
    one = sketch[_VALUES].copy().view(np.uint16)[: n_described * n_pixels].astype(np.int32)
    many = others[:, _VALUES].copy().view(np.uint16)[:, : n_described * n_pixels].astype(np.int32)
    agree = (np.abs(many - one) <= _STEPS) & ((many == _NO_DATA) == (one == _NO_DATA))
    shares = agree.reshape(len(others), n_described, n_pixels).mean(axis=2).min(axis=1)
    return np.where(of_bands == n_bands, shares, 0.0)


def _steps(values: NDArray[np.float32]) -> NDArray[np.uint16]:
    """Values as the upper 16 bits of their floats, in an order in which neighbours are near; never `_NO_DATA`."""
    bits = np.ascontiguousarray(values + np.float32(0)).view(np.uint32)
    ordered = np.where(bits >> np.uint32(31), ~bits, bits | np.uint32(1 << 31))
    return np.maximum((ordered >> np.uint32(16)).astype(np.uint16), 1)


@lru_cache(maxsize=64)
def _places(n: int, height: int, width: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows and columns of n pixels, spread evenly."""
    steps = np.arange(1, n + 1)
    rows, columns = (0.5 + steps / _R2) % 1 * height, (0.5 + steps / _R2**2) % 1 * width
    return rows.astype(np.int64), columns.astype(np.int64)


def _keys(tile: Tile) -> NDArray[np.uint64]:
    """One key per quarter: which of its cells are brighter than the one beside, and the one below."""
    cells = _cell_means(tile)
    bits = [
        [quarter[:, :-1] > quarter[:, 1:], quarter[:-1] > quarter[1:]]
        for rows in np.split(cells, 2)
        for quarter in np.split(rows, 2, axis=1)
    ]
    return np.array([_number(np.concatenate([part.ravel() for part in parts])) for parts in bits], np.uint64)


def _number(bits: NDArray[np.bool_]) -> int:
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def _cell_means(tile: Tile) -> NDArray[np.float64]:
    """(10, 10) the mean of all bands in each cell; NaN, which is brighter than nothing, where there is no data."""
    grey = np.where(tile.is_valid, tile.pixels.mean(axis=0, dtype=np.float64), 0.0)
    sums, counts = _cell_sums(grey), _cell_sums(tile.is_valid.astype(np.float64))
    return np.divide(sums, counts, out=np.full_like(sums, np.nan), where=counts > 0)


def _cell_sums(values: NDArray[np.float64]) -> NDArray[np.float64]:
    height, width = values.shape
    n = 2 * _CELLS
    rows = np.minimum(np.arange(n) * height // n, height - 1)
    columns = np.minimum(np.arange(n) * width // n, width - 1)
    sums: NDArray[np.float64] = np.add.reduceat(np.add.reduceat(values, rows, axis=0), columns, axis=1)
    return sums
