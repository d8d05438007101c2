"""ReviewQueue: people and programs take tasks from it and put answers in; no run ever waits for it.

A batch is opened by a step, leased task by task, answered, and handed out as a table; every correction raises its
revision. The clock is always an argument.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa

from data_engine.errors import LeaseLost
from data_engine.labeling.answers.class_answers import CLASS
from data_engine.labeling.answers.registry import answer_kind
from data_engine.review import annotations, batch_progress, leases, review_batches
from data_engine.review.exchange.exchanged import Exchange
from data_engine.review.exchange.sending import read_exchange
from data_engine.review.people import decisions
from data_engine.review.queue_records import (
    BatchInfo,
    BatchProgress,
    Change,
    Lease,
    NewTask,
    Submitted,
    in_utc,
)
from data_engine.review.queue_tables import lease
from data_engine.review.queue_upkeep import QueueUpkeep


class ReviewQueue(QueueUpkeep):
    """The queue of human work in one database; open it with `with`, or call `close`.

    Args:
        url: `sqlite:////absolute/path.db` (folder and file are made where they lack) or a PostgreSQL URL.
        reads_only: Whether it is only looked at: nothing is made, brought up to date or written.

    Raises:
        InvalidInput: the URL is of another kind, or in memory.
        StorageError: the database is of a newer schema, is no database, or its driver is not installed.
    """

    def open_batch(
        self,
        batch_id: str,
        *,
        corpus: str,
        question: str,
        classes: Sequence[str],
        tasks: Sequence[NewTask],
        cause: str,
        answers_per_task: int = 1,
        now: datetime,
        kind: str = CLASS,
    ) -> bool:
        """Open a review batch with all its tasks, or with none.

        Answers and proposals are of one kind, `class` where nothing else is said; see `labeling.answers.registry`.

        Returns: True when it was opened; False when a batch of this id is there already, and then nothing changes.

        Raises:
            InvalidInput: no tasks, a sample asked about twice for one purpose, a payload that JSON cannot hold, fewer
                than 2 classes, an empty text, an unknown kind, or a batch id of another corpus.
            UnknownLabel: a proposed label is not a class.
        """
        with self._writing() as connection:
            return review_batches.insert_batch(
                connection,
                batch_id,
                corpus=corpus,
                question=question,
                classes=classes,
                kind=kind,
                tasks=tasks,
                cause=cause,
                answers_per_task=answers_per_task,
                now=in_utc(now),
            )

    def end_batch(self, batch_id: str, *, reason: str, now: datetime) -> bool:
        """Withdraw the tasks of a batch that nobody will answer, so that it counts as answered with what it has.

        Returns: False when it was answered or ended before.
        """
        with self._writing() as connection:
            return review_batches.withdraw_open_tasks(connection, batch_id, reason=reason, now=in_utc(now))

    def next(
        self,
        annotator: str,
        *,
        now: datetime,
        corpus: str | None = None,
        batch: str | None = None,
        lease_s: int = 420,
        is_simulated: bool = False,
        holding: Sequence[str] = (),
    ) -> Lease | None:
        """Lease the task of highest priority that has room and that this annotator has neither answered nor skipped.

        Equal priorities go by age of the batch, then by the order within it. An annotator with a live lease (within
        `corpus` and `batch`, where given) gets that one again, unless it is among those that they say to be
        `holding`. Leases that ran out free their place. When nothing else is left, people get the tasks that they
        skipped, the longest ago first, marked `was_skipped`.

        Returns: None when no task fits.

        Raises: InvalidInput for a name that contradicts `is_simulated`, or a lease length outside 1 s to a day.
        """
        with self._writing(is_lasting=False) as connection:
            return leases.take(
                connection,
                annotator,
                now=in_utc(now),
                corpus=corpus,
                batch_id=batch,
                lease_s=lease_s,
                is_simulated=is_simulated,
                holding=holding,
            )

    def give_back(self, lease_id: str, *, now: datetime) -> None:
        """Free the task of a lease that nobody works on; not a skip. A lease that has ended stays as it is."""
        with self._writing(is_lasting=False) as connection:
            leases.give_back(connection, lease_id, now=in_utc(now))

    def renew(self, lease_id: str, *, now: datetime) -> Lease:
        """Let a lease last its full length from now, also one that ran out while its place is free.

        Raises: LeaseLost when the place is taken, the task is finished, or the lease was used or given back.
        """
        with self._writing(is_lasting=False) as connection:
            return leases.extend(connection, lease_id, now=in_utc(now))

    def release(self, lease_id: str, *, reason: str, now: datetime) -> None:
        """Skip the task: the annotator is offered it again when nothing else is left. A repeat changes nothing.

        Raises: LeaseLost when the lease was already used for an answer. InvalidInput without a reason.
        """
        with self._writing() as connection:
            leases.skip(connection, lease_id, reason=reason, now=in_utc(now))

    def submit(
        self,
        lease_id: str,
        submission_id: str,
        *,
        label: str | None = None,
        answer: Mapping[str, Any] | str | None = None,
        now: datetime,
        active_s: float | None = None,
    ) -> Submitted:
        """Answer a leased task, once: sending the same submission again gives the same answer and writes nothing.

        A lease that ran out is accepted as long as the task is open. Provenance follows from the arm, the proposal
        shown and the kind of annotator.

        Args:
            lease_id: from `next`.
            submission_id: chosen by the client, one per answer.
            label: one of the batch's classes: the short form of the answer where a class is one.
            answer: the answer, as a JSON object by the schema of the batch's kind or as its text; label or answer.
            now: time of arrival.
            active_s: active seconds of a person; None for simulated annotators.

        Raises:
            UnknownLabel: not a class of the batch; the message lists near names.
            LeaseLost: the task was finished by others, or the lease was used or given back; the answer is kept as
                the lease's draft.
            InvalidInput: what is given is no answer of the batch's kind, the submission id was used for another
                answer, or active_s breaks its rule.
        """
        with self._writing() as connection:
            outcome = annotations.accept(
                connection, lease_id, submission_id, label=label, answer=answer, now=in_utc(now), active_s=active_s
            )
        if isinstance(outcome, str):
            raise LeaseLost(outcome)
        return outcome

    def draft(self, lease_id: str) -> str | None:
        """What came too late on this lease: its label, or all of the answer where it is no class; None without one."""
        with self._reading() as connection:
            row = leases.find_lease(connection, lease_id)
            found: str | None = connection.execute(
                lease.select().with_only_columns(lease.c.draft).where(lease.c.lease_id == lease_id)
            ).scalar_one()
        return None if found is None else answer_kind(row.kind).label_of(found) or found

    def reopen(
        self,
        annotation_id: str,
        *,
        label: str | None = None,
        answer: Mapping[str, Any] | str | None = None,
        now: datetime,
        annotator: str,
    ) -> Submitted:
        """Correct one's own answer: its revision and the batch's rise by 1, and the old answer stays in the audit.

        The correction of an answered batch is published as a change `reopened`. The same answer again is a repeat.

        Raises: InvalidInput for an unknown annotation, somebody else's or what is no answer; UnknownLabel.
        """
        with self._writing() as connection:
            return annotations.correct(
                connection, annotation_id, label=label, answer=answer, now=in_utc(now), name=annotator
            )

    def decide(self, batch_id: str, sample_id: str, label: str, *, by: str, now: datetime) -> bool:
        """Store what a reviewer says a sample is, in the place of all its answers; a later decision replaces it.

        The revision of the batch rises by 1, and open tasks of the sample want no answer any more.

        Returns: False when this is the decision that stands already.
        Raises: UnknownLabel; InvalidInput for a sample that the batch does not ask about, or that only a trap shows.
        """
        with self._writing() as connection:
            return decisions.store_decision(connection, batch_id, sample_id, label, by=by, now=in_utc(now))

    def answers(self, batch_id: str) -> pa.Table:
        """The latest answers of a batch, and what reviewers decided, as schemas.REVIEWED_LABELS by annotation_id.

        A decision has the provenance `adjudicated`. `proposed_label` is what was shown, so it is null in arms manual
        and blind. Equal answers give equal rows, whenever they were given, decisions and corrections aside.
        """
        with self._reading() as connection:
            return annotations.read_answers(connection, batch_id)

    def answer_times(self, batch_id: str) -> dict[str, datetime]:
        """When each answer of a batch was given, by annotation_id; a correction does not change it."""
        with self._reading() as connection:
            return annotations.read_answer_times(connection, batch_id)

    def decisions(self, batch_id: str) -> pa.Table:
        """The decisions stored for a batch: sample_id, review_batch, label, posterior, method, decided_at."""
        with self._reading() as connection:
            return batch_progress.read_decisions(connection, batch_id)

    def progress(self, batch_id: str, *, now: datetime | None = None) -> BatchProgress:
        """How far a batch is.

        Without `now`, leases count as live until somebody's `next` finds them run out.
        """
        with self._reading() as connection:
            return batch_progress.read_progress(connection, batch_id, now=in_utc(now) if now is not None else None)

    def batches(self, corpus: str | None = None) -> list[BatchInfo]:
        """The batches of a corpus, or of all, in the order in which they were opened."""
        with self._reading() as connection:
            return review_batches.list_batches(connection, corpus)

    def open_tasks(self, corpus: str | None = None) -> int:
        """Number of tasks of a corpus, or of all, that wait for answers."""
        with self._reading() as connection:
            return batch_progress.count_open(connection, corpus)

    def changes(self, after: int = 0) -> list[Change]:
        """What happened to batches since the change with cursor `after`, oldest first; 0 for everything."""
        with self._reading() as connection:
            return review_batches.read_changes(connection, after)

    def exported(self, corpus: str, batch_ids: Sequence[str] | None = None) -> Exchange:
        """Review batches of a corpus with tasks and answers, as they are exchanged; all of them without ids.

        Raises: InvalidInput for a batch that the queue does not have.
        """
        with self._reading() as connection:
            return read_exchange(connection, corpus, batch_ids)

    def tables(self, corpus: str | None = None) -> dict[str, pa.Table]:
        """`review_batch`, `review_task` and `review_annotation` of a corpus, or of all."""
        with self._reading() as connection:
            return batch_progress.read_tables(connection, corpus)
