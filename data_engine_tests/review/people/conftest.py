"""A queue, and one with a batch that wants two answers of each of its four tasks."""

from collections.abc import Iterator

import pytest
from review_people import open_licences

from data_engine.review.people.person_queue import PersonQueue


@pytest.fixture
def queue(url: str) -> Iterator[PersonQueue]:
    with PersonQueue(url) as opened:
        yield opened


@pytest.fixture
def licences(queue: PersonQueue) -> PersonQueue:
    open_licences(queue)
    return queue
