"""Attention: the numbers of float64 for every length, however large the scores, and for each text by itself."""

import numpy as np
import pytest
import torch
from torch import Tensor

from data_engine.embedding.bert.attention import FUSED_FROM_TOKENS, attend, exponentials

N_HEADS = 3
ROUNDING = {torch.float32: 1e-6, torch.bfloat16: 2**-7}

of_both_precisions = pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])


def _in_float64(mixed: Tensor, lengths: list[int]) -> Tensor:
    """Attention by its definition, one text after the other."""
    seen = []
    for text in mixed.double().split(lengths):
        queries, keys, values = text.view(len(text), 3, N_HEADS, -1).permute(1, 2, 0, 3)
        weights = torch.softmax(queries @ keys.transpose(1, 2), dim=-1)
        seen.append((weights @ values).transpose(0, 1).reshape(len(text), -1))
    return torch.cat(seen)


def _mixed(n_tokens: int, head_size: int, dtype: torch.dtype, scale: float = 0.5) -> Tensor:
    draw = torch.Generator().manual_seed(n_tokens)
    return (torch.randn(n_tokens, 3 * N_HEADS * head_size, generator=draw) * scale).to(dtype)


@of_both_precisions
@pytest.mark.parametrize("head_size", [32, 64, 8])
@pytest.mark.parametrize(
    "lengths",
    [
        [1],
        [2, 2, 2],
        [6, 7, 31, 32, 33],
        [FUSED_FROM_TOKENS - 1, FUSED_FROM_TOKENS, FUSED_FROM_TOKENS],
        [65, 64],
        [512],
    ],
)
def test_every_length_has_the_numbers_of_float64(lengths: list[int], head_size: int, dtype: torch.dtype) -> None:
    mixed = _mixed(sum(lengths), head_size, dtype)
    seen = attend(mixed, lengths, N_HEADS)
    assert seen.dtype == dtype
    torch.testing.assert_close(seen.double(), _in_float64(mixed, lengths), rtol=0, atol=2 * ROUNDING[dtype])


@of_both_precisions
def test_tokens_with_equal_scores_see_the_mean_of_their_text(dtype: torch.dtype) -> None:
    mixed = torch.zeros(5, 3, N_HEADS, 32, dtype=dtype)
    mixed[:, 2] = torch.tensor([1.0, 3.0, 2.0, 4.0, 9.0], dtype=dtype)[:, None, None]
    seen = attend(mixed.view(5, -1), [2, 3], N_HEADS)
    assert seen.tolist() == [[2.0] * 96] * 2 + [[5.0] * 96] * 3


@of_both_precisions
@pytest.mark.parametrize("n", [33, 65])
@pytest.mark.parametrize("score", [100.0, -100.0, 30_000.0, -30_000.0])
def test_the_share_of_a_token_does_not_depend_on_how_large_all_scores_are(
    score: float, n: int, dtype: torch.dtype
) -> None:
    mixed = torch.zeros(n, 3, N_HEADS, 32, dtype=dtype)
    # Queries of one, keys whose only value is the score: every key counts the same, however far from 0.
    mixed[:, 0, :, 0], mixed[:, 1, :, 0] = 1.0, score
    mixed[:, 2] = 1.0
    mixed[n - 1, 2] = n + 1.0
    seen = attend(mixed.view(n, -1), [n], N_HEADS)
    assert seen.tolist() == [[2.0] * 96] * n


@of_both_precisions
@pytest.mark.parametrize("n", [40, 64])
def test_the_token_with_the_far_highest_score_is_the_only_one_seen(n: int, dtype: torch.dtype) -> None:
    mixed = torch.zeros(n, 3, N_HEADS, 32, dtype=dtype)
    mixed[:, 0, :, 5] = 16.0
    mixed[:, 1, :, 5] = -16.0
    mixed[37, 1, :, 5] = 16.0
    mixed[:, 2] = torch.arange(n, dtype=dtype)[:, None, None]
    seen = attend(mixed.view(n, -1), [n], N_HEADS)
    assert seen.tolist() == [[37.0] * 96] * n


@of_both_precisions
@pytest.mark.parametrize("length", [40, 2 * FUSED_FROM_TOKENS])
def test_neighbours_do_not_change_what_a_text_sees(length: int, dtype: torch.dtype) -> None:
    mixed = _mixed(20 + length, 32, dtype)
    together = attend(mixed, [7, length, 13], N_HEADS)[7 : 7 + length]
    alone = attend(mixed[7 : 7 + length], [length], N_HEADS)
    torch.testing.assert_close(together, alone, rtol=0, atol=ROUNDING[dtype] / 4)


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ([[0.0, 1.0]], [[1.0, np.e]]),
        ([[1000.0, 1000.0 + np.log(2)], [-1000.0, -1000.0]], [[0.5, 1.0], [1.0, 1.0]]),
    ],
)
def test_the_numerators_of_attention_stay_finite_however_large_the_scores(
    scores: list[list[float]], expected: list[list[float]]
) -> None:
    numerators = exponentials(torch.tensor(scores, dtype=torch.float32))
    np.testing.assert_allclose(numerators.numpy(), expected, rtol=1e-4)
