"""Subset selection: semantic duplicates are removed, then the YAML's method chooses and is compared with others.

The methods themselves are in `data_engine.sampling`, the search for duplicates in `data_engine.duplicates.semantic`,
what a classifier learns from a subset in `data_engine.labeling.subset_proof`.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from logging import getLogger
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from data_engine import duplicates, sampling
from data_engine.clustering import with_samples
from data_engine.labeling.subset_proof import Way, prove
from data_engine.reporting.metrics.known_labels import has_truth, truth_of
from data_engine.runtime.code_fingerprint import code_fingerprint
from data_engine.runtime.made_from.answered_samples import answered_samples
from data_engine.runtime.made_from.earlier_results import decisions_to_start_from
from data_engine.runtime.versions import fingerprint
from data_engine.schemas import SEMANTIC_DUPLICATES, SUBSET_COMPARISON, SUBSET_PROOF
from data_engine.schemas.long_columns import one_array, rows_taken

if TYPE_CHECKING:
    from data_engine.clustering import ClusterTree
    from data_engine.labeling.subset_proof import Chooser
    from data_engine.runtime.step_run import StepRun

logger = getLogger(__name__)

KNOWN_LABELS, TOP_CLUSTERS, LEAVES = "known labels", "top clusters", "leaves"

#: The dial of `balanced` at which the report says what a subset would cover.
EVENNESS_CURVE = (0.0, 0.25, 0.5, 0.75, 1.0)
#: Samples that the proof looks at in each draw: a classifier is trained for each method.
_PROVEN_AT_MOST = 4_000

#: What this step decided the last time, from what stays first.
_STAYS_FIRST = ("chosen", "not_chosen")


@dataclass(frozen=True, eq=False)
class SubsetPool:
    """The samples that can be chosen.

    Attributes:
        tree: over these n samples.
        rows: sample_id and batch of each, in the tree's order.
        kept: (n,) their row numbers in the whole tree, ascending.
        earlier: sample_id and verdict, what was decided before and is to stay where it costs little.
    """

    tree: "ClusterTree"
    rows: pa.Table
    kept: NDArray[np.int64]
    earlier: pa.Table


def semantic_duplicates(
    step_run: "StepRun", tree: "ClusterTree", rows: pa.Table, least_cosine: float | None
) -> tuple[SubsetPool, pa.Table]:
    """Remove semantic duplicates from the samples of a tree.

    Which one of two stays: what was chosen the last time, before what stayed in the pool, before newcomers; among
    equals what comes first by batch and id. So no accepted sample goes for a newcomer.

    Args:
        step_run: the step's.
        tree: over all samples.
        rows: sample_id and batch of every sample, in the tree's order.
        least_cosine: of a pair of duplicates; None where none are looked for.

    Returns: the pool; and the others with the samples that they repeat (schema SEMANTIC_DUPLICATES).
    """
    earlier = decisions_to_start_from(step_run, rows["sample_id"])
    if least_cosine is None:
        return SubsetPool(tree, rows, np.arange(rows.num_rows), earlier), SEMANTIC_DUPLICATES.empty_table()
    x = step_run.embeddings_in_order(rows["sample_id"])
    twins = duplicates.semantic_duplicates(x, tree, least_cosine=least_cosine, precedence=_precedence(earlier, rows))
    gone, kept = np.flatnonzero(~twins.is_kept), np.flatnonzero(twins.is_kept)
    columns = {
        "sample_id": rows["sample_id"].take(pa.array(gone)),
        "batch": rows["batch"].take(pa.array(gone)),
        "duplicate_of": rows["sample_id"].take(pa.array(twins.row[gone])),
        "score": twins.cosine[gone].astype(np.float64),
        "threshold": np.full(len(gone), least_cosine),
    }
    part = with_samples(tree, tree.leaf[kept], None if tree.distance is None else tree.distance[kept])
    repeats = pa.table(columns, schema=SEMANTIC_DUPLICATES).sort_by("sample_id")
    return SubsetPool(part, rows_taken(rows, kept), kept, earlier), repeats


def choose(step_run: "StepRun", pool: SubsetPool) -> NDArray[np.int64]:
    """(target_size,) row numbers of the pool's chosen samples, ascending.

    Raises: InvalidInput when the target size is not 1 to the number of samples.
    """
    subset, seed = step_run.corpus.subset, step_run.corpus.seed_for("subset")
    is_resampled = step_run.corpus.tree.n_resamples > 0
    needed = sampling.METHODS[subset.method].needs_embeddings(is_resampled=is_resampled)
    candidates = sampling.Candidates(
        pool.tree,
        step_run.embeddings_in_order(pool.rows["sample_id"]) if needed else None,
        is_resampled=is_resampled,
        strategy=subset.strategy,
        evenness=subset.evenness,
        priority=sampling.stable_priority(pool.rows["sample_id"], seed),
        was_chosen=_is_any_of(pool, _chosen_before(pool)),
        is_labelled=_is_any_of(pool, answered_samples(step_run.runtime)) if subset.keep_labelled else None,
    )
    return sampling.select(subset.method, candidates, subset.target_size, seed=seed)


def comparison_of_methods(step_run: "StepRun", pool: SubsetPool) -> tuple[pa.Table, bool]:
    """Balance of subsets by the corpus' method and by those it is compared with (schema SUBSET_COMPARISON).

    Made once per tree, settings and known labels: samples that join a frozen tree say nothing new of the methods.

    Returns: the table, without rows when there is nothing to compare with, and whether it was made now.
    """
    return _kept_per_tree(step_run, pool, "comparison", SUBSET_COMPARISON, lambda: _comparison(step_run, pool))


def proof(step_run: "StepRun", pool: SubsetPool) -> pa.Table:
    """What a classifier learns from subsets by the corpus' method and by those it is compared with (SUBSET_PROOF).

    Random subsets are always among them. Made once per tree and settings, as the comparison of methods is.
    """
    made, _ = _kept_per_tree(step_run, pool, "proof", SUBSET_PROOF, lambda: _proof(step_run, pool))
    return made


def _kept_per_tree(
    step_run: "StepRun", pool: SubsetPool, kind: str, schema: pa.Schema, make: Callable[[], tuple[pa.Table, list[str]]]
) -> tuple[pa.Table, bool]:
    """A table that is made once per tree and settings, and whether it was made now."""
    artefacts, corpus = step_run.artefacts(), step_run.corpus
    versions = [step_run.runtime.code_version(step) for step in ("balanced_subset", "cluster_tree")]
    versions += [code_fingerprint(("data_engine.labeling.subset_proof",))] if kind == "proof" else []
    truth = [corpus.known_label_column or (corpus.labels.given and corpus.labels.given.column)]
    settings = [corpus.subset.model_dump_json(exclude={"keep_labelled"}), *truth, corpus.seed]
    name = f"{kind}-{fingerprint([*versions, pool.tree.version, *settings])}.arrow"
    content = artefacts.get(name)
    if content is not None:
        try:
            kept = pa.ipc.open_file(pa.BufferReader(content)).read_all()
            if _still_known(step_run, kept.schema.metadata or {}):
                return kept.replace_schema_metadata(None).cast(schema), False
        except (pa.ArrowException, OSError) as error:
            logger.warning("the %s of methods is damaged and is made again (%s)", kind, error)
    last = step_run.last_version()
    has_run = last is not None and last.code_version == step_run.runtime.code_version("balanced_subset")
    if has_run and not artefacts.has_any(f"{kind}-*.arrow"):
        logger.warning("the %s of methods that was kept is lost; it is made anew, over the samples of now", kind)
    (made, samples), stream = make(), pa.BufferOutputStream()
    known = _labels_of(step_run, samples) if has_truth(corpus) and made.num_rows else {}
    with pa.ipc.new_file(stream, made.schema.with_metadata({_KNOWN_OF: json.dumps(known)})) as file:
        file.write_table(made.replace_schema_metadata({_KNOWN_OF: json.dumps(known)}))
    artefacts.put(name, stream.getvalue().to_pybytes())
    return made, True


#: In a kept table: the known label of every sample that it was counted over.
_KNOWN_OF = b"known_labels"


def _still_known(step_run: "StepRun", metadata: dict[bytes, bytes]) -> bool:
    """Whether a kept table was counted over the known labels of now."""
    then = json.loads(metadata.get(_KNOWN_OF, b"{}"))
    return not then or _labels_of(step_run, list(then)) == then


def _labels_of(step_run: "StepRun", sample_ids: list[str]) -> dict[str, str | None]:
    """The label of every one of these samples that subsets are judged by; None where the source gives none."""
    among = {"sample_id": pa.array(sample_ids, pa.string())}
    raw = step_run.look_up("raw_index", columns=["sample_id", "metadata"], among=among)
    label_of = truth_of(step_run.corpus, raw)
    return {sample_id: label_of.get(sample_id) for sample_id in sample_ids}


def _proof(step_run: "StepRun", pool: SubsetPool) -> tuple[pa.Table, list[str]]:
    """The table, and the samples that it was counted over."""
    subset, n = step_run.corpus.subset, pool.tree.n_samples
    if not subset.compare_with:
        return SUBSET_PROOF.empty_table(), []
    seed = step_run.corpus.seed_for("subset", "proof")
    some = np.sort(np.random.default_rng([seed, 5]).permutation(n)[: subset.compare_draws * _PROVEN_AT_MOST])
    rows = rows_taken(pool.rows, some)
    methods = dict.fromkeys((subset.method, "random", *subset.compare_with))
    ways = [Way(method, subset.evenness, _chooser(method, step_run, subset.evenness)) for method in methods]
    ways += [
        Way("balanced", evenness, _chooser("balanced", step_run, evenness), is_trained_on=False)
        for evenness in EVENNESS_CURVE
        if (subset.method, subset.evenness) != ("balanced", evenness)
    ]
    proven = prove(
        step_run.embeddings_in_order(rows["sample_id"]),
        _known_label_numbers(step_run, rows),
        ways,
        subset.target_size / n,
        seed=seed,
        n_draws=subset.compare_draws,
        at_most=_PROVEN_AT_MOST,
    )
    return proven, rows["sample_id"].to_pylist()


def _chooser(method: str, step_run: "StepRun", evenness: float | None) -> "Chooser":
    """The method with the corpus' settings; those that choose by a tree get one of the pool that they choose from."""
    n_concepts = step_run.corpus.tree.n_concepts
    return lambda x, target, seed: sampling.choose_subset(
        x, target, method=method, seed=seed, n_concepts=n_concepts, evenness=evenness
    )


