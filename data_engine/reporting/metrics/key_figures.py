"""The few figures that a report opens with: each says over what it was measured, and warns where it is bad.

The metrics are those of the quality report; how they are set is in `reporting/html/`.
"""

from dataclasses import dataclass

from data_engine.reporting import number_format
from data_engine.reporting.metrics.funnel import Metrics
from data_engine.reporting.metrics.label_metrics import SUSPICIOUS_BELOW
from data_engine.reporting.metrics.metric import Metric

#: A classifier whose probabilities are off by more than this on average is warned of.
MOST_CALIBRATION_ERROR = 0.1
#: More labels of low quality than this share are warned of.
MOST_SUSPICIOUS = 0.05


@dataclass(frozen=True)
class KeyFigure:
    """One of the few figures that a report opens with."""

    title: str
    value: str
    over: str
    """Over what it was measured."""
    detail: str
    warning: str
    """Why it is bad; empty where it is not."""
    section: str
    """The part of the report that says more."""


def key_figures(
    known: Metrics, *, n_classes: int | None, promise: float, given_in_hold_out: bool = False
) -> list[KeyFigure]:
    """The figures that were measured, in order.

    Args:
        known: metrics by (metric, scope).
        n_classes: known labels that a classifier was trained on to tell what the subset teaches; None where it was not.
        promise: precision in [0, 1] that the gate of the classifier has to certify.
        given_in_hold_out: whether labels that the data give may be in the hold-out.
    """
    found = (
        _worth(known, n_classes),
        _nearness(known) if n_classes is None else None,
        _imbalance(known),
        _label_accuracy(known, promise),
        _suspicious(known),
        _classifier(known, given_in_hold_out=given_in_hold_out),
        _accepted(known, promise),
    )
    return [figure for figure in found if figure is not None]


def _gain(known: Metrics, name: str) -> Metric | None:
    return next((metric for (other, _), metric in known.items() if other == name), None)


def _worth(known: Metrics, n_classes: int | None) -> KeyFigure | None:
    """The gain over random subsets, where a classifier could be trained to tell it."""
    accuracy, rare = _gain(known, "taught_accuracy_gain"), _gain(known, "taught_rare_recall_gain")
    if accuracy is None or rare is None or n_classes is None:
        return None
    judged = known.get(("taught_accuracy", accuracy.scope))
    over = f"over {n_classes:,} known labels" + (f", n = {judged.n:,} held-out samples" if judged and judged.n else "")
    spread = "" if accuracy.low is None else f" ({100 * accuracy.low:+.1f} to {100 * (accuracy.high or 0):+.1f})"
    return KeyFigure(
        "What it teaches",
        f"{100 * accuracy.value:+.1f} points",
        over,
        f"of macro accuracy against random subsets{spread}; rarest third {100 * rare.value:+.1f}",
        _no_gain(accuracy),
        "worth",
    )


def _no_gain(gain: Metric) -> str:
    if gain.value < 0:
        return "worse than a random subset"
    if gain.low is not None and gain.low <= 0:
        return "no surer than chance: the interval holds 0"
    return ""


def _nearness(known: Metrics) -> KeyFigure | None:
    """How much nearer held-out samples lie to the subset, where no classifier can tell what it teaches."""
    gain = _gain(known, "held_out_distance_gain")
    if gain is None:
        return None
    judged = known.get(("held_out_distance", gain.scope))
    return KeyFigure(
        "Distance of the rest",
        f"{gain.value:+.3f}",
        f"over n = {judged.n:,} held-out samples" if judged and judged.n else "over held-out samples",
        "1 - cosine to the nearest chosen sample, against random subsets",
        "farther than from a random subset" if gain.value > 0 else "",
        "worth",
    )


def _imbalance(known: Metrics) -> KeyFigure | None:
    # Of as many random samples: a small subset cannot hold all labels, so that all samples are no measure for it.
    random, balanced = known.get(("kl_to_uniform", "random")), known.get(("kl_to_uniform", "balanced"))
    if random is None or balanced is None:
        return None
    groups = next((f"{m.value:,.0f} {scope}" for (name, scope), m in known.items() if name == "groups"), "groups")
    n = f", n = {balanced.n:,}" if balanced.n else ""
    return KeyFigure(
        "Imbalance",
        f"{random.value:.2f} → {balanced.value:.2f}",
        f"over {groups}{n}",
        "KL to uniform in nats, random → balanced subset; 0 is even",
        "balanced is farther from even than random" if balanced.value > random.value else "",
        "balance",
    )


def _label_accuracy(known: Metrics, promise: float) -> KeyFigure | None:
    metric = known.get(("label_accuracy", "all"))
    if metric is None:
        return None
    labelled = known.get(("funnel", "labelled"))
    of = f" of {labelled.value:,.0f} labels" if labelled else " labels"
    is_below = metric.high is not None and metric.high < promise
    return KeyFigure(
        "Label accuracy",
        number_format.figure(metric),
        f"over the {metric.n:,}{of} whose class is known beforehand",
        number_format.interval(metric),
        f"below the {number_format.share(promise)} that the gate promises" if is_below else "",
        "labels",
    )


def _suspicious(known: Metrics) -> KeyFigure | None:
    metric = known.get(("suspicious_share", "all"))
    if metric is None or not metric.n:
        return None
    return KeyFigure(
        "Labels of low quality",
        number_format.figure(metric),
        f"over {metric.n:,} labels",
        f"below {SUSPICIOUS_BELOW}: their neighbours and a classifier that has not seen them disagree",
        f"more than {number_format.share(MOST_SUSPICIOUS)}" if metric.value > MOST_SUSPICIOUS else "",
        "doubtful",
    )


def _classifier(known: Metrics, *, given_in_hold_out: bool) -> KeyFigure | None:
    metric, error = known.get(("classifier_accuracy", "all")), known.get(("calibration_error", "all"))
    if metric is None:
        return None
    is_off = error is not None and error.value > MOST_CALIBRATION_ERROR
    return KeyFigure(
        "Classifier accuracy",
        number_format.figure(metric),
        (f"over a hold-out of {metric.n:,}" if metric.n else "over the hold-out")
        + (" that holds imported labels where nobody answered" if given_in_hold_out else ""),
        number_format.interval(metric) + (f"; calibration error {number_format.figure(error)}" if error else ""),
        f"its probabilities are off by more than {number_format.share(MOST_CALIBRATION_ERROR)}" if is_off else "",
        "gate",
    )


def _accepted(known: Metrics, promise: float) -> KeyFigure | None:
    accepted = known.get(("accepted_share", "all"))
    if accepted is None:
        return None
    bound = known.get(("gate_lower_bound", "all"))
    warning = "" if bound else "no gate of the classifier is certified"
    if bound and bound.value < promise:
        warning = f"certified below the promise of {number_format.share(promise)}"
    detail = f"certified ≥ {number_format.share(bound.value)} on {bound.n:,} checked" if bound else "the rest wait"
    return KeyFigure(
        "Accepted without a person",
        number_format.figure(accepted),
        f"over {accepted.n:,} proposals",
        detail,
        warning,
        "gate",
    )
