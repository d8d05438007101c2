"""NoticeQueue: the review queue with its outbox.

What is sent and how is in `delivery.py`.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from data_engine.review.notices import outbox
from data_engine.review.notices.outbox import Notice
from data_engine.review.queue import ReviewQueue
from data_engine.review.queue_records import in_utc


class NoticeQueue(ReviewQueue):
    """The queue behind notices; see `ReviewQueue` for its URL, and `outbox.py` for each method."""

    def note_events(
        self,
        corpus: str,
        *,
        channels: Collection[str],
        events: Collection[str],
        waiting: timedelta,
        page: str | None,
        now: datetime,
    ) -> int:
        """Put what has happened since the last time into the outbox; the number of new notices."""
        with self._writing() as connection:
            return outbox.note_events(
                connection, corpus, channels=channels, events=events, waiting=waiting, page=page, now=in_utc(now)
            )

    def claim(self, corpus: str, *, channels: Collection[str], now: datetime) -> Notice | None:
        """The notice whose turn it is, marked as being sent; None when none is due."""
        with self._writing() as connection:
            return outbox.claim(connection, corpus, channels=channels, now=in_utc(now))

    def mark_sent(self, sent: Notice, *, remark: str | None, now: datetime) -> None:
        """A notice has arrived."""
        with self._writing() as connection:
            outbox.mark_sent(connection, sent, remark=remark, now=in_utc(now))

    def mark_failed(self, tried: Notice, error: str, *, now: datetime) -> None:
        """An attempt came to nothing."""
        with self._writing() as connection:
            outbox.mark_failed(connection, tried, error, now=in_utc(now))

    def try_again(self, corpus: str, *, now: datetime) -> int:
        """Let every notice that is not sent be tried at once; how many there are."""
        with self._writing() as connection:
            return outbox.try_again(connection, corpus, now=in_utc(now))

    def notices(self, corpus: str) -> list[Notice]:
        """The notices of a corpus, the oldest first."""
        with self._reading() as connection:
            return outbox.read_notices(connection, corpus)
