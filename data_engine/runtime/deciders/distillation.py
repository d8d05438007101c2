"""What a foundation model teaches the classifier: its accepted answers are kept for the round after.

The classifier comes before the step that asks the model, so it learns from what the round before left; the step reads
that as `last_round` of the plan, which makes no circle and is no reason to train again.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from data_engine.foundation_model.call_book import InAll
from data_engine.labeling.deciders.cascade import Opinion
from data_engine.labeling.deciders.registry import FOUNDATION_MODEL
from data_engine.schemas import DISTILLED_ANSWERS, FOUNDATION_ROUNDS

if TYPE_CHECKING:
    from data_engine.corpus import Corpus


@dataclass(frozen=True)
class Needing:
    """How many samples need the foundation model: of the subset, and of the random hold-out."""

    n_samples: int = 0
    n_needing: int = 0
    n_hold_out: int = 0
    n_hold_out_needing: int = 0


def is_taught(corpus: "Corpus") -> bool:
    """Whether the classifier of a corpus learns from accepted answers of its foundation model."""
    decider = corpus.labels.decider(FOUNDATION_MODEL)
    return decider is not None and decider.teaches


def answers_to_learn_from(
    earlier: pa.Table,
    opinion: Opinion,
    answers: Mapping[str, tuple[str, float]],
    *,
    model: str,
    is_simulated: bool,
    among: Collection[str],
    answered: Collection[str],
) -> pa.Table:
    """The answers that passed their gate when they were given, the new ones among them.

    All are withdrawn when audits shut the model, and so are those of another model. Such rows teach nothing any more,
    and stay: a version that learnt them may be in service for long, and may not decide their samples. Of samples that
    left the subset, and of those that people answered, nothing is kept.

    Args:
        earlier: what was kept before (schema DISTILLED_ANSWERS).
        opinion: of the model now, with its gate.
        answers: class and confidence by sample id, of all that it answered of the pool now.
        model: name of the model, and what its server calls it.
        is_simulated: whether it is a simulated one.
        among: the samples of the subset.
        answered: samples that people answered, the hold-out among them.

    Returns: rows in the schema DISTILLED_ANSWERS, by sample.
    """
    kept = {row["sample_id"]: {**row, "withdrawn": _withdrawn(row, opinion.shut, model)} for row in earlier.to_pylist()}
    threshold = None if opinion.shut else opinion.gate.threshold
    for name, (label, confidence) in answers.items():
        if threshold is not None and confidence >= threshold:
            kept[name] = {
                "sample_id": name,
                "model": model,
                "label": label,
                "confidence": confidence,
                "gate_lower_bound": opinion.gate.lower_bound,
                "is_simulated": is_simulated,
                "withdrawn": None,
            }
    wanted = set(among) - set(answered)
    rows = [row for name, row in sorted(kept.items()) if name in wanted]
    return pa.Table.from_pylist(rows, schema=DISTILLED_ANSWERS)


def _withdrawn(row: Mapping[str, Any], shut: str, model: str) -> str | None:
    """Why an answer of before teaches nothing any more; None where it does."""
    if row["model"] != model:
        return "of another model"
    return shut or row["withdrawn"]


def rounds_with(
    earlier: pa.Table, classifier_version: str, needing: Needing, spent: InAll, n_accepted: int
) -> pa.Table:
    """The rounds with that of this classifier as the last row (schema FOUNDATION_ROUNDS)."""
    rows = [row for row in earlier.to_pylist() if row["classifier_version"] != classifier_version]
    rows.append({"classifier_version": classifier_version, **vars(needing), **vars(spent), "n_accepted": n_accepted})
    return pa.Table.from_pylist(rows, schema=FOUNDATION_ROUNDS)
