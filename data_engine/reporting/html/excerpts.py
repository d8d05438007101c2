"""Samples that the report shows: examples of every reason, of the largest and smallest clusters, and doubtful labels.

All clusters are in `tree_view.py`. Examples are taken in the order of their sample_id, which is a hash of the content:
as good as random, and the same on every run.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from data_engine.labeling.doubts import Doubt, doubts
from data_engine.reporting.columns_on_demand import counted, pieces_where
from data_engine.reporting.metrics.cluster_names import names_of_top_clusters
from data_engine.reporting.metrics.known_labels import ancestors
from data_engine.reporting.number_format import share
from data_engine.reporting.sample_text import shown_samples
from data_engine.schemas import Tables
from data_engine.schemas.long_columns import one_array, taken

N_EXAMPLES = 3
#: Members of a cluster that a montage shows.
N_MEMBERS = 24
N_CLUSTERS = 4
N_DOUBTFUL = 15
#: Neighbours with another label that are shown of each.
N_NEIGHBOURS = 4
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

    name: str
    n_samples: int
    n_chosen: int
    common_label: str
    """The commonest label among its labelled samples, and of how many; empty when none is, or its name says it."""
    examples: tuple[str, ...]
    members: tuple[str, ...]
    """Up to 24 of its sample ids."""


@dataclass(frozen=True)
class Neighbour:
    """A labelled sample near one whose label is in doubt."""

    sample_id: str
    text: str
    label: str


@dataclass(frozen=True)
class Doubtful:
    """A label of low quality."""

    sample_id: str
    text: str
    label: str
    provenance: str
    quality: float
    suggested: str
    """The class that most of its neighbours with another label have; else what the classifier proposes; else empty."""
    votes: str
    """How the neighbours are labelled, as words; empty where nothing is known of them."""
    proposed: str
    """What the classifier proposes, with its probability, as words; empty where that is the label itself."""
    neighbours: tuple[Neighbour, ...]
    """Those with another label, the nearest first."""


@dataclass(frozen=True)
class DoubtfulLabels:
    """The labels of low quality."""

    n: int
    worst: tuple[Doubtful, ...]
    """The lowest of them, worst first."""


def reasons(tables: Tables) -> tuple[Reason, ...]:
    """Every reason of the first pass with its count and up to three examples, the commonest first."""
    if not {"first_pass", "raw_index"} <= set(tables):
        return ()
    counts: Counter[str] = Counter()
    first: dict[str, pa.Table] = {}
    columns = ["sample_id", "uri", "reason", "score", "threshold", "duplicate_of"]
    for rejected in pieces_where(tables["first_pass"], columns, pc.field("verdict") != "kept"):
        for name, n in counted(rejected, ["reason"]).items():
            counts[name[0]] += n
            found = rejected.filter(pc.equal(rejected["reason"], name[0]))
            found = pa.concat_tables([first[name[0]], found]) if name[0] in first else found
            first[name[0]] = found.sort_by([("sample_id", "ascending"), ("uri", "ascending")]).slice(0, N_EXAMPLES)
    shown: dict[str, list[dict[str, object]]] = {name: rows.to_pylist() for name, rows in first.items()}
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
    assigned = tables["tree_assignments"]
    top = ancestors(tables["cluster_tree"])[assigned["leaf"].to_numpy()]
    sizes = np.bincount(top)
    order = [int(k) for k in np.argsort(-sizes, kind="stable") if sizes[k]]
    n_each = min(N_CLUSTERS, len(order) // 2) if len(order) > 1 else 1
    largest, smallest = order[:n_each], order[n_each:][-n_each:]
    shown = {k: _first_members(assigned["sample_id"], top == k) for k in [*largest, *smallest]}
    texts = _texts(tables["raw_index"], "sample_id", (key for keys in shown.values() for key in keys[:N_EXAMPLES]))
    chosen = tables["balanced_subset"]["top_cluster"].to_pylist() if "balanced_subset" in tables else []
    n_chosen, label_of = Counter(chosen), _common_labels(tables, top)

    names = names_of_top_clusters(tables)

    def cluster(k: int) -> Cluster:
        examples = tuple(texts.get(key, key) for key in shown[k][:N_EXAMPLES])
        label, n_of_label, n_labelled = label_of.get(k, ("", 0, 0))
        # A cluster without terms goes by the label of most in it already.
        is_told = not label or names[k].endswith(f"mostly {label}")
        label = "" if is_told else f"{label} ({n_of_label:,} of {n_labelled:,} labelled)"
        return Cluster(names[k], int(sizes[k]), n_chosen[k], label, examples, tuple(shown[k]))

    return tuple(map(cluster, largest)), tuple(map(cluster, smallest))


def _first_members(sample_ids: pa.ChunkedArray, is_member: NDArray[np.bool_]) -> list[str]:
    """The first of the ids of some samples, in their order."""
    ids = pa.table({"sample_id": sample_ids.filter(pa.array(is_member))})
    first = pc.select_k_unstable(ids, k=min(N_MEMBERS, ids.num_rows), sort_keys=[("sample_id", "ascending")])
    found: list[str] = ids["sample_id"].take(first).to_pylist()
    return found


def _common_labels(tables: Tables, top: NDArray[np.int64]) -> dict[int, tuple[str, int, int]]:
    """The commonest label of each cluster, how many samples have it, and how many have one.

    Args:
        tables: labels, and tree_assignments.
        top: (n_samples,) cluster of each row of tree_assignments.
    """
    if "labels" not in tables:
        return {}
    per_cluster: dict[int, Counter[str]] = defaultdict(Counter)
    labels = tables["labels"].select(["sample_id", "label"])
    ids = tables["tree_assignments"]["sample_id"]
    rows = np.flatnonzero(pc.is_in(ids, value_set=one_array(labels["sample_id"])).to_numpy())
    top_of = dict(zip(taken(ids, rows).to_pylist(), top[rows].tolist(), strict=True))
    for row in labels.to_pylist():
        if row["sample_id"] in top_of:
            per_cluster[top_of[row["sample_id"]]][row["label"]] += 1
    commonest = {k: min(counts.items(), key=lambda item: (-item[1], item[0])) for k, counts in per_cluster.items()}
    return {k: (label, n, per_cluster[k].total()) for k, (label, n) in commonest.items()}


def doubtful_labels(tables: Tables, embeddings: Mapping[str, NDArray[np.float32]]) -> DoubtfulLabels:
    """The labels of low quality; of the worst fifteen, the class suggested in their place and who disagrees.

    Args:
        tables: labels and raw_index; proposals gives what the classifier proposes.
        embeddings: of labelled samples by id, a unit row each; of samples without one no neighbours are shown.
    """
    if not {"labels", "raw_index"} <= set(tables):
        return DoubtfulLabels(0, ())
    labels = tables["labels"].filter(pc.is_valid(tables["labels"]["label"]))
    low = labels.filter(pc.less(labels["quality"], DOUBTFUL_BELOW))
    rows = low.sort_by([("quality", "ascending"), ("sample_id", "ascending")]).slice(0, N_DOUBTFUL).to_pylist()
    known = labels.filter(pc.is_in(labels["sample_id"], pa.array(sorted(embeddings), pa.string()))).sort_by("sample_id")
    ids, names = known["sample_id"].to_pylist(), known["label"].to_pylist()
    found = _doubts(embeddings, ids, names, [row["sample_id"] for row in rows])
    near = {key: [ids[place] for place in doubt.disagreeing[:N_NEIGHBOURS]] for key, doubt in found.items()}
    shown = {row["sample_id"] for row in rows}.union(*near.values())
    texts, proposals = _texts(tables["raw_index"], "sample_id", shown), _proposals(tables, shown)
    label_of = dict(zip(ids, names, strict=True))

    def doubtful(row: dict[str, Any]) -> Doubtful:
        key, doubt = row["sample_id"], found.get(row["sample_id"])
        proposed, probability = proposals.get(key, (row["label"], 0.0))
        other = "" if proposed == row["label"] else proposed
        return Doubtful(
            sample_id=key,
            text=texts.get(key, key),
            label=row["label"],
            provenance=row["provenance"],
            quality=float(row["quality"]),
            suggested=(doubt.suggested if doubt and doubt.suggested else "") or other,
            votes=_votes(doubt, row["label"]),
            proposed=f"the classifier in service proposes {other} ({share(probability)})" if other else "",
            neighbours=tuple(Neighbour(o, texts.get(o, o), label_of[o]) for o in near.get(key, ())),
        )

    return DoubtfulLabels(low.num_rows, tuple(map(doubtful, rows)))


def _doubts(
    embeddings: Mapping[str, NDArray[np.float32]], ids: list[str], labels: list[str], doubted: list[str]
) -> dict[str, Doubt]:
    """What speaks against the labels of those of the samples that have an embedding, by id."""
    place = {key: row for row, key in enumerate(ids)}
    some = [key for key in doubted if key in place]
    if not some:
        return {}
    x = np.stack([embeddings[key] for key in ids])
    return dict(zip(some, doubts(x, labels, [place[key] for key in some]), strict=False))


def _votes(doubt: Doubt | None, label: str) -> str:
    if doubt is None or doubt.suggested is None:
        return ""
    return (
        f"of its {doubt.n_neighbours} nearest labelled samples {doubt.n_suggesting} are labelled {doubt.suggested}, "
        f"{doubt.n_agreeing or 'none'} {label}"
    )


def _proposals(tables: Tables, sample_ids: Collection[str]) -> dict[str, tuple[str, float]]:
    """Class and probability that the classifier proposes, by sample."""
    if "proposals" not in tables:
        return {}
    proposals = tables["proposals"].select(["sample_id", "label", "probability"])
    rows = proposals.filter(pc.is_in(proposals["sample_id"], pa.array(sorted(sample_ids), pa.string()))).to_pylist()
    return {row["sample_id"]: (row["label"], float(row["probability"])) for row in rows if row["label"] is not None}


def _texts(raw_index: pa.Table, key: str, keys: Iterable[str]) -> dict[str, str]:
    return {name: shown.text for name, shown in shown_samples(raw_index, keys, key=key).items()}
