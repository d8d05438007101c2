"""Samples that the report shows: examples of every reason, of the largest and smallest clusters, and doubtful labels.

All clusters are in `tree_view.py`. Examples are taken in the order of their sample_id, which is a hash of the content:
as good as random, and the same on every run.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data_engine.reporting.metrics.known_labels import ancestors
from data_engine.reporting.sample_text import shown_samples
from data_engine.schemas import Tables

N_EXAMPLES = 3
#: Members of a cluster that a montage shows.
N_MEMBERS = 24
N_CLUSTERS = 4
N_DOUBTFUL = 15
#: Labels of at least this quality are not worth a second look.
DOUBTFUL_BELOW = 0.5


@dataclass(frozen=True)
class Rejected:
    """One rejected sample."""

    sample_id: str
    text: str
    score: float | None
    threshold: float | None
    twin: str
    """The kept sample that it repeats; empty for other reasons."""
    twin_id: str


@dataclass(frozen=True)
class Reason:
    """The samples that one rule of the first pass rejected."""

    name: str
    n: int
    examples: tuple[Rejected, ...]


@dataclass(frozen=True)
class Cluster:
    """One cluster of the coarsest level."""

    number: int
    n_samples: int
    n_chosen: int
    common_label: str
    """The commonest label among its labelled samples; empty when none is labelled."""
    examples: tuple[str, ...]
    members: tuple[str, ...]
    """Up to 24 of its sample ids."""


@dataclass(frozen=True)
class Doubtful:
    """A label of low quality."""

    sample_id: str
    text: str
    label: str
    provenance: str
    quality: float


def reasons(tables: Tables) -> tuple[Reason, ...]:
    """Every reason of the first pass with its count and up to three examples, the commonest first."""
    if not {"first_pass", "raw_index"} <= set(tables):
        return ()
    judged = tables["first_pass"].select(
        ["sample_id", "uri", "verdict", "reason", "score", "threshold", "duplicate_of"]
    )
    rejected = judged.filter(pc.not_equal(judged["verdict"], "kept"))
    rejected = rejected.sort_by([("sample_id", "ascending"), ("uri", "ascending")])
    counts = Counter(rejected["reason"].to_pylist())
    shown: dict[str, list[dict[str, object]]] = {
        name: rejected.filter(pc.equal(rejected["reason"], name)).slice(0, N_EXAMPLES).to_pylist() for name in counts
    }
    rows = [row for examples in shown.values() for row in examples]
    texts = _texts(tables["raw_index"], "uri", (str(row["uri"]) for row in rows))
    twins = _texts(tables["raw_index"], "sample_id", (str(row["duplicate_of"]) for row in rows if row["duplicate_of"]))

    def example(row: dict[str, object]) -> Rejected:
        score, threshold = row["score"], row["threshold"]
        return Rejected(
            sample_id=str(row["sample_id"]),
            text=texts.get(str(row["uri"]), str(row["uri"])),
            score=score if isinstance(score, float) else None,
            threshold=threshold if isinstance(threshold, float) else None,
            twin=twins.get(str(row["duplicate_of"]), ""),
            twin_id=str(row["duplicate_of"] or ""),
        )

    order = sorted(counts, key=lambda name: (-counts[name], name))
    return tuple(Reason(name, counts[name], tuple(map(example, shown[name]))) for name in order)


def clusters(tables: Tables) -> tuple[tuple[Cluster, ...], tuple[Cluster, ...]]:
    """The largest and the smallest non-empty clusters of the coarsest level, with up to three examples each."""
    if not {"cluster_tree", "tree_assignments", "raw_index"} <= set(tables):
        return (), ()
    assigned = tables["tree_assignments"].sort_by("sample_id")
    top = ancestors(tables["cluster_tree"])[assigned["leaf"].to_numpy()]
    sizes = np.bincount(top)
    order = [int(k) for k in np.argsort(-sizes, kind="stable") if sizes[k]]
    n_each = min(N_CLUSTERS, len(order) // 2) if len(order) > 1 else 1
    largest, smallest = order[:n_each], order[n_each:][-n_each:]
    ids = np.array(assigned["sample_id"].to_pylist(), dtype=object)
    shown = {k: ids[np.flatnonzero(top == k)[:N_MEMBERS]].tolist() for k in [*largest, *smallest]}
    texts = _texts(tables["raw_index"], "sample_id", (key for keys in shown.values() for key in keys[:N_EXAMPLES]))
    top_of = dict(zip(ids.tolist(), top.tolist(), strict=True))
    chosen = tables["balanced_subset"]["top_cluster"].to_pylist() if "balanced_subset" in tables else []
    n_chosen, label_of = Counter(chosen), _common_labels(tables, top_of)

    def cluster(k: int) -> Cluster:
        examples = tuple(texts.get(key, key) for key in shown[k][:N_EXAMPLES])
        return Cluster(k, int(sizes[k]), n_chosen[k], label_of.get(k, ""), examples, tuple(shown[k]))

    return tuple(map(cluster, largest)), tuple(map(cluster, smallest))


def _common_labels(tables: Tables, top_of: Mapping[str, int]) -> dict[int, str]:
    if "labels" not in tables:
        return {}
    per_cluster: dict[int, Counter[str]] = defaultdict(Counter)
    for row in tables["labels"].select(["sample_id", "label"]).to_pylist():
        if row["sample_id"] in top_of:
            per_cluster[top_of[row["sample_id"]]][row["label"]] += 1
    return {k: min(counts.items(), key=lambda item: (-item[1], item[0]))[0] for k, counts in per_cluster.items()}


def doubtful_labels(tables: Tables) -> tuple[Doubtful, ...]:
    """Up to fifteen labels of low quality, worst first."""
    if not {"labels", "raw_index"} <= set(tables):
        return ()
    low = tables["labels"].filter(pc.less(tables["labels"]["quality"], DOUBTFUL_BELOW))
    rows = low.sort_by([("quality", "ascending"), ("sample_id", "ascending")]).slice(0, N_DOUBTFUL).to_pylist()
    texts = _texts(tables["raw_index"], "sample_id", (row["sample_id"] for row in rows))
    return tuple(
        Doubtful(
            row["sample_id"],
            texts.get(row["sample_id"], row["sample_id"]),
            row["label"],
            row["provenance"],
            float(row["quality"]),
        )
        for row in rows
    )


def _texts(raw_index: pa.Table, key: str, keys: Iterable[str]) -> dict[str, str]:
    return {name: shown.text for name, shown in shown_samples(raw_index, keys, key=key).items()}
