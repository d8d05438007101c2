"""How alike two images are, by the small images in their sketches."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_engine.duplicates.images.sketch import CHROMA, LUMA
from data_engine.kernels import compiling

#: Rows that are looked at together.
ROWS_AT_ONCE = 1024
#: Another brightness shifts colours by as much.
COLOUR_SLACK = 16
#: Lumas whose standard deviations multiply to no more have nothing to correlate.
LEAST_CONTRAST = 2.0
#: Similarities are rounded to as many decimals, so that they do not tell in which order squares were added up.
DECIMALS = 6
#: Most images differ in one of some cells, of every row and column of the image.
STEP_OF_SOME = 15
#: Places of cells in a sketch.
_ALL_CELLS = np.arange(LUMA.start, LUMA.stop)
_SOME_CELLS = _ALL_CELLS[::STEP_OF_SOME]


@dataclass(frozen=True)
class SmallImages:
    """The small images of n sketches, to be compared with one another.

    Attributes:
        sketches: (n, 1064) uint8.
        means: (n,) of their lumas.
        norms: (n,) of their lumas less the mean.
    """

    sketches: NDArray[np.uint8]
    means: NDArray[np.float64]
    norms: NDArray[np.float64]

    @classmethod
    def of(cls, sketches: NDArray[np.uint8]) -> "SmallImages":
        """Those of (n, 1064) bytes."""
        means, norms = np.empty((2, len(sketches)))
        for start in range(0, len(sketches), ROWS_AT_ONCE):
            rows = slice(start, start + ROWS_AT_ONCE)
            lumas = sketches[rows, LUMA].astype(np.float32)
            means[rows] = lumas.mean(axis=1)
            norms[rows] = np.linalg.norm(lumas - means[rows, None], axis=1)
        return cls(sketches, means, norms)

    def similarities(
        self, row: int | np.int64, others: NDArray[np.int64], *, least: float = 0.0
    ) -> NDArray[np.float64]:
        """How alike images are: 1 is the same; a limit of 0.97 lets no cell differ by 8 of 255 shades.

        The smallest of three likenesses: the correlation of the lumas; 1 - the largest difference of a cell's luma /
        255, once the fainter image has the brightness and contrast of the other; and 1 - the largest difference of
        a cell's colour / 128, where 16 count as none. No cell is free, wherever it lies: a print of other letters
        differs in a few cells only, as a mark or a date does. Where an image has no contrast, the lumas are compared
        as they are.

        Args:
            row: The one image.
            others: (m,) rows of those that it is compared with.
            least: Below this, any smaller likeness will do, and cells are looked at only as long as it is open.

        Returns: (m,), rounded to `DECIMALS`.
        """
        # What is rounded up to the limit is looked at closely, too.
        alike: NDArray[np.float64] = np.round(self._unrounded(row, others, least - 10.0**-DECIMALS), DECIMALS)
        return alike

    def _unrounded(self, row: int | np.int64, others: NDArray[np.int64], least: float) -> NDArray[np.float64]:
        if compiling.loads(compiling.IMAGES):
            from data_engine.kernels.image_similarity import likeness

            return likeness(self.sketches, self.means, self.norms, row, others, least)
        colours = self.sketches[others, CHROMA].astype(np.int16) - self.sketches[row, CHROMA].astype(np.int16)
        alike: NDArray[np.float64] = 1 - np.maximum(np.abs(colours).max(axis=1) - COLOUR_SLACK, 0) / 128
        for cells in (_SOME_CELLS, _ALL_CELLS):
            is_open = np.flatnonzero(alike >= least)
            alike[is_open] = np.minimum(alike[is_open], self._luma_likeness(row, others[is_open], cells))
        return alike

    def _luma_likeness(
        self, row: int | np.int64, others: NDArray[np.int64], cells: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """(m,) the smaller of the likeness of the worst of some cells and, where these are all, the correlation."""
        norm, norms = self.norms[row], self.norms[others]
        has_contrast = norm * norms > LEAST_CONTRAST * len(_ALL_CELLS)
        larger = np.where(has_contrast, np.maximum(norm, norms), 1)
        gain, gains = (larger / np.where(has_contrast, some, 1) for some in (norm, norms))
        one = self.sketches[row, cells] - np.where(has_contrast, self.means[row], 0)[:, None]
        many = self.sketches[others[:, None], cells] - np.where(has_contrast, self.means[others], 0)[:, None]
        left = one * gain[:, None] - many * gains[:, None]
        likeness: NDArray[np.float64] = 1 - np.abs(left).max(axis=1) / 255
        if len(cells) < len(_ALL_CELLS):
            return likeness
        # Of two rows of one norm the distance tells the correlation.
        correlation = 1 - np.einsum("ij,ij->i", left, left) / (2 * larger**2)
        return np.where(has_contrast, np.minimum(correlation, likeness), likeness)
