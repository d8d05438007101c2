"""Putting exchanged answers into the queue: all of a file or nothing of it, and each answer once.

What a file says in terms of a corpus is worked out in `resolving.py`, one answer is put in by `imported_answers.py`.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from data_engine.errors import InvalidInput
from data_engine.labeling.provenance import GIVEN
from data_engine.review.exchange.exchanged import Exchange, ExchangedAnswer, ExchangedBatch, ExchangedTask
from data_engine.review.exchange.imported_answers import Outcome, put_answer
from data_engine.review.exchange.imported_remarks import put_remarks
from data_engine.review.exchange.resolving import ImportPlace, one_for_each, refuse_unknown, resolved
from data_engine.review.people.actions import record_action
from data_engine.review.queue_records import NewTask, identifier, is_of_kind, next_batch_id
from data_engine.review.queue_tables import annotation, batch, task
from data_engine.review.review_batches import find_batch, insert_batch, withdraw_tasks


@dataclass(frozen=True)
class Import:
    """What became of an import.

    Attributes:
        batches: Review batches that were opened with it.
        n_tasks: Tasks of these.
        outcomes: Of each kind of outcome, the answers that had it, as `annotator on sample`.
        n_remarks: Decisions, skips and drafts that were not there yet.
    """

    batches: tuple[str, ...]
    n_tasks: int
    outcomes: Mapping[Outcome, tuple[str, ...]]
    n_remarks: int = 0

    @property
    def has_changed(self) -> bool:
        """Whether anything is other than before."""
        return bool(self.n_tasks or self.n_remarks or self.outcomes.get("new") or self.outcomes.get("corrected"))


def take_in(
    connection: Connection,
    exchange: Exchange,
    place: ImportPlace,
    *,
    of: str,
    now: datetime,
    into: str | None = None,
    purpose: str = GIVEN,
) -> Import:
    """Put the answers of a file into the queue; review batches that it lacks are opened with them.

    Args:
        connection: In a transaction, which the caller rolls back when this raises.
        exchange: The file.
        place: The corpus.
        of: What is imported, as the list of changes says it.
        now: The time of the import.
        into: The review batch of answers that name none; without it they make one of their own.
        purpose: Of the tasks of that one.

    Raises: InvalidInput for another corpus or kind, unknown samples or tasks, contradicting answers; UnknownLabel for
        unknown classes; each names the places in the file.
    """
    if into is not None:
        find_batch(connection, into)
    tasks = _at_home(connection, resolved(exchange, place, into), place.corpus, purpose)
    known = _known(connection, (each.batch_id for each in tasks), place.corpus)
    new = [each for each in tasks if each.batch_id not in known]
    refuse_unknown(
        "sample",
        [f"{each.sample_id} ({each.where})" for each in new if each.sample_id not in place.payloads],
        place.corpus,
    )
    opened: dict[str, list[ExchangedTask]] = defaultdict(list)
    for each in new:
        opened[each.batch_id or ""].append(each)
    for batch_id, of_batch in opened.items():
        _open(connection, batch_id, of_batch, exchange.batches.get(batch_id), place, of=of, now=now)
    outcomes: dict[Outcome, list[str]] = defaultdict(list)
    n_remarks = 0
    for each in tasks:
        task_id = _task_id(connection, each)
        for answer in each.answers:
            outcomes[put_answer(connection, task_id, answer, place.kind, now=now)].append(
                f"{answer.annotator} on {each.sample_id}"
            )
        n_remarks += put_remarks(connection, task_id, each, now=now)
    _withdraw(connection, new, place.corpus, now)
    found = Import(tuple(opened), len(new), {name: tuple(names) for name, names in outcomes.items()}, n_remarks)
    if found.has_changed:
        counts = {name: len(names) for name, names in sorted(found.outcomes.items())}
        record_action(connection, None, "imported", subject_id=place.corpus, now=now, of=of, **counts)
    return found


def _at_home(connection: Connection, tasks: Sequence[ExchangedTask], corpus: str, purpose: str) -> list[ExchangedTask]:
    """Every task with its review batch.

    Answers that name none are at the imported task that has an answer of the same annotator about the same sample;
    the others make a new batch.
    """
    at: dict[tuple[str, str], str] = {}
    query = sa.select(task.c.sample_id, annotation.c.annotator, task.c.batch_id).join(annotation)
    is_such = (task.c.corpus == corpus) & (task.c.purpose == purpose)
    for sample_id, annotator, batch_id in connection.execute(query.where(is_such)):
        if is_of_kind(batch_id, corpus, "imported"):
            at[sample_id, annotator] = batch_id
    names = connection.execute(sa.select(batch.c.batch_id).where(batch.c.corpus == corpus)).scalars()
    new = next_batch_id(corpus, "imported", set(names))
    found = [each for each in tasks if each.batch_id is not None]
    homeless: dict[tuple[str, str], list[tuple[ExchangedTask, ExchangedAnswer]]] = defaultdict(list)
    for each in tasks:
        for answer in each.answers if each.batch_id is None else ():
            home = at.get((each.sample_id or "", answer.annotator), new)
            homeless[each.sample_id or "", home].append((each, answer))
    for (sample_id, home), given in homeless.items():
        answers = one_for_each([answer for _, answer in given], sample_id)
        found.append(replace(given[0][0], batch_id=home, purpose=purpose, arm="manual", answers=answers))
    return found


def _known(connection: Connection, batch_ids: Iterable[str | None], corpus: str) -> set[str]:
    """Those of the review batches that the queue has. Raises: InvalidInput for one of another corpus."""
    known = set()
    for batch_id in {*batch_ids}:
        owner = connection.execute(sa.select(batch.c.corpus).where(batch.c.batch_id == batch_id)).scalar_one_or_none()
        if owner is not None and owner != corpus:
            raise InvalidInput(f"review batch {batch_id!r} is of corpus {owner!r}, not {corpus!r}; import it there")
        known |= set() if owner is None else {str(batch_id)}
    return known


def _open(
    connection: Connection,
    batch_id: str,
    tasks: Sequence[ExchangedTask],
    described: ExchangedBatch | None,
    place: ImportPlace,
    *,
    of: str,
    now: datetime,
) -> None:
    most = max(len(each.answers) for each in tasks)
    insert_batch(
        connection,
        batch_id,
        corpus=place.corpus,
        question=place.question if described is None else described.question,
        classes=place.classes,
        kind=place.kind,
        tasks=[_new_task(each, place) for each in tasks],
        cause=f"imported from {of}" if described is None else described.cause,
        answers_per_task=max(most, 1 if described is None else described.answers_per_task),
        now=now if described is None else min(described.opened_at, now),
    )


def _new_task(each: ExchangedTask, place: ImportPlace) -> NewTask:
    try:
        return NewTask(
            sample_id=each.sample_id or "",
            purpose=each.purpose or GIVEN,
            arm=each.arm or "manual",
            payload=place.payloads[each.sample_id or ""],
            probability=each.probability,
            priority=each.priority,
            proposed_answer=each.proposed_answer,
        )
    except InvalidInput as error:
        raise InvalidInput(f"{each.where}: {error}") from error


def _task_id(connection: Connection, each: ExchangedTask) -> str:
    """The task of the queue. Raises: InvalidInput where the batch has no task about the sample, or several."""
    query = sa.select(task.c.task_id).where(task.c.batch_id == each.batch_id, task.c.sample_id == each.sample_id)
    if each.purpose is not None:
        query = query.where(task.c.task_id == identifier(each.batch_id or "", each.sample_id or "", each.purpose))
    found = connection.execute(query.limit(2)).scalars().all()
    if len(found) != 1:
        purpose = "any purpose" if each.purpose is None else f"the purpose {each.purpose}"
        raise InvalidInput(
            f"{each.where}: review batch {each.batch_id} has {'several tasks' if found else 'no task'} about sample "
            f"{each.sample_id} with {purpose}; {'say the purpose' if found else 'take it out of the file'}"
        )
    return str(found[0])


def _withdraw(connection: Connection, opened: Sequence[ExchangedTask], corpus: str, now: datetime) -> None:
    """Close what nobody is to answer: what was closed where it was exported, and what a file said without a batch."""
    gone = [each for each in opened if each.is_withdrawn or is_of_kind(each.batch_id or "", corpus, "imported")]
    if gone:
        ids = [_task_id(connection, each) for each in gone]
        withdraw_tasks(connection, ids, reason="closed by the import", now=now)
