"""The decider `foundation_model`: what a model behind a chat API answered, certified on the hold-out that reaches it.

How it is asked is in `data_engine.foundation_model`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from data_engine.labeling.answers.class_answers import CLASS
from data_engine.labeling.answers.registry import answer_kind
from data_engine.labeling.deciders.cascade import Opinion
from data_engine.labeling.deciders.registry import FOUNDATION_MODEL
from data_engine.labeling.gate import Gate, certify_scores


@dataclass(frozen=True)
class AnsweredSample:
    """What a model said of a sample: a class with its confidence in [0, 1], or None; and a remark for the reason."""

    label: str | None
    confidence: float | None
    remark: str = ""


def certified_answers(
    answers: Mapping[str, AnsweredSample],
    truths: Mapping[str, str],
    *,
    target_precision: float,
    confidence: float,
) -> Gate:
    """The gate of a model by its answers to samples of the hold-out that no decider before it is sure of.

    The rest of the hold-out is easier than what it decides, and would promise too much. Samples without an answer do
    not count: it decides nothing there.

    Args:
        answers: by sample id.
        truths: what people say, by sample id.
        target_precision: share of its answers that must be right, in (0, 1).
        confidence: one-sided confidence of the lower bound, in (0, 1).
    """
    judged = [
        (answer.confidence, answer.label == truths[sample_id])
        for sample_id, answer in sorted(answers.items())
        if sample_id in truths and answer.label is not None and answer.confidence is not None
    ]
    scores = np.array([score for score, _ in judged], dtype=np.float64)
    is_right = np.array([right for _, right in judged], dtype=bool)
    return certify_scores(scores, is_right, target_precision=target_precision, confidence=confidence)


def model_opinion(
    name: str, sample_ids: Sequence[str], answers: Mapping[str, AnsweredSample], gate: Gate, *, not_asked: str
) -> Opinion:
    """What a model says of n samples.

    Args:
        name: what reasons call the model.
        sample_ids: the n samples.
        answers: by sample id; the others were not asked.
        gate: as `certified_answers` gives it.
        not_asked: why a sample was not asked.
    """
    kind = answer_kind(CLASS)
    given = [answers.get(sample_id, AnsweredSample(None, None, not_asked)) for sample_id in sample_ids]
    sure = [each.label is not None and each.confidence is not None for each in given]
    return Opinion(
        FOUNDATION_MODEL,
        gate,
        tuple(kind.from_label(str(each.label)) if is_one else None for each, is_one in zip(given, sure, strict=True)),
        np.array([each.confidence if is_one else 0.0 for each, is_one in zip(given, sure, strict=True)], np.float64),
        score_name=f"confidence of {name}",
        remarks=tuple(each.remark for each in given),
    )
