"""A queue with a batch of five tasks, and a server that behaves like Label Studio."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from label_studio_server import TOKEN, Studio, studio_server
from review_people import CLASSES, NOON

from data_engine.review import NewTask
from data_engine.review.label_studio.bridge_queue import BridgeQueue
from data_engine.review.label_studio.client import LabelStudioProject
from data_engine.review.label_studio.pushing import Pushed, push


@pytest.fixture
def studio() -> Iterator[Studio]:
    with studio_server(CLASSES) as served:
        yield served


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def project(studio: Studio, pauses: list[float]) -> Iterator[LabelStudioProject]:
    with LabelStudioProject(studio.url, 7, TOKEN, pause=pauses.append) as opened:
        yield opened


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[BridgeQueue]:
    """Tasks s0 to s4, of which s4 is the most urgent; s3 and s4 show a proposal, s4's is a trap, s2's is not shown."""
    tasks = [
        NewTask("s0", "query", "manual", {"text": "text 0"}, priority=0),
        NewTask("s1", "hold_out", "manual", {"text": "text 1"}, priority=1),
        NewTask("s2", "audit", "blind", {"text": "text 2"}, "mit", 0.9, priority=2),
        NewTask("s3", "query", "proposed", {"text": "text 3"}, "mit", 0.75, priority=3),
        NewTask("s4", "trap", "trap", {"text": "text 4"}, "gpl-2.0", 0.1, priority=4),
    ]
    with BridgeQueue(f"sqlite:///{tmp_path / 'review.db'}") as opened:
        opened.open_batch(
            "b1", corpus="licences", question="Which?", classes=CLASSES, tasks=tasks, cause="a test", now=NOON
        )
        yield opened


@pytest.fixture
def pushed(queue: BridgeQueue, project: LabelStudioProject) -> Callable[[], Pushed]:
    """Push what is open."""
    return lambda: push(
        project,
        queue.tasks_to_push("licences"),
        classes=CLASSES,
        corpus="licences",
        queue_id=queue.queue_id,
        image_of=None,
    )
