"""Masks as run lengths in the compressed text of COCO: exact both ways, and small enough for a row of a table.

The same mask as something that people can edit is in `polygons.py`.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_engine.errors import InvalidInput
from data_engine.segmentation.masks import checked_mask

#: More pixels are refused before anything is allocated: 30,000 x 30,000 and a little more.
MOST_PIXELS = 2**30

_FIRST_CHARACTER, _BITS, _MORE, _SIGN = 48, 5, 0x20, 0x10


def encode_rle(mask: NDArray[Any]) -> dict[str, Any]:
    """The runs of a mask, down its columns from the left, as COCO writes them.

    Args:
        mask: (h, w) bool; of other types, everything but 0 is inside.

    Returns: `size` [h, w] and `counts`, a text. `decode_rle` gives the same mask back.
    """
    inside = checked_mask(mask)
    flat = inside.ravel(order="F")
    edges = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    runs = np.diff(np.concatenate([[0], edges, [flat.size]]))
    counts = [0, *runs.tolist()] if flat[0] else runs.tolist()
    return {"size": [int(inside.shape[0]), int(inside.shape[1])], "counts": _text(counts)}


def decode_rle(rle: Mapping[str, Any]) -> NDArray[np.bool_]:
    """The mask of run lengths.

    Args:
        rle: `size` [h, w] and `counts`: the compressed text (or its ASCII bytes), or a list of run lengths.

    Returns: (h, w) bool.

    Raises: InvalidInput where the size is none, the text is damaged, or the runs do not fill the size.
    """
    height, width = _size(rle)
    counts = rle.get("counts")
    if isinstance(counts, bytes):
        counts = counts.decode("ascii", errors="replace")
    runs = _runs(counts, height * width) if isinstance(counts, str) else _listed(counts)
    if min(runs, default=0) < 0 or sum(runs) != height * width:
        raise InvalidInput(
            f"the runs hold {sum(runs):,} pixels, and a mask of {height} x {width} has {height * width:,}; "
            "give the counts and the size of one mask"
        )
    values = np.arange(len(runs)) % 2 == 1
    return np.repeat(values, runs).reshape((width, height)).T.copy()


def _size(rle: Mapping[str, Any]) -> tuple[int, int]:
    size = rle.get("size")
    is_pair = isinstance(size, (list, tuple)) and len(size) == 2 and all(type(side) is int for side in size)
    if not is_pair or min(size) < 1 or size[0] * size[1] > MOST_PIXELS:  # type: ignore[arg-type, index]
        raise InvalidInput(
            f"the size of the run lengths is {str(size)[:80]}; give [height, width] in pixels, at least 1 each and at "
            f"most {MOST_PIXELS:,} together"
        )
    return size[0], size[1]  # type: ignore[index]


def _listed(counts: object) -> list[int]:
    if not isinstance(counts, (list, tuple)) or not all(type(run) is int for run in counts):
        raise InvalidInput(
            f"counts is a {type(counts).__name__}; give the compressed text of COCO or a list of whole numbers"
        )
    return list(counts)


def _text(counts: list[int]) -> str:
    """Five bits a character, the lowest first; from the fourth on a count is its difference to the last but one."""
    characters = bytearray()
    for place, count in enumerate(counts):
        left = count - counts[place - 2] if place > 2 else count
        while True:
            bits, left = left & 0x1F, left >> _BITS
            is_done = left == (-1 if bits & _SIGN else 0)
            characters.append(_FIRST_CHARACTER + (bits if is_done else bits | _MORE))
            if is_done:
                break
    return characters.decode("ascii")


def _runs(text: str, n_pixels: int) -> list[int]:
    runs: list[int] = []
    value, shift = 0, 0
    for character in text:
        bits = ord(character) - _FIRST_CHARACTER
        if not 0 <= bits < 64 or shift > 60:
            raise InvalidInput(
                f"counts has {character!r} after {len(runs)} runs, which no run length is written with; give the "
                "compressed text of COCO unchanged"
            )
        value |= (bits & 0x1F) << shift
        shift += _BITS
        if bits & _MORE:
            continue
        if bits & _SIGN:
            value -= 1 << shift
        runs.append(value + runs[-2] if len(runs) > 2 else value)
        if not 0 <= runs[-1] <= n_pixels:
            raise InvalidInput(
                f"run {len(runs) - 1} of the counts is {runs[-1]:,} and the mask has {n_pixels:,} pixels; give the "
                "compressed text of COCO unchanged"
            )
        value, shift = 0, 0
    if shift:
        raise InvalidInput("counts ends within a run; give the compressed text of COCO unchanged")
    return runs
