"""Pulling answers from Label Studio: what has changed since the last time, each answer once, corrections too.

Pushing tasks is in `pushing.py`; an answer that was pulled is an imported one, see `review/exchange/`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from data_engine.errors import InvalidInput
from data_engine.review.exchange.exchanged import ExchangedAnswer, ExchangedTask
from data_engine.review.exchange.label_studio import answer_of
from data_engine.review.exchange.values import name_in, object_in, objects_in, time_in, whole_number_in
from data_engine.review.label_studio.client import LabelStudioError, LabelStudioProject
from data_engine.review.label_studio.pushing import ours_of

OVERLAP = timedelta(minutes=10)
"""What changed shortly before the last pull is looked at again: it may have become visible after it."""

_BEGIN = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class PulledTask:
    """A task of the queue with its answers in Label Studio.

    Attributes:
        number: Of the task in Label Studio.
        updated_at: When it changed last.
        task: With its answers; None where it was not pushed from this queue.
        unread: What of it cannot be read, and why.
    """

    number: int
    updated_at: datetime
    task: ExchangedTask | None
    unread: tuple[str, ...] = ()


def changed_tasks(project: LabelStudioProject, queue_id: str, since: datetime | None) -> Iterator[PulledTask]:
    """The tasks that have changed, with their answers, in the order of their last change.

    Args:
        project: Where from.
        queue_id: Whose tasks count.
        since: The last change that was pulled before; None for all.

    Raises: LabelStudioError.
    """
    emails = project.emails()
    seen: dict[int, datetime] = {}
    for page in project.changed_tasks(_BEGIN if since is None else since - OVERLAP):
        for record in page:
            where = "a task of Label Studio"
            number = whole_number_in(record, "id", where, least=0, most=10**12)
            updated_at = time_in(record, "updated_at", where)
            if number is None or updated_at is None:
                raise LabelStudioError(f"{where} has the id {number} and was changed at {updated_at}; both are needed")
            if seen.get(number) != updated_at:
                seen[number] = updated_at
                yield _pulled(record, number, updated_at, queue_id, emails)


def _pulled(
    record: Mapping[str, Any], number: int, updated_at: datetime, queue_id: str, emails: Mapping[int, str]
) -> PulledTask:
    ours = ours_of(record)
    where = f"task {number}"
    if ours.get("queue_id") != queue_id:
        return PulledTask(number, updated_at, None)
    answers: list[ExchangedAnswer] = []
    unread: list[str] = []
    data = record.get("data")
    sample_id = name_in(data, "sample_id", where) if isinstance(data, Mapping) else None
    batch_id = name_in(ours, "review_batch", where)
    if sample_id is None or batch_id is None:
        return PulledTask(number, updated_at, None, (f"{where}: sample_id and review_batch are missing",))
    for place, annotation in enumerate(objects_in(record, "annotations", where), 1):
        try:
            answer = answer_of(_with_email(annotation, emails, where), f"{where}, annotation {place}")
        except InvalidInput as error:
            unread.append(str(error))
            continue
        if answer is not None:
            answers.append(answer)
    found = ExchangedTask(sample_id, batch_id=batch_id, answers=tuple(answers), where=where)
    return PulledTask(number, updated_at, found, tuple(unread))


def _with_email(annotation: object, emails: Mapping[int, str], where: str) -> Mapping[str, Any]:
    """An annotation whose account is named by its address, where that is known."""
    record = object_in(annotation, where)
    by = record.get("completed_by")
    return {**record, "completed_by": {"email": emails[by]}} if isinstance(by, int) and by in emails else record
