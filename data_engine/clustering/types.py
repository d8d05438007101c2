"""Types that the modules of the clustering share: arrays, and the protocol of a device.

`devices.py` chooses and opens a device; `matrix_rows.py` has the rows that it computes over.
"""

from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[Any]
FloatMatrix = NDArray[np.float32]
Assignment = NDArray[np.int32]

#: Always `matrix_rows.Rows`, which hold their device and are therefore not imported here.
RowsT = TypeVar("RowsT", contravariant=True)


class Potential(Protocol):
    """Squared distance of every row to the closest centroid chosen so far, as seeding needs it."""

    closest: NDArray[np.float32]
    """(n,) updated by `add`."""

    def add(self, positions: NDArray[np.int64]) -> None:
        """Take the rows at these positions in as centroids."""

    def gains(self, positions: NDArray[np.int64], sample: NDArray[np.int64] | None) -> NDArray[np.float64]:
        """(m,) drop of the potential of a sample of rows (None: all) if one of these were added, for each of them."""


class Device(Protocol[RowsT]):
    """Computes over rows of one matrix; every result is what the functions in `nearest` give without a device."""

    def nearest(self, rows: RowsT, centroids: FloatMatrix) -> Assignment:
        """(n,) number of the nearest centroid."""

    def sums(self, rows: RowsT, labels: Assignment, n_clusters: int, exponent: int) -> NDArray[np.int64]:
        """(n_clusters, dim) sums of the rows with each label in steps of 2^-exponent, to which values are rounded."""

    def potential(self, rows: RowsT) -> Potential:
        """The potential of no centroid yet: infinite."""
