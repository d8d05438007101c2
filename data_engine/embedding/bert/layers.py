"""The BERT encoder on texts that lie one behind the other: nothing is computed for padding.

Texts of a pack share every product of matrices with weights; attention stays within each text. Queries, keys and values
come from one product, and where the processor multiplies bfloat16 the weights are laid out once for its kernels, which
also add on the way out. Layer norms and pooling work in float32, the softmax does unless torch computes it in bfloat16.

Source: Devlin et al. 2019, "BERT" (arXiv 1810.04805); packing: Krell et al. 2021 (arXiv 2107.02027).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import torch
from torch import Tensor
from torch.nn import functional

from data_engine.embedding.bert.attention import Attention, fastest_attention
from data_engine.embedding.processor import runs_kernels

if TYPE_CHECKING:
    from data_engine.embedding.vector_code import Compiled


@dataclass(frozen=True)
class BertConfig:
    """What the weights alone do not say."""

    n_layers: int
    n_heads: int
    norm_eps: float


@dataclass(frozen=True)
class _Linear:
    """x W' + b, the weight in the layout of the processor's bfloat16 kernels where `is_laid_out`."""

    weight: Tensor
    bias: Tensor
    is_laid_out: bool

    @classmethod
    def of(cls, weight: Tensor, bias: Tensor, dtype: torch.dtype) -> Self:
        weight, bias = weight.to(dtype).contiguous(), bias.to(dtype)
        if dtype != torch.bfloat16:
            return cls(weight, bias, is_laid_out=False)
        return cls(torch.ops.mkldnn._reorder_linear_weight(weight, 1024), bias, is_laid_out=True)

    def __call__(self, x: Tensor) -> Tensor:
        if not self.is_laid_out:
            return functional.linear(x, self.weight, self.bias)
        return _tensor(torch.ops.mkldnn._linear_pointwise(x, self.weight, self.bias, "none", [], ""))

    def plus(self, x: Tensor, other: Tensor) -> Tensor:
        if not self.is_laid_out:
            return functional.linear(x, self.weight, self.bias) + other
        return _tensor(torch.ops.mkldnn._linear_pointwise.binary(x, other, self.weight, self.bias, "add"))


@dataclass(frozen=True)
class Norm:
    """Layer norm of rows, by a compiled kernel where one can be used."""

    weight: Tensor
    bias: Tensor
    eps: float
    kernel: "Compiled | None"

    @classmethod
    def of(cls, weight: Tensor, bias: Tensor, eps: float, dtype: torch.dtype) -> Self:
        """For rows of this precision; `weight` and `bias` are (dim,) float32."""
        if dtype == torch.bfloat16 and runs_kernels():
            from data_engine.embedding.norm_kernel import norm_kernel
            from data_engine.embedding.vector_code import VALUES

            if len(weight) % VALUES == 0:
                return cls(weight.contiguous(), bias.contiguous(), eps, norm_kernel(len(weight), eps))
        return cls(weight.to(dtype), bias.to(dtype), eps, None)

    def __call__(self, x: Tensor) -> Tensor:
        """(n, dim) rows, of the same precision."""
        if self.kernel is None:
            return functional.layer_norm(x, self.weight.shape, self.weight, self.bias, self.eps)
        normed = torch.empty_like(x)
        self.kernel(x.data_ptr(), self.weight.data_ptr(), self.bias.data_ptr(), normed.data_ptr(), len(x))
        return normed


def fastest_gelu(dtype: torch.dtype) -> Callable[[Tensor], Tensor]:
    """The exact GELU, not its tanh approximation; the kernel writes it over its argument, (n, 32 * any) values."""
    if dtype != torch.bfloat16 or not runs_kernels():
        return functional.gelu
    from data_engine.embedding.gelu_kernel import gelu_kernel
    from data_engine.embedding.vector_code import VALUES

    kernel = gelu_kernel()

    def gelu(x: Tensor) -> Tensor:
        if x.shape[-1] % VALUES:
            return functional.gelu(x)
        kernel(x.data_ptr(), x.numel() // VALUES)
        return x

    return gelu


@dataclass(frozen=True)
class _Layer:
    queries_keys_values: _Linear
    attended: _Linear
    after_attention: Norm
    widened: _Linear
    narrowed: _Linear
    after_feed_forward: Norm


@dataclass(frozen=True)
class PackedBert:
    """A BERT encoder in one precision.

    Attributes:
        dim: Values per token and per sentence.
        max_tokens: Positions that were learnt; a longer text has to be cut before.
    """

    dim: int
    max_tokens: int
    attention: Attention
    gelu: Callable[[Tensor], Tensor]
    words: Tensor
    positions: Tensor
    after_embedding: Norm
    layers: tuple[_Layer, ...]

    @classmethod
    def of(cls, weights: Mapping[str, Tensor], config: BertConfig, dtype: torch.dtype) -> Self:
        """Take over the weights of a BERT model, named as in its safetensors file.

        Raises: KeyError when one is missing; ValueError when there is one that this architecture has no use for.
        """
        left = {name.removeprefix("bert."): tensor.float() for name, tensor in weights.items()}

        def norm(name: str) -> Norm:
            return Norm.of(left.pop(f"{name}.weight"), left.pop(f"{name}.bias"), config.norm_eps, dtype)

        def linear(*names: str) -> _Linear:
            parts = [(left.pop(f"{name}.weight"), left.pop(f"{name}.bias")) for name in names]
            return _Linear.of(torch.cat([w for w, _ in parts]), torch.cat([b for _, b in parts]), dtype)

        def layer(name: str) -> _Layer:
            # Scores come out of their product as the softmax takes them.
            for part in (f"{name}.attention.self.query.weight", f"{name}.attention.self.query.bias"):
                left[part] = left[part] * (len(left[part]) // config.n_heads) ** -0.5
            return _Layer(
                queries_keys_values=linear(*(f"{name}.attention.self.{part}" for part in ("query", "key", "value"))),
                attended=linear(f"{name}.attention.output.dense"),
                after_attention=norm(f"{name}.attention.output.LayerNorm"),
                widened=linear(f"{name}.intermediate.dense"),
                narrowed=linear(f"{name}.output.dense"),
                after_feed_forward=norm(f"{name}.output.LayerNorm"),
            )

        words, positions = (
            left.pop("embeddings.word_embeddings.weight"),
            left.pop("embeddings.position_embeddings.weight"),
        )
        # Every token of a sentence is of the first type.
        positions = positions + left.pop("embeddings.token_type_embeddings.weight")[0]
        bert = cls(
            dim=words.shape[1],
            max_tokens=len(positions),
            attention=fastest_attention(config.n_heads, words.shape[1] // config.n_heads, dtype),
            gelu=fastest_gelu(dtype),
            words=words.to(dtype),
            positions=positions.to(dtype),
            after_embedding=norm("embeddings.LayerNorm"),
            layers=tuple(layer(f"encoder.layer.{i}") for i in range(config.n_layers)),
        )
        unused = sorted(name for name in left if not name.startswith("pooler.") and name != "embeddings.position_ids")
        if unused:
            raise ValueError(f"the weights {unused[:10]} have no place in a BERT encoder of {config.n_layers} layers")
        return bert

    def states(self, tokens: Tensor, lengths: Sequence[int]) -> Tensor:
        """What the last layer says of every token.

        Args:
            tokens: (n_tokens,) int64, the texts one behind the other.
            lengths: Tokens of each text; without the kernel, equal lengths side by side are the fastest.

        Returns: (n_tokens, dim) of the encoder's precision.
        """
        places = torch.cat([torch.arange(length, device=tokens.device) for length in lengths])
        x = self.after_embedding(self.words[tokens] + self.positions[places])
        for layer in self.layers:
            mixed = layer.queries_keys_values(x)
            x = layer.after_attention(layer.attended.plus(self.attention(mixed, lengths), x))
            x = layer.after_feed_forward(layer.narrowed.plus(self.gelu(layer.widened(x)), x))
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
