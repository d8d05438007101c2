"""Choosing a subset in a corpus: by the method that it names, and by the others that it is held against."""

import time
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from data_engine.orchestration.reviewing import embeddings_of
from data_engine.orchestration.steps.cluster_tree import matrix
from data_engine.orchestration.tables_io import Work

if TYPE_CHECKING:
    from data_engine.clustering import ClusterTree
    from data_engine.curation import Subset

KNOWN_LABELS, TOP_CLUSTERS, LEAVES = "known labels", "top clusters", "leaves"


def choose(work: Work, tree: "ClusterTree", rows: pa.Table, subset: "Subset") -> NDArray[np.int64]:
    """(target_size,) row numbers of the chosen samples, ascending.

    Args:
        work: the step's.
        tree: over all samples.
        rows: sample_id of every sample, in the tree's order.
        subset: what is wanted.

    Raises: InvalidInput when the target size is not 1 to the number of samples.
    """
    from data_engine import sampling, selection

    seed = work.bench.corpus.seed_for("subset")
    pool = selection.Pool(
        tree,
        _embeddings(work, rows) if selection.METHODS[subset.method].needs_embeddings else None,
        is_resampled=work.bench.corpus.tree.n_resamples > 0,
        strategy=subset.strategy,
        priority=sampling.stable_priority(rows["sample_id"].to_pylist(), seed),
    )
    return selection.select(subset.method, pool, subset.target_size, seed=seed)


def comparison(work: Work, tree: "ClusterTree", rows: pa.Table, subset: "Subset") -> pa.Table:
    """How even the subset's method and those it is compared with come out (schema SUBSET_COMPARISON).

    Args:
        work: the step's.
        tree: over all samples.
        rows: sample_id of every sample, in the tree's order.
        subset: what is wanted and compared.

    Returns: a table without rows when there is nothing to compare with.
    """
    from data_engine import selection
    from data_engine.schemas import SUBSET_COMPARISON

    methods = (subset.method, *subset.compare_with) if subset.compare_with else ()
    if not methods:
        return SUBSET_COMPARISON.empty_table()
    seed = work.bench.corpus.seed_for("subset", "comparison")
    part, kept = selection.part_of(tree, at_most=subset.compare_at_most, seed=seed)
    some = rows.take(pa.array(kept))
    needed = any(selection.METHODS[method].needs_embeddings for method in methods)
    pool = selection.Pool(
        part,
        _embeddings(work, some) if needed else None,
        is_resampled=work.bench.corpus.tree.n_resamples > 0,
        strategy=subset.strategy,
    )
    return selection.compare(
        methods,
        pool,
        max(round(subset.target_size * part.n_samples / tree.n_samples), 1),
        _groupings(work, part, some),
        seed=seed,
        n_draws=subset.compare_draws,
        clock=time.perf_counter,
    )


def _groupings(work: Work, tree: "ClusterTree", rows: pa.Table) -> dict[str, NDArray[np.int64]]:
    """The groups over which balance is counted: known labels where the corpus has them; clusters of the tree."""
    from data_engine.reporting import known_label_of

    corpus = work.bench.corpus
    found = {}
    if corpus.known_label_column is not None:
        label_of = known_label_of(corpus, work.store.read("raw_index", columns=["sample_id", "metadata"]))
        labels = [label_of.get(sample_id) or "" for sample_id in rows["sample_id"].to_pylist()]
        names = {name: number for number, name in enumerate(sorted({*labels} - {""}))}
        if names:
            found[KNOWN_LABELS] = np.array([names.get(label, -1) for label in labels])
    found[TOP_CLUSTERS] = tree.ancestors(len(tree.levels))[tree.leaf].astype(np.int64)
    if len(tree.levels) > 1:
        found[LEAVES] = tree.leaf.astype(np.int64)
    return found


def _embeddings(work: Work, rows: pa.Table) -> NDArray[np.float32]:
    """(n, dim) embeddings of these samples, in their order."""
    ids = np.array(rows["sample_id"].to_pylist())
    by_id: NDArray[np.float32] = matrix(embeddings_of(work.store, rows["sample_id"]))
    place = np.empty(len(ids), dtype=np.int64)
    place[np.argsort(ids, kind="stable")] = np.arange(len(ids))
    return by_id[place]