def _comparison(step_run: "StepRun", pool: SubsetPool) -> tuple[pa.Table, list[str]]:
    """The table, and the samples that it was counted over."""
    subset = step_run.corpus.subset
    methods = (subset.method, *subset.compare_with) if subset.compare_with else ()
    if not methods:
        return SUBSET_COMPARISON.empty_table(), []
    seed = step_run.corpus.seed_for("subset", "comparison")
    part, kept = sampling.part_of(pool.tree, at_most=subset.compare_at_most, seed=seed)
    some = rows_taken(pool.rows, kept)
    is_resampled = step_run.corpus.tree.n_resamples > 0
    needed = any(sampling.METHODS[method].needs_embeddings(is_resampled=is_resampled) for method in methods)
    candidates = sampling.Candidates(
        part,
        step_run.embeddings_in_order(some["sample_id"]) if needed else None,
        is_resampled=is_resampled,
        strategy=subset.strategy,
        evenness=subset.evenness,
    )
    compared = sampling.compare(
        methods,
        candidates,
        max(round(subset.target_size * part.n_samples / pool.tree.n_samples), 1),
        _groupings(step_run, part, some),
        seed=seed,
        n_draws=subset.compare_draws,
        clock=time.perf_counter,
    )
    return compared, some["sample_id"].to_pylist()


