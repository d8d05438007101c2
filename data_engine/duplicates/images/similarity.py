"""Similarity of images, by the small images in their sketches; `kernels.image_similarity` compares the cells."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_engine.duplicates.images.sketch import CHROMA, LUMA

#: Rows that are looked at together.
ROWS_AT_ONCE = 1024
#: Similarities are rounded to as many decimals, so that the order in which squares are added does not matter.
DECIMALS = 6


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
        """Similarity of images: 1 is the same; a limit of 0.97 lets no cell differ by 8 of 255 shades.

        The smallest of three likenesses: the correlation of the lumas; 1 - the largest difference of a cell's luma /
        255, once the fainter image has the brightness and contrast of the other; and 1 - the largest difference of
        a cell's colour / 128, where 16 count as none. No cell is free, wherever it lies: a print of other letters
        differs in a few cells only, as a mark or a date does. Where an image has no contrast, the lumas are compared
        as they are.

        Args:
            row: The one image.
            others: (m,) rows of those that it is compared with.
            least: A similarity below this may be given as any other below it, which spares comparing all cells.

        Returns: (m,), rounded to `DECIMALS`.
        """
        from data_engine.kernels import image_similarity

        # A similarity that is rounded up to the limit needs all cells, too.
        found = image_similarity.similarities(
            self.sketches, self.means, self.norms, row, others, luma=LUMA, chroma=CHROMA, least=least - 10.0**-DECIMALS
        )
        alike: NDArray[np.float64] = np.round(found, DECIMALS)
        return alike
