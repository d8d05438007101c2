"""A corpus whose answers are objects, as the review page knows it: discs on grey, and a segmenter of shapes."""

from dataclasses import replace
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from review_page import licences_on_page

from data_engine.review import NewTask
from data_engine.review_page.page_corpus import ImagePixels, PageCorpus, ShownImage
from data_engine.segmentation import load_segmenter

HEIGHT, WIDTH = 240, 320
DISCS = ((80, 80, 40), (220, 150, 50))
"""x, y and radius of what there is to outline."""


def pixels() -> NDArray[np.uint8]:
    """The image (240, 320, 3)."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    image = np.full((HEIGHT, WIDTH, 3), 120, dtype=np.uint8)
    for (x, y, radius), colour in zip(DISCS, ((230, 190, 60), (60, 90, 200)), strict=True):
        image[np.hypot(columns + 0.5 - x, rows + 0.5 - y) < radius] = colour
    return image


def ends(disc: int) -> list[list[float]]:
    """Four extreme points of a disc."""
    x, y, radius = DISCS[disc]
    return [[x - radius, y], [x, y - radius], [x + radius, y], [x, y + radius]]


def coins_on_page(**changes: object) -> PageCorpus:
    """The corpus `licences` with coins and buttons to be outlined, whose masks are ellipses."""
    written = BytesIO()
    Image.fromarray(pixels()).save(written, "png")
    values: dict[str, object] = {
        "question": "Outline every coin and button.",
        "classes": ("coin", "button"),
        "kind": "objects",
        "is_of_images": True,
        "out_of_scope": None,
        "definitions": {"coin": "Round and yellow."},
        "image_of": lambda _sample, _is_small: ShownImage("image/png", written.getvalue(), (HEIGHT, WIDTH)),
        "pixels_of": lambda _sample: ImagePixels(pixels(), (HEIGHT, WIDTH)),
        "load_segmenter": lambda: load_segmenter("ellipse"),
    }
    return replace(licences_on_page(), **(values | changes))  # type: ignore[arg-type]


def square(x: float, y: float, side: float, label: str = "coin") -> dict[str, object]:
    """An object of four vertices."""
    return {"class": label, "polygons": [[[x, y], [x + side, y], [x + side, y + side], [x, y + side]]]}


def outlined(*objects: dict[str, object]) -> dict[str, object]:
    """An answer."""
    return {"size": [HEIGHT, WIDTH], "objects": list(objects)}


def images(n: int, proposed: dict[str, object] | None = None) -> list[NewTask]:
    """Tasks about n images; the first one shows a proposal, if there is one."""
    first = [NewTask("s0", "query", "proposed", {"uri": "a"}, proposed_answer=proposed, priority=1)] if proposed else []
    return first + [NewTask(f"s{i}", "query", "manual", {"uri": "a"}) for i in range(len(first), n)]
