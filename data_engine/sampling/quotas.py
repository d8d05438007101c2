"""The balanced subset: shares a target size out over a cluster tree and chooses the samples.

Other ways to choose a subset are in `methods.py`; the tree is built in `data_engine.clustering`.

Source: Vo et al. 2024 (arXiv 2405.15613), section 3.3: every cluster gets the same, as far as it has enough.
"""

import operator
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

import numpy as np
import xxhash
from numpy.typing import NDArray

from data_engine.errors import InvalidInput

if TYPE_CHECKING:
    import pyarrow as pa

    from data_engine.clustering import ClusterTree

Counts = NDArray[np.int64]

_TILE_ROWS = 4096
_IDS_AT_ONCE = 65_536


def balanced_sample(
    tree: "ClusterTree",
    target_size: int,
    *,
    seed: int,
    strategy: Literal["random", "closest"] = "random",
    priority: NDArray[np.float64] | None = None,
) -> NDArray[np.int64]:
    """Choose samples so that clusters are as equal as their sizes allow, level by level.

    Args:
        tree: n samples in clusters.
        target_size: samples wanted, 1 to n.
        seed: decides which siblings get the remainder and, for "random", which members are taken.
        strategy: "random" members of a leaf, or those "closest" to its centroid (equal distances: by priority).
        priority: (n,) the lower, the earlier a member is taken; without it drawn by seed. `stable_priority` makes the
            choice independent of the order of the rows.

    Returns: (target_size,) int64 row numbers, unique, ascending.
    Raises: InvalidInput when target_size is not in 1..n, the strategy is unknown, or it needs distances that the
        tree does not know.
    """
    quota = quotas(tree, target_size, seed=seed)
    return first_members(tree, quota, _member_order(tree, strategy, priority, seed))


def quotas(tree: "ClusterTree", target_size: int, *, seed: int) -> Counts:
    """(n_leaves,) samples to take from every leaf; they add up to target_size and none exceeds its leaf's size.

    From the top down, a cluster's share is split among its children by `split`.

    Raises: InvalidInput when target_size is not in 1..n.
    """
    from data_engine.clustering.lloyd import checked_count

    share = np.array([checked_target(target_size, tree.n_samples)], dtype=np.int64)
    rng = np.random.default_rng([checked_count(seed, "seed", least=0), 0])
    parent = np.zeros(len(tree.levels[-1].centroids), dtype=np.int32)
    for level in reversed(tree.levels):
        share = _split_all(share, parent, level.sizes, rng)
        parent = level.assignment
    return share


def stable_priority(sample_ids: "Sequence[str] | pa.ChunkedArray | pa.Array", seed: int) -> NDArray[np.float64]:
    """(n,) numbers in [0, 1) that depend on each sample's id and the seed alone, not on its row.

    Of a column of ids only some are Python strings at a time: as such, those of 100 million samples take 8 GB.
    """
    digests = np.empty(len(sample_ids), dtype=np.uint64)
    for start in range(0, len(digests), _IDS_AT_ONCE):
        some = sample_ids[start : start + _IDS_AT_ONCE]
        ids = some if isinstance(some, Sequence) else some.to_pylist()
        digests[start : start + len(ids)] = [xxhash.xxh3_64_intdigest(key.encode(), seed=seed) for key in ids]
    return digests / 2.0**64


def split(sizes: Counts, amount: int, *, rng: np.random.Generator | None = None) -> Counts:
    """Water-filling: share an amount out equally among siblings, each capped by its size.

    Args:
        sizes: (m,) samples of every sibling.
        amount: samples wanted, 0 to the sum of sizes.
        rng: draws who gets one more where the amount does not divide; without it the first ones do.

    Returns: (m,) counts with the sum `amount`; siblings that are not full differ by at most 1.
    """
    height = _height(sizes, amount)
    counts = np.minimum(sizes, height)
    rest = amount - int(counts.sum())
    if rest:
        higher = np.flatnonzero(sizes > height)
        counts[higher[:rest] if rng is None else rng.choice(higher, rest, replace=False)] += 1
    return counts


