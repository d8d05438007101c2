"""A page over a batch that wants two answers of each of its four tasks."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from review_page import Page
from review_people import open_licences

from data_engine.review.people.person_queue import PersonQueue


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[PersonQueue]:
    with PersonQueue(f"sqlite:///{tmp_path / 'review.db'}") as opened:
        open_licences(opened, now=datetime.now(UTC))
        yield opened


@pytest.fixture
def page(queue: PersonQueue) -> Page:
    return Page(queue)
