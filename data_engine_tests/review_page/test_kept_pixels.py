"""Decoded images are kept within a limit, and decoded once."""

import threading

import numpy as np
import pytest

from data_engine.review_page.kept_pixels import KeptPixels
from data_engine.review_page.page_corpus import ImagePixels


def image(side: int) -> ImagePixels:
    return ImagePixels(np.zeros((side, side, 3), np.uint8), (side, side))


def test_the_images_used_last_are_kept_within_the_limit():
    kept, loaded = KeptPixels(most_bytes=2 * 300), []

    def get(name: str) -> ImagePixels:
        return kept.get(name, lambda: loaded.append(name) or image(10))

    for name in ("a", "b", "a", "c", "a", "b"):
        get(name)
    assert loaded == ["a", "b", "c", "b"]
    assert kept.get("large", lambda: image(100)) is kept.get("large", lambda: image(1))


def test_two_that_ask_at_the_same_time_decode_it_once():
    kept, may_end, loads = KeptPixels(), threading.Event(), []

    def load() -> ImagePixels:
        loads.append(1)
        may_end.wait(10)
        return image(2)

    threads = [threading.Thread(target=kept.get, args=("a", load)) for _ in range(2)]
    for thread in threads:
        thread.start()
    may_end.set()
    for thread in threads:
        thread.join(10)
    assert loads == [1]


def test_what_cannot_be_loaded_is_tried_again():
    kept = KeptPixels()
    with pytest.raises(OSError):
        kept.get("a", lambda: (_ for _ in ()).throw(OSError("gone")))
    assert kept.get("a", lambda: image(3)).size_px == (3, 3)
