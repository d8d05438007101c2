"""Figures by slice: what `labels.slices` tells samples apart by, each with its interval.

The classifier's accuracy per slice of the hold-out is computed by the step `classifier`.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data_engine.corpus import Corpus
from data_engine.labeling.models.hold_out_figures import N_SLICES
from data_engine.labeling.models.slices import CLUSTER, slices_of
from data_engine.reporting.metrics.cluster_names import names_of_top_clusters
from data_engine.reporting.metrics.known_labels import ancestors, known_classes
from data_engine.reporting.metrics.metric import Metric, share_metric
from data_engine.reporting.metrics.round_comparison import figures_of, own_rounds
from data_engine.schemas import Tables

SLICE_FIGURES = ("slice_accuracy", "slice_label_quality", "slice_label_accuracy", "slice_accepted_share")
"""The metrics whose scope is a slice."""


def slice_metrics(corpus: Corpus, tables: Tables) -> list[Metric]:
    """All figures by slice that the tables allow; the scope of each is `column: value`."""
    columns = corpus.labels.slices
    if not columns or "raw_index" not in tables:
        return []
    return [*_of_hold_out(tables, columns), *_of_labels(corpus, tables), *_of_proposals(corpus, tables)]


def _of_hold_out(tables: Tables, columns: Sequence[str]) -> Iterator[Metric]:
    rounds = own_rounds(tables)
    if not rounds or "classifier_figures" not in tables:
        return
    note = "Accuracy of the newest round on the samples of the hold-out that have this value."
    for (trained_on, column, value, _), row in figures_of(tables, rounds[-1]["classifier_version"]).items():
        if trained_on == "all" and column in columns:
            share, low, high, n = row["share"], row["low"], row["high"], row["n"]
            yield Metric("slice_accuracy", f"{column}: {value}", share, "share", "higher_is_better", note, low, high, n)


def _of_labels(corpus: Corpus, tables: Tables) -> Iterator[Metric]:
    if "labels" not in tables:
        return
    ids, labels = (tables["labels"][name].to_pylist() for name in ("sample_id", "label"))
    quality, known = tables["labels"]["quality"].to_numpy(), {}
    if corpus.known_label_column is not None:
        known = known_classes(corpus, tables["raw_index"])
    is_right = {i: labels[i] == known[key] for i, key in enumerate(ids) if key in known}
    for scope, rows in _scopes(corpus, tables, ids):
        note = "Mean quality of the labels of samples that have this value."
        mean = float(quality[rows].mean())
        yield Metric("slice_label_quality", scope, mean, "score", "higher_is_better", note, n=len(rows))
        judged = [is_right[row] for row in rows.tolist() if row in is_right]
        if judged:
            note = "Share of the labels with this value that equal the class known beforehand."
            yield share_metric("slice_label_accuracy", scope, judged, note)


def _of_proposals(corpus: Corpus, tables: Tables) -> Iterator[Metric]:
    if "proposals" not in tables:
        return
    ids, routes = (tables["proposals"][name].to_pylist() for name in ("sample_id", "route"))
    note = "Share of the proposals with this value that are accepted without a person."
    for scope, rows in _scopes(corpus, tables, ids):
        accepted = [routes[row] != "person" for row in rows.tolist()]
        yield share_metric("slice_accepted_share", scope, accepted, note, "neutral")


def _scopes(corpus: Corpus, tables: Tables, ids: list[str]) -> Iterator[tuple[str, np.ndarray]]:
    """Each `column: value` with the numbers of its rows, the commonest first, of a column with many values 20."""
    columns = corpus.labels.slices
    values_of = slices_of(ids, columns, tables["raw_index"], _clusters(tables, ids) if CLUSTER in columns else {})
    for column, values in values_of.items():
        counts = Counter(value for value in values if value is not None)
        for value, _ in sorted(counts.most_common(N_SLICES), key=lambda each: (-each[1], each[0])):
            yield f"{column}: {value}", np.flatnonzero([each == value for each in values])


def _clusters(tables: Tables, ids: Sequence[str]) -> dict[str, str]:
    """The name of the top cluster of those of some samples that are in the tree."""
    if not {"cluster_tree", "tree_assignments"} <= set(tables):
        return {}
    names, top = names_of_top_clusters(tables), ancestors(tables["cluster_tree"])
    assigned = tables["tree_assignments"].select(["sample_id", "leaf"])
    assigned = assigned.filter(pc.is_in(assigned["sample_id"], value_set=pa.array(ids, pa.string())))
    leaves = zip(assigned["sample_id"].to_pylist(), assigned["leaf"].to_pylist(), strict=True)
    return {sample_id: names[int(top[leaf])] for sample_id, leaf in leaves}
