"""PersonQueue: the review queue as people use it, each by a token; every change leaves a line that says who made it.

The queue itself is in `review/queue.py`. What one person may not see is answered like what does not exist.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from data_engine.errors import LeaseLost, NotFound
from data_engine.review import annotations, leases, review_batches
from data_engine.review.people import actions, decisions, drafts, statistics, tokens
from data_engine.review.people.batch_overview import BatchOverview, read_disputed, read_overview, read_proposed
from data_engine.review.people.tokens import Person, TokenInfo
from data_engine.review.queue import ReviewQueue
from data_engine.review.queue_records import ARMS_SHOWING_PROPOSAL, Lease, Submitted, in_utc
from data_engine.review.queue_tables import annotation, batch, lease, proposal, task

LEASE_S = 420
"""How long a task is kept for somebody who does not answer."""

MOST_HELD = 60
"""Most tasks that one person holds at a time."""


class PersonQueue(ReviewQueue):
    """The queue behind the review page; see `ReviewQueue` for its URL."""

    def create_token(
        self, annotator: str, role: str, *, lasts: timedelta, now: datetime, by: Person | None = None
    ) -> tuple[str, TokenInfo]:
        """A new token, which is told this once, and what is kept of it. Raises: InvalidInput; see `insert_token`."""
        now = in_utc(now)
        with self._writing() as connection:
            secret, info = tokens.insert_token(connection, annotator, role, lasts=lasts, now=now)
            detail = {"annotator": annotator, "role": role, "expires_at": info.expires_at.isoformat()}
            actions.record_action(connection, by, "token_created", subject_id=info.token_id, now=now, token=detail)
        return secret, info

    def revoke_token(self, token_id: str, *, now: datetime, by: Person | None = None) -> TokenInfo:
        """Let a token open nothing any more. Raises: InvalidInput for an unknown one."""
        now = in_utc(now)
        with self._writing() as connection:
            info = tokens.set_revoked(connection, token_id, now=now)
            actions.record_action(connection, by, "token_revoked", subject_id=token_id, now=now)
        return info

    def tokens(self) -> list[TokenInfo]:
        """All tokens, the oldest first."""
        with self._reading() as connection:
            return tokens.read_tokens(connection)

    def person_of(self, secret: str, *, now: datetime) -> Person | None:
        """Who holds a token; None when it opens nothing."""
        with self._reading() as connection:
            return tokens.find_person(connection, secret, now=in_utc(now))

    def take(
        self,
        person: Person,
        *,
        corpus: str,
        batch_id: str | None = None,
        proposed: str | None = None,
        holding: Sequence[str] = (),
        n: int = 1,
        now: datetime,
    ) -> list[Lease]:
        """Up to n tasks beside those that the person holds, in the order in which they are to be answered.

        With `proposed`, only tasks that show this class as their proposal.
        """
        taken: list[Lease] = []
        held = list(holding)
        with self._writing(is_lasting=False) as connection:
            while len(taken) < n and len(held) < MOST_HELD:
                found = leases.take(
                    connection,
                    person.annotator,
                    now=in_utc(now),
                    corpus=corpus,
                    batch_id=batch_id,
                    lease_s=LEASE_S,
                    is_simulated=False,
                    holding=held,
                    proposed=proposed,
                )
                if found is None:
                    break
                taken.append(found)
                held.append(found.lease_id)
        return taken

    def prolong(self, person: Person, lease_id: str, *, now: datetime) -> Lease:
        """Renew a lease of this person. Raises: NotFound; LeaseLost."""
        with self._writing(is_lasting=False) as connection:
            _own_lease(connection, person, lease_id)
            return leases.extend(connection, lease_id, now=in_utc(now))

    def hand_back(self, person: Person, lease_id: str, *, now: datetime) -> None:
        """Free the task of a lease of this person; not a skip. Raises: NotFound."""
        with self._writing(is_lasting=False) as connection:
            _own_lease(connection, person, lease_id)
            leases.give_back(connection, lease_id, now=in_utc(now))

    def skip(self, person: Person, lease_id: str, *, reason: str, now: datetime) -> None:
        """Leave a task for the time being. Raises: NotFound; LeaseLost when it was answered; InvalidInput."""
        now = in_utc(now)
        with self._writing() as connection:
            task_id = _own_lease(connection, person, lease_id)
            leases.skip(connection, lease_id, reason=reason, now=now)
            actions.record_action(connection, person, "skipped", subject_id=task_id, now=now, reason=reason)

    def answer(
        self,
        person: Person,
        lease_id: str,
        submission_id: str,
        *,
        label: str | None = None,
        answer: object = None,
        comment: str | None = None,
        active_s: float | None = None,
        now: datetime,
    ) -> Submitted:
        """Answer a task that the person holds; see `ReviewQueue.submit`. More seconds than passed are not believed.

        Raises: NotFound; LeaseLost, what was answered is then kept as the lease's draft; UnknownLabel; InvalidInput.
        """
        now = in_utc(now)
        with self._writing() as connection:
            task_id = _own_lease(connection, person, lease_id)
            taken_at = connection.execute(sa.select(lease.c.taken_at).where(lease.c.lease_id == lease_id)).scalar_one()
            most = max(0.0, (now - taken_at).total_seconds())
            outcome = annotations.accept(
                connection,
                lease_id,
                submission_id,
                label=label,
                answer=answer,
                now=now,
                active_s=None if active_s is None else min(active_s, most),
            )
            is_new = not isinstance(outcome, str) and not outcome.is_repeat
            if comment is not None and (is_new or isinstance(outcome, str)):
                actions.store_comment(connection, task_id, person.annotator, comment, now=now)
            begun = {"label": label, "answer": answer, "comment": comment} if isinstance(outcome, str) else {}
            drafts.store_draft(connection, task_id, person.annotator, begun, now=now)
            kind = "answered" if is_new else "answered_too_late" if isinstance(outcome, str) else None
            if kind is not None:
                actions.record_action(connection, person, kind, subject_id=task_id, now=now, label=label)
        if isinstance(outcome, str):
            raise LeaseLost(outcome)
        return outcome

    def keep_draft(self, person: Person, task_id: str, content: Mapping[str, Any], *, now: datetime) -> None:
        """Keep what somebody has begun to answer of a task that they hold or held; nothing in it takes it away.

        Raises: NotFound for a task that they never held; LeaseLost when it wants no answer of theirs any more, and
            what they had begun is kept all the same.
        """
        with self._writing() as connection:
            held = sa.exists().where(lease.c.task_id == task.c.task_id, lease.c.annotator == person.annotator)
            row = connection.execute(sa.select(task).where(task.c.task_id == task_id, held.correlate(task))).first()
            if row is None:
                raise NotFound(f"{person.annotator} holds no task {task_id!r}; take a task first")
            drafts.store_draft(connection, task_id, person.annotator, content, now=in_utc(now))
        if not row.is_open:
            raise LeaseLost(f"task {task_id} wants no answer any more; what you had begun is kept as a draft")

    def drafts(self, person: Person, task_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        """What this person has begun to answer of some tasks."""
        with self._reading() as connection:
            return drafts.read_drafts(connection, person.annotator, task_ids)

    def revise(
        self,
        person: Person,
        annotation_id: str,
        *,
        label: str | None = None,
        answer: object = None,
        comment: str | None = None,
        now: datetime,
    ) -> Submitted:
        """Correct an answer of this person; see `ReviewQueue.reopen`. Raises: NotFound; UnknownLabel; InvalidInput."""
        now = in_utc(now)
        with self._writing() as connection:
            task_id = _own_answer(connection, person, annotation_id)
            found = annotations.correct(
                connection, annotation_id, label=label, answer=answer, now=now, name=person.annotator
            )
            is_other = comment is not None and actions.store_comment(
                connection, task_id, person.annotator, comment, now=now
            )
            if not found.is_repeat:
                actions.record_action(connection, person, "corrected", subject_id=annotation_id, now=now, label=label)
            elif is_other:
                actions.record_action(connection, person, "remarked", subject_id=annotation_id, now=now)
        return found

    def settle(
        self,
        person: Person,
        batch_id: str,
        sample_id: str,
        label: str | None = None,
        *,
        answer: object = None,
        now: datetime,
    ) -> None:
        """Store what a reviewer decides about a disputed sample. Raises: UnknownLabel; InvalidInput."""
        now = in_utc(now)
        with self._writing() as connection:
            if decisions.store_decision(
                connection, batch_id, sample_id, label, answer=answer, by=person.annotator, now=now
            ):
                actions.record_action(
                    connection, person, "decided", subject_id=sample_id, now=now, label=label, batch=batch_id
                )

    def withdraw(self, person: Person, batch_id: str, *, reason: str, now: datetime) -> bool:
        """End a batch with the answers that it has; False when it was answered before. Raises: InvalidInput."""
        now = in_utc(now)
        with self._writing() as connection:
            is_ended = review_batches.withdraw_open_tasks(connection, batch_id, reason=reason, now=now)
            if is_ended:
                actions.record_action(connection, person, "ended", subject_id=batch_id, now=now, reason=reason)
        return is_ended

    def note(self, person: Person, kind: str, *, subject_id: str | None, now: datetime, **detail: object) -> None:
        """Leave a line about what this person had done outside the queue's own calls."""
        with self._writing() as connection:
            actions.record_action(connection, person, kind, subject_id=subject_id, now=in_utc(now), **detail)

    def probability_of(self, person: Person, lease_id: str) -> float | None:
        """How probable the proposal shown is; None where none is shown. Raises: NotFound."""
        with self._reading() as connection:
            task_id = _own_lease(connection, person, lease_id)
            query = sa.select(proposal.c.probability).join(task, task.c.task_id == proposal.c.task_id)
            is_shown = (task.c.task_id == task_id) & task.c.arm.in_(ARMS_SHOWING_PROPOSAL)
            found: float | None = connection.execute(query.where(is_shown)).scalar_one_or_none()
            return found

    def sample_of(self, person: Person, task_id: str) -> tuple[str, str]:
        """Corpus and sample of a task that the person may look at: their own, finished ones, any for reviewers.

        Raises: NotFound.
        """
        held = sa.exists().where(lease.c.task_id == task.c.task_id, lease.c.annotator == person.annotator)
        query = sa.select(task.c.corpus, task.c.sample_id).where(task.c.task_id == task_id)
        if not person.may("reviewer"):
            query = query.where(sa.or_(held.correlate(task), ~task.c.is_open))
        with self._reading() as connection:
            row = connection.execute(query).first()
        if row is None:
            raise NotFound(f"there is no task {task_id!r} that {person.annotator} may look at")
        return row.corpus, row.sample_id

    def task_of(self, person: Person, *, lease_id: str | None = None, annotation_id: str | None = None) -> str:
        """The task of a lease or of an answer of this person. Raises: NotFound."""
        with self._reading() as connection:
            if lease_id is not None:
                return _own_lease(connection, person, lease_id)
            return _own_answer(connection, person, annotation_id)

    def overview(self, person: Person, corpora: Sequence[str]) -> list[BatchOverview]:
        """The batches of some corpora, the newest first, and what of them is this person's."""
        with self._reading() as connection:
            return read_overview(connection, person.annotator, corpora)

    def disputed(self, batch_id: str, corpora: Sequence[str]) -> list[dict[str, Any]]:
        """Samples of a batch about which people disagree and nobody has decided; who said what is left out.

        Raises: NotFound for a batch of another corpus.
        """
        with self._reading() as connection:
            row = connection.execute(sa.select(batch.c.corpus).where(batch.c.batch_id == batch_id)).first()
            if row is None or row.corpus not in corpora:
                raise NotFound(f"there is no review batch {batch_id!r} here")
            return read_disputed(connection, batch_id)

    def proposed(self, person: Person, corpus: str) -> dict[str, int]:
        """How many open tasks that are left for this person show each class as their proposal, the most first."""
        with self._reading() as connection:
            return read_proposed(connection, person.annotator, corpus)

    def last_answers(self, person: Person, corpora: Sequence[str], *, at_most: int = 10) -> list[dict[str, Any]]:
        """The latest answers of this person, the newest first."""
        with self._reading() as connection:
            return statistics.read_last_answers(connection, person.annotator, corpora, at_most=at_most)

    def examples(self, corpus: str, *, at_most: int = 3) -> dict[str, list[dict[str, Any]]]:
        """Finished tasks by class, a few of each."""
        with self._reading() as connection:
            return statistics.read_examples(connection, corpus, at_most=at_most)

    def statistics(
        self, corpora: Sequence[str], *, name: str | None = None, now: datetime
    ) -> list[statistics.AnnotatorStatistics]:
        """How everybody answers, or one of them."""
        with self._reading() as connection:
            return statistics.read_statistics(connection, corpora, name=name, now=in_utc(now))

    def actions(self, after: int = 0) -> list[actions.Action]:
        """What people and the command line did, the oldest first."""
        with self._reading() as connection:
            return actions.read_actions(connection, after)


def _own_lease(connection: Connection, person: Person, lease_id: str) -> str:
    """The task of a lease of this person. Raises: NotFound."""
    is_own = (lease.c.lease_id == lease_id) & (lease.c.annotator == person.annotator)
    found = connection.execute(sa.select(lease.c.task_id).where(is_own)).scalar_one_or_none()
    if found is None:
        raise NotFound(f"{person.annotator} holds no lease {lease_id!r}; take a task first")
    return str(found)


def _own_answer(connection: Connection, person: Person, annotation_id: str | None) -> str:
    """The task of an answer of this person. Raises: NotFound."""
    is_own = (annotation.c.annotation_id == annotation_id) & (annotation.c.annotator == person.annotator)
    found = connection.execute(sa.select(annotation.c.task_id).where(is_own)).scalar_one_or_none()
    if found is None:
        raise NotFound(f"{person.annotator} has given no answer {annotation_id!r}; only its author corrects it")
    return str(found)
