"""What goes into the review queue and what comes out of it: small frozen objects, checked at birth."""

import hashlib
import json
import math
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any

from data_engine.errors import InvalidInput
from data_engine.labeling.answers.class_answers import CLASS
from data_engine.labeling.answers.kind import AnswerKind
from data_engine.labeling.provenance import LEARNT_PURPOSES, REPEATED

PURPOSES = ("hold_out", "trap", *LEARNT_PURPOSES)
"""Why a sample is asked about; nobody was asked here about what an imported file gives or corrects."""

ARMS = ("manual", "assisted", "proposed", "blind", "trap")
"""How much help the annotator gets; a trap shows a known-wrong proposal."""

ARMS_SHOWING_PROPOSAL = ("assisted", "proposed", "trap")
"""Arms in which the annotator sees the proposed label."""

KINDS_BESIDE_ROUNDS = ("again", "arriving", "imported", "drifted", "disputed", "verified", "withdrawn")
"""Review batches that are no rounds of questions, as their ids name them: about samples of a removed class, about
samples as they arrive, of answers in a file that knew no batch, about what moved in a drifted ingestion batch, about
samples that were answered differently, of labels looked at again, about what a decider had decided that its audits
shut."""

_ARMS_NEEDING_PROPOSAL = ("proposed", "trap")

SIMULATED_PREFIX = "simulated:"
"""What the name of every simulated annotator, and of no person, starts with."""


@dataclass(frozen=True)
class NewTask:
    """One question about one sample, as it is put into the queue.

    Args:
        sample_id: hash of the sample's content.
        purpose: one of PURPOSES.
        arm: one of ARMS.
        payload: what the annotator needs to see (text, uri); anything that JSON can hold, never the truth.
        proposed_label: the class that is suggested: the short form of `proposed_answer` where a class is an answer.
        probability: calibrated probability of what is proposed, in [0, 1].
        priority: higher is asked first.
        proposed_answer: what is suggested, as a JSON object or its text; arms proposed and trap need one of the two.
    """

    sample_id: str
    purpose: str
    arm: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    proposed_label: str | None = None
    probability: float | None = None
    priority: float = 0.0
    proposed_answer: Mapping[str, Any] | str | None = None

    def __post_init__(self) -> None:
        """Raises: InvalidInput naming the field that breaks its rule."""
        if not self.sample_id:
            raise InvalidInput("sample_id is empty; give the hash of the sample's content")
        _check_choice("purpose", self.purpose, PURPOSES)
        _check_choice("arm", self.arm, ARMS)
        if self.proposed_label is not None and self.proposed_answer is not None:
            raise InvalidInput(
                f"task of sample {self.sample_id} has both a proposed_label and a proposed_answer; give one of them"
            )
        if self.arm in _ARMS_NEEDING_PROPOSAL and not self.has_proposal:
            raise InvalidInput(
                f"task of sample {self.sample_id} has arm {self.arm!r} but no proposed_label; give one, or arm manual"
            )
        if self.probability is not None and not 0 <= self.probability <= 1:
            raise InvalidInput(
                f"probability is {self.probability}; it must lie in [0, 1]: give a calibrated one or None"
            )
        if not math.isfinite(self.priority):
            raise InvalidInput(f"priority is {self.priority}; it must be finite, or tasks have no order")

    @property
    def has_proposal(self) -> bool:
        """Whether anything is suggested."""
        return self.proposed_label is not None or self.proposed_answer is not None

    def answers_of(self, answers_per_task: int) -> int:
        """How many answers are wanted: one of what is asked again, which perhaps one person alone may answer."""
        return 1 if self.purpose == REPEATED else answers_per_task


@dataclass(frozen=True)
class Task:
    """What an annotator is given.

    `proposed_answer` (canonical JSON by the schema of `kind`) and `proposed_label`, its class, are None in the arms
    that show none. `arm` is for programs: a page must not tell a trap from a proposal. `was_skipped` says that the
    annotator skipped it before, and that nothing else is left.
    """

    task_id: str
    batch_id: str
    sample_id: str
    question: str
    classes: tuple[str, ...]
    payload: Mapping[str, Any]
    arm: str
    proposed_label: str | None
    kind: str = CLASS
    proposed_answer: str | None = None
    was_skipped: bool = False


@dataclass(frozen=True)
class SkippedTask:
    """An open task that an annotator skipped, and why."""

    task_id: str
    batch_id: str
    sample_id: str
    payload: Mapping[str, Any]
    reason: str
    skipped_at: datetime


@dataclass(frozen=True)
class Lease:
    """The right of one annotator to answer one task until `expires_at` (UTC)."""

    lease_id: str
    annotator: str
    task: Task
    expires_at: datetime


@dataclass(frozen=True)
class Submitted:
    """An answer as the queue holds it; `is_repeat` when it was there before and nothing was written."""

    annotation_id: str
    revision: int
    is_repeat: bool


@dataclass(frozen=True)
class BatchProgress:
    """How far a review batch is: every task is in one of four states, which add up to `n_tasks`.

    Done has all its answers, or was decided by a reviewer. Leased lacks some, and somebody is working on it. Undecided
    cannot get its answers from those who work on the batch (each has answered or skipped it), or was withdrawn when the
    batch was ended. Open is the rest. `trap_catch_rate` is the share of answers to traps that differ from the
    known-wrong proposal, None without any.
    """

    batch_id: str
    n_tasks: int
    n_done: int
    n_open: int
    n_leased: int
    n_undecided: int
    is_answered: bool
    revision: int
    n_trap_answers: int
    trap_catch_rate: float | None
    has_expired: bool = False

    @property
    def is_ready(self) -> bool:
        """Whether its answers are taken over: all are there, or it has waited too long for the rest."""
        return self.is_answered or self.has_expired


