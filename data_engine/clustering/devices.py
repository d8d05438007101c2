"""Devices of k-means: NumPy on the CPU, or torch on a GPU; torch is imported only where it is asked for.

The protocol of a device is in `types.py`, the device of torch in `torch_device.py`.
"""

from typing import TYPE_CHECKING, Literal

from data_engine.clustering.types import Matrix
from data_engine.errors import InvalidInput

if TYPE_CHECKING:
    from data_engine.clustering.torch_device import TorchDevice

#: Values from which on it repays to move a matrix to a GPU.
_LARGE = 50_000_000


def device_for(choice: Literal["auto", "cpu", "cuda"], x: Matrix) -> str | None:
    """The `device` argument of `kmeans` and `build_tree` for a matrix, by a corpus' choice.

    Args:
        choice: "auto" takes a GPU where torch sees one and the matrix has 50 million values or more.
        x: (n, dim).
    """
    if choice == "auto":
        return "cuda" if x.size >= _LARGE and _sees_gpu() else None
    return None if choice == "cpu" else choice


def open_device(name: str | None, x: Matrix) -> "TorchDevice | None":
    """The device of this name with the matrix it will read; None for none.

    Raises: InvalidInput when torch does not know the device or sees no such GPU.
    """
    if name is None:
        return None
    import torch

    try:
        device = torch.device(name)
    except RuntimeError:
        raise InvalidInput(f"device is {name!r}; give a device that torch knows, such as 'cuda', or None") from None
    if device.type == "cuda" and not (_sees_gpu() and (device.index or 0) < torch.cuda.device_count()):
        raise InvalidInput(f"device is {name!r} but torch sees {torch.cuda.device_count()} GPUs; leave device out")
    from data_engine.clustering.torch_device import TorchDevice

    return TorchDevice(x, device)


def _sees_gpu() -> bool:
    import torch

    return torch.cuda.is_available()
