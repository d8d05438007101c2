"""A full queue to export from and an empty one to import into."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from exchanged_batches import fill

from data_engine.review.exchange.exchange_queue import ExchangeQueue
from data_engine.review.exchange.exchanged import Exchange
from data_engine.review.people.person_queue import PersonQueue


@pytest.fixture(scope="package")
def full_queue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PersonQueue]:
    with PersonQueue(f"sqlite:///{tmp_path_factory.mktemp('full') / 'review.db'}") as queue:
        fill(queue)
        yield queue


@pytest.fixture(scope="package")
def exported(full_queue: PersonQueue) -> Exchange:
    return full_queue.exported("licences")


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[ExchangeQueue]:
    with ExchangeQueue(f"sqlite:///{tmp_path / 'empty.db'}") as queue:
        yield queue
