"""Names of clusters, the same on all pages: their terms, else their number and the label of most in them.

Terms are found by `data_engine.cluster_summary`.
"""

from collections import Counter, defaultdict

import pyarrow as pa

from data_engine.reporting.metrics.known_labels import ancestors_by_level
from data_engine.schemas import Tables


def cluster_names(tables: Tables) -> dict[tuple[int, int], str]:
    """(level, cluster) to its name, of every cluster of the tree; where it has no terms `cluster 7 · mostly cat`.

    Args:
        tables: cluster_tree; cluster_portraits gives the terms, labels and tree_assignments what most in it are.
    """
    if "cluster_tree" not in tables:
        return {}
    terms = _by_cluster(tables["cluster_portraits"], "name") if "cluster_portraits" in tables else {}
    clusters = list(_by_cluster(tables["cluster_tree"], "level"))
    labels = {} if all(terms.get(key) for key in clusters) else _majority_labels(tables)
    return {key: terms.get(key) or _nameless(key[1], labels.get(key)) for key in clusters}


def names_of_top_clusters(tables: Tables) -> dict[int, str]:
    """The names of the clusters of the coarsest level by their number."""
    names = cluster_names(tables)
    top = max((level for level, _ in names), default=0)
    return {cluster: name for (level, cluster), name in names.items() if level == top}


def _by_cluster(table: pa.Table, column: str) -> dict[tuple[int, int], str | None]:
    keys = zip(table["level"].to_pylist(), table["cluster"].to_pylist(), strict=True)
    return dict(zip(keys, table[column].to_pylist(), strict=True))


def _nameless(number: int, label: str | None) -> str:
    return f"cluster {number} · mostly {label}" if label else f"cluster {number}"


def _majority_labels(tables: Tables) -> dict[tuple[int, int], str]:
    """(level, cluster) to the label that more than half of its labelled samples have; others are absent."""
    if not {"labels", "tree_assignments"} <= set(tables):
        return {}
    labelled = tables["labels"].select(["sample_id", "label"])
    found = tables["tree_assignments"].select(["sample_id", "leaf"]).join(labelled, "sample_id", join_type="inner")
    leaf, labels = found["leaf"].to_numpy(), found["label"].to_pylist()
    counts: dict[tuple[int, int], Counter[str]] = defaultdict(Counter)
    for level, above in ancestors_by_level(tables["cluster_tree"]).items():
        for cluster, label in zip(above[leaf].tolist(), labels, strict=True):
            counts[level, cluster][label] += 1
    commonest = {key: of.most_common(1)[0] for key, of in counts.items()}
    return {key: label for key, (label, n) in commonest.items() if 2 * n > counts[key].total()}
