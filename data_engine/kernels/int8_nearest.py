"""Nearest centroids by int8 products: quantisation, products, and the choice among the centroids left.

Rows and centroids are rounded to 255 steps, each with its own step length. By the Cauchy-Schwarz inequality the product
of the rounded vectors x', c' is off by at most |x| |c - c'| + |x - x'| |c'|, and these norms are measured, not
estimated. So most centroids are certainly not the nearest; the few that may be are compared by float32 distances.

Gain: assignment and update of 200,000 x 384 to 1,000 centroids in 0.52 of the time of a float32 product, where the
float32 way takes 1.34 (benchmarks/RESULTS.md, "k-means"); why in docs/decisions/014.
Reference: distances in float64, `support/near_ties.by_definition`; `data_engine_tests/kernels/test_int8_nearest.py`.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from data_engine.kernels.int8_dot import BLOCK_COLUMNS, BLOCK_ROWS, score_block
from data_engine.kernels.loading import compiled

FloatMatrix = NDArray[np.float32]

#: Label of a row whose nearest centroid float32 cannot tell.
UNDECIDED = -1

#: Scores that a thread holds at once (512 KiB of float32, to stay in its cache).
_TILE_SCORES = 1 << 17
_STEPS = 127
#: Offset that makes int8 codes unsigned, as VPDPBUSD needs one of its factors.
_UNSIGNED = 128
#: Share by which measured norms may be too small, and share of rounding in a score: both far above what occurs.
_NORM_ROUNDING = 1.001
_SCORE_ROUNDING = 1e-5
#: Rows with larger or smaller values than this around the shift stay undecided.
_SMALLEST, _LARGEST = 1e-12, 1e12
#: Stands for what float32 loses below its smallest normal number.
_UNDERFLOW = np.float32(1e-33)
#: Bias of the columns of a block that stand for no centroid.
_NEVER_NEAREST = np.inf
_REASSOCIATE = {"reassoc", "contract", "nsz", "nnan"}


class Codes(NamedTuple):
    """Centroids in 255 steps around the shift, in blocks of 64, and what bounds the error of their products."""

    shift: FloatMatrix
    """(dim,) mean of the centroids."""
    packed: NDArray[np.int32]
    """(blocks, ceil(dim / 4), 64) four bytes each."""
    weights: NDArray[np.float32]
    """(blocks, 64) -2 x step length; 0 where a block is not full."""
    biases: NDArray[np.float32]
    """(blocks, 64) |centroid - shift|^2; infinite where a block is not full."""
    per_norm: NDArray[np.float32]
    """(k,) error per |row|."""
    per_residual: NDArray[np.float32]
    """(k,) error per |row - rounded row|."""
    constant: NDArray[np.float32]
    """(k,) error whatever the row."""


class _Rounded(NamedTuple):
    """Rows in 255 steps around the shift, each with its own step length."""

    quads: NDArray[np.int32]
    """(n, ceil(dim / 4)) four signed bytes each."""
    starts: NDArray[np.int32]
    """(n,) start of each sum of products, which takes the offset of the unsigned bytes out again."""
    inverse_steps: NDArray[np.float32]
    """(n,) 1 / step length."""
    norms: NDArray[np.float32]
    """(n,) |row - shift|."""
    residuals: NDArray[np.float32]
    """(n,) |row - rounded row|."""


def encode(centroids: FloatMatrix) -> Codes:
    """Round (k, dim) centroids to 255 steps around their mean, and measure what that loses."""
    n_clusters, dim = centroids.shape
    n_blocks, n_groups = -(-n_clusters // BLOCK_COLUMNS), -(-dim // 4)
    codes = Codes(
        centroids.mean(axis=0, dtype=np.float64).astype(np.float32),
        np.empty((n_blocks, n_groups, BLOCK_COLUMNS), dtype=np.int32),
        np.zeros((n_blocks, BLOCK_COLUMNS), dtype=np.float32),
        np.full((n_blocks, BLOCK_COLUMNS), _NEVER_NEAREST, dtype=np.float32),
        *(np.empty(n_clusters, dtype=np.float32) for _ in range(3)),
    )
    for block in range(n_blocks):
        part = slice(block * BLOCK_COLUMNS, min((block + 1) * BLOCK_COLUMNS, n_clusters))
        _encode_block(centroids[part] - codes.shift, block, part, codes)
    return codes


def _encode_block(moved: FloatMatrix, block: int, part: slice, codes: Codes) -> None:
    """Fill in one block of codes.

    Args:
        moved: (m, dim) up to 64 centroids, around the shift.
        block: number of the block.
        part: numbers of its centroids.
        codes: written to.
    """
    n_columns, dim = moved.shape
    largest = np.abs(moved).max(axis=1)
    steps = np.where(largest > _SMALLEST, largest / _STEPS, 1).astype(np.float32)
    rounded = np.clip(np.rint(moved / steps[:, None]), -_STEPS, _STEPS).astype(np.float32)
    restored = rounded * steps[:, None]
    squares, lost, kept = (np.einsum("ij,ij->i", m, m, dtype=np.float64) for m in (moved, moved - restored, restored))
    bytes_ = np.full((BLOCK_COLUMNS, codes.packed.shape[1] * 4), _UNSIGNED, dtype=np.uint8)
    bytes_[:n_columns, :dim] = rounded + _UNSIGNED
    codes.packed[block] = bytes_.view(np.int32).T
    codes.weights[block, :n_columns] = -2 * steps
    codes.biases[block, :n_columns] = squares
    codes.per_norm[part] = 2 * _NORM_ROUNDING * np.sqrt(lost) + 2 * _SCORE_ROUNDING * np.sqrt(squares)
    codes.per_residual[part] = 2 * _NORM_ROUNDING * np.sqrt(kept)
    codes.constant[part] = _SCORE_ROUNDING * squares


def label_rows(rows: FloatMatrix, codes: Codes, centroids: FloatMatrix) -> NDArray[np.int32]:
    """(n,) number of the nearest centroid of every row by squared L2, or UNDECIDED.

    Args:
        rows: (n, dim) C-contiguous.
        codes: `encode` of the centroids.
        centroids: (k, dim) C-contiguous and writable, for which the code is compiled.
    """
    labels = np.empty(len(rows), dtype=np.int32)
    _label_rows(rows, codes, centroids, labels)
    return labels


@compiled
def _label_rows(tile, codes, centroids, labels):
    """Writes the labels of some rows to `labels`."""
    width = codes.packed.shape[0] * BLOCK_COLUMNS
    n_rows = BLOCK_ROWS * min(20, max(4, _TILE_SCORES // (width * BLOCK_ROWS)))
    scores = np.empty((n_rows, width), np.float32)
    lows = np.empty((n_rows, len(codes.packed)), np.float32)
    worst = codes.per_norm.max(), codes.per_residual.max(), codes.constant.max()
    for start in range(0, len(tile), n_rows):
        part = tile[start : start + n_rows]
        rounded = _round_rows(part, codes, n_rows)
        _score(rounded, codes, scores, lows)
        for i in range(len(part)):
            labels[start + i] = _choose(part[i], i, rounded, codes, centroids, scores[i], lows[i], worst)


@compiled
def _score(rounded, codes, scores, lows):
    for block in range(len(codes.packed)):
        columns = slice(block * BLOCK_COLUMNS, (block + 1) * BLOCK_COLUMNS)
        for row in range(0, len(scores), BLOCK_ROWS):
            these = slice(row, row + BLOCK_ROWS)
            score_block(
                rounded.quads[these],
                rounded.starts[these],
                rounded.inverse_steps[these],
                codes.packed[block],
                codes.weights[block],
                codes.biases[block],
                scores[these, columns],
                lows[these, block : block + 1],
            )


@compiled
def _choose(row, i, rounded, codes, centroids, scores, lows, worst):
    """The nearest centroid of a row, or UNDECIDED.

    The distance of the centroid with the lowest score sets the limit; others are compared while their lower bound
    stays below the smallest distance found. Where scores overflow float32, nothing is decided.
    """
    norm, residual, inverse_step = rounded.norms[i], rounded.residuals[i], rounded.inverse_steps[i]
    if norm == 0:
        return UNDECIDED
    block = lows.argmin()
    label = block * BLOCK_COLUMNS
    while scores[label] != lows[block]:
        label += 1
    best = _distance(row, centroids[label])
    second = np.float32(np.inf)
    square = norm * norm
    # Twice what sums of so many float32 terms can be off in any order.
    rounding = np.float32((len(row) + 16) * 2.0**-23)
    slack = rounding * (square + best)
    step = np.float32(1) / inverse_step
    widest = norm * worst[0] + residual * worst[1] + worst[2]
    first = label
    limit = (best - square + slack + widest) * inverse_step
    if not limit < np.inf:
        return UNDECIDED
    for block in range(len(lows)):
        if lows[block] > limit:
            continue
        for column in range(block * BLOCK_COLUMNS, min((block + 1) * BLOCK_COLUMNS, len(centroids))):
            if scores[column] <= limit and column != first:
                error = norm * codes.per_norm[column] + residual * codes.per_residual[column] + codes.constant[column]
                if scores[column] * step - error > best - square + slack:
                    continue
                distance = _distance(row, centroids[column])
                if distance < best:
                    second = best
                    best = distance
                    label = column
                elif distance < second:
                    second = distance
    return UNDECIDED if second <= best + 4 * rounding * best + _UNDERFLOW else label


@compiled
def _round_rows(tile, codes, n_rows):
    """Rows around the shift in 255 steps; rows beyond the end of the tile or out of range have norm 0."""
    quads = np.zeros((n_rows, codes.packed.shape[1]), np.int32)
    bytes_ = quads.view(np.int8)
    starts = np.zeros(n_rows, np.int32)
    inverse_steps = np.ones(n_rows, np.float32)
    norms = np.zeros(n_rows, np.float32)
    residuals = np.zeros(n_rows, np.float32)
    moved = np.empty(tile.shape[1], np.float32)
    for i in range(len(tile)):
        largest = _subtract(tile[i], codes.shift, moved)
        if _SMALLEST < largest < _LARGEST:
            starts[i], inverse_steps[i], norms[i], residuals[i] = _round_row(moved, largest, bytes_[i])
    return _Rounded(quads, starts, inverse_steps, norms, residuals)


@compiled(fastmath=_REASSOCIATE)
def _subtract(row, shift, moved):
    """Writes row - shift to `moved`; returns its largest absolute value."""
    largest = np.float32(0)
    for t in range(len(row)):
        moved[t] = row[t] - shift[t]
        largest = max(largest, abs(moved[t]))
    return largest


@compiled(fastmath=_REASSOCIATE)
def _round_row(moved, largest, bytes_):
    """Writes the codes of a row; returns where its products start, 1 / step, its norm and that of the rounding."""
    step = largest / np.float32(_STEPS)
    inverse_step = np.float32(1) / step
    total = np.int32(0)
    square = np.float32(0)
    lost = np.float32(0)
    for t in range(len(moved)):
        code = np.rint(moved[t] * inverse_step)
        rest = moved[t] - code * step
        square += moved[t] * moved[t]
        lost += rest * rest
        total += np.int32(code)
        bytes_[t] = np.int8(code)
    return -_UNSIGNED * total, inverse_step, np.sqrt(square), np.sqrt(lost)


@compiled(fastmath=_REASSOCIATE)
def _distance(row, centroid):
    total = np.float32(0)
    for t in range(len(row)):
        difference = row[t] - centroid[t]
        total += difference * difference
    return total
