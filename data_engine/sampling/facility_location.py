"""Facility location: the samples that stand best for all others, whether many or few are like them.

`balanced` is this with weights that make dense regions count for less; the other methods are in `methods.py`, the
blocks that a large pool is cut into in `blocks.py`.

The chosen samples minimise the weighted sum, over the pool, of the squared (squared distance to the nearest chosen
one). That is submodular, so picking greedily comes within 1 - 1/e of the best there is. Sources: Wei, Iyer and Bilmes
2015, "Submodularity in Data Subset Selection and Active Learning"; Minoux 1978 for the lazy way to do it. The square
of the loss gives more room to what lies far from everything chosen: rare concepts. The loss is cut off at the distance
of two samples taken at random, so an outlier counts once, however far it lies.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from data_engine.errors import InvalidInput

if TYPE_CHECKING:
    from data_engine.clustering.types import FloatMatrix, Matrix

#: Samples up to which a pool is worked on whole: their distances to each other are 1 GB.
LARGEST_WHOLE = 16_384
#: Samples in a block of a larger pool, of which two are worked on at once: 268 MB each.
LARGEST_BLOCK = 8192
#: Distance at which a neighbour counts 1/e for the density, as a share of the mean squared distance.
_DENSITY_SHARE = 0.1
#: Chosen samples per neighbourhood, whose sizes weigh as densities do.
_CHOSEN_PER_NEIGHBOURHOOD = 2
#: Where fewer than one sample in so many is chosen, only large groups would get any: such a target counts as steep.
_SMALL_TARGET = 32
#: Samples of a neighbourhood on average for such a target.
_SMALL_NEIGHBOURHOOD = 16
_MOST_NEIGHBOURHOODS = 512
#: Of a pool, the share of the loneliest samples, where they have less than half a neighbour, that may be outliers.
#: Measured: with the full weight of a sparse region outliers took the places of concepts, with no more than the median
#: rare concepts lost theirs.
_OUTLIER_SHARE, _OUTLIER_DENSITY = 0.1, 1.5
#: The evenness that taught a classifier most on steep tails; on mild ones it was 0.
STEEP_EVENNESS = 0.5
#: Nats from uniform over neighbourhoods up to which a tail is mild, because k-means alone makes them so unequal, and
#: from which on it is steep. Measured: tails of 3 have .14 to .20 nats, tails of 50 have .30.
_USUAL_NATS, _STEEP_NATS = 0.2, 0.3
#: What the place of a newcomer may cost to stay with a sample of the earlier choice, as a share of what the last one
#: chosen adds. Measured where a sixth of a pool is new: without, half of the choice would move.
_STAYING_COST = 0.25
#: Squared distances below this, as a share of their mean, are rounding: the rows are equal.
_ROUNDING = 1e-5
_TILE_ROWS = 256
#: Rows from which middle and spread are taken.
_SPREAD_ROWS = 65_536


@dataclass(frozen=True, eq=False)
class Gains:
    """Samples of a block in the order in which they would be chosen, and what each adds.

    Attributes:
        rows: (m,) row numbers.
        gain: (m,) drop of the weighted loss by each; never rises.
    """

    rows: NDArray[np.int64]
    gain: NDArray[np.float64]


@dataclass(frozen=True)
class _How:
    """What every block is chosen from by: the share and the number of samples wanted of all, evenness and seed."""

    share: float
    target_size: int
    evenness: float | None
    seed: int


def facility_location(
    x: "Matrix",
    target_size: int,
    *,
    seed: int,
    priority: NDArray[np.float64],
    evenness: float | None = 0.0,
    was_chosen: NDArray[np.bool_] | None = None,
    is_labelled: NDArray[np.bool_] | None = None,
    largest_whole: int = LARGEST_WHOLE,
    largest_block: int = LARGEST_BLOCK,
) -> NDArray[np.int64]:
    """Choose the samples that stand best for the pool.

    Of a pool of at most `largest_whole` samples the greedy order is exact. A larger one is cut into blocks of
    neighbours; samples stand for samples of their own block only, and one sequence over all blocks decides who is
    chosen, so no block has a quota.

    Args:
        x: (n, dim) floating point; only distances count, so neither the middle nor the scale matters.
        target_size: samples wanted, 1 to n.
        seed: decides the blocks and the neighbourhoods.
        priority: (n,) the lower, the earlier a sample is taken where several add the same. Rows are worked on in this
            order, so the same samples with the same priorities give the same choice in whatever order they come.
        evenness: in [0, 1]; 0 weighs every sample of the pool the same, 1 every region, however dense it is. None: as
            the pool needs, from 0 on a mild tail to `STEEP_EVENNESS` on a steep one.
        was_chosen: (n,) what an earlier choice took. Such a sample has the place of a newcomer where that costs at most
            a quarter of what the last one chosen adds. The same choice again, with its own result as the earlier one,
            does not move.
        is_labelled: (n,) what people labelled. Such a sample has the place of one that nobody labelled where that costs
            as little, before earlier choices are looked at.
        largest_whole: samples up to which the pool is not cut.
        largest_block: samples of a block; bounds time and memory, which both grow with it.

    Returns: (target_size,) row numbers.
    Raises: InvalidInput when evenness is not in [0, 1].
    """
    from data_engine.sampling.blocks import blocks

    if evenness is not None and not 0 <= evenness <= 1:
        raise InvalidInput(f"evenness is {evenness}; it must be at least 0 (as the pool is) and at most 1 (even)")
    if target_size >= len(x):
        return np.argsort(priority, kind="stable")
    in_order = np.argsort(priority, kind="stable")
    scaled = _scaling(x, in_order)
    how = _How(target_size / len(x), target_size, evenness, seed)
    is_whole = len(x) <= largest_whole
    parts = [in_order] if is_whole else blocks(x, in_order, at_most=largest_block, seed=seed)
    with ThreadPoolExecutor(_n_at_once(len(parts))) as threads:
        found = list(threads.map(lambda block: _order_of_block(scaled(block), block, how), parts))
        chosen, least_gain = _merged(found, priority, target_size)
        preferred = _preferred(was_chosen, is_labelled)
        if not preferred:
            return chosen
        is_chosen = np.zeros(len(x), dtype=bool)
        is_chosen[chosen] = True
        moved = [block for block in parts if any(_has_moved(is_chosen[block], some[block]) for some in preferred)]
        kept = threads.map(
            lambda block: _with_preferred(
                scaled(block), is_chosen[block], [some[block] for some in preferred], _STAYING_COST * least_gain, how
            ),
            moved,
        )
        for block, places in zip(moved, kept, strict=True):
            is_chosen[block] = places
    return np.flatnonzero(is_chosen)


def _preferred(was_chosen: NDArray[np.bool_] | None, is_labelled: NDArray[np.bool_] | None) -> list[NDArray[np.bool_]]:
    """Which samples take places of others, one pass after the other; what the first one takes the second leaves."""
    if is_labelled is None or was_chosen is None:
        return [some for some in (is_labelled, was_chosen) if some is not None]
    return [is_labelled, was_chosen | is_labelled]


def _has_moved(is_chosen: NDArray[np.bool_], was_chosen: NDArray[np.bool_]) -> bool:
    """Whether some have come and others have gone."""
    return bool((is_chosen & ~was_chosen).any() and (was_chosen & ~is_chosen).any())


def _n_at_once(n_blocks: int) -> int:
    """Blocks worked on at the same time: each holds its distances."""
    from data_engine.clustering.parallel import TEAM

    with TEAM:
        return max(min(TEAM.n_threads, n_blocks, 2), 1)


def _scaling(x: "Matrix", in_order: NDArray[np.int64]) -> "Callable[[NDArray[np.int64]], FloatMatrix]":
    """Gives rows of x, moved and scaled so that half the mean squared distance of two samples is 1."""
    some = np.asarray(x[np.sort(in_order[:_SPREAD_ROWS])], dtype=np.float32)
    middle = some.mean(axis=0, dtype=np.float64).astype(np.float32)
    centred = some - middle
    spread = float(np.einsum("nd,nd->n", centred, centred, dtype=np.float64).mean())
    factor = np.float32(1 / np.sqrt(spread) if spread > np.finfo(np.float32).tiny else 0.0)

    def scaled(rows: NDArray[np.int64]) -> "FloatMatrix":
        values: FloatMatrix = np.asarray(x[rows], dtype=np.float32) - middle
        values *= factor
        return values

    return scaled


def _order_of_block(x: "FloatMatrix", rows: NDArray[np.int64], how: _How) -> Gains:
    """The samples of a block in greedy order; x are its rows, scaled."""
    from data_engine.kernels.facility_location import greedy_order

    losses, weights = _weighted_losses(x, how)
    order, gain = greedy_order(losses, weights, 1.0, min(how.target_size, len(x)))
    return Gains(rows[order], np.minimum.accumulate(gain))


def _with_preferred(
    x: "FloatMatrix", is_chosen: NDArray[np.bool_], preferred: list[NDArray[np.bool_]], limit: float, how: _How
) -> NDArray[np.bool_]:
    """The choice of a block in which preferred samples have places of others; x are its rows, scaled."""
    from data_engine.kernels.facility_location import with_earlier

    losses, weights = _weighted_losses(x, how)
    for some in preferred:
        is_chosen = with_earlier(losses, weights, 1.0, is_chosen, some, limit)
    return is_chosen


def _weighted_losses(x: "FloatMatrix", how: _How) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """(n, n) losses and (n,) weights of a block's scaled rows."""
    losses, density = _losses(x)
    weights = np.ones(len(x))
    if how.evenness != 0 and len(x) > 1:
        sizes = _neighbourhood_sizes(x, how.share, how.seed)
        steep = 1.0 if how.share < 1 / _SMALL_TARGET else _steepness(sizes)
        dial = STEEP_EVENNESS * steep if how.evenness is None else how.evenness
        weights = _even_weights(density, sizes, dial)
    return losses, weights


