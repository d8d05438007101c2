#!/usr/bin/env python3
"""Make the images of the editor of masks, of a photograph that comes with scikit-learn, as somebody outlines a flower.

`scripts/make_images` calls it; by itself it needs nothing but Chromium.
"""

import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

from browsing import PROJECT, opened_browser

_PATIENCE_MS = 30_000
#: The four ends of the flower, and of a leaf, in pixels of the photograph.
_FLOWER = ((171, 235), (325, 85), (447, 226), (338, 358))
_LEAF = ((1, 165), (140, 62), (125, 180), (40, 300))
_CLASSES = ("flower", "leaf", "insect")


@contextmanager
def served_editor(folder: Path) -> Iterator[list[str]]:
    """A page that asks two people for the objects of a photograph. Yields: their links, and that of a reviewer."""
    from data_engine.review import NewTask
    from data_engine.review.people.person_queue import PersonQueue
    from data_engine.review_page.app import create_app
    from data_engine.review_page.server import listening, serve

    question = "Outline every flower, leaf and insect."
    with PersonQueue(f"sqlite:///{folder / 'review.db'}") as queue, listening("127.0.0.1", 0) as listener:
        now = datetime.now(UTC)
        tasks = [NewTask("flower", "query", "manual", {"uri": "flower"})]
        queue.open_batch(
            "garden-round-001", corpus="garden", question=question, classes=_CLASSES, kind="objects", tasks=tasks,
            cause="shown in the documentation", answers_per_task=2, now=now,
        )  # fmt: skip
        app = create_app(queue, [_garden(question)])
        started = threading.Event()
        threading.Thread(target=serve, args=(app, listener), kwargs={"started": started.set}, daemon=True).start()
        started.wait(60)
        names = (("maria", "annotator"), ("jonas", "annotator"), ("eva", "reviewer"))
        secrets = [queue.create_token(name, role, lasts=timedelta(hours=1), now=now)[0] for name, role in names]
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        yield [f"{address}/#token={secret}" for secret in secrets]


def _garden(question: str) -> Any:
    import numpy as np
    from PIL import Image
    from sklearn.datasets import load_sample_image

    from data_engine.review_page.page_corpus import ImagePixels, PageCorpus, ShownImage
    from data_engine.segmentation import load_segmenter

    photograph = np.ascontiguousarray(load_sample_image("flower.jpg"))
    size_px = (photograph.shape[0], photograph.shape[1])
    written = BytesIO()
    Image.fromarray(photograph).save(written, "jpeg", quality=92)
    return PageCorpus(
        name="garden", title="Garden", question=question, classes=_CLASSES, is_of_images=True, kind="objects",
        image_of=lambda _sample, _is_small: ShownImage("image/jpeg", written.getvalue(), size_px),
        pixels_of=lambda _sample: ImagePixels(photograph, size_px), load_segmenter=load_segmenter,
        left=lambda: "nothing", ask=lambda _n: None,
    )  # fmt: skip


def images_of_editor(save: Callable[[bytes, str], None]) -> None:
    """The editor with a mask and its vertices, the same on a phone in the dark, and two answers side by side."""
    with tempfile.TemporaryDirectory() as folder, served_editor(Path(folder)) as links:
        maria, jonas, eva = links
        with opened_browser(width=1280, height=760) as page:
            _begin(page, maria)
            _outline(page, _FLOWER)
            page.keyboard.press("v")
            page.wait_for_timeout(300)
            save(page.screenshot(), "mask_editor.png")
            page.keyboard.press("e")
            _outline(page, _LEAF)
            page.keyboard.press("2")
            page.wait_for_timeout(300)
            page.set_viewport_size({"width": 390, "height": 760})
            page.emulate_media(color_scheme="dark")
            page.wait_for_timeout(500)
            save(page.screenshot(), "mask_editor_phone.png")
            page.keyboard.press("Enter")
            page.wait_for_timeout(800)
        with opened_browser(width=1280, height=760) as page:
            _begin(page, jonas)
            page.keyboard.press("b")
            for place in ((171, 85), (447, 358)):
                page.mouse.click(*_at(page, place))
            page.keyboard.press("Enter")
            page.wait_for_timeout(800)
        with opened_browser(width=1180, height=520) as page:
            page.goto(eva)
            page.locator(".batches").wait_for(timeout=_PATIENCE_MS)
            page.goto(f"{eva.partition('#')[0]}#/disputes/garden-round-001")
            page.locator(".side-image image[href]").nth(1).wait_for(timeout=_PATIENCE_MS)
            page.wait_for_timeout(500)
            save(page.screenshot(), "mask_disputes.png")


def _begin(page: Any, link: str) -> None:
    page.goto(link)
    page.locator("a.go").wait_for(timeout=_PATIENCE_MS)
    page.keyboard.press("Enter")
    page.locator(".classes").wait_for(timeout=_PATIENCE_MS)
    page.keyboard.press("Enter")
    page.locator(".canvas image[href]").wait_for(timeout=_PATIENCE_MS)
    page.wait_for_timeout(500)


def _outline(page: Any, places: tuple[tuple[int, int], ...]) -> None:
    n = page.locator(".object-list li").count()
    for place in places:
        page.mouse.click(*_at(page, place))
    page.locator(".proposal", has_text=f"Object {n + 1}: ").wait_for(timeout=_PATIENCE_MS)


def _at(page: Any, place: tuple[int, int]) -> tuple[float, float]:
    """Where a place of the image is on the screen."""
    script = """([x, y]) => { const m = document.querySelector(".canvas > g").getScreenCTM();
                              return [m.a * x + m.e, m.d * y + m.f]; }"""
    x, y = page.evaluate(script, list(place))
    return x, y


def _save(png: bytes, name: str) -> None:
    from PIL import Image

    path = PROJECT / "docs" / "images" / name
    image = Image.open(BytesIO(png)).convert("RGB").quantize(160, dither=Image.Dither.FLOYDSTEINBERG)
    image.save(path, "PNG", optimize=True)
    sys.stdout.write(f"docs/images/{name}  {image.width} x {image.height} px, {path.stat().st_size:,} bytes\n")


if __name__ == "__main__":
    images_of_editor(_save)
