"""Metrics of labels and classifier.

Those of annotators are in `annotator_metrics.py`, those of the funnel, the tree and the balance in `report_metrics.py`.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data_engine.corpus import Corpus
from data_engine.reporting.columns_on_demand import pieces_where
from data_engine.reporting.metrics.annotator_metrics import annotator_metrics
from data_engine.reporting.metrics.known_labels import known_classes
from data_engine.reporting.metrics.metric import Direction, Metric, share_metric
from data_engine.schemas import Tables

#: A label of less quality than this is worth a second look.
SUSPICIOUS_BELOW = 0.2
DIFFICULTIES = ("easy", "medium", "hard")


def label_metrics(corpus: Corpus, tables: Tables) -> list[Metric]:
    """All metrics about labels that the tables allow; tables without rows are left out by the caller."""
    metrics = []
    if "labels" in tables:
        metrics += _kept_outside(tables["labels"])
        metrics += _quality(tables["labels"])
        metrics += _accuracy(corpus, tables)
    if "first_pass" in tables:
        metrics += _junk_precision(corpus, tables)
    if "classifier" in tables:
        metrics += _classifier(classifier_in_service(tables["classifier"]))
    if "proposals" in tables:
        metrics += _routing(corpus, tables["proposals"], tables.get("foundation_answers"))
    if "reviewed_labels" in tables:
        answers = latest_answers(tables["reviewed_labels"])
        metrics += annotator_metrics(answers)
        if "proposals" in tables:
            metrics += _difficulty(answers, tables["proposals"])
    return metrics


def labels_in_subset(labels: pa.Table) -> pa.Table:
    """The labels of samples that are in the subset of now."""
    return labels.filter(pc.fill_null(labels["in_subset"], True))


def _kept_outside(labels: pa.Table) -> list[Metric]:
    n = labels.num_rows - labels_in_subset(labels).num_rows
    note = "Samples outside the subset of now whose labels are kept, because people gave them."
    return [Metric("kept_labels", "all", n, "samples", "neutral", note, n=labels.num_rows)] if n else []


def latest_answers(answers: pa.Table) -> list[dict[str, object]]:
    """The last revision of every answer, in the order of the table; decisions and corrections are none."""
    last: dict[tuple[str, str], dict[str, object]] = {}
    is_answer = pc.and_(
        pc.not_equal(answers["provenance"], "adjudicated"), pc.not_equal(answers["purpose"], "correction")
    )
    for row in answers.filter(is_answer).to_pylist():
        key = (row["task_id"], row["annotator"])
        if key not in last or row["revision"] >= last[key]["revision"]:
            last[key] = row
    return list(last.values())


def classifier_in_service(classifiers: pa.Table) -> dict[str, object]:
    """The row of the version in service; the last row where none is."""
    from data_engine.labeling import row_in_service

    rows = classifiers.drop_columns(["artefact"])
    return row_in_service(rows) or rows.slice(rows.num_rows - 1).to_pylist()[0]


def _quality(labels: pa.Table) -> list[Metric]:
    quality = labels["quality"].to_numpy()
    n = labels.num_rows
    if labels["label"].null_count == n:
        # Of what is no class nobody can say how credible it is beside others.
        return _shares_of_makers(labels)
    note = "Mean label quality, from the agreement of neighbours and the out-of-fold confidence of a classifier."
    metrics = [Metric("label_quality", "all", float(quality.mean()), "score", "higher_is_better", note, n=n)]
    provenance = np.array(labels["provenance"].to_pylist())
    for name in sorted(set(provenance.tolist())):
        mine = quality[provenance == name]
        metrics.append(
            Metric("label_quality", name, float(mine.mean()), "score", "higher_is_better", note, n=len(mine))
        )
    metrics.append(
        Metric(
            "suspicious_share",
            "all",
            float((quality < SUSPICIOUS_BELOW).mean()),
            "share",
            "lower_is_better",
            f"Share of the labels whose quality is below {SUSPICIOUS_BELOW}; the report lists the lowest.",
            n=n,
        )
    )
    return [*metrics, *_shares_of_makers(labels)]


def _shares_of_makers(labels: pa.Table) -> list[Metric]:
    n, note = labels.num_rows, "Share of the labels made this way."
    return [
        Metric("provenance_share", name, count / n, "share", "neutral", note, n=n)
        for name, count in sorted(Counter(labels["provenance"].to_pylist()).items())
    ]


def _known_classes(corpus: Corpus, tables: Tables) -> dict[str, str]:
    if corpus.known_label_column is None or "raw_index" not in tables:
        return {}
    return known_classes(corpus, tables["raw_index"])


def _accuracy(corpus: Corpus, tables: Tables) -> list[Metric]:
    known = _known_classes(corpus, tables)
    is_right: dict[str, list[bool]] = defaultdict(list)
    for row in tables["labels"].select(["sample_id", "label", "provenance"]).to_pylist():
        if row["sample_id"] in known:
            for scope in ("all", row["provenance"]):
                is_right[scope].append(row["label"] == known[row["sample_id"]])
    note = "Share of the labels that equal the class known beforehand, which no step was trained on."
    return [
        share_metric("label_accuracy", scope, is_right[scope], f"{note}{_SIMULATED_NOTE.get(scope, '')}")
        for scope in sorted(is_right, key=lambda name: (name != "all", name))
    ]


_SIMULATED_NOTE = {"simulated": " Simulated annotators answer from that class, with the error rate they were given."}


def _junk_precision(corpus: Corpus, tables: Tables) -> list[Metric]:
    known = _known_classes(corpus, tables)
    if not known or corpus.labels.out_of_scope is None:
        return []
    is_junk = pc.match_substring(pc.field("reason"), "junk")
    pieces = pieces_where(tables["first_pass"], ["sample_id"], is_junk)
    rejected = [key for piece in pieces for key in piece["sample_id"].to_pylist()]
    outcomes = [known[key] == corpus.labels.out_of_scope for key in rejected if key in known]
    if not outcomes:
        return []
    note = "Share of what the junk rule rejected that is known to be out of scope."
    return [share_metric("junk_precision", "all", outcomes, note)]


@dataclass(frozen=True)
class _Figure:
    """A column of the classifier table as a metric."""

    metric: str
    column: str
    unit: str
    direction: Direction
    note: str
    is_share_of_hold_out: bool = True


_HOLD_OUT = "on the hold-out, which was never trained on"
_CLASSIFIER_FIGURES = (
    _Figure("classifier_accuracy", "accuracy", "share", "higher_is_better", f"Accuracy {_HOLD_OUT}"),
    _Figure(
        "calibration_error",
        "calibration_error",
        "share",
        "lower_is_better",
        f"Expected calibration error {_HOLD_OUT}, in 10 bins",
        is_share_of_hold_out=False,
    ),
    _Figure(
        "query_accuracy",
        "query_accuracy",
        "share",
        "higher_is_better",
        f"Accuracy {_HOLD_OUT}, of a classifier trained on query batches alone",
    ),
    _Figure(
        "control_accuracy",
        "control_accuracy",
        "share",
        "higher_is_better",
        f"Accuracy {_HOLD_OUT}, of a classifier trained on random control batches of the same size alone",
    ),
    _Figure(
        "training_samples",
        "n_training",
        "samples",
        "neutral",
        "Labelled samples that the classifier was trained on",
        is_share_of_hold_out=False,
    ),
)


def _classifier(row: Mapping[str, object]) -> list[Metric]:
    from data_engine.labeling import binomial_interval

    n_hold_out = row["n_hold_out"]
    n = n_hold_out if isinstance(n_hold_out, int) else 0
    metrics = []
    for figure in _CLASSIFIER_FIGURES:
        value = row[figure.column]
        if isinstance(value, int | float):
            is_share = figure.is_share_of_hold_out
            low, high = binomial_interval(round(value * n), n, confidence=0.9) if is_share else (None, None)
            note = f"{figure.note} ({row['classifier_version']})."
            metrics.append(Metric(figure.metric, "all", value, figure.unit, figure.direction, note, low, high, n))
    return [*metrics, *_gate(row)]


def _gate(row: Mapping[str, object]) -> list[Metric]:
    threshold, bound, n = row["gate_threshold"], row["gate_lower_bound"], row["gate_n_checked"]
    target = row["gate_target"]
    if not isinstance(threshold, float) or not isinstance(bound, float) or not isinstance(n, int):
        return []
    return [
        Metric(
            "gate_threshold",
            "all",
            threshold,
            "share",
            "neutral",
            "Probability from which a proposal is accepted.",
            n=n,
        ),
        Metric(
            "gate_lower_bound",
            "all",
            bound,
            "share",
            "higher_is_better",
            f"Clopper-Pearson lower bound of the accepted precision on the hold-out; the promise is {target}.",
            n=n,
        ),
    ]


def _routing(corpus: Corpus, proposals: pa.Table, paid: pa.Table | None) -> list[Metric]:
    """What deciders take without a person: in all, each of them where there are several, and what routing costs."""
    n, taken = proposals.num_rows, Counter(proposals["route"].to_pylist())
    share = float(np.mean([route != "person" for route in proposals["route"].to_pylist()]))
    note = "Share of the proposals that the gate accepts without a person."
    metrics = [Metric("accepted_share", "all", share, "share", "neutral", note, n=n)]
    alone = [name for name in corpus.labels.decider_names if name != "person"]
    if len(alone) > 1:
        note = "Share of the proposals that this decider takes without a person."
        metrics += [Metric("accepted_share", name, taken[name] / n, "share", "neutral", note, n=n) for name in alone]
    return [*metrics, *_costs(corpus, taken, n, 0.0 if paid is None else pc.sum(paid["cost"]).as_py())]


def _costs(corpus: Corpus, taken: Mapping[str, int], n: int, paid: float) -> list[Metric]:
    """A decider costs what it is asked: every sample that none before it took; of a foundation model what was paid."""
    costs, n_asked = {}, n
    for decider in corpus.labels.deciders:
        cost = paid if decider.name == "foundation_model" else decider.cost * n_asked
        costs[decider.name] = (cost, n_asked)
        n_asked -= taken[decider.name]
    if not any(cost for cost, _ in costs.values()):
        return []
    note = "Cost of one decision, as labels.deciders says it, times the samples that came to this decider."
    per_decider = [
        Metric("decision_cost", name, cost, "cost", "lower_is_better", note, n=asked)
        for name, (cost, asked) in costs.items()
    ]
    total = sum(cost for cost, _ in costs.values())
    return [Metric("decision_cost", "all", total, "cost", "lower_is_better", f"{note} In all.", n=n), *per_decider]


def _difficulty(answers: list[dict[str, object]], proposals: pa.Table) -> list[Metric]:
    truth = {str(row["sample_id"]): row["label"] for row in answers if row["purpose"] == "hold_out"}
    is_wrong: dict[str, list[bool]] = defaultdict(list)
    for row in proposals.select(["sample_id", "label", "difficulty"]).to_pylist():
        if row["sample_id"] in truth:
            is_wrong[row["difficulty"]].append(row["label"] != truth[row["sample_id"]])
    note = "Share of the hold-out's proposals of this difficulty that are wrong; it should rise from easy to hard."
    return [
        share_metric("hold_out_error", name, is_wrong[name], note, "lower_is_better")
        for name in DIFFICULTIES
        if is_wrong[name]
    ]
