"""Growing a frozen tree: what is known of the samples that it has is kept, so that only new ones cost anything.

A centroid of a frozen tree never moves, so neither does the leaf of a sample, nor how clear it lies in its clusters.
"""

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from data_engine import cluster_summary, clustering
from data_engine.cluster_summary import ClusterMeasures
from data_engine.runtime.code_fingerprint import code_fingerprint
from data_engine.runtime.step_run import StepRun
from data_engine.runtime.versions import fingerprint
from data_engine.schemas import TREE_ASSIGNMENTS
from data_engine.schemas.long_columns import one_array, rows_taken

if TYPE_CHECKING:
    from data_engine.clustering import ClusterTree

logger = logging.getLogger(__name__)

_FILES = "tree-members-*.arrow"


@dataclass(frozen=True, eq=False)
class Members:
    """Leaves, distances and measures of n samples of a tree.

    Attributes:
        sample_ids: (n,) strings, each once.
        encoder_version: (n,) strings: the encoder of the embedding that the rest is known of.
        leaf: (n,) their leaves.
        distance: (n,) squared L2 distances to them.
        measures: of some or all of the samples.
    """

    sample_ids: pa.Array
    encoder_version: pa.Array
    leaf: NDArray[np.int32]
    distance: NDArray[np.float32]
    measures: "ClusterMeasures"

    def places(self, samples: pa.Table) -> NDArray[np.int64]:
        """(m,) row number of samples (sample_id, encoder_version) here; -1 for those with another embedding or none."""
        place = pc.index_in(one_array(samples["sample_id"]), value_set=self.sample_ids)
        same = pc.equal(self.encoder_version.take(place), one_array(samples["encoder_version"]))
        found: NDArray[np.int64] = pc.if_else(same.fill_null(False), place, -1).to_numpy().astype(np.int64)
        return found

    def measures_at(self, place: NDArray[np.int64], rows: NDArray[np.int64]) -> "ClusterMeasures":
        """The measures of these rows of m other samples; samples without a measure are left out.

        Args:
            place: (m,) as `places` gives it.
            rows: row numbers among the m, ascending.
        """
        # One more place, that of the unknown.
        column = np.full(len(self.leaf) + 1, -1)
        column[self.measures.rows] = np.arange(len(self.measures.rows))
        column = column[place[rows]]
        has = column >= 0
        return ClusterMeasures(
            rows[has], self.measures.distance[:, column[has]], self.measures.silhouette[:, column[has]]
        )

    def to_table(self) -> pa.Table:
        """One row per sample; what was not measured is NaN."""
        n, measures = len(self.sample_ids), self.measures
        columns = {
            "sample_id": self.sample_ids,
            "encoder_version": self.encoder_version.dictionary_encode(),
            "leaf": self.leaf,
            "distance": self.distance,
        }
        for number in range(len(measures.distance)):
            for name, values in (("distance", measures.distance), ("silhouette", measures.silhouette)):
                columns[f"{name}_{number}"] = np.full(n, np.nan, dtype=np.float32)
                columns[f"{name}_{number}"][measures.rows] = values[number]
        return pa.table(columns)

    @classmethod
    def from_table(cls, table: pa.Table) -> "Members":
        """What `to_table` wrote."""
        n_levels = sum(name.startswith("silhouette_") for name in table.column_names)
        distance, silhouette = (
            np.stack([table[f"{name}_{number}"].to_numpy() for number in range(n_levels)])
            for name in ("distance", "silhouette")
        )
        rows = np.flatnonzero(~np.isnan(distance[0]))
        measures = ClusterMeasures(rows, distance[:, rows], silhouette[:, rows])
        ids, versions = one_array(table["sample_id"]), table["encoder_version"].cast(pa.large_string()).combine_chunks()
        return cls(ids, versions, table["leaf"].to_numpy(), table["distance"].to_numpy(), measures)


