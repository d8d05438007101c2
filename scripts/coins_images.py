#!/usr/bin/env python3
"""Make the image of the editor at work on the corpus `coins`: what somebody outlines from four points each.

Needs a finished `data-engine run coins`, whose batch for people it shows; nothing is answered.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from browsing import opened_browser, served_review
from editor_images import _at, _begin, _save

from data_engine.segmentation.simulated_clicks import simulated_points
from data_engine.segmentation.thresholding import bright_regions

CORPUS = "coins"
_PATIENCE_MS = 30_000
_FEWEST_PX = 600
_READ_PIXELS = """async () => {
    const image = new Image();
    image.src = document.querySelector(".canvas image[href]").getAttribute("href");
    await image.decode();
    const canvas = Object.assign(document.createElement("canvas"), {width: image.width, height: image.height});
    canvas.getContext("2d").drawImage(image, 0, 0);
    return [image.height, image.width, [...canvas.getContext("2d").getImageData(0, 0, image.width, image.height).data]];
}"""


def images_of_coins(save: Callable[[bytes, str], None]) -> None:
    """The first open task, with its coins outlined."""
    with served_review(CORPUS, 12) as link, opened_browser(width=1280, height=760) as page:
        _begin(page, link)
        height, width, values = page.evaluate(_READ_PIXELS)
        pixels = np.array(values, dtype=np.uint8).reshape(height, width, 4)[:, :, :3]
        for mask in bright_regions(np.ascontiguousarray(pixels)):
            if mask.sum() >= _FEWEST_PX:
                _outline(page, np.clip(simulated_points(mask), 0.5, (width - 0.5, height - 0.5)))
        page.keyboard.press("v")
        page.wait_for_timeout(1500)
        save(page.screenshot(), "mask_editor_coins.png")


def _outline(page: Any, places: Any) -> None:
    n = page.locator(".object-list li").count()
    page.keyboard.press("e")
    for x, y in places.tolist():
        page.mouse.click(*_at(page, (x, y)))
    page.locator(".object-list li").nth(n).wait_for(timeout=_PATIENCE_MS)


if __name__ == "__main__":
    images_of_coins(_save)
