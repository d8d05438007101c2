"""Metrics of annotators: how much they answer, how alike, how fast, and how many traps they catch.

Metrics of labels and of the classifier are in `label_metrics.py`.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping

import numpy as np

from data_engine.labeling.answers.shown_annotators import shown_annotator
from data_engine.reporting.metrics.metric import Metric, share_metric

AnswerRows = list[dict[str, object]]


def annotator_metrics(answers: AnswerRows) -> list[Metric]:
    """All metrics about who answers; people are named by codes.

    Args:
        answers: rows of `schemas.REVIEWED_LABELS`, the last revision of each and without decisions.
    """
    if not answers:
        return []
    per_annotator = Counter(shown_annotator(str(row["annotator"])) for row in answers)
    note = "Answers given, corrections counted once."
    metrics = [Metric("answers", "all", len(answers), "answers", "neutral", note)]
    metrics += [Metric("answers", name, n, "answers", "neutral", note) for name, n in sorted(per_annotator.items())]
    n_simulated = sum(bool(row["is_simulated"]) for row in answers)
    note = "Share of the answers that simulated annotators gave."
    share = n_simulated / len(answers)
    metrics.append(Metric("simulated_answer_share", "all", share, "share", "neutral", note, n=len(answers)))
    return [*metrics, *_traps(answers), *_drift(answers), *_seconds(answers), *_agreement(answers)]


def _traps(answers: AnswerRows) -> list[Metric]:
    from data_engine.labeling.answers.annotator_figures import is_trap
    from data_engine.labeling.answers.registry import answer_kind

    caught: dict[str, list[bool]] = defaultdict(list)
    for row in answers:
        if is_trap(row):
            kind = answer_kind(str(row["kind"]))
            is_caught = not kind.is_same(str(row["answer"]), str(row["proposed_answer"]))
            for scope in ("all", shown_annotator(str(row["annotator"]))):
                caught[scope].append(is_caught)
    note = "Known-wrong proposals that were not accepted."
    return [share_metric("trap_catch_rate", scope, caught[scope], note) for scope in _all_first(caught)]


def _drift(answers: AnswerRows) -> list[Metric]:
    """Of annotators who do worse in their newest batch: by how much."""
    from data_engine.labeling.answers.annotator_drift import drifted_annotators
    from data_engine.labeling.answers.registry import kind_of

    newest = max(str(row["review_batch"]) for row in answers)
    now = [row for row in answers if row["review_batch"] == newest]
    before = [row for row in answers if row["review_batch"] != newest]
    kind = kind_of(str(row["kind"]) for row in answers)
    notes = {
        "traps": f"Share of the traps of {newest} caught, less that of earlier batches; chance explains it badly.",
        "agreement": f"Agreement with the others in {newest}, less that in earlier batches; chance explains it badly.",
    }
    return [
        Metric(
            "annotator_drift",
            f"{shown_annotator(each.annotator)}, {each.what}",
            each.share - each.share_before,
            "share",
            "higher_is_better",
            notes[each.what],
            n=each.n,
        )
        for each in drifted_annotators(now, before, kind)
    ]


def _seconds(answers: AnswerRows) -> list[Metric]:
    seconds = [row["active_s"] for row in answers if not row["is_simulated"] and isinstance(row["active_s"], float)]
    if not seconds:
        return []
    low, high = np.quantile(seconds, [0.05, 0.95])
    note = "Median active seconds per answer of people; the interval holds 90 % of the answers."
    median, n = float(np.median(seconds)), len(seconds)
    return [Metric("seconds_per_answer", "people", median, "seconds", "lower_is_better", note, low, high, n)]


def _agreement(answers: AnswerRows) -> list[Metric]:
    """Over all batches, and of each, so that it can be followed over time."""
    from data_engine.labeling.answers.annotator_figures import agreement, shared_answers
    from data_engine.labeling.answers.registry import kind_of

    kind = kind_of(str(row["kind"]) for row in answers)
    by_scope: dict[str, AnswerRows] = {"all": answers}
    for row in answers:
        by_scope.setdefault(str(row["review_batch"]), []).append(row)
    note = "Krippendorff's alpha (nominal) over the samples that several annotators answered; 0 is chance, 1 is full."
    metrics = []
    for scope in _all_first(by_scope):
        alpha = agreement(by_scope[scope], kind)
        if alpha is not None:
            n = len(shared_answers(by_scope[scope]))
            metrics.append(Metric("agreement", scope, alpha, "alpha", "higher_is_better", note, n=n))
    return metrics


def _all_first(scopes: Mapping[str, object]) -> list[str]:
    return sorted(scopes, key=lambda scope: (scope != "all", scope))
