"""Number of concepts that the cluster tree should keep apart, and the warning that it has too few clusters for them.

Other metrics of the tree are in `report_metrics.py`.
"""

from collections.abc import Mapping

import pyarrow as pa

from data_engine.corpus import Corpus
from data_engine.reporting.metrics.known_labels import known_label_of
from data_engine.reporting.metrics.metric import Metric
from data_engine.sampling.methods import METHODS

KNOWN_LABELS, DESCRIPTION = "known labels", "the corpus' description"


def concept_metrics(corpus: Corpus, tables: Mapping[str, pa.Table]) -> list[Metric]:
    """The number of concepts to keep apart, where it is known: `tree.n_concepts`, else the labels known beforehand.

    Args:
        corpus: may say how many concepts there are.
        tables: raw_index and tree_assignments, where labels are known; without them nothing is claimed.
    """
    if corpus.tree.n_concepts is not None:
        note = "Concepts to keep apart, as tree.n_concepts says."
        return [Metric("concepts_wanted", DESCRIPTION, corpus.tree.n_concepts, "concepts", "neutral", note)]
    if corpus.known_label_column is None or not {"raw_index", "tree_assignments"} <= set(tables):
        return []
    label_of = known_label_of(corpus, tables["raw_index"])
    labels = {label_of.get(key) for key in tables["tree_assignments"]["sample_id"].to_pylist()} - {None}
    if not labels:
        return []
    note = "Labels known beforehand that at least one sample of the tree has."
    return [Metric("concepts_wanted", KNOWN_LABELS, len(labels), "concepts", "neutral", note)]


def why_levels(explained: pa.Table, target_size: int, n_samples: int) -> str:
    """Why a tree has the levels that it has, and for what it was built where that is not what there is now.

    Args:
        explained: In the schema TREE_EXPLANATION; without rows nothing is said.
        target_size: Samples to be chosen now.
        n_samples: Samples in the tree now.
    """
    if not explained.num_rows:
        return ""
    then, n_built = explained["target_size"][0].as_py(), explained["n_built"][0].as_py()
    others = []
    if then is not None and then != target_size:
        others.append(f"when subset.target_size was {then:,}, and it is {target_size:,} now")
    if n_built != n_samples:
        others.append(f"on {n_built:,} samples, and holds {n_samples:,} now")
    said = " ".join(explained["sentence"].to_pylist())
    return f"{said} So the tree was built {'; '.join(others)}; it is kept while it fits." if others else said


def top_level_warning(known: Mapping[tuple[str, str], Metric], method: str) -> str:
    """A warning, with its remedy, that the coarsest level has fewer clusters than there are concepts; else empty.

    Args:
        known: metrics by (metric, scope); without `concepts_wanted` nothing is claimed.
        method: how the subset is chosen; nothing is claimed of one that looks at no tree.
    """
    if not METHODS[method].uses_tree:
        return ""
    wanted = next(((scope, round(m.value)) for (name, scope), m in known.items() if name == "concepts_wanted"), None)
    per_level = [round(m.value) for (name, _), m in known.items() if name == "clusters"]
    if wanted is None or not per_level or per_level[-1] >= wanted[1]:
        return ""
    source, n = wanted
    return (
        f"The coarsest level of the tree has {per_level[-1]:,} clusters, fewer than the {n:,} concepts that {source} "
        f"{'name' if source == KNOWN_LABELS else 'names'}: concepts that share a cluster share its part of the subset. "
        f"Set tree to {{levels: auto, n_concepts: {n}}}, or give its last level at least {n:,} clusters; if fewer "
        "concepts will do, say so with tree.n_concepts."
    )
