"""Suggests the levels of a cluster tree from the number of samples and of concepts, and says why.

The rules are measured: `benchmarks/selection.py` prints the balance of trees with other levels, and
`docs/decisions` tells what was compared. The ratios hold from 3,000 to 200,000 samples; beyond, they are carried on.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from data_engine.clustering.lloyd import checked_count

#: Leaves per cluster of the coarsest level.
LEAVES_PER_TOP = 3
#: Clusters of the coarsest level, in square roots of the number of samples, where nothing else limits them.
SQUARE_ROOTS = 3
#: Members that a leaf should have on average, so that its centroid stands for something.
LEAST_LEAF_SIZE = 2
#: Samples of the subset that each concept should be able to give, where only the target size is known.
CHOSEN_PER_CONCEPT = 5


@dataclass(frozen=True)
class SuggestedLevels:
    """Levels for `build_tree`, and the reasons for them."""

    n_clusters: tuple[int, ...]
    """Clusters per level, the finest first."""
    resample_sizes: tuple[int, ...]
    """Members to keep per cluster and level where the tree is resampled: half the mean size."""
    n_resamples: int
    """How often to resample; 0 is no resampling."""
    explanation: tuple[str, ...]
    """Why, one sentence each."""


def suggest_levels(
    n_samples: int, *, n_concepts: int | None = None, target_size: int | None = None, n_resamples: int = 0
) -> SuggestedLevels:
    """Choose the levels of a tree over so many samples.

    The coarsest level gets at least as many clusters as there are concepts to keep apart, because samples are shared
    out evenly over it: two concepts in one cluster share one part. With half as many clusters as concepts the subset
    is two to three times as far from uniform. The finest level gets a few times as many clusters, and one level lies
    between: the centroids of a level are clustered without weights, which is what takes the lead from large concepts.

    Args:
        n_samples: samples that the tree is built on, at least 1.
        n_concepts: subjects to keep apart, at least 1; where it is None, guessed from the two sizes.
        target_size: samples that will be chosen, at least 1.
        n_resamples: how often each level is to be resampled; only handed on and explained.

    Raises: InvalidInput when a number is below its least value.
    """
    n = checked_count(n_samples, "n_samples")
    top, why_top = _top(n, n_concepts, target_size)
    counts = _levels(n, top)
    sizes = resample_sizes_for(n, counts)
    return SuggestedLevels(
        counts, sizes, n_resamples, (why_top, _why_levels(n, counts), _why_resampling(n_resamples, sizes))
    )


def resample_sizes_for(n_samples: int, n_clusters: Sequence[int]) -> tuple[int, ...]:
    """About half the mean cluster size of every level, at least 2, since one member would only repeat the centroid.

    Source: Vo et al. 2024 (arXiv 2405.15613).
    """
    return tuple(max(round(below / (2 * count)), 2) for below, count in pairwise((n_samples, *n_clusters)))


def _top(n: int, n_concepts: int | None, target_size: int | None) -> tuple[int, str]:
    """Clusters of the coarsest level, and why."""
    most = max(n // LEAST_LEAF_SIZE, 1)
    if n_concepts is not None:
        wanted = checked_count(n_concepts, "n_concepts")
        if wanted > most:
            return most, (
                f"{wanted:,} concepts are wanted, which {n:,} samples are too few for: the coarsest level gets "
                f"{most:,} clusters, so that each can hold some of them."
            )
        return wanted, f"The coarsest level gets {wanted:,} clusters, one for each of the concepts wanted."
    guess = SQUARE_ROOTS * math.isqrt(n)
    reason = f"{SQUARE_ROOTS} times the square root of {n:,} samples"
    if target_size is not None:
        by_target = max(checked_count(target_size, "target_size") // CHOSEN_PER_CONCEPT, 1)
        if by_target < guess:
            guess = by_target
            reason = f"so that each gives about {CHOSEN_PER_CONCEPT} of the {target_size:,} samples to be chosen"
    top = max(min(guess, most // 2), 1)
    return top, (
        f"The coarsest level gets {top:,} clusters, {reason}; it must not be smaller than the number of concepts to "
        "keep apart, so give n_concepts if you know it."
    )


def _levels(n: int, top: int) -> tuple[int, ...]:
    """Up to three levels, evenly spaced in their logarithm, the finest first."""
    leaves = min(LEAVES_PER_TOP * top, n // LEAST_LEAF_SIZE)
    if leaves < 2 * top:
        return (top,)
    middle = round(math.sqrt(leaves * top))
    return (leaves, middle, top) if leaves > middle > top else (leaves, top)


def _why_levels(n: int, counts: tuple[int, ...]) -> str:
    if len(counts) == 1:
        return f"One level is enough: {n:,} samples cannot fill a finer one with {LEAST_LEAF_SIZE} in each cluster."
    between = f", with {counts[1]:,} between, so that large concepts lose their lead in two steps" * (len(counts) > 2)
    return (
        f"The finest level gets {counts[0]:,}, about {counts[0] / counts[-1]:.0f} for each of the coarsest and of "
        f"{n / counts[0]:,.0f} samples each{between}."
    )


def _why_resampling(n_resamples: int, sizes: tuple[int, ...]) -> str:
    if n_resamples:
        return (
            f"Every level is built anew {n_resamples} times, on the {', '.join(map(str, sizes))} (finest level first) "
            "most central members of each cluster, about half its mean size."
        )
    return "No level is resampled: that flattens density in the plane, and did not help on embedding-like mixtures."
