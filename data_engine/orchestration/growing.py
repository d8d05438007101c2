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

from data_engine.orchestration.bench import fingerprint
from data_engine.orchestration.code_fingerprint import code_fingerprint
from data_engine.orchestration.tables_io import Work

if TYPE_CHECKING:
    from data_engine.clustering import ClusterTree
    from data_engine.portraits import Measures

logger = logging.getLogger(__name__)

_FILES = "tree-members-*.arrow"


@dataclass(frozen=True, eq=False)
class Members:
    """What is known of n samples of a tree: leaves, squared distances to them, and the measures of some or all."""

    sample_ids: pa.Array
    leaf: NDArray[np.int32]
    distance: NDArray[np.float32]
    measures: "Measures"

    def to_table(self) -> pa.Table:
        """One row per sample; what was not measured is NaN."""
        n, measures = len(self.sample_ids), self.measures
        columns = {"sample_id": self.sample_ids, "leaf": self.leaf, "distance": self.distance}
        for number in range(len(measures.distance)):
            for name, values in (("distance", measures.distance), ("silhouette", measures.silhouette)):
                columns[f"{name}_{number}"] = np.full(n, np.nan, dtype=np.float32)
                columns[f"{name}_{number}"][measures.rows] = values[number]
        return pa.table(columns)

    @classmethod
    def from_table(cls, table: pa.Table) -> "Members":
        """What `to_table` wrote."""
        from data_engine.portraits import Measures

        n_levels = sum(name.startswith("silhouette_") for name in table.column_names)
        distance, silhouette = (
            np.stack([table[f"{name}_{number}"].to_numpy() for number in range(n_levels)])
            for name in ("distance", "silhouette")
        )
        rows = np.flatnonzero(~np.isnan(distance[0]))
        measures = Measures(rows, distance[:, rows], silhouette[:, rows])
        ids = table["sample_id"].combine_chunks()
        return cls(ids, table["leaf"].to_numpy(), table["distance"].to_numpy(), measures)


def grown(work: Work, samples: pa.Table) -> "tuple[ClusterTree, Measures]":
    """The frozen tree over these samples, and their measures.

    Every new sample is measured, beside those that were when the tree was built: in large trees these are some.

    Args:
        work: the step's.
        samples: sample_id, batch and encoder_version.
    """
    from data_engine import clustering

    tree = work.frozen_tree()
    known = _known(work, tree, samples)
    if known is None:
        _, x = work.read_open_embeddings()
        return measured(work, _assigned(work, tree, x), x)
    place = pc.index_in(samples["sample_id"], value_set=known.sample_ids)
    is_new = place.is_null().to_numpy()
    tables = [known.to_table()]
    if is_new.any():
        tables.append(_new_members(work, tree, samples.filter(pa.array(is_new))).to_table())
    # Row numbers of all samples in the known ones with the new ones behind them.
    order = place.fill_null(0).to_numpy().astype(np.int64)
    order[is_new] = len(known.sample_ids) + np.arange(is_new.sum())
    found = Members.from_table(pa.concat_tables(tables).take(pa.array(order)))
    return clustering.with_samples(tree, found.leaf, found.distance), found.measures


def measured(work: Work, tree: "ClusterTree", x: NDArray[np.float32]) -> "tuple[ClusterTree, Measures]":
    """A tree and the measures of its samples; of a large tree, of the same number from every leaf."""
    from data_engine import portraits

    seed = work.bench.corpus.seed_for("portraits")
    rows = portraits.evenly_from_leaves(tree, portraits.MOST_MEASURED, seed=seed)
    return tree, portraits.measure(tree, x, rows)


def keep_members(work: Work, tree: "ClusterTree", samples: pa.Table, measures: "Measures") -> None:
    """Keep what is known of the samples of a tree, for the next time that it grows."""
    distance = np.asarray(tree.distance, dtype=np.float32)
    table = Members(samples["sample_id"].combine_chunks(), tree.leaf, distance, measures).to_table()
    stream = pa.BufferOutputStream()
    with pa.ipc.new_file(stream, table.schema) as file:
        file.write_table(table)
    work.store.learnt().put_instead(_name(work, tree, samples), stream.getvalue().to_pybytes(), of=_FILES)


def _known(work: Work, tree: "ClusterTree", samples: pa.Table) -> Members | None:
    """What was kept of this tree's samples; None where nothing was, or where it is damaged."""
    content = work.store.learnt().get(_name(work, tree, samples))
    if content is None:
        return None
    try:
        return Members.from_table(pa.ipc.open_file(pa.BufferReader(content)).read_all())
    except (pa.ArrowException, OSError, KeyError) as error:
        logger.warning("what is known of the tree's samples is damaged and is computed anew (%s)", error)
        return None


def _name(work: Work, tree: "ClusterTree", samples: pa.Table) -> str:
    """Another tree, encoder or code knows nothing of these samples."""
    encoders = sorted(pc.unique(samples["encoder_version"]).to_pylist())
    code = [work.bench.code_version("cluster_tree"), code_fingerprint("portraits")]
    return _FILES.replace("*", fingerprint([tree.version, *encoders, *code]))


def _new_members(work: Work, tree: "ClusterTree", samples: pa.Table) -> Members:
    from data_engine import portraits
    from data_engine.storage import read_some_embeddings

    x = read_some_embeddings(work.store, samples)
    part = _assigned(work, tree, x)
    distance = np.asarray(part.distance, dtype=np.float32)
    return Members(samples["sample_id"].combine_chunks(), part.leaf, distance, portraits.measure(part, x))


def _assigned(work: Work, tree: "ClusterTree", x: NDArray[np.float32]) -> "ClusterTree":
    """The frozen tree over other samples."""
    from data_engine import clustering

    device = clustering.device_for(work.bench.corpus.tree.device, x)
    return clustering.with_samples(tree, *clustering.assign_with_distance(tree, x, device=device))
