"""Attention within each text of a pack; the layers around it are in `layers.py`.

Two ways to compute it, both by torch. Its fused kernel never writes all scores to memory, which pays on long texts. On
short ones its fixed cost for every head of every text is the larger part, and plain products of matrices are faster.

Source of the fused kernel: Dao et al. 2022, "FlashAttention" (arXiv 2205.14135).
"""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor
from torch.nn import functional

#: Texts with fewer tokens are attended to by products of matrices (see decision 028).
FUSED_FROM_TOKENS = 48

#: Scores that are held at a time, in values: they stay in the second-level cache.
_SCORES = 256 * 1024

#: Up to here neither the exponentials nor their sums with values vanish or overflow, in float32 and in bfloat16.
_LARGEST_EXPONENT = 60.0


def attend(mixed: Tensor, lengths: Sequence[int], n_heads: int) -> Tensor:
    """Softmax attention of texts that lie one behind the other, each within itself.

    Args:
        mixed: (n_tokens, 3 * n_heads * head_size) queries, keys and values of all heads; the product of a query and a
            key is their score.
        lengths: Tokens of each text, at least one; equal lengths side by side are the fastest.
        n_heads: Heads of one token.

    Returns: (n_tokens, n_heads * head_size) of the same precision.
    """
    attended = []
    for start, end, n_texts in _groups(lengths, n_heads):
        parts = mixed[start:end].view(n_texts, (end - start) // n_texts, 3, n_heads, -1).permute(2, 0, 3, 1, 4)
        is_fused = parts.shape[3] >= FUSED_FROM_TOKENS
        by_head = _by_fused_kernel(parts) if is_fused else _by_products(parts)
        attended.append(by_head.transpose(1, 2).reshape(end - start, -1))
    return torch.cat(attended)


def _by_fused_kernel(parts: Tensor) -> Tensor:
    """(3, n_texts, n_heads, length, head_size) queries, keys and values to (n_texts, n_heads, length, head_size)."""
    queries, keys, values = parts
    return functional.scaled_dot_product_attention(queries, keys, values, scale=1.0)


def _by_products(parts: Tensor) -> Tensor:
    """The same as `_by_fused_kernel`, by products over all heads of neighbours of equal length."""
    _, n_texts, n_heads, length, _ = parts.shape
    queries, keys, values = parts.reshape(3, n_texts * n_heads, length, -1)
    weights = exponentials(torch.bmm(queries, keys.transpose(1, 2)))
    attended = torch.bmm(weights, values).div_(weights.sum(dim=-1, keepdim=True))
    return attended.view(n_texts, n_heads, length, -1)


def exponentials(scores: Tensor) -> Tensor:
    """The numerators of the softmax, in place, to avoid a second buffer."""
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