def _height(sizes: Counts, amount: int) -> int:
    """Largest h <= max(sizes) with sum(min(size, h)) <= amount."""
    ascending = np.sort(sizes)
    below = np.concatenate([[0], np.cumsum(ascending)[:-1]])
    higher = np.arange(len(sizes), 0, -1)
    # At step i the i smallest are full and the others stand at the size of the i-th.
    full = np.flatnonzero(below + ascending * higher <= amount)
    if len(full) == len(sizes):
        return int(ascending[-1])
    first_not_full = len(full)
    return int((amount - below[first_not_full]) // higher[first_not_full])


def _split_all(share: Counts, parent: NDArray[np.int32], sizes: Counts, rng: np.random.Generator) -> Counts:
    """(k,) share of every cluster of a level, given the shares of the level above."""
    order = np.argsort(parent, kind="stable")
    ends = np.cumsum(np.bincount(parent, minlength=len(share)))
    counts = np.zeros(len(sizes), dtype=np.int64)
    for number, children in enumerate(np.split(order, ends[:-1])):
        if share[number]:
            counts[children] = split(sizes[children], int(share[number]), rng=rng)
    return counts


def first_members(tree: "ClusterTree", quota: Counts, keys: tuple[NDArray[np.floating], ...]) -> NDArray[np.int64]:
    """(sum of quota,) ascending rows: of every leaf, its quota of members that come first by the keys.

    Plain numbers are sorted many times faster than rows by several keys: they tell the last place that is taken in
    each leaf, up to the rounding to float32; only the rows on that very place are compared by their keys.
    """
    from data_engine.clustering.parallel import TEAM, over_chunks

    leaf, sizes = tree.leaf, tree.levels[0].sizes
    place = np.empty(len(leaf), dtype=np.uint64)
    last = np.zeros(len(sizes), dtype=np.uint64)
    asked = np.flatnonzero(quota)

    def put(rows: slice) -> None:
        place[rows] = _rough_place(leaf[rows], keys[-1][rows])

    def compare(rows: slice) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        last_of_row = last[leaf[rows]]
        before, same = place[rows] < last_of_row, place[rows] == last_of_row
        return np.flatnonzero(before) + rows.start, np.flatnonzero(same) + rows.start

    with TEAM:
        over_chunks(put, len(leaf), tile_rows=_TILE_ROWS, n_columns=1)
        last[asked] = _sorted(place, sizes)[(np.cumsum(sizes) - sizes + quota)[asked] - 1]
        found = over_chunks(compare, len(leaf), tile_rows=_TILE_ROWS, n_columns=1)
    sure, close = (np.concatenate(parts) for parts in zip(*found, strict=True))
    missing = quota - np.bincount(leaf[sure], minlength=len(sizes))
    close = close[np.lexsort((*(key[close] for key in keys), leaf[close]))]
    rank = np.arange(len(close)) - np.searchsorted(leaf[close], leaf[close])
    return np.sort(np.concatenate([sure, close[rank < missing[leaf[close]]]])).astype(np.int64)


def _sorted(place: NDArray[np.uint64], sizes: Counts) -> NDArray[np.uint64]:
    """The places in order; every thread sorts those of consecutive leaves."""
    from data_engine.clustering.parallel import TEAM

    ends = np.cumsum(sizes)
    cuts = np.searchsorted(ends, len(place) * np.arange(1, TEAM.n_threads) // TEAM.n_threads) + 1
    edges = [0, *cuts.tolist(), len(sizes)]

    def sort(leaves: slice) -> NDArray[np.uint64]:
        first, beyond = (np.uint64(number << 32) for number in (leaves.start, leaves.stop))
        return np.sort(place[(place >= first) & (place < beyond)])

    return np.concatenate(TEAM.map(sort, [slice(*pair) for pair in pairwise(edges)]))


def _rough_place(leaf: NDArray[np.int32], key: NDArray[np.floating]) -> NDArray[np.uint64]:
    """(n,) whole numbers in the order of (leaf, key rounded to float32)."""
    with np.errstate(over="ignore"):
        rounded = key.astype(np.float32)
    rounded += np.float32(0)  # of the two zeros, the positive one
    bits = rounded.view(np.int32)
    # As whole numbers, floats of one sign are in order, the negative ones from the far end.
    flipped = np.where(bits < 0, ~bits, bits | np.int32(-(1 << 31))).view(np.uint32)
    place = leaf.astype(np.uint64)
    place <<= np.uint64(32)
    place |= flipped
    return place


def _member_order(
    tree: "ClusterTree", strategy: str, priority: NDArray[np.float64] | None, seed: int
) -> tuple[NDArray[np.floating], ...]:
    """Sort keys of (n,) values by which members are taken from a leaf, the deciding one last."""
    if priority is None:
        priority = np.random.default_rng([seed, 1]).random(tree.n_samples)
    elif np.shape(priority) != (tree.n_samples,):
        raise InvalidInput(
            f"priority has shape {np.shape(priority)}; give one for each of the {tree.n_samples} samples"
        )
    else:
        priority = np.asarray(priority)
    if strategy == "random":
        return (priority,)
    if strategy != "closest":
        raise InvalidInput(f"strategy is {strategy!r}; it must be 'random' or 'closest'")
    if tree.distance is None:
        raise InvalidInput("strategy is 'closest' but the tree knows no distances; give them to with_samples")
    return (priority, tree.distance)


def checked_target(target_size: int, n_samples: int) -> int:
    """The target size as an int.

    Raises: InvalidInput when it is no whole number from 1 to the number of samples.
    """
    try:
        target = operator.index(target_size)
    except TypeError:
        raise InvalidInput(f"target_size is {target_size!r}; it must be a whole number") from None
    if target < 1:
        raise InvalidInput(f"target_size is {target}; it must be positive: give the number of samples you want")
    if target > n_samples:
        raise InvalidInput(
            f"target_size is {target} but the clusters hold {n_samples} samples; lower it to at most {n_samples}"
        )
    return target
