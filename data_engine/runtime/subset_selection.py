"""Choosing a subset in a corpus: by the method that it names, and by the others that it is held against."""

import logging
import time
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from data_engine.errors import InvalidInput
from data_engine.runtime.step_run import StepRun
from data_engine.runtime.versions import fingerprint
from data_engine.schemas import SUBSET_COMPARISON

if TYPE_CHECKING:
    from data_engine.clustering import ClusterTree
    from data_engine.corpus import Subset
    from data_engine.storage import TableStore

logger = logging.getLogger(__name__)

KNOWN_LABELS, TOP_CLUSTERS, LEAVES = "known labels", "top clusters", "leaves"


def choose(step_run: StepRun, tree: "ClusterTree", rows: pa.Table, subset: "Subset") -> NDArray[np.int64]:
    """(target_size,) row numbers of the chosen samples, ascending.

    Args:
        step_run: the step's.
        tree: over all samples.
        rows: sample_id of every sample, in the tree's order.
        subset: what is wanted.

    Raises: InvalidInput when the target size is not 1 to the number of samples.
    """
    from data_engine import sampling

    seed = step_run.runtime.corpus.seed_for("subset")
    is_resampled = step_run.runtime.corpus.tree.n_resamples > 0
    needed = sampling.METHODS[subset.method].needs_embeddings(is_resampled=is_resampled)
    pool = sampling.Pool(
        tree,
        embeddings_in_order(step_run.store, rows["sample_id"]) if needed else None,
        is_resampled=is_resampled,
        strategy=subset.strategy,
        priority=sampling.stable_priority(rows["sample_id"].to_pylist(), seed),
    )
    return sampling.select(subset.method, pool, subset.target_size, seed=seed)


def kept_comparison(step_run: StepRun, tree: "ClusterTree", rows: pa.Table, subset: "Subset") -> tuple[pa.Table, bool]:
    """`comparison`, made once per tree and settings: samples that join a frozen tree say nothing new of the methods.

    Returns: the table, and whether it was made now.
    """
    artefacts = step_run.store.artefacts()
    corpus = step_run.runtime.corpus
    versions = [step_run.runtime.code_version(step) for step in ("balanced_subset", "cluster_tree")]
    key = fingerprint([*versions, tree.version, subset.model_dump_json(), corpus.known_label_column, corpus.seed])
    content = artefacts.get(f"comparison-{key}.arrow")
    if content is not None:
        try:
            return pa.ipc.open_file(pa.BufferReader(content)).read_all().cast(SUBSET_COMPARISON), False
        except (pa.ArrowException, OSError) as error:
            logger.warning("the comparison of methods is damaged and is made anew (%s)", error)
    made, stream = comparison(step_run, tree, rows, subset), pa.BufferOutputStream()
    with pa.ipc.new_file(stream, made.schema) as file:
        file.write_table(made)
    artefacts.put(f"comparison-{key}.arrow", stream.getvalue().to_pybytes())
    return made, True


def comparison(step_run: StepRun, tree: "ClusterTree", rows: pa.Table, subset: "Subset") -> pa.Table:
    """How even the subset's method and those it is compared with come out (schema SUBSET_COMPARISON).

    Args:
        step_run: the step's.
        tree: over all samples.
        rows: sample_id of every sample, in the tree's order.
        subset: what is wanted and compared.

    Returns: a table without rows when there is nothing to compare with.
    """
    from data_engine import sampling

    methods = (subset.method, *subset.compare_with) if subset.compare_with else ()
    if not methods:
        return SUBSET_COMPARISON.empty_table()
    seed = step_run.runtime.corpus.seed_for("subset", "comparison")
    part, kept = sampling.part_of(tree, at_most=subset.compare_at_most, seed=seed)
    some = rows.take(pa.array(kept))
    is_resampled = step_run.runtime.corpus.tree.n_resamples > 0
    needed = any(sampling.METHODS[method].needs_embeddings(is_resampled=is_resampled) for method in methods)
    pool = sampling.Pool(
        part,
        embeddings_in_order(step_run.store, some["sample_id"]) if needed else None,
        is_resampled=is_resampled,
        strategy=subset.strategy,
    )
    return sampling.compare(
        methods,
        pool,
        max(round(subset.target_size * part.n_samples / tree.n_samples), 1),
        _groupings(step_run, part, some),
        seed=seed,
        n_draws=subset.compare_draws,
        clock=time.perf_counter,
    )


def _groupings(step_run: StepRun, tree: "ClusterTree", rows: pa.Table) -> dict[str, NDArray[np.int64]]:
    """The groups over which balance is counted: known labels where the corpus has them; clusters of the tree."""
    from data_engine.reporting import known_label_of

    corpus = step_run.runtime.corpus
    found = {}
    if corpus.known_label_column is not None:
        label_of = known_label_of(corpus, step_run.store.read("raw_index", columns=["sample_id", "metadata"]))
        labels = [label_of.get(sample_id) or "" for sample_id in rows["sample_id"].to_pylist()]
        names = {name: number for number, name in enumerate(sorted({*labels} - {""}))}
        if names:
            found[KNOWN_LABELS] = np.array([names.get(label, -1) for label in labels])
    found[TOP_CLUSTERS] = tree.ancestors(len(tree.levels))[tree.leaf].astype(np.int64)
    if len(tree.levels) > 1:
        found[LEAVES] = tree.leaf.astype(np.int64)
    return found


def embeddings_in_order(store: "TableStore", sample_ids: pa.ChunkedArray) -> NDArray[np.float32]:
    """(n, dim) embeddings of these samples, in their order: where it is that of the table, without a copy.

    Raises: InvalidInput when one of them has none.
    """
    from data_engine.storage import read_embeddings

    batches = pc.unique(store.read("embeddings", columns=["batch"])["batch"]).to_pylist()
    known, x = read_embeddings(store, batches)
    place = pc.index_in(sample_ids, value_set=known["sample_id"].combine_chunks())
    missing = sample_ids.filter(pc.is_null(place))
    if len(missing):
        raise InvalidInput(
            f"{len(missing)} samples have no embedding, among them {missing[:10].to_pylist()}; materialize embeddings "
            "first"
        )
    order = place.to_numpy()
    return x if np.array_equal(order, np.arange(len(x))) else x[order]
