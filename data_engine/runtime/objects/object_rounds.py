"""Planning a review batch about objects: the same rounds as for classes, of images whose proposal would do or not.

Rounds of classes are planned in `data_engine.labeling.rounds`.
"""

import json
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
_SHOWING = ("proposed", "assisted")
"""The arms that show a proposal whose help is measured."""
_SHOWN_SHARE_WITHOUT_HELP = 0.2


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
    without_help: Collection[str] = (),
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
        without_help: classes whose proposals make people slower; of images whose proposed objects are of these for the
            greater part, a fifth of what would be shown still is, so that it is seen when that changes.
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
    draw = hashed(seed, round_number)
    slowed = {key for key, each in proposals.items() if _is_slowed(each.answer, frozenset(without_help))}
    return tuple(
        _by_hand(task)
        if task.sample_id in slowed and _is_hidden(task, draw)
        else _with_objects(task, proposals, reviewed, classes, draw)
        for task in planned
    )


def _is_slowed(answer: str, without_help: frozenset[str]) -> bool:
    """Whether most of the objects of an answer are of classes whose proposals make people slower."""
    objects = json.loads(answer)["objects"] if without_help else []
    return sum(2 * (one["class"] in without_help) - 1 for one in objects) > 0


def _is_hidden(task: PlannedTask, draw: int) -> bool:
    """Whether a proposal that would be shown is not; the same draw says the same."""
    position = hashed(draw, task.sample_id, "help") % 1000 / 1000
    return task.arm in _SHOWING and position >= _SHOWN_SHARE_WITHOUT_HELP


def _by_hand(task: PlannedTask) -> PlannedTask:
    return replace(task, arm="manual", proposed_label=None, probability=None)


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
        return _by_hand(task)
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
