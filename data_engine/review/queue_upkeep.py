"""A queue as a whole: opening and closing it, the classes that it asks with, what is skipped, called off and deleted.

One task and its answer are in `queue.py`; the database is in `queue_database.py`.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from types import TracebackType
from typing import Self

from sqlalchemy.engine import Connection
from sqlalchemy.exc import DatabaseError, InternalError, OperationalError

from data_engine.errors import StorageError
from data_engine.review import annotations, batch_progress, class_names, leases, review_batches, sample_removal
from data_engine.review.people.actions import record_action
from data_engine.review.queue_database import is_of_server, open_engine, reading, said_by, time_of_now, writing
from data_engine.review.queue_records import QueueLoad, SkippedTask, in_utc
from data_engine.review.queue_tables import queue as queues


class QueueUpkeep:
    """The connection of a review queue, and what concerns more than one task.

    Args:
        url: Of its database; see `ReviewQueue`.
        reads_only: Whether it is only looked at.
    """

    def __init__(self, url: str, *, reads_only: bool = False) -> None:
        self._engine = open_engine(url, reads_only=reads_only)
        self._is_closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the database's connections back; a closed queue answers nothing more."""
        self._is_closed = True
        self._engine.dispose()

    def clock(self) -> datetime:
        """The time of now in UTC, by the one clock of all who use this queue."""
        with self._guard():
            return time_of_now(self._engine)

    @property
    def queue_id(self) -> str:
        """The id that this queue was given when it was made; a copy of the queue has the same."""
        with self._reading() as connection:
            return str(connection.execute(queues.select()).scalar_one())

    def follow_classes(
        self, corpus: str, classes: Sequence[str], renamed: Mapping[str, str], *, now: datetime
    ) -> class_names.ClassChange | None:
        """Ask with the classes of now in every batch of a corpus; what changed, or None. No answer is touched."""
        with self._writing() as connection:
            return class_names.follow(connection, corpus, classes, renamed, now=in_utc(now))

    def renames(self, corpus: str) -> class_names.Renames:
        """The renames of a corpus' classes that the queue was told of."""
        with self._reading() as connection:
            return class_names.read_renames(connection, corpus)

    def call_off(self, task_ids: Sequence[str], *, reason: str, now: datetime) -> None:
        """Withdraw open tasks that need no answer any more; a batch without open tasks counts as answered."""
        with self._writing() as connection:
            review_batches.withdraw_tasks(connection, task_ids, reason=reason, now=in_utc(now))

    def ask_one_more(self, task_ids: Sequence[str], *, now: datetime) -> int:
        """Open answered tasks again, each for one annotator who has not answered it; the number of tasks that open."""
        with self._writing() as connection:
            return review_batches.ask_one_more(connection, task_ids, now=in_utc(now))

    def expire_batches(self, corpus: str, *, opened_before: datetime, now: datetime) -> list[str]:
        """Let the open tasks of batches that wait for too long be asked first, and others wait for them no more.

        Nothing of them is lost. Returns: the ids of those that expire by this, the oldest first.
        """
        with self._writing() as connection:
            return review_batches.expire_batches(
                connection, corpus, opened_before=in_utc(opened_before), now=in_utc(now)
            )

    def load(self, corpus: str, *, now: datetime) -> QueueLoad:
        """How much waits in the queue of a corpus, since when, and how many people are at work."""
        with self._reading() as connection:
            return batch_progress.read_load(connection, corpus, now=in_utc(now))

    def skipped(self, annotator: str, corpus: str | None = None) -> list[SkippedTask]:
        """The open tasks that an annotator has skipped and not answered, the longest ago first."""
        with self._reading() as connection:
            return leases.read_skipped(connection, annotator, corpus)

    def labels_given(self, batch_id: str) -> set[str]:
        """The classes that the latest answers of a batch are, as they were called when they were given."""
        with self._reading() as connection:
            return annotations.read_labels(connection, batch_id)

    def count_answers(self, corpus: str) -> int:
        """Number of answers of a corpus."""
        with self._reading() as connection:
            return batch_progress.count_answers(connection, corpus)

    def delete_corpus(self, corpus: str, *, now: datetime) -> None:
        """Delete all review batches of a corpus with every answer; only where somebody named the corpus and agreed.

        A line of the command line stays, with how many there were.
        """
        with self._writing() as connection:
            n_batches = len(review_batches.list_batches(connection, corpus))
            n_answers = batch_progress.count_answers(connection, corpus)
            review_batches.delete_batches(connection, corpus)
            counts = {"n_batches": n_batches, "n_answers": n_answers}
            record_action(connection, None, "corpus_deleted", subject_id=corpus, now=in_utc(now), **counts)

    def count_answers_about(self, corpus: str, sample_ids: Sequence[str]) -> int:
        """Number of answers about some samples of a corpus."""
        with self._reading() as connection:
            return sample_removal.count_answers_about(connection, corpus, sample_ids)

    def forget_samples(self, corpus: str, sample_ids: Sequence[str], *, now: datetime) -> None:
        """Delete all that the queue knows of some samples of a corpus; only where somebody named them and agreed.

        A line of the command line stays, with how many answers there were and nothing of the samples.
        """
        with self._writing() as connection:
            n_answers = sample_removal.count_answers_about(connection, corpus, sample_ids)
            sample_removal.forget_samples(connection, corpus, sample_ids, now=in_utc(now))
            counts = {"n_samples": len(sample_ids), "n_answers": n_answers}
            record_action(connection, None, "samples_forgotten", subject_id=corpus, now=in_utc(now), **counts)

    def leave_no_trace(self) -> None:
        """Overwrite what was deleted in the file of the database, too."""
        with self._guard():
            sample_removal.leave_no_trace(self._engine)

    @contextmanager
    def _writing(self, *, is_lasting: bool = True) -> Iterator[Connection]:
        with self._guard(), writing(self._engine, is_lasting=is_lasting) as connection:
            yield connection

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with self._guard(), reading(self._engine) as connection:
            yield connection

    @contextmanager
    def _guard(self) -> Iterator[None]:
        if self._is_closed:
            raise StorageError("this review queue was closed; open a new ReviewQueue on the same URL")
        try:
            yield
        except DatabaseError as error:
            # SQLite says of a damaged file neither more nor less than that a database error happened.
            if type(error) not in (DatabaseError, InternalError, OperationalError) and not is_of_server(error):
                raise
            said = said_by(error)
            if "readonly" in said:
                remedy = "make the file and its folder writable"
            elif "malformed" in said or "not a database" in said:
                remedy = "the file is damaged, restore it from a backup"
            else:
                remedy = "try again"
            raise StorageError(
                f"the review queue could not be read or written: {said}; nothing was changed, {remedy}"
            ) from error
