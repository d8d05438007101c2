"""What every part asks of masks: their form, their bounding box, how far two of them agree.

How segmenters are judged by that is in `measures.py`.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_engine.errors import InvalidInput

Mask = NDArray[np.bool_]


def checked_mask(mask: NDArray[Any]) -> Mask:
    """The mask as (h, w) bool; everything but 0 is inside.

    Raises: InvalidInput for another number of axes, or none of a side's pixels.
    """
    found = np.asarray(mask)
    if found.ndim != 2 or not found.size:
        raise InvalidInput(f"the mask has the shape {found.shape}; give (height, width) with at least 1 pixel")
    return found if found.dtype == np.bool_ else found != 0


def iou(one: Mask, other: Mask) -> float:
    """Shared pixels over all pixels of two masks of one shape; 1 for two empty ones. Higher is better.

    Raises: InvalidInput where the shapes differ.
    """
    if one.shape != other.shape:
        raise InvalidInput(f"masks of {one.shape} and {other.shape} cannot be compared; give two of the same image")
    together = np.count_nonzero(one | other)
    return np.count_nonzero(one & other) / together if together else 1.0


def bounding_box(mask: Mask) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of the pixels inside; right and bottom are those after the last one.

    Raises: InvalidInput for an empty mask.
    """
    columns, rows = np.flatnonzero(mask.any(axis=0)), np.flatnonzero(mask.any(axis=1))
    if not len(rows):
        raise InvalidInput("the mask is empty and has no bounding box; leave it out")
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
