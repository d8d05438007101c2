"""Attention within each text of a pack, by a compiled kernel where one can be used."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch
from torch import Tensor

from data_engine.embedding.processor import runs_kernels

if TYPE_CHECKING:
    from data_engine.embedding.attention_kernel import AttentionKernel

#: Scores that are held at a time, in values: they stay in the second-level cache.
_SCORES = 256 * 1024

#: Up to here neither the exponentials nor their sums with values vanish or overflow, in float32 and in bfloat16.
_LARGEST_EXPONENT = 60.0


class Attention(Protocol):
    """Softmax attention of texts that lie one behind the other."""

    def __call__(self, mixed: Tensor, lengths: Sequence[int]) -> Tensor:
        """What every token sees of its own text.

        Args:
            mixed: (n_tokens, 3 * n_heads * head_size) queries, keys and values of all heads; the product of a query
                and a key is their score.
            lengths: Tokens of each text, at least one.

        Returns: (n_tokens, n_heads * head_size) of the same precision.
        """


def fastest_attention(n_heads: int, head_size: int, dtype: torch.dtype) -> Attention:
    """The kernel where there is one for such heads and it can be used here, else products of matrices."""
    if dtype == torch.bfloat16 and runs_kernels():
        from data_engine.embedding.attention_kernel import BLOCK_QUERIES, attention_kernel

        if head_size in BLOCK_QUERIES:
            return KernelAttention(n_heads, attention_kernel(head_size))
    return ProductAttention(n_heads)


@dataclass(frozen=True)
class KernelAttention:
    """The compiled kernel, one text after the other; a text's numbers do not depend on its neighbours."""

    n_heads: int
    kernel: "AttentionKernel"

    def __call__(self, mixed: Tensor, lengths: Sequence[int]) -> Tensor:
        """See Attention."""
        mixed = mixed.contiguous()
        attended = torch.empty(len(mixed), mixed.shape[1] // 3, dtype=mixed.dtype)
        starts = np.concatenate([[0], np.cumsum(lengths)])
        scratch = torch.empty(self.kernel.scratch_bytes(max(lengths)), dtype=torch.uint8)
        self.kernel.attend(
            mixed.data_ptr(),
            attended.data_ptr(),
            starts.ctypes.data,
            len(lengths),
            self.n_heads,
            scratch.data_ptr(),
        )
        return attended


@dataclass(frozen=True)
class ProductAttention:
    """Products of matrices over neighbours of equal length, which need no mask."""

    n_heads: int

    def __call__(self, mixed: Tensor, lengths: Sequence[int]) -> Tensor:
        """See Attention."""
        groups = _groups(lengths, self.n_heads)
        return torch.cat([self._attend(mixed[start:end], n_texts) for start, end, n_texts in groups])

    def _attend(self, mixed: Tensor, n_texts: int) -> Tensor:
        """Attention within each of n texts of equal length: (n_tokens, 3 * dim) to (n_tokens, dim)."""
        length, dim = len(mixed) // n_texts, mixed.shape[1] // 3
        parts = mixed.view(n_texts, length, 3, self.n_heads, -1).permute(2, 0, 3, 1, 4)
        queries, keys, values = parts.reshape(3, n_texts * self.n_heads, length, -1)
        weights = exponentials(torch.bmm(queries, keys.transpose(1, 2)))
        seen = torch.bmm(weights, values).div_(weights.sum(dim=-1, keepdim=True))
        return seen.view(n_texts, self.n_heads, length, -1).transpose(1, 2).reshape(len(mixed), dim)


def exponentials(scores: Tensor) -> Tensor:
    """The numerators of the softmax, in the place of the scores: nothing as large is allocated a second time."""
    least, most = torch.aminmax(scores)
    if max(-float(least), float(most)) > _LARGEST_EXPONENT:
        scores.sub_(scores.amax(dim=-1, keepdim=True))
    return scores.exp_()


def _groups(lengths: Sequence[int], n_heads: int) -> Iterator[tuple[int, int, int]]:
    """Neighbours of equal length whose scores fit the cache: first token, token after the last, number of texts."""
    start = i = 0
    while i < len(lengths):
        length, n = lengths[i], 0
        most = max(1, _SCORES // (n_heads * length * length))
        while n < most and i + n < len(lengths) and lengths[i + n] == length:
            n += 1
        yield start, start + n * length, n
        start, i = start + n * length, i + n
