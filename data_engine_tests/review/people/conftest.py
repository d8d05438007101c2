"""A queue, and one with a batch that wants two answers of each of its four tasks."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from review_people import open_licences

from data_engine.review.people.person_queue import PersonQueue


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[PersonQueue]:
    with PersonQueue(f"sqlite:///{tmp_path / 'review.db'}") as opened:
        yield opened


@pytest.fixture
def licences(queue: PersonQueue) -> PersonQueue:
    open_licences(queue)
    return queue
