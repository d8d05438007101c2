"""Splits of a release: clusters, cut files and near duplicates stay on one side; what leaks all the same is found.

Which split a sample is in depends on the seed, its cluster and the sizes of the clusters alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import xxhash
from numpy.typing import NDArray

from data_engine.errors import NotEnoughData
from data_engine.release_formats.released import SPLITS
from data_engine.schemas import RELEASE

if TYPE_CHECKING:
    from data_engine.clustering import ClusterTree

Numbers = NDArray[np.int64]
Floats = NDArray[np.float32]

#: Most samples outside the split for training that are compared with all of the other splits, drawn by the seed.
_COMPARED_AT_MOST = 10_000
_COMPARED_AT_ONCE = 512


@dataclass(frozen=True, eq=False)
class Leaks:
    """What the comparison of the splits found.

    Attributes:
        n_compared: Samples outside the split for training that were compared with every sample of other splits.
        row: (n,) the most similar row of another split where that is a near duplicate, else -1.
        highest_cosine: Of any pair across splits; NaN where there is none.
    """

    n_compared: int
    row: Numbers
    highest_cosine: float

    def said(self) -> dict[str, Any]:
        """As a manifest says it, the cosine to two decimals so that it is the same on every machine."""
        highest = None if np.isnan(self.highest_cosine) else round(self.highest_cosine, 2)
        return {"n_compared": self.n_compared, "n": int((self.row >= 0).sum()), "highest_cosine": highest}


def groups_of(x: Floats, tree: "ClusterTree", leaf: Numbers, *, least_cosine: float) -> Numbers:
    """The group of every row: clusters of level 1, joined where near duplicates lie in two of them.

    Args:
        x: (n, dim) unit rows.
        tree: The tree of the corpus.
        leaf: (n,) their clusters of level 1.
        least_cosine: Cosine at and above which two rows are near duplicates.

    Returns: (n,) the lowest number of each row's group.
    """
    return _joined(leaf, x, tree, leaf, least_cosine)


def groups_of_files(
    uris: Sequence[str], x: Floats, tree: "ClusterTree", leaf: Numbers, *, least_cosine: float
) -> Numbers:
    """The group of every row where files were cut into the samples: a file, or files with near duplicates in them.

    Clusters join nothing here, because the samples of one file lie in many of them.

    Args:
        uris: (n,) of the rows: `file#part`, or `file` where it is one sample.
        x: as of `groups_of`.
        tree: as of `groups_of`.
        leaf: as of `groups_of`.
        least_cosine: as of `groups_of`.

    Returns: (n,) the lowest number of a file of each row's group, by the order of their names.
    """
    files = [uri.rpartition("#")[0] or uri for uri in uris]
    number = {file: place for place, file in enumerate(sorted(set(files)))}
    return _joined(np.array([number[file] for file in files], np.int64), x, tree, leaf, least_cosine)


def _joined(numbers: Numbers, x: Floats, tree: "ClusterTree", leaf: Numbers, least_cosine: float) -> Numbers:
    """(n,) the lowest of the numbers that near duplicates join each row's number with."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    from data_engine.clustering import with_samples
    from data_engine.duplicates import semantic_pairs

    pairs = semantic_pairs(x, with_samples(tree, leaf), least_cosine=least_cosine)
    n = int(numbers.max(initial=-1)) + 1
    links = (np.ones(len(pairs), np.int8), (numbers[pairs.earlier], numbers[pairs.later]))
    _, component = connected_components(coo_array(links, shape=(n, n)), directed=False)
    lowest = np.full(n, n, np.int64)
    np.minimum.at(lowest, component, np.arange(n))
    return np.asarray(lowest[component][numbers], np.int64)


#: What groups are, and what makes more of them, by what keeps samples together.
OF_CLUSTERS = ("clusters and near duplicates", "raise release.splits.least_cosine or that share")
OF_FILES = ("whole files and near duplicates", "raise release.splits.least_cosine or that share")
OF_GROUND = ("tiles that lie together", "lower or set release.splits.ground_block_km, raise that share")


