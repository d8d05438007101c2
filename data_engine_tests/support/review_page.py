"""A review page over a queue of a test, and clients that hold tokens of it."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from fastapi.testclient import TestClient

from data_engine.errors import ContentMissing
from data_engine.review.people.person_queue import PersonQueue
from data_engine.review_page.app import create_app
from data_engine.review_page.page_corpus import PageCorpus, ShownImage

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415408d763f8cfc0000003010100"
    "18dd8db00000000049454e44ae426082"
)


def licences_on_page(**changes: object) -> PageCorpus:
    """The corpus `licences` as the page knows it."""
    values: dict[str, object] = {
        "name": "licences",
        "title": "Licence mentions",
        "question": "Which licence is meant?",
        "classes": ("mit", "apache-2.0", "gpl-2.0"),
        "is_of_images": False,
        "image_of": lambda _sample, _is_small: ShownImage("image/png", PNG),
        "left": lambda: "all samples have a label",
        "ask": lambda _n_queries: "b1",
        "out_of_scope": "gpl-2.0",
        "instructions": "Read the whole text.",
        "definitions": {"mit": "The MIT licence."},
    }
    return PageCorpus(**(values | changes))  # type: ignore[arg-type]


def missing_image(_sample: str, _is_small: bool) -> ShownImage:
    raise ContentMissing("the image is gone")


class Page:
    """The application and its people.

    Args:
        queue: Of the test.
        corpora: On the page; the licences where none is given.
        clock: The time of now.
    """

    def __init__(
        self, queue: PersonQueue, *corpora: PageCorpus, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.queue = queue
        self.clock = clock
        self.app = create_app(queue, corpora or [licences_on_page()], clock=clock)

    def client(self, headers: Mapping[str, str] | None = None) -> TestClient:
        """A client that sends these headers with every request."""
        return TestClient(self.app, base_url="http://127.0.0.1:3001", headers=headers, raise_server_exceptions=False)

    def of(self, name: str, role: str = "annotator") -> TestClient:
        """A client of a person."""
        secret, _ = self.queue.create_token(name, role, lasts=timedelta(days=1), now=self.clock())
        return self.client({"Authorization": f"Bearer {secret}"})
