"""Sentence models of the BERT architecture, read from their folder and run without padding on every core.

Reading the folder directly spares the import of sentence-transformers, which takes longer than embedding a small batch.
A folder that describes anything else (another architecture, pooling, prompt or further layer) is left to
`transformer.py`.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate, groupby
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from data_engine.embedding.encoder import Encoder, Progress
from data_engine.embedding.processor import has_bfloat16_products, runs_kernels
from data_engine.errors import InvalidInput

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from torch import Tensor

    from data_engine.embedding.bert.layers import PackedBert

_TOKENS_PER_PACK = 1024
_TEXTS_PER_TASK = 16
#: Changes with the numbers that this code gives for the same weights; a test knows what code it stands for.
_REVISION = "packed4"


@dataclass(frozen=True)
class SentenceModel:
    """What the folder of a sentence model says, where it is a BERT with a plain pooling.

    Attributes:
        folder: Where the weights and the tokenizer are.
        is_mean: Pooled by the mean over the tokens; else by the first token.
        max_tokens: Longer texts are cut here.
    """

    folder: Path
    n_layers: int
    n_heads: int
    norm_eps: float
    is_mean: bool
    max_tokens: int


def recognise(folder: Path) -> SentenceModel | None:
    """The description of a BERT sentence model, or None where the folder holds anything else."""
    needed = ("config.json", "tokenizer.json", "model.safetensors", "modules.json")
    if not all((folder / name).is_file() for name in needed):
        return None
    config, modules = _json(folder / "config.json"), _json(folder / "modules.json")
    kinds = [str(module.get("type", "")).rsplit(".", 1)[-1] for module in modules]
    plain = {"model_type": "bert", "hidden_act": "gelu", "position_embedding_type": "absolute"}
    if kinds[:2] != ["Transformer", "Pooling"] or kinds[2:] not in ([], ["Normalize"]):
        return None
    if any(config.get(key, value) != value for key, value in plain.items()) or config.get("is_decoder"):
        return None
    settings = _json(folder / "sentence_bert_config.json")
    prompts = _json(folder / "config_sentence_transformers.json")
    pooling = _pooling(_json(folder / modules[1]["path"] / "config.json"))
    if pooling is None or settings.get("do_lower_case") or prompts.get("default_prompt_name"):
        return None
    told = settings.get("max_seq_length") or _json(folder / "tokenizer_config.json").get("model_max_length")
    return SentenceModel(
        folder=folder,
        n_layers=config["num_hidden_layers"],
        n_heads=config["num_attention_heads"],
        norm_eps=config["layer_norm_eps"],
        is_mean=pooling == "mean",
        max_tokens=min(told or config["max_position_embeddings"], config["max_position_embeddings"]),
    )


def load_packed(name: str, model: SentenceModel) -> Encoder:
    """Load a recognised model at the best precision of the processor.

    Raises: InvalidInput when its weights are not those of the architecture that its configuration names.
    """
    import torch
    from safetensors.torch import load_file
    from tokenizers import Tokenizer

    from data_engine.embedding.bert.layers import BertConfig, PackedBert

    dtype = torch.bfloat16 if has_bfloat16_products() else torch.float32
    weights = load_file(model.folder / "model.safetensors")
    version = f"{Path(name).name}-{_fingerprint(model, weights)}-{_REVISION}-{arithmetic()}"
    try:
        bert = PackedBert.of(weights, BertConfig(model.n_layers, model.n_heads, model.norm_eps), dtype)
    except (KeyError, ValueError) as error:
        raise InvalidInput(
            f"the encoder {name!r} calls itself a BERT of {model.n_layers} layers, but its weights differ ({error}); "
            f"give the folder that sentence-transformers saved"
        ) from error
    tokenizer = Tokenizer.from_file(str(model.folder / "tokenizer.json"))
    tokenizer.enable_truncation(model.max_tokens)
    tokenizer.no_padding()
    return Encoder(name=name, dim=bert.dim, version=version, _embed=_Packed(tokenizer, bert, model.is_mean).embed)


def arithmetic() -> str:
    """How this machine computes, as the encoder's version ends: `bfloat16` by kernels, `bfloat16_torch` or `float32`.

    Rows of a text by two of them have a cosine of about .9999; torch without the kernels is as far from them as float32
    is from bfloat16, so the version tells all three apart, and rows of one are not used again in the place of another.
    """
    if not has_bfloat16_products():
        return "float32"
    return "bfloat16" if runs_kernels() else "bfloat16_torch"


@dataclass(frozen=True)
class _Packed:
    tokenizer: "Tokenizer"
    bert: "PackedBert"
    is_mean: bool

    def embed(self, items: Sequence[Any], advance: Progress) -> NDArray[np.float32]:
        """Packs of about equal work, one thread per core: no core waits for another within a product."""
        if not isinstance(items[0], str):
            raise InvalidInput("this encoder takes texts only; name an encoder of images")
        rows = np.empty((len(items), self.bert.dim), dtype=np.float32)
        with _one_thread_per_core() as (threads, n_threads):
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
        import torch

        from data_engine.embedding.bert.layers import first_token, mean_of_tokens

        lengths = [len(ids) for ids in tokens]
        with torch.inference_mode():
            states = self.bert.states(torch.from_numpy(np.concatenate(tokens)), lengths)
            rows: NDArray[np.float32] = (mean_of_tokens if self.is_mean else first_token)(states, lengths).numpy()
        return rows


def packs_of(lengths: Sequence[int], budget: int, n_threads: int) -> Iterator[list[int]]:
    """Positions in packs of about `budget` tokens or less, the longest texts first, so that equal lengths lie together.

    The packs are as many for each thread and about equally long, so that all threads are done at the same time.
    """
    order = sorted(range(len(lengths)), key=lambda i: (-lengths[i], i))
    n_tokens = sum(lengths)
    n_packs = n_threads * -(-n_tokens // (budget * n_threads))
    ends = accumulate(lengths[i] for i in order)
    # Each text goes where its middle lies.
    numbered = [((2 * end - lengths[i]) * n_packs // (2 * n_tokens), i) for end, i in zip(ends, order, strict=True)]
    for _, pack in groupby(numbered, key=itemgetter(0)):
        yield [i for _, i in pack]


@contextmanager
def _one_thread_per_core() -> Iterator[tuple[ThreadPoolExecutor, int]]:
    """As many threads as torch would use, each with products of its own, and their number."""
    import torch

    n_threads = torch.get_num_threads()
    try:
        with ThreadPoolExecutor(n_threads, initializer=torch.set_num_threads, initargs=(1,)) as threads:
            yield threads, n_threads
    finally:
        torch.set_num_threads(n_threads)


def _json(path: Path) -> Any:
    """What a file of the folder says; nothing where it is not there."""
    return json.loads(path.read_text("utf-8")) if path.is_file() else {}


def _pooling(config: Mapping[str, Any]) -> str | None:
    """`mean` or `cls`, or None where it is neither or both."""
    if "pooling_mode" in config:
        return config["pooling_mode"] if config["pooling_mode"] in ("mean", "cls") else None
    modes = {
        key.removeprefix("pooling_mode_") for key, value in config.items() if key.startswith("pooling_mode_") and value
    }
    return {frozenset({"mean_tokens"}): "mean", frozenset({"cls_token"}): "cls"}.get(frozenset(modes))


def _fingerprint(model: SentenceModel, weights: "Mapping[str, Tensor]") -> str:
    """Of the weights' beginnings and of everything else that changes the numbers."""
    described = (model.n_layers, model.n_heads, model.norm_eps, model.is_mean, model.max_tokens)
    digest = hashlib.sha256(repr(described).encode())
    for key, tensor in sorted(weights.items()):
        digest.update(f"{key} {tuple(tensor.shape)}".encode())
        digest.update(tensor.flatten()[:256].float().numpy().tobytes())
    return digest.hexdigest()[:12]