def _groupings(step_run: "StepRun", tree: "ClusterTree", rows: pa.Table) -> dict[str, NDArray[np.int64]]:
    """The groups over which balance is counted: known labels where the corpus has them; clusters of the tree."""
    found = {}
    labels = _known_label_numbers(step_run, rows)
    if (labels >= 0).any():
        found[KNOWN_LABELS] = labels
    found[TOP_CLUSTERS] = tree.ancestors(len(tree.levels))[tree.leaf].astype(np.int64)
    if len(tree.levels) > 1:
        found[LEAVES] = tree.leaf.astype(np.int64)
    return found


def _known_label_numbers(step_run: "StepRun", rows: pa.Table) -> NDArray[np.int64]:
    """(n,) number of the label of every sample that subsets are judged by, in the order of their names; -1: none."""
    corpus = step_run.corpus
    if not has_truth(corpus):
        return np.full(rows.num_rows, -1)
    labels = [label or "" for label in _labels_of(step_run, rows["sample_id"].to_pylist()).values()]
    names = {name: number for number, name in enumerate(sorted({*labels} - {""}))}
    return np.array([names.get(label, -1) for label in labels], dtype=np.int64)


def _chosen_before(pool: SubsetPool) -> pa.Array:
    return pool.earlier.filter(pc.equal(pool.earlier["verdict"], "chosen"))["sample_id"].combine_chunks()


def _is_any_of(pool: SubsetPool, sample_ids: pa.Array) -> NDArray[np.bool_]:
    """(n,) whether a sample of the pool is one of these."""
    found: NDArray[np.bool_] = pc.is_in(pool.rows["sample_id"], value_set=sample_ids).to_numpy()
    return found


def _precedence(earlier: pa.Table, rows: pa.Table) -> NDArray[np.int64]:
    """(n,) rank of every sample by what was decided before (sample_id, verdict), then by batch and id."""
    decided = earlier["verdict"].take(pc.index_in(rows["sample_id"], value_set=one_array(earlier["sample_id"])))
    standing = pc.fill_null(pc.index_in(decided, value_set=pa.array(_STAYS_FIRST)), len(_STAYS_FIRST))
    ordered = pc.sort_indices(
        rows.select(["batch", "sample_id"]).append_column("standing", standing),
        [("standing", "ascending"), ("batch", "ascending"), ("sample_id", "ascending")],
    )
    rank = np.empty(rows.num_rows, np.int64)
    rank[ordered.to_numpy()] = np.arange(rows.num_rows)
    return rank
