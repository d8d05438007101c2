"""PageState: what the routes of the review page work on.

The application that holds it is made in `app.py`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from fastapi import Request

from data_engine.errors import NotFound
from data_engine.review.people.person_queue import PersonQueue
from data_engine.review_page.mask_predictions import MaskPredictions
from data_engine.review_page.page_corpus import PageCorpus


@dataclass(frozen=True)
class PageState:
    """The queue, the corpora by name, the clock, and what predicts masks."""

    queue: PersonQueue
    corpora: Mapping[str, PageCorpus]
    clock: Callable[[], datetime]
    masks: MaskPredictions = field(default_factory=MaskPredictions)

    def corpus(self, name: str) -> PageCorpus:
        """A corpus of the page. Raises: NotFound for another one."""
        if name not in self.corpora:
            raise NotFound(f"there is no corpus {name!r} on this page; there are: {', '.join(sorted(self.corpora))}")
        return self.corpora[name]


def state_of(request: Request) -> PageState:
    """The state of the application that answers a request."""
    found: PageState = request.app.state.page
    return found
