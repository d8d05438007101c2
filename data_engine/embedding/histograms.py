"""The weights-free fallback of images: colour and gradient histograms. Likeness of form is all that it knows.

Source of the gradient part: Dalal and Triggs 2005, Histograms of Oriented Gradients for Human Detection; without
their overlapping blocks.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_engine.embedding.encoder import Encoder, Progress
from data_engine.errors import InvalidInput

_SIDE_PX = 64
_CELL_PX = 8
_N_DIRECTIONS = 9
_N_SHADES = 4
_DIM = (_SIDE_PX // _CELL_PX) ** 2 * _N_DIRECTIONS + _N_SHADES**3


def load_histograms(name: str) -> Encoder:
    """The fallback encoder, for trying a corpus out and for machines without a model."""
    return Encoder(name=name, dim=_DIM, version=f"{name}-{_DIM}-1", _embed=_embed, max_side_px=_SIDE_PX)


def _embed(items: Sequence[Any], advance: Progress) -> NDArray[np.float32]:
    if isinstance(items[0], str):
        raise InvalidInput("the encoder colour-and-gradient-histograms takes images only; name an encoder of texts")
    rows = np.empty((len(items), _DIM), dtype=np.float32)
    for number, image in enumerate(items):
        small = image.convert("RGB").resize((_SIDE_PX, _SIDE_PX))
        grey = np.asarray(small.convert("L"), dtype=np.float32)
        rows[number] = np.concatenate([_gradients(grey), _colours(np.asarray(small))])
        advance(1)
    embedded: NDArray[np.float32] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return embedded


def _colours(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Square roots of the shares of 4 x 4 x 4 colours; a unit vector."""
    shades = pixels.astype(np.int64) * _N_SHADES // 256
    bins = (shades[..., 0] * _N_SHADES + shades[..., 1]) * _N_SHADES + shades[..., 2]
    counts = np.bincount(bins.ravel(), minlength=_N_SHADES**3)
    shares: NDArray[np.float32] = np.sqrt(counts / counts.sum()).astype(np.float32)
    return shares


def _gradients(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    """Square roots of the shares of 9 directions in 8 x 8 cells; a unit vector, or 0 where all is flat."""
    across = np.zeros_like(grey)
    down = np.zeros_like(grey)
    across[:, 1:-1] = grey[:, 2:] - grey[:, :-2]
    down[1:-1] = grey[2:] - grey[:-2]
    strength = np.hypot(across, down)
    direction = (np.arctan2(down, across) % np.pi * (_N_DIRECTIONS / np.pi)).astype(np.int64) % _N_DIRECTIONS
    n_cells = _SIDE_PX // _CELL_PX
    cell = np.arange(_SIDE_PX) // _CELL_PX
    bins = (cell[:, None] * n_cells + cell[None, :]) * _N_DIRECTIONS + direction
    sums = np.bincount(bins.ravel(), weights=strength.ravel(), minlength=n_cells**2 * _N_DIRECTIONS)
    total = sums.sum()
    shares: NDArray[np.float32] = np.sqrt(sums / total if total else sums).astype(np.float32)
    return shares
