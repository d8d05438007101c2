"""Encoders without weights, for trying a corpus out: hashed n-grams of texts, colour and gradient histograms of images.

Texts or images that look alike get near vectors; neither encoder knows any meaning. Trained models stand beside it.

Source of the gradient part: Dalal and Triggs 2005, Histograms of Oriented Gradients for Human Detection; without
their overlapping blocks.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_engine.embedding.encoder import Encoder, Progress
from data_engine.errors import InvalidInput

_N_HASHES, _MOST_HASHES = 256, 65_536
_SIDE_PX = 64
_CELL_PX = 8
_N_DIRECTIONS = 9
_N_SHADES = 4
_N_BINS = (_SIDE_PX // _CELL_PX) ** 2 * _N_DIRECTIONS + _N_SHADES**3


def load_hashed_ngrams(name: str) -> Encoder:
    """The fallback for texts: counts of hashed character n-grams, 256 values or as many as the name says after a slash.

    Raises: InvalidInput for what is no number of values.
    """
    base, _, said = name.partition("/")
    n_values = int(said) if said.isdecimal() else 0 if said else _N_HASHES
    if not 8 <= n_values <= _MOST_HASHES:
        raise InvalidInput(
            f"{name!r} asks for {said!r} values; give a whole number of 8 to {_MOST_HASHES:,}, such as {base}/32"
        )
    embed = partial(_embed_texts, n_values=n_values)
    return Encoder(name=name, dim=n_values, version=f"{base}-{n_values}-1", _embed=embed, modality="text")


def load_histograms(name: str) -> Encoder:
    """The fallback for images: histograms of colours and of the directions of edges, 640 values."""
    version = f"{name}-{_N_BINS}-1"
    return Encoder(
        name=name, dim=_N_BINS, version=version, _embed=_embed_images, modality="image", max_side_px=_SIDE_PX
    )


def _embed_texts(items: Sequence[str], advance: Progress, *, n_values: int) -> NDArray[np.float32]:
    from sklearn.feature_extraction.text import HashingVectorizer

    vectorizer = HashingVectorizer(analyzer="char_wb", ngram_range=(2, 4), n_features=n_values, alternate_sign=True)
    rows = vectorizer.transform(items).toarray().astype(np.float32)
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    rows[norms[:, 0] == 0, 0] = 1.0
    norms[norms == 0] = 1.0
    advance(len(items))
    embedded: NDArray[np.float32] = rows / norms
    return embedded


def _embed_images(items: Sequence[Any], advance: Progress) -> NDArray[np.float32]:
    rows = np.empty((len(items), _N_BINS), dtype=np.float32)
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