def grown_tree(step_run: StepRun, samples: pa.Table) -> "tuple[ClusterTree, ClusterMeasures]":
    """The frozen tree over these samples, and their measures: the same as if all were assigned and measured again.

    Samples with another embedding than the known one are new. Where only some are measured, old ones are read and
    measured only after samples have left a leaf, to stand in for them.

    Args:
        step_run: the step's.
        samples: sample_id, batch and encoder_version.
    """
    frozen, _ = step_run.frozen_tree()
    known = _known(step_run, frozen)
    if known is None:
        _, x = step_run.read_accepted_embeddings()
        return measured_tree(step_run, _assigned(step_run, frozen, x), x, samples["sample_id"])
    place = known.places(samples)
    new = np.flatnonzero(place < 0)
    x = step_run.embeddings_at(rows_taken(samples, new))
    tree = _with_new(step_run, frozen, known, place, x)
    rows = _to_measure(step_run, tree, samples["sample_id"])
    kept = known.measures_at(place, rows)
    missing = np.setdiff1d(rows, kept.rows)
    if not len(missing):
        return tree, kept
    if np.isin(missing, new).all():
        x = x[np.searchsorted(new, missing)]
    else:
        x = step_run.embeddings_at(rows_taken(samples, missing))
    return tree, kept.joined(cluster_summary.measure(clustering.with_samples(tree, tree.leaf[missing]), x), missing)


def assigned_anew(step_run: StepRun, centroids: pa.Table, samples: pa.Table) -> "tuple[ClusterTree, ClusterMeasures]":
    """A tree of an earlier time (schema CLUSTER_TREE) over the samples of today, and their measures."""
    tree, _ = clustering.tree_from_tables(centroids, TREE_ASSIGNMENTS.empty_table())
    _, x = step_run.read_accepted_embeddings()
    return measured_tree(step_run, _assigned(step_run, tree, x), x, samples["sample_id"])


def measured_tree(
    step_run: StepRun, tree: "ClusterTree", x: NDArray[np.float32], sample_ids: pa.ChunkedArray
) -> "tuple[ClusterTree, ClusterMeasures]":
    """A tree and the measures of its samples; of a large tree, of the same number from every leaf."""
    return tree, cluster_summary.measure(tree, x, _to_measure(step_run, tree, sample_ids))


def keep_members(step_run: StepRun, tree: "ClusterTree", samples: pa.Table, measures: "ClusterMeasures") -> None:
    """Keep what is known of the samples of a tree, for the next time that it grows."""
    distance = np.asarray(tree.distance, dtype=np.float32)
    ids, versions = (one_array(samples[name]) for name in ("sample_id", "encoder_version"))
    table = Members(ids, versions, tree.leaf, distance, measures).to_table()
    stream = pa.BufferOutputStream()
    with pa.ipc.new_file(stream, table.schema) as file:
        file.write_table(table)
    step_run.artefacts().put_instead(_name(step_run, tree), stream.getvalue().to_pybytes(), of=_FILES)


def _known(step_run: StepRun, tree: "ClusterTree") -> Members | None:
    """The kept members of this tree; None where there are none, or where the file is damaged."""
    content = step_run.artefacts().get(_name(step_run, tree))
    if content is None:
        return None
    try:
        return Members.from_table(pa.ipc.open_file(pa.BufferReader(content)).read_all())
    except (pa.ArrowException, OSError, KeyError) as error:
        logger.warning("what is known of the tree's samples is damaged and is computed anew (%s)", error)
        return None


def _name(step_run: StepRun, tree: "ClusterTree") -> str:
    """Another tree or other code knows nothing of these samples."""
    code = [step_run.runtime.code_version("cluster_tree"), code_fingerprint(("data_engine.cluster_summary",))]
    return _FILES.replace("*", fingerprint([tree.version, *code]))


def _to_measure(step_run: StepRun, tree: "ClusterTree", sample_ids: pa.ChunkedArray) -> NDArray[np.int64]:
    seed = step_run.corpus.seed_for("portraits")
    return cluster_summary.evenly_from_leaves(tree, cluster_summary.MOST_MEASURED, sample_ids, seed=seed)


def _with_new(
    step_run: StepRun, tree: "ClusterTree", known: Members, place: NDArray[np.int64], x: NDArray[np.float32]
) -> "ClusterTree":
    """The frozen tree over samples of which those without a place among the known ones have the embeddings x."""
    leaf, distance = (np.append(values, values.dtype.type(0))[place] for values in (known.leaf, known.distance))
    if len(x):
        part = _assigned(step_run, tree, x)
        leaf[place < 0], distance[place < 0] = part.leaf, np.asarray(part.distance)
    return clustering.with_samples(tree, leaf, distance)


def _assigned(step_run: StepRun, tree: "ClusterTree", x: NDArray[np.float32]) -> "ClusterTree":
    """The frozen tree over other samples."""
    device = clustering.device_for(step_run.corpus.tree.device, x)
    return clustering.with_samples(tree, *clustering.assign_with_distance(tree, x, device=device))
