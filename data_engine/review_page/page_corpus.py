"""PageCorpus: what the review page needs to know of a corpus, as values and functions; nothing of tables or sources.

It is made in `runtime/review_page/`, and what people answer is in the queue.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class ShownImage:
    """An image for a browser: its media type, which is one of ours, and its bytes."""

    media_type: str
    content: bytes


@dataclass(frozen=True)
class PageCorpus:
    """A corpus whose questions are answered on the page.

    Attributes:
        name: Its name.
        title: As people call it.
        question: What is asked.
        classes: The possible answers of now.
        is_of_images: Whether tasks show an image.
        out_of_scope: The class that says that a sample does not belong here.
        instructions: How to answer, in a few sentences.
        definitions: What each class means, by its name.
        notices: Sentences about changed classes, for whoever answers next.
        image_of: The image of a sample, as large as a page shows it or small for many at once. It raises
            ContentMissing where there is none.
        left: What of the corpus has no label yet, in a sentence.
        ask: Opens a review batch of so many queries for people, unless one waits already: the id of the batch that
            waits, None where nothing is left to ask. It raises ChecksFailed where the samples are held back.
    """

    name: str
    title: str
    question: str
    classes: tuple[str, ...]
    is_of_images: bool
    image_of: Callable[[str, bool], ShownImage]
    left: Callable[[], str]
    ask: Callable[[int], str | None]
    out_of_scope: str | None = None
    instructions: str = ""
    definitions: Mapping[str, str] = field(default_factory=dict)
    notices: tuple[str, ...] = ()