@dataclass(frozen=True)
class BatchInfo:
    """A review batch in a list; `revision` is 1 at first and rises with every correction and decision."""

    batch_id: str
    corpus: str
    cause: str
    opened_at: datetime
    n_tasks: int
    n_done: int
    is_answered: bool
    revision: int
    has_expired: bool = False

    @property
    def is_ready(self) -> bool:
        """Whether its answers are taken over: all are there, or it has waited too long for the rest."""
        return self.is_answered or self.has_expired


@dataclass(frozen=True)
class QueueLoad:
    """How much waits in a queue, and for how long.

    Attributes:
        n_batches: Review batches with open tasks.
        n_open: Tasks that wait for answers, those that somebody works on among them.
        n_leased: Of these, the ones that somebody works on.
        oldest_at: When the first of these batches was opened; None where nothing waits.
        n_people: People who took or answered a task within the hour.
    """

    n_batches: int
    n_open: int
    n_leased: int
    oldest_at: datetime | None
    n_people: int


@dataclass(frozen=True)
class Change:
    """Something that happened to a batch: `opened`, `answered`, `reopened` (an answered batch was corrected) ...

    `adjudicated` says that a reviewer decided, `expired` that others need not wait for the open tasks any more.
    `classes` concerns all batches of the corpus: they ask with other classes from then on.
    """

    cursor: int
    batch_id: str
    kind: str
    revision: int
    corpus: str


def identifier(*parts: str | int) -> str:
    """An id that is a function of its parts alone: 32 hex digits of a BLAKE2b hash."""
    return hashlib.blake2b(json.dumps(parts).encode(), digest_size=16).hexdigest()


def in_utc(now: datetime) -> datetime:
    """The same moment in UTC.

    Raises: InvalidInput when `now` has no time zone.
    """
    if now.tzinfo is None or now.utcoffset() is None:
        raise InvalidInput(f"now is {now.isoformat()} without a time zone; pass a UTC time, e.g. datetime.now(UTC)")
    return now.astimezone(UTC)


BY_REVIEWER = "adjudicated:"
"""How the method of what a reviewer decided begins; their name follows."""


def is_simulated_name(name: str) -> bool:
    """Whether a name is that of a simulated annotator."""
    return name.startswith(SIMULATED_PREFIX)


def next_batch_id(corpus: str, kind: str, known: Container[str]) -> str:
    """The first id of a review batch beside the rounds that is not known yet.

    Args:
        corpus: its name.
        kind: one of KINDS_BESIDE_ROUNDS.
        known: ids that are taken.
    """
    return next(name for n in count(1) if (name := f"{corpus}-{kind}-{n:03d}") not in known)


def is_of_kind(batch_id: str, corpus: str, kind: str) -> bool:
    """Whether a review batch is of this kind, one of KINDS_BESIDE_ROUNDS."""
    return batch_id.startswith(f"{corpus}-{kind}-")


def is_round(batch_id: str, corpus: str) -> bool:
    """Whether a review batch is a round of questions, and none of KINDS_BESIDE_ROUNDS."""
    return not any(is_of_kind(batch_id, corpus, kind) for kind in KINDS_BESIDE_ROUNDS)


def check_annotator(name: str, *, is_simulated: bool) -> None:
    """Keep people and programs apart by name.

    Raises: InvalidInput when a simulated annotator's name lacks the prefix, or a person's name has it or is empty.
    """
    if not name.strip() or name == SIMULATED_PREFIX:
        raise InvalidInput(f"annotator is {name!r}; an answer needs somebody to stand for it: give a name")
    if is_simulated and not name.startswith(SIMULATED_PREFIX):
        raise InvalidInput(
            f"annotator {name!r} is simulated, and the name of a simulated annotator starts with "
            f"{SIMULATED_PREFIX!r}; call it {SIMULATED_PREFIX + name!r}"
        )
    if not is_simulated and name.startswith(SIMULATED_PREFIX):
        raise InvalidInput(
            f"annotator {name!r} is not said to be simulated, and only simulated annotators' names start with "
            f"{SIMULATED_PREFIX!r}; pass is_simulated=True or use a person's name"
        )


def answer_given(kind: AnswerKind, label: str | None, answer: object, classes: Sequence[str], batch_id: str) -> str:
    """The answer in canonical form, from itself or from its short form, a label.

    Raises: InvalidInput for both or neither, or what is no answer of the kind; UnknownLabel, with near names, for a
        class that the batch does not have.
    """
    if (label is None) == (answer is None):
        raise InvalidInput(
            f"label is {label!r} and answer is {str(answer)[:200]!r}; give one of them, label where it is a class"
        )
    return kind.validate(answer if label is None else kind.from_label(label), classes, of=f"batch {batch_id!r}")


def check_active_seconds(active_s: float | None, *, is_simulated: bool) -> None:
    """Raises: InvalidInput for seconds that are negative, not finite, or said to be a simulated annotator's."""
    if active_s is None:
        return
    if is_simulated:
        raise InvalidInput(
            f"active_s is {active_s} for a simulated annotator; only people have seconds: leave active_s out"
        )
    if not (math.isfinite(active_s) and active_s >= 0):
        raise InvalidInput(f"active_s is {active_s}; seconds are finite and not negative")


def _check_choice(name: str, value: str, choices: Sequence[str]) -> None:
    if value not in choices:
        raise InvalidInput(f"{name} is {value!r}; it must be one of {', '.join(choices)}")
