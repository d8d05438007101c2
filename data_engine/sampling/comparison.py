"""Compares selection methods: the balance of what each chooses, over all groups that are known.

The methods are in `methods.py`, the measures of balance in `balance.py`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from data_engine.sampling.balance import kl_to_uniform
from data_engine.sampling.methods import Candidates, select
from data_engine.schemas import SUBSET_COMPARISON

if TYPE_CHECKING:
    from data_engine.clustering import ClusterTree


def compare(
    methods: Sequence[str],
    pool: Candidates,
    target_size: int,
    groupings: Mapping[str, NDArray[np.int64]],
    *,
    seed: int,
    n_draws: int,
    clock: Callable[[], float],
) -> pa.Table:
    """Choose by every method, several times, and measure the balance of what came out.

    Args:
        methods: names of `METHODS`; a name that comes twice counts once.
        pool: n samples; its priorities are left aside, so that the draws differ.
        target_size: samples wanted, 1 to n.
        groupings: name of a grouping to the (n,) group of every sample, from 0; -1 where it is unknown.
        seed: the first draw's; the others follow it.
        n_draws: subsets per method. The tree is the same in all of them, k-means is not.
        clock: gives wall seconds.

    Returns: one row per method, draw and grouping, in the schema SUBSET_COMPARISON. Groups are those that the pool
        has; of chosen samples those of known group count, and a subset without any gives no row.
    """
    fresh = replace(pool, priority=None)
    rows: list[dict[str, Any]] = []
    for method in dict.fromkeys(methods):
        for draw in range(n_draws):
            started = clock()
            chosen = select(method, fresh, target_size, seed=seed + draw)
            seconds = clock() - started
            for over, group in groupings.items():
                measured = _balance(group, chosen)
                if measured:
                    rows.append({"method": method, "draw": draw, "counted_over": over, **measured, "seconds": seconds})
    return pa.Table.from_pylist(rows, schema=SUBSET_COMPARISON)


def part_of(tree: "ClusterTree", *, at_most: int, seed: int) -> "tuple[ClusterTree, NDArray[np.int64]]":
    """A random part of the samples of a tree, where it holds too many to choose from many times.

    Returns: the tree over at most `at_most` of its n samples; their (m,) row numbers, ascending.
    """
    from data_engine.clustering import with_samples

    n = tree.n_samples
    if n <= at_most:
        return tree, np.arange(n)
    rows = np.sort(np.random.default_rng([seed, 3]).choice(n, at_most, replace=False))
    distance = None if tree.distance is None else tree.distance[rows]
    return with_samples(tree, tree.leaf[rows], distance), rows


def _balance(group: NDArray[np.int64], chosen: NDArray[np.int64]) -> dict[str, float]:
    """Figures of the chosen rows over the groups that exist; nothing where no chosen sample has a known group."""
    exists = np.unique(group[group >= 0])
    of_chosen = group[chosen]
    counts = np.bincount(np.searchsorted(exists, of_chosen[of_chosen >= 0]), minlength=len(exists))
    if not counts.sum():
        return {}
    return {
        "kl": kl_to_uniform(counts),
        "largest_share": float(counts.max() / counts.sum()),
        "n_covered": int((counts > 0).sum()),
        "n_groups": len(exists),
        "n_samples": int(counts.sum()),
    }
