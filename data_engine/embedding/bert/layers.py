"""The BERT encoder on texts that lie one behind the other: nothing is computed for padding.

Texts of a pack share every product of matrices with weights; attention (`attention.py`) stays within each text.
Queries, keys and values come from one product, and where the processor multiplies bfloat16 the weights are laid out
once for its kernels, which also apply GELU, or add, on the way out. Layer norms and pooling work in float32. Tokens and
threads are the matter of `model.py`.

Source: Devlin et al. 2019, "BERT" (arXiv 1810.04805); packing: Krell et al. 2021 (arXiv 2107.02027).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import Tensor
from torch.nn import functional

from data_engine.embedding.bert.attention import attend


@dataclass(frozen=True)
class BertConfig:
    """Settings of the architecture that the weights alone do not show."""

    n_layers: int
    n_heads: int
    norm_eps: float


@dataclass(frozen=True)
class Linear:
    """x W' + b, the weight in the layout of the processor's bfloat16 kernels where `is_laid_out`."""

    weight: Tensor
    bias: Tensor
    is_laid_out: bool

    @classmethod
    def of(cls, weight: Tensor, bias: Tensor, dtype: torch.dtype) -> Self:
        """For rows of this precision.

        Args:
            weight: (n_out, n_in) float32.
            bias: (n_out,) float32.
            dtype: float32 or bfloat16.
        """
        weight, bias = weight.to(dtype).contiguous(), bias.to(dtype)
        if dtype != torch.bfloat16:
            return cls(weight, bias, is_laid_out=False)
        return cls(torch.ops.mkldnn._reorder_linear_weight(weight, 1024), bias, is_laid_out=True)

    def __call__(self, x: Tensor) -> Tensor:
        """(n, n_in) rows to (n, n_out)."""
        if not self.is_laid_out:
            return functional.linear(x, self.weight, self.bias)
        return _tensor(torch.ops.mkldnn._linear_pointwise(x, self.weight, self.bias, "none", [], ""))

    def plus(self, x: Tensor, other: Tensor) -> Tensor:
        """The product and (n, n_out) other rows, added up."""
        if not self.is_laid_out:
            return functional.linear(x, self.weight, self.bias) + other
        return _tensor(torch.ops.mkldnn._linear_pointwise.binary(x, other, self.weight, self.bias, "add"))

    def gelu(self, x: Tensor) -> Tensor:
        """The exact GELU of the product, not its tanh approximation."""
        if not self.is_laid_out:
            return functional.gelu(functional.linear(x, self.weight, self.bias))
        return _tensor(torch.ops.mkldnn._linear_pointwise(x, self.weight, self.bias, "gelu", [], "none"))


@dataclass(frozen=True)
class Norm:
    """Layer norm of rows in either precision; weight and bias are float32, which torch takes sooner than bfloat16."""

    weight: Tensor
    bias: Tensor
    eps: float

    def __call__(self, x: Tensor) -> Tensor:
        """(n, dim) rows, of the same precision."""
        return functional.layer_norm(x, self.weight.shape, self.weight, self.bias, self.eps)


@dataclass(frozen=True)
class _Layer:
    queries_keys_values: Linear
    attended: Linear
    after_attention: Norm
    widened: Linear
    narrowed: Linear
    after_feed_forward: Norm

    @classmethod
    def of(cls, left: "_Weights", name: str, n_heads: int) -> Self:
        """Take the weights of the layer of this name."""
        attention = f"{name}.attention.self"
        # Scores come out of their product as the softmax takes them.
        for part in ("weight", "bias"):
            query = left.take(f"{attention}.query.{part}")
            left.tensors[f"{attention}.query.{part}"] = query * (len(query) // n_heads) ** -0.5
        return cls(
            queries_keys_values=left.linear(*(f"{attention}.{part}" for part in ("query", "key", "value"))),
            attended=left.linear(f"{name}.attention.output.dense"),
            after_attention=left.norm(f"{name}.attention.output.LayerNorm"),
            widened=left.linear(f"{name}.intermediate.dense"),
            narrowed=left.linear(f"{name}.output.dense"),
            after_feed_forward=left.norm(f"{name}.output.LayerNorm"),
        )


@dataclass(frozen=True)
class _Weights:
    """Float32 tensors by name that no part of the model has taken yet, for a model of one precision."""

    tensors: dict[str, Tensor]
    norm_eps: float
    dtype: torch.dtype

    def take(self, name: str) -> Tensor:
        return self.tensors.pop(name)

    def norm(self, name: str) -> Norm:
        return Norm(self.take(f"{name}.weight"), self.take(f"{name}.bias"), self.norm_eps)

    def linear(self, *names: str) -> Linear:
        """One product in the place of several of the same input."""
        parts = [(self.take(f"{name}.weight"), self.take(f"{name}.bias")) for name in names]
        return Linear.of(torch.cat([w for w, _ in parts]), torch.cat([b for _, b in parts]), self.dtype)


@dataclass(frozen=True)
class PackedBert:
    """A BERT encoder in one precision.

    Attributes:
        dim: Values per token and per sentence.
        max_tokens: Positions that were learnt; a longer text has to be cut before.
        n_heads: Heads of the attention in every layer.
    """

    dim: int
    max_tokens: int
    n_heads: int
    words: Tensor
    positions: Tensor
    after_embedding: Norm
    layers: tuple[_Layer, ...]

    @classmethod
    def of(cls, weights: Mapping[str, Tensor], config: BertConfig, dtype: torch.dtype) -> Self:
        """Take over the weights of a BERT model, named as in its safetensors file.

        Raises: KeyError when one is missing; ValueError when there is one that this architecture has no use for.
        """
        tensors = {name.removeprefix("bert."): tensor.float() for name, tensor in weights.items()}
        left = _Weights(tensors, config.norm_eps, dtype)
        words = left.take("embeddings.word_embeddings.weight")
        positions = left.take("embeddings.position_embeddings.weight")
        # Every token of a sentence is of the first type.
        positions = positions + left.take("embeddings.token_type_embeddings.weight")[0]
        bert = cls(
            dim=words.shape[1],
            max_tokens=len(positions),
            n_heads=config.n_heads,
            words=words.to(dtype),
            positions=positions.to(dtype),
            after_embedding=left.norm("embeddings.LayerNorm"),
            layers=tuple(_Layer.of(left, f"encoder.layer.{i}", config.n_heads) for i in range(config.n_layers)),
        )
        unused = sorted(n for n in left.tensors if not n.startswith("pooler.") and n != "embeddings.position_ids")
        if unused:
            raise ValueError(f"the weights {unused[:10]} have no place in a BERT encoder of {config.n_layers} layers")
        return bert

    def states(self, tokens: Tensor, lengths: Sequence[int]) -> Tensor:
        """The states of the last layer.

        Args:
            tokens: (n_tokens,) int64, the texts one behind the other.
            lengths: Tokens of each text; equal lengths side by side are the fastest.

        Returns: (n_tokens, dim) of the encoder's precision.
        """
        places = torch.cat([torch.arange(length, device=tokens.device) for length in lengths])
        x = self.after_embedding(self.words[tokens] + self.positions[places])
        for layer in self.layers:
            mixed = layer.queries_keys_values(x)
            x = layer.after_attention(layer.attended.plus(attend(mixed, lengths, self.n_heads), x))
            x = layer.after_feed_forward(layer.narrowed.plus(layer.widened.gelu(x), x))
        return x


def mean_of_tokens(states: Tensor, lengths: Sequence[int]) -> Tensor:
    """(n_texts, dim) float32: the direction of the mean state of each text."""
    text = torch.repeat_interleave(torch.arange(len(lengths)), torch.tensor(lengths)).to(states.device)
    sums = torch.zeros(len(lengths), states.shape[1], device=states.device).index_add_(0, text, states.float())
    return functional.normalize(sums, dim=1)


def first_token(states: Tensor, lengths: Sequence[int]) -> Tensor:
    """(n_texts, dim) float32: the direction of the state of each text's first token."""
    ends = torch.cumsum(torch.tensor(lengths), 0)
    return functional.normalize(states[ends - torch.tensor(lengths)].float(), dim=1)


def _tensor(value: Any) -> Tensor:
    """The result of an operator that torch does not type."""
    return value  # type: ignore[no-any-return]
