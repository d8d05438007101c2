"""A queue in a temporary folder or in PostgreSQL, and a batch small enough to follow by hand."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from postgres_server import why_none

from data_engine.review import NewTask, ReviewQueue
from data_engine.review.queue_tables import metadata

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
CLASSES = ("mit", "apache-2.0", "gpl-2.0", "gpl-3.0")

#: What these test is the same on both databases; the others are about files, or about no database.
_ON_BOTH = frozenset(
    {
        *("test_annotations", "test_batch_progress", "test_leases", "test_queue", "test_review_batches"),
        *("test_queue_upkeep", "test_simulated_annotators"),
        *("test_batch_overview", "test_decisions", "test_drafts", "test_person_queue", "test_statistics"),
    }
)
_DATABASES = ("sqlite", "postgres") if not why_none() else ("sqlite",)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each test of the queue runs on SQLite, and on PostgreSQL where a server can be started."""
    if "url" in metafunc.fixturenames and metafunc.module.__name__.rpartition(".")[2] in _ON_BOTH:
        metafunc.parametrize("url", _DATABASES, indirect=True)


@pytest.fixture
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Of a queue that is not there yet, or is empty."""
    if getattr(request, "param", "sqlite") == "sqlite":
        yield f"sqlite:///{tmp_path / 'new folder' / 'review.db'}"
        return
    found = request.getfixturevalue("server")
    yield found
    _empty(found)


def _empty(url: str) -> None:
    """Take all rows out, which is faster than making the tables again, and count from 1 again."""
    engine = sa.create_engine(url)
    there = sa.inspect(engine).get_table_names()
    rows = [name for name in metadata.tables if name in there and name != "review_schema"]
    if rows:
        with engine.begin() as connection:
            connection.exec_driver_sql(f"TRUNCATE {', '.join(rows)} RESTART IDENTITY CASCADE")
    engine.dispose()


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
