"""What is exchanged: review batches, their tasks and the answers to them, whatever the format of the file.

The formats are in `registry.py`, what becomes of an import in `taking_in.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class ExchangedBatch:
    """A review batch as a file describes it; see `ReviewQueue.open_batch` for the fields."""

    batch_id: str
    question: str
    kind: str
    cause: str
    answers_per_task: int
    opened_at: datetime


@dataclass(frozen=True)
class ExchangedAnswer:
    """One answer of a file.

    Attributes:
        annotator: Who gave it, as the file says; empty where it does not.
        answer: The answer as JSON; of which kind is not known here.
        provenance: How it came about, as the file says.
        active_s: Seconds, as the file says.
        revision: 1 for the first answer, higher after corrections.
        answered_at: When it was given, or corrected where the file knows that alone.
        comment: What the annotator remarked.
        where: Its place in the file, for errors.
    """

    annotator: str
    answer: str
    provenance: str | None = None
    active_s: float | None = None
    revision: int = 1
    answered_at: datetime | None = None
    comment: str | None = None
    where: str = field(default="", compare=False)


DECISION, SKIP, DRAFT = REMARKS = ("decision", "skip", "draft")
"""What may be said of a task beside answers: what a reviewer decided, why it was skipped, what somebody has begun."""


@dataclass(frozen=True)
class ExchangedRemark:
    """What one person said of a task beside an answer.

    Attributes:
        what: One of `REMARKS`.
        annotator: Who.
        content: Of a decision the `label`, of a skip the `reason`, of a draft `label`, `comment` or `answer`.
        said_at: When.
        where: Its place in the file, for errors.
    """

    what: str
    annotator: str
    content: Mapping[str, Any]
    said_at: datetime
    where: str = field(default="", compare=False)


@dataclass(frozen=True)
class ExchangedTask:
    """One question about one sample, with its answers.

    Attributes:
        sample_id: The sample; where it is None, `uri` names it.
        uri: Where the raw sample was read.
        batch_id: The review batch that asks; None where the file is of a tool that knows none.
        purpose: Why it is asked; None where the file does not know.
        arm: How much help was shown; None where the file does not know.
        priority: Higher is asked first.
        is_withdrawn: Whether it is closed with fewer answers than wanted.
        text: The text shown; None for images.
        proposed_answer: What was proposed, as JSON.
        probability: Of what was proposed.
        answers: In the order of the annotators.
        remarks: Decisions, skips and drafts, in the order of what they are and of the annotators.
        where: Its place in the file, for errors.
    """

    sample_id: str | None
    uri: str | None = None
    batch_id: str | None = None
    purpose: str | None = None
    arm: str | None = None
    priority: float = 0.0
    is_withdrawn: bool = False
    text: str | None = None
    proposed_answer: str | None = None
    probability: float | None = None
    answers: tuple[ExchangedAnswer, ...] = ()
    remarks: tuple[ExchangedRemark, ...] = ()
    where: str = field(default="", compare=False)

    @property
    def shown(self) -> str:
        """The sample in an error."""
        return self.sample_id or self.uri or "without a name"

    def columns(self) -> dict[str, Any]:
        """What files say of it, by the names of their columns; its answers and remarks aside."""
        return {
            "review_batch": self.batch_id,
            "sample_id": self.sample_id,
            "uri": self.uri,
            "text": self.text,
            "purpose": self.purpose,
            "arm": self.arm,
            "priority": self.priority,
            "is_withdrawn": self.is_withdrawn,
            "proposed_answer": self.proposed_answer,
            "probability": self.probability,
        }


@dataclass(frozen=True)
class Exchange:
    """What a file holds.

    Attributes:
        tasks: In the order in which they are asked.
        batches: Of the tasks that belong to one, by id; a file may lack them.
        corpus: Whose questions these are; None where the file does not know.
        queue_id: The queue that it was written from.
        classes: The possible answers; empty where the file does not say.
    """

    tasks: tuple[ExchangedTask, ...]
    batches: Mapping[str, ExchangedBatch] = field(default_factory=dict)
    corpus: str | None = None
    queue_id: str | None = None
    classes: tuple[str, ...] = field(default=(), compare=False)
