"""Encoder: one loaded model, and what all models share: the check of the items, and the fingerprint of the weights.

The list of encoders and loading one by its name are in `registry.py`; one file per kind of model stands beside it.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from data_engine.errors import InvalidInput

if TYPE_CHECKING:
    from PIL.Image import Image

Progress = Callable[[int], object]
Embed = Callable[[Sequence[Any], Progress], NDArray[np.float32]]

#: First values of each tensor that count for the fingerprint of the weights: training changes all of them.
_FINGERPRINT_VALUES = 256


@dataclass(frozen=True)
class Encoder:
    """A loaded encoder.

    Attributes:
        name: The name or path it was loaded by.
        dim: Values per embedding.
        version: Name, fingerprint of its weights and precision: two encoders of one version give the same rows.
        modality: The only kind of item that it embeds; None for a model that takes texts and images, or does not say.
        max_side_px: Larger images are downscaled first, until their shorter side has this many pixels.
    """

    name: str
    dim: int
    version: str
    _embed: Embed
    modality: str | None = None
    max_side_px: int = 256

    def encode(
        self, items: "Sequence[str] | Sequence[Image] | Sequence[Any]", progress: bool | Progress = False
    ) -> NDArray[np.float32]:
        """Embed texts or images.

        Args:
            items: n texts, n PIL images, or n items that have the encoder's `modality`.
            progress: True for a bar on the terminal, or a callable `advance(n)`: n more items are done.

        Returns: (n, dim) float32, rows of L2 norm 1, in the order of the items.

        Raises: InvalidInput when an item is neither a text nor an image, naming its position; or when the encoder
            takes only the other modality.
        """
        self._check(items)
        if not len(items):
            return np.empty((0, self.dim), dtype=np.float32)
        if not isinstance(progress, bool):
            return self._embed(items, progress)
        with _terminal_bar(len(items), is_shown=progress) as advance:
            return self._embed(items, advance)

    def _check(self, items: Sequence[Any]) -> None:
        """Items are all texts or all images, and of the encoder's modality."""
        modalities = [_modality_of(item) for item in items]
        for position, (item, found) in enumerate(zip(items, modalities, strict=True)):
            if found is None or found != modalities[0]:
                raise InvalidInput(f"item {position} is a {type(item).__name__}; give texts only, or PIL images only")
        if modalities and self.modality not in (None, modalities[0]):
            raise InvalidInput(
                f"the encoder {self.name!r} takes {self.modality}s only; name an encoder of {modalities[0]}s"
            )


def weights_fingerprint(weights: Mapping[str, Any], *, settings: str = "") -> str:
    """Twelve hexadecimal digits for the weights of a model.

    Args:
        weights: torch tensors by name; names, shapes and the first values of each count.
        settings: Whatever else decides the numbers.
    """
    digest = hashlib.sha256(settings.encode())
    for key, tensor in sorted(weights.items()):
        digest.update(f"{key} {tuple(tensor.shape)}".encode())
        digest.update(tensor.flatten()[:_FINGERPRINT_VALUES].float().numpy().tobytes())
    return digest.hexdigest()[:12]


def has_bfloat16_products() -> bool:
    """Whether this CPU multiplies bfloat16 natively, which halves the time of an encoder."""
    import torch

    check = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
    return bool(check and check())


def _modality_of(item: Any) -> str | None:
    """Of a text, of an image of Pillow, or what an item of another kind says itself as `modality`."""
    if isinstance(item, str):
        return "text"
    return "image" if hasattr(item, "mode") else getattr(item, "modality", None)


@contextmanager
def _terminal_bar(total: int, *, is_shown: bool) -> Iterator[Progress]:
    if not is_shown:
        yield lambda _n: None
        return
    from rich.progress import Progress as Bars

    with Bars() as bars:
        task = bars.add_task("embedding", total=total)
        yield lambda n: bars.advance(task, n)
