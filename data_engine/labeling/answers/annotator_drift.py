"""Annotators who do worse than they did: at traps, or in agreement with the others.

How they do within one review batch is in `annotator_figures.py`.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from data_engine.labeling.answers.annotator_figures import is_trap
from data_engine.labeling.answers.kind import AnswerKind

_MOST_LIKELY_CHANCE = 0.01
"""How likely as bad a turn may be by chance before it is called one."""

_Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class AnnotatorDrift:
    """Somebody who does worse now than before.

    Attributes:
        annotator: Who.
        what: `traps` caught, or `agreement` with the most frequent answer of the others.
        n: Their answers of now that could be judged.
        share: How many of these were right, in [0, 1].
        n_before: Their earlier ones.
        share_before: How many of those were right.
        chance: How likely as low a share of now were, had nothing changed; one-sided exact test of Fisher.
    """

    annotator: str
    what: str
    n: int
    share: float
    n_before: int
    share_before: float
    chance: float


def drifted_annotators(now: _Rows, before: _Rows, kind: AnswerKind) -> list[AnnotatorDrift]:
    """Who does significantly worse than before, the surest first.

    The least chance is shared among all comparisons that are made, so that many annotators raise no false alarm.

    Args:
        now: rows of `schemas.REVIEWED_LABELS` of the newest review batch, without decisions.
        before: those of earlier ones.
        kind: of the answers.
    """
    from scipy.stats import fisher_exact

    judged, earlier = judged_answers(now, kind), judged_answers(before, kind)
    compared = sorted(judged.keys() & earlier.keys())
    found = []
    for name, what in compared:
        right, right_before = judged[name, what], earlier[name, what]
        counts = [[sum(each), len(each) - sum(each)] for each in (right, right_before)]
        chance = float(fisher_exact(counts, alternative="less").pvalue)
        if chance < _MOST_LIKELY_CHANCE / len(compared):
            share, share_before = sum(right) / len(right), sum(right_before) / len(right_before)
            found.append(AnnotatorDrift(name, what, len(right), share, len(right_before), share_before, chance))
    return sorted(found, key=lambda drift: drift.chance)


def judged_answers(rows: _Rows, kind: AnswerKind) -> dict[tuple[str, str], list[bool]]:
    """Whether each answer was right, by annotator and what it is held against: `traps` or `agreement`."""
    judged: dict[tuple[str, str], list[bool]] = defaultdict(list)
    by_sample: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        if not is_trap(row):
            by_sample[str(row["review_batch"]), str(row["sample_id"])].append(row)
        elif row["proposed_answer"] is not None:
            is_caught = not kind.is_same(str(row["answer"]), str(row["proposed_answer"]))
            judged[str(row["annotator"]), "traps"].append(is_caught)
    for given in by_sample.values():
        for row in given:
            others = Counter(str(other["answer"]) for other in given if other is not row).most_common(2)
            # Where the others are split, nobody can be said to disagree with them.
            if others and (len(others) == 1 or others[0][1] > others[1][1]):
                judged[str(row["annotator"]), "agreement"].append(kind.is_same(str(row["answer"]), others[0][0]))
    return dict(judged)