def _even_weights(density: NDArray[np.float64], sizes: NDArray[np.float64], dial: float) -> NDArray[np.float64]:
    """(n,) the more, the sparser the region of a sample is; possible outliers are half the way to the median weight."""
    weights: NDArray[np.float64] = (density * sizes) ** -dial
    is_lonely = density <= min(float(np.quantile(density, _OUTLIER_SHARE)), _OUTLIER_DENSITY)
    weights[is_lonely] = np.sqrt(weights[is_lonely] * np.minimum(weights[is_lonely], np.median(weights)))
    return weights


def _losses(x: "FloatMatrix") -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """(n, n) squares of half the squared distances, at most 1; and (n,) densities: samples nearby, itself included."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    n = len(x)
    half_norm = 0.5 * np.einsum("nd,nd->n", x, x)
    losses, density = np.empty((n, n), np.float32), np.empty(n)
    with threadpool_limits(1, user_api="blas"):
        for start in range(0, n, _TILE_ROWS):
            tile = losses[start : start + _TILE_ROWS]
            np.matmul(x[start : start + _TILE_ROWS], x.T, out=tile)
            np.subtract(half_norm, tile, out=tile)
            tile += half_norm[start : start + _TILE_ROWS, None]
            tile[tile < _ROUNDING] = 0
            density[start : start + _TILE_ROWS] = np.exp(tile / np.float32(-_DENSITY_SHARE)).sum(axis=1)
            np.minimum(tile, 1, out=tile)
            tile *= tile
    return losses, density


def _neighbourhood_sizes(x: "FloatMatrix", share: float, seed: int) -> NDArray[np.float64]:
    """(n,) samples in the k-means cluster of each, where this share of all will be chosen."""
    from data_engine.clustering import kmeans

    per_sample = 1 / _SMALL_NEIGHBOURHOOD if share < 1 / _SMALL_TARGET else share / _CHOSEN_PER_NEIGHBOURHOOD
    n_clusters = min(max(round(per_sample * len(x)), 1), _MOST_NEIGHBOURHOODS)
    # Greedy seeding leaves fewer small clusters, and it is they that tell sparse regions.
    assignment = kmeans(x, n_clusters, seed=seed, init="kmeans++").assignment
    sizes: NDArray[np.float64] = np.bincount(assignment).astype(np.float64)[assignment]
    return sizes


def _steepness(size_of: NDArray[np.float64]) -> float:
    """How far the sizes of neighbourhoods tell a steep pool, in [0, 1]; size_of is that of each sample's own."""
    n_neighbourhoods = float((1 / size_of).sum())
    nats = float(np.log(size_of * n_neighbourhoods / len(size_of)).mean())
    return float(np.clip((nats - _USUAL_NATS) / (_STEEP_NATS - _USUAL_NATS), 0, 1))


def _merged(found: list[Gains], priority: NDArray[np.float64], n: int) -> tuple[NDArray[np.int64], float]:
    """The n rows that add most and what the last adds; where nothing is added any more, they come by their priority."""
    rows = np.concatenate([part.rows for part in found])
    gain = np.concatenate([part.gain for part in found])
    place = np.arange(len(rows), dtype=np.float64)
    order = np.lexsort((np.where(gain > 0, place, priority[rows]), -gain))[:n]
    return rows[order], float(gain[order[-1]])
