"""Planning a review batch about objects: the same rounds as for classes, of images whose proposal would do or not.

Rounds of classes are planned in `data_engine.labeling.rounds`.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from data_engine.labeling.answers.object_answers import ObjectAnswers
from data_engine.labeling.inputs import Floats
from data_engine.labeling.rounds import PlannedTask, RoundSettings, hashed, plan_review_batch

WOULD_DO, WOULD_NOT = 0, 1
"""What an image is to the query strategy: one whose proposal would do as it is, or one that a person has to mend."""

NOTHING = "nothing is proposed"
"""How the reason of an image begins of which nothing is proposed."""

_NAMES = ("would do", "would not do")


@dataclass(frozen=True)
class ObjectProposal:
    """What is proposed of an image: an answer in canonical form, and the probability that it would do as it is."""

    answer: str
    probability: float
    is_accepted: bool = False
    """Whether a decider takes it without a person."""


def plan_object_batch(
    *,
    round_number: int,
    sample_ids: Sequence[str],
    embeddings: Floats,
    proposals: Mapping[str, ObjectProposal],
    reviewed: Mapping[str, str],
    hold_out_ids: Collection[str],
    control_ids: Collection[str],
    settings: RoundSettings,
    classes: Sequence[str],
    seed: int,
    doubted: Sequence[str] = (),
) -> tuple[PlannedTask, ...]:
    """The tasks of the next review batch about objects.

    Hold-out, control batch, query batch, audits and traps are drawn as for classes; see `rounds.plan_review_batch`.
    The query strategy sees two classes: images whose proposal would do as it is, and those whose would not. Before
    there are proposals every task is manual, and so are those about images of which nothing is proposed.

    Args:
        round_number: 0 for the first batch; part of every random draw.
        sample_ids: the n ids of the pool.
        embeddings: (n, dim) unit rows.
        proposals: by sample; empty before anything is learnt. A sample that it lacks has none.
        reviewed: the agreed answer of every sample answered so far.
        hold_out_ids: samples ever drawn for the hold-out.
        control_ids: samples ever drawn for a control batch.
        settings: sizes, shares and strategy.
        classes: of the objects.
        seed: of everything random.
        doubted: samples whose label looks wrong, the least credible first.
    """
    kind, is_learnt = ObjectAnswers(), bool(proposals)
    known = {
        key: WOULD_DO if key in proposals and kind.is_right(proposals[key].answer, answer) else WOULD_NOT
        for key, answer in reviewed.items()
    }
    probabilities = None
    if is_learnt:
        would_do = np.array([_probability(proposals, key) for key in sample_ids], dtype=np.float32)
        probabilities = np.stack([would_do, 1 - would_do], axis=1)
    planned = plan_review_batch(
        round_number=round_number,
        sample_ids=sample_ids,
        embeddings=embeddings,
        probabilities=probabilities,
        proposed=None,
        gate_accepts=_accepted(proposals, sample_ids) if is_learnt else None,
        reviewed=known,
        hold_out_ids=hold_out_ids,
        control_ids=control_ids,
        settings=settings,
        class_names=_NAMES,
        seed=seed,
        doubted=doubted,
    )
    return tuple(_with_objects(task, proposals, reviewed, classes, hashed(seed, round_number)) for task in planned)


def _with_objects(
    task: PlannedTask,
    proposals: Mapping[str, ObjectProposal],
    reviewed: Mapping[str, str],
    classes: Sequence[str],
    draw: int,
) -> PlannedTask:
    """The task with objects in the place of what the image is to the strategy; a trap's are known to be wrong."""
    if task.proposed_label is None:
        return task
    proposed = proposals.get(task.sample_id)
    if proposed is None and task.arm != "trap":
        return replace(task, arm="manual", proposed_label=None, probability=None)
    answer = "" if proposed is None else proposed.answer
    if task.arm == "trap":
        draw = hashed(draw, task.sample_id)
        answer = ObjectAnswers().wrong_answer(reviewed[task.sample_id], classes, probabilities=None, draw=draw)
    return replace(
        task, proposed_label=None, proposed_answer=answer, probability=_probability(proposals, task.sample_id)
    )


def _probability(proposals: Mapping[str, ObjectProposal], sample_id: str) -> float:
    """That nobody would edit what is proposed; of an image without a proposal 0."""
    return proposals[sample_id].probability if sample_id in proposals else 0.0


def _accepted(proposals: Mapping[str, ObjectProposal], sample_ids: Sequence[str]) -> NDArray[np.bool_]:
    return np.array([key in proposals and proposals[key].is_accepted for key in sample_ids], dtype=bool)
