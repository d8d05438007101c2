"""A queue with an open review batch, and its outbox."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from review_people import CLASSES, NOON

from data_engine.review import NewTask
from data_engine.review.notices.notice_queue import NoticeQueue


class Outbox:
    """The outbox of the corpus `licences`."""

    def __init__(self, queue: NoticeQueue) -> None:
        self.queue = queue

    def open(self, name: str = "b1", *, minutes: float = 0, corpus: str = "licences") -> None:
        self.queue.open_batch(
            name,
            corpus=corpus,
            question="Which licence is meant?",
            classes=CLASSES,
            tasks=[NewTask("s0", "query", "manual", {"text": "secret text"})],
            cause="a test",
            now=NOON + timedelta(minutes=minutes),
        )

    def note(self, *, minutes: float = 0, **changes: Any) -> int:
        said = {
            "channels": ["webhook"],
            "events": ["opened", "waiting", "answered"],
            "waiting": timedelta(hours=24),
            "page": None,
        }
        return self.queue.note_events("licences", now=NOON + timedelta(minutes=minutes), **(said | changes))

    def claim(self, *, minutes: float = 0) -> Any:
        return self.queue.claim("licences", channels=["webhook"], now=NOON + timedelta(minutes=minutes))

    def shown(self) -> list[tuple[str, str, str]]:
        return [(each.event, each.review_batch, each.state) for each in self.queue.notices("licences")]


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    with NoticeQueue(f"sqlite:///{tmp_path / 'review.db'}") as queue:
        yield Outbox(queue)
