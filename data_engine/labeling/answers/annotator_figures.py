"""How annotators answer, in figures: agreement with each other, traps, and answers that come too fast.

What their answers weigh in a label is worked out in `consensus.py`.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from data_engine.labeling.answers.kind import AnswerKind

LEAST_SHARED = 5
"""Samples that a pair, or an annotator and others, must have answered before their agreement is judged."""

LEAST_TIMED = 10
"""Timed answers of somebody before their pace is judged."""

_HURRIED = 0.25
_Rows = Sequence[Mapping[str, Any]]


def is_trap(row: Mapping[str, Any]) -> bool:
    """Whether a row of `schemas.REVIEWED_LABELS` answers a proposal that is known to be wrong."""
    return "trap" in (row["purpose"], row["arm"])


def shared_answers(rows: _Rows) -> list[dict[str, str]]:
    """Answers by annotator of each sample that several annotators answered, traps aside.

    Args:
        rows: of `schemas.REVIEWED_LABELS`, without decisions.
    """
    by_sample: dict[str, dict[str, str]] = defaultdict(dict)
    for row in rows:
        if not is_trap(row):
            by_sample[str(row["sample_id"])][str(row["annotator"])] = str(row["answer"])
    return [given for given in by_sample.values() if len(given) > 1]


def agreement(rows: _Rows, kind: AnswerKind) -> float | None:
    """How far annotators agree beyond chance, at most 1; None where nobody answered the same sample."""
    shared = shared_answers(rows)
    return float(kind.agreement(shared)) if shared else None


def hurried(rows: _Rows) -> dict[str, tuple[float, float]]:
    """People whose median answer takes less than a quarter of the others' median: (their seconds, the others').

    Nothing is said of people with fewer than 10 timed answers, or where nobody else has as many.
    """
    seconds: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        if row["active_s"] is not None and not row["is_simulated"]:
            seconds[str(row["annotator"])].append(float(row["active_s"]))
    timed = {name: values for name, values in seconds.items() if len(values) >= LEAST_TIMED}
    found = {}
    for name, values in sorted(timed.items()):
        others = [value for other, theirs in timed.items() if other != name for value in theirs]
        if others and median(values) < _HURRIED * median(others):
            found[name] = (median(values), median(others))
    return found