def splits_of(
    groups: Numbers, shares: Mapping[str, float], *, seed: int, kept_together: tuple[str, str] = OF_CLUSTERS
) -> list[str]:
    """The split of every row, whole groups at a time.

    Groups stand in an order that only the seed and their numbers decide, one after the other, each as long as it has
    rows; the shares cut that line, and a group goes where its middle lies. So a share is met to within half a group,
    and when samples come only groups at a cut change sides.

    Args:
        groups: (n,) numbers of groups.
        shares: By split, in [0, 1], 1 in all.
        seed: Another seed, another order.
        kept_together: What the groups are, and how there can be more of them, for an error.

    Raises: NotEnoughData where a split that has a share gets no row, or there are no rows.
    """
    numbers, place, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    keys = [xxhash.xxh3_64_intdigest(f"{seed}/{number}".encode()) for number in numbers.tolist()]
    order = np.argsort(np.array(keys, np.uint64), kind="stable")
    ends = np.cumsum(sizes[order])
    middles = (ends - sizes[order] / 2) / max(len(groups), 1)
    names = [name for name in SPLITS if shares.get(name, 0) > 0]
    bounds = np.cumsum([shares[name] for name in names])
    of_ordered = np.minimum(np.searchsorted(bounds, middles, side="right"), len(names) - 1)
    of_group = np.empty(len(numbers), np.int64)
    of_group[order] = of_ordered
    empty = [name for number, name in enumerate(names) if not (of_group == number).any()]
    if empty:
        raise NotEnoughData(
            f"release.splits asks for {shares[empty[0]]:.0%} of {len(groups):,} samples as {empty[0]}, but they are "
            f"{len(numbers):,} groups of {kept_together[0]}, the largest of {int(sizes.max(initial=0)):,}, "
            f"and none is left for it; {kept_together[1]}, or release more samples"
        )
    return [names[number] for number in of_group[place].tolist()]


def leaks_between(x: Floats, splits: "list[str]", *, least_cosine: float, seed: int) -> Leaks:
    """Near duplicates in two splits, found by comparing rows outside the split for training with every row.

    Nothing is left out of the comparison but rows above a number that one pass can compare; those are drawn.
    """
    number = np.array([SPLITS.index(name) for name in splits], np.int64)
    held = np.flatnonzero(number > 0)
    if len(held) > _COMPARED_AT_MOST:
        drawn = np.random.default_rng(seed).choice(held, _COMPARED_AT_MOST, replace=False)
        held = np.sort(drawn)
    found, highest = np.full(len(x), -1, np.int64), -np.inf
    for start in range(0, len(held), _COMPARED_AT_ONCE):
        rows = held[start : start + _COMPARED_AT_ONCE]
        cosine = x[rows] @ x.T
        cosine[number[rows][:, None] == number[None, :]] = -np.inf
        nearest = cosine.argmax(axis=1)
        best = cosine[np.arange(len(rows)), nearest]
        highest = max(highest, float(best.max(initial=-np.inf)))
        found[rows] = np.where(best >= least_cosine, nearest, -1)
    return Leaks(len(held), found, highest if np.isfinite(highest) else float("nan"))


def with_splits(rows: pa.Table, splits: "list[str]", leaks: Leaks) -> pa.Table:
    """The rows of a release with the split of each, and the sample of another split that it nearly repeats.

    The id of the release has to be made anew.
    """
    ids = rows["sample_id"].to_pylist()
    repeats = [None if row < 0 else ids[row] for row in leaks.row.tolist()]
    for name, values in (("split", splits), ("repeats_in_other_split", repeats)):
        field = RELEASE.field(name)
        rows = rows.set_column(RELEASE.get_field_index(name), field, pa.array(values, field.type))
    return rows
