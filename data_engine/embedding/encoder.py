"""Encoder: what every encoder is, and loading one by name."""

from collections.abc import Callable, Iterator, Sequence
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

HASHED = "hashed-ngrams"
HISTOGRAMS = "colour-and-gradient-histograms"


@dataclass(frozen=True)
class Encoder:
    """A loaded encoder.

    Attributes:
        name: The name or path it was loaded by.
        dim: Values per embedding.
        version: Name, fingerprint of its weights and precision: two encoders of one version give the same rows.
        max_side_px: It has no use for images whose shorter side is longer than this.
    """

    name: str
    dim: int
    version: str
    _embed: Embed
    max_side_px: int = 256

    def encode(
        self, items: "Sequence[str] | Sequence[Image]", progress: bool | Progress = False
    ) -> NDArray[np.float32]:
        """Embed texts or images.

        Args:
            items: n texts, or n PIL images where the model takes images.
            progress: True for a bar on the terminal, or a callable that is told how many more are done.

        Returns: (n, dim) float32, rows of L2 norm 1, in the order of the items.

        Raises: InvalidInput when an item is neither a text nor an image, naming its position.
        """
        for position, item in enumerate(items):
            if not (isinstance(item, str) or hasattr(item, "mode")) or isinstance(item, str) != isinstance(
                items[0], str
            ):
                raise InvalidInput(f"item {position} is a {type(item).__name__}; give texts only, or PIL images only")
        if not len(items):
            return np.empty((0, self.dim), dtype=np.float32)
        if not isinstance(progress, bool):
            return self._embed(items, progress)
        with _terminal_bar(len(items), is_shown=progress) as advance:
            return self._embed(items, advance)


def load_encoder(name: str) -> Encoder:
    """Load an encoder by name.

    Args:
        name: Of texts: `hashed-ngrams` (needs no weights, knows no meaning) or a name of `PACKAGED_ENCODERS`. Of
            images: `colour-and-gradient-histograms` (needs no weights, knows no meaning), `efficientnet-lite0`, or
            `timm/<model>`. Of either: any sentence-transformers name (from the hub or its cache; CLIP takes
            images), or a path.

    Raises: SourceMissing when there is neither a package, nor a folder, nor a cached or reachable hub model.
    """
    if name == HASHED:
        from data_engine.embedding.hashed import load_hashed

        return load_hashed(name)
    if name == HISTOGRAMS:
        from data_engine.embedding.histograms import load_histograms

        return load_histograms(name)
    if name == "efficientnet-lite0":
        from data_engine.embedding.efficientnet import load_efficientnet

        return load_efficientnet(name)
    if name.startswith("timm/"):
        from data_engine.embedding.timm import load_timm

        return load_timm(name)
    from data_engine.embedding.bert.model import load_packed, recognise
    from data_engine.embedding.model_folder import folder_of, snapshot_of

    folder = folder_of(name) or snapshot_of(name)
    model = recognise(folder) if folder is not None else None
    if model is not None:
        return load_packed(name, model)
    from data_engine.embedding.sentence_transformers import load_transformer

    return load_transformer(name)


@contextmanager
def _terminal_bar(total: int, *, is_shown: bool) -> Iterator[Progress]:
    if not is_shown:
        yield lambda _n: None
        return
    from rich.progress import Progress as Bars

    with Bars() as bars:
        task = bars.add_task("embedding", total=total)
        yield lambda n: bars.advance(task, n)
