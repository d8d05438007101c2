"""PageCorpus: what the review page needs to know of a corpus, as values and functions; nothing of tables or sources.

It is made in `runtime/review_page/`, and what people answer is in the queue.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from data_engine.segmentation import Segmenter

CLASS, OBJECTS = "class", "objects"
"""The kinds of answers that the page has a screen for."""


@dataclass(frozen=True)
class ShownImage:
    """An image for a browser: its media type, which is one of ours, its bytes, and what it is a view of.

    `size_px` is (height, width) of the image itself, of which the bytes may be a smaller version; None where nobody
    needs it.
    """

    media_type: str
    content: bytes
    size_px: tuple[int, int] | None = None


@dataclass(frozen=True, eq=False)
class ImagePixels:
    """The pixels that masks are predicted on.

    Attributes:
        pixels: (h, w, 3) uint8, RGB; of a very large image a smaller version.
        size_px: (height, width) of the image itself.
    """

    pixels: NDArray[np.uint8]
    size_px: tuple[int, int]


@dataclass(frozen=True)
class ShownFrame:
    """Where a sample is in its video, and the samples beside it there; times are in seconds after the first frame."""

    video: str
    time_s: float
    previous: str | None = None
    previous_s: float | None = None
    next: str | None = None
    next_s: float | None = None


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
        frame_of: Where a sample is in its video; None where it is in none.
        kind: Of its answers: CLASS or OBJECTS.
        pixels_of: The pixels of a sample, for predictions of masks. It raises ContentMissing where there are none.
        load_segmenter: Loads what predicts masks; called once, when the first is asked for.
        player_of: What a browser plays of a sample; None where there is nothing to play. It raises ContentMissing.
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
    frame_of: Callable[[str], ShownFrame | None] = lambda _sample_id: None
    kind: str = CLASS
    pixels_of: Callable[[str], ImagePixels] | None = None
    load_segmenter: Callable[[], Segmenter] | None = None
    player_of: Callable[[str], ShownImage] | None = None
