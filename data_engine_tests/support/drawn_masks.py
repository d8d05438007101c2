"""Masks for tests: hypothesis strategies of all forms that a mask can have, and a few drawn by hand."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

Mask = NDArray[np.bool_]


def any_masks() -> st.SearchStrategy[Mask]:
    """Noise of any size, and shapes with holes, parts, thin lines and pieces at the image's edge."""
    noise = st.tuples(st.integers(1, 24), st.integers(1, 24)).flatmap(lambda shape: arrays(np.bool_, shape))
    return st.one_of(noise, st.lists(_pieces, min_size=1, max_size=6).map(_painted))


_pieces = st.tuples(
    st.integers(-5, 64), st.integers(-5, 48), st.integers(1, 40), st.integers(1, 40), st.booleans(), st.booleans()
)


def _painted(pieces: list[tuple[int, int, int, int, bool, bool]]) -> Mask:
    """Rectangles and ellipses one over the other, each of them filling or cutting out."""
    mask = np.zeros((50, 66), dtype=np.bool_)
    rows, columns = np.mgrid[:50, :66]
    for x, y, width, height, is_round, is_filling in pieces:
        if is_round:
            inside = ((columns - x) / width) ** 2 + ((rows - y) / height) ** 2 <= 1
        else:
            inside = (columns >= x) & (columns < x + width) & (rows >= y) & (rows < y + height)
        mask[inside] = is_filling
    return mask


def from_rows(*rows: str) -> Mask:
    """A mask drawn in letters: `#` is inside."""
    return np.array([[letter == "#" for letter in row] for row in rows])
