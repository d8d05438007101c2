"""The decider `rules`: classes by known patterns over the text, certified on the hold-out as one.

Rules that reject samples in the first pass are in `data_engine.filtering.rules`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from data_engine.errors import InvalidInput, UnknownLabel
from data_engine.labeling.answers.class_answers import CLASS
from data_engine.labeling.answers.registry import answer_kind
from data_engine.labeling.deciders.cascade import Opinion
from data_engine.labeling.deciders.hold_out import hold_out_classes
from data_engine.labeling.deciders.registry import RULES
from data_engine.labeling.gate import Gate, certify_scores


@dataclass(frozen=True)
class LabelRules:
    """Patterns by class; a text is of a class when one of its patterns is found, and no pattern of another class is."""

    patterns: tuple[tuple[str, tuple[re.Pattern[str], ...]], ...]

    def answer(self, text: str | None) -> str | None:
        """The answer of the one class that the patterns find; None for no class, several, or no text."""
        if text is None:
            return None
        found = [name for name, patterns in self.patterns if any(pattern.search(text) for pattern in patterns)]
        return answer_kind(CLASS).from_label(found[0]) if len(found) == 1 else None


def label_rules(patterns: Mapping[str, Sequence[str]], class_names: Sequence[str]) -> LabelRules:
    """The rules that a corpus describes.

    Args:
        patterns: regular expressions by class; each is searched for in the text. A text without special characters
            finds itself.
        class_names: the classes of the question.

    Raises: UnknownLabel for a class that the question does not have; InvalidInput for what is no regular expression.
    """
    unknown = sorted(set(patterns) - set(class_names))
    if unknown:
        raise UnknownLabel(
            f"the rules have patterns for {unknown}, which are not among the {len(class_names)} classes; correct "
            "labels.deciders, or add the classes"
        )
    return LabelRules(tuple((name, tuple(map(_compiled, patterns[name]))) for name in sorted(patterns)))


def rules_opinion(
    rules: LabelRules,
    texts: Sequence[str | None],
    reviewed: pa.Table,
    hold_out_texts: Mapping[str, str | None],
    class_names: Sequence[str],
    *,
    target_precision: float,
    confidence: float,
) -> Opinion:
    """What the rules say of some samples, with the gate that the hold-out gives them.

    All answers of the rules have the score 1, so they are certified together or not at all.

    Args:
        rules: the rules.
        texts: (n,) texts of the samples; None for those without one.
        reviewed: rows of `schemas.REVIEWED_LABELS`.
        hold_out_texts: the texts of the samples of the hold-out, by id; one that is not there is not counted.
        class_names: the classes of the question.
        target_precision: share of the rules' answers that must be right, in (0, 1).
        confidence: one-sided confidence of the lower bound, in (0, 1).
    """
    answers = tuple(rules.answer(text) for text in texts)
    gate = _certified(rules, reviewed, hold_out_texts, class_names, target_precision, confidence)
    scores = np.array([answer is not None for answer in answers], dtype=np.float64)
    return Opinion(RULES, gate, answers, scores, score_name="a pattern, score", says_nothing="no pattern of one class")


def _certified(
    rules: LabelRules,
    reviewed: pa.Table,
    hold_out_texts: Mapping[str, str | None],
    class_names: Sequence[str],
    target_precision: float,
    confidence: float,
) -> Gate:
    kind, is_right = answer_kind(CLASS), []
    for sample_id, truth in hold_out_classes(reviewed, class_names, among=hold_out_texts).items():
        answer = rules.answer(hold_out_texts[sample_id])
        if answer is not None:
            is_right.append(kind.is_right(answer, kind.from_label(truth)))
    right = np.array(is_right, dtype=bool)
    return certify_scores(np.ones(len(right)), right, target_precision=target_precision, confidence=confidence)


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise InvalidInput(
            f"pattern {pattern!r} of the rules is no regular expression ({error}); correct labels.deciders"
        ) from error
