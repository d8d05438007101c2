"""Suggests the levels of a cluster tree from the number of samples and of concepts, with reasons.

`tree_builder.py` builds the tree.

The rules are measured on 3,000 to 30,000 samples: `benchmarks/selection.py` prints the balance of trees with other
levels, and decision 019 says what was compared. Beyond that range the rules are extrapolated.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from data_engine.clustering.lloyd import checked_count
from data_engine.errors import InvalidInput

#: Leaves per cluster of the coarsest level.
LEAVES_PER_TOP = 2
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
    """Number of resamplings; 0 is no resampling."""
    explanation: tuple[str, ...]
    """Why, one sentence each."""


def suggest_levels(
    n_samples: int, *, n_concepts: int | None = None, target_size: int | None = None, n_resamples: int = 0
) -> SuggestedLevels:
    """Choose the levels of a tree over so many samples.

    The coarsest level gets at least as many clusters as there are concepts to keep apart, because the hierarchical
    methods share samples out evenly over it: two concepts in one cluster share one part. That evens out the subset; it
    does not by itself teach a classifier more (`benchmarks/downstream.py`), for which `balanced` is there. The finest
    level gets twice as many clusters, and one level lies between: the centroids of a level are clustered without
    weights, which is what takes the lead from large concepts.

    Args:
        n_samples: samples that the tree is built on, at least 1.
        n_concepts: subjects to keep apart, at least 1; where it is None, guessed from the two sizes.
        target_size: samples that will be chosen, at least 1.
        n_resamples: how often each level is to be resampled, at least 0; only handed on and explained.

    Raises: InvalidInput when a number is below its least value.
    """
    n = checked_count(n_samples, "n_samples")
    if n_resamples < 0:
        raise InvalidInput(f"n_resamples is {n_resamples}; it must be 0 or more")
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
                f"{_count(wanted, 'concept')} are wanted, which {_count(n, 'sample')} are too few for: the coarsest "
                f"level gets {_count(most, 'cluster')}, so that each can hold some of them."
            )
        each = "one for each of the concepts wanted" if wanted > 1 else "for the one concept wanted"
        return wanted, f"The coarsest level gets {_count(wanted, 'cluster')}, {each}."
    limits = [
        (SQUARE_ROOTS * math.isqrt(n), f"{SQUARE_ROOTS} times the square root of {_count(n, 'sample')}"),
        (most // LEAVES_PER_TOP, f"so that {_count(n, 'sample')} fill a level with {LEAVES_PER_TOP} times as many"),
    ]
    if target_size is not None:
        by_target = checked_count(target_size, "target_size") // CHOSEN_PER_CONCEPT
        limits.append(
            (by_target, f"so that each gives about {CHOSEN_PER_CONCEPT} of the {target_size:,} samples to be chosen")
        )
    guess, reason = min(limits, key=lambda limit: limit[0])
    top = max(guess, 1)
    return top, (
        f"The coarsest level gets {_count(top, 'cluster')}, {reason if guess else 'the least there can be'}; the "
        "hierarchical methods share the subset out over these, balanced chooses without the tree."
    )


def _levels(n: int, top: int) -> tuple[int, ...]:
    """Up to three levels, evenly spaced in their logarithm, the finest first."""
    leaves = LEAVES_PER_TOP * top
    if leaves > n // LEAST_LEAF_SIZE:
        return (top,)
    middle = round(math.sqrt(leaves * top))
    return (leaves, middle, top) if leaves > middle > top else (leaves, top)


def _why_levels(n: int, counts: tuple[int, ...]) -> str:
    if len(counts) == 1:
        return (
            f"One level is enough: {_count(n, 'sample')} cannot fill {LEAVES_PER_TOP} times as many clusters with "
            f"{LEAST_LEAF_SIZE} each."
        )
    between = f", with {counts[1]:,} between, so that large concepts lose their lead in two steps" * (len(counts) > 2)
    return (
        f"The finest level gets {counts[0]:,}, {LEAVES_PER_TOP} for each of the coarsest and of about "
        f"{n / counts[0]:,.0f} samples each{between}."
    )


def _why_resampling(n_resamples: int, sizes: tuple[int, ...]) -> str:
    if n_resamples:
        return (
            f"Every level is built anew {_count(n_resamples, 'time')}, on the {', '.join(map(str, sizes))} (finest "
            "level first) most central members of each cluster: half its mean size, and never fewer than 2."
        )
    return "No level is resampled; n_resamples: 10 can make the subset more even, and takes ten times as long."


def _count(n: int, what: str) -> str:
    return f"{n:,} {what}" if n == 1 else f"{n:,} {what}s"
