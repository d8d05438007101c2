"""Simulated annotators: they take tasks and answer them through the queue like anyone else, marked as simulated."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from data_engine.review.queue import ReviewQueue
from data_engine.review.queue_records import Task, identifier

AnswerFunction = Callable[[Task], str | Mapping[str, Any] | None]
"""From what an annotator sees to a label, or to an answer that is more than one; None skips the task."""

_PROGRESS_EVERY = 20
_SKIP_REASON = "the simulated annotator has no answer"


def answer_as_simulated(
    queue: ReviewQueue,
    batch_id: str,
    annotators: Sequence[tuple[str, AnswerFunction]],
    *,
    now: datetime,
    progress: Callable[[int, int], None] | None = None,
) -> int:
    """Let simulated annotators answer a batch in turn, until it is answered or none of them finds a task.

    Args:
        queue: holds the batch.
        batch_id: the batch to answer; others are left alone.
        annotators: name (starting with `simulated:`) and answer function of each; they take turns in this order.
        now: time of all answers.
        progress: called now and then, and at the end, with the tasks done and the tasks of the batch.

    Returns: the number of answers given; skipped tasks do not count.

    Raises: InvalidInput for an unknown batch or a name without the prefix; UnknownLabel for an answer outside the
        classes.
    """
    n_tasks = queue.progress(batch_id).n_tasks
    n_answers = 0
    waiting = list(annotators)
    while waiting:
        still_waiting = []
        for name, answer in waiting:
            outcome = _answer_one(queue, batch_id, name, answer, now=now)
            if outcome is None:
                continue
            still_waiting.append((name, answer))
            n_answers += outcome
            if outcome and progress is not None and n_answers % _PROGRESS_EVERY == 0:
                progress(queue.progress(batch_id).n_done, n_tasks)
        waiting = still_waiting
    if progress is not None:
        progress(queue.progress(batch_id).n_done, n_tasks)
    return n_answers


def _answer_one(queue: ReviewQueue, batch_id: str, name: str, answer: AnswerFunction, *, now: datetime) -> int | None:
    lease = queue.next(name, now=now, batch=batch_id, is_simulated=True)
    if lease is None:
        return None
    given = answer(lease.task)
    if given is None:
        queue.release(lease.lease_id, reason=_SKIP_REASON, now=now)
        return 0
    said: dict[str, Any] = {"label": given} if isinstance(given, str) else {"answer": given}
    queue.submit(lease.lease_id, identifier("submission", lease.lease_id), **said, now=now)
    return 1
