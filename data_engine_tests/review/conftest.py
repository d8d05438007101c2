"""A queue in a temporary folder, and a batch small enough to follow by hand."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from data_engine.review import NewTask, ReviewQueue

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
CLASSES = ("mit", "apache-2.0", "gpl-2.0", "gpl-3.0")


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'new folder' / 'review.db'}"


@pytest.fixture
def queue(url: str) -> Iterator[ReviewQueue]:
    with ReviewQueue(url) as opened:
        yield opened


@pytest.fixture
def at() -> Callable[[float], datetime]:
    """Noon plus so many seconds."""
    return lambda seconds: NOON + timedelta(seconds=seconds)


@pytest.fixture
def open_batch(queue: ReviewQueue) -> Callable[..., bool]:
    """Open a batch of manual query tasks s0, s1, ... unless told otherwise."""

    def _open(batch_id: str = "b1", n: int = 2, **changes: object) -> bool:
        arguments: dict[str, object] = {
            "corpus": "licences",
            "question": "Which licence is meant?",
            "classes": CLASSES,
            "tasks": [NewTask(f"s{i}", "query", "manual", {"text": f"text {i}"}) for i in range(n)],
            "cause": "a test",
            "now": NOON,
        }
        return queue.open_batch(batch_id, **(arguments | changes))  # type: ignore[arg-type]

    return _open
