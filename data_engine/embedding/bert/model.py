"""The packed BERT as an encoder: tokens, packs of texts, one thread per core, and the encoder's version.

The folder that the model is read from is the matter of `folder.py`, the network that of `layers.py`. Reading the folder
directly spares the import of sentence-transformers, which takes longer than embedding a small batch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from data_engine.embedding.bert.batching import one_thread_per_core, packs_of
from data_engine.embedding.bert.folder import SentenceModel
from data_engine.embedding.bert.layers import BertConfig, PackedBert, first_token, mean_of_tokens
from data_engine.embedding.encoder import Encoder, Progress, has_bfloat16_products, weights_fingerprint
from data_engine.errors import InvalidInput

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Precision = Literal["bfloat16", "float32"]

_TOKENS_PER_PACK = 1024
_TEXTS_PER_TASK = 16
#: Changes with the numbers that this code gives for the same weights; a test knows what code it stands for.
REVISION = "packed5"


def load_packed(name: str, model: SentenceModel, *, precision: Precision | None = None) -> Encoder:
    """Load a recognised model.

    Args:
        name: The name that the encoder is to have.
        model: The description of its folder.
        precision: `bfloat16` halves the time on a processor that multiplies it natively; the faster one when None.

    Raises: InvalidInput when its weights are not those of the architecture that its configuration names.
    """
    from safetensors.torch import load_file
    from tokenizers import Tokenizer

    precision = precision or ("bfloat16" if has_bfloat16_products() else "float32")
    weights = load_file(model.folder / "model.safetensors")
    settings = (model.n_layers, model.n_heads, model.norm_eps, model.is_mean, model.max_tokens)
    fingerprint = weights_fingerprint(weights, settings=repr(settings))
    try:
        config = BertConfig(model.n_layers, model.n_heads, model.norm_eps)
        bert = PackedBert.of(weights, config, getattr(torch, precision))
    except (KeyError, ValueError) as error:
        raise InvalidInput(
            f"the encoder {name!r} calls itself a BERT of {model.n_layers} layers, but its weights differ ({error}); "
            f"give the folder that sentence-transformers saved"
        ) from error
    tokenizer = Tokenizer.from_file(str(model.folder / "tokenizer.json"))
    tokenizer.enable_truncation(model.max_tokens)
    tokenizer.no_padding()
    return Encoder(
        name=name,
        dim=bert.dim,
        # Rows of a text in the two precisions have a cosine of about .9999: neither may stand in for the other.
        version=f"{Path(name).name}-{fingerprint}-{REVISION}-{precision}",
        _embed=_Packed(tokenizer, bert, model.is_mean).embed,
        modality="text",
    )


@dataclass(frozen=True)
class _Packed:
    tokenizer: "Tokenizer"
    bert: PackedBert
    is_mean: bool

    def embed(self, items: Sequence[Any], advance: Progress) -> NDArray[np.float32]:
        """Packs of about equal work, one thread per core: no core waits for another within a product."""
        rows = np.empty((len(items), self.bert.dim), dtype=np.float32)
        with one_thread_per_core() as (threads, n_threads):
            slices = [items[start : start + _TEXTS_PER_TASK] for start in range(0, len(items), _TEXTS_PER_TASK)]
            tokens = [ids for part in threads.map(self._tokens, slices) for ids in part]
            packs = list(packs_of([len(ids) for ids in tokens], _TOKENS_PER_PACK, n_threads))
            embedded = threads.map(self._rows, ([tokens[i] for i in pack] for pack in packs))
            for pack, found in zip(packs, embedded, strict=True):
                rows[pack] = found
                advance(len(pack))
        return rows

    def _tokens(self, texts: Sequence[str]) -> list[NDArray[np.int64]]:
        return [np.array(encoding.ids, dtype=np.int64) for encoding in self.tokenizer.encode_batch_fast(list(texts))]

    def _rows(self, tokens: Sequence[NDArray[np.int64]]) -> NDArray[np.float32]:
        lengths = [len(ids) for ids in tokens]
        with torch.inference_mode():
            states = self.bert.states(torch.from_numpy(np.concatenate(tokens)), lengths)
            rows: NDArray[np.float32] = (mean_of_tokens if self.is_mean else first_token)(states, lengths).numpy()
        return rows
