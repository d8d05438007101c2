"""What arrived in a corpus, counted once, so that a batch meets all others without their rows being read again.

What arrived is every kept sample, and every duplicate in the cluster of its twin. Almost all of it is a sample that
stands for itself in the batch that it is of: of these, numbers by batch and cluster are enough.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from data_engine.schemas.long_columns import one_array, rows_taken, taken

Counts = NDArray[np.int64]
_SHARED = pa.schema([("sample_id", pa.string()), ("batch", pa.string()), ("cluster", pa.int64())])


@dataclass(frozen=True, eq=False)
class ArrivalCounts:
    """What arrived in all batches of a corpus with a tree."""

    batches: pa.Array
    """(n_batches,) their names."""
    counts: Counts
    """(n_batches, n_clusters) arrivals that stand for a sample of the tree."""
    known: pa.Table
    """Samples of the tree with the lowest ids (sample_id, batch, n_own), and the arrivals for each in its own batch."""
    shared: pa.Table
    """Arrivals of every id that arrived in a batch that its sample is not of (sample_id, batch, cluster); -1 where the
    tree has no such sample."""

    def of_batch(
        self,
        batch: str,
        judged: pa.Table,
        new_ids: pa.Array,
        new_cluster: Counts,
        cluster_of: Callable[[pa.Array], Counts],
    ) -> "BatchArrivals":
        """What arrived in one batch and in all others, where samples of the batch are in the clusters given.

        Args:
            batch: its name.
            judged: sample_id and duplicate_of of its raw samples, in the order in which they arrived.
            new_ids: (m,) its embedded samples, each of which it keeps.
            new_cluster: (m,) their clusters.
            cluster_of: gives the clusters of other ids in the tree; -1 for an id that it lacks.
        """
        is_here = pc.equal(self.shared["batch"], batch)
        own, others = self.shared.filter(is_here), self.shared.filter(pc.invert(is_here))
        twins = stands_for(judged)
        cluster = _at(new_cluster, twins, new_ids)
        rest = np.flatnonzero(cluster < 0)
        cluster[rest] = _at(own["cluster"].to_numpy(), twins.take(pa.array(rest)), one_array(own["sample_id"]))
        unseen = pc.invert(pc.is_in(twins.take(pa.array(rest)), value_set=one_array(own["sample_id"]))).to_numpy(False)
        if unseen.any():
            cluster[rest[unseen]] = cluster_of(twins.take(pa.array(rest[unseen])))
        is_kept = pa.array(cluster >= 0)
        moved = others.filter(pc.is_in(others["sample_id"], value_set=new_ids))
        n_clusters = self.counts.shape[1]
        reference = self.counts[pc.not_equal(self.batches, batch).to_numpy(False)].sum(axis=0)
        reference -= _histogram(moved["cluster"].to_numpy(), n_clusters)
        reference += _histogram(_at(new_cluster, one_array(moved["sample_id"]), new_ids), n_clusters)
        return BatchArrivals(self, batch, twins.filter(is_kept), cluster[cluster >= 0], reference, others)


@dataclass(frozen=True, eq=False)
class BatchArrivals:
    """What arrived in one batch, and how much in all others."""

    all: ArrivalCounts
    batch: str
    sample_ids: pa.Array
    """(n,) the sample that each arrival of the batch stands for."""
    cluster: Counts
    """(n,) its cluster."""
    reference: Counts
    """(n_clusters,) arrivals of all other batches."""
    others: pa.Table
    """Shared arrivals of all other batches."""

    @property
    def observed(self) -> Counts:
        """(n_clusters,) arrivals of the batch."""
        return _histogram(self.cluster, len(self.reference))

    def inside(self, sample_ids: pa.Array) -> Counts:
        """(m,) how many arrivals of the batch stand for each of these samples."""
        return _times(self.sample_ids, sample_ids)

    def elsewhere(self, sample_ids: pa.Array) -> Counts:
        """(m,) how many arrivals of other batches stand for each of these samples, known ones or of this batch."""
        known = self.all.known
        is_elsewhere = pc.not_equal(known["batch"], self.batch)
        is_single = pc.invert(pc.is_in(known["sample_id"], value_set=one_array(self.all.shared["sample_id"])))
        single = known.filter(pc.and_(is_elsewhere, is_single))
        n_own = _at(single["n_own"].to_numpy(), sample_ids, one_array(single["sample_id"]))
        return _times(one_array(self.others["sample_id"]), sample_ids) + np.maximum(n_own, 0)


def count_arrivals(
    assigned: pa.Table, judged: pa.Table, top: Counts, n_clusters: int, *, most_known: int
) -> ArrivalCounts:
    """Count what arrived in all batches.

    Args:
        assigned: sample_id and batch of every sample of the tree.
        judged: sample_id, batch and duplicate_of of every raw sample, batch by batch.
        top: (n,) cluster of each sample of the tree.
        n_clusters: how many clusters there are.
        most_known: samples that are kept in `known`.
    """
    twins = stands_for(judged)
    place = _places(twins, one_array(assigned["sample_id"]))
    names = pc.unique(judged["batch"])
    number = pc.index_in(judged["batch"], value_set=names).to_numpy().astype(np.int64)
    is_in_tree = place >= 0
    key = number[is_in_tree] * n_clusters + top[place[is_in_tree]]
    counts = np.bincount(key, minlength=len(names) * n_clusters).reshape(len(names), n_clusters).astype(np.int64)
    home = _places(one_array(assigned["batch"]), names)
    is_own = is_in_tree.copy()
    is_own[is_in_tree] = home[place[is_in_tree]] == number[is_in_tree]
    strangers = pc.unique(twins.filter(pa.array(~is_own)))
    rows = np.flatnonzero(pc.is_in(twins, value_set=strangers).to_numpy(False))
    cluster = np.where(place[rows] >= 0, np.append(top, -1)[place[rows]], -1)
    columns = [twins.take(pa.array(rows)), taken(judged["batch"], rows), pa.array(cluster, pa.int64())]
    n_known = min(most_known, assigned.num_rows)
    lowest = np.sort(pc.select_k_unstable(assigned, k=n_known, sort_keys=[("sample_id", "ascending")]).to_numpy())
    n_own = np.bincount(place[is_own], minlength=assigned.num_rows)[lowest]
    known = rows_taken(assigned.select(["sample_id", "batch"]), lowest)
    known = known.append_column("n_own", pa.array(n_own, pa.int64()))
    return ArrivalCounts(
        names,
        counts,
        known,
        pa.table([column.cast(f.type) for column, f in zip(columns, _SHARED, strict=True)], schema=_SHARED),
    )


def stands_for(judged: pa.Table) -> pa.Array:
    """(n,) the id of the sample that each raw sample stands for: itself, or the one that it repeats."""
    repeated = judged["duplicate_of"]
    is_itself = pc.equal(pc.fill_null(repeated, ""), "")
    return one_array(pc.if_else(is_itself, judged["sample_id"], repeated))


def _places(ids: pa.Array, among: pa.Array) -> Counts:
    """(n,) the place of each id among others; -1 where it is not there."""
    return np.asarray(pc.fill_null(pc.index_in(ids, value_set=among), -1).to_numpy(), np.int64)


def _at(values: Counts, ids: pa.Array, among: pa.Array) -> Counts:
    """(n,) the value of each id; -1 for one that is not among those that have a value."""
    return np.append(np.asarray(values, np.int64), -1)[_places(ids, among)]


def _times(ids: pa.Array, among: pa.Array) -> Counts:
    """(m,) how often each of these ids occurs."""
    return _histogram(_places(ids, among), len(among))


def _histogram(numbers: Counts, n: int) -> Counts:
    return np.bincount(numbers[numbers >= 0], minlength=n).astype(np.int64)
