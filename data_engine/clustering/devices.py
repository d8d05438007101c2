"""Where k-means computes: NumPy on the processor, or torch on a card; torch is loaded only where it is asked for."""

from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from data_engine.clustering.matrix_rows import FloatMatrix, Labels, Matrix, Rows
from data_engine.errors import InvalidInput

if TYPE_CHECKING:
    from data_engine.clustering.torch_device import TorchDevice

#: Values from which on moving a matrix to a card is worth it.
_LARGE = 50_000_000


class Potential(Protocol):
    """Squared distance of every row to the closest centroid chosen so far; what seeding needs of it."""

    closest: NDArray[np.float32]
    """(n,) updated by `add`."""

    def add(self, positions: NDArray[np.int64]) -> None:
        """Take the rows at these positions in as centroids."""

    def gains(self, positions: NDArray[np.int64], sample: NDArray[np.int64] | None) -> NDArray[np.float64]:
        """(m,) drop of the potential of a sample of rows (None: all) if one of these were added, for each of them."""


class Device(Protocol):
    """Computes over rows of one matrix; every result is what the functions in `nearest` give without a device."""

    def nearest(self, rows: "Rows", centroids: FloatMatrix) -> Labels:
        """(n,) number of the nearest centroid."""

    def sums(self, rows: "Rows", labels: Labels, n_clusters: int) -> NDArray[np.float64]:
        """(n_clusters, dim) sums of the rows with each label."""

    def potential(self, rows: "Rows") -> Potential:
        """The potential of no centroid yet: infinite."""


def device_for(choice: Literal["auto", "cpu", "cuda"], x: Matrix) -> str | None:
    """The `device` argument of `kmeans` and `build_tree` for a matrix, by a corpus' choice.

    Args:
        choice: "auto" takes a card where torch sees one and the matrix has 50 million values or more.
        x: (n, dim).
    """
    if choice == "auto":
        return "cuda" if x.size >= _LARGE and _sees_card() else None
    return None if choice == "cpu" else choice


def open_device(name: str | None, x: Matrix) -> "TorchDevice | None":
    """The device of this name with the matrix it will read; None for none.

    Raises: InvalidInput when torch does not know the device or sees no such card.
    """
    if name is None:
        return None
    import torch

    try:
        device = torch.device(name)
    except RuntimeError:
        raise InvalidInput(f"device is {name!r}; give a device that torch knows, such as 'cuda', or None") from None
    if device.type == "cuda" and not (_sees_card() and (device.index or 0) < torch.cuda.device_count()):
        raise InvalidInput(f"device is {name!r} but torch sees {torch.cuda.device_count()} cards; leave device out")
    from data_engine.clustering.torch_device import TorchDevice

    return TorchDevice(x, device)


def _sees_card() -> bool:
    import torch

    return torch.cuda.is_available()
